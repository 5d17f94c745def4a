/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * exit: of the skb programs. Answers TC_ACT_SHOT or what the redirect answered, and nothing else (fail closed
 * by construction); there is no path to the host's own stack.
 */
#pragma once
#include "count.h"
#include "parse.h"

static __always_inline int leave(struct esc_ctx *ctx, struct esc_packet *p, int verdict)
{
	int action = TC_ACT_SHOT;

	if (verdict <= ESC_VERDICT_LAST_PASS) {
		action = ctx_redirect(ctx, p->delivery, p->out, p->vni, p->remote);
		if (action != TC_ACT_REDIRECT) {
			verdict = ESC_V_DELIVERY;
			action = TC_ACT_SHOT;
		}
	}
	count(p, verdict);
	return action;
}

/* The start of the skb programs: length, clock, headers. */
static __always_inline int arrive(struct esc_ctx *ctx, struct esc_packet *p)
{
	ctx_open(ctx, &p->bytes, &p->segs, &p->gso_size);
	p->now = ctx_now();
	if (ctx_vlan(ctx))
		return ESC_V_ETHERTYPE;
	return parse(ctx_data(ctx), ctx_end(ctx), p);
}
