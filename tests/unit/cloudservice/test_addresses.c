/* SPDX-License-Identifier: Apache-2.0 */
/* Where instances stand and by which addresses: sites, subnets, reserved and own addresses, name servers, balancers. */
#include "kit.h"

#include <string.h>

#define DEFINITION                                                                                                     \
	"<ServiceDefinition name='shop'><WebRole name='web'><Endpoints><InputEndpoint name='i' protocol='tcp' "        \
	"port='80'/></Endpoints></WebRole></ServiceDefinition>"
#define CONFIGURATION(rest)                                                                                            \
	"<ServiceConfiguration serviceName='shop'><Role name='web'><Instances count='1'/></Role>\n"                    \
	"<NetworkConfiguration>" rest "</NetworkConfiguration></ServiceConfiguration>"
#define SITE(name)      "<VirtualNetworkSite name='" name "'/>"
#define ADDRESSES(rest) "<AddressAssignments>" rest "</AddressAssignments>"
#define OF_WEB(rest)    ADDRESSES("<InstanceAddress roleName='web'>" rest "</InstanceAddress>")
#define SUBNETS(rest)   "<Subnets>" rest "</Subnets>"
#define SUBNET(name)    "<Subnet name='" name "'/>"
#define AT              "a.cscfg:2: /ServiceConfiguration/NetworkConfiguration"
#define CONFIG          "properties.ipConfigurations.0.properties."
#define FRONT           "properties.frontendIPConfigurations.0.properties"

static void expect_notes(const struct kit *k, const char *want)
{
	g_autofree char *notes = kit_notes(k);

	g_assert_cmpstr(notes, ==, want);
}

static void test_site(void)
{
	g_autoptr(kit) k = kit_read(DEFINITION, CONFIGURATION(SITE("net") OF_WEB(SUBNETS(SUBNET("front")))));

	kit_expect_value(k, "networkInterfaces/web_IN_0", CONFIG "subnet",
	                 "{'id':'@virtualNetworks/net/subnets/front'}");
	kit_expect_value(k, "virtualNetworks/shop", "name", "none");
	expect_notes(k, "");
	kit_model(k,
	          "a.cscfg:2: resource 'web_IN_0' (properties.ipConfigurations[0].properties.subnet.id): no document "
	          "declares the subnet @virtualNetworks/net/subnets/front; add it, or deploy it first");
}

static void test_site_of_a_group(void)
{
	g_autoptr(kit) k = kit_read(DEFINITION, CONFIGURATION(SITE("Group far net") OF_WEB(SUBNETS(SUBNET("front")))));

	kit_expect_value(k, "networkInterfaces/web_IN_0", CONFIG "subnet.id",
	                 "'/subscriptions/s/resourceGroups/far/providers/Microsoft.Network/virtualNetworks/net/subnets/"
	                 "front'");
	kit_refused(
	        DEFINITION, CONFIGURATION(SITE("Group far")),
	        AT "/VirtualNetworkSite[@name='Group far']: after Group come the resource group and the network; write "
	           "\"Group GROUP NAME\"");
	kit_refused(DEFINITION, CONFIGURATION(SITE("")),
	            AT "/VirtualNetworkSite[@name='']: the attribute name is missing; add it");
	kit_refused(DEFINITION, CONFIGURATION(SITE("a") SITE("b")),
	            AT "/VirtualNetworkSite[@name='b']: it stands in line 2 already; join the two");
}

static void test_subnets(void)
{
	g_autoptr(kit) none = kit_read(DEFINITION, CONFIGURATION(SITE("net")));
	g_autoptr(kit) two = kit_read(DEFINITION, CONFIGURATION(SITE("net") OF_WEB(SUBNETS(SUBNET("a") SUBNET("b")))));
	g_autoptr(kit) own = kit_read(DEFINITION, CONFIGURATION(OF_WEB(SUBNETS(SUBNET("a")))));

	kit_expect_value(none, "networkInterfaces/web_IN_0", CONFIG "subnet",
	                 "{'id':'@virtualNetworks/net/subnets/default'}");
	expect_notes(none, "a.cscfg:1: /ServiceConfiguration/Role[@name='web']: role 'web' names no subnet of 'net': "
	                   "'default' is taken; add Subnets to its InstanceAddress");
	kit_expect_value(two, "networkInterfaces/web_IN_0", CONFIG "subnet", "{'id':'@virtualNetworks/net/subnets/a'}");
	expect_notes(two,
	             AT "/AddressAssignments/InstanceAddress/Subnets/Subnet[@name='b']: all instances are in the first "
	                "subnet; this one is not used");
	kit_expect_value(own, "networkInterfaces/web_IN_0", CONFIG "subnet",
	                 "{'id':'@virtualNetworks/shop/subnets/roles'}");
	expect_notes(own,
	             AT "/AddressAssignments/InstanceAddress/Subnets/Subnet[@name='a']: without a VirtualNetworkSite "
	                "there is no such subnet: the deployment has a network of its own");
	kit_model(own, "");
	kit_refused(DEFINITION, CONFIGURATION(ADDRESSES("<InstanceAddress roleName='wep'/>")),
	            AT "/AddressAssignments/InstanceAddress: the definition has no role 'wep'; correct the name");
	kit_refused(DEFINITION,
	            CONFIGURATION(ADDRESSES("<InstanceAddress roleName='web'/><InstanceAddress roleName='web'/>")),
	            AT "/AddressAssignments/InstanceAddress[2]: the role has an InstanceAddress already; keep one");
}

