/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host behind the native pipeline, as its two compilations of the stages see it: native.c is IPv4 and whatever both
 * families share, native6.c is IPv6. Private to them.
 */
#pragma once
#include "explain/native.h"
#include "explain/table.h"

#define NATIVE_FLOWS (262144 + 1)

struct native {
	/* named as in bpf/maps.h, since the stages name them so */
	struct table host, ifaces, ports, port_word, port_past, blobs, macs, addrs, routes, peers, endpoints, dnat,
	        snat;
	struct table flows, rings, hands, drops, rules, budgets, scratch, effects;
	struct table ports6, addrs6, routes6, endpoints6, dnat6, snat6, flows6, rings6, hands6, scratch6;
	guint64 now; /* milliseconds */
	guint64 events;
	struct esc_event last_event;
	guint32 generation;  /* last one given */
	GArray *known_addrs; /* of the tables in force, struct table_addr sorted by key */
};

extern __thread struct native *native_self;

/* A slot as tables have it (index + 1) becomes a block number; 0 where there is no such blob. */
guint32 native_slot(const GArray *starts, guint32 slot);

/* native6.c: its part of a host's life, called by native.c's. `starts`: where the blobs are. */
void native6_init(struct native *n);
void native6_clear(struct native *n);
void native6_init_static(struct native *n);
void native6_clear_static(struct native *n);
void native6_load(struct native *n, const struct tables *t, const GArray *starts);

/* The programs that those of native.c hand IPv6 packets on to. `native_self` is set. */
void native6_from_port(struct native_packet *packet, guint32 ifindex);
void native6_from_overlay(struct native_packet *packet, guint32 ifindex);
void native6_edge(struct native_packet *packet, guint32 ifindex);
int native6_edge_xdp(struct native_packet *packet, struct esc_backend *to); /* the verdict */
