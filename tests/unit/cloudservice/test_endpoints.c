/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints of every kind: the ports outside and inside, the rules and probes that they become, whole documents. */
#include "kit.h"

#include <string.h>

#define SERVICE(rest)    "<ServiceDefinition name='shop'>" rest "</ServiceDefinition>"
#define ROLE(name, rest) "<WebRole name='" name "'><Endpoints>" rest "</Endpoints></WebRole>"
#define COUNT(role, n)                                                                                                 \
	"<ServiceConfiguration serviceName='shop'><Role name='" role "'><Instances count='" n                          \
	"'/></Role></ServiceConfiguration>"
#define ID(rest) "{'id':'@" rest "'}"

/* A role without endpoints is reached by nobody but the platform's probes. */
static void test_closed(void)
{
	g_autoptr(kit) k = kit_read(SERVICE("<WorkerRole name='quiet'/>"), NULL);
	g_autofree char *ids = kit_ids(k);

	kit_expect(
	        k, "networkSecurityGroups/shop.quiet",
	        "{'securityRules':["
	        "{'name':'Probes','properties':{'priority':4000,'direction':'Inbound','access':'Allow','protocol':'*',"
	        "'sourcePortRange':'*','destinationAddressPrefix':'*','destinationPortRange':'*',"
	        "'sourceAddressPrefix':'AzureLoadBalancer'}},"
	        "{'name':'DenyAllElse','properties':{'priority':4096,'direction':'Inbound','access':'Deny','protocol':"
	        "'*','sourcePortRange':'*','destinationAddressPrefix':'*','destinationPortRange':'*',"
	        "'sourceAddressPrefix':'*'}}]}");
	kit_expect(k, "loadBalancers/shop",
	           "{'frontendIPConfigurations':[{'name':'front','properties':{'publicIPAddress':" ID(
	                   "publicIPAddresses/shop") "}}],'backendAddressPools':[],'probes':[],'loadBalancingRules':[],"
	                                             "'inboundNatRules':[]}");
	/* clang-format off */
	kit_expect(k, "networkInterfaces/quiet_IN_0", "{'networkSecurityGroup':" ID(
		"networkSecurityGroups/shop.quiet") ",'ipConfigurations':[{'name':'default','properties':{"
		"'privateIPAllocationMethod':'Dynamic','subnet':" ID( "virtualNetworks/shop/subnets/roles")
		",'applicationSecurityGroups':[" ID("applicationSecurityGroups/shop.quiet")
		"],'loadBalancerBackendAddressPools':[],'loadBalancerInboundNatRules':[]}}]}");
	/* clang-format on */
	kit_expect(k, "virtualNetworks/shop",
	           "{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':[{'name':'roles','properties':{"
	           "'addressPrefix':'10.0.0.0/16'}}]}");
	kit_expect(k, "publicIPAddresses/shop", "{'publicIPAllocationMethod':'Dynamic'}");
	kit_expect_value(k, "publicIPAddresses/shop", "sku.name", "'Basic'");
	kit_expect_value(k, "loadBalancers/shop", "sku.name", "'Basic'");
	g_assert_cmpstr(ids, ==,
	                "@applicationSecurityGroups/shop.quiet\n@networkSecurityGroups/shop.quiet\n"
	                "@publicIPAddresses/shop\n@loadBalancers/shop\n@virtualNetworks/shop\n"
	                "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/availabilitySets/shop\n"
	                "@networkInterfaces/quiet_IN_0\n"
	                "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/quiet_IN_0");
	kit_model(k, "");
}

