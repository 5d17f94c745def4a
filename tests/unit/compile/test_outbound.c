/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By which address a machine leaves, as the original publishes it ("Outbound connections": a NAT gateway comes before an
 * instance's own address, that before outbound rules, these before a rule's front end, and default outbound access last).
 */
#include "fleet.h"
#include <string.h>

#define LB(kind, name) "{'id':'~loadBalancers/lb/" kind "/" name "'}"
#define POOLS(name)    ",'loadBalancerBackendAddressPools':[" LB("backendAddressPools", name) "]"
#define ADDRESS(name)  "{'id':'~publicIPAddresses/" name "'}"
#define OWN(name)      ",'publicIPAddress':" ADDRESS(name)
#define FRONT(name)    "{'name':'" name "','properties':{'publicIPAddress':" ADDRESS(name) "}}"
static void standard(struct kit *k, const char *name)
{
	kit_add(k, "publicIPAddresses", name, "'publicIPAllocationMethod':'Static'");
	kit_sku(k, "Standard");
}

/*
 * Subnet n has a NAT gateway of two addresses, e has one without any, p has no default outbound access, d has it.
 * Of the balancer: pool o has an outbound rule of 1000 ports, pool f a rule, pool x a rule that may not be left by.
 */
/* clang-format off */
static const char networks[] =
	"'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':["
	"{'name':'n','properties':{'addressPrefix':'10.0.1.0/24','natGateway':{'id':'~natGateways/nat'}}},"
	"{'name':'e','properties':{'addressPrefix':'10.0.2.0/24','natGateway':{'id':'~natGateways/empty'}}},"
	"{'name':'p','properties':{'addressPrefix':'10.0.3.0/24','defaultOutboundAccess':false}},"
	"{'name':'d','properties':{'addressPrefix':'10.0.4.0/24'}}]";
/* A rule of this name, to the pool of the same name. */
#define RULE(name, front, more) \
	"{'name':'" name "','properties':{'frontendIPConfiguration':" LB("frontendIPConfigurations", front) \
	",'backendAddressPool':" LB("backendAddressPools", name) ",'protocol':'Tcp','frontendPort':80,'backendPort':80" more "}}"
#define BALANCER /* the front end of rule f; those of the outbound rule beside f0; its ports */ \
	"'frontendIPConfigurations':[" FRONT("f0") "," FRONT("f1") "," FRONT("f2") "]," \
	"'backendAddressPools':[{'name':'o'},{'name':'f'},{'name':'x'}]," \
	"'loadBalancingRules':[" RULE("f", "%s", "") "," RULE("x", "f2", ",'disableOutboundSnat':true") "]," \
	"'outboundRules':[{'name':'o','properties':{'frontendIPConfigurations':[" LB("frontendIPConfigurations", "f0") "%s]," \
	"'backendAddressPool':" LB("backendAddressPools", "o") ",'protocol':'All','allocatedOutboundPorts':%u}}]"
/* clang-format on */

static struct kit *world(const char *front, const char *more, guint outbound_ports)
{
	static const char *const addresses[] = {"n0", "n1", "own", "f0", "f1", "f2"};
	struct kit *k = kit_new();

	for (guint i = 0; i < G_N_ELEMENTS(addresses); i++)
		standard(k, addresses[i]);
	kit_add(k, "natGateways", "nat", "'publicIpAddresses':[" ADDRESS("n0") "," ADDRESS("n1") "]");
	kit_sku(k, "Standard");
	kit_add(k, "natGateways", "empty", "%s", "");
	kit_sku(k, "Standard");
	kit_add(k, "virtualNetworks", "v", "%s", networks);
	kit_add(k, "loadBalancers", "lb", BALANCER, front, more, outbound_ports);
	kit_sku(k, "Standard");
	return k;
}

static const struct esc_snat *leaves(const struct fleet *f, const char *nic)
{
	return snat(f, 0, port_of(f, 0, nic)->number, be_private(f, nic));
}

static void test_order(void)
{
	g_autoptr(kit) k = world("f1", "", 1000);
	struct fleet f;

	kit_vm(k, "gw", "v/subnets/n", OWN("own"), "");
	kit_vm(k, "none", "v/subnets/e", "", "");
	kit_vm(k, "shut", "v/subnets/p", "", "");
	kit_vm(k, "host", "v/subnets/d", "", "");
	kit_vm(k, "rule", "v/subnets/p", POOLS("o"), "");
	kit_vm(k, "front", "v/subnets/p", POOLS("f"), "");
	kit_vm(k, "barred", "v/subnets/d", POOLS("x"), "");
	fleet_up(&f, k, 1, 0);
	/* What must not leave. */
	g_assert_null(leaves(&f, "none-nic"));
	g_assert_null(leaves(&f, "shut-nic"));
	g_assert_null(leaves(&f, "barred-nic"));
	/* What leaves, and how. */
	const struct esc_snat *gw = leaves(&f, "gw-nic");
	g_assert_true(gw->addr == be_public(&f, "n0") || gw->addr == be_public(&f, "n1"));
	g_assert_cmpuint(gw->count, ==, 1024);
	g_assert_nonnull(dnat(&f, 0, port_of(&f, 0, "gw-nic")->number, be_public(&f, "own"), 0, 0));
	g_assert_nonnull(endpoint(&f, 0, gw->addr, 0, 255));
	g_assert_cmpuint(leaves(&f, "rule-nic")->addr, ==, be_public(&f, "f0"));
	g_assert_cmpuint(leaves(&f, "rule-nic")->count, ==, 512); /* of 1000, the power of two */
	g_assert_cmpuint(leaves(&f, "front-nic")->addr, ==, be_public(&f, "f1"));
	g_assert_cmpuint(leaves(&f, "host-nic")->addr, ==, GUINT32_TO_BE(alloc_host_public(f.a, 0)));
	fleet_down(&f);
}

