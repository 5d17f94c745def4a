/* SPDX-License-Identifier: Apache-2.0 */
/* Servers of databases: what would let strangers in is told, what could not be is refused. */
#include "fixture.h"
#include "model/sql.h"

#include <string.h>

#define SQL                  "Microsoft.Sql/servers"
#define PG                   "Microsoft.DBforPostgreSQL/flexibleServers"
#define OF(type, name, more) "{'type':'" type "','name':'" name "','properties':{" more "}}"
#define SERVER(more)         OF(SQL, "d", more)
#define RULE(name, first, last)                                                                                        \
	OF(SQL "/firewallRules", "d/" name, "'startIpAddress':'" first "','endIpAddress':'" last "'")
#define R "t.json:1: resource 'd/r' (properties."
#define D "t.json:1: resource 'd' (properties."
#define NET(more)                                                                                                      \
	"{'type':'virtualNetworks','name':'v','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"       \
	"'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.1.0/24'" more "}}]}}"
#define ENDPOINT                ",'serviceEndpoints':[{'service':'Microsoft.Sql'}]"
#define SUBNET                  "@virtualNetworks/v/subnets/a"
#define SUBNET_RULE(name, more) OF(SQL "/virtualNetworkRules", "d/" name, "'virtualNetworkSubnetId':'" SUBNET "'" more)

static const struct fault faults[] = {
        {"backwards", SERVER("") "," RULE("r", "10.0.0.9", "10.0.0.8"),
         R "endIpAddress): the range ends before it begins; exchange the two addresses"},
        {"no-end", SERVER("") "," OF(SQL "/firewallRules", "d/r", "'startIpAddress':'1.2.3.4'"),
         R "endIpAddress): it is missing; add it"},
        {"address", SERVER("") "," RULE("r", "1.2.3", "1.2.3.4"),
         R "startIpAddress): '1.2.3' is not an IPv4 address; write one like 10.0.0.4"},
        {"six-backwards",
         SERVER("") "," OF(SQL "/ipv6FirewallRules", "d/r", "'startIPv6Address':'2001::2','endIPv6Address':'2001::1'"),
         R "endIPv6Address): the range ends before it begins; exchange the two addresses"},
        {"six-of-four",
         SERVER("") "," OF(SQL "/ipv6FirewallRules", "d/r", "'startIPv6Address':'10.0.0.1','endIPv6Address':'2001::1'"),
         R "startIPv6Address): '10.0.0.1' is not an IPv6 address; write one like fd00::4"},
        {"no-endpoint", NET("") "," SERVER("") "," SUBNET_RULE("r", ""),
         R "virtualNetworkSubnetId): subnet 'a' has no service endpoint Microsoft.Sql; add one there, or set "
           "ignoreMissingVnetServiceEndpoint"},
        {"no-subnet", SERVER("") "," OF(SQL "/virtualNetworkRules", "d/r", "'state':'Ready'"),
         R "virtualNetworkSubnetId): it is missing; add it"},
        {"not-a-subnet",
         SERVER("") "," OF(SQL "/virtualNetworkRules", "d/r", "'virtualNetworkSubnetId':'@virtualNetworks/v'"),
         R "virtualNetworkSubnetId): '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v' "
           "is "
           "not the id of a subnet; write \"/subscriptions/.../microsoft.network/virtualnetworks/subnets/NAME\""},
        {"subnet-twice", NET(ENDPOINT) "," SERVER("") "," SUBNET_RULE("q", "") "," SUBNET_RULE("r", ""),
         R "virtualNetworkSubnetId): 'q' (t.json:1) names this subnet already; keep one"},
        {"orphan", RULE("r", "1.2.3.4", "1.2.3.4"),
         "t.json:1: resource 'd/r': no document declares the SQL server "
         "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/d; add it, or deploy it first"},
        {"other-engine",
         SERVER("") "," OF("Microsoft.DBforMySQL/servers/firewallRules", "d/r",
                           "'startIpAddress':'1.2.3.4','endIpAddress':'1.2.3.4'"),
         "t.json:1: resource 'd/r': no document declares the MySQL server "
         "/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforMySQL/servers/d; add it, or deploy it first"},
        {"rule-name", SERVER("") "," RULE("a*b", "1.2.3.4", "1.2.3.4"),
         "t.json:1: resource 'd/a*b' (name): 'a*b' cannot be a name; use at most 128 characters, none of <>*%&:\\/?, "
         "and "
         "end with neither '.' nor a blank"},
        {"outbound", SERVER("") "," OF(SQL "/outboundFirewallRules", "d/not a host", ""),
         "t.json:1: resource 'd/not a host' (name): 'not a host' is not the name of a host; write one like "
         "store.example.com"},
        {"short-password", SERVER("'administratorLoginPassword':'hidden1'"),
         D "administratorLoginPassword): its length is not from 8 to 128 characters; use another"},
        {"access", SERVER("'publicNetworkAccess':'Perhaps'"),
         D "publicNetworkAccess): 'Perhaps' is not known; write one of Enabled, Disabled, SecuredByPerimeter"},
        {"tls", SERVER("'minimalTlsVersion':'0.9'"),
         D "minimalTlsVersion): '0.9' is not known; write one of None, 1.0, 1.1, 1.2, 1.3, TLS1_0, TLS1_1, TLS1_2, "
           "TLS1_3, "
           "TLSEnforcementDisabled"},
        {"not-given", NET("") "," OF(PG, "pgs", "'network':{'delegatedSubnetResourceId':'" SUBNET "'}"),
         "t.json:1: resource 'pgs' (properties.network.delegatedSubnetResourceId): subnet 'a' is not given to "
         "Microsoft.DBforPostgreSQL/flexibleServers; add a delegation there"},
};

