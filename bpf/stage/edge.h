/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * edge: from the uplink; chooses who gets a packet for a public address, and never translates.
 * admit (bad packets die first: bad.h) -> endpoint -> access list -> balance. Next: flow.h when the port is on this
 * host, else deliver.h's overlay under the network number that means "from an edge".
 *
 * An edge keeps no flows, and still a connection stays where it is when its back end goes down or another comes back: a
 * table that has changed is several, of those who get new flows and of those who had the place before. A packet that goes
 * on in a connection is for the first of them who knows it. Who knows it only his own host can say, so that one is asked
 * by the way (ESC_VNI_EDGE_ASK), and sends the packet on to the next if need be; who gets it so is not asked again, since
 * two hosts whose tables differ for a moment would send it to and fro.
 *
 * Plain pointers and tables only, so the XDP build and the skb build share all of it. A layer against floods belongs
 * between admit and endpoint.
 */
#pragma once
#include "bad.h"
#include "policy.h"
#include "route.h"
#include "window.h"

static __always_inline int admit(const struct esc_packet *p, const struct esc_host *h)
{
	if (p->arp)
		return ESC_V_LINK_UNANSWERED; /* the next hop's table is the operator's */
	if (p->dmac[0] & 1)
		return ESC_V_BROADCAST;
	if (!mac_equal(p->dmac, h->uplink_mac))
		return ESC_V_FOREIGN_MAC;
	return bad_source(p, h);
}

static __always_inline struct esc_endpoint *endpoint_exact(const struct esc_packet *p)
{
	struct esc_endpoint_key key = {.vip = p->key.daddr, .port = p->key.dport, .proto = p->key.proto};

	return p->key.proto == ESC_ICMP ? NULL : esc_lookup(endpoints, &key);
}

static __always_inline struct esc_endpoint *endpoint_find(const struct esc_packet *p)
{
	struct esc_endpoint_key key = {.vip = p->key.daddr};
	struct esc_endpoint *e = endpoint_exact(p);

	if (e)
		return e;
	e = esc_lookup(endpoints, &key);
	if (e)
		return e;
	key.proto = 255;
	return esc_lookup(endpoints, &key);
}

/*
 * Does the endpoint's access list let this source in? A list that is not whole lets nobody in. For every packet, not
 * flow, since the edge keeps none: a rule that is added is in force at once, for all.
 */
static __noinline int access_admit(esc_u32 slot, struct esc_packet *p)
{
	const struct esc_access *a = blob_block(slot, 0, 1);
	const esc_u32 *verdicts;
	esc_u32 verdict;
	int decider;

	if (!a || a->blocks > ESC_ACCESS_BLOCKS)
		return ESC_V_ACCESS;
	decider = address_row(slot, a->blocks, &a->source, &p->key.saddr, 1);
	if (decider < 0)
		return ESC_V_ACCESS;
	verdicts = blob_block(slot, (esc_u64)a->verdicts + (esc_u32)decider / 16, a->blocks);
	if (!verdicts)
		return ESC_V_ACCESS;
	verdict = verdicts[decider % 16];
	if (verdict & ESC_POLICY_ALLOW)
		return ESC_V_FORWARD;
	p->rule[2] = verdict;
	return ESC_V_ACCESS;
}

static __always_inline esc_u32 edge_hash(const struct esc_packet *p, esc_u32 distribution, esc_u32 seed)
{
	esc_u32 x = ip_mix(ip_mix(seed, p->key.saddr), p->key.daddr);

	if (distribution == ESC_DIST_SOURCE)
		return x;
	x = mix32(x ^ p->key.proto);
	if (distribution == ESC_DIST_SOURCE_PROTO)
		return x;
	return mix32(x ^ (p->key.sport | (esc_u32)p->key.dport << 16));
}

/* Word at `offset` of the blob at `slot`; -1 beyond the map. These blobs have no length of their own. */
static __always_inline int blob_word(esc_u32 slot, esc_u64 offset)
{
	const struct esc_block *b = blob_block(slot, offset / ESC_BLOCK_WORDS, ~0u);

	return b ? b->w[offset % ESC_BLOCK_WORDS] : -1;
}

/* Entry `index` of the table behind the records of a blob of `n` back ends. */
static __always_inline int blob_entry(esc_u32 slot, esc_u32 n, esc_u32 index)
{
	return blob_word(slot, (esc_u64)ESC_BLOCK_WORDS * (1 + (n + 1) / 2) + index);
}

static __always_inline int blob_backend(esc_u32 slot, esc_u32 n, int index, struct esc_backend *to)
{
	esc_u32 block = slot + 1 + (esc_u32)index / 2;
	struct esc_block *b;

	if (index < 0 || (esc_u32)index >= n)
		return ESC_V_NO_BACKEND;
	b = esc_lookup(blobs, &block);
	if (!b)
		return ESC_V_NO_BACKEND;
	*to = *(struct esc_backend *)&b->w[index & 1 ? 16 : 0];
	return ESC_V_FORWARD;
}

