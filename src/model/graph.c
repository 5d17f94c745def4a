/* SPDX-License-Identifier: Apache-2.0 */
/* graph_build: the passes, in order. What a noun is stands in the file of its name. */
#include "model/balancer.h"
#include "model/compute.h"
#include "model/network.h"
#include "model/outer.h"
#include "lib/fold.h"

#include <string.h>

/* Case and content settle what id and place do not, so that the order never depends on the caller's. */
static gint compare_twins(const struct document *x, const struct document *y)
{
	g_autofree char *a = node_print(x->resource, FALSE);
	g_autofree char *b = node_print(y->resource, FALSE);
	gint c = strcmp(x->id, y->id);

	return c ? c : strcmp(a, b);
}

static gint compare_documents(gconstpointer a, gconstpointer b)
{
	const struct document *x = *(const struct document *const *)a;
	const struct document *y = *(const struct document *const *)b;
	gint c = fold_compare(x->id, y->id);

	if (c == 0)
		c = g_strcmp0(x->file, y->file);
	if (c == 0 && x->line != y->line)
		c = x->line < y->line ? -1 : 1;
	if (c == 0)
		c = g_strcmp0(x->path, y->path);
	return c ? c : compare_twins(x, y);
}

static struct graph *graph_new(GPtrArray *documents)
{
	struct graph *g = g_new0(struct graph, 1);

	g->networks = g_ptr_array_new_with_free_func((GDestroyNotify)network_free);
	g->security_groups = g_ptr_array_new_with_free_func((GDestroyNotify)security_group_free);
	g->app_groups = g_ptr_array_new_with_free_func((GDestroyNotify)app_group_free);
	g->public_addresses = g_ptr_array_new_with_free_func((GDestroyNotify)public_address_free);
	g->route_tables = g_ptr_array_new_with_free_func((GDestroyNotify)route_table_free);
	g->nat_gateways = g_ptr_array_new_with_free_func((GDestroyNotify)nat_gateway_free);
	g->public_prefixes = g_ptr_array_new_with_free_func((GDestroyNotify)public_prefix_free);
	g->ddos_plans = g_ptr_array_new_with_free_func((GDestroyNotify)ddos_plan_free);
	g->load_balancers = g_ptr_array_new_with_free_func((GDestroyNotify)load_balancer_free);
	outer_init(g);
	g->nics = g_ptr_array_new_with_free_func((GDestroyNotify)nic_free);
	g->vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_free);
	g->scale_sets = g_ptr_array_new_with_free_func((GDestroyNotify)scale_set_free);
	g->availability_sets = g_ptr_array_new_with_free_func((GDestroyNotify)availability_set_free);
	g->unmodelled = g_ptr_array_new_with_free_func((GDestroyNotify)unmodelled_free);
	g->recorded = g_ptr_array_new_with_free_func((GDestroyNotify)unmodelled_free);
	g->assumed = g_ptr_array_new_with_free_func((GDestroyNotify)assumption_free);
	g->warnings = g_ptr_array_new_with_free_func(g_free);
	g->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g->vm_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g->documents = documents;
	return g;
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	g_ptr_array_unref(g->networks);
	g_ptr_array_unref(g->security_groups);
	g_ptr_array_unref(g->app_groups);
	g_ptr_array_unref(g->public_addresses);
	g_ptr_array_unref(g->route_tables);
	g_ptr_array_unref(g->nat_gateways);
	g_ptr_array_unref(g->public_prefixes);
	g_ptr_array_unref(g->ddos_plans);
	g_ptr_array_unref(g->load_balancers);
	outer_clear(g);
	g_ptr_array_unref(g->nics);
	g_ptr_array_unref(g->vms);
	g_ptr_array_unref(g->scale_sets);
	g_ptr_array_unref(g->availability_sets);
	g_ptr_array_unref(g->unmodelled);
	g_ptr_array_unref(g->recorded);
	g_ptr_array_unref(g->assumed);
	g_ptr_array_unref(g->warnings);
	g_hash_table_unref(g->by_id);
	g_hash_table_unref(g->vm_names);
	g_ptr_array_unref(g->documents);
	g_free(g);
}

/* Every id once. The same resource written twice in the same words is one. */
static void index_documents(struct build *b, GPtrArray *documents)
{
	for (guint i = 0; i < documents->len; i++) {
		struct document *d = documents->pdata[i];
		g_autofree char *lower = g_ascii_strdown(d->id, -1);
		const struct document *other = g_hash_table_lookup(b->documents, lower);
		struct spot s = spot_of(b, d);

		if (!other)
			g_hash_table_insert(b->documents, g_steal_pointer(&lower), d);
		else if (!node_equal(other->resource, d->resource))
			spot_error(
			        &s, "",
			        "the resource is declared twice, the other time in %s:%u, with other content; keep one",
			        other->file ? other->file : "a stored document", other->line);
	}
}

