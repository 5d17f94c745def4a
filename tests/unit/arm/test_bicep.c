/* SPDX-License-Identifier: Apache-2.0 */
/* Templates as Bicep writes them: symbolic names, declared types, user functions, extensions. */
#include "kit.h"
#include <string.h>

#define TYPED(definition, expected)                                                                                    \
	"{\"languageVersion\":\"2.0\",\"definitions\":{\"port\":{\"type\":\"int\",\"minValue\":1,\"maxValue\":65535}," \
	"\"loop\":{\"$ref\":\"#/definitions/loop\"},\"tree\":{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":" \
	"\"#/definitions/"                                                                                             \
	"tree\",\"nullable\":true}},\"additionalProperties\":false}},\"parameters\":{\"p\":" definition                \
	"},\"resources\":{}}"

struct row {
	const char *definition, *value;
	const char *error; /* part of it; NULL: accepted */
};

static const struct row rows[] = {
        {"{\"$ref\":\"#/definitions/port\"}", "0", "parameter 'p': its value is 0, which is below the minimum of 1"},
        {"{\"$ref\":\"#/definitions/port\"}", "443", NULL},
        {"{\"$ref\":\"#/definitions/port\"}", "\"443x\"", "declared as int"},
        {"{\"$ref\":\"#/definitions/none\"}", "1", "parameter 'p' has no \"type\""},
        {"{\"$ref\":\"#/definitions/loop\"}", "1", "has no \"type\""},
        {"{\"type\":\"array\",\"items\":{\"$ref\":\"#/definitions/port\"}}", "[1,2,70000]",
         "parameter 'p'[2]: its value is 70000, which is above the maximum"},
        {"{\"type\":\"array\",\"prefixItems\":[{\"type\":\"string\"},{\"type\":\"int\"}],\"items\":false}",
         "[\"a\",1,2]", "may have only 2 items but has 3"},
        {"{\"type\":\"array\",\"prefixItems\":[{\"type\":\"string\"},{\"type\":\"int\"}],\"items\":false}", "[\"a\",1]",
         NULL},
        {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}", "{}", "lacks the member 'a'"},
        {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"nullable\":true}}}", "{\"b\":1}", NULL},
        {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":false}",
         "{\"a\":\"x\",\"b\":1}", "has a member 'b', which its type does not have"},
        {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"int\"}}", "{\"a\":1,\"b\":\"x\"}",
         "parameter 'p'.b is declared as int"},
        {"{\"$ref\":\"#/definitions/tree\"}", "{\"next\":{\"next\":{\"more\":1}}}",
         "'p'.next.next has a member 'more'"},
        {"{\"$ref\":\"#/definitions/tree\"}", "{\"next\":{\"next\":null}}", NULL},
        {"{\"type\":\"object\",\"discriminator\":{\"propertyName\":\"kind\",\"mapping\":{\"a\":{\"type\":\"object\","
         "\"properties\":{\"kind\":{\"type\":\"string\",\"allowedValues\":[\"a\"]},\"n\":{\"$ref\":"
         "\"#/definitions/port\"}}}}}}",
         "{\"kind\":\"a\",\"n\":0}", "'p'.n: its value is 0"},
        {"{\"type\":\"object\",\"discriminator\":{\"propertyName\":\"kind\",\"mapping\":{\"a\":{\"type\":\"object\"}}}"
         "}",
         "{\"kind\":\"b\"}", "its member 'kind' must say which"},
};

static void test_types(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(TYPED("%s", ""), rows[i].definition);
		g_autofree char *given = g_strdup_printf("{\"p\":{\"value\":%s}}", rows[i].value);
		g_autoptr(GError) error = NULL;
		struct arm_result *r = kit_evaluate(text, given, &error);

		if (!rows[i].error)
			g_assert_no_error(error);
		else if (!error || !strstr(error->message, rows[i].error))
			g_error("%s: expected \"%s\" but: %s", rows[i].value, rows[i].error,
			        error ? error->message : "accepted");
		if (error && strstr(error->message, "p.json:1:15") == NULL && !strstr(error->message, "no \"type\""))
			g_error("the parameters file is not named: %s", error->message);
		arm_result_free(r);
	}
}

