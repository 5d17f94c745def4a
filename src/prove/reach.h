/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may reach whom inside, exactly.
 *
 * Concept. Machines of one subnet and one security group whose addresses of one family no rule tells apart are a tier: what
 * holds for one holds for all. For two tiers the ports that are open from one to the other follow from the ordered lists of both
 * by arithmetic on sets of ports; nothing is sampled. What needs a certain source port counts as open, since whoever
 * likes to can use it.
 */
#pragma once
#include "prove/exposure.h"

struct tier {
	const struct network *network;
	const struct subnet *subnet;
	const struct security_group *group; /* of the interfaces; may be NULL */
	gboolean v6;                        /* of IPv6: what a machine reaches by it is another matter than by IPv4 */
	GPtrArray *members;                 /* struct ip_config of ports, in order of id */
};

/* From every member of one tier to every (other) member of the other, or to the Internet. */
struct passage {
	const struct tier *from, *to; /* to NULL: the Internet */
	guint8 protocol;              /* 6, 17, 1 */
	GArray *ports;                /* as in ports.h, never empty; all for ICMP */
	GArray *addresses;            /* struct address_range to the Internet when not all of it; else NULL */
};

struct reach {
	GPtrArray *tiers;    /* struct tier, in order of network, subnet, family and first member */
	GPtrArray *passages; /* struct passage, in order of from, to (the Internet last) and protocol */
	gboolean truncated;  /* rules too many to look through: there may be more */
};

gboolean passage_same_addresses(const struct passage *a, const struct passage *b);
struct reach *reach_make(const struct graph *g, const struct alloc *a, const struct alloc_settings *s);
void reach_free(struct reach *r);
typedef struct reach reach;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(reach, reach_free)
