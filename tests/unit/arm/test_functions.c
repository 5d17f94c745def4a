/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of the template language: values, and wrong counts, types and ranges. A row that starts with "!"
 * fails. */
#include "kit.h"
#include <string.h>

struct row {
	const char *expression;
	const char *expected; /* printed JSON, or "!" and a part of the error */
};

static void check(gconstpointer data)
{
	for (const struct row *r = data; r->expression; r++) {
		g_autofree char *got = kit_expression(r->expression);
		if (r->expected[0] == '!' ? g_str_has_prefix(got, "error: ") && strstr(got, r->expected + 1)
		                          : strcmp(got, r->expected) == 0)
			continue;
		g_test_message("[%s]: expected %s but got %s", r->expression, r->expected, got);
		g_test_fail();
	}
}

static const struct row syntax[] = {
        {"concat('a'", "!expected ',' or ')'"},
        {"'abc", "!without its closing"},
        {"nothing('x')", "!unknown function 'nothing'"},
        {"concat", "!expected '('"},
        {"'a' 'b'", "!something follows"},
        {"createObject('a',1).b", "!no member 'b'; there are: 'a'"},
        {"createArray(1)[1]", "!outside an array of 1"},
        {"createArray(1)['x']", "!an index must be a number"},
        {"'x'.y", "!of type string"},
        {"99999999999999999999", "!out of range"},
        {"concat('a',)", "!expected a function"},
        {"", "!expected a function"},
        {"'it''s'", "\"it's\""},
        {" CONCAT ( 'a' , 'b' ) ", "\"ab\""},
        {"-5", "-5"},
        {"createObject('a',createArray(1,createObject('b',2))).a[1].B", "2"},
        {"createObject('a',1)['a']", "1"},
        {"createObject('a',1).?b", "null"},
        {"createArray(1)[?3]", "null"},
        {NULL},
};

static const struct row strings[] = {
        {"toLower(1)", "!argument 1 must be a string, not of type int"},
        {"toLower()", "!takes 1 arguments, not 0"},
        {"concat()", "!at least 1"},
        {"concat('a', createArray())", "!among strings"},
        {"concat(createArray(1), 'a')", "!must be an array"},
        {"padLeft('a', 5, 'xy')", "!one character"},
        {"padLeft('a', 99999999)", "!from 0 to 65536"},
        {"padLeft(true(), 2)", "!string or a number"},
        {"replace('a', '', 'b')", "!must not be empty"},
        {"split('a', 1)", "!an array or a string"},
        {"substring('abc', 2, 2)", "!do not lie within the 3"},
        {"substring('abc', -1)", "!do not lie within"},
        {"format('{1}', 'a')", "!only 1 values"},
        {"format('{', 'a')", "!must be followed by a number"},
        {"format('{0:Q}', 1)", "!not known"},
        {"join('a', 'b')", "!must be an array"},
        {"startsWith('a', 1)", "!argument 2 must be a string"},
        {"concat('a', 1, true())", "\"a1True\""},
        {"concat(createArray(1), createArray(2))", "[1,2]"},
        {"toUpper('ab\xc3\xa9')", "\"AB\xc3\x89\""},
        {"trim(' a b ')", "\"a b\""},
        {"string(createObject('a', 1))", "\"{\\\"a\\\":1}\""},
        {"string(5)", "\"5\""},
        {"padLeft(7, 3, '0')", "\"007\""},
        {"padLeft('abcd', 3)", "\"abcd\""},
        {"replace('a.b.c', '.', '')", "\"abc\""},
        {"split('a,b;c', createArray(',', ';'))", "[\"a\",\"b\",\"c\"]"},
        {"split('a', ',')", "[\"a\"]"},
        {"substring('h\xc3\xa9llo', 1, 2)", "\"\xc3\xa9l\""},
        {"substring('abc', 3)", "\"\""},
        {"startsWith('Abc', 'aB')", "true"},
        {"endsWith('Abc', 'C')", "true"},
        {"indexOf('abcb', 'B')", "1"},
        {"lastIndexOf('abcb', 'B')", "3"},
        {"indexOf('abc', 'x')", "-1"},
        {"indexOf(createArray('a','b'), 'b')", "1"},
        {"join(createArray('a', 1), '-')", "\"a-1\""},
        {"format('{0}-{1}-{{x}}', 'a', 2)", "\"a-2-{x}\""},
        {"format('{0,4}|{0,-4}|{1:D3}|{1:X2}|{2:N0}', 'a', 10, 1234567)", "\"   a|a   |010|0A|1,234,567\""},
        {NULL},
};

