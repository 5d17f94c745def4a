/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: binding, loops, children, order, nesting, outputs. */
#include "kit.h"
#include <string.h>

#define VNET(name)    "{\"type\":\"Microsoft.Network/virtualNetworks\",\"name\":\"" name "\",\"apiVersion\":\"2020-05-01\""
#define ID(rest)      "/subscriptions/contoso/resourceGroups/prod/providers/" rest
#define VNET_ID(name) ID("Microsoft.Network/virtualNetworks/" name)

static struct arm_result *good(const char *text, const char *parameters)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r = kit_evaluate(text, parameters, &error);

	g_assert_no_error(error);
	return r;
}

static void expect_output(const struct arm_result *r, const char *name, const char *value)
{
	g_autofree char *got = kit_output(r, name);

	g_assert_cmpstr(got, ==, value);
}

static void fails_given(const char *text, const char *parameters, const char *part)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r = kit_evaluate(text, parameters, &error);

	g_assert_null(r);
	if (!strstr(error->message, part))
		g_error("expected \"%s\" in: %s", part, error->message);
}

static void test_parameters_refused(void)
{
	const char *two = "{\"parameters\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"int\"}},\"resources\":[]}";
	const char *limits =
	        "{\"parameters\":{\"a\":{\"type\":\"string\",\"minLength\":3},"
	        "\"n\":{\"type\":\"int\",\"defaultValue\":1,\"maxValue\":4},"
	        "\"c\":{\"type\":\"string\",\"defaultValue\":\"x\",\"allowedValues\":[\"x\",\"y\"]}},\"resources\":[]}";

	fails_given(two, NULL, "need a value: 'a' (string), 'b' (int)");
	fails_given(two, "{\"a\":{\"value\":\"x\"},\"b\":{\"value\":\"many\"}}",
	            "declared as int but its value is of type string");
	fails_given(limits, "{\"a\":{\"value\":\"xy\"}}", "length is 2, which is below the minimum of 3");
	fails_given(limits, "{\"a\":{\"value\":\"xyz\"},\"n\":{\"value\":5}}", "above the maximum of 4");
	fails_given(limits, "{\"a\":{\"value\":\"xyz\"},\"c\":{\"value\":\"z\"}}",
	            "not one of the allowed [\"x\",\"y\"]");
	kit_fails("{\"parameters\":{\"a\":{\"type\":\"string\",\"defaultValue\":\"[parameters('b')]\"},"
	          "\"b\":{\"type\":\"string\",\"defaultValue\":\"[parameters('a')]\"}},\"resources\":[]}",
	          "depends on itself");
	kit_fails("{\"parameters\":{\"a\":{\"type\":\"text\",\"defaultValue\":\"x\"}},\"resources\":[]}",
	          "declared as text");
}

static void test_parameters(void)
{
	struct arm_result *r =
	        good("{\"parameters\":{\"Name\":{\"type\":\"string\"},\"n\":{\"type\":\"int\",\"defaultValue\":2},"
	             "\"list\":{\"type\":\"array\",\"defaultValue\":[\"[parameters('name')]\"]},\"maybe\":{\"type\":"
	             "\"string\",\"nullable\":true}},"
	             "\"resources\":[],\"outputs\":{\"a\":{\"type\":\"array\",\"value\":\"[parameters('LIST')]\"},"
	             "\"b\":{\"type\":\"int\",\"value\":\"[parameters('n')]\"},\"c\":{\"type\":\"string\",\"value\":\"["
	             "parameters('maybe')]\"}}}",
	             "{\"parameters\":{\"name\":{\"value\":\"x\"},\"other\":{\"value\":1}}}");

	expect_output(r, "a", "[\"x\"]");
	expect_output(r, "b", "2");
	expect_output(r, "c", "null");
	g_assert_true(kit_noted(r, "'other' is not one of the template's"));
	arm_result_free(r);
}

