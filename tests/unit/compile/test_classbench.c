/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long lists against the naive twin, through the data path's own code (built natively): the ClassBench sets, random
 * lists, two composed, with a million headers each that stand on the borders of rules.
 *
 * A scan of 10,000 rules for a million headers would take minutes. Headers come in batches with one source, and in
 * these with one destination, so the twin scans the whole list once for a source, what it kept for each destination,
 * and what that kept for each header: still a scan in order, and nothing but a scan.
 *
 * ESCARP_TIMES=N: N times as many headers, for a night.
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
			if (destination ? scan_destination(r, h) : scan_source(r, h))
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
	gboolean v6;
	guint64 headers, allowed, matched;
};

static gboolean ask6(const struct subject *s, const struct header *h, struct decision *got)
{
	struct esc_flow_key6 tuple = {.sport = GUINT16_TO_BE(h->source_port),
	                              .dport = GUINT16_TO_BE(h->destination_port),
	                              .proto = h->protocol,
	                              .port = 1};
	memcpy(&tuple.saddr, &h->source6, sizeof tuple.saddr);
	memcpy(&tuple.daddr, &h->destination6, sizeof tuple.daddr);
	return native_policy6(s->native, &tuple, DIR_OUT, &got->allow, got->rules);
}

static void ask(struct subject *s, GPtrArray *const pair[2], const struct header *h)
{
	struct esc_flow_key tuple = {.saddr = GUINT32_TO_BE(h->source),
	                             .daddr = GUINT32_TO_BE(h->destination),
	                             .sport = GUINT16_TO_BE(h->source_port),
	                             .dport = GUINT16_TO_BE(h->destination_port),
	                             .proto = h->protocol,
	                             .port = 1};
	struct decision want = scan_decide(pair, h), got = {0};
	if (h->v6)
		g_assert_true(ask6(s, h, &got));
	else
		g_assert_true(native_policy(s->native, &tuple, DIR_OUT, &got.allow, got.rules));
	if (want.allow != got.allow || want.rules[0] != got.rules[0] || want.rules[1] != got.rules[1])
		g_error("%08x:%u -> %08x:%u protocol %u: rules %u,%u (%s), expected %u,%u (%s)", h->source,
		        h->source_port, h->destination, h->destination_port, h->protocol, got.rules[0], got.rules[1],
		        got.allow ? "allow" : "deny", want.rules[0], want.rules[1], want.allow ? "allow" : "deny");
	s->headers++;
	s->allowed += got.allow;
	s->matched += got.rules[0] || got.rules[1];
}

static struct ip6 random_ip6(void)
{
	struct ip6 a;
	for (guint i = 0; i < sizeof a.b; i++)
		a.b[i] = (guint8)scan_random(256);
	return a;
}

static void set_source(struct header *h, const struct policy_rule *r)
{
	h->source = scan_random(G_MAXUINT32);
	h->source6 = random_ip6();
	h->source = r ? scan_near(r->source, h->source) : h->source;
	h->source6 = r ? scan_near6(r->source6, h->source6) : h->source6;
}

static void set_destination(struct header *h, const struct policy_rule *r)
{
	h->destination = scan_random(G_MAXUINT32);
	h->destination6 = random_ip6();
	h->destination = r ? scan_near(r->destination, h->destination) : h->destination;
	h->destination6 = r ? scan_near6(r->destination6, h->destination6) : h->destination6;
}