static void test_input(void)
{
	g_autoptr(kit) k = kit_read(
	        SERVICE("<LoadBalancerProbes><LoadBalancerProbe name='alive' protocol='http' path='/alive' port='8081' "
	                "intervalInSeconds='5' timeoutInSeconds='11'/></LoadBalancerProbes>" ROLE(
	                        "web", "<InputEndpoint name='http' protocol='http' port='80' localPort='8080' "
	                               "loadBalancerProbe='alive' loadBalancerDistribution='sourceIP' "
	                               "idleTimeoutInMinutes='10'/>"
	                               "<InputEndpoint name='dns' protocol='udp' port='53'/>")),
	        COUNT("web", "2"));

	/* clang-format off */
	kit_expect( k, "loadBalancers/shop",
		"{'frontendIPConfigurations':[{'name':'front','properties':{'publicIPAddress':" ID(
		"publicIPAddresses/shop")
		"}}],'backendAddressPools':[{'name':'web','properties':{}}],'probes':[{'name':'web.http',"
		"'properties':{'protocol':'Http','port':8081,'intervalInSeconds':5,'numberOfProbes':2,"
		"'requestPath':'/alive'}}],'loadBalancingRules':[{'name':'web.http','properties':{"
		"'frontendIPConfiguration':" ID( "loadBalancers/shop/frontendIPConfigurations/front")
		",'protocol':'Tcp','frontendPort':80,'backendPort':8080,'idleTimeoutInMinutes':10,"
		"'loadDistribution':'SourceIP','backendAddressPool':" ID("loadBalancers/shop/backendAddressPools/web")
		",'probe':" ID( "loadBalancers/shop/probes/web.http")
		"}},{'name':'web.dns','properties':{'frontendIPConfiguration':" ID(
		"loadBalancers/shop/frontendIPConfigurations/front")
		",'protocol':'Udp','frontendPort':53,'backendPort':53,'loadDistribution':'Default',"
		"'backendAddressPool':" ID( "loadBalancers/shop/backendAddressPools/web")
		"}}],'inboundNatRules':[]}");
	/* clang-format on */
	kit_expect_value(k, "networkSecurityGroups/shop.web", "properties.securityRules.0",
	                 "{'name':'endpoint.http','properties':{'priority':100,'direction':'Inbound','access':'Allow',"
	                 "'protocol':'Tcp','sourcePortRange':'*','destinationAddressPrefix':'*','destinationPortRange':"
	                 "'8080','sourceAddressPrefix':'*'}}");
	kit_expect_value(k, "networkSecurityGroups/shop.web", "properties.securityRules.1.properties.protocol",
	                 "'Udp'");
	kit_expect_value(k, "networkSecurityGroups/shop.web",
	                 "properties.securityRules.1.properties.destinationPortRange", "'53'");
	kit_expect_value(k, "networkInterfaces/web_IN_1",
	                 "properties.ipConfigurations.0.properties.loadBalancerBackendAddressPools",
	                 "[" ID("loadBalancers/shop/backendAddressPools/web") "]");
	kit_expect_value(k, "networkInterfaces/web_IN_2", "name", "none");
	/* clang-format off */
	kit_expect(k, "Microsoft.Compute/virtualMachines/web_IN_1", "{'networkProfile':{'networkInterfaces':[" ID(
		"networkInterfaces/web_IN_1") "]},'availabilitySet':{"
		"'id':'/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/availabilitySets/shop'},"
		"'osProfile':{'computerName':'web_IN_1'}}");
	/* clang-format on */
	kit_model(k, "");
}

/* The default of the platform: every 15 s, down after 31 s without an answer. */
static void test_probe_defaults(void)
{
	g_autoptr(kit) k = kit_read(
	        SERVICE("<LoadBalancerProbes><LoadBalancerProbe name='p' protocol='tcp'/></LoadBalancerProbes>" ROLE(
	                "web",
	                "<InputEndpoint name='a' protocol='tcp' port='80' localPort='8000' loadBalancerProbe='P'/>"
	                "<InputEndpoint name='b' protocol='tcp' port='81' loadBalancerProbe='p'/>")),
	        NULL);

	kit_expect_value(k, "loadBalancers/shop", "properties.probes",
	                 "[{'name':'web.a','properties':{'protocol':'Tcp','port':8000,'intervalInSeconds':15,"
	                 "'numberOfProbes':2}},{'name':'web.b','properties':{'protocol':'Tcp','port':81,"
	                 "'intervalInSeconds':15,'numberOfProbes':2}}]");
	kit_model(k, "");
}