static const struct row arrays[] = {
        {"length(1)", "!must be an array, an object or a string"},
        {"first(createArray())", "null"},
        {"take('abc', 'x')", "!whole number"},
        {"range(0, 1000000000)", "!from 0 to 10000"},
        {"range('a', 1)", "!whole number"},
        {"indexFromEnd(createArray(1), 2)", "!outside an array of 1"},
        {"contains(1, 1)", "!must be an array"},
        {"pickZones('a', 'b', 'c', 4)", "!zones 1 to 3"},
        {"length('abc')", "3"},
        {"length(createObject('a', 1))", "1"},
        {"empty('')", "true"},
        {"empty(createArray(1))", "false"},
        {"empty(null())", "true"},
        {"contains(createArray(1, 'x'), 'x')", "true"},
        {"contains('abc', 'B')", "false"},
        {"contains(createObject('Ab', 1), 'aB')", "true"},
        {"first('abc')", "\"a\""},
        {"last(createArray(1, 2))", "2"},
        {"last('')", "\"\""},
        {"take(createArray(1, 2, 3), 2)", "[1,2]"},
        {"take('abc', 9)", "\"abc\""},
        {"skip('abc', 1)", "\"bc\""},
        {"skip(createArray(1, 2), -1)", "[1,2]"},
        {"range(3, 3)", "[3,4,5]"},
        {"array('a')", "[\"a\"]"},
        {"createArray()", "[]"},
        {"flatten(createArray(createArray(1, 2), createArray(3)))", "[1,2,3]"},
        {"indexFromEnd(createArray(1, 2), 1)", "2"},
        {"tryIndexFromEnd(createArray(1), 5)", "null"},
        {"pickZones('a', 'b', 'c', 2)", "[\"1\",\"2\"]"},
        {NULL},
};

static const struct row objects[] = {
        {"createObject('a')", "!takes pairs"},
        {"createObject(1, 2)", "!must be a string"},
        {"json('{')", "!json():1:2"},
        {"union(createArray(1), createObject())", "!must be an array"},
        {"intersection(createArray(1), 2)", "!must be an array"},
        {"items('a')", "!must be an object"},
        {"json('{\"a\":[1,null]}')", "{\"a\":[1,null]}"},
        {"json('null')", "null"},
        {"null()", "null"},
        {"union(createArray(1, 2), createArray(2, 3))", "[1,2,3]"},
        {"union(json('{\"a\":{\"b\":1}}'), json('{\"a\":{\"c\":2}}'))", "{\"a\":{\"b\":1,\"c\":2}}"},
        {"shallowMerge(createArray(json('{\"a\":{\"b\":1}}'), json('{\"a\":{\"c\":2}}')))", "{\"a\":{\"c\":2}}"},
        {"intersection(createArray(1, 2), createArray(2, 3))", "[2]"},
        {"intersection(json('{\"a\":1,\"b\":2}'), json('{\"a\":1,\"b\":3}'))", "{\"a\":1}"},
        {"objectKeys(json('{\"b\":1,\"a\":2}'))", "[\"a\",\"b\"]"},
        {"items(json('{\"b\":1}'))", "[{\"key\":\"b\",\"value\":1}]"},
        {"tryGet(json('{\"a\":[{\"b\":1}]}'), 'a', 0, 'b')", "1"},
        {"tryGet(json('{\"a\":1}'), 'x', 'y')", "null"},
        {NULL},
};

