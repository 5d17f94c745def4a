/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces of the Figure 3 network: every pair, every port of the probe's matrix, over one host and over several, beside what the
 * oracle says of the same packet; and what a trace calls things.
 */
#include "cli/probe_ports.h"
#include "compile/compile.h"
#include "explain/trace.h"
#include "formats/arm/arm.h"
#include "lib/verdicts.h"
#include "prove/oracle.h"

#include <string.h>

#define OUTSIDE 0xc0586301u /* 192.88.99.1 */
#define SERVER  0xc0000264u /* 192.0.2.100 */

struct scene {
	struct graph *graph;
	struct alloc *alloc;
	struct alloc_settings settings;
	GPtrArray *tables;
	struct fleet *fleet;
	guint16 next_port;
	guint traced, passed;
};

static void add_documents(GPtrArray *documents, const char *name)
{
	g_autofree char *file = g_strdup_printf("%s.json", name), *values = g_strdup_printf("%s.parameters.json", name);
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, file, NULL);
	g_autofree char *parameters = g_test_build_filename(G_TEST_DIST, values, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(node) text = node_parse_file(path, &error), given = node_parse_file(parameters, &error);
	const struct arm_scope scope = {name, name, "local", name, NULL};
	struct arm_parameters list[2] = {{given, parameters}};
	struct arm_result *r = arm_evaluate(text, path, list, NULL, &scope, FALSE, &error);

	g_assert_no_error(error);
	for (guint i = 0; i < r->documents->len; i++)
		g_ptr_array_add(documents, g_steal_pointer(&r->documents->pdata[i]));
	g_ptr_array_set_size(r->documents, 0);
	arm_result_free(r);
}

static void scene_open(struct scene *s, guint hosts)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(alloc) none = alloc_new();
	GPtrArray *documents = document_list_new();

	*s = (struct scene){.next_port = 30000};
	add_documents(documents, "contoso");
	add_documents(documents, "fabrikam");
	s->graph = graph_build(documents, errors);
	g_assert_cmpuint(errors->len, ==, 0);
	alloc_settings_init(&s->settings);
	s->settings.hosts = hosts;
	s->alloc = alloc_assign(none, s->graph, &s->settings, &error);
	g_assert_no_error(error);
	s->tables = g_ptr_array_new_with_free_func((GDestroyNotify)tables_free);
	for (guint host = 0; host < hosts; host++) {
		g_ptr_array_add(s->tables, compile_host(s->graph, s->alloc, &s->settings, host, &error));
		g_assert_no_error(error);
	}
	s->fleet = fleet_new(s->tables, s->settings.public_pool);
}

static void scene_close(struct scene *s)
{
	fleet_free(s->fleet);
	g_ptr_array_unref(s->tables);
	alloc_free(s->alloc);
	graph_free(s->graph);
}

static struct ip6 address_of(const struct scene *s, const struct nic *nic)
{
	return address_private(s->alloc, g_ptr_array_index(nic->configs, 0));
}

static guint32 four(struct ip6 address)
{
	guint32 value;

	g_assert_true(ip6_is_mapped(address, &value));
	return value;
}

static struct node *run(struct scene *s, const struct oracle_packet *p)
{
	struct trace_request r = {
	        .tuple = {four(p->source), four(p->destination), p->source_port, p->destination_port, p->protocol}};

	if (p->from) {
		r.host = alloc_port(s->alloc, p->from)->host;
		r.port = alloc_port(s->alloc, p->from)->number;
	}
	return trace_run(s->fleet, &r);
}

static const struct ip_config *chosen(const struct scene *s, const struct oracle_answer *a, const char *label)
{
	for (guint i = 0; a->candidates && i < a->candidates->len; i++) {
		const struct ip_config *c = g_ptr_array_index(a->candidates, i);
		g_autofree char *name = graph_vm_label(s->graph, c->nic->vm);

		if (label && !strcmp(name, label))
			return c;
	}
	return NULL;
}

/* Names of the rules that the trace tells, in order. */
static char *told_rules(const struct node *trip)
{
	GString *out = g_string_new(NULL);
	const struct node *hops = node_get(trip, "hops");

	for (guint i = 0; i < node_length(hops); i++) {
		const struct node *stages = node_get(node_item(hops, i), "stages");

		for (guint k = 0; k < node_length(stages); k++) {
			const struct node *rules = node_get(node_item(stages, k), "rules");

			for (guint r = 0; r < node_length(rules); r++)
				g_string_append_printf(out, "%s ", node_get_str(node_item(rules, r), "rule", "?"));
		}
	}
	return g_string_free(out, FALSE);
}

