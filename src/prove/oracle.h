/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle: who may reach whom, computed the slow and obvious way.
 *
 * Concept. Rules scanned in order, straight from the graph, one packet at a time; no table, no class, no cache.
 * It shares no code with compile/ beyond the allocations, so that a mistake there cannot be repeated here. It
 * answers for the first packet of a flow; it is the twin that every test and `escarp probe` hold the data path to.
 */
#pragma once
#include "abi/verdict.h"
#include "prove/address.h"

struct oracle_packet {
	const struct nic *from; /* the port that sends; NULL: the Internet */
	struct ip6 source;      /* from a port: one of its own addresses, or a spoofed one */
	struct ip6 destination; /* private, or public; of the source's family */
	guint8 protocol;        /* 6, 17, 1 (echo request, of either family) */
	guint16 source_port, destination_port;
};

struct oracle_answer {
	enum esc_verdict verdict; /* FORWARD, or the reason */
	const struct nic *to;   /* the port that receives it, or at which it ended; NULL: the Internet, or nobody. Of a
	                          set of possible back  ends: the first */
	GPtrArray *candidates;  /* struct ip_config: all back ends that the balancer may choose; NULL where there is no
	                          choice */
	struct ip6 seen_source; /* what the receiver sees; :: where it depends on the port allocation */
	struct ip6 seen_destination;
	guint16 seen_destination_port;
	gboolean passes_on; /* `to` is an appliance on the way: it is asked to send the packet on */
	const struct rule
	        *rules[4]; /* that decided: source's outbound first, second list; destination's inbound first, second */
};
/* Frees nothing of the graph; call oracle_clear on the answer. `pick`: the back end to judge as chosen (NULL: the
 * first). A public destination reached from a port is followed to the end: outbound rules, translation, then inbound at
 * the other side. */
struct oracle_answer oracle_judge(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                  const struct oracle_packet *p, const struct ip_config *pick);
/* The same with every appliance on the way sending on what it gets, by the port that got it: the last answer. A packet that
 * goes round in a circle ends as ROUTE_LOOP. */
struct oracle_answer oracle_follow(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                   const struct oracle_packet *p, const struct ip_config *pick);
/* The next step alone, as if every rule allowed. */
struct oracle_answer oracle_route(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                  const struct oracle_packet *p);
/* The same for a packet from the Internet to a public address that the caller has at hand. */
struct oracle_answer oracle_enter(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                                  const struct oracle_packet *p, const struct public_address *address,
                                  const struct ip_config *pick);
/* An address that nobody outside has: private, loopback, link-local, shared, multicast, reserved. */
gboolean oracle_is_bogon(struct ip6 address);
void oracle_clear(struct oracle_answer *a);
