/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations: what still exists keeps its number, nothing is given twice, what does not fit says so. */
#include "abi/maps.h"
#include "kit.h"
#include "lib/node.h"
#include <string.h>

#define VMS 24

/* A network whose VMs are those in `mask`; every third has a public address, every fourth is behind the balancer, every
 * fifth has two NICs. */
static struct graph *world(guint32 mask)
{
	g_autoptr(kit) k = kit_new();
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/"
	        "16']},'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.1.0/26'}}]");
	kit_add(k, "publicIPAddresses", "front", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/"
	        "front'}}}],"
	        "'backendAddressPools':[{'name':'p'}],"
	        "'loadBalancingRules':[{'name':'r','properties':{'frontendIPConfiguration':{'id':'~loadBalancers/lb/"
	        "frontendIPConfigurations/f'},"
	        "'backendAddressPool':{'id':'~loadBalancers/lb/backendAddressPools/"
	        "p'},'protocol':'Tcp','frontendPort':80,'backendPort':80}}]");
	for (guint i = 0; i < VMS; i++) {
		g_autofree char *name = g_strdup_printf("vm%u", i), *public = g_strdup_printf("ip%u", i);
		g_autofree char *second = g_strdup_printf("vm%u-2", i);
		g_autofree char *group = g_strdup_printf("sg%u", i);
		if (!(mask & 1u << i))
			continue;
		g_autoptr(GString) more = g_string_new(NULL);
		if (i % 3 == 0) {
			kit_add(k, "publicIPAddresses", public, "'publicIPAllocationMethod':'Dynamic'");
			g_string_append_printf(more, ",'publicIPAddress':{'id':'~publicIPAddresses/%s'}", public);
		}
		if (i % 4 == 0)
			g_string_append(more, ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/"
			                      "backendAddressPools/p'}]");
		if (i == 7)
			g_string_append(more, ",'privateIPAllocationMethod':'Static','privateIPAddress':'10.0.1.5'");
		if (i % 5 != 0) {
			kit_vm(k, name, "v/subnets/a", more->str, "");
			continue;
		}
		kit_add(k, "networkSecurityGroups", group,
		        "'securityRules':[{'name':'r','properties':{'priority':100,'direction':'Inbound','access':'"
		        "Allow','protocol':'*',"
		        "'sourceAddressPrefix':'*','sourcePortRange':'*','destinationAddressPrefix':'*','"
		        "destinationPortRange':'22'}}]");
		for (guint n = 0; n < 2; n++)
			kit_add(k, "networkInterfaces", n ? second : name,
			        "'ipConfigurations':[{'name':'c','properties':{'subnet':{'id':'~virtualNetworks/v/"
			        "subnets/a'}%s}}]",
			        n ? "" : more->str);
		kit_add(k, "Microsoft.Compute/virtualMachines", name,
		        "'networkProfile':{'networkInterfaces':[{'id':'~networkInterfaces/"
		        "%s','properties':{'primary':true}},"
		        "{'id':'~networkInterfaces/%s'}]}",
		        name, second);
	}
	return kit_graph(k, 0);
}

static void once(GHashTable *seen, guint64 value)
{
	g_assert_true(g_hash_table_add(seen, g_memdup2(&value, sizeof value)));
}

