/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph: what the documents mean, typed, linked and validated.
 *
 * Concept. Documents name each other by resource id; the graph replaces each name by a pointer and each
 * string by its type, and refuses what cannot be meant. Building it is pure: no I/O, no clock, the same
 * documents give the same graph (lists are in order of id). Every noun remembers its document, so that any
 * later decision can be traced to the place where a person wrote it. What a document asks for and Escarp does not
 * model is listed in `unmodelled`, never dropped in silence.
 *
 * Ownership: the graph owns every noun; nouns point at each other freely and die together. The graph keeps
 * references to the documents' JSON. IPv4 addresses are host order.
 *
 * Both families stand side by side: what ends in 6 is the IPv6 twin of the list or address beside it, so whoever is about
 * IPv4 alone can leave the twins alone and meets no IPv6 configuration among the others.
 */
#pragma once
#include "lib/document.h"
#include "lib/ip.h"
#include "lib/ip6.h"

struct graph;

/* An id, its last name segment, and the document it came from (nested nouns share their parent's). */
struct noun {
	char *id;   /* full resource id, author's case */
	char *key;  /* the id in lower case: what it is found by */
	char *name; /* last segment */
	const struct document *document;
	const char *subscription, *group; /* borrowed from the document */
	const struct node *at;            /* the node that declares it: for line and column */
	char *path;                       /* JSON path inside the resource, "" for the whole, "properties.subnets[0]" */
};

enum rule_protocol {
	PROTO_ANY = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_SCTP = 132
};                                          /* no rule names SCTP */
enum direction { DIR_OUT = 0, DIR_IN = 1 }; /* the same as ESC_POLICY_OUT, ESC_POLICY_IN */

struct port_range {
	guint16 first, last; /* inclusive */
};

/* One side of a rule, before tags mean anything: they depend on the network of the port that is judged. */
enum tag {
	TAG_NONE,
	TAG_ANY,
	TAG_INTERNET,
	TAG_VIRTUAL_NETWORK,
	TAG_LOAD_BALANCER,
	TAG_OTHER /* known name, no prefixes here: matches nothing, reported */
};
struct rule_side {
	GArray *prefixes;     /* struct prefix */
	GArray *prefixes6;    /* struct prefix6 */
	GArray *tags;         /* enum tag: of both families */
	GPtrArray *tag_names; /* char *, as written, same index as tags */
	GPtrArray *groups;    /* struct app_group: matches the private addresses of its members, so nothing while it has
	                         none */
	GArray *ports;        /* struct port_range; empty never: any is 0-65535 */
};

struct rule {
	struct noun noun;
	guint priority; /* 100..4096, defaults 65000.. */
	enum direction direction;
	gboolean allow;
	enum rule_protocol protocol;
	struct rule_side source, destination;
	gboolean is_default;
	char *full_name; /* see rule_full_name */
};

/* An application security group: the configurations that say they are in it. All of one network, so that addresses are
 * unambiguous. */
struct app_group {
	struct noun noun;
	GPtrArray *configs, *configs6; /* struct ip_config */
};

struct security_group {
	struct noun noun;
	GPtrArray *rules[2]; /* struct rule by direction, in order of priority, defaults last */
};

struct network {
	struct noun noun;
	GArray *prefixes;  /* struct prefix: the address space, in order */
	GArray *prefixes6; /* struct prefix6 */
	GArray *space;     /* struct prefix6: both, the IPv4 ones as IPv6 maps them, in order and apart */
	GPtrArray *subnets;
	GPtrArray *peerings;    /* struct peering that it declares: its own half of each */
	GPtrArray *gateways;    /* struct gateway in it */
	GPtrArray *ports;       /* struct nic with a configuration in it */
	GPtrArray *dns_servers; /* char *: addresses of either family, in order of preference; empty: the platform's */
	struct ddos_plan *ddos_plan; /* NULL: none, or one that is not known here; its id is there then */
	char *ddos_plan_id;
	gboolean ddos_protection;
	char *bgp_community; /* "12076:20000", or NULL */
	guint flow_minutes;  /* idle timeout of flows, 0: the usual one */
	gboolean encrypted, drop_unencrypted;
};

/* What guards a private endpoint's traffic in a subnet. */
enum endpoint_policies { ENDPOINT_NONE, ENDPOINT_BOTH, ENDPOINT_GROUP, ENDPOINT_ROUTES };

