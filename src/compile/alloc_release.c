/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of an address that its owner gave back.
 *
 * Its flows end when the tables without it are in force, but the world outside goes on knowing it for a while: in caches,
 * in access lists, in people's heads. So nobody gets it for some seconds (ALLOC_REST_SECONDS), and that it was given back is
 * remembered for some weeks, since whoever names it means the owner before. A declared address is its author's choice and does
 * not wait, except for one that was another subscription's: nobody takes over what is still meant for a stranger.
 */
#include "alloc_data.h"
#include <string.h>

#define KEPT_SECONDS (30 * 86400)
#define KEPT_MOST    1000 /* public ones; the newest are kept */

char *alloc_private_place(guint32 vni, const char *address)
{
	return g_strdup_printf("%u/%s", vni, address);
}

static void released_free(gpointer p)
{
	struct alloc_released *r = p;

	g_free(r->owner);
	g_free(r);
}

GHashTable *alloc_released_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, released_free);
}

void alloc_set_released(struct alloc *a, const char *place, gint64 at, const char *owner)
{
	struct alloc_released *r = g_new0(struct alloc_released, 1);

	r->at = at;
	r->owner = g_strdup(owner);
	g_hash_table_replace(a->released, g_strdup(place), r);
}

/* A clock that was put back makes nobody wait longer. */
guint alloc_rest(const struct alloc *a, const char *place, gint64 now)
{
	const struct alloc_released *r = a && now ? g_hash_table_lookup(a->released, place) : NULL;
	gint64 gone = r ? MAX(now - r->at, 0) : 0;

	return r && gone < ALLOC_REST_SECONDS ? (guint)(ALLOC_REST_SECONDS - gone) : 0;
}

static void rest_released(struct assignment *as, guint32 vni, resting_fn fn, gpointer user)
{
	g_autofree char *prefix = vni ? alloc_private_place(vni, "") : g_strdup("");
	GHashTableIter i;
	gpointer key;

	g_hash_table_iter_init(&i, as->old->released);
	while (g_hash_table_iter_next(&i, &key, NULL)) {
		const char *place = key;

		if ((vni ? g_str_has_prefix(place, prefix) : !strchr(place, '/')) &&
		    alloc_rest(as->old, place, as->settings->now))
			fn(place + strlen(prefix), user);
	}
}

/* Also what is given back only now: whoever held it before. */
static void rest_held(struct assignment *as, guint32 vni, resting_fn fn, gpointer user)
{
	GHashTableIter i;
	gpointer key, value;

	g_hash_table_iter_init(&i, as->old->numbers[vni ? ALLOC_PRIVATE : ALLOC_PUBLIC]);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		g_autofree char *text = NULL;

		if (vni && alloc_number(as->old, ALLOC_HOME, key) != vni)
			continue;
		text = ip_format(GPOINTER_TO_UINT(value));
		fn(text, user);
	}
	g_hash_table_iter_init(&i, as->old->addresses6[vni ? ALLOC_PRIVATE6 : ALLOC_PUBLIC6]);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		g_autofree char *text = NULL;

		if (vni && alloc_number(as->old, ALLOC_HOME, key) != vni)
			continue;
		text = ip6_format(*(const struct ip6 *)value);
		fn(text, user);
	}
}

void assign_resting(struct assignment *as, guint32 vni, resting_fn fn, gpointer user)
{
	if (!as->old || !as->settings->now)
		return;
	rest_released(as, vni, fn, user);
	rest_held(as, vni, fn, user);
}

void assign_resting_in(struct assignment *as, const struct network *n, resting_fn fn, gpointer user)
{
	guint32 vni = alloc_vni(as->a, n);

	if (alloc_number(as->old, ALLOC_NETWORK, n->noun.key) == vni)
		assign_resting(as, vni, fn, user);
}

static void count(const char *address, gpointer user)
{
	(void)address;
	++*(guint *)user;
}

