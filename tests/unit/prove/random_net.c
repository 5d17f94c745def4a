/* SPDX-License-Identifier: Apache-2.0 */
#include "random_net.h"
#include "random_roads.h"
#include "random_six.h"

#include <string.h>

const guint16 random_ports[] = {22, 53, 80, 443, 1433, 8080, 50022, 50100, 50102};
const guint random_port_count = G_N_ELEMENTS(random_ports);
const char *const random_outside[] = {"192.0.2.1", "198.51.100.7", "203.0.113.9", "8.8.8.8", "10.9.0.1", "172.16.4.4"};
const guint random_outside_count = G_N_ELEMENTS(random_outside);

static const char *const sides[] = {"*",
                                    "*",
                                    "Internet",
                                    "VirtualNetwork",
                                    "AzureLoadBalancer",
                                    "10.1.1.0/24",
                                    "10.1.1.4",
                                    "10.1.2.0/25",
                                    "10.2.0.0/16",
                                    "10.3.1.4",
                                    "203.0.113.0/24",
                                    "192.0.0.0/8",
                                    "168.63.129.16",
                                    "198.18.0.0/16"};
static const char *const port_texts[] = {"*", "*", "22", "53", "80", "443", "1433", "8080", "0-1024", "50000-60000"};
static const char *const protocols[] = {"*", "*", "Tcp", "Tcp", "Udp", "Icmp"};

static gboolean one_in(GRand *r, gint n)
{
	return g_rand_int_range(r, 0, n) == 0;
}

#define PICK(r, list) list[g_rand_int_range(r, 0, G_N_ELEMENTS(list))]

static void rule(GString *s, GRand *r, guint number, const char *direction, GRand *six)
{
	g_string_append_printf(
	        s,
	        "{\"name\":\"%s%u\",\"properties\":{\"priority\":%u,\"access\":\"%s\",\"direction\":\"%s\","
	        "\"protocol\":\"%s\",\"sourceAddressPrefix\":\"%s\",\"sourcePortRange\":\"%s\","
	        "\"destinationAddressPrefix\":\"%s\",\"destinationPortRange\":\"%s\"}},",
	        direction, number, 100 + number * 10, one_in(r, 2) ? "Allow" : "Deny", direction, PICK(r, protocols),
	        random_six_side(six, PICK(r, sides)), one_in(r, 8) ? "30000-65535" : "*",
	        random_six_side(six, PICK(r, sides)), PICK(r, port_texts));
}

static void group(GString *s, GRand *r, guint number, GRand *six)
{
	g_string_append_printf(s,
	                       "{\"type\":\"Microsoft.Network/networkSecurityGroups\",\"apiVersion\":\"2020-11-01\","
	                       "\"name\":\"g%u\",\"properties\":{\"securityRules\":[",
	                       number);
	for (guint i = 0, n = (guint)g_rand_int_range(r, 0, 7); i < n; i++)
		rule(s, r, i, "Inbound", six);
	for (guint i = 0, n = (guint)g_rand_int_range(r, 0, 4); i < n; i++)
		rule(s, r, i, "Outbound", six);
	g_string_append(s, "]}},\n");
}

static void maybe_group(GString *s, GRand *r)
{
	if (one_in(r, 2))
		g_string_append_printf(s,
		                       ",\"networkSecurityGroup\":{\"id\":\"[resourceId('Microsoft.Network/"
		                       "networkSecurityGroups','g%d')]\"}",
		                       g_rand_int_range(r, 0, 3));
}

/* By which ways machines may leave; draws of their own, so that those of the others stay what they were. */
struct ways {
	gboolean gateway;  /* of subnet 2; Standard only */
	gboolean shut;     /* subnet 1 has no default outbound access */
	gboolean outbound; /* the pool has an outbound rule; Standard only */
	gboolean barred;   /* the balancing rules may not be left by */
};

static struct ways random_ways(GRand *rand, gboolean standard)
{
	g_autoptr(GRand) r = g_rand_copy(rand);
	struct ways w = {
	        .gateway = standard && one_in(r, 3), .shut = one_in(r, 3), .outbound = standard && one_in(r, 3)};

	w.barred = w.outbound || one_in(r, 3);
	return w;
}

