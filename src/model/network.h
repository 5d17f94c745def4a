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
	        {p "privateEndpoints", NOT_MODELLED, WHY_ENDPOINTS},                                                   \
	        {p "routeTable", NOT_MODELLED,                                                                         \
	         "user-defined routes are not modelled: traffic takes the system routes"},                             \
	        {p "natGateway", NOT_MODELLED, "NAT gateways are not modelled: another address is used outbound"},     \
	        {p "serviceEndpoints", NOT_MODELLED, "service endpoints are not modelled"},                            \
	        {p "serviceEndpointPolicies", NOT_MODELLED, "service endpoints are not modelled"},                     \
	        {p "delegations", NOT_MODELLED, "delegation to a service is not modelled"},                            \
	        {p "privateEndpointNetworkPolicies", NOT_MODELLED, WHY_ENDPOINTS},                                     \
	        {p "privateLinkServiceNetworkPolicies", NOT_MODELLED, WHY_ENDPOINTS},                                  \
	        {p "applicationGatewayIpConfigurations", NOT_MODELLED, "application gateways are not modelled"},       \
	{                                                                                                              \
		p "defaultOutboundAccess", NOT_MODELLED_OFF, "machines of the subnet keep a default outbound address"  \
	}

/* space.c */
void space_add(GArray *space, const GArray *prefixes, const GArray *prefixes6);
char *space_text(struct prefix6 p); /* as its family writes it; caller frees */
gboolean space_contains(const GArray *space, struct prefix6 p);
/* TRUE when a prefix of one overlaps one of the other; *of_a and *of_b say which. Sorts both. */
gboolean space_overlap(GArray *a, GArray *b, struct prefix6 *of_a, struct prefix6 *of_b);
gint space_compare(gconstpointer a, gconstpointer b); /* of any two that overlap, the larger comes first */

void network_declare(struct build *b, const struct document *d);
void network_link(struct build *b, struct network *n);
void network_check(struct build *b, struct network *n);
void network_free(struct network *n);

void subnet_declare(struct build *b, const struct document *d);
void subnet_add(struct network *n, const struct spot *s, const char *id);
void subnet_link(struct build *b, struct subnet *s);
void subnets_check(struct build *b, const struct network *n); /* inside their network, and apart */
void subnet_free(struct subnet *s);

void public_address_declare(struct build *b, const struct document *d);
void public_address_check(struct build *b, struct public_address *p);
void public_address_free(struct public_address *p);
/* FALSE and an error at the place that asks for it when the address has a holder already. */
gboolean public_address_is_free(const struct public_address *p, const struct spot *s, const char *dotted);

/* address.c: declared private addresses */
void address_check_inside(const struct spot *s, const char *dotted, const struct subnet *subnet, guint32 address);
void address_check_inside6(const struct spot *s, const char *dotted, const struct subnet *subnet, struct ip6 address);
void address_check(struct build *b); /* of the whole graph: nobody's address is another's */

void nic_declare(struct build *b, const struct document *d);
void nic_link(struct build *b, struct nic *n);
void nic_free(struct nic *n);
/* ip_config.c */
void ip_config_add(struct nic *n, const struct spot *s, const char *id);
void ip_config_link(struct build *b, struct ip_config *c);
void ip_config_free(struct ip_config *c);
