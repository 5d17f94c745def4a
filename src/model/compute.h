/* SPDX-License-Identifier: Apache-2.0 */
/* Machines, scale sets and availability sets: what their files share, and what the passes call. Private to src/model. */
#pragma once
#include "model/build.h"

void availability_set_declare(struct build *b, const struct document *d);
void availability_set_free(struct availability_set *a);

void vm_declare(struct build *b, const struct document *d);
void vm_link(struct build *b, struct vm *v);
void vm_check(struct build *b, struct vm *v);
void vm_free(struct vm *v);
void vm_index_names(struct graph *g);
struct vm *vm_new(const struct spot *s, const char *id);
/* Adds the interface to the machine: primary first, the others as written. `s` says whether it is the primary one. */
void vm_add_nic(struct vm *v, struct nic *n, const struct spot *s, gboolean *have_primary);
/* The label that the object at `dotted` names by its id, in lower case; NULL: none. Caller frees. */
char *vm_label_id(const struct spot *s, const char *dotted);

void scale_set_declare(struct build *b, const struct document *d);
void scale_set_link(struct build *b, struct scale_set *x);
void scale_set_free(struct scale_set *x);

/* profile.c: interfaces written inside a machine or a scale set, in the list at `list` */
#define KNOWN_PROFILE(p)                                                                                               \
	{p "[].name", ENFORCED}, {p "[].properties.primary", ENFORCED}, {p "[].id", IRRELEVANT},                       \
	        {p "[].properties.networkSecurityGroup", ENFORCED},                                                    \
	        {p "[].properties.enableAcceleratedNetworking", IRRELEVANT},                                           \
	        {p "[].properties.enableFpga", IRRELEVANT},                                                            \
	        {p "[].properties.disableTcpStateTracking", NOT_MODELLED, "every flow is tracked all the same"},       \
	        {p "[].properties.enableIPForwarding", ENFORCED},                                                      \
	        {p "[].properties.dnsSettings.dnsServers", RECORDED,                                                   \
	         "names have no data plane yet: machines get no resolver"},                                            \
	        {p "[].properties.deleteOption", IRRELEVANT}, {p "[].properties.auxiliaryMode", IRRELEVANT},           \
	        {p "[].properties.auxiliarySku", IRRELEVANT}, {p "[].properties.dscpConfiguration", IRRELEVANT},       \
	        {p "[].tags", IRRELEVANT}, {p "[].properties.ipConfigurations[].name", ENFORCED},                      \
	        {p "[].properties.ipConfigurations[].id", IRRELEVANT},                                                 \
	        {p "[].properties.ipConfigurations[].properties.subnet", ENFORCED},                                    \
	        {p "[].properties.ipConfigurations[].properties.primary", ENFORCED},                                   \
	        {p "[].properties.ipConfigurations[].properties.privateIPAddressVersion", ENFORCED},                   \
	        {p "[].properties.ipConfigurations[].properties.loadBalancerBackendAddressPools", ENFORCED},           \
	        {p "[].properties.ipConfigurations[].properties.loadBalancerInboundNatPools", ENFORCED},               \
	        {p "[].properties.ipConfigurations[].properties.applicationSecurityGroups", ENFORCED},                 \
	        {p "[].properties.ipConfigurations[].properties.applicationGatewayBackendAddressPools", NOT_MODELLED,  \
	         "application gateways are not modelled"},                                                             \
	        {p "[].properties.ipConfigurations[].properties.publicIPAddressConfiguration.name", ENFORCED},         \
	        {p "[].properties.ipConfigurations[].properties.publicIPAddressConfiguration.sku.name", ENFORCED},     \
	        {p "[].properties.ipConfigurations[].properties.publicIPAddressConfiguration.sku.tier", IRRELEVANT},   \
	        {p PROFILE_ADDRESS "publicIPAddressVersion", ENFORCED},                                                \
	        {p PROFILE_ADDRESS "publicIPAllocationMethod", IRRELEVANT},                                            \
	        {p PROFILE_ADDRESS "deleteOption", IRRELEVANT},                                                        \
	        {p PROFILE_ADDRESS "idleTimeoutInMinutes", RECORDED, WHY_IDLE, "4"},                                   \
	        {p PROFILE_ADDRESS "publicIPPrefix", RECORDED, "no block is set aside: any free address is taken"},    \
	        {p PROFILE_ADDRESS "dnsSettings.domainNameLabel", RECORDED, WHY_NAMES},                                \
	        {p PROFILE_ADDRESS "dnsSettings.domainNameLabelScope", RECORDED_PART},                                 \
	{                                                                                                              \
		p PROFILE_ADDRESS "ipTags", NOT_MODELLED, WHY_IP_TAGS                                                  \
	}
#define PROFILE_ADDRESS "[].properties.ipConfigurations[].properties.publicIPAddressConfiguration.properties."
/* Makes the machine's interfaces; their ids are below the machine's. */
void profile_read(struct vm *v, const struct spot *s, const char *list, gboolean *have_primary);
/* Looks at the references of a list that makes nobody an interface. */
void profile_check(const struct spot *s, const char *list);
/* How many configurations a list would make. */
guint profile_count(const struct spot *s, const char *list);
/* What only a configuration inside a machine has: an address of its own, ports of a NAT pool. */
void profile_address(struct ip_config *c, const struct spot *s);
void profile_link(struct ip_config *c, const struct spot *s);
