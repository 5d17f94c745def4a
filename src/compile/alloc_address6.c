/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing IPv6 addresses, in the order of alloc_address.c: declared ones, those that still fit, the lowest free. There
 * is always a free one: a /64, and a pool of any sensible length, have more than there are documents.
 */
#include "alloc_data.h"
#include <string.h>

#define RESERVED 4 /* at the start of every subnet */

static guint address_hash(gconstpointer key)
{
	guint64 halves[2];

	memcpy(halves, key, sizeof halves);
	return (guint)((halves[0] ^ halves[1] * 0x9e3779b97f4a7c15ull) >> 32);
}

static gboolean address_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct ip6)) == 0;
}

/* Addresses that are somebody's: struct ip6 -> id of the owner (borrowed). */
static GHashTable *taken_new(void)
{
	return g_hash_table_new_full(address_hash, address_equal, g_free, NULL);
}

static gboolean take(GHashTable *taken, struct ip6 address, const char *owner)
{
	if (g_hash_table_contains(taken, &address))
		return FALSE;
	return g_hash_table_insert(taken, g_memdup2(&address, sizeof address), (gpointer)owner);
}

static gboolean is_set(struct ip6 address)
{
	static const struct ip6 none;

	return ip6_compare(address, none) != 0;
}

static gboolean fail_taken(struct assignment *as, const struct noun *n, GHashTable *taken, struct ip6 address)
{
	g_autofree char *text = ip6_format(address);

	return assign_fail(as, n, "its address %s is already that of '%s'; choose another", text,
	                   (const char *)g_hash_table_lookup(taken, &address));
}

/* --- private --- */

struct privates {
	struct assignment *as;
	GHashTable *networks; /* struct network -> its taken addresses */
	GHashTable *from;     /* struct subnet -> struct ip6: nothing of its prefix below it is free */
};

static GHashTable *taken_of(struct privates *p, const struct network *n)
{
	GHashTable *taken = g_hash_table_lookup(p->networks, n);

	if (!taken) {
		taken = taken_new();
		g_hash_table_insert(p->networks, (gpointer)n, taken);
	}
	return taken;
}

static void set_private(struct privates *p, const struct ip_config *c, struct ip6 address)
{
	alloc_set6(p->as->a, ALLOC_PRIVATE6, c->noun.key, address);
	alloc_set(p->as->a, ALLOC_HOME, c->noun.key, alloc_vni(p->as->a, c->subnet->network));
}

static gboolean take_declared(struct privates *p, const struct ip_config *c)
{
	GHashTable *taken = taken_of(p, c->subnet->network);

	if (!is_set(c->address6))
		return TRUE;
	if (!take(taken, c->address6, c->noun.id))
		return fail_taken(p->as, &c->noun, taken, c->address6);
	set_private(p, c, c->address6);
	return TRUE;
}

static gboolean take_frontends(struct privates *p)
{
	const GPtrArray *lbs = p->as->graph->load_balancers;

	for (guint i = 0; i < lbs->len; i++) {
		const struct load_balancer *lb = g_ptr_array_index(lbs, i);

		for (guint k = 0; k < lb->frontends->len; k++) {
			const struct frontend *f = g_ptr_array_index(lb->frontends, k);
			GHashTable *taken = f->subnet ? taken_of(p, f->subnet->network) : NULL;

			if (taken && is_set(f->address6) && !take(taken, f->address6, f->noun.id))
				return fail_taken(p->as, &f->noun, taken, f->address6);
		}
	}
	return TRUE;
}

static gboolean fits(const struct subnet *s, struct ip6 address)
{
	for (guint i = 0; i < s->prefixes6->len; i++) {
		struct prefix6 p = g_array_index(s->prefixes6, struct prefix6, i);

		if (prefix6_has(p, address))
			return ip6_compare(address, ip6_add(p.addr, RESERVED)) >= 0;
	}
	return FALSE;
}

static gboolean keep_private(struct privates *p, const struct ip_config *c)
{
	const struct ip6 *old = alloc_address6(p->as->old, ALLOC_PRIVATE6, c->noun.key);

	if (old && !is_set(c->address6) && fits(c->subnet, *old) &&
	    take(taken_of(p, c->subnet->network), *old, c->noun.id))
		set_private(p, c, *old);
	return TRUE;
}

static gboolean new_private(struct privates *p, const struct ip_config *c)
{
	const struct subnet *s = c->subnet;
	struct ip6 *from = g_hash_table_lookup(p->from, s);

	if (alloc_private6(p->as->a, c))
		return TRUE;
	if (!s->prefixes6->len)
		return assign_fail(p->as, &c->noun, "subnet '%s' has no IPv6 prefix", s->noun.name);
	if (!from) {
		from = g_new(struct ip6, 1);
		*from = ip6_add(g_array_index(s->prefixes6, struct prefix6, 0).addr, RESERVED);
		g_hash_table_insert(p->from, (gpointer)s, from);
	}
	while (!take(taken_of(p, s->network), *from, c->noun.id))
		*from = ip6_add(*from, 1);
	set_private(p, c, *from);
	return TRUE;
}

