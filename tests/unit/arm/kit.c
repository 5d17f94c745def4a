/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include <string.h>

struct arm_result *kit_evaluate(const char *text, const char *parameters, GError **error)
{
	const struct arm_scope scope = {
	        .subscription = "contoso", .group = "prod", .location = "north", .deployment = "main"};
	g_autoptr(GError) bad = NULL;
	g_autoptr(node) template = node_parse(text, strlen(text), "t.json", &bad);
	g_autoptr(node) given = NULL;

	g_assert_no_error(bad);
	if (parameters)
		given = node_parse(parameters, strlen(parameters), "p.json", &bad);
	g_assert_no_error(bad);
	const struct arm_parameters list[] = {{given, "p.json"}, {NULL, NULL}};
	return arm_evaluate(template, "t.json", list, NULL, &scope, FALSE, error);
}

char *kit_output(const struct arm_result *r, const char *name)
{
	return node_print(node_get(node_get(r->outputs, name), "value"), FALSE);
}

char *kit_expression(const char *expression)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) template = node_object();
	struct node *outputs = node_object(), *x = node_object();
	const struct arm_scope scope = {
	        .subscription = "contoso", .group = "prod", .location = "north", .deployment = "main"};

	node_set(x, "value", node_stringf("[%s]", expression));
	node_set(outputs, "x", x);
	node_set(template, "outputs", outputs);
	node_set(template, "resources", node_array());
	struct arm_result *r = arm_evaluate(template, "t.json", NULL, NULL, &scope, FALSE, &error);
	if (!r)
		return g_strconcat("error: ", error->message, NULL);
	char *text = kit_output(r, "x");
	arm_result_free(r);
	return text;
}

void kit_fails(const char *text, const char *part)
{
	g_autoptr(GError) error = NULL;
	struct arm_result *r = kit_evaluate(text, NULL, &error);

	g_assert_null(r);
	g_assert_nonnull(error);
	if (!strstr(error->message, part))
		g_error("expected an error with \"%s\" but it says: %s", part, error->message);
}

struct document *kit_document(const struct arm_result *r, const char *id_end)
{
	for (guint i = 0; i < r->documents->len; i++) {
		struct document *d = r->documents->pdata[i];
		if (g_str_has_suffix(d->id, id_end))
			return d;
	}
	return NULL;
}

gboolean kit_noted(const struct arm_result *r, const char *part)
{
	for (guint i = 0; i < r->notes->len; i++)
		if (strstr(r->notes->pdata[i], part))
			return TRUE;
	return FALSE;
}

guint kit_corpus(guint (*one)(const char *folder))
{
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autofree char *folder = g_build_filename(shared ? shared : "../shared", "corpus", "arm", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	guint done = 0;

	if (!dir) {
		g_test_skip("the collection of real templates is not here");
		return 0;
	}
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		done += one(path);
	}
	g_assert_cmpuint(done, >=, 80);
	return done;
}
