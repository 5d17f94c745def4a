/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in blobs as abi/maps.h says, written again from that text alone: a mistake of the builder cannot be
 * repeated here. */
#pragma once
#include "abi/maps.h"
#include "lib/ip6.h"

struct header {
	guint32 source, destination;
	guint16 source_port, destination_port;
	guint8 protocol;
	gboolean v6; /* the addresses are these: */
	struct ip6 source6, destination6;
};

struct decision {
	gboolean allow;
	guint32 rules[2];
};

/* Aborts the test when an offset leaves the blob. */
struct decision blob_decide(GBytes *policy, guint direction, const struct header *h);
