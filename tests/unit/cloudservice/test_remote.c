/* SPDX-License-Identifier: Apache-2.0 */
/* Remote desktop: off for each single reason, then on; the ports from outside. */
#include "kit.h"

#include <string.h>

#define PLUGINS          "Microsoft.WindowsAzure.Plugins."
#define IMPORTS(names)   "<WorkerRole name='web'><Imports>" names "</Imports></WorkerRole>"
#define ACCESS           "<Import moduleName='RemoteAccess'/>"
#define FORWARDER        "<Import moduleName='RemoteForwarder'/>"
#define SET(name, value) "<Setting name='" PLUGINS name "' value='" value "'/>"
#define ON(value)        SET("RemoteAccess.Enabled", value)
#define UNTIL(value)     SET("RemoteAccess.AccountExpiration", value)
#define FORWARD(value)   SET("RemoteForwarder.Enabled", value)
#define LATER            "2030-01-31T23:59:59.0000000+01:00"
#define ROLE_PATH        "a.cscfg:1: /ServiceConfiguration/Role[@name='web']: remote desktop stays closed: "

static struct kit *read_with(const char *roles, const char *settings, guint instances)
{
	g_autofree char *definition = g_strdup_printf("<ServiceDefinition name='shop'>%s</ServiceDefinition>", roles);
	g_autofree char *configuration =
	        g_strdup_printf("<ServiceConfiguration serviceName='shop'><Role name='web'><Instances count='%u'/>"
	                        "<ConfigurationSettings>%s</ConfigurationSettings></Role></ServiceConfiguration>",
	                        instances, settings);

	return kit_read(definition, configuration);
}

static gboolean is_open(const struct kit *k)
{
	g_autofree char *rules = kit_value(k, "loadBalancers/shop", "properties.inboundNatRules");
	g_autofree char *group = kit_properties(k, "networkSecurityGroups/shop.web");
	g_autofree char *nic = kit_value(k, "networkInterfaces/web_IN_0",
	                                 "properties.ipConfigurations.0.properties.loadBalancerInboundNatRules");
	gboolean open = strcmp(rules, "[]") != 0;

	g_assert_true(open == !!strstr(group, "3389") && open == !!strstr(nic, "rdp"));
	return open;
}

static void test_off(void)
{
	static const struct {
		const char *roles, *settings, *notes;
	} cases[] = {
	        {IMPORTS(FORWARDER), ON("true") UNTIL(LATER) FORWARD("true"), ""},
	        {IMPORTS(ACCESS), ON("true") UNTIL(LATER) FORWARD("true"),
	         "a.csdef:1: /ServiceDefinition[@name='shop']/WorkerRole[@name='web']: remote desktop stays closed: no "
	         "role imports RemoteForwarder and has it enabled"},
	        {IMPORTS(ACCESS FORWARDER), ON("true") UNTIL(LATER),
	         "a.csdef:1: /ServiceDefinition[@name='shop']/WorkerRole[@name='web']: remote desktop stays closed: no "
	         "role imports RemoteForwarder and has it enabled"},
	        {IMPORTS(ACCESS FORWARDER), ON("true") UNTIL(LATER) FORWARD("false"),
	         "a.csdef:1: /ServiceDefinition[@name='shop']/WorkerRole[@name='web']: remote desktop stays closed: no "
	         "role imports RemoteForwarder and has it enabled"},
	        {IMPORTS(ACCESS FORWARDER), ON("false") UNTIL(LATER) FORWARD("true"), ""},
	        {IMPORTS(ACCESS FORWARDER), ON("yes") UNTIL(LATER) FORWARD("true"), ""},
	        {IMPORTS(ACCESS FORWARDER), ON("") UNTIL(LATER) FORWARD("true"), ""},
	        {IMPORTS(ACCESS FORWARDER), UNTIL(LATER) FORWARD("true"),
	         ROLE_PATH "the setting " PLUGINS "RemoteAccess.Enabled is missing"},
	        {IMPORTS(ACCESS FORWARDER), ON("true") UNTIL("2027-01-15T08:00:00Z") FORWARD("true"),
	         ROLE_PATH "its account expired on 2027-01-15T08:00:00Z"},
	        {IMPORTS(ACCESS FORWARDER), ON("true") UNTIL("2027-01-15T09:00:00+02:00") FORWARD("true"),
	         ROLE_PATH "its account expired on 2027-01-15T09:00:00+02:00"},
	        {IMPORTS(ACCESS FORWARDER), ON("true") UNTIL("31/12/2030") FORWARD("true"),
	         ROLE_PATH "AccountExpiration '31/12/2030' is not a date like 2030-01-31T23:59:59Z"},
	        {IMPORTS(ACCESS FORWARDER), ON("true") FORWARD("true"),
	         ROLE_PATH "AccountExpiration '' is not a date like 2030-01-31T23:59:59Z"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kit) k = read_with(cases[i].roles, cases[i].settings, 1);
		g_autofree char *notes = kit_notes(k);

		g_assert_false(is_open(k));
		g_assert_cmpstr(notes, ==, cases[i].notes);
	}
}

