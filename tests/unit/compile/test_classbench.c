/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long lists against the naive twin, through the data path's own code (built natively): the ClassBench sets, random
 * lists, two composed, with a million headers each that stand on the borders of rules.
 *
 * A scan of 10,000 rules for a million headers would take minutes. Headers come in batches with one source, and in
 * these with one destination, so the twin scans the whole list once for a source, what it kept for each destination,
 * and what that kept for each header: still a scan in order, and nothing but a scan.
 */
#include "classbench.h"
#include "explain/native.h"
#include "scan.h"
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SOURCES 16
#else
#define SOURCES 1024
#endif
#define DESTINATIONS 64 /* of a source */
#define SERVICES     16 /* of a pair */

struct batch {
	GPtrArray *lists[2]; /* borrowed rules; NULL where there is no list */
};

static void batch_clear(struct batch *b)
{
	for (guint l = 0; l < 2; l++)
		g_clear_pointer(&b->lists[l], g_ptr_array_unref);
}

/* The rules that match the header's addresses, those being of no interest that `any` has wildcards for. */
static struct batch batch_of(GPtrArray *const lists[2], const struct header *h, gboolean destination)
{
	struct batch b = {0};
	for (guint l = 0; l < 2; l++) {
		if (!lists[l])
			continue;
		b.lists[l] = g_ptr_array_new();
		for (guint i = 0; i < lists[l]->len; i++) {
			struct policy_rule *r = g_ptr_array_index(lists[l], i);
			const GArray *ranges = destination ? r->destination : r->source;
			guint32 value = destination ? h->destination : h->source;
			gboolean in = FALSE;
			for (guint k = 0; k < ranges->len && !in; k++) {
				const struct policy_range *p = &g_array_index(ranges, struct policy_range, k);
				in = value >= p->first && value <= p->last;
			}
			if (in)
				g_ptr_array_add(b.lists[l], r);
		}
	}
	return b;
}

static const struct policy_rule *some_rule(GPtrArray *const lists[2])
{
	const GPtrArray *list = lists[scan_random(2)];
	list = list && list->len ? list : lists[0] && lists[0]->len ? lists[0] : lists[1];
	return list && list->len ? g_ptr_array_index(list, scan_random(list->len)) : NULL;
}

struct subject {
	struct native *native;
	GPtrArray *const *lists;
	guint64 headers, allowed, matched;
};

static void ask(struct subject *s, GPtrArray *const pair[2], const struct header *h)
{
	struct esc_flow_key tuple = {.saddr = GUINT32_TO_BE(h->source),
	                             .daddr = GUINT32_TO_BE(h->destination),
	                             .sport = GUINT16_TO_BE(h->source_port),
	                             .dport = GUINT16_TO_BE(h->destination_port),
	                             .proto = h->protocol,
	                             .port = 1};
	struct decision want = scan_decide(pair, h), got = {0};
	g_assert_true(native_policy(s->native, &tuple, DIR_OUT, &got.allow, got.rules));
	if (want.allow != got.allow || want.rules[0] != got.rules[0] || want.rules[1] != got.rules[1])
		g_error("%08x:%u -> %08x:%u protocol %u: rules %u,%u (%s), expected %u,%u (%s)", h->source,
		        h->source_port, h->destination, h->destination_port, h->protocol, got.rules[0], got.rules[1],
		        got.allow ? "allow" : "deny", want.rules[0], want.rules[1], want.allow ? "allow" : "deny");
	s->headers++;
	s->allowed += got.allow;
	s->matched += got.rules[0] || got.rules[1];
}

static void ask_source(struct subject *s, guint32 source)
{
	struct header h = {.source = source};
	struct batch from = batch_of(s->lists, &h, FALSE);
	for (guint i = 0; i < DESTINATIONS; i++) {
		const struct policy_rule *r = some_rule(scan_random(8) ? from.lists : s->lists);
		h.destination = scan_random(G_MAXUINT32);
		h.destination = r ? scan_near(r->destination, h.destination) : h.destination;
		struct batch pair = batch_of(from.lists, &h, TRUE);
		for (guint k = 0; k < SERVICES; k++) {
			r = some_rule(scan_random(4) ? pair.lists : s->lists);
			scan_service_near(&h, r, some_rule(s->lists));
			ask(s, pair.lists, &h);
		}
		batch_clear(&pair);
	}
	batch_clear(&from);
}

static struct tables *tables_with(GBytes *blob)
{
	struct tables *t = tables_new();
	struct table_port *p = g_new0(struct table_port, 1);
	g_ptr_array_add(t->blobs, blob);
	p->number = 1;
	p->port.flags = ESC_PORT_ACTIVE;
	p->blob = 1;
	g_ptr_array_add(t->ports, p);
	return t;
}

