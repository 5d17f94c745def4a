/* SPDX-License-Identifier: Apache-2.0 */
/* What probing expects and how it judges what it finds; the attempts themselves are the traffic tests' business. */
#include "cli/probe.h"
#include "abi/verdict.h"
#include "cli/probe_ports.h"
#include "../prove/scene.h"

static struct live live_of(const struct scene *s, const char *tap)
{
	struct live l = {s->graph, s->alloc, s->settings, node_object()};
	struct node *ports = node_array(), *port = node_object();

	if (tap) {
		node_set(port, "vm", node_string(graph_find_vm(s->graph, tap, NULL)->noun.id));
		node_set(port, "tap", node_bool(TRUE));
	}
	node_append(ports, port);
	node_set(l.status, "ports", ports);
	return l;
}

static struct attempt *find(const struct probe_plan *p, const char *from, const char *address, guint16 port)
{
	guint32 addr;

	g_assert_true(ip_parse(address, &addr));
	for (guint i = 0; i < p->attempts->len; i++) {
		struct attempt *a = g_ptr_array_index(p->attempts, i);

		if (g_str_equal(a->from->label, from) && ip6_compare(a->to->address, ip6_mapped(addr)) == 0 &&
		    a->to->port == port)
			return a;
	}
	return NULL;
}

static void finds(struct attempt *a, enum outcome outcome, const char *answer)
{
	g_free(a->answer);
	a->outcome = outcome;
	a->answer = g_strdup(answer);
}

static void test_closed(void)
{
	struct scene s = scene_load();
	struct live l = live_of(&s, NULL);
	g_autoptr(GArray) no_ports = g_array_new(FALSE, FALSE, sizeof(guint16));
	g_autoptr(probe_plan) p = probe_plan_new(&l, "t", PROTO_TCP, no_ports, NULL);
	struct attempt *a = find(p, "a2", "10.1.1.4", 80);

	g_assert_cmpuint(a->may_answer->len, ==, 0);
	g_assert_cmpint(a->verdict, ==, ESC_V_POLICY_IN);
	finds(a, OUTCOME_SILENCE, NULL);
	g_assert_true(attempt_as_expected(a));
	finds(a, OUTCOME_REFUSED, NULL);
	g_assert_false(attempt_as_expected(a));
	finds(a, OUTCOME_ANSWER, "a");
	g_assert_false(attempt_as_expected(a));
	finds(a, OUTCOME_ANSWER, "");
	g_assert_false(attempt_as_expected(a));
	node_unref(l.status);
	g_clear_pointer(&p, probe_plan_free);
	scene_clear(&s);
}

static void test_open(void)
{
	struct scene s = scene_load();
	struct live l = live_of(&s, NULL);
	g_autoptr(GArray) no_ports = g_array_new(FALSE, FALSE, sizeof(guint16));
	g_autoptr(probe_plan) p = probe_plan_new(&l, "t", PROTO_TCP, no_ports, NULL);
	struct attempt *a = find(p, "a", "10.1.1.5", 80);

	finds(a, OUTCOME_ANSWER, "a2");
	g_assert_true(attempt_as_expected(a));
	finds(a, OUTCOME_ANSWER, "b");
	g_assert_false(attempt_as_expected(a));
	finds(a, OUTCOME_SILENCE, NULL);
	g_assert_false(attempt_as_expected(a));
	/* In the other network the same address is another instance's. */
	a = find(p, "z2", "10.1.2.4", 22);
	finds(a, OUTCOME_ANSWER, "z");
	g_assert_true(attempt_as_expected(a));
	finds(a, OUTCOME_ANSWER, "b");
	g_assert_false(attempt_as_expected(a));
	node_unref(l.status);
	g_clear_pointer(&p, probe_plan_free);
	scene_clear(&s);
}

