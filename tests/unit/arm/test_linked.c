/* SPDX-License-Identifier: Apache-2.0 */
/* Linked templates: files beside the template are read, nothing else is, and a note says so. */
#include "kit.h"
#include <glib/gstdio.h>
#include <string.h>

#define LINK(name, link)                                                                                               \
	"{\"type\":\"Microsoft.Resources/deployments\",\"apiVersion\":\"2020-10-01\",\"name\":\"" name                 \
	"\",\"properties\":{\"mode\":\"Incremental\",\"templateLink\":{" link                                          \
	"},\"parameters\":{\"n\":{\"value\":\"" name "\"}}}}"
#define RELATIVE(path) "\"relativePath\":\"" path "\""
#define CHILD                                                                                                          \
	"{\"parameters\":{\"n\":{\"type\":\"string\"}},\"resources\":[{\"type\":\"A.B/"                                \
	"c\",\"name\":\"[parameters('n')]"                                                                             \
	"\"}],\"outputs\":{\"o\":{\"type\":\"string\",\"value\":\"[concat(parameters('n'), '!')]\"}}}"

struct folder {
	char *outside, *path; /* the folder lies in `outside` */
};

static void put(const struct folder *f, const char *name, const char *text)
{
	g_autofree char *file = g_build_filename(f->path, name, NULL);
	g_autofree char *directory = g_path_get_dirname(file);

	g_mkdir_with_parents(directory, 0700);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void set_up(struct folder *f, gconstpointer unused)
{
	(void)unused;
	f->outside = g_dir_make_tmp("escarp-linked-XXXXXX", NULL);
	f->path = g_build_filename(f->outside, "in", NULL);
	put(f, "nested/child.json", CHILD);
	put(f, "../secret.json", CHILD);
}

static void tear_down(struct folder *f, gconstpointer unused)
{
	char *argv[] = {(char *)"rm", (char *)"-rf", f->outside, NULL};

	(void)unused;
	g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
	g_free(f->outside);
	g_free(f->path);
}

static struct arm_result *evaluate(const struct folder *f, const char *resources, GError **error)
{
	const struct arm_scope scope = {.subscription = "s", .group = "g", .deployment = "d", .directory = f->path};
	g_autofree char *text = g_strdup_printf(
	        "{\"parameters\":{\"_artifactsLocation\":{\"type\":\"string\",\"defaultValue\":\"https://x.invalid/a/"
	        "\"},"
	        "\"token\":{\"type\":\"securestring\",\"defaultValue\":\"?sv=1234567\"}},\"resources\":[%s]}",
	        resources);
	g_autoptr(node) template = node_parse(text, strlen(text), "t.json", error);

	g_assert_nonnull(template);
	return arm_evaluate(template, "t.json", NULL, NULL, &scope, FALSE, error);
}

/* Nothing is read, and the note says what. */
static void not_read(struct folder *f, const char *link, const char *note)
{
	g_autofree char *resources = g_strdup_printf(LINK("x", "%s"), link);
	g_autoptr(GError) error = NULL;
	struct arm_result *r = evaluate(f, resources, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(r->documents->len, ==, 0);
	if (!kit_noted(r, note))
		g_error("%s: no note says \"%s\"", link, note);
	g_assert_false(kit_noted(r, "1234567"));
	arm_result_free(r);
}

static void test_stays_inside(struct folder *f, gconstpointer unused)
{
	g_autofree char *link = g_build_filename(f->path, "link.json", NULL);
	g_autofree char *absolute = g_strdup_printf("\"uri\":\"file://%s/nested/child.json\"", f->path);

	(void)unused;
	g_assert_cmpint(symlink("../secret.json", link), ==, 0);
	not_read(f, RELATIVE("../secret.json"), "'../secret.json' is not a file in the folder of the template");
	not_read(f, RELATIVE("nested/../../secret.json"), "is not a file in the folder");
	not_read(f, RELATIVE("link.json"), "'link.json' is not there");
	not_read(f, RELATIVE("nested"), "is not there");
	not_read(f, RELATIVE("missing.json"), "is not there");
	not_read(f, absolute, "is not a file in the folder");
	not_read(f, "\"uri\":\"https://elsewhere.invalid/nested/child.json\"", "is not a file in the folder");
	not_read(f, "\"uri\":\"https://templates.invalid/%2e%2e/secret.json\"", "is not a file in the folder");
	not_read(f, "\"uri\":\"[concat('https://elsewhere.invalid/x.json', parameters('token'))]\"", "x.json' is not");
	not_read(f, "\"id\":\"/subscriptions/s/x\"", "is not a file in the folder");
}

static void followed(struct folder *f, const char *link)
{
	g_autofree char *resources = g_strdup_printf(LINK("x", "%s"), link);
	g_autoptr(GError) error = NULL;
	struct arm_result *r = evaluate(f, resources, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(r->documents->len, ==, 1);
	struct document *d = r->documents->pdata[0];
	g_assert_cmpstr(d->file, ==, "nested/child.json");
	g_assert_cmpstr(d->path, ==, "$.resources[0]");
	g_assert_cmpstr(d->name, ==, "x");
	arm_result_free(r);
}

static void test_followed(struct folder *f, gconstpointer unused)
{
	(void)unused;
	followed(f, RELATIVE("nested/child.json"));
	followed(f, RELATIVE("./nested//child.json"));
	followed(f, "\"uri\":\"[uri(deployment().properties.templateLink.uri, 'nested/child.json')]\"");
	followed(f, "\"uri\":\"[uri(parameters('_artifactsLocation'), concat('nested/child.json', "
	            "parameters('token')))]\"");
}

static void test_chain(struct folder *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	/* a link is relative to the file that it stands in */
	put(f, "nested/middle.json", "{\"resources\":[" LINK("deep", RELATIVE("child.json")) "]}");
	struct arm_result *r = evaluate(f, LINK("x", RELATIVE("nested/middle.json")), &error);
	g_assert_no_error(error);
	g_assert_cmpuint(r->documents->len, ==, 1);
	arm_result_free(r);
}

static void test_broken(struct folder *f, gconstpointer unused)
{
	static const struct {
		const char *text, *part;
	} files[] = {
	        {"{\"resources\":[", "bad.json:1:15"},
	        {"[]", "bad.json is not a deployment template"},
	        {"{\"resources\":[" LINK("again", RELATIVE("bad.json")) "]}", "bad.json links to itself"},
	        {"{\"resources\":[\n{\"type\":\"A.B/c\",\"name\":\"[nope()]\"}]}",
	         "bad.json:2:24: resource $.resources[0]: "
	         "unknown function 'nope'"},
	};

	(void)unused;
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GError) error = NULL;
		put(f, "bad.json", files[i].text);
		g_assert_null(evaluate(f, LINK("x", RELATIVE("bad.json")), &error));
		if (!strstr(error->message, files[i].part))
			g_error("expected \"%s\" in: %s", files[i].part, error->message);
	}
}

/* Two files that link to each other. */
static void test_circle(struct folder *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	put(f, "a.json", "{\"resources\":[" LINK("b", RELATIVE("b.json")) "]}");
	put(f, "b.json", "{\"resources\":[" LINK("a", RELATIVE("a.json")) "]}");
	g_assert_null(evaluate(f, LINK("x", RELATIVE("a.json")), &error));
	g_assert_nonnull(strstr(error->message,
	                        "b.json:1:15: resource 'a' ($.resources[0]): the linked template a.json "
	                        "links to itself"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/arm/linked/" name, struct folder, NULL, set_up, function, tear_down)
	ADD("stays-inside", test_stays_inside);
	ADD("followed", test_followed);
	ADD("chain", test_chain);
	ADD("broken", test_broken);
	ADD("circle", test_circle);
	return g_test_run();
}
