/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet in memory: every host's pipeline, and the wires between them.
 *
 * Concept. A packet starts at a port or outside and is carried from host to host as its effects say: into a port, through the
 * overlay to the host that the tunnel names, or out of the uplink; what is addressed to a public address in use comes in
 * again at the first host's edge, as the lab's Internet sends it. Each host that it passes is one *hop*, kept with all that the
 * stages did there. The pipelines remember flows, so a reply that is carried afterwards finds the conversation open.
 */
#pragma once
#include "explain/native.h"

struct fleet;
/* The tables of each host, in order; borrowed while the fleet lives. */
struct fleet *fleet_new(const GPtrArray *by_host, struct prefix public_pool);
void fleet_free(struct fleet *f);
typedef struct fleet fleet;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(fleet, fleet_free)
const struct tables *fleet_tables(const struct fleet *f, guint host); /* NULL beyond the last */
/* A table of a host's pipeline, by the name of its map. */
const struct table *fleet_table(const struct fleet *f, guint host, const char *name);

/* Addresses and ports in host order. ICMP: an echo; source_port is its identifier. */
struct fleet_tuple {
	guint32 source, destination;
	guint16 source_port, destination_port;
	guint8 protocol;
};

enum fleet_entry { FLEET_PORT, FLEET_OVERLAY, FLEET_UPLINK };

struct fleet_hop {
	enum fleet_entry entry;
	guint host;
	guint32 port;                     /* FLEET_PORT: number */
	guint from;                       /* FLEET_OVERLAY: the host that sent it */
	guint32 vni;                      /* FLEET_OVERLAY */
	struct fleet_tuple before, after; /* as it came, and as it left */
	GArray *steps;                    /* struct native_step */
	struct native_end end;
	struct esc_effect effect;
};

#define FLEET_FRAME 128
struct fleet_trip {
	GPtrArray *hops; /* struct fleet_hop */
	gboolean delivered;
	gboolean outside;            /* delivered to the Internet; else: */
	guint host;                  /* where it ended */
	guint32 port;                /* number there */
	gboolean endless;            /* it went round; no host dropped it */
	struct native_packet packet; /* as it arrived */
	guint8 frame[FLEET_FRAME];
};
void fleet_trip_free(struct fleet_trip *t);
typedef struct fleet_trip fleet_trip;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(fleet_trip, fleet_trip_free)

/* The first packet of a flow from a port, or from outside (port 0). */
struct fleet_trip *fleet_open(struct fleet *f, guint host, guint32 port, const struct fleet_tuple *t);
/* The answer of whoever got the packet of `there`. */
struct fleet_trip *fleet_answer(struct fleet *f, const struct fleet_trip *there);
