/* SPDX-License-Identifier: Apache-2.0 */
/* What is assumed: only whole resources that nobody declares, only as much as makes the rest consistent. */
#include "fixture.h"

#include <string.h>

#define CONFIG(name, subnet, more)                                                                                     \
	"{'name': '" name "', 'properties': {'subnet': {'id': '@virtualNetworks/" subnet "'}" more "}}"
#define NIC(name, configs)                                                                                             \
	"{'type': 'networkInterfaces', 'name': '" name "', 'properties': {'ipConfigurations': [" configs "]}}"
#define STATIC(address) ", 'privateIPAllocationMethod': 'Static', 'privateIPAddress': '" address "'"

static struct graph *assume(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	struct graph *g = graph_assume(fixture_documents(text), errors);

	for (guint i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)errors->pdata[i]);
	g_assert_nonnull(g);
	return g;
}

static void refused(const char *text, const char *says)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(graph) g = graph_assume(fixture_documents(text), errors);

	g_assert_null(g);
	g_assert_cmpuint(errors->len, ==, 1);
	if (!strstr(errors->pdata[0], says))
		g_error("'%s' is not in: %s", says, (char *)errors->pdata[0]);
	g_assert_true(g_str_has_prefix(errors->pdata[0], "t.json:"));
}

static const struct assumption *assumption(const struct graph *g, const char *brief)
{
	g_autofree char *id = fixture_id(brief);

	for (guint i = 0; i < g->assumed->len; i++) {
		const struct assumption *a = g->assumed->pdata[i];

		if (strcmp(a->document->id, id) == 0)
			return a;
	}
	g_error("%s is not assumed", brief);
	return NULL;
}

/* A part that a declared resource lacks is a mistake, not something that may exist. */
static void test_parts_stay_errors(void)
{
	refused("[{'type': 'virtualNetworks', 'name': 'v', 'properties': {'addressSpace': {'addressPrefixes': "
	        "['10.0.0.0/16']}}}," NIC("n", CONFIG("c", "v/subnets/s", "")) "]",
	        "no document declares the subnet");
	refused("[" NIC("n", "{'name': 'c', 'properties': {'subnet': {'id': 'v/s'}}}") "]",
	        "is not the id of a subnet");
	refused("[" NIC("n", "{'name': 'c', 'properties': {'subnet': {'id': '<unknown: list()>'}}}") "]",
	        "only a real deployment knows");
	refused("[" NIC("n",
	                CONFIG("c", "v/subnets/s",
	                       ", 'loadBalancerInboundNatRules': [{'id': '@loadBalancers/l/inboundNatRules/r'}]")) "]",
	        "inbound NAT rule");
	refused("[" NIC("n", CONFIG("c", "v/subnets/s", STATIC("10.1.2.300"))) "]", "not an IPv4 address");
}

/* One assumed network: a subnet for each that is named, around the addresses in it. */
static void test_network(void)
{
	/* clang-format off */
	g_autoptr(graph) g = assume("[" NIC("n1", CONFIG("c", "v/subnets/s", STATIC("10.1.2.4"))) "," NIC( "n2",
		CONFIG("c", "v/subnets/t", STATIC("10.1.2.140"))) "," NIC("n3", CONFIG("c", "v/subnets/u", ""))
		",{'type': 'virtualNetworks/subnets', 'name': 'v/own', 'properties': {"
		"'addressPrefix': '192.168.7.0/24'}}]");
	/* clang-format on */
	const struct network *n = g->networks->pdata[0];
	static const char *const names[] = {"own", "s", "t", "u"};

	g_assert_cmpuint(g->assumed->len, ==, 1);
	g_assert_nonnull(strstr(assumption(g, "@virtualNetworks/v")->why, "t.json:1: resource "));
	g_assert_cmpuint(g->networks->len, ==, 1);
	g_assert_cmpuint(n->subnets->len, ==, G_N_ELEMENTS(names));
	for (guint i = 0; i < n->subnets->len; i++)
		g_assert_cmpstr(((struct subnet *)n->subnets->pdata[i])->noun.name, ==, names[i]);
}

/* What nobody constrains stays clear of declared networks: they may be peers of it. */
static void test_clear_of_others(void)
{
	g_autoptr(graph) g =
	        assume("[{'type': 'virtualNetworks', 'name': 'a', 'properties': {'addressSpace': "
	               "{'addressPrefixes': ['10.0.0.0/15']}}}," NIC("n1", CONFIG("c", "b/subnets/s", "")) "," NIC(
	                       "n2", CONFIG("c", "c/subnets/s", "")) "]");
	const struct network *b = g->networks->pdata[1], *c = g->networks->pdata[2];
	g_autofree char *pb = prefix_format(g_array_index(b->prefixes, struct prefix, 0));
	g_autofree char *pc = prefix_format(g_array_index(c->prefixes, struct prefix, 0));

	g_assert_cmpstr(pb, ==, "10.2.0.0/16");
	g_assert_cmpstr(pc, ==, "10.3.0.0/16");
}

