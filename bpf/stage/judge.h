/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * judge: everything that is asked once a flow, about the packet that opened it. A change of policy asks
 * again, with the opener's tuple, whichever direction the packet at hand has.
 *
 *   from a port:  policy out -> route -> address | appliance | nat out -> policy in, when the peer is on this host
 *   to a port:    nat in | sender | which of its own the prober means -> policy in -> is there a way back?
 *
 * Of a port whose policy has admitted the flow for good (`kept`) the policy is not asked again; all else is.
 * Changes nothing: its answer is a plan. Next: insert.h.
 */
#pragma once
#include "guard.h"
#include "nat.h"
#include "policy.h"
#include "prober.h"
#include "route.h"

#define ESC_KEPT_OWN  1 /* by the port in the key */
#define ESC_KEPT_PEER 2

/* Judges the translated tuple in one direction at one port; the rules go to plan->rule. */
static __always_inline int judge_policy(const struct esc_flow_key *k, struct esc_plan *plan, esc_u64 word, esc_u32 dir)
{
	struct esc_query *q = &plan->query;
	int out = dir == ESC_POLICY_OUT;

	q->slot = word;
	q->dir = dir;
	q->proto = k->proto == ESC_ICMP ? ESC_RULE_ICMP : k->proto;
	q->saddr = k->saddr;
	q->daddr = plan->daddr;
	q->sport = 0;
	q->dport = 0;
	if (k->proto != ESC_ICMP) {
		q->sport = k->sport;
		q->dport = plan->dport;
	}
	if (policy_ask(q))
		return ESC_V_NO_POLICY;
	plan->rule[out ? 0 : 2] = q->rule[0];
	plan->rule[out ? 1 : 3] = q->rule[1];
	if (!q->allow)
		return out ? ESC_V_POLICY_OUT : ESC_V_POLICY_IN;
	if (!out && (plan->flags & ESC_FLOW_STANDARD) && (q->flags & ESC_POLICY_NO_GROUP))
		return ESC_V_STANDARD_CLOSED;
	return ESC_V_FORWARD;
}

/* A port without a policy passes nothing, whatever was admitted. */
static __always_inline int policy_kept(esc_u64 word)
{
	return (esc_u32)word ? ESC_V_FORWARD : ESC_V_NO_POLICY;
}

static __always_inline esc_u64 turn_read(void)
{
	esc_u32 number = ESC_PAST_TURN;
	struct esc_port_past *past = esc_lookup(port_past, &number);

	return past ? *(volatile esc_u64 *)&past->judge : 0;
}

/* The word, with the slot that it had before. */
static __always_inline esc_u64 word_before(esc_u32 number, esc_u64 word)
{
	struct esc_port_past *past = esc_lookup(port_past, &number);

	return past ? (word & ~0xffffffffull) | *(volatile esc_u32 *)&past->before : 0;
}

#define ESC_TURNS 4 /* a change's turn lasts longer than reading two words, but a processor may stand still */

/*
 * The words of two ports, of one revision: all flips of a change are one turn. Within it, of two ports of which one has
 * flipped and the other has not (yet), the flipped one is taken as it was. -1: nothing whole could be read.
 */
static __noinline int words_of_both(esc_u32 a, esc_u32 b, esc_u64 *of_a, esc_u64 *of_b)
{
	for (int i = 0; i < ESC_TURNS; i++) {
		esc_u64 turn = turn_read();

		*of_a = port_read(a);
		*of_b = port_read(b);
		if (turn & 1 && (*of_a ^ *of_b) >> 32 & 1) {
			if (*of_a >> 32 & 1)
				*of_a = word_before(a, *of_a);
			else
				*of_b = word_before(b, *of_b);
		}
		if (turn == turn_read())
			return 0;
	}
	return -1;
}

/*
 * Whether what passes between the port's network and another one may do so, both ways: `ours` is the address on this
 * side. A network takes from a peer what began in neither of the two only where its half of the peering says so.
 */
static __noinline int border_open(const struct esc_port *port, esc_u32 number, const struct esc_route *r,
                                  const esc_ip *ours, const esc_ip *theirs)
{
	if (r->net == port->net)
		return 1;
	if (!(r->flags & ESC_BORDER_OUT) && !port_has_at(port, number, ours) &&
	    route_net(port->space, ours) != port->net)
		return 0;
	return (r->flags & ESC_BORDER_IN) || route_net(port->space, theirs) == r->net;
}

/*
 * The same as the receiver's side sees it, which a peering of some subnets shows less than the sender's: what lives in
 * its peer for the one has begun elsewhere for the other. Where the sender lives tells by which peering it comes.
 */