static void test_overrides(void)
{
	const char *text =
	        "{\"parameters\":{\"n\":{\"type\":\"int\"},\"o\":{\"type\":\"object\"}},\"resources\":[],"
	        "\"outputs\":{\"n\":{\"type\":\"int\",\"value\":\"[add(parameters('n'), parameters('o').a)]\"}}}";
	const struct arm_scope scope = {.subscription = "s", .group = "g", .location = "l", .deployment = "d"};
	g_autoptr(GError) error = NULL;
	g_autoptr(node) template = node_parse(text, strlen(text), "t.json", NULL);
	g_autoptr(node) overrides = node_object();
	g_autoptr(node) wrong = node_object();

	node_set(wrong, "zzz", node_string("5"));
	g_assert_null(arm_evaluate(template, "t.json", NULL, wrong, &scope, FALSE, &error));
	g_assert_nonnull(strstr(error->message, "no parameter 'zzz'"));
	g_clear_error(&error);
	node_set(overrides, "N", node_string("5"));
	node_set(overrides, "o", node_string("{\"a\":2}"));
	struct arm_result *r = arm_evaluate(template, "t.json", NULL, overrides, &scope, FALSE, &error);
	g_assert_no_error(error);
	expect_output(r, "n", "7");
	arm_result_free(r);
}

static void test_fill(void)
{
	const char *text =
	        "{\"parameters\":{\"name\":{\"type\":\"string\",\"maxLength\":5},\"n\":{\"type\":\"int\",\"minValue\":"
	        "7},"
	        "\"o\":{\"type\":\"object\"},\"c\":{\"type\":\"string\",\"allowedValues\":[\"q\"]}},\"resources\":[],"
	        "\"outputs\":{\"x\":{\"type\":\"string\",\"value\":\"[concat(parameters('name'), parameters('n'), "
	        "parameters('c'), parameters('o').deep)]\"}}}";
	const struct arm_scope scope = {.subscription = "s", .group = "g", .location = "l", .deployment = "d"};
	g_autoptr(GError) error = NULL;
	g_autoptr(node) template = node_parse(text, strlen(text), "t.json", NULL);
	struct arm_result *r = arm_evaluate(template, "t.json", NULL, NULL, &scope, TRUE, &error);

	g_assert_no_error(error);
	expect_output(r, "x", "\"dpofm7q<unknown: parameters('o').deep>\"");
	g_assert_true(kit_noted(r, "made up"));
	arm_result_free(r);
}

static void test_secrets(void)
{
	const char *text = "{\"parameters\":{\"p\":{\"type\":\"securestring\"}},\"resources\":[],\"outputs\":{"
	                   "\"s\":{\"type\":\"securestring\",\"value\":\"[parameters('p')]\"},"
	                   "\"bad\":{\"type\":\"string\",\"value\":\"[createObject('x', 1)[parameters('p')]]\"}}}";
	g_autoptr(GError) error = NULL;

	g_assert_null(kit_evaluate(text, "{\"p\":{\"value\":\"hunter22secret\"}}", &error));
	g_assert_null(strstr(error->message, "hunter22secret"));
	g_assert_nonnull(strstr(error->message, "(secure)"));

	struct arm_result *r = good("{\"parameters\":{\"p\":{\"type\":\"securestring\"}},\"resources\":[],\"outputs\":{"
	                            "\"s\":{\"type\":\"securestring\",\"value\":\"[parameters('p')]\"}}}",
	                            "{\"p\":{\"value\":\"hunter22secret\"}}");
	g_assert_nonnull(node_get(r->outputs, "s"));
	g_assert_null(node_get(node_get(r->outputs, "s"), "value"));
	arm_result_free(r);
}

