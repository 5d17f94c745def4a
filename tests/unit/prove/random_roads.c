/* SPDX-License-Identifier: Apache-2.0 */
#include "random_roads.h"

#include "random_six.h"

#define TABLES          2
#define PICK(r, list)   list[g_rand_int_range(r, 0, G_N_ELEMENTS(list))]
#define RESOURCE(type)  "{\"type\":\"Microsoft.Network/" type "\",\"apiVersion\":\"2022-07-01\","
#define ID(type, names) "{\"id\":\"[resourceId('Microsoft.Network/" type "'," names ")]\"}"

static gboolean one_in(GRand *r, gint n)
{
	return g_rand_int_range(r, 0, n) == 0;
}

GRand *random_roads_new(GRand *r)
{
	GRand *copy = g_rand_copy(r), *own = g_rand_new_with_seed(g_rand_int(copy) ^ 0x70ad5u);

	g_rand_free(copy);
	if (!one_in(own, 3))
		return own;
	g_rand_free(own);
	return NULL;
}

void random_roads_subnet(GString *s, GRand *r)
{
	if (r && !one_in(r, 3))
		g_string_append_printf(s, ",\"routeTable\":" ID("routeTables", "'t%d'"),
		                       g_rand_int_range(r, 0, TABLES));
}

void random_roads_nic(GString *s, GRand *r)
{
	if (r && !one_in(r, 4))
		g_string_append(s, ",\"enableIPForwarding\":true");
}

static void route(GString *s, GRand *r, const char *prefix)
{
	/* machines of all networks, an address that nobody has, and one out of reach */
	static const char *const appliances[] = {"10.1.1.4", "10.1.1.4", "10.1.1.5", "10.1.2.4",
	                                         "10.1.2.4", "10.1.2.5", "10.2.1.4", "10.2.1.4",
	                                         "10.2.2.4", "10.3.1.4", "10.1.9.9", "10.9.9.9"};
	static const char *const others[] = {"VnetLocal", "Internet", "None", "VirtualNetworkGateway"};
	gboolean appliance = !one_in(r, 4);

	g_string_append_printf(s, "{\"name\":\"r%d\",\"properties\":{\"addressPrefix\":\"%s\",\"nextHopType\":\"%s\"",
	                       g_rand_int_range(r, 0, G_MAXINT32), prefix,
	                       appliance ? "VirtualAppliance" : PICK(r, others));
	if (appliance)
		g_string_append_printf(s, ",\"nextHopIpAddress\":\"%s\"", PICK(r, appliances));
	g_string_append(s, "}},");
}

static void table(GString *s, GRand *r, GRand *six, guint number)
{
	static const char *const prefixes[] = {"0.0.0.0/0",      "10.1.0.0/16",   "10.1.1.0/24",  "10.1.2.0/24",
	                                       "10.1.1.4/32",    "10.1.2.4/31",   "10.2.0.0/16",  "10.2.1.0/24",
	                                       "10.3.0.0/16",    "10.0.0.0/8",    "8.8.8.8/32",   "192.0.2.0/24",
	                                       "203.0.113.0/25", "198.18.0.0/16", "172.16.0.0/12"};

	g_string_append_printf(
	        s,
	        RESOURCE("routeTables") "\"name\":\"t%u\",\"properties\":{\"disablePeeringRoute\":\"%s\","
	                                "\"routes\":[",
	        number, one_in(r, 6) ? "All" : "None");
	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (one_in(r, 3))
			route(s, r, prefixes[i]);
	random_six_routes(s, six);
	g_string_append(s, "]}},\n");
}

static void far_network(GString *s, GRand *r, GRand *six, const char *name, guint second,
                        void (*group)(GString *s, GRand *r))
{
	g_string_append_printf(s,
	                       RESOURCE("virtualNetworks") "\"name\":\"%s\",\"properties\":{\"addressSpace\":{"
	                                                   "\"addressPrefixes\":[\"10.%u.0.0/16\"",
	                       name, second);
	random_six_space(s, six, second);
	g_string_append(s, "]},\"subnets\":[");
	for (guint i = 1; i <= 2; i++) {
		g_string_append_printf(s, "{\"name\":\"s%u\",\"properties\":{", i);
		random_six_prefixes(s, six, second, i);
		group(s, r);
		random_roads_subnet(s, r);
		g_string_append(s, "}},");
	}
	g_string_append(s, "]}},\n");
}

