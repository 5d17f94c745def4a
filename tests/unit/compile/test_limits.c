/* SPDX-License-Identifier: Apache-2.0 */
/* Every bound of the compiler, from both sides, with the text that a person gets. */
#include "abi/maps.h"
#include "kit.h"
#include "lib/node.h"
#include <string.h>

static void add_network(struct kit *k, guint length)
{
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/"
	        "16']},'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.0.0/%u'}}]",
	        length);
}

/* NULL text: it must compile. */
static void expect(const struct kit *k, struct alloc_settings *s, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = alloc_assign(NULL, g, s, &error);
	g_assert_no_error(error);
	g_autoptr(tables) t = compile_host(g, a, s, 0, &error);
	if (!text) {
		g_assert_no_error(error);
		return;
	}
	g_assert_null(t);
	g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT);
	if (!strstr(error->message, text))
		g_error("'%s' does not say '%s'", error->message, text);
}

static void test_addresses(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	for (guint count = ESC_PORT_ADDRS; count <= ESC_PORT_ADDRS + 1; count++) {
		g_autoptr(kit) k = kit_new();
		g_autoptr(GString) configs = g_string_new(NULL);
		add_network(k, 24);
		for (guint i = 0; i < count; i++)
			g_string_append_printf(configs,
			                       "%s{'name':'c%u','properties':{'primary':%s,'subnet':{'id':'~"
			                       "virtualNetworks/v/subnets/a'}}}",
			                       i ? "," : "", i, i ? "false" : "true");
		kit_add(k, "networkInterfaces", "n", "'ipConfigurations':[%s]", configs->str);
		kit_add(k, "Microsoft.Compute/virtualMachines", "vm",
		        "'networkProfile':{'networkInterfaces':[{'id':'~networkInterfaces/n'}]}");
		expect(k, &s,
		       count > ESC_PORT_ADDRS ? "world.json:1: resource 'n': it has more than 8 addresses" : NULL);
	}
}

/* `members` configurations behind one rule, on `hosts` hosts. */
static struct kit *balanced(guint members)
{
	struct kit *k = kit_new();
	add_network(k, 20);
	kit_add(k, "publicIPAddresses", "front", "'publicIPAllocationMethod':'Static'");
	kit_sku(k, "Standard");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/"
	        "front'}}}],"
	        "'backendAddressPools':[{'name':'p'},{'name':'o'}],"
	        "'loadBalancingRules':[{'name':'r','properties':{'frontendIPConfiguration':{'id':'~loadBalancers/lb/"
	        "frontendIPConfigurations/f'},"
	        "'backendAddressPool':{'id':'~loadBalancers/lb/backendAddressPools/"
	        "p'},'protocol':'Tcp','frontendPort':80,'backendPort':80}},"
	        "{'name':'s','properties':{'frontendIPConfiguration':{'id':'~loadBalancers/lb/frontendIPConfigurations/"
	        "f'},"
	        "'backendAddressPool':{'id':'~loadBalancers/lb/backendAddressPools/"
	        "o'},'protocol':'Tcp','frontendPort':81,"
	        "'backendPort':81}}]");
	kit_sku(k, "Standard");
	for (guint i = 0; i < members; i++) {
		g_autofree char *name = g_strdup_printf("vm%u", i);
		kit_vm(k, name, "v/subnets/a",
		       ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/p'}]", "");
	}
	return k;
}

static void test_back_ends(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	s.ports_per_host = ESC_MAX_PORTS - 1;
	s.hosts = 2;
	g_autoptr(kit) most = balanced(655), more = balanced(656);
	expect(most, &s, NULL);
	expect(more, &s,
	       "resource 'lb' (properties.backendAddressPools[0]): it has 656 back ends; at most 655 share a front "
	       "end");
}

/* Ranges of the members of one address never meet, and each leads back to its member. */
static void test_ranges_disjoint(void)
{
	static const guint counts[] = {1, 50, 51, 130, 655};
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		struct alloc_settings s;
		alloc_settings_init(&s);
		s.ports_per_host = ESC_MAX_PORTS - 1;
		g_autoptr(kit) k = balanced(counts[i]);
		g_autoptr(graph) g = kit_graph(k, 0);
		g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL);
		g_autoptr(tables) t = compile_host(g, a, &s, 0, NULL);
		g_autofree guint8 *used = g_new0(guint8, 65536);
		g_assert_cmpuint(t->snat->len, ==, counts[i]);
		for (guint r = 0; r < t->snat->len; r++) {
			const struct esc_snat *v = &g_array_index(t->snat, struct table_snat, r).value;
			g_assert_cmpuint(v->first, >=, ESC_SNAT_FIRST);
			g_assert_cmpuint(v->count, ==, alloc_snat_ports(counts[i]));
			for (guint p = v->first; p < (guint)v->first + v->count; p++)
				g_assert_cmpuint(used[p]++, ==, 0);
		}
		for (guint p = ESC_SNAT_FIRST + ESC_SNAT_PORTS; p < 65536; p++)
			g_assert_cmpuint(used[p], ==, 0);
	}
}

/* 1001 configurations behind one front end, in two pools, are more than there are ranges. */
static void test_snat_members(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	s.ports_per_host = ESC_MAX_PORTS - 1;
	s.hosts = 2;
	g_autoptr(kit) k = balanced(1000);
	kit_vm(k, "other", "v/subnets/a",
	       ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/o'}]", "");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, &error);
	g_assert_null(a);
	g_assert_nonnull(strstr(error->message, "resource 'front': 1001 configurations are behind it; at most 1000"));
}

/* Addresses of one rule each with every other: with 362 rules there are more different sets than 16 bits can number. */
static void test_policy(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	for (guint count = 361; count <= 362; count++) {
		g_autoptr(kit) k = kit_new();
		g_autoptr(GString) rules = g_string_new(NULL);
		add_network(k, 24);
		for (guint i = 0; i < count; i++) {
			g_string_append_printf(
			        rules,
			        "%s{'name':'r%u','properties':{'priority':%u,'direction':'Inbound','access':'"
			        "Allow','protocol':'Tcp','sourcePortRange':'*','destinationAddressPrefix':'*',"
			        "'destinationPortRange':'*','sourceAddressPrefixes':[",
			        i ? "," : "", i, 100 + i);
			for (guint j = 0; j < count; j++) {
				guint low = MIN(i, j), high = MAX(i, j), pair = 2 * (low * 363 + high);
				g_string_append_printf(rules, "%s'20.%u.%u.%u'", j ? "," : "", pair >> 16,
				                       pair >> 8 & 255, pair & 255);
			}
			g_string_append(rules, "]}}");
		}
		kit_add(k, "networkSecurityGroups", "boom", "'securityRules':[%s]", rules->str);
		kit_vm(k, "vm", "v/subnets/a", "", ",'networkSecurityGroup':{'id':'~networkSecurityGroups/boom'}");
		expect(k, &s,
		       count > 361 ? "networkSecurityGroups/boom': the inbound rules combine into too many" : NULL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/limits/addresses", test_addresses);
	g_test_add_func("/limits/back-ends", test_back_ends);
	g_test_add_func("/limits/ranges-disjoint", test_ranges_disjoint);
	g_test_add_func("/limits/snat-members", test_snat_members);
	g_test_add_func("/limits/policy", test_policy);
	return g_test_run();
}
