/* SPDX-License-Identifier: Apache-2.0 */
/* As much of HTTP as a scraper of a local socket needs: one GET a connection. */
#include "agent/metrics.h"

#include <string.h>

#define PATH "/metrics"

/* The end of the head, or NULL. */
static const char *head_end(const char *bytes, gsize length)
{
	const char *end = g_strstr_len(bytes, (gssize)length, "\r\n\r\n");

	return end ? end : g_strstr_len(bytes, (gssize)length, "\n\n");
}

static gboolean is_text(const char *bytes, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isprint(bytes[i]) && bytes[i] != '\r' && bytes[i] != '\n' && bytes[i] != '\t')
			return FALSE;
	return TRUE;
}

static gboolean takes(const char **at, const char *end, const char *word)
{
	gsize n = strlen(word);

	if ((gsize)(end - *at) < n || memcmp(*at, word, n))
		return FALSE;
	*at += n;
	return TRUE;
}

enum metrics_request metrics_request(const char *bytes, gsize length)
{
	const char *end, *at = bytes;
	enum metrics_request method;

	if (!length)
		return METRICS_MORE;
	if (!is_text(bytes, length))
		return METRICS_BAD;
	end = head_end(bytes, length);
	if (!end)
		return length < METRICS_REQUEST_MAX ? METRICS_MORE : METRICS_BAD;
	if (takes(&at, end, "GET "))
		method = METRICS_GET;
	else if (takes(&at, end, "HEAD "))
		method = METRICS_HEAD;
	else
		return METRICS_BAD;
	if (!takes(&at, end, PATH))
		return METRICS_OTHER_PATH;
	return at < end && (*at == ' ' || *at == '?') ? method : METRICS_OTHER_PATH;
}

char *metrics_answer(enum metrics_request r, char *body, gsize *length)
{
	gboolean fine = r == METRICS_GET || r == METRICS_HEAD;
	const char *status = fine ? "200 OK" : r == METRICS_OTHER_PATH ? "404 Not Found" : "400 Bad Request";
	g_autofree char *owned = body;
	const char *text = fine ? owned : r == METRICS_OTHER_PATH ? "ask for " PATH "\n" : "not a request\n";
	GString *s = g_string_new(NULL);

	g_string_append_printf(
	        s,
	        "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\n"
	        "Connection: close\r\n\r\n",
	        status, strlen(text));
	if (r != METRICS_HEAD)
		g_string_append(s, text);
	*length = s->len;
	return g_string_free(s, FALSE);
}

void metrics_label(GString *s, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			g_string_append_c(s, '\\');
		g_string_append(s, *value == '\n' ? "\\n" : (const char[]){*value, 0});
	}
}