static __noinline int border_taken(const struct esc_flow_key *k, const struct esc_port *port,
                                   const struct esc_port *peer, esc_u32 number)
{
	const esc_ip *own = port_first(port, k->port);
	struct esc_route *r = own ? route_find(peer->space, own) : NULL;

	return r && r->hop == ESC_HOP_NETWORK && border_open(peer, number, r, &k->daddr, &k->saddr);
}

/* An answer goes back the way that the question came; but where the receiver's routes have none, there is no talk. */
static __noinline int returns(const struct esc_port *port, const esc_ip *addr)
{
	struct esc_route *r = route_find(port->table, addr);

	return r && (r->hop == ESC_HOP_NETWORK || r->hop == ESC_HOP_APPLIANCE);
}

static __always_inline int judge_peer(const struct esc_flow_key *k, struct esc_plan *plan, const struct esc_port *port,
                                      esc_u32 number, esc_u32 net, esc_u32 kept)
{
	struct esc_port *peer = port_get(number);
	int v;

	if (!peer || peer->net != net)
		return ESC_V_UNREACHABLE;
	if (net != port->net && !border_taken(k, port, peer, number))
		return ESC_V_NOT_FORWARDED;
	if (words_of_both(k->port, number, &plan->own, &plan->other))
		return ESC_V_NO_POLICY;
	/* it has said yes by another revision than the one that both are asked by */
	if (plan->own != plan->word && !(kept & ESC_KEPT_OWN)) {
		v = judge_policy(k, plan, plan->own, ESC_POLICY_OUT);
		if (v)
			return v;
	}
	plan->generation = plan->own >> 32;
	plan->peer = number;
	plan->peer_generation = plan->other >> 32;
	plan->port = number; /* its rules, its counter */
	way_to_port(&plan->there, peer);
	v = kept & ESC_KEPT_PEER ? policy_kept(plan->other) : judge_policy(k, plan, plan->other, ESC_POLICY_IN);
	if (v)
		return v;
	if ((peer->flags & ESC_PORT_ROUTED) || !port_has_at(port, k->port, &k->saddr))
		return returns(peer, &k->saddr) ? ESC_V_FORWARD : ESC_V_NO_RETURN;
	return ESC_V_FORWARD;
}

/* To an address of the network, of a peer, or of an appliance in one of them. */
static __always_inline int judge_inside(const struct esc_flow_key *k, struct esc_plan *plan,
                                        const struct esc_port *port, const struct esc_route *r, esc_u32 kept)
{
	int appliance = r->hop == ESC_HOP_APPLIANCE;
	struct esc_addr *a = appliance ? route_addr(r->net, &r->via) : route_addr(r->net, &k->daddr);

	if (appliance && !(a && (a->flags & ESC_ADDR_FORWARD)))
		return ESC_V_NO_APPLIANCE;
	if (!a)
		return ESC_V_UNREACHABLE;
	if (appliance && !a->host && a->port == k->port)
		return ESC_V_ROUTE_LOOP;
	if (!border_open(port, k->port, r, &k->saddr, &k->daddr))
		return ESC_V_NOT_FORWARDED;
	if (!a->host)
		return judge_peer(k, plan, port, a->port, r->net, kept);
	way_to_host(&plan->there, a->host, a->mac, r->net);
	plan->back.vni = a->host;
	return ESC_V_FORWARD;
}

static __always_inline int judge_from(const struct esc_flow_key *k, struct esc_plan *plan, const struct esc_port *port,
                                      esc_u64 word, esc_u32 kept)
{
	struct esc_route *r;
	int v;

	if (!port_speaks(port, k->port, &k->saddr))
		return ESC_V_SPOOFED_IP; /* it was its own when the flow began */
	v = kept & ESC_KEPT_OWN ? policy_kept(word) : judge_policy(k, plan, word, ESC_POLICY_OUT);
	if (v)
		return v;
	way_to_port(&plan->back, port);
	r = route_find(port->table, &k->daddr);
	if (!r || r->hop == ESC_HOP_NONE)
		return ESC_V_NO_ROUTE;
	if (r->hop == ESC_HOP_GATEWAY)
		return ESC_V_GATEWAY;
	if (r->hop != ESC_HOP_INTERNET)
		return judge_inside(k, plan, port, r, kept);
	if (is_fabric(k->daddr) || is_bogon(k->daddr))
		return ESC_V_FABRIC; /* whatever a route says, the way out leads to the public alone */
	way_to_uplink(&plan->there);
	return nat_out(k, plan);
}

