/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of load balancers become: openings at the edge, translations at the port. */
#include "fleet.h"

#define IDS   "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
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

/* What access controls keep somebody out of has a list at the edge; the port's translations are the same. */
static void test_access(void)
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
		g_assert_true((endpoint(&f, 0, front, 80, 6)->access == 0) == cases[i].open);
		g_assert_true((endpoint(&f, 0, front, 50001, 6)->access == 0) == cases[i].open);
		g_assert_nonnull(dnat(&f, 0, web0, front, 80, 6));
		g_assert_nonnull(dnat(&f, 0, web1, front, 80, 6));
		g_assert_nonnull(dnat(&f, 0, web0, front, 50001, 6));
		/* The rule beside it has none. */
		g_assert_cmpuint(endpoint(&f, 0, front, 443, 6)->access, ==, 0);
		g_assert_nonnull(dnat(&f, 0, web1, front, 443, 6));
		g_assert_cmpuint(snat(&f, 0, web0, be_private(&f, "web0-nic"))->addr, ==, front);
		fleet_down(&f);
	}
}

/* A scale set of `capacity` behind the balancer "lb", with ports from 50000 on. */
static struct kit *scale_set(guint capacity, const char *acl)
{
	struct kit *k = world("");
	g_autofree char *set = g_strdup_printf(
	        "{\"type\":\"Microsoft.Compute/virtualMachineScaleSets\",\"name\":\"set\",\"sku\":{\"capacity\":%u},"
	        "\"properties\":{\"virtualMachineProfile\":{\"networkProfile\":{\"networkInterfaceConfigurations\":[{"
	        "\"name\":\"n\",\"properties\":{\"ipConfigurations\":[{\"name\":\"c\",\"properties\":{\"subnet\":{"
	        "\"id\":\"" IDS "virtualNetworks/v/subnets/web\"},\"loadBalancerInboundNatPools\":[{\"id\":\"" IDS
	        "loadBalancers/np/inboundNatPools/p\"}]}}]}}]}}}}",
	        capacity);
	kit_add(k, "publicIPAddresses", "pool", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "loadBalancers", "np",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/"
	        "pool'}}}],'inboundNatPools':[{'name':'p','properties':{'frontendIPConfiguration':{'id':"
	        "'~loadBalancers/np/frontendIPConfigurations/f'},'protocol':'Tcp','frontendPortRangeStart':50000,"
	        "'frontendPortRangeEnd':50009,'backendPort':22%s}}]",
	        acl);
	g_ptr_array_add(k->texts, g_steal_pointer(&set));
	return k;
}

static const struct nic *instance(const struct fleet *f, const char *name)
{
	struct vm *v = graph_find_vm(f->g, name, NULL);
	return v ? g_ptr_array_index(v->nics, 0) : NULL;
}

static const struct ip_config *config_of(const struct nic *nic)
{
	return g_ptr_array_index(nic->configs, 0);
}

/* Each instance has its port, and the others of the pool lead nowhere. */
static void test_nat_pool(void)
{
	g_autoptr(kit) k = scale_set(2, "");
	struct fleet f;
	fleet_up(&f, k, 1, 0);
	guint32 vip = be_public(&f, "pool");
	g_assert_null(endpoint(&f, 0, vip, 50002, 6));
	g_assert_null(endpoint(&f, 0, vip, 49999, 6));
	g_assert_null(endpoint(&f, 0, vip, 50000, 17));
	for (guint i = 0; i < 2; i++) {
		const struct nic *nic = instance(&f, i ? "set_1" : "set_0");
		guint32 number = alloc_port(f.a, nic)->number;
		const struct esc_endpoint *e = endpoint(&f, 0, vip, (guint16)(50000 + i), 6);
		const struct esc_dnat *d = dnat(&f, 0, number, vip, (guint16)(50000 + i), 6);
		g_assert_cmpuint(e->kind, ==, ESC_EP_ONE);
		g_assert_cmpuint(e->one.port, ==, number);
		g_assert_cmpuint(d->port, ==, GUINT16_TO_BE(22));
		g_assert_cmpuint(d->addr, ==, GUINT32_TO_BE(alloc_private(f.a, config_of(nic))));
		g_assert_null(dnat(&f, 0, number, vip, (guint16)(50001 - i), 6));
	}
	fleet_down(&f);
}

