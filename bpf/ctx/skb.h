/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The stages' view of a packet at tc. The clock, the tunnel key and XDP's mark come from the test's
 * own fields (esc_test_now, skb->cb) when esc_test is set, since TEST_RUN can carry them in no other way; it is
 * constant after loading, so the verifier removes that code in production.
 */
#pragma once
#define ESC_SUBPROGRAM __attribute__((noinline))
#include <linux/pkt_cls.h>
#include "maps.h"
#include <bpf/bpf_core_read.h>

#define esc_ctx                   __sk_buff
#define esc_loop(steps, function) bpf_loop(steps, function, NULL, 0)

#if ESC_FAMILY == 4
#define ESC_ENTRY(name) name
#else
#define ESC_ENTRY(name) name##6
#endif

#define ESC_COARSE_SHIFT 20
#define ESC_COARSE_HZ    954 /* 10^9 >> 20 */

#define ctx_testing() (esc_test)

static __always_inline esc_u32 ctx_hz(void)
{
	return esc_test ? 1000 : esc_hz ? esc_hz : ESC_COARSE_HZ;
}

static __always_inline esc_u32 ctx_now(void)
{
	if (esc_test)
		return esc_test_now;
	return esc_hz ? bpf_jiffies64() : bpf_ktime_get_coarse_ns() >> ESC_COARSE_SHIFT;
}

static __always_inline void ctx_event(const struct esc_event *e)
{
	bpf_ringbuf_output(&events, (void *)e, sizeof(*e), 0);
}

static __always_inline void *ctx_data(struct __sk_buff *skb)
{
	return (void *)(unsigned long)skb->data;
}

static __always_inline void *ctx_end(struct __sk_buff *skb)
{
	return (void *)(unsigned long)skb->data_end;
}

/* Of the kernel's own structure, what __sk_buff does not show; places by CO-RE. */
struct sk_buff {
	esc_u8 ip_summed : 2;
	esc_u16 csum_start, csum_offset,
	        mac_header; /* the first two: where a checksum is to be written, and summed from */
} __attribute__((preserve_access_index));

#define ESC_CHECKSUM_PARTIAL 3

/*
 * Linux 6.2 hands out the structure itself, so that its fields are loads; before, each of them costs a helper. Each
 * object is built both ways (skeletons.h chooses), since libbpf, which finds no such function, would look for it in the
 * types of modules, and that takes a right which an agent does not have.
 */
#ifdef ESC_KERN_CTX
#define ESC_SHORT_WAY 1
extern void *bpf_cast_to_kern_ctx(void *ctx) __attribute__((section(".ksyms")));
#define skb_kernel(skb)       ((struct sk_buff *)bpf_cast_to_kern_ctx(skb))
#define SKB_FIELD(s, field)   ((s)->field)
#define SKB_BITS(s, bitfield) BPF_CORE_READ_BITFIELD(s, bitfield)
#else
#define ESC_SHORT_WAY         0
#define skb_kernel(skb)       ((struct sk_buff *)(void *)(skb))
#define SKB_FIELD(s, field)   BPF_CORE_READ(s, field)
#define SKB_BITS(s, bitfield) BPF_CORE_READ_BITFIELD_PROBED(s, bitfield)
#endif

/*
 * A checksum left to the NIC is written where the sender said, after everything has been judged: over an address or a
 * port, if that is where. So it has to be at `at`, summed from the L4 header on; `at` is 0 where there can be none.
 */
static __always_inline int ctx_sum_fits(struct __sk_buff *skb, esc_u32 at)
{
	struct sk_buff *s = skb_kernel(skb);
	esc_u32 from;

	if (SKB_BITS(s, ip_summed) != ESC_CHECKSUM_PARTIAL)
		return 1;
	from = (esc_u16)(SKB_FIELD(s, csum_start) - SKB_FIELD(s, mac_header));
	return from == ESC_L4 && from + SKB_FIELD(s, csum_offset) == at;
}

/* Of an ICMP packet what it may quote or ask, too. */
static __always_inline void skb_pull_quoted(struct __sk_buff *skb)
{
	const esc_u8 *data = ctx_data(skb);

	esc_u32 want = skb->len < ESC_QUOTED ? skb->len : ESC_QUOTED;

	if ((void *)(data + ESC_L4) > ctx_end(skb) || data[ESC_IP_PROTO] != ESC_ICMP)
		return;
	if ((void *)data + want > ctx_end(skb))
		bpf_skb_pull_data(skb, want);
}

/* Headers into the linear part; lengths into the packet. */
static __always_inline void ctx_open(struct __sk_buff *skb, esc_u32 *bytes, esc_u32 *segs, esc_u32 *gso_size)
{
	esc_u32 want = skb->len < ESC_DEEPEST ? skb->len : ESC_DEEPEST;

	if (ctx_data(skb) + want > ctx_end(skb))
		bpf_skb_pull_data(skb, want);
	skb_pull_quoted(skb);
	*bytes = skb->len;
	*gso_size = skb->gso_size;
	*segs = super_frame_segs(skb->len, skb->gso_segs, *gso_size);
}

/* Bytes that may lie beyond the linear part. */
static __always_inline int ctx_load(struct __sk_buff *skb, esc_u32 at, void *to, esc_u32 length)
{
	return bpf_skb_load_bytes(skb, at, to, length);
}

static __always_inline int ctx_store(struct __sk_buff *skb, esc_u32 at, const void *from, esc_u32 length)
{
	return bpf_skb_store_bytes(skb, at, from, length, BPF_F_RECOMPUTE_CSUM);
}

