/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded and not enforced leaves no trace in any table, and opens nothing: a peering's one half, routes of no subnet,
 * NAT. */
#include "blob.h"
#include "fleet.h"
#include <string.h>

#define RULE(name, priority, access, side)                                                                             \
	"{'name':'" name "','properties':{'priority':" priority ",'direction':'Inbound','access':'" access             \
	"','protocol':'*'," side ",'sourcePortRange':'*','destinationAddressPrefix':'*','destinationPortRange':'*'}}"

/* The same machines, groups and endpoints; `more` adds everything that is recorded, and no rule or port. */
static struct kit *world(gboolean more)
{
	struct kit *k = kit_new();
#define MORE(text) (more ? text : "")
	kit_add(k, "networkSecurityGroups", "g",
	        "'securityRules':[" RULE("r", "100", "Deny", "'sourceAddressPrefixes':['10.0.2.0/24']") "]");
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':[{'name':'a','properties':{"
	        "'addressPrefixes':['10.0.1.0/24'],'networkSecurityGroup':{'id':'~networkSecurityGroups/g'}}}]%s",
	        MORE(",'virtualNetworkPeerings':[{'name':'p','properties':{'remoteVirtualNetwork':{'id':'~"
	             "virtualNetworks/w'}}}]"));
	kit_add(k, "virtualNetworks", "w",
	        "'addressSpace':{'addressPrefixes':['10.1.0.0/16']},'subnets':[{'name':'b','properties':{"
	        "'addressPrefix':'10.1.1.0/24'}}]");
	if (more) {
		kit_add(k, "routeTables", "r",
		        "'routes':[{'name':'d','properties':{'addressPrefix':'0.0.0.0/0','nextHopType':'None'}}]");
	}
	kit_vm(k, "m", "v/subnets/a", "", "");
	kit_vm(k, "n", "w/subnets/b", "", "");
	return k;
}

static void test_no_trace(void)
{
	g_autoptr(kit) less = world(FALSE), more = world(TRUE);
	struct fleet a, b;
	g_autoptr(GBytes) x = NULL, y = NULL;

	fleet_up(&a, less, 1, 0);
	fleet_up(&b, more, 1, 0);
	g_assert_cmpuint(((struct network *)b.g->networks->pdata[0])->peerings->len, ==, 1);
	x = tables_serialize(a.t[0]);
	y = tables_serialize(b.t[0]);
	g_assert_true(g_bytes_equal(x, y));
	fleet_down(&a);
	fleet_down(&b);
}

/* A rule of IPv6 alone denies no IPv4, and one that allows it opens none. */
static void test_rule_of_six(void)
{
	g_autoptr(kit) k = world(TRUE);
	struct header h = {.protocol = PROTO_TCP,
	                   .source = 0xc6120001,
	                   .destination = 0x0a000104,
	                   .source_port = 1024,
	                   .destination_port = 22};
	const struct table_port *p;
	struct fleet f;

	kit_remove(k, "g");
	kit_add(k, "networkSecurityGroups", "g", "'securityRules':[%s,%s,%s]",
	        RULE("six", "100", "Allow", "'sourceAddressPrefix':'::/0'"),
	        RULE("no", "200", "Deny", "'sourceAddressPrefix':'2001:db8::/32'"),
	        RULE("web", "300", "Allow", "'sourceAddressPrefix':'10.0.1.0/24'"));
	fleet_up(&f, k, 1, 0);
	p = port_of(&f, 0, "m-nic");
	g_assert_false(blob_decide(g_ptr_array_index(f.t[0]->blobs, p->blob - 1), DIR_IN, &h).allow);
	h.source = 0x0a000109;
	g_assert_true(blob_decide(g_ptr_array_index(f.t[0]->blobs, p->blob - 1), DIR_IN, &h).allow);
	fleet_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/recorded/no-trace", test_no_trace);
	g_test_add_func("/recorded/rule-of-six", test_rule_of_six);
	return g_test_run();
}
