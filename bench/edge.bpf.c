/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * What the edge's XDP program is measured beside. `vary` writes fresh headers into the frame that TEST_RUN hands out again,
 * takes away what the last run has left in front of it, and jumps to one of the others or to the edge: so all see the same
 * packets.
 *   nothing   the harness, vary, and the jump
 *   minimal   parses, looks the connection up in a table as large as there are flows, writes 50 bytes of tunnel in front
 *             and takes them off again, since the next run wants the frame as it was
 *   undo      writes nothing, but makes the room and takes it off: what of `minimal` is no part of its work
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>
#include "abi/maps.h"
#include "bench/edge.h"

#define BE16(x) ((esc_u16)__builtin_bswap16(x))
#define BE32(x) __builtin_bswap32(x)

struct headers {
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	esc_u16 ports[2], length, check;
	esc_u32 vxlan[2];
} __attribute__((packed));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EDGE_FLOWS + 1);
	__type(key, struct edge_tuple);
	__type(value, struct esc_backend);
} beside SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, EDGE_PROGRAMS);
	__type(key, esc_u32);
	__type(value, esc_u32);
} programs SEC(".maps");

/* Set between runs: of `programs`; flows and public addresses to choose from. */
esc_u32 which = 0, flow_mask = 0, vips = 0;
esc_u32 random = 1;

static __always_inline void set_sum(void *header)
{
	struct iphdr *ip = header;
	esc_u16 *w = header;
	esc_u32 sum = 0;

	ip->check = 0;
	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~(sum + (sum >> 16));
}

static __always_inline struct headers *headers_of(struct xdp_md *xdp)
{
	struct headers *h = (void *)(long)xdp->data;

	return (void *)(h + 1) > (void *)(long)xdp->data_end ? NULL : h;
}

SEC("xdp")
int vary(struct xdp_md *xdp)
{
	struct headers *h;
	esc_u32 n;

	if (xdp->data_meta < xdp->data && bpf_xdp_adjust_meta(xdp, xdp->data - xdp->data_meta))
		return XDP_ABORTED;
	h = headers_of(xdp);
	if (!h)
		return XDP_ABORTED;
	random = random * 1664525u + 1013904223u;
	n = random >> 8;
	h->ip.daddr = BE32(EDGE_VIP + n % vips);
	n &= flow_mask;
	h->ip.saddr = BE32(EDGE_CLIENT + (n >> 16));
	h->tcp.source = n;
	set_sum((void *)h + ETH_HLEN);
	bpf_tail_call(xdp, &programs, which);
	return XDP_ABORTED;
}

SEC("xdp")
int nothing(struct xdp_md *xdp)
{
	return XDP_PASS;
}

SEC("xdp")
int undo(struct xdp_md *xdp)
{
	if (bpf_xdp_adjust_head(xdp, -(int)sizeof(struct outer)))
		return XDP_ABORTED;
	return bpf_xdp_adjust_head(xdp, sizeof(struct outer)) ? XDP_ABORTED : XDP_PASS;
}

static __always_inline void wrap(struct outer *o, const struct esc_backend *to, esc_u16 length)
{
	*o = (struct outer){
	        .eth.h_proto = BE16(ETH_P_IP), .ip.version = 4, .ip.ihl = 5, .ip.ttl = 64, .ip.protocol = 17};
	__builtin_memcpy(o->eth.h_dest, to->mac, 6);
	o->ip.tot_len = BE16(length + 36);
	o->ip.saddr = BE32(EDGE_FABRIC);
	o->ip.daddr = to->host;
	set_sum((void *)o + ETH_HLEN);
	o->ports[1] = BE16(4789);
	o->length = BE16(length + 16);
	o->vxlan[0] = BE32(0x08000000);
	o->vxlan[1] = BE32(ESC_VNI_EDGE << 8);
}

SEC("xdp")
int minimal(struct xdp_md *xdp)
{
	struct headers *h = headers_of(xdp);
	struct edge_tuple key = {};
	struct esc_backend *to;
	struct outer *o;
	esc_u16 length;

	if (!h || h->eth.h_proto != BE16(ETH_P_IP) || h->ip.ihl != 5 || h->ip.protocol != 6)
		return XDP_DROP;
	key.saddr = h->ip.saddr;
	key.daddr = h->ip.daddr;
	key.sport = h->tcp.source;
	key.dport = h->tcp.dest;
	length = BE16(h->ip.tot_len) + ETH_HLEN;
	to = bpf_map_lookup_elem(&beside, &key);
	if (!to || bpf_xdp_adjust_head(xdp, -(int)sizeof(*o)))
		return XDP_DROP;
	o = (void *)(long)xdp->data;
	if ((void *)(o + 1) > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	wrap(o, to, length);
	return bpf_xdp_adjust_head(xdp, sizeof(*o)) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp")
int xdp_drop(struct xdp_md *xdp)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
