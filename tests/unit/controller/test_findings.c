/* SPDX-License-Identifier: Apache-2.0 */
/* A prober is believed about the interfaces of its own host, and what it writes is read with care. */
#include "controller/findings.h"
#include "tests/unit/compile/kit.h"
#include <string.h>

#define PROBE "/subscriptions/s/resourcegroups/g/providers/microsoft.network/loadbalancers/lb/probes/p"
#define NIC   "/subscriptions/s/resourcegroups/g/providers/microsoft.network/networkinterfaces/"

static struct node *read_text(const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	return findings_read("/run/health/0", bytes);
}

static struct node *tells(const char *nic)
{
	g_autofree char *text = g_strdup_printf(
	        "{\"members\":[{\"probe\":\"" PROBE "\",\"nic\":\"" NIC "%s-NIC\",\"down\":true,\"changed\":7}]}", nic);
	return read_text(text);
}

/* a is on host 0 and b on host 1. */
static void own_host(void)
{
	g_autoptr(kit) k = kit_new();
	g_autoptr(GError) error = NULL;
	struct alloc_settings s;
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':[{'name':'web','properties':{"
	        "'addressPrefix':'10.0.1.0/24'}}]");
	kit_vm(k, "a", "v/subnets/web", "", "");
	kit_vm(k, "b", "v/subnets/web", "", "");
	alloc_settings_init(&s);
	s.hosts = 2;
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(alloc_port(a, kit_nic(g, "a-nic"))->host, ==, 0);
	g_assert_cmpuint(alloc_port(a, kit_nic(g, "b-nic"))->host, ==, 1);
	for (guint host = 0; host < 2; host++) {
		struct node *told[2] = {NULL, NULL};
		told[host] = tells("a");
		g_autoptr(health) h = findings_health(told, 2, g, a);
		struct health_state got = health_get(h, PROBE, NIC "a-nic");
		g_assert_cmpint(got.down, ==, host == 0); /* host 1 has nothing to say of a */
		g_assert_cmpint(got.changed, ==, host == 0 ? 7 : 0);
		node_unref(told[host]);
	}
}

static void nonsense(void)
{
	static const char *const texts[] = {"",
	                                    "{",
	                                    "[1]",
	                                    "{\"members\":7}",
	                                    "{\"members\":[7,{}]}",
	                                    "{\"members\":[{\"probe\":1,\"nic\":[],\"down\":\"x\"}]}"};
	g_autoptr(kit) k = kit_new();
	struct alloc_settings s;
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*");
	alloc_settings_init(&s);
	kit_add(k, "virtualNetworks", "v", "'addressSpace':{'addressPrefixes':['10.0.0.0/16']}");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct node *told = read_text(texts[i]);
		g_autoptr(health) h = findings_health(&told, 1, g, a);
		g_assert_false(health_get(h, PROBE, NIC "a-nic").down);
		node_unref(told);
	}
	g_test_assert_expected_messages();
	g_autofree char *blanks = g_strnfill(FINDINGS_BYTES + 1, ' ');
	blanks[0] = '{';
	blanks[FINDINGS_BYTES] = '}';
	g_assert_null(read_text(blanks)); /* longer than anybody has to be heard */
	blanks[FINDINGS_BYTES - 1] = '}';
	blanks[FINDINGS_BYTES] = 0;
	struct node *longest = read_text(blanks);
	g_assert_nonnull(longest);
	node_unref(longest);
	g_assert_null(findings_read("/run/health/0", NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/findings/own-host", own_host);
	g_test_add_func("/findings/nonsense", nonsense);
	return g_test_run();
}
