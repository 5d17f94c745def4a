/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a security rule: which addresses and ports.
 *
 * The singular and the plural property of a pair exclude each other, since two readers could take the pair for the
 * union or for either one. An address that cannot be read is an error and never nothing: a deny rule with less in it is
 * a hole.
 */
#include "model/build.h"

#include <string.h>

void rule_side_init(struct rule_side *side)
{
	side->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	side->prefixes6 = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	side->tags = g_array_new(FALSE, FALSE, sizeof(enum tag));
	side->tag_names = g_ptr_array_new_with_free_func(g_free);
	side->groups = g_ptr_array_new();
	side->ports = g_array_new(FALSE, FALSE, sizeof(struct port_range));
}

void rule_side_clear(struct rule_side *side)
{
	g_array_unref(side->prefixes);
	g_array_unref(side->prefixes6);
	g_array_unref(side->tags);
	g_ptr_array_unref(side->tag_names);
	g_ptr_array_unref(side->groups);
	g_array_unref(side->ports);
}

/* One address, prefix or tag. */
static void read_match(struct rule_side *side, const struct spot *s, const char *dotted)
{
	const char *text = read_text(s, dotted, TRUE);
	enum tag tag = text ? tag_find(text) : TAG_NONE;
	struct prefix p;
	struct prefix6 p6;

	if (!text)
		return;
	if (tag != TAG_NONE) {
		g_array_append_val(side->tags, tag);
		g_ptr_array_add(side->tag_names, g_strdup(text));
	} else if (prefix_parse(text, &p)) {
		g_array_append_val(side->prefixes, p);
	} else if (prefix6_parse(text, &p6)) {
		g_array_append_val(side->prefixes6, p6);
	} else {
		spot_error(s, dotted, "'%.60s' is neither an address, a prefix nor a known service tag; correct it",
		           text);
	}
}

/* TRUE when the single value is there; "" is how an absent one is reported by the platform. */
static gboolean has_single(const struct spot *s, const char *dotted)
{
	const struct node *n = spot_get(s, dotted);

	return n && !(n->type == NODE_STRING && !*n->string);
}

static gboolean refuse_both(const struct spot *s, const char *single, const char *list)
{
	if (!has_single(s, single) || node_length(spot_get(s, list)) == 0)
		return FALSE;
	spot_error(s, single, "there is a list in %s as well; keep one of the two properties", list);
	return TRUE;
}

static void read_addresses(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	guint count = spot_length(s, names->addresses);
	guint groups = spot_length(s, names->groups);

	if (refuse_both(s, names->address, names->addresses))
		return;
	if (has_single(s, names->address))
		read_match(side, s, names->address);
	else if (count == 0 && groups == 0)
		spot_error(s, names->address, "the rule names no %s; write \"*\" for any", names->side);
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, names->addresses, i);

		read_match(side, &item, "");
	}
}

static gboolean parse_port(const char *text, gsize length, guint16 *port)
{
	guint64 value;
	g_autofree char *part = g_strndup(text, length);

	if (!g_ascii_isdigit(*part) || !g_ascii_string_to_unsigned(part, 10, 0, 65535, &value, NULL))
		return FALSE;
	*port = (guint16)value;
	return TRUE;
}

/* "*", "80", "8000-8080", or a number. */
static void read_port(struct rule_side *side, const struct spot *s, const char *dotted)
{
	const struct node *n = spot_get(s, dotted);
	g_autofree char *number = n && n->type == NODE_INT ? node_print(n, FALSE) : NULL;
	const char *text = number ? number : read_text(s, dotted, TRUE);
	struct port_range range = {0, 65535};
	const char *dash;

	if (!text)
		return;
	dash = strchr(text, '-');
	if (strcmp(text, "*") == 0) {
		g_array_append_val(side->ports, range);
		return;
	}
	if (!parse_port(text, dash ? (gsize)(dash - text) : strlen(text), &range.first) ||
	    !parse_port(dash ? dash + 1 : text, strlen(dash ? dash + 1 : text), &range.last)) {
		spot_error(s, dotted,
		           "'%.60s' is not a port or a range of ports from 0 to 65535; "
		           "write one like 80, 8000-8080 or *",
		           text);
		return;
	}
	if (range.first > range.last) {
		spot_error(s, dotted, "the range %s ends before it begins; write %u-%u", text, range.last, range.first);
		return;
	}
	g_array_append_val(side->ports, range);
}

static void read_ports(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	guint count = spot_length(s, names->ports);
	struct port_range any = {0, 65535};

	if (!refuse_both(s, names->port, names->ports)) {
		if (has_single(s, names->port))
			read_port(side, s, names->port);
		else if (count == 0)
			spot_error(s, names->port, "the rule names no %s port; write \"*\" for any", names->side);
		for (guint i = 0; i < count; i++) {
			struct spot item = spot_item(s, names->ports, i);

			read_port(side, &item, "");
		}
	}
	/* Never empty, not even after an error. */
	if (side->ports->len == 0)
		g_array_append_val(side->ports, any);
}

void rule_side_read(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	read_addresses(side, s, names);
	read_ports(side, s, names);
}

void rule_side_link(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	const struct node *list = spot_get(s, names->groups);

	/* Its being no list was said when the side was read. */
	for (guint i = 0; list && list->type == NODE_ARRAY && i < node_length(list); i++) {
		struct spot item = spot_item(s, names->groups, i);
		struct app_group *g = follow(&item, "", &kind_app_group, TRUE);

		if (g && !g_ptr_array_find(side->groups, g, NULL))
			g_ptr_array_add(side->groups, g);
	}
}
