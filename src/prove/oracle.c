/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One packet's journey, told in the order in which it happens:
 *
 *   from a port:        guard -> outbound lists -> route -+-> port of the network, a peer, an appliance -> inbound
 *                                                         |   lists -> is there a way back
 *                                                         +-> source translation -> outside
 *   outside:            bogon -> public address -> endpoint -> back end -> inbound lists -> is there a way back
 *
 * A packet from a port to a public address in use goes out and comes back in, so it takes both roads.
 */
#include "prove/oracle.h"

#include "prove/lists.h"
#include "prove/roads.h"
#include "prove/way_out.h"

#define TIME_TO_LIVE        64 /* that packets begin with */
#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

struct journey {
	const struct graph *g;
	const struct alloc *a;
	const struct alloc_settings *s;
	const struct ip_config *pick;
	gboolean open;    /* no rule is asked */
	struct tuple now; /* the packet as it is at this point of its way */
	struct oracle_answer answer;
};

static gboolean in_ranges(const struct prefix *list, gsize n, struct ip6 addr)
{
	for (gsize i = 0; i < n; i++)
		if (address_in(list[i], addr))
			return TRUE;
	return FALSE;
}

static gboolean in_ranges6(const struct prefix6 *list, gsize n, struct ip6 addr)
{
	for (gsize i = 0; i < n; i++)
		if (address_in6(list[i], addr))
			return TRUE;
	return FALSE;
}

/* Sources that nobody outside can have: private, loopback, link-local, shared, multicast and reserved space. */
static const struct prefix bogons[] = {
        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
        {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0a80000, 16}, {0xe0000000, 3},
};

/* Sources that not even who forwards may send from. */
static const struct prefix unspeakable[] = {{0x00000000, 8}, {0x7f000000, 8}, {0xa9fe0000, 16}, {0xe0000000, 3}};

/* Of IPv6 first the unspecified address and loopback, then unique local, link-local and site-local, multicast. */
static const struct prefix6 bogons6[] = {{{{0}}, 96}, {{{0xfc}}, 7}, {{{0xfe, 0x80}}, 9}, {{{0xff}}, 8}};
static const struct prefix6 unspeakable6[] = {{{{0}}, 96}, {{{0xfe, 0x80}}, 9}, {{{0xff}}, 8}};

gboolean oracle_is_bogon(struct ip6 address)
{
	return in_ranges(bogons, G_N_ELEMENTS(bogons), address) || in_ranges6(bogons6, G_N_ELEMENTS(bogons6), address);
}

/* By address alone. */
static gboolean has_no_ports(guint8 protocol)
{
	return protocol == PROTO_ESP || protocol == PROTO_AH || protocol == PROTO_SCTP;
}

/* Without ports, one address has nobody else to speak to. */
static gboolean to_itself(const struct journey *j)
{
	return has_no_ports(j->now.protocol) && !ip6_compare(j->now.source, j->now.destination);
}

static gboolean is_known(guint8 protocol)
{
	return protocol == PROTO_TCP || protocol == PROTO_UDP || protocol == PROTO_ICMP || has_no_ports(protocol);
}

static void end(struct journey *j, enum esc_verdict verdict)
{
	j->answer.verdict = verdict;
	j->answer.seen_source = j->now.source;
	j->answer.seen_destination = j->now.destination;
	j->answer.seen_destination_port = j->now.destination_port;
}

static const struct ip_config *config_with(const struct journey *j, const GPtrArray *configs, struct ip6 addr)
{
	for (guint i = 0; i < configs->len; i++)
		if (address_same(address_private(j->a, NTH(configs, struct ip_config, i)), addr))
			return NTH(configs, struct ip_config, i);
	return NULL;
}

static const struct ip_config *own_config(const struct journey *j, const struct nic *nic, struct ip6 addr)
{
	const struct ip_config *c = address_is_set(addr) ? config_with(j, nic->configs, addr) : NULL;

	return c || !address_is_set(addr) ? c : config_with(j, nic->configs6, addr);
}

/* The configuration of an attached NIC that has this address in this network; NULL when nobody has. */
static const struct ip_config *find_private(const struct journey *j, const struct network *network, struct ip6 addr)
{
	for (guint i = 0; i < j->g->nics->len; i++) {
		const struct nic *nic = NTH(j->g->nics, struct nic, i);
		const struct ip_config *c =
		        nic->network == network && alloc_port(j->a, nic) ? own_config(j, nic, addr) : NULL;

		if (c)
			return c;
	}
	return NULL;
}