static void test_variables(void)
{
	kit_fails("{\"variables\":{\"a\":\"[variables('b')]\",\"b\":\"[variables('A')]\"},\"resources\":[],"
	          "\"outputs\":{\"x\":{\"type\":\"string\",\"value\":\"[variables('a')]\"}}}",
	          "variable 'a' depends on itself");
	struct arm_result *r = good(
	        "{\"variables\":{\"unused\":\"[div(1, "
	        "0)]\",\"copy\":[{\"name\":\"list\",\"count\":2,\"input\":\"[concat('n', copyIndex('list', 1))]\"}],"
	        "\"o\":{\"copy\":[{\"name\":\"p\",\"count\":2,\"input\":{\"i\":\"[copyIndex('p')]\"}}],\"k\":\"[[x]\"},"
	        "\"names\":{\"[concat('a', "
	        "'b')]\":1}},\"resources\":[],\"outputs\":{\"a\":{\"type\":\"array\",\"value\":\"[variables('list')]\"}"
	        ","
	        "\"b\":{\"type\":\"object\",\"value\":\"[variables('o')]\"},\"c\":{\"type\":\"object\",\"value\":\"["
	        "variables('names')]\"},"
	        "\"d\":{\"type\":\"array\",\"copy\":{\"count\":3,\"input\":\"[copyIndex()]\"}},"
	        "\"e\":{\"condition\":false,\"type\":\"int\",\"value\":\"[div(1, 0)]\"}}}",
	        NULL);
	expect_output(r, "a", "[\"n1\",\"n2\"]");
	expect_output(r, "b", "{\"p\":[{\"i\":0},{\"i\":1}],\"k\":\"[x]\"}");
	expect_output(r, "c", "{\"ab\":1}");
	expect_output(r, "d", "[0,1,2]");
	g_assert_null(node_get(r->outputs, "e"));
	arm_result_free(r);
}

static void test_user_functions(void)
{
	struct arm_result *r =
	        good("{\"functions\":[{\"namespace\":\"my\",\"members\":{\"twice\":{\"parameters\":[{\"name\":\"n\","
	             "\"type\":\"int\"}],"
	             "\"output\":{\"type\":\"int\",\"value\":\"[mul(parameters('n'), 2)]\"}}}}],\"resources\":[],"
	             "\"outputs\":{\"x\":{\"type\":\"int\",\"value\":\"[my.twice(21)]\"}}}",
	             NULL);

	expect_output(r, "x", "42");
	arm_result_free(r);
}

static void test_copy(void)
{
	kit_fails("{\"resources\":[" VNET("v") ",\"copy\":{\"name\":\"l\",\"count\":2}}]}",
	          "defined twice; $.resources[0]");
	kit_fails("{\"resources\":[" VNET("v") ",\"copy\":{\"name\":\"l\",\"count\":-1}}]}", "must be from 0 to 10000");
	struct arm_result *r = good(
	        "{\"resources\":[" VNET(
	                "[concat('v', copyIndex(5))]") ",\"copy\":{\"name\":\"l\",\"count\":2,\"mode\":\"serial\","
	                                               "\"batchSize\":1},"
	                                               "\"properties\":{\"n\":\"[copyIndex()]\",\"copy\":[{\"name\":"
	                                               "\"subnets\",\"count\":2,\"input\":"
	                                               "{\"name\":\"[concat('s', copyIndex('subnets'), copyIndex('l'), "
	                                               "copyIndex())]\"}},{\"name\":\"two\",\"count\":0,\"input\":1}]}}"
	                                               "," VNET("none") ",\"copy\":{\"name\":\"m\",\"count\":0}}]}",
	        NULL);
	g_assert_cmpuint(r->documents->len, ==, 2);
	struct document *d = kit_document(r, VNET_ID("v6"));
	g_assert_nonnull(d);
	g_autofree char *p = node_print(node_get(d->resource, "properties"), FALSE);
	g_assert_cmpstr(p, ==, "{\"n\":1,\"subnets\":[{\"name\":\"s011\"},{\"name\":\"s111\"}],\"two\":[]}");
	g_assert_null(node_get(d->resource, "copy"));
	arm_result_free(r);
}

