/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces: several configurations, names, and what they refer to. */
#include "fixture.h"

#include <string.h>

#define NET                                                                                                            \
	"{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"     \
	"'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.0.0/20'}}]}}"
#define CONFIG(name, more) "{'name':'" name "','properties':{'subnet':{'id':'@virtualNetworks/net/subnets/a'}" more "}}"
#define NIC(configs, more)                                                                                             \
	"{'type':'networkInterfaces','name':'n','properties':{'ipConfigurations':[" configs "]" more "}}"
#define STATIC(address) ",'privateIPAllocationMethod':'Static','privateIPAddress':'" address "'"
#define N               "t.json:1: resource 'n' (properties."

static const struct fault faults[] = {
        {"two-primaries", NET "," NIC(CONFIG("a", ",'primary':true") "," CONFIG("b", ",'primary':true"), ""),
         N "ipConfigurations[1].properties.primary): 'a' is the primary configuration already; keep one"},
        {"same-address", NET "," NIC(CONFIG("a", STATIC("10.0.0.9")) "," CONFIG("b", STATIC("10.0.0.9")), ""),
         N "ipConfigurations[1].properties.privateIPAddress): 10.0.0.9 already belongs to 'n' (t.json:1); choose "
           "another"},
        {"same-name", NET "," NIC(CONFIG("a", "") "," CONFIG("A", ""), ""),
         N "ipConfigurations[1]): 'A' is declared twice, here and as 'a' (t.json:1); keep one of them"},
        {"broadcast", NET "," NIC(CONFIG("a", STATIC("255.255.255.255")), ""),
         N "ipConfigurations[0].properties.privateIPAddress): 255.255.255.255 is not in subnet 'a'; choose an address "
           "inside it"},
        {"version", NET "," NIC(CONFIG("a", ",'privateIPAddressVersion':'IPv5'"), ""),
         N "ipConfigurations[0].properties.privateIPAddressVersion): 'IPv5' is not known; write one of IPv4, IPv6"},
        {"dns-server", NET "," NIC(CONFIG("a", ""), ",'dnsSettings':{'dnsServers':['AzureProvidedDNS','10.0.0.4']}"),
         N "dnsSettings.dnsServers[0]): 'AzureProvidedDNS' is not an address; write one like 10.0.0.4"},
        {"dns-label", NET "," NIC(CONFIG("a", ""), ",'dnsSettings':{'internalDnsNameLabel':'web_1'}"),
         N "dnsSettings.internalDnsNameLabel): 'web_1' cannot be a host name; use up to 63 letters, digits and '-'"},
        {"mode", NET "," NIC(CONFIG("a", ""), ",'auxiliaryMode':'Fast'"),
         N "auxiliaryMode): 'Fast' is not known; write one of None, MaxConnections, Floating, AcceleratedConnections"},
        {"gateway-balancer",
         NET "," NIC(CONFIG("a", ",'gatewayLoadBalancer':{'id':'@loadBalancers/l/frontendIPConfigurations/f'}"), ""),
         N "ipConfigurations[0].properties.gatewayLoadBalancer.id): no document declares the front end of a load "
           "balancer /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/l/"
           "frontendIPConfigurations/f; add it, or deploy it first"},
        {"name", NET "," NIC(CONFIG("ip config", ""), ""),
         N "ipConfigurations[0].name): 'ip config' cannot be a name; use letters, digits, '_', '.' and '-', and end "
           "with neither of the last two"},
};

static void test_several(void)
{
	static const char *const recorded[] = {"networkInterfaces/n|properties.dnsSettings.dnsServers",
	                                       "networkInterfaces/n|properties.dnsSettings.internalDnsNameLabel", NULL};
	g_autoptr(graph) g = fixture_graph(
	        "[" NET "," NIC(CONFIG("b", STATIC("10.0.0.9")) "," CONFIG("z", ",'primary':true") "," CONFIG("a", ""),
	                        ",'enableIPForwarding':true,'auxiliaryMode':'None','macAddress':'00-0D-3A-00-00-01',"
	                        "'dnsSettings':{'dnsServers':['AzureProvidedDNS'],'internalDnsNameLabel':'web-1',"
	                        "'appliedDnsServers':[],'internalDomainNameSuffix':'x'}") "]");
	const struct nic *n = g->nics->pdata[0];
	static const char *const order[] = {"z", "a", "b"};

	g_assert_cmpuint(n->configs->len, ==, 3);
	for (guint i = 0; i < 3; i++)
		g_assert_cmpstr(((struct noun *)n->configs->pdata[i])->name, ==, order[i]);
	g_assert_cmphex(((struct ip_config *)n->configs->pdata[2])->address, ==, 0x0a000009);
	g_assert_true(n->ip_forwarding && n->dns_servers->len == 1);
	g_assert_cmpstr(n->dns_servers->pdata[0], ==, NIC_PLATFORM_DNS);
	g_assert_cmpstr(n->dns_label, ==, "web-1");
	fixture_check_listed(g->recorded, recorded);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
}

/* An address that only a real deployment knows is chosen here, and told. */
static void test_unknown_address(void)
{
	static const char *const unmodelled[] = {
	        "networkInterfaces/n|properties.ipConfigurations[0].properties.privateIPAddress", NULL};
	g_autoptr(graph) g = fixture_graph("[" NET "," NIC(CONFIG("a", STATIC("<unknown: reference()>")), "") "]");
	const struct ip_config *c = ((struct nic *)g->nics->pdata[0])->configs->pdata[0];

	g_assert_true(c->address == 0 && !c->is_static);
	fixture_check_listed(g->unmodelled, unmodelled);
}

static void test_block(void)
{
	static const char *const unmodelled[] = {
	        "networkInterfaces/n|properties.ipConfigurations[0].properties.privateIPAddress", NULL};
	g_autoptr(graph) g = fixture_graph("[" NET "," NIC(CONFIG("a", STATIC("10.0.0.16/28")), "") "]");
	const struct ip_config *c = ((struct nic *)g->nics->pdata[0])->configs->pdata[0];

	g_assert_cmphex(c->address, ==, 0x0a000010);
	fixture_check_listed(g->unmodelled, unmodelled);
}

static void test_limit(void)
{
	GString *configs = g_string_new(NULL);
	g_autofree char *text = NULL, *errors = NULL;

	for (int i = 0; i < 257; i++)
		g_string_append_printf(configs, "%s" CONFIG("c%d", ""), i ? "," : "", i);
	text = g_strdup_printf("[" NET "," NIC("%s", "") "]", configs->str);
	errors = fixture_errors(text);
	g_assert_cmpstr(errors, ==,
	                N "ipConfigurations): 257 configurations are more than the 256 that an interface may have; use "
	                  "several");
	g_string_free(configs, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("nic", faults, G_N_ELEMENTS(faults));
	g_test_add_func("/nic/several", test_several);
	g_test_add_func("/nic/unknown-address", test_unknown_address);
	g_test_add_func("/nic/block", test_block);
	g_test_add_func("/nic/limit", test_limit);
	return g_test_run();
}
