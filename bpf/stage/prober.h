/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * prober: from this host's prober, which asks ports whether their services live. Next: flow.h.
 *
 * It is a process like others and may be taken over, so it reaches what it is there for and nothing else: TCP from the
 * platform address to ports of this host, each by a number, under the inbound rules of that port.
 */
#pragma once
#include "packet.h"
#include "route.h"

#if ESC_FAMILY == 4
static __always_inline int prober_admit(struct esc_packet *p)
{
	static const esc_u8 gateway[6] __attribute__((aligned(2))) = ESC_GATEWAY_MAC;
	struct esc_host *h = host_get();
	esc_u32 place = ESC_BE32(p->key.daddr) - ESC_PROBE_NET;

	if (p->arp)
		return ESC_V_LINK_UNANSWERED;
	if (!mac_equal(p->dmac, gateway))
		return ESC_V_FOREIGN_MAC;
	if (!h || p->key.saddr != h->platform)
		return ESC_V_SPOOFED_IP;
	if (p->key.proto != ESC_TCP || p->error)
		return ESC_V_PROTOCOL;
	if (place >= ESC_MAX_PORTS * ESC_PORT_ADDRS || !port_get(place / ESC_PORT_ADDRS))
		return ESC_V_NO_PORT;
	p->port = place / ESC_PORT_ADDRS;
	p->key.port = p->port;
	p->key.dir = ESC_FLOW_PROBE;
	return ESC_V_FORWARD;
}

/* Which of the port's addresses is meant. */
static __always_inline int prober_target(const struct esc_flow_key *k, const struct esc_port *port,
                                         struct esc_plan *plan)
{
	esc_u32 index = ESC_BE32(k->daddr) % ESC_PORT_ADDRS;

	if (index >= port->addr_count)
		return ESC_V_UNREACHABLE;
	plan->daddr = port->addr[index];
	plan->flags |= ESC_FLOW_NAT;
	return ESC_V_FORWARD;
}
#else
static __always_inline int prober_target(const struct esc_flow_key *k, const struct esc_port *port,
                                         struct esc_plan *plan)
{
	(void)k;
	(void)port;
	(void)plan;
	return ESC_V_UNREACHABLE;
}
#endif
