/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: kernel and native against what a bucket is by definition, port by port and kind by kind. */
#include "scene.h"
#include "explain/table.h"
#include <string.h>

#define A1 WORLD_ADDR(1, 4)
#define A2 WORLD_ADDR(1, 5)
#define A3 WORLD_ADDR(2, 4)

/*
 * The naive bucket: by definition a packet passes when, looking back from it to any earlier one that passed, there were
 * no more of them than the burst and what the time between them has earned. Time in milliseconds.
 */
struct naive_bucket {
	GArray *passed; /* guint64: when */
	guint second, burst;
};

static gboolean naive_take(struct naive_bucket *b, guint64 now)
{
	guint count = b->passed->len;

	if (!b->burst)
		return FALSE;
	for (guint i = 0; i < count; i++) {
		guint64 since = now - g_array_index(b->passed, guint64, i);
		guint64 with_this = count - i + 1;
		if (with_this * 1000 > (guint64)b->burst * 1000 + since * b->second)
			return FALSE;
	}
	g_array_append_val(b->passed, now);
	return TRUE;
}

/* A question of that kind; answers whether the bucket let it through. */
static gboolean ask(struct twin *w, guint32 port, enum esc_limit kind)
{
	static const enum esc_verdict over[] = {ESC_V_RATE_ARP, ESC_V_RATE_DHCP, ESC_V_RATE_DNS},
	                              within[] = {ESC_V_ANSWERED, ESC_V_NO_SERVICE, ESC_V_NO_SERVICE};
	guint32 own = port == 2 ? A2 : A1;
	struct frame_spec s = scene_from(port, own, WORLD_PLATFORM, 17, 4000, 53);
	struct esc_effect e;
	struct frame f;

	if (kind == ESC_LIMIT_DHCP) {
		s.dport = 67;
		s.payload = 241;
	}
	frame_build(&f, &s);
	if (kind == ESC_LIMIT_ARP)
		frame_arp(&f, s.smac, s.smac, own, A3, 1);
	if (kind == ESC_LIMIT_DHCP) {
		memset(f.data + 42, 0, 241);
		memcpy(f.data + 42, "\1\1\6", 3);
		memcpy(f.data + 70, s.smac, 6);
		frame_set32(&f, 278, 0x63825363);
		frame_checksums(&f, FALSE);
	}
	e = twin_run(w, &(struct twin_in){TWIN_PORT, .port = port}, &f);
	g_assert_cmpuint(e.port, ==, port);
	if (e.verdict == over[kind])
		return FALSE;
	g_assert_cmpuint(e.verdict, ==, within[kind]);
	return TRUE;
}

static guint flood(struct twin *w, guint32 port, enum esc_limit kind, guint packets)
{
	guint passed = 0;

	for (guint i = 0; i < packets; i++)
		passed += ask(w, port, kind);
	return passed;
}

static void test_defaults(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const struct {
		guint second, burst;
	} rates[] = {{100, 200}, {10, 20}, {1000, 2000}};

	for (enum esc_limit kind = ESC_LIMIT_ARP; kind <= ESC_LIMIT_DNS; kind++) {
		g_assert_cmpuint(flood(w, 1, kind, rates[kind].burst + 50), ==, rates[kind].burst);
		g_assert_false(ask(w, 1, kind));
	}
	g_assert_cmpuint(twin_drops(w, 1, ESC_V_RATE_ARP), ==, 51);
	/* another port has buckets of its own, and they are full */
	g_assert_cmpuint(flood(w, 2, ESC_LIMIT_DHCP, 20), ==, 20);
	twin_advance(w, 100);
	for (enum esc_limit kind = ESC_LIMIT_ARP; kind <= ESC_LIMIT_DNS; kind++)
		g_assert_cmpuint(flood(w, 1, kind, rates[kind].burst), ==, rates[kind].second / 10);
	twin_advance(w, 3600 * 1000);
	g_assert_cmpuint(flood(w, 1, ESC_LIMIT_ARP, 300), ==, 200); /* no more than it holds, however long it rested */
	twin_compare(w);
}