/* clang-format off */
static const char everything[] = "[" NET(ENDPOINT ",'delegations':[{'name':'x','properties':{"
	"'serviceName':'Microsoft.DBforPostgreSQL/flexibleServers'}}]") ","
	SERVER("'administratorLogin':'root1','administratorLoginPassword':'hidden-1'," "'minimalTlsVersion':'1.2'")
	"," RULE("r", "203.0.113.4", "203.0.113.9") "," SUBNET_RULE("s", "") "," OF(SQL "/ipv6FirewallRules", "d/six",
	"'startIPv6Address':'2001:db8::','endIPv6Address':'2001:db8::9'") "," OF(SQL "/outboundFirewallRules",
	"d/store.example.com", "") "," OF(SQL "/databases", "d/orders", "") "," OF(PG, "pgs",
	"'network':{'delegatedSubnetResourceId':'" SUBNET "'}") "," OF("Microsoft.DBforMySQL/servers", "mys",
	"'sslEnforcement':'Enabled','publicNetworkAccess':'Disabled'") ","
	OF("Microsoft.DBforMySQL/servers/databases", "mys/b", "'charset':'utf8'") ","
	OF("Microsoft.DBforMariaDB/servers", "mar", "") "," OF("Microsoft.Synapse/workspaces", "syn", "") ","
	OF("Microsoft.Synapse/workspaces/firewallRules", "syn/all",
	"'startIpAddress':'10.0.0.1','endIpAddress':'10.0.0.1'") "]";
/* clang-format on */

static void test_everything(void)
{
	g_autoptr(graph) g = fixture_graph(everything);
	const struct sql_server *d = fixture_noun(g, "@Microsoft.Sql/servers/d");
	const struct sql_rule *r = fixture_noun(g, "@Microsoft.Sql/servers/d/firewallRules/r");
	const struct sql_rule *s = fixture_noun(g, "@Microsoft.Sql/servers/d/virtualNetworkRules/s");
	const struct sql_rule *out =
	        fixture_noun(g, "@Microsoft.Sql/servers/d/outboundFirewallRules/store.example.com");
	const struct sql_server *pg = fixture_noun(g, "@Microsoft.DBforPostgreSQL/flexibleServers/pgs");
	const struct sql_server *my = fixture_noun(g, "@Microsoft.DBforMySQL/servers/mys");

	g_assert_cmpuint(g->sql_servers->len, ==, 5);
	g_assert_cmpuint(d->rules->len, ==, 4);
	g_assert_cmpuint(d->databases->len, ==, 1);
	g_assert_true(d->engine == SQL_MSSQL && !d->private_only && r->server == d);
	g_assert_true(r->type == SQL_RULE_RANGE && !r->from_inside && r->first == 0xcb007104 && r->last == 0xcb007109);
	g_assert_true(s->type == SQL_RULE_SUBNET && s->subnet == fixture_noun(g, SUBNET));
	g_assert_true(out->type == SQL_RULE_OUTBOUND);
	g_assert_true(pg->flexible && pg->private_only && pg->subnet == s->subnet);
	g_assert_true(my->private_only && my->databases->len == 1);
	g_assert_cmpuint(g->warnings->len, ==, 0);
}

