/* SPDX-License-Identifier: Apache-2.0 */
/* What a web server's first bytes are worth: only a whole status line of 200 is good. */
#include "prober/answer.h"
#include <string.h>

static const struct {
	const char *bytes;
	enum answer answer;
	guint status;
} cases[] = {
        {"HTTP/1.1 200 OK\r\n", ANSWER_GOOD, 200},
        {"HTTP/1.0 200 \r\n", ANSWER_GOOD, 200},
        {"HTTP/1.1 200\r\n", ANSWER_GOOD, 200},
        {"HTTP/1.1 200\n", ANSWER_GOOD, 200},
        {"HTTP/1.1 503 Ill\r\n", ANSWER_BAD, 503},
        {"HTTP/1.1 204 None\r\n", ANSWER_BAD, 204},
        {"HTTP/1.1 302 Found\r\n", ANSWER_BAD, 302},
        {"HTTP/1.1 2000 OK\r\n", ANSWER_BAD, 0},
        {"HTTP/1.1 20 OK\r\n", ANSWER_BAD, 0},
        {"HTTP/1.1 +200 OK\r\n", ANSWER_BAD, 0},
        {"HTTP/1.1  200 OK\r\n", ANSWER_BAD, 0},
        {"HTTP/2.0 200 OK\r\n", ANSWER_BAD, 0},
        {"HTTP/1.2 200 OK\r\n", ANSWER_BAD, 0},
        {"http/1.1 200 OK\r\n", ANSWER_BAD, 0},
        {" HTTP/1.1 200 OK\r\n", ANSWER_BAD, 0},
        {"web0\n", ANSWER_BAD, 0},
        {"\r\n", ANSWER_BAD, 0},
        {"", ANSWER_MORE, 0},
        {"H", ANSWER_MORE, 0},
        {"HTTP/1.1 200", ANSWER_MORE, 0},
};

static void test_lines(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint status = 99;

		g_assert_cmpint(answer_read(cases[i].bytes, strlen(cases[i].bytes), &status), ==, cases[i].answer);
		g_assert_cmpuint(status, ==, cases[i].status);
	}
}

/* Byte by byte: more is asked for until the line is whole, and nothing is decided before it differs. */
static void test_pieces(void)
{
	static const char line[] = "HTTP/1.1 200 OK\r\n";

	for (gsize i = 0; i < sizeof(line); i++)
		g_assert_cmpint(answer_read(line, i, NULL), ==, i <= 12 ? ANSWER_MORE : ANSWER_GOOD);
}

/* A zero byte is a byte like others. */
static void test_zero(void)
{
	g_assert_cmpint(answer_read("HTTP/1.1 20\0 OK\r\n", 17, NULL), ==, ANSWER_BAD);
	g_assert_cmpint(answer_read("\0", 1, NULL), ==, ANSWER_BAD);
}

static void test_request(void)
{
	g_autofree char *text = answer_request("/health?a=1", "10.0.0.4:80"), *bare = answer_request("x", "h:1");

	g_assert_true(g_str_has_prefix(text, "GET /health?a=1 HTTP/1.1\r\nHost: 10.0.0.4:80\r\n"));
	g_assert_true(g_str_has_suffix(text, "\r\n\r\n"));
	g_assert_true(g_str_has_prefix(bare, "GET /x HTTP/1.1\r\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/answer/lines", test_lines);
	g_test_add_func("/answer/pieces", test_pieces);
	g_test_add_func("/answer/zero", test_zero);
	g_test_add_func("/answer/request", test_request);
	return g_test_run();
}
