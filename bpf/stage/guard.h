/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * guard: a port speaks only for itself (invariant 3).
 * Next: arp.h for ARP, nd.h for neighbour discovery, flow.h for the rest.
 *
 * An address that is not the port's own opens nothing: flow.h drops the packet as spoofed unless it belongs to a flow,
 * which the port has opened by its own address, or which somebody else opened towards that very address, as the answer to a floating endpoint does (the instance answers
 * in the name of the public address). judge.h asks again whenever a flow is judged. IP forwarding lifts this, and
 * nothing else: what an appliance sends on is judged by its own rules, and takes its own routes.
 */
#pragma once
#include "packet.h"
#include "route.h"

#if ESC_FAMILY == 4
/* port_owns, of an address that stands somewhere: where stack is short, a copy is not. */
#define port_has_at(port, number, addr) port_owns(port, number, *(addr))

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

/* The first of its addresses. */
static __always_inline const esc_ip *port_first(const struct esc_port *port, esc_u32 number)
{
	(void)number;
	return port->addr_count ? &port->addr[0] : NULL;
}

static __always_inline int guard_scope(const struct esc_port *port, const struct esc_packet *p)
{
	(void)port;
	(void)p;
	return ESC_V_FORWARD;
}
#else
#define port_has_at(port, number, addr) ((void)(port), port_has(number, addr))

static __noinline int port_has(esc_u32 number, const esc_ip *addr)
{
	const struct esc_port6 *six = esc_lookup(ports6, &number);
	int own = 0;

	for (int i = 0; six && i < ESC_PORT_ADDRS; i++)
		own |= i < (int)six->addr_count && ip_equal(six->addr[i], *addr);
	return own;
}

static __always_inline const esc_ip *port_first(const struct esc_port *port, esc_u32 number)
{
	const struct esc_port6 *six = esc_lookup(ports6, &number);

	(void)port;
	return six && six->addr_count ? &six->addr[0] : NULL;
}

/* Without the link-local one. */
static __always_inline int port_owns(const struct esc_port *port, esc_u32 number, esc_ip addr)
{
	(void)port;
	return port_has(number, &addr);
}

/* fe80::/64 and the MAC (EUI-64): the one link-local address that a port has. */
static __always_inline int port_owns_link_local(const struct esc_port *port, esc_ip addr)
{
	const esc_u8 *m = port->mac;
	esc_u32 high = (m[0] ^ 2) | m[1] << 8 | m[2] << 16 | 0xffu << 24;
	esc_u32 low = 0xfe | m[3] << 8 | m[4] << 16 | (esc_u32)m[5] << 24;

	return ip_equal(addr, (esc_ip){{ESC_BE32(0xfe800000), 0, high, low}});
}

/* Link-local addresses reach nobody but the gateway, which answers for addresses alone: nd.h. */
static __always_inline int guard_scope(const struct esc_port *port, const struct esc_packet *p)
{
	if (is_link_local(p->key.saddr) && !port_owns_link_local(port, p->key.saddr))
		return ESC_V_SPOOFED_IP;
	return is_link_local(p->key.saddr) || is_link_local(p->key.daddr) ? ESC_V_NO_ROUTE : ESC_V_FORWARD;
}
#endif

/* Why an address that is not the port's own may not be its source. */
static __always_inline int spoofed(const struct esc_flow_key *k)
{
	return is_platform(k->saddr) ? ESC_V_SPOOFED_PLATFORM : ESC_V_SPOOFED_IP;
}

/* Whether the port may send from this address: its own, or any that can be on its way when it forwards. */
static __always_inline int port_speaks(const struct esc_port *port, esc_u32 number, const esc_ip *addr)
{
	if (port_has_at(port, number, addr))
		return 1;
	return (port->flags & ESC_PORT_FORWARD) && !is_nobody(*addr) && !is_platform(*addr);
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
	if (p->error && !ip_equal(p->source, p->key.saddr) &&
	    !((port->flags & ESC_PORT_FORWARD) && port_owns(port, p->key.port, p->source)))
		return ESC_V_SPOOFED_IP; /* who is no router tells of what was sent to him */
	return guard_scope(port, p);
}
