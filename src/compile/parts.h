/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a compilation. Private to the compiler.
 *
 * Each part reads the graph and the allocations, and appends to its own arrays of the tables; compile.c calls them in
 * order and sorts afterwards. A part fails with an error that names the resource.
 */
#pragma once
#include "compile.h"

struct compilation {
	const struct graph *graph;
	const struct alloc *alloc;
	const struct alloc_settings *settings;
	guint host;
	gboolean check; /* only whether it compiles is asked: what has no bound of its own is left out */
	struct tables *t;
	GPtrArray *nics;      /* struct nic: the ports of this host, same index as t->ports */
	GHashTable *networks; /* struct network -> itself: those that have a port here, and */
	GHashTable *near;     /* the same with their peers: those in which addresses may be asked for */
	GHashTable *blobs;    /* GBytes -> index + 1 */
	gsize blob_bytes;
	GHashTable *endpoints;     /* struct esc_endpoint_key -> id of the resource that opens it */
	GHashTable *endpoints6;    /* struct esc_endpoint_key6 -> the same */
	GHashTable *balanced;      /* "members probe", as pointers -> index of its blob + 1 */
	GHashTable *snat_ports;    /* struct public_address -> ports of one of its ranges */
	GHashTable *insides;       /* struct subnet -> struct inside in the next */
	GHashTable *inside_set;    /* struct inside -> itself: equal ones once */
	GHashTable *route_tables;  /* GBytes -> number */
	GHashTable *route_numbers; /* those in use */
	GError **error;
};

gboolean compile_fail(struct compilation *c, const struct noun *n, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Index + 1 of a blob with this content; takes the reference. 0 and error when the host has no room for it. */
guint32 compile_blob(struct compilation *c, GBytes *blob, const struct noun *n);
const struct ip_config *compile_primary(const struct nic *nic);
/* The protocols that a rule of a load balancer opens: at most two; returns how many (HA ports: none). */
guint compile_protocols(enum rule_protocol protocol, guint16 port, guint8 out[2]);

gboolean compile_ports(struct compilation *c);     /* port.c: ports, policies, rules */
gboolean compile_addresses(struct compilation *c); /* address.c: addrs, macs, peers */
gboolean compile_routes(struct compilation *c);    /* route.c */
gboolean compile_nat(struct compilation *c);       /* nat.c: dnat, snat */
gboolean compile_endpoints(struct compilation *c); /* endpoint.c */
gboolean compile_probes(struct compilation *c);    /* probe.c, after the ports */
void compile_judge(struct compilation *c);         /* judge.c, after all others */

/* How a configuration reaches the Internet: nat.c tells. */
struct outbound {
	enum outbound_kind { OUTBOUND_NONE, OUTBOUND_OWN, OUTBOUND_SHARED, OUTBOUND_HOST } kind;
	const struct public_address *address; /* OWN, SHARED */
	guint32 public;                       /* host order */
	guint16 first, count;                 /* ports; count 0: all, kept */
};
struct outbound compile_outbound(const struct compilation *c, const struct ip_config *config);

#define MAGLEV_SIZE     65521u /* a prime; the largest that the blob's 16 bits can name */
#define MAGLEV_BACKENDS 655u   /* more, and a back end's share would move by more than 1 % of itself */
/* Fills `table` (of `size` entries, a prime) with indices of `count` back ends, by identities that are stable and
 * unique. */
void maglev_fill(guint16 *table, guint size, const char *const *identities, guint count);