char *assign_resting_text(struct assignment *as, guint32 vni)
{
	guint resting = 0;

	if (as->old)
		rest_released(as, vni, count, &resting);
	if (!resting)
		return g_strdup("");
	return g_strdup_printf(" (%u %s given back less than %u s ago: try again then)", resting,
	                       resting == 1 ? "was" : "were", ALLOC_REST_SECONDS);
}

/* "/subscriptions/NAME" of an id. Caller frees. */
static char *subscription_of(const char *id)
{
	static const char head[] = "/subscriptions/";
	const char *end = g_str_has_prefix(id, head) ? strchr(id + strlen(head), '/') : NULL;

	return end ? g_strndup(id, (gsize)(end - id)) : g_strdup("");
}

/* --- what is remembered --- */

static int newest_first(const void *a, const void *b)
{
	const struct alloc_past *x = a, *y = b;
	return x->at != y->at ? (x->at > y->at ? -1 : 1) : strcmp(x->address, y->address);
}

GArray *alloc_past(const struct alloc *a)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct alloc_past));
	GHashTableIter i;
	gpointer key, value;
	g_hash_table_iter_init(&i, a->released);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		const struct alloc_released *r = value;
		struct alloc_past p = {key, r->owner, r->at};
		if (!strchr(key, '/'))
			g_array_append_val(list, p);
	}
	g_array_sort(list, newest_first);
	return list;
}

static const char *owner_of(GHashTable *numbers, guint32 address)
{
	GHashTableIter i;
	gpointer key, value;
	g_hash_table_iter_init(&i, numbers);
	while (g_hash_table_iter_next(&i, &key, &value))
		if (GPOINTER_TO_UINT(value) == address)
			return key;
	return NULL;
}

const char *alloc_public_holder(const struct alloc *a, const char *address)
{
	GHashTableIter i;
	gpointer key, value;
	struct ip6 six;
	guint32 four;
	if (ip_parse(address, &four))
		return owner_of(a->numbers[ALLOC_PUBLIC], four);
	if (!ip6_parse(address, &six))
		return NULL;
	g_hash_table_iter_init(&i, a->addresses6[ALLOC_PUBLIC6]);
	while (g_hash_table_iter_next(&i, &key, &value))
		if (!ip6_compare(*(const struct ip6 *)value, six))
			return key;
	return NULL;
}

static gboolean is_strangers(const struct noun *n, const char *owner)
{
	g_autofree char *mine = subscription_of(n->key), *theirs = subscription_of(owner);

	return strcmp(mine, theirs) != 0;
}

gboolean assign_may_declare(struct assignment *as, const struct noun *n, const char *address)
{
	const char *holder = as->old && as->settings->now ? alloc_public_holder(as->old, address) : NULL;
	guint seconds = alloc_rest(as->old, address, as->settings->now);
	const struct alloc_released *r = seconds ? g_hash_table_lookup(as->old->released, address) : NULL;

	if (holder && is_strangers(n, holder))
		return assign_fail(as, n, "its address %s is another subscription's; choose another", address);
	if (r && is_strangers(n, r->owner))
		return assign_fail(as, n,
		                   "another subscription gave its address %s back just now; try again in %u s, or "
		                   "choose another",
		                   address, seconds);
	return TRUE;
}

/* --- what this assignment gave back --- */

/* Every place that is in use now. */
static GHashTable *places_in_use(const struct alloc *a)
{
	GHashTable *used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter i;
	gpointer key, value;

	for (guint p = 0; p < 2; p++) {
		g_hash_table_iter_init(&i, a->numbers[p ? ALLOC_HOST : ALLOC_PUBLIC]);
		while (g_hash_table_iter_next(&i, NULL, &value))
			g_hash_table_add(used, ip_format(GPOINTER_TO_UINT(value)));
	}
	g_hash_table_iter_init(&i, a->addresses6[ALLOC_PUBLIC6]);
	while (g_hash_table_iter_next(&i, NULL, &value))
		g_hash_table_add(used, ip6_format(*(const struct ip6 *)value));
	g_hash_table_iter_init(&i, a->numbers[ALLOC_HOME]);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		guint32 four = alloc_number(a, ALLOC_PRIVATE, key);
		const struct ip6 *six = alloc_address6(a, ALLOC_PRIVATE6, key);
		g_autofree char *text = six ? ip6_format(*six) : ip_format(four);

		g_hash_table_add(used, alloc_private_place(GPOINTER_TO_UINT(value), text));
	}
	return used;
}

