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
#include "explain/table.h"
#include "abi/event.h"
#include "abi/verdict.h"

struct native;
/* Interface index of port n is 100 + n, of the uplink 2, of the overlay 3, of the prober 4: assigned here, as an agent would. Copies
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

/* Every packet of a port goes the long way, also where bpf/stage/express.h has a short one. The same has to come of it. */
void native_long_way(struct native *n, gboolean always);
struct esc_effect native_from_port(struct native *n, guint32 port, struct native_packet *p);
struct esc_effect native_from_overlay(struct native *n, struct native_packet *p);
struct esc_effect native_from_prober(struct native *n, struct native_packet *p);
struct esc_effect native_edge(struct native *n,
                              struct native_packet *p); /* the skb build, consuming a mark if there is one */
struct esc_effect native_edge_xdp(struct native *n,
                                  struct native_packet *p); /* the XDP build: drop, or pass with a mark */

/*
 * What the stages did, for who wants to tell it: each look-up and insertion of theirs, in order. This is where the code
 * itself says what it asked and what it got, so nobody has to decide it a second time.
 */
#define NATIVE_VALUE_MAX 64
struct native_step {
	const char *table; /* as in bpf/maps.h */
	gboolean insert;   /* else a look-up */
	gboolean found;    /* or inserted */
	guint8 key[TABLE_KEY_MAX];
	guint8 value[NATIVE_VALUE_MAX]; /* as much of it as fits; zero when not found */
};
/* From now on appends to `steps` (of struct native_step), which stays the caller's; NULL: no longer. */
void native_watch(struct native *n, GArray *steps);
/* How the last packet ended: what the exit was told, beyond its effect. */
struct native_end {
	struct esc_flow_key key; /* as the packet arrived; of an ICMP error that of its flow */
	gboolean judged;         /* a policy was asked: */
	guint32 rules[4];        /* first and second list outbound, first and second inbound; 0: none decided */
};
struct native_end native_end(const struct native *n);

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
/* Of an entry and its partner (NULL: missing), whoever holds them, seen so long ago: what the stages think of the pair. */
enum native_life { NATIVE_DEAD, NATIVE_CLOSED, NATIVE_ALIVE };
enum native_life native_life(const struct esc_flow_key *key, const struct esc_flow *flow, guint32 idle_ms,
                             const struct esc_flow *partner, guint32 partner_idle_ms);
void native_partner(const struct esc_flow_key *key, const struct esc_flow *flow, struct esc_flow_key *partner);
void native_partner6(const struct esc_flow_key6 *key, const struct esc_flow6 *flow, struct esc_flow_key6 *partner);
/* A conversation that comes with a port from another host: a verdict. */
int native_import(struct native *n, const struct esc_moved *m);
int native_import6(struct native *n, const struct esc_moved6 *m);
guint native_flow_count(const struct native *n);
gboolean native_flow(const struct native *n, const struct esc_flow_key *key, struct esc_flow *flow);
gboolean native_flow6(const struct native *n, const struct esc_flow_key6 *key, struct esc_flow6 *flow);
guint32 native_port_behind(guint32 ifindex);                /* the port whose interface this is */
const struct esc_host *native_host(const struct native *n); /* with the MACs that a frame from the uplink needs */

/* The table behind a map of bpf/maps.h, by its name there; NULL: no such map. For tests that compare or copy it. */
struct table *native_table(struct native *n, const char *name);