static GHashTable *seen_new(void)
{
	return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void check_ports(const struct graph *g, const struct alloc *a, const struct alloc_settings *s)
{
	g_autoptr(GHashTable) numbers = seen_new(), macs = seen_new();
	for (guint i = 0; i < g->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(g->vms, i);
		for (guint k = 0; k < vm->nics->len; k++) {
			const struct alloc_port *p = alloc_port(a, g_ptr_array_index(vm->nics, k));
			guint64 mac = 0;
			g_assert_cmpuint(p->host, <, s->hosts);
			g_assert_cmpuint(p->number, >=, 1);
			g_assert_cmpuint(p->number, <=, alloc_ports_top(a, p->host));
			g_assert_cmpuint(p->host, ==, alloc_port(a, g_ptr_array_index(vm->nics, 0))->host);
			once(numbers, (guint64)p->host << 32 | p->number);
			memcpy(&mac, p->mac, 6);
			once(macs, mac);
			g_assert_cmpuint(p->mac[0], ==, 2);
			g_assert_cmpuint(p->mac[1], ==, 0xe5);
		}
	}
}

static void check_addresses(const struct graph *g, const struct alloc *a, const struct alloc_settings *s)
{
	g_autoptr(GHashTable) privates = seen_new(), publics = seen_new(), slots = seen_new();
	for (guint i = 0; i < g->nics->len; i++) {
		const struct ip_config *c =
		        g_ptr_array_index(((struct nic *)g_ptr_array_index(g->nics, i))->configs, 0);
		guint32 addr = alloc_private(a, c);
		once(privates, addr);
		g_assert_cmpuint(addr, >=, 0x0a000104);
		g_assert_cmpuint(addr, <, 0x0a00013f);
		if (c->address)
			g_assert_cmpuint(addr, ==, c->address);
		if (c->pools->len)
			once(slots, alloc_snat_slot(a, kit_public(g, "front"), c));
	}
	for (guint i = 0; i < g->public_addresses->len; i++)
		once(publics, alloc_public(a, g_ptr_array_index(g->public_addresses, i)));
	for (guint h = 0; h < s->hosts; h++)
		once(publics, alloc_host_public(a, h));
}

/* What is in both graphs has the same numbers in both. */
static void check_kept(const struct graph *g, const struct alloc *a, const struct graph *before,
                       const struct alloc *old)
{
	for (guint i = 0; i < g->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(g->nics, i);
		for (guint k = 0; k < before->nics->len; k++) {
			const struct nic *was = g_ptr_array_index(before->nics, k);
			if (strcmp(was->noun.id, nic->noun.id))
				continue;
			const struct ip_config *c = g_ptr_array_index(nic->configs, 0),
			                       *d = g_ptr_array_index(was->configs, 0);
			g_assert_cmpmem(alloc_port(a, nic), sizeof(struct alloc_port), alloc_port(old, was),
			                sizeof(struct alloc_port));
			/* A dynamic address gives way to a declared one, and to nothing else. */
			if (alloc_private(old, d) != 0x0a000105 || c->address)
				g_assert_cmpuint(alloc_private(a, c), ==, alloc_private(old, d));
			if (c->public_address)
				g_assert_cmpuint(alloc_public(a, c->public_address), ==,
				                 alloc_public(old, d->public_address));
			if (c->pools->len)
				g_assert_cmpuint(alloc_snat_slot(a, kit_public(g, "front"), c), ==,
				                 alloc_snat_slot(old, kit_public(before, "front"), d));
		}
	}
}

static void check_rules(const struct graph *g, const struct alloc *a, const struct graph *before,
                        const struct alloc *old)
{
	g_autoptr(GHashTable) numbers = seen_new(), ids = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; before && i < before->security_groups->len; i++) {
		const struct security_group *s = g_ptr_array_index(before->security_groups, i);
		const struct rule *r = g_ptr_array_index(s->rules[DIR_IN], 0);
		g_hash_table_insert(ids, r->noun.id, GUINT_TO_POINTER(alloc_rule(old, r)));
	}
	for (guint i = 0; i < g->security_groups->len; i++) {
		const struct security_group *s = g_ptr_array_index(g->security_groups, i);
		const struct rule *r = g_ptr_array_index(s->rules[DIR_IN], 0);
		once(numbers, alloc_rule(a, r));
		guint was = GPOINTER_TO_UINT(g_hash_table_lookup(ids, r->noun.id));
		g_assert_true(!was || was == alloc_rule(a, r));
	}
}

static struct alloc *through_json(struct alloc *a)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) n = alloc_to_node(a);
	g_autofree char *text = node_print(n, FALSE);
	g_autoptr(node) parsed = node_parse(text, strlen(text), "alloc", &error);
	struct alloc *back = alloc_from_node(parsed, &error);
	g_assert_no_error(error);
	g_autoptr(node) again = alloc_to_node(back);
	g_autofree char *same = node_print(again, FALSE);
	g_assert_cmpstr(text, ==, same);
	alloc_free(a);
	return back;
}

static void test_sequences(void)
{
	for (guint run = 0; run < 6; run++) {
		struct alloc_settings s;
		alloc_settings_init(&s);
		s.hosts = 1 + run % 4;
		struct graph *before = NULL;
		struct alloc *old = NULL;
		for (guint step = 0; step < 12; step++) {
			g_autoptr(GError) error = NULL;
			struct graph *g = world((guint32)g_test_rand_int() & ((1u << VMS) - 1));
			struct alloc *a = alloc_assign(old, g, &s, &error);
			g_assert_no_error(error);
			check_ports(g, a, &s);
			check_addresses(g, a, &s);
			check_rules(g, a, before, old);
			if (before)
				check_kept(g, a, before, old);
			g_clear_pointer(&before, graph_free);
			g_clear_pointer(&old, alloc_free);
			before = g;
			old = through_json(a);
		}
		graph_free(before);
		alloc_free(old);
	}
}