static void test_symbolic(void)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r = kit_evaluate(
	        "{\"languageVersion\":\"2.0\",\"resources\":{"
	        "\"nets\":{\"copy\":{\"name\":\"nets\",\"count\":3,\"mode\":\"serial\",\"batchSize\":1},\"type\":"
	        "\"Microsoft.Network/virtualNetworks\",\"name\":\"[format('n{0}', "
	        "copyIndex())]\",\"properties\":{\"i\":"
	        "\"[copyIndex()]\"}},"
	        "\"net::sub\":{\"type\":\"Microsoft.Network/virtualNetworks/subnets\",\"name\":\"[format('{0}/{1}', "
	        "'n1', "
	        "'s')]\",\"dependsOn\":[\"[format('nets[{0}]', 1)]\",\"there\"],\"properties\":{\"z\":\"["
	        "reference(format('nets[{0}]', 2)).i]\"}},"
	        "\"there\":{\"existing\":true,\"type\":\"A.B/c\",\"name\":\"e\",\"subscriptionId\":\"s2\","
	        "\"resourceGroup\":\"g2\"},"
	        "\"pod\":{\"extension\":\"kubernetes\",\"type\":\"core/Pod@v1\",\"properties\":{}},"
	        "\"module\":{\"type\":\"Microsoft.Resources/deployments\",\"name\":\"m\",\"properties\":{"
	        "\"expressionEvaluationOptions\":{\"scope\":\"inner\"},\"parameters\":{\"q\":{\"value\":\"["
	        "length(references('nets'))]\"}},\"template\":{\"languageVersion\":\"2.0\",\"parameters\":{\"q\":{"
	        "\"type\":"
	        "\"int\"}},\"resources\":{},\"outputs\":{\"s\":{\"type\":\"securestring\",\"value\":\"hush\"},\"q\":{"
	        "\"type\":\"int\",\"value\":\"[parameters('q')]\"}}}}}},\"outputs\":{\"id\":{\"type\":\"string\","
	        "\"value\":"
	        "\"[resourceInfo('there').id]\"},\"q\":{\"type\":\"int\",\"value\":\"[reference('module').outputs.q."
	        "value]"
	        "\"},\"s\":{\"type\":\"int\",\"value\":\"[length(listOutputsWithSecureValues('module', "
	        "'2025-04-01').s)]\"}}}",
	        NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(r->documents->len, ==, 4);
	struct document *d = kit_document(r, "n1/subnets/s");
	g_assert_cmpint(node_integer(node_find(d->resource, "properties.z"), -1), ==, 2);
	g_autofree char *id = kit_output(r, "id"), *q = kit_output(r, "q"), *s = kit_output(r, "s");
	g_assert_cmpstr(id, ==, "\"/subscriptions/s2/resourceGroups/g2/providers/A.B/c/e\"");
	g_assert_cmpstr(q, ==, "3");
	g_assert_cmpstr(s, ==, "4");
	g_assert_true(kit_noted(r, "it is a resource of an extension ('core/Pod@v1')"));
	arm_result_free(r);
}

#define FUNCTIONS(members, call)                                                                                       \
	"{\"languageVersion\":\"2.0\",\"functions\":[{\"namespace\":\"__bicep\",\"members\":{" members                 \
	"}}],\"variables\":{\"v\":1},\"resources\":{},\"outputs\":{\"x\":{\"type\":\"int\",\"value\":\"[" call         \
	"]\"}}}"
#define FUNCTION(name, body)                                                                                           \
	"\"" name                                                                                                      \
	"\":{\"parameters\":[{\"name\":\"n\",\"type\":\"int\"}],\"output\":{\"type\":\"int\",\"value\":\"[" body       \
	"]\"}}"

static void test_functions(void)
{
	g_autoptr(GError) error = NULL;

	kit_fails(FUNCTIONS(FUNCTION("f", "__bicep.g(parameters('n'))") "," FUNCTION("g", "__bicep.f(parameters('n'))"),
	                    "__bicep.f(1)"),
	          "the function __bicep.f calls itself");
	kit_fails(FUNCTIONS(FUNCTION("f", "parameters('n')"), "__bicep.f('a')"),
	          "__bicep.f(): argument 1 ('n') is declared as int but its value is of type string");
	kit_fails(FUNCTIONS(FUNCTION("f", "parameters('n')"), "__bicep.g(1)"), "did you mean '__bicep.f'?");
	kit_fails(FUNCTIONS(FUNCTION("f", "variables('v')"), "__bicep.f(1)"), "it sees only its own parameters");
	kit_fails(FUNCTIONS(FUNCTION("f", "reference('x').n"), "__bicep.f(1)"), "cannot use reference()");
	struct arm_result *r = kit_evaluate(FUNCTIONS(FUNCTION("f", "add(__bicep.g(parameters('n')), 1)") "," FUNCTION(
	                                                      "g", "mul(parameters('n'), 10)"),
	                                              "__bicep.f(4)"),
	                                    NULL, &error);
	g_assert_no_error(error);
	g_autofree char *x = kit_output(r, "x");
	g_assert_cmpstr(x, ==, "41");
	arm_result_free(r);
}

static void test_suggestions(void)
{
	kit_fails("{\"resources\":[],\"outputs\":{\"x\":{\"value\":\"[resorceId('A.B/c', 'x')]\"}}}",
	          "unknown function 'resorceId'; did you mean 'resourceId'? (at resorceId('A.B/c', 'x'))");
	kit_fails("{\"parameters\":{\"location\":{\"type\":\"string\",\"defaultValue\":\"x\"}},\"resources\":[],"
	          "\"outputs\":{\"x\":{\"value\":\"[parameters('locaton')]\"}}}",
	          "no parameter 'locaton'; did you mean 'location'?");
	kit_fails(
	        "{\"variables\":{\"subnet\":1},\"resources\":[],\"outputs\":{\"x\":{\"value\":\"[variables('subnets')]"
	        "\"}}}",
	        "did you mean 'subnet'?");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arm/bicep/types", test_types);
	g_test_add_func("/arm/bicep/symbolic", test_symbolic);
	g_test_add_func("/arm/bicep/functions", test_functions);
	g_test_add_func("/arm/bicep/suggestions", test_suggestions);
	return g_test_run();
}
