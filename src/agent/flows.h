/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"op":"flows"}: entries of the flow table, told with the state of their pair.
 *
 * "match" may name "instance" (label of the port), "protocol" (number), "source", "destination" (addresses), "sourcePort",
 * "destinationPort", and "anyPort": either of the two. What is not named matches all. An entry matches by its tuple as packets
 * arrive with it.
 */
#pragma once
#include "abi/maps.h"
#include "lib/node.h"

#define FLOWS_TOLD 20000u

struct agent;
struct node *flows_tell(struct agent *a, const struct node *match);
/* The data path's clock now, and for how many milliseconds an entry has been idle. */
guint32 flows_now(const struct agent *a);
guint32 flows_idle_ms(const struct agent *a, const struct esc_flow *f, guint32 now);
