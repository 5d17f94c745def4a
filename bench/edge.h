/* SPDX-License-Identifier: Dual BSD/GPL */
/* What the edge's benchmark shares with the programs beside it. */
#pragma once
#include "abi/maps.h"

#define EDGE_VIP    0xc6120001u /* 198.18.0.1, and on from there */
#define EDGE_CLIENT 0x08080001u /* each has 65,536 flows */
#define EDGE_FABRIC 0xac1ff001u
#define EDGE_FLOWS  524288
#define EDGE_VIPS   100000

enum edge_program { EDGE_NOTHING, EDGE_UNDO, EDGE_MINIMAL, EDGE_OURS, EDGE_PROGRAMS }; /* behind vary */

struct edge_tuple {
	esc_u32 saddr, daddr;
	esc_u16 sport, dport;
};
