/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The traffic generator, its sink, and the least that forwarding can be.
 *
 *   generate   XDP, in live-frame mode: writes the whole headers of the next packet, since pages come back as they were
 *              left, and sends it by the guest's card
 *   arrive     XDP, on the other end of that card, which the kernel wants there: lets it in
 *   sink       at the receiver's card: counts what was generated and ends it there
 *   hand_over  between two cards: bpf_redirect_peer, and nothing else
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include "bench/vm.h"

#define BE16(x) ((__u16)__builtin_bswap16(x))

/* Set before the run. */
struct vm_headers headers = {};
__u32 card = 0;         /* of the sender */
__u32 peers[2][2] = {}; /* of hand_over: from, to */

__u32 turn = 0;
struct vm_count sunk[VM_CPUS] = {};

SEC("xdp")
int generate(struct xdp_md *xdp)
{
	struct vm_headers *h = (void *)(long)xdp->data;

	if ((void *)(h + 1) > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	*h = headers;
	h->udp.source = BE16(VM_PORT_FIRST + turn++ % VM_FLOWS);
	return bpf_redirect(card, 0);
}

SEC("xdp")
int arrive(struct xdp_md *xdp)
{
	return XDP_PASS;
}

SEC("tc")
int sink(struct __sk_buff *skb)
{
	struct vm_headers *h = (void *)(long)skb->data;
	__u32 cpu = bpf_get_smp_processor_id() % VM_CPUS;

	if ((void *)(h + 1) > (void *)(long)skb->data_end || h->ip.protocol != IPPROTO_UDP ||
	    h->udp.dest != BE16(VM_PORT_SINK))
		return TC_ACT_OK;
	sunk[cpu].packets++;
	return TC_ACT_SHOT;
}

SEC("tc")
int hand_over(struct __sk_buff *skb)
{
	return bpf_redirect_peer(skb->ifindex == peers[0][0] ? peers[0][1] : peers[1][1], 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
