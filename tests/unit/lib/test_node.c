/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader and writer: first what must not be read, each with its place and reason. */
#include "lib/fold.h"
#include "lib/node.h"
#include <glib/gstdio.h>
#include <string.h>

static const struct {
	const char *text;
	const char *error;
} refused[] = {
        {"", "f:1:1: expected a value but found the end of the file"},
        {"  \n ", "f:2:2: expected a value but found the end"},
        {"{", "f:1:2: expected a member name in double quotes but found the end"},
        {"{\"a\"}", "f:1:5: expected ':' after \"a\" but found '}'"},
        {"{\"a\":}", "f:1:6: expected a value but found '}'"},
        {"{\"a\":1 \"b\":2}", "f:1:8: expected ',' or '}' but found '\"'"},
        {"{a:1}", "f:1:2: expected a member name in double quotes"},
        {"{,}", "f:1:2: expected a member name"},
        {"[,]", "f:1:2: expected a value"},
        {"[1 2]", "f:1:4: expected ',' or ']'"},
        {"[1,,]", "f:1:4: expected a value"},
        {"[1]]", "f:1:4: expected the end of the file but found ']'"},
        {"'a'", "f:1:1: expected a value but found '''; strings need double quotes"},
        {"\"a", "f:1:1: this string never ends"},
        {"\"a\\", "f:1:3: the file ends inside a string"},
        {"\"\\x\"", "f:1:2: unknown escape"},
        {"\"\\u12\"", "f:1:2: \\u needs four"},
        {"\"ab\\u0000\"", "f:1:4: \\u0000 (NUL)"},
        {"\"\\ud800\"", "f:1:2: \\ud800 is half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", "f:1:2: \\ud800 is half"},
        {"\"\\udc00\"", "f:1:2: \\udc00 is the second half"},
        {"\"\x01\"", "f:1:2: control character U+0001"},
        {"[\"\xc3\xa9\xc3\xa9\", \xff]", "f:1:8: not valid UTF-8"},
        {"\"\xc0\x80\"", "not valid UTF-8"},
        {"\"\xed\xa0\x80\"", "not valid UTF-8"},
        {"01", "f:1:1: not a number"},
        {"-", "f:1:1: not a number"},
        {"1.", "f:1:1: not a number"},
        {"1e", "f:1:1: not a number"},
        {"+1", "f:1:1: expected a value"},
        {"NaN", "f:1:1: expected a value"},
        {"9223372036854775808", "f:1:1: the number 9223372036854775808 is out of range"},
        {"-9223372036854775809", "out of range"},
        {"1e400", "out of range"},
        {"truefalse", "expected a value"},
        {"True", "expected a value"},
        {"{\"a\":1,\n \"A\":2}", "f:2:2: the member \"A\" stands twice"},
        {"/* x", "f:1:1: this comment never ends"},
        {"/ 1", "f:1:1: a lone '/'"},
};

static void test_refused(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(node) n = node_parse(refused[i].text, strlen(refused[i].text), "f", &error);

		g_assert_null(n);
		if (!error || !strstr(error->message, refused[i].error))
			g_error("%s: expected \"%s\" but it says \"%s\"", refused[i].text, refused[i].error,
			        error ? error->message : "nothing");
		g_assert_true(error->domain == ESC_INPUT_ERROR);
	}
}

static void expect_error(const char *text, gsize length, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) n = node_parse(text, length, "f", &error);

	g_assert_null(n);
	if (!strstr(error->message, part))
		g_error("expected \"%s\" in: %s", part, error->message);
}

static void test_limits(void)
{
	g_autofree char *deep = g_strnfill(NODE_MAX_DEPTH + 1, '[');
	g_autofree char *big = g_strnfill(NODE_MAX_BYTES + 1, ' ');
	g_autofree char *digits = g_strnfill(5000, '7');

	expect_error(deep, strlen(deep), "nested deeper than 128");
	expect_error(big, NODE_MAX_BYTES + 1, "larger than");
	expect_error(digits, strlen(digits), "more than 400 characters");
	expect_error("[1,\0 2]", 7, "f:1:4: a NUL byte");

	GString *many = g_string_new("[");
	for (guint i = 0; i < NODE_MAX_NODES; i++)
		g_string_append(many, "0,");
	g_string_append(many, "0]");
	expect_error(many->str, many->len, "more than 4000000 values");
	g_string_free(many, TRUE);
}

