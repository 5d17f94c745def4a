/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a web server's first bytes say of its health. They are a tenant's, so nothing is believed of them but this: the
 * status line says 200, or it does not. No header and no body is looked at.
 */
#pragma once
#include <glib.h>

#define ANSWER_MAX 1024u /* bytes that are read of an answer: no status line is longer */

enum answer { ANSWER_MORE, ANSWER_GOOD, ANSWER_BAD };

/* Of `length` bytes, at most ANSWER_MAX. *status: the three digits, 0 when there are none; may be NULL. */
enum answer answer_read(const char *bytes, gsize length, guint *status);
/* The request; caller frees. `host`: "address:port". `path` has neither spaces nor control characters. */
char *answer_request(const char *path, const char *host);