/*
 * From the overlay: by whom, so that the answer goes there. Either the source lives on the host that sent it (flow.h
 * holds that against the tunnel), or a forwarder sends it on, which the inner source MAC names: then the forwarder
 * must live there, in this network or a peer that may send such things.
 */
static __noinline int judge_sender(const struct esc_flow_key *k, struct esc_plan *plan, const struct esc_port *port)
{
	struct esc_route *r = route_find(port->space, &k->saddr);
	struct esc_addr *a = r && r->hop == ESC_HOP_NETWORK ? route_addr(r->net, &k->saddr) : NULL;
	struct esc_forwarder *f = route_forwarder(plan->sender);

	if (!port_has_at(port, k->port, &k->daddr) && !(port->flags & ESC_PORT_FORWARD))
		return ESC_V_UNREACHABLE;
	plan->forwarded = f && !(a && mac_equal(a->mac, plan->sender));
	if (plan->forwarded) {
		r = route_find(port->space, &f->addr);
		if (!r || r->hop != ESC_HOP_NETWORK || r->net != f->net)
			return ESC_V_UNREACHABLE;
		way_to_host(&plan->back, f->host, plan->sender, f->net);
		plan->there.vni = f->host;
	} else {
		if (!r || !a || !a->host)
			return ESC_V_UNREACHABLE;
		way_to_host(&plan->back, a->host, a->mac, r->net);
		plan->there.vni = a->host;
	}
	return border_open(port, k->port, r, &k->daddr, &k->saddr) ? ESC_V_FORWARD : ESC_V_NOT_FORWARDED;
}

static __always_inline int judge_overlay(const struct esc_flow_key *k, struct esc_plan *plan,
                                         const struct esc_port *port, esc_u64 word, esc_u32 kept)
{
	int v = judge_sender(k, plan, port);

	if (!v)
		v = kept & ESC_KEPT_OWN ? policy_kept(word) : judge_policy(k, plan, word, ESC_POLICY_IN);
	if (v)
		return v;
	if (plan->forwarded || (port->flags & ESC_PORT_ROUTED))
		return returns(port, &k->saddr) ? ESC_V_FORWARD : ESC_V_NO_RETURN;
	return ESC_V_FORWARD;
}

static __always_inline int judge_public(const struct esc_flow_key *k, struct esc_plan *plan,
                                        const struct esc_port *port, esc_u64 word, esc_u32 kept)
{
	struct esc_route *r;
	int v;

	way_to_uplink(&plan->back);
	/* whoever chose this port: a tenant's range, public or not, does not speak from outside */
	if (is_bogon(k->saddr) || is_fabric(k->saddr) || is_platform(k->saddr) || route_net(port->space, &k->saddr))
		return ESC_V_BOGON_SOURCE;
	v = nat_in(k, plan);
	if (!v)
		v = kept & ESC_KEPT_OWN ? policy_kept(word) : judge_policy(k, plan, word, ESC_POLICY_IN);
	if (v || !(port->flags & ESC_PORT_ROUTED))
		return v;
	r = route_find(port->table, &k->saddr);
	return r && r->hop == ESC_HOP_INTERNET ? ESC_V_FORWARD : ESC_V_NO_RETURN;
}

static __always_inline int judge_probe(const struct esc_flow_key *k, struct esc_plan *plan, const struct esc_port *port,
                                       esc_u64 word, esc_u32 kept)
{
	int v = prober_target(k, port, plan);

	way_to_prober(&plan->back);
	if (v)
		return v;
	return kept & ESC_KEPT_OWN ? policy_kept(word) : judge_policy(k, plan, word, ESC_POLICY_IN);
}

ESC_SUBPROGRAM int judge(const struct esc_flow_key *k, struct esc_plan *plan, esc_u32 kept)
{
	struct esc_port *port;
	esc_u64 word;

	if (!k || !plan)
		return ESC_V_NO_POLICY;
	__builtin_memset(plan, 0, offsetof(struct esc_plan, sender));
	plan->port = k->port;
	plan->saddr = k->saddr;
	plan->daddr = k->daddr;
	plan->sport = k->sport;
	plan->dport = k->dport;
	port = port_get(k->port);
	if (!port)
		return ESC_V_NO_PORT;
	plan->word = word = port_read(k->port);
	plan->generation = word >> 32;
	if (k->dir == ESC_FLOW_FROM)
		return judge_from(k, plan, port, word, kept);
	way_to_port(&plan->there, port);
	if (k->dir == ESC_FLOW_PUBLIC)
		return judge_public(k, plan, port, word, kept);
	if (k->dir == ESC_FLOW_PROBE)
		return judge_probe(k, plan, port, word, kept);
	return judge_overlay(k, plan, port, word, kept);
}
