/* SPDX-License-Identifier: Apache-2.0 */
/* Public addresses, the blocks they come from, NAT gateways and DDoS plans. */
#include "fixture.h"

#include <string.h>

#define PIP(name, sku, more)                                                                                           \
	"{'type':'publicIPAddresses','name':'" name "','sku':{'name':'" sku "'},'properties':{"                        \
	"'publicIPAllocationMethod':'Static'" more "}}"
#define BLOCK(name, more)                                                                                              \
	"{'type':'publicIPPrefixes','name':'" name "','sku':{'name':'Standard'},'properties':{" more "}}"
#define NAT(name, sku, more) "{'type':'natGateways','name':'" name "','sku':{'name':'" sku "'},'properties':{" more "}}"
#define REF(id)              "{'id':'@" id "'}"
#define ADDRESSES(list)      "'publicIpAddresses':[" list "]"
#define PREFIXES(list)       "'publicIpPrefixes':[" list "]"
#define FROM(name)           ",'publicIPPrefix':" REF("publicIPPrefixes/" name)
#define P(name)              REF("publicIPAddresses/" name)
#define SUBNET(name, third, nat)                                                                                       \
	"{'name':'" name "','properties':{'addressPrefix':'10.0." third                                                \
	".0/24','natGateway':" REF("natGateways/" nat) "}}"
#define NET(name, subnets)                                                                                             \
	"{'type':'virtualNetworks','name':'" name "','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']}" \
	",'subnets':[" subnets "]}}"
#define NIC(more)                                                                                                      \
	"{'type':'networkInterfaces','name':'n','properties':{'ipConfigurations':[{'name':'c','properties':{"          \
	"'subnet':" REF("virtualNetworks/net/subnets/a") more "}}]}}"
#define LABEL(text) PIP("p", "Standard", ",'dnsSettings':{'domainNameLabel':'" text "'}")
#define AT(name)    "t.json:1: resource '" name "' (properties."
#define NO_LABEL    "' cannot be a name; use 3 to 63 lower-case letters, digits and '-', and begin with a letter"

static const struct fault address_faults[] = {
        {"idle", PIP("p", "Standard", ",'idleTimeoutInMinutes':31"),
         AT("p") "idleTimeoutInMinutes): 31 is not a number from 4 to 30; write one of these"},
        {"sku", PIP("p", "Premium", ""),
         "t.json:1: resource 'p' (sku.name): 'Premium' is not known; write one of Basic, Standard, StandardV2"},
        {"tier", "{'type':'publicIPAddresses','name':'p','sku':{'name':'Basic','tier':'Global'},'properties':{}}",
         "t.json:1: resource 'p' (sku.tier): only a Standard address is Global; make it one, or Regional"},
        {"address", PIP("p", "Standard", ",'ipAddress':'fd00::1'"),
         AT("p") "ipAddress): 'fd00::1' is not an IPv4 address; write one like 10.0.0.4"},
        {"ip-tag", PIP("p", "Standard", ",'ipTags':[{'ipTagType':'FirstPartyUsage'}]"),
         AT("p") "ipTags[0].tag): it is missing; add it"},
        {"no-block", PIP("p", "Standard", FROM("b")),
         AT("p") "publicIPPrefix.id): no document declares the public IP prefix "
                 "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPPrefixes/b; add it, or deploy "
                 "it first"},
        {"block-family",
         BLOCK("b", "'prefixLength':30") "," PIP("p", "Standard", ",'publicIPAddressVersion':'IPv6'" FROM("b")),
         AT("p") "publicIPPrefix): prefix 'b' is IPv4 and the address IPv6; make them equal"},
        {"block-sku", BLOCK("b", "'prefixLength':30") "," PIP("p", "Basic", FROM("b")),
         AT("p") "publicIPPrefix): prefix 'b' is of another SKU or tier than the address; make them equal"},
        {"block-no-length", BLOCK("b", ""), AT("b") "prefixLength): it is missing; write a number from 28 to 31"},
        {"block-length", BLOCK("b", "'prefixLength':24"),
         AT("b") "prefixLength): 24 is not a number from 28 to 31; write one of these"},
        {"block-length-six", BLOCK("b", "'publicIPAddressVersion':'IPv6','prefixLength':64"),
         AT("b") "prefixLength): 64 is not a number from 124 to 127; write one of these"},
        {"block-full",
         BLOCK("b", "'prefixLength':31") "," PIP("p", "Standard", FROM("b")) "," PIP(
                 "q", "Standard", FROM("b")) "," PIP("r", "Standard", FROM("b")),
         AT("b") "prefixLength): 3 addresses are taken from a block of 2; make it larger"},
        {"plan-missing",
         PIP("p", "Standard",
             ",'ddosSettings':{'protectionMode':'Enabled','ddosProtectionPlan':" REF("ddosProtectionPlans/d") "}"),
         AT("p") "ddosSettings.ddosProtectionPlan.id): no document declares the DDoS protection plan "
                 "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/ddosProtectionPlans/d; add it, or "
                 "deploy it first"},
        {"plan-without-mode",
         "{'type':'ddosProtectionPlans','name':'d'}," PIP(
                 "p", "Standard", ",'ddosSettings':{'ddosProtectionPlan':" REF("ddosProtectionPlans/d") "}"),
         AT("p") "ddosSettings.protectionMode): an address with a plan of its own is protected by it; write "
                 "\"Enabled\", or remove the plan"},
        {"protection-without-plan",
         "{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"
         "'enableDdosProtection':true}}",
         AT("net") "enableDdosProtection): it needs a plan; name one in ddosProtectionPlan"},
};

