/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The programs of the uplink: the cloud access layer. The list of their stages is stage/journey.h. edge_tc is whole by
 * itself; edge_xdp, where a real NIC runs it, drops early and decides early, and tc goes on from its mark.
 */
#include "ctx/xdp.h"
#include "stage/journey.h"

SEC("tc")
int ESC_ENTRY(edge_tc)(struct __sk_buff *skb)
{
	struct esc_packet *p = packet_new();
	int verdict;

	if (!p)
		return TC_ACT_SHOT;
	verdict = ctx_hand_on(skb, journey_edge(skb, p), ESC_SIBLING_EDGE);
	return leave(skb, p, verdict);
}

SEC("xdp")
int ESC_ENTRY(edge_xdp)(struct xdp_md *xdp)
{
	void *data = (void *)(unsigned long)xdp->data, *end = (void *)(unsigned long)xdp->data_end;
	struct esc_packet *p = packet_new();
	struct esc_backend to = {};
	int verdict;

	if (!p)
		return XDP_DROP;
	p->bytes = end - data;
	p->segs = 1;
	p->now = ctx_now();
	verdict = journey_edge_xdp(data, end, p, &to);
	xdp_hand_on(xdp, verdict);
	count(p, verdict);
	if (verdict)
		return XDP_DROP;
	xdp_leave_mark(xdp, &to);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
