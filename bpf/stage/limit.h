/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * limit: token buckets, one for each port and kind of question (abi/maps.h: esc_limits). Asked by arp.h, platform.h and
 * whatever else answers a port or costs others something; never for packets of flows.
 *
 * A bucket is debt that time pays off. It and its clock are one word, changed by compare-and-swap: two processors cannot
 * spend one token twice. Who loses the race ESC_LIMIT_TRIES times is over the limit, since he has company.
 */
#pragma once
#include "route.h"

#define ESC_LIMIT_TRIES 4

/* The bucket after `cost` more at `now`; 0: it does not hold that much. Never 0 otherwise: the cost is part of it. */
static __always_inline esc_u64 bucket_take(esc_u64 word, struct esc_rate rate, esc_u32 cost, esc_u32 now, esc_u32 hz)
{
	esc_u32 when = word >> 32, elapsed = now - when;
	esc_u64 debt = (esc_u32)word, paid;

	if (-elapsed <= hz && elapsed) {
		elapsed = 0; /* another processor has read the clock later and come first */
		now = when;
	}
	paid = (esc_u64)elapsed * rate.second;
	debt = debt > paid ? debt - paid : 0;
	debt += (esc_u64)cost * hz;
	if (debt > (esc_u64)rate.burst * hz)
		return 0;
	return debt | (esc_u64)now << 32;
}

/* 1: the packet is within its port's limit, and has been counted against it. */
static __noinline int limit(const struct esc_packet *p, esc_u32 kind)
{
	struct esc_host *h = host_get();
	esc_u32 number = p->port;
	struct esc_limits *own = esc_lookup(limits, &number);

	if (!h || !own || kind >= ESC_LIMITS)
		return 0;
	for (int i = 0; i < ESC_LIMIT_TRIES; i++) {
		esc_u64 *word = &own->word[kind], old = *(volatile esc_u64 *)word;
		esc_u64 new = bucket_take(old, h->rates[kind], p->segs, p->now, ctx_hz());

		if (!new)
			return 0;
		if (__sync_val_compare_and_swap(word, old, new) == old)
			return 1;
	}
	return 0;
}
