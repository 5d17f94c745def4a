/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers whole: what every part becomes, and what the original would refuse. */
#include "fixture.h"

#include <string.h>

#define LB      "@loadBalancers/lb"
#define REF(id) "{'id':'" id "'}"
#define F(name) "'frontendIPConfiguration':{'id':'" LB "/frontendIPConfigurations/" name "'}"
#define P(name) "'backendAddressPool':{'id':'" LB "/backendAddressPools/" name "'}"
#define NET                                                                                                            \
	"{'type':'virtualNetworks','name':'n','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16',"         \
	"'fd00::/48']},'subnets':[{'name':'a','properties':{'addressPrefixes':['10.0.0.0/24','fd00::/64']}}]}},\n"
#define PIP(name)                                                                                                      \
	"{'type':'publicIPAddresses','name':'" name                                                                    \
	"','sku':{'name':'Standard'},'properties':{'publicIPAllocationMethod':'Static'}},\n"
#define PUBLIC(name, pip)    "{'name':'" name "','properties':{'publicIPAddress':" REF("@publicIPAddresses/" pip) "}}"
#define INSIDE(name, more)   "{'name':'" name "','properties':{'subnet':" REF("@virtualNetworks/n/subnets/a") more "}}"
#define BALANCER(sku, parts) "{'type':'loadBalancers','name':'lb','sku':{'name':'" sku "'},'properties':{" parts "}}"
#define RULE(name, front, pool, protocol, fp, bp, more)                                                                \
	"{'name':'" name "','properties':{" F(front) "," P(pool) ",'protocol':'" protocol "','frontendPort':" fp       \
	                                                         ",'backendPort':" bp more "}}"
#define VM(name, nic, config)                                                                                          \
	"{'type':'networkInterfaces','name':'" nic "','properties':{'ipConfigurations':[{'name':'c','properties':{"    \
	"'subnet':" REF("@virtualNetworks/n/subnets/a") config                                                         \
	        "}}]}},\n"                                                                                             \
	        "{'type':'Microsoft.Compute/virtualMachines','name':'" name "','properties':{'networkProfile':{"       \
	        "'networkInterfaces':[" REF("@networkInterfaces/" nic) "]}}}"

/* clang-format off */
static const char whole[] = "[" NET PIP("one") PIP("two") BALANCER("Standard", "'frontendIPConfigurations':["
	PUBLIC("f", "one") "," PUBLIC("out", "two") "," INSIDE("i",
	",'privateIPAddress':'10.0.0.9','privateIPAllocationMethod':'Static'")
	",{'name':'d','zones':['1','2'],'properties':{'subnet':" REF("@virtualNetworks/n/subnets/a")
	",'privateIPAddress':'10.0.0.8','privateIPAllocationMethod':'Dynamic'," "'gatewayLoadBalancer':{"
	"'id':'/subscriptions/other/resourceGroups/g/providers/Microsoft.Network/loadBalancers/gw/frontendIPConfigurations/x'}}},"
	INSIDE("six", ",'privateIPAddressVersion':'IPv6','privateIPAddress':'fd00::9',"
	"'privateIPAllocationMethod':'Static'")
	"],'backendAddressPools':[{'name':'p'},{'name':'q','properties':{'virtualNetwork':" REF( "@virtualNetworks/n")
	",'drainPeriodInSeconds':30,'loadBalancerBackendAddresses':[{'name':'x','properties':{"
	"'ipAddress':'10.0.0.20','adminState':'Drain'}},{'name':'y','properties':{"
	"'ipAddress':'10.0.0.21'}},{'name':'down','properties':{'ipAddress':'10.0.0.22',"
	"'adminState':'Down'}},{'name':'report','properties':{}}]}}],'probes':[{'name':'h',"
	"'properties':{'protocol':'Http','port':8080,'requestPath':'/up','intervalInSeconds':5,"
	"'numberOfProbes':3,'probeThreshold':2,'noHealthyBackendsBehavior':'AllProbedUp'}}]," "'loadBalancingRules':["
	RULE( "r", "f", "p", "Tcp", "80", "8080", ",'probe':" REF(LB "/probes/h")
	",'loadDistribution':'SourceIPProtocol','idleTimeoutInMinutes':100,'enableTcpReset':true,"
	"'disableOutboundSnat':true,'backendAddressPools':[" REF( LB "/backendAddressPools/p") "]") "," RULE("ha",
	"i", "q", "All", "0", "0", ",'probe':" REF(LB "/probes/h")) "," RULE("s", "d", "p", "Udp", "53", "53", "") ","
	RULE("six", "six", "p", "Tcp", "443", "443", "") "],'inboundNatRules':[{'name':'row','properties':{" F("f")
	"," P( "p") ",'protocol':'Tcp','frontendPortRangeStart':6000,'frontendPortRangeEnd':6009,"
	"'backendPort':22,'frontendPort':0}}],'outboundRules':[{'name':'o','properties':{"
	"'frontendIPConfigurations':[" REF(LB "/frontendIPConfigurations/out") "]," P("p")
	",'protocol':'All','allocatedOutboundPorts':1024,'idleTimeoutInMinutes':120," "'enableTcpReset':true}}]")
	",\n" VM("v", "n20", ",'privateIPAllocationMethod':'Static','privateIPAddress':'10.0.0.20'") ",\n" VM("d",
	"n22", ",'privateIPAllocationMethod':'Static','privateIPAddress':'10.0.0.22'") ",\n" VM("w", "n21", "") "]";
