/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * XDP sees frames one by one, before any skb: its stages stop at the choice of a back end, which it leaves
 * for tc in front of the packet. Where a driver has no room for that, tc decides again by itself.
 */
#pragma once
#include "skb.h"

/* As ctx_hand_on. */
static __always_inline void xdp_hand_on(struct xdp_md *xdp, int verdict)
{
#if ESC_FAMILY == 4
	if (verdict == ESC_V_IPV6)
		bpf_tail_call(xdp, &siblings_xdp, 0);
#endif
}

static __always_inline void xdp_leave_mark(struct xdp_md *xdp, const struct esc_backend *to)
{
	struct esc_mark *mark;

	if (bpf_xdp_adjust_meta(xdp, -(int)sizeof(*mark)))
		return;
	mark = (void *)(unsigned long)xdp->data_meta;
	if ((void *)(mark + 1) > (void *)(unsigned long)xdp->data)
		return;
	mark->magic = ESC_MARK_MAGIC;
	mark->to = *to;
	mark->pad = 0;
}