struct subnet {
	struct noun noun;
	struct network *network;
	GArray *prefixes;             /* struct prefix */
	GArray *prefixes6;            /* struct prefix6, each a /64 */
	struct security_group *group; /* may be NULL, as are the next two */
	struct route_table *route_table;
	struct nat_gateway *nat_gateway;
	GPtrArray *configs, *configs6;  /* struct ip_config in it */
	GPtrArray *delegations;         /* char *: the services that it is given to, "Microsoft.Web/serverFarms" */
	GPtrArray *service_endpoints;   /* char *: "Microsoft.Storage" */
	GPtrArray *endpoint_policy_ids; /* char *: of serviceEndpointPolicies, which have no noun */
	gboolean no_default_outbound;   /* defaultOutboundAccess is false */
	enum endpoint_policies endpoint_policies;
	gboolean no_link_policies; /* privateLinkServiceNetworkPolicies is "Disabled" */
};

/*
 * One network's half of a peering. The two see each other only when both declare it: `reverse` is then the other half.
 * What the flags allow is what their own network grants or takes; nothing is ever passed on to a third network.
 */
struct peering {
	struct noun noun;
	struct network *network; /* whose half it is */
	struct network *remote;  /* NULL: no document declares it, as far as is known here */
	char *remote_id;
	GArray *told;            /* struct prefix6, IPv4 ones mapped: the remote space as exported; for a NULL remote */
	struct peering *reverse; /* NULL: only initiated */
	gboolean access;         /* the remote network is part of VirtualNetwork here */
	gboolean forwarded;      /* traffic that did not begin in the remote network is taken from it */
	gboolean gateway_transit; /* the remote network may use the gateways of this one */
	gboolean use_remote_gateways;
	gboolean whole; /* of the whole address spaces, not of some subnets; those are the next two */
	gboolean only6;
	GPtrArray *local_subnets, *remote_subnets; /* char *: names */
};

enum next_hop { HOP_GATEWAY, HOP_NETWORK, HOP_INTERNET, HOP_APPLIANCE, HOP_NONE };

struct route {
	struct noun noun;
	gboolean v6; /* which of the two prefixes counts */
	struct prefix prefix;
	struct prefix6 prefix6;
	char *tag; /* a service tag instead of a prefix, or NULL */
	enum next_hop hop;
	GArray *addresses; /* guint32: of the appliance, or of several that share the traffic; of the prefix's family. */
	GArray *addresses6; /* struct ip6. Both empty: no appliance, or only a real deployment knows it */
};

struct route_table {
	struct noun noun;
	GPtrArray *routes;          /* struct route, in order of id; no two for one prefix or tag */
	gboolean no_gateway_routes; /* disableBgpRoutePropagation: none of those that gateways learn */
	gboolean no_peering_routes; /* disablePeeringRoute: none to peers */
	GPtrArray *subnets;         /* struct subnet that use it */
};

struct nat_gateway {
	struct noun noun;
	gboolean v2;                     /* StandardV2: over all zones, and both families */
	GPtrArray *addresses, *prefixes; /* struct public_address, struct public_prefix: of all families */
	GPtrArray *subnets;              /* struct subnet that leave by it: all of one network */
	guint idle_minutes;
};

struct ddos_plan {
	struct noun noun;
	GPtrArray *networks; /* struct network that name it */
};

enum sku { SKU_BASIC, SKU_STANDARD, SKU_GATEWAY /* of load balancers alone */ };

/* The lab's public addresses. A declared one outside of it belongs to the real cloud and counts as none. */
#define GRAPH_PUBLIC_POOL "198.18.0.0/16"
/*
 * Those of IPv6: the block for benchmarks (RFC 5180), as the other one is of IPv4's. It is neither unique local nor for
 * documentation, so that rules and networks with such prefixes can be tried beside it.
 */
#define GRAPH_PUBLIC_POOL6 "2001:2::/48"

/* A block of public addresses that are handed out one by one. */
struct public_prefix {
	struct noun noun;
	gboolean v6, v2, global;
	guint8 length;
	GPtrArray *addresses; /* struct public_address taken from it */
	struct nat_gateway *nat_gateway;
};

/* Protection of one address, beside or instead of its network's. */
enum ddos_mode { DDOS_INHERITED, DDOS_ON, DDOS_OFF };

