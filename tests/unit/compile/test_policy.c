/* SPDX-License-Identifier: Apache-2.0 */
/* The classifier against its naive twin: rules scanned in order, one packet at a time. */
#include "blob.h"
#include "compile/policy.h"
#include "lib/node.h"
#include <string.h>

static guint64 state;

static guint32 rnd(guint32 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (guint32)((state >> 16) % below);
}

/* --- the twin --- */

static gboolean within(const GArray *ranges, guint32 value)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct policy_range *r = &g_array_index(ranges, struct policy_range, i);
		if (value >= r->first && value <= r->last)
			return TRUE;
	}
	return FALSE;
}

static gboolean restricts(const GArray *ports)
{
	for (guint32 p = 0; p <= 65535; p += 1) {
		if (!within(ports, p))
			return TRUE;
	}
	return FALSE;
}

/* Whether each rule restricts a port, found once: the twin is slow enough. */
static void note_restrictions(GPtrArray *list, GHashTable *restricted)
{
	for (guint i = 0; list && i < list->len; i++) {
		struct policy_rule *r = g_ptr_array_index(list, i);
		if (restricts(r->source_ports) || restricts(r->destination_ports))
			g_hash_table_add(restricted, r);
	}
}

static gboolean matches(const struct policy_rule *r, const struct header *h, GHashTable *restricted)
{
	if (r->protocol != PROTO_ANY && (guint)r->protocol != h->protocol)
		return FALSE;
	if (!within(r->source, h->source) || !within(r->destination, h->destination))
		return FALSE;
	if (!g_hash_table_contains(restricted, r))
		return TRUE;
	if (h->protocol != 6 && h->protocol != 17)
		return FALSE;
	return within(r->source_ports, h->source_port) && within(r->destination_ports, h->destination_port);
}

static gboolean scan(GPtrArray *list, const struct header *h, GHashTable *restricted, guint32 *rule)
{
	*rule = 0;
	if (!list)
		return TRUE;
	for (guint i = 0; i < list->len; i++) {
		const struct policy_rule *r = g_ptr_array_index(list, i);
		if (matches(r, h, restricted)) {
			*rule = r->number;
			return r->allow;
		}
	}
	return FALSE;
}

static struct decision twin(GPtrArray *const lists[2], const struct header *h, GHashTable *restricted)
{
	struct decision d = {0};
	d.allow = scan(lists[0], h, restricted, &d.rules[0]) && scan(lists[1], h, restricted, &d.rules[1]);
	return d;
}

/* --- random lists, and headers that stand on their borders --- */

static void add_prefix(GArray *ranges)
{
	guint length = rnd(4) ? 8 + rnd(25) : rnd(33);
	guint32 mask = length ? ~0u << (32 - length) : 0;
	guint32 addr = (rnd(3) ? 0x0a000000 | rnd(1u << 12) : rnd(0xffffffff)) & mask;
	policy_add_range(ranges, addr, addr | ~mask);
}

static void random_addresses(GArray *ranges)
{
	guint kind = rnd(10);
	if (kind < 2)
		policy_add_range(ranges, 0, G_MAXUINT32);
	else if (kind < 9)
		for (guint n = 1 + rnd(3); n; n--)
			add_prefix(ranges);
	policy_normalise(ranges);
}