static const struct row numbers[] = {
        {"add('1', 1)", "!argument 1 must be a whole number, not of type string"},
        {"add(9223372036854775807, 1)", "!does not fit"},
        {"sub(-9223372036854775807, 2)", "!does not fit"},
        {"mul(9223372036854775807, 2)", "!does not fit"},
        {"div(1, 0)", "!division by zero"},
        {"mod(1, 0)", "!division by zero"},
        {"div(sub(-9223372036854775807, 1), -1)", "!does not fit"},
        {"int('x')", "!not a whole number"},
        {"int(createArray())", "!string or a number"},
        {"max(createArray())", "!of nothing"},
        {"float('x')", "!not a number"},
        {"add(1, 2)", "3"},
        {"sub(1, 2)", "-1"},
        {"mul(3, 4)", "12"},
        {"div(7, 2)", "3"},
        {"mod(7, 2)", "1"},
        {"mod(sub(-9223372036854775807, 1), -1)", "0"},
        {"max(1, 5, 3)", "5"},
        {"min(createArray(4, 2))", "2"},
        {"int('42')", "42"},
        {"int(2.9)", "2"},
        {"float('1.5')", "1.5"},
        {NULL},
};

static const struct row logic[] = {
        {"if('true', 1, 2)", "!must be true or false"},
        {"if(true(), 1)", "!takes 3 arguments"},
        {"and(1)", "!must be true or false"},
        {"not('a')", "!must be true or false"},
        {"bool('maybe')", "!must be true, false, 1 or 0"},
        {"less('a', 1)", "!both strings"},
        {"greater(createArray(), 1)", "!string or a number"},
        {"if(true(), 1, div(1, 0))", "1"},
        {"if(equals(1, 2), 'a', 'b')", "\"b\""},
        {"and(true(), true(), false())", "false"},
        {"and(false(), bool('maybe'))", "false"},
        {"or(false(), true())", "true"},
        {"xor(true(), true())", "false"},
        {"not(false())", "true"},
        {"bool('True')", "true"},
        {"bool(0)", "false"},
        {"coalesce(null(), 'a', div(1, 0))", "\"a\""},
        {"equals('A', 'a')", "false"},
        {"equals(createArray(1), createArray(1))", "true"},
        {"less(1, 2)", "true"},
        {"lessOrEquals(2, 2)", "true"},
        {"greater('b', 'a')", "true"},
        {"greaterOrEquals(1, 2)", "false"},
        {NULL},
};

static const struct row encodings[] = {
        {"base64ToString('%%%')", "!not base64"},
        {"base64ToString('gA==')", "!not UTF-8"},
        {"base64ToString('AA==')", "!not UTF-8"},
        {"dataUriToString('x')", "!not a data URI"},
        {"uriComponentToString('%zz')", "!broken"},
        {"uniqueString(1)", "!must be a string"},
        {"base64('abc')", "\"YWJj\""},
        {"base64ToString('YWJj')", "\"abc\""},
        {"base64ToJson(base64('[1]'))", "[1]"},
        {"dataUriToString(dataUri('a b'))", "\"a b\""},
        {"uriComponent('a b/c')", "\"a%20b%2Fc\""},
        {"uriComponentToString('a%20b')", "\"a b\""},
        {"uri('https://h/a/b.json', 'n/c.json')", "\"https://h/a/n/c.json\""},
        {"uri('https://h/a/', 'c.json')", "\"https://h/a/c.json\""},
        {"length(uniqueString('a'))", "13"},
        {"equals(uniqueString('a', 'bc'), uniqueString('a', 'bc'))", "true"},
        {"equals(uniqueString('a', 'bc'), uniqueString('ab', 'c'))", "false"},
        {"length(guid('a'))", "36"},
        {"equals(guid('a'), guid('b'))", "false"},
        {"length(newGuid())", "36"},
        {NULL},
};

