/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and ids without regard to the case of ASCII letters. A plan of 5,000 resources compares four million of them, many
 * long and equal for most of their length: hence inline, and equal bytes first.
 */
#pragma once
#include <glib.h>

static inline guchar fold(char c)
{
	guchar letter = (guchar)c;

	return letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter;
}

/* As g_ascii_strcasecmp. */
static inline int fold_compare(const char *a, const char *b)
{
	while (*a && (*a == *b || fold(*a) == fold(*b))) {
		a++;
		b++;
	}
	return fold(*a) - fold(*b);
}

/* Are the first `length` bytes the same? Both have that many. Looks from the end: paths and ids begin alike. */
static inline gboolean fold_equal(const char *a, const char *b, gsize length)
{
	for (; length; length--)
		if (a[length - 1] != b[length - 1] && fold(a[length - 1]) != fold(b[length - 1]))
			return FALSE;
	return TRUE;
}
