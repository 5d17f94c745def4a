/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * insert: a plan becomes the two entries of a flow. Called by flow.h.
 *
 * The way back is inserted first and only where nothing is: its key is what makes a translated source port
 * the flow's own, so the search for a free port *is* the insertion. Ports are thereby reused across
 * destinations. Where two processors insert the same flow at once, one wins, and the other goes on with its entry.
 * A port that an endpoint of the same public address opens is never taken: the edge would send the
 * answers there. Nothing is ever overwritten: a flow in the way that is dead is removed, a live one wins.
 */
#pragma once
#include "ring.h"
#include "route.h"

#define ESC_SNAT_STEPS  64
#define ESC_SNAT_STRIDE 0x9e3779b1u

static __always_inline int insert_one(const struct esc_flow_key *key, const struct esc_flow *entry, esc_u32 now)
{
	if (!esc_insert(flows, key, entry))
		return 1;
	return pair_reap(key, now) && !esc_insert(flows, key, entry);
}

static __always_inline int is_endpoint(esc_ip vip, esc_u16 port, esc_u8 proto)
{
	struct esc_endpoint_key key = {.vip = vip, .port = port, .proto = proto};

	return esc_lookup(endpoints, &key) != NULL;
}

static long snat_step(esc_u32 step, void *context)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_insertion *in;
	esc_u32 port;

	(void)context;
	if (!scratch)
		return 1;
	in = &scratch->insertion;
	port = in->first + ((in->hand + step) * ESC_SNAT_STRIDE & (in->count - 1));
	in->key.dport = ESC_BE16(port);
	if (is_endpoint(in->key.daddr, in->key.dport, in->key.proto))
		return 0;
	in->done = insert_one(&in->key, &in->entry, in->now);
	return in->done;
}

static __always_inline void entry_fill(struct esc_flow *e, const struct esc_way *way, esc_u32 now, esc_u8 proto)
{
	e->seen = now;
	e->flags = way->delivery;
	e->out = way->out;
	e->vni = way->vni;
	mac_copy(e->dmac, way->dmac);
	e->tcp = proto == ESC_TCP ? ESC_TCP_NEW | ESC_TCP_NO_SCALE << ESC_TCP_SCALE : 0;
}

static __noinline int insert_back(const struct esc_flow_key *k, struct esc_plan *plan, esc_u32 ring, esc_u32 now)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_insertion *in;
	struct esc_hand *hand;
	esc_u32 owner = k->port;

	if (!scratch)
		return ESC_V_FLOW_TABLE;
	in = &scratch->insertion;
	*in = (struct esc_insertion){.now = now, .first = plan->snat_first, .count = plan->snat_count};
	in->entry.saddr = plan->saddr; /* for entry_partner: as the opener's entry will be */
	in->entry.daddr = plan->daddr;
	in->entry.sport = plan->sport;
	in->entry.dport = plan->dport;
	in->entry.peer = plan->peer;
	in->entry.flags = plan->there.delivery;
	entry_partner(k, &in->entry, &in->key);

	entry_fill(&in->entry, &plan->back, now, k->proto);
	in->entry.saddr = k->daddr;
	in->entry.daddr = k->saddr;
	in->entry.sport = k->dport;
	in->entry.dport = k->sport;
	in->entry.flags |= plan->flags | ESC_FLOW_REPLY;
	in->entry.owner = owner;
	in->entry.ring = ring;
	in->entry.generation = plan->generation;
	if (plan->peer) {
		in->entry.generation = plan->peer_generation;
		in->entry.peer_generation = plan->generation;
		in->entry.peer = owner;
	}
	if (!in->count)
		return insert_one(&in->key, &in->entry, now) ? ESC_V_FORWARD : ESC_V_FLOW_TABLE;
	hand = esc_lookup(hands, &owner);
	if (!hand)
		return ESC_V_FLOW_TABLE;
	in->hand = __sync_fetch_and_add(&hand->snat, 1);
	esc_loop(ESC_SNAT_STEPS, snat_step);
	plan->sport = in->key.dport;
	return in->done ? ESC_V_FORWARD : ESC_V_SNAT_EXHAUSTED;
}

static __always_inline void opener_fill(struct esc_flow *e, const struct esc_flow_key *k, const struct esc_plan *plan,
                                        esc_u32 ring, esc_u32 now)
{
	entry_fill(e, &plan->there, now, k->proto);
	e->saddr = plan->saddr;
	e->daddr = plan->daddr;
	e->sport = plan->sport;
	e->dport = plan->dport;
	e->flags |= plan->flags;
	e->owner = k->port;
	e->ring = ring;
	e->generation = plan->generation;
	e->peer = plan->peer;
	e->peer_generation = plan->peer_generation;
}

static __noinline int insert_opener(const struct esc_flow_key *k, const struct esc_plan *plan, esc_u32 ring,
                                    esc_u32 now)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_flow *e, *back;

	if (!scratch)
		return ESC_V_FLOW_TABLE;
	e = &scratch->insertion.entry; /* the way back is in the table by now */
	*e = (struct esc_flow){};
	opener_fill(e, k, plan, ring, now);
	if (insert_one(k, e, now))
		return ESC_V_FORWARD;
	entry_partner(k, e, &scratch->insertion.key);
	back = esc_lookup(flows, &scratch->insertion.key);
	if (back && back->owner == e->owner && back->ring == e->ring)
		esc_delete(flows, &scratch->insertion.key); /* ours, not another processor's */
	return ESC_V_FLOW_TABLE;
}

/*
 * A processor that stood still while others went once around the ring has lost its slot: what is registered nowhere
 * would never make room, so it goes at once.
 */
static __always_inline int ring_keeps(const struct esc_flow_key *k, esc_u32 slot)
{
	struct esc_host *h = host_get();
	esc_u32 index = h ? k->port * h->ring_size + slot : 0;
	struct esc_flow_key *place = esc_lookup(rings, &index);
	struct esc_flow *e;

	if (place && place->proto == k->proto && place->dir == k->dir && ip_equal(place->saddr, k->saddr) &&
	    ip_equal(place->daddr, k->daddr) && place->sport == k->sport && place->dport == k->dport)
		return ESC_V_FORWARD;
	e = esc_lookup(flows, k);
	if (e)
		pair_delete(k, e);
	return ESC_V_FLOW_TABLE;
}

#define ESC_PATIENCE 32 /* look-ups: longer than the other processor needs between its two insertions */

static __always_inline int made_meanwhile(const struct esc_flow_key *k)
{
	int made = 0;

	for (int i = 0; i < ESC_PATIENCE && !made; i++)
		made = esc_lookup(flows, k) != NULL;
	return made;
}

static __always_inline int insert(const struct esc_flow_key *k, struct esc_plan *plan, esc_u32 now)
{
	int v, ring = ring_take(k, now);

	if (ring < 0)
		return ESC_V_FLOW_TABLE;
	v = insert_back(k, plan, ring, now);
	if (!v)
		v = insert_opener(k, plan, ring, now);
	if (v)
		return v == ESC_V_FLOW_TABLE && made_meanwhile(k) ? ESC_V_FORWARD : v;
	return ring_keeps(k, ring);
}
