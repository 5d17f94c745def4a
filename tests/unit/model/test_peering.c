/* SPDX-License-Identifier: Apache-2.0 */
/* Peerings: two halves that find each other, also over a subscription, and what keeps them from it. */
#include "fixture.h"

#include <string.h>

#define ID(subscription, name)                                                                                         \
	"/subscriptions/" subscription "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/" name
#define NET6(name, prefixes, more)                                                                                     \
	"{'type':'virtualNetworks','name':'" name "','properties':{'addressSpace':{'addressPrefixes':[" prefixes       \
	"]}" more "}}"
#define NET(name, prefix, more) NET6(name, "'" prefix "'", more)
#define PEERS(list)             ",'virtualNetworkPeerings':[" list "]"
#define TO(id)                  "'remoteVirtualNetwork':{'id':'" id "'}"
#define HALF(name, to, more)    "{'name':'" name "','properties':{" TO(to) more "}}"
#define OWN(network, name, to, more)                                                                                   \
	"{'type':'virtualNetworks/virtualNetworkPeerings','name':'" network "/" name "','properties':{" TO(to) more "}}"
#define A                    "@virtualNetworks/a"
#define B                    "@virtualNetworks/b"
#define C                    "@virtualNetworks/c"
#define A0                   "t.json:1: resource 'a' (properties.virtualNetworkPeerings[0].properties."
#define A1                   "t.json:1: resource 'a' (properties.virtualNetworkPeerings[1].properties."
#define SUBNETS(list)        ",'subnets':[" list "]"
#define SUBNET(name, prefix) "{'name':'" name "','properties':{'addressPrefix':'" prefix "'}}"
#define SOME(local, remote)                                                                                            \
	",'peerCompleteVnets':false,'localSubnetNames':['" local "'],'remoteSubnetNames':['" remote "']"

static const struct fault faults[] = {
        {"overlap", NET("a", "10.0.0.0/8", PEERS(HALF("to-b", B, ""))) "," NET("b", "10.1.0.0/16", PEERS("")),
         A0 "remoteVirtualNetwork): 10.1.0.0/16 of 'b' overlaps 10.0.0.0/8 of 'a'; only networks that are apart can be "
            "peers"},
        {"overlap-six",
         NET6("a", "'10.0.0.0/16','fd00::/48'", PEERS(HALF("to-b", B, ""))) "," NET6("b", "'10.1.0.0/16','fd00::/56'",
                                                                                     PEERS("")),
         A0 "remoteVirtualNetwork): fd00::/56 of 'b' overlaps fd00::/48 of 'a'; only networks that are apart can be "
            "peers"},
        {"overlap-told",
         NET("a", "10.0.0.0/8",
             PEERS(HALF("to-z", ID("s", "z"), ",'remoteAddressSpace':{'addressPrefixes':['10.1.0.0/16']}"))),
         A0 "remoteVirtualNetwork): 10.1.0.0/16 of 'z' overlaps 10.0.0.0/8 of 'a'; only networks that are apart can be "
            "peers"},
        {"peers-overlap",
         NET("a", "10.0.0.0/16", PEERS(HALF("to-b", B, "") "," HALF("to-c", C, ""))) "," NET(
                 "b", "10.1.0.0/16", "") "," NET("c", "10.1.0.0/24", ""),
         A1 "remoteVirtualNetwork): 10.1.0.0/24 of 'c' overlaps the network of peering 'to-b' (t.json:1); a network's "
            "peers must be apart"},
        {"itself", NET("a", "10.0.0.0/16", PEERS(HALF("to-a", A, ""))),
         A0 "remoteVirtualNetwork): a network cannot be its own peer; name another one"},
        {"twice",
         NET("a", "10.0.0.0/16",
             PEERS(HALF("to-b", B, "") "," HALF("too", "@virtualNetworks/B", ""))) "," NET("b", "10.1.0.0/16", ""),
         A1 "remoteVirtualNetwork): 'to-b' (t.json:1) is a peering with 'B' already; keep one"},
        {"no-remote", NET("a", "10.0.0.0/16", PEERS("{'name':'x','properties':{}}")),
         A0 "remoteVirtualNetwork): it is missing; name a virtual network by its id"},
        {"wrong-kind", NET("a", "10.0.0.0/16", PEERS(HALF("x", "@virtualNetworks/b/subnets/c", ""))),
         A0
         "remoteVirtualNetwork.id): '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/b/"
         "subnets/c' is not the id of a virtual network; write "
         "\"/subscriptions/.../microsoft.network/virtualnetworks/NAME\""},
        {"no-transit",
         NET("a", "10.0.0.0/16", PEERS(HALF("to-b", B, ",'useRemoteGateways':true"))) "," NET(
                 "b", "10.1.0.0/16", PEERS(HALF("to-a", A, ""))),
         A0 "useRemoteGateways): 'to-a' (t.json:1) of 'b' does not allow it; set allowGatewayTransit there"},
        {"two-gateways",
         NET("a", "10.0.0.0/16",
             PEERS(HALF("to-b", B, ",'useRemoteGateways':true") "," HALF(
                     "to-c", C, ",'useRemoteGateways':true"))) "," NET("b", "10.1.0.0/16",
                                                                       "") "," NET("c", "10.2.0.0/16", ""),
         A1 "useRemoteGateways): 'to-b' (t.json:1) uses remote gateways already; only one may"},
        {"flag", NET("a", "10.0.0.0/16", PEERS(HALF("to-b", B, ",'allowForwardedTraffic':'maybe'"))),
         A0 "allowForwardedTraffic): \"maybe\" is neither true nor false; write one of these"},
        {"orphan", OWN("z", "to-a", A, "") "," NET("a", "10.0.0.0/16", ""),
         "t.json:1: resource 'z/to-a': no document declares the virtual network " ID("s", "z") "; add it, or deploy it "
                                                                                               "first"},
        {"no-such-subnet",
         NET("a", "10.0.0.0/16", SUBNETS(SUBNET("x", "10.0.0.0/24")) PEERS(HALF("to-b", B, SOME("x", "y")))) "," NET(
                 "b", "10.1.0.0/16", SUBNETS(SUBNET("z", "10.1.0.0/24"))),
         A0 "remoteSubnetNames): virtual network 'b' has no subnet 'y'; name one that it has"},
        {"some-overlap",
         NET("a", "10.0.0.0/16", SUBNETS(SUBNET("x", "10.0.0.0/24")) PEERS(HALF("to-b", B, SOME("x", "y")))) "," NET(
                 "b", "10.0.0.0/16", SUBNETS(SUBNET("y", "10.0.0.0/25"))),
         A0
         "remoteVirtualNetwork): 10.0.0.0/25 of 'b' overlaps 10.0.0.0/24 of 'a'; only networks that are apart can be "
         "peers"},
        {"state", NET("a", "10.0.0.0/16", PEERS(HALF("to-b", B, ",'peeringState':'Broken'"))),
         A0 "peeringState): 'Broken' is not known; write one of Initiated, Connected, Disconnected"},
};

