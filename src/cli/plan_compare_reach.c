/* SPDX-License-Identifier: Apache-2.0 */
/* Who may newly reach whom, and who no longer. */
#include "cli/plan.h"
#include "cli/plan_compare.h"
#include "cli/plan_reach.h"
#include "prove/ports.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define MAX_CLASSES         2000 /* pairs of them are looked at */

/* Machines that are one tier on each side where they are at all. */
struct class
{
	const struct tier *tier[2]; /* before, after; NULL: not there */
	GPtrArray *members;         /* struct ip_config of the later side that has them */
	char *name;
};

struct comparison {
	const struct plan_side *side[2];
	struct reach *reach[2];
	GHashTable *passages[2]; /* "from|to|protocol" -> GPtrArray of struct passage */
	GPtrArray *classes;
	gboolean complete;
};

static void class_free(gpointer data)
{
	struct class *c = data;

	g_ptr_array_unref(c->members);
	g_free(c->name);
	g_free(c);
}

static void free_list(gpointer list)
{
	g_ptr_array_unref(list);
}

static char *passage_key(const struct tier *from, const struct tier *to, guint8 protocol)
{
	return g_strdup_printf("%p|%p|%u", (const void *)from, (const void *)to, protocol);
}

static GHashTable *index_passages(const struct reach *r)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);

	for (guint i = 0; i < r->passages->len; i++) {
		struct passage *p = r->passages->pdata[i];
		char *key = passage_key(p->from, p->to, p->protocol);
		GPtrArray *list = g_hash_table_lookup(t, key);

		if (!list) {
			list = g_ptr_array_new();
			g_hash_table_insert(t, key, list);
		} else {
			g_free(key);
		}
		g_ptr_array_add(list, p);
	}
	return t;
}

/* struct tier of every configuration, by the configuration's key. */
static GHashTable *tiers_by_config(const struct reach *r)
{
	GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < r->tiers->len; i++) {
		struct tier *tier = r->tiers->pdata[i];

		for (guint k = 0; k < tier->members->len; k++)
			g_hash_table_insert(t, NTH(tier->members, struct ip_config, k)->noun.key, tier);
	}
	return t;
}

static void add_member(struct comparison *c, GHashTable *known, const struct tier *before, const struct tier *after,
                       struct ip_config *member)
{
	char *key = g_strdup_printf("%p|%p", (const void *)before, (const void *)after);
	struct class *class = g_hash_table_lookup(known, key);

	if (!class) {
		class = g_new0(struct class, 1);
		class->tier[0] = before;
		class->tier[1] = after;
		class->members = g_ptr_array_new();
		g_ptr_array_add(c->classes, class);
		g_hash_table_insert(known, key, class);
	} else {
		g_free(key);
	}
	g_ptr_array_add(class->members, member);
}

static void make_classes(struct comparison *c)
{
	g_autoptr(GHashTable) old = tiers_by_config(c->reach[0]), new = tiers_by_config(c->reach[1]);
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint side = 2; side-- > 0;)
		for (guint i = 0; i < c->reach[side]->tiers->len; i++) {
			struct tier *t = c->reach[side]->tiers->pdata[i];

			for (guint k = 0; k < t->members->len; k++) {
				struct ip_config *m = t->members->pdata[k];
				const struct tier *other = g_hash_table_lookup(side ? old : new, m->noun.key);

				if (side == 1)
					add_member(c, known, other, t, m);
				else if (!other)
					add_member(c, known, t, NULL, m);
			}
		}
}

static void name_classes(struct comparison *c)
{
	g_autoptr(GHashTable) count = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < c->classes->len; i++) {
		struct class *class = c->classes->pdata[i];
		guint side = class->tier[1] ? 1 : 0;
		gpointer n;

		g_autofree char *subnet = plan_subnet_name(c->side[side]->graph, class->tier[side]->subnet);

		class->name = g_strconcat(subnet, class->tier[side]->v6 ? " IPv6" : "", NULL);
		n = g_hash_table_lookup(count, class->name);
		g_hash_table_replace(count, g_strdup(class->name), GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
	}
	for (guint i = 0; i < c->classes->len; i++) {
		struct class *class = c->classes->pdata[i];
		guint side = class->tier[1] ? 1 : 0;
		g_autofree char *bare = class->name;

		if (GPOINTER_TO_UINT(g_hash_table_lookup(count, bare)) == 1) {
			class->name = g_steal_pointer(&bare);
		} else {
			g_autofree char *members = plan_members(c->side[side]->graph, class->members);

			class->name = g_strdup_printf("%s (%s)", bare, members);
		}
	}
}

