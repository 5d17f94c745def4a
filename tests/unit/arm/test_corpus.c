/* SPDX-License-Identifier: Apache-2.0 */
/* Real templates, where they are at hand: all evaluate, and no expression is left in any document. */
#include "kit.h"
#include <string.h>

static guint expressions_left(const struct node *n)
{
	const char *text = node_str(n, NULL);
	guint count = text && text[0] == '[' && text[1] && text[strlen(text) - 1] == ']';

	for (guint i = 0; i < node_length(n); i++)
		count += expressions_left(n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i));
	return count;
}

static void check_documents(const struct arm_result *r, const char *file)
{
	for (guint i = 0; i < r->documents->len; i++) {
		struct document *d = r->documents->pdata[i];
		g_autoptr(node) stored = document_to_node(d);
		g_autoptr(GError) error = NULL;
		struct document *again = document_from_node(stored, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(again->type, ==, d->type);
		g_assert_cmpstr(again->name, ==, d->name);
		document_free(again);
		g_assert_cmpuint(d->line, >, 0);
		if (expressions_left(d->resource))
			g_error("%s: an expression is left in %s", file, d->id);
	}
}

static guint evaluate_file(const char *folder)
{
	const struct arm_scope scope = {.subscription = "contoso",
	                                .group = "prod",
	                                .location = "north",
	                                .deployment = "azuredeploy",
	                                .directory = folder};
	g_autofree char *file = g_build_filename(folder, "azuredeploy.json", NULL);
	g_autofree char *given = g_build_filename(folder, "azuredeploy.parameters.json", NULL);
	g_autoptr(GError) error = NULL;

	if (!g_file_test(file, G_FILE_TEST_EXISTS))
		return 0;
	g_autoptr(node) template = node_parse_file(file, &error);
	g_assert_no_error(error);
	g_autoptr(node) parameters = g_file_test(given, G_FILE_TEST_EXISTS) ? node_parse_file(given, &error) : NULL;
	g_assert_no_error(error);
	const struct arm_parameters list[] = {{parameters, given}, {NULL, NULL}};
	struct arm_result *r = arm_evaluate(template, file, list, NULL, &scope, TRUE, &error);
	if (!r)
		g_error("%s", error->message);
	check_documents(r, file);
	arm_result_free(r);
	return 1;
}

static void test_corpus(void)
{
	g_test_message("%u templates", kit_corpus(evaluate_file));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arm/corpus", test_corpus);
	return g_test_run();
}
