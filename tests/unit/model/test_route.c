/* SPDX-License-Identifier: Apache-2.0 */
/* Route tables: what a route may say, and which subnets use it. */
#include "fixture.h"

#define TABLE(list)      "{'type':'routeTables','name':'rt','properties':{'routes':[" list "]}}"
#define ROUTE(name, say) "{'name':'" name "','properties':{" say "}}"
#define GO(to, hop)      "'addressPrefix':'" to "','nextHopType':'" hop "'"
#define VIA(address)     ",'nextHopIpAddress':'" address "'"
#define ECMP(list)       ",'nextHop':{'nextHopIpAddresses':[" list "]}"
#define R0               "t.json:1: resource 'rt' (properties.routes[0].properties."
#define R1               "t.json:1: resource 'rt' (properties.routes[1].properties."

static const struct fault faults[] = {
        {"not-a-prefix", TABLE(ROUTE("r", GO("10.0.0.4", "None"))),
         R0 "addressPrefix): '10.0.0.4' is neither a prefix nor a service tag; write one like 10.1.0.0/16"},
        {"no-such-tag", TABLE(ROUTE("r", GO("Storrage", "Internet"))),
         R0 "addressPrefix): 'Storrage' is neither a prefix nor a service tag; write one like 10.1.0.0/16"},
        {"network-tag", TABLE(ROUTE("r", GO("VirtualNetwork", "None"))),
         R0 "addressPrefix): 'VirtualNetwork' is neither a prefix nor a service tag; write one like 10.1.0.0/16"},
        {"any", TABLE(ROUTE("r", GO("*", "None"))),
         R0 "addressPrefix): '*' is neither a prefix nor a service tag; write one like 10.1.0.0/16"},
        {"no-prefix", TABLE(ROUTE("r", "'nextHopType':'None'")), R0 "addressPrefix): it is missing; add it"},
        {"host-bits", TABLE(ROUTE("r", GO("10.0.0.1/8", "None"))),
         R0 "addressPrefix): 10.0.0.1/8 has bits beyond its length; write 10.0.0.0/8"},
        {"host-bits-six", TABLE(ROUTE("r", GO("fd00::1/8", "None"))),
         R0 "addressPrefix): fd00::1/8 has bits beyond its length; write fd00::/8"},
        {"no-hop", TABLE(ROUTE("r", "'addressPrefix':'10.0.0.0/8'")),
         R0 "nextHopType): it is missing; write one of VirtualNetworkGateway, VnetLocal, Internet, VirtualAppliance, "
            "None, VirtualApplianceEcmp"},
        {"hop", TABLE(ROUTE("r", GO("10.0.0.0/8", "Appliance"))),
         R0 "nextHopType): 'Appliance' is not known; write one of VirtualNetworkGateway, VnetLocal, Internet, "
            "VirtualAppliance, None, VirtualApplianceEcmp"},
        {"no-address", TABLE(ROUTE("r", GO("10.0.0.0/8", "VirtualAppliance"))),
         R0 "nextHopIpAddress): a virtual appliance needs an address; add it"},
        {"needless-address", TABLE(ROUTE("r", GO("10.0.0.0/8", "Internet") VIA("10.0.0.4"))),
         R0 "nextHopIpAddress): only a next hop of type VirtualAppliance has an address; remove it"},
        {"address", TABLE(ROUTE("r", GO("10.0.0.0/8", "VirtualAppliance") VIA("10.0.0.4/32"))),
         R0 "nextHopIpAddress): '10.0.0.4/32' is not an address; write one like 10.0.0.4"},
        {"families", TABLE(ROUTE("r", GO("10.0.0.0/8", "VirtualAppliance") VIA("fd00::4"))),
         R0 "nextHopIpAddress): fd00::4 is an IPv6 address and the prefix is IPv4; use one of its family"},
        {"families-six", TABLE(ROUTE("r", GO("::/0", "VirtualAppliance") VIA("10.0.0.4"))),
         R0 "nextHopIpAddress): 10.0.0.4 is an IPv4 address and the prefix is IPv6; use one of its family"},
        {"one-of-several", TABLE(ROUTE("r", GO("10.0.0.0/8", "VirtualApplianceEcmp") ECMP("'10.0.0.4'"))),
         R0 "nextHop.nextHopIpAddresses): 1 appliances cannot share the traffic; name 2 to 64"},
        {"several-families", TABLE(ROUTE("r", GO("10.0.0.0/8", "VirtualApplianceEcmp") ECMP("'10.0.0.4','fd00::4'"))),
         R0 "nextHop.nextHopIpAddresses[1]): fd00::4 is an IPv6 address and the prefix is IPv4; use one of its family"},
        {"needless-list", TABLE(ROUTE("r", GO("10.0.0.0/8", "None") ECMP("'10.0.0.4','10.0.0.5'"))),
         R0 "nextHop.nextHopIpAddresses): only a next hop of type VirtualApplianceEcmp has a list; remove it"},
        {"twice", TABLE(ROUTE("q", GO("10.0.0.0/8", "None")) "," ROUTE("r", GO("10.0.0.0/8", "Internet"))),
         R1 "addressPrefix): 10.0.0.0/8 is also where route 'q' (t.json:1) leads from; keep one of them"},
        {"twice-six", TABLE(ROUTE("q", GO("fd00::/8", "None")) "," ROUTE("r", GO("fd00:0::/8", "Internet"))),
         R1 "addressPrefix): fd00::/8 is also where route 'q' (t.json:1) leads from; keep one of them"},
        {"twice-tag", TABLE(ROUTE("q", GO("Storage", "None")) "," ROUTE("r", GO("STORAGE", "Internet"))),
         R1 "addressPrefix): storage is also where route 'q' (t.json:1) leads from; keep one of them"},
        {"twice-refused", TABLE(ROUTE("q", GO("0.0.0.0/0", "None")) "," ROUTE("r", GO("x", "None"))),
         R1 "addressPrefix): 'x' is neither a prefix nor a service tag; write one like 10.1.0.0/16"},
        {"orphan", "{'type':'routeTables/routes','name':'rt/r','properties':{" GO("10.0.0.0/8", "None") "}}",
         "t.json:1: resource 'rt/r': no document declares the route table "
         "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/rt; add it, or deploy it first"},
        {"name", TABLE(ROUTE("to web", GO("10.0.0.0/8", "None"))),
         "t.json:1: resource 'rt' (properties.routes[0].name): 'to web' cannot be a name; use letters, digits, '_', "
         "'.' "
         "and '-', and end with neither of the last two"},
};

