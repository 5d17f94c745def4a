/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * route: where a packet of a network goes. Next: nat.h for the Internet, policy.h of the peer for a port of this host.
 */
#pragma once
#include "packet.h"

/* Calls, for their keys: what judges has little stack left, since it also asks policies. */
static __noinline struct esc_route *route_find(esc_u32 table, const esc_ip *addr)
{
	struct esc_route_key key = {.prefixlen = 32 + 8 * sizeof(esc_ip), .table = table, .addr = *addr};

	return esc_lookup(routes, &key);
}

/* The network in which an address lives, as seen from a port with this `space`; 0: in none within reach. */
static __always_inline esc_u32 route_net(esc_u32 space, const esc_ip *addr)
{
	struct esc_route *r = route_find(space, addr);

	return r && r->hop == ESC_HOP_NETWORK ? r->net : 0;
}

static __noinline struct esc_addr *route_addr(esc_u32 net, const esc_ip *addr)
{
	struct esc_addr_key key = {.net = net, .addr = *addr};

	return esc_lookup(addrs, &key);
}

/* Who forwards by this MAC, from another host. */
static __noinline struct esc_forwarder *route_forwarder(const esc_u8 *sender)
{
	struct esc_mac_key mac = {};

	mac_copy(mac.mac, sender);
	return esc_lookup(forwarders, &mac);
}

static __always_inline struct esc_port *port_get(esc_u32 number)
{
	struct esc_port *port = esc_lookup(ports, &number);

	return port && (port->flags & ESC_PORT_ACTIVE) ? port : NULL;
}

/* The port's word, as one load: slot in the low half, generation in the high one. 0: no such port. */
static __always_inline esc_u64 port_read(esc_u32 number)
{
	esc_u64 *w = esc_lookup(port_word, &number);

	return w ? *(volatile esc_u64 *)w : 0;
}

static __always_inline struct esc_scratch *scratch_get(void)
{
	esc_u32 zero = 0;

	return esc_lookup(scratch, &zero);
}

static __always_inline struct esc_host *host_get(void)
{
	esc_u32 zero = 0;

	return esc_lookup(host, &zero);
}

static __always_inline int is_platform(esc_ip addr)
{
	struct esc_host *h = host_get();

	return h && h->platform && ip_four(addr) == h->platform;
}

/* Of hosts and edges; instances neither reach them nor are reached by them. */
static __always_inline int is_fabric(esc_ip addr)
{
	struct esc_host *h = host_get();
	esc_u32 four = ip_four(addr);

	return four && ((h && four == h->fabric) || esc_lookup(peers, &four) != NULL);
}

static __always_inline int is_dhcp(const struct esc_flow_key *k)
{
	return k->proto == ESC_UDP &&
	       (k->dport == ESC_DHCP_SERVER || k->sport == ESC_DHCP_SERVER || k->dport == ESC_DHCP_CLIENT);
}

static __always_inline void way_to_port(struct esc_way *way, const struct esc_port *port)
{
	way->delivery = port->flags & ESC_PORT_TAP ? ESC_TO_TAP : ESC_TO_PEER;
	way->out = port->ifindex;
	mac_copy(way->dmac, port->mac);
}

/* To the port of another host that has this MAC, which is in network `net`. */
static __always_inline void way_to_host(struct esc_way *way, esc_u32 host, const esc_u8 *mac, esc_u32 net)
{
	way->delivery = ESC_TO_OVERLAY;
	way->out = host;
	way->vni = net;
	mac_copy(way->dmac, mac);
}

/* MACs and device of the uplink are the host's, read when a packet leaves. */
static __always_inline void way_to_uplink(struct esc_way *way)
{
	way->delivery = ESC_TO_UPLINK;
}

static __always_inline void way_to_prober(struct esc_way *way)
{
	way->delivery = ESC_TO_PROBER;
}