/* clang-format on */

static void test_parts(void)
{
	g_autoptr(graph) g = fixture_graph(whole);
	const struct load_balancer *l = fixture_noun(g, LB);
	const struct probe *h = l->probes->pdata[0];
	const struct lb_rule *r = fixture_noun(g, LB "/loadBalancingRules/r"),
	                     *ha = fixture_noun(g, LB "/loadBalancingRules/ha");
	const struct nat_rule *row = fixture_noun(g, LB "/inboundNatRules/row");
	const struct outbound_rule *o = fixture_noun(g, LB "/outboundRules/o");

	g_assert_true(l->sku == SKU_STANDARD && l->frontends->len == 5);
	g_assert_true(h->protocol == PROBE_HTTP && h->port == 8080 && h->interval == 5 && h->count == 3);
	g_assert_true(h->threshold == 2 && h->up_when_all_down);
	g_assert_cmpstr(h->request_path, ==, "/up");
	g_assert_true(r->probe == h && r->distribution == DISTRIBUTION_SOURCE_PROTOCOL && r->idle_minutes == 100);
	g_assert_true(r->tcp_reset && r->no_outbound_snat && !r->floating && !r->second_pool);
	g_assert_true(ha->protocol == PROTO_ANY && ha->frontend_port == 0);
	g_assert_true(row->row && row->pool == r->pool && row->frontend_port == 6000 && row->last_port == 6009);
	g_assert_true(l->nat_rules->len == 0 && l->pool_nat_rules->len == 1);
	g_assert_true(o->pool == r->pool && o->frontends->len == 1 && o->ports == 1024 && o->idle_minutes == 120);
	g_assert_true(o->tcp_reset && o->protocol == PROTO_ANY);
	g_assert_cmpuint(g->warnings->len, ==, 0);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
}

static void test_frontends(void)
{
	g_autoptr(graph) g = fixture_graph(whole);
	const struct frontend *i = fixture_noun(g, LB "/frontendIPConfigurations/i");
	const struct frontend *d = fixture_noun(g, LB "/frontendIPConfigurations/d");
	const struct frontend *six = fixture_noun(g, LB "/frontendIPConfigurations/six");
	g_autofree char *text = ip6_format(six->address6);

	g_assert_true(i->is_static && i->address == 0x0a000009 && !i->v6 && i->subnet);
	g_assert_true(!d->is_static && d->address == 0 && d->zones->len == 2);
	g_assert_true(g_str_has_suffix(d->gateway_id, "/gw/frontendIPConfigurations/x"));
	g_assert_true(six->v6 && six->is_static && six->address == 0);
	g_assert_cmpstr(text, ==, "fd00::9");
}