/* A hundred thousand members, of which looking for a repeated one must not take a square of that. */
static void test_many_members(void)
{
	g_autoptr(GString) text = g_string_new("{");
	g_autoptr(GError) error = NULL;
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < 300000; i++)
		g_string_append_printf(text, "%s\"m%u\":%u", i ? "," : "", i, i);
	g_string_append(text, "}");
	g_autoptr(node) n = node_parse(text->str, text->len, "f", &error);
	g_assert_no_error(error);
	g_assert_cmpint(node_integer(node_get(n, "M299999"), 0), ==, 299999);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
}

static const struct {
	const char *text;
	const char *printed;
} accepted[] = {
        {"\xef\xbb\xbf{}", "{}"},
        {"// c\n[1, /* x */ 2,]// end", "[1,2]"},
        {"{\"a\":1,}", "{\"a\":1}"},
        {"\"a\nb\tc\"", "\"a\\nb\\tc\""},
        {"\"\\u00e9\\ud83d\\ude00\\/\\b\"", "\"\xc3\xa9\xf0\x9f\x98\x80/\\u0008\""},
        {"[-0, 1.50, 1e2, -9223372036854775808, 9223372036854775807]",
         "[0,1.5,100.0,-9223372036854775808,9223372036854775807]"},
        {"[true,false,null]", "[true,false,null]"},
        {"{\"z\":{},\"a\":[]}", "{\"z\":{},\"a\":[]}"},
};

static void test_accepted(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(accepted); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(node) n = node_parse(accepted[i].text, strlen(accepted[i].text), "f", &error);
		g_assert_no_error(error);
		g_autofree char *text = node_print(n, FALSE);
		g_assert_cmpstr(text, ==, accepted[i].printed);
		g_autofree char *pretty = node_print(n, TRUE);
		g_autoptr(node) again = node_parse(pretty, strlen(pretty), "f", &error);
		g_assert_no_error(error);
		g_assert_true(node_equal(n, again));
	}
}

static void test_places(void)
{
	const char *text = "{\n  \"\xc3\xa9\": \"x\", \"b\": [1,\n 2]}";
	g_autoptr(node) n = node_parse(text, strlen(text), "f", NULL);
	struct node *b = node_get(n, "b");

	g_assert_cmpuint(n->line, ==, 1);
	g_assert_cmpuint(node_get(n, "\xc3\xa9")->line, ==, 2);
	g_assert_cmpuint(node_get(n, "\xc3\xa9")->column, ==, 8); /* characters, not bytes */
	g_assert_cmpuint(b->column, ==, 18);
	g_assert_cmpuint(node_item(b, 1)->line, ==, 3);
	g_assert_cmpuint(node_item(b, 1)->column, ==, 2);
	g_autoptr(node) made = node_at(node_int(5), b);
	g_assert_cmpuint(made->line, ==, 2);
	g_autoptr(node) copy = node_copy(n);
	g_assert_cmpuint(node_item(node_get(copy, "b"), 1)->line, ==, 3);
}

static void test_objects(void)
{
	g_autoptr(node) o = node_object();

	for (int i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("Name%d", i);
		node_set(o, name, node_int(i));
	}
	node_set(o, "nAME3", node_string("new")); /* keeps its position and its spelling */
	g_assert_cmpstr(node_name(o, 3), ==, "Name3");
	g_assert_cmpstr(node_get_str(o, "NAME3", ""), ==, "new");
	node_remove(o, "name0");
	node_remove(o, "nobody");
	g_assert_cmpuint(node_length(o), ==, 19);
	g_assert_cmpint(node_integer(node_get(o, "name19"), 0), ==, 19);
	for (int i = 1; i < 15; i++) {
		g_autofree char *name = g_strdup_printf("Name%d", i);
		node_remove(o, name);
	}
	g_assert_null(node_get(o, "name7"));
	g_assert_cmpint(node_integer(node_get(o, "name17"), 0), ==, 17);
}

static void test_queries(void)
{
	const char *text = "{\"p\":{\"q\":{\"r\":\"7\"}},\"t\":\"TRUE\",\"a\":[1]}";
	g_autoptr(node) n = node_parse(text, strlen(text), "f", NULL);

	g_assert_cmpint(node_integer(node_find(n, "P.q.R"), 0), ==, 7);
	g_assert_null(node_find(n, "p.q.x.y"));
	g_assert_null(node_find(n, ""));
	g_assert_true(node_truth(node_get(n, "t"), FALSE));
	g_assert_true(node_truth(NULL, TRUE));
	g_assert_null(node_get(NULL, "a"));
	g_assert_null(node_get(node_get(n, "a"), "x"));
	g_assert_null(node_item(n, 0));
	g_assert_null(node_item(node_get(n, "a"), 1));
	g_assert_null(node_name(node_get(n, "a"), 0));
	g_assert_cmpuint(node_length(NULL), ==, 0);
	g_assert_cmpint(node_integer(node_get(n, "t"), -1), ==, -1);
	g_assert_cmpstr(node_str(node_get(n, "a"), "no"), ==, "no");
}

