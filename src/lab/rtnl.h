/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices, addresses, routes and neighbours of one network namespace, over rtnetlink.
 *
 * A `struct rtnl` is a socket that stays in the namespace where it was opened, whatever the process does later. Every
 * change is idempotent: what exists already with the same name or key is brought to the wanted state, so that a
 * supervisor that was killed half-way can simply begin again.
 */
#pragma once
#include "lib/ip6.h"

struct rtnl;
struct rtnl *rtnl_open(GError **error);                       /* here */
struct rtnl *rtnl_open_in(const char *netns, GError **error); /* there */
void rtnl_close(struct rtnl *r);
typedef struct rtnl rtnl;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtnl, rtnl_close)

/* Interface index, 0 when there is no such device. */
guint rtnl_index(struct rtnl *r, const char *name);
gboolean rtnl_mac(struct rtnl *r, const char *name, guint8 mac[6], GError **error);
/* "veth", "tun", "bridge" ...; NULL: no such device, or one without a kind. Caller frees. */
char *rtnl_kind(struct rtnl *r, const char *name);
/* The alias is free text on a device; NULL: none. Caller frees. */
char *rtnl_alias(struct rtnl *r, const char *name);
gboolean rtnl_set_alias(struct rtnl *r, const char *name, const char *alias, GError **error);
gboolean rtnl_is_up(struct rtnl *r, const char *name);
/* Names of all devices; free with g_ptr_array_unref. NULL on failure. */
GPtrArray *rtnl_devices(struct rtnl *r, GError **error);

/* One end of a veth pair; mac may be NULL: the kernel chooses. */
struct rtnl_end {
	const char *name;
	const guint8 *mac;
	guint mtu;
};
/* `here` in this namespace, `there` in the one that there_fd names. */
gboolean rtnl_add_veth(struct rtnl *r, struct rtnl_end here, struct rtnl_end there, int there_fd, GError **error);
gboolean rtnl_add_bridge(struct rtnl *r, const char *name, guint mtu, GError **error);
/* A VXLAN device that takes its tunnel key from the packet's metadata and learns nothing. */
gboolean rtnl_add_vxlan(struct rtnl *r, const char *name, guint16 port, guint mtu, GError **error);
gboolean rtnl_delete(struct rtnl *r, const char *name, GError **error); /* absent: no error */
gboolean rtnl_move(struct rtnl *r, const char *name, int netns_fd, GError **error);
gboolean rtnl_set_master(struct rtnl *r, const char *name, const char *master, GError **error);
gboolean rtnl_set_up(struct rtnl *r, const char *name, gboolean up, GError **error);
gboolean rtnl_set_mac(struct rtnl *r, const char *name, const guint8 mac[6], GError **error);

/* An address of either family, or none (family 0); a whole family with its zero address and length 0. */
struct rtnl_ip {
	guint8 family, size;
	guint8 b[16]; /* as on the wire */
};
struct rtnl_ip rtnl_ip4(guint32 address); /* host order */
struct rtnl_ip rtnl_ip6(struct ip6 address);

/* An IPv6 one is in use at once: nobody else could have it. */
gboolean rtnl_address(struct rtnl *r, const char *name, struct rtnl_ip address, guint8 length, GError **error);

#define RTNL_TABLE_MAIN 254
struct rtnl_route {
	struct rtnl_ip to;
	guint8 length;         /* of the prefix `to` */
	struct rtnl_ip via;    /* none: on link */
	struct rtnl_ip source; /* preferred source address, or none */
	const char *device;
	guint32 table;  /* 0: main */
	gboolean local; /* deliver here, instead of forwarding */
};
gboolean rtnl_route(struct rtnl *r, const struct rtnl_route *route, GError **error);
/* Packets with this source look into this table. Adding it twice makes one. */
gboolean rtnl_rule(struct rtnl *r, struct rtnl_ip source, guint32 table, GError **error);
gboolean rtnl_neighbour(struct rtnl *r, const char *name, struct rtnl_ip address, const guint8 mac[6], GError **error);