/* The whole Internet, and everybody inside of the cloud: both are asked for by an innocent range. */
static void test_wide(void)
{
	/* clang-format off */
	g_autoptr(graph) g = fixture_graph("[" SERVER("") "," RULE("cloud", "0.0.0.0", "0.0.0.0") "," RULE( "all",
		"0.0.0.0", "255.255.255.255") "," RULE("half", "1.0.0.0", "200.0.0.0") "," RULE("one", "203.0.113.4",
		"203.0.113.4") "]");
	/* clang-format on */
	g_autoptr(graph) shut = fixture_graph(
	        "[" SERVER("'publicNetworkAccess':'Disabled'") "," RULE("one", "203.0.113.4", "203.0.113.4") "]");

	g_assert_cmpuint(g->warnings->len, ==, 3);
	fixture_check_warning(g, "resource 'd/cloud': 0.0.0.0 to 0.0.0.0 lets every machine inside of this cloud in");
	fixture_check_warning(g, "resource 'd/all': the range is open to the Internet");
	fixture_check_warning(g, "resource 'd/half': the range is open to the Internet");
	g_assert_true(
	        ((struct sql_rule *)fixture_noun(g, "@Microsoft.Sql/servers/d/firewallRules/cloud"))->from_inside);
	fixture_check_warning(shut, "server 'd' refuses the public network, so nobody gets in by this rule");
}

static void test_listed(void)
{
	static const char *const recorded[] = {"Sql/servers/d|", "servers/d/firewallRules/r|properties.startIpAddress",
	                                       NULL};
	static const char *const unmodelled[] = {"Sql/servers/d|properties.brandNew",
	                                         "servers/d/auditingSettings/default|", NULL};
	g_autoptr(graph) g = fixture_graph("[" SERVER("'brandNew':1") "," RULE("r", "1.2.3.4", "1.2.3.4") "," OF(
	        SQL "/auditingSettings", "d/default", "") "]");

	fixture_check_listed(g->recorded, recorded);
	fixture_check_listed(g->unmodelled, unmodelled);
}

static void test_name(void)
{
	g_autoptr(graph) g = fixture_graph("[" OF(SQL, "Big_Server", "") "]");

	g_assert_cmpuint(g->warnings->len, ==, 1);
	fixture_check_warning(g, "resource 'Big_Server' (name): 'Big_Server' cannot be the name of a server, which the "
	                         "original refuses; use 1 to 63 lower-case letters, digits and '-', not first or last");
}

/* A rule without its server: the server exists already. */
static void test_assumed(void)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(graph) g = graph_assume(
	        fixture_documents("[" RULE("r", "1.2.3.4", "1.2.3.4") "," SUBNET_RULE("s", "") "]"), errors);

	g_assert_cmpuint(errors->len, ==, 0);
	g_assert_nonnull(g);
	g_assert_cmpuint(g->assumed->len, ==, 2);
	g_assert_cmpuint(((struct sql_server *)fixture_noun(g, "@Microsoft.Sql/servers/d"))->rules->len, ==, 2);
}

static void test_order(void)
{
	fixture_check_order(everything);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("sql", faults, G_N_ELEMENTS(faults));
	g_test_add_func("/sql/everything", test_everything);
	g_test_add_func("/sql/wide", test_wide);
	g_test_add_func("/sql/listed", test_listed);
	g_test_add_func("/sql/name", test_name);
	g_test_add_func("/sql/assumed", test_assumed);
	g_test_add_func("/sql/order", test_order);
	return g_test_run();
}
