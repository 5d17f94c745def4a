/* SPDX-License-Identifier: Apache-2.0 */
/* The classifier against its naive twin: rules scanned in order, one packet at a time. */
#include "lib/node.h"
#include "scan.h"
#include <string.h>

/* --- random lists, and headers that stand on their borders --- */

static void add_prefix(GArray *ranges)
{
	guint length = scan_random(4) ? 8 + scan_random(25) : scan_random(33);
	guint32 mask = length ? ~0u << (32 - length) : 0;
	guint32 addr = (scan_random(3) ? 0x0a000000 | scan_random(1u << 12) : scan_random(0xffffffff)) & mask;
	policy_add_range(ranges, addr, addr | ~mask);
}

static void random_addresses(GArray *ranges)
{
	guint kind = scan_random(10);
	if (kind < 2)
		policy_add_range(ranges, 0, G_MAXUINT32);
	else if (kind < 9)
		for (guint n = 1 + scan_random(3); n; n--)
			add_prefix(ranges);
	policy_normalise(ranges);
}

/* Few bits, high and low, so that prefixes meet; the ends of the space too. */
static void random_addresses6(GArray *ranges)
{
	guint kind = scan_random(10);
	if (kind < 2)
		policy_add_prefix6(ranges, (struct prefix6){.length = 0});
	for (guint n = kind < 9 ? 1 + scan_random(3) : 0; n; n--) {
		struct prefix6 p = {.length = (guint8)(1 + scan_random(128))};
		p.addr.b[0] = scan_random(8) ? 0x20 : (guint8)scan_random(256);
		p.addr.b[7] = (guint8)scan_random(4);
		p.addr.b[8] = (guint8)(scan_random(2) << 7);
		p.addr.b[15] = (guint8)scan_random(8);
		for (guint bit = p.length; bit < 128; bit++)
			p.addr.b[bit / 8] &= (guint8) ~(0x80 >> bit % 8);
		policy_add_prefix6(ranges, p);
	}
	policy_normalise6(ranges);
}

static void random_ports(GArray *ranges)
{
	static const guint16 usual[] = {0, 22, 53, 80, 443, 1433, 65535};
	switch (scan_random(5)) {
	case 0:
	case 1:
		policy_add_range(ranges, 0, 65535);
		break;
	case 2: {
		guint32 p = usual[scan_random(G_N_ELEMENTS(usual))];
		policy_add_range(ranges, p, p);
		break;
	}
	case 3: /* covers everything in two pieces: no restriction */
		policy_add_range(ranges, 0, 1000);
		policy_add_range(ranges, scan_random(2) ? 1001 : 1002, 65535);
		break;
	default:
		for (guint n = 1 + scan_random(3); n; n--) {
			guint32 first = scan_random(65536);
			policy_add_range(ranges, first, first + scan_random(65536 - first));
		}
	}
	policy_normalise(ranges);
}

static struct policy_rule *random_rule(guint32 number)
{
	static const enum rule_protocol protocols[] = {PROTO_ANY, PROTO_ANY,  PROTO_TCP, PROTO_TCP,
	                                               PROTO_UDP, PROTO_ICMP, PROTO_ESP};
	struct policy_rule *r = policy_rule_new();
	random_addresses(r->source);
	random_addresses(r->destination);
	random_addresses6(r->source6);
	random_addresses6(r->destination6);
	if (scan_random(4))
		policy_add_range(r->source_ports, 0, 65535);
	else
		random_ports(r->source_ports);
	random_ports(r->destination_ports);
	r->protocol = protocols[scan_random(G_N_ELEMENTS(protocols))];
	r->allow = scan_random(3) != 0;
	r->number = number;
	return r;
}

static struct policy_rule *any_rule(guint32 number, gboolean allow)
{
	struct policy_rule *r = policy_rule_new();
	policy_add_range(r->source, 0, G_MAXUINT32);
	policy_add_range(r->destination, 0, G_MAXUINT32);
	policy_add_range(r->source_ports, 0, 65535);
	policy_add_range(r->destination_ports, 0, 65535);
	r->allow = allow;
	r->number = number;
	return r;
}

static GPtrArray *random_list(guint rules, guint32 number)
{
	GPtrArray *list = policy_list_new();
	for (guint i = 0; i < rules; i++)
		g_ptr_array_add(list, random_rule(number + i));
	if (scan_random(3))
		g_ptr_array_add(list, any_rule(number + rules, FALSE));
	return list;
}

static const struct policy_rule *some_rule(GPtrArray *const lists[2])
{
	const GPtrArray *list = lists[scan_random(2)];
	list = list && list->len ? list : lists[0] && lists[0]->len ? lists[0] : lists[1];
	return list && list->len ? g_ptr_array_index(list, scan_random(list->len)) : NULL;
}

