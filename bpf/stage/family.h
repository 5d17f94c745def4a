/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * family: what an address is. The stages are written once and compile for IPv4, or with -DESC_FAMILY=6 for IPv6.
 *
 * Three rules keep them one text:
 *   - An address is an `esc_ip`, in network order, and is touched through the helpers below: ip_equal, ip_zero, ip_mix,
 *     plain assignment to copy. For IPv4 it is a number and each helper the one instruction that it was before. What has
 *     to know more of it than that stands in an #if here, or in a header that one family alone includes.
 *   - The structures and maps that hold addresses keep their IPv4 names in the stages, and mean those of abi/maps6.h in
 *     the other compilation.
 *   - Each map is in the list of ESC_TABLE names: on its own line for each family, or once when both share it. One that
 *     is not in the list does not compile.
 */
#pragma once
#include "abi/event.h"
#include "abi/maps6.h"
#include "abi/verdict.h"
#include "word.h"

#ifndef ESC_FAMILY
#define ESC_FAMILY 4
#endif

#define ESC_TABLE(map) ESC_TABLE_##map

/* Inline for IPv4; for IPv6 a function of its own, whose larger locals leave the stack again before the next is called. */
#if ESC_FAMILY == 4
#define ESC_INLINE __always_inline
#else
#define ESC_INLINE __noinline
#endif

#define ESC_TABLE_host      host
#define ESC_TABLE_ifaces    ifaces
#define ESC_TABLE_ports     ports
#define ESC_TABLE_port_word port_word
#define ESC_TABLE_port_past port_past
#define ESC_TABLE_blobs     blobs
#define ESC_TABLE_macs      macs
#define ESC_TABLE_peers     peers
#define ESC_TABLE_drops     drops
#define ESC_TABLE_rules     rules
#define ESC_TABLE_budgets   budgets
#define ESC_TABLE_limits    limits
#define ESC_TABLE_effects   effects

#if ESC_FAMILY == 4

#define ESC_TABLE_addrs      addrs
#define ESC_TABLE_routes     routes
#define ESC_TABLE_forwarders forwarders
#define ESC_TABLE_endpoints  endpoints
#define ESC_TABLE_dnat       dnat
#define ESC_TABLE_snat       snat
#define ESC_TABLE_flows      flows
#define ESC_TABLE_rings      rings
#define ESC_TABLE_hands      hands
#define ESC_TABLE_arrival    arrival
#ifdef ESC_IMPORT
#define ESC_TABLE_scratch scratch_import /* bpf/import.bpf.c */
#else
#define ESC_TABLE_scratch scratch
#endif
#define ESC_TABLE_fragments     fragments
#define ESC_TABLE_vip_fragments vip_fragments

typedef esc_u32 esc_ip;

#define ESC_DHCP_SERVER ESC_BE16(67)
#define ESC_DHCP_CLIENT ESC_BE16(68)

static __always_inline int ip_equal(esc_ip a, esc_ip b)
{
	return a == b;
}

static __always_inline int ip_zero(esc_ip a)
{
	return !a;
}

static __always_inline esc_ip ip_load(const void *at)
{
	return ESC_WORD(at);
}

static __always_inline void ip_store(void *at, esc_ip a)
{
	ESC_WORD(at) = a;
}

static __always_inline esc_u32 ip_mix(esc_u32 x, esc_ip a)
{
	return mix32(x ^ a);
}

/* sum_difference of two addresses that become two others. */
static __always_inline esc_u32 ip_difference(esc_ip from, esc_ip to, esc_ip from2, esc_ip to2)
{
	return sum_difference(from, to, from2, to2);
}

/* Its last bits, as a number: neighbours differ there. */
static __always_inline esc_u32 ip_low(esc_ip a)
{
	return ESC_BE32(a);
}

/* Hosts and services have IPv4 addresses: what this one is among those; 0 for none. */
static __always_inline esc_u32 ip_four(esc_ip a)
{
	return a;
}

/* For an event, which has room for either family. */
static __always_inline struct esc_ip6 ip_report(esc_ip a)
{
	return (struct esc_ip6){{a, 0, 0, 0}};
}

