/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * nd: everybody is at the gateway's MAC, as arp.h has it for IPv4. Next: the exit; an answer goes back where the question
 * came from.
 *
 * The answer is the question turned around in place, so it is never longer than what was asked. The gateway has one
 * address on the link (abi/maps6.h), which a guest's default route names; nobody else is on the link, so no other
 * link-local address is answered for. A search for routers has no answer: an advertisement that is not sent again before
 * it ends takes the guest's route away with it, and the data path sends nothing that was not asked for. The route comes
 * with the guest's address, from its own configuration.
 */
#pragma once
#include "guard.h"
#include "limit.h"

#define ESC_ND_SOURCE_MAC 1 /* options */
#define ESC_ND_TARGET_MAC 2
#define ESC_ND_SOLICITED  0x60 /* flags of an answer: solicited, override */
#define ESC_ND_ROUTER     0x80

struct esc_nd {
	esc_u8 type, code;
	esc_u16 check;
	esc_u8 flags, reserved[3];
	esc_u8 target[16];
	/* as much of its options as is looked at */
	esc_u8 option, option_length; /* length: in units of 8 */
	esc_u8 mac[6];
} __attribute__((packed, aligned(2)));

#define ESC_ND_BARE  24
#define ESC_ND_WHOLE 32

/* Of the pseudo header and the message, which is whole; 0xffff with a right checksum in it. */
static __always_inline esc_u16 nd_sum(const struct esc_nd *nd, const esc_ip *source, const esc_ip *destination)
{
	const esc_u16 *w = (const void *)nd;
	esc_u64 sum = ESC_BE16(ESC_ND_WHOLE) + ESC_BE16(ESC_ICMP);

	for (int i = 0; i < 4; i++)
		sum += (esc_u64)source->w[i] + destination->w[i];
	for (int i = 0; i < ESC_ND_WHOLE / 2; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static __always_inline int nd_owns(const struct esc_port *port, const struct esc_packet *p, esc_ip addr)
{
	return port_owns(port, p->port, addr) || port_owns_link_local(port, addr);
}

/* In whose name is this said? Of the message without its options. */
static __always_inline int nd_spoofed(const struct esc_nd *nd, const struct esc_port *port, const struct esc_packet *p)
{
	if (nd->type == ESC_ND_NEIGHBOUR_ANSWER && !nd_owns(port, p, ip_load(nd->target)))
		return 1;
	return !nd_owns(port, p, p->key.saddr);
}

static __always_inline void nd_turn(struct ethhdr *eth, struct esc_nd *nd, struct esc_packet *p, esc_ip target)
{
	static const esc_u8 gateway[6] __attribute__((aligned(2))) = ESC_GATEWAY_MAC;
	struct ipv6hdr *ip = (void *)(eth + 1);
	esc_ip asker = p->key.saddr;

	mac_copy(eth->h_dest, eth->h_source);
	mac_copy(eth->h_source, gateway);
	ip_store(&ip->saddr, target);
	ip_store(&ip->daddr, asker);
	nd->type = ESC_ND_NEIGHBOUR_ANSWER;
	nd->flags = ESC_ND_SOLICITED | (is_link_local(target) ? ESC_ND_ROUTER : 0);
	nd->reserved[0] = nd->reserved[1] = nd->reserved[2] = 0;
	nd->option = ESC_ND_TARGET_MAC;
	mac_copy(nd->mac, gateway);
	nd->check = 0;
	nd->check = ~nd_sum(nd, &target, &asker);
}

/* Is there somebody to answer for? The port itself knows where it is. */
static __always_inline int nd_known(const struct esc_port *port, const struct esc_packet *p, esc_ip target)
{
	static const esc_u8 gateway[16] = ESC_GATEWAY_LINK_LOCAL;

	if (is_link_local(target))
		return ip_equal(target, ip_load(gateway));
	return !is_multicast(target) && !port_owns(port, p->port, target);
}

/* A message that has room for an option. Only a question that says where the answer goes, and nothing else, has one. */
static __always_inline int nd_neighbour(struct ethhdr *eth, struct esc_nd *nd, const struct esc_port *port,
                                        struct esc_packet *p)
{
	esc_ip target = ip_load(nd->target);

	if (nd->option_length == 1 && nd->option <= ESC_ND_TARGET_MAC && !mac_equal(nd->mac, port->mac))
		return ESC_V_SPOOFED_ND;
	if (nd->type != ESC_ND_NEIGHBOUR_ASK || p->ip_length != ESC_IP_HEADER + ESC_ND_WHOLE)
		return ESC_V_ND_UNANSWERED;
	if (nd->option != ESC_ND_SOURCE_MAC || nd->option_length != 1 || !nd_known(port, p, target))
		return ESC_V_ND_UNANSWERED;
	if (nd_sum(nd, &p->key.saddr, &p->key.daddr) != 0xffff)
		return ESC_V_BAD_CHECKSUM;
	nd_turn(eth, nd, p, target);
	p->delivery = ESC_TO_SELF;
	p->out = port->ifindex;
	return ESC_V_ANSWERED;
}

/* A probe for duplicates, or whatever else is said without an address: it cannot be answered, and claims nothing. */
static __always_inline int nd_nameless(const struct esc_packet *p)
{
	return ip_zero(p->key.saddr) && p->icmp != ESC_ND_NEIGHBOUR_ANSWER;
}

static __noinline int link_answer(void *data, const void *end, const struct esc_port *port, struct esc_packet *p)
{
	struct ipv6hdr *ip = data + ESC_L3;
	struct esc_nd *nd = data + ESC_L4;

	if (p->icmp == ESC_ND_ROUTER_ADVERT)
		return ESC_V_ROUTER_ADVERT;
	if (p->icmp == ESC_ND_REDIRECT)
		return ESC_V_REDIRECT;
	if (data + ESC_L4 + 8 > end || ip->hop_limit != 255 || nd->code)
		return ESC_V_MALFORMED;
	if (nd_nameless(p))
		return limit(p, ESC_LIMIT_ARP) ? ESC_V_ND_UNANSWERED : ESC_V_RATE_ARP;
	if (p->icmp == ESC_ND_ROUTER_SOLICIT) {
		if (!nd_owns(port, p, p->key.saddr))
			return ESC_V_SPOOFED_ND;
		return limit(p, ESC_LIMIT_ARP) ? ESC_V_ND_UNANSWERED : ESC_V_RATE_ARP;
	}
	if (p->ip_length < ESC_IP_HEADER + ESC_ND_BARE || data + ESC_L4 + ESC_ND_BARE > end)
		return ESC_V_MALFORMED;
	if (nd_spoofed(nd, port, p))
		return ESC_V_SPOOFED_ND;
	if (!limit(p, ESC_LIMIT_ARP))
		return ESC_V_RATE_ARP;
	if (p->ip_length < ESC_IP_HEADER + ESC_ND_WHOLE || (const void *)(nd + 1) > end)
		return ESC_V_ND_UNANSWERED;
	return nd_neighbour(data, nd, port, p);
}
