/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of a trace: the first packet of a flow, and the answer to it, with right checksums. */
#pragma once
#include "explain/fleet.h"

/* TCP: a SYN; UDP: a datagram without data; ICMP: an echo request. The packet has room for FLEET_FRAME bytes. */
void frame_open(struct native_packet *p, const struct fleet_tuple *t);
/* Turned round: SYN and ACK, a datagram back, an echo reply. */
void frame_answer(struct native_packet *p);
void frame_macs(struct native_packet *p, const guint8 to[6], const guint8 from[6]);
struct fleet_tuple frame_tuple(const struct native_packet *p);
