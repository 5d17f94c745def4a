/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * fragment: the pieces of a datagram go where its first piece went, or nowhere. Next: deliver.h.
 *
 * Only the first fragment has ports. It is judged as a whole packet would be, and what passes is remembered for
 * ESC_FRAGMENT_SECONDS: addresses, protocol and identification, direction and port, and the ports that it named. A later
 * fragment borrows these ports and then is a packet of that flow: the same verdict (a changed policy judges it anew),
 * translation, delivery and counters. Without a first that passed there is nothing to borrow, and it is dropped; so is
 * one that would overwrite what the first was judged by. A first that was denied leaves nothing behind.
 *
 * Quota (invariant 6): each port has ESC_FRAGMENT_SETS sets of ESC_FRAGMENT_WAYS places, and in a full set the datagram
 * seen first makes room. Nobody else's is ever touched. Two processors may write one place at once; the worst
 * that comes of it is a later fragment with ports of another datagram of the same port, which flow.h judges as well.
 *
 * The edge chooses a back end by ports, so it remembers firsts as well, in places that belong to the public address:
 * those of ESC_FRAGMENT_REGIONS consecutive addresses never meet. The first is spread like every whole packet of its
 * conversation, so that long and short datagrams of one conversation reach one back end; later ones follow. Routers
 * in front of several edges spread fragments by addresses, as Linux does, so all of a datagram meet at one edge.
 *
 * A program of its own goes on with fragments (journey.h): no whole packet pays for them, in time or in stack.
 */
#pragma once
#include "deliver.h"

#define ESC_FRAGMENT_AT_PORT 0 /* whose places: the port's, */
#define ESC_FRAGMENT_AT_EDGE 1 /* the public address's */

static __always_inline esc_u32 fragment_hash(const struct esc_packet *p)
{
	return ip_mix(ip_mix(p->piece.id, p->key.saddr), p->key.daddr) & (ESC_FRAGMENT_SETS - 1);
}

/* The set of places where this datagram may stand. */
static __always_inline struct esc_fragments *fragment_set(const struct esc_packet *p, int where)
{
	int edge = where == ESC_FRAGMENT_AT_EDGE;
	esc_u32 owner = edge ? ip_low(p->key.daddr) % ESC_FRAGMENT_REGIONS : p->key.port;
	esc_u32 index = owner * ESC_FRAGMENT_SETS + fragment_hash(p);

	return edge ? esc_lookup(vip_fragments, &index) : esc_lookup(fragments, &index);
}

static __always_inline int fragment_same(const struct esc_fragment *f, const struct esc_packet *p)
{
	return f->id == p->piece.id && f->proto == p->key.proto && f->dir == p->key.dir &&
	       ip_equal(f->saddr, p->key.saddr) && ip_equal(f->daddr, p->key.daddr);
}

/* How long ago the first came. */
static __always_inline esc_u32 fragment_age(const struct esc_fragment *f, esc_u32 now)
{
	esc_u32 age = now - f->seen;

	return -age <= ctx_hz() ? 0 : age; /* another processor's clock may be ahead */
}

/* The place for this datagram: its own, or an empty one, or the oldest. A function of its own, so that a verifier walks
 * the loop once. */
ESC_SUBPROGRAM int fragment_place(const struct esc_packet *p, int where)
{
	struct esc_fragments *set;
	esc_u64 best = 0;

	if (!p)
		return 0;
	set = fragment_set(p, where);
	if (!set)
		return 0;
	for (esc_u32 i = 0; i < ESC_FRAGMENT_WAYS; i++) {
		const struct esc_fragment *f = &set->way[i];
		esc_u64 score = f->used ? (esc_u64)fragment_age(f, p->now) + 1 : 1ull << 33;

		if (f->used && fragment_same(f, p))
			score = 1ull << 34;
		score = score << 3 | i;
		if (score > best)
			best = score;
	}
	return best & (ESC_FRAGMENT_WAYS - 1);
}