/* By address: who declares it is a member, who has it for now is none, and that is said. */
static void test_pool_by_address(void)
{
	g_autoptr(graph) g = fixture_graph(whole);
	const struct pool *q = fixture_noun(g, LB "/backendAddressPools/q");
	const struct nic *n20 = fixture_noun(g, "@networkInterfaces/n20");
	const struct ip_config *c = n20->configs->pdata[0];
	const struct pool_address *x = q->addresses->pdata[0], *y = q->addresses->pdata[1];
	guint told = 0;

	g_assert_true(q->addresses->len == 3 && q->members->len == 1 && q->members->pdata[0] == c);
	g_assert_true(c->pools->len == 1 && c->pools->pdata[0] == q);
	g_assert_true(x->config == c && x->state == ADMIN_DRAIN && !y->config && y->address == 0x0a000015);
	g_assert_true(q->drain_seconds == 30 && q->network == g->networks->pdata[0]);
	for (guint i = 0; i < g->recorded->len; i++) {
		const struct unmodelled *u = g->recorded->pdata[i];

		told += strstr(u->why, "no interface of the network declares this address") != NULL &&
		        strstr(u->property, "loadBalancerBackendAddresses[1]") != NULL;
	}
	g_assert_cmpuint(told, ==, 1);
}

/* A part may be a document of its own. */
static void test_documents(void)
{
	/* clang-format off */
	g_autoptr(graph) g = fixture_graph("[" PIP("one") BALANCER( "Standard", "'sku':null")
		",\n{'type':'loadBalancers/frontendIPConfigurations','name':'lb/f','properties':{"
		"'publicIPAddress':" REF( "@publicIPAddresses/one")
		"}},{'type':'loadBalancers/backendAddressPools','name':'lb/p'},{"
		"'type':'loadBalancers/probes','name':'lb/t','properties':{'protocol':'Tcp','port':80}},{"
		"'type':'loadBalancers/loadBalancingRules','name':'lb/r','properties':{" F("f") "," P( "p")
		",'protocol':'Tcp','frontendPort':80,'backendPort':80,'disableOutboundSnat':true,'probe':" REF(LB
		"/probes/t") "}},{'type':'loadBalancers/inboundNatRules','name':'lb/n','properties':{" F("f")
		",'protocol':'Udp','frontendPort':53,'backendPort':53}},{"
		"'type':'loadBalancers/inboundNatPools','name':'lb/np','properties':{" F("f")
		",'protocol':'Tcp','frontendPortRangeStart':5000,'frontendPortRangeEnd':5009,"
		"'backendPort':22}},{'type':'loadBalancers/outboundRules','name':'lb/o','properties':{"
		"'frontendIPConfigurations':[" REF( LB "/frontendIPConfigurations/f") "]," P("p")
		",'protocol':'Tcp'}}]");
	/* clang-format on */
	const struct load_balancer *l = fixture_noun(g, LB);

	g_assert_true(l->frontends->len == 1 && l->pools->len == 1 && l->probes->len == 1 && l->rules->len == 1);
	g_assert_true(l->nat_rules->len == 1 && l->nat_pools->len == 1 && l->outbound_rules->len == 1);
	g_assert_true(((struct lb_rule *)l->rules->pdata[0])->pool == l->pools->pdata[0]);
}

#define FRONTS      "'frontendIPConfigurations':[" PUBLIC("f", "one") "," PUBLIC("g", "two") "," INSIDE("i", "") "],"
#define POOLS       "'backendAddressPools':[{'name':'p'},{'name':'q'}],"
#define RULES(list) NET PIP("one") PIP("two") BALANCER("Standard", FRONTS POOLS "'loadBalancingRules':[" list "]")
#define OUT(more)                                                                                                      \
	"'outboundRules':[{'name':'o','properties':{'frontendIPConfigurations':[" REF(                                 \
	        LB "/frontendIPConfigurations/f") "]," P("p") ",'protocol':'Tcp'" more "}}]"
#define PROBE(more) NET PIP("one") PIP("two") BALANCER("Standard", "'probes':[{'name':'t','properties':{" more "}}]")
#define POOL(more)  NET BALANCER("Standard", "'backendAddressPools':[{'name':'p','properties':{" more "}}]")
#define ROW(first, last)                                                                                               \
	"{'name':'np','properties':{" F("f") ",'protocol':'All','frontendPortRangeStart':" first                       \
	                                     ",'frontendPortRangeEnd':" last ",'backendPort':22}}"

