/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * parse6: the IPv6 header. Included by parse.h.
 *
 * No extension header passes: hop-by-hop options serve multicast and jumbograms, the routing header lets the sender name
 * the way, and destination options have no use between hosts that are all known. So L4 has its fixed place.
 */
#pragma once
#include "packet.h"

/* Next headers that are no protocol, and why they end here. FORWARD: L4 decides. */
static __always_inline int parse_next(esc_u8 next)
{
	switch (next) {
	case 44:
		return ESC_V_FRAGMENT;
	case 0:   /* hop-by-hop options */
	case 43:  /* routing */
	case 60:  /* destination options */
	case 135: /* mobility */
	case 139: /* host identity */
	case 140: /* shim6 */
	case 253: /* experiments */
	case 254:
		return ESC_V_EXTENSION;
	default:
		return ESC_V_FORWARD;
	}
}

/* Neighbour discovery is about the link, as ARP is, and the only thing that may be sent to a group. */
static __always_inline int is_discovery(const void *l4, const void *end, esc_u32 room, esc_u8 proto)
{
	esc_u8 type;

	if (proto != ESC_ICMP || l4 + 8 > end || room < 8)
		return 0;
	type = *(const esc_u8 *)l4;
	return type >= ESC_ND_ROUTER_SOLICIT && type <= ESC_ND_REDIRECT;
}

static __always_inline int parse_ip(const void *data, const void *end, struct esc_packet *p)
{
	const struct ipv6hdr *ip = data + ESC_L3;
	esc_u32 room;
	int v;

	if ((const void *)(ip + 1) > end || ip->version != 6)
		return ESC_V_MALFORMED;
	p->key.saddr = ip_load(&ip->saddr);
	p->key.daddr = ip_load(&ip->daddr);
	p->key.proto = ip->nexthdr;
	room = ESC_BE16(ip->payload_len);
	p->ip_length = room + ESC_IP_HEADER;
	if (room + ESC_L4 > p->bytes || room > 0xffff - ESC_IP_HEADER || is_multicast(p->key.saddr))
		return ESC_V_MALFORMED;
	if (is_discovery(data + ESC_L4, end, room, ip->nexthdr)) {
		p->icmp = *(const esc_u8 *)(data + ESC_L4);
		p->arp = 1;
		return ESC_V_FORWARD;
	}
	if (is_multicast(p->key.daddr))
		return ESC_V_BROADCAST;
	v = parse_next(ip->nexthdr);
	if (!v)
		v = parse_l4(data + ESC_L4, end, room, p);
	return v ? v : parse_land(p);
}