static void test_lowest_and_spread(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	s.hosts = 3;
	g_autoptr(graph) g = world(0x6); /* vm1, vm2 */
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL);
	g_assert_cmpuint(alloc_private(a, kit_config(g, "vm1-nic")), ==, 0x0a000104);
	g_assert_cmpuint(alloc_private(a, kit_config(g, "vm2-nic")), ==, 0x0a000105);
	g_assert_cmpuint(alloc_port(a, kit_nic(g, "vm1-nic"))->host, ==, 0);
	g_assert_cmpuint(alloc_port(a, kit_nic(g, "vm2-nic"))->host, ==, 1);
	g_assert_cmpuint(alloc_port(a, kit_nic(g, "vm2-nic"))->number, ==, 1);
	g_assert_cmpuint(alloc_host_public(a, 0), ==, 0xc6120001);
	g_assert_cmpuint(alloc_public(a, kit_public(g, "front")), ==, 0xc6120004);
	/* Fewer hosts: their VMs move, addresses and MACs stay. */
	s.hosts = 1;
	g_autoptr(alloc) fewer = alloc_assign(a, g, &s, NULL);
	g_assert_cmpuint(alloc_port(fewer, kit_nic(g, "vm2-nic"))->host, ==, 0);
	g_assert_cmpuint(alloc_port(fewer, kit_nic(g, "vm2-nic"))->number, ==, 2);
	g_assert_cmpmem(alloc_port(fewer, kit_nic(g, "vm2-nic"))->mac, 6, alloc_port(a, kit_nic(g, "vm2-nic"))->mac, 6);
}

static void expect_error(const struct graph *g, const struct alloc_settings *s, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(alloc) a = alloc_assign(NULL, g, s, &error);
	g_assert_null(a);
	g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT);
	if (!strstr(error->message, text))
		g_error("'%s' does not say '%s'", error->message, text);
}

static void test_limits(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	g_autoptr(graph) g = world(0xff);
	s.ports_per_host = 5;
	expect_error(g, &s,
	             "world.json:1: resource 'vm4': no room for its 1 network interfaces: host 0 has at most 5 ports; "
	             "add hosts");
	s.ports_per_host = ESC_MAX_PORTS;
	expect_error(g, &s, "1024 ports a host are out of bounds; at most 1023");
	alloc_settings_init(&s);
	s.hosts = 0;
	expect_error(g, &s, "0 hosts do not fit the fabric network");
	s.hosts = 255;
	expect_error(g, &s, "255 hosts do not fit the fabric network; it has room for 254");
	alloc_settings_init(&s);
	prefix_parse("198.18.0.0/30", &s.public_pool);
	expect_error(g, &s, "world.json:1: resource 'ip0': the public pool 198.18.0.0/30 has no free address left");
}

static struct kit *office(const char *first, const char *second)
{
	struct kit *k = kit_new();
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':[{'name':'a','properties':{"
	        "'addressPrefix':'10.0.0.0/24'}}]");
	for (guint i = 0; i < 3; i++) {
		g_autofree char *name = g_strdup_printf("n%u", i);
		kit_add(k, "networkInterfaces", name,
		        "'ipConfigurations':[{'name':'c','properties':{'subnet':{'id':'~virtualNetworks/v/subnets/"
		        "a'}}}]");
	}
	kit_add(k, "Microsoft.Compute/virtualMachines", "vm0", "'networkProfile':{'networkInterfaces':[%s]}", first);
	kit_add(k, "Microsoft.Compute/virtualMachines", "vm1", "'networkProfile':{'networkInterfaces':[%s]}", second);
	return k;
}