static void random_ports(GArray *ranges)
{
	static const guint16 usual[] = {0, 22, 53, 80, 443, 1433, 65535};
	switch (rnd(5)) {
	case 0:
	case 1:
		policy_add_range(ranges, 0, 65535);
		break;
	case 2: {
		guint32 p = usual[rnd(G_N_ELEMENTS(usual))];
		policy_add_range(ranges, p, p);
		break;
	}
	case 3: /* covers everything in two pieces: no restriction */
		policy_add_range(ranges, 0, 1000);
		policy_add_range(ranges, rnd(2) ? 1001 : 1002, 65535);
		break;
	default:
		for (guint n = 1 + rnd(3); n; n--) {
			guint32 first = rnd(65536);
			policy_add_range(ranges, first, first + rnd(65536 - first));
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
	if (rnd(4))
		policy_add_range(r->source_ports, 0, 65535);
	else
		random_ports(r->source_ports);
	random_ports(r->destination_ports);
	r->protocol = protocols[rnd(G_N_ELEMENTS(protocols))];
	r->allow = rnd(3) != 0;
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
	if (rnd(3))
		g_ptr_array_add(list, any_rule(number + rules, FALSE));
	return list;
}

static guint32 near_border(const GArray *ranges, guint32 any)
{
	if (!ranges->len || !rnd(12))
		return any;
	const struct policy_range *r = &g_array_index(ranges, struct policy_range, rnd(ranges->len));
	switch (rnd(6)) {
	case 0:
		return r->first - 1;
	case 1:
		return r->last + 1;
	case 2:
		return r->last;
	case 3:
		return r->first + rnd(MAX(1, r->last - r->first));
	default:
		return r->first;
	}
}

static const struct policy_rule *some_rule(GPtrArray *const lists[2])
{
	const GPtrArray *list = lists[rnd(2)];
	list = list && list->len ? list : lists[0] && lists[0]->len ? lists[0] : lists[1];
	return list && list->len ? g_ptr_array_index(list, rnd(list->len)) : NULL;
}

static struct header random_header(GPtrArray *const lists[2])
{
	static const guint8 protocols[] = {6, 6, 6, 17, 17, 1, 50, 0, 255};
	struct header h = {rnd(0xffffffff), rnd(0xffffffff), (guint16)rnd(65536), (guint16)rnd(65536),
	                   protocols[rnd(G_N_ELEMENTS(protocols))]};
	const struct policy_rule *r = some_rule(lists), *other = some_rule(lists);
	if (r) {
		h.source = near_border(r->source, h.source);
		h.destination = near_border((rnd(4) ? r : other)->destination, h.destination);
		h.source_port = (guint16)near_border(r->source_ports, h.source_port);
		h.destination_port = (guint16)near_border((rnd(4) ? r : other)->destination_ports, h.destination_port);
		if (r->protocol && rnd(4))
			h.protocol = (guint8)r->protocol;
	}
	if (h.protocol != 6 && h.protocol != 17)
		h.source_port = h.destination_port = 0;
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
	g_autoptr(GHashTable) restricted = g_hash_table_new(NULL, NULL);
	for (guint d = 0; d < 2; d++) {
		note_restrictions(in->lists[d][0], restricted);
		note_restrictions(in->lists[d][1], restricted);
		for (guint i = 0; i < headers; i++) {
			struct header h = random_header(in->lists[d]);
			struct decision want = twin(in->lists[d], &h, restricted), got = blob_decide(blob, d, &h);
			if (want.allow != got.allow || want.rules[0] != got.rules[0] || want.rules[1] != got.rules[1])
				g_error("%08x:%u -> %08x:%u protocol %u: rules %u,%u (%s), expected %u,%u (%s)",
				        h.source, h.source_port, h.destination, h.destination_port, h.protocol,
				        got.rules[0], got.rules[1], got.allow ? "allow" : "deny", want.rules[0],
				        want.rules[1], want.allow ? "allow" : "deny");
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
			if (rnd(8))
				in.lists[d][0] = random_list(1 + rnd(60), 1);
			if (rnd(2))
				in.lists[d][1] = random_list(rnd(30), 70000);
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
		struct policy_rule *r = any_rule(i + 1, rnd(8) != 0);
		g_array_set_size(r->source, 0);
		guint32 source = 0x0a000000 | rnd(256) << 16 | rnd(4) << 8;
		policy_add_range(r->source, source, source | (rnd(2) ? 0xff : 0xffff));
		policy_normalise(r->source);
		if (rnd(2)) {
			g_array_set_size(r->destination, 0);
			guint32 to = 0xc0a80000 | rnd(64) << 8;
			policy_add_range(r->destination, to, to | 0xff);
		}
		g_array_set_size(r->destination_ports, 0);
		guint32 port = rnd(3) ? 80 + rnd(40) : rnd(65000);
		policy_add_range(r->destination_ports, port, port + (rnd(4) ? 0 : rnd(500)));
		r->protocol = rnd(5) ? PROTO_TCP : PROTO_ANY;
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
	g_assert_cmpuint(d[0].flags & d[1].flags, ==, ESC_POLICY_NO_GROUP);
	free_lists(&closed);
}

/* Every pair of halves of the address space, on both sides: the classes multiply. */
static void test_explosion(void)
{
	struct policy_input in = {.name = "security group 'boom'"};
	in.lists[1][0] = policy_list_new();
	for (guint i = 0; i < 3000; i++) {
		struct policy_rule *r = any_rule(i + 1, TRUE);
		g_array_set_size(r->source, 0);
		g_array_set_size(r->destination, 0);
		policy_add_range(r->source, i * 1000, G_MAXUINT32 - i * 1000);
		policy_add_range(r->destination, (3000 - i) * 1000, G_MAXUINT32 - (3000 - i) * 1000);
		g_array_set_size(r->destination_ports, 0);
		policy_add_range(r->destination_ports, i, i);
		r->protocol = PROTO_TCP;
		g_ptr_array_add(in.lists[1][0], r);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(policy_build(&in, &error));
	g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT);
	g_assert_nonnull(strstr(error->message, "security group 'boom': the inbound rules combine into too many"));
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
		copy[rnd(3) ? rnd(64) : rnd((guint)(size / 2))] = (guint16)rnd(65536);
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
	state = 0x9e3779b97f4a7c15ull ^ (guint64)(guint32)g_test_rand_int();
	g_test_add_func("/policy/icmp-and-ports", test_icmp_and_ports);
	g_test_add_func("/policy/composition", test_composition);
	g_test_add_func("/policy/empty", test_empty);
	g_test_add_func("/policy/explosion", test_explosion);
	g_test_add_func("/policy/mutations", test_mutations);
	g_test_add_func("/policy/random", test_random);
	g_test_add_func("/policy/long", test_long);
	return g_test_run();
}