static void network(GString *s, GRand *r, const struct ways *w, GRand *roads, GRand *six)
{
	g_string_append(s,
	                "{\"type\":\"Microsoft.Network/virtualNetworks\",\"apiVersion\":\"2020-11-01\",\"name\":\"v\","
	                "\"properties\":{\"addressSpace\":{\"addressPrefixes\":[\"10.1.0.0/16\"");
	random_six_space(s, six, 1);
	g_string_append(s, "]},\"subnets\":[");
	for (guint i = 1; i <= 2; i++) {
		g_string_append_printf(s, "{\"name\":\"s%u\",\"properties\":{", i);
		random_six_prefixes(s, six, 1, i);
		maybe_group(s, r);
		if (i == 1 && w->shut)
			g_string_append(s, ",\"defaultOutboundAccess\":false");
		if (i == 2 && w->gateway)
			g_string_append(
			        s, ",\"natGateway\":{\"id\":\"[resourceId('Microsoft.Network/natGateways','gw')]\"}");
		random_roads_subnet(s, roads);
		g_string_append(s, "}},");
	}
	g_string_append(s, "]}},\n");
}

static void public_address(GString *s, const char *name, gboolean standard)
{
	g_string_append_printf(s,
	                       "{\"type\":\"Microsoft.Network/publicIPAddresses\",\"apiVersion\":\"2020-11-01\","
	                       "\"name\":\"%s\",\"sku\":{\"name\":\"%s\"},\"properties\":{\"publicIPAllocationMethod\":"
	                       "\"Static\"}},\n",
	                       name, standard ? "Standard" : "Basic");
}

/* A gateway of two addresses, or of one. */
static void nat_gateway(GString *s, GRand *rand)
{
	g_autoptr(GRand) r = g_rand_copy(rand);
	const char *second =
	        one_in(r, 2) ? ",{\"id\":\"[resourceId('Microsoft.Network/publicIPAddresses','g1')]\"}" : "";

	public_address(s, "g0", TRUE);
	public_address(s, "g1", TRUE);
	g_string_append_printf(
	        s,
	        "{\"type\":\"Microsoft.Network/natGateways\",\"apiVersion\":\"2020-11-01\",\"name\":\"gw\",\"sku\":{"
	        "\"name\":\"Standard\"},\"properties\":{\"publicIpAddresses\":[{\"id\":\"[resourceId('Microsoft."
	        "Network/"
	        "publicIPAddresses','g0')]\"}%s]}},\n",
	        second);
}

/* Of an endpoint; most permit everybody, in one way or another. */
static const char *access_control(GRand *r)
{
	static const char *const lists[] = {
	        "",
	        "",
	        ",\"accessControl\":{\"rules\":[]}",
	        ",\"accessControl\":{\"rules\":[{\"order\":7,\"action\":\"permit\",\"remoteSubnet\":\"0.0.0.0/0\"},"
	        "{\"order\":8,\"action\":\"deny\",\"remoteSubnet\":\"192.0.2.0/24\"}]}",
	        ",\"accessControl\":{\"rules\":[{\"order\":7,\"action\":\"permit\",\"remoteSubnet\":\"0.0.0.0/0\"},"
	        "{\"order\":6,\"action\":\"deny\",\"remoteSubnet\":\"192.0.2.0/24\"}]}",
	        ",\"accessControl\":{\"rules\":[{\"order\":0,\"action\":\"permit\",\"remoteSubnet\":\"::/0\"}]}",
	        ",\"accessControl\":{\"rules\":[{\"order\":3,\"action\":\"deny\",\"remoteSubnet\":\"198.51.100.0/"
	        "24\"}]}",
	        ",\"accessControl\":{\"rules\":[{\"order\":4,\"action\":\"permit\",\"remoteSubnet\":\"203.0.113.0/"
	        "24\"},"
	        "{\"order\":5,\"action\":\"permit\",\"remoteSubnet\":\"198.18.0.0/16\"}]}",
	};

	return PICK(r, lists);
}

static void balancer_rule(GString *s, GRand *r, guint number, const char *protocol, guint front, gboolean barred)
{
	g_string_append_printf(s,
	                       "{\"name\":\"r%u\",\"properties\":{\"frontendIPConfiguration\":{\"id\":\"[resourceId("
	                       "'Microsoft.Network/loadBalancers/frontendIPConfigurations','lb','f')]\"},"
	                       "\"backendAddressPool\":{\"id\":\"[resourceId('Microsoft.Network/loadBalancers/"
	                       "backendAddressPools','lb','p')]\"},\"protocol\":\"%s\",\"frontendPort\":%u,"
	                       "\"backendPort\":%u,\"disableOutboundSnat\":%s%s}},",
	                       number, protocol, front, PICK(r, random_ports), barred ? "true" : "false",
	                       access_control(r));
}