static const struct row scopes[] = {
        {"resourceId('Microsoft.Network/virtualNetworks')", "!at least 2"},
        {"resourceId('Microsoft.Network/virtualNetworks', 'a', 'b')", "!needs 1 names"},
        {"resourceId('Microsoft.Network/virtualNetworks', 1)", "!must be a string"},
        {"copyIndex()", "!outside of a copy loop"},
        {"copyIndex('x')", "!no loop of this name"},
        {"parameters('x')", "!no parameter 'x'"},
        {"variables('x')", "!no variable 'x'"},
        {"resourceId('Microsoft.Network/virtualNetworks/', 'v')",
         "\"/subscriptions/contoso/resourceGroups/prod/providers/Microsoft.Network/virtualNetworks/v\""},
        {"resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')",
         "\"/subscriptions/contoso/resourceGroups/prod/providers/Microsoft.Network/virtualNetworks/v/subnets/s\""},
        {"resourceId('g', 'A.B/c', 'n')", "\"/subscriptions/contoso/resourceGroups/g/providers/A.B/c/n\""},
        {"resourceId('s', 'g', 'A.B/c', 'n')", "\"/subscriptions/s/resourceGroups/g/providers/A.B/c/n\""},
        {"subscriptionResourceId('A.B/c', 'n')", "\"/subscriptions/contoso/providers/A.B/c/n\""},
        {"tenantResourceId('A.B/c', 'n')", "\"/providers/A.B/c/n\""},
        {"extensionResourceId('/x/', 'A.B/c', 'n')", "\"/x/providers/A.B/c/n\""},
        {"resourceGroup().location", "\"north\""},
        {"resourceGroup().name", "\"prod\""},
        {"subscription().subscriptionId", "\"contoso\""},
        {"deployment().name", "\"main\""},
        {"environment().suffixes.storage", "\"core.windows.net\""},
        {"tenant().tenantId", "\"00000000-0000-0000-0000-000000000000\""},
        {"reference('nowhere').ip", "\"<unknown: reference('nowhere').ip>\""},
        {"concat('a-', listKeys('x', '2019').keys[0].value)", "\"a-<unknown: listKeys('x', '2019').keys[0].value>\""},
        {"length(reference('nowhere').list)", "\"<unknown: length(reference('nowhere').list)>\""},
        {"providers('A.B').x", "\"<unknown: providers('A.B').x>\""},
        {NULL},
};

static const struct row dates[] = {
        {"dateTimeAdd('x', 'P1D')", "!not a date"},
        {"dateTimeAdd('2024-01-01T00:00:00Z', '1D')", "!not a duration"},
        {"dateTimeAdd('2024-01-01T00:00:00Z', 'P99999999Y')", "!out of range"},
        {"dateTimeToEpoch('x')", "!not a date"},
        {"utcNow()", "\"20240101T000000Z\""},
        {"utcNow('yyyy-MM-dd')", "\"2024-01-01\""},
        {"dateTimeAdd('2024-01-31T12:00:00Z', 'P1M')", "\"2024-02-29T12:00:00Z\""},
        {"dateTimeAdd(utcNow('u'), '-PT90M', 'HH:mm')", "\"22:30\""},
        {"dateTimeToEpoch('1970-01-02T00:00:00Z')", "86400"},
        {"dateTimeFromEpoch(86400)", "\"1970-01-02T00:00:00Z\""},
        {NULL},
};

