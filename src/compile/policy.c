/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: two lists to borders, borders to dimensions, dimensions to a blob. policy.h is the essay. */
#include "classes.h"
#include "lib/node.h"
#include <string.h>

enum { SRC, DST, SPORT, DPORT, PROTO, SRC6, DST6, DIMENSIONS };

struct side {
	struct shape shape;
	struct dimension dimensions[DIMENSIONS];
};

static const char *const dimension_names[] = {
        [SRC] = "source addresses",
        [DST] = "destination addresses",
        [SPORT] = "source ports",
        [DPORT] = "destination ports",
        [PROTO] = "protocols",
        [SRC6] = "IPv6 source addresses",
        [DST6] = "IPv6 destination addresses",
};

static gboolean too_complex(const struct policy_input *in, guint direction, const char *what, const char *of,
                            GError **error)
{
	g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT,
	            "%s: the %s rules combine into too many %s%s%s for one classifier (at most %u rules and %u MiB); "
	            "use fewer rules, or fewer different address prefixes or port ranges",
	            in->name ? in->name : "security group", direction == ESC_POLICY_IN ? "inbound" : "outbound", what,
	            of ? " of " : "", of ? of : "", ESC_POLICY_SPANS * ESC_POLICY_ROW_LINES * ESC_POLICY_LINE,
	            (guint)(POLICY_MAX_BLOCKS * sizeof(struct esc_block) >> 20));
	return FALSE;
}

/* --- borders --- */

/* A border past the last value is none. */
static void add_range(GArray *borders, guint32 first, guint32 last, guint32 largest, guint position)
{
	struct border b[] = {{{0, first}, position}, {{0, (guint64)last + 1}, position}};
	g_array_append_vals(borders, b, last < largest ? 2 : 1);
}

static void add_ranges(GArray *borders, const GArray *ranges, guint32 largest, guint position)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct policy_range *r = &g_array_index(ranges, struct policy_range, i);
		add_range(borders, r->first, r->last, largest, position);
	}
}

static void add_ranges6(GArray *borders, const GArray *ranges, guint position)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct policy_range6 *r = &g_array_index(ranges, struct policy_range6, i);
		struct ip6 past = ip6_add(r->last, 1);
		struct border b[] = {{point_of(&r->first), position}, {point_of(&past), position}};
		g_array_append_vals(borders, b, b[1].at.high || b[1].at.low ? 2 : 1);
	}
}

static gboolean is_any_port(const GArray *ports)
{
	const struct policy_range *r = (const struct policy_range *)(void *)ports->data;
	return ports->len == 1 && r->first == 0 && r->last >= 65535;
}

/* A rule that restricts a port is about TCP and UDP. */
static void add_protocols(GArray *borders, const struct policy_rule *r, guint position)
{
	gboolean any_port = is_any_port(r->source_ports) && is_any_port(r->destination_ports);
	if (any_port && r->protocol == PROTO_ANY) {
		add_range(borders, 0, 255, 255, position);
	} else if (any_port || r->protocol == PROTO_TCP || r->protocol == PROTO_UDP) {
		add_range(borders, r->protocol, r->protocol, 255, position);
	} else if (r->protocol == PROTO_ANY) {
		add_range(borders, PROTO_TCP, PROTO_TCP, 255, position);
		add_range(borders, PROTO_UDP, PROTO_UDP, 255, position);
	}
}

static void add_borders(GArray *borders, guint dimension, const struct policy_rule *r, guint position)
{
	switch (dimension) {
	case SRC:
		add_ranges(borders, r->source, G_MAXUINT32, position);
		break;
	case DST:
		add_ranges(borders, r->destination, G_MAXUINT32, position);
		break;
	case SPORT:
		add_ranges(borders, r->source_ports, 65535, position);
		break;
	case DPORT:
		add_ranges(borders, r->destination_ports, 65535, position);
		break;
	case PROTO:
		add_protocols(borders, r, position);
		break;
	case SRC6:
		add_ranges6(borders, r->source6, position);
		break;
	default:
		add_ranges6(borders, r->destination6, position);
	}
}

/* --- one direction --- */

static guint groups_of(const GPtrArray *list)
{
	return list ? (list->len + ESC_POLICY_LINE - 1) / ESC_POLICY_LINE : 0;
}

/* `borders` is room to work in. */
static const char *cut(struct side *s, GPtrArray *const lists[2], guint dimension, GArray *borders)
{
	g_array_set_size(borders, 0);
	for (guint l = 0; l < 2; l++) {
		guint base = l ? s->shape.split * ESC_POLICY_LINE : 0;
		for (guint i = 0; lists[l] && i < lists[l]->len; i++)
			add_borders(borders, dimension, g_ptr_array_index(lists[l], i), base + i);
	}
	return dimension_cut(&s->dimensions[dimension], &s->shape, borders);
}

