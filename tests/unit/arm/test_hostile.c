/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that were written to hang or to eat memory: each must end in an error within seconds. */
#include "kit.h"
#include <string.h>

#define SECONDS_AT_MOST 20

/* Evaluates text that `make` wrote and expects the error. */
static void refused(char *text, const char *part)
{
	g_autofree char *owned = text;
	gint64 start = g_get_monotonic_time();

	kit_fails(owned, part);
	g_assert_cmpint((g_get_monotonic_time() - start) / G_USEC_PER_SEC, <, SECONDS_AT_MOST);
}

static void test_copy_of_a_billion(void)
{
	refused(g_strdup("{\"resources\":[{\"type\":\"A.B/c\",\"name\":\"[concat('x', copyIndex())]\","
	                 "\"copy\":{\"name\":\"l\",\"count\":1000000000}}]}"),
	        "must be from 0 to 10000");
	refused(g_strdup("{\"variables\":{\"copy\":[{\"name\":\"l\",\"count\":1000000000,\"input\":1}]},\"resources\":["
	                 "],"
	                 "\"outputs\":{\"x\":{\"type\":\"array\",\"value\":\"[variables('l')]\"}}}"),
	        "must be from 0 to 10000");
}

static void test_many_loops(void)
{
	GString *t = g_string_new("{\"resources\":[");

	for (int i = 0; i < 40; i++)
		g_string_append_printf(t,
		                       "%s{\"type\":\"A.B/c\",\"name\":\"[concat('x%d-', copyIndex())]\","
		                       "\"copy\":{\"name\":\"l%d\",\"count\":10000},\"properties\":{}}",
		                       i ? "," : "", i, i);
	g_string_append(t, "]}");
	refused(g_string_free(t, FALSE), "more than 20000 resources");
}

/* Few resources of many values each: what reads the documents pays for every value. */
static void test_many_values(void)
{
	refused(g_strdup("{\"variables\":{\"v\":\"[range(0, 1000)]\"},\"resources\":[{\"type\":\"A.B/c\","
	                 "\"name\":\"[concat('x', copyIndex())]\",\"copy\":{\"name\":\"l\",\"count\":400},"
	                 "\"properties\":{\"p\":\"[variables('v')]\"}}]}"),
	        "hold more than 300000 values");
}

/* v0 = "xxxxxxxx", vN = f(vN-1, vN-1) */
static char *doubling(const char *function, const char *first, int levels)
{
	GString *t = g_string_new("{\"variables\":{");

	g_string_append_printf(t, "\"v0\":%s", first);
	for (int i = 1; i <= levels; i++)
		g_string_append_printf(t, ",\"v%d\":\"[%s(variables('v%d'), variables('v%d'))]\"", i, function, i - 1,
		                       i - 1);
	g_string_append_printf(t,
	                       "},\"resources\":[],\"outputs\":{\"x\":{\"type\":\"string\",\"value\":\"[string("
	                       "variables('v%d'))]\"}}}",
	                       levels);
	return g_string_free(t, FALSE);
}

static void test_doubling(void)
{
	refused(doubling("concat", "\"xxxxxxxx\"", 60), "a string of more than");
	refused(doubling("createArray", "\"xxxxxxxx\"", 60), "a value of more than");
	refused(doubling("concat", "[1,2,3]", 60), "a value of more than");
	refused(doubling("createArray", "[]", 200), "a value of more than 16777216 bytes; make it smaller");
}

/* The same through the template's own objects instead of a function. */
static void test_doubling_by_members(void)
{
	GString *t = g_string_new("{\"variables\":{\"v0\":\"x\"");

	for (int i = 1; i <= 60; i++)
		g_string_append_printf(t, ",\"v%d\":{\"a\":\"[variables('v%d')]\",\"b\":\"[variables('v%d')]\"}", i,
		                       i - 1, i - 1);
	g_string_append(
	        t, "},\"resources\":[],\"outputs\":{\"x\":{\"type\":\"object\",\"value\":\"[variables('v60')]\"}}}");
	refused(g_string_free(t, FALSE), "a value of more than");
}

