/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native pipeline: the stage headers of bpf/stage compiled for user space over tables in memory.
 *
 * Concept. The same C that the kernel runs, with the maps replaced by hash tables and the packet by a
 * buffer. Tests hold it and the kernel build together packet by packet; trace, fuzzers and sanitizers run it.
 * One instance is one host with its flows; time is what the caller says. IPv6 packets take their own compilation of the
 * stages, as in the kernel.
 */
#pragma once
#include "compile/tables.h"
#include "abi/event.h"
#include "abi/verdict.h"

struct native;
/* Interface index of port n is 100 + n, of the uplink 2, of the overlay 3: assigned here, as an agent would. Copies
 * what it needs. */
struct native *native_new(const struct tables *t);
void native_free(struct native *n);
/* Replaces the tables as the agent does: a port whose `judge` differs gets a new generation. What becomes of live flows
 * is as the new tables say. */
void native_update(struct native *n, const struct tables *t);

struct native_packet {
	guint8 *data;              /* Ethernet frame; rewritten in place, may move (answered packets keep their size) */
	gsize length, capacity;    /* capacity >= length + 64 */
	gboolean partial_checksum; /* the L4 checksum holds only the pseudo header's sum, as a local sender leaves it */
	guint16 gso_segs, gso_size;        /* of a super-frame, else 0 */
	guint32 tunnel_vni, tunnel_remote; /* for native_from_overlay: network order remote */
	gboolean marked;                   /* set by native_edge_xdp: what XDP leaves for tc */
	struct esc_mark mark;
};

struct esc_effect native_from_port(struct native *n, guint32 port, struct native_packet *p);
struct esc_effect native_from_overlay(struct native *n, struct native_packet *p);
struct esc_effect native_edge(struct native *n,
                              struct native_packet *p); /* the skb build, consuming a mark if there is one */
struct esc_effect native_edge_xdp(struct native *n,
                                  struct native_packet *p); /* the XDP build: drop, or pass with a mark */

/* What the policy of tuple->port says to a tuple in one direction (enum direction), without a flow. FALSE: there is no
 * whole policy, so nothing passes. */
gboolean native_policy(struct native *n, const struct esc_flow_key *tuple, guint direction, gboolean *allow,
                       guint32 rules[2]);
gboolean native_policy6(struct native *n, const struct esc_flow_key6 *tuple, guint direction, gboolean *allow,
                        guint32 rules[2]);

void native_advance(struct native *n, guint64 milliseconds); /* time stands still otherwise */
guint64 native_drops(const struct native *n, guint32 port, enum esc_verdict v);
guint64 native_rule_hits(const struct native *n, guint32 rule);
guint64 native_events(const struct native *n, struct esc_event *last); /* reported so far, and the last of them */
guint native_flow_count(const struct native *n);
gboolean native_flow(const struct native *n, const struct esc_flow_key *key, struct esc_flow *flow);
gboolean native_flow6(const struct native *n, const struct esc_flow_key6 *key, struct esc_flow6 *flow);
const struct esc_host *native_host(const struct native *n); /* with the MACs that a frame from the uplink needs */

/* The table behind a map of bpf/maps.h, by its name there; NULL: no such map. For tests that compare or copy it. */
struct table;
struct table *native_table(struct native *n, const char *name);
