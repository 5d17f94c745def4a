/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent's parts share: one host's state, as this process knows it.
 *
 *   agent.c    start, the store, acknowledgements
 *   apply.c    from the tables in force to new ones
 *   ports.c    devices and programs of ports
 *   maps.c     the plain maps, by difference
 *   recover.c  what a predecessor left in the kernel
 *   move*.c    ports that move to another host, or come from one: move.h
 *   flows.c    the flow table read;  rulebook.c  which rules judge a tuple
 *   flowlog*.c flow logs;  metrics*.c  metrics;  counters.c  the data path's counters
 *   events.c   from the ring buffer;  control.c  run/agent-K/agent.sock
 */
#pragma once
#include "agent/blobs.h"
#include "agent/objects.h"
#include "agent/sync.h"
#include "agent/tcx.h"
#include "compile/tables.h"
#include "lab/rtnl.h"
#include "store/store.h"

/* The hash and LPM maps, in the order of the steps. */
enum agent_map {
	MAP_MACS,
	MAP_ADDRS,
	MAP_ROUTES,
	MAP_PEERS,
	MAP_ENDPOINTS,
	MAP_DNAT,
	MAP_SNAT,
	MAP_ADDRS6,
	MAP_ROUTES6,
	MAP_ENDPOINTS6,
	MAP_DNAT6,
	MAP_SNAT6,
	MAP_FORWARDERS,
	MAP_FORWARDERS6,
	MAP_COUNT
};

/* A port as it is plugged; NULL in the agent's array: there is none of that number. */
struct agent_port {
	char *request; /* JSON of what the lab was asked for: equal text, equal device */
	char *vm;
	guint ifindex; /* 0: not plugged in this process's life yet */
	guint64 judge; /* what judged it when its generation was given; 0: not known */
	enum tcx_kind kind;
};

struct agent {
	const char *lab;
	guint host;
	char *lab_socket;
	char *kept_file, *next_file; /* for a successor: the tables in force, and those that were to take their place */
	struct objects *objects;
	struct rtnl *rtnl;
	struct blobs blobs;
	struct sync syncs[MAP_COUNT];
	struct esc_host held_host;
	struct esc_port held_ports[ESC_MAX_PORTS]; /* as in the map */
	struct esc_port6 held_ports6[ESC_MAX_PORTS];
	struct agent_port *ports[ESC_MAX_PORTS];
	guint32 generation; /* the last one given, to a port or as a bound */
	guint8 uplink_mac[6], nexthop_mac[6];
	guint uplink_ifindex, overlay_ifindex, prober_ifindex;
	enum tcx_kind uplink_kind, overlay_kind, prober_kind;
	struct tables *tables; /* in force; never NULL after the start */
	struct tables *resume; /* what a predecessor did not come to an end with; else NULL */
	char *hash;            /* of them; NULL: nothing was applied yet */
	guint64 calls;         /* map-writing system calls of the last change */
	guint64 blocks_copied;
	gint64 applied_us; /* how long it took */
	gint64 live_at;    /* when the last flip was done, in µs of real time */
	struct events *events;
	struct flowlog *flowlog;
	struct metrics *metrics;
	struct rulebook *rulebook; /* made when first asked; rulebook.h */
	struct importer *importer; /* made when a move is announced; NULL: none was */
	struct move *move;         /* what the change at work takes along; NULL: nothing. move.h */
};

/* Where a port's word is, as one value. */
guint64 agent_word(guint32 slot, guint32 generation);

/* apply.c: makes `t` the tables in force and owns it, or leaves the old ones in force and frees it. */
gboolean agent_apply(struct agent *a, struct tables *t, GError **error);

/* ports.c */
char *ports_request(const struct agent *a, const struct tables *t, const struct table_port *p); /* caller frees */
const struct table_port *ports_find(const struct tables *t, guint number);
gboolean ports_attach_wires(struct agent *a, GError **error);
/* Is every device of the tables in force there, with its program? */
gboolean ports_intact(struct agent *a);
/* Those of `t` whose number is free (added), or all that are not as they should be. */
gboolean ports_plug(struct agent *a, const struct tables *t, gboolean added_only, GError **error);
/* Closes and unplugs whatever `t` does not have. */
gboolean ports_drop_stale(struct agent *a, const struct tables *t, GError **error);
/* Last: devices up. */
gboolean ports_open(struct agent *a, const struct tables *t, GError **error);
void agent_port_free(struct agent_port *p);

/* maps.c */
void maps_init(struct agent *a);
/* Records of a table, ready for its map; endpoints come with their real slots. */
struct map_records {
	const void *records;
	guint count;
};
void maps_records(const struct tables *t, const GArray *endpoints, const GArray *endpoints6,
                  struct map_records out[MAP_COUNT]);
gboolean maps_write_host(struct agent *a, const struct tables *t, GError **error);
gboolean maps_write_port(struct agent *a, guint number, const struct esc_port *port, const struct esc_port6 *port6,
                         GError **error);
void maps_forget_counters(struct agent *a, guint number);
void maps_forget_flows(struct agent *a, const gboolean gone[ESC_MAX_PORTS]);
void maps_forget_rules(struct agent *a, const struct tables *before, const struct tables *after);

/* recover.c: reads back what is in force. FALSE: it makes no sense, so nothing of it can be kept. */
gboolean recover(struct agent *a, GError **error);

/* events.c */
struct events *events_new(struct agent *a, GError **error);
void events_free(struct events *e);
guint64 events_heard(const struct events *e, guint port); /* since the start */
void events_read(struct events *e);                       /* what is there already, now */
/* control.c */
struct lines_server *agent_control_new(struct agent *a, GError **error);
