/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small documents, and what must become of packets in them, derived by hand from what the original publishes and from
 * nothing else: not from the oracle, which has to agree like the two pipelines do.
 */
#pragma once
#include "abi/verdict.h"
#include "../unit/compile/kit.h"

#define FIXTURE_ROWS 24

/* One packet, the first of its kind. */
struct fixture_row {
	const char *from;   /* a NIC; "internet"; "platform": as a health probe, asked of the rules alone */
	const char *source; /* NULL: the NIC's own address, or one outside */
	const char *to;     /* a NIC's private address, "public:NAME", or an address */
	guint8 protocol;
	guint16 port;
	enum esc_verdict verdict;
	const char *receiver; /* NIC that gets it; NULL: the uplink, or nobody */
};

struct fixture {
	const char *name;
	const char *published; /* the statement that it follows from */
	void (*documents)(struct kit *k);
	struct fixture_row rows[FIXTURE_ROWS]; /* ended by from NULL */
};
extern const struct fixture fixtures[]; /* ended by name NULL */
