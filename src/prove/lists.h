/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordered rules, read the way a person reads them: from the top, the first that matches decides.
 *
 * The oracle's half of the distributed firewall. A list belongs to a security group and a direction; the tags in it
 * mean something only for the subnet of the port that is judged, which is why the subnet is an argument.
 */
#pragma once
#include "prove/address.h"

/* What a rule is asked about: addresses and ports as they are at the judged port. */
struct tuple {
	struct ip6 source, destination;
	guint16 source_port, destination_port; /* 0 for ICMP */
	guint8 protocol;                       /* ICMP of either family is PROTO_ICMP */
};

/* Whose eyes: application security groups mean something only inside one network, and tags seen from one subnet. */
struct list_view {
	const struct subnet *subnet;
	const struct alloc *alloc;
	const struct alloc_settings *settings;
};

/* The rule of this group and direction that decides; NULL (which means deny) when none matches. */
const struct rule *list_decide(const struct security_group *group, enum direction direction, const struct list_view *v,
                               const struct tuple *t);
/*
 * The rules of this list, in order, that match the addresses and the protocol of `t`, whatever its ports; for a protocol
 * without ports: those that match it. The caller unrefs.
 */
GPtrArray *list_candidates(const struct security_group *group, enum direction direction, const struct list_view *v,
                           const struct tuple *t);
gboolean list_source_port(const struct rule *r, guint16 port); /* the rule's source ports include it */
