/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every property that we know, by type, and what becomes of it. A property that is not here is listed as not
 * modelled: that is how a new API version's property, or a misspelt one, comes to light.
 */
#include "model/build.h"

#include <string.h>

#define ENDPOINTS "private endpoints and services are not modelled"
#define IDLE      "idle timeouts are the same for all flows: this value is not applied"

const struct known known_everywhere[] = {
        {"type", IRRELEVANT},
        {"name", IRRELEVANT},
        {"id", IRRELEVANT},
        {"apiVersion", IRRELEVANT},
        {"location", IRRELEVANT},
        {"tags", IRRELEVANT},
        {"comments", IRRELEVANT},
        {"metadata", IRRELEVANT},
        {"dependsOn", IRRELEVANT},
        {"condition", IRRELEVANT},
        {"copy", IRRELEVANT},
        {"scope", IRRELEVANT},
        {"zones", IRRELEVANT},
        {"etag", IRRELEVANT},
        {"kind", IRRELEVANT},
        {"subscriptionId", IRRELEVANT},
        {"resourceGroup", IRRELEVANT},
        {"existing", IRRELEVANT},
        {"managedBy", IRRELEVANT},
        {"extendedLocation", IRRELEVANT},
        {"properties.provisioningState", IRRELEVANT},
        {"properties.resourceGuid", IRRELEVANT},
        {"resources", NOT_MODELLED, "a nested resource must be a document of its own"},
        {NULL},
};

#define SUBNET(p)                                                                                                      \
	{p "addressPrefix", MODELLED}, {p "addressPrefixes", MODELLED}, {p "networkSecurityGroup", MODELLED},          \
	        {p "provisioningState", IRRELEVANT}, {p "ipConfigurations", IRRELEVANT},                               \
	        {p "ipConfigurationProfiles", IRRELEVANT}, {p "purpose", IRRELEVANT},                                  \
	        {p "resourceNavigationLinks", IRRELEVANT}, {p "serviceAssociationLinks", IRRELEVANT},                  \
	        {p "privateEndpoints", NOT_MODELLED, ENDPOINTS},                                                       \
	        {p "routeTable", NOT_MODELLED,                                                                         \
	         "user-defined routes are not modelled: traffic takes the system routes"},                             \
	        {p "natGateway", NOT_MODELLED, "NAT gateways are not modelled: another address is used outbound"},     \
	        {p "serviceEndpoints", NOT_MODELLED, "service endpoints are not modelled"},                            \
	        {p "serviceEndpointPolicies", NOT_MODELLED, "service endpoints are not modelled"},                     \
	        {p "delegations", NOT_MODELLED, "delegation to a service is not modelled"},                            \
	        {p "privateEndpointNetworkPolicies", NOT_MODELLED, ENDPOINTS},                                         \
	        {p "privateLinkServiceNetworkPolicies", NOT_MODELLED, ENDPOINTS},                                      \
	        {p "applicationGatewayIpConfigurations", NOT_MODELLED, "application gateways are not modelled"},       \
	{                                                                                                              \
		p "defaultOutboundAccess", NOT_MODELLED_OFF, "machines of the subnet keep a default outbound address"  \
	}

static const struct known network[] = {
        {"properties.addressSpace.addressPrefixes", MODELLED},
        {"properties.subnets[].name", MODELLED},
        {"properties.subnets[].id", IRRELEVANT},
        {"properties.subnets[].type", IRRELEVANT},
        {"properties.subnets[].etag", IRRELEVANT},
        SUBNET("properties.subnets[].properties."),
        {"properties.dhcpOptions", NOT_MODELLED, "DNS servers are not modelled: machines get no resolver"},
        {"properties.virtualNetworkPeerings", NOT_MODELLED, "peerings are not modelled: the networks stay apart"},
        {"properties.enableDdosProtection", NOT_MODELLED, "DDoS plans are not modelled"},
        {"properties.ddosProtectionPlan", NOT_MODELLED, "DDoS plans are not modelled"},
        {"properties.enableVmProtection", NOT_MODELLED, "not modelled"},
        {"properties.bgpCommunities", NOT_MODELLED, "BGP is not modelled"},
        {"properties.encryption", NOT_MODELLED, "encryption between machines is not modelled"},
        {"properties.flowTimeoutInMinutes", NOT_MODELLED, IDLE},
        {NULL},
};