struct public_address {
	struct noun noun;
	enum sku sku;
	gboolean v2, global; /* of SKU_STANDARD: StandardV2; the tier "Global" */
	gboolean is_static, v6;
	guint32 address;          /* declared address, or 0: to be allocated */
	struct ip6 address6;      /* the same of an IPv6 one */
	struct ip_config *config; /* instance-level: whose; else NULL */
	struct frontend *frontend;
	struct public_prefix *prefix;    /* that it is taken from, or NULL */
	struct nat_gateway *nat_gateway; /* whose, or NULL */
	struct gateway_config *gateway_config;
	guint idle_minutes;
	char *dns_label; /* NULL: no name */
	char *reverse_name;
	GPtrArray *ip_tags; /* char *: "FirstPartyUsage=SQL" */
	enum ddos_mode ddos_mode;
	struct ddos_plan *ddos_plan; /* of its own; as a network's */
	char *ddos_plan_id;
};

struct ip_config {
	struct noun noun;
	struct nic *nic;
	struct subnet *subnet;
	gboolean primary, is_static, v6;
	guint32 address;                       /* declared private address, or 0: dynamic */
	struct ip6 address6;                   /* the same of an IPv6 one */
	struct public_address *public_address; /* may be NULL; of the same family */
	GPtrArray *pools;                      /* struct pool that it is a member of */
	GPtrArray *nat_rules;                  /* struct nat_rule that lead to it */
	GPtrArray *app_groups;                 /* struct app_group that it is in */
	struct frontend *gateway_frontend;     /* of a gateway load balancer that its traffic passes, or NULL */
};

#define NIC_PLATFORM_DNS "AzureProvidedDNS"

struct nic {
	struct noun noun;
	struct network *network;
	struct security_group *group; /* may be NULL */
	GPtrArray *configs;           /* struct ip_config, IPv4; at least one, primary first, all in one subnet */
	GPtrArray *configs6;          /* struct ip_config, IPv6; none of them primary, in the same subnet */
	/* char *: instead of the network's; empty: those; NIC_PLATFORM_DNS alone: the platform's in any case */
	GPtrArray *dns_servers;
	char *dns_label; /* name inside the network, or NULL */
	struct vm *vm;   /* NULL: not attached, so not a port of any host */
	gboolean inside; /* written inside its machine or scale set, not in a document of its own */
	gboolean ip_forwarding;
};

/*
 * What people did to a machine since it was declared: no document says it, graph_life does (model/life.h). A machine that
 * does not run is no port. A stopped one keeps its place and its addresses; a deallocated one has no place, and only the
 * addresses that are declared; one under repair has no place either, and keeps all its addresses.
 */
enum vm_state { VM_RUNNING, VM_STOPPED, VM_DEALLOCATED, VM_REPAIRING, VM_STATES };

/*
 * A machine. An instance of a scale set is one too: its id is "SET/virtualMachines/2", its name "set_2", and what it
 * consists of stands where the set declares it.
 */
struct vm {
	struct noun noun;
	GPtrArray *nics; /* struct nic, primary first */
	char *zone;      /* labels, NULL: none; the set and the group as ids in lower case */
	char *availability_set;
	char *proximity_group;
	char *scale_set_id;          /* that it is an instance of, or was put into */
	struct scale_set *scale_set; /* NULL unless that made it */
	guint instance;              /* in that set */
	enum vm_state state;
};

struct scale_set {
	struct noun noun;
	gboolean flexible; /* orchestration mode */
	guint capacity;
	GPtrArray *vms; /* struct vm that it made, in order of their number */
};

struct availability_set {
	struct noun noun;
	gboolean aligned; /* sku "Aligned": managed disks */
	guint fault_domains, update_domains;
	char *proximity_group; /* as in struct vm */
};

/* Public with an address or a block of them, or internal with a subnet: one of the three. */
struct frontend {
	struct noun noun;
	struct load_balancer *lb;
	gboolean v6;
	struct public_address *public_address;
	struct public_prefix *public_prefix;
	struct subnet *subnet;
	gboolean is_static;
	guint32 address;     /* private one that is declared, or 0: to be allocated */
	struct ip6 address6; /* the same of an IPv6 one */
	GPtrArray *zones;    /* char *: labels */
	char *gateway_id;    /* front end of the gateway load balancer that its traffic passes, or NULL */
};