/* clang-format off */
static const char table[] = "[" TABLE( ROUTE("a", GO("0.0.0.0/0", "VirtualAppliance") VIA("10.0.9.4")) "," ROUTE("b",
	GO("::/0", "none")) "," ROUTE( "c", GO("Storage.WestUS", "Internet")) "," ROUTE("d", GO("10.7.0.0/16",
	"VnetLocal"))) ",{'type':'routeTables/routes','name':'rt/d','properties':{" GO( "10.8.0.0/16",
	"VirtualNetworkGateway") "}},{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{"
	"'addressPrefixes':['10.0.0.0/16']},'subnets':[{'name':'s','properties':{"
	"'addressPrefix':'10.0.1.0/24','routeTable':{'id':'@routeTables/rt'}}},{'name':'u',"
	"'properties':{'addressPrefix':'10.0.2.0/24'}}]}}]";
/* clang-format on */

static void test_routes(void)
{
	g_autoptr(graph) g = fixture_graph(table);
	const struct route_table *t = g->route_tables->pdata[0];
	const struct route *a = t->routes->pdata[0], *b = t->routes->pdata[1], *c = t->routes->pdata[2],
	                   *d = t->routes->pdata[3];
	const struct subnet *s = fixture_noun(g, "@virtualNetworks/net/subnets/s");

	g_assert_null(((struct subnet *)fixture_noun(g, "@virtualNetworks/net/subnets/u"))->route_table);
	g_assert_cmpuint(t->routes->len, ==, 4);
	g_assert_true(a->hop == HOP_APPLIANCE && g_array_index(a->addresses, guint32, 0) == 0x0a000904 &&
	              a->prefix.length == 0 && !a->v6);
	g_assert_true(b->hop == HOP_NONE && b->v6 && b->prefix6.length == 0);
	g_assert_true(c->hop == HOP_INTERNET && g_strcmp0(c->tag, "Storage.WestUS") == 0);
	g_assert_true(d->hop == HOP_GATEWAY && d->prefix.addr == 0x0a080000 && d->tag == NULL);
	g_assert_true(s->route_table == t && t->subnets->len == 1 && t->subnets->pdata[0] == s);
	fixture_check_warning(g, "'d' is also a resource of its own");
}

