/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The maps of one host, as the kernel build sees them. Both objects (port, edge) declare the same set; the
 * agent creates them once and hands the same maps to both, so names and types here are what it relies on.
 * Sizes are what an agent that changes nothing gets; everything per port grows with ESC_MAX_PORTS.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "stage/packet.h"

#define ESC_FLOWS_DEFAULT                                                                                              \
	(2 * ESC_RINGS_DEFAULT + 1) /* two entries a flow; just above a power of two: twice the buckets */
#define ESC_BLOCKS_DEFAULT (262144)

#define ESC_MAP(name, kind, entries, ktype, vtype, flags)                                                              \
	struct {                                                                                                       \
		__uint(type, kind);                                                                                    \
		__uint(max_entries, entries);                                                                          \
		__uint(map_flags, flags);                                                                              \
		__type(key, ktype);                                                                                    \
		__type(value, vtype);                                                                                  \
	} name SEC(".maps")

ESC_MAP(host, BPF_MAP_TYPE_ARRAY, 1, esc_u32, struct esc_host, 0);
ESC_MAP(ifaces, BPF_MAP_TYPE_ARRAY, ESC_IFINDEX_MAX, esc_u32, esc_u32, 0);
ESC_MAP(ports, BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS, esc_u32, struct esc_port, 0);
ESC_MAP(port_word, BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS, esc_u32, esc_u64, BPF_F_MMAPABLE);
ESC_MAP(port_past, BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS, esc_u32, struct esc_port_past, BPF_F_MMAPABLE);
ESC_MAP(blobs, BPF_MAP_TYPE_ARRAY, ESC_BLOCKS_DEFAULT, esc_u32, struct esc_block, BPF_F_MMAPABLE);
ESC_MAP(macs, BPF_MAP_TYPE_HASH, 4096, struct esc_mac_key, esc_u32, 0);
ESC_MAP(ESC_TABLE(addrs), BPF_MAP_TYPE_HASH, 65536, struct esc_addr_key, struct esc_addr, 0);
/* Twice what tables may have: a change has the old ones beside the new. */
ESC_MAP(ESC_TABLE(routes), BPF_MAP_TYPE_LPM_TRIE, 32768, struct esc_route_key, struct esc_route, BPF_F_NO_PREALLOC);
ESC_MAP(peers, BPF_MAP_TYPE_HASH, 4096, esc_u32, esc_u32, 0);
ESC_MAP(ESC_TABLE(endpoints), BPF_MAP_TYPE_HASH, 16384, struct esc_endpoint_key, struct esc_endpoint, 0);
#if ESC_FAMILY == 6
ESC_MAP(ports6, BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS, esc_u32, struct esc_port6, 0);
#endif
ESC_MAP(ESC_TABLE(dnat), BPF_MAP_TYPE_HASH, 16384, struct esc_dnat_key, struct esc_dnat, 0);
ESC_MAP(ESC_TABLE(snat), BPF_MAP_TYPE_HASH, 16384, struct esc_snat_key, struct esc_snat, 0);
ESC_MAP(ESC_TABLE(forwarders), BPF_MAP_TYPE_HASH, 4096, struct esc_mac_key, struct esc_forwarder, 0);
ESC_MAP(ESC_TABLE(flows), BPF_MAP_TYPE_HASH, ESC_FLOWS_DEFAULT, struct esc_flow_key, struct esc_flow, 0);
ESC_MAP(ESC_TABLE(rings), BPF_MAP_TYPE_ARRAY, ESC_RINGS_DEFAULT, esc_u32, struct esc_flow_key, 0);
ESC_MAP(ESC_TABLE(hands), BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS, esc_u32, struct esc_hand, 0);
ESC_MAP(drops, BPF_MAP_TYPE_PERCPU_ARRAY, ESC_MAX_PORTS *ESC_V_COUNT, esc_u32, struct esc_count, 0);
ESC_MAP(rules, BPF_MAP_TYPE_PERCPU_ARRAY, 65536, esc_u32, struct esc_count, 0);
ESC_MAP(budgets, BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS, esc_u32, struct esc_budget, 0);
ESC_MAP(ESC_TABLE(fragments), BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS *ESC_FRAGMENT_SETS, esc_u32, struct esc_fragments, 0);
ESC_MAP(ESC_TABLE(vip_fragments), BPF_MAP_TYPE_ARRAY, ESC_FRAGMENT_REGIONS *ESC_FRAGMENT_SETS, esc_u32,
        struct esc_fragments, 0);
ESC_MAP(limits, BPF_MAP_TYPE_ARRAY, ESC_MAX_PORTS, esc_u32, struct esc_limits, 0);
ESC_MAP(ESC_TABLE(scratch), BPF_MAP_TYPE_PERCPU_ARRAY, 1, esc_u32, struct esc_scratch, 0);
ESC_MAP(effects, BPF_MAP_TYPE_ARRAY, 1, esc_u32, struct esc_effect, 0);

/* The programs that others hand packets to, by enum esc_sibling; XDP programs cannot be among the others. */
ESC_MAP(siblings, BPF_MAP_TYPE_PROG_ARRAY, ESC_SIBLINGS, esc_u32, esc_u32, 0);
#if ESC_FAMILY == 4
ESC_MAP(siblings_xdp, BPF_MAP_TYPE_PROG_ARRAY, 1, esc_u32, esc_u32, 0);
#endif

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} events SEC(".maps");

/* Set before loading. */
const volatile esc_u32 esc_hz = 0;   /* jiffies a second; 0: unknown, so the coarse clock is read instead */
const volatile esc_u32 esc_test = 0; /* 1: fill `effects`, take clock, tunnel key and mark from the test */
esc_u64 esc_test_now = 0;            /* the clock under test, in milliseconds */

#define esc_lookup(map, key)        bpf_map_lookup_elem(&ESC_TABLE(map), key)
#define esc_insert(map, key, value) bpf_map_update_elem(&ESC_TABLE(map), key, value, BPF_NOEXIST)
#define esc_delete(map, key)        bpf_map_delete_elem(&ESC_TABLE(map), key)