static const struct row lambdas[] = {
        {"map(1, lambda('x', 1))", "!must be of type array"},
        {"map(createArray(1), 2)", "!must be lambda"},
        {"lambda('x', 1)", "!stands only as an argument"},
        {"lambdaVariables('x')", "!no lambda around"},
        {"filter(createArray(1), lambda('x', 1))", "!must answer true or false"},
        {"toObject(createArray(1), lambda('x', 1))", "!key must be a string"},
        {"map(createArray(1, 2), lambda('x', add(lambdaVariables('x'), 1)))", "[2,3]"},
        {"filter(createArray(1, 2, 3), lambda('x', greater(lambdaVariables('x'), 1)))", "[2,3]"},
        {"reduce(createArray(1, 2, 3), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))", "6"},
        {"sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", "[1,2,3]"},
        {"toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')), lambda('x', 1))", "{\"a\":1,\"b\":1}"},
        {"groupBy(createArray('ab', 'ac', 'b'), lambda('x', first(lambdaVariables('x'))))",
         "{\"a\":[\"ab\",\"ac\"],\"b\":[\"b\"]}"},
        {"mapValues(createObject('a', 1), lambda('x', add(lambdaVariables('x'), 1)))", "{\"a\":2}"},
        {NULL},
};

static const struct row networks[] = {
        {"cidrSubnet('10.0.0.0/33', 24, 0)", "!is not a network like"},
        {"cidrSubnet('10.0.0.0/16', 8, 0)", "!from 16 to 32"},
        {"cidrSubnet('10.0.0.0/16', 24, 256)", "!only 256"},
        {"cidrHost('10.0.0.0/30', 2)", "!outside the network"},
        {"parseCidr('10.0.0')", "!is not a network like"},
        {"cidrSubnet('10.0.0.0/16', 24, 255)", "\"10.0.255.0/24\""},
        {"cidrSubnet('0.0.0.0/0', 32, 4294967295)", "\"255.255.255.255/32\""},
        {"cidrHost('10.0.0.0/24', 3)", "\"10.0.0.4\""},
        {"parseCidr('10.0.1.7/24').lastUsable", "\"10.0.1.254\""},
        {NULL},
};

static const struct row more[] = {
        {"fail('no such tier')", "!fail(): no such tier"},
        {"if(true(), 1, fail('x'))", "1"},
        {"parseCidr('fdad:3236:5555::/48')",
         "{\"network\":\"fdad:3236:5555::\",\"netmask\":\"ffff:ffff:ffff::\",\"firstUsable\":\"fdad:3236:5555::\","
         "\"lastUsable\":\"fdad:3236:5555:ffff:ffff:ffff:ffff:ffff\",\"cidr\":48}"},
        {"cidrSubnet('fdad:3236:5555::/48', 52, 15)", "\"fdad:3236:5555:f000::/52\""},
        {"cidrSubnet('fdad:3236:5555::/48', 52, 16)", "!only 16 such subnets"},
        {"cidrSubnet('10.0.0.0/24', 23, 0)", "!from 24 to 32"},
        {"cidrHost('fd00::/64', 255)", "\"fd00::ff\""},
        {"cidrHost('10.0.0.0/30', 2)", "!outside the network"},
        {"cidrHost('10.0.0.0/31', 1)", "\"10.0.0.1\""},
        {"parseUri('https://a.example:8080/x/y?z=1')",
         "{\"scheme\":\"https\",\"host\":\"a.example\",\"port\":8080,\"path\":\"/x/y\",\"query\":\"z=1\"}"},
        {"parseUri('x')", "!not an absolute URI"},
        {"buildUri(parseUri('https://a.example:8080/x/y?z=1'))", "\"https://a.example:8080/x/y?z=1\""},
        {"buildUri(createObject('scheme', 'https'))", "!a scheme and a host"},
        {"like('web-01', 'WEB-*')", "true"},
        {"like('web-01', '*x*')", "false"},
        {"guid('a', 'b')", "\"2d796349-8c7e-55ec-9624-54ece82ed031\""},
        {"range(2147483647, 2)", "!fit 32 bits"},
        {"last(createArray())", "null"},
        {"dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')", "\"2023-04-07 14:53:14Z\""},
        {"dateTimeAdd('20200407T145314Z', '-P9D')", "\"20200329T145314Z\""},
        {"dateTimeAdd('2024-01-31', 'P1M', 'yyyyMMdd')", "\"20240229\""},
        {"dateTimeAdd('2024-01-31', 'P1S')", "!not a duration"},
        {"reduce(createArray('a', 'b'), '', lambda('c', 'n', 'i', concat(lambdaVariables('c'), lambdaVariables('n'), "
         "lambdaVariables('i'))))",
         "\"a0b1\""},
        {"reduce(createArray(1), 0, lambda('c', 1))", "!takes 2 to 3 names"},
        {"sort(createArray('b', 'a', 'c'), lambda('x', 'y', less(lambdaVariables('x'), lambdaVariables('y'))))",
         "[\"a\",\"b\",\"c\"]"},
        {"groupBy(createArray('aa', 'b', 'ac'), lambda('x', first(lambdaVariables('x'))))",
         "{\"a\":[\"aa\",\"ac\"],\"b\":[\"b\"]}"},
        {"mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", "{\"a\":2}"},
        {"toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')), lambda('x', 'i', lambdaVariables('i')))",
         "{\"a\":0,\"b\":1}"},
        {"toLogicalZones('s', 'l', 'z')", "!argument 3 must be an array"},
        {"toLogicalZone('s', 'l', 'z')", "\"<unknown: toLogicalZone('s', 'l', 'z')>\""},
        {"tenantResourceId('A.B/c', 'x')", "\"/providers/A.B/c/x\""},
        {"extensionResourceId('/subscriptions/s', 'A.B/c', 'x')", "\"/subscriptions/s/providers/A.B/c/x\""},
        {"managementGroupResourceId('A.B/c', 'x')",
         "\"/providers/Microsoft.Management/managementGroups/tenant/providers/A.B/c/x\""},
        {"resourceId('A.B/c/d', 'x')", "!needs 2 names, but 1 follow"},
        {"listKeys()", "!listKeys() takes 1 to 3 arguments"},
        {"shallowMerge(createArray(1))", "!argument 1 must be an object"},
        {"json('null')", "null"},
        {NULL},
};