/* Where the first of this datagram is remembered; ESC_FRAGMENT_WAYS: nowhere. */
ESC_SUBPROGRAM int fragment_find(const struct esc_packet *p, int where)
{
	struct esc_fragments *set;

	if (!p)
		return ESC_FRAGMENT_WAYS;
	set = fragment_set(p, where);
	if (!set)
		return ESC_FRAGMENT_WAYS;
	for (esc_u32 i = 0; i < ESC_FRAGMENT_WAYS; i++) {
		const struct esc_fragment *f = &set->way[i];

		if (f->used && fragment_same(f, p) && fragment_age(f, p->now) <= ESC_FRAGMENT_SECONDS * ctx_hz())
			return i;
	}
	return ESC_FRAGMENT_WAYS;
}

/* Remembers a first fragment that has passed. */
static __noinline void fragment_note(const struct esc_packet *p, int where)
{
	struct esc_fragments *set = fragment_set(p, where);
	struct esc_fragment *f;

	if (!set)
		return; /* the others will find nothing */
	f = &set->way[fragment_place(p, where) & (ESC_FRAGMENT_WAYS - 1)];
	f->used = 0;
	f->saddr = p->key.saddr;
	f->daddr = p->key.daddr;
	f->id = p->piece.id;
	f->seen = p->now;
	f->sport = p->key.sport;
	f->dport = p->key.dport;
	f->end = p->piece.end;
	f->proto = p->key.proto;
	f->dir = p->key.dir;
	f->icmp = p->icmp;
	f->used = 1;
}

/* A later fragment gets the ports of its first. */
static __noinline int fragment_recall(struct esc_packet *p, int where)
{
	struct esc_fragments *set = fragment_set(p, where);
	esc_u32 place = fragment_find(p, where);
	const struct esc_fragment *f;

	if (!set || place >= ESC_FRAGMENT_WAYS)
		return ESC_V_FRAGMENT;
	f = &set->way[place & (ESC_FRAGMENT_WAYS - 1)];
	if (p->piece.begin < f->end)
		return ESC_V_FRAGMENT_OVERLAP;
	p->key.sport = f->sport;
	p->key.dport = f->dport;
	p->icmp = f->icmp;
	return ESC_V_FORWARD;
}

/* Of instances that share a public address, identifications may be alike: their pieces would be mixed up outside. */
static __noinline int fragment_shares(const struct esc_packet *p, const struct esc_flow *e)
{
#if ESC_FAMILY == 4
	struct esc_snat_key key = {.port = p->key.port, .addr = p->key.saddr};
	struct esc_snat *s;

	if (p->key.dir != ESC_FLOW_FROM || entry_delivery(e) != ESC_TO_UPLINK || (e->flags & ESC_FLOW_REPLY))
		return 0;
	s = esc_lookup(snat, &key);
	return s && s->count;
#else
	(void)p;
	(void)e;
	return 0; /* each leaves by an address of its own */
#endif
}

/* A later fragment has nothing but addresses: the checksum of L4 is in the first. */
static __noinline int fragment_rewrite(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_flow *e)
{
	if (p->fragment == ESC_FRAGMENT_LATER || by_address(p->key.proto))
		return rewrite_addrs(ctx, p, e);
	return rewrite_at(ctx, p, e, ESC_FRAGMENT_HEADER);
}

/* A later one neither ends a flow nor keeps it. */
static __always_inline int fragment_deliver(struct esc_ctx *ctx, struct esc_packet *p, struct esc_flow *e)
{
	if (p->fragment == ESC_FRAGMENT_LATER)
		entry_touch(e, p->segs, p->bytes);
	else
		flow_touch(p, e);
	if ((e->flags & ESC_FLOW_NAT) && fragment_rewrite(ctx, p, e))
		return ESC_V_DELIVERY;
	return deliver_to(ctx, p, e);
}

/* A verdict, or ESC_ASIDE_PLATFORM. */
static __always_inline int fragment_go_on(struct esc_ctx *ctx, struct esc_packet *p)
{
	struct esc_flow *e;
	int v = ESC_V_FORWARD;

	if (p->fragment == ESC_FRAGMENT_LATER)
		v = fragment_recall(p, ESC_FRAGMENT_AT_PORT);
	if (!v)
		v = flow(ctx, p, &e);
	if (v)
		return v;
	if (p->fragment == ESC_FRAGMENT_FIRST)
		fragment_note(p, ESC_FRAGMENT_AT_PORT);
	if (fragment_shares(p, e))
		return ESC_V_FRAGMENT_SNAT;
	return fragment_deliver(ctx, p, e);
}
