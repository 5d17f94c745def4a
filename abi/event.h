/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * Events: what the data path tells the agent, one fixed record per drop, through a ring buffer.
 * Rate-limited per port in the data path (invariant 6), so a flood from one port cannot push out
 * another port's events; the counters stay exact.
 */
#pragma once
#include "maps6.h"

#define ESC_EVENTS_PER_SECOND 64 /* of one port */

struct esc_event {
	esc_u64 jiffies;
	esc_u32 verdict;
	esc_u32 port;
	struct esc_ip6 saddr, daddr; /* zero where the packet has none; IPv4: the first word, the others zero */
	esc_u16 sport, dport;        /* network order */
	esc_u8 proto;
	esc_u8 dir;    /* enum esc_flow_dir */
	esc_u8 family; /* 4, 6 */
	esc_u8 pad;
	esc_u32 rule[2];
};
ESC_ASSERT_SIZE(struct esc_event, 64);
