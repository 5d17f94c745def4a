/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * tunnel: from the overlay; may this host say that, and whom is it for? Next: flow.h.
 *
 * The tunnel's key comes from the device, so the outer header is already off. The inner MAC names the port.
 */
#pragma once
#include "packet.h"
#include "route.h"

/* Whether the address is that of a forwarding port on this host, within the receiver's reach. */
static __always_inline int is_router(const struct esc_port *port, const esc_ip *addr, esc_u32 host)
{
	struct esc_addr *a = route_addr(route_net(port->space, addr), addr);

	return a && a->host == host && (a->flags & ESC_ADDR_FORWARD);
}

static __always_inline int from_edge(esc_u32 vni)
{
	return vni == ESC_VNI_EDGE || vni == ESC_VNI_EDGE_ASK;
}

static __always_inline int tunnel_admit(struct esc_packet *p, esc_u32 vni, esc_u32 remote)
{
	struct esc_mac_key mac = {};
	esc_u32 *peer = esc_lookup(peers, &remote), *number;
	struct esc_port *port;

	if (!peer || !(*peer & (from_edge(vni) ? ESC_PEER_EDGE : ESC_PEER_HOST)))
		return ESC_V_FOREIGN_TUNNEL;
	if (p->arp)
		return ESC_V_LINK_UNANSWERED;
	if (p->dmac[0] & 1)
		return ESC_V_BROADCAST;
	mac_copy(mac.mac, p->dmac);
	number = esc_lookup(macs, &mac);
	if (!number)
		return ESC_V_NO_PORT;
	port = port_get(*number);
	if (!port)
		return ESC_V_NO_PORT;
	p->port = *number;
	p->key.port = *number;
	p->key.dir = from_edge(vni) ? ESC_FLOW_PUBLIC : ESC_FLOW_TO;
	if (from_edge(vni))
		return p->error && is_bogon(p->source) ? ESC_V_BOGON_SOURCE : ESC_V_FORWARD;
	if (p->error && !ip_equal(p->source, p->key.saddr) && !is_router(port, &p->source, remote))
		return ESC_V_WRONG_HOST; /* as guard.h */
	p->from = remote;                /* flow.h: only for addresses that live there */
	if (port->net != vni)
		return ESC_V_WRONG_NETWORK;
	return ESC_V_FORWARD;
}