static struct header random_header(GPtrArray *const lists[2])
{
	struct header h = {.source = scan_random(0xffffffff), .destination = scan_random(0xffffffff)};
	const struct policy_rule *r = some_rule(lists), *other = some_rule(lists);
	for (guint i = 0; i < 16; i++) {
		h.source6.b[i] = (guint8)scan_random(256);
		h.destination6.b[i] = (guint8)scan_random(256);
	}
	h.v6 = !scan_random(3);
	scan_service_near(&h, r, other);
	if (r) {
		h.source = scan_near(r->source, h.source);
		h.destination = scan_near((scan_random(4) ? r : other)->destination, h.destination);
		h.source6 = scan_near6(r->source6, h.source6);
		h.destination6 = scan_near6((scan_random(4) ? r : other)->destination6, h.destination6);
	}
	return h;
}

static void compare(const struct policy_input *in, guint headers, guint64 *allowed)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) blob = policy_build(in, &error);
	g_assert_no_error(error);
	gsize size;
	const guint16 *words = g_bytes_get_data(blob, &size);
	g_assert_true(policy_check(words, size / 2));
	for (guint d = 0; d < 2; d++) {
		for (guint i = 0; i < headers; i++) {
			struct header h = random_header(in->lists[d]);
			struct decision want = scan_decide(in->lists[d], &h), got = blob_decide(blob, d, &h);
			if (want.allow != got.allow || want.rules[0] != got.rules[0] || want.rules[1] != got.rules[1])
				g_error("%s%08x:%u -> %08x:%u protocol %u: rules %u,%u (%s), expected %u,%u (%s)",
				        h.v6 ? "IPv6 " : "", h.source, h.source_port, h.destination, h.destination_port,
				        h.protocol, got.rules[0], got.rules[1], got.allow ? "allow" : "deny",
				        want.rules[0], want.rules[1], want.allow ? "allow" : "deny");
			*allowed += got.allow;
		}
	}
}

static void free_lists(struct policy_input *in)
{
	for (guint d = 0; d < 2; d++) {
		for (guint l = 0; l < 2; l++)
			g_clear_pointer(&in->lists[d][l], g_ptr_array_unref);
	}
}

static void test_random(void)
{
	guint64 headers = 0, allowed = 0;
	for (guint round = 0; round < 300; round++) {
		struct policy_input in = {.name = "random"};
		for (guint d = 0; d < 2; d++) {
			if (scan_random(8))
				in.lists[d][0] = random_list(1 + scan_random(60), 1);
			if (scan_random(2))
				in.lists[d][1] = random_list(scan_random(30), 70000);
		}
		compare(&in, 400, &allowed);
		headers += 800;
		free_lists(&in);
	}
	g_test_message("%" G_GUINT64_FORMAT " headers, %" G_GUINT64_FORMAT " allowed", headers, allowed);
	g_assert_cmpuint(allowed, >, headers / 20);
	g_assert_cmpuint(allowed, <, headers * 19 / 20);
}

/* A list as people write them: a service for a few sources each. */
static GPtrArray *long_list(guint rules)
{
	GPtrArray *list = policy_list_new();
	for (guint i = 0; i < rules; i++) {
		struct policy_rule *r = any_rule(i + 1, scan_random(8) != 0);
		g_array_set_size(r->source, 0);
		guint32 source = 0x0a000000 | scan_random(256) << 16 | scan_random(4) << 8;
		policy_add_range(r->source, source, source | (scan_random(2) ? 0xff : 0xffff));
		policy_normalise(r->source);
		if (scan_random(2)) {
			g_array_set_size(r->destination, 0);
			guint32 to = 0xc0a80000 | scan_random(64) << 8;
			policy_add_range(r->destination, to, to | 0xff);
		}
		g_array_set_size(r->destination_ports, 0);
		guint32 port = scan_random(3) ? 80 + scan_random(40) : scan_random(65000);
		policy_add_range(r->destination_ports, port, port + (scan_random(4) ? 0 : scan_random(500)));
		r->protocol = scan_random(5) ? PROTO_TCP : PROTO_ANY;
		g_ptr_array_add(list, r);
	}
	g_ptr_array_add(list, any_rule(rules + 1, FALSE));
	return list;
}

static void test_long(void)
{
	guint64 allowed = 0;
	struct policy_input in = {.name = "long"};
	in.lists[0][0] = long_list(1000);
	in.lists[1][0] = long_list(1000);
	in.lists[1][1] = long_list(200);
	gint64 start = g_get_monotonic_time();
	g_autoptr(GBytes) blob = policy_build(&in, NULL);
	g_test_message("1000 rules: %.0f ms, %zu words", (double)(g_get_monotonic_time() - start) / 1000,
	               g_bytes_get_size(blob) / 2);
	compare(&in, 10000, &allowed);
	free_lists(&in);
}

