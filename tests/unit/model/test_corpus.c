/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates that others wrote, each evaluated and built as a deployment of its own. Most must build; those that cannot
 * refer to what an earlier deployment left behind. Nothing of any may vanish: every resource and rule is in the graph,
 * or listed.
 */
#include "formats/arm/arm.h"
#include "model/graph.h"

#include <string.h>

#define AT_LEAST 60

static char *corpus_folder(void)
{
	const char *shared = g_getenv("ESCARP_SHARED");

	return shared ? g_build_filename(shared, "corpus", "arm", NULL) : g_strdup(CORPUS_DEFAULT);
}

static struct arm_result *evaluate(const char *folder, const char *name)
{
	static const struct arm_scope scope = {"00000000-0000-0000-0000-000000000001", "corpus", "westeurope",
	                                       "azuredeploy"};
	g_autofree char *file = g_build_filename(folder, name, "azuredeploy.json", NULL);
	g_autofree char *values = g_build_filename(folder, name, "azuredeploy.parameters.json", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(node) template = node_parse_file(file, &error);
	g_autoptr(node) parameters = NULL;
	struct arm_result *r = NULL;

	if (g_file_test(values, G_FILE_TEST_EXISTS))
		parameters = node_parse_file(values, NULL);
	const struct arm_parameters list[] = {{parameters, values}, {NULL, NULL}};
	if (template)
		r = arm_evaluate(template, file, list, NULL, &scope, TRUE, &error);
	if (!r)
		g_test_message("%s: not evaluated: %s", name, error->message);
	return r;
}

static gboolean is_listed(const struct graph *g, const char *id, const char *property)
{
	for (guint i = 0; i < g->unmodelled->len; i++) {
		const struct unmodelled *u = g->unmodelled->pdata[i];

		if (g_ascii_strcasecmp(u->id, id) == 0 && strcmp(u->property, property) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Every resource and every security rule is accounted for. */
static void count_across(const struct graph *g, GPtrArray *documents)
{
	for (guint i = 0; i < documents->len; i++) {
		const struct document *d = documents->pdata[i];
		g_autofree char *id = g_ascii_strdown(d->id, -1);
		const struct node *rules = node_find(d->resource, "properties.securityRules");

		if (!g_hash_table_contains(g->by_id, id) && !is_listed(g, d->id, ""))
			g_test_message("lost: %s", d->id);
		g_assert_true(g_hash_table_contains(g->by_id, id) || is_listed(g, d->id, ""));
		if (strcmp(d->type, "microsoft.network/networksecuritygroups") != 0)
			continue;
		for (guint k = 0; k < node_length(rules); k++) {
			g_autofree char *mixed = g_strdup_printf("%s/securityRules/%s", id,
			                                         node_get_str(node_item(rules, k), "name", ""));
			g_autofree char *rule = g_ascii_strdown(mixed, -1);

			g_assert_true(g_hash_table_contains(g->by_id, rule));
		}
	}
}

/* Where a later part of a deployment writes a resource anew, the later stays, as in the store. */
static GPtrArray *last_of_each(GPtrArray *documents)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *kept = document_list_new();

	for (guint i = documents->len; i > 0; i--)
		if (g_hash_table_add(seen, document_key(((struct document *)documents->pdata[i - 1])->id)))
			g_ptr_array_add(kept, g_ptr_array_steal_index(documents, i - 1));
	return kept;
}

static gboolean build(const char *folder, const char *name)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	struct arm_result *r = evaluate(folder, name);
	g_autoptr(GPtrArray) documents = NULL;
	g_autoptr(graph) g = NULL;

	if (!r)
		return FALSE;
	documents = last_of_each(r->documents);
	g = graph_build(g_ptr_array_ref(documents), errors);
	for (guint i = 0; i < errors->len; i++)
		g_test_message("%s: %s", name, (char *)errors->pdata[i]);
	if (g) {
		g_assert_cmpuint(errors->len, ==, 0);
		count_across(g, documents);
	}
	arm_result_free(r);
	return g != NULL;
}

static void test_corpus(void)
{
	g_autofree char *folder = corpus_folder();
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	guint all = 0, good = 0;
	const char *name;

	if (!dir) {
		g_test_skip("the corpus of templates is not here (ESCARP_SHARED)");
		return;
	}
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(folder, name, "azuredeploy.json", NULL);

		if (!g_file_test(file, G_FILE_TEST_EXISTS))
			continue;
		all++;
		good += build(folder, name) ? 1 : 0;
	}
	g_test_message("%u of %u templates build", good, all);
	g_assert_cmpuint(good, >=, AT_LEAST);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/corpus/builds", test_corpus);
	return g_test_run();
}
