/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/tiers.h"
#include "prove/way_out.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

static void tier_free(gpointer data)
{
	struct tier *t = data;

	g_ptr_array_unref(t->members);
	g_free(t);
}

/* What rules and routes of a network and those tied to it tell addresses apart by, each once. */
struct marks {
	gboolean v6;       /* of which family */
	GArray *prefixes;  /* struct prefix6 */
	GPtrArray *groups; /* struct app_group */
	GHashTable *seen;  /* struct prefix6 */
	GHashTable *lists; /* struct security_group that were read */
};

static guint prefix_hash(gconstpointer p)
{
	const struct prefix6 *x = p;
	guint hash = x->length;

	for (gsize i = 0; i < sizeof(x->addr.b); i++)
		hash = hash * 31 + x->addr.b[i];
	return hash;
}

static gboolean prefix_same(gconstpointer a, gconstpointer b)
{
	const struct prefix6 *x = a, *y = b;

	return x->length == y->length && ip6_compare(x->addr, y->addr) == 0;
}

/* IPv4 ones as IPv6 maps them; those for everything of a family tell nobody apart. */
static void mark_prefix(struct marks *m, struct prefix6 p, guint8 everything)
{
	if (p.length <= everything || g_hash_table_contains(m->seen, &p))
		return;
	g_hash_table_add(m->seen, g_memdup2(&p, sizeof(p)));
	g_array_append_val(m->prefixes, p);
}

static void mark_side(struct marks *m, const struct rule_side *side)
{
	for (guint i = 0; !m->v6 && i < side->prefixes->len; i++)
		mark_prefix(m, prefix6_mapped(g_array_index(side->prefixes, struct prefix, i)), 96);
	for (guint i = 0; m->v6 && i < side->prefixes6->len; i++)
		mark_prefix(m, g_array_index(side->prefixes6, struct prefix6, i), 0);
	for (guint i = 0; i < side->groups->len; i++)
		if (!g_ptr_array_find(m->groups, side->groups->pdata[i], NULL))
			g_ptr_array_add(m->groups, side->groups->pdata[i]);
}

static void mark_group(struct marks *m, const struct security_group *group)
{
	if (!group || !g_hash_table_add(m->lists, (gpointer)group))
		return;
	for (int d = 0; d < 2; d++)
		for (guint i = 0; i < group->rules[d]->len; i++) {
			mark_side(m, &NTH(group->rules[d], struct rule, i)->source);
			mark_side(m, &NTH(group->rules[d], struct rule, i)->destination);
		}
}

/* What tells this configuration from others: where it is, whether it may leave, and which marks its address bears. */
static char *signature(const struct marks *m, const struct alloc *a, const struct ip_config *c, struct ip6 address)
{
	GString *s = g_string_new(c->subnet->noun.key);

	g_string_append_printf(s, "|%s|%d", c->nic->group ? c->nic->group->noun.key : "", way_out_exists(a, c));
	for (guint i = 0; i < m->prefixes->len; i++)
		if (prefix6_has(g_array_index(m->prefixes, struct prefix6, i), address))
			g_string_append_printf(s, "|%u", i);
	for (guint i = 0; i < m->groups->len; i++)
		if (g_ptr_array_find(c->app_groups, m->groups->pdata[i], NULL))
			g_string_append_printf(s, "|g%u", i);
	return g_string_free(s, FALSE);
}

static void add_member(GPtrArray *tiers, GHashTable *by_signature, char *key, struct ip_config *c)
{
	struct tier *t = g_hash_table_lookup(by_signature, key);

	if (!t) {
		t = g_new0(struct tier, 1);
		t->network = c->subnet->network;
		t->subnet = c->subnet;
		t->group = c->nic->group;
		t->v6 = c->v6;
		t->members = g_ptr_array_new();
		g_ptr_array_add(tiers, t);
		g_hash_table_insert(by_signature, key, t);
	} else {
		g_free(key);
	}
	g_ptr_array_add(t->members, c);
}