/* --- what must hold, one by one --- */

static void expect(GBytes *blob, guint direction, struct header h, gboolean allow, guint32 first, guint32 second)
{
	struct decision d = blob_decide(blob, direction, &h);
	g_assert_cmpint(d.allow, ==, allow);
	g_assert_cmpuint(d.rules[0], ==, first);
	g_assert_cmpuint(d.rules[1], ==, second);
}

static void test_icmp_and_ports(void)
{
	struct policy_input in = {.name = "icmp"};
	GPtrArray *list = in.lists[1][0] = policy_list_new();
	struct policy_rule *r = any_rule(1, TRUE); /* any protocol, port 0 to 100: TCP and UDP only */
	g_array_set_size(r->destination_ports, 0);
	policy_add_range(r->destination_ports, 0, 100);
	g_ptr_array_add(list, r);
	r = any_rule(2, TRUE); /* ICMP with a port: never */
	r->protocol = PROTO_ICMP;
	g_array_set_size(r->source_ports, 0);
	policy_add_range(r->source_ports, 0, 65534);
	g_ptr_array_add(list, r);
	g_autoptr(GBytes) closed = policy_build(&in, NULL);
	expect(closed, 1, (struct header){1, 2, 0, 0, 1}, FALSE, 0, 0);
	expect(closed, 1, (struct header){1, 2, 0, 0, 50}, FALSE, 0, 0);
	expect(closed, 1, (struct header){1, 2, 0, 101, 6}, FALSE, 0, 0);
	expect(closed, 1, (struct header){1, 2, 0, 100, 6}, TRUE, 1, 0);
	expect(closed, 1, (struct header){1, 2, 0, 0, 17}, TRUE, 1, 0);
	g_ptr_array_add(list, any_rule(3, TRUE));
	g_autoptr(GBytes) open = policy_build(&in, NULL);
	expect(open, 1, (struct header){1, 2, 0, 0, 1}, TRUE, 3, 0);
	free_lists(&in);
}

static void test_composition(void)
{
	struct policy_input in = {.name = "two", .flags = 0};
	in.lists[0][0] = policy_list_new();
	g_ptr_array_add(in.lists[0][0], any_rule(7, FALSE));
	in.lists[0][1] = policy_list_new();
	g_ptr_array_add(in.lists[0][1], any_rule(8, TRUE));
	in.lists[1][0] = policy_list_new();
	g_ptr_array_add(in.lists[1][0], any_rule(70001, TRUE));
	in.lists[1][1] = policy_list_new();
	g_ptr_array_add(in.lists[1][1], any_rule(70002, FALSE));
	g_autoptr(GBytes) blob = policy_build(&in, NULL);
	struct header h = {1, 2, 3, 4, 6};
	expect(blob, 0, h, FALSE, 7, 0); /* the first denies: the second is not asked */
	expect(blob, 1, h, FALSE, 70001, 70002);
	g_clear_pointer(&in.lists[0][0], g_ptr_array_unref);
	g_clear_pointer(&in.lists[1][1], g_ptr_array_unref);
	g_autoptr(GBytes) one = policy_build(&in, NULL);
	expect(one, 0, h, TRUE, 0, 8);
	expect(one, 1, h, TRUE, 70001, 0);
	g_autoptr(GBytes) again = policy_build(&in, NULL);
	g_assert_true(g_bytes_equal(one, again));
	free_lists(&in);
}

static void test_empty(void)
{
	struct policy_input none = {.name = "none", .flags = ESC_POLICY_NO_GROUP}, closed = {.name = "closed"};
	closed.lists[0][0] = policy_list_new();
	g_autoptr(GBytes) shut = policy_build(&closed, NULL);
	expect(shut, 0, (struct header){1, 2, 3, 4, 6}, FALSE, 0, 0);
	g_autoptr(GBytes) blob = policy_build(&none, NULL);
	expect(blob, 0, (struct header){1, 2, 3, 4, 6}, TRUE, 0, 0);
	const struct esc_policy_dir *d = g_bytes_get_data(blob, NULL);
	g_assert_cmpuint(d[0].tail.flags & d[1].tail.flags, ==, ESC_POLICY_NO_GROUP);
	free_lists(&closed);
}

