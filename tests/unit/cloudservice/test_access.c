/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use an endpoint: traffic rules between roles, access controls from outside. */
#include "kit.h"

#include "model/graph.h"

#include <string.h>

#define DEFINITION(rules)                                                                                              \
	"<ServiceDefinition name='shop'><WebRole name='web'/><WorkerRole name='app'><Endpoints>"                       \
	"<InternalEndpoint name='api' protocol='tcp' port='9000'/><InternalEndpoint name='log' protocol='udp' "        \
	"port='514'/></Endpoints></WorkerRole><WorkerRole name='job'/>" rules "</ServiceDefinition>"
#define RULES(rest) "<NetworkTrafficRules>" rest "</NetworkTrafficRules>"
#define ONLY(rest)  "<OnlyAllowTrafficTo>" rest "</OnlyAllowTrafficTo>"
#define TO(role, endpoint)                                                                                             \
	"<Destinations><RoleEndpoint roleName='" role "' endpointName='" endpoint "'/></Destinations>"
#define WHEN(rest) "<WhenSource matches='AnyRule'>" rest "</WhenSource>"
#define FROM(role) "<FromRole roleName='" role "'/>"
#define ASG(role)  "{'id':'@applicationSecurityGroups/shop." role "'}"
#define PATH       "a.csdef:1: /ServiceDefinition[@name='shop']/NetworkTrafficRules/OnlyAllowTrafficTo"

static void expect_rule(const struct kit *k, const char *name, const char *member, const char *value)
{
	for (guint i = 0;; i++) {
		g_autofree char *at = g_strdup_printf("properties.securityRules.%u.name", i);
		g_autofree char *what = g_strdup_printf("properties.securityRules.%u.properties.%s", i, member);
		g_autofree char *found = kit_value(k, "networkSecurityGroups/shop.app", at);

		if (strcmp(found, name) == 0) {
			kit_expect_value(k, "networkSecurityGroups/shop.app", what, value);
			return;
		}
		if (strcmp(found, "none") == 0) {
			g_assert_cmpstr("no such rule", ==, value);
			return;
		}
	}
}

static void test_nobody(void)
{
	g_autoptr(kit) k = kit_read(DEFINITION(RULES(ONLY(TO("app", "api")))), NULL);
	g_autoptr(kit) empty = kit_read(DEFINITION(RULES(ONLY(TO("app", "api") WHEN("")))), NULL);
	g_autofree char *group = kit_properties(k, "networkSecurityGroups/shop.app");

	g_assert_null(strstr(group, "9000"));
	g_assert_nonnull(strstr(group, "514"));
	expect_rule(k, "'endpoint.api'", "access", "no such rule");
	expect_rule(empty, "'endpoint.api'", "access", "no such rule");
	kit_model(k, "");
}

/* Named roles and no others, not even the endpoint's own. */
static void test_named_roles(void)
{
	g_autoptr(kit) k = kit_read(DEFINITION(RULES(ONLY(TO("APP", "API") WHEN(FROM("Web"))))), NULL);

	expect_rule(k, "'endpoint.api'", "sourceAddressPrefix", "none");
	expect_rule(k, "'endpoint.api'", "sourceApplicationSecurityGroups", "[" ASG("web") "]");
	expect_rule(k, "'endpoint.log'", "sourceAddressPrefix", "'VirtualNetwork'");
	kit_expect_value(k, "networkInterfaces/web_IN_0",
	                 "properties.ipConfigurations.0.properties.applicationSecurityGroups", "[" ASG("web") "]");
	kit_model(k, "");
}