/* `to` NULL: the Internet. NULL: nothing is open, or they are not there. */
static const GPtrArray *passages_of(const struct comparison *c, guint side, const struct class *from,
                                    const struct class *to, guint8 protocol)
{
	const struct tier *a = from->tier[side], *b = to ? to->tier[side] : NULL;
	g_autofree char *key = passage_key(a, b, protocol);

	if (!a || (to && (!b || a->network != b->network)))
		return NULL;
	return g_hash_table_lookup(c->passages[side], key);
}

static GArray *ports_open(const GPtrArray *passages)
{
	g_autoptr(GArray) all = ports_empty();

	for (guint i = 0; passages && i < passages->len; i++) {
		const GArray *ports = NTH(passages, struct passage, i)->ports;

		g_array_append_vals(all, ports->data, ports->len);
	}
	return ports_of(all);
}

/* Whether outside addresses fare alike, as far as ports open to some of them are the same. */
static gboolean same_addresses(const GPtrArray *a, const GPtrArray *b)
{
	if (!a || !b || a->len != b->len)
		return a == b;
	for (guint i = 0; i < a->len; i++)
		if (!ports_equal(NTH(a, struct passage, i)->ports, NTH(b, struct passage, i)->ports) ||
		    !passage_same_addresses(a->pdata[i], b->pdata[i]))
			return FALSE;
	return TRUE;
}

static void add_row(struct node *list, guint first, const struct class *from, const struct class *to, guint8 protocol,
                    struct node *opened, struct node *closed)
{
	struct node *o = NULL;

	for (guint i = first; i < node_length(list) && !o; i++) {
		struct node *other = node_item(list, i);

		if (node_equal(node_get(other, "opened"), opened) && node_equal(node_get(other, "closed"), closed))
			o = other;
	}
	if (o) {
		node_unref(opened);
		node_unref(closed);
	} else {
		o = node_object();
		node_set(o, "from", node_string(from->name));
		node_set(o, "to", node_string(to ? to->name : "Internet"));
		node_set(o, "protocols", node_array());
		node_set(o, "opened", opened);
		node_set(o, "closed", closed);
		node_append(list, o);
	}
	node_append(node_get(o, "protocols"), node_string(plan_protocol(protocol)));
}

static void compare_pair(struct comparison *c, struct node *list, const struct class *from, const struct class *to)
{
	static const guint8 protocols[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP};
	guint first = node_length(list);

	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
		const GPtrArray *before = passages_of(c, 0, from, to, protocols[i]);
		const GPtrArray *after = passages_of(c, 1, from, to, protocols[i]);
		g_autoptr(GArray) old = ports_open(before), new = ports_open(after);
		g_autoptr(GArray) opened = ports_subtract(new, old), closed = ports_subtract(old, new);

		if (opened->len || closed->len)
			add_row(list, first, from, to, protocols[i], plan_port_list(opened), plan_port_list(closed));
		else if (!to && !same_addresses(before, after)) /* other addresses by the same ports: both */
			add_row(list, first, from, to, protocols[i], plan_port_list(new), plan_port_list(old));
	}
}

static struct node *compare_classes(struct comparison *c)
{
	struct node *list = node_array();

	for (guint i = 0; i < c->classes->len; i++) {
		const struct class *from = c->classes->pdata[i];

		for (guint k = 0; k < c->classes->len; k++) {
			const struct class *to = c->classes->pdata[k];

			if (from != to || from->members->len > 1)
				compare_pair(c, list, from, to);
		}
		compare_pair(c, list, from, NULL);
	}
	return list;
}

void plan_compare_reach(struct node *o, const struct plan_side *before, const struct plan_side *after)
{
	struct comparison c = {.side = {before, after}, .complete = TRUE};

	c.classes = g_ptr_array_new_with_free_func(class_free);
	for (guint side = 0; side < 2; side++) {
		const struct plan_side *s = c.side[side];

		c.reach[side] = reach_make(s->graph, s->alloc, &s->settings);
		c.passages[side] = index_passages(c.reach[side]);
		c.complete = c.complete && !c.reach[side]->truncated;
	}
	make_classes(&c);
	c.complete = c.complete && c.classes->len <= MAX_CLASSES;
	if (c.classes->len > MAX_CLASSES)
		g_ptr_array_set_size(c.classes, MAX_CLASSES);
	name_classes(&c);
	node_set(o, "reach", compare_classes(&c));
	node_set(o, "reach_complete", node_bool(c.complete));
	for (guint side = 0; side < 2; side++) {
		g_hash_table_unref(c.passages[side]);
		reach_free(c.reach[side]);
	}
	g_ptr_array_unref(c.classes);
}
