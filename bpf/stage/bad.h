/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * bad: packets from outside that no honest stack sends die first, each for a reason of its own.
 * Next: edge.h's endpoint.
 *
 * parse.h has refused by now whatever has a wrong form; what is asked here costs no lookup. A good packet pays for a few
 * comparisons, and the finer reasons are found out for bad ones alone.
 */
#pragma once
#include "parse.h"
#include "route.h"

/* Does the part behind the IP header, of `room` bytes by that, contradict itself or the room? */
static __always_inline int bad_l4_length(const struct esc_l4 *l4, const void *end, esc_u32 room, esc_u8 proto)
{
	esc_u32 says;

	switch (proto) {
	case ESC_TCP:
		if (room < 20)
			return 1;
		if ((const void *)((const esc_u8 *)l4 + 20) > end)
			return 0;
		says = (l4->tcp.offset >> 4) * 4;
		return says < 20 || says > room;
	case ESC_UDP:
		if (room < 8)
			return 1;
		if ((const void *)((const esc_u8 *)l4 + 8) > end)
			return 0;
		says = ESC_BE16(l4->udp.length);
		return says < 8 || says > room;
	default:
		return room < 8;
	}
}

#if ESC_FAMILY == 4

/* All of the header is there. Is it one, and that of a whole packet? What is wrong with pieces, parse.h has said. */
static __always_inline int bad_begins_well(const void *data)
{
	const struct iphdr *ip = data + ESC_L3;

	return ip->version == 4 && ip->ihl == 5 && !(ip->frag_off & ESC_BE16(0x3fff));
}

static __always_inline int bad_ip_length(const struct esc_packet *p)
{
	return p->ip_length < ESC_IP_HEADER || (esc_u32)p->ip_length + ESC_L3 > p->bytes;
}

#else

static __always_inline int bad_begins_well(const void *data)
{
	const struct ipv6hdr *ip = data + ESC_L3;

	return ip->version == 6 && ip->nexthdr != ESC_NEXT_FRAGMENT;
}

static __always_inline int bad_ip_length(const struct esc_packet *p)
{
	return (esc_u32)p->ip_length + ESC_L3 > p->bytes;
}

#endif

/* Why a packet that parse.h has called malformed is that. */
static __noinline int bad_reason(const void *data, const void *end, const struct esc_packet *p, int verdict)
{
	const void *l4 = data + ESC_L4;

	if (verdict != ESC_V_MALFORMED || l4 > end || !bad_begins_well(data))
		return verdict;
	if (bad_ip_length(p))
		return ESC_V_BAD_LENGTH;
	if (!p->error && bad_l4_length(l4, end, p->ip_length - ESC_IP_HEADER, p->key.proto))
		return ESC_V_BAD_LENGTH;
	return parse_land(p) ? ESC_V_LAND : verdict;
}

/* Where IPv6 has no checksum of its own header, UDP must have one (RFC 8200, 8.1). */
static __always_inline int bad_checksum(const void *data, const void *end, const struct esc_packet *p)
{
	const struct esc_l4 *l4 = data + ESC_L4;

	if (ESC_FAMILY == 4 || p->key.proto != ESC_UDP || p->error)
		return 0;
	return data + ESC_L4 + 8 > end || !l4->udp.check;
}

/* What parse.h has said, and the packet's own checksum. */
static __always_inline int bad_form(const void *data, const void *end, const struct esc_packet *p, int verdict)
{
	if (verdict)
		return bad_reason(data, end, p, verdict);
	return !p->arp && bad_checksum(data, end, p) ? ESC_V_BAD_CHECKSUM : ESC_V_FORWARD;
}

/* Of an ICMP error both count: who sends it, and who is said to have been the other end. */
static __always_inline int bad_source(const struct esc_packet *p, const struct esc_host *h)
{
	esc_u32 groups = 1u << ESC_BOGON_ALWAYS | h->bogons;

	if (mac_equal(p->smac, h->uplink_mac) || (h->fabric && ip_four(p->key.saddr) == h->fabric))
		return ESC_V_OWN_SOURCE;
	if (bogon_of(&p->key.saddr, groups) || (p->error && bogon_of(&p->source, groups)))
		return ESC_V_BOGON_SOURCE;
	return h->platform && ip_four(p->key.saddr) == h->platform ? ESC_V_OWN_SOURCE : ESC_V_FORWARD;
}
