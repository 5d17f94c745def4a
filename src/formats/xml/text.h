/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a file before the parser sees it: one encoding, and no more attributes than it can bear. */
#pragma once
#include <glib.h>

/*
 * Makes `*bytes` UTF-8 without NULs: as they are, or converted into `*converted`, which the caller frees. Returns what is
 * wrong and, in `at`, the byte where it is; NULL when all is well.
 */
const char *text_to_utf8(const char **bytes, gsize *length, char **converted, gsize *at);
/* The same answer for elements of more than XML_MAX_ATTRIBUTES attributes. */
const char *text_check_tags(const char *text, gsize length, gsize *at);
guint text_line(const char *text, gsize at); /* from 1 */
