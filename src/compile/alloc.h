/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations: the numbers that the documents leave open, chosen once and then kept.
 *
 * Concept. A port needs a host, a number there and a MAC; a network a VNI; a rule a counter; a dynamic address a value.
 * These choices must survive every later compilation, or flows and counters would change their meaning. So they
 * are a document of their own (one JSON object in the store, beside the truth) and alloc_assign is a pure function: old
 * allocations and a graph in, new allocations out. What still exists keeps its number; what is new gets the
 * lowest free one, in order of id; what is gone is released. MACs are not given twice (not before four thousand million
 * others): by them the data path tells a port that comes back from another one with its address.
 */
#pragma once
#include "model/graph.h"
#include "abi/maps.h"

struct alloc_settings {
	guint hosts;                 /* number of hosts in the fleet, at least 1 */
	struct prefix public_pool;   /* default GRAPH_PUBLIC_POOL */
	struct prefix6 public_pool6; /* default GRAPH_PUBLIC_POOL6 */
	struct prefix fabric;        /* default 172.31.240.0/24: host k (from 0) has address .(k + 1) */
	guint32 platform;            /* platform address: 169.254.169.253 */
	struct ip6 platform6;        /* of IPv6, the gateway of every subnet as well: fe80::1234:5678:9abc */
	guint bogons;                /* 1 << enum esc_bogon: groups of abi/bogon.def besides ALWAYS; default 0 */
	guint ports_per_host;        /* at most ESC_MAX_PORTS - 1, default 255; fewer ports may own more flows each */
	/* Of each port, by kind: ARP 100 a second with a burst of 200, DHCP 10 and 20, DNS 1000 and 2000, errors 100 and 200. */
	struct esc_rate rates[ESC_LIMITS];
	GHashTable *taps; /* set of VM ids in lower case that get a tap device; may be NULL */
	gint64 now;       /* seconds of real time; 0: there is no clock, and what is given back is free at once */
	const struct health *health; /* what probes have found (health.h); not part of any allocation; may be NULL */
};
void alloc_settings_init(struct alloc_settings *s);

struct alloc_port {
	guint host;    /* index */
	guint number;  /* on that host, from 1 */
	guint8 mac[6]; /* 02:e5:.. locally administered, unique in the fleet */
};

struct alloc; /* opaque: id (lower case) -> what was allocated */
struct alloc *alloc_new(void);
void alloc_free(struct alloc *a);
typedef struct alloc alloc;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(alloc, alloc_free)
struct node *alloc_to_node(const struct alloc *a);
struct alloc *alloc_from_node(const struct node *n, GError **error);

/* NULL and error when something does not fit (a subnet or the public pool is full, too many ports, a declared address
 * is taken): names the resource. */
struct alloc *alloc_assign(const struct alloc *old, const struct graph *g, const struct alloc_settings *s,
                           GError **error);

/* How long nobody gets an address that was given back: alloc_release.c. */
#define ALLOC_REST_SECONDS 60
/*
 * Public addresses that were given back in the last weeks and are not their owners' again: by age, the newest first. `owner` is
 * the id of the public address in lower case. All is the allocations'; the caller frees the array.
 */
struct alloc_past {
	const char *address, *owner;
	gint64 at; /* seconds of real time */
};
GArray *alloc_past(const struct alloc *a); /* struct alloc_past */
/* Who has this public address now: the key of a noun; NULL: nobody. */
const char *alloc_public_holder(const struct alloc *a, const char *address);

/* The changes to allocations that people ask for, on those that the next assignment starts from. */
/* Gives q the address of p, which goes, unless q has one already: TRUE when it did. */
gboolean alloc_hand_over(struct alloc *a, const struct public_address *p, const struct public_address *q);
/* Exchanges the addresses that two public addresses have. */
void alloc_exchange(struct alloc *a, const struct public_address *p, const struct public_address *q);
/* Gives the ports of a machine that has some free places on another host. */
void alloc_move(struct alloc *a, const struct vm *vm, guint host);

/* Look-ups; the noun must be of the graph that was assigned. */
/* NULL: of no VM, or of one that does not run */
const struct alloc_port *alloc_port(const struct alloc *a, const struct nic *nic);
const struct alloc_port *alloc_place(const struct alloc *a, const struct nic *nic); /* also of one that is stopped */
guint32 alloc_vni(const struct alloc *a, const struct network *n);
guint32 alloc_private(const struct alloc *a, const struct ip_config *c); /* host order */
guint32 alloc_public(const struct alloc *a,
                     const struct public_address *p); /* host order; 0: IPv6, or dynamic and unattached */
const struct ip6 *alloc_private6(const struct alloc *a, const struct ip_config *c); /* NULL: an IPv4 one */
const struct ip6 *alloc_public6(const struct alloc *a,
                                const struct public_address *p); /* NULL: IPv4, or dynamic and unattached */
guint32 alloc_host_public(const struct alloc *a, guint host);    /* default outbound address of a host */
guint32 alloc_rule(const struct alloc *a, const struct rule *r); /* rule number, from 1 */
/* Of the access rule with this order; `owner` is whose list it is: nat_rule_access_owner, or the balancing rule. */
guint32 alloc_access(const struct alloc *a, const struct noun *owner, guint order);
guint32 alloc_fabric(const struct alloc_settings *s, guint host);
/*
 * Source ports: every user of a public address has a slot there, slot s being the ports from ESC_SNAT_FIRST + s * n on,
 * n = alloc_snat_share of the number of users: alloc_snat.c tells who they are. Slots are kept when others come and go. On a host's default address the slot of a port is its number - 1, n goes
 * by the largest number there.
 */
#define ALLOC_NO_SLOT      G_MAXUINT
#define ALLOC_SNAT_MEMBERS 1000 /* behind one front end; more is an error of alloc_assign */
guint alloc_snat_ports(guint members);
guint alloc_snat_slot(const struct alloc *a, const struct public_address *p, const struct ip_config *c);
/* Ports of each member behind this address: what an outbound rule declares, or by the number of members. */
guint alloc_snat_share(const struct public_address *p, guint members);
/* By which of its addresses the configuration leaves; NULL: it has no IPv4 address. */
const struct public_address *alloc_snat_gateway(const struct nat_gateway *g, const struct ip_config *c);
/* Who shares the address: struct ip_config in order of id. Caller unrefs. */
GPtrArray *alloc_snat_members(const struct public_address *p);
guint alloc_ports_top(const struct alloc *a, guint host); /* largest port number of a host; 0: no port */