static void test_children(void)
{
	kit_fails("{\"resources\":[" VNET("a/b") "}]}", "needs a name of 1 segments, but 'a/b' has 2");
	struct arm_result *r =
	        good("{\"resources\":[" VNET(
	                     "v") ",\"resources\":[{\"type\":\"subnets\",\"name\":\"s\",\"dependsOn\":[\"v\"],"
	                          "\"properties\":{}},"
	                          "{\"type\":\"Microsoft.Network/virtualNetworks/subnets\",\"name\":\"v/t\"}]},"
	                          "{\"type\":\"Microsoft.Network/virtualNetworks/subnets\",\"name\":\"v/u\"}," VNET(
	                                  "off") ",\"condition\":\"[equals(1, 2)]\"},"
	                                         "{\"type\":\"Microsoft.Insights/"
	                                         "diagnosticSettings\",\"name\":\"d\",\"scope\":\"[resourceId('"
	                                         "Microsoft.Network/virtualNetworks', 'v')]\"}]}",
	             NULL);

	g_assert_cmpuint(r->documents->len, ==, 5);
	struct document *d = kit_document(r, VNET_ID("v/subnets/s"));
	g_assert_cmpstr(d->type, ==, "microsoft.network/virtualnetworks/subnets");
	g_assert_cmpstr(d->name, ==, "v/s");
	g_assert_cmpstr(d->path, ==, "$.resources[0].resources[0]");
	g_assert_cmpstr(node_get_str(d->resource, "name", ""), ==, "v/s");
	g_assert_null(node_get(d->resource, "dependsOn"));
	g_assert_nonnull(kit_document(r, VNET_ID("v/subnets/t")));
	g_assert_nonnull(kit_document(r, VNET_ID("v/subnets/u")));
	g_assert_null(kit_document(r, VNET_ID("off")));
	g_assert_nonnull(kit_document(r, VNET_ID("v/providers/Microsoft.Insights/diagnosticSettings/d")));
	arm_result_free(r);
}

static void test_depends(void)
{
	kit_fails("{\"resources\":[" VNET("a") ",\"dependsOn\":[\"a\"]}]}", "circle: 'a' -> 'a'");
	kit_fails("{\"resources\":[" VNET("a") ",\"dependsOn\":[\"b\"]}," VNET("b") ",\"dependsOn\":[\"c\"]}," VNET(
	                  "c") ",\"dependsOn\":[\"[resourceId('Microsoft.Network/"
	                       "virtualNetworks', 'a')]\"]}," VNET("d") ",\"dependsO"
	                                                                "n\":[\"a\"]"
	                                                                "}]}",
	          "'a' -> 'b' -> 'c' -> 'a'");
	kit_fails(
	        "{\"resources\":[" VNET(
	                "[concat('a', copyIndex())]") ",\"copy\":{\"name\":\"l\",\"count\":2},\"dependsOn\":[\"l\"]}]}",
	        "circle");
	kit_fails("{\"resources\":[" VNET("a") ",\"dependsOn\":[1]}]}", "only names and ids");
	struct arm_result *r =
	        good("{\"resources\":[" VNET(
	                     "a") ",\"dependsOn\":[\"l\",\"nobody\",\"Microsoft.Network/virtualNetworks/"
	                          "z\"]}," VNET("[concat('b', copyIndex())]") ",\"copy\":{\"name\":\"l\","
	                                                                      "\"count\":2}}," VNET("z") "}]}",
	             NULL);
	g_assert_true(kit_noted(r, "depends on 'nobody'"));
	g_assert_cmpuint(r->notes->len, ==, 1);
	struct document *first = r->documents->pdata[0]; /* in template order, not in that of the dependencies */
	g_assert_cmpstr(first->name, ==, "a");
	arm_result_free(r);
}

