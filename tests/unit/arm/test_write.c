/* SPDX-License-Identifier: Apache-2.0 */
/* The way back: what is written evaluates to the very documents that it was made of, and holds no secret. */
#include "kit.h"
#include <string.h>

static const struct arm_scope scope = {"contoso", "prod", "north", "main"};

static struct arm_result *evaluate(struct node *template, const struct node *given, const struct node *overrides)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r =
	        arm_evaluate(template, "t.json", (struct arm_parameters[]){{given, "p.json"}, {NULL, NULL}}, overrides,
	                     &scope, TRUE, &error);

	if (!r)
		g_error("%s", error->message);
	return r;
}

static GPtrArray *twins_of(struct node *template, const struct node *given, const struct arm_result *r)
{
	g_autoptr(node) other = arm_other_secrets(r->secure);
	struct arm_result *t = evaluate(template, given, other);
	GPtrArray *twins = g_ptr_array_new_with_free_func((GDestroyNotify)node_unref);

	g_assert_cmpuint(t->documents->len, ==, r->documents->len);
	for (guint i = 0; i < t->documents->len; i++)
		g_ptr_array_add(twins, node_ref(((struct document *)t->documents->pdata[i])->resource));
	arm_result_free(t);
	return twins;
}

static struct document *find(const GPtrArray *documents, const char *id)
{
	for (guint i = 0; i < documents->len; i++)
		if (strcmp(((struct document *)documents->pdata[i])->id, id) == 0)
			return documents->pdata[i];
	return NULL;
}

/* Writes, reads back with the secrets given, compares. The text of the template; the caller's. */
static char *round_trip(struct node *template, const struct node *given)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r = evaluate(template, given, NULL), *again;
	g_autoptr(GPtrArray) twins = twins_of(template, given, r);
	g_autoptr(node) other = arm_other_secrets(r->secure), values = NULL;
	struct arm_writing w = {r->documents, twins, r->secure, other, r->secrets, scope.subscription, scope.group};
	g_autoptr(node) written = arm_write(&w, &values);
	char *text = node_print(written, TRUE);
	g_autoptr(node) read = node_parse(text, strlen(text), "written", &error);

	g_assert_no_error(error);
	again = arm_evaluate(read, "written", NULL, values, &scope, FALSE, &error);
	if (!again)
		g_error("%s\n%s", error->message, text);
	for (guint i = 0; i < r->documents->len; i++) {
		struct document *d = r->documents->pdata[i], *e = find(again->documents, d->id);

		if (!e || strcmp(d->type, e->type) != 0 || !node_equal(d->resource, e->resource))
			g_error("%s comes back changed\n%s", d->id, text);
	}
	g_assert_cmpuint(again->documents->len, ==, r->documents->len);
	for (guint i = 0; i < r->secrets->len; i++)
		if (strstr(text, r->secrets->pdata[i]))
			g_error("'%s' is a secret and written out", (char *)r->secrets->pdata[i]);
	arm_result_free(again);
	arm_result_free(r);
	return text;
}

static char *round_trip_text(const char *quoted, const char *given)
{
	g_autofree char *json = g_strdelimit(g_strdup(quoted), "`", '"');
	g_autofree char *values = g_strdelimit(g_strdup(given ? given : "{}"), "`", '"');
	g_autoptr(GError) error = NULL;
	g_autoptr(node) template = node_parse(json, strlen(json), "t.json", &error);
	g_autoptr(node) parameters = node_parse(values, strlen(values), "p.json", &error);

	g_assert_no_error(error);
	return round_trip(template, parameters);
}

#define RESOURCE(name, more) "{`type`: `A.B/c`, `apiVersion`: `1`, `name`: `" name "`, `properties`: {" more "}}"

/* No secret gets out: whole, within a text, encoded, in an object, or where it only decides what is there. */
static void test_secrets(void)
{
	g_autofree char *text = round_trip_text(
	        "{`parameters`: {`p`: {`type`: `secureString`}, `o`: {`type`: `secureObject`}, "
	        "`q`: {`type`: `secureString`, `defaultValue`: `or`}},"
	        "`resources`: [" RESOURCE(
	                "x",
	                "`whole`: `[parameters('p')]`, `within`: `[concat('it''s ', parameters('p'), '!')]`,"
	                "`encoded`: `[base64(parameters('p'))]`, `again`: `[base64(parameters('p'))]`,"
	                "`deep`: `[parameters('o').a.b]`, `number`: `[parameters('o').n]`,"
	                "`short`: `[concat(parameters('q'), 'chard')]`, `other`: `orchard`,"
	                "`list`: `[if(startsWith(parameters('p'), 'hunter'), createArray('yes'), createArray())]`") "]"
	                                                                                                            "}",
	        "{`p`: {`value`: `hunter2secret`}, `o`: {`value`: {`a`: {`b`: `deepsecret`}, `n`: 31337}}}");

	g_assert_null(strstr(text, "31337"));
	g_assert_null(strstr(text, "aHVudGVy"));
	g_assert_null(strstr(text, "\"yes\""));
	g_assert_nonnull(strstr(text, "\"whole\": \"[parameters('p')]\""));
	g_assert_nonnull(strstr(text, "[concat('it''s ', parameters('p'), '!')]"));
	g_assert_nonnull(strstr(text, "\"deep\": \"[parameters('o')['a']['b']]\""));
	g_assert_nonnull(strstr(text, "\"other\": \"orchard\""));
	g_assert_nonnull(strstr(text, "[concat(parameters('q'), 'chard')]"));
	g_assert_nonnull(strstr(text, "\"encoded\": \"[parameters('secureValue1')]\""));
	g_assert_nonnull(strstr(text, "\"again\": \"[parameters('secureValue1')]\""));
}

