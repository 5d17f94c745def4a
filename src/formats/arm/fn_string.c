/* SPDX-License-Identifier: Apache-2.0 */
/* String functions. Positions and lengths count characters, as authors do. */
#include "internal.h"
#include <string.h>

static struct node *fn_to_lower(struct env *e, const struct args *a)
{
	(void)e;
	return node_take_string(g_utf8_strdown(arg_str(a, 0), -1));
}

static struct node *fn_to_upper(struct env *e, const struct args *a)
{
	(void)e;
	return node_take_string(g_utf8_strup(arg_str(a, 0), -1));
}

static struct node *fn_trim(struct env *e, const struct args *a)
{
	const char *s = arg_str(a, 0);

	(void)e;
	while (*s && g_unichar_isspace(g_utf8_get_char(s)))
		s = g_utf8_next_char(s);
	const char *stop = s + strlen(s);
	while (stop > s) {
		const char *before = g_utf8_prev_char(stop);
		if (!g_unichar_isspace(g_utf8_get_char(before)))
			break;
		stop = before;
	}
	return node_take_string(g_strndup(s, (gsize)(stop - s)));
}

static struct node *fn_string(struct env *e, const struct args *a)
{
	g_autofree char *text = arm_text_of(a->v[0]);

	if (arm_is_unknown(a->v[0]) && a->v[0]->unknown.kind == NODE_STRING)
		return node_ref(a->v[0]);
	return arm_holds_unknown(a->v[0]) ? arm_unknown_string(e, g_steal_pointer(&text)) : node_string(text);
}

static struct node *fn_pad_left(struct env *e, const struct args *a)
{
	g_autofree char *text = NULL;
	gint64 width = arg_int(a, 1);
	const char *pad = a->n > 2 ? arg_str(a, 2) : " ";

	if (g_utf8_strlen(pad, -1) != 1)
		return arm_fail(e, "padLeft(): argument 3 must be one character");
	if (width < 0 || width > 65536)
		return arm_fail(e, "padLeft(): argument 2 must be from 0 to 65536");
	text = arm_text_of(a->v[0]);
	GString *out = g_string_new(NULL);
	for (gint64 i = g_utf8_strlen(text, -1); i < width; i++)
		g_string_append(out, pad);
	g_string_append(out, text);
	return node_take_string(g_string_free(out, FALSE));
}

static struct node *fn_replace(struct env *e, const struct args *a)
{
	const char *text = arg_str(a, 0), *from = arg_str(a, 1), *to = arg_str(a, 2), *hit;
	GString *out;

	if (!*from)
		return arm_fail(e, "replace(): argument 2 must not be empty");
	out = g_string_new(NULL);
	while ((hit = strstr(text, from)) && out->len <= ARM_MAX_STRING) {
		g_string_append_len(out, text, hit - text);
		g_string_append(out, to);
		text = hit + strlen(from);
	}
	g_string_append(out, text);
	return node_take_string(g_string_free(out, FALSE));
}

/* The first separator at or after `text`; NULL when none is left. Empty separators never match. */
static const char *next_separator(const char *text, const struct node *separators, gsize *length)
{
	guint count = separators->type == NODE_ARRAY ? node_length(separators) : 1;
	const char *best = NULL;

	for (guint i = 0; i < count; i++) {
		const char *s = node_str(separators->type == NODE_ARRAY ? node_item(separators, i) : separators, "");
		const char *hit = *s ? strstr(text, s) : NULL;
		if (hit && (!best || hit < best)) {
			best = hit;
			*length = strlen(s);
		}
	}
	return best;
}

static struct node *fn_split(struct env *e, const struct args *a)
{
	const char *text = arg_str(a, 0), *hit;
	struct node *out;
	gsize length = 0;

	for (guint i = 0; i < node_length(a->v[1]); i++)
		if (node_item(a->v[1], i)->type != NODE_STRING)
			return arm_fail(e, "split(): argument 2 must be a string or an array of strings");
	if (a->v[1]->type == NODE_ARRAY && node_length(a->v[1]) > 16)
		return arm_fail(e, "split(): at most 16 separators");
	out = node_array();
	while ((hit = next_separator(text, a->v[1], &length))) {
		/* each piece may cost a search through the rest for every separator */
		if (a->v[1]->type == NODE_ARRAY && !arm_charge(e, node_length(a->v[1]) > 1 ? strlen(text) : 0)) {
			node_unref(out);
			return NULL;
		}
		node_append(out, node_take_string(g_strndup(text, (gsize)(hit - text))));
		text = hit + length;
	}
	node_append(out, node_string(text));
	return out;
}