/* Groups are empty, a parent of a rule too; an address is of the tier of who has it; nothing is assumed twice. */
static void test_the_others(void)
{
	/* clang-format off */
	g_autoptr(graph) g = assume("[" NIC( "n", CONFIG("c", "v/subnets/s",
		", 'publicIPAddress': {'id': '@publicIPAddresses/p'}, 'applicationSecurityGroups': [{"
		"'id': '@applicationSecurityGroups/a'}], 'loadBalancerBackendAddressPools': [{"
		"'id': '@loadBalancers/l/backendAddressPools/x'}]"))
		",{'type': 'networkSecurityGroups/securityRules', 'name': 'g/r', 'properties': {"
		"'protocol': '*', 'access': 'Deny', 'direction': 'Inbound', 'priority': 100, 'sourceAddressPrefix': '*', 'sourcePortRange': '*', 'destinationAddressPrefix': '*', 'destinationPortRange': '*'}},"
		"{'type': 'loadBalancers', 'name': 'b', 'properties': {'frontendIPConfigurations': [{"
		"'name': 'f', 'properties': {'publicIPAddress': {'id': '@publicIPAddresses/q'}}}]}},{"
		"'type': 'Microsoft.Compute/virtualMachines', 'name': 'm', 'properties': {"
		"'networkProfile': {'networkInterfaces': [{'id': '@networkInterfaces/n'}, {"
		"'id': '@networkInterfaces/o'}]}}}]");
	/* clang-format on */
	const struct public_address *p = g->public_addresses->pdata[0], *q = g->public_addresses->pdata[1];
	const struct security_group *group = g->security_groups->pdata[0];

	g_assert_cmpuint(g->assumed->len, ==, 7);
	g_assert_true(p->sku == SKU_STANDARD && p->is_static && q->sku == SKU_BASIC);
	g_assert_cmpuint(group->rules[DIR_IN]->len, ==, 4);
	assumption(g, "@applicationSecurityGroups/a");
	assumption(g, "@loadBalancers/l");
	/* That of the front end that no rule names, and none of SKUs that differ. */
	g_assert_cmpuint(g->warnings->len, ==, 1);
	g_assert_nonnull(strstr(g->warnings->pdata[0], "no rule names the front end"));
}

/* A machine whose interface is not declared: the interface, and then the network that it is in. */
static void test_chain(void)
{
	g_autoptr(graph) g = assume("[{'type': 'Microsoft.Compute/virtualMachines', 'name': 'm', 'properties': "
	                            "{'networkProfile': {'networkInterfaces': [{'id': '@networkInterfaces/o'}]}}},"
	                            "{'type': 'loadBalancers/inboundNatRules', 'name': 'l/r', 'properties': {"
	                            "'frontendIPConfiguration': {'id': '@loadBalancers/l/frontendIPConfigurations/f'}, "
	                            "'protocol': 'Tcp', 'frontendPort': 22, 'backendPort': 22}}]");

	g_assert_cmpuint(g->assumed->len, ==, 4);
	assumption(g, "@networkInterfaces/o");
	g_assert_nonnull(strstr(assumption(g, "@virtualNetworks/m-network")->why, GRAPH_ASSUMED));
	assumption(g, "@publicIPAddresses/l-f");
	g_assert_nonnull(((struct nic *)g->nics->pdata[0])->vm);
}

/* A block is of the kind of who takes from it; the other half of a peering is nobody's to make up. */
static void test_networks_neighbours(void)
{
	g_autoptr(graph) g = assume(
	        "[{'type': 'publicIPAddresses', 'name': 'p', 'sku': {'name': 'Standard'}, 'properties': {"
	        "'publicIPAllocationMethod': 'Static', 'publicIPAddressVersion': 'IPv6', "
	        "'publicIPPrefix': {'id': '@publicIPPrefixes/b'}}},"
	        "{'type': 'virtualNetworks', 'name': 'a', 'properties': {'addressSpace': {'addressPrefixes': "
	        "['10.0.0.0/16']}, 'virtualNetworkPeerings': [{'name': 'x', 'properties': {'remoteVirtualNetwork': "
	        "{'id': '@virtualNetworks/z'}}}], 'subnets': [{'name': 's', 'properties': {'addressPrefix': "
	        "'10.0.0.0/24', 'routeTable': {'id': '@routeTables/r'}, 'natGateway': {'id': '@natGateways/n'}}}]}}]");
	const struct public_prefix *b = g->public_prefixes->pdata[0];
	const struct network *a = g->networks->pdata[0];

	g_assert_cmpuint(g->assumed->len, ==, 3);
	g_assert_true(b->v6 && b->length == 124);
	g_assert_null(((struct peering *)a->peerings->pdata[0])->remote);
	assumption(g, "@routeTables/r");
	assumption(g, "@natGateways/n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/assume/parts-stay-errors", test_parts_stay_errors);
	g_test_add_func("/assume/network", test_network);
	g_test_add_func("/assume/clear-of-others", test_clear_of_others);
	g_test_add_func("/assume/others", test_the_others);
	g_test_add_func("/assume/chain", test_chain);
	g_test_add_func("/assume/networks-neighbours", test_networks_neighbours);
	return g_test_run();
}
