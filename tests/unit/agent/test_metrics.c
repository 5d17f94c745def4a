/* SPDX-License-Identifier: Apache-2.0 */
/* What the metrics' socket makes of what it is asked. */
#include "agent/metrics.h"

#include <string.h>

static enum metrics_request ask(const char *text)
{
	return metrics_request(text, strlen(text));
}

static void test_refused(void)
{
	g_autofree char *endless = g_strnfill(METRICS_REQUEST_MAX, 'a');

	g_assert_cmpint(ask("POST /metrics HTTP/1.1\r\n\r\n"), ==, METRICS_BAD);
	g_assert_cmpint(ask("GET  /metrics HTTP/1.1\r\n\r\n"), ==, METRICS_OTHER_PATH);
	g_assert_cmpint(ask("GET /metricsx HTTP/1.1\r\n\r\n"), ==, METRICS_OTHER_PATH);
	g_assert_cmpint(ask("GET /metrics\r\n\r\n"), ==, METRICS_OTHER_PATH);
	g_assert_cmpint(ask("GET /../metrics HTTP/1.1\r\n\r\n"), ==, METRICS_OTHER_PATH);
	g_assert_cmpint(ask("\r\n\r\n"), ==, METRICS_BAD);
	g_assert_cmpint(ask("GET /metrics \x01\r\n\r\n"), ==, METRICS_BAD);
	g_assert_cmpint(metrics_request("GET /metrics\0 HTTP/1.1\r\n\r\n", 27), ==, METRICS_BAD);
	g_assert_cmpint(ask(endless), ==, METRICS_BAD);
}

static void test_asked(void)
{
	g_assert_cmpint(ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), ==, METRICS_GET);
	g_assert_cmpint(ask("GET /metrics?a=b HTTP/1.0\n\n"), ==, METRICS_GET);
	g_assert_cmpint(ask("HEAD /metrics HTTP/1.1\r\n\r\n"), ==, METRICS_HEAD);
	g_assert_cmpint(ask("GET /metrics HTTP/1.1\r\n"), ==, METRICS_MORE);
	g_assert_cmpint(ask(""), ==, METRICS_MORE);
}

static void test_answer(void)
{
	gsize length;
	g_autofree char *whole = metrics_answer(METRICS_GET, g_strdup("a 1\n"), &length), *head = NULL, *lost = NULL;
	g_autoptr(GString) s = g_string_new(NULL);

	g_assert_nonnull(strstr(whole, "HTTP/1.1 200 OK\r\n"));
	g_assert_nonnull(strstr(whole, "Content-Length: 4\r\n"));
	g_assert_true(g_str_has_suffix(whole, "\r\n\r\na 1\n"));
	head = metrics_answer(METRICS_HEAD, g_strdup("a 1\n"), &length);
	g_assert_true(g_str_has_suffix(head, "\r\n\r\n"));
	lost = metrics_answer(METRICS_OTHER_PATH, NULL, &length);
	g_assert_nonnull(strstr(lost, " 404 "));
	metrics_label(s, "a\"b\\c\nd");
	g_assert_cmpstr(s->str, ==, "a\\\"b\\\\c\\nd");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics/refused", test_refused);
	g_test_add_func("/metrics/asked", test_asked);
	g_test_add_func("/metrics/answer", test_answer);
	return g_test_run();
}
