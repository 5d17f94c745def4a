/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leads out of a virtual network: gateways, the networks beyond them, connections and circuits.
 *
 * Concept. A *gateway* stands in its network's GatewaySubnet. A *local gateway* describes a network elsewhere: the address
 * of its device and the prefixes behind it. A *connection* joins a gateway with a local gateway (IPsec), with another
 * gateway (Vnet2Vnet, declared once from each side) or with a *circuit* (ExpressRoute). All of it is recorded: no tunnel
 * is built, and no route leads into one.
 *
 * Shared keys, RADIUS secrets and certificates stay in the documents; a noun knows at most that there is one. Spaces are
 * lists of struct prefix6, the IPv4 ones mapped.
 */
#pragma once
#include "model/graph.h"

enum gateway_type { GATEWAY_VPN, GATEWAY_EXPRESS_ROUTE, GATEWAY_LOCAL };

/* A BGP speaker: a gateway itself, or the one beyond it. */
struct bgp_speaker {
	guint asn; /* 0: none is told */
	gboolean has_address, v6;
	guint32 address;
	struct ip6 address6;
	guint weight;
};

struct gateway_config {
	struct noun noun;
	struct gateway *gateway;
	struct subnet *subnet;                 /* always a GatewaySubnet */
	struct public_address *public_address; /* may be NULL */
	GArray *bgp_addresses;                 /* guint32: custom ones, link-local */
};

/* Translation of addresses in tunnels. */
struct gateway_nat_rule {
	struct noun noun;
	struct gateway *gateway;
	gboolean dynamic, ingress;
	GArray *internal, *external; /* struct prefix6 */
};

enum { VPN_IKEV2 = 1, VPN_SSTP = 2, VPN_OPENVPN = 4 };     /* protocols of clients */
enum { VPN_CERTIFICATE = 1, VPN_RADIUS = 2, VPN_AAD = 4 }; /* how clients prove who they are */
enum { IPSEC_ENCRYPTION, IPSEC_INTEGRITY, IKE_ENCRYPTION, IKE_INTEGRITY, DH_GROUP, PFS_GROUP, IPSEC_CHOICES };
struct ipsec_policy {
	const char *choices[IPSEC_CHOICES]; /* names of algorithms as documents write them: static */
	guint seconds, kilobytes;           /* lifetime of an association */
};

/* Machines that dial in one by one. */
struct vpn_clients {
	GArray *pool; /* struct prefix6: where their addresses are from */
	guint protocols, authentications;
	guint root_certificates, revoked_certificates; /* counts */
	GArray *policies;                              /* struct ipsec_policy */
};

struct gateway {
	struct noun noun;
	enum gateway_type type;
	gboolean policy_based;
	char *sku; /* as the table writes it; NULL: none is told */
	gboolean active_active, bgp;
	struct network *network; /* NULL without configurations */
	GPtrArray *configs;      /* struct gateway_config */
	struct bgp_speaker speaker;
	struct vpn_clients *clients;        /* NULL: none may dial in */
	GArray *custom_routes;              /* struct prefix6: told to clients as well */
	struct local_gateway *default_site; /* where traffic without another route is forced to, or NULL */
	GPtrArray *nat_rules;               /* struct gateway_nat_rule */
	GPtrArray *connections;             /* struct gateway_connection of which it is the first gateway */
};

struct local_gateway {
	struct noun noun;
	guint32 address; /* of the device; 0: by name, or not known here */
	char *fqdn;
	GArray *space; /* struct prefix6 */
	struct bgp_speaker speaker;
	GPtrArray *connections; /* struct gateway_connection that lead to it */
};

enum connection_type { CONNECTION_IPSEC, CONNECTION_NETWORKS, CONNECTION_EXPRESS_ROUTE, CONNECTION_CLIENT };

struct traffic_selector {
	GArray *local, *remote; /* struct prefix6 */
};

struct gateway_connection {
	struct noun noun;
	enum connection_type type;
	struct gateway *gateway;
	struct gateway *peer; /* of CONNECTION_NETWORKS; NULL: no document declares it; its id is there then */
	char *peer_id;        /* of that or of the circuit */
	struct gateway_connection *reverse; /* of CONNECTION_NETWORKS: the other side's, or NULL */
	struct local_gateway *site;         /* of CONNECTION_IPSEC */
	struct circuit *circuit;            /* of CONNECTION_EXPRESS_ROUTE, as peer */
	gboolean ikev1, bgp, policy_selectors, has_key;
	guint weight, dpd_seconds;           /* 0: the usual ones */
	GArray *policies;                    /* struct ipsec_policy */
	GPtrArray *selectors;                /* struct traffic_selector */
	GPtrArray *ingress_nat, *egress_nat; /* struct gateway_nat_rule */
};

enum circuit_peering_type { PEERING_PRIVATE, PEERING_PUBLIC, PEERING_MICROSOFT, PEERING_TYPES };

struct circuit_peering {
	struct noun noun;
	struct circuit *circuit;
	enum circuit_peering_type type;
	guint peer_asn, vlan;
	gboolean has4, has6;
	struct prefix links[2];   /* primary, secondary: /30 each */
	struct prefix6 links6[2]; /* /126 each */
	GArray *advertised;       /* struct prefix6: of the Microsoft peering */
	gboolean disabled;
};

struct circuit_authorization {
	struct noun noun;
	struct circuit *circuit;
};

enum circuit_tier { CIRCUIT_STANDARD, CIRCUIT_PREMIUM, CIRCUIT_BASIC, CIRCUIT_LOCAL };

struct circuit {
	struct noun noun;
	enum circuit_tier tier;
	gboolean unlimited;        /* the family UnlimitedData */
	char *provider, *location; /* NULL: by a port of one's own */
	char *port_id;
	guint megabits;
	GPtrArray *peerings;       /* struct circuit_peering: one of each type at most */
	GPtrArray *authorizations; /* struct circuit_authorization */
	GPtrArray *connections;    /* struct gateway_connection */
};
