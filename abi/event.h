/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * Events: what the data path tells the agent, one fixed record per drop, through a ring buffer.
 * Rate-limited per port in the data path (invariant 6), so a flood from one port cannot push out
 * another port's events; the counters stay exact.
 */
#pragma once
#include "maps.h"

#define ESC_EVENTS_PER_SECOND 64 /* of one port */

struct esc_event {
	esc_u64 jiffies;
	esc_u32 verdict;
	esc_u32 port;
	esc_u32 saddr, daddr; /* network order; zero where the packet has none */
	esc_u16 sport, dport; /* network order */
	esc_u8 proto;
	esc_u8 dir; /* enum esc_flow_dir */
	esc_u16 pad;
	esc_u32 rule[2];
};
ESC_ASSERT_SIZE(struct esc_event, 40);
