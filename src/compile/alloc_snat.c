/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who leaves by which public address, and which of its source ports are whose.
 *
 * An address is shared by the members of the pools that its front end's rules, or its outbound rules, lead to, or by the
 * configurations behind its NAT gateway. Where several addresses would do, a configuration has the one that comes first
 * in an order of its own (rendezvous hashing), so that another address moves no more than its share.
 */
#include "alloc_data.h"
#include "abi/maps.h"
#include <string.h>

static int compare_configs(const void *a, const void *b)
{
	const struct ip_config *const *x = a, *const *y = b;
	return g_ascii_strcasecmp((*x)->noun.id, (*y)->noun.id);
}

static guint32 preference(const struct public_address *p, const struct ip_config *c)
{
	g_autofree char *both = g_strdup_printf("%s|%s", p->noun.key, c->noun.key);
	guint32 x = g_str_hash(both);
	x = (x ^ x >> 16) * 0x85ebca6bu;
	x = (x ^ x >> 13) * 0xc2b2ae35u;
	return x ^ x >> 16;
}

/* The better of two for the configuration; either may be NULL. */
static const struct public_address *better(const struct public_address *a, const struct public_address *b,
                                           const struct ip_config *c)
{
	if (!a || !b)
		return a ? a : b;
	guint32 x = preference(a, c), y = preference(b, c);
	if (x != y)
		return x > y ? a : b;
	return strcmp(a->noun.key, b->noun.key) < 0 ? a : b;
}

const struct public_address *alloc_snat_gateway(const struct nat_gateway *g, const struct ip_config *c)
{
	const struct public_address *best = NULL;
	for (guint i = 0; i < g->addresses->len; i++) {
		const struct public_address *p = g_ptr_array_index(g->addresses, i);
		if (!p->v6)
			best = better(best, p, c);
	}
	return best;
}

const struct public_address *alloc_snat_rule(const struct outbound_rule *o, const struct ip_config *c)
{
	const struct public_address *best = NULL;
	for (guint i = 0; i < o->frontends->len; i++) {
		const struct frontend *f = g_ptr_array_index(o->frontends, i);
		const struct public_address *p = f->public_address;
		if (p && !p->v6 && p->frontend == f)
			best = better(best, p, c);
	}
	return best;
}

struct members {
	GPtrArray *list; /* struct ip_config */
	GHashTable *seen;
};

static void add_member(struct members *m, struct ip_config *c)
{
	if (g_hash_table_add(m->seen, c))
		g_ptr_array_add(m->list, c);
}

static void add_gateway_members(struct members *m, const struct public_address *p)
{
	const GPtrArray *subnets = p->nat_gateway->subnets;
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *s = g_ptr_array_index(subnets, i);
		for (guint k = 0; k < s->configs->len; k++) {
			struct ip_config *c = g_ptr_array_index(s->configs, k);
			if (alloc_snat_gateway(p->nat_gateway, c) == p)
				add_member(m, c);
		}
	}
}

static void add_front_members(struct members *m, const struct public_address *p)
{
	const struct load_balancer *lb = p->frontend->lb;
	for (guint i = 0; i < lb->rules->len; i++) {
		const struct lb_rule *r = g_ptr_array_index(lb->rules, i);
		if (r->frontend != p->frontend || !r->pool || r->no_outbound_snat)
			continue;
		for (guint k = 0; k < r->pool->members->len; k++)
			add_member(m, g_ptr_array_index(r->pool->members, k));
	}
	for (guint i = 0; i < lb->outbound_rules->len; i++) {
		const struct outbound_rule *o = g_ptr_array_index(lb->outbound_rules, i);
		for (guint k = 0; o->pool && k < o->pool->members->len; k++) {
			struct ip_config *c = g_ptr_array_index(o->pool->members, k);
			if (alloc_snat_rule(o, c) == p)
				add_member(m, c);
		}
	}
}

GPtrArray *alloc_snat_members(const struct public_address *p)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	struct members m = {g_ptr_array_new(), seen};
	if (p->nat_gateway)
		add_gateway_members(&m, p);
	else if (p->frontend)
		add_front_members(&m, p);
	g_ptr_array_sort(m.list, compare_configs);
	return m.list;
}

/* What outbound rules ask of this address for each member; the data path's ranges are powers of two. */
static guint declared_share(const struct public_address *p)
{
	const struct load_balancer *lb = p->frontend ? p->frontend->lb : NULL;
	guint most = 0;
	for (guint i = 0; lb && i < lb->outbound_rules->len; i++) {
		const struct outbound_rule *o = g_ptr_array_index(lb->outbound_rules, i);
		if (g_ptr_array_find(o->frontends, p->frontend, NULL))
			most = MAX(most, o->ports);
	}
	return most ? 1u << g_bit_storage(most) >> 1 : 0;
}

guint alloc_snat_share(const struct public_address *p, guint members)
{
	guint declared = declared_share(p);
	return declared ? declared : alloc_snat_ports(members);
}

static gboolean fits(struct assignment *as, const struct public_address *p, guint members, guint share)
{
	if (members > ALLOC_SNAT_MEMBERS)
		return assign_fail(as, &p->noun, "%u configurations are behind it; at most %u", members,
		                   ALLOC_SNAT_MEMBERS);
	if (members > ESC_SNAT_PORTS / share)
		return assign_fail(as, &p->noun,
		                   "its outbound rule gives %u ports to each of %u members, but an address has %u; "
		                   "ask for fewer, or add a front end",
		                   share, members, ESC_SNAT_PORTS);
	return TRUE;
}

static gboolean snat_slots(struct assignment *as, const struct public_address *p)
{
	g_autoptr(GPtrArray) members = alloc_snat_members(p);
	g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
	guint share = alloc_snat_share(p, members->len), slots = ESC_SNAT_PORTS / share, next = 1;
	if (!fits(as, p, members->len, share))
		return FALSE;
	for (guint i = 0; i < members->len; i++) {
		g_autofree char *key = alloc_snat_key(p, g_ptr_array_index(members, i));
		guint32 old = alloc_number(as->old, ALLOC_SNAT, key);
		if (old && old <= slots && g_hash_table_add(taken, GUINT_TO_POINTER(old)))
			alloc_set(as->a, ALLOC_SNAT, key, old);
	}
	for (guint i = 0; i < members->len; i++) {
		g_autofree char *key = alloc_snat_key(p, g_ptr_array_index(members, i));
		if (alloc_number(as->a, ALLOC_SNAT, key))
			continue;
		while (!g_hash_table_add(taken, GUINT_TO_POINTER(next)))
			next++;
		alloc_set(as->a, ALLOC_SNAT, key, next);
	}
	return TRUE;
}

gboolean assign_snat(struct assignment *as)
{
	const GPtrArray *all = as->graph->public_addresses;
	for (guint i = 0; i < all->len; i++) {
		const struct public_address *p = g_ptr_array_index(all, i);
		if (!p->v6 && (p->frontend || p->nat_gateway) && !snat_slots(as, p))
			return FALSE;
	}
	return TRUE;
}
