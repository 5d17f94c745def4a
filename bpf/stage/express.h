/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * express: the short way of an established packet from a port; most packets go by it. Next: the device, or deliver.h.
 *
 * A packet goes by the short way when all of it is plain: no tag, no options, no fragment, one packet and no super-frame,
 * TCP with ACK alone of the flags that matter, or UDP; and an entry that was seen a moment ago, is in force, and near. One
 * look-up, and no structure is filled. Anything else goes the long way (journey.h) from its beginning, which decides: this
 * one drops nothing, and what it lets go is what the long way would have, with the same effect. Tests hold one to the
 * other.
 *
 * IPv6 has none, nor have kernels before 6.2, where the helpers' buffers and those of the long way exceed a program's stack.
 *
 * Some things are not asked here, because there is an entry, and only the long way makes one: that the source is the
 * port's own, that the destination is no group, that nobody sends to himself.
 */
#pragma once
#include "deliver.h"
#include "exit.h"

#define ESC_EXPRESS_NOT (-1)

#if ESC_FAMILY == 4 && ESC_SHORT_WAY

/* The headers as they lie there, up to the ports; `end` of what may be read. */
struct esc_plain {
	struct ethhdr *eth;
	const struct iphdr *ip;
	const struct esc_l4 *l4;
	const void *end;
	esc_u32 bytes;
};

static __always_inline struct esc_plain express_headers(struct esc_ctx *ctx)
{
	void *data = ctx_data(ctx);

	return (struct esc_plain){data, data + ESC_L3, data + ESC_L4, ctx_end(ctx), ctx_length(ctx)};
}

static __always_inline int express_frame(struct esc_ctx *ctx, const struct esc_plain *h, const struct esc_port *port)
{
	static const esc_u8 gateway[6] __attribute__((aligned(2))) = ESC_GATEWAY_MAC;
	esc_u32 sum;

	if ((const void *)((const esc_u8 *)h->l4 + 8) > h->end || h->eth->h_proto != ESC_BE16(ETH_P_IP))
		return 0;
	sum = h->ip->protocol == ESC_TCP ? ESC_TCP_SUM : h->ip->protocol == ESC_UDP ? ESC_UDP_SUM : 0;
	return sum && mac_equal(h->eth->h_source, port->mac) && mac_equal(h->eth->h_dest, gateway) &&
	       *(const esc_u8 *)h->ip == 0x45 && (esc_u32)ESC_BE16(h->ip->tot_len) + ESC_L3 <= h->bytes &&
	       !(h->ip->frag_off & ~ESC_BE16(0x4000)) && ip_checksum_good(h->ip) && !ctx_vlan(ctx) &&
	       !ctx_gso_size(ctx) && ctx_sum_fits(ctx, sum);
}

/* `room` is what is left of the IP packet. The last of all questions: the entry moves on. */
static __always_inline int express_tcp(const struct esc_plain *h, int room, struct esc_flow *e)
{
	const struct esc_l4 *l4 = h->l4;
	esc_u32 seq, ack;
	int header;

	if ((const void *)((const esc_u8 *)l4 + 20) > h->end)
		return 0;
	header = (l4->tcp.offset >> 4) * 4;
	seq = ESC_BE32(l4->tcp.seq);
	ack = ESC_BE32(l4->tcp.ack);
	if (header < 20 || header > room || (l4->tcp.flags & ESC_FLAG_STATE) != ESC_FLAG_ACK ||
	    !window_steady(e, seq, ack))
		return 0;
	window_advance(e, seq + room - header, ack);
	return 1;
}

static __always_inline int express_l4(const struct esc_plain *h, struct esc_flow *e)
{
	int room = ESC_BE16(h->ip->tot_len) - 20, length;

	if (h->ip->protocol == ESC_TCP)
		return express_tcp(h, room, e);
	length = ESC_BE16(h->l4->udp.length);
	return length >= 8 && length <= room;
}

static __always_inline struct esc_packet express_packet(const struct esc_flow_key *key, esc_u32 bytes, esc_u32 now)
{
	return (struct esc_packet){.key = *key, .port = key->port, .now = now, .bytes = bytes, .segs = 1};
}

/* Through a translation, or not to a port of this host. */
static __noinline int express_far(struct esc_ctx *ctx, const struct esc_flow_key *key, const struct esc_flow *e)
{
	struct esc_plain h = express_headers(ctx);
	struct esc_packet p = express_packet(key, h.bytes, e->seen);

	if ((const void *)h.l4 > h.end)
		return leave(ctx, &p, ESC_V_MALFORMED);
	p.ip_length = ESC_BE16(h.ip->tot_len);
	mac_copy(p.smac, h.eth->h_source); /* the overlay takes it along */
	return leave(ctx, &p, send_on(ctx, &p, e));
}

/* What the long way would tell of it. */
static __noinline int express_tell(const struct esc_flow_key *key, const struct esc_flow *e, esc_u32 bytes, int action)
{
	struct esc_packet p = express_packet(key, bytes, e->seen);

	p.delivery = entry_delivery(e);
	p.out = e->out;
	count(&p, action == TC_ACT_REDIRECT ? ESC_V_FORWARD : ESC_V_DELIVERY);
	return action == TC_ACT_REDIRECT ? action : TC_ACT_SHOT;
}

static __always_inline int express_send(struct esc_ctx *ctx, const struct esc_plain *h, const struct esc_flow_key *key,
                                        const struct esc_flow *e)
{
	static const esc_u8 gateway[6] __attribute__((aligned(2))) = ESC_GATEWAY_MAC;
	int to = e->flags & (ESC_FLOW_DELIVERY | ESC_FLOW_NAT), action;

	if (to != ESC_TO_PEER && to != ESC_TO_TAP)
		return express_far(ctx, key, e);
	mac_copy(h->eth->h_dest, e->dmac);
	mac_copy(h->eth->h_source, gateway);
	action = ctx_redirect(ctx, to, e->out, 0, 0);
	return ctx_testing() || action != TC_ACT_REDIRECT ? express_tell(key, e, h->bytes, action) : action;
}

/* What the program answers, or ESC_EXPRESS_NOT. */
static __always_inline int express(struct esc_ctx *ctx)
{
	struct esc_plain h = express_headers(ctx);
	esc_u32 ifindex = ctx_ifindex(ctx), now, *iface = esc_lookup(ifaces, &ifindex), number = iface ? *iface : 0;
	struct esc_port *port = port_get(number);
	struct esc_flow_key key;
	struct esc_flow *e;

	if (!port || !number || !express_frame(ctx, &h, port))
		return ESC_EXPRESS_NOT;
	ESC_WORD64(&key.saddr) = ESC_WORD64(&h.ip->saddr);
	ESC_WORD64(&key.sport) =
	        ESC_WORD(h.l4) | (esc_u64)h.ip->protocol << 32 | (esc_u64)ESC_FLOW_FROM << 40 | (esc_u64)number << 48;
	e = esc_lookup(flows, &key);
	now = ctx_now();
	if (!e || !entry_fresh(&key, e, now) || !express_l4(&h, e))
		return ESC_EXPRESS_NOT;
	entry_touch(e, 1, h.bytes);
	entry_seen(e, now);
	return express_send(ctx, &h, &key, e);
}

#else

static __always_inline int express(struct esc_ctx *ctx)
{
	(void)ctx;
	return ESC_EXPRESS_NOT;
}

#endif
