/* SPDX-License-Identifier: Apache-2.0 */
/* What a good set of documents becomes. Faults: test_faults.c. */
#include "fixture.h"

#include <string.h>

/* One of everything, in a template's order. */
static const char typical[] =
        "[{'type':'networkSecurityGroups','name':'sg','properties':{'securityRules':["
        "  {'name':'web','properties':{'protocol':'TCP','access':'allow','direction':'INBOUND','priority':200,"
        "   'sourceAddressPrefix':'INTERNET','sourcePortRange':'*','destinationAddressPrefix':'*',"
        "   'destinationPortRanges':['80','8000-8080']}},"
        "  {'name':'stop','properties':{'protocol':'*','access':'Deny','direction':'Inbound','priority':100,"
        "   'SourceAddressPrefixes':['192.0.2.0/24','2001:db8::/32','168.63.129.16'],'sourcePortRange':'*',"
        "   'destinationApplicationSecurityGroups':[{'id':'@applicationSecurityGroups/front'}],"
        "   'destinationPortRange':443}},"
        "  {'name':'six','properties':{'protocol':'*','access':'Deny','direction':'Outbound','priority':100,"
        "   'sourceAddressPrefix':'::/0','sourcePortRange':'*','destinationAddressPrefix':'Storage.WestUS',"
        "   'destinationPortRange':'*'}}]}},\n"
        "{'type':'applicationSecurityGroups','name':'front'},\n"
        "{'type':'routeTables','name':'r','properties':{}},\n"
        "{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16','fd00::/"
        "56']},"
        " 'subnets':[{'name':'b','properties':{'addressPrefix':'10.0.2.0/24'}},"
        "  {'name':'a','properties':{'addressPrefixes':['10.0.1.0/24','fd00:0:0:1::/64'],'networkSecurityGroup':"
        "   {'id':'@networksecuritygroups/SG'},'routeTable':{'id':'@routeTables/r'}}}]}},\n"
        "{'type':'publicIPAddresses','name':'vip','sku':{'name':'Standard'},'properties':{"
        " 'publicIPAllocationMethod':'Static','dnsSettings':{'domainNameLabel':'vip-x'}}},\n"
        "{'type':'publicIPAddresses','name':'own','properties':{'publicIPAllocationMethod':'Dynamic'}},\n"
        "{'type':'loadBalancers','name':'lb','sku':{'name':'Standard'},'properties':{"
        " 'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'@publicIPAddresses/vip'}}}],"
        " 'backendAddressPools':[{'name':'p'}],"
        " 'probes':[{'name':'t','properties':{'protocol':'Tcp','port':80,'intervalInSeconds':5,'numberOfProbes':3}}],"
        " 'loadBalancingRules':[{'name':'r','properties':{'protocol':'Tcp','frontendPort':80,'backendPort':8080,"
        "  'loadDistribution':'SourceIP','enableFloatingIP':false,"
        "  'frontendIPConfiguration':{'id':'@loadBalancers/lb/frontendIPConfigurations/f'},"
        "  'backendAddressPool':{'id':'@loadBalancers/lb/backendAddressPools/p'},"
        "  'probe':{'id':'@loadBalancers/lb/probes/t'}}}]}},\n"
        "{'type':'loadBalancers/inboundNatRules','name':'lb/ssh','properties':{'protocol':'Tcp','frontendPort':50001,"
        " 'backendPort':22,'frontendIPConfiguration':{'id':'@loadBalancers/lb/frontendIPConfigurations/f'}}},\n"
        "{'type':'networkInterfaces','name':'n0','properties':{'ipConfigurations':[{'name':'two','properties':{"
        "  'subnet':{'id':'@virtualNetworks/net/subnets/a'},'privateIPAllocationMethod':'Static',"
        "  'privateIPAddress':'10.0.1.9'}},"
        " {'name':'one','properties':{'primary':true,'subnet':{'id':'@virtualNetworks/net/subnets/a'},"
        "  'loadBalancerBackendAddressPools':[{'id':'@loadBalancers/lb/backendAddressPools/p'}],"
        "  'loadBalancerInboundNatRules':[{'id':'@loadBalancers/lb/inboundNatRules/ssh'}],"
        "  'applicationSecurityGroups':[{'id':'@applicationSecurityGroups/front'}]}},"
        " {'name':'v6','properties':{'privateIPAddressVersion':'IPv6','subnet':{'id':'@virtualNetworks/net/subnets/"
        "a'}}}"
        " ]}},\n"
        "{'type':'networkInterfaces','name':'n1','properties':{'enableIPForwarding':true,'networkSecurityGroup':"
        " {'id':'@networkSecurityGroups/sg'},'ipConfigurations':[{'name':'c','properties':{'publicIPAddress':"
        " {'id':'@publicIPAddresses/own'},'subnet':{'id':'@virtualNetworks/net/subnets/b'}}}]}},\n"
        "{'type':'Microsoft.Compute/virtualMachines','name':'web0','properties':{'osProfile':{},'networkProfile':{"
        " 'networkInterfaces':[{'id':'@networkInterfaces/n1','properties':{'primary':false}},"
        " {'id':'@networkInterfaces/n0','properties':{'primary':true}}]}}},\n"
        "{'type':'Microsoft.Storage/storageAccounts','name':'disk'}]";