static void mark_routes(struct marks *m, const struct subnet *s)
{
	for (guint i = 0; s->route_table && i < s->route_table->routes->len; i++) {
		const struct route *r = NTH(s->route_table->routes, struct route, i);

		if (r->v6 == m->v6 && !r->tag)
			mark_prefix(m, r->v6 ? r->prefix6 : prefix6_mapped(r->prefix), r->v6 ? 0 : 96);
	}
}

static void mark_network(struct marks *m, const struct network *n)
{
	for (guint i = 0; i < n->ports->len; i++) {
		const struct nic *nic = NTH(n->ports, struct nic, i);

		mark_group(m, nic->group);
		for (guint k = 0; k < nic->configs->len; k++) {
			mark_group(m, NTH(nic->configs, struct ip_config, k)->subnet->group);
			mark_routes(m, NTH(nic->configs, struct ip_config, k)->subnet);
		}
	}
}

/* The network and all that peerings tie it to, over however many: an appliance may lead there. */
static GPtrArray *tied(const struct network *n)
{
	GPtrArray *list = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	g_ptr_array_add(list, (gpointer)n);
	g_hash_table_add(seen, (gpointer)n);
	for (guint i = 0; i < list->len; i++) {
		const GPtrArray *peerings = NTH(list, struct network, i)->peerings;

		for (guint k = 0; k < peerings->len; k++) {
			const struct peering *p = NTH(peerings, struct peering, k);

			if (p->reverse && g_hash_table_add(seen, p->remote))
				g_ptr_array_add(list, p->remote);
		}
	}
	return list;
}

static void add_config(GPtrArray *tiers, GHashTable *by_signature, const struct marks *m, const struct alloc *a,
                       struct ip_config *c, guint64 *work)
{
	guint64 cost = m->prefixes->len + m->groups->len + 1;
	struct ip6 address = address_private(a, c);

	if (!address_is_set(address))
		return; /* of an interface of IPv6 alone */
	if (*work < cost) {
		*work = 0;
		return;
	}
	*work -= cost;
	add_member(tiers, by_signature, signature(m, a, c, address), c);
}

static void tiers_of_family(GPtrArray *tiers, const struct network *n, const struct alloc *a, gboolean v6,
                            guint64 *work)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(prefix_hash, prefix_same, g_free, NULL);
	g_autoptr(GHashTable) lists = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) by_signature = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	g_autoptr(GPtrArray) groups = g_ptr_array_new();
	g_autoptr(GPtrArray) networks = tied(n);
	struct marks m = {v6, prefixes, groups, seen, lists};

	for (guint i = 0; *work && i < networks->len; i++) {
		const struct network *other = NTH(networks, struct network, i);

		*work -= MIN(*work, (guint64)other->ports->len + 1);
		mark_network(&m, other);
	}
	for (guint i = 0; i < n->ports->len; i++) {
		const struct nic *nic = NTH(n->ports, struct nic, i);
		const GPtrArray *configs = v6 ? nic->configs6 : nic->configs;

		for (guint k = 0; *work && alloc_port(a, nic) && k < configs->len; k++)
			add_config(tiers, by_signature, &m, a, NTH(configs, struct ip_config, k), work);
	}
}

static gint compare_tiers(gconstpointer a, gconstpointer b)
{
	const struct tier *x = *(struct tier *const *)a, *y = *(struct tier *const *)b;
	gint c = strcmp(x->network->noun.key, y->network->noun.key);

	if (c == 0)
		c = strcmp(x->subnet->noun.key, y->subnet->noun.key);
	if (c == 0)
		c = x->v6 - y->v6;
	return c ? c
	         : strcmp(NTH(x->members, struct ip_config, 0)->noun.key,
	                  NTH(y->members, struct ip_config, 0)->noun.key);
}

GPtrArray *tiers_make(const struct graph *g, const struct alloc *a, guint64 *work)
{
	GPtrArray *tiers = g_ptr_array_new_with_free_func(tier_free);

	for (guint i = 0; *work && i < g->networks->len; i++)
		for (gboolean v6 = FALSE; v6 <= TRUE; v6++)
			tiers_of_family(tiers, NTH(g->networks, struct network, i), a, v6, work);
	g_ptr_array_sort(tiers, compare_tiers);
	return tiers;
}
