/* SPDX-License-Identifier: Apache-2.0 */
/* Crossing two sets of classes, and the shadows that keep their number down (policy.h tells why). */
#include "classes.h"
#include <string.h>

static gboolean covers(const GArray *outer, const GArray *inner)
{
	guint o = 0;
	for (guint i = 0; i < inner->len; i++) {
		const struct policy_range *r = &g_array_index(inner, struct policy_range, i);
		while (o < outer->len && g_array_index(outer, struct policy_range, o).last < r->first)
			o++;
		if (o == outer->len || g_array_index(outer, struct policy_range, o).first > r->first ||
		    g_array_index(outer, struct policy_range, o).last < r->last)
			return FALSE;
	}
	return TRUE;
}

/* A rule's part: up to three range lists. Parts are compared once for each different pair. */
struct part {
	GArray *ranges[3];
	guint count;
};

static void part_clear(gpointer p)
{
	struct part *part = p;
	for (guint i = 0; i < part->count; i++)
		g_array_unref(part->ranges[i]);
}

static gboolean part_covers(const struct part *outer, const struct part *inner)
{
	for (guint i = 0; i < outer->count; i++) {
		if (!covers(outer->ranges[i], inner->ranges[i]))
			return FALSE;
	}
	return TRUE;
}

/* A text that is equal for equal parts. */
static GBytes *part_key(const struct part *p)
{
	GByteArray *key = g_byte_array_new();
	for (guint i = 0; i < p->count; i++) {
		g_byte_array_append(key, (const guint8 *)&p->ranges[i]->len, sizeof(guint));
		g_byte_array_append(key, (const guint8 *)p->ranges[i]->data,
		                    p->ranges[i]->len * (guint)sizeof(struct policy_range));
	}
	return g_byte_array_free_to_bytes(key);
}

typedef void (*part_of)(struct part *p, const struct policy_rule *r);

static void address_part(struct part *p, const struct policy_rule *r)
{
	p->ranges[0] = g_array_ref(r->source);
	p->ranges[1] = g_array_ref(r->destination);
	p->count = 2;
}

static void service_part(struct part *p, const struct policy_rule *r)
{
	p->ranges[0] = policy_protocols(r);
	p->ranges[1] = g_array_ref(r->source_ports);
	p->ranges[2] = g_array_ref(r->destination_ports);
	p->count = 3;
}

/* Past this many different parts the pairs cost more than they save; no rule shadows another then. */
#define MAX_PARTS 2048

static void shadows_make(struct shadows *s, const struct universe *u, part_of of)
{
	g_autoptr(GHashTable) seen =
	        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(struct part));
	g_array_set_clear_func(parts, part_clear);
	s->row = g_new0(guint, u->rules->len + 1);
	for (guint i = 0; i < u->rules->len; i++) {
		struct part part = {0};
		of(&part, g_ptr_array_index(u->rules, i));
		GBytes *key = part_key(&part);
		gpointer row = g_hash_table_lookup(seen, key);
		if (row) {
			g_bytes_unref(key);
			part_clear(&part);
		} else {
			g_array_append_val(parts, part);
			row = GUINT_TO_POINTER(parts->len);
			g_hash_table_insert(seen, key, row);
		}
		s->row[i] = GPOINTER_TO_UINT(row) - 1;
	}
	s->masks = g_array_new(FALSE, TRUE, sizeof(guint64));
	if (parts->len > MAX_PARTS)
		return;
	g_array_set_size(s->masks, parts->len * u->width);
	g_autofree gboolean *inside = g_new(gboolean, parts->len + 1);
	for (guint row = 0; row < parts->len; row++) {
		guint64 *mask = &g_array_index(s->masks, guint64, row * u->width);
		for (guint p = 0; p < parts->len; p++)
			inside[p] = part_covers(&g_array_index(parts, struct part, row),
			                        &g_array_index(parts, struct part, p));
		for (guint i = 0; i < u->rules->len; i++) {
			if (inside[s->row[i]])
				mask[i / 64] |= 1ull << (i % 64);
		}
	}
}

void shadows_by_address(struct shadows *s, const struct universe *u)
{
	shadows_make(s, u, address_part);
}

void shadows_by_service(struct shadows *s, const struct universe *u)
{
	shadows_make(s, u, service_part);
}

void shadows_clear(struct shadows *s)
{
	g_clear_pointer(&s->row, g_free);
	g_clear_pointer(&s->masks, g_array_unref);
}

/* Takes the rules after `rule` out of `set` that it shadows; those of the other list stay. */
static void shadow_from(const struct shadows *s, const struct universe *u, guint rule, guint64 *set)
{
	const guint64 *mask = &g_array_index(s->masks, guint64, s->row[rule] * u->width);
	guint end = rule < u->first ? u->first : u->rules->len;
	for (guint w = rule / 64; w * 64 < end; w++) {
		guint64 cut = mask[w];
		if (w == rule / 64)
			cut &= rule % 64 == 63 ? 0 : ~0ull << (rule % 64 + 1);
		if (end < (w + 1) * 64)
			cut &= (1ull << (end % 64)) - 1;
		set[w] &= ~cut;
	}
}

static void shadow(const struct shadows *s, const struct universe *u, guint64 *set)
{
	for (guint w = 0; w < u->width; w++) {
		for (guint64 left = set[w]; left;) {
			guint bit = (guint)__builtin_ctzll(left);
			shadow_from(s, u, w * 64 + bit, set);
			left = bit == 63 ? 0 : set[w] & (~0ull << (bit + 1));
		}
	}
}

gboolean crossing_make(struct crossing *c, const struct universe *u, const struct intern *a, const struct intern *b,
                       const struct shadows *shadows)
{
	gboolean shadowed = shadows && shadows->masks->len;
	c->rows = a->count;
	c->columns = b->count;
	if ((guint64)c->rows * c->columns > POLICY_MAX_WORDS)
		return FALSE;
	c->cells = g_new(guint16, (gsize)c->rows * c->columns);
	c->sets = intern_new(u->width, POLICY_MAX_CROSSED);
	g_autoptr(intern) raw = intern_new(u->width, G_MAXUINT - 1);
	g_autoptr(GArray) class_of = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree guint64 *set = g_new(guint64, u->width);
	for (guint i = 0; i < c->rows; i++) {
		for (guint j = 0; j < c->columns; j++) {
			const guint64 *x = intern_value(a, i), *y = intern_value(b, j);
			for (guint w = 0; w < u->width; w++)
				set[w] = x[w] & y[w];
			guint number = intern_add(raw, set);
			if (number == class_of->len) {
				if (shadowed)
					shadow(shadows, u, set);
				guint class = intern_add(c->sets, set);
				if (class == INTERN_FULL)
					return FALSE;
				g_array_append_val(class_of, class);
			}
			c->cells[(gsize)i * c->columns + j] = (guint16)g_array_index(class_of, guint, number);
		}
	}
	return TRUE;
}

void crossing_clear(struct crossing *c)
{
	g_clear_pointer(&c->cells, g_free);
	g_clear_pointer(&c->sets, intern_free);
}