static void test_rules(void)
{
	g_autoptr(graph) g = fixture_graph(typical);
	const struct security_group *s = fixture_noun(g, "@networkSecurityGroups/sg");
	const struct rule *stop = s->rules[DIR_IN]->pdata[0], *web = s->rules[DIR_IN]->pdata[1];
	const struct rule *six = s->rules[DIR_OUT]->pdata[0];
	const char *const in[] = {"sg/stop", "sg/web", "sg/AllowVnetInBound", "sg/AllowAzureLoadBalancerInBound",
	                          "sg/DenyAllInBound"};

	g_assert_cmpuint(s->rules[DIR_IN]->len, ==, G_N_ELEMENTS(in));
	for (guint i = 0; i < G_N_ELEMENTS(in); i++)
		g_assert_cmpstr(rule_full_name(s->rules[DIR_IN]->pdata[i]), ==, in[i]);
	g_assert_cmpuint(s->rules[DIR_OUT]->len, ==, 4);
	g_assert_false(stop->allow);
	g_assert_cmpuint(stop->source.prefixes->len, ==, 1);
	g_assert_cmpuint(g_array_index(stop->source.tags, enum tag, 0), ==, TAG_LOAD_BALANCER);
	g_assert_true(stop->destination.groups->len == 1 &&
	              stop->destination.groups->pdata[0] == fixture_noun(g, "@applicationSecurityGroups/front"));
	g_assert_cmpuint(g_array_index(stop->destination.ports, struct port_range, 0).last, ==, 443);
	g_assert_cmpuint(web->protocol, ==, PROTO_TCP);
	g_assert_cmpuint(g_array_index(web->source.tags, enum tag, 0), ==, TAG_INTERNET);
	g_assert_cmpuint(g_array_index(web->destination.ports, struct port_range, 1).first, ==, 8000);
	g_assert_true(six->source.prefixes6->len == 1 && six->source.prefixes->len + six->source.tags->len == 0);
	g_assert_cmpuint(g_array_index(stop->source.prefixes6, struct prefix6, 0).length, ==, 32);
	g_assert_cmpuint(g_array_index(six->destination.tags, enum tag, 0), ==, TAG_OTHER);
	g_assert_cmpuint(g->warnings->len, ==, 1);
	g_assert_nonnull(strstr(g->warnings->pdata[0], "tag 'Storage.WestUS' has no addresses here"));
	g_assert_true(g_str_has_suffix(((struct rule *)s->rules[DIR_IN]->pdata[4])->noun.id,
	                               "/networkSecurityGroups/sg/defaultSecurityRules/DenyAllInBound"));
}

