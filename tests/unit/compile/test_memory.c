/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policies of many ports take: as much as their distinct ones, however many ports share them; and what a port
 * takes besides. Ten thousand ports of one group of 100 rules are forty hosts.
 */
#include "fleet.h"
#include <string.h>

#define RULES 100

static void add_group(struct kit *k, const char *name, guint first)
{
	g_autoptr(GString) rules = g_string_new(NULL);

	for (guint i = 0; i < RULES; i++)
		g_string_append_printf(
		        rules,
		        "%s{'name':'r%u','properties':{'priority':%u,'direction':'Inbound','access':'%s',"
		        "'protocol':'Tcp','sourceAddressPrefix':'10.%u.%u.0/24','sourcePortRange':'*',"
		        "'destinationAddressPrefix':'*','destinationPortRange':'%u'}}",
		        i ? "," : "", i, 100 + i, i % 3 ? "Allow" : "Deny", 128 + i % 7, i, first + 10 * i);
	kit_add(k, "networkSecurityGroups", name, "'securityRules':[%s]", rules->str);
}

/* Ports 0, 1, 2 … of so many groups in turn. */
static void up(struct fleet *f, guint ports, guint groups, guint hosts)
{
	g_autoptr(kit) k = kit_new();
	g_autoptr(GError) error = NULL;

	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"
	        "'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.0.0/16'}}]");
	for (guint i = 0; i < groups; i++) {
		g_autofree char *name = g_strdup_printf("g%u", i);
		add_group(k, name, 1000 * (i + 1));
	}
	for (guint i = 0; i < ports; i++) {
		g_autofree char *name = g_strdup_printf("vm%u", i);
		g_autofree char *group =
		        g_strdup_printf(",'networkSecurityGroup':{'id':'~networkSecurityGroups/g%u'}", i % groups);
		kit_vm(k, name, "v/subnets/a", "", group);
	}
	*f = (struct fleet){0};
	alloc_settings_init(&f->s);
	f->s.hosts = hosts;
	f->g = kit_graph(k, 0);
	f->a = alloc_assign(NULL, f->g, &f->s, &error);
	g_assert_no_error(error);
}

static void down(struct fleet *f)
{
	alloc_free(f->a);
	graph_free(f->g);
}

/* Other blobs tell whose a public address is. */
static gsize policy_bytes(const struct tables *t)
{
	g_autofree gboolean *seen = g_new0(gboolean, t->blobs->len + 1);
	gsize sum = 0;

	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];
		if (!seen[p->blob])
			sum += g_bytes_get_size(t->blobs->pdata[p->blob - 1]);
		seen[p->blob] = TRUE;
	}
	return sum;
}

/* Of policies, and of everything, on one host. */
static void sizes(const struct fleet *f, guint host, gsize *policies, gsize *all)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(tables) t = compile_host(f->g, f->a, &f->s, host, &error);
	g_assert_no_error(error);
	g_autoptr(GBytes) bytes = tables_serialize(t);
	*policies = policy_bytes(t);
	*all = g_bytes_get_size(bytes);
}

static void test_shared(void)
{
	gsize few[2], many[2], three[2];
	struct fleet f;

	up(&f, 20, 1, 1);
	sizes(&f, 0, &few[0], &few[1]);
	down(&f);
	up(&f, 240, 1, 1);
	sizes(&f, 0, &many[0], &many[1]);
	down(&f);
	up(&f, 240, 3, 1);
	sizes(&f, 0, &three[0], &three[1]);
	down(&f);
	g_test_message("%zu bytes a policy of %u rules, %zu bytes of tables a port", few[0], RULES,
	               (many[1] - few[1]) / 220);
	g_assert_cmpuint(few[0], >, 0);
	g_assert_cmpuint(many[0], ==, few[0]);     /* not with ports */
	g_assert_cmpuint(three[0], >, 2 * few[0]); /* with policies */
	g_assert_cmpuint(three[0], <=, 4 * few[0]);
	g_assert_cmpuint((many[1] - few[1]) / 220, <, 1024);
}

static void test_ten_thousand(void)
{
	gsize policies = 0, all = 0, one[2], smallest = G_MAXSIZE, largest = 0;
	struct fleet f;

	up(&f, 10000, 1, 40);
	for (guint host = 0; host < 40; host += 13) {
		sizes(&f, host, &one[0], &one[1]);
		smallest = MIN(smallest, one[0]);
		largest = MAX(largest, one[0]);
		policies += one[0];
		all += one[1];
	}
	down(&f);
	g_test_message(
	        "10000 ports of one policy of %u rules, 40 hosts: a host holds %zu bytes of policy, %zu of tables",
	        RULES, largest, all / 4);
	g_assert_cmpuint(smallest, ==, largest); /* the same one everywhere */
	g_assert_cmpuint(largest, <, 64 << 10);
	g_assert_cmpuint(all / 4, <, 2 << 20);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compile/memory/shared", test_shared);
	g_test_add_func("/compile/memory/ten-thousand", test_ten_thousand);
	return g_test_run();
}