static char *oracle_rules(const struct oracle_answer *a)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < 4; i++)
		if (a->rules[i])
			g_string_append_printf(out, "%s ", rule_full_name(a->rules[i]));
	return g_string_free(out, FALSE);
}

static void check_end(const struct scene *s, const struct oracle_answer *a, const struct node *data)
{
	const char *label = node_get_str(node_find(data, "forward.at"), "label", "?");
	g_autofree char *want = a->to ? graph_vm_label(s->graph, a->to->vm) : g_strdup("internet");

	g_assert_cmpstr(label, ==, want);
	g_assert_true(node_truth(node_get(data, "answered"), FALSE));
	g_assert_cmpstr(node_get_str(node_get(data, "reply"), "verdict", "?"), ==, "forward");
}

static void check(struct scene *s, struct oracle_packet p)
{
	g_autofree char *from = ip6_format_any(p.source), *to = ip6_format_any(p.destination), *rules = NULL,
	                *want = NULL;
	struct oracle_answer a;
	g_autoptr(node) data = NULL;
	const struct ip_config *pick;
	const char *verdict;

	p.source_port = s->next_port++;
	data = run(s, &p);
	verdict = node_get_str(node_get(data, "forward"), "verdict", "?");
	a = oracle_judge(s->graph, s->alloc, &s->settings, &p, NULL);
	pick = chosen(s, &a, node_get_str(node_find(data, "forward.at"), "label", NULL));
	if (pick) {
		oracle_clear(&a);
		a = oracle_judge(s->graph, s->alloc, &s->settings, &p, pick);
	}
	if (strcmp(verdict, verdict_name(a.verdict)))
		g_error("%s -> %s:%u protocol %u: trace %s, oracle %s", from, to, p.destination_port, p.protocol,
		        verdict, verdict_name(a.verdict));
	g_assert_true(node_truth(node_get(data, "delivered"), FALSE) == (a.verdict == ESC_V_FORWARD));
	rules = told_rules(node_get(data, "forward"));
	want = oracle_rules(&a);
	g_assert_cmpstr(rules, ==, want);
	if (a.verdict == ESC_V_FORWARD)
		check_end(s, &a, data);
	else
		g_assert_true(node_get(data, "reply")->type == NODE_NULL);
	s->traced++;
	s->passed += a.verdict == ESC_V_FORWARD;
	oracle_clear(&a);
}

static void check_ports(struct scene *s, struct oracle_packet p, GArray *ports)
{
	for (guint i = 0; i < ports->len; i++) {
		p.destination_port = g_array_index(ports, guint16, i);
		check(s, p);
	}
	g_array_unref(ports);
}

/* From one sender to everybody. */
static void check_sender(struct scene *s, struct oracle_packet p)
{
	for (guint i = 0; p.from && i < s->graph->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(s->graph->nics, i);

		p.destination = address_of(s, nic);
		if (!address_same(p.destination, p.source))
			check_ports(s, p, probe_ports_of_config(g_ptr_array_index(nic->configs, 0), p.protocol));
	}
	for (guint i = 0; i < s->graph->public_addresses->len; i++) {
		const struct public_address *a = g_ptr_array_index(s->graph->public_addresses, i);

		p.destination = address_public(s->alloc, a);
		check_ports(s, p, probe_ports_of_public(a, p.protocol));
	}
	p.destination = ip6_mapped(SERVER);
	p.destination_port = 443;
	if (p.from)
		check(s, p);
}

static void check_protocol(struct scene *s, guint8 protocol)
{
	check_sender(s, (struct oracle_packet){.source = ip6_mapped(OUTSIDE), .protocol = protocol});
	for (guint i = 0; i < s->graph->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(s->graph->nics, i);

		check_sender(s,
		             (struct oracle_packet){.from = nic, .source = address_of(s, nic), .protocol = protocol});
	}
}

static void test_figure3(gconstpointer hosts)
{
	struct scene s;

	scene_open(&s, GPOINTER_TO_UINT(hosts));
	check_protocol(&s, PROTO_TCP);
	check_protocol(&s, PROTO_UDP);
	check_protocol(&s, PROTO_ICMP);
	g_test_message("%u traced, %u delivered", s.traced, s.passed);
	g_assert_cmpuint(s.traced, >, 200);
	g_assert_cmpuint(s.passed, >, 20);
	g_assert_cmpuint(s.traced - s.passed, >, 100);
	scene_close(&s);
}

/* --- names --- */