static void test_faults(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
	        {RULES(RULE("r", "f", "p", "Tcp", "80", "80", "") "," RULE("s", "f", "q", "Tcp", "80", "81", "")),
	         "loadBalancingRules[1].properties.frontendPort): TCP port 80 of front end 'f' is already used by 'r'"},
	        {RULES(RULE("r", "f", "p", "Tcp", "80", "80", "") "," RULE("s", "g", "p", "Tcp", "81", "80", "")),
	         "loadBalancingRules[1].properties.backendPort): TCP port 80 of pool 'p' is already used by 'r'"},
	        {RULES(RULE("r", "i", "p", "All", "0", "0", "") "," RULE("s", "i", "q", "Tcp", "81", "80", "")),
	         "a rule for all ports must be alone on its front end and pool"},
	        {RULES(RULE("r", "i", "p", "All", "0", "0", "") "," RULE("s", "f", "p", "Tcp", "81", "80", "")),
	         "a rule for all ports must be alone on its front end and pool"},
	        {RULES(RULE("r", "f", "p", "All", "0", "0", "")),
	         "needs an internal front end of a Standard load balancer"},
	        {RULES(RULE("r", "f", "p", "All", "80", "80", "")), "80 is not a number from 0 to 0"},
	        {RULES(RULE("r", "f", "p", "Tcp", "0", "80", "")), "0 is not a number from 1 to 65534"},
	        {RULES(RULE("r", "f", "p", "Tcp", "80", "80", ",'idleTimeoutInMinutes':101")),
	         "101 is not a number from 4 to 100"},
	        {RULES(RULE("r", "f", "p", "Tcp", "80", "80", ",'loadDistribution':'Sticky'")),
	         "'Sticky' is not known"},
	        {RULES(RULE("r", "f", "p", "Tcp", "80", "80",
	                    ",'backendAddressPools':[" REF(LB "/backendAddressPools/q") "]")),
	         "only a rule of a gateway load balancer has two pools; remove 'q'"},
	        {RULES(RULE("r", "f", "p", "Tcp", "5005", "80", "")) "\b,'inboundNatPools':[" ROW("5000", "5009") "]}}",
	         "inboundNatPools[0].properties.frontendPortRangeStart): TCP port 5005 of front end 'f' is already "
	         "used by "
	         "'r'"},
	        {RULES("") "\b,'inboundNatPools':[" ROW("5009", "5000") "]}}",
	         "5000 is below the start of the range, 5009"},
	        {RULES("") "\b," OUT("") "}}", NULL},
	        {RULES("") "\b," OUT(",'allocatedOutboundPorts':1001") "}}", "1001 is not a multiple of 8; write 1000"},
	        {RULES("") "\b," OUT(",'idleTimeoutInMinutes':121") "}}", "121 is not a number from 4 to 120"},
	        {RULES(RULE("r", "f", "p", "Tcp", "80", "80", "")) "\b," OUT("") "}}",
	         "properties.disableOutboundSnat): outbound rule 'o' has the same front end and pool; write true"},
	        {RULES(RULE("r", "f", "p", "Udp", "80", "80", "")) "\b," OUT("") "}}", NULL},
	        {PROBE("'protocol':'Tcp','port':80,'requestPath':'/'"), "a TCP probe asks for no path; remove it"},
	        {PROBE("'protocol':'Http','port':80"), "properties.requestPath): it is missing; add it"},
	        {PROBE("'protocol':'Icmp','port':80"), "'Icmp' is not known"},
	        {PROBE("'protocol':'Tcp','port':0"), "0 is not a number from 1 to 65535"},
	        {POOL("'loadBalancerBackendAddresses':[{'name':'x','properties':{'ipAddress':'10.0.0.4'}}]"),
	         "the address belongs to no network; name one here, or for the whole pool"},
	        {POOL("'virtualNetwork':" REF(
	                 "@virtualNetworks/n") ",'loadBalancerBackendAddresses':[{'name':'x','properties':{"
	                                       "'ipAddress':'10.1.0.4'}}]"),
	         "10.1.0.4 is not in virtual network 'n'; choose an address inside it"},
	        {POOL("'tunnelInterfaces':[{'port':2000,'identifier':1,'type':'Internal','protocol':'VXLAN'}]"),
	         "tunnels are for gateway load balancers"},
	        {NET BALANCER("Standard",
	                      "'frontendIPConfigurations':[" INSIDE("i", ",'privateIPAllocationMethod':'Static'") "]"),
	         "a static front end needs an address"},
	        {NET BALANCER("Standard",
	                      "'frontendIPConfigurations':[" INSIDE("i", ",'privateIPAddress':'10.0.0.9'") "," INSIDE(
	                              "k", ",'privateIPAddress':'10.0.0.9'") "]"),
	         "10.0.0.9 already belongs to 'i'"},
	        {NET BALANCER("Standard",
	                      "'frontendIPConfigurations':[" INSIDE("i", ",'gatewayLoadBalancer':{'id':'/x'}") "]"),
	         "'/x' is not the id of a front end of a load balancer"},
	        {PIP("one") BALANCER("Gateway", "'frontendIPConfigurations':[" PUBLIC("f", "one") "]"),
	         "a gateway load balancer is internal"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new("[");
		g_autofree char *errors = NULL;

		/* "\b" takes the end of the balancer back, so that more of it can follow. */
		for (const char *c = cases[i].text; *c; c++)
			if (*c == '\b')
				g_string_truncate(text, text->len - 2);
			else
				g_string_append_c(text, *c);
		g_string_append_c(text, ']');
		if (!cases[i].error) {
			g_autoptr(graph) g = fixture_graph(text->str);

			g_assert_nonnull(g);
			continue;
		}
		errors = fixture_errors(text->str);
		g_test_message("%s", errors);
		g_assert_nonnull(strstr(errors, cases[i].error));
	}
}