typedef gboolean (*config_step)(struct privates *p, const struct ip_config *c);

static gboolean each_config(struct privates *p, config_step step)
{
	const GPtrArray *nics = p->as->graph->nics;

	for (guint i = 0; i < nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(nics, i);

		for (guint k = 0; k < nic->configs6->len; k++) {
			const struct ip_config *c = g_ptr_array_index(nic->configs6, k);

			if (c->subnet && assign_holds_private(c) && !step(p, c))
				return FALSE;
		}
	}
	return TRUE;
}

static void rest(const char *text, gpointer taken)
{
	struct ip6 address;

	if (ip6_parse(text, &address))
		take(taken, address, "nobody yet");
}

static void rest_privates(struct privates *p)
{
	for (guint i = 0; i < p->as->graph->networks->len; i++) {
		const struct network *n = g_ptr_array_index(p->as->graph->networks, i);

		assign_resting_in(p->as, n, rest, taken_of(p, n));
	}
}

gboolean assign_private6(struct assignment *as)
{
	g_autoptr(GHashTable) networks = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	g_autoptr(GHashTable) from = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	struct privates p = {as, networks, from};

	if (!each_config(&p, take_declared) || !take_frontends(&p) || !each_config(&p, keep_private))
		return FALSE;
	rest_privates(&p);
	return each_config(&p, new_private);
}

/* --- public --- */

static gboolean wants_address(const struct public_address *p)
{
	return p->v6 && (is_set(p->address6) || assign_holds_public(p));
}

/* The first one stays free, as a network's address does. */
static gboolean in_pool(const struct assignment *as, struct ip6 address)
{
	struct prefix6 pool = as->settings->public_pool6;

	return prefix6_has(pool, address) && ip6_compare(address, pool.addr) != 0;
}

struct publics {
	struct assignment *as;
	GHashTable *taken;
	struct ip6 next; /* nothing of the pool below it is free */
};

static gboolean public_declared(struct publics *ps, const struct public_address *p)
{
	struct assignment *as = ps->as;
	g_autofree char *text = ip6_format(p->address6), *pool = prefix6_format(as->settings->public_pool6);

	if (!is_set(p->address6))
		return TRUE;
	if (!in_pool(as, p->address6))
		return assign_fail(as, &p->noun,
		                   "its address %s is not one of the public pool %s; leave it out or choose one", text,
		                   pool);
	if (!assign_may_declare(as, &p->noun, text))
		return FALSE;
	if (!take(ps->taken, p->address6, p->noun.id))
		return fail_taken(as, &p->noun, ps->taken, p->address6);
	alloc_set6(as->a, ALLOC_PUBLIC6, p->noun.key, p->address6);
	return TRUE;
}

static gboolean public_keep(struct publics *ps, const struct public_address *p)
{
	struct assignment *as = ps->as;
	const struct ip6 *old = alloc_address6(as->old, ALLOC_PUBLIC6, p->noun.key);

	if (old && !alloc_public6(as->a, p) && in_pool(as, *old) && take(ps->taken, *old, p->noun.id))
		alloc_set6(as->a, ALLOC_PUBLIC6, p->noun.key, *old);
	return TRUE;
}

static gboolean public_new(struct publics *ps, const struct public_address *p)
{
	g_autofree char *pool = prefix6_format(ps->as->settings->public_pool6);

	if (alloc_public6(ps->as->a, p))
		return TRUE;
	while (in_pool(ps->as, ps->next) && !take(ps->taken, ps->next, p->noun.id))
		ps->next = ip6_add(ps->next, 1);
	if (!in_pool(ps->as, ps->next))
		return assign_fail(ps->as, &p->noun, "the public pool %s has no free address left; make it larger",
		                   pool);
	alloc_set6(ps->as->a, ALLOC_PUBLIC6, p->noun.key, ps->next);
	return TRUE;
}

typedef gboolean (*public_step)(struct publics *ps, const struct public_address *p);

gboolean assign_public6(struct assignment *as)
{
	static const public_step steps[] = {public_declared, public_keep, public_new};
	const GPtrArray *all = as->graph->public_addresses;
	g_autoptr(GHashTable) taken = taken_new();
	struct publics ps = {as, taken, ip6_add(as->settings->public_pool6.addr, 1)};

	for (guint s = 0; s < G_N_ELEMENTS(steps); s++) {
		if (steps[s] == public_new)
			assign_resting(as, 0, rest, taken);
		for (guint i = 0; i < all->len; i++) {
			const struct public_address *p = g_ptr_array_index(all, i);

			if (wants_address(p) && !steps[s](&ps, p))
				return FALSE;
		}
	}
	return TRUE;
}