static void test_rules_add_up(void)
{
	g_autoptr(kit) k =
	        kit_read(DEFINITION(RULES(ONLY(TO("app", "api") WHEN(FROM("web") FROM("web"))) ONLY(
	                         TO("app", "api") WHEN(FROM("job"))) ONLY("<Destinations><RoleEndpoint roleName='app' "
	                                                                  "endpointName='log'/><RoleEndpoint "
	                                                                  "roleName='app' endpointName='api'/>"
	                                                                  "</Destinations>" WHEN(FROM("app"))))),
	                 NULL);

	expect_rule(k, "'endpoint.api'", "sourceApplicationSecurityGroups",
	            "[" ASG("web") "," ASG("job") "," ASG("app") "]");
	expect_rule(k, "'endpoint.log'", "sourceApplicationSecurityGroups", "[" ASG("app") "]");
	kit_model(k, "");
}

/* Every role of the service, and not whoever else is in the network. */
static void test_all_roles(void)
{
	g_autoptr(kit) k = kit_read(DEFINITION(RULES(ONLY(TO("app", "api") "<AllowAllTraffic/>"))), NULL);

	expect_rule(k, "'endpoint.api'", "sourceApplicationSecurityGroups",
	            "[" ASG("web") "," ASG("app") "," ASG("job") "]");
	kit_model(k, "");
}

static void test_rule_errors(void)
{
	kit_refused(DEFINITION(RULES(ONLY(WHEN(FROM("web"))))), NULL, PATH ": the rule has no RoleEndpoint; add one");
	kit_refused(DEFINITION(RULES(ONLY(TO("app", "api") WHEN(FROM("wep"))))), NULL,
	            PATH "/WhenSource/FromRole: the service has no role 'wep'; correct the name");
	kit_refused(DEFINITION(RULES(ONLY(TO("app", "apt") WHEN(FROM("web"))))), NULL,
	            PATH "/Destinations/RoleEndpoint: role 'app' has no endpoint 'apt'; correct the name");
	kit_refused(DEFINITION(RULES(ONLY(TO("ap", "api") WHEN(FROM("web"))))), NULL,
	            PATH "/Destinations/RoleEndpoint: the service has no role 'ap'; correct the name");
	kit_refused(DEFINITION(RULES(ONLY(TO("app", "api") "<WhenSource matches='AllRules'/>"))), NULL,
	            PATH "/WhenSource: matches='AllRules' is not known; write one of AnyRule");
	kit_refused(
	        DEFINITION(RULES("") RULES(ONLY(TO("app", "api")))), NULL,
	        "a.csdef:1: /ServiceDefinition[@name='shop']/NetworkTrafficRules[2]: it stands in line 1 already; join "
	        "the two");
	kit_refused(
	        "<ServiceDefinition name='shop'><WebRole name='web'><Endpoints><InputEndpoint name='i' protocol='tcp' "
	        "port='80'/></Endpoints></WebRole>" RULES(ONLY(TO("web", "i"))) "</ServiceDefinition>",
	        NULL,
	        PATH "/Destinations/RoleEndpoint: 'i' is reached from outside, so a rule between roles cannot close "
	             "it; name an internal endpoint");
}

/* ------------------------------------------------------------------ access controls */

#define OUTSIDE                                                                                                        \
	"<ServiceDefinition name='shop'><WebRole name='web'><Endpoints><InputEndpoint name='i' protocol='tcp' "        \
	"port='80'/><InternalEndpoint name='in' protocol='tcp' port='9'/><InstanceInputEndpoint name='d' "             \
	"protocol='tcp' localPort='7'><AllocatePublicPortFrom><FixedPortRange min='10' max='19'/>"                     \
	"</AllocatePublicPortFrom></InstanceInputEndpoint></Endpoints></WebRole></ServiceDefinition>"
#define NETWORK(rest)                                                                                                  \
	"<ServiceConfiguration serviceName='shop'><Role name='web'><Instances count='2'/></Role>"                      \
	"<NetworkConfiguration>" rest "</NetworkConfiguration></ServiceConfiguration>"
#define CONTROLS(rest)       "<AccessControls><AccessControl name='c'>" rest "</AccessControl></AccessControls>"
#define RULE(order, do, net) "<Rule order='" order "' action='" do "' remoteSubnet='" net "'/>"
#define ACLS(rest)           "<EndpointAcls>" rest "</EndpointAcls>"
#define ACL(role, e, c)      "<EndpointAcl role='" role "' endPoint='" e "' accessControl='" c "'/>"
#define AT                   "a.cscfg:1: /ServiceConfiguration/NetworkConfiguration"