#define COUNT 60

/* Where the machines m0 to m59 leave, which share two or three addresses: all are used, and nobody's range is another's. */
static void spread(struct kit *k, const char *subnet, const char *more, const char *first, guint32 addresses[COUNT])
{
	g_autoptr(GHashTable) ranges = g_hash_table_new(NULL, NULL);
	guint here = 0;
	struct fleet f;

	for (guint i = 0; i < COUNT; i++) {
		g_autofree char *name = g_strdup_printf("m%u", i);
		kit_vm(k, name, subnet, more, "");
	}
	fleet_up(&f, k, 1, 0);
	for (guint i = 0; i < COUNT; i++) {
		g_autofree char *name = g_strdup_printf("m%u-nic", i);
		const struct esc_snat *s = leaves(&f, name);
		g_assert_cmpuint(s->count, ==, 1024); /* none counts at an address that is not its own */
		g_assert_true(g_hash_table_add(ranges, GSIZE_TO_POINTER((gsize)s->addr << 16 | s->first)));
		addresses[i] = s->addr;
		here += s->addr == be_public(&f, first);
	}
	g_assert_cmpuint(here, >, COUNT / 6);
	g_assert_cmpuint(here, <, COUNT * 4 / 5);
	fleet_down(&f);
}

/* A third address moves no more than its share. */
static void test_gateway(void)
{
	g_autoptr(kit) two = world("f1", "", 0), three = world("f1", "", 0);
	guint32 before[COUNT], after[COUNT];
	guint moved = 0;

	standard(three, "n2");
	kit_remove(three, "nat");
	kit_add(three, "natGateways", "nat",
	        "'publicIpAddresses':[" ADDRESS("n0") "," ADDRESS("n1") "," ADDRESS("n2") "]");
	kit_sku(three, "Standard");
	spread(two, "v/subnets/n", "", "n0", before);
	spread(three, "v/subnets/n", "", "n0", after);
	for (guint i = 0; i < COUNT; i++)
		moved += before[i] != after[i];
	g_assert_cmpuint(moved, >, 0);
	g_assert_cmpuint(moved, <, COUNT * 3 / 5);
}

static void test_outbound_rule(void)
{
	g_autoptr(kit) k = world("f1", "," LB("frontendIPConfigurations", "f2"), 0);
	guint32 addresses[COUNT];

	spread(k, "v/subnets/d", POOLS("o"), "f0", addresses);
}

/* Seven times 16,384 ports are all that two addresses have room for, three each and no more: the seventh is refused. */
static void test_full(void)
{
	for (guint members = 6; members <= 7; members++) {
		g_autoptr(kit) k = world("f1", "," LB("frontendIPConfigurations", "f2"), 16384);
		g_autoptr(GError) error = NULL;
		struct alloc_settings s;

		for (guint i = 0; i < members; i++) {
			g_autofree char *name = g_strdup_printf("m%u", i);
			kit_vm(k, name, "v/subnets/d", POOLS("o"), "");
		}
		alloc_settings_init(&s);
		g_autoptr(graph) g = kit_graph(k, 0);
		g_autoptr(alloc) a = alloc_assign(NULL, g, &s, &error);
		if (members == 6)
			g_assert_no_error(error);
		else
			g_assert_nonnull(strstr(error->message, "m6-nic"));
	}
}

/* More ports than an address has are refused, by name. */
static void test_too_many(void)
{
	g_autoptr(kit) k = world("f0", "", 32768);
	g_autoptr(graph) g = NULL;
	g_autoptr(alloc) none = NULL;
	g_autoptr(GError) error = NULL;
	struct alloc_settings s;

	kit_vm(k, "one", "v/subnets/d", POOLS("o"), "");
	kit_vm(k, "two", "v/subnets/d", POOLS("f"), "");
	alloc_settings_init(&s);
	g = kit_graph(k, 0);
	none = alloc_assign(NULL, g, &s, &error);
	g_assert_null(none);
	g_assert_nonnull(strstr(error->message, "'f0'"));
	g_assert_nonnull(strstr(error->message, "32768 ports to each of 2 members"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/outbound/order", test_order);
	g_test_add_func("/outbound/gateway", test_gateway);
	g_test_add_func("/outbound/rule", test_outbound_rule);
	g_test_add_func("/outbound/full", test_full);
	g_test_add_func("/outbound/too-many", test_too_many);
	return g_test_run();
}
