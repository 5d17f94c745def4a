/* SPDX-License-Identifier: Apache-2.0 */
/* What a network and its subnets may say besides prefixes, and the subnets that belong to a service by their name. */
#include "fixture.h"

#include <string.h>

#define NET(more)                                                                                                      \
	"{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']}" more \
	"}}"
#define SUBNETS(list)       NET(",'subnets':[" list "]")
#define SUBNET(name, more)  "{'name':'" name "','properties':{'addressPrefix':'10.0.1.0/24'" more "}}"
#define SPECIAL(name, size) "{'name':'" name "','properties':{'addressPrefix':'10.0.2.0/" size "'}}"
#define NIC_IN(subnet)                                                                                                 \
	"{'type':'networkInterfaces','name':'n','properties':{'ipConfigurations':[{'name':'c','properties':{"          \
	"'subnet':{'id':'@virtualNetworks/net/subnets/" subnet "'}}}]}}"
#define N  "t.json:1: resource 'net' (properties."
#define S0 "t.json:1: resource 'net' (properties.subnets[0]"

static const struct fault faults[] = {
        {"dns-server", NET(",'dhcpOptions':{'dnsServers':['10.0.0.4','dns.example']}"),
         N "dhcpOptions.dnsServers[1]): 'dns.example' is not an address; write one like 10.0.0.4"},
        {"dns-list", NET(",'dhcpOptions':{'dnsServers':'10.0.0.4'}"),
         N "dhcpOptions.dnsServers): a list belongs here, not string; write [ ... ]"},
        {"flow-timeout", NET(",'flowTimeoutInMinutes':3"),
         N "flowTimeoutInMinutes): 3 is not a number from 4 to 30; write one of these"},
        {"enforcement", NET(",'encryption':{'enabled':true,'enforcement':'Never'}"),
         N "encryption.enforcement): 'Never' is not known; write one of AllowUnencrypted, DropUnencrypted"},
        {"community", NET(",'bgpCommunities':{'virtualNetworkCommunity':'12076:19999'}"),
         N "bgpCommunities.virtualNetworkCommunity): '12076:19999' is not a community from 12076:20000 to 12076:49999; "
           "write one of these"},
        {"route-table", SUBNETS(SUBNET("a", ",'routeTable':{'id':'@routeTables/rt'}")),
         S0 ".properties.routeTable.id): no document declares the route table "
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/rt; add it, or deploy it first"},
        {"delegation", SUBNETS(SUBNET("a", ",'delegations':[{'name':'d','properties':{}}]")),
         S0 ".properties.delegations[0].properties.serviceName): it is missing; add it"},
        {"endpoint", SUBNETS(SUBNET("a", ",'serviceEndpoints':['Microsoft.Storage']")),
         S0 ".properties.serviceEndpoints[0]): an object belongs here, not string; write { ... }"},
        {"endpoint-policy", SUBNETS(SUBNET("a", ",'serviceEndpointPolicies':[{'id':'x'}]")),
         S0 ".properties.serviceEndpointPolicies[0].id): 'x' is not the id of a service endpoint policy; write "
            "\"/subscriptions/.../microsoft.network/serviceendpointpolicies/NAME\""},
        {"policies", SUBNETS(SUBNET("a", ",'privateEndpointNetworkPolicies':'On'")),
         S0 ".properties.privateEndpointNetworkPolicies): 'On' is not known; write one of Disabled, Enabled, "
            "NetworkSecurityGroupEnabled, RouteTableEnabled"},
        {"name", SUBNETS(SUBNET("a b", "")),
         S0 ".name): 'a b' cannot be a name; use letters, digits, '_', '.' and '-', and end with neither of the last "
            "two"},
        {"name-end", SUBNETS(SUBNET("a-", "")),
         S0 ".name): 'a-' cannot be a name; use letters, digits, '_', '.' and '-', and end with neither of the last "
            "two"},
        {"name-start", SUBNETS(SUBNET(".a", "")),
         S0 ".name): '.a' cannot be a name; use letters, digits, '_', '.' and '-', and end with neither of the last "
            "two"},
        {"name-long",
         SUBNETS(SUBNET("a23456789012345678901234567890123456789012345678901234567890123456789012345678901", "")),
         S0 ".name): the name has 81 characters; use at most 80"},
        {"machine-in-gateway-subnet", SUBNETS(SPECIAL("GatewaySubnet", "27")) "," NIC_IN("GatewaySubnet"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet): only virtual network gateways can "
         "be in 'GatewaySubnet'; choose another subnet"},
        {"machine-beside-bastion", SUBNETS(SPECIAL("azurebastionsubnet", "26")) "," NIC_IN("azurebastionsubnet"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet): only Bastion hosts can be in "
         "'azurebastionsubnet'; choose another subnet"},
        {"delegated-firewall",
         SUBNETS(SUBNET("AzureFirewallSubnet", ",'delegations':[{'name':'d','properties':{'serviceName':'x'}}]")),
         S0 ".properties.delegations): 'AzureFirewallSubnet' is for firewalls alone; remove the delegation"},
};

/* clang-format off */
static const char whole[] = "[{'type':'routeTables','name':'rt','properties':{'routes':[{'name':'d','properties':{"
	"'addressPrefix':'::/0','nextHopType':'None'}}]}},{'type':'networkSecurityGroups',"
	"'name':'sg','properties':{}}," NET(
	",'dhcpOptions':{'dnsServers':['10.0.0.4','fd00:0::4']},'flowTimeoutInMinutes':20,"
	"'bgpCommunities':{'virtualNetworkCommunity':'12076:20000',"
	"'regionalCommunity':'12076:50004'},'encryption':{'enabled':true,"
	"'enforcement':'DropUnencrypted'},'subnets':[" SUBNET( "a",
	",'delegations':[{'name':'d','properties':{'serviceName':'Microsoft.Web/serverFarms'}}],"
	"'serviceEndpoints':[{'service':'Microsoft.Storage','locations':['*']},{"
	"'service':'Microsoft.Sql'},{'service':'Microsoft.Storage'}],'serviceEndpointPolicies':[{"
	"'id':'@serviceEndpointPolicies/p'}],'defaultOutboundAccess':false,"
	"'privateEndpointNetworkPolicies':'RouteTableEnabled'," "'privateLinkServiceNetworkPolicies':'Disabled'")
	",{'name':'GatewaySubnet','properties':{'addressPrefix':'10.0.2.0/27',"
	"'networkSecurityGroup':{'id':'@networkSecurityGroups/sg'},'routeTable':{"
	"'id':'@routeTables/rt'}}},{'name':'AzureBastionSubnet','properties':{"
	"'addressPrefix':'10.0.3.0/27','routeTable':{'id':'@routeTables/rt'}}},{'name':'b',"
	"'properties':{'addressPrefix':'10.0.4.0/27','privateEndpointNetworkPolicies':'Disabled',"
	"'defaultOutboundAccess':true}}]") "]";
/* clang-format on */

static void test_read(void)
{
	g_autoptr(graph) g = fixture_graph(whole);
	const struct network *n = g->networks->pdata[0];
	const struct subnet *a = fixture_noun(g, "@virtualNetworks/net/subnets/a");
	const struct subnet *b = fixture_noun(g, "@virtualNetworks/net/subnets/b");

	g_assert_false(b->no_default_outbound || b->no_link_policies || b->endpoint_policies != ENDPOINT_NONE);
	g_assert_true(a->no_default_outbound && a->no_link_policies && a->endpoint_policies == ENDPOINT_ROUTES);
	g_assert_cmpstr(n->dns_servers->pdata[1], ==, "fd00::4");
	g_assert_cmpstr(n->bgp_community, ==, "12076:20000");
	g_assert_true(n->encrypted && n->drop_unencrypted && n->flow_minutes == 20);
	g_assert_cmpuint(a->service_endpoints->len, ==, 2);
	g_assert_cmpstr(a->service_endpoints->pdata[1], ==, "Microsoft.Sql");
	g_assert_cmpstr(a->delegations->pdata[0], ==, "Microsoft.Web/serverFarms");
	g_assert_true(g_str_has_suffix(a->endpoint_policy_ids->pdata[0], "/serviceEndpointPolicies/p"));
}

static void test_listed(void)
{
#define SUB(i, property) "virtualNetworks/net|properties.subnets[" i "].properties." property
	static const char *const recorded[] = {"virtualNetworks/net|properties.bgpCommunities.virtualNetworkCommunity",
	                                       "virtualNetworks/net|properties.dhcpOptions.dnsServers",
	                                       "virtualNetworks/net|properties.encryption.enabled",
	                                       "virtualNetworks/net|properties.flowTimeoutInMinutes",
	                                       SUB("0", "delegations"),
	                                       SUB("0", "privateEndpointNetworkPolicies"),
	                                       SUB("0", "privateLinkServiceNetworkPolicies"),
	                                       SUB("0", "serviceEndpointPolicies"),
	                                       SUB("0", "serviceEndpoints"),
	                                       NULL};
	g_autoptr(graph) g = fixture_graph(whole);

	fixture_check_listed(g->recorded, recorded);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
}

static void test_special(void)
{
	g_autoptr(graph) g = fixture_graph(whole);

	g_assert_cmpuint(g->warnings->len, ==, 4);
	fixture_check_warning(g,
	                      "subnets[1].properties.networkSecurityGroup): the original takes no security group here");
	fixture_check_warning(g,
	                      "subnets[1].properties.routeTable): the original takes no route for all addresses here");
	fixture_check_warning(g, "subnets[2].properties.addressPrefix): the original wants a /26 or larger here");
	fixture_check_warning(g, "subnets[2].properties.routeTable): the original takes no route table here");
}

static void test_limit(void)
{
	GString *subnets = g_string_new(NULL);
	g_autofree char *text = NULL, *errors = NULL;

	for (int i = 0; i < 3001; i++)
		g_string_append_printf(subnets, "%s{'name':'s%d','properties':{'addressPrefix':'10.0.%d.%d/29'}}",
		                       i ? "," : "", i, i / 32, i % 32 * 8);
	text = g_strdup_printf("[" SUBNETS("%s") "]", subnets->str);
	errors = fixture_errors(text);
	g_assert_cmpstr(
	        errors, ==,
	        "t.json:1: resource 'net' (properties.subnets): 3001 subnets are more than the 3000 that a network "
	        "may have; split it");
	g_string_free(subnets, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("subnet", faults, G_N_ELEMENTS(faults));
	g_test_add_func("/subnet/read", test_read);
	g_test_add_func("/subnet/listed", test_listed);
	g_test_add_func("/subnet/special", test_special);
	g_test_add_func("/subnet/limit", test_limit);
	return g_test_run();
}