static const char hub[] =
        "[" NET("a", "10.0.0.0/16",
                PEERS(HALF("to-b", B,
                           ",'allowGatewayTransit':true,"
                           "'allowForwardedTraffic':true,"
                           "'peeringState':'Connected'"))) "," NET("b", "10.1.0.0/16",
                                                                   "") "," OWN("b", "to-a", A,
                                                                               ",'useRemoteGateways':true,"
                                                                               "'allowVirtualNetworkAccess':"
                                                                               "false") "," OWN("b", "to-c", C,
                                                                                                "") "," NET("c",
                                                                                                            "10."
                                                                                                            "2."
                                                                                                            "0."
                                                                                                            "0/"
                                                                                                            "16",
                                                                                                            "") "]";

static void test_halves(void)
{
	g_autoptr(graph) g = fixture_graph(hub);
	const struct peering *ab = fixture_noun(g, "@virtualNetworks/a/virtualNetworkPeerings/to-b");
	const struct peering *ba = fixture_noun(g, "@virtualNetworks/b/virtualNetworkPeerings/to-a");
	const struct peering *bc = fixture_noun(g, "@virtualNetworks/b/virtualNetworkPeerings/to-c");

	g_assert_null(bc->reverse);
	g_assert_true(bc->remote == fixture_noun(g, C) && bc->network == fixture_noun(g, B));
	g_assert_true(ab->reverse == ba && ba->reverse == ab);
	g_assert_true(ab->remote == ba->network && ba->remote == ab->network);
	g_assert_true(ab->access && ab->forwarded && ab->gateway_transit && !ab->use_remote_gateways && ab->whole);
	g_assert_true(!ba->access && !ba->forwarded && !ba->gateway_transit && ba->use_remote_gateways);
	g_assert_cmpuint(((struct network *)fixture_noun(g, B))->peerings->len, ==, 2);
}