static const struct known subnet[] = {SUBNET("properties."), {NULL}};

#define RULE(p)                                                                                                        \
	{p "protocol", MODELLED}, {p "access", MODELLED}, {p "direction", MODELLED}, {p "priority", MODELLED},         \
	        {p "sourceAddressPrefix", MODELLED}, {p "sourceAddressPrefixes", MODELLED},                            \
	        {p "destinationAddressPrefix", MODELLED}, {p "destinationAddressPrefixes", MODELLED},                  \
	        {p "sourcePortRange", MODELLED}, {p "sourcePortRanges", MODELLED},                                     \
	        {p "destinationPortRange", MODELLED}, {p "destinationPortRanges", MODELLED},                           \
	        {p "sourceApplicationSecurityGroups", MODELLED}, {p "destinationApplicationSecurityGroups", MODELLED}, \
	        {p "description", IRRELEVANT},                                                                         \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}

static const struct known security_group[] = {
        {"properties.securityRules[].name", MODELLED},
        {"properties.securityRules[].id", IRRELEVANT},
        {"properties.securityRules[].type", IRRELEVANT},
        {"properties.securityRules[].etag", IRRELEVANT},
        RULE("properties.securityRules[].properties."),
        {"properties.defaultSecurityRules", IRRELEVANT}, /* a report: they cannot be declared */
        {"properties.networkInterfaces", IRRELEVANT},    /* a report, as is the next */
        {"properties.subnets", IRRELEVANT},
        {"properties.flushConnection", NOT_MODELLED, "live flows are judged anew after every change"},
        {NULL},
};

static const struct known rule[] = {RULE("properties."), {NULL}};
static const struct known app_group[] = {{"properties", IRRELEVANT}, {NULL}};

static const struct known public_address[] = {
        {"sku.name", MODELLED},
        {"sku.tier", IRRELEVANT},
        {"properties.publicIPAllocationMethod", MODELLED},
        {"properties.publicIPAddressVersion", MODELLED},
        {"properties.ipAddress", MODELLED},
        {"properties.ipConfiguration", IRRELEVANT}, /* a report */
        {"properties.deleteOption", IRRELEVANT},
        {"properties.idleTimeoutInMinutes", NOT_MODELLED, IDLE},
        {"properties.dnsSettings", NOT_MODELLED, "public names are not served: use the address"},
        {"properties.publicIPPrefix", NOT_MODELLED, "public IP prefixes are not modelled: any free address is taken"},
        {"properties.ipTags", NOT_MODELLED, "IP tags are not modelled"},
        {"properties.ddosSettings", NOT_MODELLED, "DDoS plans are not modelled"},
        {NULL},
};

#define CONFIG "properties.ipConfigurations[].properties."
static const struct known nic[] = {
        {"properties.ipConfigurations[].name", MODELLED},
        {"properties.ipConfigurations[].id", IRRELEVANT},
        {"properties.ipConfigurations[].type", IRRELEVANT},
        {"properties.ipConfigurations[].etag", IRRELEVANT},
        {CONFIG "subnet", MODELLED},
        {CONFIG "primary", MODELLED},
        {CONFIG "privateIPAllocationMethod", MODELLED},
        {CONFIG "privateIPAddress", MODELLED},
        {CONFIG "privateIPAddressVersion", MODELLED},
        {CONFIG "provisioningState", IRRELEVANT},
        {CONFIG "publicIPAddress.id", MODELLED},
        {CONFIG "loadBalancerBackendAddressPools", MODELLED},
        {CONFIG "loadBalancerInboundNatRules", MODELLED},
        {CONFIG "applicationSecurityGroups", MODELLED},
        {CONFIG "applicationGatewayBackendAddressPools", NOT_MODELLED, "application gateways are not modelled"},
        {CONFIG "networkSecurityGroup", NOT_MODELLED,
         "a group here has no effect, also in the original: it belongs on the interface or the subnet"},
        {CONFIG "virtualNetworkTaps", NOT_MODELLED, "TAPs are not modelled"},
        {"properties.networkSecurityGroup", MODELLED},
        {"properties.enableIPForwarding", NOT_MODELLED,
         "forwarding is not modelled: packets with other addresses than its own are dropped"},
        {"properties.enableAcceleratedNetworking", IRRELEVANT},
        {"properties.primary", IRRELEVANT},
        {"properties.virtualMachine", IRRELEVANT},
        {"properties.macAddress", IRRELEVANT},
        {"properties.nicType", IRRELEVANT},
        {"properties.dnsSettings", NOT_MODELLED, "DNS servers are not modelled: machines get no resolver"},
        {"properties.tapConfigurations", NOT_MODELLED, "TAPs are not modelled"},
        {NULL},
};