/* A bare name that two types bear must not close a circle that is not there. */
static void test_ambiguous(void)
{
	struct arm_result *r =
	        good("{\"resources\":[" VNET("x") ",\"dependsOn\":[\"x\"]},"
	                                          "{\"type\":\"A.B/c\",\"name\":\"x\",\"dependsOn\":[\"x\"]},"
	                                          "{\"type\":\"A.B/d\",\"name\":\"x\"}]}",
	             NULL);

	g_assert_cmpuint(r->documents->len, ==, 3);
	arm_result_free(r);
}

/* reference() of a network gives its subnets ids; a nested deployment that deploys the network again replaces it. */
static void test_children_and_again(void)
{
	g_autoptr(GError) error = NULL;
	static const char TEXT[] =
	        "{\"resources\":["
	        "{\"type\":\"Microsoft.Network/virtualNetworks\",\"name\":\"net\",\"apiVersion\":\"2020-01-01\","
	        "\"properties\":{\"subnets\":[{\"name\":\"s0\",\"properties\":{}}],\"first\":1}},"
	        "{\"type\":\"Microsoft.Resources/deployments\",\"name\":\"again\",\"apiVersion\":\"2020-01-01\","
	        "\"dependsOn\":[\"net\"],\"properties\":{\"mode\":\"Incremental\",\"template\":{\"resources\":["
	        "{\"type\":\"Microsoft.Network/virtualNetworks\",\"name\":\"net\",\"apiVersion\":\"2020-01-01\","
	        "\"properties\":{\"second\":2}}]}}}],"
	        "\"outputs\":{\"id\":{\"type\":\"string\",\"value\":\"[reference('net').subnets[0].id]\"}}}";
	struct arm_result *r = kit_evaluate(TEXT, NULL, &error);

	g_assert_no_error(error);
	g_autofree char *id = kit_output(r, "id");
	g_assert_cmpstr(id, ==,
	                "\"/subscriptions/contoso/resourceGroups/prod/providers/Microsoft.Network/virtualNetworks/net/"
	                "subnets/s0\"");
	g_assert_cmpuint(r->documents->len, ==, 1);
	struct document *d = r->documents->pdata[0];
	g_assert_nonnull(node_find(d->resource, "properties.second"));
	g_assert_null(node_find(d->resource, "properties.first"));
	g_assert_true(kit_noted(r, "deployed again"));
	arm_result_free(r);
}

static void test_reference(void)
{
	kit_fails("{\"resources\":[" VNET("a") ",\"properties\":{\"x\":\"[reference('b').y]\"}}," VNET(
	                  "b") ",\"properties\":{\"y\":\"[reference('a').x]\"}}]}",
	          "round in a circle");
	struct arm_result *r =
	        good("{\"resources\":[" VNET("a") ",\"properties\":{\"x\":\"[reference('b').y]\"}}," VNET(
	                     "b") ",\"location\":\"here\",\"properties\":{\"y\":5}}],\"outputs\":{"
	                          "\"o\":{\"type\":\"int\",\"value\":\"[reference(resourceId('Microsoft.Network/"
	                          "virtualNetworks', 'A')).x]\"},"
	                          "\"f\":{\"type\":\"string\",\"value\":\"[reference('b', '2020', 'Full').location]\"},"
	                          "\"u\":{\"type\":\"string\",\"value\":\"[reference('b').guid]\"}}}",
	             NULL);
	expect_output(r, "o", "5");
	expect_output(r, "f", "\"here\"");
	expect_output(r, "u", "\"<unknown: reference('b').guid>\"");
	g_assert_cmpuint(r->notes->len, ==, 1);
	g_assert_true(kit_noted(r, "reference('b').guid is known only to a real deployment"));
	arm_result_free(r);
}

