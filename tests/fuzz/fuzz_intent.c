/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole journey of intent over hostile documents: template → documents → graph → allocations → tables. Whatever
 * is accepted at one step must be refused with a reason or accepted at the next, and the tables must survive the store.
 */
#include "compile/compile.h"
#include "formats/arm/arm.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static const struct arm_scope scope = {"fuzz", "g", "local", "fuzz", NULL};

/* The documents of a template, the caller's; NULL when it is refused. */
static GPtrArray *documents(const guint8 *data, gsize size)
{
	g_autoptr(node) t = node_parse((const char *)data, size, "fuzz.json", NULL);
	struct arm_result *r = t ? arm_evaluate(t, "fuzz.json", NULL, NULL, &scope, TRUE, NULL) : NULL;
	GPtrArray *list;

	if (!r)
		return NULL;
	list = g_ptr_array_ref(r->documents);
	arm_result_free(r);
	return list;
}

static void tables_hold(const struct graph *g, const struct alloc *a, const struct alloc_settings *s, guint host)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(tables) t = compile_host(g, a, s, host, &error);

	g_assert((t == NULL) == (error != NULL));
	if (t) {
		g_autoptr(GBytes) bytes = tables_serialize(t);
		g_autoptr(tables) again = tables_parse(bytes, &error);

		g_assert_no_error(error);
		g_autofree char *one = tables_hash(t), *two = tables_hash(again);
		g_assert_cmpstr(one, ==, two);
	}
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	GPtrArray *list = documents(data, size);
	g_autoptr(graph) g = list ? graph_build(list, errors) : NULL;
	struct alloc_settings s;

	if (!list)
		return 0;
	g_assert((g == NULL) == (errors->len > 0));
	if (!g)
		return 0;
	alloc_settings_init(&s);
	s.hosts = 2;
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, &error);
	g_assert((a == NULL) == (error != NULL));
	for (guint host = 0; a && host < s.hosts; host++)
		tables_hold(g, a, &s, host);
	return 0;
}
