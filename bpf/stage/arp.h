/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * arp: everybody is at the gateway's MAC. Next: the exit; an answer goes back where the question came from.
 *
 * The answer is the question turned around in place, so it is never longer than what was asked.
 */
#pragma once
#include "guard.h"
#include "limit.h"

struct esc_arp {
	esc_u16 hardware, protocol;
	esc_u8 hardware_length, protocol_length;
	esc_u16 operation;
	esc_u8 sender_mac[6], sender[4], target_mac[6], target[4];
} __attribute__((packed, aligned(2)));

static __always_inline esc_u32 arp_addr(const esc_u8 *a)
{
	const esc_u16 *w = (const void *)a;

	return w[0] | (esc_u32)w[1] << 16;
}

static __always_inline void arp_turn(struct ethhdr *eth, struct esc_arp *arp)
{
	static const esc_u8 gateway[6] __attribute__((aligned(2))) = ESC_GATEWAY_MAC;
	esc_u16 *sender = (void *)arp->sender, *target = (void *)arp->target;
	esc_u16 hi = sender[0], lo = sender[1];

	mac_copy(eth->h_dest, eth->h_source);
	mac_copy(eth->h_source, gateway);
	mac_copy(arp->target_mac, arp->sender_mac);
	mac_copy(arp->sender_mac, gateway);
	sender[0] = target[0];
	sender[1] = target[1];
	target[0] = hi;
	target[1] = lo;
	arp->operation = ESC_BE16(2);
}

static __noinline int link_answer(void *data, const void *end, const struct esc_port *port, struct esc_packet *p)
{
	struct esc_arp *arp = data + ESC_L3;
	esc_u32 sender, target;

	if ((const void *)(arp + 1) > end || arp->hardware != ESC_BE16(1) || arp->protocol != ESC_BE16(ETH_P_IP) ||
	    arp->hardware_length != 6 || arp->protocol_length != 4)
		return ESC_V_MALFORMED;
	sender = arp_addr(arp->sender);
	target = arp_addr(arp->target);
	p->key.saddr = sender;
	p->key.daddr = target;
	if (!mac_equal(arp->sender_mac, port->mac))
		return ESC_V_SPOOFED_ARP;
	if (sender && !port_owns(port, p->port, sender))
		return sender == target ? ESC_V_GRATUITOUS_ARP : ESC_V_SPOOFED_ARP_IP;
	if (!limit(p, ESC_LIMIT_ARP))
		return ESC_V_RATE_ARP;
	if (!sender)
		return ESC_V_ARP_UNANSWERED; /* a probe for duplicates */
	if (arp->operation != ESC_BE16(1) || port_owns(port, p->port, target))
		return ESC_V_ARP_UNANSWERED;
	arp_turn(data, arp);
	p->delivery = ESC_TO_SELF;
	p->out = port->ifindex;
	return ESC_V_ANSWERED;
}
