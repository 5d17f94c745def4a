/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of load balancers become: openings at the edge, translations at the port. */
#include "fleet.h"

#define FRONT "'frontendIPConfiguration':{'id':'~loadBalancers/lb/frontendIPConfigurations/f'}"
#define POOL  ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/web'}]"
#define NAT   ",'loadBalancerInboundNatRules':[{'id':'~loadBalancers/lb/inboundNatRules/ssh'}]"

/* Two rules and a NAT rule; the first and the last carry `acl`. */
static struct kit *world(const char *acl)
{
	struct kit *k = kit_new();
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':["
	        "{'name':'web','properties':{'addressPrefix':'10.0.1.0/24'}}]");
	kit_add(k, "publicIPAddresses", "front", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/"
	        "front'}}}],'backendAddressPools':[{'name':'web'}],"
	        "'loadBalancingRules':[{'name':'http','properties':{" FRONT ",'backendAddressPool':{'id':"
	        "'~loadBalancers/lb/backendAddressPools/"
	        "web'},'protocol':'Tcp','frontendPort':80,'backendPort':8080%s}},"
	        "{'name':'tls','properties':{" FRONT ",'backendAddressPool':{'id':"
	        "'~loadBalancers/lb/backendAddressPools/web'},'protocol':'Tcp','frontendPort':443,'backendPort':443}}],"
	        "'inboundNatRules':[{'name':'ssh','properties':{" FRONT
	        ",'protocol':'Tcp','frontendPort':50001,'backendPort':22%s}}]",
	        acl, acl);
	kit_vm(k, "web0", "v/subnets/web", POOL NAT, "");
	kit_vm(k, "web1", "v/subnets/web", POOL, "");
	return k;
}

/* What access controls would keep somebody out of is shut to everybody, at the edge and at the port. */
static void test_closed(void)
{
	static const struct {
		const char *acl;
		gboolean open;
	} cases[] = {
	        {",'accessControl':{'rules':[{'order':1,'action':'deny','remoteSubnet':'192.0.2.0/24'}]}", FALSE},
	        {",'accessControl':{'rules':[{'order':1,'action':'permit','remoteSubnet':'192.0.2.0/24'}]}", FALSE},
	        {",'accessControl':{'rules':[{'order':1,'action':'permit','remoteSubnet':'0.0.0.0/0'}]}", TRUE},
	        {",'accessControl':{'rules':[]}", TRUE},
	        {"", TRUE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kit) k = world(cases[i].acl);
		struct fleet f;
		fleet_up(&f, k, 1, 0);
		guint32 front = be_public(&f, "front");
		guint32 web0 = port_of(&f, 0, "web0-nic")->number, web1 = port_of(&f, 0, "web1-nic")->number;
		g_assert_true((endpoint(&f, 0, front, 80, 6) != NULL) == cases[i].open);
		g_assert_true((endpoint(&f, 0, front, 50001, 6) != NULL) == cases[i].open);
		g_assert_true((dnat(&f, 0, web0, front, 80, 6) != NULL) == cases[i].open);
		g_assert_true((dnat(&f, 0, web1, front, 80, 6) != NULL) == cases[i].open);
		g_assert_true((dnat(&f, 0, web0, front, 50001, 6) != NULL) == cases[i].open);
		/* The rule beside it is as it was, and so is the way out. */
		g_assert_nonnull(endpoint(&f, 0, front, 443, 6));
		g_assert_nonnull(dnat(&f, 0, web1, front, 443, 6));
		g_assert_cmpuint(snat(&f, 0, web0, be_private(&f, "web0-nic"))->addr, ==, front);
		fleet_down(&f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compile/balancer/closed", test_closed);
	return g_test_run();
}
