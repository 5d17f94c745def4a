/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of what documents declare: which machines run, and which endpoints are open.
 *
 * Concept. Documents say what exists. Whether a machine runs is another wish, with other authors and another pace: who
 * deploys a template again does not start what somebody stopped. So it is a record of its own beside the documents,
 *   {"machines": {ID: "stopped" | "deallocated" | "repairing"}, "endpoints": {ID: "disabled"}},
 * ids in lower case; who is not in it runs, or is open. Whoever builds a graph of stored documents lays the record over
 * it at once; from there on everybody reads it off the graph.
 */
#pragma once
#include "model/graph.h"

#define LIFE_MACHINES  "machines"
#define LIFE_ENDPOINTS "endpoints"
#define LIFE_DISABLED  "disabled"

const char *vm_state_name(enum vm_state state);

/* Lays the record (NULL: an empty one) over a graph as it was built. What it says of things that are not there, or in
 * words that are not known, counts for nothing. */
void graph_life(struct graph *g, const struct node *life);
/* The part of the record that is about this graph, as a new record. */
struct node *life_settle(const struct graph *g, const struct node *life);

/* A rule of a load balancer, or one of its ports that leads to one machine: one of the two. */
struct endpoint {
	struct load_balancer *lb;
	struct lb_rule *rule;
	struct nat_rule *port;
	struct noun *noun;
	gboolean *disabled;
};
/* What either of them opens. */
struct opening {
	const struct frontend *frontend;
	enum rule_protocol protocol;
	guint16 port, local_port;
	const struct pool *pool;        /* of a rule; may be NULL, as may */
	const struct ip_config *target; /* of a port */
};
struct opening endpoint_opening(const struct endpoint *e);
/* All of them, struct endpoint, in order of their load balancers. Caller unrefs. */
GArray *graph_endpoints(const struct graph *g);
/*
 * One by the name that a person uses: "rule", "balancer/rule", "group/balancer/rule" or
 * "subscription/group/balancer/rule", ignoring case. FALSE and error when none or several match.
 */
gboolean graph_find_endpoint(const struct graph *g, const char *name, struct endpoint *out, GError **error);