#define NAT(p)                                                                                                         \
	{p "frontendIPConfiguration", MODELLED}, {p "frontendPort", MODELLED}, {p "backendPort", MODELLED},            \
	        {p "protocol", MODELLED}, {p "provisioningState", IRRELEVANT},                                         \
	        {p "backendIPConfiguration", IRRELEVANT}, {p "idleTimeoutInMinutes", NOT_MODELLED, IDLE},              \
	        {p "enableTcpReset", NOT_MODELLED, "idle flows end silently"},                                         \
	{                                                                                                              \
		p "enableFloatingIP", MODELLED                                                                         \
	}

#define POOL(p)                                                                                                        \
	{p "provisioningState", IRRELEVANT}, {p "backendIPConfigurations", IRRELEVANT},                                \
	        {p "loadBalancingRules", IRRELEVANT}, {p "inboundNatRules", IRRELEVANT},                               \
	        {p "loadBalancerBackendAddresses", NOT_MODELLED,                                                       \
	         "members by address are not modelled: name the pool in the interface"},                               \
	        {p "virtualNetwork", NOT_MODELLED, "members by address are not modelled"},                             \
	        {p "tunnelInterfaces", NOT_MODELLED, "gateway load balancers are not modelled"},                       \
	{                                                                                                              \
		p "drainPeriodInSeconds", NOT_MODELLED, "not modelled"                                                 \
	}

#define ITEM(list)                                                                                                     \
	{"properties." list "[].name", MODELLED}, {"properties." list "[].id", IRRELEVANT},                            \
	        {"properties." list "[].type", IRRELEVANT}, {"properties." list "[].etag", IRRELEVANT},                \
	{                                                                                                              \
		"properties." list "[].zones", IRRELEVANT                                                              \
	}
#define FRONT   "properties.frontendIPConfigurations[].properties."
#define BALANCE "properties.loadBalancingRules[].properties."

static const struct known load_balancer[] = {
        {"sku.name", MODELLED},
        {"sku.tier", IRRELEVANT},
        ITEM("frontendIPConfigurations"),
        {FRONT "publicIPAddress.id", MODELLED},
        {FRONT "subnet", MODELLED},
        {FRONT "privateIPAddress", MODELLED},
        {FRONT "privateIPAllocationMethod", MODELLED},
        {FRONT "privateIPAddressVersion", MODELLED},
        {FRONT "provisioningState", IRRELEVANT},
        {FRONT "loadBalancingRules", IRRELEVANT},
        {FRONT "inboundNatRules", IRRELEVANT},
        {FRONT "inboundNatPools", IRRELEVANT},
        {FRONT "outboundRules", IRRELEVANT},
        {FRONT "publicIPPrefix", NOT_MODELLED, "public IP prefixes are not modelled: the front end has no address"},
        {FRONT "gatewayLoadBalancer", NOT_MODELLED, "gateway load balancers are not modelled"},
        ITEM("backendAddressPools"),
        POOL("properties.backendAddressPools[].properties."),
        ITEM("probes"),
        {"properties.probes[].properties.provisioningState", IRRELEVANT},
        {"properties.probes[].properties.loadBalancingRules", IRRELEVANT},
        {"properties.probes[].properties", NOT_MODELLED, "nothing is probed: every member of the pool counts as up"},
        ITEM("loadBalancingRules"),
        {BALANCE "frontendIPConfiguration", MODELLED},
        {BALANCE "backendAddressPool", MODELLED},
        {BALANCE "backendAddressPools", MODELLED},
        {BALANCE "probe", MODELLED},
        {BALANCE "protocol", MODELLED},
        {BALANCE "frontendPort", MODELLED},
        {BALANCE "backendPort", MODELLED},
        {BALANCE "loadDistribution", MODELLED},
        {BALANCE "provisioningState", IRRELEVANT},
        {BALANCE "enableFloatingIP", MODELLED},
        {BALANCE "idleTimeoutInMinutes", NOT_MODELLED, IDLE},
        {BALANCE "enableTcpReset", NOT_MODELLED, "idle flows end silently"},
        {BALANCE "disableOutboundSnat", NOT_MODELLED, "members use the front end's address outbound all the same"},
        ITEM("inboundNatRules"),
        NAT("properties.inboundNatRules[].properties."),
        {"properties.inboundNatPools", NOT_MODELLED, "NAT pools belong to scale sets, which are not modelled"},
        {"properties.outboundRules", NOT_MODELLED, "outbound rules are not modelled: ports are shared by pool size"},
        {NULL},
};

