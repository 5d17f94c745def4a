/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * judge: everything that is asked once a flow, about the packet that opened it. A change of policy asks
 * again, with the opener's tuple, whichever direction the packet at hand has.
 *
 *   from a port:  policy out -> route -> addresses | nat out -> policy in, when the peer is on this host
 *   to a port:    nat in | address -> policy in
 *
 * Of a port whose policy has admitted the flow for good (`kept`) the policy is not asked again; all else is.
 * Changes nothing: its answer is a plan. Next: insert.h.
 */
#pragma once
#include "guard.h"
#include "nat.h"
#include "policy.h"
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
static __always_inline int words_of_both(esc_u32 a, esc_u32 b, esc_u64 *of_a, esc_u64 *of_b)
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

static __always_inline int judge_peer(const struct esc_flow_key *k, struct esc_plan *plan, const struct esc_port *port,
                                      esc_u64 word, esc_u32 number, esc_u32 kept)
{
	struct esc_port *peer = port_get(number);
	esc_u64 own, other;
	int v;

	if (!peer || peer->net != port->net)
		return ESC_V_UNREACHABLE;
	if (words_of_both(k->port, number, &own, &other))
		return ESC_V_NO_POLICY;
	/* it has said yes by another revision than the one that both are asked by */
	if (own != word && !(kept & ESC_KEPT_OWN)) {
		v = judge_policy(k, plan, own, ESC_POLICY_OUT);
		if (v)
			return v;
	}
	plan->generation = own >> 32;
	plan->peer = number;
	plan->peer_generation = other >> 32;
	plan->port = number; /* its rules, its counter */
	way_to_port(&plan->there, peer);
	return kept & ESC_KEPT_PEER ? policy_kept(other) : judge_policy(k, plan, other, ESC_POLICY_IN);
}

static __always_inline int judge_from(const struct esc_flow_key *k, struct esc_plan *plan, const struct esc_port *port,
                                      esc_u64 word, esc_u32 kept)
{
	struct esc_addr *a;
	int hop, v;

	if (!port_owns(port, k->port, k->saddr))
		return ESC_V_SPOOFED_IP; /* it was its own when the flow began */
	v = kept & ESC_KEPT_OWN ? policy_kept(word) : judge_policy(k, plan, word, ESC_POLICY_OUT);
	if (v)
		return v;
	way_to_port(&plan->back, port);
	hop = route_hop(port->net, k->daddr);
	if (hop == ESC_HOP_INTERNET) {
		if (is_fabric(k->daddr) || is_bogon(k->daddr))
			return ESC_V_FABRIC; /* whatever a route says, the way out leads to the public alone */
		way_to_uplink(&plan->there);
		return nat_out(k, plan);
	}
	if (hop != ESC_HOP_NETWORK)
		return ESC_V_NO_ROUTE;
	a = route_addr(port->net, k->daddr);
	if (!a)
		return ESC_V_UNREACHABLE;
	if (!a->host)
		return judge_peer(k, plan, port, word, a->port, kept);
	way_to_host(&plan->there, a, port->net);
	plan->back.vni = a->host;
	return ESC_V_FORWARD;
}

static __always_inline int judge_to(const struct esc_flow_key *k, struct esc_plan *plan, const struct esc_port *port,
                                    esc_u64 word, esc_u32 kept)
{
	struct esc_addr *a;
	int v;

	way_to_port(&plan->there, port);
	if (k->dir == ESC_FLOW_PUBLIC) {
		way_to_uplink(&plan->back);
		/* whoever chose this port: a tenant's range, public or not, does not speak from outside */
		if (is_bogon(k->saddr) || is_fabric(k->saddr) || is_platform(k->saddr) ||
		    route_hop(port->net, k->saddr) == ESC_HOP_NETWORK)
			return ESC_V_BOGON_SOURCE;
		v = nat_in(k, plan);
		if (v)
			return v;
	} else {
		a = route_addr(port->net, k->saddr);
		if (!a || !a->host || !port_owns(port, k->port, k->daddr))
			return ESC_V_UNREACHABLE;
		way_to_host(&plan->back, a, port->net);
		plan->there.vni = a->host;
	}
	return kept & ESC_KEPT_OWN ? policy_kept(word) : judge_policy(k, plan, word, ESC_POLICY_IN);
}

ESC_SUBPROGRAM int judge(const struct esc_flow_key *k, struct esc_plan *plan, esc_u32 kept)
{
	struct esc_port *port;
	esc_u64 word;

	if (!k || !plan)
		return ESC_V_NO_POLICY;
	__builtin_memset(plan, 0, sizeof(*plan));
	plan->port = k->port;
	plan->saddr = k->saddr;
	plan->daddr = k->daddr;
	plan->sport = k->sport;
	plan->dport = k->dport;
	port = port_get(k->port);
	if (!port)
		return ESC_V_NO_PORT;
	word = port_read(k->port);
	plan->generation = word >> 32;
	if (k->dir == ESC_FLOW_FROM)
		return judge_from(k, plan, port, word, kept);
	return judge_to(k, plan, port, word, kept);
}
