/* SPDX-License-Identifier: Apache-2.0 */
/* Five thousand resources by loops, with children, dependencies and references: evaluated in well under a second. */
#include "kit.h"
#include <string.h>
#include <time.h>

#define COUNT        1250 /* of each of four kinds */
#define MILLISECONDS 2000 /* of processor time; it takes a fifth of that where nothing else runs */

#define LOOP(name) "\"copy\":{\"name\":\"" name "\",\"count\":\"[parameters('count')]\"},"

static const char text[] =
        "{\"parameters\":{\"count\":{\"type\":\"int\"}},\"variables\":{\"net\":\"net\",\"prefix\":"
        "\"[concat('vm-', uniqueString(resourceGroup().id))]\"},\"resources\":["
        "{\"type\":\"A.B/groups\",\"name\":\"[concat('g-', copyIndex())]\"," LOOP(
                "gs") "\"properties\":{},\"resources\":[{\"type\":\"rules\",\"name\":\"r\",\"dependsOn\":[\"[concat('g-"
                      "', "
                      "copyIndex())]\"],\"properties\":{\"priority\":\"[add(100, copyIndex())]\"}}]},"
                      "{\"type\":\"A.B/cards\",\"name\":\"[format('{0}-card-{1}', variables('prefix'), "
                      "copyIndex())]\"," LOOP(
                              "cs") "\"dependsOn\":[\"gs\"],\"properties\":{\"group\":{\"id\":\"[resourceId('A.B/"
                                    "groups', concat('g-', "
                                    "copyIndex()))]\"}}},"
                                    "{\"type\":\"A.B/machines\",\"name\":\"[concat('m', copyIndex())]\"," LOOP(
                                            "ms") "\"dependsOn\":[\"cs\",\"[resourceId('A.B/cards', "
                                                  "format('{0}-card-{1}', variables('prefix'), "
                                                  "copyIndex()))]\"],\"properties\":{\"of\":\"[reference(resourceId('A."
                                                  "B/cards', format('{0}-card-{1}', "
                                                  "variables('prefix'), "
                                                  "copyIndex()))).group.id]\",\"address\":\"[reference(format('{0}-"
                                                  "card-{1}', "
                                                  "variables('prefix'), copyIndex())).address]\"}}]}";

static void test_speed(void)
{
	g_autofree char *parameters = g_strdup_printf("{\"count\":{\"value\":%d}}", COUNT);
	g_autoptr(GError) error = NULL;
	clock_t before = clock();
	struct arm_result *r = kit_evaluate(text, parameters, &error);
	double took = (double)(clock() - before) * 1000 / CLOCKS_PER_SEC;

	g_assert_no_error(error);
	g_test_message("%u documents in %.0f ms", r->documents->len, took);
	g_assert_cmpuint(r->documents->len, ==, 4 * COUNT);
	struct document *last = kit_document(r, "A.B/machines/m1249");
	g_assert_true(g_str_has_suffix(node_str(node_find(last->resource, "properties.of"), ""), "A.B/groups/g-1249"));
	g_assert_true(g_str_has_prefix(node_str(node_find(last->resource, "properties.address"), ""), "<unknown"));
	g_assert_cmpfloat(took, <, MILLISECONDS * (g_getenv("ASAN_OPTIONS") ? 10 : 1));
	arm_result_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arm/speed", test_speed);
	return g_test_run();
}