static void balancer(GString *s, GRand *r, gboolean standard, const struct ways *w, GRand *six)
{
	g_autoptr(GRand) copy = g_rand_copy(r); /* the draws of the others stay what they are without the NAT pool */

	g_string_append_printf(
	        s,
	        "{\"type\":\"Microsoft.Network/loadBalancers\",\"apiVersion\":\"2020-11-01\",\"name\":\"lb\","
	        "\"sku\":{\"name\":\"%s\"},\"properties\":{\"frontendIPConfigurations\":[{\"name\":\"f\","
	        "\"properties\":{\"publicIPAddress\":{\"id\":\"[resourceId('Microsoft.Network/"
	        "publicIPAddresses','plb')]\"}}}",
	        standard ? "Standard" : "Basic");
	random_six_frontend(s, six);
	g_string_append(s, "],\"backendAddressPools\":[{\"name\":\"p\"}");
	random_six_pool(s, six);
	g_string_append(s, "],\"loadBalancingRules\":[");
	balancer_rule(s, r, 0, "Tcp", 80, w->barred);
	balancer_rule(s, r, 1, "Udp", 53, w->barred);
	random_six_rules(s, six);
	g_string_append(s, "],\"inboundNatRules\":[");
	random_six_nat_rule(s, six);
	g_string_append_printf(
	        s,
	        "{\"name\":\"n\",\"properties\":{\"frontendIPConfiguration\":{\"id\":"
	        "\"[resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations','lb','f')]\"},"
	        "\"protocol\":\"Tcp\",\"frontendPort\":50022,\"backendPort\":%u%s}}],\"inboundNatPools\":[{\"name\":"
	        "\"np\","
	        "\"properties\":{\"frontendIPConfiguration\":{\"id\":"
	        "\"[resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations','lb','f')]\"},"
	        "\"protocol\":\"%s\",\"frontendPortRangeStart\":50100,\"frontendPortRangeEnd\":50109,\"backendPort\":%"
	        "u%s}}]",
	        PICK(r, random_ports), access_control(r), one_in(copy, 4) ? "All" : "Tcp", PICK(copy, random_ports),
	        access_control(copy));
	if (w->outbound)
		g_string_append_printf(
		        s,
		        ",\"outboundRules\":[{\"name\":\"o\",\"properties\":{\"frontendIPConfigurations\":[{\"id\":"
		        "\"[resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations','lb','f')]\"}],"
		        "\"backendAddressPool\":{\"id\":\"[resourceId('Microsoft.Network/loadBalancers/"
		        "backendAddressPools','lb','p')]\"},\"protocol\":\"All\",\"allocatedOutboundPorts\":%u}}]",
		        one_in(copy, 2) ? 0 : 1000);
	g_string_append(s, "}},\n");
}

/* Up to three instances, each with a port of the NAT pool from 50100 on. */
static void scale_set(GString *s, GRand *rand, gboolean standard)
{
	g_autoptr(GRand) r = g_rand_copy(rand);

	g_string_append_printf(
	        s,
	        "{\"type\":\"Microsoft.Compute/"
	        "virtualMachineScaleSets\",\"apiVersion\":\"2020-12-01\",\"name\":\"set\","
	        "\"sku\":{\"capacity\":%d},\"properties\":{\"virtualMachineProfile\":{\"networkProfile\":{"
	        "\"networkInterfaceConfigurations\":[{\"name\":\"n\",\"properties\":{\"ipConfigurations\":[{\"name\":"
	        "\"c\","
	        "\"properties\":{\"loadBalancerInboundNatPools\":[{\"id\":\"[resourceId('Microsoft.Network/"
	        "loadBalancers/"
	        "inboundNatPools','lb','np')]\"}],\"subnet\":{\"id\":\"[resourceId('Microsoft.Network/virtualNetworks/"
	        "subnets','v','s%d')]\"}",
	        g_rand_int_range(r, 0, 4), g_rand_int_range(r, 1, 3));
	if (one_in(r, 3))
		g_string_append_printf(s,
		                       ",\"publicIPAddressConfiguration\":{\"name\":\"own\",\"sku\":{\"name\":\"%s\"}}",
		                       standard ? "Standard" : "Basic");
	if (one_in(r, 2))
		g_string_append(s, ",\"loadBalancerBackendAddressPools\":[{\"id\":\"[resourceId('Microsoft.Network/"
		                   "loadBalancers/backendAddressPools','lb','p')]\"}]");
	g_string_append(s, "}}]");
	maybe_group(s, r);
	g_string_append(s, "}}]}}}},\n");
}

