/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 beside IPv4: what stands in the graph, what the compiler never meets, and what is refused. */
#include "fixture.h"

#include <string.h>

#define NET(space, subnets)                                                                                            \
	"{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':[" space               \
	"]},'subnets':[" subnets "]}}"
#define SUBNET(name, prefixes) "{'name':'" name "','properties':{'addressPrefixes':[" prefixes "]}}"
#define DUAL                   NET("'10.0.0.0/16','fd00:1::/48'", SUBNET("a", "'10.0.1.0/24','fd00:1:0:1::/64'"))
#define IN                     "'subnet':{'id':'@virtualNetworks/net/subnets/a'}"
#define CONFIG(name, rest)     "{'name':'" name "','properties':{" IN rest "}}"
#define V6                     ",'privateIPAddressVersion':'IPv6'"
#define STATIC(address)        ",'privateIPAllocationMethod':'Static','privateIPAddress':'" address "'"
#define NIC(name, configs)                                                                                             \
	"{'type':'networkInterfaces','name':'" name "','properties':{'ipConfigurations':[" configs "]}}"
#define PIP(name, version)                                                                                             \
	"{'type':'publicIPAddresses','name':'" name "','sku':{'name':'Standard'},'properties':{"                       \
	"'publicIPAllocationMethod':'Static','publicIPAddressVersion':'" version "'}}"
#define HAS(name) ",'publicIPAddress':{'id':'@publicIPAddresses/" name "'}"
#define AT        "t.json:1: resource "
#define NAT0      "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes"
#define N1        "t.json:1: resource 'n' (properties.ipConfigurations[1].properties."

static const struct fault faults[] = {
        {"multicast", NET("'10.0.0.0/16','ff00::/16'", ""),
         NAT0 "[1]): ff00::/16 overlaps ff00::/8, multicast, which the network does not carry; choose another prefix"},
        {"link-local", NET("'10.0.0.0/16','fe80::/64'", ""),
         NAT0 "[1]): fe80::/64 overlaps fe80::/10, link-local, which never leaves a link; choose another prefix"},
        {"everything", NET("'10.0.0.0/16','::/0'", ""),
         NAT0 "[1]): ::/0 overlaps ff00::/8, multicast, which the network does not carry; choose another prefix"},
        {"mapped", NET("'10.0.0.0/16','::ffff:10.0.0.0/112'", ""),
         NAT0 "[1]): ::ffff:10.0.0.0/112 overlaps ::ffff:0.0.0.0/96, where IPv4 addresses are mapped; choose another "
              "prefix"},
        {"loopback", NET("'10.0.0.0/16','::1/128'", ""),
         NAT0 "[1]): ::1/128 overlaps ::1/128, loopback, which never leaves a machine; choose another prefix"},
        {"host-bits", NET("'10.0.0.0/16','fd00::1/48'", ""),
         NAT0 "[1]): fd00::1/48 has bits beyond its length; write fd00::/48"},
        {"no-length", NET("'10.0.0.0/16','fd00::'", ""),
         NAT0 "[1]): 'fd00::' is not an address prefix; write one like 10.0.0.0/16"},
        {"zone", NET("'10.0.0.0/16','fd00::%1/48'", ""),
         NAT0 "[1]): 'fd00::%1/48' is not an address prefix; write one like 10.0.0.0/16"},
        {"space-long", NET("'10.0.0.0/16','fd00::/65'", ""),
         NAT0 "[1]): fd00::/65 is longer than /64; choose another prefix"},
        {"space-overlap", NET("'fd00::/48','10.0.0.0/16','fd00:0:0:1::/64'", ""),
         NAT0 "[2]): it overlaps another prefix of the same address space; remove one"},
        {"space-alone", NET("'fd00::/48'", ""),
         NAT0 "): the network has IPv6 alone; add an IPv4 prefix like 10.0.0.0/16"},
        {"subnet-alone", NET("'10.0.0.0/16','fd00::/48'", SUBNET("a", "'fd00::/64'")),
         AT "'net' (properties.subnets[0].properties.addressPrefix): the subnet has IPv6 alone; add an IPv4 prefix"},
        {"subnet-size", NET("'10.0.0.0/16','fd00::/48'", SUBNET("a", "'10.0.0.0/24','fd00::/56'")),
         AT
         "'net' (properties.subnets[0].properties.addressPrefixes): fd00::/56 is no /64, which every IPv6 subnet is; "
         "make it one"},
        {"subnet-outside", NET("'10.0.0.0/16','fd00::/48'", SUBNET("a", "'10.0.0.0/24','fd00:1::/64'")),
         AT "'net' (properties.subnets[0].properties.addressPrefix): fd00:1::/64 is not inside the address space of "
            "virtual network 'net'; move it, or extend the space"},
        {"subnet-overlap",
         NET("'10.0.0.0/16','fd00::/48'",
             SUBNET("a", "'10.0.0.0/24','fd00::/64'") "," SUBNET("b", "'10.0.1.0/24','fd00::/64'")),
         AT "'net' (properties.subnets[1].properties.addressPrefix): fd00::/64 overlaps fd00::/64 of subnet 'a' "
            "(t.json:1); choose another prefix"},
        {"no-prefix",
         NET("'10.0.0.0/16'", SUBNET("a", "'10.0.1.0/24'")) "," NIC("n", CONFIG("c", "") "," CONFIG("d", V6)),
         N1 "privateIPAddressVersion): subnet 'a' has no IPv6 prefix; add a /64 to it, or remove the configuration"},
        {"no-ipv4", DUAL "," NIC("n", CONFIG("c", V6)),
         AT "'n' (properties.ipConfigurations): the interface has no usable IPv4 configuration; add one"},
        {"primary", DUAL "," NIC("n", CONFIG("c", "") "," CONFIG("d", V6 ",'primary':true")),
         N1 "primary): an IPv6 configuration cannot be the primary one; make an IPv4 one primary"},
        {"wrong-family", DUAL "," NIC("n", CONFIG("c", "") "," CONFIG("d", V6 STATIC("10.0.1.9"))),
         N1 "privateIPAddress): '10.0.1.9' is not an IPv6 address; write one like fd00::4"},
        {"reserved", DUAL "," NIC("n", CONFIG("c", "") "," CONFIG("d", V6 STATIC("fd00:1:0:1::3"))),
         N1
         "privateIPAddress): fd00:1:0:1::3 is one of the four reserved addresses of fd00:1:0:1::/64; choose another"},
        {"outside", DUAL "," NIC("n", CONFIG("c", "") "," CONFIG("d", V6 STATIC("fd00:1:0:2::4"))),
         N1 "privateIPAddress): fd00:1:0:2::4 is not in subnet 'a'; choose an address inside it"},
        {"twice",
         DUAL "," NIC("m", CONFIG("c", "") "," CONFIG("d", V6 STATIC("fd00:1:0:1::0:4"))) "," NIC(
                 "n", CONFIG("c", "") "," CONFIG("d", V6 STATIC("fd00:1:0:1:0::4"))),
         N1 "privateIPAddress): fd00:1:0:1::4 already belongs to 'm' (t.json:1); choose another"},
        {"public-six-on-four", DUAL "," PIP("six", "IPv6") "," NIC("n", CONFIG("c", HAS("six"))),
         AT
         "'n' (properties.ipConfigurations[0].properties.publicIPAddress): 'six' is an IPv6 address; use an IPv4 one"},
        {"public-four-on-six",
         DUAL "," PIP("four", "IPv4") "," NIC("n", CONFIG("c", "") "," CONFIG("d", V6 HAS("four"))),
         N1 "publicIPAddress): 'four' is an IPv4 address; use an IPv6 one"},
};

