/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is open to the Internet: the oracle, asked about everything.
 *
 * Concept. Rules name finitely many addresses and ports, so the Internet falls into finitely many intervals of sources,
 * and a public address into intervals of ports, within which every packet meets the same fate. One packet
 * of each is judged; neighbours that fare alike are joined. The answer is complete, not a sample.
 */
#pragma once
#include "prove/oracle.h"

struct address_range {
	struct ip6 first, last; /* inclusive, of one family */
};

struct exposure {
	const struct public_address *address;
	const struct ip_config *to; /* who receives; NULL with `too_many` */
	guint8 protocol;            /* 6, 17, 1; that is ICMP of the address's family */
	guint16 first, last;        /* public ports; 0 and 0 for ICMP */
	guint16 private_port;       /* 0: the same as the public one */
	gboolean anyone;            /* every source that can come from outside */
	gboolean too_many; /* more intervals than are asked about: what the list says of this address is not all */
	GArray *sources;   /* struct address_range, ascending; sources that cannot exist are not told apart */
};

#define EXPOSURE_MAX_QUESTIONS 400000u /* about one address */

/* struct exposure, in order of public address, protocol and port. Freed with the array; borrows from the graph. */
GPtrArray *exposure_list(const struct graph *g, const struct alloc *a, const struct alloc_settings *s);
