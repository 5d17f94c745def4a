/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * What of maps.h is another thing for IPv6: keys and values that hold addresses.
 *
 * Concept. The stages compile once for each family (bpf/stage/family.h), and each compilation has maps of its own for
 * what is looked up by an address or remembers one. They are made like those of IPv4, entry for entry, and are called
 * the same with a 6 behind it; no packet of one family costs the other anything.
 *
 *   ports6       array         port number -> esc_port6            agent
 *   addrs6       hash          esc_addr_key6 -> esc_addr           agent
 *   routes6      LPM trie      esc_route_key6 -> esc_route6        agent
 *   forwarders6  hash          esc_mac_key -> esc_forwarder6       agent
 *   endpoints6   hash          esc_endpoint_key6 -> esc_endpoint   agent
 *   dnat6        hash          esc_dnat_key6 -> esc_dnat6          agent
 *   snat6        hash          esc_snat_key6 -> esc_snat6          agent
 *   flows6       hash          esc_flow_key6 -> esc_flow6          data path
 *   rings6       array         as rings, of esc_flow_key6          data path
 *   hands6       array         port number -> esc_hand             data path
 *   fragments6, vip_fragments6  array  as theirs, of esc_fragments6  data path
 *   scratch6     per-CPU array 0 -> one judgement at work          data path
 *
 * Everything else is shared: a port has one policy word, one blob (with both families' searches in it), one row of
 * counters and one budget. An event (event.h) has room for both.
 *
 * Addresses are as they are on the wire, so their words are in network order; a word is what is aligned, so that a key
 * has no padding.
 */
#pragma once
#include "maps.h"

/* The gateway of every subnet, on the link: fe80::1234:5678:9abc. A guest's default route names it. */
#define ESC_GATEWAY_LINK_LOCAL                                                                                         \
	{                                                                                                              \
		0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc                                 \
	}

/* The map `siblings`, an array of programs: where one hands the rest on by a tail call. The first three are those of IPv6,
 * for packets that come to an IPv4 program; the others go on with the fragments of either family. */
enum esc_sibling {
	ESC_SIBLING_PORT = 0,
	ESC_SIBLING_OVERLAY = 1,
	ESC_SIBLING_EDGE = 2,
	ESC_SIBLING_FRAGMENT = 3,
	ESC_SIBLING_FRAGMENT6 = 4,
	ESC_SIBLINGS = 5
};

struct esc_ip6 {
	esc_u32 w[4];
};
ESC_ASSERT_SIZE(struct esc_ip6, 16);

/* A port's addresses besides its link-local one, which follows from its MAC (EUI-64) and is never in a table. */
struct esc_port6 {
	esc_u32 addr_count;
	esc_u32 pad;
	struct esc_ip6 addr[ESC_PORT_ADDRS];
};
ESC_ASSERT_SIZE(struct esc_port6, 136);

struct esc_addr_key6 {
	esc_u32 net;
	struct esc_ip6 addr;
};
ESC_ASSERT_SIZE(struct esc_addr_key6, 20);

struct esc_route_key6 {
	esc_u32 prefixlen; /* 32 (the first word, always whole) + length of the prefix */
	esc_u32 table;     /* as in esc_route_key */
	struct esc_ip6 addr;
};
ESC_ASSERT_SIZE(struct esc_route_key6, 24);

struct esc_route6 {
	esc_u16 hop; /* enum esc_hop; all as in esc_route */
	esc_u16 flags;
	esc_u32 net;
	struct esc_ip6 via;
};
ESC_ASSERT_SIZE(struct esc_route6, 24);

struct esc_forwarder6 {
	esc_u32 host;
	esc_u32 net;
	struct esc_ip6 addr;
};
ESC_ASSERT_SIZE(struct esc_forwarder6, 24);

struct esc_endpoint_key6 {
	struct esc_ip6 vip;
	esc_u16 port;
	esc_u8 proto;
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_endpoint_key6, 20);

struct esc_dnat_key6 {
	esc_u32 port; /* port number */
	struct esc_ip6 vip;
	esc_u16 vport; /* 0 with proto 0: every port, one to one */
	esc_u8 proto;
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_dnat_key6, 24);

struct esc_dnat6 {
	struct esc_ip6 addr; /* private address */
	esc_u16 port;        /* private port; 0: the same */
	esc_u8 flags;        /* ESC_DNAT_* */
	esc_u8 pad;
};
ESC_ASSERT_SIZE(struct esc_dnat6, 20);

struct esc_snat_key6 {
	esc_u32 port; /* port number */
	struct esc_ip6 addr;
};
ESC_ASSERT_SIZE(struct esc_snat_key6, 20);

/* One to one, ports kept: there is no range to share, since addresses are not scarce. */
struct esc_snat6 {
	struct esc_ip6 addr;
};
ESC_ASSERT_SIZE(struct esc_snat6, 16);

struct esc_flow_key6 {
	struct esc_ip6 saddr;
	struct esc_ip6 daddr;
	esc_u16 sport;
	esc_u16 dport;
	esc_u8 proto; /* ICMPv6 is 58; only to a policy it is ICMP like the other, so 1 */
	esc_u8 dir;
	esc_u16 port; /* port number */
};
ESC_ASSERT_SIZE(struct esc_flow_key6, 40);

/* Field for field as esc_flow, which tells what they are. */
struct esc_flow6 {
	esc_u32 seen;
	esc_u32 generation;
	esc_u32 peer_generation;
	esc_u16 peer;
	esc_u16 ring;
	esc_u8 flags;
	esc_u8 tcp;
	esc_u16 ack;
	esc_u32 seq;
	struct esc_ip6 saddr, daddr;
	esc_u16 sport, dport;
	esc_u8 dmac[6];
	esc_u16 owner;
	esc_u32 out;
	esc_u32 vni;
	esc_u32 packets;
	esc_u64 bytes;
};
ESC_ASSERT_SIZE(struct esc_flow6, 88);

/* Field for field as esc_fragment, which tells what they are. */
struct esc_fragment6 {
	struct esc_ip6 saddr, daddr;
	esc_u32 id;
	esc_u32 seen;
	esc_u16 sport, dport;
	esc_u16 end;
	esc_u8 proto;
	esc_u8 dir;
	esc_u8 icmp;
	esc_u8 used;
	esc_u16 pad[3];
};
ESC_ASSERT_SIZE(struct esc_fragment6, 56);

struct esc_fragments6 {
	struct esc_fragment6 way[ESC_FRAGMENT_WAYS];
};
ESC_ASSERT_SIZE(struct esc_fragments6, 448);

/* Field for field as esc_moved. */
struct esc_moved6 {
	struct esc_flow_key6 key;
	struct esc_ip6 saddr, daddr;
	esc_u16 sport, dport;
	esc_u8 sender[6];
	esc_u16 peer;
	esc_u32 pad;
	struct esc_moved_side opener, other;
};
ESC_ASSERT_SIZE(struct esc_moved6, 136);
