/* SPDX-License-Identifier: Apache-2.0 */
/* Access controls of endpoints: what they mean, and what they refuse to be. */
#include "fixture.h"

#include <string.h>

#define FRONT "'frontendIPConfiguration':{'id':'@loadBalancers/lb/frontendIPConfigurations/f'}"

static char *balancer(const char *acl)
{
	return g_strdup_printf(
	        "[{'type':'publicIPAddresses','name':'vip'},\n{'type':'loadBalancers','name':'lb','properties':{"
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'@publicIPAddresses/"
	        "vip'}}}],'backendAddressPools':[{'name':'p'}],"
	        "'loadBalancingRules':[{'name':'r','properties':{" FRONT
	        ",'backendAddressPool':{'id':'@loadBalancers/lb/backendAddressPools/p'},'protocol':'Tcp',"
	        "'frontendPort':80,'backendPort':80%s}}],"
	        "'inboundNatRules':[{'name':'n','properties':{" FRONT
	        ",'protocol':'Tcp','frontendPort':22,'backendPort':22%s}}],"
	        "'inboundNatPools':[{'name':'np','properties':{" FRONT ",'protocol':'Tcp',"
	        "'frontendPortRangeStart':5000,'frontendPortRangeEnd':5009,'backendPort':22%s}}]}}]",
	        acl, acl, acl);
}

#define RULE(order, action, subnet) "{'order':" order ",'action':'" action "','remoteSubnet':'" subnet "'}"
#define ACL(rules)                  ",'accessControl':{'rules':[" rules "]}"