static void test_access_control(void)
{
	g_autoptr(kit) k =
	        kit_read(OUTSIDE, NETWORK(CONTROLS("<Rule order='200' action='Permit' remoteSubnet='192.0.2.7/24' "
	                                           "description='office'/>" RULE("100", "deny", "192.0.2.8/32"))
	                                          ACLS(ACL("WEB", "I", "C") ACL("web", "d", "c"))));
	static const char control[] =
	        "{'rules':[{'order':200,'action':'permit','remoteSubnet':'192.0.2.7/24','description':'office'},"
	        "{'order':100,'action':'deny','remoteSubnet':'192.0.2.8/32'}]}";
	g_autofree char *notes = kit_notes(k);

	kit_expect_value(k, "loadBalancers/shop", "properties.loadBalancingRules.0.properties.accessControl", control);
	kit_expect_value(k, "loadBalancers/shop", "properties.inboundNatRules.0.properties.accessControl", control);
	kit_expect_value(k, "loadBalancers/shop", "properties.inboundNatRules.1.properties.accessControl", control);
	g_assert_cmpstr(notes, ==, "");
	kit_model(k, "");
}

/* What the model makes of the order and of who is not named. */
static const struct access_control *control_of(struct kit *k, struct graph **g)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	const struct load_balancer *l;

	*g = graph_build(g_steal_pointer(&k->documents), errors);
	g_assert_nonnull(*g);
	l = (*g)->load_balancers->pdata[0];
	return ((const struct lb_rule *)l->rules->pdata[0])->access;
}

