/* SPDX-License-Identifier: Dual BSD/GPL */
/* What the traffic generator's programs and their loader share. */
#pragma once
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#define VM_CPUS       256   /* counters; a power of two */
#define VM_FLOWS      64    /* source ports of generated packets */
#define VM_PORT_FIRST 20000 /* the first of them */
#define VM_PORT_SINK  5202

struct vm_count {
	unsigned long long packets, pad[7]; /* a cache line for each processor */
};

struct vm_headers {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));