/* Which of two values holds would decide. */
static void test_setting_twice(void)
{
	g_autoptr(kit) k = read_with(IMPORTS(ACCESS FORWARDER), ON("false") "\n" ON("true"), 1);

	g_assert_cmpstr(k->error, ==,
	                "a.cscfg:2: /ServiceConfiguration/Role[@name='web']/ConfigurationSettings/"
	                "Setting[@name='" PLUGINS "RemoteAccess.Enabled']: the name stands in line 1 already; choose "
	                "another");
}

static void test_definition_alone(void)
{
	g_autoptr(kit) k =
	        kit_read("<ServiceDefinition name='shop'>" IMPORTS(ACCESS FORWARDER) "</ServiceDefinition>", NULL);
	g_autofree char *notes = kit_notes(k);

	g_assert_false(is_open(k));
	g_assert_cmpstr(
	        notes, ==,
	        "a.csdef:1: /ServiceDefinition[@name='shop']/WorkerRole[@name='web']: no configuration says how "
	        "many instances: one is taken");
}

static void test_on(void)
{
	g_autoptr(kit) k = read_with(IMPORTS(ACCESS FORWARDER), ON("true") UNTIL(LATER) FORWARD("true"), 1);
	g_autofree char *notes = kit_notes(k);

	g_assert_true(is_open(k));
	g_assert_cmpstr(notes, ==, "");
	kit_expect_value(k, "networkSecurityGroups/shop.web", "properties.securityRules.0",
	                 "{'name':'RemoteDesktop','properties':{'priority':100,'direction':'Inbound','access':'Allow',"
	                 "'protocol':'Tcp','sourcePortRange':'*','destinationAddressPrefix':'*','destinationPortRange':"
	                 "'3389','sourceAddressPrefix':'*'}}");
	kit_expect_value(k, "loadBalancers/shop", "properties.inboundNatRules.0.name", "'web_IN_0-rdp'");
	kit_expect_value(k, "loadBalancers/shop", "properties.inboundNatRules.0.properties.backendPort", "3389");
	kit_expect_value(k, "networkInterfaces/web_IN_0",
	                 "properties.ipConfigurations.0.properties.loadBalancerInboundNatRules",
	                 "[{'id':'@loadBalancers/shop/inboundNatRules/web_IN_0-rdp'}]");
	kit_model(k, "");
}

