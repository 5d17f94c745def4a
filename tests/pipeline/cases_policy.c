/* SPDX-License-Identifier: Apache-2.0 */
/* Long policies: two lists of up to 10,000 rules before a port, through both builds and beside a scan of the rules. */
#include "scene.h"
#include "tests/unit/compile/scan.h"

#define PACKETS 1500
#define INSIDE  WORLD_ADDR(2, 4) /* of port 3, whose public address is */
#define OUTSIDE WORLD_PUBLIC(11)

static void add_prefix(GArray *ranges, guint32 addr, guint length)
{
	guint32 mask = length ? ~0u << (32 - length) : 0;

	policy_add_range(ranges, addr & mask, addr | ~mask);
}

static guint32 stranger(void)
{
	return 0x2d000000u + scan_random(1u << 24);
}

static struct policy_rule *random_rule(guint32 number)
{
	static const enum rule_protocol protocols[] = {PROTO_ANY, PROTO_TCP, PROTO_TCP, PROTO_UDP};
	struct policy_rule *r = policy_rule_new();
	guint32 port = scan_random(60000);

	for (guint n = scan_random(4) ? 1 : 2; n; n--)
		add_prefix(r->source, stranger(), 12 + scan_random(21));
	policy_normalise(r->source);
	add_prefix(r->destination, scan_random(4) ? INSIDE : INSIDE ^ 1, scan_random(2) ? 0 : 24 + scan_random(9));
	policy_add_range(r->source_ports, scan_random(3) ? 0 : scan_random(30000), 65535);
	policy_add_range(r->destination_ports, port, port + (scan_random(2) ? 0 : scan_random(5000)));
	r->protocol = protocols[scan_random(G_N_ELEMENTS(protocols))];
	r->allow = scan_random(4) != 0;
	r->number = number;
	return r;
}

static GPtrArray *random_list(guint rules, guint32 number)
{
	GPtrArray *list = policy_list_new();

	for (guint i = 0; i < rules; i++)
		g_ptr_array_add(list, random_rule(number + i));
	g_ptr_array_add(list, world_rule(number + rules, TRUE, DIR_IN, 0x2d000000u, 9, PROTO_ANY, 0, 65535));
	return list;
}

static struct header random_header(GPtrArray *const lists[2])
{
	const GPtrArray *list = lists[scan_random(2)];
	const struct policy_rule *r = g_ptr_array_index(list, scan_random(list->len));
	struct header h = {.source = scan_near(r->source, stranger()), .destination = INSIDE};

	scan_service_near(&h, r, r);
	h.protocol = scan_random(3) ? 6 : 17;
	return h;
}

static void run_one(struct twin *w, GPtrArray *const lists[2], guint *denied)
{
	struct header h = random_header(lists);
	struct decision want = scan_decide(lists, &h);
	struct frame_spec s = scene_outside(h.source, OUTSIDE, h.protocol, h.source_port, h.destination_port);
	struct twin_in in = {.entry = TWIN_EDGE};
	struct frame f;
	struct esc_effect e;

	frame_build(&f, &s);
	e = twin_run(w, &in, &f);
	g_assert_cmpuint(e.verdict, ==, want.allow ? ESC_V_FORWARD : ESC_V_POLICY_IN);
	if (want.allow)
		return;
	g_assert_cmpuint(e.rule[0], ==, want.rules[0]);
	g_assert_cmpuint(e.rule[1], ==, want.rules[1]);
	(*denied)++;
}

static void test_lists(gconstpointer rules)
{
	guint count = GPOINTER_TO_UINT(rules), denied = 0;
	g_autoptr(GPtrArray) first = random_list(count, 1), second = random_list(count / 2, 20001);
	struct policy_input in = {.lists = {[DIR_IN] = {first, second}}, .name = "long"};
	g_autoptr(tables) t = world_tables();
	struct table_port *p = g_ptr_array_index(t->ports, 2);
	g_autoptr(GError) error = NULL;
	GBytes *blob = policy_build(&in, &error);

	g_assert_no_error(error);
	p->blob = world_blob(t, blob);
	g_autoptr(twin) w = twin_new(t);
	for (guint i = 0; i < PACKETS; i++)
		run_one(w, in.lists[DIR_IN], &denied);
	twin_compare(w);
	g_test_message("%u rules and %u: %u of %u denied", first->len, second->len, denied, PACKETS);
	g_assert_cmpuint(denied, >, PACKETS / 20);
	g_assert_cmpuint(denied, <, PACKETS * 19 / 20);
}

void cases_policy_register(void)
{
	scan_seed((guint32)g_test_rand_int());
	g_test_add_data_func("/policy/100", GUINT_TO_POINTER(100), test_lists);
	g_test_add_data_func("/policy/1000", GUINT_TO_POINTER(1000), test_lists);
	g_test_add_data_func("/policy/10000", GUINT_TO_POINTER(10000), test_lists);
}
