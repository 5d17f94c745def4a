/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace: what happens to one packet and to its answer, stage by stage, in the documents' words.
 *
 * Concept. Nothing here decides anything: a fleet of native pipelines carries the packet (fleet.h), and what they asked of their
 * tables and were answered is put into words: which port, which flow, which rule of which list and the line that declares
 * it, which route, endpoint and back end, how addresses were translated and where it went. So a trace cannot say
 * something that the code does not do.
 *
 * The answer is one JSON value with stable names:
 *   from, to         "label" ("internet"; null: an address that is nobody's own), "address", "host"
 *   protocol, source_port, port
 *   delivered        the first packet arrived;  answered: the answer did, too
 *   forward, reply   "verdict", "help", "delivered", "at" (as from), "hops"; reply is null when nobody got the packet
 *   advice           what to do about a drop; null
 * A hop has "host", "entry" (port, overlay, uplink), "source", "source_port", "destination", "destination_port" as the packet came,
 * and "stages", each with "stage" and what trace_stage.c says of it.
 */
#pragma once
#include "explain/fleet.h"
#include "lib/node.h"

struct trace_request {
	guint host;
	guint32 port; /* number there; 0: from outside */
	struct fleet_tuple tuple;
	guint to_host; /* to_port 0: whoever it reaches */
	guint32 to_port;
	gboolean to_outside;
};
/* The caller owns the result. */
struct node *trace_run(struct fleet *f, const struct trace_request *r);

/* trace_stage.c: the stages of one hop, in order. */
struct node *trace_stages(const struct fleet *f, const struct fleet_hop *h);
/* Somebody by his port; number 0: outside, or an address that is nobody's own. */
struct node *trace_end(const struct fleet *f, guint host, guint32 port, gboolean outside, guint32 address);
const struct table_rule *trace_rule(const struct fleet *f, const struct fleet_hop *h,
                                    guint i); /* of end.rules; or NULL */
/* trace_advice.c: what to do about the drop at the end of this trip; NULL: nothing to say. Caller frees. */
char *trace_advice(const struct fleet *f, const struct fleet_trip *t);
