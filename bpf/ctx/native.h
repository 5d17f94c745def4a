/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The stages in user space: maps are tables in memory, the packet is a buffer, the clock is the caller's.
 * Included by src/explain/native.c and native6.c alone, after `struct native` and the table operations.
 * `native_self` is the host at work, set for the length of one packet.
 */
#pragma once
#include <linux/pkt_cls.h>
#include <string.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define __noinline     __attribute__((noinline))
#define ESC_SUBPROGRAM static __attribute__((noinline))

#include "stage/packet.h"

#define esc_lookup(map, key)        native_look(&native_self->ESC_TABLE(map), key)
#define esc_insert(map, key, value) native_insert(&native_self->ESC_TABLE(map), key, value)
#define esc_delete(map, key)        table_delete(&native_self->ESC_TABLE(map), key)
#define esc_loop(steps, function)                                                                                      \
	for (esc_u32 loop_step = 0; loop_step < (steps) && !function(loop_step, NULL); loop_step++)

struct native_ctx {
	struct native_packet *packet;
	esc_u32 ifindex;
};
#define esc_ctx native_ctx

#define ESC_SHORT_WAY 1 /* express.h */

#define ctx_testing() 1
#define ctx_hz()      1000u
#define ctx_now()     ((esc_u32)native_self->now)

static inline void ctx_event(const struct esc_event *e)
{
	native_self->last_event = *e;
	native_self->events++;
}

static inline void *ctx_data(struct native_ctx *ctx)
{
	return ctx->packet->data;
}

static inline void *ctx_end(struct native_ctx *ctx)
{
	return ctx->packet->data + ctx->packet->length;
}

static inline void ctx_open(struct native_ctx *ctx, esc_u32 *bytes, esc_u32 *segs, esc_u32 *gso_size)
{
	*bytes = ctx->packet->length;
	*gso_size = ctx->packet->gso_size;
	*segs = super_frame_segs(ctx->packet->length, ctx->packet->gso_segs, *gso_size);
}

static inline int ctx_load(struct native_ctx *ctx, esc_u32 at, void *to, esc_u32 n)
{
	if (at > ctx->packet->length || n > ctx->packet->length - at)
		return -1;
	memcpy(to, ctx->packet->data + at, n);
	return 0;
}

static inline int ctx_store(struct native_ctx *ctx, esc_u32 at, const void *from, esc_u32 n)
{
	if (at > ctx->packet->length || n > ctx->packet->length - at)
		return -1;
	memcpy(ctx->packet->data + at, from, n);
	return 0;
}

static inline int ctx_cut(struct native_ctx *ctx, esc_u32 bytes)
{
	if (bytes > ctx->packet->length)
		return -1;
	ctx->packet->length = bytes;
	return 0;
}

static inline esc_u32 ctx_length(struct native_ctx *ctx)
{
	return ctx->packet->length;
}

static inline esc_u32 ctx_gso_size(struct native_ctx *ctx)
{
	return ctx->packet->gso_size;
}

static inline int ctx_vlan(struct native_ctx *ctx)
{
	(void)ctx;
	return 0;
}

/* The buffer knows of a partial checksum only that it is one. */
static inline int ctx_sum_fits(struct native_ctx *ctx, esc_u32 at)
{
	return !ctx->packet->partial_checksum || at;
}

static inline esc_u32 ctx_ifindex(struct native_ctx *ctx)
{
	return ctx->ifindex;
}

static inline esc_u16 sum_fold(esc_u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline esc_u32 sum_add(esc_u32 a, esc_u32 b)
{
	a += b;
	return a + (a < b);
}

static inline int ctx_ip_sum(struct native_ctx *ctx, esc_u32 at, esc_u32 difference)
{
	esc_u16 sum;

	if (at + sizeof(sum) > ctx->packet->length)
		return -1;
	memcpy(&sum, ctx->packet->data + at, sizeof(sum));
	sum = sum_fold(sum_add(difference, ~(esc_u32)sum));
	memcpy(ctx->packet->data + at, &sum, sizeof(sum));
	return 0;
}

/* As the kernel does it: a partial checksum follows the pseudo header only; a UDP checksum of 0 means none. */
static inline int ctx_l4_sum(struct native_ctx *ctx, esc_u32 at, esc_u32 difference, int pseudo, int udp)
{
	esc_u16 sum;

	if (at + sizeof(sum) > ctx->packet->length)
		return -1;
	memcpy(&sum, ctx->packet->data + at, sizeof(sum));
	if (udp && !sum)
		return 0;
	if (!ctx->packet->partial_checksum)
		sum = sum_fold(sum_add(difference, ~(esc_u32)sum));
	else if (pseudo)
		sum = ~sum_fold(sum_add(difference, sum));
	if (udp && !sum)
		sum = 0xffff;
	memcpy(ctx->packet->data + at, &sum, sizeof(sum));
	return 0;
}

static inline void ctx_sum_moved(struct native_ctx *ctx, esc_u32 difference)
{
	(void)ctx;
	(void)difference;
}

static inline int ctx_tunnel(struct native_ctx *ctx, esc_u32 *vni, esc_u32 *remote)
{
	*vni = ctx->packet->tunnel_vni;
	*remote = ctx->packet->tunnel_remote;
	return 0;
}

static inline int ctx_mark(struct native_ctx *ctx, struct esc_backend *to)
{
	if (!ctx->packet->marked || ctx->packet->mark.magic != ESC_MARK_MAGIC)
		return 0;
	*to = ctx->packet->mark.to;
	return 1;
}

static inline int ctx_redirect(struct native_ctx *ctx, int delivery, esc_u32 ifindex, esc_u32 vni, esc_u32 remote)
{
	(void)ctx;
	(void)ifindex;
	(void)vni;
	(void)remote;
	return delivery == ESC_TO_NONE ? TC_ACT_SHOT : TC_ACT_REDIRECT;
}
