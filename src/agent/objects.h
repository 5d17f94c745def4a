/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF objects of a host and the maps that they share, kept alive by pins.
 *
 * Every map is pinned under its name in the host's bpffs directory, so a restarted agent finds flows, policies and
 * counters where they were. The programs are loaded anew each time (they may be newer than the last ones) over those
 * maps, and replace the attached ones link by link. Maps of another shape than this build's are not usable: then
 * everything of the host is begun again, which the caller must do with all devices down.
 */
#pragma once
#include "abi/maps6.h"
#include <glib.h>

/* MiB that policies and tables of back ends may take on this host, of two revisions together; the environment's to say.
 * Another size than that of the maps in force makes them stale. */
#define OBJECTS_POLICY_MIB "ESCARP_POLICY_MIB"

struct port_bpf;
struct edge_bpf;
struct port6_bpf;
struct edge6_bpf;

struct objects {
	char *pins; /* directory */
	struct port_bpf *port;
	struct edge_bpf *edge;
	struct port6_bpf *port6; /* the same programs for IPv6, reached through `siblings` of the others */
	struct edge6_bpf *edge6;
	gboolean fresh; /* the maps are new: nothing is in force */
	guint32 hz;     /* of the data path's clock; 0: unknown, so it reads the coarse one */
	/* Maps. */
	int host, ifaces, ports, port_word, port_past, blobs, macs, addrs, routes, peers, endpoints, dnat, snat,
	        forwarders, flows, drops, rules, events;
	int ports6, addrs6, routes6, endpoints6, dnat6, snat6, forwarders6, flows6;
	/* Programs. */
	int from_port, from_overlay, from_prober, edge_tc, edge_xdp;
	guint64 *words;             /* port_word, mapped: number -> word */
	struct esc_port_past *past; /* port_past, mapped */
	struct esc_block *blocks;
	guint32 block_count;
};

/* Are there pinned maps that this build cannot use? */
gboolean objects_stale(const char *pins);
/* Removes every pin of the host. */
void objects_discard(const char *pins);
/* Loads both objects over the pinned maps, or new ones. */
struct objects *objects_open(const char *pins, GError **error);
void objects_free(struct objects *o);
/* For an object that is loaded later and never attached: it gets the maps that are pinned, others are its own. */
struct bpf_object;
gboolean objects_share(const struct objects *o, struct bpf_object *object, GError **error);
gboolean objects_loaded(int e, const char *what, GError **error); /* what a skeleton's load said, as an error */
guint objects_capacity(int map);
/* "links/NAME" below the pins; caller frees. */
char *objects_link_pin(const struct objects *o, const char *device);