enum admin_state { ADMIN_NONE, ADMIN_UP, ADMIN_DOWN, ADMIN_DRAIN };

/* A member that a pool names by its address. */
struct pool_address {
	char *name;
	struct network *network;
	struct subnet *subnet; /* may be NULL */
	gboolean v6;
	guint32 address;
	struct ip6 address6;
	enum admin_state state;
	char *frontend_id;        /* of a regional load balancer, in place of an address; or NULL */
	struct ip_config *config; /* who has the address, and is a member by it; NULL: nobody known */
};

enum tunnel_type { TUNNEL_NONE, TUNNEL_INTERNAL, TUNNEL_EXTERNAL };
enum tunnel_protocol { TUNNEL_NO_PROTOCOL, TUNNEL_NATIVE, TUNNEL_VXLAN };

/* How a gateway load balancer reaches the members of its pool. */
struct tunnel {
	enum tunnel_type type;
	enum tunnel_protocol protocol;
	guint16 port;
	guint identifier;
};

struct pool {
	struct noun noun;
	struct load_balancer *lb;
	GPtrArray *members, *members6; /* struct ip_config */
	GPtrArray *addresses;          /* struct pool_address */
	GArray *tunnels;               /* struct tunnel */
	struct network *network;       /* of its addresses, or NULL */
	guint drain_seconds;
	gboolean manual; /* syncMode */
};

enum distribution { DISTRIBUTION_TUPLE5, DISTRIBUTION_SOURCE, DISTRIBUTION_SOURCE_PROTOCOL };

enum probe_protocol { PROBE_TCP, PROBE_HTTP, PROBE_HTTPS };

struct probe {
	struct noun noun;
	enum probe_protocol protocol;
	guint16 port;
	char *request_path; /* NULL: of a TCP probe */
	guint interval;     /* seconds */
	guint count;        /* answers missing in a row until a member is down */
	guint threshold; /* in a row, until it is down, or up again; as many as `count` when the document is silent */
	gboolean up_when_all_down; /* all members count as up when none answers */
};

/* One entry of an endpoint's access controls. */
struct access_rule {
	guint order;
	gboolean permit;
	gboolean v6; /* which of the two remote subnets counts */
	struct prefix prefix;
	struct prefix6 prefix6;
	char *description; /* may be NULL */
};

/*
 * Who may use an endpoint, by remote address: the first rule that has it decides. No rules permit everybody, rules that
 * only deny leave everybody else in, and a rule that permits shuts everybody else out.
 */
struct access_control {
	GArray *rules; /* struct access_rule by order, each order once */
	gboolean permit_others;
};

struct lb_rule {
	struct noun noun;
	struct frontend *frontend;
	struct pool *pool;
	struct pool *second_pool;    /* of a gateway load balancer, or NULL */
	struct probe *probe;         /* may be NULL */
	enum rule_protocol protocol; /* TCP, UDP, or ANY (HA ports, both zero) */
	guint16 frontend_port, backend_port;
	gboolean floating, tcp_reset, no_outbound_snat, connection_tracking;
	enum distribution distribution;
	guint idle_minutes;
	struct access_control *access; /* may be NULL */
	gboolean disabled;             /* by graph_life: nothing listens; its members leave as before */
};

/* One port that leads to one configuration; in the list `pool_nat_rules`, a row of ports, one for each member of a pool. */
struct nat_rule {
	struct noun noun;
	struct frontend *frontend;
	enum rule_protocol protocol;
	guint16 frontend_port, backend_port;
	guint16 last_port; /* the same as frontend_port unless it is a row */
	gboolean row;
	struct pool *pool; /* of a row */
	gboolean floating, tcp_reset;
	guint idle_minutes;
	struct ip_config *target, *target6; /* both NULL: leads nowhere yet */
	struct access_control *access;      /* may be NULL; the pool's when that made the rule */
	struct nat_pool *made_by;           /* for an instance, or NULL */
	gboolean disabled;                  /* as a balancing rule's */
};

/* Ports of a front end in a row: each instance of a scale set that names the pool gets one. */
struct nat_pool {
	struct noun noun;
	struct load_balancer *lb;
	struct frontend *frontend;
	enum rule_protocol protocol;
	guint16 first_port, last_port, backend_port;
	gboolean floating, tcp_reset;
	guint idle_minutes;
	struct access_control *access; /* may be NULL */
	const struct node *user;       /* the configuration whose instances have its ports, or NULL */
};

