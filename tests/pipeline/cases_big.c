/* SPDX-License-Identifier: Apache-2.0 */
/* More than the overlay carries: the packet is dropped, and its sender told how much would have been let through. */
#include "scene.h"
#include <string.h>

#define A1  WORLD_ADDR(1, 4)
#define A3  WORLD_ADDR(2, 4)
#define FAR WORLD_ADDR(9, 4)
#define MTU 1450 /* of the world's overlay */

static const struct twin_in from_1 = {TWIN_PORT, .port = 1}, from_edge = {TWIN_EDGE};
static const struct twin_in from_far = {TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE};

static guint header(void) /* IP and UDP */
{
	return frame_family == 6 ? 48 : 28;
}

static void is_told(const struct frame *f, const struct frame *before)
{
	gsize l4 = frame_l4(f), quoted = frame_family == 6 ? 56 : 28;

	g_assert_cmpuint(f->length, ==, l4 + 8 + quoted);
	g_assert_true(frame_good(f));
	frame_macs(f, before->data, before->data + 6);
	g_assert_cmphex(frame_source(f), ==, frame_destination(before));
	g_assert_cmphex(frame_destination(f), ==, frame_source(before));
	g_assert_cmpuint(f->data[frame_family == 6 ? 20 : 23], ==, frame_family == 6 ? 58 : 1);
	g_assert_cmpuint(frame_get16(f, l4), ==, frame_family == 6 ? 0x0200 : 0x0304);
	g_assert_cmpuint(frame_get16(f, l4 + 4), ==, 0);
	g_assert_cmpuint(frame_get16(f, l4 + 6), ==, MTU);
	g_assert_cmpmem(f->data + l4 + 8, quoted, before->data + 14, quoted);
}

/* Dropped and counted; TRUE when the sender is told. */
static gboolean told(struct twin *w, const struct twin_in *in, struct frame f, guint32 charged)
{
	guint64 count = twin_drops(w, charged, ESC_V_TOO_BIG);
	struct frame before = f;
	struct esc_effect e = twin_run(w, in, &f);

	g_assert_cmpuint(e.verdict, ==, ESC_V_TOO_BIG);
	g_assert_cmpuint(e.port, ==, charged);
	g_assert_cmpuint(twin_drops(w, charged, ESC_V_TOO_BIG), ==, count + MAX(in->gso_segs, 1));
	if (e.delivery == ESC_TO_NONE) {
		g_assert_cmpmem(f.data, f.length, before.data, before.length);
		return FALSE;
	}
	g_assert_cmpuint(e.delivery, ==, ESC_TO_SELF);
	g_assert_cmpuint(e.ifindex, ==, in->entry == TWIN_PORT ? 100 + in->port : 2);
	is_told(&f, &before);
	return TRUE;
}

static struct frame build(const struct frame_spec *s, gboolean whole)
{
	struct frame f;

	frame_build(&f, s);
	if (!whole && frame_family == 4) { /* its sender would let it be cut */
		frame_set16(&f, 20, 0);
		frame_sum_ip(&f);
	}
	return f;
}

static void test_port(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, FAR, 17, 40000, 80), local = scene_from(1, A1, A3, 17, 40000, 53);

	s.payload = MTU - header() + 1;
	g_assert_true(told(w, &from_1, build(&s, TRUE), 1));
	g_assert_true(told(w, &from_1, build(&s, FALSE), 1));
	s.protocol = 6;
	s.payload = MTU;
	g_assert_true(told(w, &from_1, build(&s, TRUE), 1));
	s.protocol = 1;
	g_assert_true(told(w, &from_1, build(&s, TRUE), 1));
	s.protocol = 17;
	s.payload = MTU - header();
	port_pass(w, 1, &s, NULL);
	local.payload = 1472; /* on this host nothing is too big */
	port_pass(w, 1, &local, NULL);
}