/* Networks whose number means the same as before: of others, nothing is remembered. */
static GHashTable *lasting_networks(const struct assignment *as)
{
	GHashTable *lasting = g_hash_table_new(NULL, NULL);
	GHashTableIter i;
	gpointer key, vni;

	g_hash_table_iter_init(&i, as->a->numbers[ALLOC_NETWORK]);
	while (g_hash_table_iter_next(&i, &key, &vni))
		if (alloc_number(as->old, ALLOC_NETWORK, key) == GPOINTER_TO_UINT(vni))
			g_hash_table_add(lasting, vni);
	return lasting;
}

struct giving {
	struct assignment *as;
	GHashTable *used, *lasting;
};

/* `vni` 0: a public address. */
static void give_back(struct giving *g, const char *owner, guint32 vni, const char *address)
{
	g_autofree char *place = vni ? alloc_private_place(vni, address) : g_strdup(address);

	if ((!vni || g_hash_table_contains(g->lasting, GUINT_TO_POINTER(vni))) &&
	    !g_hash_table_contains(g->used, place))
		alloc_set_released(g->as->a, place, g->as->settings->now, owner);
}

static void give_back_four(struct giving *g, enum alloc_kind kind)
{
	GHashTableIter i;
	gpointer key, value;

	g_hash_table_iter_init(&i, g->as->old->numbers[kind]);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		guint32 vni = kind == ALLOC_PRIVATE ? alloc_number(g->as->old, ALLOC_HOME, key) : 0;
		g_autofree char *text = NULL;

		if (alloc_number(g->as->a, kind, key) == GPOINTER_TO_UINT(value) || (kind == ALLOC_PRIVATE && !vni))
			continue;
		text = ip_format(GPOINTER_TO_UINT(value));
		give_back(g, key, vni, text);
	}
}

static void give_back_six(struct giving *g, enum alloc_kind6 kind)
{
	GHashTableIter i;
	gpointer key, value;

	g_hash_table_iter_init(&i, g->as->old->addresses6[kind]);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		const struct ip6 *now = alloc_address6(g->as->a, kind, key), *then = value;
		guint32 vni = kind == ALLOC_PRIVATE6 ? alloc_number(g->as->old, ALLOC_HOME, key) : 0;
		g_autofree char *text = NULL;

		if ((now && ip6_compare(*now, *then) == 0) || (kind == ALLOC_PRIVATE6 && !vni))
			continue;
		text = ip6_format(*then);
		give_back(g, key, vni, text);
	}
}

/* A public one is remembered until its owner has it again; a private one only as long as it rests. */
static gboolean is_worth_keeping(const struct giving *g, const char *place, const struct alloc_released *r)
{
	const struct assignment *as = g->as;
	const char *slash = strchr(place, '/');
	gint64 gone = as->settings->now - r->at;
	guint32 four;
	struct ip6 six;

	if (slash)
		return gone < ALLOC_REST_SECONDS && !g_hash_table_contains(g->used, place) &&
		       g_hash_table_contains(g->lasting, GUINT_TO_POINTER((guint32)g_ascii_strtoull(place, NULL, 10)));
	if (ip_parse(place, &four) && alloc_number(as->a, ALLOC_PUBLIC, r->owner) == four)
		return FALSE;
	if (ip6_parse(place, &six)) {
		const struct ip6 *again = alloc_address6(as->a, ALLOC_PUBLIC6, r->owner);

		if (again && ip6_compare(*again, six) == 0)
			return FALSE;
	}
	return gone < KEPT_SECONDS;
}