static const struct fault nat_faults[] = {
        /* clang-format off */
        {"basic-address", PIP("p", "Basic", "") "," NAT("nat", "Standard", ADDRESSES(P("p"))), AT("nat")
        	"publicIpAddresses[0].id): 'p' is a Basic address; a NAT gateway takes Standard ones"}, {"generation",
        	PIP("p", "StandardV2", "") "," NAT("nat", "Standard", ADDRESSES(P("p"))), AT("nat")
        	"publicIpAddresses[0].id): 'p' is StandardV2 and the gateway is Standard; make them equal"}, {"six",
        	PIP("p", "Standard", ",'publicIPAddressVersion':'IPv6'") "," NAT("nat", "Standard",
        	ADDRESSES(P("p"))), AT("nat") "publicIpAddresses[0].id): 'p' is IPv6; name an IPv4 one"}, {"six-list",
        	NAT("nat", "Standard", "'publicIpAddressesV6':[" P("p") "]"), AT("nat")
        	"publicIpAddressesV6): only a StandardV2 gateway has IPv6; remove the list"}, {"idle", NAT("nat",
        	"Standard", "'idleTimeoutInMinutes':121"), AT("nat")
        	"idleTimeoutInMinutes): 121 is not a number from 4 to 120; write one of these"}, {"sku", NAT("nat",
        	"Basic", ""),
        	"t.json:1: resource 'nat' (sku.name): 'Basic' is not known; write one of Standard, StandardV2"},
        	{"address-missing", NAT("nat", "Standard", ADDRESSES(P("p"))), AT("nat")
        	"publicIpAddresses[0].id): no document declares the public IP address /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p; add it, or deploy it first"},
        	{"gateway-missing", NET("net", SUBNET("a", "1", "nat")), AT("net")
        	"subnets[0].properties.natGateway.id): no document declares the NAT gateway /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/natGateways/nat; add it, or deploy it first"},
        	{"address-of-two", PIP("p", "Standard", "") "," NAT("m", "Standard", ADDRESSES(P("p"))) "," NAT("nat",
        	"Standard", ADDRESSES(P("p"))), AT("nat")
        	"publicIpAddresses[0].id): 'p' already belongs to 'm' (t.json:1); use another address"},
        	{"prefix-of-two", BLOCK("b", "'prefixLength':30") "," NAT("m", "Standard",
        	PREFIXES(REF("publicIPPrefixes/b"))) "," NAT( "nat", "Standard", PREFIXES(REF("publicIPPrefixes/b"))),
        	AT("nat") "publicIpPrefixes[0].id): 'b' already belongs to 'm' (t.json:1); use another prefix"},
        	{"too-many", BLOCK("b", "'prefixLength':28") "," PIP("p", "Standard", "") "," NAT( "nat", "Standard",
        	ADDRESSES(P("p")) "," PREFIXES(REF("publicIPPrefixes/b"))),
        	"t.json:1: resource 'nat': 17 public addresses are more than the 16 that a NAT gateway may have; remove some"},
        	{"two-networks", NAT("nat", "Standard", "") "," NET("net", SUBNET("a", "1", "nat")) "," NET("two",
        	SUBNET("a", "1", "nat")), AT("two")
        	"subnets[0].properties.natGateway): 'nat' already serves virtual network 'net'; use a gateway of its own for 'two'"},
        	{"basic-beside", NAT("nat", "Standard", "") "," NET("net", SUBNET("a", "1", "nat")) "," PIP("p",
        	"Basic", "") "," NIC( ",'publicIPAddress':" P("p")), AT("n")
        	"ipConfigurations[0].properties.publicIPAddress): 'p' is a Basic address in subnet 'a', which has a NAT gateway; make it a Standard one"},
        	{"basic-balancer-beside", NAT("nat", "Standard", "") "," NET( "net", SUBNET("a", "1", "nat"))
        	",{'type':'loadBalancers','name':'lb','properties':{'frontendIPConfigurations':[{"
        	"'name':'f','properties':{'publicIPAddress':" P("p") "}}],'backendAddressPools':[{'name':'q'}]}},"
        	PIP( "p", "Basic", "") "," NIC(",'loadBalancerBackendAddressPools':["
        	REF("loadBalancers/lb/backendAddressPools/q") "]"), AT("n")
        	"ipConfigurations[0].properties.loadBalancerBackendAddressPools): load balancer 'lb' is Basic and subnet 'a' has a NAT gateway; make it a Standard one"},
        	{"gateway-subnet", NAT("nat", "Standard", "") "," NET("net", SUBNET("GatewaySubnet", "1", "nat")),
        	AT("net") "subnets[0].properties.natGateway): a NAT gateway cannot serve 'GatewaySubnet'; remove it"},
        	};
