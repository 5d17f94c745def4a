/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual network that is taken to exist: its subnets hold the addresses that others claim in them, its space holds
 * the subnets, and what nobody constrains stays clear of every other network, since they may be peers.
 */
#include "model/assume.h"

#include <string.h>

#define SPACE_V6   "fd65:7363:6172"
#define MAX_CLAIMS 256 /* prefixes around addresses; what lies beyond is refused where it is claimed */
#define FREE_BITS  20  /* of a subnet that nothing constrains: room for 4,091 machines */

struct room { /* a subnet to be made */
	char *name;
	GArray *addresses; /* guint32: must fit in */
	GPtrArray *v6;     /* char *: /64s that must be in it */
	gboolean wants_v6; /* something in it has an IPv6 address */
	GArray *prefixes;  /* struct prefix: what it gets */
};

struct plan {
	GPtrArray *rooms;    /* struct room, by name */
	GHashTable *names;   /* lower-case name -> struct room */
	GArray *space;       /* struct prefix */
	GPtrArray *space_v6; /* char * */
};

static void room_free(gpointer data)
{
	struct room *r = data;

	g_free(r->name);
	g_array_unref(r->addresses);
	g_ptr_array_unref(r->v6);
	g_array_unref(r->prefixes);
	g_free(r);
}

static struct room *room_of(struct plan *p, const char *name)
{
	g_autofree char *key = g_ascii_strdown(name, -1);
	struct room *r = g_hash_table_lookup(p->names, key);

	if (r)
		return r;
	r = g_new0(struct room, 1);
	r->name = g_strdup(name);
	r->addresses = g_array_new(FALSE, FALSE, sizeof(guint32));
	r->v6 = g_ptr_array_new_with_free_func(g_free);
	r->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_ptr_array_add(p->rooms, r);
	g_hash_table_insert(p->names, g_steal_pointer(&key), r);
	return r;
}

static gint compare_rooms(gconstpointer a, gconstpointer b)
{
	return g_ascii_strcasecmp((*(struct room *const *)a)->name, (*(struct room *const *)b)->name);
}

static gint compare_addresses(gconstpointer a, gconstpointer b)
{
	guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

	return (x > y) - (x < y);
}

/* "2001:db8:1:2::5" -> "2001:db8:1:2::/64". NULL when it is no IPv6 address. */
static char *network_of_v6(const char *text)
{
	struct prefix6 p;

	if (!ip6_parse(text, &p.addr))
		return NULL;
	memset(p.addr.b + 8, 0, 8);
	p.length = 64;
	return prefix6_format(p);
}

static void add_text(GPtrArray *list, char *text)
{
	if (g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
		g_free(text);
	else
		g_ptr_array_add(list, text);
}

/* An address that the referrer claims in the subnet. */
static void claim(struct room *r, const struct missing *m, const char *property)
{
	const char *text = node_str(node_find(m->at, property), "");
	const char *version = node_str(node_find(m->at, "properties.privateIPAddressVersion"), "IPv4");
	char *v6 = network_of_v6(text);
	guint32 address;

	r->wants_v6 |= g_ascii_strcasecmp(version, "IPv6") == 0 || v6;
	if (v6)
		add_text(r->v6, v6);
	else if (ip_parse(text, &address))
		g_array_append_val(r->addresses, address);
}

/* A prefix that a subnet with a document of its own has: the space must hold it. */
static void add_prefix(struct plan *p, const struct node *value)
{
	const char *text = node_str(value, "");
	struct prefix6 prefix6;
	struct prefix prefix;

	if (prefix6_parse(text, &prefix6))
		add_text(p->space_v6, g_strdup(text));
	else if (strchr(text, '/') && prefix_parse(text, &prefix))
		g_array_append_val(p->space, prefix);
}

static void take_part(struct plan *p, const struct wanted *w, const struct missing *m)
{
	g_autofree char *subnet = wanted_part(w, m, "subnets");
	const struct node *list = node_find(m->at, "properties.addressPrefixes");

	if (subnet) {
		claim(room_of(p, subnet), m, "properties.privateIPAddress");
	} else if (g_str_has_suffix(m->type, "/subnets")) {
		for (guint i = 0; i < node_length(list); i++)
			add_prefix(p, node_item(list, i));
		if (node_length(list) == 0)
			add_prefix(p, node_find(m->at, "properties.addressPrefix"));
	} else if (node_find(m->at, "properties.ipAddress")) {
		claim(room_of(p, "default"), m, "properties.ipAddress"); /* member of a pool by its address */
	}
}

static gboolean is_inside(const GArray *list, guint32 address)
{
	for (guint i = 0; i < list->len; i++)
		if (prefix_has(g_array_index(list, struct prefix, i), address))
			return TRUE;
	return FALSE;
}

static gboolean is_apart(const GArray *list, struct prefix p)
{
	for (guint i = 0; i < list->len; i++)
		if (prefix_overlap(g_array_index(list, struct prefix, i), p))
			return FALSE;
	return TRUE;
}

static gboolean holds_foreign(const struct plan *p, const struct room *own, struct prefix prefix)
{
	for (guint i = 0; i < p->rooms->len; i++) {
		const struct room *r = p->rooms->pdata[i];

		for (guint k = 0; r != own && k < r->addresses->len; k++)
			if (prefix_has(prefix, g_array_index(r->addresses, guint32, k)))
				return TRUE;
	}
	return FALSE;
}

/* The most usual prefix around the address in which it is not reserved, and in which nothing is anybody else's. */
static gboolean choose_around(const struct plan *p, const struct room *r, guint32 address, struct prefix *chosen)
{
	static const guint8 lengths[] = {24, 25, 26, 27, 28, 29, 23, 22, 21, 20, 19, 18, 17, 16};

	for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
		struct prefix candidate = {address & prefix_mask(lengths[i]), lengths[i]};

		if (address < candidate.addr + 4 || address == prefix_last(candidate) ||
		    !is_apart(p->space, candidate) || holds_foreign(p, r, candidate))
			continue;
		*chosen = candidate;
		return TRUE;
	}
	return FALSE;
}

