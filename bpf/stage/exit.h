/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * exit: of the skb programs. Answers TC_ACT_SHOT or what the redirect answered, and nothing else (fail closed
 * by construction); there is no path to the host's own stack. A drop may be answered: too_big.h.
 */
#pragma once
#include "count.h"
#include "parse.h"
#include "too_big.h"

static __always_inline int leave(struct esc_ctx *ctx, struct esc_packet *p, int verdict)
{
	int action = TC_ACT_SHOT;

	if (verdict <= ESC_VERDICT_LAST_PASS) {
		action = ctx_redirect(ctx, p->delivery, p->out, p->vni, p->remote);
		if (action != TC_ACT_REDIRECT) {
			verdict = ESC_V_DELIVERY;
			action = TC_ACT_SHOT;
		}
	} else if (verdict == ESC_V_TOO_BIG && too_big(ctx, p)) {
		action = ctx_redirect(ctx, p->delivery, p->out, 0, 0);
		if (action != TC_ACT_REDIRECT)
			action = TC_ACT_SHOT;
	}
	count(p, verdict);
	return action;
}

/* Where a sender's NIC may have to complete the checksum; 0: nowhere. */
static __always_inline esc_u32 sum_place(const struct esc_packet *p)
{
	if (p->error || p->fragment)
		return 0;
	switch (p->key.proto) {
	case ESC_TCP:
		return ESC_TCP_SUM;
	case ESC_UDP:
		return ESC_UDP_SUM;
	case ESC_SCTP:
		return ESC_SCTP_SUM;
	default:
		return 0;
	}
}

/* The start of the skb programs: length, clock, headers. */
static __always_inline int arrive(struct esc_ctx *ctx, struct esc_packet *p)
{
	int v;

	ctx_open(ctx, &p->bytes, &p->segs, &p->gso_size);
	p->now = ctx_now();
	if (ctx_vlan(ctx))
		return ESC_V_VLAN;
	v = parse(ctx_data(ctx), ctx_end(ctx), p);
	if (v <= 0 && !ctx_sum_fits(ctx, sum_place(p)))
		return ESC_V_MALFORMED;
	return v;
}
