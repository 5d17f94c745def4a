/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a packet goes and which networks lie within reach, the slow and obvious way: every route is looked at, the
 * longest prefix wins, and of one prefix the user's.
 *
 * The oracle's half of route tables and peerings; it shares nothing with compile/.
 */
#pragma once
#include "prove/address.h"

enum road_kind { ROAD_NETWORK, ROAD_APPLIANCE, ROAD_INTERNET, ROAD_GATEWAY, ROAD_NOWHERE };

struct road {
	enum road_kind kind;
	const struct network
	        *network; /* NETWORK: where the address lives; APPLIANCE: where the next hop does, or NULL */
	const struct peering *peering; /* the own half, when that is a peer; NULL: the own network */
	struct ip6 via;                /* APPLIANCE: the next hop */
	gboolean user;                 /* somebody's own route */
};

/* For packets that leave a port of the subnet. */
struct road road_of(const struct subnet *s, struct ip6 address);
/* The network in which an address lives, seen from the subnet: its own, or a peer; NULL: neither. */
const struct network *road_home(const struct subnet *s, struct ip6 address, const struct peering **peering);
/* Where a talk between the subnet and the road's end may cross: `ours` and `theirs` are its two addresses. */
gboolean road_crosses(const struct subnet *s, const struct road *r, struct ip6 ours, struct ip6 theirs);
/* The tag VirtualNetwork, but for the platform address. */
gboolean road_inside(const struct subnet *s, struct ip6 address);