static void test_distributions(void)
{
	static const char *const pairs[][2] = {{"", "'Default'"},
	                                       {"loadBalancerDistribution='none'", "'Default'"},
	                                       {"loadBalancerDistribution='SourceIp'", "'SourceIP'"},
	                                       {"loadBalancerDistribution='sourceIPProtocol'", "'SourceIPProtocol'"}};

	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *text = g_strdup_printf(
		        SERVICE(ROLE("web", "<InputEndpoint name='a' protocol='tcp' port='80' %s/>")), pairs[i][0]);
		g_autoptr(kit) k = kit_read(text, NULL);

		kit_expect_value(k, "loadBalancers/shop", "properties.loadBalancingRules.0.properties.loadDistribution",
		                 pairs[i][1]);
	}
}

/* "*", and an internal endpoint without a port: any free port of the role, in the order of its endpoints. */
static void test_free_ports(void)
{
	g_autoptr(kit) k = kit_read(
	        SERVICE(ROLE("web",
	                     "<InputEndpoint name='a' protocol='tcp' port='80' localPort='*'/>"
	                     "<InternalEndpoint name='b' protocol='tcp'/>"
	                     "<InternalEndpoint name='c' protocol='udp' port='20001'/>"
	                     "<InternalEndpoint name='d' protocol='tcp' port='*'/>"
	                     "<InstanceInputEndpoint name='e' protocol='tcp' localPort='*'><AllocatePublicPortFrom>"
	                     "<FixedPortRange min='90' max='90'/></AllocatePublicPortFrom></"
	                     "InstanceInputEndpoint>")),
	        NULL);
	static const char *const ports[] = {"'20000'", "'20002'", "'20001'", "'20003'", "'20004'"};

	kit_expect_value(k, "loadBalancers/shop", "properties.loadBalancingRules.0.properties.backendPort", "20000");
	kit_expect_value(k, "loadBalancers/shop", "properties.inboundNatRules.0.properties.backendPort", "20004");
	for (guint i = 0; i < G_N_ELEMENTS(ports); i++) {
		g_autofree char *path =
		        g_strdup_printf("properties.securityRules.%u.properties.destinationPortRange", i);

		kit_expect_value(k, "networkSecurityGroups/shop.web", path, ports[i]);
	}
	kit_model(k, "");
}

static void test_instance(void)
{
	static const char definition[] = SERVICE(ROLE(
	        "web", "<InstanceInputEndpoint name='debug' protocol='udp' localPort='1000' idleTimeoutInMinutes='5'>"
	               "<AllocatePublicPortFrom><FixedPortRange min='30000' max='30001'/></AllocatePublicPortFrom>"
	               "</InstanceInputEndpoint>"));
	g_autoptr(kit) k = kit_read(definition, COUNT("web", "2"));

	kit_refused(
	        definition, COUNT("web", "3"),
	        "a.csdef:1: /ServiceDefinition[@name='shop']/WebRole[@name='web']/Endpoints/"
	        "InstanceInputEndpoint[@name='debug']: 2 ports are too few for 3 instances; widen the range, or have "
	        "fewer instances");
	/* clang-format off */
	kit_expect_value(k, "loadBalancers/shop", "properties.inboundNatRules",
		"[{'name':'web_IN_0.debug','properties':{'frontendIPConfiguration':" ID(
		"loadBalancers/shop/frontendIPConfigurations/front")
		",'protocol':'Udp','frontendPort':30000,'backendPort':1000,'idleTimeoutInMinutes':5}},{"
		"'name':'web_IN_1.debug','properties':{'frontendIPConfiguration':" ID(
		"loadBalancers/shop/frontendIPConfigurations/front")
		",'protocol':'Udp','frontendPort':30001,'backendPort':1000,'idleTimeoutInMinutes':5}}]");
	/* clang-format on */
	kit_expect_value(k, "loadBalancers/shop", "properties.backendAddressPools", "[]");
	kit_expect_value(k, "networkInterfaces/web_IN_1",
	                 "properties.ipConfigurations.0.properties.loadBalancerInboundNatRules",
	                 "[" ID("loadBalancers/shop/inboundNatRules/web_IN_1.debug") "]");
	kit_expect_value(k, "networkSecurityGroups/shop.web",
	                 "properties.securityRules.0.properties.destinationPortRange", "'1000'");
	kit_model(k, "");
}

