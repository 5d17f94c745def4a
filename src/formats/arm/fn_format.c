/* SPDX-License-Identifier: Apache-2.0 */
/* format(): composite formats, "{index[,alignment][:specifier]}". */
#include "internal.h"
#include <string.h>

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
	if (g_ascii_strcasecmp(spec, "G") == 0)
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
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean unknown = FALSE;

	if (arm_is_unknown(a->v[0]))
		return arm_unknown_call(e, NULL, a);
	for (guint i = 1; i < a->n; i++)
		unknown |= arm_holds_unknown(a->v[i]);
	const char *p = arg_str(a, 0);
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
	return unknown ? arm_unknown_string(e, g_strdup(out->str)) : node_string(out->str);
}

const struct function arm_format_functions[] = {
        {"format", 1, 255, "sv", NODE_STRING, FN_DEEP | FN_UNKNOWN, fn_format, NULL},
        {NULL},
};