/* clang-format on */

/* clang-format off */
static const char whole[] = "[" NAT("nat", "Standard", ADDRESSES(P("p")) "," PREFIXES(REF("publicIPPrefixes/b"))
	",'idleTimeoutInMinutes':10") "," BLOCK( "b", "'prefixLength':31") "," BLOCK("c", "'prefixLength':31") ","
	PIP("p", "Standard", "") "," PIP("q", "Standard", FROM("c")
	",'idleTimeoutInMinutes':4,'dnsSettings':{'domainNameLabel':'shop-1','fqdn':'x',"
	"'reverseFqdn':'shop.example.'},'ddosSettings':{'protectionMode':'Enabled'," "'ddosProtectionPlan':"
	REF("ddosProtectionPlans/d") "},'deleteOption':'Delete'")
	",{'type':'ddosProtectionPlans','name':'d'},{'type':'virtualNetworks','name':'net',"
	"'properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"
	"'enableDdosProtection':true,'ddosProtectionPlan':{"
	"'id':'/subscriptions/other/resourceGroups/g/providers/Microsoft.Network/ddosProtectionPlans/theirs'},"
	"'subnets':[" SUBNET( "a", "1", "nat") "]}}]";
/* clang-format on */

static void test_links(void)
{
	g_autoptr(graph) g = fixture_graph(whole);
	const struct nat_gateway *nat = g->nat_gateways->pdata[0];
	const struct public_address *p = g->public_addresses->pdata[0], *q = g->public_addresses->pdata[1];
	const struct public_prefix *b = g->public_prefixes->pdata[0], *c = g->public_prefixes->pdata[1];
	const struct network *n = g->networks->pdata[0];
	const struct subnet *a = n->subnets->pdata[0];

	g_assert_true(p->nat_gateway == nat && q->nat_gateway == NULL && nat->addresses->pdata[0] == p);
	g_assert_true(b->nat_gateway == nat && nat->prefixes->pdata[0] == b && b->length == 31);
	g_assert_true(a->nat_gateway == nat && nat->subnets->pdata[0] == a && nat->idle_minutes == 10);
	g_assert_true(q->prefix == c && c->addresses->pdata[0] == q && q->idle_minutes == 4);
	g_assert_cmpstr(q->dns_label, ==, "shop-1");
	g_assert_cmpstr(q->reverse_name, ==, "shop.example.");
	g_assert_true(q->ddos_mode == DDOS_ON && q->ddos_plan == g->ddos_plans->pdata[0]);
	/* A plan may serve many subscriptions; here nothing is known of theirs. */
	g_assert_true(n->ddos_protection && n->ddos_plan == NULL && g_str_has_suffix(n->ddos_plan_id, "/theirs"));
	g_assert_cmpuint(g->warnings->len, ==, 0);
}