static void test_depth(void)
{
	GString *t = g_string_new("{\"resources\":[],\"outputs\":{\"x\":{\"type\":\"string\",\"value\":\"[");

	for (int i = 0; i < 5000; i++)
		g_string_append(t, "not(");
	g_string_append(t, "]\"}}}");
	refused(g_string_free(t, FALSE), "nested too deeply");

	t = g_string_new("{\"resources\":[],\"outputs\":{\"x\":{\"type\":\"string\",\"value\":\"[createArray(1)");
	for (int i = 0; i < 5000; i++)
		g_string_append(t, "[0]");
	g_string_append(t, "]\"}}}");
	refused(g_string_free(t, FALSE), "in a row");

	t = g_string_new("{\"variables\":{\"v0\":1");
	for (int i = 1; i <= 5000; i++)
		g_string_append_printf(t, ",\"v%d\":\"[variables('v%d')]\"", i, i - 1);
	g_string_append(
	        t, "},\"resources\":[],\"outputs\":{\"x\":{\"type\":\"int\",\"value\":\"[variables('v5000')]\"}}}");
	refused(g_string_free(t, FALSE), "depend on each other too deeply");
}

/* Values that grow in depth one variable at a time, each asked for in turn. */
static void test_deep_value(void)
{
	GString *t = g_string_new("{\"variables\":{\"v0\":1");

	for (int i = 1; i <= 300; i++)
		g_string_append_printf(t, ",\"v%d\":[\"[variables('v%d')]\"]", i, i - 1);
	g_string_append(t, "},\"resources\":[],\"outputs\":{");
	for (int i = 1; i <= 300; i++)
		g_string_append_printf(t, "%s\"o%d\":{\"type\":\"int\",\"value\":\"[length(variables('v%d'))]\"}",
		                       i > 1 ? "," : "", i, i);
	g_string_append(t, "}}");
	refused(g_string_free(t, FALSE), "nested deeper than 128");
}

static void test_steps(void)
{
	refused(g_strdup("{\"variables\":{\"r\":\"[range(0, "
	                 "10000)]\"},\"resources\":[],\"outputs\":{\"x\":{\"type\":\"array\",\"value\":"
	                 "\"[map(variables('r'), lambda('a', length(map(variables('r'), lambda('b', "
	                 "length(map(variables('r'), "
	                 "lambda('c', 1))))))))]\"}}}"),
	        "more than 10000000 steps");
	refused(g_strdup("{\"variables\":{\"r\":\"[range(0, 10000)]\",\"s\":\"[map(variables('r'), lambda('x', "
	                 "padLeft(lambdaVariables('x'), 900, "
	                 "'a')))]\"},\"resources\":[],\"outputs\":{\"x\":{\"type\":\"array\",\"value\":"
	                 "\"[map(variables('r'), lambda('a', length(union(variables('s'), variables('s')))))]\"}}}"),
	        "more than 10000000 steps");
}

static void test_long_expression(void)
{
	g_autofree char *long_text = g_strnfill(40000, 'a');

	refused(g_strdup_printf(
	                "{\"resources\":[],\"outputs\":{\"x\":{\"type\":\"string\",\"value\":\"[concat('%s')]\"}}}",
	                long_text),
	        "more than 32768 characters");
}

static void test_nested_deployments(void)
{
	GString *t = g_string_new(NULL);
	int levels = 20;

	for (int i = 0; i < levels; i++)
		g_string_append(t, "{\"resources\":[{\"type\":\"Microsoft.Resources/"
		                   "deployments\",\"name\":\"n\",\"properties\":{\"template\":");
	g_string_append(t, "{\"resources\":[]}");
	for (int i = 0; i < levels; i++)
		g_string_append(t, "}}]}");
	refused(g_string_free(t, FALSE), "deployments nested deeper than 8");
}