static void test_links(void)
{
	g_autoptr(graph) g = fixture_graph(typical);
	const struct network *net = fixture_noun(g, "@virtualNetworks/net");
	const struct subnet *a = fixture_noun(g, "@virtualNetworks/net/subnets/a");
	const struct nic *n0 = fixture_noun(g, "@networkInterfaces/n0"), *n1 = fixture_noun(g, "@networkInterfaces/n1");
	const struct load_balancer *lb = fixture_noun(g, "@loadBalancers/lb");
	const struct vm *vm = fixture_noun(g, "@Microsoft.Compute/virtualMachines/web0");
	const struct ip_config *one = n0->configs->pdata[0];
	const struct lb_rule *r = lb->rules->pdata[0];
	const struct nat_rule *ssh = lb->nat_rules->pdata[0];

	g_assert_true(net->subnets->len == 2 && net->subnets->pdata[0] == a);
	g_assert_true(a->group == g->security_groups->pdata[0] && a->configs->len == 2);
	g_assert_cmpuint(net->ports->len, ==, 2);
	g_assert_cmpstr(one->noun.name, ==, "one");
	g_assert_true(one->primary && !((struct ip_config *)n0->configs->pdata[1])->primary);
	g_assert_cmphex(((struct ip_config *)n0->configs->pdata[1])->address, ==, 0x0a000109);
	g_assert_true(one->pools->pdata[0] == r->pool && r->pool->members->pdata[0] == one);
	g_assert_true(ssh->target == one && ssh->frontend == r->frontend && one->app_groups->len == 1);
	g_assert_true(r->frontend->public_address->frontend == r->frontend);
	g_assert_cmpuint(r->probe->threshold, ==, 3);
	g_assert_true(r->distribution == DISTRIBUTION_SOURCE && r->backend_port == 8080);
	g_assert_true(vm->nics->pdata[0] == n0 && vm->nics->pdata[1] == n1 && n1->vm == vm);
	g_assert_true(n1->ip_forwarding && n1->group == a->group && n1->network == net);
}

/* Each line: what a document asked for and nobody does. */
static void test_unmodelled(void)
{
	static const char *const unmodelled[] = {"storageAccounts/disk|", NULL};
	static const char *const recorded[] = {"publicIPAddresses/vip|properties.dnsSettings.domainNameLabel", NULL};
	g_autoptr(graph) g = fixture_graph(typical);

	fixture_check_listed(g->unmodelled, unmodelled);
	fixture_check_listed(g->recorded, recorded);
}

static void test_unknown_property(void)
{
	g_autoptr(graph) g = fixture_graph(
	        "[{'type':'virtualNetworks','name':'n','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16',"
	        "'2001:db8::/48']},'inventedLater':{'deep':1},'alsoNew':false,'subnets':[{'name':'s','properties':{"
	        "'addressPrefix':'10.0.0.0/24','defaultOutboundAccess':false,'natGateway':null}}]}}]");
	static const char *const unmodelled[] = {"|properties.inventedLater", NULL};

	fixture_check_listed(g->unmodelled, unmodelled);
}

/* The child's document is the whole of the child; other inline ones stay. */
static void test_child_wins(void)
{
	g_autoptr(graph) g = fixture_graph(
	        "[{'type':'virtualNetworks','name':'n','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/"
	        "16']},"
	        "'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.0.0/24'}},"
	        "{'name':'b','properties':{'addressPrefix':'10.0.9.0/24'}}]}},"
	        "{'type':'virtualNetworks/subnets','name':'N/A','properties':{'addressPrefix':'10.0.7.0/24'}},"
	        "{'type':'networkSecurityGroups','name':'sg','properties':{'securityRules':[]}},"
	        "{'type':'networkSecurityGroups/securityRules','name':'sg/r','properties':{'protocol':'Icmp','access':"
	        "'Deny','direction':'Outbound','priority':4096,'sourceAddressPrefix':'*','sourcePortRange':'*',"
	        "'destinationAddressPrefix':'10.0.0.4','destinationPortRange':'*'}}]");
	const struct network *n = g->networks->pdata[0];
	const struct subnet *a = n->subnets->pdata[0];
	const struct rule *r = ((struct security_group *)g->security_groups->pdata[0])->rules[DIR_OUT]->pdata[0];

	g_assert_cmpuint(n->subnets->len, ==, 2);
	g_assert_cmphex(g_array_index(a->prefixes, struct prefix, 0).addr, ==, 0x0a000700);
	g_assert_cmpstr(rule_full_name(r), ==, "sg/r");
	g_assert_true(r->protocol == PROTO_ICMP && !r->allow && r->priority == 4096);
	g_assert_cmpuint(g_array_index(r->destination.prefixes, struct prefix, 0).length, ==, 32);
}

static void test_order(void)
{
	fixture_check_order(typical);
}

#define NET(sub)                                                                                                       \
	"{'type':'virtualNetworks','name':'n','subscription':'" sub                                                    \
	"','properties':{'addressSpace':{'addressPrefixes':"                                                           \
	"['10.0.0.0/16']},'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.0.0/24'}}]}}"