static gboolean side_cut(struct side *s, const struct policy_input *in, guint direction, GError **error)
{
	GPtrArray *const *lists = in->lists[direction];
	s->shape.split = groups_of(lists[0]);
	s->shape.groups = s->shape.split + groups_of(lists[1]);
	s->shape.spans = MAX(1, (s->shape.groups + ESC_POLICY_ROW_LINES - 1) / ESC_POLICY_ROW_LINES);
	if (s->shape.spans > ESC_POLICY_SPANS)
		return too_complex(in, direction, "positions", NULL, error);
	g_autoptr(GArray) borders = g_array_new(FALSE, FALSE, sizeof(struct border));
	for (guint i = 0; i < DIMENSIONS; i++) {
		const char *many = cut(s, lists, i, borders);
		if (many)
			return too_complex(in, direction, many, dimension_names[i], error);
	}
	return TRUE;
}

static guint32 lay_rules(struct layout *l, const struct shape *s, GPtrArray *const lists[2])
{
	g_autofree guint32 *rules = g_new0(guint32, (gsize)s->groups * ESC_POLICY_LINE);
	for (guint k = 0; k < 2; k++) {
		guint base = k ? s->split * ESC_POLICY_LINE : 0;
		for (guint i = 0; lists[k] && i < lists[k]->len; i++) {
			const struct policy_rule *r = g_ptr_array_index(lists[k], i);
			rules[base + i] = r->number | (r->allow ? ESC_POLICY_ALLOW : 0);
		}
	}
	return layout_add(l, rules, (gsize)s->groups * ESC_POLICY_LINE * sizeof *rules);
}

/* Both families share ports, protocol and rules. */
static void side_lay(struct layout *l, const struct side *s, const struct policy_input *in, guint direction,
                     struct esc_policy_dir *v4, struct esc_policy_dir *v6)
{
	GPtrArray *const *lists = in->lists[direction];
	v4->tail.flags = (guint16)(in->flags | (lists[0] ? ESC_POLICY_FIRST : 0) | (lists[1] ? ESC_POLICY_SECOND : 0));
	v4->tail.split = (guint16)s->shape.split;
	v4->tail.groups = (guint16)s->shape.groups;
	v4->tail.rules = lay_rules(l, &s->shape, lists);
	dimension_lay(&s->dimensions[SPORT], l, FALSE, &v4->head.sport);
	dimension_lay(&s->dimensions[DPORT], l, FALSE, &v4->tail.dport);
	dimension_lay(&s->dimensions[PROTO], l, FALSE, &v4->tail.proto);
	*v6 = *v4;
	dimension_lay(&s->dimensions[SRC], l, FALSE, &v4->head.src);
	dimension_lay(&s->dimensions[DST], l, FALSE, &v4->head.dst);
	dimension_lay(&s->dimensions[SRC6], l, TRUE, &v6->head.src);
	dimension_lay(&s->dimensions[DST6], l, TRUE, &v6->head.dst);
}

static void side_clear(struct side *s)
{
	for (guint i = 0; i < DIMENSIONS; i++)
		dimension_clear(&s->dimensions[i]);
}

static gboolean add_side(struct layout *l, const struct policy_input *in, guint direction,
                         struct esc_policy_dir header[4], GError **error)
{
	struct side side = {0};
	gboolean ok = side_cut(&side, in, direction, error);
	if (ok)
		side_lay(l, &side, in, direction, &header[2 * ESC_POLICY_V4 + direction],
		         &header[2 * ESC_POLICY_V6 + direction]);
	side_clear(&side);
	if (ok && l->bytes->len > POLICY_MAX_BLOCKS * sizeof(struct esc_block))
		return too_complex(in, direction, "classes", NULL, error);
	return ok;
}

GBytes *policy_build(const struct policy_input *in, GError **error)
{
	struct esc_policy_dir header[4] = {0};
	struct layout l;
	GBytes *blob = NULL;
	layout_init(&l, sizeof header);
	if (add_side(&l, in, ESC_POLICY_OUT, header, error) && add_side(&l, in, ESC_POLICY_IN, header, error)) {
		for (guint i = 0; i < G_N_ELEMENTS(header); i++)
			header[i].head.blocks = (guint32)(l.bytes->len / sizeof(struct esc_block));
		memcpy(l.bytes->data, header, sizeof header);
		blob = g_byte_array_free_to_bytes(g_steal_pointer(&l.bytes));
	}
	layout_clear(&l);
	return blob;
}
