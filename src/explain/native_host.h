/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host behind the native pipeline, as its two compilations of the stages see it: native.c is IPv4 and whatever both
 * families share, native6.c is IPv6. Private to them.
 */
#pragma once
#include "explain/native.h"
#include "explain/table.h"
#include <string.h>

#define NATIVE_FLOWS (262144 + 1)

struct native {
	/* named as in bpf/maps.h, since the stages name them so */
	struct table host, ifaces, ports, port_word, port_past, blobs, macs, addrs, routes, peers, endpoints, dnat,
	        snat, forwarders;
	struct table flows, rings, hands, drops, rules, budgets, limits, fragments, vip_fragments, scratch, effects;
	struct table ports6, addrs6, routes6, endpoints6, dnat6, snat6, forwarders6, flows6, rings6, hands6, fragments6,
	        vip_fragments6, scratch6;
	guint64 now; /* milliseconds */
	gboolean long_way;
	guint64 events;
	struct esc_event last_event;
	guint32 generation;                 /* last one given */
	GArray *known_addrs, *known_addrs6; /* of the tables in force, sorted by key */
	GArray *steps;                      /* see native_watch */
	struct native_end end;
};

extern __thread struct native *native_self;

/* What the stages look up and insert, told to whoever watches. NULL: a table that is nobody's business. */
const char *native_name(const struct native *n, const struct table *t);

static inline void native_note(const struct table *t, gboolean insert, const void *key, const void *value)
{
	struct native_step step = {.table = native_name(native_self, t), .insert = insert, .found = value != NULL};

	if (!step.table)
		return;
	memcpy(step.key, key, t->key_size);
	if (value)
		memcpy(step.value, value, MIN(t->value_size, sizeof(step.value)));
	g_array_append_val(native_self->steps, step);
}

static inline void *native_look(const struct table *t, const void *key)
{
	void *value = table_lookup(t, key);

	if (native_self->steps)
		native_note(t, FALSE, key, value);
	return value;
}

static inline int native_insert(struct table *t, const void *key, const void *value)
{
	int failed = table_insert(t, key, value);

	if (native_self->steps)
		native_note(t, TRUE, key, failed ? NULL : value);
	return failed;
}

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