/* The forwarder may be another role's, and only the role that imports access is opened. */
static void test_forwarder_elsewhere(void)
{
	g_autoptr(kit) k = kit_read(
	        "<ServiceDefinition name='shop'>" IMPORTS(ACCESS) "<WorkerRole name='gate'><Imports>" FORWARDER
	                                                          "</Imports></WorkerRole></ServiceDefinition>",
	        "<ServiceConfiguration serviceName='shop'><Role name='WEB'><Instances "
	        "count='1'/><ConfigurationSettings>" ON("1")
	                UNTIL(LATER) "</ConfigurationSettings></Role><Role name='gate'><Instances count='1'/>"
	                             "<ConfigurationSettings>" FORWARD(
	                                     "True") "</ConfigurationSettings></Role></ServiceConfiguration>");
	g_autofree char *gate = kit_properties(k, "networkSecurityGroups/shop.gate");

	g_assert_true(is_open(k));
	g_assert_null(strstr(gate, "3389"));
	kit_model(k, "");
}

/* ------------------------------------------------------------------ ports */

static GArray *ports(guint instances, const char *endpoints)
{
	g_autofree char *roles = g_strdup_printf(
	        "<WorkerRole name='web'><Endpoints>%s</Endpoints><Imports>" ACCESS FORWARDER "</Imports></WorkerRole>",
	        endpoints);
	g_autoptr(kit) k = read_with(roles, ON("true") UNTIL(LATER) FORWARD("true"), instances);
	GArray *list = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < instances; i++) {
		g_autofree char *path = g_strdup_printf("properties.inboundNatRules.%u.properties.frontendPort", i);
		g_autofree char *text = kit_value(k, "loadBalancers/shop", path);
		guint port = (guint)g_ascii_strtoull(text, NULL, 10);

		g_array_append_val(list, port);
	}
	kit_model(k, "");
	return list;
}

static void test_ports(void)
{
	g_autoptr(GArray) few = ports(3, ""), more = ports(200, ""), again = ports(200, "");
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	guint low = 0;

	g_assert_cmpmem(more->data, more->len * sizeof(guint), again->data, again->len * sizeof(guint));
	g_assert_cmpmem(few->data, few->len * sizeof(guint), more->data, few->len * sizeof(guint));
	for (guint i = 0; i < more->len; i++) {
		guint port = g_array_index(more, guint, i);

		g_assert_cmpuint(port, >=, 49152);
		g_assert_cmpuint(port, <=, 65535);
		g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(port)));
		low += port < 57344;
	}
	g_assert_cmpuint(low, >, 60); /* both halves are used */
	g_assert_cmpuint(low, <, 140);
}

/* A declared port is never taken for it, and only the one that stood there moves. */
static void test_taken_port(void)
{
	g_autoptr(GArray) before = ports(3, "");
	guint first = g_array_index(before, guint, 0);
	g_autofree char *endpoint = g_strdup_printf("<InputEndpoint name='a' protocol='tcp' port='%u'/>", first);
	g_autoptr(GArray) after = ports(3, endpoint);

	g_assert_cmpuint(g_array_index(after, guint, 0), ==, first == 65535 ? 49152 : first + 1);
	g_assert_cmpuint(g_array_index(after, guint, 1), ==, g_array_index(before, guint, 1));
	g_assert_cmpuint(g_array_index(after, guint, 2), ==, g_array_index(before, guint, 2));
}

/* An endpoint of that name, and one that leads to the same port inside. */
static void test_endpoint_called_rdp(void)
{
	g_autoptr(GArray) list =
	        ports(1, "<InstanceInputEndpoint name='rdp' protocol='tcp' localPort='3389'><AllocatePublicPortFrom>"
	                 "<FixedPortRange min='10' max='19'/></AllocatePublicPortFrom></InstanceInputEndpoint>");

	g_assert_cmpuint(g_array_index(list, guint, 0), ==, 10);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/remote/off", test_off);
	g_test_add_func("/remote/setting-twice", test_setting_twice);
	g_test_add_func("/remote/definition-alone", test_definition_alone);
	g_test_add_func("/remote/on", test_on);
	g_test_add_func("/remote/forwarder-elsewhere", test_forwarder_elsewhere);
	g_test_add_func("/remote/ports", test_ports);
	g_test_add_func("/remote/taken-port", test_taken_port);
	g_test_add_func("/remote/endpoint-called-rdp", test_endpoint_called_rdp);
	return g_test_run();
}
