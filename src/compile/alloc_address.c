/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing addresses. Declared ones come first, so that no dynamic one is in their way; then everybody keeps what still
 * fits; then the new ones get the lowest free.
 */
#include "alloc_data.h"
#include "abi/maps.h"
#include <string.h>

/* The addresses of one network, or the public ones: address -> id of the owner (borrowed). */
static gboolean take(GHashTable *taken, guint32 addr, const char *owner)
{
	if (g_hash_table_contains(taken, GUINT_TO_POINTER(addr)))
		return FALSE;
	return g_hash_table_insert(taken, GUINT_TO_POINTER(addr), (gpointer)owner);
}

/* Network, gateway, two for the platform, broadcast. */
static gboolean is_reserved(struct prefix p, guint32 addr)
{
	return addr - p.addr < 4 || addr == prefix_last(p);
}

static gboolean fits(const struct subnet *s, guint32 addr)
{
	for (guint i = 0; i < s->prefixes->len; i++) {
		struct prefix p = g_array_index(s->prefixes, struct prefix, i);
		if (prefix_has(p, addr))
			return !is_reserved(p, addr);
	}
	return FALSE;
}

/* `from`: nothing below it is free. 0: the subnet is full. */
static guint32 lowest_free(GHashTable *taken, const struct subnet *s, guint32 from)
{
	for (guint i = 0; i < s->prefixes->len; i++) {
		struct prefix p = g_array_index(s->prefixes, struct prefix, i);
		guint64 last = prefix_last(p);
		for (guint64 addr = MAX((guint64)p.addr + 4, i == 0 ? from : 0); addr < last; addr++) {
			if (!g_hash_table_contains(taken, GUINT_TO_POINTER((guint32)addr)))
				return (guint32)addr;
		}
	}
	return 0;
}

struct privates {
	struct assignment *as;
	GHashTable *networks; /* struct network -> its taken addresses */
	GHashTable *from;     /* struct subnet -> where the search goes on, in its first prefix */
};

static GHashTable *taken_of(struct privates *p, const struct network *n)
{
	GHashTable *taken = g_hash_table_lookup(p->networks, n);
	if (!taken) {
		taken = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(p->networks, (gpointer)n, taken);
	}
	return taken;
}

static void set_private(struct privates *p, const struct ip_config *c, guint32 addr)
{
	alloc_set(p->as->a, ALLOC_PRIVATE, c->noun.key, addr);
	alloc_set(p->as->a, ALLOC_HOME, c->noun.key, alloc_vni(p->as->a, c->subnet->network));
}

static gboolean take_declared(struct privates *p, const struct ip_config *c)
{
	if (!c->address)
		return TRUE;
	GHashTable *taken = taken_of(p, c->subnet->network);
	if (!take(taken, c->address, c->noun.id)) {
		g_autofree char *text = ip_format(c->address);
		return assign_fail(p->as, &c->noun, "its address %s is already that of '%s'; choose another", text,
		                   (const char *)g_hash_table_lookup(taken, GUINT_TO_POINTER(c->address)));
	}
	set_private(p, c, c->address);
	return TRUE;
}

static gboolean keep_private(struct privates *p, const struct ip_config *c)
{
	g_autofree char *key = alloc_key(&c->noun);
	guint32 old = alloc_number(p->as->old, ALLOC_PRIVATE, key);
	if (!c->address && old && fits(c->subnet, old) && take(taken_of(p, c->subnet->network), old, c->noun.id))
		set_private(p, c, old);
	return TRUE;
}

static gboolean new_private(struct privates *p, const struct ip_config *c)
{
	if (alloc_private(p->as->a, c))
		return TRUE;
	GHashTable *taken = taken_of(p, c->subnet->network);
	guint32 from = GPOINTER_TO_UINT(g_hash_table_lookup(p->from, c->subnet));
	guint32 addr = lowest_free(taken, c->subnet, from);
	if (!addr) {
		g_autofree char *resting = assign_resting_text(p->as, alloc_vni(p->as->a, c->subnet->network));
		return assign_fail(p->as, &c->noun, "subnet '%s' has no free address left; make it larger%s",
		                   c->subnet->noun.name, resting);
	}
	take(taken, addr, c->noun.id);
	if (c->subnet->prefixes->len && prefix_has(g_array_index(c->subnet->prefixes, struct prefix, 0), addr))
		g_hash_table_insert(p->from, c->subnet, GUINT_TO_POINTER(addr));
	set_private(p, c, addr);
	return TRUE;
}

typedef gboolean (*config_step)(struct privates *p, const struct ip_config *c);

static gboolean each_config(struct privates *p, config_step step)
{
	const GPtrArray *nics = p->as->graph->nics;
	for (guint i = 0; i < nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(nics, i);
		for (guint k = 0; k < nic->configs->len; k++) {
			const struct ip_config *c = g_ptr_array_index(nic->configs, k);
			if (c->subnet && assign_holds_private(c) && !step(p, c))
				return FALSE;
		}
	}
	return TRUE;
}

static void rest(const char *address, gpointer taken)
{
	guint32 addr;
	if (ip_parse(address, &addr))
		take(taken, addr, "nobody yet");
}

/* What rests is nobody's, and not to be had. */
static void rest_privates(struct privates *p)
{
	for (guint i = 0; i < p->as->graph->networks->len; i++) {
		const struct network *n = g_ptr_array_index(p->as->graph->networks, i);
		assign_resting_in(p->as, n, rest, taken_of(p, n));
	}
}