static void test_reserved(void)
{
	g_autoptr(kit) k = kit_read(DEFINITION, CONFIGURATION(ADDRESSES("<ReservedIPs><ReservedIP name='kept'/>"
	                                                                "<ReservedIP name='more'/></ReservedIPs>")));

	kit_expect(k, "publicIPAddresses/kept", "{'publicIPAllocationMethod':'Static'}");
	kit_expect_value(k, "publicIPAddresses/shop", "name", "none");
	kit_expect_value(k, "publicIPAddresses/more", "name", "none");
	kit_expect_value(k, "loadBalancers/shop", FRONT, "{'publicIPAddress':{'id':'@publicIPAddresses/kept'}}");
	expect_notes(k, AT
	             "/AddressAssignments/ReservedIPs/ReservedIP[@name='more']: a deployment has one reserved address, "
	             "the first; this one is left out");
	kit_model(k, "");
}

static void test_public(void)
{
	g_autoptr(kit) k = kit_read(
	        DEFINITION, CONFIGURATION(OF_WEB("<PublicIPs><PublicIP name='own' domainNameLabel='Shop' "
	                                         "idleTimeoutInMinutes='10'/><PublicIP name='b'/></PublicIPs>")));

	kit_expect(k, "publicIPAddresses/web_IN_0.own",
	           "{'publicIPAllocationMethod':'Dynamic','idleTimeoutInMinutes':10,'dnsSettings':{'domainNameLabel':"
	           "'shop-web-in-0'}}");
	kit_expect_value(k, "networkInterfaces/web_IN_0", CONFIG "publicIPAddress",
	                 "{'id':'@publicIPAddresses/web_IN_0.own'}");
	expect_notes(k,
	             AT "/AddressAssignments/InstanceAddress/PublicIPs/PublicIP[@name='b']: an instance has one public "
	                "address, the first; this one is left out");
	kit_model(k, "");
	kit_refused(DEFINITION, CONFIGURATION(OF_WEB("<PublicIPs><PublicIP/></PublicIPs>")),
	            AT "/AddressAssignments/InstanceAddress/PublicIPs/PublicIP: the attribute name is missing; add it");
	kit_refused(
	        DEFINITION,
	        CONFIGURATION(OF_WEB("<PublicIPs><PublicIP name='a' idleTimeoutInMinutes='3'/></PublicIPs>")),
	        AT
	        "/AddressAssignments/InstanceAddress/PublicIPs/PublicIP[@name='a']: idleTimeoutInMinutes='3' is not a "
	        "number from 4 to 30; correct it");
}

static void test_dns(void)
{
	g_autoptr(kit) k = kit_read(
	        DEFINITION, CONFIGURATION("<Dns><DnsServers><DnsServer name='a' IPAddress='10.0.0.9'/><DnsServer "
	                                  "name='b' IPAddress='8.8.8.8'/></DnsServers></Dns>"));
	g_autoptr(kit) bad = kit_read(
	        DEFINITION, CONFIGURATION("<Dns><DnsServers><DnsServer name='a' IPAddress='ten'/></DnsServers></Dns>"));

	kit_expect_value(k, "networkInterfaces/web_IN_0", "properties.dnsSettings",
	                 "{'dnsServers':['10.0.0.9','8.8.8.8']}");
	kit_model(k, "");
	kit_model(bad,
	          "a.cscfg:2: resource 'web_IN_0' (properties.dnsSettings.dnsServers[0]): 'ten' is not an address; "
	          "write one like 10.0.0.4");
	kit_refused(DEFINITION, CONFIGURATION("<Dns><DnsServers><DnsServer name='a'/></DnsServers></Dns>"),
	            AT "/Dns/DnsServers/DnsServer[@name='a']: the attribute IPAddress is missing; add it");
}