static void keep_memory(struct giving *g)
{
	GHashTableIter i;
	gpointer key, value;

	g_hash_table_iter_init(&i, g->as->old->released);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		const struct alloc_released *r = value;

		if (is_worth_keeping(g, key, r))
			alloc_set_released(g->as->a, key, r->at, r->owner);
	}
}

static gint by_age(gconstpointer a, gconstpointer b, gpointer released)
{
	const struct alloc_released *x = g_hash_table_lookup(released, *(char *const *)a);
	const struct alloc_released *y = g_hash_table_lookup(released, *(char *const *)b);

	if (x->at != y->at)
		return x->at > y->at ? -1 : 1;
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forget_oldest(struct alloc *a)
{
	g_autoptr(GPtrArray) public = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter i;
	gpointer key;

	g_hash_table_iter_init(&i, a->released);
	while (g_hash_table_iter_next(&i, &key, NULL))
		if (!strchr(key, '/'))
			g_ptr_array_add(public, g_strdup(key));
	if (public->len <= KEPT_MOST)
		return;
	g_ptr_array_sort_with_data(public, by_age, a->released);
	for (guint k = KEPT_MOST; k < public->len; k++)
		g_hash_table_remove(a->released, g_ptr_array_index(public, k));
}

gboolean assign_released(struct assignment *as)
{
	if (!as->old || !as->settings->now)
		return TRUE;
	g_autoptr(GHashTable) used = places_in_use(as->a), lasting = lasting_networks(as);
	struct giving g = {as, used, lasting};

	keep_memory(&g);
	give_back_four(&g, ALLOC_PUBLIC);
	give_back_four(&g, ALLOC_PRIVATE);
	give_back_six(&g, ALLOC_PUBLIC6);
	give_back_six(&g, ALLOC_PRIVATE6);
	forget_oldest(as->a);
	return TRUE;
}

/* --- who holds addresses --- */

gboolean assign_holds_private(const struct ip_config *c)
{
	const struct vm *vm = c->nic->vm;

	return c->is_static || !vm || vm->state != VM_DEALLOCATED;
}

struct behind {
	guint machines, allocated;
};

static void add_behind(struct behind *b, const struct ip_config *c)
{
	if (!c || !c->nic->vm)
		return;
	b->machines++;
	b->allocated += c->nic->vm->state != VM_DEALLOCATED;
}

static void add_pool(struct behind *b, const struct pool *pool)
{
	for (guint i = 0; pool && i < pool->members->len; i++)
		add_behind(b, g_ptr_array_index(pool->members, i));
	for (guint i = 0; pool && i < pool->members6->len; i++)
		add_behind(b, g_ptr_array_index(pool->members6, i));
}

/* The address of a deployment is given back when the last of its machines is deallocated. */
static gboolean is_front_of_nobody(const struct frontend *f)
{
	struct behind b = {0};

	for (guint i = 0; i < f->lb->rules->len; i++) {
		const struct lb_rule *r = g_ptr_array_index(f->lb->rules, i);

		if (r->frontend == f)
			add_pool(&b, r->pool);
	}
	for (guint i = 0; i < f->lb->nat_rules->len; i++) {
		const struct nat_rule *r = g_ptr_array_index(f->lb->nat_rules, i);

		if (r->frontend == f) {
			add_behind(&b, r->target);
			add_behind(&b, r->target6);
		}
	}
	for (guint i = 0; i < f->lb->outbound_rules->len; i++) {
		const struct outbound_rule *o = g_ptr_array_index(f->lb->outbound_rules, i);

		if (g_ptr_array_find(o->frontends, f, NULL))
			add_pool(&b, o->pool);
	}
	return b.machines && !b.allocated;
}

gboolean assign_holds_public(const struct public_address *p)
{
	const struct vm *vm = p->config ? p->config->nic->vm : NULL;

	if (p->is_static || p->nat_gateway)
		return TRUE;
	if (p->config)
		return vm && vm->state != VM_DEALLOCATED;
	return p->frontend && !is_front_of_nobody(p->frontend);
}
