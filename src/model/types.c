/* SPDX-License-Identifier: Apache-2.0 */
/* The types of resources that have a noun, and what any resource may have. What a type's properties are stands beside its noun. */
#include "model/balancer.h"
#include "model/compute.h"
#include "model/network.h"

#include <string.h>

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

const struct resource_type resource_types[] = {
        {"microsoft.network/applicationsecuritygroups", app_group_declare, app_group_known},
        {"microsoft.network/networksecuritygroups", security_group_declare, security_group_known},
        {"microsoft.network/networksecuritygroups/securityrules", rule_declare, rule_known},
        {"microsoft.network/virtualnetworks", network_declare, network_known},
        {"microsoft.network/virtualnetworks/subnets", subnet_declare, subnet_known},
        {"microsoft.network/virtualnetworks/virtualnetworkpeerings", peering_declare, peering_known},
        {"microsoft.network/routetables", route_table_declare, route_table_known},
        {"microsoft.network/routetables/routes", route_declare, route_known},
        {"microsoft.network/natgateways", nat_gateway_declare, nat_gateway_known},
        {"microsoft.network/ddosprotectionplans", ddos_plan_declare, ddos_plan_known},
        {"microsoft.network/publicipprefixes", public_prefix_declare, public_prefix_known},
        {"microsoft.network/publicipaddresses", public_address_declare, public_address_known},
        {"microsoft.network/loadbalancers", load_balancer_declare, load_balancer_known},
        {"microsoft.network/loadbalancers/frontendipconfigurations", load_balancer_part_declare, frontend_known},
        {"microsoft.network/loadbalancers/backendaddresspools", load_balancer_part_declare, pool_known},
        {"microsoft.network/loadbalancers/probes", load_balancer_part_declare, probe_known},
        {"microsoft.network/loadbalancers/loadbalancingrules", load_balancer_part_declare, lb_rule_known},
        {"microsoft.network/loadbalancers/inboundnatrules", load_balancer_part_declare, nat_rule_known},
        {"microsoft.network/loadbalancers/inboundnatpools", load_balancer_part_declare, nat_pool_known},
        {"microsoft.network/loadbalancers/outboundrules", load_balancer_part_declare, outbound_rule_known},
        {"microsoft.network/networkinterfaces", nic_declare, nic_known},
        {"microsoft.compute/availabilitysets", availability_set_declare, availability_set_known},
        {"microsoft.compute/virtualmachines", vm_declare, vm_known},
        {"microsoft.compute/virtualmachinescalesets", scale_set_declare, scale_set_known},
        {NULL},
};

const struct known *known_properties(const char *type)
{
	for (const struct resource_type *t = resource_types; t->type; t++)
		if (strcmp(t->type, type) == 0)
			return t->known;
	return NULL;
}
