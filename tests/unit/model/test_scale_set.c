/* SPDX-License-Identifier: Apache-2.0 */
/* Scale sets and machines that have their interfaces written inside. */
#include "fixture.h"

#include <string.h>

#define PROFILE "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations"
#define NET                                                                                                            \
	"{'type':'virtualNetworks','name':'n','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"       \
	"'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.0.0/24'}}]}},\n"
#define BALANCER(sku)                                                                                                  \
	"{'type':'publicIPAddresses','name':'vip','sku':{'name':'" sku "'}},\n"                                        \
	"{'type':'loadBalancers','name':'lb','sku':{'name':'" sku "'},'properties':{'frontendIPConfigurations':["      \
	"{'name':'f','properties':{'publicIPAddress':{'id':'@publicIPAddresses/vip'}}}],"                              \
	"'backendAddressPools':[{'name':'p'}],'inboundNatPools':[{'name':'np','properties':{"                          \
	"'frontendIPConfiguration':{'id':'@loadBalancers/lb/frontendIPConfigurations/f'},'protocol':'Tcp',"            \
	"'frontendPortRangeStart':50000,'frontendPortRangeEnd':50011,'backendPort':22}}]}},\n"
#define SUBNET  "'subnet':{'id':'@virtualNetworks/n/subnets/a'}"
#define POOLS   ",'loadBalancerBackendAddressPools':[{'id':'@loadBalancers/lb/backendAddressPools/p'}]"
#define NATPOOL ",'loadBalancerInboundNatPools':[{'id':'@loadBalancers/lb/inboundNatPools/np'}]"
#define OWN     ",'publicIPAddressConfiguration':{'name':'pub','properties':{'idleTimeoutInMinutes':15}}"

#define NIC(name, more, config)                                                                                        \
	"{'name':'" name "','properties':{" more "'ipConfigurations':[{'name':'c','properties':{" SUBNET config "}}]}" \
	"}"
#define SET(name, capacity, more, nics)                                                                                \
	"{'type':'Microsoft.Compute/virtualMachineScaleSets','name':'" name "','sku':{'name':'Standard_A1',"           \
	"'capacity':" capacity "},'zones':['1','3'],'properties':{" more "'virtualMachineProfile':{'networkProfile':{" \
	"'networkInterfaceConfigurations':[" nics "]}}}}"

static void test_instances(void)
{
	g_autoptr(graph) g = fixture_graph("[" NET BALANCER("Basic") SET(
	        "web", "12", "'upgradePolicy':{'mode':'Manual'},",
	        NIC("back", "", "") "," NIC("front", "'primary':true,", POOLS NATPOOL OWN)) "]");
	const struct load_balancer *lb = fixture_noun(g, "@loadBalancers/lb");
	const struct pool *p = lb->pools->pdata[0];
	struct vm *eleven = graph_find_vm(g, "WEB_11", NULL);
	const struct nic *front = eleven->nics->pdata[0];
	const struct ip_config *c = front->configs->pdata[0];
	const struct nat_rule *r = c->nat_rules->pdata[0];

	g_assert_cmpuint(g->vms->len, ==, 12);
	g_assert_cmpuint(g->nics->len, ==, 24);
	g_assert_true(eleven == fixture_noun(g, "@Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/11"));
	g_assert_cmpstr(eleven->noun.name, ==, "web_11");
	g_assert_cmpstr(eleven->zone, ==, "3");
	g_assert_true(eleven->scale_set == g->scale_sets->pdata[0] && eleven->instance == 11);
	g_assert_cmpstr(front->noun.name, ==, "front");
	g_assert_true(front->vm == eleven && eleven->nics->len == 2);
	g_assert_true(c == fixture_noun(g, "@Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/11/"
	                                   "networkInterfaces/front/ipConfigurations/c"));
	g_assert_true(c->public_address ==
	              fixture_noun(g, "@Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/11/"
	                              "networkInterfaces/front/ipConfigurations/c/publicIPAddresses/pub"));
	g_assert_cmpuint(c->public_address->idle_minutes, ==, 15);
	g_assert_cmpuint(p->members->len, ==, 12);
	g_assert_cmpuint(lb->nat_rules->len, ==, 12);
	g_assert_true(r->target == c && r->frontend == lb->frontends->pdata[0]);
	g_assert_true(r->frontend_port == 50011 && r->backend_port == 22 && r->protocol == PROTO_TCP);
	for (guint i = 0; i < 11; i++)
		g_assert_cmpint(g_ascii_strcasecmp(((struct vm *)g->vms->pdata[i])->noun.id,
		                                   ((struct vm *)g->vms->pdata[i + 1])->noun.id),
		                <, 0);
}

