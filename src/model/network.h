/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks and what lies in them: what the files of these nouns share, and what the passes and the registry call.
 * Private to src/model.
 *
 * A *space* is a list of prefixes of both families as struct prefix6, the IPv4 ones as IPv6 maps them: one order and
 * one arithmetic for both. No document's IPv6 prefix can lie among the mapped ones; reading refuses it.
 */
#pragma once
#include "model/build.h"

#define KNOWN_SUBNET(p)                                                                                                \
	{p "addressPrefix", ENFORCED}, {p "addressPrefixes", ENFORCED}, {p "networkSecurityGroup", ENFORCED},          \
	        {p "provisioningState", IRRELEVANT}, {p "ipConfigurations", IRRELEVANT},                               \
	        {p "ipConfigurationProfiles", IRRELEVANT}, {p "purpose", IRRELEVANT},                                  \
	        {p "resourceNavigationLinks", IRRELEVANT}, {p "serviceAssociationLinks", IRRELEVANT},                  \
	        {p "privateEndpoints", IRRELEVANT}, {p "applicationGatewayIPConfigurations", IRRELEVANT},              \
	        {p "interfaceEndpoints", IRRELEVANT}, {p "routeTable", ENFORCED}, {p "natGateway", ENFORCED},          \
	        {p "serviceEndpoints", RECORDED, "service endpoints have no data plane yet: they change no route"},    \
	        {p "serviceEndpointPolicies", RECORDED, "service endpoints have no data plane yet"},                   \
	        {p "delegations", RECORDED, "no service comes into the subnet that is given to it"},                   \
	        {p "privateEndpointNetworkPolicies", RECORDED, WHY_ENDPOINTS, "Disabled"},                             \
	        {p "privateLinkServiceNetworkPolicies", RECORDED, WHY_ENDPOINTS, "Enabled"},                           \
	        {p "defaultOutboundAccess", ENFORCED},                                                                 \
	        {p "sharingScope", NOT_MODELLED, "sharing a subnet with other subscriptions is not modelled"},         \
	        {p "ipAllocations", NOT_MODELLED, WHY_IPAM}, {p "ipamPoolPrefixAllocations", NOT_MODELLED, WHY_IPAM},  \
	{                                                                                                              \
		p "serviceGateway", NOT_MODELLED, "service gateways are not modelled"                                  \
	}
#define WHY_IPAM    "address management is not modelled: write the prefix"
#define WHY_TRANSIT "gateways have no data plane yet"
#define KNOWN_PEERING(p)                                                                                               \
	{p "remoteVirtualNetwork", ENFORCED}, {p "allowVirtualNetworkAccess", ENFORCED},                               \
	        {p "allowForwardedTraffic", ENFORCED}, {p "allowGatewayTransit", RECORDED, WHY_TRANSIT},               \
	        {p "useRemoteGateways", RECORDED, WHY_TRANSIT}, {p "peerCompleteVnets", ENFORCED},                     \
	        {p "enableOnlyIPv6Peering", ENFORCED}, {p "localSubnetNames", ENFORCED},                               \
	        {p "remoteSubnetNames", ENFORCED}, {p "remoteAddressSpace", RECORDED_PART},                            \
	        {p "remoteVirtualNetworkAddressSpace", RECORDED_PART}, {p "localAddressSpace", IRRELEVANT},            \
	        {p "localVirtualNetworkAddressSpace", IRRELEVANT}, {p "remoteBgpCommunities", IRRELEVANT},             \
	        {p "remoteVirtualNetworkEncryption", IRRELEVANT}, {p "peeringState", IRRELEVANT},                      \
	        {p "peeringSyncLevel", IRRELEVANT}, {p "provisioningState", IRRELEVANT},                               \
	        {p "resourceGuid", IRRELEVANT},                                                                        \
	{                                                                                                              \
		p "doNotVerifyRemoteGateways", IRRELEVANT                                                              \
	}
#define KNOWN_ROUTE(p)                                                                                                 \
	{p "addressPrefix", ENFORCED}, {p "nextHopType", ENFORCED}, {p "nextHopIpAddress", ENFORCED},                  \
	        {p "nextHop.nextHopIpAddresses", RECORDED_PART}, {p "hasBgpOverride", IRRELEVANT},                     \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}

#define NETWORK_SUBNETS 3000 /* of one network */