/* Two lists in order; both must allow. Fills rules[at] and rules[at + 1]; a list that does not exist allows. */
static gboolean both_allow(struct journey *j, const struct security_group *first, const struct security_group *second,
                           enum direction direction, const struct subnet *subnet, guint at)
{
	const struct security_group *lists[2] = {first, second};
	struct list_view view = {subnet, j->a, j->s};

	for (guint i = 0; i < 2; i++) {
		const struct rule *r;

		if (!lists[i] || j->open)
			continue;
		r = list_decide(lists[i], direction, &view, &j->now);
		j->answer.rules[at + i] = r;
		if (!r || !r->allow)
			return FALSE;
	}
	return TRUE;
}

/* An answer takes the way of the question back, if the routes have any that way: out, or to a port. */
static gboolean may_answer(const struct ip_config *c, struct ip6 address, gboolean outside)
{
	enum road_kind kind = road_of(c->subnet, address).kind;

	return outside ? kind == ROAD_INTERNET : kind == ROAD_NETWORK || kind == ROAD_APPLIANCE;
}

/* The last stage: the packet has its private destination. `standard`: it came by a Standard public address. */
static void inbound(struct journey *j, const struct ip_config *to, gboolean outside, gboolean standard)
{
	const struct security_group *subnet_group = to->subnet->group;
	const struct security_group *nic_group = to->nic->group;

	const struct peering *peering;

	j->answer.to = to->nic;
	if (outside && road_home(to->subnet, j->now.source, &peering))
		end(j, ESC_V_BOGON_SOURCE);
	else if (standard && !subnet_group && !nic_group)
		end(j, ESC_V_STANDARD_CLOSED);
	else if (!both_allow(j, subnet_group, nic_group, DIR_IN, to->subnet, 2))
		end(j, ESC_V_POLICY_IN);
	else
		end(j, may_answer(to, j->now.source, outside) ? ESC_V_FORWARD : ESC_V_NO_RETURN);
}

static gboolean protocol_covers(enum rule_protocol declared, guint8 protocol)
{
	if (declared == PROTO_ANY)
		return protocol == PROTO_TCP || protocol == PROTO_UDP;
	return (guint)declared == protocol;
}

/* Floating: the back end sees the public address and port as they were. */
static void translate(struct journey *j, const struct ip_config *to, guint16 port, gboolean floating)
{
	if (floating)
		return;
	j->now.destination = address_private(j->a, to);
	if (port)
		j->now.destination_port = port;
}

/* The first rule that has the source decides; ends the journey when that is to refuse it. */
static gboolean refused(struct journey *j, const struct access_control *a)
{
	gboolean permit = !a || a->permit_others;

	for (guint i = 0; a && i < a->rules->len; i++) {
		const struct access_rule *r = &g_array_index(a->rules, struct access_rule, i);

		if (!(r->v6 ? address_in6(r->prefix6, j->now.source) : address_in(r->prefix, j->now.source)))
			continue;
		permit = r->permit;
		break;
	}
	if (!permit)
		end(j, ESC_V_ACCESS);
	return !permit;
}

/* A NAT rule of this front end for the packet; it leads to one target, or nowhere. */
static gboolean by_nat_rule(struct journey *j, const struct public_address *p)
{
	const struct load_balancer *lb = p->frontend->lb;

	for (guint i = 0; i < lb->nat_rules->len; i++) {
		const struct nat_rule *r = NTH(lb->nat_rules, struct nat_rule, i);

		if (r->disabled || r->frontend != p->frontend || !protocol_covers(r->protocol, j->now.protocol) ||
		    r->frontend_port != j->now.destination_port)
			continue;
		const struct ip_config *target = p->v6 ? r->target6 : r->target;

		if (refused(j, r->access))
			return TRUE;
		if (!target || !alloc_port(j->a, target->nic)) {
			end(j, ESC_V_NO_BACKEND);
			return TRUE;
		}
		translate(j, target, r->backend_port, r->floating);
		inbound(j, target, TRUE, p->sku == SKU_STANDARD);
		return TRUE;
	}
	return FALSE;
}

static GPtrArray *back_ends(const struct journey *j, const struct pool *pool, gboolean v6)
{
	const GPtrArray *members = !pool ? NULL : v6 ? pool->members6 : pool->members;
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; pool && i < members->len; i++) {
		struct ip_config *c = NTH(members, struct ip_config, i);

		if (alloc_port(j->a, c->nic))
			g_ptr_array_add(list, c);
	}
	return list;
}

