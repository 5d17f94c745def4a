/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * past: what a generation that a flow remembers still counts for, after the port has got another. Called by flow.h.
 *
 * A change declares what becomes of the flows that live: they are judged anew (the default), kept under the verdict that
 * admitted them, or ended. The agent says so with two numbers a port (struct esc_port_past), so no flow is touched at
 * the change, and an established packet pays nothing: the first one afterwards asks, and the entries remember the
 * present generation from then on. A flow that one change wanted judged anew, and that had no packet before the next
 * change, is judged by the newest policy, also where that change keeps what lives.
 *
 * What is kept is the verdict of the rules. Addresses, routes and translations are asked again, always: a flow of an
 * address that its port no longer has, or to one that is somebody else's now, ends.
 */
#pragma once
#include "judge.h"

struct esc_past {
	esc_u32 kept;                        /* ESC_KEPT_* */
	esc_u32 ended;                       /* not 0: the flow ends */
	esc_u32 generation, peer_generation; /* what is to be remembered of the ports that keep it */
};

#define ESC_PAST_JUDGE 0
#define ESC_PAST_KEEP  1
#define ESC_PAST_END   2

/*
 * The word is read before the bounds, and those are raised before it flips: what is over is never remembered as the
 * present. While a port is between two revisions nothing of it is newly remembered.
 */
static __always_inline int past_of_port(esc_u32 number, esc_u32 *generation)
{
	esc_u32 now = port_read(number) >> 32;
	esc_u64 *bounds = esc_lookup(port_past, &number), both;

	if (!bounds)
		return ESC_PAST_JUDGE;
	both = *(volatile esc_u64 *)bounds;
	if (*generation == now && !(now & 1))
		return ESC_PAST_KEEP;
	if (*generation < (esc_u32)(both >> 32))
		return ESC_PAST_END;
	if (*generation < (esc_u32)both || *generation & 1)
		return ESC_PAST_JUDGE;
	if (!(now & 1))
		*generation = now;
	return ESC_PAST_KEEP;
}

/* Of the flow whose opener's entry is `e`, at `k`. */
static __always_inline void past_of_pair(struct esc_past *past, const struct esc_flow_key *k, const struct esc_flow *e)
{
	int own, peer = ESC_PAST_JUDGE;

	past->generation = e->generation;
	past->peer_generation = e->peer_generation;
	own = past_of_port(k->port, &past->generation);
	if (e->peer)
		peer = past_of_port(e->peer, &past->peer_generation);
	past->ended = own == ESC_PAST_END || peer == ESC_PAST_END;
	past->kept = (own == ESC_PAST_KEEP ? ESC_KEPT_OWN : 0) | (peer == ESC_PAST_KEEP ? ESC_KEPT_PEER : 0);
}

/* What is kept goes on under the generation that keeps it, not under the one that the judgement came across. */
static __always_inline void past_remember(const struct esc_past *past, struct esc_plan *plan)
{
	if (past->kept & ESC_KEPT_OWN)
		plan->generation = past->generation;
	if (past->kept & ESC_KEPT_PEER)
		plan->peer_generation = past->peer_generation;
}