static void compare(const char *name, GPtrArray *first, GPtrArray *second, guint sources)
{
	struct policy_input in = {.lists = {{first, second}, {NULL, NULL}}, .name = name};
	g_autoptr(GError) error = NULL;
	GBytes *blob = policy_build(&in, &error);
	gsize size;
	g_assert_no_error(error);
	const guint16 *words = g_bytes_get_data(blob, &size);
	g_assert_true(policy_check(words, size / sizeof *words));
	g_autoptr(tables) t = tables_with(blob);
	struct subject s = {.native = native_new(t), .lists = in.lists[DIR_OUT]};
	gint64 start = g_get_monotonic_time();
	for (guint i = 0; i < sources; i++) {
		const struct policy_rule *r = some_rule(s.lists);
		ask_source(&s, scan_near(r->source, scan_random(G_MAXUINT32)));
	}
	g_test_message("%s: %" G_GUINT64_FORMAT " headers in %.1f s, %" G_GUINT64_FORMAT
	               " matched a rule, %" G_GUINT64_FORMAT " allowed",
	               name, s.headers, (double)(g_get_monotonic_time() - start) / 1e6, s.matched, s.allowed);
	/* headers that meet nothing, or nothing but one kind, would prove little */
	g_assert_cmpuint(s.matched, >, s.headers / 4);
	g_assert_cmpuint(s.allowed, >, s.headers / 50);
	g_assert_cmpuint(s.headers - s.allowed, >, s.headers / 50);
	native_free(s.native);
}

static void test_set(gconstpointer path)
{
	g_autoptr(GPtrArray) list = classbench_read(path);
	g_assert_nonnull(list);
	g_assert_cmpuint(list->len, >, 500);
	compare(strrchr(path, '/') + 1, list, NULL, SOURCES);
}

/* --- random lists --- */

static void add_prefix(GArray *ranges)
{
	guint length = scan_random(4) ? 20 + scan_random(13) : 12 + scan_random(13);
	guint32 mask = length ? ~0u << (32 - length) : 0;
	guint32 addr = (scan_random(3) ? 0x0a000000 | scan_random(1u << 20) : scan_random(G_MAXUINT32)) & mask;
	policy_add_range(ranges, addr, addr | ~mask);
}

static void random_addresses(GArray *ranges, gboolean any)
{
	if (any)
		policy_add_range(ranges, 0, G_MAXUINT32);
	else
		for (guint n = 1 + scan_random(3); n; n--)
			add_prefix(ranges);
	policy_normalise(ranges);
}

static void random_ports(GArray *ranges, guint any)
{
	guint32 first = scan_random(65536);
	if (scan_random(any))
		policy_add_range(ranges, 0, 65535);
	else
		policy_add_range(ranges, first, first + (scan_random(3) ? 0 : scan_random(65536 - first)));
}

static GPtrArray *random_list(guint rules, guint32 number)
{
	static const enum rule_protocol protocols[] = {PROTO_ANY, PROTO_TCP, PROTO_TCP, PROTO_UDP, PROTO_ICMP};
	GPtrArray *list = policy_list_new();
	for (guint i = 0; i < rules; i++) {
		struct policy_rule *r = policy_rule_new();
		guint any = scan_random(8); /* never both: nothing would ever reach what follows */
		random_addresses(r->source, any == 0);
		random_addresses(r->destination, any == 1);
		random_ports(r->source_ports, 4);
		random_ports(r->destination_ports, 2);
		r->protocol = protocols[scan_random(G_N_ELEMENTS(protocols))];
		r->allow = scan_random(3) != 0;
		r->number = number + i;
		g_ptr_array_add(list, r);
	}
	return list;
}

static void test_random(void)
{
	g_autoptr(GPtrArray) list = random_list(10000, 1);
	compare("random-10000", list, NULL, SOURCES);
}

/* Both longer than a row's first block has room for; with the second list's number where the first one's do not end. */
static void test_composed(void)
{
	g_autoptr(GPtrArray) first = random_list(10000, 1), second = random_list(9999, 1000000);
	compare("random-10000+9999", first, second, MAX(SOURCES / 8, 16));
	g_ptr_array_set_size(first, 1000);
	g_ptr_array_set_size(second, 1000);
	compare("random-1000+1000", first, second, SOURCES);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	scan_seed((guint32)g_test_rand_int());
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autoptr(GPtrArray) paths = classbench_paths(shared ? shared : SHARED);
	for (guint i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		g_autofree char *name = g_strdup_printf("/classbench/%s", strrchr(path, '/') + 1);
		g_test_add_data_func(name, path, test_set);
	}
	g_test_add_func("/lists/random", test_random);
	g_test_add_func("/lists/composed", test_composed);
	return g_test_run();
}