#define VM(sub, group, name)                                                                                           \
	"{'type':'networkInterfaces','name':'" name "','subscription':'" sub "','group':'" group "','properties':{"    \
	"'ipConfigurations':[{'name':'c','properties':{'subnet':{'id':'/subscriptions/" sub                            \
	"/resourceGroups/g/providers/"                                                                                 \
	"Microsoft.Network/virtualNetworks/n/subnets/a'}}}]}},{'type':'Microsoft.Compute/"                             \
	"virtualMachines','name':'" name "','subscription':'" sub "','group':'" group                                  \
	"','properties':{'networkProfile':{'networkInterfaces':[{'id':"                                                \
	"'@networkInterfaces/" name "'}]}}}"

static void test_names(void)
{
	g_autoptr(graph) g = fixture_graph("[" NET("s") "," NET("t") "," VM("s", "g", "Web") "," VM(
	        "s", "g", "db") "," VM("s", "h", "db") "," VM("s", "h", "web") "," VM("t", "H", "web") "]");
	const char *const labels[] = {"g/db", "g/Web", "h/db", "s/h/web", "t/H/web"};

	g_assert_cmpuint(g->vms->len, ==, G_N_ELEMENTS(labels));
	for (guint i = 0; i < g->vms->len; i++) {
		g_autofree char *label = graph_vm_label(g, g->vms->pdata[i]);

		g_assert_cmpstr(label, ==, labels[i]);
		g_assert_true(graph_find_vm(g, label, NULL) == g->vms->pdata[i]);
	}
	g_assert_true(graph_find_vm(g, "G/WEB", NULL) == g->vms->pdata[1]);
	for (int i = 0; i < 4; i++) {
		static const char *const refused[] = {"web", "h/web", "nobody", ""};
		g_autoptr(GError) error = NULL;

		g_assert_null(graph_find_vm(g, refused[i], &error));
		g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID);
	}
}

/* Two subscriptions, the same ids but for the subscription, the same addresses: nothing shared. */
static void test_subscriptions(void)
{
	g_autoptr(graph) g = fixture_graph("[" NET("s") "," NET("t") "," VM("s", "g", "x") "," VM("t", "g", "x") "]");
	const struct nic *a = g->nics->pdata[0], *b = g->nics->pdata[1];

	g_assert_true(a->network != b->network && a->vm != b->vm);
	g_assert_cmpuint(a->network->ports->len, ==, 1);
	g_assert_cmpstr(a->noun.subscription, ==, "s");
}

static void test_large(void)
{
	GString *text =
	        g_string_new("[{'type':'virtualNetworks','name':'n','properties':{'addressSpace':{'addressPrefixes':"
	                     "['10.0.0.0/8']},'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.0.0/16'}}]}}");
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *documents;
	g_autoptr(graph) g = NULL;
	gdouble seconds;

	for (int i = 0; i < 2500; i++)
		g_string_append_printf(text,
		                       ",{'type':'networkInterfaces','name':'n%d','properties':{'ipConfigurations':[{'"
		                       "name':'c','properties':{"
		                       "'subnet':{'id':'@virtualNetworks/n/subnets/a'}}}]}},{'type':'Microsoft.Compute/"
		                       "virtualMachines',"
		                       "'name':'v%d','properties':{'networkProfile':{'networkInterfaces':[{'id':'@"
		                       "networkInterfaces/n%d'}]}}}",
		                       i, i, i);
	g_string_append(text, "]");
	documents = fixture_documents(text->str);
	g_string_free(text, TRUE);
	g_test_timer_start();
	g = graph_build(documents, errors);
	seconds = g_test_timer_elapsed();
	g_assert_nonnull(g);
	g_assert_cmpuint(g->vms->len, ==, 2500);
	g_test_message("5001 resources: %.0f ms", seconds * 1000);
	g_assert_cmpfloat(seconds, <, 1.0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/graph/unmodelled", test_unmodelled);
	g_test_add_func("/graph/unknown-property", test_unknown_property);
	g_test_add_func("/graph/rules", test_rules);
	g_test_add_func("/graph/links", test_links);
	g_test_add_func("/graph/child-wins", test_child_wins);
	g_test_add_func("/graph/order", test_order);
	g_test_add_func("/graph/names", test_names);
	g_test_add_func("/graph/subscriptions", test_subscriptions);
	g_test_add_func("/graph/large", test_large);
	return g_test_run();
}