/* A NIC is handed to a machine of another host: a port there, the same MAC and address, and none where it was. */
static void test_moving_nic(void)
{
	static const char n0[] = "{'id':'~networkInterfaces/n0','properties':{'primary':true}}";
	static const char n1[] = "{'id':'~networkInterfaces/n1','properties':{'primary':true}}";
	static const char n0n2[] = "{'id':'~networkInterfaces/n0','properties':{'primary':true}},"
	                           "{'id':'~networkInterfaces/n2'}";
	static const char n1n2[] = "{'id':'~networkInterfaces/n1','properties':{'primary':true}},"
	                           "{'id':'~networkInterfaces/n2'}";
	struct alloc_settings s;
	alloc_settings_init(&s);
	s.hosts = 2;
	g_autoptr(kit) before = office(n0n2, n1), after = office(n0, n1n2);
	g_autoptr(graph) g = kit_graph(before, 0), h = kit_graph(after, 0);
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL), b = alloc_assign(a, h, &s, NULL);
	const struct alloc_port *old = alloc_port(a, kit_nic(g, "n2")), *new = alloc_port(b, kit_nic(h, "n2"));
	g_assert_cmpuint(old->host, !=, alloc_port(a, kit_nic(g, "n1"))->host);
	g_assert_cmpuint(new->host, ==, alloc_port(b, kit_nic(h, "n1"))->host);
	g_assert_cmpuint(new->host, !=, old->host);
	g_assert_cmpuint(new->number, !=, alloc_port(b, kit_nic(h, "n1"))->number);
	g_assert_cmpmem(new->mac, 6, old->mac, 6);
	g_assert_cmpuint(alloc_private(b, kit_config(h, "n2")), ==, alloc_private(a, kit_config(g, "n2")));
	g_assert_cmpuint(alloc_port(b, kit_nic(h, "n0"))->host, ==, old->host);
	g_assert_cmpuint(alloc_port(b, kit_nic(h, "n1"))->number, ==, alloc_port(a, kit_nic(g, "n1"))->number);
}

/* A machine goes and another comes, with its address and its place: it is another by its MAC, also after the JSON. */
static void test_mac_is_new(void)
{
	static const char n0[] = "{'id':'~networkInterfaces/n0','properties':{'primary':true}}";
	static const char n1[] = "{'id':'~networkInterfaces/n1','properties':{'primary':true}}";
	static const char n2[] = "{'id':'~networkInterfaces/n2','properties':{'primary':true}}";
	struct alloc_settings s;
	alloc_settings_init(&s);
	g_autoptr(kit) before = office(n0, n1), after = office(n0, n2);
	g_autoptr(graph) g = kit_graph(before, 0), h = kit_graph(after, 0);
	struct alloc *a = through_json(alloc_assign(NULL, g, &s, NULL));
	struct alloc *b = through_json(alloc_assign(a, h, &s, NULL)), *c = alloc_assign(b, g, &s, NULL);
	const struct alloc_port *old = alloc_port(a, kit_nic(g, "n1")), *new = alloc_port(b, kit_nic(h, "n2"));
	const struct alloc_port *again = alloc_port(c, kit_nic(g, "n1"));
	g_assert_cmpuint(new->number, ==, old->number);
	g_assert_cmpint(memcmp(new->mac, old->mac, 6), !=, 0);
	g_assert_cmpint(memcmp(again->mac, old->mac, 6), !=, 0);
	g_assert_cmpint(memcmp(again->mac, new->mac, 6), !=, 0);
	g_assert_cmpmem(alloc_port(c, kit_nic(g, "n0"))->mac, 6, alloc_port(a, kit_nic(g, "n0"))->mac, 6);
	alloc_free(a);
	alloc_free(b);
	alloc_free(c);
}

static void test_declared_public(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	g_autoptr(kit) k = kit_new();
	kit_add(k, "publicIPAddresses", "pa", "'publicIPAllocationMethod':'Static','ipAddress':'198.18.3.4'");
	kit_add(k, "publicIPAddresses", "pb", "'publicIPAllocationMethod':'Static','ipAddress':'52.174.34.95'");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL);
	g_assert_cmpuint(alloc_public(a, kit_public(g, "pa")), ==, 0xc6120304);
	g_assert_true(prefix_has(s.public_pool, alloc_public(a, kit_public(g, "pb"))));
	g_assert_cmpuint(g->warnings->len, ==, 1);
	g_assert_nonnull(strstr(g_ptr_array_index(g->warnings, 0), "52.174.34.95"));
	kit_add(k, "publicIPAddresses", "pc", "'publicIPAllocationMethod':'Static','ipAddress':'198.18.3.4'");
	g_autoptr(graph) clash = kit_graph(k, 0);
	expect_error(clash, &s, "resource 'pc': its address 198.18.3.4 is already that of '");
	/* The pool may be set smaller than the documents' own. */
	prefix_parse("198.18.0.0/24", &s.public_pool);
	expect_error(g, &s, "resource 'pa': its address 198.18.3.4 is not one of the public pool");
}