static void balance(struct journey *j, const struct public_address *p, const struct lb_rule *r)
{
	GPtrArray *list = back_ends(j, r->pool, p->v6);
	const struct ip_config *to;

	j->answer.candidates = list;
	if (list->len == 0) {
		end(j, ESC_V_NO_BACKEND);
		return;
	}
	to = g_ptr_array_index(list, 0);
	if (j->pick && g_ptr_array_find(list, j->pick, NULL))
		to = j->pick;
	translate(j, to, r->backend_port, r->floating);
	inbound(j, to, TRUE, p->sku == SKU_STANDARD);
}

static gboolean by_balancing_rule(struct journey *j, const struct public_address *p)
{
	const struct load_balancer *lb = p->frontend->lb;

	for (guint i = 0; i < lb->rules->len; i++) {
		const struct lb_rule *r = NTH(lb->rules, struct lb_rule, i);

		if (r->disabled || r->frontend != p->frontend || !protocol_covers(r->protocol, j->now.protocol) ||
		    r->frontend_port != j->now.destination_port)
			continue;
		if (!refused(j, r->access))
			balance(j, p, r);
		return TRUE;
	}
	return FALSE;
}

static const struct public_address *find_public(const struct journey *j, struct ip6 addr)
{
	for (guint i = 0; i < j->g->public_addresses->len; i++) {
		const struct public_address *p = NTH(j->g->public_addresses, struct public_address, i);

		if (address_is_set(addr) && address_same(address_public(j->a, p), addr))
			return p;
	}
	return NULL;
}

/* An address that hosts leave by when nothing else is declared is in use, and nothing listens there. */
static gboolean is_host_public(const struct journey *j, struct ip6 addr)
{
	for (guint k = 0; k < j->s->hosts; k++)
		if (address_same(ip6_mapped(alloc_host_public(j->a, k)), addr))
			return TRUE;
	return FALSE;
}

/*
 * A shared address and port that somebody leaves by: replies to him come here, and a first packet is none. It
 * reaches his host and ends there, for want of anything that it could mean.
 */
static gboolean by_way_out(struct journey *j)
{
	for (guint i = 0; i < j->g->nics->len; i++) {
		const struct nic *nic = NTH(j->g->nics, struct nic, i);

		for (guint k = 0; alloc_port(j->a, nic) && k < nic->configs->len; k++) {
			struct way_out w = way_out_of(j->a, NTH(nic->configs, struct ip_config, k));

			if (!address_same(w.address, j->now.destination) || j->now.destination_port < w.first ||
			    j->now.destination_port >= w.first + w.count)
				continue;
			j->answer.to = nic;
			end(j, ESC_V_NO_TRANSLATION);
			return TRUE;
		}
	}
	return FALSE;
}

/* `p`: who has the address; NULL: nobody. */
static void at_the_edge(struct journey *j, const struct public_address *p)
{
	if (to_itself(j) || oracle_is_bogon(j->now.source)) {
		end(j, to_itself(j) ? ESC_V_LAND : ESC_V_BOGON_SOURCE);
		return;
	}
	if (!p) {
		if (!by_way_out(j))
			end(j, is_host_public(j, j->now.destination) ? ESC_V_NO_ENDPOINT : ESC_V_NOT_VIP);
	} else if (p->config && alloc_port(j->a, p->config->nic)) {
		translate(j, p->config, 0, FALSE);
		inbound(j, p->config, TRUE, p->sku == SKU_STANDARD);
	} else if (!p->config && !p->frontend && !p->nat_gateway) {
		end(j, ESC_V_NOT_VIP);
	} else if (p->nat_gateway) {
		if (!by_way_out(j))
			end(j, ESC_V_NO_ENDPOINT);
	} else if (!p->frontend || (!by_nat_rule(j, p) && !by_balancing_rule(j, p) && !by_way_out(j))) {
		end(j, ESC_V_NO_ENDPOINT);
	}
}

static gboolean is_ours(const struct journey *j, struct ip6 addr)
{
	return address_in(j->s->public_pool, addr) || address_in6(j->s->public_pool6, addr) ||
	       find_public(j, addr) != NULL;
}