/* Every function that the statistics of many templates count is one of ours. */
static void test_table(void)
{
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autofree char *path =
	        g_build_filename(shared ? shared : "../shared", "corpus", "arm", "STATISTICS.txt", NULL);
	g_autofree char *text = NULL;
	g_autoptr(node) table = arm_functions();
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint listed = 0;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		g_test_skip("the statistics of real templates are not here");
		return;
	}
	for (guint i = 0; i < node_length(table); i++)
		g_hash_table_add(known, g_ascii_strdown(node_get_str(node_item(table, i), "name", ""), -1));
	g_auto(GStrv) lines = g_strsplit(strstr(text, "## functions: "), "\n", -1);
	for (char **line = lines + 1; *line && !g_str_has_prefix(*line, "##"); line++) {
		g_autofree char *name = g_strndup(*line, strcspn(*line, " "));
		if (!*name)
			continue;
		listed++;
		/* of list*() one row stands for all */
		if (!g_hash_table_contains(known, name) && !g_str_has_prefix(name, "list"))
			g_error("the table has no function '%s'", name);
	}
	g_assert_cmpuint(listed, >, 70);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/arm/syntax", syntax, check);
	g_test_add_data_func("/arm/functions/strings", strings, check);
	g_test_add_data_func("/arm/functions/arrays", arrays, check);
	g_test_add_data_func("/arm/functions/objects", objects, check);
	g_test_add_data_func("/arm/functions/numbers", numbers, check);
	g_test_add_data_func("/arm/functions/logic", logic, check);
	g_test_add_data_func("/arm/functions/encodings", encodings, check);
	g_test_add_data_func("/arm/functions/scopes", scopes, check);
	g_test_add_data_func("/arm/functions/dates", dates, check);
	g_test_add_data_func("/arm/functions/lambdas", lambdas, check);
	g_test_add_data_func("/arm/functions/networks", networks, check);
	g_test_add_data_func("/arm/functions/more", more, check);
	g_test_add_func("/arm/functions/table", test_table);
	return g_test_run();
}
