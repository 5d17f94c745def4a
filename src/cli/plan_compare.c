/* SPDX-License-Identifier: Apache-2.0 */
/* Resources and openings to the Internet; who reaches whom inside: plan_compare_reach.c. */
#include "cli/plan_compare.h"

#include "cli/plan.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define MAX_PATHS           20 /* of what changed in one resource */

/* --- resources --- */

static GHashTable *by_id(const GPtrArray *documents)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < documents->len; i++) {
		struct document *d = g_ptr_array_index(documents, i);

		g_hash_table_replace(t, g_ascii_strdown(d->id, -1), d);
	}
	return t;
}

/* The deepest places at which two values differ. Their values may be secret and are not told. */
static void differing(const struct node *a, const struct node *b, GString *path, struct node *paths)
{
	gsize length = path->len;
	guint count = MAX(node_length(a), node_length(b));

	if (node_length(paths) >= MAX_PATHS || (a && b && node_equal(a, b)))
		return;
	if (!a || !b || a->type != b->type || a->type < NODE_ARRAY) {
		node_append(paths, node_string(path->str));
		return;
	}
	for (guint i = 0; i < count && a->type == NODE_ARRAY; i++) {
		g_string_append_printf(path, "[%u]", i);
		differing(node_item(a, i), node_item(b, i), path, paths);
		g_string_truncate(path, length);
	}
	for (guint i = 0; a->type == NODE_OBJECT && i < node_length(a) + node_length(b); i++) {
		gboolean first = i < node_length(a);
		const char *name = first ? node_name(a, i) : node_name(b, i - node_length(a));

		if (!first && node_get(a, name))
			continue;
		g_string_append_printf(path, "%s%s", length ? "." : "", name);
		differing(node_get(a, name), node_get(b, name), path, paths);
		g_string_truncate(path, length);
	}
}

static struct node *resource_node(const struct document *d)
{
	struct node *o = node_object();

	node_set(o, "id", node_string(d->id));
	node_set(o, "type", node_string(d->type));
	return o;
}

static gint compare_documents(gconstpointer a, gconstpointer b)
{
	return g_ascii_strcasecmp((*(struct document *const *)a)->id, (*(struct document *const *)b)->id);
}

/* Documents of `of` in order of id, each once. */
static GPtrArray *in_order(GHashTable *of)
{
	GPtrArray *list = g_ptr_array_new();
	GHashTableIter iter;
	gpointer d;

	g_hash_table_iter_init(&iter, of);
	while (g_hash_table_iter_next(&iter, NULL, &d))
		g_ptr_array_add(list, d);
	g_ptr_array_sort(list, compare_documents);
	return list;
}

static struct node *missing_from(const GPtrArray *documents, GHashTable *other)
{
	struct node *list = node_array();

	for (guint i = 0; i < documents->len; i++) {
		const struct document *d = documents->pdata[i];
		g_autofree char *key = g_ascii_strdown(d->id, -1);

		if (!g_hash_table_contains(other, key))
			node_append(list, resource_node(d));
	}
	return list;
}

static struct node *changed_in(const GPtrArray *documents, GHashTable *other)
{
	struct node *list = node_array();

	for (guint i = 0; i < documents->len; i++) {
		const struct document *d = documents->pdata[i];
		g_autofree char *key = g_ascii_strdown(d->id, -1);
		const struct document *before = g_hash_table_lookup(other, key);
		struct node *o, *paths;

		if (!before || node_equal(before->resource, d->resource))
			continue;
		paths = node_array();
		g_autoptr(GString) path = g_string_new(NULL);
		differing(before->resource, d->resource, path, paths);
		o = resource_node(d);
		node_set(o, "properties", paths);
		node_append(list, o);
	}
	return list;
}

static struct node *resources_node(const struct plan_side *before, const struct plan_side *after)
{
	g_autoptr(GHashTable) old = by_id(before->source->documents), new = by_id(after->source->documents);
	g_autoptr(GPtrArray) was = in_order(old), is = in_order(new);
	struct node *o = node_object();

	node_set(o, "added", missing_from(is, old));
	node_set(o, "removed", missing_from(was, new));
	node_set(o, "changed", changed_in(is, old));
	return o;
}

/* --- openings --- */

/* All that is open by one address to one machine, on both sides. */
struct opening {
	GPtrArray *exposures[2]; /* struct exposure: before, after */
};

static void opening_free(gpointer data)
{
	struct opening *o = data;

	g_ptr_array_unref(o->exposures[0]);
	g_ptr_array_unref(o->exposures[1]);
	g_free(o);
}

/* TRUE when the list is all there is. Keys keep the order in which they were met. */
static gboolean sort_in(GHashTable *openings, GPtrArray *order, const GPtrArray *exposures, guint side)
{
	gboolean complete = TRUE;

	for (guint i = 0; i < exposures->len; i++) {
		struct exposure *e = NTH(exposures, struct exposure, i);
		struct opening *o;
		char *key;

		if (e->too_many) {
			complete = FALSE;
			continue;
		}
		key = g_strdup_printf("%s|%u|%s|%u", e->address->noun.key, e->protocol, e->to->noun.key,
		                      e->private_port);
		o = g_hash_table_lookup(openings, key);
		if (!o) {
			o = g_new0(struct opening, 1);
			o->exposures[0] = g_ptr_array_new();
			o->exposures[1] = g_ptr_array_new();
			g_hash_table_insert(openings, key, o);
			g_ptr_array_add(order, o);
		} else {
			g_free(key);
		}
		g_ptr_array_add(o->exposures[side], e);
	}
	return complete;
}

