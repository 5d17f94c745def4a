/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * guard: a port speaks only for itself (invariant 3).
 * Next: arp.h for ARP, flow.h for IPv4.
 *
 * An address that is not the port's own opens nothing: flow.h drops the packet as spoofed unless it belongs to a flow,
 * which the port has opened by its own address, or which somebody else opened towards that very address, as the answer to a floating endpoint does (the instance answers
 * in the name of the public address). judge.h asks again whenever a flow is judged.
 */
#pragma once
#include "packet.h"

static __always_inline int port_owns(const struct esc_port *port, esc_u32 number, esc_ip addr)
{
	int own = 0;

	(void)number;
	if (port->addr_count && port->addr[0] == addr)
		return 1; /* nearly always */
	for (int i = 1; i < ESC_PORT_ADDRS; i++)
		own |= i < port->addr_count && port->addr[i] == addr;
	return own;
}

static __always_inline int guard(const struct esc_port *port, struct esc_packet *p)
{
	static const esc_u8 gateway[6] __attribute__((aligned(2))) = ESC_GATEWAY_MAC;

	if (!mac_equal(p->smac, port->mac))
		return ESC_V_SPOOFED_MAC;
	if (p->arp)
		return ESC_V_FORWARD; /* asks everybody, or the gateway again */
	if (p->dmac[0] & 1)
		return ESC_V_BROADCAST;
	if (!mac_equal(p->dmac, gateway))
		return ESC_V_FOREIGN_MAC;
	if (p->error && !ip_equal(p->source, p->key.saddr))
		return ESC_V_SPOOFED_IP; /* ports are no routers: they tell of what was sent to them */
	return ESC_V_FORWARD;
}