static void test_who_is_not_named(void)
{
	static const struct {
		const char *rules;
		gboolean others, can_deny;
	} cases[] = {
	        {RULE("1", "permit", "192.0.2.0/24"), FALSE, TRUE},
	        {RULE("1", "permit", "192.0.2.0/24") RULE("2", "deny", "192.0.2.0/25"), FALSE, TRUE},
	        {RULE("1", "deny", "192.0.2.0/24"), TRUE, TRUE},
	        {RULE("2", "deny", "192.0.2.0/24") RULE("1", "permit", "0.0.0.0/0"), FALSE, FALSE},
	        {"", TRUE, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
		        g_strdup_printf(NETWORK(CONTROLS("%s") ACLS(ACL("web", "i", "c"))), cases[i].rules);
		g_autoptr(kit) k = kit_read(OUTSIDE, text);
		g_autoptr(graph) g = NULL;
		const struct access_control *a = control_of(k, &g);

		g_assert_true(a->permit_others == cases[i].others);
		g_assert_true(access_control_can_deny(a, FALSE) == cases[i].can_deny);
	}
}

static void test_access_errors(void)
{
	kit_refused(OUTSIDE, NETWORK(CONTROLS("") ACLS(ACL("we", "i", "c"))),
	            AT "/EndpointAcls/EndpointAcl: the definition has no role 'we'; correct the name");
	kit_refused(
	        OUTSIDE, NETWORK(CONTROLS("") ACLS(ACL("web", "x", "c"))),
	        AT
	        "/EndpointAcls/EndpointAcl: role 'web' has no endpoint 'x' that is reached from outside; correct it");
	kit_refused(OUTSIDE, NETWORK(CONTROLS("") ACLS(ACL("web", "in", "c"))),
	            AT
	            "/EndpointAcls/EndpointAcl: role 'web' has no endpoint 'in' that is reached from outside; correct "
	            "it");
	kit_refused(OUTSIDE, NETWORK(CONTROLS("") ACLS(ACL("web", "i", "x"))),
	            AT "/EndpointAcls/EndpointAcl: no AccessControl is called 'x'; add it");
	kit_refused(OUTSIDE, NETWORK(CONTROLS("") ACLS(ACL("web", "i", "c") ACL("web", "i", "c"))),
	            AT "/EndpointAcls/EndpointAcl[2]: the endpoint has an access control already; keep one");
	kit_refused(OUTSIDE, NETWORK(CONTROLS(RULE("x", "deny", "10.0.0.0/8")) ACLS(ACL("web", "i", "c"))),
	            AT
	            "/AccessControls/AccessControl[@name='c']/Rule: order='x' is not a number from 0 to 65535; correct "
	            "it");
	kit_refused(OUTSIDE, NETWORK(CONTROLS(RULE("1", "allow", "10.0.0.0/8")) ACLS(ACL("web", "i", "c"))),
	            AT
	            "/AccessControls/AccessControl[@name='c']/Rule: action='allow' is not known; write one of permit, "
	            "deny");
	kit_refused(OUTSIDE, NETWORK(CONTROLS("<Rule order='1' action='deny'/>") ACLS(ACL("web", "i", "c"))),
	            AT "/AccessControls/AccessControl[@name='c']/Rule: the attribute remoteSubnet is missing; add it");
	kit_refused(OUTSIDE,
	            NETWORK("<AccessControls><AccessControl name='c'/><AccessControl name='C'/></AccessControls>"),
	            AT "/AccessControls/AccessControl[@name='C']: the name stands in line 1 already; choose another");
	kit_refused(OUTSIDE, NETWORK("<EndpointAcls/>" ACLS(ACL("web", "i", "c"))),
	            AT "/EndpointAcls[2]: it stands in line 1 already; join the two");
}

static void test_access_rule_errors(void)
{
	static const char place[] = AT "/AccessControls/AccessControl[@name='c']";
	g_autoptr(GString) many = g_string_new(NULL);
	g_autofree char *text = NULL,
	                *line = g_strconcat(place, ": 51 rules are more than the 50 of an endpoint; join prefixes",
	                                    NULL);

	kit_refused(OUTSIDE, NETWORK(CONTROLS(RULE("1", "deny", "10.0.0.0/33")) ACLS(ACL("web", "i", "c"))),
	            AT "/AccessControls/AccessControl[@name='c']/Rule: remoteSubnet='10.0.0.0/33' is not an address "
	               "prefix; write one like 192.0.2.0/24");
	kit_refused(OUTSIDE,
	            NETWORK(CONTROLS(RULE("1", "deny", "10.0.0.0/8") RULE("1", "permit", "10.0.0.0/9"))
	                            ACLS(ACL("web", "i", "c"))),
	            AT "/AccessControls/AccessControl[@name='c']/Rule[2]: another rule has order 1; give each its own");
	for (guint i = 0; i <= 50; i++)
		g_string_append_printf(many, "<Rule order='%u' action='deny' remoteSubnet='10.0.0.0/8'/>", i);
	text = g_strdup_printf(NETWORK(CONTROLS("%s") ACLS(ACL("web", "d", "c"))), many->str);
	kit_refused(OUTSIDE, text, line);
}

static void test_unused_control(void)
{
	g_autoptr(kit) k = kit_read(OUTSIDE, NETWORK(CONTROLS(RULE("1", "deny", "0.0.0.0/0"))));
	g_autofree char *notes = kit_notes(k);

	g_assert_cmpstr(notes, ==,
	                AT "/AccessControls/AccessControl[@name='c']: no EndpointAcl names it: it closes nothing");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/access/nobody", test_nobody);
	g_test_add_func("/access/named-roles", test_named_roles);
	g_test_add_func("/access/rules-add-up", test_rules_add_up);
	g_test_add_func("/access/all-roles", test_all_roles);
	g_test_add_func("/access/rule-errors", test_rule_errors);
	g_test_add_func("/access/control", test_access_control);
	g_test_add_func("/access/who-is-not-named", test_who_is_not_named);
	g_test_add_func("/access/control-errors", test_access_errors);
	g_test_add_func("/access/control-rule-errors", test_access_rule_errors);
	g_test_add_func("/access/unused-control", test_unused_control);
	return g_test_run();
}