/* Without a word a Flexible set's addresses are Standard, which is closed until a rule opens it. */
static void test_modes(void)
{
	static const struct {
		const char *more;
		enum sku sku;
	} cases[] = {{"", SKU_BASIC}, {"'orchestrationMode':'Flexible',", SKU_STANDARD}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
		        g_strdup_printf("[" NET SET("web", "1", "%s", NIC("x", "", OWN)) "]", cases[i].more);
		g_autoptr(graph) g = fixture_graph(text);

		g_assert_cmpuint(g->public_addresses->len, ==, 1);
		g_assert_cmpuint(((struct public_address *)g->public_addresses->pdata[0])->sku, ==, cases[i].sku);
	}
}

static void test_empty(void)
{
	g_autoptr(graph) g = fixture_graph("[" NET SET(
	        "web", "0", "",
	        NIC("x", "", "")) ",\n"
	                          "{'type':'Microsoft.Compute/virtualMachineScaleSets','name':'frame','sku':{"
	                          "'capacity':4},'properties':{'orchestrationMode':'Flexible'}}]");

	g_assert_true(g->vms->len == 0 && g->nics->len == 0 && g->scale_sets->len == 2);
}

/* Each fault is told once, whatever the number of instances. */
static void test_faults(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
	        {NET SET("web", "3", "", NIC("x", "", POOLS)),
	         "resource 'web' (" PROFILE
	         "[0].properties.ipConfigurations[0].properties.loadBalancerBackendAddressPools[0].id): no document "
	         "declares the back-end pool"},
	        {NET SET("web", "0", "", NIC("x", "", POOLS)), "no document declares the back-end pool"},
	        {NET SET("web", "3", "", NIC("x", "'networkSecurityGroup':{'id':'@networkSecurityGroups/no'},", "")),
	         "[0].properties.networkSecurityGroup.id): no document declares the network security group"},
	        {NET SET("web", "3", "", NIC("x", "'primary':true,", "") "," NIC("y", "'primary':true,", "")),
	         "[1].properties.primary): the machine has a primary interface already; keep one"},
	        {NET BALANCER("Basic") SET("web", "13", "", NIC("x", "", NATPOOL)),
	         "NAT pool 'np' has 12 ports, and 'web' has more instances; make the range larger"},
	        {NET BALANCER("Basic")
	                 SET("web", "1", "", NIC("x", "", NATPOOL)) "," SET("api", "1", "", NIC("x", "", NATPOOL)),
	         "NAT pool 'np' is used twice"},
	        {NET SET("web", "1001", "", NIC("x", "", "")), "(sku.capacity): 1001 is not a number from 0 to 1000"},
	        {NET SET("web", "2", "", ""), "): its machines have no network interface; add one"},
	        {NET SET("web", "2", "", "{'properties':{}}"), PROFILE "[0].name): it is missing; add it"},
	        {NET SET("web", "2", "", NIC("x", "", ",'publicIPAddressConfiguration':{}")),
	         "publicIPAddressConfiguration.name): it is missing; add it"},
	        {NET SET("web", "2", "", NIC("x", "", ",'publicIPAddressConfiguration':[]")),
	         "publicIPAddressConfiguration): an object belongs here, not array"},
	        {NET BALANCER("Basic") "{'type':'Microsoft.Compute/virtualMachines','name':'v','properties':{"
	                               "'networkProfile':{'networkInterfaceConfigurations':[" NIC("x", "",
	                                                                                          NATPOOL) "]}}}",
	         "NAT pools are for scale sets; give a single machine a NAT rule"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("[%s]", cases[i].text), *errors = fixture_errors(text);

		g_test_message("%s", errors);
		g_assert_nonnull(strstr(errors, cases[i].error));
		g_assert_null(strchr(errors, '\n'));
	}
}

