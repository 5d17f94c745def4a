/* SPDX-License-Identifier: Apache-2.0 */
/* Classic network configurations: refusals line for line, then every element as the resource that it becomes. */
#include "../cloudservice/kit.h"

#include <string.h>

#define WHOLE(rest)                                                                                                    \
	"<NetworkConfiguration><VirtualNetworkConfiguration>" rest                                                     \
	"</VirtualNetworkConfiguration></NetworkConfiguration>"
#define SITES(rest)       WHOLE("<VirtualNetworkSites>" rest "</VirtualNetworkSites>")
#define SPACE(prefix)     "<AddressSpace><AddressPrefix>" prefix "</AddressPrefix></AddressSpace>"
#define SUBNET(name, net) "<Subnet name='" name "'><AddressPrefix>" net "</AddressPrefix></Subnet>"
#define SITE(rest)        SITES("<VirtualNetworkSite name='net'>" SPACE("10.0.0.0/16") rest "</VirtualNetworkSite>")
#define TOP               "a.netcfg:1: /NetworkConfiguration/VirtualNetworkConfiguration"
#define NET               TOP "/VirtualNetworkSites/VirtualNetworkSite[@name='net']"
#define LOCAL                                                                                                          \
	"<LocalNetworkSites><LocalNetworkSite name='office'>" SPACE(                                                   \
	        " 192.168.0.0/24 ") "<VPNGatewayAddress> 203.0.113.9 "                                                 \
	                            "</VPNGatewayAddress></LocalNetworkSite></LocalNetworkSites>"
#define GATEWAY(rest)                                                                                                  \
	WHOLE(LOCAL "<VirtualNetworkSites><VirtualNetworkSite name='net'>" SPACE("10.0.0.0/16") "<Subnets>" SUBNET(    \
	        "GatewaySubnet", "10.0.1.0/27") "</Subnets>" rest "</VirtualNetworkSite></VirtualNetworkSites>")
#define CONNECTED(rest)                                                                                                \
	"<ConnectionsToLocalNetwork><LocalNetworkSiteRef name='Office'>" rest                                          \
	"</LocalNetworkSiteRef></ConnectionsToLocalNetwork>"

static const struct {
	const char *text, *line;
} faults[] = {
        {"<NetworkConfiguration/>",
         "a.netcfg:1: /NetworkConfiguration: it holds no VirtualNetworkConfiguration; add one"},
        {SITES("<VirtualNetworkSite/>"),
         TOP "/VirtualNetworkSites/VirtualNetworkSite: the attribute name is missing; add "
             "it"},
        {SITES("<VirtualNetworkSite name='a'/>\n<VirtualNetworkSite name='A'/>"),
         "a.netcfg:2: /NetworkConfiguration/VirtualNetworkConfiguration/VirtualNetworkSites/VirtualNetworkSite[@name="
         "'A']: the name stands in line 1 already; choose another"},
        {SITE("<Subnets>" SUBNET("a", "10.0.0.0/24") SUBNET("a", "10.0.1.0/24") "</Subnets>"),
         NET "/Subnets/Subnet[@name='a']: the name stands in line 1 already; choose another"},
        {SITE("<Subnets><Subnet name='a'/></Subnets>"),
         NET "/Subnets/Subnet[@name='a']: the subnet has no AddressPrefix; add one"},
        {SITE("<Subnets/><Subnets/>"), NET "/Subnets[2]: it stands in line 1 already; join the two"},
        {SITE("<DnsServersRef><DnsServerRef name='x'/></DnsServersRef>"),
         NET "/DnsServersRef/DnsServerRef[@name='x']: no DnsServer is called 'x'; add it, or correct the name"},
        {SITE("<DnsServersRef><DnsServerRef/></DnsServersRef>"),
         NET "/DnsServersRef/DnsServerRef: the attribute name is missing; add it"},
        {WHOLE("<Dns><DnsServers><DnsServer name='x'/></DnsServers></Dns><VirtualNetworkSites><VirtualNetworkSite "
               "name='net'><DnsServersRef><DnsServerRef name='x'/></DnsServersRef></VirtualNetworkSite>"
               "</VirtualNetworkSites>"),
         TOP "/Dns/DnsServers/DnsServer[@name='x']: the attribute IPAddress is missing; add it"},
        {WHOLE("<Dns><DnsServers><DnsServer name='x'/><DnsServer name='X'/></DnsServers></Dns>"),
         TOP "/Dns/DnsServers/DnsServer[@name='X']: the name stands in line 1 already; choose another"},
        {WHOLE("<LocalNetworkSites><LocalNetworkSite/></LocalNetworkSites>"),
         TOP "/LocalNetworkSites/LocalNetworkSite: the attribute name is missing; add it"},
        {WHOLE("<LocalNetworkSites/><LocalNetworkSites/>"),
         TOP "/LocalNetworkSites[2]: it stands in line 1 already; join the two"},
        {GATEWAY("<Gateway profile='Tiny'/>"),
         NET "/Gateway: profile='Tiny' is not known; write one of Default, Small, Medium, Large, ExtraLarge, "
             "HighPerformance, UltraPerformance"},
        {GATEWAY("<Gateway><ConnectionsToLocalNetwork><LocalNetworkSiteRef name='home'/></ConnectionsToLocalNetwork>"
                 "</Gateway>"),
         NET
         "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef[@name='home']: no LocalNetworkSite is called 'home'; "
         "add it, or correct the name"},
        {GATEWAY("<Gateway>" CONNECTED("<Connection type='GRE'/>") "</Gateway>"), NET
         "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef[@name='Office']/Connection: type='GRE' is not known; "
         "write one of IPsec, Dedicated"},
        {GATEWAY("<Gateway>" CONNECTED("<Connection/>") "</Gateway>"),
         NET "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef[@name='Office']/Connection: the attribute type is "
             "missing; write one of IPsec, Dedicated"},
};