/* `from` NULL: what somebody else has sent, which no address here stands for. */
static void to_the_internet(struct journey *j, const struct ip_config *from)
{
	struct way_out w = from ? way_out_of(j->a, from) : (struct way_out){{{0}}, 0, 0};

	if (oracle_is_bogon(j->now.destination) || address_in(j->s->fabric, j->now.destination)) {
		end(j, ESC_V_FABRIC);
		return;
	}
	if (!address_is_set(w.address)) {
		end(j, ESC_V_NO_OUTBOUND);
		return;
	}
	if (w.count && has_no_ports(j->now.protocol)) {
		end(j, ESC_V_NO_PORTS);
		return;
	}
	j->now.source = w.address;
	if (is_ours(j, j->now.destination))
		at_the_edge(j, find_public(j, j->now.destination));
	else
		end(j, ESC_V_FORWARD);
}

/* Whether the receiver's side of a peering takes it: there it comes from where the sender lives. */
static gboolean is_taken(const struct journey *j, const struct nic *from, const struct ip_config *to)
{
	const GPtrArray *configs = address_is_four(j->now.source) ? from->configs : from->configs6;
	struct road road = {.kind = ROAD_NETWORK};

	if (from->network == to->nic->network)
		return TRUE;
	if (configs->len)
		road.network =
		        road_home(to->subnet, address_private(j->a, NTH(configs, struct ip_config, 0)), &road.peering);
	return road.network && road_crosses(to->subnet, &road, j->now.destination, j->now.source);
}

static void to_a_port(struct journey *j, const struct nic *nic, const struct subnet *subnet, const struct road *road)
{
	gboolean appliance = road->kind == ROAD_APPLIANCE;
	struct ip6 address = appliance ? road->via : j->now.destination;
	const struct ip_config *to = road->network ? find_private(j, road->network, address) : NULL;

	if (appliance && (!to || !to->nic->ip_forwarding)) {
		end(j, ESC_V_NO_APPLIANCE);
	} else if (!to) {
		end(j, ESC_V_UNREACHABLE);
	} else if (appliance && to->nic == nic) {
		end(j, ESC_V_ROUTE_LOOP);
	} else if (!road_crosses(subnet, road, j->now.source, j->now.destination) || !is_taken(j, nic, to)) {
		end(j, ESC_V_NOT_FORWARDED);
	} else {
		inbound(j, to, FALSE, FALSE);
		j->answer.passes_on = !own_config(j, to->nic, j->now.destination);
	}
}

static gboolean may_send(const struct journey *j, const struct nic *nic, struct ip6 address)
{
	if (own_config(j, nic, address))
		return TRUE;
	return nic->ip_forwarding && !in_ranges(unspeakable, G_N_ELEMENTS(unspeakable), address) &&
	       !in_ranges6(unspeakable6, G_N_ELEMENTS(unspeakable6), address) &&
	       !address_same(address, ip6_mapped(j->s->platform));
}

/* No packet comes from a group. */
static gboolean is_group6(struct ip6 addr)
{
	return !address_is_four(addr) && addr.b[0] == 0xff;
}

/* To nobody alone: no frame could have the gateway's MAC for it. */
static gboolean is_broadcast(struct ip6 addr)
{
	guint32 four;

	if (!ip6_is_mapped(addr, &four))
		return addr.b[0] == 0xff;
	return four >> 28 == 0xe || four == 0xffffffff;
}

/* Good on a link, which ends at the gateway; one's own follows from the MAC (RFC 4291, appendix A). */
static gboolean is_link_local(struct ip6 addr)
{
	return addr.b[0] == 0xfe && (addr.b[1] & 0xc0) == 0x80;
}

static gboolean is_own_link_local(const struct journey *j, const struct nic *nic)
{
	const guint8 *mac = alloc_port(j->a, nic)->mac;
	const struct ip6 own = {{0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}};

	return address_same(j->now.source, own);
}

/*
 * Before any rule: DHCP, by whatever address, and everything for the platform. Nothing serves them yet, and nobody speaks
 * to them for others.
 */
static gboolean for_the_platform(struct journey *j, const struct nic *nic)
{
	const guint16 server = address_is_four(j->now.source) ? 67 : 547,
	              client = address_is_four(j->now.source) ? 68 : 546;
	gboolean served = j->now.source_port == server || j->now.destination_port == client;
	gboolean dhcp = j->now.protocol == PROTO_UDP && (served || j->now.destination_port == server);

	if (!dhcp && !address_same(j->now.destination, ip6_mapped(j->s->platform)))
		return FALSE;
	if (!own_config(j, nic, j->now.source))
		end(j, ESC_V_SPOOFED_IP);
	else if (dhcp && served)
		end(j, ESC_V_DHCP_SERVER);
	else
		end(j, ESC_V_NO_SERVICE);
	return TRUE;
}

