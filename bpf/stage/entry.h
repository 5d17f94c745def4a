/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * entry: one flow entry and its partner: who is whose, how long they live, how they end.
 *
 * Timeouts, in seconds: a SYN alone 30; after RST 15; after FIN 240; an open TCP connection 240 through a translation
 * and 3600 inside a network; UDP, and what has no ports (SCTP, ESP, AH), 240; ICMP 30. A pair is idle since either of its
 * entries was last seen, so a one-way stream keeps the way back.
 */
#pragma once
#include "packet.h"

#define ESC_IDLE_RST      15
#define ESC_IDLE_NEW      30
#define ESC_IDLE_ICMP     30
#define ESC_IDLE_NAT      240
#define ESC_IDLE_LOCAL    3600
#define ESC_IDLE_SHORTEST 15 /* of all these: who was seen since is alive, without further questions */

static __always_inline esc_u8 entry_delivery(const struct esc_flow *e)
{
	return e->flags & ESC_FLOW_DELIVERY;
}

static __always_inline void entry_partner(const struct esc_flow_key *k, const struct esc_flow *e,
                                          struct esc_flow_key *partner)
{
	partner->saddr = e->daddr;
	partner->daddr = e->saddr;
	partner->sport = e->dport;
	partner->dport = e->sport;
	partner->proto = k->proto;
	partner->dir = ESC_FLOW_FROM;
	partner->port = k->port;
	if (e->peer)
		partner->port = e->peer;
	else if (k->dir == ESC_FLOW_FROM)
		partner->dir = entry_delivery(e) == ESC_TO_UPLINK   ? ESC_FLOW_PUBLIC
		               : entry_delivery(e) == ESC_TO_PROBER ? ESC_FLOW_PROBE
		                                                    : ESC_FLOW_TO;
}

static __always_inline esc_u32 entry_timeout(const struct esc_flow_key *k, esc_u8 tcp, int nat)
{
	if (k->proto == ESC_ICMP)
		return ESC_IDLE_ICMP;
	if (k->proto != ESC_TCP)
		return ESC_IDLE_NAT;
	if (tcp & ESC_TCP_RST)
		return ESC_IDLE_RST;
	if (tcp & ESC_TCP_FIN)
		return ESC_IDLE_NAT;
	if (!(tcp & ESC_TCP_OPEN))
		return ESC_IDLE_NEW;
	return nat ? ESC_IDLE_NAT : ESC_IDLE_LOCAL;
}

#define ESC_PAIR_DEAD   0
#define ESC_PAIR_CLOSED 1 /* over, but may still be answered: RST, or FIN both ways */
#define ESC_PAIR_ALIVE  2

/*
 * `partner` may be missing. Then the pair is dead, since half of it can do nothing right; but the way back is inserted
 * first, and while it is this young another processor may be about to insert its opener.
 */
static __always_inline int pair_state(const struct esc_flow_key *k, const struct esc_flow *e,
                                      const struct esc_flow *partner, esc_u32 now)
{
	esc_u32 idle, other;
	esc_u8 tcp;

	if (!partner)
		return (e->flags & ESC_FLOW_REPLY) && now - e->seen <= ctx_hz() ? ESC_PAIR_ALIVE : ESC_PAIR_DEAD;
	idle = now - e->seen;
	other = now - partner->seen;
	if (other < idle)
		idle = other;
	tcp = e->tcp | partner->tcp;
	if (idle > entry_timeout(k, tcp, e->flags & ESC_FLOW_NAT) * ctx_hz())
		return ESC_PAIR_DEAD;
	if ((tcp & ESC_TCP_RST) || (e->tcp & partner->tcp & ESC_TCP_FIN))
		return ESC_PAIR_CLOSED;
	return ESC_PAIR_ALIVE;
}

/* Ends the pair of `e`, which is the entry at `k`. */
static __always_inline void pair_delete(const struct esc_flow_key *k, const struct esc_flow *e)
{
	struct esc_flow_key partner;

	entry_partner(k, e, &partner);
	esc_delete(flows, &partner);
	esc_delete(flows, k);
}

/* 1: there was an entry at `k`, it was dead, and now its pair is gone. */
static __noinline int pair_reap(const struct esc_flow_key *k, esc_u32 now)
{
	struct esc_flow *e = esc_lookup(flows, k);
	struct esc_flow_key partner;

	if (!e)
		return 0;
	entry_partner(k, e, &partner);
	if (pair_state(k, e, esc_lookup(flows, &partner), now) != ESC_PAIR_DEAD)
		return 0;
	esc_delete(flows, &partner);
	esc_delete(flows, k);
	return 1;
}