/* What has no data path is listed where it stands: gateways, the addresses of tags. */
static void test_listed(void)
{
	static const char *const recorded[] = {"routeTables/rt/routes/d|properties.nextHopType", NULL};
	static const char *const unmodelled[] = {"routeTables/rt|properties.routes[2].properties.addressPrefix", NULL};
	g_autoptr(graph) g = fixture_graph(table);

	fixture_check_listed(g->recorded, recorded);
	fixture_check_listed(g->unmodelled, unmodelled);
}

/* What only a real deployment knows is no mistake, and is told. */
static void test_unknown_address(void)
{
	static const char *const unmodelled[] = {"routeTables/rt|properties.routes[0].properties.nextHopIpAddress",
	                                         NULL};
	g_autoptr(graph) g = fixture_graph(
	        "[" TABLE(ROUTE("a", GO("0.0.0.0/0", "VirtualAppliance") VIA("<unknown: reference()>")) "," ROUTE(
	                "b", GO("10.0.0.0/8", "VirtualAppliance") VIA(""))) "]");

	fixture_check_listed(g->unmodelled, unmodelled);
	fixture_check_warning(g, "the address is empty, so the route leads nowhere");
}

/* Of the API of 2025-07-01. */
static void test_several(void)
{
	g_autoptr(graph) g = fixture_graph(
	        "[{'type':'routeTables','name':'rt','properties':{'disablePeeringRoute':'All','routes':[" ROUTE(
	                "r", GO("10.0.0.0/8", "VirtualApplianceEcmp") ECMP("'10.9.0.4','10.9.0.5'")) "]}}]");
	const struct route_table *t = g->route_tables->pdata[0];
	const struct route *r = t->routes->pdata[0];

	g_assert_true(t->no_peering_routes && !t->no_gateway_routes && r->hop == HOP_APPLIANCE);
	g_assert_cmpuint(r->addresses->len, ==, 2);
	g_assert_cmphex(g_array_index(r->addresses, guint32, 1), ==, 0x0a090005);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
}

static void test_order(void)
{
	fixture_check_order(table);
}

static void test_limit(void)
{
	GString *routes = g_string_new(NULL);
	g_autofree char *text = NULL, *errors = NULL;

	for (int i = 0; i < 401; i++)
		g_string_append_printf(routes, "%s" ROUTE("r%d", GO("10.%d.%d.0/24", "None")), i ? "," : "", i, i / 256,
		                       i % 256);
	text = g_strdup_printf("[" TABLE("%s") "]", routes->str);
	errors = fixture_errors(text);
	g_assert_cmpstr(
	        errors, ==,
	        "t.json:1: resource 'rt' (properties.routes): 401 routes are more than the 400 that a table may "
	        "have; split it");
	g_string_free(routes, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("route", faults, G_N_ELEMENTS(faults));
	g_test_add_func("/route/routes", test_routes);
	g_test_add_func("/route/listed", test_listed);
	g_test_add_func("/route/unknown-address", test_unknown_address);
	g_test_add_func("/route/several", test_several);
	g_test_add_func("/route/order", test_order);
	g_test_add_func("/route/limit", test_limit);
	return g_test_run();
}
