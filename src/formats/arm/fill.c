/* SPDX-License-Identifier: Apache-2.0 */
/* Values for parameters that nobody gave, so that a template can be looked at alone. Deterministic, and noted. */
#include "internal.h"
#include <string.h>

#define FILL_MAX 4096

/* Appends `length` letters that differ by name and position in the value. */
static void unique_letters(GString *out, const char *name, guint64 length)
{
	g_autofree char *seed = g_strdup_printf("%s/%u", name, (guint)out->len);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, seed, -1);

	for (guint64 i = 0; i < length; i++)
		g_string_append_c(out, (char)('a' + g_ascii_xdigit_value(hash[i % 64])));
}

/* A prefix of its own for each subnet, all of them in the one that networks get; NULL when the name means a word. */
static char *prefix_by_name(const char *lower)
{
	if (strstr(lower, "name") || strstr(lower, "dns") || strstr(lower, "label") || strstr(lower, "resource"))
		return NULL;
	if (!strstr(lower, "subnet") && !strstr(lower, "gateway"))
		return g_strdup("10.0.0.0/16");
	return g_strdup_printf("10.0.%u.0/24", g_str_hash(lower) % 256);
}

/* A value in the form that the name of the parameter promises, so that expressions can take it apart. NULL: none. */
static char *by_name(const char *name)
{
	static const struct {
		const char *end, *value;
	} forms[] = {
	        {"addressspace", "10.0.0.0/16"},
	        {"ipaddress", "10.0.0.4"},
	        {"tenantid", "00000000-0000-5000-8000-000000000001"},
	        {"subscriptionid", "00000000-0000-5000-8000-000000000002"},
	        {"objectid", "00000000-0000-5000-8000-000000000003"},
	        {"principalid", "00000000-0000-5000-8000-000000000004"},
	        {"clientid", "00000000-0000-5000-8000-000000000005"},
	        {"appid", "00000000-0000-5000-8000-000000000006"},
	        {"id", "/subscriptions/fill/resourceGroups/fill/providers/Microsoft.Fill/fills/fill"},
	        {"uri", "https://fill.invalid/"},
	        {"url", "https://fill.invalid/"},
	};
	g_autofree char *lower = g_ascii_strdown(name, -1);
	g_autofree char *word = g_strdup(lower);

	for (gsize n = strlen(word); n && g_ascii_isdigit(word[n - 1]); n--) /* "subnetPrefix2" */
		word[n - 1] = '\0';
	if (g_str_has_suffix(word, "prefix") || g_str_has_suffix(word, "cidr"))
		return prefix_by_name(lower);
	for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
		if (g_str_has_suffix(word, forms[i].end))
			return g_strdup(forms[i].value);
	return NULL;
}

static struct node *fill_string(const char *name, const struct node *d)
{
	gint64 min = CLAMP(node_integer(node_get(d, "minLength"), 0), 0, FILL_MAX);
	gint64 max = CLAMP(node_integer(node_get(d, "maxLength"), FILL_MAX), 0, FILL_MAX);
	g_autofree char *form = by_name(name);
	GString *text = g_string_new("fill");

	if (form && (gint64)strlen(form) >= min && (gint64)strlen(form) <= max) {
		g_string_assign(text, form);
		return node_take_string(g_string_free(text, FALSE));
	}
	for (const char *p = name; *p && text->len < 24; p++)
		if (g_ascii_isalnum(*p))
			g_string_append_c(text, g_ascii_tolower(*p));
	while ((gint64)text->len < min)
		g_string_append_c(text, 'x');
	if ((gint64)text->len > max) { /* cut names could be the same name */
		g_string_truncate(text, 0);
		unique_letters(text, name, (guint64)max);
	}
	return node_take_string(g_string_free(text, FALSE));
}

static struct node *fill_array(const char *name, const struct node *d)
{
	gint64 count = CLAMP(node_integer(node_get(d, "minLength"), 0), 0, 64);
	struct node *out = node_array();

	for (gint64 i = 0; i < count; i++)
		node_append(out, node_stringf("fill%.16s%d", name, (int)i));
	return out;
}

static struct node *fill(struct env *e, const char *name, struct node *declaration, guint depth);

/* An object with the members that its type asks for; a deployment may give more. */
static struct node *fill_object(struct env *e, const char *name, const struct node *d, guint depth)
{
	const struct node *properties = node_get(d, "properties");
	struct node *out = node_object();
	g_autofree char *called = g_strdup_printf("parameters('%s')", name);

	for (guint i = 0; i < node_length(properties); i++)
		if (!arm_is_nullable(e->frame->root, node_value(properties, i)))
			node_set(out, node_name(properties, i),
			         fill(e, node_name(properties, i), node_value(properties, i), depth + 1));
	arm_open(e->run, out, called);
	return out;
}

static struct node *fill(struct env *e, const char *name, struct node *declaration, guint depth)
{
	const struct node *d = arm_definition(e->frame->root, declaration);
	const struct node *allowed = node_item(node_get(d, "allowedValues"), 0);
	const char *type = node_get_str(d, "type", "");

	if (depth > 16 || !arm_charge(e, 64))
		return node_null();
	if (allowed && g_ascii_strcasecmp(type, "array") != 0)
		return node_ref((struct node *)allowed);
	if (g_ascii_strcasecmp(type, "int") == 0) {
		gint64 min = node_integer(node_get(d, "minValue"), G_MININT64);
		gint64 max = node_integer(node_get(d, "maxValue"), G_MAXINT64);
		return node_int(min > max ? min : CLAMP(1, min, max));
	}
	if (g_ascii_strcasecmp(type, "bool") == 0)
		return node_bool(FALSE);
	if (g_ascii_strcasecmp(type, "array") == 0)
		return fill_array(name, d);
	if (g_ascii_strcasecmp(type, "object") == 0 || g_ascii_strcasecmp(type, "secureObject") == 0)
		return fill_object(e, name, d, depth);
	return fill_string(name, d);
}

struct node *arm_fill(struct env *e, const char *name, struct node *declaration)
{
	arm_note(e, "no value was given; one was made up");
	struct node *out = fill(e, name, declaration, 0);
	if (!e->run->error)
		return out;
	node_unref(out);
	return NULL;
}

#define PLACEHOLDER "GEN-UNIQUE"

/*
 * Public template collections write "GEN-UNIQUE" or "GEN-UNIQUE-8" in their parameters files where their
 * test runs put a value of their own. Taken as it is, two parameters would have the same value and their
 * resources the same name. NULL when the text is no such placeholder; the caller frees.
 */
char *arm_fill_placeholder(struct env *e, const char *name, const char *text)
{
	GString *out;

	if (!g_str_has_prefix(text, PLACEHOLDER))
		return NULL;
	out = g_string_new(NULL);
	while (g_str_has_prefix(text, PLACEHOLDER)) {
		guint64 length = 16;
		text += strlen(PLACEHOLDER);
		if (text[0] == '-' && g_ascii_isdigit(text[1])) {
			char *rest;
			length = MIN(g_ascii_strtoull(text + 1, &rest, 10), 64);
			text = rest;
		}
		unique_letters(out, name, length);
	}
	g_string_append(out, text);
	arm_note(e, "parameter '%s' has the placeholder " PLACEHOLDER "; a value was made up", name);
	return g_string_free(out, FALSE);
}