/* Functions that call the next one twice, and sums that grow with every item. */
static void test_calls(void)
{
	GString *t = g_string_new("{\"languageVersion\":\"2.0\",\"functions\":[{\"namespace\":\"f\",\"members\":{");

	for (int i = 0; i < 40; i++)
		g_string_append_printf(
		        t,
		        "%s\"f%d\":{\"parameters\":[],\"output\":{\"type\":\"int\",\"value\":\"[add(f.f%d(), "
		        "f.f%d())]\"}}",
		        i ? "," : "", i, i + 1, i + 1);
	g_string_append(t, ",\"f40\":{\"parameters\":[],\"output\":{\"type\":\"int\",\"value\":1}}}}],\"resources\":{},"
	                   "\"outputs\":{\"x\":{\"type\":\"int\",\"value\":\"[f.f0()]\"}}}");
	refused(g_string_free(t, FALSE), "more than 10000000 steps");
	refused(g_strdup("{\"resources\":[],\"outputs\":{\"x\":{\"type\":\"string\",\"value\":\"[reduce(range(0, "
	                 "10000), "
	                 "'x', lambda('a', 'b', concat(lambdaVariables('a'), lambdaVariables('a'))))]\"}}}"),
	        "more than");
	refused(g_strdup("{\"resources\":[],\"outputs\":{\"x\":{\"type\":\"object\",\"value\":\"[reduce(range(0, "
	                 "10000), "
	                 "createObject(), lambda('a', 'b', union(lambdaVariables('a'), "
	                 "createObject(string(lambdaVariables('b')), lambdaVariables('a')))))]\"}}}"),
	        "");
}

/* Unknown values that grow like known ones. */
static void test_unknown_doubling(void)
{
	refused(doubling("concat", "\"[listKeys('a', 'b').c]\"", 60), "a string of more than");
	refused(doubling("createArray", "\"[listKeys('a', 'b').c]\"", 60), "a value of more than");
	refused(doubling("toUpper", "\"x\"", 2), "toUpper() takes 1 arguments");
}

static void test_wrong_shapes(void)
{
	static const char *const texts[] = {
	        "{\"resources\":1}",
	        "{\"resources\":[1]}",
	        "{\"resources\":[{\"type\":1,\"name\":[]}]}",
	        "{\"resources\":[{\"type\":\"A.B/c\"}]}",
	        "{\"resources\":[{\"type\":\"A.B/c\",\"name\":\"\"}]}",
	        "{\"resources\":[{\"type\":\"A.B/c\",\"name\":\"x\",\"copy\":[]}]}",
	        "{\"resources\":[{\"type\":\"A.B/c\",\"name\":\"x\",\"copy\":{\"name\":\"l\"}}]}",
	        "{\"resources\":[{\"type\":\"A.B/c\",\"name\":\"x\",\"condition\":[]}]}",
	        "{\"resources\":[{\"type\":\"A.B/c\",\"name\":\"x\",\"dependsOn\":{}}]}",
	        "{\"parameters\":{\"a\":1},\"resources\":[]}",
	        "{\"resources\":[{\"type\":\"A.B/"
	        "c\",\"name\":\"x\",\"copy\":{\"name\":\"l\",\"count\":1,\"mode\":\"fast\"}}]}",
	        "{\"resources\":[{\"type\":\"A.B/"
	        "c\",\"name\":\"x\",\"copy\":{\"name\":\"l\",\"count\":1,\"batchSize\":0}}]}",
	        "{\"resources\":[{\"type\":\"A.B/c\",\"name\":\"x\",\"scope\":[]}]}",
	        "{\"resources\":[],\"outputs\":{\"x\":1}}",
	        "{\"resources\":[],\"outputs\":{\"x\":{\"copy\":{}}}}",
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		kit_fails(texts[i], "t.json:1:");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arm/hostile/copy-of-a-billion", test_copy_of_a_billion);
	g_test_add_func("/arm/hostile/many-loops", test_many_loops);
	g_test_add_func("/arm/hostile/many-values", test_many_values);
	g_test_add_func("/arm/hostile/doubling", test_doubling);
	g_test_add_func("/arm/hostile/doubling-by-members", test_doubling_by_members);
	g_test_add_func("/arm/hostile/depth", test_depth);
	g_test_add_func("/arm/hostile/deep-value", test_deep_value);
	g_test_add_func("/arm/hostile/steps", test_steps);
	g_test_add_func("/arm/hostile/long-expression", test_long_expression);
	g_test_add_func("/arm/hostile/nested-deployments", test_nested_deployments);
	g_test_add_func("/arm/hostile/calls", test_calls);
	g_test_add_func("/arm/hostile/unknown-doubling", test_unknown_doubling);
	g_test_add_func("/arm/hostile/wrong-shapes", test_wrong_shapes);
	return g_test_run();
}