/* An internal front end has no data plane yet, but its declared address is not free for others. */
static gboolean take_frontends(struct privates *p)
{
	const GPtrArray *lbs = p->as->graph->load_balancers;
	for (guint i = 0; i < lbs->len; i++) {
		const struct load_balancer *lb = g_ptr_array_index(lbs, i);
		for (guint k = 0; k < lb->frontends->len; k++) {
			const struct frontend *f = g_ptr_array_index(lb->frontends, k);
			if (!f->subnet || !f->address)
				continue;
			GHashTable *taken = taken_of(p, f->subnet->network);
			g_autofree char *text = ip_format(f->address);
			if (!take(taken, f->address, f->noun.id))
				return assign_fail(
				        p->as, &f->noun, "its address %s is already that of '%s'; choose another", text,
				        (const char *)g_hash_table_lookup(taken, GUINT_TO_POINTER(f->address)));
		}
	}
	return TRUE;
}

gboolean assign_private(struct assignment *as)
{
	g_autoptr(GHashTable) networks = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	g_autoptr(GHashTable) from = g_hash_table_new(NULL, NULL);
	struct privates p = {as, networks, from};
	if (!each_config(&p, take_declared) || !take_frontends(&p) || !each_config(&p, keep_private))
		return FALSE;
	rest_privates(&p);
	return each_config(&p, new_private);
}

/* --- public --- */

struct publics {
	struct assignment *as;
	GHashTable *taken;
	guint32 next; /* nothing of the pool below it is free */
};

static gboolean wants_address(const struct public_address *p)
{
	return !p->v6 && (p->address || assign_holds_public(p));
}

static gboolean in_pool(const struct assignment *as, guint32 addr)
{
	struct prefix pool = as->settings->public_pool;
	return prefix_has(pool, addr) && addr != pool.addr && addr != prefix_last(pool);
}

static gboolean public_declared(struct publics *ps, const struct public_address *p)
{
	if (!p->address)
		return TRUE;
	g_autofree char *text = ip_format(p->address), *pool = prefix_format(ps->as->settings->public_pool);
	if (!in_pool(ps->as, p->address))
		return assign_fail(ps->as, &p->noun,
		                   "its address %s is not one of the public pool %s; leave it out or choose one", text,
		                   pool);
	if (!assign_may_declare(ps->as, &p->noun, text))
		return FALSE;
	if (!take(ps->taken, p->address, p->noun.id))
		return assign_fail(ps->as, &p->noun, "its address %s is already that of '%s'; choose another", text,
		                   (const char *)g_hash_table_lookup(ps->taken, GUINT_TO_POINTER(p->address)));
	g_autofree char *key = alloc_key(&p->noun);
	alloc_set(ps->as->a, ALLOC_PUBLIC, key, p->address);
	return TRUE;
}

static void public_keep(struct publics *ps, enum alloc_kind kind, const char *key)
{
	guint32 old = alloc_number(ps->as->old, kind, key);
	if (!alloc_number(ps->as->a, kind, key) && old && in_pool(ps->as, old) && take(ps->taken, old, NULL))
		alloc_set(ps->as->a, kind, key, old);
}

static gboolean public_new(struct publics *ps, enum alloc_kind kind, const char *key, const struct noun *n)
{
	if (alloc_number(ps->as->a, kind, key))
		return TRUE;
	g_autofree char *pool = prefix_format(ps->as->settings->public_pool);
	while (in_pool(ps->as, ps->next) && !take(ps->taken, ps->next, NULL))
		ps->next++;
	if (!in_pool(ps->as, ps->next)) {
		g_autofree char *resting = assign_resting_text(ps->as, 0);
		return assign_fail(ps->as, n, "the public pool %s has no free address left; make it larger%s", pool,
		                   resting);
	}
	alloc_set(ps->as->a, kind, key, ps->next);
	return TRUE;
}

static gboolean publics_of_hosts(struct publics *ps, gboolean keep)
{
	for (guint h = 0; h < ps->as->settings->hosts; h++) {
		g_autofree char *key = g_strdup_printf("%u", h);
		if (keep)
			public_keep(ps, ALLOC_HOST, key);
		else if (!public_new(ps, ALLOC_HOST, key, NULL))
			return FALSE;
	}
	return TRUE;
}

static gboolean publics_of_documents(struct publics *ps, gboolean keep)
{
	const GPtrArray *all = ps->as->graph->public_addresses;
	for (guint i = 0; i < all->len; i++) {
		const struct public_address *p = g_ptr_array_index(all, i);
		g_autofree char *key = alloc_key(&p->noun);
		if (!wants_address(p))
			continue;
		if (keep)
			public_keep(ps, ALLOC_PUBLIC, key);
		else if (!public_new(ps, ALLOC_PUBLIC, key, &p->noun))
			return FALSE;
	}
	return TRUE;
}

gboolean assign_public(struct assignment *as)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
	struct publics ps = {as, taken, as->settings->public_pool.addr + 1};
	const GPtrArray *all = as->graph->public_addresses;
	for (guint i = 0; i < all->len; i++) {
		const struct public_address *p = g_ptr_array_index(all, i);
		if (wants_address(p) && !public_declared(&ps, p))
			return FALSE;
	}
	publics_of_hosts(&ps, TRUE);
	publics_of_documents(&ps, TRUE);
	assign_resting(as, 0, rest, taken);
	return publics_of_hosts(&ps, FALSE) && publics_of_documents(&ps, FALSE);
}
