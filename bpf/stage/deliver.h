/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * deliver: the packet takes the form in which its next hop wants it, and its direction. Next: the exit.
 *
 * Checksums are updated, never computed: a difference is folded in by the context, which knows whether the
 * checksum is complete or, from a local sender, holds the pseudo header alone; then ports are left out of it.
 * A UDP checksum of 0 stays 0. Super-frames stay whole.
 */
#pragma once
#include "flow.h"

#define ESC_IP_SUM (ESC_L3 + 10)

/* `beyond`: bytes between the IP header and L4, as everywhere below. */
static __always_inline int rewrite_sums(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_flow *e,
                                        esc_u32 beyond)
{
	const struct esc_flow_key *k = &p->key;
	esc_u32 addrs = ip_difference(k->saddr, e->saddr, k->daddr, e->daddr);
	esc_u32 l4 = sum_difference(k->sport, e->sport, k->dport, e->dport);
	esc_u32 at = k->proto == ESC_TCP ? ESC_TCP_SUM : k->proto == ESC_UDP ? ESC_UDP_SUM : ESC_ICMP_SUM;
	int udp = k->proto == ESC_UDP;

	at += beyond;
	if (ESC_FAMILY == 4 && ctx_ip_sum(ctx, ESC_IP_SUM, addrs))
		return ESC_V_DELIVERY;
	if ((ESC_FAMILY == 6 || k->proto != ESC_ICMP) && ctx_l4_sum(ctx, at, addrs, 1, udp))
		return ESC_V_DELIVERY;
	if ((k->sport != e->sport || k->dport != e->dport) && ctx_l4_sum(ctx, at, l4, 0, udp))
		return ESC_V_DELIVERY;
	return ESC_V_FORWARD;
}

/* Addresses, ports and identifiers become the entry's. */
static __always_inline int rewrite_at(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_flow *e,
                                      esc_u32 beyond)
{
	esc_u16 *ports;
	void *data;

	if (rewrite_sums(ctx, p, e, beyond))
		return ESC_V_DELIVERY;
	data = ctx_data(ctx);
	if (data + ESC_L4 + beyond + 8 > ctx_end(ctx))
		return ESC_V_DELIVERY;
	ip_store(data + ESC_L3 + ESC_IP_SOURCE, e->saddr);
	ip_store(data + ESC_L3 + ESC_IP_SOURCE + sizeof(esc_ip), e->daddr);
	ports = data + ESC_L4 + beyond;
	if (p->key.proto == ESC_ICMP) {
		ports[2] = p->icmp == ESC_ECHO_REQUEST ? e->sport : e->dport;
	} else {
		ports[0] = e->sport;
		ports[1] = e->dport;
	}
	return ESC_V_FORWARD;
}

/* Of what has no ports, and no checksum that knows of addresses. */
static __noinline int rewrite_addrs(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_flow *e)
{
	esc_u32 addrs = ip_difference(p->key.saddr, e->saddr, p->key.daddr, e->daddr);
	void *data;

	if (ESC_FAMILY == 6)
		ctx_sum_moved(ctx, addrs);
	else if (ctx_ip_sum(ctx, ESC_IP_SUM, addrs))
		return ESC_V_DELIVERY;
	data = ctx_data(ctx);
	if (data + ESC_L4 > ctx_end(ctx))
		return ESC_V_DELIVERY;
	ip_store(data + ESC_L3 + ESC_IP_SOURCE, e->saddr);
	ip_store(data + ESC_L3 + ESC_IP_SOURCE + sizeof(esc_ip), e->daddr);
	return ESC_V_FORWARD;
}

static __noinline int rewrite(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_flow *e)
{
	return by_address(p->key.proto) ? rewrite_addrs(ctx, p, e) : rewrite_at(ctx, p, e, 0);
}