static void ask_source(struct subject *s)
{
	struct header h = {.v6 = s->v6};
	set_source(&h, some_rule(s->lists));
	struct batch from = batch_of(s->lists, &h, FALSE);
	for (guint i = 0; i < DESTINATIONS; i++) {
		const struct policy_rule *r = some_rule(scan_random(8) ? from.lists : s->lists);
		set_destination(&h, r);
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

static guint times(void)
{
	const char *text = g_getenv("ESCARP_TIMES");
	return text ? (guint)CLAMP(g_ascii_strtoll(text, NULL, 10), 1, 10000) : 1;
}

static void compare(const char *name, GPtrArray *first, GPtrArray *second, gboolean v6, guint sources)
{
	struct policy_input in = {.lists = {{first, second}, {NULL, NULL}}, .name = name};
	g_autoptr(GError) error = NULL;
	GBytes *blob = policy_build(&in, &error);
	gsize size;
	g_assert_no_error(error);
	const guint16 *words = g_bytes_get_data(blob, &size);
	g_assert_true(policy_check(words, size / sizeof *words));
	g_autoptr(tables) t = tables_with(blob);
	struct subject s = {.native = native_new(t), .lists = in.lists[DIR_OUT], .v6 = v6};
	gint64 start = g_get_monotonic_time();
	for (guint i = 0; i < sources * times(); i++)
		ask_source(&s);
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
	compare(strrchr(path, '/') + 1, list, NULL, FALSE, SOURCES);
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

/* Prefixes of few networks, so that they lie in one another; lengths on both sides of 64. */
static void random_addresses6(GArray *ranges, gboolean any)
{
	for (guint n = any ? 1 : 1 + scan_random(3); n; n--) {
		struct prefix6 p = {.length = (guint8)(any ? 0 : 48 + scan_random(81))};
		for (guint i = 0; i < 16 && p.length; i++)
			p.addr.b[i] = (guint8)(i < 5 ? 0x20 : scan_random(i % 8 == 6 ? 64 : 2));
		for (guint bit = p.length; bit < 128; bit++)
			p.addr.b[bit / 8] &= (guint8) ~(0x80 >> bit % 8);
		policy_add_prefix6(ranges, p);
	}
	policy_normalise6(ranges);
}

static void random_ports(GArray *ranges, guint any)
{
	guint32 first = scan_random(65536);
	if (scan_random(any))
		policy_add_range(ranges, 0, 65535);
	else
		policy_add_range(ranges, first, first + (scan_random(3) ? 0 : scan_random(65536 - first)));
}

static GPtrArray *random_list(guint rules, guint32 number, gboolean v6)
{
	static const enum rule_protocol protocols[] = {PROTO_ANY, PROTO_TCP, PROTO_TCP, PROTO_UDP, PROTO_ICMP};
	GPtrArray *list = policy_list_new();
	for (guint i = 0; i < rules; i++) {
		struct policy_rule *r = policy_rule_new();
		guint any = scan_random(8); /* never both: nothing would ever reach what follows */
		if (v6) {
			random_addresses6(r->source6, any == 0);
			random_addresses6(r->destination6, any == 1);
		} else {
			random_addresses(r->source, any == 0);
			random_addresses(r->destination, any == 1);
		}
		random_ports(r->source_ports, 4);
		random_ports(r->destination_ports, 2);
		r->protocol = protocols[scan_random(G_N_ELEMENTS(protocols))];
		r->allow = scan_random(3) != 0;
		r->number = number + i;
		g_ptr_array_add(list, r);
	}
	return list;
}

static void test_random(gconstpointer nothing)
{
	(void)nothing;
	g_autoptr(GPtrArray) list = random_list(10000, 1, FALSE);
	compare("random-10000", list, NULL, FALSE, SOURCES);
}

/* Both longer than a row's first block has room for; with the second list's number where the first one's do not end. */
static void test_composed(gconstpointer nothing)
{
	(void)nothing;
	g_autoptr(GPtrArray) first = random_list(10000, 1, FALSE), second = random_list(9999, 1000000, FALSE);
	compare("random-10000+9999", first, second, FALSE, MAX(SOURCES / 8, 16));
	g_ptr_array_set_size(first, 1000);
	g_ptr_array_set_size(second, 1000);
	compare("random-1000+1000", first, second, FALSE, SOURCES);
}

static void test_random6(gconstpointer nothing)
{
	(void)nothing;
	g_autoptr(GPtrArray) list = random_list(3000, 1, TRUE);
	compare("random-ipv6-3000", list, NULL, TRUE, SOURCES);
}

static void test_composed6(gconstpointer nothing)
{
	(void)nothing;
	g_autoptr(GPtrArray) first = random_list(1000, 1, TRUE), second = random_list(1000, 1000000, TRUE);
	compare("random-ipv6-1000+1000", first, second, TRUE, SOURCES / 4);
}

static void add(const char *kind, const char *name, guint sources, gconstpointer data, void (*test)(gconstpointer))
{
	g_autofree char *path =
	        g_strdup_printf("/%s/%s-%u-headers", kind, name, sources * times() * DESTINATIONS * SERVICES);
	g_test_add_data_func(path, data, test);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	scan_seed((guint32)g_test_rand_int());
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autoptr(GPtrArray) paths = classbench_paths(shared ? shared : SHARED);
	for (guint i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		add("classbench", strrchr(path, '/') + 1, SOURCES, path, test_set);
	}
	add("lists", "random", SOURCES, NULL, test_random);
	add("lists", "composed", MAX(SOURCES / 8, 16) + SOURCES, NULL, test_composed);
	add("lists", "ipv6-random", SOURCES, NULL, test_random6);
	add("lists", "ipv6-composed", SOURCES / 4, NULL, test_composed6);
	return g_test_run();
}