static void far_machine(GString *s, GRand *r, GRand *six, const char *network, guint subnet, gboolean standard,
                        void (*group)(GString *s, GRand *r))
{
	g_autofree char *name = g_strdup_printf("%s%u", network, subnet);
	gboolean own = one_in(r, 2);

	random_six_address(s, six, name, standard);
	if (own)
		g_string_append_printf(
		        s,
		        RESOURCE("publicIPAddresses") "\"name\":\"p-%s\",\"sku\":{\"name\":\"%s\"},"
		                                      "\"properties\":{\"publicIPAllocationMethod\":\"Static\"}},\n",
		        name, standard ? "Standard" : "Basic");
	g_string_append_printf(s,
	                       RESOURCE("networkInterfaces") "\"name\":\"n-%s\",\"properties\":{\"ipConfigurations\":[{"
	                                                     "\"name\":\"c\",\"properties\":{\"subnet\":" ID(
	                                                             "virtualNetworks/subnets", "'%s','s%u'"),
	                       name, network, subnet);
	if (own)
		g_string_append_printf(s, ",\"publicIPAddress\":" ID("publicIPAddresses", "'p-%s'"), name);
	g_string_append(s, "}}");
	random_six_config(s, six, name, network, subnet, FALSE);
	g_string_append(s, "]");
	group(s, r);
	random_roads_nic(s, r);
	g_string_append_printf(s,
	                       "}},\n{\"type\":\"Microsoft.Compute/virtualMachines\",\"apiVersion\":\"2020-06-01\","
	                       "\"name\":\"vm-%s\",\"properties\":{\"networkProfile\":{\"networkInterfaces\":[" ID(
	                               "networkInterfaces", "'n-%s'") "]}}},\n",
	                       name, name);
}

static void peering(GString *s, GRand *r, GRand *six, const char *own, const char *other)
{
	g_string_append_printf(
	        s,
	        RESOURCE("virtualNetworks/virtualNetworkPeerings") "\"name\":\"%s/%s\",\"properties\":{"
	                                                           "\"remoteVirtualNetwork\":" ID(
	                                                                   "virtualNetworks",
	                                                                   "'%s'") ",\"allowForwardedTraffic\":%s,"
	                                                                           "\"allowVirtualNetworkAccess\":%s",
	        own, other, other, one_in(r, 2) ? "true" : "false", one_in(r, 4) ? "false" : "true");
	if (one_in(r, 5))
		g_string_append_printf(s,
		                       ",\"peerCompleteVnets\":false,\"localSubnetNames\":[\"s1\"],"
		                       "\"remoteSubnetNames\":[\"s%d\"]",
		                       g_rand_int_range(r, 1, 3));
	if (six && one_in(six, 6))
		g_string_append(s, ",\"enableOnlyIPv6Peering\":true");
	g_string_append(s, "}},\n");
}

/* Mostly both halves. */
static void peerings(GString *s, GRand *r, GRand *six, const char *a, const char *b)
{
	if (!one_in(r, 6))
		peering(s, r, six, a, b);
	if (!one_in(r, 6))
		peering(s, r, six, b, a);
}

void random_roads_rest(GString *s, GRand *r, GRand *six, gboolean standard, void (*group)(GString *s, GRand *r))
{
	if (!r)
		return;
	for (guint i = 0; i < TABLES; i++)
		table(s, r, six, i);
	far_network(s, r, six, "w", 2, group);
	far_network(s, r, six, "x", 3, group);
	far_machine(s, r, six, "w", 1, standard, group);
	far_machine(s, r, six, "w", 2, standard, group);
	far_machine(s, r, six, "x", 1, standard, group);
	peerings(s, r, six, "v", "w");
	peerings(s, r, six, "w", "x");
	if (one_in(r, 3))
		peerings(s, r, six, "v", "x");
}