static void from_a_port(struct journey *j, const struct nic *nic)
{
	const struct subnet *subnet = NTH(nic->configs, struct ip_config, 0)->subnet; /* of all of them */
	struct road road;

	if (!alloc_port(j->a, nic)) {
		end(j, ESC_V_NO_PORT);
		return;
	}
	if (is_broadcast(j->now.destination)) {
		end(j, ESC_V_BROADCAST);
		return;
	}
	if (is_link_local(j->now.source) || is_link_local(j->now.destination)) {
		end(j, is_link_local(j->now.source) && !is_own_link_local(j, nic) ? ESC_V_SPOOFED_IP : ESC_V_NO_ROUTE);
		return;
	}
	if (!may_send(j, nic, j->now.source)) {
		end(j, address_same(j->now.source, ip6_mapped(j->s->platform)) ? ESC_V_SPOOFED_PLATFORM
		                                                               : ESC_V_SPOOFED_IP);
		return;
	}
	if (for_the_platform(j, nic))
		return;
	if (!both_allow(j, nic->group, subnet->group, DIR_OUT, subnet, 0)) {
		end(j, ESC_V_POLICY_OUT);
		return;
	}
	road = road_of(subnet, j->now.destination);
	switch (road.kind) {
	case ROAD_NETWORK:
	case ROAD_APPLIANCE:
		to_a_port(j, nic, subnet, &road);
		break;
	case ROAD_NOWHERE:
		end(j, ESC_V_NO_ROUTE);
		break;
	case ROAD_GATEWAY:
		end(j, ESC_V_GATEWAY);
		break;
	case ROAD_INTERNET:
		to_the_internet(j, own_config(j, nic, j->now.source));
		break;
	}
}

static struct journey journey_of(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                 const struct oracle_packet *p, const struct ip_config *pick)
{
	struct journey j = {
	        .g = g,
	        .a = a,
	        .s = s,
	        .pick = pick,
	        .now = {p->source, p->destination, p->source_port, p->destination_port, p->protocol},
	};

	if (p->protocol == PROTO_ICMP || has_no_ports(p->protocol))
		j.now.source_port = j.now.destination_port = 0;
	return j;
}

struct oracle_answer oracle_judge(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                  const struct oracle_packet *p, const struct ip_config *pick)
{
	struct journey j = journey_of(g, a, s, p, pick);

	if (is_group6(p->source) || to_itself(&j))
		end(&j, ESC_V_MALFORMED);
	else if (!is_known(p->protocol))
		end(&j, ESC_V_PROTOCOL);
	else if (p->from)
		from_a_port(&j, p->from);
	else if (is_broadcast(p->destination))
		end(&j, ESC_V_BROADCAST);
	else
		at_the_edge(&j, find_public(&j, j.now.destination));
	return j.answer;
}

struct oracle_answer oracle_follow(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                   const struct oracle_packet *p, const struct ip_config *pick)
{
	struct oracle_packet packet = *p;
	struct oracle_answer answer = oracle_judge(g, a, s, &packet, pick);

	for (guint hop = 0; answer.verdict == ESC_V_FORWARD && answer.passes_on; hop++) {
		if (hop == TIME_TO_LIVE) {
			answer.verdict = ESC_V_ROUTE_LOOP;
			break;
		}
		packet.from = answer.to;
		oracle_clear(&answer);
		answer = oracle_judge(g, a, s, &packet, pick);
	}
	return answer;
}

struct oracle_answer oracle_route(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                  const struct oracle_packet *p)
{
	struct journey j = journey_of(g, a, s, p, NULL);

	j.open = TRUE;
	from_a_port(&j, p->from);
	return j.answer;
}

struct oracle_answer oracle_enter(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                  const struct oracle_packet *p, const struct public_address *address,
                                  const struct ip_config *pick)
{
	struct journey j = journey_of(g, a, s, p, pick);

	if (!is_known(p->protocol))
		end(&j, ESC_V_PROTOCOL);
	else
		at_the_edge(&j, address);
	return j.answer;
}

void oracle_clear(struct oracle_answer *a)
{
	g_clear_pointer(&a->candidates, g_ptr_array_unref);
}
