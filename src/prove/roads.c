/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/roads.h"

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

/* Destinations that lead nowhere unless somebody holds them. */
static const struct prefix nowhere[] = {
        {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8}, {0xa9fe0000, 16},
        {0xac100000, 12}, {0xc0a80000, 16}, {0xe0000000, 3},
};

static gboolean named(const GPtrArray *names, const char *name)
{
	for (guint i = 0; i < names->len; i++)
		if (g_ascii_strcasecmp(names->pdata[i], name) == 0)
			return TRUE;
	return FALSE;
}

/* Both halves must be there, and name both subnets where they name any. */
static gboolean joins(const struct peering *p, const struct subnet *own, const struct subnet *other)
{
	const struct peering *q = p->reverse;

	if (!q || p->only6 || q->only6)
		return FALSE;
	if (!p->whole && !(named(p->local_subnets, own->noun.name) && named(p->remote_subnets, other->noun.name)))
		return FALSE;
	return q->whole || (named(q->local_subnets, other->noun.name) && named(q->remote_subnets, own->noun.name));
}

/* Length of the longest prefix of the list with this address; -1: none. */
static int longest(const GArray *prefixes, guint32 address)
{
	int best = -1;

	for (guint i = 0; i < prefixes->len; i++) {
		struct prefix p = g_array_index(prefixes, struct prefix, i);

		if (prefix_has(p, address))
			best = MAX(best, p.length);
	}
	return best;
}

/* The same for what a peering shows to the subnet. */
static int longest_of_peer(const struct peering *p, const struct subnet *s, guint32 address)
{
	int best = -1;

	if (!p->reverse)
		return -1;
	if (p->whole && p->reverse->whole)
		return p->only6 || p->reverse->only6 ? -1 : longest(p->remote->prefixes, address);
	for (guint i = 0; i < p->remote->subnets->len; i++) {
		const struct subnet *other = NTH(p->remote->subnets, struct subnet, i);

		if (joins(p, s, other))
			best = MAX(best, longest(other->prefixes, address));
	}
	return best;
}

const struct network *road_home(const struct subnet *s, guint32 address, const struct peering **peering)
{
	*peering = NULL;
	if (longest(s->network->prefixes, address) >= 0)
		return s->network;
	for (guint i = 0; i < s->network->peerings->len; i++) {
		const struct peering *p = NTH(s->network->peerings, struct peering, i);

		if (longest_of_peer(p, s, address) >= 0) {
			*peering = p;
			return p->remote;
		}
	}
	return NULL;
}

static struct road by_user(const struct subnet *s, const struct route *r)
{
	static const enum road_kind kinds[] = {[HOP_GATEWAY] = ROAD_GATEWAY,
	                                       [HOP_NETWORK] = ROAD_NETWORK,
	                                       [HOP_INTERNET] = ROAD_INTERNET,
	                                       [HOP_APPLIANCE] = ROAD_APPLIANCE,
	                                       [HOP_NONE] = ROAD_NOWHERE};
	struct road road = {.kind = kinds[r->hop], .user = TRUE};

	if (r->hop == HOP_NETWORK)
		road.network = s->network;
	if (r->hop == HOP_APPLIANCE && r->addresses->len > 0) {
		road.via = g_array_index(r->addresses, guint32, 0);
		road.network = road_home(s, road.via, &road.peering);
	}
	return road;
}

struct road road_of(const struct subnet *s, guint32 address)
{
	const struct route_table *t = s->route_table;
	struct road road = {.kind = ROAD_INTERNET};
	int best = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(nowhere); i++)
		if (prefix_has(nowhere[i], address) && nowhere[i].length > best) {
			best = nowhere[i].length;
			road = (struct road){.kind = ROAD_NOWHERE};
		}
	for (guint i = 0; i < s->network->peerings->len && !(t && t->no_peering_routes); i++) {
		const struct peering *p = NTH(s->network->peerings, struct peering, i);
		int length = longest_of_peer(p, s, address);

		if (length >= best) {
			best = length;
			road = (struct road){.kind = ROAD_NETWORK, .network = p->remote, .peering = p};
		}
	}
	if (longest(s->network->prefixes, address) >= best) {
		best = longest(s->network->prefixes, address);
		road = (struct road){.kind = ROAD_NETWORK, .network = s->network};
	}
	for (guint i = 0; t && i < t->routes->len; i++) {
		const struct route *r = NTH(t->routes, struct route, i);

		if (r->tag || r->v6 || !prefix_has(r->prefix, address) || r->prefix.length < best)
			continue;
		best = r->prefix.length;
		road = by_user(s, r);
	}
	return road;
}

gboolean road_crosses(const struct subnet *s, const struct road *r, guint32 ours, guint32 theirs)
{
	const struct peering *p;

	if (!r->peering)
		return TRUE;
	if (!r->peering->reverse->forwarded && road_home(s, ours, &p) != s->network)
		return FALSE;
	return r->peering->forwarded || road_home(s, theirs, &p) == r->network;
}

gboolean road_inside(const struct subnet *s, guint32 address)
{
	if (longest(s->network->prefixes, address) >= 0)
		return TRUE;
	for (guint i = 0; i < s->network->peerings->len; i++) {
		const struct peering *p = NTH(s->network->peerings, struct peering, i);

		if (p->access && longest_of_peer(p, s, address) >= 0)
			return TRUE;
	}
	for (guint i = 0; s->route_table && i < s->route_table->routes->len; i++) {
		const struct route *r = NTH(s->route_table->routes, struct route, i);

		if (!r->tag && !r->v6 && r->prefix.length > 0 && prefix_has(r->prefix, address))
			return TRUE;
	}
	return FALSE;
}