static void test_equal(void)
{
	static const struct {
		const char *a, *b;
		gboolean equal;
	} pairs[] = {
	        {"{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"A\":1}", TRUE},
	        {"[1,2]", "[2,1]", FALSE},
	        {"1", "1.0", TRUE},
	        {"\"a\"", "\"A\"", FALSE},
	        {"null", "false", FALSE},
	        {"{}", "[]", FALSE},
	        {"{\"a\":1}", "{\"b\":1}", FALSE},
	};

	for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(node) a = node_parse(pairs[i].a, strlen(pairs[i].a), "a", NULL);
		g_autoptr(node) b = node_parse(pairs[i].b, strlen(pairs[i].b), "b", NULL);
		g_assert_cmpint(node_equal(a, b), ==, pairs[i].equal);
		g_autoptr(node) c = node_copy(a);
		g_assert_true(node_equal(a, c));
	}
}

static void test_files(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("escarp-node-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "x.json", NULL);

	g_assert_null(node_parse_file(path, &error));
	g_assert_nonnull(strstr(error->message, "cannot open"));
	g_clear_error(&error);
	g_assert_null(node_parse_file(folder, &error));
	g_assert_nonnull(strstr(error->message, "cannot read"));
	g_clear_error(&error);
	g_assert_null(node_parse_file("/dev/zero", &error));
	g_assert_nonnull(strstr(error->message, "larger than"));
	g_clear_error(&error);
	g_assert_true(g_file_set_contents(path, "[1]", -1, NULL));
	g_autoptr(node) n = node_parse_file(path, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(node_length(n), ==, 1);
	g_unlink(path);
	g_rmdir(folder);
}

/* As GLib's, for every pair of short strings over letters, their neighbours, the end and a byte that is not ASCII. */
static void test_fold(void)
{
	static const char letters[] = {'A', 'a', 'Z', 'z', '@', '[', '`', '{', '\xc4', '\xe4', '\0'};
	const guint n = G_N_ELEMENTS(letters);

	for (guint i = 0; i < n * n * n * n; i++) {
		char a[] = {'x', letters[i % n], letters[i / n % n], '\0'};
		char b[] = {'X', letters[i / n / n % n], letters[i / n / n / n], '\0'};

		g_assert_cmpint(CLAMP(fold_compare(a, b), -1, 1), ==, CLAMP(g_ascii_strcasecmp(a, b), -1, 1));
		g_assert_true(fold_equal(a, b, 2) == !g_ascii_strncasecmp(a, b, 2) || !a[1] || !b[1]);
	}
}

/* Names are found by their piece of the path, not by its beginning, in small objects and in those that have an index. */
static void test_find(void)
{
	for (guint others = 0; others <= 20; others += 10) {
		g_autoptr(node) n = node_object();
		struct node *inner = node_object();

		for (guint i = 0; i < others; i++) {
			g_autofree char *name = g_strdup_printf("other%u", i);
			node_set(n, name, node_int(-1));
		}
		node_set(inner, "Leaf", node_int(7));
		node_set(n, "inn", node_int(-1));
		node_set(n, "innermost", node_int(-1));
		node_set(n, "Inner", inner);
		g_assert_null(node_find(n, "inner.lea"));
		g_assert_null(node_find(n, "inner.leaf.more"));
		g_assert_null(node_find(n, "inner."));
		g_assert_null(node_find(n, "innerm.leaf"));
		g_assert_null(node_find(n, ""));
		g_assert_null(node_find(n, NULL));
		g_assert_null(node_find(NULL, "inner"));
		g_assert_cmpint(node_integer(node_find(n, "iNNER.leaf"), 0), ==, 7);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/node/refused", test_refused);
	g_test_add_func("/node/limits", test_limits);
	g_test_add_func("/node/many-members", test_many_members);
	g_test_add_func("/node/accepted", test_accepted);
	g_test_add_func("/node/places", test_places);
	g_test_add_func("/node/objects", test_objects);
	g_test_add_func("/node/queries", test_queries);
	g_test_add_func("/node/equal", test_equal);
	g_test_add_func("/node/fold", test_fold);
	g_test_add_func("/node/find-piece", test_find);
	g_test_add_func("/node/files", test_files);
	return g_test_run();
}