/* A nested deployment's own secret is one too. */
static void test_nested_secret(void)
{
	g_autofree char *text = round_trip_text(
	        "{`resources`: [{`type`: `Microsoft.Resources/deployments`, `apiVersion`: `1`, `name`: `n`, "
	        "`resourceGroup`: `other`, `properties`: {`mode`: `Incremental`, `expressionEvaluationOptions`: "
	        "{`scope`: "
	        "`inner`}, `parameters`: {`s`: {`value`: `inner-secret`}}, `template`: {`parameters`: {`s`: {`type`: "
	        "`secureString`}}, `resources`: [" RESOURCE("y", "`a`: `[concat('x', parameters('s'))]`") "]}}}]}",
	        NULL);

	g_assert_null(strstr(text, "inner-secret"));
}

/* Strings that look like the language's own are only strings. */
static void test_strings(void)
{
	g_autofree char *text = round_trip_text(
	        "{`resources`: [" RESOURCE(
	                "x",
	                "`a`: `[[parameters('none')]`, `b`: `[`, `c`: `[[]`, `d`: `[[[x]`, `e`: `[x] y`, "
	                "`f`: `/subscriptions/contoso/resourceGroups/prod/providers/A.B/c/it's`, `g`: `]`, "
	                "`h`: `/subscriptions/contoso/resourceGroups/prod/providers/A.B/c`, `i`: ``, `[[k]`: 1, "
	                "`j`: `/subscriptions/Contoso/resourceGroups/prod/providers/A.B/c/x`, `n`: null, `r`: 1.5, "
	                "`u`: `[reference('A.B/c/none', '1').key]`") "]}",
	        NULL);

	g_assert_nonnull(strstr(text, "\"f\": \"[resourceId('A.B/c', 'it''s')]\""));
}

/* Other groups, children, circles of references, a resource upon another. */
static void test_shape(void)
{
	static const char peers[] =
	        "{`resources`: [" RESOURCE("a", "`peer`: {`id`: `[resourceId('A.B/c', 'b')]`}") "," RESOURCE(
	                "b",
	                "`peer`: {`id`: `[resourceId('A.B/c', 'a')]`}") ","
	                                                                "{`type`: `A.B/c/d`, `apiVersion`: `1`, "
	                                                                "`name`: `a/child`, `properties`: {}},"
	                                                                "{`type`: `A.L/locks`, `apiVersion`: `1`, "
	                                                                "`name`: `lock`, `scope`: `A.B/c/a`, "
	                                                                "`properties`: {}},"
	                                                                "{`type`: `Microsoft.Resources/deployments`, "
	                                                                "`apiVersion`: `1`, `name`: `n`, "
	                                                                "`resourceGroup`: `other`, "
	                                                                "`subscriptionId`: `fabrikam`, `properties`: "
	                                                                "{`mode`: `Incremental`, `template`: "
	                                                                "{`resources`: [" RESOURCE("z", "") "]}}}]}";
	g_autofree char *text = round_trip_text(peers, NULL);

	g_assert_nonnull(strstr(text, "\"resourceGroup\": \"other\""));
	g_assert_nonnull(strstr(text, "\"subscriptionId\": \"fabrikam\""));
	g_assert_nonnull(strstr(text, "\"name\": \"a/child\""));
	g_assert_nonnull(strstr(text, "\"scope\": \"A.B/c/a\""));
}

static guint corpus_one(const char *folder)
{
	g_autofree char *file = g_build_filename(folder, "azuredeploy.json", NULL);
	g_autofree char *given = g_build_filename(folder, "azuredeploy.parameters.json", NULL);
	g_autoptr(node) template = NULL;
	g_autoptr(node) parameters = NULL;

	if (!g_file_test(file, G_FILE_TEST_EXISTS))
		return 0;
	template = node_parse_file(file, NULL);
	if (g_file_test(given, G_FILE_TEST_EXISTS))
		parameters = node_parse_file(given, NULL);
	g_free(round_trip(template, parameters));
	return 1;
}

static void test_corpus(void)
{
	kit_corpus(corpus_one);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/write/secrets", test_secrets);
	g_test_add_func("/write/nested-secret", test_nested_secret);
	g_test_add_func("/write/strings", test_strings);
	g_test_add_func("/write/shape", test_shape);
	g_test_add_func("/write/corpus", test_corpus);
	return g_test_run();
}