/* What is refused for another reason costs nothing: nobody else could spend a port's tokens, nor does it itself. */
static void test_refused_is_free(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A2, WORLD_PLATFORM, 17, 4000, 53);
	guint8 own[6];
	struct frame f;

	world_mac(1, own);
	for (guint i = 0; i < 2100; i++) {
		port_drop(w, 1, &s, ESC_V_SPOOFED_IP, 1);
		frame_arp(&f, own, own, A2, A3, 1);
		scene_drop(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f, ESC_V_SPOOFED_ARP_IP, 1);
		if (i > 20 && i < 2080)
			i += 50;
	}
	g_assert_cmpuint(flood(w, 1, ESC_LIMIT_ARP, 201), ==, 200);
	g_assert_cmpuint(flood(w, 1, ESC_LIMIT_DNS, 2001), ==, 2000);
}

/* A super-frame is as many questions as it will be packets. */
static void test_super_frame(void)
{
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = scene_from(1, A1, WORLD_PLATFORM, 17, 4000, 53);
	struct twin_in in = {TWIN_PORT, .port = 1, .gso_size = 100, .gso_segs = 10};
	struct frame f;

	t->self.rates[ESC_LIMIT_DNS] = (struct esc_rate){1, 25};
	g_autoptr(twin) w = twin_new(t);
	s.payload = 1000;
	for (guint i = 0; i < 2; i++) {
		frame_build(&f, &s);
		g_assert_cmpuint(twin_run(w, &in, &f).verdict, ==, ESC_V_NO_SERVICE);
	}
	frame_build(&f, &s);
	g_assert_cmpuint(twin_run(w, &in, &f).verdict, ==, ESC_V_RATE_DNS);
	g_assert_cmpuint(flood(w, 1, ESC_LIMIT_DNS, 10), ==, 5);
	twin_compare(w);
}

static void test_closed(void)
{
	g_autoptr(tables) t = world_tables();

	memset(t->self.rates, 0, sizeof(t->self.rates));
	g_autoptr(twin) w = twin_new(t);
	twin_advance(w, 100000);
	for (enum esc_limit kind = ESC_LIMIT_ARP; kind <= ESC_LIMIT_DNS; kind++)
		g_assert_false(ask(w, 1, kind));
}

/* Packets of a flow are never asked: with all buckets empty it goes on, and buckets stay as they are. */
static void test_flows_are_free(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A3, 17, 4000, 53);
	const guint8 *limits = native_table(twin_native(w), "limits")->array;
	guint8 before[4 * sizeof(struct esc_limits)];

	port_pass(w, 1, &s, NULL);
	g_assert_cmpuint(flood(w, 1, ESC_LIMIT_DNS, 2100), ==, 2000);
	memcpy(before, limits, sizeof(before));
	for (guint i = 0; i < 100; i++)
		port_pass(w, 1, &s, NULL);
	g_assert_cmpmem(before, sizeof(before), limits, sizeof(before));
}

/* Random rates, random times, beside the definition; clocks that go round included. */
static void test_naive(void)
{
	for (guint round = 0; round < 12; round++) {
		g_autoptr(tables) t = world_tables();
		struct naive_bucket b = {.passed = g_array_new(FALSE, FALSE, sizeof(guint64))};
		guint64 now = round % 2 ? G_GUINT64_CONSTANT(0xffffffff) - 3000 : 1000;
		enum esc_limit kind = round % 3;

		b.second = (guint)g_test_rand_int_range(0, round < 6 ? 40 : 2000);
		b.burst = (guint)g_test_rand_int_range(0, 30);
		t->self.rates[kind] = (struct esc_rate){(esc_u16)b.second, (esc_u16)b.burst};
		g_autoptr(twin) w = twin_new(t);
		twin_advance(w, now);
		for (guint i = 0; i < 500; i++) {
			guint wait = g_test_rand_int_range(0, 4) ? 0 : (guint)g_test_rand_int_range(0, 120);
			twin_advance(w, wait);
			now += wait;
			g_assert_cmpint(ask(w, 1, kind), ==, naive_take(&b, now));
		}
		twin_compare(w);
		g_array_unref(b.passed);
	}
}

void cases_limit_register(void)
{
	g_test_add_func("/limit/defaults", test_defaults);
	g_test_add_func("/limit/refused-is-free", test_refused_is_free);
	g_test_add_func("/limit/super-frame", test_super_frame);
	g_test_add_func("/limit/closed", test_closed);
	g_test_add_func("/limit/flows-are-free", test_flows_are_free);
	g_test_add_func("/limit/naive", test_naive);
}