static gboolean is_first(const struct build *b, const struct document *d)
{
	g_autofree char *lower = g_ascii_strdown(d->id, -1);

	return g_hash_table_lookup(b->documents, lower) == d;
}

/* What is no object holds no properties, and a group without its rules would be no mistake that anybody sees. */
static gboolean has_shape(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);

	/* "" stands in templates for a resource without properties. */
	if (!spot_is_object(&s, ""))
		return FALSE;
	return (g_strcmp0(node_str(spot_get(&s, "properties"), NULL), "") == 0 || spot_is_object(&s, "properties")) &&
	       spot_is_object(&s, "sku");
}

static void declare_all(struct build *b, GPtrArray *documents)
{
	for (const struct resource_type *t = resource_types; t->type; t++)
		for (guint i = 0; i < documents->len; i++) {
			const struct document *d = documents->pdata[i];

			if (strcmp(d->type, t->type) == 0 && is_first(b, d) && has_shape(b, d))
				t->declare(b, d);
		}
	/* What was written inside a machine stands among the others. */
	g_ptr_array_sort(b->graph->nics, noun_compare);
	g_ptr_array_sort(b->graph->vms, noun_compare);
	g_ptr_array_sort(b->graph->public_addresses, noun_compare);
	for (guint i = 0; i < documents->len; i++)
		if (is_first(b, documents->pdata[i]))
			list_unmodelled(b, documents->pdata[i]);
}

#define FOR_EACH(list, call)                                                                                           \
	for (guint i_ = 0; i_ < (list)->len; i_++)                                                                     \
	call(b, (list)->pdata[i_])

static void link_all(struct build *b)
{
	struct graph *g = b->graph;

	FOR_EACH(g->networks, network_link);
	FOR_EACH(g->public_addresses, public_address_link);
	FOR_EACH(g->nics, nic_link);
	FOR_EACH(g->load_balancers, load_balancer_link);
	FOR_EACH(g->nat_gateways, nat_gateway_link);
	outer_link(b);
	FOR_EACH(g->vms, vm_link);
	FOR_EACH(g->scale_sets, scale_set_link);
	FOR_EACH(g->security_groups, security_group_link);
}

static void check_all(struct build *b)
{
	struct graph *g = b->graph;

	FOR_EACH(g->networks, network_check);
	FOR_EACH(g->networks, peerings_check);
	FOR_EACH(g->route_tables, route_table_check);
	FOR_EACH(g->nat_gateways, nat_gateway_check);
	FOR_EACH(g->public_prefixes, public_prefix_check);
	FOR_EACH(g->public_addresses, public_address_check);
	FOR_EACH(g->load_balancers, load_balancer_check);
	outer_check(b);
	FOR_EACH(g->vms, vm_check);
	FOR_EACH(g->app_groups, app_group_check);
	FOR_EACH(g->security_groups, security_group_check);
	address_check(b);
	public_labels_check(b);
}

static gint compare_unmodelled(gconstpointer a, gconstpointer b)
{
	const struct unmodelled *x = *(const struct unmodelled *const *)a;
	const struct unmodelled *y = *(const struct unmodelled *const *)b;
	gint c = g_ascii_strcasecmp(x->id, y->id);

	return c ? c : strcmp(x->property, y->property);
}

struct graph *graph_build_noting(GPtrArray *documents, GPtrArray *errors, GPtrArray *missing)
{
	g_autoptr(graph) g = graph_new(documents);
	struct build b = {.graph = g, .errors = errors, .missing = missing};
	guint before = errors->len;

	b.documents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	b.texts = g_string_chunk_new(4096);
	b.said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	b.found = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	g_ptr_array_sort(documents, compare_documents);
	index_documents(&b, documents);
	declare_all(&b, documents);
	link_all(&b);
	check_all(&b);
	vm_index_names(g);
	g_ptr_array_sort(g->unmodelled, compare_unmodelled);
	g_ptr_array_sort(g->recorded, compare_unmodelled);
	g_hash_table_unref(b.documents);
	g_string_chunk_free(b.texts);
	g_hash_table_unref(b.said);
	g_hash_table_unref(b.found);
	return errors->len == before ? g_steal_pointer(&g) : NULL;
}

struct graph *graph_build(GPtrArray *documents, GPtrArray *errors)
{
	return graph_build_noting(documents, errors, NULL);
}
