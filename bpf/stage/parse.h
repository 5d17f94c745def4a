/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * parse: the frame's headers, checked for form alone.
 * Next: arp.h for ARP from a port; guard.h for the rest.
 *
 * Works on plain pointers, so that skb, XDP and native packets share it.
 */
#pragma once
#include "packet.h"
#if ESC_FAMILY == 4
#include "ip_options.h"
#endif

struct esc_l4 {
	union {
		struct {
			esc_u16 sport, dport;
			esc_u32 seq, ack;
			esc_u8 offset, flags;
		} tcp;
		struct {
			esc_u16 sport, dport, length, check;
		} udp;
		struct {
			esc_u8 type, code;
			esc_u16 check, id, sequence;
		} icmp;
	};
};

#if ESC_FAMILY == 4
static __always_inline int ip_checksum_good(const void *ip)
{
	esc_u64 sum = 0;

	for (int i = 0; i < 20; i += 4)
		sum += ESC_WORD(ip + i);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

/* Nothing between the quoted header and the ports. */
static __always_inline int quoted_whole(const void *header)
{
	const struct iphdr *ip = header;

	return ip->version == 4 && ip->ihl == 5 && !(ip->frag_off & ESC_BE16(0x1fff));
}
#else
static __always_inline int quoted_whole(const void *header)
{
	return ((const struct ipv6hdr *)header)->version == 6; /* an extension header is no protocol that is quoted */
}
#endif

/* Both ports at once: the look-up reads its key in words, and would have to wait for what was stored in parts. */
static __always_inline void take_ports(const struct esc_l4 *l4, struct esc_packet *p)
{
	ESC_WORD(&p->key.sport) = ESC_WORD(l4);
}

static __always_inline int parse_tcp(const struct esc_l4 *l4, const void *end, esc_u32 room, struct esc_packet *p)
{
	if ((const void *)((const esc_u8 *)l4 + 20) > end || room < 20)
		return ESC_V_MALFORMED;
	p->tcp_header = (l4->tcp.offset >> 4) * 4;
	if (p->tcp_header < 20 || p->tcp_header > room)
		return ESC_V_MALFORMED;
	p->tcp_flags = l4->tcp.flags & ESC_FLAG_STATE;
	take_ports(l4, p);
	p->seq = ESC_BE32(l4->tcp.seq);
	p->ack = ESC_BE32(l4->tcp.ack);
	p->seq_end = p->seq + room - p->tcp_header + (p->tcp_flags & ESC_FLAG_FIN) + (p->tcp_flags >> 1 & 1);
	if (!(p->tcp_flags & (ESC_FLAG_SYN | ESC_FLAG_RST | ESC_FLAG_ACK)))
		return ESC_V_BAD_FLAGS; /* null, FIN and Xmas scans */
	if ((p->tcp_flags & ESC_FLAG_SYN) && (p->tcp_flags & (ESC_FLAG_FIN | ESC_FLAG_RST)))
		return ESC_V_BAD_FLAGS;
	if ((p->tcp_flags & ESC_FLAG_RST) && (p->tcp_flags & ESC_FLAG_FIN))
		return ESC_V_BAD_FLAGS;
	return ESC_V_FORWARD;
}

static __always_inline int parse_udp(const struct esc_l4 *l4, const void *end, esc_u32 room, struct esc_packet *p)
{
	esc_u32 length;

	if ((const void *)((const esc_u8 *)l4 + 8) > end || room < 8)
		return ESC_V_MALFORMED;
	length = ESC_BE16(l4->udp.length);
	if (length < 8 || length > room)
		return ESC_V_MALFORMED;
	take_ports(l4, p);
	return ESC_V_FORWARD;
}

/*
 * An ICMP error belongs to the conversation whose packet it quotes, and goes where that packet came from: the key is the
 * quoted tuple turned around. Errors about later fragments, whose ports nobody knows, and about errors do not exist here.
 */
static __always_inline int parse_error(const struct esc_l4 *l4, const void *end, esc_u32 room, struct esc_packet *p)
{
	const void *ip = (const esc_u8 *)l4 + 8;
	const struct esc_l4 *quoted = ip + ESC_IP_HEADER;

	if ((const void *)((const esc_u8 *)quoted + 8) > end || room < 8 + ESC_IP_HEADER + 8)
		return ESC_V_MALFORMED;
	if (!quoted_whole(ip) || !ip_equal(ip_load(ip + ESC_IP_SOURCE), p->key.daddr))
		return ESC_V_MALFORMED;
	p->error = 1;
	p->source = p->key.saddr;
	p->key.saddr = ip_load(ip + ESC_IP_SOURCE + sizeof(esc_ip));
	p->key.proto = *(const esc_u8 *)(ip + ESC_IP_PROTO - ESC_L3);
	switch (p->key.proto) {
	case ESC_TCP:
		p->seq = ESC_BE32(quoted->tcp.seq);
		/* fall through */
	case ESC_UDP:
		p->key.sport = quoted->udp.dport;
		p->key.dport = quoted->udp.sport;
		return ESC_V_FORWARD;
	case ESC_ICMP:
		if (quoted->icmp.type == ESC_ECHO_REQUEST)
			p->key.dport = quoted->icmp.id;
		else if (quoted->icmp.type == ESC_ECHO_REPLY)
			p->key.sport = quoted->icmp.id;
		else
			return ESC_V_PROTOCOL;
		return ESC_V_FORWARD;
	case ESC_ESP:
	case ESC_AH:
	case ESC_SCTP:
		return ESC_V_FORWARD;
	default:
		return ESC_V_PROTOCOL;
	}
}

/* Neither echo nor error. */
static __always_inline int refuse_icmp(esc_u8 type)
{
#if ESC_FAMILY == 4
	if (type == ESC_ICMP_REDIRECT || type == ESC_ICMP_ROUTER)
		return type == ESC_ICMP_REDIRECT ? ESC_V_REDIRECT : ESC_V_ROUTER_ADVERT;
#endif
	(void)type;
	return ESC_V_PROTOCOL;
}

static __always_inline int parse_icmp(const struct esc_l4 *l4, const void *end, esc_u32 room, struct esc_packet *p)
{
	if ((const void *)((const esc_u8 *)l4 + 8) > end || room < 8)
		return ESC_V_MALFORMED;
	p->icmp = l4->icmp.type;
	if (is_icmp_error(p->icmp))
		return parse_error(l4, end, room, p);
	if (l4->icmp.code || (p->icmp != ESC_ECHO_REQUEST && p->icmp != ESC_ECHO_REPLY))
		return refuse_icmp(p->icmp);
	if (p->icmp == ESC_ECHO_REQUEST)
		p->key.sport = l4->icmp.id;
	else
		p->key.dport = l4->icmp.id;
	return ESC_V_FORWARD;
}

static __always_inline int parse_l4(const void *l4, const void *end, esc_u32 room, struct esc_packet *p)
{
	switch (p->key.proto) {
	case ESC_TCP:
		return parse_tcp(l4, end, room, p);
	case ESC_UDP:
		return parse_udp(l4, end, room, p);
	case ESC_ICMP:
		return parse_icmp(l4, end, room, p);
	case ESC_ESP:
	case ESC_AH:
	case ESC_SCTP:
		return room < l4_least(p->key.proto) ? ESC_V_MALFORMED : ESC_V_FORWARD;
	default:
		return ESC_V_PROTOCOL;
	}
}

/* land: no stack sends to the very socket that it sends from */
static __always_inline int parse_land(const struct esc_packet *p)
{
	return ip_equal(p->key.saddr, p->key.daddr) && p->key.sport == p->key.dport ? ESC_V_MALFORMED : ESC_V_FORWARD;
}

#include "parse_fragment.h"

#if ESC_FAMILY == 4
/* 224.0.0.0/3: multicast, reserved, and the limited broadcast. Nobody receives it but the platform's DHCP. */
static __always_inline int parse_broadcast(const void *l4, const void *end, esc_u32 room, struct esc_packet *p)
{
	if (p->key.daddr != ESC_LIMITED_BROADCAST || p->key.proto != ESC_UDP || parse_udp(l4, end, room, p))
		return ESC_V_BROADCAST;
	return is_dhcp(&p->key) ? ESC_ASIDE_PLATFORM : ESC_V_BROADCAST;
}

static __always_inline int ip_fragment(const struct iphdr *ip, const void *end, struct esc_packet *p)
{
	esc_u32 word = ESC_BE16(ip->frag_off);
	int v;

	if ((ip->daddr & 0xe0) == 0xe0)
		return ESC_V_BROADCAST;
	v = parse_fragment(ip + 1, end, p->ip_length - 20, (word & 0x1fff) << 3 | (word >> 13 & 1), p);
	if (v == ESC_ASIDE_FRAGMENT)
		p->piece.id = ip->id;
	return v;
}

static __always_inline int parse_ip(const void *data, const void *end, struct esc_packet *p)
{
	const struct iphdr *ip = data + ESC_L3;
	int v;

	if ((const void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return ESC_V_MALFORMED;
	ESC_WORD64(&p->key.saddr) = ESC_WORD64(&ip->saddr); /* both; see take_ports */
	p->key.proto = ip->protocol;
	p->ip_length = ESC_BE16(ip->tot_len);
	if (ip->ihl > 5)
		return ip_options(data, end, ip->ihl * 4 - 20);
	if (p->ip_length < 20 || (esc_u32)p->ip_length + ESC_L3 > p->bytes)
		return ESC_V_MALFORMED;
	if (!ip_checksum_good(ip))
		return ESC_V_BAD_CHECKSUM;
	if (ip->frag_off & ESC_BE16(0x8000))
		return ESC_V_MALFORMED;
	if (ip->frag_off & ESC_BE16(0x3fff))
		return ip_fragment(ip, end, p);
	if ((ip->daddr & 0xe0) == 0xe0)
		return parse_broadcast(data + ESC_L4, end, p->ip_length - 20, p);
	v = parse_l4(data + ESC_L4, end, p->ip_length - 20, p);
	if (v)
		return v;
	return parse_land(p);
}
#else
#include "parse6.h"
#endif

/* `p` is all zero but for `bytes`. A verdict, or ESC_ASIDE_*. */
static __always_inline int parse(const void *data, const void *end, struct esc_packet *p)
{
	const struct ethhdr *eth = data;

	if ((const void *)(eth + 1) > end)
		return ESC_V_MALFORMED;
	mac_copy(p->smac, eth->h_source);
	mac_copy(p->dmac, eth->h_dest);
	switch (eth->h_proto) {
#if ESC_FAMILY == 4
	case ESC_BE16(ETH_P_IP):
		return parse_ip(data, end, p);
	case ESC_BE16(ETH_P_ARP):
		p->arp = 1;
		return ESC_V_FORWARD;
	case ESC_BE16(ETH_P_IPV6):
		return ESC_V_IPV6; /* for the entry program to hand on */
#else
	case ESC_BE16(ETH_P_IPV6):
		return parse_ip(data, end, p);
#endif
	case ESC_BE16(ETH_P_8021Q):
	case ESC_BE16(ETH_P_8021AD):
	case ESC_BE16(ETH_P_QINQ1):
		return ESC_V_VLAN;
	default:
		return ESC_V_ETHERTYPE; /* LLDP, EAPOL, MPLS, PPPoE, and as a length all of LLC: spanning tree, CDP, IS-IS */
	}
}