/* Makes the frame that short, and no super-frame. */
static __always_inline int ctx_cut(struct __sk_buff *skb, esc_u32 bytes)
{
	return bpf_skb_change_tail(skb, bytes, 0);
}

static __always_inline esc_u32 ctx_length(struct __sk_buff *skb)
{
	return skb->len;
}

static __always_inline esc_u32 ctx_gso_size(struct __sk_buff *skb)
{
	return skb->gso_size;
}

/* A VLAN tag that the device took off. */
static __always_inline int ctx_vlan(struct __sk_buff *skb)
{
	return skb->vlan_present;
}

static __always_inline esc_u32 ctx_ifindex(struct __sk_buff *skb)
{
	return skb->ingress_ifindex;
}

static __always_inline int ctx_ip_sum(struct __sk_buff *skb, esc_u32 at, esc_u32 difference)
{
	return bpf_l3_csum_replace(skb, at, 0, difference, 0);
}

static __always_inline int ctx_l4_sum(struct __sk_buff *skb, esc_u32 at, esc_u32 difference, int pseudo, int udp)
{
	esc_u64 flags = (pseudo ? BPF_F_PSEUDO_HDR : 0) | (udp ? BPF_F_MARK_MANGLED_0 : 0);

	if (bpf_l4_csum_replace(skb, at, 0, difference, flags))
		return -1;
	/* The helper believes that an IP header's own checksum has hidden the change of its addresses from the device's
	 * sum over everything. IPv6 has none, so what it has taken out is put back; where there is no such sum, nothing. */
	if (ESC_FAMILY == 6 && pseudo)
		bpf_csum_update(skb, difference);
	return 0;
}

/* Addresses have changed that neither a header's checksum nor L4's makes up for. */
static __always_inline void ctx_sum_moved(struct __sk_buff *skb, esc_u32 difference)
{
	bpf_csum_update(skb, difference);
}

/* An empty packet, in the scratch map: verifiers of older kernels count frames in steps, and the stack would not hold it. */
static __always_inline struct esc_packet *packet_new(void)
{
	esc_u32 zero = 0;
	struct esc_scratch *work = esc_lookup(scratch, &zero);

	if (!work)
		return NULL;
	__builtin_memset(&work->packet, 0, sizeof(work->packet));
	return &work->packet;
}

/* The packet of the program that handed it on. */
static __always_inline struct esc_packet *packet_taken(void)
{
	esc_u32 zero = 0;
	struct esc_scratch *work = esc_lookup(scratch, &zero);

	return work ? &work->packet : NULL;
}

/* Comes back only when there is nobody to hand it on to: with the verdict, and if it should have gone on, with a drop. */
static __always_inline int ctx_hand_on(struct __sk_buff *skb, int verdict, esc_u32 sibling)
{
#if ESC_FAMILY == 4
	if (verdict == ESC_V_IPV6)
		bpf_tail_call(skb, &siblings, sibling);
#endif
	if (verdict >= 0)
		return verdict;
	bpf_tail_call(skb, &siblings, ESC_FAMILY == 4 ? ESC_SIBLING_FRAGMENT : ESC_SIBLING_FRAGMENT6);
	return ESC_V_FRAGMENT;
}

/* Under test the tunnel's key is in cb[0] and cb[1]. */
__attribute__((unused)) /* by import.bpf.c */ static __noinline int ctx_tunnel(struct __sk_buff *skb, esc_u32 *vni,
                                                                               esc_u32 *remote)
{
	struct bpf_tunnel_key key = {};

	if (esc_test) {
		*vni = skb->cb[0];
		*remote = skb->cb[1];
		return 0;
	}
	if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0))
		return -1;
	*vni = key.tunnel_id;
	*remote = __builtin_bswap32(key.remote_ipv4);
	return 0;
}

/* What XDP decided; 1: there is a mark. Under test it is in cb, all but the padding. */
static __always_inline int ctx_mark(struct __sk_buff *skb, struct esc_backend *to)
{
	struct esc_mark *mark = (void *)(unsigned long)skb->data_meta;

	if (esc_test) {
		if (skb->cb[0] != ESC_MARK_MAGIC)
			return 0;
		to->host = skb->cb[1];
		to->port = skb->cb[2];
		*(esc_u32 *)to->mac = skb->cb[3];
		*(esc_u32 *)&to->mac[4] = skb->cb[4];
		return 1;
	}
	if ((void *)(mark + 1) > ctx_data(skb) || mark->magic != ESC_MARK_MAGIC)
		return 0;
	*to = mark->to;
	return 1;
}

static __noinline int skb_set_tunnel(struct __sk_buff *skb, esc_u32 vni, esc_u32 remote)
{
	struct bpf_tunnel_key key = {.tunnel_id = vni, .remote_ipv4 = __builtin_bswap32(remote), .tunnel_ttl = 64};

	return bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_ZERO_CSUM_TX);
}

static __always_inline int ctx_redirect(struct __sk_buff *skb, int delivery, esc_u32 ifindex, esc_u32 vni,
                                        esc_u32 remote)
{
	switch (delivery) {
	case ESC_TO_PEER:
		return bpf_redirect_peer(ifindex, 0);
	case ESC_TO_OVERLAY:
		if (skb_set_tunnel(skb, vni, remote))
			return TC_ACT_SHOT;
		return bpf_redirect(ifindex, 0);
	case ESC_TO_TAP:
	case ESC_TO_UPLINK:
	case ESC_TO_SELF:
	case ESC_TO_PROBER:
		return bpf_redirect(ifindex, 0);
	default:
		return TC_ACT_SHOT;
	}
}