/* Each list, and whether it keeps anybody out. */
static void test_meaning(void)
{
	static const struct {
		const char *acl;
		gboolean permit_others, can_deny, can_deny6;
	} cases[] = {
	        {ACL(RULE("1", "deny", "192.0.2.0/24")), TRUE, TRUE, FALSE},
	        {ACL(RULE("1", "permit", "192.0.2.0/24")), FALSE, TRUE, TRUE},
	        {ACL(RULE("2", "permit", "0.0.0.0/0") "," RULE("1", "deny", "192.0.2.0/24")), FALSE, TRUE, TRUE},
	        {ACL(RULE("1", "permit", "::/0")), FALSE, TRUE, FALSE},
	        {ACL(RULE("1", "deny", "2001:db8::/32")), TRUE, FALSE, TRUE},
	        {ACL(RULE("1", "permit", "0.0.0.0/0")), FALSE, FALSE, TRUE},
	        {ACL(RULE("1", "Permit", "0.0.0.0/0") "," RULE("2", "Deny", "192.0.2.0/24")), FALSE, FALSE, TRUE},
	        {ACL(""), TRUE, FALSE, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = balancer(cases[i].acl);
		g_autoptr(graph) g = fixture_graph(text);
		const struct load_balancer *lb = fixture_noun(g, "@loadBalancers/lb");
		const struct access_control *all[] = {((struct lb_rule *)lb->rules->pdata[0])->access,
		                                      ((struct nat_rule *)lb->nat_rules->pdata[0])->access,
		                                      ((struct nat_pool *)lb->nat_pools->pdata[0])->access};

		for (gsize k = 0; k < G_N_ELEMENTS(all); k++) {
			g_assert_nonnull(all[k]);
			g_assert_true(all[k]->permit_others == cases[i].permit_others);
			g_assert_true(access_control_can_deny(all[k], FALSE) == cases[i].can_deny);
			g_assert_true(access_control_can_deny(all[k], TRUE) == cases[i].can_deny6);
		}
	}
}

static void test_rules(void)
{
	g_autofree char *text = balancer(",'accessControl':{'rules':[" RULE(
	        "65535", "deny", "198.51.100.7/24") ","
	                                            "{'order':0,'action':'permit','remoteSubnet':'2001:db8::1/32',"
	                                            "'description':'six'}," RULE("10", "permit", "203.0.113.9") "]}");
	g_autoptr(graph) g = fixture_graph(text);
	const struct lb_rule *r = fixture_noun(g, "@loadBalancers/lb/loadBalancingRules/r");
	const struct access_rule *rules = (const struct access_rule *)(void *)r->access->rules->data;

	g_assert_cmpuint(r->access->rules->len, ==, 3);
	g_assert_true(rules[0].order == 0 && rules[0].permit && rules[0].v6 && rules[0].prefix6.length == 32);
	g_assert_cmpstr(rules[0].description, ==, "six");
	g_assert_true(rules[1].order == 10 && rules[1].prefix.length == 32);
	g_assert_true(rules[2].order == 65535 && !rules[2].permit && rules[2].prefix.addr == 0xc6336400);
	for (guint i = 0; i < g->recorded->len; i++) /* enforced */
		g_assert_null(strstr(((struct unmodelled *)g->recorded->pdata[i])->property, "accessControl"));
}

static void test_absent(void)
{
	g_autofree char *text = balancer(",'accessControl':null");
	g_autoptr(graph) g = fixture_graph(text);

	g_assert_null(((struct lb_rule *)fixture_noun(g, "@loadBalancers/lb/loadBalancingRules/r"))->access);
	g_assert_false(access_control_can_deny(NULL, FALSE));
	for (guint i = 0; i < g->recorded->len; i++)
		g_assert_null(strstr(((struct unmodelled *)g->recorded->pdata[i])->property, "accessControl"));
}

static void test_faults(void)
{
	static const struct {
		const char *acl, *error;
	} cases[] = {
	        {ACL(RULE("1", "permit", "10.0.0.0/8") "," RULE("1", "deny", "0.0.0.0/0")),
	         "accessControl.rules[1].order): another rule has order 1; give each its own"},
	        {ACL(RULE("65536", "permit", "10.0.0.0/8")), "65536 is not a number from 0 to 65535"},
	        {ACL(RULE("-1", "permit", "10.0.0.0/8")), "-1 is not a number from 0 to 65535"},
	        {ACL(RULE("1", "allow", "10.0.0.0/8")), "'allow' is not known; write one of deny, permit"},
	        {ACL(RULE("1", "permit", "10.0.0.0/33")), "'10.0.0.0/33' is not an address prefix"},
	        {ACL(RULE("1", "permit", "Internet")), "'Internet' is not an address prefix"},
	        {ACL("{'action':'deny','remoteSubnet':'10.0.0.0/8'}"), "rules[0].order): it is missing"},
	        {ACL("{'order':1,'remoteSubnet':'10.0.0.0/8'}"), "rules[0].action): it is missing"},
	        {ACL("{'order':1,'action':'deny'}"), "rules[0].remoteSubnet): it is missing"},
	        {ACL("7"), "rules[0]): an object belongs here, not "},
	        {",'accessControl':{'rule':[]}", "accessControl.rules): it is missing; write [] to permit everybody"},
	        {",'accessControl':[]", "accessControl): an object belongs here, not "},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = balancer(cases[i].acl), *errors = fixture_errors(text);

		g_test_message("%s", errors);
		g_assert_nonnull(strstr(errors, cases[i].error));
	}
}

static void test_limit(void)
{
	for (int count = 50; count <= 51; count++) {
		g_autoptr(GString) rules = g_string_new(",'accessControl':{'rules':[");
		g_autofree char *text = NULL, *errors = NULL;

		for (int i = 0; i < count; i++)
			g_string_append_printf(rules, "%s{'order':%d,'action':'deny','remoteSubnet':'192.0.2.%d'}",
			                       i ? "," : "", i, i);
		g_string_append(rules, "]}");
		text = balancer(rules->str);
		if (count == 50) {
			g_autoptr(graph) g = fixture_graph(text);

			g_assert_nonnull(g);
			continue;
		}
		errors = fixture_errors(text);
		g_assert_nonnull(strstr(errors, "51 rules are more than the 50 that an endpoint may have"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/model/access/meaning", test_meaning);
	g_test_add_func("/model/access/rules", test_rules);
	g_test_add_func("/model/access/absent", test_absent);
	g_test_add_func("/model/access/faults", test_faults);
	g_test_add_func("/model/access/limit", test_limit);
	return g_test_run();
}