/* A few lines cannot ask for more than a few megabytes. */
static void test_flood(void)
{
	g_autoptr(GString) text = g_string_new("[" NET);
	g_autofree char *errors = NULL;
	gint64 start = g_get_monotonic_time();

	for (int i = 0; i < 200; i++)
		g_string_append_printf(text, "%s" SET("web%d", "1000", "", NIC("x", "", "")), i ? "," : "", i);
	g_string_append(text, "]");
	errors = fixture_errors(text->str);
	g_assert_nonnull(strstr(errors, "more than 50000 machines, interfaces and configurations"));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
}

static void test_inside_machine(void)
{
	g_autoptr(graph) g = fixture_graph(
	        "[" NET "{'type':'Microsoft.Compute/availabilitySets','name':'as','sku':{'name':'Aligned'},"
	        "'properties':{'platformFaultDomainCount':3}},\n"
	        "{'type':'Microsoft.Compute/virtualMachines','name':'v','properties':{'availabilitySet':{'id':"
	        "'@Microsoft.Compute/availabilitySets/AS'},'networkProfile':{'networkApiVersion':'2020-11-01',"
	        "'networkInterfaceConfigurations':[" NIC("x", "", "") "," NIC("y", "'primary':true,", OWN) "]}}}]");
	const struct vm *v = fixture_noun(g, "@Microsoft.Compute/virtualMachines/v");
	const struct nic *y = v->nics->pdata[0];

	g_assert_true(v->nics->len == 2 && y->vm == v && y->inside);
	g_assert_true(y == fixture_noun(g, "@Microsoft.Compute/virtualMachines/v/networkInterfaces/y"));
	g_assert_nonnull(((struct ip_config *)y->configs->pdata[0])->public_address);
	g_assert_true(g_str_has_suffix(v->availability_set, "/microsoft.compute/availabilitysets/as"));
	g_assert_cmpuint(((struct availability_set *)g->availability_sets->pdata[0])->fault_domains, ==, 3);
	g_assert_cmpuint(g->unmodelled->len, ==, 0);
}

static void test_basic_pool(void)
{
	static const struct {
		const char *sku;
		guint warnings;
	} cases[] = {{"Basic", 1}, {"Standard", 0}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
		        g_strdup_printf("[" NET BALANCER("%s") SET("web", "2", "", NIC("x", "", POOLS)) "," SET(
		                                "api", "1", "", NIC("x", "", POOLS)) "]",
		                        cases[i].sku, cases[i].sku);
		g_autoptr(graph) g = fixture_graph(text);
		guint told = 0;

		for (guint k = 0; k < g->warnings->len; k++)
			told += strstr(g->warnings->pdata[k], "more than one availability set or scale set") != NULL;
		g_assert_cmpuint(told, ==, cases[i].warnings);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/model/scale-set/instances", test_instances);
	g_test_add_func("/model/scale-set/modes", test_modes);
	g_test_add_func("/model/scale-set/empty", test_empty);
	g_test_add_func("/model/scale-set/faults", test_faults);
	g_test_add_func("/model/scale-set/flood", test_flood);
	g_test_add_func("/model/scale-set/inside-machine", test_inside_machine);
	g_test_add_func("/model/scale-set/basic-pool", test_basic_pool);
	return g_test_run();
}
