/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel knows of a packet beside its bytes: super-frames. And what is told of a drop. */
#include "scene.h"
#include <string.h>

#define A1     WORLD_ADDR(1, 4)
#define A2     WORLD_ADDR(1, 5)
#define REMOTE WORLD_ADDR(9, 4)

static struct frame tcp(guint32 daddr, guint payload, guint8 flags)
{
	struct frame_spec s = scene_from(1, A1, daddr, 6, 40000, 8080);
	struct frame f;

	s.flags = flags;
	s.payload = payload;
	frame_build(&f, &s);
	return f;
}

static enum esc_verdict run(struct twin *w, struct frame f, guint16 segs, guint16 size)
{
	struct twin_in in = {TWIN_PORT, .port = 1, .gso_segs = segs, .gso_size = size};

	return twin_run(w, &in, &f).verdict;
}

static void answer(struct twin *w, const struct twin_in *in, struct frame_spec s)
{
	s.flags = FRAME_SYN | FRAME_ACK;
	if (in->entry == TWIN_PORT)
		port_pass(w, in->port, &s, NULL);
	else
		overlay_pass(w, in->vni, in->remote, &s, NULL);
}

/* A super-frame counts as the packets that it stands for, as many as its bytes make, whatever a tap says. */
static void test_super_frame_counts(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct esc_flow_key key = {.saddr = GUINT32_TO_BE(A1),
	                           .daddr = GUINT32_TO_BE(A2),
	                           .sport = GUINT16_TO_BE(40000),
	                           .dport = GUINT16_TO_BE(8080),
	                           .proto = 6,
	                           .dir = ESC_FLOW_FROM,
	                           .port = 1};
	struct esc_flow e;

	g_assert_cmpuint(run(w, tcp(WORLD_ADDR(1, 9), 1000, FRAME_SYN), 10, 100), ==, ESC_V_UNREACHABLE);
	g_assert_cmpuint(twin_drops(w, 1, ESC_V_UNREACHABLE), ==, 10);
	g_assert_cmpuint(run(w, tcp(A2, 0, FRAME_SYN), 0, 0), ==, ESC_V_FORWARD);
	answer(w, &(struct twin_in){TWIN_PORT, .port = 2}, scene_from(2, A2, A1, 6, 8080, 40000));
	g_assert_cmpuint(run(w, tcp(A2, 1000, FRAME_ACK), 10, 100), ==, ESC_V_FORWARD);
	g_assert_cmpuint(run(w, tcp(A2, 1000, FRAME_ACK), 0, 100), ==, ESC_V_FORWARD);
	g_assert_true(scene_flow(w, &key, &e));
	g_assert_cmpuint(e.packets, ==, 1 + 10 + 10);
	twin_compare(w);
}

/* The fabric carries the parts of a super-frame, not the whole. */
static void test_super_frame_fits(void)
{
	g_autoptr(tables) t = world_tables();

	t->self.overlay_mtu = frame_family == 6 ? 520 : 500;
	g_autoptr(twin) w = twin_new(t);
	g_assert_cmpuint(run(w, tcp(REMOTE, 461, FRAME_SYN), 0, 0), ==, ESC_V_TOO_BIG);
	g_assert_cmpuint(run(w, tcp(REMOTE, 1000, FRAME_SYN), 3, 461), ==, ESC_V_TOO_BIG);
	g_assert_cmpuint(run(w, tcp(REMOTE, 1000, FRAME_SYN), 3, 460), ==, ESC_V_FORWARD);
	answer(w, &(struct twin_in){TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE},
	       scene_overlay(1, REMOTE, A1, 6, 8080, 40000));
	g_assert_cmpuint(run(w, tcp(REMOTE, 460, FRAME_ACK), 0, 0), ==, ESC_V_FORWARD);
	twin_compare(w);
}

static void test_event(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 81);
	struct esc_event e;

	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	g_assert_cmpuint(native_events(twin_native(w), &e), ==, 1);
	g_assert_cmpuint(e.verdict, ==, ESC_V_POLICY_IN);
	g_assert_cmpuint(e.port, ==, 2);
	g_assert_cmphex(e.saddr.w[frame_family == 6 ? 3 : 0], ==, GUINT32_TO_BE(A1));
	g_assert_cmphex(e.daddr.w[frame_family == 6 ? 3 : 0], ==, GUINT32_TO_BE(A2));
	g_assert_cmpuint(GUINT16_FROM_BE(e.sport), ==, 40000);
	g_assert_cmpuint(GUINT16_FROM_BE(e.dport), ==, 81);
	g_assert_cmpuint(e.proto, ==, 6);
	g_assert_cmpuint(e.family, ==, frame_family);
	g_assert_cmpuint(e.rule[0] + e.rule[1], ==, 23);
}

/* A flood of one port's drops leaves the others their say, and each second begins anew. */
static void test_event_budget(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 81), other = scene_from(5, A2, WORLD_ADDR(1, 9), 6, 1, 2);
	struct esc_event e;

	for (guint i = 0; i < 2 * ESC_EVENTS_PER_SECOND; i++)
		port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	g_assert_cmpuint(native_events(twin_native(w), &e), ==, ESC_EVENTS_PER_SECOND);
	g_assert_cmpuint(twin_drops(w, 2, ESC_V_POLICY_IN), ==, 2 * ESC_EVENTS_PER_SECOND);
	port_drop(w, 5, &other, ESC_V_UNREACHABLE, 5);
	g_assert_cmpuint(native_events(twin_native(w), &e), ==, ESC_EVENTS_PER_SECOND + 1);
	g_assert_cmpuint(e.port, ==, 5);
	twin_advance(w, 1000);
	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	g_assert_cmpuint(native_events(twin_native(w), &e), ==, ESC_EVENTS_PER_SECOND + 2);
}

void cases_skb_register(void)
{
	scene_both("/skb/super-frame/counts", test_super_frame_counts);
	scene_both("/skb/super-frame/fits", test_super_frame_fits);
	scene_both("/event/content", test_event);
	scene_both("/event/budget", test_event_budget);
}
