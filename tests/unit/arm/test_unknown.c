/* SPDX-License-Identifier: Apache-2.0 */
/* Values that only a deployment knows: carried through with what is known of them, never decisive without a word. */
#include "kit.h"
#include <string.h>

#define CARD                                                                                                           \
	"{\"type\":\"Microsoft.Network/networkInterfaces\",\"apiVersion\":\"2020-05-01\",\"name\":\"card\","           \
	"\"properties\":{\"ipConfigurations\":[{\"name\":\"first\",\"properties\":{}}]}}"
#define ADDRESS "reference('card').ipConfigurations[0].properties.privateIPAddress"

/* The output "x" of the expression beside the interface "card". NULL and *error on failure. */
static char *value_of(const char *expression, struct arm_result **r, GError **error)
{
	g_autofree char *text =
	        g_strdup_printf("{\"resources\":[" CARD "],\"outputs\":{\"x\":{\"value\":\"[%s]\"}}}", expression);

	*r = kit_evaluate(text, NULL, error);
	return *r ? kit_output(*r, "x") : NULL;
}

static void expect(const char *expression, const char *value, const char *note)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r;
	g_autofree char *got = value_of(expression, &r, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(got, ==, value);
	if (note && !kit_noted(r, note))
		g_error("[%s]: no note says \"%s\"", expression, note);
	arm_result_free(r);
}

static void refused(const char *expression, const char *part)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r;
	g_autofree char *got = value_of(expression, &r, &error);

	g_assert_null(got);
	if (!strstr(error->message, part))
		g_error("expected \"%s\" in: %s", part, error->message);
}

static void test_decides(void)
{
	expect("if(empty(" ADDRESS "), 'a', 'b')", "\"a\"",
	       "output 'x': the condition of an if() depends on empty(reference('card').ipConfigurations[0].properties."
	       "privateIPAddress), which only a real deployment knows: its first branch is taken");
	expect("if(equals(" ADDRESS ", 'x'), 1, 2)", "1", "the condition of an if() depends on equals(");
	expect("filter(createArray(1, 2), lambda('n', equals(" ADDRESS ", lambdaVariables('n'))))", "[1,2]",
	       "the item is kept");
	expect("createObject(" ADDRESS ", 1)", "{\"<unknown: " ADDRESS ">\":1}", "the name of a member depends on");
	expect("coalesce(" ADDRESS ", 'x')", "\"<unknown: " ADDRESS ">\"", "it is taken as not null");
	/* what is certain whatever the value is, is not unknown */
	expect("or(true(), equals(" ADDRESS ", 'x'))", "true", NULL);
	expect("and(equals(" ADDRESS ", 'x'), false())", "false", NULL);
	expect("equals(" ADDRESS ", " ADDRESS ")", "true", NULL);
	expect("contains(createArray(" ADDRESS ", 'b'), 'b')", "true", NULL);
	expect("length(createArray(" ADDRESS ", 'b'))", "2", NULL);
}

static void test_carried(void)
{
	expect(ADDRESS, "\"<unknown: " ADDRESS ">\"", "is known only to a real deployment");
	expect("concat('a-', " ADDRESS ", '-b')", "\"a-<unknown: " ADDRESS ">-b\"", NULL);
	expect("format('{0}:{1}', " ADDRESS ", 80)", "\"<unknown: " ADDRESS ">:80\"", NULL);
	expect("join(createArray('x', " ADDRESS "), ',')", "\"x,<unknown: " ADDRESS ">\"", NULL);
	expect("string(createArray(" ADDRESS "))", "\"[\\\"<unknown: " ADDRESS ">\\\"]\"", NULL);
	expect("toUpper(" ADDRESS ")", "\"<unknown: toUpper(" ADDRESS ")>\"", NULL);
	expect("listKeys('card', '2020-05-01').keys[0].value",
	       "\"<unknown: listKeys('card', '2020-05-01').keys[0].value>\"", NULL);
	expect("add(int(" ADDRESS "), 1)", "\"<unknown: add(int(" ADDRESS "), 1)>\"", NULL);
	expect("map(listKeys('card', '1').keys, lambda('k', 1))",
	       "\"<unknown: map(<unknown: listKeys('card', '1').keys>, ...)>\"", NULL);
	expect("resourceId('A.B/c', concat('x', " ADDRESS "))",
	       "\"/subscriptions/contoso/resourceGroups/prod/providers/A.B/c/x<unknown: " ADDRESS ">\"", NULL);
	expect("deployer().objectId", "\"<unknown: deployer().objectId>\"", NULL);
	expect("resourceGroup().tags.owner", "\"<unknown: resourceGroup().tags.owner>\"", NULL);
	expect("tryGet(reference('card'), 'more')", "\"<unknown: reference('card').more>\"", NULL);
}