/* A line for what is asked of gateways, and a warning for the half that nobody answers. */
static void test_listed(void)
{
	static const char *const recorded[] = {
	        "virtualNetworks/a|properties.virtualNetworkPeerings[0].properties.allowGatewayTransit",
	        "virtualNetworks/b/virtualNetworkPeerings/to-a|properties.useRemoteGateways", NULL};
	g_autoptr(graph) g = fixture_graph(hub);

	fixture_check_listed(g->recorded, recorded);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
	g_assert_cmpuint(g->warnings->len, ==, 1);
	fixture_check_warning(g,
	                      "resource 'b/to-c': it is only initiated: virtual network 'c' has no peering with 'b'");
}

/* The line of isolation may be crossed from both sides, and from one side it leads nowhere. */
static void test_abroad(void)
{
	static const char other[] =
	        "{'type':'virtualNetworks','name':'b','subscription':'t','properties':{"
	        "'addressSpace':{'addressPrefixes':['10.1.0.0/16']}" PEERS(HALF("to-a", ID("s", "a"), "")) "}}";
	g_autofree char *both =
	        g_strdup_printf("[%s,%s]", NET("a", "10.0.0.0/16", PEERS(HALF("to-b", ID("t", "b"), ""))), other);
	g_autoptr(graph) g = fixture_graph(both);
	g_autoptr(graph) h = fixture_graph("[" NET("a", "10.0.0.0/16", PEERS(HALF("to-b", ID("t", "b"), ""))) "]");
	const struct peering *p = fixture_noun(g, "@virtualNetworks/a/virtualNetworkPeerings/to-b");
	const struct peering *q = fixture_noun(h, "@virtualNetworks/a/virtualNetworkPeerings/to-b");

	g_assert_true(q->remote == NULL && q->reverse == NULL);
	g_assert_cmpstr(q->remote_id, ==, ID("t", "b"));
	fixture_check_warning(h, "no document declares " ID("t", "b") ": nothing passes while that is so");
	g_assert_cmpstr(p->remote->noun.subscription, ==, "t");
	g_assert_true(p->reverse && p->reverse->reverse == p);
}

/* Named subnets may be peers although their networks overlap. */
static void test_some_subnets(void)
{
	g_autoptr(graph) g = fixture_graph("[" NET(
	        "a", "10.0.0.0/16",
	        SUBNETS(SUBNET("x", "10.0.0.0/24"))
	                PEERS(HALF("to-b", B, SOME("x", "y")))) "," NET("b", "10.0.0.0/16",
	                                                                SUBNETS(SUBNET("y", "10.0.1.0/24"))) "]");
	const struct peering *p = fixture_noun(g, "@virtualNetworks/a/virtualNetworkPeerings/to-b");

	g_assert_false(p->whole);
	g_assert_cmpstr(p->local_subnets->pdata[0], ==, "x");
	g_assert_cmpstr(p->remote_subnets->pdata[0], ==, "y");
}

static void test_both_ways(void)
{
	g_autoptr(graph) g = fixture_graph(
	        "[" NET("a", "10.0.0.0/16",
	                PEERS(HALF("to-b", ID("s", "b"), ",'useRemoteGateways':true,'allowGatewayTransit':true"))) "]");

	fixture_check_warning(g, A0 "useRemoteGateways): a network that uses remote gateways has none to offer");
}

static void test_order(void)
{
	fixture_check_order(hub);
}

static void test_limit(void)
{
	GString *halves = g_string_new(NULL);
	g_autofree char *text = NULL, *errors = NULL;

	for (int i = 0; i < 501; i++)
		g_string_append_printf(halves, "%s" HALF("p%d", ID("s", "n%d"), ""), i ? "," : "", i, i);
	text = g_strdup_printf("[" NET("a", "10.0.0.0/16", PEERS("%s")) "]", halves->str);
	errors = fixture_errors(text);
	g_assert_cmpstr(
	        errors, ==,
	        "t.json:1: resource 'a' (properties.virtualNetworkPeerings): 501 peerings are more than the 500 "
	        "that a network may have; remove some");
	g_string_free(halves, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("peering", faults, G_N_ELEMENTS(faults));
	g_test_add_func("/peering/halves", test_halves);
	g_test_add_func("/peering/listed", test_listed);
	g_test_add_func("/peering/abroad", test_abroad);
	g_test_add_func("/peering/some-subnets", test_some_subnets);
	g_test_add_func("/peering/both-ways", test_both_ways);
	g_test_add_func("/peering/order", test_order);
	g_test_add_func("/peering/limit", test_limit);
	return g_test_run();
}
