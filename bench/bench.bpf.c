/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * What the programs are measured beside. `vary` writes fresh headers into the packet that TEST_RUN hands out again and
 * jumps to one of the others, or to a program of the data path: so all of them see the same packets.
 *   nothing   the harness, vary, and the jump
 *   minimal   parses, looks one key up in a map like `flows`, counts in the entry, rewrites the MACs
 *   inserter  puts the two entries of a first packet into `flows` itself, as plainly as that can be done
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>
#include "abi/maps.h"

#define BE16(x) ((esc_u16)__builtin_bswap16(x))

struct header {
	esc_u32 daddr;
	esc_u16 dport, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * ESC_RINGS_DEFAULT + 1);
	__type(key, struct esc_flow_key);
	__type(value, struct esc_flow);
} flows SEC(".maps"), beside SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, esc_u32);
	__type(value, struct header);
} headers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, esc_u32);
	__type(value, esc_u32);
} programs SEC(".maps");

/* Set between runs. */
esc_u32 which = 0;      /* of `programs` */
esc_u32 flow_mask = 0;  /* established packets: flows to choose from, less one */
esc_u32 first_mask = 0; /* first packets: headers to choose from, less one */
esc_u32 counter = 0;    /* first packets so far: no two have the same source port */
esc_u32 random = 1;
esc_u32 daddr = 0; /* network order; the first of the destinations of established packets */

static __always_inline esc_u32 next_random(void)
{
	random = random * 1664525u + 1013904223u;
	return random >> 8;
}

static __always_inline void *headers_of(struct __sk_buff *skb)
{
	void *data = (void *)(unsigned long)skb->data;

	return data + sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct tcphdr) >
	                       (void *)(unsigned long)skb->data_end
	               ? NULL
	               : data;
}

static __always_inline void set_sum(struct iphdr *ip)
{
	esc_u16 *w = (void *)ip;
	esc_u32 sum = 0;

	ip->check = 0;
	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~(sum + (sum >> 16));
}

/* Flow n of an established packet: 65,536 source ports towards each destination. */
SEC("tc")
int vary(struct __sk_buff *skb)
{
	void *data = headers_of(skb);
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct tcphdr *tcp = data + sizeof(struct ethhdr) + sizeof(struct iphdr);
	esc_u32 n = next_random() & flow_mask;

	if (!data)
		return TC_ACT_SHOT;
	ip->daddr = daddr + (n >> 16 << 24);
	tcp->source = n;
	set_sum(ip);
	bpf_tail_call(skb, &programs, which);
	return TC_ACT_SHOT;
}

SEC("tc")
int vary_first(struct __sk_buff *skb)
{
	void *data = headers_of(skb);
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct tcphdr *tcp = data + sizeof(struct ethhdr) + sizeof(struct iphdr);
	esc_u32 index = next_random() & first_mask;
	struct header *h = bpf_map_lookup_elem(&headers, &index);

	if (!data || !h)
		return TC_ACT_SHOT;
	ip->daddr = h->daddr;
	tcp->dest = h->dport;
	tcp->source = counter++;
	set_sum(ip);
	bpf_tail_call(skb, &programs, which);
	return TC_ACT_SHOT;
}

SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return TC_ACT_REDIRECT;
}

static __always_inline int parse(struct __sk_buff *skb, struct esc_flow_key *key)
{
	struct ethhdr *eth = headers_of(skb);
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);

	if (!eth || eth->h_proto != BE16(ETH_P_IP) || ip->ihl != 5 || ip->protocol != 6)
		return -1;
	key->saddr = ip->saddr;
	key->daddr = ip->daddr;
	key->sport = tcp->source;
	key->dport = tcp->dest;
	key->proto = ip->protocol;
	key->dir = ESC_FLOW_FROM;
	key->port = skb->ingress_ifindex - 100;
	return 0;
}

SEC("tc")
int minimal(struct __sk_buff *skb)
{
	struct esc_flow_key key = {};
	struct esc_flow *e;
	struct ethhdr *eth;

	if (parse(skb, &key))
		return TC_ACT_SHOT;
	e = bpf_map_lookup_elem(&beside, &key);
	eth = headers_of(skb);
	if (!e || !eth)
		return TC_ACT_SHOT;
	__builtin_memcpy(eth->h_dest, e->dmac, 6);
	__builtin_memcpy(eth->h_source, e->dmac, 6);
	return TC_ACT_REDIRECT;
}

SEC("tc")
int inserter(struct __sk_buff *skb)
{
	struct esc_flow_key key = {}, back = {};
	struct esc_flow e = {};

	if (parse(skb, &key))
		return TC_ACT_SHOT;
	back = (struct esc_flow_key){.saddr = key.daddr,
	                             .daddr = key.saddr,
	                             .sport = key.dport,
	                             .dport = key.sport,
	                             .proto = key.proto,
	                             .dir = ESC_FLOW_PUBLIC,
	                             .port = key.port};
	if (bpf_map_update_elem(&flows, &back, &e, BPF_NOEXIST) || bpf_map_update_elem(&flows, &key, &e, BPF_NOEXIST))
		return TC_ACT_SHOT;
	return TC_ACT_REDIRECT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