static void test_full_subnet(void)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	for (guint count = 3; count <= 4; count++) {
		g_autoptr(kit) k = kit_new();
		kit_add(k, "virtualNetworks", "v",
		        "'addressSpace':{'addressPrefixes':['10.0.0.0/"
		        "16']},'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.1.0/29'}}]");
		for (guint i = 0; i < count; i++) {
			g_autofree char *name = g_strdup_printf("vm%u", i);
			kit_vm(k, name, "v/subnets/a", "", "");
		}
		g_autoptr(graph) g = kit_graph(k, 0);
		if (count == 4) {
			expect_error(g, &s,
			             ": resource 'vm3-nic' (properties.ipConfigurations[0]): subnet 'a' has no free "
			             "address left; make it larger");
		} else {
			g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL);
			g_assert_cmpuint(alloc_private(a, kit_config(g, "vm2-nic")), ==, 0x0a000106);
		}
	}
}

static void test_bad_json(void)
{
	static const char *const texts[] = {
	        "[]",
	        "{}",
	        "{'version':2}",
	        "{'version':1}",
	        "{'version':1,'ports':{'x':{'host':-1,'number':1,'mac':'02:e5:00:00:00:01'}},'networks':{},'private':{}"
	        ",'public':{},'hosts':{},'rules':{},'snat':{}}",
	        "{'version':1,'ports':{'x':{'host':0,'number':1024,'mac':'02:e5:00:00:00:01'}},'networks':{},'private':"
	        "{},'public':{},'hosts':{},'rules':{},'snat':{}}",
	        "{'version':1,'ports':{'x':{'host':0,'number':1,'mac':'x'}},'networks':{},'private':{},'public':{},'"
	        "hosts':{},'rules':{},'snat':{}}",
	        "{'version':1,'ports':{},'networks':{'x':16777215},'private':{},'public':{},'hosts':{},'rules':{},'"
	        "snat':{}}",
	        "{'version':1,'lastMac':-1,'ports':{},'networks':{},'private':{},'public':{},'hosts':{},'rules':{},'"
	        "snat':{}}",
	        "{'version':1,'ports':{},'networks':{'x':0},'private':{},'public':{},'hosts':{},'rules':{},'snat':{}}",
	        "{'version':1,'ports':{},'networks':{},'private':{'x':'10.0.0'},'public':{},'hosts':{},'rules':{},'"
	        "snat':{}}",
	        "{'version':1,'ports':{},'networks':{},'private':{},'public':{},'hosts':{},'rules':{'x':65536},'snat':{"
	        "}}",
	        "{'version':1,'ports':{},'networks':{},'private':{},'public':{},'hosts':{},'rules':[],'snat':{}}",
	};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text = g_strdelimit(g_strdup(texts[i]), "'", '"');
		g_autoptr(GError) error = NULL;
		g_autoptr(node) n = node_parse(text, strlen(text), "alloc", NULL);
		g_autoptr(alloc) a = alloc_from_node(n, &error);
		g_assert_null(a);
		g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID);
	}
}

static void test_snat_tiers(void)
{
	static const guint want[][2] = {{0, 1024},  {50, 1024}, {51, 512}, {100, 512}, {101, 256}, {200, 256},
	                                {201, 128}, {400, 128}, {401, 64}, {800, 64},  {801, 32},  {1000, 32}};
	for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
		g_assert_cmpuint(alloc_snat_ports(want[i][0]), ==, want[i][1]);
		g_assert_cmpuint(want[i][0] * want[i][1], <=, ESC_SNAT_PORTS);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alloc/limits", test_limits);
	g_test_add_func("/alloc/moving-nic", test_moving_nic);
	g_test_add_func("/alloc/mac-is-new", test_mac_is_new);
	g_test_add_func("/alloc/declared-public", test_declared_public);
	g_test_add_func("/alloc/full-subnet", test_full_subnet);
	g_test_add_func("/alloc/bad-json", test_bad_json);
	g_test_add_func("/alloc/lowest-and-spread", test_lowest_and_spread);
	g_test_add_func("/alloc/sequences", test_sequences);
	g_test_add_func("/alloc/snat-tiers", test_snat_tiers);
	return g_test_run();
}
