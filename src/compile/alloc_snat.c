/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who leaves by which public address, and which of its source ports are whose.
 *
 * An address is shared by the members of the pools that its front end's rules, or its outbound rules, lead to, or by the
 * configurations behind its NAT gateway. Where several addresses would do, a configuration has the one that comes first
 * in an order of its own (rendezvous hashing), so that another address moves no more than its share; of an outbound rule
 * that declares how many ports each member has, the first that has as many left.
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

/* The data path's ranges are powers of two. */
static guint range_of(guint ports)
{
	return 1u << g_bit_storage(ports) >> 1;
}

struct members {
	GPtrArray *list; /* struct ip_config */
	GHashTable *seen;
};

/* Who does not run holds no ports. */
static gboolean is_off(const struct ip_config *c)
{
	return c->nic->vm && c->nic->vm->state != VM_RUNNING;
}

static void add_member(struct members *m, struct ip_config *c)
{
	if (!is_off(c) && g_hash_table_add(m->seen, c))
		g_ptr_array_add(m->list, c);
}

/* The ranges that an address has for members of the rule: as many as fit where it declares their size. */
static guint rule_room(const struct outbound_rule *o)
{
	return o->ports ? ESC_SNAT_PORTS / range_of(o->ports) : G_MAXUINT;
}

/* The best front end of the rule that has room; NULL: none has. `taken`: address -> ranges in use there. */
static const struct public_address *rule_address(const struct outbound_rule *o, const struct ip_config *c,
                                                 GHashTable *taken)
{
	const struct public_address *best = NULL;
	for (guint i = 0; i < o->frontends->len; i++) {
		const struct frontend *f = g_ptr_array_index(o->frontends, i);
		const struct public_address *p = f->public_address;
		if (p && !p->v6 && p->frontend == f && GPOINTER_TO_UINT(g_hash_table_lookup(taken, p)) < rule_room(o))
			best = better(best, p, c);
	}
	return best;
}

/* The rule's members, in order of id, have what is best for them of what is left: so all ports of its front ends do. */
static void add_rule_members(struct members *m, const struct public_address *p, const struct outbound_rule *o)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_copy(o->pool->members, NULL, NULL);
	g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
	g_ptr_array_sort(sorted, compare_configs);
	for (guint i = 0; i < sorted->len; i++) {
		struct ip_config *c = g_ptr_array_index(sorted, i);
		if (is_off(c))
			continue;
		const struct public_address *mine = rule_address(o, c, taken);
		guint here = GPOINTER_TO_UINT(g_hash_table_lookup(taken, mine));
		g_hash_table_insert(taken, (gpointer)mine, GUINT_TO_POINTER(here + 1));
		if (mine == p)
			add_member(m, c);
	}
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
		if (o->pool && g_ptr_array_find(o->frontends, p->frontend, NULL))
			add_rule_members(m, p, o);
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

/* What outbound rules ask of this address for each member. */
static guint declared_share(const struct public_address *p)
{
	const struct load_balancer *lb = p->frontend ? p->frontend->lb : NULL;
	guint most = 0;
	for (guint i = 0; lb && i < lb->outbound_rules->len; i++) {
		const struct outbound_rule *o = g_ptr_array_index(lb->outbound_rules, i);
		if (g_ptr_array_find(o->frontends, p->frontend, NULL))
			most = MAX(most, o->ports);
	}
	return most ? range_of(most) : 0;
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

/* Front ends of the rule, of IPv4, and those of them at which the configuration has a range. */
static guint ranges_of(const struct assignment *as, const struct outbound_rule *o, const struct ip_config *c,
                       guint *frontends)
{
	guint ranges = 0;
	*frontends = 0;
	for (guint i = 0; i < o->frontends->len; i++) {
		const struct frontend *f = g_ptr_array_index(o->frontends, i);
		const struct public_address *p = f->public_address;
		if (!p || p->v6)
			continue;
		(*frontends)++;
		ranges += alloc_snat_slot(as->a, p, c) != ALLOC_NO_SLOT;
	}
	return ranges;
}

/* Nobody is left without ports by a rule that says how many he has. */
static gboolean rule_serves_all(struct assignment *as, const struct outbound_rule *o)
{
	for (guint i = 0; o->pool && i < o->pool->members->len; i++) {
		const struct ip_config *c = g_ptr_array_index(o->pool->members, i);
		guint frontends, ranges = ranges_of(as, o, c, &frontends);
		if (frontends && !ranges && !is_off(c))
			return assign_fail(as, &c->noun,
			                   "outbound rule '%s' has no %u ports left for it: an address has room for %u "
			                   "such members; ask for fewer ports, or add a front end",
			                   o->noun.name, o->ports, rule_room(o));
	}
	return TRUE;
}

gboolean assign_snat(struct assignment *as)
{
	const GPtrArray *all = as->graph->public_addresses, *balancers = as->graph->load_balancers;
	for (guint i = 0; i < all->len; i++) {
		const struct public_address *p = g_ptr_array_index(all, i);
		if (!p->v6 && (p->frontend || p->nat_gateway) && !snat_slots(as, p))
			return FALSE;
	}
	for (guint i = 0; i < balancers->len; i++) {
		const struct load_balancer *lb = g_ptr_array_index(balancers, i);
		for (guint k = 0; k < lb->outbound_rules->len; k++) {
			if (!rule_serves_all(as, g_ptr_array_index(lb->outbound_rules, k)))
				return FALSE;
		}
	}
	return TRUE;
}
