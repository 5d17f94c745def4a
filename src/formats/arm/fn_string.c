/* SPDX-License-Identifier: Apache-2.0 */
/* String functions. Positions and lengths count characters, as authors do. */
#include "internal.h"
#include <string.h>

static struct node *fn_to_lower(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	return s ? node_take_string(g_utf8_strdown(s, -1)) : NULL;
}

static struct node *fn_to_upper(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	return s ? node_take_string(g_utf8_strup(s, -1)) : NULL;
}

static struct node *fn_trim(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	if (!s)
		return NULL;
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
	(void)e;
	return node_take_string(arm_text_of(a->v[0]));
}

static struct node *fn_pad_left(struct env *e, const struct args *a)
{
	g_autofree char *text = NULL;
	gint64 width;
	const char *pad = " ";

	if (a->v[0]->type != NODE_STRING && a->v[0]->type != NODE_INT)
		return arm_fail_type(e, "padLeft(): argument 1 must be a string or a number");
	if (!arg_int(e, a, 1, &width) || (a->n > 2 && !(pad = arg_string(e, a, 2))))
		return NULL;
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
	const char *text = arg_string(e, a, 0), *from = text ? arg_string(e, a, 1) : NULL;
	const char *to = from ? arg_string(e, a, 2) : NULL, *hit;
	GString *out;

	if (!to)
		return NULL;
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
	const char *text = arg_string(e, a, 0), *hit;
	struct node *out;
	gsize length = 0;

	if (!text)
		return NULL;
	if (a->v[1]->type != NODE_STRING && a->v[1]->type != NODE_ARRAY)
		return arm_fail_type(e, "split(): argument 2 must be a string or an array of strings");
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
	const char *text = arg_string(e, a, 0);
	gint64 start, length;

	if (!text || !arg_int(e, a, 1, &start))
		return NULL;
	glong have = g_utf8_strlen(text, -1);
	length = have - start;
	if (a->n > 2 && !arg_int(e, a, 2, &length))
		return NULL;
	if (start < 0 || start > have || length < 0 || length > have - start)
		return arm_fail(e,
		                "substring(): start %" G_GINT64_FORMAT " and length %" G_GINT64_FORMAT
		                " do not lie within the %ld characters of the string",
		                start, length, have);
	return node_take_string(g_utf8_substring(text, start, start + length));
}

static struct node *starts(struct env *e, const struct args *a, gboolean at_end)
{
	const char *text = arg_string(e, a, 0), *part = text ? arg_string(e, a, 1) : NULL;

	if (!part)
		return NULL;
	g_autofree char *t = g_utf8_strdown(text, -1);
	g_autofree char *p = g_utf8_strdown(part, -1);
	return node_bool(at_end ? g_str_has_suffix(t, p) : g_str_has_prefix(t, p));
}

static struct node *fn_starts_with(struct env *e, const struct args *a)
{
	return starts(e, a, FALSE);
}

static struct node *fn_ends_with(struct env *e, const struct args *a)
{
	return starts(e, a, TRUE);
}

static struct node *array_position(const struct node *array, const struct node *wanted, gboolean last)
{
	gint64 at = -1;

	for (guint i = 0; i < node_length(array); i++) {
		if (!node_equal(node_item(array, i), wanted))
			continue;
		at = i;
		if (!last)
			break;
	}
	return node_int(at);
}

static struct node *position(struct env *e, const struct args *a, gboolean last)
{
	if (a->v[0]->type == NODE_ARRAY)
		return array_position(a->v[0], a->v[1], last);
	const char *text = arg_string(e, a, 0), *part = text ? arg_string(e, a, 1) : NULL;
	if (!part)
		return NULL;
	g_autofree char *t = g_utf8_strdown(text, -1);
	g_autofree char *p = g_utf8_strdown(part, -1);
	/* g_strrstr is a naive search; bounded by the charge for both arguments */
	if (last && !arm_charge(e, strlen(p) * 4 + strlen(t)))
		return NULL;
	const char *hit = last ? g_strrstr(t, p) : strstr(t, p);
	return node_int(hit ? g_utf8_strlen(t, hit - t) : -1);
}

static struct node *fn_index_of(struct env *e, const struct args *a)
{
	return position(e, a, FALSE);
}

static struct node *fn_last_index_of(struct env *e, const struct args *a)
{
	return position(e, a, TRUE);
}

static struct node *fn_join(struct env *e, const struct args *a)
{
	struct node *array = arg_array(e, a, 0);
	const char *separator = array ? arg_string(e, a, 1) : NULL;
	GString *out;

	if (!separator)
		return NULL;
	out = g_string_new(NULL);
	for (guint i = 0; i < node_length(array) && out->len <= ARM_MAX_STRING; i++) {
		g_autofree char *text = arm_text_of(node_item(array, i));
		if (i)
			g_string_append(out, separator);
		g_string_append(out, text);
	}
	return node_take_string(g_string_free(out, FALSE));
}

/* Groups the digits of |v| by thousands. Caller frees. */
static char *grouped(gint64 v)
{
	g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, v < 0 ? -(guint64)v : (guint64)v);
	GString *out = g_string_new(v < 0 ? "-" : NULL);
	gsize length = strlen(digits);

	for (gsize i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			g_string_append_c(out, ',');
		g_string_append_c(out, digits[i]);
	}
	return g_string_free(out, FALSE);
}

