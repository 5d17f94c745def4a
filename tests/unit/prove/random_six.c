/* SPDX-License-Identifier: Apache-2.0 */
#include "random_six.h"

#define PICK(r, list)   list[g_rand_int_range(r, 0, G_N_ELEMENTS(list))]
#define ID(type, names) "{\"id\":\"[resourceId('Microsoft.Network/" type "'," names ")]\"}"
#define FRONTEND        "\"frontendIPConfiguration\":" ID("loadBalancers/frontendIPConfigurations", "'lb','f6'")

const char *const random_outside6[] = {"2001:db8:1::9", "2001:db8:2::1", "2a00:1::9",
                                       "2620::1",       "fd00:0:9::1",   "fe80::9"};
const guint random_outside6_count = G_N_ELEMENTS(random_outside6);

static gboolean one_in(GRand *r, gint n)
{
	return g_rand_int_range(r, 0, n) == 0;
}

GRand *random_six_new(GRand *r)
{
	GRand *copy = g_rand_copy(r), *own = g_rand_new_with_seed(g_rand_int(copy) ^ 0x516u);

	g_rand_free(copy);
	if (one_in(own, 2))
		return own;
	g_rand_free(own);
	return NULL;
}

void random_six_space(GString *s, GRand *six, guint network)
{
	if (six)
		g_string_append_printf(s, ",\"fd00:0:%u::/48\"", network);
}

void random_six_prefixes(GString *s, GRand *six, guint network, guint subnet)
{
	g_string_append_printf(s, "\"addressPrefixes\":[\"10.%u.%u.0/24\"", network, subnet);
	if (six)
		g_string_append_printf(s, ",\"fd00:0:%u:%u::/64\"", network, subnet);
	g_string_append(s, "]");
}

void random_six_address(GString *s, GRand *six, const char *name, gboolean standard)
{
	if (six)
		g_string_append_printf(
		        s,
		        "{\"type\":\"Microsoft.Network/"
		        "publicIPAddresses\",\"apiVersion\":\"2022-07-01\",\"name\":\"six-%s\","
		        "\"sku\":{\"name\":\"%s\"},\"properties\":{\"publicIPAllocationMethod\":\"Static\","
		        "\"publicIPAddressVersion\":\"IPv6\"}},\n",
		        name, standard ? "Standard" : "Basic");
}

void random_six_config(GString *s, GRand *six, const char *name, const char *network, guint subnet, gboolean first)
{
	if (!six)
		return;
	g_string_append_printf(s,
	                       ",{\"name\":\"six\",\"properties\":{\"privateIPAddressVersion\":\"IPv6\",\"subnet\":" ID(
	                               "virtualNetworks/subnets", "'%s','s%u'"),
	                       network, subnet);
	if (one_in(six, 3))
		g_string_append_printf(s, ",\"publicIPAddress\":" ID("publicIPAddresses", "'six-%s'"), name);
	if (one_in(six, 2) && *network == 'v')
		g_string_append(s, ",\"loadBalancerBackendAddressPools\":[" ID("loadBalancers/backendAddressPools",
		                                                               "'lb','p6'") "]");
	if (first)
		g_string_append(
		        s, ",\"loadBalancerInboundNatRules\":[" ID("loadBalancers/inboundNatRules", "'lb','n6'") "]");
	g_string_append(s, "}}");
}

const char *random_six_side(GRand *six, const char *side)
{
	static const char *const sides[] = {"*",
	                                    "*",
	                                    "Internet",
	                                    "VirtualNetwork",
	                                    "AzureLoadBalancer",
	                                    "fd00:0:1:1::/64",
	                                    "fd00:0:1:1::4",
	                                    "fd00:0:1:2::/125",
	                                    "2001:db8:1::/48",
	                                    "2000::/3",
	                                    "fd00:0:2::/48",
	                                    "2001:2::/48"};

	return six && one_in(six, 2) ? PICK(six, sides) : side;
}

void random_six_routes(GString *s, GRand *six)
{
	static const char *const prefixes[] = {
	        "::/0",          "fd00:0:1::/48", "fd00:0:1:1::/64", "fd00:0:1:2::/64", "fd00:0:1:1::4/128",
	        "fd00:0:2::/48", "fd00:0:3::/48", "fd00::/16",       "2001:db8:1::/64", "2a00:1::9/128",
	        "2001:2::/48"};
	static const char *const appliances[] = {"fd00:0:1:1::4", "fd00:0:1:1::5", "fd00:0:1:2::4",
	                                         "fd00:0:1:2::5", "fd00:0:2:1::4", "fd00:0:2:2::4",
	                                         "fd00:0:3:1::4", "fd00:0:1:9::9", "fd00:0:9::9"};
	static const char *const others[] = {"VnetLocal", "Internet", "None", "VirtualNetworkGateway"};

	for (gsize i = 0; six && i < G_N_ELEMENTS(prefixes); i++) {
		gboolean appliance;

		if (!one_in(six, 3))
			continue;
		appliance = !one_in(six, 4);
		g_string_append_printf(
		        s, "{\"name\":\"six%zu\",\"properties\":{\"addressPrefix\":\"%s\",\"nextHopType\":\"%s\"", i,
		        prefixes[i], appliance ? "VirtualAppliance" : PICK(six, others));
		if (appliance)
			g_string_append_printf(s, ",\"nextHopIpAddress\":\"%s\"", PICK(six, appliances));
		g_string_append(s, "}},");
	}
}

void random_six_frontend(GString *s, GRand *six)
{
	if (six)
		g_string_append(s, ",{\"name\":\"f6\",\"properties\":{\"publicIPAddress\":" ID("publicIPAddresses",
		                                                                               "'six-lb'") "}}");
}

void random_six_pool(GString *s, GRand *six)
{
	if (six)
		g_string_append(s, ",{\"name\":\"p6\"}");
}

static void rule(GString *s, GRand *six, const char *name, const char *protocol, guint front)
{
	static const guint16 ports[] = {22, 53, 80, 443, 1433, 8080};
	static const char *const lists[] = {
	        "", "",
	        ",\"accessControl\":{\"rules\":[{\"order\":7,\"action\":\"permit\",\"remoteSubnet\":\"::/0\"}]}",
	        ",\"accessControl\":{\"rules\":[{\"order\":7,\"action\":\"deny\",\"remoteSubnet\":\"2001:db8:1::/"
	        "48\"}]}",
	        ",\"accessControl\":{\"rules\":[{\"order\":7,\"action\":\"permit\",\"remoteSubnet\":\"0.0.0.0/0\"},"
	        "{\"order\":8,\"action\":\"permit\",\"remoteSubnet\":\"2a00:1::/32\"}]}"};

	g_string_append_printf(s,
	                       "{\"name\":\"%s\",\"properties\":{" FRONTEND ",\"backendAddressPool\":" ID(
	                               "loadBalancers/backendAddressPools",
	                               "'lb','p6'") ",\"protocol\":\"%s\",\"frontendPort\":%u,\"backendPort\":%u%s}},",
	                       name, protocol, front, PICK(six, ports), PICK(six, lists));
}

void random_six_rules(GString *s, GRand *six)
{
	if (!six)
		return;
	rule(s, six, "six0", "Tcp", 80);
	rule(s, six, "six1", "Udp", 53);
}

void random_six_nat_rule(GString *s, GRand *six)
{
	if (six)
		g_string_append(s, "{\"name\":\"n6\",\"properties\":{" FRONTEND
		                   ",\"protocol\":\"Tcp\",\"frontendPort\":50022,\"backendPort\":22}},");
}