/* space.c */
/* Appends the prefixes of a list, of either family and any length: of networks that are not the lab's. */
void space_read_one(const struct spot *s, const char *dotted, GArray *space); /* of one, which must be there */
void space_read(const struct spot *s, const char *dotted, GArray *space);
void space_add(GArray *space, const GArray *prefixes, const GArray *prefixes6);
char *space_text(struct prefix6 p); /* as its family writes it; caller frees */
/* Puts it in order, and leaves out what lies inside another; the next two want that of theirs. */
void space_tidy(GArray *space);
gboolean space_contains(const GArray *space, struct prefix6 p);
/* TRUE when a prefix of one overlaps one of the other; *of_a and *of_b say which. */
gboolean space_overlap(const GArray *a, const GArray *b, struct prefix6 *of_a, struct prefix6 *of_b);
gint space_compare(gconstpointer a, gconstpointer b); /* of any two that overlap, the larger comes first */

void network_declare(struct build *b, const struct document *d);
void network_link(struct build *b, struct network *n);
void network_check(struct build *b, struct network *n);
void network_free(struct network *n);

void peering_declare(struct build *b, const struct document *d);
void peering_add(gpointer network, const struct spot *s, const char *id);
void peering_link(struct build *b, struct peering *p);
void peering_match(struct peering *p); /* after all are linked: finds the other half */
void peerings_check(struct build *b, const struct network *n);
void peering_free(struct peering *p);

void route_table_declare(struct build *b, const struct document *d);
void route_declare(struct build *b, const struct document *d);
gboolean route_table_has_default(const struct route_table *t); /* a route for all addresses of a family */
void route_table_check(struct build *b, struct route_table *t);
void route_table_free(struct route_table *t);

void nat_gateway_declare(struct build *b, const struct document *d);
void nat_gateway_link(struct build *b, struct nat_gateway *g);
void nat_gateway_check(struct build *b, struct nat_gateway *g);
void nat_gateway_free(struct nat_gateway *g);

void public_prefix_declare(struct build *b, const struct document *d);
guint public_prefix_size(const struct public_prefix *p); /* addresses; at most 65536 are told */
void public_prefix_check(struct build *b, struct public_prefix *p);
void public_prefix_free(struct public_prefix *p);

void ddos_plan_declare(struct build *b, const struct document *d);
/* The plan named at `dotted`, also of another subscription: then it may be NULL with its id in *id, which is owned. */
struct ddos_plan *ddos_plan_follow(const struct spot *s, const char *dotted, char **id);
void ddos_plan_free(struct ddos_plan *p);

extern const struct known route_table_known[], route_known[], nat_gateway_known[], public_prefix_known[],
        ddos_plan_known[], peering_known[];

void subnet_declare(struct build *b, const struct document *d);
void subnet_add(gpointer network, const struct spot *s, const char *id);
void subnet_link(struct build *b, struct subnet *s);
void subnets_check(struct build *b, const struct network *n); /* inside their network, and apart */
/* special_subnet.c: those whose name makes them a service's own */
void special_subnet_check(struct build *b, const struct subnet *s);
void subnet_free(struct subnet *s);

void public_address_declare(struct build *b, const struct document *d);
/* From a document, or from a place inside a machine or a scale set; `fallback` is its SKU when it says none. */
struct public_address *public_address_new(const struct spot *s, const char *id, enum sku fallback);
void public_address_link(struct build *b, struct public_address *p);
void public_address_check(struct build *b, struct public_address *p);
void public_labels_check(struct build *b); /* of the whole graph: names are taken once */
void public_address_free(struct public_address *p);
/* FALSE and an error at the place that asks for it when the address has a holder already. */
gboolean public_address_is_free(const struct public_address *p, const struct spot *s, const char *dotted);

/* address.c: declared private addresses */
void address_check_inside(const struct spot *s, const char *dotted, const struct subnet *subnet, guint32 address);
void address_check_inside6(const struct spot *s, const char *dotted, const struct subnet *subnet, struct ip6 address);
void address_check(struct build *b); /* of the whole graph: nobody's address is another's */

void nic_declare(struct build *b, const struct document *d);
/* From a document, or from a place inside a machine or a scale set that has the same shape. */
struct nic *nic_new(const struct spot *s, const char *id, gboolean inside);
void nic_link(struct build *b, struct nic *n);
void nic_free(struct nic *n);
/* ip_config.c */
void ip_config_add(struct nic *n, const struct spot *s, const char *id);
void ip_config_link(struct build *b, struct ip_config *c);
void ip_config_free(struct ip_config *c);
