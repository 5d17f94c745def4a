/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * parse6: the IPv6 header. Included by parse.h.
 *
 * No extension header passes but that of fragments (ext.h), so L4 has its fixed place.
 */
#pragma once
#include "ext.h"
#include "packet.h"

/* Neighbour discovery is about the link, as ARP is, and the only thing that may be sent to a group. */
static __always_inline int is_discovery(const void *l4, const void *end, esc_u32 room, esc_u8 proto)
{
	esc_u8 type;

	if (proto != ESC_ICMP || l4 + 8 > end || room < 8)
		return 0;
	type = *(const esc_u8 *)l4;
	return type >= ESC_ND_ROUTER_SOLICIT && type <= ESC_ND_REDIRECT;
}

struct esc_fragment_header {
	esc_u8 next, reserved;
	esc_u16 place; /* units of 8 bytes, two bits, more */
	esc_u32 id;
};

static __noinline int ip_fragment(const void *data, const void *end, esc_u32 room, struct esc_packet *p)
{
	const struct esc_fragment_header *h = data + ESC_L4;
	esc_u32 word;
	int v;

	if ((const void *)(h + 1) > end || room < ESC_FRAGMENT_HEADER)
		return ESC_V_MALFORMED;
	p->key.proto = h->next;
	if (ext_verdict(h->next))
		return ESC_V_EXTENSION;
	word = ESC_BE16(h->place);
	v = parse_fragment(h + 1, end, room - ESC_FRAGMENT_HEADER, (word & 0xfff8) | (word & 1), p);
	if (v == ESC_ASIDE_FRAGMENT)
		p->piece.id = h->id;
	return v;
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
	v = ext_verdict(ip->nexthdr);
	if (v == ESC_ASIDE_FRAGMENT)
		return ip_fragment(data, end, room, p);
	if (!v)
		v = parse_l4(data + ESC_L4, end, room, p);
	return v ? v : parse_land(p);
}
