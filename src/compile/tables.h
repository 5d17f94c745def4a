/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables: everything that one host's data path and agent need, as plain arrays.
 *
 * Concept. Tables are the contract between compiler and agent: keys and values of abi/maps.h, sorted by
 * key, ready to be compared with what a map holds. Two things in them are not final, since only the host knows
 * them: interface indices (0 here) and the place of a blob in the blobs map (tables name it by its index in `blobs`,
 * plus one, in every `slot` field; 0: none). Everything else goes into the maps as it is.
 *
 * Tables are plain data: no pointers into the graph, equal graphs give equal bytes, and tables_hash names the
 * content. The serialized form is for one fleet of one version: it starts with a magic and version,
 * and the reader checks every count and size before use, since the store is not trusted either.
 */
#pragma once
#include "compile/alloc.h"
#include "compile/live.h"
#include "abi/maps6.h"

/* What people call a port, and what the lab needs to build it. */
struct table_port {
	guint32 number;
	struct esc_port port;   /* ifindex 0 */
	struct esc_port6 port6; /* addr_count 0: it has no IPv6 */
	guint32 blob;           /* policy: index in blobs + 1; 0: none, so nothing passes */
	guint64 judge; /* hash of all that judges this port's flows (policy, endpoints, addresses, outbound): when it
	                  differs, the generation does */
	char *id;      /* NIC id */
	char *label;   /* instance name for people: graph_vm_label, plus "/nicname" for further NICs */
	char *vm;      /* VM id */
	guint8 prefix_length; /* of its subnet: for the guest's own configuration */
	guint32 gateway;      /* .1 of its subnet, host order */
};

struct table_rule {
	guint32 number; /* index in the `rules` counters */
	char *name;     /* "group/rule" */
	char *id;       /* resource id of the group, or of the rule */
	char *file;     /* may be empty */
	guint32 line;
	guint32 priority;
	guint8 allow, direction;
	guint8 log_version; /* of its group's flow log: 1 or 2; 0: nothing is written */
	guint16 log_days;   /* how long that is kept; 0: while there is room */
};

/* What the host's prober asks of one member of a pool. */
struct table_probe {
	guint32 port;      /* number */
	guint8 index;      /* of the port's address */
	guint8 protocol;   /* enum probe_protocol */
	guint16 service;   /* TCP port, host order */
	guint32 interval;  /* seconds */
	guint32 threshold; /* answers alike in a row that change what is believed */
	char *id, *nic;    /* of the probe, of the member; lower case */
	char *path;        /* empty: of a TCP probe */
};

struct table_addr {
	struct esc_addr_key key;
	struct esc_addr value;
};
struct table_route {
	struct esc_route_key key;
	struct esc_route value;
};
struct table_mac {
	struct esc_mac_key key;
	guint32 value;
};
struct table_peer {
	guint32 key;
	guint32 value;
};
struct table_forwarder {
	struct esc_mac_key key;
	struct esc_forwarder value;
};
struct table_endpoint {
	struct esc_endpoint_key key;
	struct esc_endpoint value;
};
struct table_dnat {
	struct esc_dnat_key key;
	struct esc_dnat value;
};
struct table_snat {
	struct esc_snat_key key;
	struct esc_snat value;
};

/* The same for IPv6. */
struct table_addr6 {
	struct esc_addr_key6 key;
	struct esc_addr value;
};
struct table_route6 {
	struct esc_route_key6 key;
	struct esc_route6 value;
};
struct table_forwarder6 {
	struct esc_mac_key key;
	struct esc_forwarder6 value;
};
struct table_endpoint6 {
	struct esc_endpoint_key6 key;
	struct esc_endpoint value;
};
struct table_dnat6 {
	struct esc_dnat_key6 key;
	struct esc_dnat6 value;
};
struct table_snat6 {
	struct esc_snat_key6 key;
	struct esc_snat6 value;
};

struct tables {
	guint host;           /* index of the host */
	guint hosts;          /* of the fleet */
	struct esc_host self; /* fabric, hash_seed, ring_size, overlay_mtu; the rest is the agent's to fill */
	guint32 host_public;  /* host order, for people */
	guint64 revision;     /* of the store that it was compiled from; not part of the hash */
	enum live_flows live; /* what becomes of flows when these take the place of others; not part of the hash */
	GPtrArray *ports;     /* struct table_port, by number */
	GPtrArray *rules;     /* struct table_rule, by number */
	GPtrArray *probes;    /* struct table_probe, by port and id */
	GPtrArray *blobs;     /* GBytes: multiples of sizeof(struct esc_block); equal content appears once */
	GArray *addrs, *routes, *macs, *peers, *endpoints, *dnat, *snat; /* sorted by key bytes */
	GArray *addrs6, *routes6, *endpoints6, *dnat6, *snat6;           /* likewise */
	GArray *forwarders, *forwarders6;                                /* likewise */
};

struct tables *tables_new(void);
void tables_free(struct tables *t);
typedef struct tables tables;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(tables, tables_free)
GBytes *tables_serialize(const struct tables *t);
struct tables *tables_parse(GBytes *bytes, GError **error);
char *tables_hash(const struct tables *t); /* hex SHA-256 of the content without `revision`; caller frees */