/* By which addresses the members of a pool leave. */
struct outbound_rule {
	struct noun noun;
	GPtrArray *frontends; /* struct frontend, public */
	struct pool *pool;
	enum rule_protocol protocol;
	guint ports; /* of each member, 0: by the size of the pool */
	guint idle_minutes;
	gboolean tcp_reset;
};

struct load_balancer {
	struct noun noun;
	enum sku sku;
	gboolean global; /* tier */
	GPtrArray *frontends, *pools, *probes, *rules, *nat_rules, *pool_nat_rules, *nat_pools, *outbound_rules;
};

/* Something asked for and not modelled, or recorded in the graph and not enforced yet. property "": the whole resource. */
struct unmodelled {
	char *id, *property, *why;
};

/* A resource that no document declares and others refer to, so that it must exist already. */
struct assumption {
	const struct document *document; /* minimal, made up; its file is GRAPH_ASSUMED */
	char *why;                       /* the first reference: file, line, resource, path */
};
#define GRAPH_ASSUMED "(assumed)"

struct graph {
	GPtrArray *networks, *security_groups, *public_addresses, *load_balancers, *nics, *vms; /* in order of id */
	GPtrArray *scale_sets, *availability_sets;                                              /* in order of id */
	GPtrArray *app_groups;                                                 /* struct app_group, in order of id */
	GPtrArray *route_tables, *nat_gateways, *public_prefixes, *ddos_plans; /* in order of id */
	GPtrArray *gateways, *local_gateways, *connections, *circuits;         /* model/gateway.h; in order of id */
	GPtrArray *sql_servers;                                                /* model/sql.h; in order of id */
	GPtrArray *dns_zones;                                                  /* model/zone.h; in order of id */
	GPtrArray *watchers;                                                   /* model/watcher.h; in order of id */
	GPtrArray *unmodelled; /* struct unmodelled, in order of id and property, as is the next */
	GPtrArray *recorded;   /* struct unmodelled */
	GPtrArray *assumed;    /* struct assumption, in order of id; empty unless graph_assume built it */
	GPtrArray *warnings;   /* char * */
	GPtrArray *documents;  /* struct document, owned */
	GHashTable *by_id;     /* lower-case id -> struct noun * of any kind */
	GHashTable
	        *vm_names; /* lower-case name, group/name, subscription/group/name -> struct vm *, or NULL: several */
};

/*
 * Builds the graph of all documents of all subscriptions. Takes ownership of `documents` (also on failure). With
 * errors the result is NULL and `errors` (created by the caller, of char *) has one line for each problem found, as
 * many as can be found in one pass: "file:line: resource 'x' (properties.subnets[1].properties.addressPrefix): what is
 * wrong; what to do".
 */
struct graph *graph_build(GPtrArray *documents, GPtrArray *errors);
/*
 * The same where nobody can look what exists already: a whole resource that is referred to and declared nowhere (a
 * virtual network, a security group, the parent of a child) is made up, as little as the references need, and
 * listed in `assumed`. A part that a declared resource lacks stays an error, as does what cannot be guessed.
 */
struct graph *graph_assume(GPtrArray *documents, GPtrArray *errors);
void graph_free(struct graph *g);
typedef struct graph graph;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(graph, graph_free)

/* Whose the access controls of a NAT rule are: of the pool that made it, or its own. */
const struct noun *nat_rule_access_owner(const struct nat_rule *r);
/* TRUE when some remote address of the family is refused. */
gboolean access_control_can_deny(const struct access_control *a, gboolean v6);

/* The default rules (65000, 65001, 65500 of both directions) that every group ends with have ids
 * "GROUP/defaultSecurityRules/NAME". */
/* "file:line: resource 'x' (path)", as the errors of graph_build begin. Caller frees. */
char *noun_place(const struct noun *n);
const char *rule_full_name(const struct rule *r); /* "group/rule" for people; owned by the rule */
/*
 * An instance by the name a person uses: "vm", "group/vm", "subscription/group/vm" (case-insensitive). NULL and error
 * when none or several match.
 */
struct vm *graph_find_vm(const struct graph *g, const char *name, GError **error);
/* The shortest unambiguous of those names. Caller frees. */
char *graph_vm_label(const struct graph *g, const struct vm *vm);
