/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/answer.h"

#include <string.h>

#define VERSION "HTTP/1."
#define PREFIX  (sizeof(VERSION) - 1 + 2) /* and a digit and a space */

static gboolean begins_right(const char *bytes, gsize length)
{
	if (memcmp(bytes, VERSION, MIN(length, sizeof(VERSION) - 1)) != 0)
		return FALSE;
	if (length >= PREFIX - 1 && bytes[PREFIX - 2] != '0' && bytes[PREFIX - 2] != '1')
		return FALSE;
	return length < PREFIX || bytes[PREFIX - 1] == ' ';
}

/* The line is whole when its three digits are, with what ends them: a reason may follow, or nothing. */
enum answer answer_read(const char *bytes, gsize length, guint *status)
{
	guint code = 0;

	if (status)
		*status = 0;
	if (!length)
		return ANSWER_MORE;
	if (!begins_right(bytes, length))
		return ANSWER_BAD;
	for (gsize i = PREFIX; i < MIN(length, PREFIX + 3); i++) {
		if (!g_ascii_isdigit(bytes[i]))
			return ANSWER_BAD;
		code = code * 10 + (guint)(bytes[i] - '0');
	}
	if (length <= PREFIX + 3)
		return ANSWER_MORE;
	if (bytes[PREFIX + 3] != ' ' && bytes[PREFIX + 3] != '\r' && bytes[PREFIX + 3] != '\n')
		return ANSWER_BAD;
	if (status)
		*status = code;
	return code == 200 ? ANSWER_GOOD : ANSWER_BAD;
}

char *answer_request(const char *path, const char *host)
{
	return g_strdup_printf("GET %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Load Balancer Agent\r\nAccept: */*\r\n"
	                       "Connection: close\r\n\r\n",
	                       *path == '/' ? "" : "/", path, host);
}