static __always_inline esc_u16 sum_apply(esc_u16 check, esc_u32 difference)
{
	esc_u64 sum = (esc_u64)(esc_u16)~check + difference;

	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The quoted ports or identifier as their sender knows them, with their checksum where it lies among them; answers how
 * the sum of these bytes changes. A TCP checksum lies beyond what every error quotes. */
static __always_inline esc_u32 rewrite_quoted(void *quoted, const struct esc_packet *p, const struct esc_flow *e,
                                              esc_u32 addrs)
{
	const struct esc_flow_key *k = &p->key;
	esc_u32 l4 = sum_difference(k->sport, e->sport, k->dport, e->dport);
	esc_u16 *w = quoted, *check = &w[k->proto == ESC_UDP ? 3 : 1], old;

	if (by_address(k->proto))
		return 0;
	if (k->proto == ESC_ICMP) {
		w[2] = *(esc_u8 *)quoted == ESC_ECHO_REQUEST ? e->dport : e->sport;
	} else {
		w[0] = e->dport;
		w[1] = e->sport;
	}
	if (k->proto == ESC_TCP || (k->proto == ESC_UDP && !*check))
		return l4;
	old = *check;
	*check = sum_apply(old, ESC_FAMILY == 6 || k->proto == ESC_UDP ? sum_difference(0, addrs, 0, l4) : l4);
	if (k->proto == ESC_UDP && !*check)
		*check = 0xffff;
	return sum_difference(0, l4, old, *check);
}

/*
 * An ICMP error: its own addresses, but for a router's, and inside out those of the packet that it quotes. A quoted IP
 * header's sum does not change with its addresses, since its checksum does; so the error's own changes with the ports only.
 * IPv6 has no such checksum, and an error's covers its own addresses as well.
 */
static __noinline int rewrite_error(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_flow *e)
{
	const struct esc_flow_key *k = &p->key;
	esc_ip source = ip_equal(p->source, k->saddr) ? e->saddr : p->source;
	esc_u32 addrs = ip_difference(k->saddr, e->saddr, k->daddr, e->daddr), change;
	esc_u32 own = ip_difference(p->source, source, k->daddr, e->daddr);
	void *data;

	if (ESC_FAMILY == 4 && (ctx_ip_sum(ctx, ESC_IP_SUM, own) || ctx_ip_sum(ctx, ESC_Q3 + 10, addrs)))
		return ESC_V_DELIVERY;
	data = ctx_data(ctx);
	if (data + ESC_QUOTED > ctx_end(ctx))
		return ESC_V_DELIVERY;
	ip_store(data + ESC_L3 + ESC_IP_SOURCE, source);
	ip_store(data + ESC_L3 + ESC_IP_SOURCE + sizeof(esc_ip), e->daddr);
	ip_store(data + ESC_Q3 + ESC_IP_SOURCE, e->daddr);
	ip_store(data + ESC_Q3 + ESC_IP_SOURCE + sizeof(esc_ip), e->saddr);
	change = rewrite_quoted(data + ESC_Q4, p, e, addrs);
	if (ESC_FAMILY == 6)
		change = sum_difference(0, change, 0, sum_difference(0, own, 0, addrs));
	return ctx_l4_sum(ctx, ESC_ICMP_SUM, change, 0, 0) ? ESC_V_DELIVERY : ESC_V_FORWARD;
}

static __always_inline int set_macs(struct esc_ctx *ctx, const esc_u8 *to, const esc_u8 *from)
{
	struct ethhdr *eth = ctx_data(ctx);

	if ((void *)(eth + 1) > ctx_end(ctx))
		return ESC_V_DELIVERY;
	mac_copy(eth->h_dest, to);
	mac_copy(eth->h_source, from);
	return ESC_V_FORWARD;
}

/* Largest IP packet on the wire, of a super-frame its parts'. */
static __always_inline esc_u32 wire_length(const struct esc_packet *p)
{
	esc_u32 part;

	if (!p->gso_size)
		return p->ip_length;
	part = ESC_IP_HEADER + (p->key.proto == ESC_TCP ? p->tcp_header : 8) + p->gso_size;
	return part < p->ip_length ? part : p->ip_length;
}

static __always_inline int to_gateway_macs(struct esc_ctx *ctx, const esc_u8 *to)
{
	static const esc_u8 gateway[6] __attribute__((aligned(2))) = ESC_GATEWAY_MAC;

	return set_macs(ctx, to, gateway);
}

static __always_inline int to_overlay(struct esc_ctx *ctx, struct esc_packet *p, const esc_u8 *dmac, esc_u32 vni,
                                      esc_u32 remote)
{
	struct esc_host *h = host_get();

	if (!h || !h->overlay_ifindex)
		return ESC_V_DELIVERY;
	if (h->overlay_mtu && wire_length(p) > h->overlay_mtu)
		return ESC_V_TOO_BIG;
	p->delivery = ESC_TO_OVERLAY;
	p->out = h->overlay_ifindex;
	p->vni = vni;
	p->remote = remote;
	/* the sender's MAC stays, for it tells the other host whose packet it is: judge.h */
	return vni >= ESC_VNI_EDGE_ASK ? to_gateway_macs(ctx, dmac) : set_macs(ctx, dmac, p->smac);
}

static __always_inline int to_uplink(struct esc_ctx *ctx, struct esc_packet *p)
{
	struct esc_host *h = host_get();

	if (!h || !h->uplink_ifindex)
		return ESC_V_DELIVERY;
	p->delivery = ESC_TO_UPLINK;
	p->out = h->uplink_ifindex;
	return set_macs(ctx, h->nexthop_mac, h->uplink_mac);
}

static __always_inline int to_prober(struct esc_ctx *ctx, struct esc_packet *p)
{
	static const esc_u8 prober[6] __attribute__((aligned(2))) = ESC_PROBER_MAC;
	struct esc_host *h = host_get();

	if (!h || !h->prober_ifindex)
		return ESC_V_DELIVERY;
	p->delivery = ESC_TO_PROBER;
	p->out = h->prober_ifindex;
	return to_gateway_macs(ctx, prober);
}

/* To where the entry says, as it is. */
static __always_inline int deliver_to(struct esc_ctx *ctx, struct esc_packet *p, const struct esc_flow *e)
{
	switch (entry_delivery(e)) {
	case ESC_TO_PEER:
	case ESC_TO_TAP:
		p->delivery = entry_delivery(e);
		p->out = e->out;
		return to_gateway_macs(ctx, e->dmac);
	case ESC_TO_OVERLAY:
		return to_overlay(ctx, p, e->dmac, e->vni, e->out);
	case ESC_TO_UPLINK:
		return to_uplink(ctx, p);
	case ESC_TO_PROBER:
		return to_prober(ctx, p);
	default:
		return ESC_V_DELIVERY;
	}
}

static __always_inline int send_on(struct esc_ctx *ctx, struct esc_packet *p, const struct esc_flow *e)
{
	int v;

	if (e->flags & ESC_FLOW_NAT) {
		v = p->error ? rewrite_error(ctx, p, e) : rewrite(ctx, p, e);
		if (v)
			return v;
	}
	return deliver_to(ctx, p, e);
}

static __always_inline int deliver(struct esc_ctx *ctx, struct esc_packet *p, struct esc_flow *e)
{
	flow_touch(p, e);
	return send_on(ctx, p, e);
}
