/* SPDX-License-Identifier: Apache-2.0 */
/* Subnets that belong to a service by their name: what the original lets stand in them, and what it does not support. */
#include "model/network.h"

static const struct {
	const char *name;
	const char *what;     /* is in it, and nothing else */
	guint8 longest;       /* prefix with room for that */
	gboolean takes_group; /* network security group */
	gboolean takes_routes, takes_default_route, takes_nat;
} specials[] = {
        {"GatewaySubnet", "virtual network gateways", 29, FALSE, TRUE, FALSE, FALSE},
        {"AzureBastionSubnet", "Bastion hosts", 26, TRUE, FALSE, FALSE, FALSE},
        {"AzureFirewallSubnet", "firewalls", 26, FALSE, TRUE, TRUE, TRUE},
        {"AzureFirewallManagementSubnet", "firewalls", 26, FALSE, TRUE, TRUE, TRUE},
        {"RouteServerSubnet", "route servers", 27, FALSE, FALSE, FALSE, FALSE},
};

static void check_empty(struct build *b, const struct subnet *sub, const GPtrArray *configs, const char *what)
{
	for (guint i = 0; i < configs->len; i++) {
		struct spot s = noun_spot(b, &((struct ip_config *)configs->pdata[i])->noun);

		spot_error(&s, "properties.subnet", "only %s can be in '%s'; choose another subnet", what,
		           sub->noun.name);
	}
}

static void check_parts(struct build *b, const struct subnet *sub, gsize k)
{
	struct spot s = noun_spot(b, &sub->noun);
	guint8 length = sub->prefixes->len ? g_array_index(sub->prefixes, struct prefix, 0).length : 0;

	if (length > specials[k].longest)
		spot_warning(&s, "properties.addressPrefix", "the original wants a /%u or larger here; make it larger",
		             specials[k].longest);
	if (sub->group && !specials[k].takes_group)
		spot_warning(&s, "properties.networkSecurityGroup",
		             "the original takes no security group here; remove it");
	if (sub->route_table && !specials[k].takes_routes)
		spot_warning(&s, "properties.routeTable", "the original takes no route table here; remove it");
	else if (sub->route_table && !specials[k].takes_default_route && route_table_has_default(sub->route_table))
		spot_warning(&s, "properties.routeTable",
		             "the original takes no route for all addresses here; remove it from '%s'",
		             sub->route_table->noun.name);
	if (sub->nat_gateway && !specials[k].takes_nat)
		spot_error(&s, "properties.natGateway", "a NAT gateway cannot serve '%s'; remove it", sub->noun.name);
	if (sub->delegations->len > 0)
		spot_error(&s, "properties.delegations", "'%s' is for %s alone; remove the delegation", sub->noun.name,
		           specials[k].what);
	check_empty(b, sub, sub->configs, specials[k].what);
	check_empty(b, sub, sub->configs6, specials[k].what);
}

void special_subnet_check(struct build *b, const struct subnet *sub)
{
	struct spot s = noun_spot(b, &sub->noun);

	for (gsize k = 0; k < G_N_ELEMENTS(specials); k++)
		if (g_ascii_strcasecmp(sub->noun.name, specials[k].name) == 0) {
			check_parts(b, sub, k);
			return;
		}
	if (sub->delegations->len > 1)
		spot_warning(&s, "properties.delegations", "the original gives a subnet to one service; keep one");
}
