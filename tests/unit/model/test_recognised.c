/* SPDX-License-Identifier: Apache-2.0 */
/* Types without a noun: each that is known says in words what is missing, and nothing of any is lost. */
#include "fixture.h"
#include "model/build.h"
#include "model/recognised.h"

#include <string.h>

#define UNKNOWN "resources of this type are not modelled"

static const char *listed_why(const struct graph *g, const char *end)
{
	for (guint i = 0; i < g->unmodelled->len; i++) {
		const struct unmodelled *u = g->unmodelled->pdata[i];

		if (g_str_has_suffix(u->id, end) && !*u->property)
			return u->why;
	}
	return NULL;
}

/* An unknown type first: it must not pass for a known one. */
static void test_listed(void)
{
	g_autoptr(graph) g = fixture_graph("[{'type':'Contoso.Things/boxes','name':'b'},"
	                                   "{'type':'azureFirewallsOfOurs','name':'o'},"
	                                   "{'type':'azureFirewalls','name':'f','properties':{'x':1}},"
	                                   "{'type':'applicationGateways/probes','name':'g/p'},"
	                                   "{'type':'Microsoft.Storage/storageAccounts','name':'s'},"
	                                   "{'type':'networkSecurityGroups/providers/diagnosticSettings',"
	                                   "'name':'n/Microsoft.Insights/d'}]");

	g_assert_cmpstr(listed_why(g, "/boxes/b"), ==, UNKNOWN);
	g_assert_cmpstr(listed_why(g, "/azureFirewallsOfOurs/o"), ==, UNKNOWN);
	g_assert_cmpstr(listed_why(g, "/azureFirewalls/f"), ==,
	                "firewalls are not modelled: routes that lead to one lead nowhere");
	g_assert_cmpstr(listed_why(g, "/probes/p"), ==,
	                "application gateways are not modelled: traffic to them goes nowhere");
	g_assert_cmpstr(listed_why(g, "/storageAccounts/s"), ==,
	                "storage accounts are outside of a network's concern: nothing here depends on them");
	g_assert_cmpuint(g->unmodelled->len, ==, 6);
}

/* The longest entry decides, wherever it stands. */
static void test_longest(void)
{
	g_assert_cmpstr(recognised_why("microsoft.network/privateendpoints/privatednszonegroups"), !=,
	                recognised_why("microsoft.network/privateendpoints"));
	g_assert_cmpstr(recognised_why("microsoft.sql/managedinstances/databases"), ==,
	                recognised_why("microsoft.sql/managedinstances"));
	g_assert_nonnull(
	        strstr(recognised_why("microsoft.network/vnets/providers/roleassignments"), "role assignments"));
}

/* Every entry is lower case, named once, and says something. */
static void test_table(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (const struct recognised *r = recognised_types; r->type; r++) {
		g_autofree char *lower = g_ascii_strdown(r->type, -1);

		g_assert_cmpstr(lower, ==, r->type);
		g_assert_true(g_hash_table_add(seen, (gpointer)r->type));
		g_assert_cmpuint(strlen(r->why), >, 15);
	}
}

/* Each type of the statistics over real templates has a noun or a reason of its own. */
static void test_statistics(void)
{
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autofree char *file = g_build_filename(shared ? shared : SHARED_DEFAULT, "corpus/arm/STATISTICS.txt", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint types = 0;

	if (!g_file_get_contents(file, &text, NULL, NULL)) {
		g_test_skip("the corpus of templates is not here (ESCARP_SHARED)");
		return;
	}
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_autofree char *type = g_strndup(*line, strcspn(*line, " "));

		if (!g_str_has_prefix(type, "microsoft."))
			continue;
		types++;
		if (!known_properties(type) && strcmp(recognised_why(type), UNKNOWN) == 0) {
			g_test_message("%s is not recognised", type);
			g_test_fail();
		}
	}
	g_assert_cmpuint(types, >, 60);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/recognised/listed", test_listed);
	g_test_add_func("/recognised/longest", test_longest);
	g_test_add_func("/recognised/table", test_table);
	g_test_add_func("/recognised/statistics", test_statistics);
	return g_test_run();
}