static const struct exposure *covering(const GPtrArray *exposures, guint port)
{
	for (guint i = 0; i < exposures->len; i++) {
		const struct exposure *e = exposures->pdata[i];

		if (port >= e->first && port <= e->last)
			return e;
	}
	return NULL;
}

static gboolean same_sources(const struct exposure *a, const struct exposure *b)
{
	if (!a || !b)
		return a == b;
	if (a->anyone || b->anyone)
		return a->anyone == b->anyone;
	return a->sources->len == b->sources->len &&
	       memcmp(a->sources->data, b->sources->data, a->sources->len * sizeof(struct address_range)) == 0;
}

static gint compare_numbers(gconstpointer a, gconstpointer b)
{
	return (gint) * (const guint *)a - (gint) * (const guint *)b;
}

/* Where one of both sides begins or ends something. */
static GArray *boundaries(const struct opening *o)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint side = 0; side < 2; side++)
		for (guint i = 0; i < o->exposures[side]->len; i++) {
			const struct exposure *e = NTH(o->exposures[side], struct exposure, i);
			guint first = e->first, after = e->last + 1u;

			g_array_append_val(list, first);
			g_array_append_val(list, after);
		}
	g_array_sort(list, compare_numbers);
	return list;
}

static struct node *change_node(const struct plan_side *const sides[2], const struct exposure *const e[2], guint first,
                                guint last)
{
	guint side = e[1] ? 1 : 0;
	const struct exposure *x = e[side];
	struct node *o = node_object();

	node_set(o, "change", node_string(!e[0] ? "opened" : !e[1] ? "closed" : "changed"));
	node_set(o, "public_name", node_string(x->address->noun.name));
	node_set(o, "protocol", node_string(plan_protocol(x->protocol)));
	node_set(o, "ports", x->protocol == PROTO_ICMP ? node_null() : node_take_string(plan_ports(first, last)));
	node_set(o, "instance", node_take_string(graph_vm_label(sides[side]->graph, x->to->nic->vm)));
	node_set(o, "private_port", x->private_port ? node_int(x->private_port) : node_null());
	node_set(o, "before", e[0] ? plan_sources(e[0]) : node_array());
	node_set(o, "after", e[1] ? plan_sources(e[1]) : node_array());
	return o;
}

/* Ports beside one another that change alike are one row. */
static void add_changes(struct node *list, const struct plan_side *const sides[2], const struct opening *o)
{
	g_autoptr(GArray) at = boundaries(o);
	const struct exposure *run[2] = {NULL, NULL};
	guint start = 0;

	for (guint i = 0; i <= at->len; i++) {
		guint port = i < at->len ? g_array_index(at, guint, i) : 65537;
		const struct exposure *e[2] = {covering(o->exposures[0], port), covering(o->exposures[1], port)};
		gboolean changes = !same_sources(e[0], e[1]);
		gboolean runs = run[0] || run[1];

		if (runs && changes && same_sources(e[0], run[0]) && same_sources(e[1], run[1]))
			continue;
		if (runs)
			node_append(list, change_node(sides, run, start, port - 1));
		start = port;
		run[0] = changes ? e[0] : NULL;
		run[1] = changes ? e[1] : NULL;
	}
}

static void add_openings(struct node *o, const struct plan_side *before, const struct plan_side *after)
{
	const struct plan_side *const sides[2] = {before, after};
	g_autoptr(GPtrArray) old = exposure_list(before->graph, before->alloc, &before->settings);
	g_autoptr(GPtrArray) new = exposure_list(after->graph, after->alloc, &after->settings);
	g_autoptr(GHashTable) openings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, opening_free);
	g_autoptr(GPtrArray) order = g_ptr_array_new();
	struct node *list = node_array();
	gboolean complete = sort_in(openings, order, old, 0);

	complete = sort_in(openings, order, new, 1) && complete;
	for (guint i = 0; i < order->len; i++)
		add_changes(list, sides, NTH(order, struct opening, i));
	node_set(o, "open", list);
	node_set(o, "open_complete", node_bool(complete));
}

static struct node *files_node(const struct plan_side *s)
{
	struct node *list = node_array();

	for (guint i = 0; i < s->source->files->len; i++)
		node_append(list, node_string(NTH(s->source->files, char, i)));
	return list;
}

struct node *plan_compare(const struct plan_side *before, const struct plan_side *after)
{
	struct node *o = node_object();

	node_set(o, "subscription", node_string(after->source->subscription));
	node_set(o, "group", node_string(after->source->group));
	node_set(o, "before", files_node(before));
	node_set(o, "after", files_node(after));
	node_set(o, "resources", resources_node(before, after));
	add_openings(o, before, after);
	plan_compare_reach(o, before, after);
	return o;
}