static void test_typed(void)
{
	refused("add(toUpper(" ADDRESS "), 1)", "add(): argument 1 must be a whole number, not of type string");
	refused("concat('a', listKeys('card', '1'))", "argument 2 is of type object among strings");
	refused("map(toUpper(" ADDRESS "), lambda('k', 1))", "argument 1 must be of type array, not string");
	refused("if(length(listKeys('card', '1').keys), 1, 2)",
	        "if(): argument 1 must be true or false, not of type int");
}

static void test_places(void)
{
	const char *text =
	        "{\"resources\":[" CARD ",\n"
	        "{\"type\":\"A.B/c\",\"name\":\"[concat('n', " ADDRESS ")]\"},\n"
	        "{\"type\":\"A.B/c\",\"name\":\"m\",\"condition\":\"[equals(" ADDRESS ", 1)]\"},\n"
	        "{\"type\":\"A.B/c\",\"name\":\"[concat('l', copyIndex())]\",\"copy\":{\"name\":\"l\",\"count\":\"["
	        "length(reference('card').list)]\"}}]}";
	g_autoptr(GError) error = NULL;
	struct arm_result *r = kit_evaluate(text, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(r->documents->len, ==, 4);
	g_assert_true(kit_noted(r, "t.json:2: resource $.resources[1]: \"name\" depends on"));
	g_assert_true(kit_noted(r, "t.json:3: resource $.resources[2]: its condition depends on"));
	g_assert_true(kit_noted(r, "t.json:4: resource $.resources[3]: the count of a copy loop depends on"));
	for (guint i = 0; i < r->documents->len; i++)
		g_assert_cmpint(node_get(((struct document *)r->documents->pdata[i])->resource, "name")->type, ==,
		                NODE_STRING);
	arm_result_free(r);
}

static void test_answers(void)
{
	expect("reference('card').provisioningState", "\"Succeeded\"", NULL);
	expect("reference('card').ipConfigurations[0].id",
	       "\"/subscriptions/contoso/resourceGroups/prod/providers/Microsoft.Network/networkInterfaces/card/"
	       "ipConfigurations/first\"",
	       NULL);
	expect("reference('card', '2020-05-01', 'Full').resourceGroupName", "\"prod\"", NULL);
	expect("reference('card', '2020-05-01', 'Full').apiVersion", "\"2020-05-01\"", NULL);
	g_autoptr(GError) error = NULL;
	struct arm_result *r = kit_evaluate(
	        "{\"resources\":[{\"type\":\"Microsoft.Network/publicIPAddresses\",\"name\":\"p\",\"location\":\"West "
	        "Europe\",\"properties\":{\"dnsSettings\":{\"domainNameLabel\":\"Shop\"}}}],\"outputs\":{\"x\":{"
	        "\"type\":\"string\",\"value\":\"[reference('p').dnsSettings.fqdn]\"}}}",
	        NULL, &error);
	g_assert_no_error(error);
	g_autofree char *got = kit_output(r, "x");
	g_assert_cmpstr(got, ==, "\"shop.westeurope.cloudapp.azure.com\"");
	arm_result_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/arm/unknown/decides", test_decides);
	g_test_add_func("/arm/unknown/carried", test_carried);
	g_test_add_func("/arm/unknown/typed", test_typed);
	g_test_add_func("/arm/unknown/places", test_places);
	g_test_add_func("/arm/unknown/answers", test_answers);
	return g_test_run();
}
