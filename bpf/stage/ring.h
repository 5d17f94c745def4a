/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * ring: each port's quota of flows (invariant 6). Called by insert.h.
 *
 * A port owns a ring of slots, each naming the opener of one flow, and the flow names its slot. Who wants a
 * slot walks at most ESC_RING_STEPS of them with the port's hand: a slot whose flow is gone, dead or
 * registered elsewhere is taken at once; else the flow idle for longest among those seen makes room, and a closed one
 * before any other, since nobody will miss it once its last acknowledgement has come. So a port frees only its own, and
 * in bounded time; one that has many short connections walks a few steps. The hand visits the slots in a different
 * order each round (a permutation), so that a crowd of long-lived flows born together does not meet it together for
 * ever.
 */
#pragma once
#include "entry.h"
#include "route.h"

#define ESC_RING_STEPS 16

static __always_inline esc_u32 ring_slot(esc_u32 hand, esc_u32 size)
{
	return hand * (mix32(hand & ~(size - 1)) | 1) & (size - 1);
}

/* Is the flow at `key` the one that owns this slot? */
static __always_inline int ring_owns(const struct esc_flow *e, esc_u32 port, esc_u32 slot)
{
	return e && e->ring == slot && e->owner == port && !(e->flags & ESC_FLOW_REPLY);
}

#define ESC_RING_CLOSED 1

/* Idle time, that of closed pairs, which are marked, 64 times. 0: the pair is dead. */
static __always_inline esc_u32 ring_rank(const struct esc_flow_key *k, const struct esc_flow *e, esc_u32 now)
{
	struct esc_flow_key partner_key;
	struct esc_flow *partner;
	esc_u32 idle = now - e->seen;
	int state;

	entry_partner(k, e, &partner_key);
	partner = esc_lookup(flows, &partner_key);
	state = pair_state(k, e, partner, now);
	if (!partner || state == ESC_PAIR_DEAD)
		return 0;
	if (now - partner->seen < idle)
		idle = now - partner->seen;
	return state == ESC_PAIR_CLOSED ? (idle + 1) << 7 | ESC_RING_CLOSED : (idle + 1) << 1;
}

/* Closed for 60 ms, or for 15 when the first was no better: a port at its quota that closes thousands in that time
 * would walk on in vain. */
static __always_inline int ring_enough(esc_u32 rank, esc_u32 step)
{
	return (rank & ESC_RING_CLOSED) && rank >> 7 > ctx_hz() / (step ? 64 : 16);
}

static long ring_step(esc_u32 step, void *context)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_ring_walk *walk;
	struct esc_hand *hand;
	struct esc_flow_key *key, copy;
	struct esc_flow *e;
	esc_u32 slot, index, port, rank;

	(void)context;
	if (!scratch)
		return 1;
	walk = &scratch->walk;
	port = walk->port;
	hand = esc_lookup(hands, &port);
	if (!hand)
		return 1;
	slot = ring_slot(__sync_fetch_and_add(&hand->ring, 1), walk->size);
	index = walk->port * walk->size + slot;
	key = esc_lookup(rings, &index);
	if (!key)
		return 1;
	copy = *key;
	e = copy.proto ? esc_lookup(flows, &copy) : NULL;
	if (!ring_owns(e, walk->port, slot)) {
		walk->slot = slot;
		walk->evict = 0;
		return 1;
	}
	rank = ring_rank(&copy, e, walk->now);
	if (!rank || rank > walk->rank) {
		walk->slot = slot;
		walk->rank = rank;
		walk->evict = 1;
	}
	return !rank || ring_enough(walk->rank, step);
}

static __always_inline void ring_evict(const struct esc_ring_walk *walk, esc_u32 index)
{
	struct esc_flow_key *key = esc_lookup(rings, &index), copy;
	struct esc_flow *e;

	if (!key)
		return;
	copy = *key;
	e = esc_lookup(flows, &copy);
	if (ring_owns(e, walk->port, walk->slot))
		pair_delete(&copy, e);
}

/* A free slot of the port's ring, registered for `opener`; -1: the port has no ring. */
static __noinline int ring_take(const struct esc_flow_key *opener, esc_u32 now)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_ring_walk *walk;
	struct esc_host *h = host_get();
	struct esc_flow_key *place;
	esc_u32 index;

	if (!scratch || !h || !h->ring_size || h->ring_size > 65536 || (h->ring_size & (h->ring_size - 1)))
		return -1;
	walk = &scratch->walk;
	*walk = (struct esc_ring_walk){.port = opener->port, .size = h->ring_size, .now = now, .slot = -1u};
	esc_loop(ESC_RING_STEPS, ring_step);
	if (walk->slot >= walk->size)
		return -1;
	index = walk->port * walk->size + walk->slot;
	if (walk->evict)
		ring_evict(walk, index);
	place = esc_lookup(rings, &index);
	if (!place)
		return -1;
	*place = *opener;
	return walk->slot;
}
