/* SPDX-License-Identifier: Apache-2.0 */
/* Who names an address: what means a handful of machines does, what means a network does not. */
#include "prove/naming.h"
#include "tests/unit/compile/kit.h"
#include <string.h>

static char *names(const struct graph *g, const char *address)
{
	g_autoptr(GPtrArray) list = naming_find(g, address);
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++) {
		const struct naming *n = g_ptr_array_index(list, i);

		g_string_append_printf(s, "%s%s", i ? "; " : "", n->what);
	}
	return g_string_free(s, FALSE);
}

static void named(const struct graph *g, const char *address, const char *want)
{
	g_autofree char *got = names(g, address);

	g_assert_cmpstr(got, ==, want);
}

static void add_rule(GString *rules, const char *name, guint priority, const char *source, const char *destination)
{
	g_string_append_printf(rules,
	                       "%s{'name':'%s','properties':{'priority':%u,'direction':'Inbound','access':'Allow',"
	                       "'protocol':'Tcp','sourceAddressPrefix':'%s','sourcePortRange':'*',"
	                       "'destinationAddressPrefix':'%s','destinationPortRange':'22'}}",
	                       rules->len ? "," : "", name, priority, source, destination);
}

static struct graph *world(void)
{
	g_autoptr(kit) k = kit_new();
	g_autoptr(GString) rules = g_string_new(NULL);

	add_rule(rules, "one", 100, "198.18.0.9", "*");
	add_rule(rules, "few", 110, "198.18.0.16/28", "*");
	add_rule(rules, "many", 120, "198.18.0.32/27", "*");
	add_rule(rules, "to", 130, "*", "198.18.0.9/32");
	add_rule(rules, "six", 140, "2001:2::9", "*");
	add_rule(rules, "six-few", 150, "2001:2::20/124", "*");
	add_rule(rules, "six-many", 160, "2001:2::40/123", "*");
	kit_add(k, "networkSecurityGroups", "g", "'securityRules':[%s]", rules->str);
	kit_add(k, "routeTables", "t",
	        "'routes':[{'name':'r','properties':{'addressPrefix':'198.18.0.10/32','nextHopType':'None'}},"
	        "{'name':'wide','properties':{'addressPrefix':'198.18.0.0/16','nextHopType':'None'}}]");
	kit_add(k, "publicIPAddresses", "p", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/p'}"
	        "}}],'inboundNatRules':[{'name':'rdp','properties':{'frontendIPConfiguration':{'id':'~loadBalancers/lb/"
	        "frontendIPConfigurations/f'},'protocol':'Tcp','frontendPort':50000,'backendPort':3389,"
	        "'accessControl':{'rules':[{'order':7,'action':'permit','remoteSubnet':'198.18.0.11/32'}]}}}]");
	kit_add(k, "Microsoft.Sql/servers", "db", "'administratorLogin':'x'");
	kit_add(k, "Microsoft.Sql/servers/firewallRules", "db/sixteen",
	        "'startIpAddress':'198.18.1.0','endIpAddress':'198.18.1.15'");
	kit_add(k, "Microsoft.Sql/servers/firewallRules", "db/seventeen",
	        "'startIpAddress':'198.18.2.0','endIpAddress':'198.18.2.16'");
	kit_add(k, "Microsoft.Sql/servers/firewallRules", "db/all",
	        "'startIpAddress':'0.0.0.0','endIpAddress':'255.255.255.255'");
	return kit_graph(k, 0);
}

static void test_handful(void)
{
	g_autoptr(graph) g = world();

	named(g, "198.18.0.8", "");
	named(g, "198.18.0.9", "security rule 'one'; security rule 'to'");
	named(g, "198.18.0.10", "route 'r'");
	named(g, "198.18.0.11", "access rule 7 of endpoint 'rdp'");
	named(g, "198.18.0.16", "security rule 'few'");
	named(g, "198.18.0.31", "security rule 'few'");
	named(g, "198.18.0.32", "");
	named(g, "198.18.1.15", "rule 'sixteen' of server 'db'");
	named(g, "198.18.1.16", "");
	named(g, "198.18.2.1", "");
	named(g, "2001:2::9", "security rule 'six'");
	named(g, "2001:2::2f", "security rule 'six-few'");
	named(g, "2001:2::41", "");
	named(g, "nonsense", "");
}

static void says(const struct graph *g, const struct alloc_past *past, const char *holder, const char *want)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	naming_warn(g, past, holder, lines);
	g_assert_cmpuint(lines->len, ==, 1);
	if (!strstr(g_ptr_array_index(lines, 0), want))
		g_error("expected '%s' in: %s", want, (const char *)g_ptr_array_index(lines, 0));
}

/* Who names it is told whose it was and is only where that is his own. */
static void test_words(void)
{
	static const char mine[] = "/subscriptions/S/x/ip", theirs[] = "/subscriptions/s2/x/ip";
	g_autoptr(graph) g = world();
	g_autoptr(GPtrArray) none = g_ptr_array_new_with_free_func(g_free);
	struct alloc_past past = {"198.18.0.10", theirs, 86400}, own = {"198.18.0.10", mine, 86400};
	struct alloc_past nobody = {"198.18.0.8", mine, 0};

	naming_warn(g, &nobody, NULL, none);
	g_assert_cmpuint(none->len, ==, 0);
	says(g, &past, NULL,
	     "route 'r' names 198.18.0.10, which was released at 1970-01-02 00:00:00 UTC and may belong to somebody "
	     "else;");
	says(g, &past, theirs, "00:00:00 UTC and belongs to somebody else now;");
	says(g, &own, mine, "00:00:00 UTC (by /subscriptions/S/x/ip) and belongs to /subscriptions/S/x/ip now;");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/naming/handful", test_handful);
	g_test_add_func("/naming/words", test_words);
	return g_test_run();
}