static void test_fault(gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	g_autoptr(kit) k = kit_read_netcfg(faults[i].text);

	g_assert_null(k->documents);
	g_assert_cmpstr(k->error, ==, faults[i].line);
}

static void test_model(void)
{
	g_autoptr(kit) outside = kit_read_netcfg(SITE("<Subnets>" SUBNET("a", "10.1.0.0/24") "</Subnets>"));
	g_autoptr(kit) bad = kit_read_netcfg(SITE("<Subnets>" SUBNET("a", "ten") "</Subnets>"));

	kit_model(outside,
	          "a.netcfg:1: resource 'net' (properties.subnets[0].properties.addressPrefix): 10.1.0.0/24 is "
	          "not inside the address space of virtual network 'net'; move it, or extend the space");
	kit_model(
	        bad,
	        "a.netcfg:1: resource 'net' (properties.subnets[0].properties.addressPrefix): 'ten' is not an address "
	        "prefix; write one like 10.0.0.0/16");
}

static void expect_notes(const struct kit *k, const char *want)
{
	g_autofree char *notes = kit_notes(k);

	g_assert_cmpstr(notes, ==, want);
}

/* ------------------------------------------------------------------ what is made */

static void test_site(void)
{
	g_autoptr(kit) k = kit_read_netcfg(WHOLE(
	        "<Dns><DnsServers><DnsServer name='A' IPAddress='10.0.0.4'/><DnsServer name='b' IPAddress='8.8.8.8'/>"
	        "<DnsServer name='unused' "
	        "IPAddress='9.9.9.9'/></DnsServers></Dns><VirtualNetworkSites><VirtualNetworkSite "
	        "name='Group x net' Location='North' AffinityGroup='g' "
	        "Id='1'><Label>l</Label><AddressSpace><AddressPrefix>"
	        "10.0.0.0/16</AddressPrefix><AddressPrefix> 10.2.0.0/16 "
	        "</AddressPrefix></AddressSpace><Subnets>" SUBNET("front", "10.0.0.0/24")
	                SUBNET("back",
	                       "10.2.0.0/24") "</Subnets><DnsServersRef><DnsServerRef "
	                                      "name='b'/><DnsServerRef "
	                                      "name='a'/></DnsServersRef></VirtualNetworkSite></VirtualNetworkSites>"));
	g_autofree char *ids = kit_ids(k);

	g_assert_cmpstr(ids, ==, "@virtualNetworks/Group-x-net");
	kit_expect(k, "virtualNetworks/Group-x-net",
	           "{'addressSpace':{'addressPrefixes':['10.0.0.0/16','10.2.0.0/16']},'subnets':[{'name':'front',"
	           "'properties':{'addressPrefix':'10.0.0.0/24'}},{'name':'back','properties':{'addressPrefix':"
	           "'10.2.0.0/24'}}],'dhcpOptions':{'dnsServers':['8.8.8.8','10.0.0.4']}}");
	expect_notes(k, "");
	kit_model(k, "");
}

static void test_local_site(void)
{
	g_autoptr(kit) k = kit_read_netcfg(WHOLE(LOCAL));
	g_autoptr(kit) bare = kit_read_netcfg(WHOLE("<LocalNetworkSites><LocalNetworkSite name='bare'>" SPACE(
	        "10.9.0.0/16") "</LocalNetworkSite></LocalNetworkSites>"));

	kit_expect(
	        k, "localNetworkGateways/office",
	        "{'localNetworkAddressSpace':{'addressPrefixes':['192.168.0.0/24']},'gatewayIpAddress':'203.0.113.9'}");
	kit_expect(bare, "localNetworkGateways/bare",
	           "{'localNetworkAddressSpace':{'addressPrefixes':['10.9.0.0/16']}}");
}

#define VPN(sku)                                                                                                       \
	"{'gatewayType':'Vpn','vpnType':'RouteBased','sku':{'name':'" sku "','tier':'" sku                             \
	"'},'ipConfigurations':[{'name':'default','properties':{'privateIPAllocationMethod':'Dynamic','subnet':{"      \
	"'id':'@virtualNetworks/net/subnets/GatewaySubnet'},'publicIPAddress':{'id':'@publicIPAddresses/net-"          \
	"gateway'}}}]"

