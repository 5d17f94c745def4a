/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/roads.h"

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

/* Destinations that lead nowhere unless somebody holds them. */
static const struct prefix nowhere[] = {
        {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8}, {0xa9fe0000, 16},
        {0xac100000, 12}, {0xc0a80000, 16}, {0xe0000000, 3},
};

/* Unique local, link-local and site-local, multicast; IPv4 in other clothes, and loopback. */
static const struct prefix6 nowhere6[] = {
        {{{0xfc}}, 7}, {{{0xfe, 0x80}}, 9}, {{{0xff}}, 8}, {{{0}}, 96}, {{{[10] = 0xff, 0xff}}, 96}};

static int length_of_nowhere(struct ip6 address)
{
	int best = -1;

	for (gsize i = 0; i < G_N_ELEMENTS(nowhere); i++)
		if (address_in(nowhere[i], address))
			best = MAX(best, nowhere[i].length);
	for (gsize i = 0; i < G_N_ELEMENTS(nowhere6); i++)
		if (address_in6(nowhere6[i], address))
			best = MAX(best, nowhere6[i].length);
	return best;
}

static gboolean named(const GPtrArray *names, const char *name)
{
	for (guint i = 0; i < names->len; i++)
		if (g_ascii_strcasecmp(names->pdata[i], name) == 0)
			return TRUE;
	return FALSE;
}

/* Both halves must be there, and name both subnets where they name any; of one family alone where either says so. */
static gboolean joins(const struct peering *p, const struct subnet *own, const struct subnet *other)
{
	const struct peering *q = p->reverse;

	if (!p->whole && !(named(p->local_subnets, own->noun.name) && named(p->remote_subnets, other->noun.name)))
		return FALSE;
	return q->whole || (named(q->local_subnets, other->noun.name) && named(q->remote_subnets, own->noun.name));
}

/* Length of the longest prefix that a peering shows to the subnet and that has the address; -1: none. */
static int longest_of_peer(const struct peering *p, const struct subnet *s, struct ip6 address)
{
	int best = -1;

	if (!p->reverse || ((p->only6 || p->reverse->only6) && address_is_four(address)))
		return -1;
	if (p->whole && p->reverse->whole)
		return address_longest(p->remote->prefixes, p->remote->prefixes6, address);
	for (guint i = 0; i < p->remote->subnets->len; i++) {
		const struct subnet *other = NTH(p->remote->subnets, struct subnet, i);

		if (joins(p, s, other))
			best = MAX(best, address_longest(other->prefixes, other->prefixes6, address));
	}
	return best;
}

static int longest_of_own(const struct network *n, struct ip6 address)
{
	return address_longest(n->prefixes, n->prefixes6, address);
}

const struct network *road_home(const struct subnet *s, struct ip6 address, const struct peering **peering)
{
	*peering = NULL;
	if (longest_of_own(s->network, address) >= 0)
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

/* -1: the route is not about the address. */
static int length_of_route(const struct route *r, struct ip6 address)
{
	if (r->tag)
		return -1;
	if (r->v6)
		return address_in6(r->prefix6, address) ? r->prefix6.length : -1;
	return address_in(r->prefix, address) ? r->prefix.length : -1;
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
	if (r->hop == HOP_APPLIANCE && r->addresses->len > 0)
		road.via = ip6_mapped(g_array_index(r->addresses, guint32, 0));
	if (r->hop == HOP_APPLIANCE && r->addresses6->len > 0)
		road.via = g_array_index(r->addresses6, struct ip6, 0);
	if (address_is_set(road.via))
		road.network = road_home(s, road.via, &road.peering);
	return road;
}

struct road road_of(const struct subnet *s, struct ip6 address)
{
	const struct route_table *t = s->route_table;
	struct road road = {.kind = ROAD_INTERNET};
	int best = MAX(0, length_of_nowhere(address));

	if (best > 0)
		road = (struct road){.kind = ROAD_NOWHERE};
	for (guint i = 0; i < s->network->peerings->len && !(t && t->no_peering_routes); i++) {
		const struct peering *p = NTH(s->network->peerings, struct peering, i);
		int length = longest_of_peer(p, s, address);

		if (length >= best) {
			best = length;
			road = (struct road){.kind = ROAD_NETWORK, .network = p->remote, .peering = p};
		}
	}
	if (longest_of_own(s->network, address) >= best) {
		best = longest_of_own(s->network, address);
		road = (struct road){.kind = ROAD_NETWORK, .network = s->network};
	}
	for (guint i = 0; t && i < t->routes->len; i++) {
		const struct route *r = NTH(t->routes, struct route, i);

		if (length_of_route(r, address) < best)
			continue;
		best = length_of_route(r, address);
		road = by_user(s, r);
	}
	return road;
}

gboolean road_crosses(const struct subnet *s, const struct road *r, struct ip6 ours, struct ip6 theirs)
{
	const struct peering *p;

	if (!r->peering)
		return TRUE;
	if (!r->peering->reverse->forwarded && road_home(s, ours, &p) != s->network)
		return FALSE;
	return r->peering->forwarded || road_home(s, theirs, &p) == r->network;
}

gboolean road_inside(const struct subnet *s, struct ip6 address)
{
	if (longest_of_own(s->network, address) >= 0)
		return TRUE;
	for (guint i = 0; i < s->network->peerings->len; i++) {
		const struct peering *p = NTH(s->network->peerings, struct peering, i);

		if (p->access && longest_of_peer(p, s, address) >= 0)
			return TRUE;
	}
	for (guint i = 0; s->route_table && i < s->route_table->routes->len; i++) {
		if (length_of_route(NTH(s->route_table->routes, struct route, i), address) > 0)
			return TRUE;
	}
	return FALSE;
}