static void test_symbolic(void)
{
	struct arm_result *r = good(
	        "{\"languageVersion\":\"2.0\",\"resources\":{\"net\":" VNET(
	                "v") ",\"properties\":{\"y\":7}},"
	                     "\"old\":{\"existing\":true,\"type\":\"A.B/c\",\"name\":\"o\"},"
	                     "\"two\":" VNET(
	                             "w") ",\"dependsOn\":[\"net\"],\"properties\":{\"z\":\"[reference('net').y]\"}}},"
	                                  "\"outputs\":{\"i\":{\"type\":\"string\",\"value\":\"[resourceInfo('old').id]"
	                                  "\"}}}",
	        NULL);

	g_assert_cmpuint(r->documents->len, ==, 2);
	struct document *d = r->documents->pdata[1];
	g_assert_cmpint(node_integer(node_find(d->resource, "properties.z"), 0), ==, 7);
	g_assert_cmpstr(d->path, ==, "$.resources.two");
	expect_output(r, "i", "\"" ID("A.B/c/o") "\"");
	arm_result_free(r);
}

#define NESTED(name, more, template)                                                                                   \
	"{\"type\":\"Microsoft.Resources/deployments\",\"name\":\"" name "\"," more                                    \
	"\"properties\":{\"template\":" template

static void test_nested(void)
{
	kit_fails("{\"parameters\":{\"p\":{\"type\":\"string\",\"defaultValue\":\"x\"}},\"resources\":[" NESTED(
	                  "n", "", "{\"resources\":[" VNET("[parameters('p')]") "}]}") ",\"expressionEvaluationOptions"
	                                                                               "\":{\"scope\":\"inner\"}}}]}",
	          "no parameter 'p'");
	struct arm_result *r =
	        good("{\"parameters\":{\"p\":{\"type\":\"string\",\"defaultValue\":\"x\"}},\"resources\":[" NESTED(
	                     "outer", "\"resourceGroup\":\"other\",\"copy\":{\"name\":\"l\",\"count\":1},",
	                     "{\"resources\":[" VNET(
	                             "[concat(parameters('p'), copyIndex(), resourceGroup().name)]") "}]}}},")
	                     NESTED("inner", "\"subscriptionId\":\"s2\",\"resourceGroup\":\"g2\",",
	                            "{\"parameters\":{\"q\":{\"type\":\"string\"}},\"resources\":[" VNET(
	                                    "[concat(parameters('q'), resourceGroup().name)]") "}],"
	                                                                                       "\"outputs\":{\"id\":{"
	                                                                                       "\"type\":\"string\","
	                                                                                       "\"value\":\"["
	                                                                                       "resourceId('A.B/c', "
	                                                                                       "'n')]\"}}}") ",\"parame"
	                                                                                                     "ters\":{"
	                                                                                                     "\"q\":{"
	                                                                                                     "\"value\""
	                                                                                                     ":\"["
	                                                                                                     "parameter"
	                                                                                                     "s('p')]"
	                                                                                                     "\"}},"
	                                                                                                     "\"express"
	                                                                                                     "ionEvalua"
	                                                                                                     "tionOptio"
	                                                                                                     "ns\":{"
	                                                                                                     "\"scope\""
	                                                                                                     ":\"inner"
	                                                                                                     "\"}}},"
	                                                                                                     "{\"type\""
	                                                                                                     ":\"Micros"
	                                                                                                     "oft."
	                                                                                                     "Resources"
	                                                                                                     "/deployme"
	                                                                                                     "nts\","
	                                                                                                     "\"name\":"
	                                                                                                     "\"linked"
	                                                                                                     "\","
	                                                                                                     "\"propert"
	                                                                                                     "ies\":{"
	                                                                                                     "\"templat"
	                                                                                                     "eLink\":{"
	                                                                                                     "\"uri\":"
	                                                                                                     "\"https:/"
	                                                                                                     "/x."
	                                                                                                     "invalid/"
	                                                                                                     "\"}}}],"
	                                                                                                     "\"outputs"
	                                                                                                     "\":{"
	                                                                                                     "\"id\":{"
	                                                                                                     "\"type\":"
	                                                                                                     "\"string"
	                                                                                                     "\","
	                                                                                                     "\"value\""
	                                                                                                     ":\"["
	                                                                                                     "reference"
	                                                                                                     "('inner')"
	                                                                                                     ".outputs."
	                                                                                                     "id.value]"
	                                                                                                     "\"},"
	                                                                                                     "\"l\":{"
	                                                                                                     "\"type\":"
	                                                                                                     "\"string"
	                                                                                                     "\","
	                                                                                                     "\"value\""
	                                                                                                     ":\"["
	                                                                                                     "reference"
	                                                                                                     "('linked'"
	                                                                                                     ")."
	                                                                                                     "outputs."
	                                                                                                     "a.value]"
	                                                                                                     "\"}}}",
	             NULL);
	g_assert_cmpuint(r->documents->len, ==, 2);
	struct document *a = r->documents->pdata[0], *b = r->documents->pdata[1];
	g_assert_cmpstr(
	        a->id, ==,
	        "/subscriptions/contoso/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/x0prod");
	g_assert_cmpstr(a->path, ==, "$.resources[0].properties.template.resources[0]");
	g_assert_cmpstr(b->id, ==,
	                "/subscriptions/s2/resourceGroups/g2/providers/Microsoft.Network/virtualNetworks/xg2");
	expect_output(r, "id", "\"/subscriptions/s2/resourceGroups/g2/providers/A.B/c/n\"");
	expect_output(r, "l", "\"<unknown: reference('linked').outputs.a.value>\"");
	g_assert_true(kit_noted(r, "a linked template is not read"));
	arm_result_free(r);
}

