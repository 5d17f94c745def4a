/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: ids, keys and the form in the store. */
#include "lib/document.h"
#include <string.h>

static void test_refused(void)
{
	static const char *const ids[] = {
	        "",
	        "x",
	        "/subscriptions/s",
	        "/subscriptions/s/resourceGroups/g",
	        "/subscriptions/s/resourceGroups/g/providers/A.B",
	        "/subscriptions/s/resourceGroups/g/providers/A.B/c",
	        "/subscriptions/s/resourceGroups/g/providers/A.B/c/n/d",
	        "/subscriptions//resourceGroups/g/providers/A.B/c/n",
	        "/subscriptions/s/resourceGroups/g/things/A.B/c/n",
	        "subscriptions/s/resourceGroups/g/providers/A.B/c/n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(node) n = node_object();
		node_set(n, "id", node_string(ids[i]));
		node_set(n, "resource", node_object());
		g_assert_null(document_from_node(n, &error));
		g_assert_nonnull(strstr(error->message, "without a valid resource id"));
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(node) bare = node_object();
	node_set(bare, "id", node_string("/subscriptions/s/resourceGroups/g/providers/A.B/c/n"));
	g_assert_null(document_from_node(bare, &error));
	g_assert_nonnull(strstr(error->message, "\"resource\" must be an object"));
	g_clear_error(&error);
	g_assert_null(document_from_node(NULL, &error));
	g_assert_nonnull(error);
}

/* The store prints one line; what it holds is still where its author wrote it. */
static void test_places(void)
{
	const char *text =
	        "{\"type\":\"A.B/c\",\"name\":\"n\",\n\"properties\":{\"rules\":[\n{\"a\":1},\n\n{\"a\":{\"b\":2}}]}}";
	g_autoptr(node) resource = node_parse(text, strlen(text), "f", NULL);
	g_autoptr(GError) error = NULL;
	struct document *d = document_new("s", "g", "A.B/c", "n", resource, "f.json", "$");
	g_autoptr(node) form = document_to_node(d);
	g_autofree char *printed = node_print(form, FALSE);
	g_autoptr(node) stored = node_parse(printed, strlen(printed), "store", &error);
	struct document *again = document_from_node(stored, &error);
	const struct node *rules = node_find(again->resource, "properties.rules");

	g_assert_null(strchr(printed, '\n'));
	g_assert_cmpuint(node_item(rules, 0)->line, ==, 3);
	g_assert_cmpuint(node_item(rules, 1)->line, ==, 5);
	g_assert_cmpuint(node_find(node_item(rules, 1), "a.b")->line, ==, 5);
	/* and once more, as the controller writes what it has read */
	g_autoptr(node) second = document_to_node(again);
	g_assert_true(node_equal(second, form));
	/* without "lines" no place is made up */
	node_remove(stored, "lines");
	document_free(again);
	again = document_from_node(stored, &error);
	g_assert_cmpuint(node_item(node_find(again->resource, "properties.rules"), 0)->line, ==, 0);
	document_free(again);
	document_free(d);
}

static void test_round_trip(void)
{
	const char *text = "\n{\"type\":\"A.B/c/d\",\"name\":\"n/m\"}";
	g_autoptr(node) resource = node_parse(text, strlen(text), "f", NULL);
	g_autoptr(GError) error = NULL;
	struct document *d = document_new("Sub", "Group", "A.B/c/D", "n/M", resource, "f.json", "$.resources[0]");

	g_assert_cmpstr(d->id, ==, "/subscriptions/Sub/resourceGroups/Group/providers/A.B/c/n/D/M");
	g_assert_cmpstr(d->type, ==, "a.b/c/d");
	g_assert_cmpuint(d->line, ==, 2);
	g_autofree char *key = document_key(d->id);
	g_assert_cmpstr(key, ==, "/doc/subscriptions/sub/resourcegroups/group/providers/a.b/c/n/d/m");

	g_autoptr(node) stored = document_to_node(d);
	struct document *again = document_from_node(stored, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(again->id, ==, d->id);
	g_assert_cmpstr(again->type, ==, d->type);
	g_assert_cmpstr(again->name, ==, "n/M");
	g_assert_cmpstr(again->subscription, ==, "Sub");
	g_assert_cmpstr(again->group, ==, "Group");
	g_assert_cmpstr(again->file, ==, "f.json");
	g_assert_cmpstr(again->path, ==, "$.resources[0]");
	g_assert_cmpuint(again->line, ==, 2);
	g_assert_true(node_equal(again->resource, resource));
	document_free(again);
	document_free(d);
}

static void test_list(void)
{
	g_autoptr(GPtrArray) list = document_list_new();
	g_autoptr(node) resource = node_object();

	g_ptr_array_add(list, document_new("s", "g", "A.B/c", "n", resource, NULL, NULL));
	document_free(NULL);
	g_assert_cmpuint(list->len, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/document/refused", test_refused);
	g_test_add_func("/document/places", test_places);
	g_test_add_func("/document/round-trip", test_round_trip);
	g_test_add_func("/document/list", test_list);
	return g_test_run();
}
