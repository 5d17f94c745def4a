/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * too_big: who sent more than the overlay carries is told how much it does (RFC 1191, RFC 8201). Called by exit.h, which
 * drops the packet in any case; the answer takes its place.
 *
 * Instances have a smaller MTU than the fabric, so only one that was given a larger one comes here, or a sender outside
 * whose way is wider than the overlay. The data path never cuts a packet, whether or not its sender forbids it: as in the
 * public cloud, what does not fit is lost. The error goes back even for a packet that might have been cut, since its
 * sender then cuts the next by itself. The MSS of TCP is left alone.
 *
 * Never about an error or a later fragment (RFC 1122), within the port's bucket, and towards whoever sent the packet: out
 * of the port, or of the uplink, in the name of the packet's destination. The answer is shorter than the packet, so it
 * needs no room: the frame is cut to it. Where the sender left the checksum to a NIC, the kernel goes on believing in
 * one; a guest's stack does not ask for it, but behind a device that completes checksums the answer arrives broken and
 * is lost.
 */
#pragma once
#include "deliver.h"
#include "limit.h"

#if ESC_FAMILY == 4
#define ESC_QUOTE 28 /* the header, and the ports behind it */
struct esc_too_big {
	struct iphdr ip;
	esc_u8 type, code;
	esc_u16 check, unused, mtu;
	esc_u8 quoted[ESC_QUOTE];
};
#else
#define ESC_QUOTE 56 /* with a fragment header */
struct esc_too_big {
	struct ipv6hdr ip;
	esc_u8 type, code;
	esc_u16 check;
	esc_u32 mtu;
	esc_u8 quoted[ESC_QUOTE];
};
#endif
ESC_ASSERT_SIZE(struct esc_too_big, ESC_IP_HEADER + 8 + ESC_QUOTE);

#define ESC_TOO_BIG_FRAME   (ESC_L3 + sizeof(struct esc_too_big))
#define ESC_TOO_BIG_MESSAGE (8 + ESC_QUOTE)

/* The checksum of whole words, and of what is in `sum` already. */
static __always_inline esc_u16 sum_words(const void *from, esc_u32 bytes, esc_u64 sum)
{
	for (esc_u32 i = 0; i < bytes; i += 4)
		sum += ESC_WORD(from + i);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

#if ESC_FAMILY == 4
static __always_inline void too_big_fill(struct esc_too_big *m, const struct esc_packet *p, esc_u32 mtu)
{
	m->ip.version = 4;
	m->ip.ihl = 5;
	m->ip.tos = 0xc0; /* as routers mark what they tell of the network */
	m->ip.tot_len = ESC_BE16(sizeof(*m));
	m->ip.ttl = 64;
	m->ip.protocol = ESC_ICMP;
	m->ip.saddr = p->key.daddr;
	m->ip.daddr = p->key.saddr;
	m->ip.check = sum_words(&m->ip, sizeof(m->ip), 0);
	m->type = ESC_ICMP_UNREACHABLE;
	m->code = 4;
	m->mtu = ESC_BE16(mtu);
	m->check = sum_words((const esc_u8 *)m + ESC_IP_HEADER, ESC_TOO_BIG_MESSAGE, 0);
}
#else
static __always_inline void too_big_fill(struct esc_too_big *m, const struct esc_packet *p, esc_u32 mtu)
{
	m->ip.version = 6;
	m->ip.payload_len = ESC_BE16(ESC_TOO_BIG_MESSAGE);
	m->ip.nexthdr = ESC_ICMP;
	m->ip.hop_limit = 64;
	ip_store(&m->ip.saddr, p->key.daddr);
	ip_store(&m->ip.daddr, p->key.saddr);
	m->type = ESC_ICMP_TOO_BIG;
	m->mtu = ESC_BE32(mtu);
	m->check = sum_words((const esc_u8 *)m + ESC_IP_SOURCE, 2 * sizeof(esc_ip) + ESC_TOO_BIG_MESSAGE,
	                     ESC_BE32(ESC_TOO_BIG_MESSAGE) + (esc_u64)ESC_BE32(ESC_ICMP));
}
#endif

/* Only what is as its sender sent it is quoted to him. */
static __always_inline int quotes_sender(const struct esc_too_big *m, const struct esc_packet *p)
{
	const void *source = m->quoted + ESC_IP_SOURCE;

	return ip_equal(ip_load(source), p->key.saddr) && ip_equal(ip_load(source + sizeof(esc_ip)), p->key.daddr);
}

/* 1: the frame is the answer, and p says where it goes. */
static __noinline int too_big(struct esc_ctx *ctx, struct esc_packet *p)
{
	struct esc_too_big m __attribute__((aligned(8))) = {};
	esc_u8 to[8] __attribute__((aligned(4))) = {}, from[8] __attribute__((aligned(4))) = {};
	struct esc_host *h = host_get();
	esc_u32 here = ctx_ifindex(ctx);

	asm volatile("" : "+r"(here)); /* or its place in the context would be computed, which verifiers refuse */
	if (!h || p->error || p->fragment == ESC_FRAGMENT_LATER || p->key.dir == ESC_FLOW_TO ||
	    p->bytes < ESC_TOO_BIG_FRAME || !limit(p, ESC_LIMIT_ICMP))
		return 0;
	if (ctx_load(ctx, 0, from, 6) || ctx_load(ctx, 6, to, 6) || ctx_load(ctx, ESC_L3, m.quoted, sizeof(m.quoted)) ||
	    !quotes_sender(&m, p))
		return 0;
	if (p->key.dir == ESC_FLOW_PUBLIC)
		here = h->uplink_ifindex;
	too_big_fill(&m, p, h->overlay_mtu);
	if (ctx_cut(ctx, ESC_TOO_BIG_FRAME) || ctx_store(ctx, ESC_L3, &m, sizeof(m)) || set_macs(ctx, to, from))
		return 0;
	p->delivery = ESC_TO_SELF;
	p->out = here;
	return 1;
}