static void test_internal_ports(void)
{
	static const struct {
		const char *endpoint, *protocol, *ports;
	} cases[] = {
	        {"protocol='tcp' port='99'/>", "'Tcp'", "'99'"},
	        {"protocol='http' port='99'/>", "'Tcp'", "'99'"},
	        {"protocol='udp'><FixedPort port='7'/></InternalEndpoint>", "'Udp'", "'7'"},
	        {"protocol='any'><FixedPortRange min='8995' max='8999'/></InternalEndpoint>", "'*'", "'8995-8999'"},
	        {"protocol='any'/>", "'*'", "'*'"},
	        {"port='99'/>", "'Tcp'", "'99'"},
	        {"protocol='tcp'><FixedPortRange min='5' max='5'/></InternalEndpoint>", "'Tcp'", "'5'"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
		        g_strdup_printf(SERVICE(ROLE("web", "<InternalEndpoint name='a' %s")), cases[i].endpoint);
		g_autoptr(kit) k = kit_read(text, NULL);

		kit_expect_value(k, "networkSecurityGroups/shop.web", "properties.securityRules.0.properties.protocol",
		                 cases[i].protocol);
		kit_expect_value(k, "networkSecurityGroups/shop.web",
		                 "properties.securityRules.0.properties.destinationPortRange", cases[i].ports);
		kit_expect_value(k, "networkSecurityGroups/shop.web",
		                 "properties.securityRules.0.properties.sourceAddressPrefix", "'VirtualNetwork'");
		kit_expect_value(k, "loadBalancers/shop", "properties.loadBalancingRules", "[]");
		kit_model(k, "");
	}
}

/* An endpoint and the rules of our own never share a name. */
static void test_names(void)
{
	/* clang-format off */
	g_autoptr(kit) k = kit_read(SERVICE(ROLE("web",
		"<InputEndpoint name='DenyAllElse' protocol='tcp' port='80'/><InternalEndpoint name='Probes' protocol='tcp' port='1'/><InternalEndpoint name='a b/c' protocol='tcp' port='2'/>")),
		NULL);
	/* clang-format on */

	kit_expect_value(k, "networkSecurityGroups/shop.web", "properties.securityRules.2.name", "'endpoint.a-b-c'");
	kit_model(k, "");
}

/* No instances: the service is there, and nobody answers. */
static void test_no_instances(void)
{
	g_autoptr(kit) k =
	        kit_read(SERVICE(ROLE("web", "<InputEndpoint name='a' protocol='tcp' port='80'/>")), COUNT("web", "0"));

	kit_expect_value(k, "networkInterfaces/web_IN_0", "name", "none");
	kit_expect_value(k, "loadBalancers/shop", "properties.loadBalancingRules.0.name", "'web.a'");
	kit_model(k, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/endpoints/closed", test_closed);
	g_test_add_func("/endpoints/input", test_input);
	g_test_add_func("/endpoints/probe-defaults", test_probe_defaults);
	g_test_add_func("/endpoints/distributions", test_distributions);
	g_test_add_func("/endpoints/free-ports", test_free_ports);
	g_test_add_func("/endpoints/instance", test_instance);
	g_test_add_func("/endpoints/internal-ports", test_internal_ports);
	g_test_add_func("/endpoints/names", test_names);
	g_test_add_func("/endpoints/no-instances", test_no_instances);
	return g_test_run();
}