/* From outside, to a back end on another host: the sender there is told, in the name of the public address. */
static void test_edge(void)
{
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 81);
	struct twin_in marked = {TWIN_EDGE, .marked = TRUE};
	struct frame f;

	g_autoptr(twin) w = twin_new(t);
	s.payload = MTU - header() - 12 + 1;
	g_assert_true(told(w, &from_edge, build(&s, TRUE), 0));
	f = build(&s, TRUE);
	g_assert_cmpuint(twin_run(w, &(struct twin_in){TWIN_XDP}, &f).verdict, ==, ESC_V_FORWARD);
	g_assert_true(told(w, &marked, build(&s, TRUE), 0));
	s.payload = MTU - header() - 12;
	edge_pass(w, &s, NULL);
}

/* Each port has its share of answers, and no more. */
static void test_limit(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, FAR, 17, 40000, 80);
	guint count = 0;

	s.payload = MTU;
	for (guint i = 0; i < 250; i++)
		count += told(w, &from_1, build(&s, TRUE), 1);
	g_assert_cmpuint(count, ==, 200);
	s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 81);
	s.payload = MTU;
	g_assert_true(told(w, &from_edge, build(&s, TRUE), 0));
	twin_advance(w, 1000);
	s = scene_from(1, A1, FAR, 17, 40000, 80);
	s.payload = MTU;
	for (count = 0; told(w, &from_1, build(&s, TRUE), 1);)
		count++;
	g_assert_cmpuint(count, ==, 100);
}

/* A super-frame is as large as its parts; its answer is one packet. */
static void test_super(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, FAR, 6, 40000, 80);
	struct twin_in fits = {TWIN_PORT, .port = 1, .gso_size = (guint16)(MTU - header() - 12), .gso_segs = 2},
	               big = fits;
	struct frame f;

	big.gso_size++;
	s.payload = 1700;
	g_assert_true(told(w, &big, build(&s, TRUE), 1));
	f = build(&s, TRUE);
	g_assert_cmpuint(twin_run(w, &fits, &f).verdict, ==, ESC_V_FORWARD);
}

/* Nobody is told about what tells. */
static void test_error(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec in = scene_overlay(1, FAR, A1, 17, 53, 4000);
	struct frame about, error;

	frame_build(&about, &in);
	twin_run(w, &from_far, &about);
	frame_error(&error, &about, A1, 3, 3);
	memcpy(error.data, world_gateway, 6);
	world_mac(1, error.data + 6);
	error.length = 14 + MTU + 1;
	frame_set16(&error, frame_family == 6 ? 18 : 16, (guint16)(error.length - (frame_family == 6 ? 54 : 14)));
	frame_checksums(&error, FALSE);
	g_assert_false(told(w, &from_1, error, 1));
}

/* Nor about a piece that has no ports, but about the first. */
static void test_pieces(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec out = scene_from(1, A1, FAR, 17, 40000, 80);
	struct frame first, last, large;

	out.payload = 1480 - 8;
	frame_build(&last, &out);
	frame_set16(&last, 20, 10);
	frame_sum_ip(&last);
	frame_build(&large, &out);
	frame_set16(&large, 20, 0x2000);
	frame_set16(&large, 38, 1480 + 80);
	frame_sum_ip(&large);
	g_assert_true(told(w, &from_1, large, 1));
	out.payload = 72;
	frame_build(&first, &out);
	frame_set16(&first, 20, 0x2000);
	frame_set16(&first, 38, 80 + 1480);
	frame_sum_ip(&first);
	g_assert_cmpuint(twin_run(w, &from_1, &first).verdict, ==, ESC_V_FORWARD);
	g_assert_false(told(w, &from_1, last, 1));
}

void cases_big_register(void)
{
	scene_both("/big/port", test_port);
	scene_both("/big/edge", test_edge);
	scene_both("/big/limit", test_limit);
	scene_both("/big/super", test_super);
	scene_both("/big/error", test_error);
	g_test_add_func("/big/pieces", test_pieces);
}
