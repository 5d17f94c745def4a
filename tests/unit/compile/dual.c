/* SPDX-License-Identifier: Apache-2.0 */
#include "dual.h"

#define RULE(name, priority, access, protocol, source, ports)                                                          \
	"{'name':'" name "','properties':{'priority':" priority ",'direction':'Inbound','access':'" access             \
	"','protocol':'" protocol "'," source ",'sourcePortRange':'*','destinationAddressPrefix':'*',"                 \
	"'destinationPortRange':'" ports "'}}"
#define FROM(prefix) "'sourceAddressPrefix':'" prefix "'"
#define FRONTS       "'sourceApplicationSecurityGroups':[{'id':'~applicationSecurityGroups/fronts'}]"
#define SUBNET(name, prefix, prefix6)                                                                                  \
	"{'name':'" name "','properties':{'addressPrefixes':['" prefix "','" prefix6                                   \
	"'],'networkSecurityGroup':{'id':'~networkSecurityGroups/" name "'}}}"
#define SPACE       "'addressSpace':{'addressPrefixes':['10.0.0.0/16','fd00:1::/48']},'subnets':["
#define FRONT(name) "'frontendIPConfiguration':{'id':'~loadBalancers/lb/frontendIPConfigurations/" name "'}"
#define PIP(name)   "{'name':'" name "','properties':{'publicIPAddress':{'id':'~publicIPAddresses/" name "'}}}"
#define BALANCE(name, front, pool)                                                                                     \
	"{'name':'" name "','properties':{" FRONT(front) ",'backendAddressPool':{'id':'~loadBalancers/lb/"             \
	                                                 "backendAddressPools/" pool                                   \
	                                                 "'},'protocol':'Tcp','frontendPort':80,'backendPort':8080}}"
#define POOL6    ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/web6'}]"
#define POOL     ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/web'}]"
#define NAT6     ",'loadBalancerInboundNatRules':[{'id':'~loadBalancers/lb/inboundNatRules/ssh6'}]"
#define IN_GROUP ",'applicationSecurityGroups':[{'id':'~applicationSecurityGroups/fronts'}]"

static void add_public(struct kit *k, const char *name, const char *version)
{
	kit_add(k, "publicIPAddresses", name, "'publicIPAllocationMethod':'Static','publicIPAddressVersion':'%s'",
	        version);
	kit_sku(k, "Standard");
}

static void add_networks(struct kit *k)
{
	kit_add(k, "applicationSecurityGroups", "fronts", "%s", "");
	kit_add(k, "networkSecurityGroups", "web",
	        "'securityRules':[" RULE("http", "100", "Allow", "Tcp", FROM("Internet"), "8080") "," RULE(
	                "admin", "110", "Allow", "Tcp", FROM("2001:db8:1::/48"),
	                "22") "," RULE("inside", "120", "Deny", "Tcp", FROM("VirtualNetwork"), "8080") "]");
	kit_add(k, "networkSecurityGroups", "db",
	        "'securityRules':[" RULE("sql", "100", "Allow", "Tcp", FRONTS, "1433") "," RULE(
	                "shut", "110", "Deny", "*", FROM("fd00:1:0:1::/64"), "*") "]");
	kit_add(k, "virtualNetworks", "v",
	        SPACE SUBNET("web", "10.0.1.0/24", "fd00:1:0:1::/64") "," SUBNET("db", "10.0.2.0/24",
	                                                                         "fd00:1:0:2::/64") "]");
	kit_add(k, "virtualNetworks", "w",
	        SPACE "{'name':'s','properties':{'addressPrefixes':['10.0.1.0/24','fd00:1:0:1::/64'],"
	              "'networkSecurityGroup':{'id':'~networkSecurityGroups/db'}}}]");
}

void dual_vm(struct kit *k, const char *name, const char *subnet, const char *more4, const char *more6)
{
	g_autofree char *nic = g_strdup_printf("%s-nic", name);

	kit_add(k, "networkInterfaces", nic,
	        "'ipConfigurations':[{'name':'four','properties':{'primary':true,'subnet':{'id':'~virtualNetworks/"
	        "%s'}%s}},"
	        "{'name':'six','properties':{'privateIPAddressVersion':'IPv6','subnet':{'id':'~virtualNetworks/"
	        "%s'}%s}}]",
	        subnet, more4, subnet, more6);
	kit_add(k, "Microsoft.Compute/virtualMachines", name,
	        "'networkProfile':{'networkInterfaces':[{'id':'~networkInterfaces/%s'}]}", nic);
}

struct kit *dual_world(void)
{
	struct kit *k = kit_new();

	add_networks(k);
	add_public(k, "front", "IPv4");
	add_public(k, "front6", "IPv6");
	add_public(k, "shop6", "IPv6");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[" PIP("front") "," PIP(
	                "front6") "],'backendAddressPools':[{'name':'web'},{'name':'web6'}],"
	                          "'loadBalancingRules':[" BALANCE("four", "front", "web") "," BALANCE(
	                                  "six", "front6",
	                                  "web6") "],"
	                                          "'inboundNatRules':[{'name':'ssh6','properties':{" FRONT(
	                                                  "front6") ",'protocol':'Tcp','frontendPort':50001,"
	                                                            "'backendPort':22}}]");
	kit_sku(k, "Standard");
	dual_vm(k, "web0", "v/subnets/web", POOL, POOL6 NAT6 IN_GROUP);
	dual_vm(k, "web1", "v/subnets/web", POOL, POOL6);
	dual_vm(k, "db0", "v/subnets/db", "",
	        ",'privateIPAllocationMethod':'Static','privateIPAddress':'fd00:1:0:2::9'");
	dual_vm(k, "shop0", "w/subnets/s", "", ",'publicIPAddress':{'id':'~publicIPAddresses/shop6'}");
	return k;
}

const struct ip_config *dual_config(const struct graph *g, const char *nic)
{
	return g_ptr_array_index(kit_nic(g, nic)->configs6, 0);
}

struct ip6 dual_address(const char *text)
{
	struct ip6 a;

	g_assert_true(ip6_parse(text, &a));
	return a;
}