static char *padded(gint64 v, int digits)
{
	return g_strdup_printf(v < 0 ? "-%0*" G_GUINT64_FORMAT : "%0*" G_GUINT64_FORMAT, digits,
	                       v < 0 ? -(guint64)v : (guint64)v);
}

/* A value by a format specifier such as "D3", "000", "X" or "N0". NULL with the error for others. */
static char *formatted(struct env *e, const struct node *v, const char *spec)
{
	guint64 digits = 0;

	if (!*spec || v->type != NODE_INT)
		return arm_text_of(v);
	/* "000" is the custom form of "D3" */
	if (strspn(spec, "0") == strlen(spec) && strlen(spec) <= 99)
		return padded(v->integer, (int)strlen(spec));
	if (spec[1] && !g_ascii_string_to_unsigned(spec + 1, 10, 0, 99, &digits, NULL))
		return arm_fail(
		        e, "format(): the specifier ':%.20s' is not known; use D, X, N or F with a number of digits",
		        spec);
	switch (g_ascii_toupper(spec[0])) {
	case 'D':
		return padded(v->integer, (int)digits);
	case 'X':
		return spec[0] == 'x' ? g_strdup_printf("%0*" G_GINT64_MODIFIER "x", (int)digits, (guint64)v->integer)
		                      : g_strdup_printf("%0*" G_GINT64_MODIFIER "X", (int)digits, (guint64)v->integer);
	case 'N':
	case 'F': {
		g_autofree char *whole = g_ascii_toupper(spec[0]) == 'N'
		                                 ? grouped(v->integer)
		                                 : g_strdup_printf("%" G_GINT64_FORMAT, v->integer);
		g_autofree char *zeros = g_strnfill(spec[1] ? digits : 2, '0');
		return *zeros ? g_strdup_printf("%s.%s", whole, zeros) : g_steal_pointer(&whole);
	}
	default:
		return arm_fail(e, "format(): the specifier ':%.20s' is not known; use D, X, N or F", spec);
	}
}

/* One "{index[,alignment][:specifier]}"; *at stands behind '{' and is moved behind '}'. */
static gboolean format_item(struct env *e, const struct args *a, const char **at, GString *out)
{
	char *rest;
	const char *close = strchr(*at, '}');
	gint64 width = 0;

	if (!close || !g_ascii_isdigit(**at))
		return arm_fail(e, "format(): '{' must be followed by a number and '}'; write {{ for a brace") != NULL;
	guint64 index = g_ascii_strtoull(*at, &rest, 10);
	if (index + 1 >= a->n)
		return arm_fail(e, "format(): {%" G_GUINT64_FORMAT "} but there are only %u values", index, a->n - 1) !=
		       NULL;
	if (*rest == ',')
		width = g_ascii_strtoll(rest + 1, &rest, 10);
	if (width < -1000 || width > 1000 || (*rest != ':' && *rest != '}'))
		return arm_fail(e, "format(): not a format item near '%.20s'", *at) != NULL;
	g_autofree char *spec = *rest == ':' ? g_strndup(rest + 1, (gsize)(close - rest - 1)) : g_strdup("");
	g_autofree char *text = formatted(e, a->v[index + 1], spec);
	if (!text)
		return FALSE;
	gint64 pad = ABS(width) - g_utf8_strlen(text, -1);
	for (gint64 i = 0; width > 0 && i < pad; i++)
		g_string_append_c(out, ' ');
	g_string_append(out, text);
	for (gint64 i = 0; width < 0 && i < pad; i++)
		g_string_append_c(out, ' ');
	*at = close + 1;
	return TRUE;
}

static struct node *fn_format(struct env *e, const struct args *a)
{
	const char *p = arg_string(e, a, 0);
	g_autoptr(GString) out = g_string_new(NULL);

	if (!p)
		return NULL;
	while (*p && out->len <= ARM_MAX_STRING) {
		if ((p[0] == '{' && p[1] == '{') || (p[0] == '}' && p[1] == '}')) {
			g_string_append_c(out, *p);
			p += 2;
		} else if (*p == '{') {
			p++;
			if (!format_item(e, a, &p, out))
				return NULL;
		} else {
			g_string_append_c(out, *p++);
		}
	}
	return node_string(out->str);
}

const struct function arm_string_functions[] = {
        {"toLower", 1, 1, 0, fn_to_lower, NULL},
        {"toUpper", 1, 1, 0, fn_to_upper, NULL},
        {"trim", 1, 1, 0, fn_trim, NULL},
        {"string", 1, 1, FN_DEEP | FN_UNKNOWN, fn_string, NULL},
        {"padLeft", 2, 3, 0, fn_pad_left, NULL},
        {"replace", 3, 3, 0, fn_replace, NULL},
        {"split", 2, 2, FN_BUILDS, fn_split, NULL},
        {"substring", 2, 3, 0, fn_substring, NULL},
        {"startsWith", 2, 2, 0, fn_starts_with, NULL},
        {"endsWith", 2, 2, 0, fn_ends_with, NULL},
        {"indexOf", 2, 2, FN_DEEP, fn_index_of, NULL},
        {"lastIndexOf", 2, 2, FN_DEEP, fn_last_index_of, NULL},
        {"join", 2, 2, FN_DEEP, fn_join, NULL},
        {"format", 1, 255, FN_DEEP | FN_UNKNOWN, fn_format, NULL},
        {NULL},
};