static void place_claims(struct plan *p)
{
	for (guint i = 0; i < p->rooms->len; i++) {
		struct room *r = p->rooms->pdata[i];
		struct prefix chosen;

		g_array_sort(r->addresses, compare_addresses);
		for (guint k = 0; k < r->addresses->len; k++) {
			guint32 address = g_array_index(r->addresses, guint32, k);

			if (is_inside(r->prefixes, address) || p->space->len >= MAX_CLAIMS ||
			    !choose_around(p, r, address, &chosen))
				continue;
			g_array_append_val(r->prefixes, chosen);
			g_array_append_val(p->space, chosen);
		}
	}
}

/* A /16 of private space that nobody uses; when all is in use, networks overlap, as they may. */
static struct prefix free_block(const struct space *s)
{
	static const struct prefix private[] = {{0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}};

	for (gsize i = 0; i < G_N_ELEMENTS(private); i++)
		for (guint32 a = private[i].addr; prefix_has(private[i], a); a += 1u << 16) {
			struct prefix p = {a, 16};

			if (is_apart(s->used, p))
				return p;
		}
	return (struct prefix){0x0aff0000, 16};
}

/* Subnets without a prefix share free blocks; a network without any space gets one. */
static void place_rest(struct plan *p, struct space *s)
{
	struct prefix block = {0, 0};
	guint32 next = 0;

	for (guint i = 0; i < p->rooms->len; i++) {
		struct room *r = p->rooms->pdata[i];
		struct prefix prefix;

		if (r->prefixes->len > 0)
			continue;
		if (!block.length || next > prefix_last(block)) {
			block = free_block(s);
			space_take(s, block);
			g_array_append_val(p->space, block);
			next = block.addr;
		}
		prefix = (struct prefix){next, FREE_BITS};
		next += 1u << (32 - FREE_BITS);
		g_array_append_val(r->prefixes, prefix);
	}
	if (p->space->len == 0) {
		block = free_block(s);
		space_take(s, block);
		g_array_append_val(p->space, block);
	}
}

static void place_v6(struct plan *p)
{
	gboolean own = FALSE;

	for (guint i = 0; i < p->rooms->len; i++) {
		struct room *r = p->rooms->pdata[i];

		if (r->wants_v6 && r->v6->len == 0) {
			g_ptr_array_add(r->v6, g_strdup_printf(SPACE_V6 ":%x::/64", i + 1));
			own = TRUE;
			continue;
		}
		for (guint k = 0; k < r->v6->len; k++)
			add_text(p->space_v6, g_strdup(r->v6->pdata[k]));
	}
	if (own)
		g_ptr_array_add(p->space_v6, g_strdup(SPACE_V6 "::/48"));
}

/* Of prefixes that hold one another only the largest stay: a space has no overlaps. */
static void add_space(struct node *list, GArray *space, const GPtrArray *v6)
{
	struct prefix outer = {0, 32};
	gboolean have = FALSE;

	sort_prefixes(space);
	for (guint i = 0; i < space->len; i++) {
		struct prefix p = g_array_index(space, struct prefix, i);

		if (have && prefix_contains(outer, p))
			continue;
		outer = p;
		have = TRUE;
		node_append(list, node_take_string(prefix_format(p)));
	}
	for (guint i = 0; i < v6->len; i++)
		node_append(list, node_string(v6->pdata[i]));
}

static struct node *room_node(const struct room *r)
{
	struct node *o = node_object(), *properties = node_object(), *list = node_array();

	for (guint i = 0; i < r->prefixes->len; i++)
		node_append(list, node_take_string(prefix_format(g_array_index(r->prefixes, struct prefix, i))));
	for (guint i = 0; i < r->v6->len; i++)
		node_append(list, node_string(r->v6->pdata[i]));
	node_set(properties, "addressPrefixes", list);
	node_set(o, "name", node_string(r->name));
	node_set(o, "properties", properties);
	return o;
}

struct node *assume_network(const struct wanted *w, struct space *s)
{
	g_autoptr(GPtrArray) rooms = g_ptr_array_new_with_free_func(room_free);
	g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_autoptr(GPtrArray) v6 = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct plan p = {rooms, names, taken, v6};
	struct node *properties = node_object(), *space = node_object(), *prefixes = node_array();
	struct node *subnets = node_array();

	for (guint i = 0; i < w->parts->len; i++)
		take_part(&p, w, w->parts->pdata[i]);
	g_ptr_array_sort(rooms, compare_rooms);
	place_claims(&p);
	place_rest(&p, s);
	place_v6(&p);
	add_space(prefixes, taken, v6);
	node_set(space, "addressPrefixes", prefixes);
	node_set(properties, "addressSpace", space);
	for (guint i = 0; i < rooms->len; i++)
		node_append(subnets, room_node(rooms->pdata[i]));
	node_set(properties, "subnets", subnets);
	return properties;
}