/* The same port is no clash by another protocol, on another front end, or with floating IP at the member. */
static void test_no_clash(void)
{
	/* clang-format off */
	g_autoptr(graph) g = fixture_graph("[" RULES( RULE("r", "f", "p", "Tcp", "80", "80", "") "," RULE("s", "f",
		"p", "Udp", "80", "80", "") "," RULE( "t", "g", "p", "Tcp", "80", "80", ",'enableFloatingIP':true")
		"," RULE("u", "i", "q", "All", "0", "0", "")) "]");
	/* clang-format on */

	g_assert_cmpuint(((struct load_balancer *)g->load_balancers->pdata[0])->rules->len, ==, 4);
}

/* The sweep against the naive comparison of every two. */
static void test_random_ranges(void)
{
	for (int round = 0; round < 300; round++) {
		g_autoptr(GString) text = g_string_new("[" PIP("one"));
		guint first[5], last[5];
		gboolean clash = FALSE;
		g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(graph) g = NULL;
		g_string_append(text, "{'type':'loadBalancers','name':'lb','sku':{'name':'Standard'},'properties':{"
		                      "'frontendIPConfigurations':[" PUBLIC("f", "one") "],'inboundNatPools':[");
		for (int i = 0; i < 5; i++) {
			static const char pool[] =
			        "%s{'name':'p%d','properties':{" F("f") ",'protocol':'Tcp',"
			                                                "'backendPort':22,'frontendPortRangeStart':%u,"
			                                                "'frontendPortRangeEnd':%u}}";

			first[i] = (guint)g_test_rand_int_range(1, 60);
			last[i] = first[i] + (guint)g_test_rand_int_range(0, 12);
			for (int k = 0; k < i; k++)
				clash |= first[i] <= last[k] && first[k] <= last[i];
			g_string_append_printf(text, pool, i ? "," : "", i, first[i], last[i]);
		}
		g_string_append(text, "]}}]");
		g = graph_build(fixture_documents(text->str), errors);
		g_assert_true((g == NULL) == clash);
	}
}

static void test_warnings(void)
{
	g_autoptr(graph) g = fixture_graph("[" NET PIP("one") PIP("two") BALANCER(
	        "Standard", FRONTS POOLS
	        "'probes':[{'name':'t','properties':{'protocol':'Tcp','port':1}}],"
	        "'loadBalancingRules':[" RULE("r", "f", "p", "Tcp", "80", "81", ",'enableFloatingIP':true") "]") "]");
	static const char *const expected[] = {"with floating IP the port stays what it is, 80",
	                                       "no rule names the probe", "no rule names the front end"};

	for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
		gboolean found = FALSE;

		for (guint k = 0; k < g->warnings->len; k++)
			found |= strstr(g->warnings->pdata[k], expected[i]) != NULL;
		g_assert_true(found);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/model/balancer/parts", test_parts);
	g_test_add_func("/model/balancer/frontends", test_frontends);
	g_test_add_func("/model/balancer/pool-by-address", test_pool_by_address);
	g_test_add_func("/model/balancer/documents", test_documents);
	g_test_add_func("/model/balancer/faults", test_faults);
	g_test_add_func("/model/balancer/no-clash", test_no_clash);
	g_test_add_func("/model/balancer/random-ranges", test_random_ranges);
	g_test_add_func("/model/balancer/warnings", test_warnings);
	return g_test_run();
}