/* A packet's place in the tables of an endpoint: indices of those who have it, of n. Who gets new flows is first. */
struct esc_seat {
	int of[ESC_BLOB_TABLES];
	int n;
};

static __always_inline int balance_seat(const struct esc_packet *p, const struct esc_endpoint *e, esc_u32 seed,
                                        struct esc_seat *seat)
{
	const struct esc_block *head = e->slot ? blob_block(e->slot, 0, 1) : NULL;
	esc_u32 place, size;

	if (!head || !head->w[0] || !head->w[1])
		return ESC_V_NO_BACKEND;
	size = head->w[1];
	place = edge_hash(p, e->distribution, seed) % size;
	seat->n = head->w[0];
	seat->of[0] = blob_entry(e->slot, seat->n, place);
	for (esc_u32 i = 1; i < ESC_BLOB_TABLES; i++)
		seat->of[i] = i <= head->w[2] ? blob_entry(e->slot, seat->n, place + i * size) : ESC_BLOB_NOBODY;
	return ESC_V_FORWARD;
}

static __always_inline int goes_on(const struct esc_packet *p)
{
	return p->key.proto == ESC_TCP && (p->error || !is_syn(p));
}

/*
 * In a connection that has one of several homes: the first who knows it, else the last. What is on another host only that
 * one can tell. `after`: a port of this host, known not to have it; only who comes behind it is asked. 0: all are.
 */
static __noinline int balance_stay(struct esc_packet *p, esc_u32 slot, const struct esc_seat *seat, esc_u32 after,
                                   struct esc_backend *to)
{
	int v = ESC_V_ALL_DOWN;

	for (int i = 0; i < ESC_BLOB_TABLES; i++) {
		if (seat->of[i] == ESC_BLOB_NOBODY)
			continue;
		v = blob_backend(slot, seat->n, seat->of[i], to);
		if (v)
			return v;
		if (after) {
			if (!to->host && to->port == after)
				after = 0;
			v = ESC_V_NO_FLOW;
			continue;
		}
		p->key.port = to->port;
		to->ask = i + 1 < ESC_BLOB_TABLES && seat->of[i + 1] != ESC_BLOB_NOBODY;
		if (to->host || esc_lookup(flows, &p->key))
			return ESC_V_FORWARD;
	}
	return v;
}

static __always_inline int balance(struct esc_packet *p, const struct esc_endpoint *e, esc_u32 seed,
                                   struct esc_backend *to)
{
	struct esc_seat seat = {};
	int v = balance_seat(p, e, seed, &seat);

	if (v)
		return v;
	if (seat.of[1] != ESC_BLOB_NOBODY && goes_on(p))
		return balance_stay(p, e->slot, &seat, 0, to);
	return seat.of[0] == ESC_BLOB_NOBODY ? ESC_V_ALL_DOWN : blob_backend(e->slot, seat.n, seat.of[0], to);
}

/* Whom an edge would have taken if it had known that port p->key.port has no such flow. */
static __noinline int edge_other(struct esc_packet *p, struct esc_backend *to)
{
	struct esc_endpoint *e = endpoint_find(p);
	struct esc_host *h = host_get();
	struct esc_seat seat = {};

	if (!h || !e || e->kind != ESC_EP_BALANCED || balance_seat(p, e, h->hash_seed, &seat))
		return ESC_V_NO_FLOW;
	return balance_stay(p, e->slot, &seat, p->key.port, to);
}

static __always_inline int snat_owner(const struct esc_packet *p, const struct esc_endpoint *e, struct esc_backend *to)
{
	int n = blob_word(e->slot, 0), m = blob_word(e->slot, 1);
	int shift = blob_word(e->slot, 2), first = blob_word(e->slot, 3);
	esc_u32 port = ESC_BE16(p->key.dport), index;
	int owner;

	if (!e->slot || n <= 0 || m <= 0 || shift < 0 || shift > 15 || first < 0 || port < (esc_u32)first)
		return ESC_V_NO_ENDPOINT;
	index = (port - first) >> shift;
	if (index >= (esc_u32)m)
		return ESC_V_NO_ENDPOINT;
	owner = blob_entry(e->slot, n, index);
	if (owner == ESC_BLOB_NOBODY)
		return ESC_V_NO_ENDPOINT;
	return blob_backend(e->slot, n, owner, to);
}

static __always_inline int edge_choose(struct esc_packet *p, esc_u32 seed, struct esc_backend *to)
{
	struct esc_endpoint *e = endpoint_find(p);

	if (!e)
		return ESC_V_NOT_VIP;
	if (e->access && access_admit(e->access, p))
		return ESC_V_ACCESS;
	switch (e->kind) {
	case ESC_EP_ONE:
		*to = e->one;
		return ESC_V_FORWARD;
	case ESC_EP_BALANCED:
		return balance(p, e, seed, to);
	case ESC_EP_SNAT:
		return snat_owner(p, e, to);
	default:
		return ESC_V_NO_BACKEND;
	}
}