static void machine(GString *s, GRand *r, guint number, gboolean standard, GRand *roads, GRand *six)
{
	gboolean own = one_in(r, 3);
	guint subnet;
	g_autofree char *name = g_strdup_printf("p%u", number);

	if (own)
		public_address(s, name, standard);
	subnet = (guint)g_rand_int_range(r, 1, 3);
	random_six_address(s, six, name, standard);
	g_string_append_printf(
	        s,
	        "{\"type\":\"Microsoft.Network/networkInterfaces\",\"apiVersion\":\"2020-11-01\",\"name\":\"n%u\","
	        "\"properties\":{\"ipConfigurations\":[{\"name\":\"c\",\"properties\":{\"subnet\":{\"id\":"
	        "\"[resourceId('Microsoft.Network/virtualNetworks/subnets','v','s%u')]\"}",
	        number, subnet);
	if (own)
		g_string_append_printf(
		        s,
		        ",\"publicIPAddress\":{\"id\":\"[resourceId('Microsoft.Network/publicIPAddresses',"
		        "'p%u')]\"}",
		        number);
	if (one_in(r, 2))
		g_string_append(s, ",\"loadBalancerBackendAddressPools\":[{\"id\":\"[resourceId('Microsoft.Network/"
		                   "loadBalancers/backendAddressPools','lb','p')]\"}]");
	if (number == 0)
		g_string_append(s, ",\"loadBalancerInboundNatRules\":[{\"id\":\"[resourceId('Microsoft.Network/"
		                   "loadBalancers/inboundNatRules','lb','n')]\"}]");
	g_string_append(s, "}}");
	random_six_config(s, six, name, "v", subnet, number == 0);
	g_string_append(s, "]");
	maybe_group(s, r);
	random_roads_nic(s, roads);
	g_string_append_printf(
	        s,
	        "}},\n{\"type\":\"Microsoft.Compute/virtualMachines\",\"apiVersion\":\"2020-06-01\",\"name\":"
	        "\"vm%u\",\"properties\":{\"networkProfile\":{\"networkInterfaces\":[{\"id\":"
	        "\"[resourceId('Microsoft.Network/networkInterfaces','n%u')]\"}]}}},\n",
	        number, number);
}

char *random_template(GRand *r)
{
	gboolean standard = one_in(r, 2);
	GRand *roads = random_roads_new(r), *six = random_six_new(r);
	struct ways ways;
	GString *s = g_string_new("{\"$schema\":\"https://schema.management.azure.com/schemas/2019-04-01/"
	                          "deploymentTemplate.json#\",\"contentVersion\":\"1.0.0.0\",\"resources\":[\n");

	for (guint i = 0; i < 3; i++)
		group(s, r, i, six);
	ways = random_ways(r, standard);
	network(s, r, &ways, roads, six);
	public_address(s, "plb", standard);
	if (ways.gateway)
		nat_gateway(s, r);
	random_six_address(s, six, "lb", standard);
	balancer(s, r, standard, &ways, six);
	for (guint i = 0; i < RANDOM_VMS; i++)
		machine(s, r, i, standard, roads, six);
	scale_set(s, r, standard);
	random_roads_rest(s, roads, six, standard, maybe_group);
	g_clear_pointer(&roads, g_rand_free);
	g_clear_pointer(&six, g_rand_free);
	g_string_append(s, "]}\n");
	return g_string_free(s, FALSE);
}

struct scene random_scene(GRand *r, guint seed, guint hosts)
{
	static const struct arm_scope scope = {"s", "random", "local", "random", NULL};
	g_autofree char *name = g_strdup_printf("random-%u.json", seed);
	g_autofree char *text = random_template(r);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(node) t = node_parse(text, strlen(text), name, &error);
	g_autoptr(alloc) none = alloc_new();
	struct arm_result *result;
	struct scene s;

	g_assert_no_error(error);
	result = arm_evaluate(t, name, NULL, NULL, &scope, FALSE, &error);
	g_assert_no_error(error);
	s.graph = graph_build(g_steal_pointer(&result->documents), errors);
	result->documents = document_list_new();
	arm_result_free(result);
	if (!s.graph)
		g_error("%s", errors->len ? (char *)g_ptr_array_index(errors, 0) : "no graph");
	alloc_settings_init(&s.settings);
	s.settings.hosts = hosts;
	s.alloc = alloc_assign(none, s.graph, &s.settings, &error);
	g_assert_no_error(error);
	return s;
}