static const struct known pool[] = {POOL("properties."), {NULL}};
static const struct known nat_rule[] = {NAT("properties."), {NULL}};

static const struct known vm[] = {
        {"plan", IRRELEVANT},
        {"identity", IRRELEVANT},
        {"sku", IRRELEVANT},
        {"properties.networkProfile.networkInterfaces[].id", MODELLED},
        {"properties.networkProfile.networkInterfaces[].properties.primary", MODELLED},
        {"properties.networkProfile.networkInterfaces[].properties.deleteOption", IRRELEVANT},
        {"properties.networkProfile.networkInterfaces[].deleteOption", IRRELEVANT},
        {"properties.networkProfile.networkInterfaceConfigurations", NOT_MODELLED,
         "interfaces written inside a virtual machine are not modelled"},
        {"properties.networkProfile.networkApiVersion", IRRELEVANT},
        {"properties.networkProfile.inputEndpoints", NOT_MODELLED, "classic endpoints are not modelled"},
        {"properties.vmId", IRRELEVANT},
        {"properties.instanceView", IRRELEVANT},
        {"properties.licenseType", IRRELEVANT},
        {"properties.priority", IRRELEVANT},
        {"properties.evictionPolicy", IRRELEVANT},
        {"properties.billingProfile", IRRELEVANT},
        {"properties.host", IRRELEVANT},
        {"properties.hostGroup", IRRELEVANT},
        {"properties.availabilitySet", IRRELEVANT},
        {"properties.virtualMachineScaleSet", IRRELEVANT},
        {"properties.proximityPlacementGroup", IRRELEVANT},
        {"properties.platformFaultDomain", IRRELEVANT},
        {"properties.hardwareProfile", IRRELEVANT},
        {"properties.storageProfile", IRRELEVANT},
        {"properties.osProfile", IRRELEVANT},
        {"properties.securityProfile", IRRELEVANT},
        {"properties.diagnosticsProfile", IRRELEVANT},
        {"properties.additionalCapabilities", IRRELEVANT},
        {"properties.extensionsTimeBudget", IRRELEVANT},
        {"properties.scheduledEventsProfile", IRRELEVANT},
        {"properties.userData", IRRELEVANT},
        {"properties.capacityReservation", IRRELEVANT},
        {"properties.applicationProfile", IRRELEVANT},
        {NULL},
};

static const struct {
	const char *type;
	const struct known *properties;
} types[] = {
        {"microsoft.network/virtualnetworks", network},
        {"microsoft.network/virtualnetworks/subnets", subnet},
        {"microsoft.network/networksecuritygroups", security_group},
        {"microsoft.network/networksecuritygroups/securityrules", rule},
        {"microsoft.network/applicationsecuritygroups", app_group},
        {"microsoft.network/publicipaddresses", public_address},
        {"microsoft.network/networkinterfaces", nic},
        {"microsoft.network/loadbalancers", load_balancer},
        {"microsoft.network/loadbalancers/backendaddresspools", pool},
        {"microsoft.network/loadbalancers/inboundnatrules", nat_rule},
        {"microsoft.compute/virtualmachines", vm},
};

const struct known *known_properties(const char *type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].properties;
	return NULL;
}
