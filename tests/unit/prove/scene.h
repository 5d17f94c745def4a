/* SPDX-License-Identifier: Apache-2.0 */
/* office.json as graph and allocations: what the tests of this folder judge. */
#pragma once
#include "compile/alloc.h"
#include "formats/arm/arm.h"
#include "model/graph.h"

struct scene {
	struct graph *graph;
	struct alloc *alloc;
	struct alloc_settings settings;
};

static inline struct scene scene_load(void)
{
	static const struct arm_scope scope = {"s", "office", "local", "office", NULL};
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "office.json", NULL);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(node) text = node_parse_file(path, &error);
	g_autoptr(alloc) none = alloc_new();
	struct scene s;
	struct arm_result *r;

	g_assert_no_error(error);
	r = arm_evaluate(text, path, NULL, NULL, &scope, FALSE, &error);
	g_assert_no_error(error);
	s.graph = graph_build(g_steal_pointer(&r->documents), errors);
	r->documents = document_list_new();
	arm_result_free(r);
	g_assert_cmpuint(errors->len, ==, 0);
	alloc_settings_init(&s.settings);
	s.settings.hosts = 2;
	s.alloc = alloc_assign(none, s.graph, &s.settings, &error);
	g_assert_no_error(error);
	return s;
}

static inline void scene_clear(struct scene *s)
{
	alloc_free(s->alloc);
	graph_free(s->graph);
}

static inline const struct nic *scene_nic(const struct scene *s, const char *vm)
{
	struct vm *v = graph_find_vm(s->graph, vm, NULL);

	g_assert_nonnull(v);
	return g_ptr_array_index(v->nics, 0);
}

static inline const struct public_address *scene_public(const struct scene *s, const char *name)
{
	for (guint i = 0; i < s->graph->public_addresses->len; i++) {
		const struct public_address *p = g_ptr_array_index(s->graph->public_addresses, i);

		if (g_str_equal(p->noun.name, name))
			return p;
	}
	g_assert_not_reached();
}

/* An address, or the name of a public one. */
static inline guint32 scene_address(const struct scene *s, const char *text)
{
	guint32 addr;

	return ip_parse(text, &addr) ? addr : alloc_public(s->alloc, scene_public(s, text));
}

/* As the oracle has addresses. */
static inline struct ip6 scene_place(const struct scene *s, const char *text)
{
	struct ip6 six;

	return ip6_parse(text, &six) ? six : ip6_mapped(scene_address(s, text));
}
