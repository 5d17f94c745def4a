/* SPDX-License-Identifier: Apache-2.0 */
/* Typed properties. Every reader says what it found and what may stand there instead. */
#include "model/build.h"

#include <string.h>

const char *read_text(const struct spot *s, const char *dotted, gboolean required)
{
	const struct node *n = spot_get(s, dotted);

	if (!n) {
		if (required)
			spot_error(s, dotted, "it is missing; add it");
		return NULL;
	}
	if (n->type != NODE_STRING) {
		spot_error(s, dotted, "a string belongs here, not %s; write it in quotes", node_type_name(n->type));
		return NULL;
	}
	return n->string;
}

guint read_number(const struct spot *s, const char *dotted, guint min, guint max, gint64 fallback)
{
	const struct node *n = spot_get(s, dotted);
	gint64 value;

	if (!n) {
		if (fallback == REQUIRED)
			spot_error(s, dotted, "it is missing; write a number from %u to %u", min, max);
		return fallback == REQUIRED ? min : (guint)fallback;
	}
	value = node_integer(n, -1);
	if (n->type == NODE_DOUBLE && n->real >= 0 && n->real <= max && n->real == (double)(guint)n->real)
		value = (gint64)n->real;
	if (value < min || value > max) {
		g_autofree char *text = node_print(n, FALSE);

		spot_error(s, dotted, "%.60s is not a number from %u to %u; write one of these", text, min, max);
		return min;
	}
	return (guint)value;
}

gboolean read_flag(const struct spot *s, const char *dotted, gboolean fallback)
{
	const struct node *n = spot_get(s, dotted);

	if (!n)
		return fallback;
	if (node_truth(n, TRUE) != node_truth(n, FALSE)) {
		g_autofree char *text = node_print(n, FALSE);

		spot_error(s, dotted, "%.60s is neither true nor false; write one of these", text);
		return fallback;
	}
	return node_truth(n, fallback);
}

guint read_choice(const struct spot *s, const char *dotted, const char *const names[], int fallback)
{
	g_autofree char *all = g_strjoinv(", ", (char **)names);
	const struct node *n = spot_get(s, dotted);
	const char *text = n ? read_text(s, dotted, FALSE) : NULL;

	if (!n && fallback == REQUIRED)
		spot_error(s, dotted, "it is missing; write one of %s", all);
	if (!text)
		return fallback == REQUIRED ? 0 : (guint)fallback;
	for (guint i = 0; names[i]; i++)
		if (g_ascii_strcasecmp(names[i], text) == 0)
			return i;
	spot_error(s, dotted, "'%.60s' is not known; write one of %s", text, all);
	return 0;
}

gboolean read_address(const struct spot *s, const char *dotted, guint32 *address)
{
	const char *text = read_text(s, dotted, FALSE);

	if (!text || !*text)
		return FALSE;
	if (!ip_parse(text, address)) {
		spot_error(s, dotted, "'%.60s' is not an IPv4 address; write one like 10.0.0.4", text);
		return FALSE;
	}
	return TRUE;
}

static const struct {
	struct prefix prefix;
	const char *why;
} forbidden[] = {
        {{0xe0000000, 4}, "multicast, which the network does not carry"},
        {{0xffffffff, 32}, "the broadcast address"},
        {{0x7f000000, 8}, "loopback, which never leaves a machine"},
        {{0xa9fe0000, 16}, "link-local, where the platform address is"},
        {{0xa83f8110, 32}, "the platform address"},
};

void read_network_prefix(const struct spot *s, const char *dotted, GArray *list)
{
	const char *text = read_text(s, dotted, TRUE);
	g_autofree char *canonical = NULL;
	struct prefix p;

	if (!text)
		return;
	if (ip_is_v6(text)) {
		spot_unmodelled(s, dotted, "IPv6 is not modelled");
		return;
	}
	if (!strchr(text, '/') || !prefix_parse(text, &p)) {
		spot_error(s, dotted, "'%.60s' is not an address prefix; write one like 10.0.0.0/16", text);
		return;
	}
	canonical = prefix_format(p);
	if (strcmp(canonical, text) != 0) {
		spot_error(s, dotted, "%s has bits beyond its length; write %s", text, canonical);
		return;
	}
	if (p.length < 2 || p.length > 29) {
		spot_error(s, dotted, "the length of %s is not from /2 to /29; choose another prefix", text);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++)
		if (prefix_overlap(p, forbidden[i].prefix)) {
			g_autofree char *space = prefix_format(forbidden[i].prefix);

			spot_error(s, dotted, "%s overlaps %s, %s; choose another prefix", text, space,
			           forbidden[i].why);
			return;
		}
	g_array_append_val(list, p);
}