/* What is nobody's to send from, forwarding or not: this, loopback, link-local, multicast and up. */
static __always_inline int is_nobody(esc_ip saddr)
{
	esc_u8 a = saddr, b = saddr >> 8;

	return a == 0 || a == 127 || a >= 224 || (a == 169 && b == 254);
}

#else

#define ESC_TABLE_addrs      addrs6
#define ESC_TABLE_routes     routes6
#define ESC_TABLE_forwarders forwarders6
#define ESC_TABLE_endpoints  endpoints6
#define ESC_TABLE_dnat       dnat6
#define ESC_TABLE_snat       snat6
#define ESC_TABLE_flows      flows6
#define ESC_TABLE_rings      rings6
#define ESC_TABLE_hands      hands6
#define ESC_TABLE_arrival    arrival6
#ifdef ESC_IMPORT
#define ESC_TABLE_scratch scratch_import6
#else
#define ESC_TABLE_scratch scratch6
#endif
#define ESC_TABLE_ports6        ports6
#define ESC_TABLE_fragments     fragments6
#define ESC_TABLE_vip_fragments vip_fragments6

#define esc_addr_key     esc_addr_key6
#define esc_route_key    esc_route_key6
#define esc_route        esc_route6
#define esc_forwarder    esc_forwarder6
#define esc_endpoint_key esc_endpoint_key6
#define esc_dnat_key     esc_dnat_key6
#define esc_dnat         esc_dnat6
#define esc_snat_key     esc_snat_key6
#define esc_snat         esc_snat6
#define esc_flow_key     esc_flow_key6
#define esc_flow         esc_flow6
#define esc_moved        esc_moved6
#define esc_fragment     esc_fragment6
#define esc_fragments    esc_fragments6

typedef struct esc_ip6 esc_ip;

#define ESC_DHCP_SERVER ESC_BE16(547)
#define ESC_DHCP_CLIENT ESC_BE16(546)

static __always_inline int ip_equal(esc_ip a, esc_ip b)
{
	return !((a.w[0] ^ b.w[0]) | (a.w[1] ^ b.w[1]) | (a.w[2] ^ b.w[2]) | (a.w[3] ^ b.w[3]));
}

static __always_inline int ip_zero(esc_ip a)
{
	return !(a.w[0] | a.w[1] | a.w[2] | a.w[3]);
}

static __always_inline esc_ip ip_load(const void *at)
{
	return (esc_ip){{ESC_WORD(at), ESC_WORD(at + 4), ESC_WORD(at + 8), ESC_WORD(at + 12)}};
}

static __always_inline void ip_store(void *at, esc_ip a)
{
	for (int i = 0; i < 4; i++)
		ESC_WORD(at + 4 * i) = a.w[i];
}

static __always_inline esc_u32 ip_mix(esc_u32 x, esc_ip a)
{
	for (int i = 0; i < 4; i++)
		x = mix32(x ^ a.w[i]);
	return x;
}

static __always_inline esc_u32 ip_difference(esc_ip from, esc_ip to, esc_ip from2, esc_ip to2)
{
	esc_u64 sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (esc_u64)(esc_u32)~from.w[i] + to.w[i] + (esc_u32)~from2.w[i] + to2.w[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	return sum + (sum >> 32);
}

static __always_inline esc_u32 ip_low(esc_ip a)
{
	return ESC_BE32(a.w[3]);
}

static __always_inline esc_u32 ip_four(esc_ip a)
{
	(void)a;
	return 0;
}

static __always_inline struct esc_ip6 ip_report(esc_ip a)
{
	return a;
}

/* fe80::/10 */
static __always_inline int is_link_local(esc_ip a)
{
	return (a.w[0] & ESC_BE32(0xffc00000)) == ESC_BE32(0xfe800000);
}

static __always_inline int is_multicast(esc_ip a)
{
	return (a.w[0] & 0xff) == 0xff;
}

#endif

#include "bogon.h"

#if ESC_FAMILY == 6
static __always_inline int is_nobody(esc_ip saddr)
{
	return is_bogon(saddr) && ESC_BE32(saddr.w[0]) >> 25 != 0xfc >> 1;
}
#endif