static const char dual[] = "[" DUAL "," PIP("six", "IPv6") ",{'type':'applicationSecurityGroups','name':'front'}," NIC(
        "n", CONFIG("v6", V6 STATIC("fd00:1:0:1::9")
                                  HAS("six") ",'applicationSecurityGroups':[{'id':"
                                             "'@applicationSecurityGroups/front'}]") "," CONFIG("v4", "")) "]";

static void test_configs(void)
{
	g_autoptr(graph) g = fixture_graph(dual);
	const struct nic *n = g->nics->pdata[0];
	const struct ip_config *v6 = n->configs6->pdata[0], *v4 = n->configs->pdata[0];
	const struct app_group *front = g->app_groups->pdata[0];
	g_autofree char *address = ip6_format(v6->address6);

	g_assert_cmpuint(n->configs->len, ==, 1);
	g_assert_cmpuint(n->configs6->len, ==, 1);
	g_assert_true(v4->primary && !v4->v6 && v6->v6 && !v6->primary && v6->address == 0);
	g_assert_cmpstr(address, ==, "fd00:1:0:1::9");
	g_assert_true(v6->public_address->config == v6 && v6->public_address->v6);
	g_assert_true(v6->subnet->configs->len == 1 && v6->subnet->configs6->pdata[0] == v6);
	g_assert_true(front->configs->len == 0 && front->configs6->pdata[0] == v6);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
}

/* All of it is enforced. */
static void test_listed(void)
{
	g_autoptr(graph) g = fixture_graph(dual);

	g_assert_cmpuint(g->recorded->len + g->unmodelled->len, ==, 0);
}

/* Prefixes are kept in order, so that equal documents give equal tables. */
static void test_order(void)
{
	g_autoptr(graph) g = fixture_graph("[" NET("'fd00:2::/48','10.0.0.0/16','fd00:1::/48'", "") "]");
	const struct network *n = g->networks->pdata[0];
	g_autofree char *first = prefix6_format(g_array_index(n->prefixes6, struct prefix6, 0));

	g_assert_cmpuint(n->prefixes6->len, ==, 2);
	g_assert_cmpstr(first, ==, "fd00:1::/48");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("dual", faults, G_N_ELEMENTS(faults));
	g_test_add_func("/dual/configs", test_configs);
	g_test_add_func("/dual/listed", test_listed);
	g_test_add_func("/dual/order", test_order);
	return g_test_run();
}