static void test_listed(void)
{
	static const char *const recorded[] = {"natGateways/nat|properties.idleTimeoutInMinutes",
	                                       "natGateways/nat|properties.publicIpPrefixes",
	                                       "publicIPAddresses/q|properties.ddosSettings.protectionMode",
	                                       "publicIPAddresses/q|properties.dnsSettings.domainNameLabel",
	                                       "publicIPAddresses/q|properties.dnsSettings.reverseFqdn",
	                                       "publicIPAddresses/q|properties.publicIPPrefix",
	                                       "publicIPPrefixes/b|properties.prefixLength",
	                                       "publicIPPrefixes/c|properties.prefixLength",
	                                       "virtualNetworks/net|properties.ddosProtectionPlan",
	                                       NULL};
	g_autoptr(graph) g = fixture_graph(whole);

	fixture_check_listed(g->recorded, recorded);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
}

static void test_no_way_out(void)
{
	g_autoptr(graph) g = fixture_graph("[" NAT("nat", "Standard", "") "," NET("net", SUBNET("a", "1", "nat")) "]");

	fixture_check_warning(g, "'nat': the gateway has no public address: its subnets have no way out");
}

/* Nothing of the network hangs on it here. */
static void test_label(void)
{
	static const char *const refused[] = {"Web", "ab", "1web", "web-", "web.x", "10.0.0.0/24"};

	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *text = g_strdup_printf("[" LABEL("%s") "]", refused[i]);
		g_autofree char *says =
		        g_strdup_printf(AT("p") "dnsSettings.domainNameLabel): '%s' cannot be a name, which "
		                                "the original refuses; use 3 to 63 lower-case letters",
		                        refused[i]);
		g_autoptr(graph) g = fixture_graph(text);

		fixture_check_warning(g, says);
		g_assert_null(((struct public_address *)g->public_addresses->pdata[0])->dns_label);
	}
}

static void test_same_name(void)
{
	/* clang-format off */
	g_autoptr(graph) g = fixture_graph("[" PIP("a", "Standard", ",'dnsSettings':{'domainNameLabel':'web'}") ","
		PIP( "b", "Standard", ",'dnsSettings':{'domainNameLabel':'web','domainNameLabelScope':'NoReuse'}") ","
		PIP("c", "Standard", ",'dnsSettings':{'domainNameLabel':'web'}") "]");
	/* clang-format on */

	g_assert_cmpuint(g->warnings->len, ==, 1);
	fixture_check_warning(
	        g, AT("c") "dnsSettings.domainNameLabel): 'a' (t.json:1) has the name 'web' in the same region");
}

static void test_ip_tags(void)
{
	static const char *const recorded[] = {"publicIPAddresses/a|properties.ipTags", NULL};
	g_autoptr(graph) g = fixture_graph(
	        "[" PIP("a", "Standard", ",'ipTags':[{'ipTagType':'RoutingPreference','tag':'Internet'}]") "]");

	g_assert_cmpstr(((struct public_address *)g->public_addresses->pdata[0])->ip_tags->pdata[0], ==,
	                "RoutingPreference=Internet");
	fixture_check_listed(g->recorded, recorded);
}

static void test_second_generation(void)
{
	g_autoptr(graph) g = fixture_graph(
	        "[" NAT("nat", "StandardV2", ADDRESSES(P("p")) ",'publicIpAddressesV6':[" P("q") "]") "," PIP(
	                "p", "StandardV2", "") "," PIP("q", "StandardV2", ",'publicIPAddressVersion':'IPv6'") "]");
	const struct nat_gateway *nat = g->nat_gateways->pdata[0];

	g_assert_true(nat->v2 && nat->addresses->len == 2);
	g_assert_true(((struct public_address *)g->public_addresses->pdata[0])->v2);
}

static void test_order(void)
{
	fixture_check_order(whole);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("address", address_faults, G_N_ELEMENTS(address_faults));
	fixture_add_faults("nat", nat_faults, G_N_ELEMENTS(nat_faults));
	g_test_add_func("/public/links", test_links);
	g_test_add_func("/public/listed", test_listed);
	g_test_add_func("/public/no-way-out", test_no_way_out);
	g_test_add_func("/public/label", test_label);
	g_test_add_func("/public/same-name", test_same_name);
	g_test_add_func("/public/ip-tags", test_ip_tags);
	g_test_add_func("/public/second-generation", test_second_generation);
	g_test_add_func("/public/order", test_order);
	return g_test_run();
}