/* Every rule overlaps with every other in every dimension: that was an explosion in classifiers of other kinds. */
static void test_overlap(void)
{
	guint64 allowed = 0;
	struct policy_input in = {.name = "overlap"};
	in.lists[1][0] = policy_list_new();
	for (guint i = 0; i < 3000; i++) {
		struct policy_rule *r = any_rule(i + 1, i & 1);
		g_array_set_size(r->source, 0);
		g_array_set_size(r->destination, 0);
		policy_add_range(r->source, i * 1000, G_MAXUINT32 - i * 1000);
		policy_add_range(r->destination, (3000 - i) * 1000, G_MAXUINT32 - (3000 - i) * 1000);
		g_array_set_size(r->destination_ports, 0);
		policy_add_range(r->destination_ports, i, i);
		r->protocol = PROTO_TCP;
		g_ptr_array_add(in.lists[1][0], r);
	}
	compare(&in, 3000, &allowed);
	free_lists(&in);
}

static void refused(struct policy_input *in, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(policy_build(in, &error));
	g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT);
	if (!strstr(error->message, text))
		g_error("'%s' does not say '%s'", error->message, text);
}

/* 2 * 20 groups of 512: one rule more, in either list, is too many. */
static void test_too_many_rules(void)
{
	struct policy_input in = {.name = "security group 'long'"};
	GPtrArray *first = in.lists[0][0] = policy_list_new(), *second = in.lists[0][1] = policy_list_new();
	guint most = ESC_POLICY_SPANS * ESC_POLICY_ROW_LINES * ESC_POLICY_LINE;
	for (guint i = 0; i < most; i++) {
		struct policy_rule *r = any_rule(i + 1, TRUE);
		r->protocol = i + 1 < most ? PROTO_TCP : PROTO_ICMP;
		g_ptr_array_add(first, r);
	}
	g_autoptr(GBytes) blob = policy_build(&in, NULL);
	g_assert_nonnull(blob);
	expect(blob, 0, (struct header){.protocol = 6}, FALSE, 1, 0); /* the second list is empty */
	expect(blob, 0, (struct header){.protocol = 1}, FALSE, most, 0);
	g_ptr_array_add(second, any_rule(most + 1, TRUE));
	refused(&in, "security group 'long': the outbound rules combine into too many positions");
	free_lists(&in);
}

/* Every address in two rules of its own: more different sets than 16 bits can number. */
static void test_too_many_classes(void)
{
	struct policy_input in = {.name = "security group 'pairs'"};
	in.lists[1][0] = policy_list_new();
	for (guint i = 0; i < 363; i++) {
		struct policy_rule *r = any_rule(i + 1, TRUE);
		g_array_set_size(r->source, 0);
		g_ptr_array_add(in.lists[1][0], r);
	}
	guint32 addr = 0;
	for (guint i = 0; i < 363; i++) {
		for (guint j = i + 1; j < 363; j++, addr += 2) {
			policy_add_range(((struct policy_rule *)g_ptr_array_index(in.lists[1][0], i))->source, addr,
			                 addr);
			policy_add_range(((struct policy_rule *)g_ptr_array_index(in.lists[1][0], j))->source, addr,
			                 addr);
		}
	}
	refused(&in, "the inbound rules combine into too many sets of rules of source addresses");
	free_lists(&in);
}

/* A blob with any word changed is refused or still safe: a lookup in it stays inside. */
static void test_mutations(void)
{
	struct policy_input in = {.name = "mutated"};
	in.lists[0][0] = random_list(20, 1);
	in.lists[1][0] = random_list(20, 100);
	g_autoptr(GBytes) blob = policy_build(&in, NULL);
	gsize size;
	const guint16 *words = g_bytes_get_data(blob, &size);
	guint refused = 0;
	for (guint i = 0; i < 500; i++) {
		guint16 *copy = g_memdup2(words, size);
		copy[scan_random(3) ? scan_random(256) : scan_random((guint)(size / 2))] = (guint16)scan_random(65536);
		g_autoptr(GBytes) mutated = g_bytes_new_take(copy, size);
		if (!policy_check(copy, size / 2)) {
			refused++;
			continue;
		}
		for (guint k = 0; k < 50; k++) {
			struct header h = random_header(in.lists[0]);
			blob_decide(mutated, k & 1, &h);
		}
	}
	g_assert_cmpuint(refused, >, 100);
	g_assert_false(policy_check(words, size / 2 - ESC_BLOCK_WORDS));
	free_lists(&in);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	scan_seed((guint32)g_test_rand_int());
	g_test_add_func("/policy/icmp-and-ports", test_icmp_and_ports);
	g_test_add_func("/policy/composition", test_composition);
	g_test_add_func("/policy/empty", test_empty);
	g_test_add_func("/policy/overlap", test_overlap);
	g_test_add_func("/policy/too-many-rules", test_too_many_rules);
	g_test_add_func("/policy/too-many-classes", test_too_many_classes);
	g_test_add_func("/policy/mutations", test_mutations);
	g_test_add_func("/policy/random", test_random);
	g_test_add_func("/policy/long", test_long);
	return g_test_run();
}
