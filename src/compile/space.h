/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies inside, seen from one subnet: its own network and the peers of it, of both families.
 *
 * A peering carries something when both networks declare it. One between some subnets only is seen from the subnets
 * that both halves name, and shows the remote subnets that both halves name. It is never passed on: what a peer is
 * peered with is not looked at.
 */
#pragma once
#include "model/graph.h"

struct peer_space {
	const struct peering *peering; /* the half of the subnet's own network */
	GArray *prefixes, *prefixes6;  /* struct prefix, struct prefix6: of the remote network */
};
/* Those of all peers, in the order of the peerings. The caller unrefs. */
GPtrArray *space_peers(const struct subnet *subnet);

/* What the tag VirtualNetwork has besides the platform address: each prefix once, in order. */
struct inside {
	GArray *prefixes, *prefixes6; /* struct prefix, struct prefix6 */
};
struct inside *inside_new(const struct subnet *subnet);
void inside_free(struct inside *i);
guint inside_hash(gconstpointer inside);
gboolean inside_equal(gconstpointer a, gconstpointer b);