static void test_places(void)
{
	struct arm_result *r =
	        good("{\"variables\":{\"v\":\"10.0.0.0/8\"},\n\"resources\":[\n" VNET(
	                     "v") ",\n"
	                          "\"properties\":{\n  \"a\": \"[variables('v')]\",\n\"b\":\"plain\"}}]}",
	             NULL);
	struct document *d = r->documents->pdata[0];
	struct node *a = node_find(d->resource, "properties.a"), *b = node_find(d->resource, "properties.b");

	g_assert_cmpuint(d->line, ==, 3);
	g_assert_cmpuint(a->line, ==, 5);
	g_assert_cmpuint(a->column, ==, 8);
	g_assert_cmpuint(b->line, ==, 6);
	arm_result_free(r);
	kit_fails("{\"resources\":[\n" VNET("v") ",\n\"properties\":{\"x\":\"[nope()]\"}}]}",
	          "t.json:3:19: resource 'v' ($.resources[0]): unknown function 'nope'");
}

static void test_is_template(void)
{
	g_autoptr(node) parameters = node_object();

	node_set(parameters, "$schema", node_string("https://x/2019-04-01/deploymentParameters.json#"));
	g_assert_false(arm_is_template(parameters));
	node_set(parameters, "$schema", node_string("https://x/2019-04-01/deploymentTemplate.json#"));
	g_assert_true(arm_is_template(parameters));
	g_assert_false(arm_is_template(NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arm/template/parameters-refused", test_parameters_refused);
	g_test_add_func("/arm/template/parameters", test_parameters);
	g_test_add_func("/arm/template/overrides", test_overrides);
	g_test_add_func("/arm/template/fill", test_fill);
	g_test_add_func("/arm/template/secrets", test_secrets);
	g_test_add_func("/arm/template/variables", test_variables);
	g_test_add_func("/arm/template/user-functions", test_user_functions);
	g_test_add_func("/arm/template/copy", test_copy);
	g_test_add_func("/arm/template/children", test_children);
	g_test_add_func("/arm/template/depends", test_depends);
	g_test_add_func("/arm/template/ambiguous", test_ambiguous);
	g_test_add_func("/arm/template/reference", test_reference);
	g_test_add_func("/arm/template/children-and-again", test_children_and_again);
	g_test_add_func("/arm/template/symbolic", test_symbolic);
	g_test_add_func("/arm/template/nested", test_nested);
	g_test_add_func("/arm/template/places", test_places);
	g_test_add_func("/arm/template/is-template", test_is_template);
	return g_test_run();
}