static struct node *fn_substring(struct env *e, const struct args *a)
{
	const char *text = arg_str(a, 0);
	glong have = g_utf8_strlen(text, -1);
	gint64 start = CLAMP(arg_int(a, 1), -1, (gint64)have + 1);
	gint64 length = a->n > 2 ? arg_int(a, 2) : have - start;

	if (start < 0 || start > have || length < 0 || length > have - start)
		return arm_fail(e,
		                "substring(): start %" G_GINT64_FORMAT " and length %" G_GINT64_FORMAT
		                " do not lie within the %ld characters of the string",
		                arg_int(a, 1), length, have);
	return node_take_string(g_utf8_substring(text, start, start + length));
}

static struct node *starts(const struct args *a, gboolean at_end)
{
	g_autofree char *t = g_utf8_strdown(arg_str(a, 0), -1);
	g_autofree char *p = g_utf8_strdown(arg_str(a, 1), -1);

	return node_bool(at_end ? g_str_has_suffix(t, p) : g_str_has_prefix(t, p));
}

static struct node *fn_starts_with(struct env *e, const struct args *a)
{
	(void)e;
	return starts(a, FALSE);
}

static struct node *fn_ends_with(struct env *e, const struct args *a)
{
	(void)e;
	return starts(a, TRUE);
}

/* Where '*' stands for any characters, without regard to case; one pass, going back to the last '*' only. */
static gboolean is_like(const char *text, const char *pattern)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return FALSE;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static struct node *fn_like(struct env *e, const struct args *a)
{
	g_autofree char *text = g_utf8_strdown(arg_str(a, 0), -1);
	g_autofree char *pattern = g_utf8_strdown(arg_str(a, 1), -1);

	if (strlen(pattern) > 1024)
		return arm_fail(e, "like(): a pattern of more than 1024 bytes");
	return arm_charge(e, strlen(text) * (1 + strlen(pattern) / 32)) ? node_bool(is_like(text, pattern)) : NULL;
}

static struct node *fn_join(struct env *e, const struct args *a)
{
	const struct node *array = a->v[0];
	const char *separator = arg_str(a, 1);
	gboolean unknown = arm_holds_unknown(array);
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < node_length(array) && out->len <= ARM_MAX_STRING; i++) {
		g_autofree char *text = arm_text_of(node_item(array, i));
		if (i)
			g_string_append(out, separator);
		g_string_append(out, text);
	}
	if (unknown)
		return arm_unknown_string(e, g_string_free(out, FALSE));
	return node_take_string(g_string_free(out, FALSE));
}

const struct function arm_string_functions[] = {
        {"toLower", 1, 1, "s", NODE_STRING, 0, fn_to_lower, NULL},
        {"toUpper", 1, 1, "s", NODE_STRING, 0, fn_to_upper, NULL},
        {"trim", 1, 1, "s", NODE_STRING, 0, fn_trim, NULL},
        {"string", 1, 1, "v", NODE_STRING, FN_DEEP | FN_UNKNOWN, fn_string, NULL},
        {"padLeft", 2, 3, "nis", NODE_STRING, 0, fn_pad_left, NULL},
        {"replace", 3, 3, "s", NODE_STRING, 0, fn_replace, NULL},
        {"split", 2, 2, "sq", NODE_ARRAY, FN_BUILDS, fn_split, NULL},
        {"substring", 2, 3, "si", NODE_STRING, 0, fn_substring, NULL},
        {"startsWith", 2, 2, "s", NODE_BOOL, 0, fn_starts_with, NULL},
        {"endsWith", 2, 2, "s", NODE_BOOL, 0, fn_ends_with, NULL},
        {"like", 2, 2, "s", NODE_BOOL, 0, fn_like, NULL},
        {"join", 2, 2, "as", NODE_STRING, FN_DEEP, fn_join, NULL},
        {NULL},
};