static char *stage_names(const struct node *trip)
{
	GString *out = g_string_new(NULL);
	const struct node *hops = node_get(trip, "hops");

	for (guint i = 0; i < node_length(hops); i++) {
		const struct node *stages = node_get(node_item(hops, i), "stages");

		g_string_append_printf(out, "%s%d:", i ? " | " : "",
		                       (int)node_integer(node_get(node_item(hops, i), "host"), -1));
		for (guint k = 0; k < node_length(stages); k++)
			g_string_append_printf(out, " %s", node_get_str(node_item(stages, k), "stage", "?"));
	}
	return g_string_free(out, FALSE);
}

static void expect_stages(const struct node *trip, const char *want)
{
	g_autofree char *names = stage_names(trip);

	g_assert_cmpstr(names, ==, want);
}

static struct oracle_packet from_vm(const struct scene *s, const char *vm, struct ip6 to, guint16 port)
{
	const struct vm *v = graph_find_vm(s->graph, vm, NULL);
	const struct nic *nic = g_ptr_array_index(v->nics, 0);

	return (struct oracle_packet){nic, address_of(s, nic), to, PROTO_TCP, 40000, port};
}

static struct ip6 vm_address(const struct scene *s, const char *vm)
{
	return address_of(s, g_ptr_array_index(graph_find_vm(s->graph, vm, NULL)->nics, 0));
}

static void test_denied(void)
{
	struct scene s;
	struct oracle_packet p;
	g_autoptr(node) data = NULL;
	const struct node *stages, *rule;

	scene_open(&s, 1);
	p = from_vm(&s, "web0", vm_address(&s, "db0"), 1433);
	data = run(&s, &p);
	g_assert_false(node_truth(node_get(data, "delivered"), TRUE));
	expect_stages(node_get(data, "forward"), "0: port guard flow policy route address policy drop");
	stages = node_get(node_item(node_find(data, "forward.hops"), 0), "stages");
	rule = node_item(node_get(node_item(stages, 6), "rules"), 0);
	g_assert_cmpstr(node_get_str(rule, "rule", "?"), ==, "db/DenyRestOfNetwork");
	g_assert_cmpstr(node_get_str(rule, "list", "?"), ==, "subnet");
	g_assert_cmpstr(node_get_str(rule, "access", "?"), ==, "deny");
	g_assert_true(g_str_has_suffix(node_get_str(rule, "file", "?"), "contoso.json"));
	g_assert_cmpint(node_integer(node_get(rule, "line"), 0), >, 1);
	g_assert_cmpstr(node_get_str(node_item(stages, 7), "port", "?"), ==, "db0");
	g_assert_nonnull(
	        strstr(node_get_str(data, "advice", ""), "group db an inbound rule with a priority under 4000"));
	scene_close(&s);
}

static void test_across(void)
{
	struct scene s;
	struct oracle_packet p;
	g_autoptr(node) data = NULL;

	scene_open(&s, 16);
	p = from_vm(&s, "app0", vm_address(&s, "db0"), 1433);
	data = run(&s, &p);
	g_assert_true(node_truth(node_get(data, "answered"), FALSE));
	g_assert_cmpuint(node_length(node_find(data, "forward.hops")), ==, 2);
	g_assert_nonnull(
	        strstr(node_get_str(node_item(node_get(node_item(node_find(data, "reply.hops"), 0), "stages"), 2),
	                            "result", ""),
	               "hit"));
	scene_close(&s);
}

static void test_edge(void)
{
	struct scene s;
	struct oracle_packet p = {
	        .source = ip6_mapped(OUTSIDE), .protocol = PROTO_TCP, .source_port = 40000, .destination_port = 80};
	g_autoptr(node) data = NULL;
	g_autofree char *back = NULL;

	scene_open(&s, 1);
	p.destination = address_public(s.alloc, g_ptr_array_index(s.graph->public_addresses, 0));
	data = run(&s, &p);
	g_assert_true(node_truth(node_get(data, "answered"), FALSE));
	expect_stages(node_get(data, "forward"), "0: endpoint balance flow policy translation delivery");
	expect_stages(node_get(data, "reply"), "0: port guard flow translation delivery");
	scene_close(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/trace/figure3/one", GUINT_TO_POINTER(1), test_figure3);
	g_test_add_data_func("/trace/figure3/three", GUINT_TO_POINTER(3), test_figure3);
	g_test_add_func("/trace/denied", test_denied);
	g_test_add_func("/trace/across", test_across);
	g_test_add_func("/trace/edge", test_edge);
	return g_test_run();
}