static void test_gateway(void)
{
	g_autoptr(kit) k = kit_read_netcfg(
	        GATEWAY("<Gateway profile='Medium'><VPNClientAddressPool><AddressPrefix>172.16.0.0/24</AddressPrefix>"
	                "</VPNClientAddressPool>" CONNECTED("<Connection type='IPsec'/>") "</Gateway>"));
	g_autoptr(kit) alone = kit_read_netcfg(GATEWAY("<Gateway/>"));

	kit_expect(k, "virtualNetworkGateways/net-gateway",
	           VPN("Standard") ",'vpnClientConfiguration':{'vpnClientAddressPool':{'addressPrefixes':['172.16.0.0/"
	                           "24']}}}");
	kit_expect(k, "publicIPAddresses/net-gateway", "{'publicIPAllocationMethod':'Dynamic'}");
	kit_expect(k, "connections/net-gateway-Office",
	           "{'connectionType':'IPsec','virtualNetworkGateway1':{'id':'@virtualNetworkGateways/net-gateway'},"
	           "'localNetworkGateway2':{'id':'@localNetworkGateways/Office'}}");
	kit_expect(k, "virtualNetworkGateways/net-dedicated", "none");
	kit_expect(alone, "virtualNetworkGateways/net-gateway", VPN("Basic") "}");
	kit_model(k, "");
}

/* Both kinds to one place: two gateways, as in the original. */
static void test_dedicated(void)
{
	g_autoptr(kit) k = kit_read_netcfg(GATEWAY("<Gateway profile='Small'>" CONNECTED(
	        "<Connection type='Dedicated'/><Connection type='IPsec'/>") "</Gateway>"));
	g_autoptr(kit) only =
	        kit_read_netcfg(GATEWAY("<Gateway>" CONNECTED("<Connection type='dedicated'/>") "</Gateway>"));
	g_autoptr(kit) bare = kit_read_netcfg(GATEWAY("<Gateway>" CONNECTED("") "</Gateway>"));

	kit_expect_value(k, "virtualNetworkGateways/net-dedicated", "properties.gatewayType", "'ExpressRoute'");
	kit_expect_value(k, "virtualNetworkGateways/net-dedicated", "properties.sku.name", "'Standard'");
	kit_expect_value(k, "virtualNetworkGateways/net-gateway", "properties.sku.name", "'Basic'");
	kit_expect(k, "connections/net-dedicated-Office",
	           "{'connectionType':'ExpressRoute','virtualNetworkGateway1':{'id':'@virtualNetworkGateways/"
	           "net-dedicated'},"
	           "'peer':{'id':'@expressRouteCircuits/Office'}}");
	kit_expect_value(k, "connections/net-gateway-Office", "properties.connectionType", "'IPsec'");
	kit_expect(only, "virtualNetworkGateways/net-gateway", "none");
	kit_expect_value(only, "virtualNetworkGateways/net-dedicated", "properties.gatewayType", "'ExpressRoute'");
	kit_expect_value(bare, "connections/net-gateway-Office", "properties.connectionType", "'IPsec'");
}

/* A site alone, as texts show it: what it refers to is elsewhere. */
static void test_parts(void)
{
	g_autoptr(kit) site = kit_read_netcfg("<VirtualNetworkSite name='net'>" SPACE(
	        "10.0.0.0/16") "<DnsServersRef>"
	                       "<DnsServerRef name='x'/></DnsServersRef><Extra/></VirtualNetworkSite>");
	g_autoptr(kit) inner = kit_read_netcfg(
	        "<VirtualNetworkConfiguration><VirtualNetworkSites><VirtualNetworkSite "
	        "name='net'>" SPACE("10.0.0.0/16") "</VirtualNetworkSite>"
	                                           "</VirtualNetworkSites></VirtualNetworkConfiguration>");

	kit_expect(site, "virtualNetworks/net",
	           "{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':[],'dhcpOptions':{'dnsServers':[]}}");
	expect_notes(
	        site,
	        "a.netcfg:1: /VirtualNetworkSite[@name='net']/Extra: this element is not known; nothing is made of "
	        "it\n"
	        "a.netcfg:1: /VirtualNetworkSite[@name='net']/DnsServersRef/DnsServerRef[@name='x']: the file has "
	        "no DnsServer of this name; nothing is made of it");
	kit_expect_value(inner, "virtualNetworks/net", "properties.addressSpace.addressPrefixes", "['10.0.0.0/16']");
	kit_model(inner, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *name = g_strdup_printf("/netcfg/fault/%u", i);

		g_test_add_data_func(name, GUINT_TO_POINTER(i), test_fault);
	}
	g_test_add_func("/netcfg/model", test_model);
	g_test_add_func("/netcfg/site", test_site);
	g_test_add_func("/netcfg/local-site", test_local_site);
	g_test_add_func("/netcfg/gateway", test_gateway);
	g_test_add_func("/netcfg/dedicated", test_dedicated);
	g_test_add_func("/netcfg/parts", test_parts);
	return g_test_run();
}