static void test_balanced(void)
{
	struct scene s = scene_load();
	struct live l = live_of(&s, NULL);
	g_autofree char *vip = ip_format(scene_address(&s, "pip-lb"));
	g_autoptr(GArray) no_ports = g_array_new(FALSE, FALSE, sizeof(guint16));
	g_autoptr(probe_plan) p = probe_plan_new(&l, "t", PROTO_TCP, no_ports, NULL);
	struct attempt *a = find(p, "internet", vip, 80);

	g_assert_cmpuint(a->may_answer->len, ==, 2);
	finds(a, OUTCOME_ANSWER, "d2");
	g_assert_true(attempt_as_expected(a));
	finds(a, OUTCOME_ANSWER, "e");
	g_assert_false(attempt_as_expected(a));
	/* What the Internet hears from itself at an address that is nobody's is silence; at an endpoint it is a fault.
	 */
	finds(a, OUTCOME_ANSWER, "internet");
	g_assert_false(attempt_as_expected(a));
	a = find(p, "internet", "10.1.1.4", 80);
	finds(a, OUTCOME_ANSWER, "internet");
	g_assert_true(attempt_as_expected(a));
	finds(a, OUTCOME_ANSWER, "a");
	g_assert_false(attempt_as_expected(a));
	node_unref(l.status);
	g_clear_pointer(&p, probe_plan_free);
	scene_clear(&s);
}

static void test_left_out(void)
{
	struct scene s = scene_load();
	struct live l = live_of(&s, "b3");
	g_autoptr(GArray) no_ports = g_array_new(FALSE, FALSE, sizeof(guint16));
	g_autoptr(probe_plan) p = probe_plan_new(&l, "t", PROTO_TCP, no_ports, NULL);

	g_assert_cmpuint(p->left_out->len, ==, 1);
	g_assert_null(find(p, "b3", "10.1.2.5", 22));
	g_assert_null(find(p, "a", "10.1.2.6", 22));
	/* One's own address, also where it is another's elsewhere. */
	g_assert_null(find(p, "z", "10.1.2.4", 22));
	g_assert_null(find(p, "b", "10.1.2.4", 22));
	g_assert_nonnull(find(p, "a", "10.1.2.4", 22));
	node_unref(l.status);
	g_clear_pointer(&p, probe_plan_free);
	scene_clear(&s);
}

static void test_too_many(void)
{
	struct scene s = scene_load();
	struct live l = live_of(&s, NULL);
	g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(guint16));
	g_autoptr(GError) error = NULL;

	for (guint16 port = 1; port <= 1000; port++)
		g_array_append_val(ports, port);
	g_assert_null(probe_plan_new(&l, "t", PROTO_TCP, ports, &error));
	g_assert_error(error, CLI_ERROR, CLI_USAGE);
	node_unref(l.status);
	scene_clear(&s);
}

static void expect_ports(GArray *ports, const guint16 *want, guint n)
{
	g_assert_cmpmem(ports->data, ports->len * sizeof(guint16), want, n * sizeof(guint16));
	g_array_unref(ports);
}

static void test_ports(void)
{
	static const guint16 of_d[] = {22, 25, 53, 80, 443, 1433, 3389, 8080};
	static const guint16 of_vip[] = {22, 80, 443, 1433, 3389, 8081, 9000, 50022};
	static const guint16 of_vip_udp[] = {53, 123, 1434};
	struct scene s = scene_load();
	const struct nic *d = scene_nic(&s, "d");

	/* 9000 belongs to another pool, so it is none of d's. */
	expect_ports(probe_ports_of_config(g_ptr_array_index(d->configs, 0), PROTO_TCP), of_d, G_N_ELEMENTS(of_d));
	expect_ports(probe_ports_of_public(scene_public(&s, "pip-lb"), PROTO_TCP), of_vip, G_N_ELEMENTS(of_vip));
	expect_ports(probe_ports_of_public(scene_public(&s, "pip-lb"), PROTO_UDP), of_vip_udp,
	             G_N_ELEMENTS(of_vip_udp));
	scene_clear(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/probe/closed", test_closed);
	g_test_add_func("/probe/open", test_open);
	g_test_add_func("/probe/balanced", test_balanced);
	g_test_add_func("/probe/left-out", test_left_out);
	g_test_add_func("/probe/too-many", test_too_many);
	g_test_add_func("/probe/ports", test_ports);
	return g_test_run();
}