/* ------------------------------------------------------------------ internal load balancers */

#define BALANCED                                                                                                       \
	"<ServiceDefinition name='shop'><WorkerRole name='app'><Endpoints><InputEndpoint name='i' protocol='tcp' "     \
	"port='80' loadBalancer='inner'/><InputEndpoint name='o' protocol='tcp' port='80' localPort='81'/>"            \
	"</Endpoints></WorkerRole></ServiceDefinition>"
#define BALANCERS(rest)                                                                                                \
	"<ServiceConfiguration serviceName='shop'><Role name='app'><Instances count='1'/></Role>\n"                    \
	"<NetworkConfiguration>" SITE("net") OF_APP "<LoadBalancers>" rest "</LoadBalancers></NetworkConfiguration>"   \
	                                            "</ServiceConfiguration>"
#define OF_APP      ADDRESSES("<InstanceAddress roleName='app'>" SUBNETS(SUBNET("back")) "</InstanceAddress>")
#define INNER(rest) "<LoadBalancer name='inner'>" rest "</LoadBalancer>"
#define INNER_AT    AT "/LoadBalancers/LoadBalancer[@name='inner']"

static void test_internal_balancer(void)
{
	g_autoptr(kit) k = kit_read(BALANCED, BALANCERS(INNER("<FrontendIPConfiguration type='private' subnet='back' "
	                                                      "staticVirtualNetworkIPAddress='10.0.0.9'/>")));

	kit_expect_value(k, "loadBalancers/inner", FRONT,
	                 "{'subnet':{'id':'@virtualNetworks/net/subnets/back'},'privateIPAllocationMethod':'Static',"
	                 "'privateIPAddress':'10.0.0.9'}");
	kit_expect_value(k, "loadBalancers/inner", "properties.loadBalancingRules.0.name", "'app.i'");
	kit_expect_value(k, "loadBalancers/inner", "properties.loadBalancingRules.1", "none");
	kit_expect_value(k, "loadBalancers/shop", "properties.loadBalancingRules.0.name", "'app.o'");
	kit_expect_value(k, "loadBalancers/shop", "properties.loadBalancingRules.1", "none");
	kit_expect_value(k, "networkInterfaces/app_IN_0", CONFIG "loadBalancerBackendAddressPools",
	                 "[{'id':'@loadBalancers/inner/backendAddressPools/app'},{'id':'@loadBalancers/shop/"
	                 "backendAddressPools/app'}]");
	expect_notes(k, "");
}

static void test_balancer_errors(void)
{
	kit_refused(BALANCED, BALANCERS(""),
	            "a.csdef:1: "
	            "/ServiceDefinition[@name='shop']/WorkerRole[@name='app']/Endpoints/InputEndpoint[@name='i']: "
	            "the configuration has no LoadBalancer 'inner'; add it");
	kit_refused(BALANCED, NULL,
	            "a.csdef:1: "
	            "/ServiceDefinition[@name='shop']/WorkerRole[@name='app']/Endpoints/InputEndpoint[@name='i']: "
	            "the configuration has no LoadBalancer 'inner'; add it");
	kit_refused(BALANCED, BALANCERS(INNER("")), INNER_AT ": it has no FrontendIPConfiguration; add one");
	kit_refused(BALANCED, BALANCERS(INNER("<FrontendIPConfiguration type='public' subnet='back'/>")),
	            INNER_AT "/FrontendIPConfiguration: type='public' is not known; write one of private");
	kit_refused(BALANCED, BALANCERS(INNER("<FrontendIPConfiguration type='private'/>")),
	            INNER_AT "/FrontendIPConfiguration: the attribute subnet is missing; add it");
	kit_refused(BALANCED, BALANCERS(INNER("") "<LoadBalancer name='Inner'/>"),
	            AT "/LoadBalancers/LoadBalancer[@name='Inner']: the name stands in line 2 already; choose another");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/addresses/site", test_site);
	g_test_add_func("/addresses/site-of-a-group", test_site_of_a_group);
	g_test_add_func("/addresses/subnets", test_subnets);
	g_test_add_func("/addresses/reserved", test_reserved);
	g_test_add_func("/addresses/public", test_public);
	g_test_add_func("/addresses/dns", test_dns);
	g_test_add_func("/addresses/internal-balancer", test_internal_balancer);
	g_test_add_func("/addresses/balancer-errors", test_balancer_errors);
	return g_test_run();
}