/* The list of a pool is that of each of its ports, with the same rules' numbers. */
static void test_nat_pool_access(void)
{
	g_autoptr(kit) k = scale_set(
	        2, ",'accessControl':{'rules':[{'order':1,'action':'permit','remoteSubnet':'192.0.2.0/24'}]}");
	struct fleet f;
	fleet_up(&f, k, 1, 0);
	guint32 vip = be_public(&f, "pool");
	for (guint i = 0; i < 2; i++) {
		g_assert_cmpuint(endpoint(&f, 0, vip, (guint16)(50000 + i), 6)->access, !=, 0);
		g_assert_cmpuint(endpoint(&f, 0, vip, (guint16)(50000 + i), 6)->access, ==,
		                 endpoint(&f, 0, vip, 50000, 6)->access);
	}
	fleet_down(&f);
}

/* Whoever stays keeps address, port number and MAC while the set grows and shrinks around it. */
static void test_scaling(void)
{
	static const guint sizes[] = {3, 10, 2, 4};
	g_autoptr(kit) k = scale_set(1, "");
	struct fleet f;
	fleet_up(&f, k, 1, 0);
	guint32 first = alloc_private(f.a, config_of(instance(&f, "set_0")));
	struct alloc_port port = *alloc_port(f.a, instance(&f, "set_0"));
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(kit) next = scale_set(sizes[i], "");
		g_autoptr(GError) error = NULL;
		graph *g = kit_graph(next, (guint)i);
		alloc *a = alloc_assign(f.a, g, &f.s, &error);
		g_assert_no_error(error);
		fleet_down(&f);
		f.g = g;
		f.a = a;
		f.t[0] = compile_host(g, a, &f.s, 0, &error);
		g_assert_no_error(error);
		g_assert_true((instance(&f, "set_2") != NULL) == (sizes[i] > 2));
		g_assert_cmpuint(alloc_private(a, config_of(instance(&f, "set_0"))), ==, first);
		g_assert_cmpmem(alloc_port(a, instance(&f, "set_0")), sizeof port, &port, sizeof port);
	}
	fleet_down(&f);
}

/* Members that a pool names by address get what others get; one put down by hand, and one that has the address only for
 * now, get nothing. */
static void test_pool_by_address(void)
{
	g_autoptr(kit) k = world("");
	struct fleet f;
	kit_add(k, "publicIPAddresses", "q", "'publicIPAllocationMethod':'Static'");
	kit_sku(k, "Standard");
	kit_add(k, "loadBalancers", "by",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':"
	        "'~publicIPAddresses/q'}}}],'backendAddressPools':[{'name':'p','properties':{'virtualNetwork':{'id':"
	        "'~virtualNetworks/"
	        "v'},'loadBalancerBackendAddresses':[{'name':'a','properties':{'ipAddress':'10.0.1.50'}},"
	        "{'name':'b','properties':{'ipAddress':'10.0.1.51','adminState':'Down'}},{'name':'c','properties':{"
	        "'ipAddress':'10.0.1.4'}}]}}],'loadBalancingRules':[{'name':'r','properties':{'frontendIPConfiguration'"
	        ":{"
	        "'id':'~loadBalancers/by/frontendIPConfigurations/f'},'backendAddressPool':{'id':'~loadBalancers/by/"
	        "backendAddressPools/p'},'protocol':'Tcp','frontendPort':81,'backendPort':8081}}]");
	kit_sku(k, "Standard");
	kit_vm(k, "up", "v/subnets/web", ",'privateIPAllocationMethod':'Static','privateIPAddress':'10.0.1.50'", "");
	kit_vm(k, "down", "v/subnets/web", ",'privateIPAllocationMethod':'Static','privateIPAddress':'10.0.1.51'", "");
	fleet_up(&f, k, 1, 0);
	guint32 vip = be_public(&f, "q"), up = port_of(&f, 0, "up-nic")->number;
	g_assert_cmpuint(be_private(&f, "web0-nic"), ==, GUINT32_TO_BE(0x0a000104));
	g_assert_null(dnat(&f, 0, port_of(&f, 0, "down-nic")->number, vip, 81, 6));
	g_assert_null(dnat(&f, 0, port_of(&f, 0, "web0-nic")->number, vip, 81, 6));
	g_assert_cmpuint(dnat(&f, 0, up, vip, 81, 6)->port, ==, GUINT16_TO_BE(8081));
	g_assert_cmpuint(endpoint(&f, 0, vip, 81, 6)->kind, ==, ESC_EP_ONE);
	g_assert_cmpuint(endpoint(&f, 0, vip, 81, 6)->one.port, ==, up);
	fleet_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compile/balancer/closed", test_access);
	g_test_add_func("/compile/balancer/nat-pool", test_nat_pool);
	g_test_add_func("/compile/balancer/nat-pool-closed", test_nat_pool_access);
	g_test_add_func("/compile/balancer/scaling", test_scaling);
	g_test_add_func("/compile/balancer/pool-by-address", test_pool_by_address);
	return g_test_run();
}
