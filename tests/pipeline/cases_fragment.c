/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments: judged by their first, never without it; and a naive model of them beside both builds on random sequences. */
#include "kernel.h"
#include "scene.h"
#include "explain/table.h"
#include <string.h>

#define A1     WORLD_ADDR(1, 4)
#define A2     WORLD_ADDR(1, 5)
#define A3     WORLD_ADDR(2, 4)
#define FAR    WORLD_ADDR(9, 4)
#define PUBLIC WORLD_PUBLIC(11) /* of port 3, one to one */
#define MORE   0x2000

static const struct twin_in from_1 = {TWIN_PORT, .port = 1}, from_edge = {TWIN_EDGE};
static const struct twin_in from_far = {TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE};

/* Where the data of a piece begins. */
static gsize head(void)
{
	return frame_family == 6 ? 62 : 34;
}

static void set_place(struct frame *f, gsize offset, gboolean more)
{
	if (frame_family == 6) {
		frame_set16(f, 56, (guint16)(offset | more));
		return;
	}
	frame_set16(f, 20, (guint16)(offset / 8 | (more ? MORE : 0)));
	frame_sum_ip(f);
}

/* Of a piece, whose length has changed. */
static void set_length(struct frame *f, gsize length)
{
	f->length = length;
	frame_set16(f, frame_family == 6 ? 18 : 16, (guint16)(length - (frame_family == 6 ? 54 : 14)));
	if (frame_family == 4)
		frame_sum_ip(f);
}

static void set_protocol(struct frame *f, guint8 protocol)
{
	f->data[frame_family == 6 ? 54 : 23] = protocol;
	if (frame_family == 4)
		frame_sum_ip(f);
}

/*
 * A piece of the datagram that `s` describes, with s->payload bytes behind its L4 header: `length` bytes from `offset`
 * on. The L4 checksum is the whole datagram's.
 */
static struct frame piece(const struct frame_spec *s, guint16 id, gsize offset, gsize length)
{
	struct frame whole, f;
	gsize end = offset + length, all;

	frame_build(&whole, s);
	f = whole;
	all = whole.length - frame_l4(&whole);
	end = MIN(end, all);
	memmove(f.data + head(), whole.data + frame_l4(&whole) + offset, end - offset);
	if (frame_family == 6) {
		memcpy(f.data + 54, (guint8[]){f.data[20], 0, 0, 0, 0x5a, 0xa5, (guint8)(id >> 8), (guint8)id}, 8);
		f.data[20] = 44;
	} else {
		frame_set16(&f, 18, id);
	}
	set_length(&f, head() + end - offset);
	set_place(&f, offset, end < all);
	return f;
}

static void drop(struct twin *w, const struct twin_in *in, struct frame f, enum esc_verdict reason, guint32 charged)
{
	scene_drop(w, in, &f, reason, charged);
}

static struct esc_effect pass(struct twin *w, const struct twin_in *in, struct frame *f)
{
	struct esc_effect e = twin_run(w, in, f);

	g_assert_cmpuint(e.verdict, ==, ESC_V_FORWARD);
	g_assert_true(frame_ip_good(f));
	twin_compare(w);
	return e;
}

static struct esc_effect pass_copy(struct twin *w, const struct twin_in *in, struct frame f)
{
	return pass(w, in, &f);
}

/* What the pieces make, put together again: good checksums, and the rest as it was sent. */
static void whole_is_good(const struct frame *first, const struct frame *last, gsize offset)
{
	struct frame f = *first;
	gsize l4 = frame_l4(&f), length = last->length - head();

	memmove(f.data + l4, first->data + head(), offset);
	memcpy(f.data + l4 + offset, last->data + head(), length);
	f.length = l4 + offset + length;
	if (frame_family == 6)
		f.data[20] = first->data[54];
	else
		frame_set16(&f, 20, 0);
	set_length(&f, f.length);
	g_assert_true(frame_good(&f));
	g_assert_cmphex(frame_source(first), ==, frame_source(last));
	g_assert_cmphex(frame_destination(first), ==, frame_destination(last));
}

static struct frame_spec udp(guint32 saddr, guint32 daddr, guint16 dport)
{
	struct frame_spec s = scene_from(1, saddr, daddr, 17, 4000, dport);

	s.payload = 100;
	return s;
}

/* The later one alone, after a first that was denied, after one that was too long ago, after one of another datagram. */
static void test_without_first(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, A3, 53), denied = udp(A1, A3, 54);
	struct frame first = piece(&s, 7, 0, 48), last = piece(&s, 7, 48, 100);

	drop(w, &from_1, last, ESC_V_FRAGMENT, 1);
	drop(w, &from_1, piece(&denied, 7, 0, 48), ESC_V_POLICY_IN, 3);
	drop(w, &from_1, last, ESC_V_FRAGMENT, 1);
	pass_copy(w, &from_1, first);
	drop(w, &from_1, piece(&s, 8, 48, 100), ESC_V_FRAGMENT, 1);
	s.daddr = A2;
	drop(w, &from_1, piece(&s, 7, 48, 100), ESC_V_FRAGMENT, 1);
	pass_copy(w, &from_1, last);
	twin_advance(w, 3000);
	pass_copy(w, &from_1, last);
	twin_advance(w, 1);
	drop(w, &from_1, last, ESC_V_FRAGMENT, 1);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 2);
}

/* Another port with the same addresses, in another network, has no part in it. */
static void test_per_port(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 1, 7, 0), other = scene_from(4, A1, A2, 1, 7, 0);
	struct twin_in from_4 = {TWIN_PORT, .port = 4};

	s.payload = other.payload = 100;
	pass_copy(w, &from_1, piece(&s, 7, 0, 48));
	drop(w, &from_4, piece(&other, 7, 48, 100), ESC_V_FRAGMENT, 4);
	pass_copy(w, &from_1, piece(&s, 7, 48, 100));
}

static void test_spoofed(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A2, A3, 53);

	drop(w, &from_1, piece(&s, 7, 0, 48), ESC_V_SPOOFED_IP, 1);
	s = udp(A1, A3, 53);
	world_mac(2, s.smac);
	drop(w, &from_1, piece(&s, 7, 0, 48), ESC_V_SPOOFED_MAC, 1);
	drop(w, &from_1, piece(&s, 7, 48, 48), ESC_V_SPOOFED_MAC, 1);
	s = udp(A1, A3, frame_family == 6 ? 546 : 68);
	drop(w, &from_1, piece(&s, 7, 0, 48), ESC_V_DHCP_SERVER, 1);
}

static void test_platform(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, 0xe0000001, 53);

	drop(w, &from_1, piece(&s, 7, 0, 48), ESC_V_BROADCAST, 1);
	s = udp(A1, WORLD_PLATFORM, 53);
	drop(w, &from_1, piece(&s, 7, 0, 48), ESC_V_NO_SERVICE, 1);
	drop(w, &from_1, piece(&s, 7, 48, 48), ESC_V_FRAGMENT, 1);
}

/* No first fragment is judged by half a header, and no later one writes over what it was judged by. */
static void test_tiny_and_overlap(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 8080), u = udp(A1, A3, 53);
	struct frame f;

	s.payload = 100;
	drop(w, &from_1, piece(&s, 7, 0, 8), ESC_V_FRAGMENT_TINY, 1);
	drop(w, &from_1, piece(&s, 7, 0, 16), ESC_V_FRAGMENT_TINY, 1);
	f = piece(&s, 7, 0, 24);
	f.data[head() + 12] = 7 << 4; /* options that are in the next */
	drop(w, &from_1, f, ESC_V_FRAGMENT_TINY, 1);
	drop(w, &from_1, piece(&s, 7, 8, 24), ESC_V_FRAGMENT_OVERLAP, 1);
	drop(w, &from_1, piece(&s, 7, 16, 24), ESC_V_FRAGMENT_OVERLAP, 1);
	pass_copy(w, &from_1, piece(&s, 7, 0, 24));
	drop(w, &from_1, piece(&s, 7, 16, 24), ESC_V_FRAGMENT_OVERLAP, 1);
	pass_copy(w, &from_1, piece(&s, 7, 24, 24));

	pass_copy(w, &from_1, piece(&u, 8, 0, 48));
	drop(w, &from_1, piece(&u, 8, 8, 8), ESC_V_FRAGMENT_OVERLAP, 1);
	drop(w, &from_1, piece(&u, 8, 40, 24), ESC_V_FRAGMENT_OVERLAP, 1);
	pass_copy(w, &from_1, piece(&u, 8, 48, 24));
}

static void test_malformed(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, A3, 53), ping = scene_from(1, A1, A2, 1, 7, 0);
	struct frame good = piece(&s, 7, 0, 48), f = good, about, error;
	struct twin_in super = {TWIN_PORT, .port = 1, .gso_size = 40, .gso_segs = 2};

	set_length(&f, f.length - 1); /* not the last, and no multiple of 8 */
	drop(w, &from_1, f, ESC_V_MALFORMED, 1);
	f = good;
	frame_set16(&f, head() + 4, 48); /* says that this is all, and that there is more */
	drop(w, &from_1, f, ESC_V_MALFORMED, 1);
	frame_set16(&f, head() + 4, 7);
	drop(w, &from_1, f, ESC_V_MALFORMED, 1);
	f = good;
	g_assert_cmpuint(twin_run(w, &super, &f).verdict, ==, ESC_V_MALFORMED);
	f = good;
	set_place(&f, 65528, FALSE); /* beyond the largest datagram: the ping of death */
	drop(w, &from_1, f, ESC_V_MALFORMED, 1);
	set_place(&f, 16, FALSE);
	set_length(&f, head());
	drop(w, &from_1, f, ESC_V_MALFORMED, 1); /* nothing in it */
	frame_build(&about, &ping);
	frame_error(&error, &about, A2, 3, 4); /* errors are never so long */
	if (frame_family == 6) {
		memmove(error.data + 62, error.data + 54, error.length - 54);
		memcpy(error.data + 54, (guint8[]){58, 0, 0, 1, 0, 0, 0, 7}, 8);
		error.data[20] = 44;
		set_length(&error, error.length + 8);
	} else {
		frame_set16(&error, 20, MORE);
		frame_sum_ip(&error);
	}
	drop(w, &from_1, error, ESC_V_MALFORMED, 1);
	f = good;
	set_protocol(&f, 47);
	drop(w, &from_1, f, ESC_V_PROTOCOL, 1);
	set_place(&f, 64, FALSE);
	drop(w, &from_1, f, ESC_V_PROTOCOL, 1);
	pass_copy(w, &from_1, good);
}

/* What IPv6 alone has: headers around headers, a header around a whole datagram, and discovery in pieces (RFC 6980). */
static void test_six(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, A3, 53), ping = scene_from(1, A1, A2, 1, 7, 0);
	struct frame good = piece(&s, 7, 0, 200), f = piece(&ping, 7, 0, 200);

	f.data[62] = 135;
	drop(w, &from_1, f, ESC_V_PROTOCOL, 1);
	f = good;
	for (guint i = 0; i < 3; i++) {
		set_protocol(&f, (guint8[]){44, 0, 60}[i]);
		drop(w, &from_1, f, ESC_V_EXTENSION, 1);
	}
	f = good;
	set_length(&f, 61);
	drop(w, &from_1, f, ESC_V_MALFORMED, 1);
	s.daddr = A1;
	s.dport = s.sport;
	drop(w, &from_1, piece(&s, 7, 0, 200), ESC_V_MALFORMED, 1);
	pass_copy(w, &from_1, good);
	/* one around a whole datagram is nobody's first */
	s = udp(A1, A3, 53);
	drop(w, &from_1, piece(&s, 7, 48, 100), ESC_V_FRAGMENT, 1);
}

/* A SYN in pieces says where its options are all the same. */
static void test_syn(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 8080);
	struct esc_flow_key key = {
	        GUINT32_TO_BE(A1), GUINT32_TO_BE(A2), GUINT16_TO_BE(40000), GUINT16_TO_BE(8080), 6, 0, 1};
	struct esc_flow flow;

	s.scale = 1 + 7;
	s.payload = 100;
	pass_copy(w, &from_1, piece(&s, 7, 0, 48));
	pass_copy(w, &from_1, piece(&s, 7, 48, 100));
	g_assert_true(scene_flow(w, &key, &flow));
	g_assert_cmpuint(flow.tcp >> ESC_TCP_SCALE, ==, 7);
}

/* Later ones are packets of the flow: counted there, judged anew by a changed policy, and nothing to TCP's state. */
static void test_follows_flow(void)
{
	g_autoptr(tables) denied = world_tables_denied(3);
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, A3, 53);
	struct esc_flow_key key = {
	        GUINT32_TO_BE(A1), GUINT32_TO_BE(A3), GUINT16_TO_BE(4000), GUINT16_TO_BE(53), 17, 0, 1};
	struct esc_flow flow;

	pass_copy(w, &from_1, piece(&s, 7, 0, 48));
	pass_copy(w, &from_1, piece(&s, 7, 48, 24));
	pass_copy(w, &from_1, piece(&s, 7, 72, 100));
	g_assert_true(scene_flow(w, &key, &flow));
	g_assert_cmpuint(flow.packets, ==, 3);
	twin_update(w, denied);
	drop(w, &from_1, piece(&s, 7, 72, 100), ESC_V_POLICY_IN, 3);
	drop(w, &from_1, piece(&s, 7, 72, 100), ESC_V_FRAGMENT, 1);
}

static void test_keeps_change(void)
{
	g_autoptr(tables) other = world_tables_denied(2);
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, A3, 53);

	pass_copy(w, &from_1, piece(&s, 7, 0, 48));
	for (guint i = 0; i < other->ports->len; i++) {
		struct table_port *p = other->ports->pdata[i];
		p->judge ^= 1; /* every policy has changed, and allows this as before */
	}
	twin_update(w, other);
	pass_copy(w, &from_1, piece(&s, 7, 48, 100));
}

/* Over the overlay and back: each host remembers for itself, and only the right host's pieces count. */
static void test_overlay(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, FAR, 53), in = scene_overlay(1, FAR, A1, 17, 53, 4000);
	struct esc_effect e;

	in.payload = 100;
	e = pass_copy(w, &from_1, piece(&s, 7, 0, 48));
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	e = pass_copy(w, &from_1, piece(&s, 7, 48, 100));
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	g_assert_cmphex(GUINT32_FROM_BE(e.remote), ==, WORLD_REMOTE);
	drop(w, &from_far, piece(&in, 7, 48, 100), ESC_V_FRAGMENT, 1); /* the same number, the other direction */
	pass_copy(w, &from_far, piece(&in, 7, 0, 48));
	e = pass_copy(w, &from_far, piece(&in, 7, 48, 100));
	g_assert_cmpuint(e.delivery, ==, ESC_TO_PEER);
	drop(w, &(struct twin_in){TWIN_OVERLAY, .vni = 200, .remote = WORLD_REMOTE}, piece(&in, 7, 48, 100),
	     ESC_V_WRONG_NETWORK, 1);
}

/* One to one: addresses change in every piece, the checksum of L4 in the first alone, for all of them. */
static void test_translated(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec in = scene_outside(WORLD_CLIENT, PUBLIC, 17, 4000, 53),
	                  out = scene_from(3, A3, WORLD_CLIENT, 17, 53, 4000);
	struct twin_in from_3 = {TWIN_PORT, .port = 3};
	struct frame first, last;

	in.payload = out.payload = 100;
	first = piece(&in, 7, 0, 48);
	last = piece(&in, 7, 48, 61);
	drop(w, &from_edge, last, ESC_V_FRAGMENT, 0);
	pass(w, &from_edge, &first);
	pass(w, &from_edge, &last);
	g_assert_cmphex(frame_destination(&first), ==, A3);
	whole_is_good(&first, &last, 48);
	first = piece(&out, 9, 0, 48);
	last = piece(&out, 9, 48, 61);
	pass(w, &from_3, &first);
	pass(w, &from_3, &last);
	g_assert_cmphex(frame_source(&first), ==, PUBLIC);
	whole_is_good(&first, &last, 48);
}

/* Answers of those who share an address come in; what they send does not go out in pieces. */
static void test_shared(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(2, A2, WORLD_CLIENT, 17, 4000, 53), back;
	struct twin_in from_2 = {TWIN_PORT, .port = 2};
	struct frame f, first, last;

	s.payload = 100;
	drop(w, &from_2, piece(&s, 7, 0, 48), ESC_V_FRAGMENT_SNAT, 2);
	drop(w, &from_2, piece(&s, 7, 48, 100), ESC_V_FRAGMENT_SNAT, 2);
	frame_build(&f, &s);
	pass(w, &from_2, &f);
	back = scene_outside(WORLD_CLIENT, WORLD_VIP, 17, 53, frame_get16(&f, 34));
	back.payload = 100;
	first = piece(&back, 7, 0, 48);
	last = piece(&back, 7, 48, 61);
	pass(w, &from_edge, &first);
	pass(w, &from_edge, &last);
	g_assert_cmphex(frame_get32(&last, 30), ==, A2);
	whole_is_good(&first, &last, 48);
}

/* The endpoint at this port of the public address is one of UDP, in both families. */
static void of_udp(struct tables *t, guint16 port)
{
	for (guint32 i = 0; i < t->endpoints->len; i++) {
		struct table_endpoint *e = &g_array_index(t->endpoints, struct table_endpoint, i);
		struct table_endpoint6 *e6 = &g_array_index(t->endpoints6, struct table_endpoint6, i);
		if (e->key.vip != GUINT32_TO_BE(WORLD_VIP) || e->key.port != GUINT16_TO_BE(port))
			continue;
		g_assert_cmpuint(e6->key.port, ==, e->key.port);
		e->key.proto = e6->key.proto = 17;
	}
}

/* All pieces of a datagram reach the back end that whole packets of its conversation reach, on whatever host it is. */
static void test_balanced(void)
{
	g_autoptr(tables) t = world_tables();
	guint reached[2] = {0};

	of_udp(t, 80);
	world_dnat(t, 1, WORLD_VIP, 80, 17, A1, 8080, 0);
	world_dnat(t, 2, WORLD_VIP, 80, 17, A2, 8080, 0);
	g_autoptr(twin) w = twin_new(t);
	for (guint16 i = 0; i < 40; i++) {
		struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 17, (guint16)(5000 + i), 80);
		struct frame whole, first, last, alone;
		struct esc_effect e;
		gboolean xdp = i % 2;
		s.payload = 100;
		frame_build(&whole, &s);
		e = twin_run(w, &from_edge, &whole);
		first = piece(&s, (guint16)(100 + i), 0, 48);
		last = piece(&s, (guint16)(100 + i), 48, 61);
		alone = last;
		if (xdp) {
			drop(w, &(struct twin_in){TWIN_XDP}, last, ESC_V_FRAGMENT, 0);
			g_assert_cmpuint(twin_run(w, &(struct twin_in){TWIN_XDP}, &first).verdict, ==, ESC_V_FORWARD);
		}
		struct esc_effect f = twin_run(w, &(struct twin_in){TWIN_EDGE, .marked = xdp}, &first);
		if (xdp)
			g_assert_cmpuint(twin_run(w, &(struct twin_in){TWIN_XDP}, &alone).verdict, ==, ESC_V_FORWARD);
		struct esc_effect l = twin_run(w, &(struct twin_in){TWIN_EDGE, .marked = xdp}, &last);
		g_assert_cmpuint(f.port, ==, e.port);
		g_assert_cmpuint(f.verdict, ==, e.verdict);
		g_assert_cmpuint(f.ifindex, ==, e.ifindex);
		if (e.verdict == ESC_V_FORWARD)
			g_assert_cmpmem(&l, sizeof(l), &f, sizeof(f));
		else
			g_assert_cmpuint(l.verdict, ==, ESC_V_FRAGMENT); /* port 2's rules let no UDP in */
		reached[e.port - 1]++;
	}
	g_assert_true(reached[0] && reached[1]);
}

/* A back end on another host: the pieces go there, still for the public address. */
static void test_balanced_far(void)
{
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 17, 5000, 81);

	of_udp(t, 81);
	s.payload = 100;
	g_autoptr(twin) w = twin_new(t);
	drop(w, &from_edge, piece(&s, 7, 48, 61), ESC_V_FRAGMENT, 0);
	for (guint i = 0; i < 2; i++) {
		struct esc_effect e = pass_copy(w, &from_edge, piece(&s, 7, i * 48, i ? 61 : 48));
		g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
		g_assert_cmpuint(e.vni, ==, ESC_VNI_EDGE);
	}
}

/* A flood of firsts costs the port that sends it its own memory, and nobody else's. */
static void test_quota(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = udp(A1, A3, 53), other = scene_from(2, A2, A3, 17, 4000, 53);
	struct twin_in from_2 = {TWIN_PORT, .port = 2};
	guint kept = 0;

	other.payload = 100;
	pass_copy(w, &from_2, piece(&other, 7, 0, 48));
	for (guint16 id = 0; id < 300; id++) {
		struct frame f = piece(&s, id, 0, 48);
		twin_advance(w, id % 2);
		g_assert_cmpuint(twin_run(w, &from_1, &f).verdict, ==, ESC_V_FORWARD);
	}
	for (guint16 id = 0; id < 300; id++) {
		struct frame f = piece(&s, id, 48, 61);
		gboolean here = twin_run(w, &from_1, &f).verdict == ESC_V_FORWARD;
		g_assert_false(here && id < 100); /* the oldest have gone first */
		kept += here;
	}
	g_assert_cmpuint(kept, ==, ESC_FRAGMENT_SETS * ESC_FRAGMENT_WAYS);
	pass_copy(w, &from_2, piece(&other, 7, 48, 61));
}

/* Where the program that goes on with fragments is missing, they end. */
static void test_no_program(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct kernel *k = twin_kernel(w);
	struct frame_spec s = udp(A1, A3, 53);
	struct frame f = piece(&s, 7, 0, 48);
	guint32 returned;
	struct esc_mark mark = {0};

	if (!k) {
		g_test_skip("no kernel twin here");
		return;
	}
	kernel_forget_siblings(k);
	g_assert_cmpuint(kernel_run(k, &from_1, &f, &returned, &mark).verdict, ==, ESC_V_FRAGMENT);
	g_assert_cmpuint(returned, ==, 2); /* TC_ACT_SHOT */
	g_assert_cmpuint(kernel_drops(k, 1, ESC_V_FRAGMENT), ==, 1);
	kernel_put_siblings(k);
	g_assert_cmpuint(kernel_run(k, &from_1, &f, &returned, &mark).verdict, ==, ESC_V_FORWARD);
}

/* The naive model: what has passed, in a list. */
struct naive_first {
	guint32 saddr, daddr;
	guint16 id, dport;
	guint8 protocol;
	guint64 when;
	gsize end;
};

static enum esc_verdict naive_later(const GArray *firsts, const struct frame_spec *s, guint16 id, gsize offset,
                                    guint64 now)
{
	for (guint i = firsts->len; i-- > 0;) { /* the last word counts */
		const struct naive_first *f = &g_array_index(firsts, struct naive_first, i);
		if (f->saddr != s->saddr || f->daddr != s->daddr || f->id != id || f->protocol != s->protocol)
			continue;
		if (now - f->when > 3000)
			return ESC_V_FRAGMENT;
		return offset < f->end ? ESC_V_FRAGMENT_OVERLAP : ESC_V_FORWARD;
	}
	return ESC_V_FRAGMENT;
}

static enum esc_verdict naive_piece(GArray *firsts, const struct frame_spec *s, guint16 id, gsize offset, gsize end,
                                    guint64 now)
{
	struct naive_first f = {s->saddr, s->daddr, id, s->dport, s->protocol, now, end};
	gsize header = s->protocol == 6 ? 20 : 8;

	if (s->protocol == 6 && offset && offset < 20)
		return ESC_V_FRAGMENT_OVERLAP;
	if (offset)
		return naive_later(firsts, s, id, offset, now);
	if (end < header)
		return ESC_V_FRAGMENT_TINY;
	if (s->daddr == A3 && (s->protocol != 17 || s->dport != 53))
		return ESC_V_POLICY_IN;
	g_array_append_val(firsts, f);
	return ESC_V_FORWARD;
}

/* Few datagrams, so that none loses its place, in any order, again and again, over more time than they are kept. */
static void test_naive(void)
{
	static const guint8 protocols[] = {17, 17, 6, 1};

	for (guint round = 0; round < 8; round++) {
		g_autoptr(twin) w = twin_new_world();
		g_autoptr(GArray) firsts = g_array_new(FALSE, FALSE, sizeof(struct naive_first));
		guint64 now = 0;
		for (guint i = 0; i < 120; i++) {
			struct frame_spec s =
			        udp(A1, g_test_rand_bit() ? A3 : FAR, g_test_rand_int_range(0, 4) ? 53 : 54);
			guint16 id = (guint16)g_test_rand_int_range(0, 2);
			gsize offset = (gsize)g_test_rand_int_range(0, 5) * 8;
			gsize length = (gsize)g_test_rand_int_range(1, 5) * 8;
			guint64 wait = g_test_rand_int_range(0, 10) ? 0 : (guint64)g_test_rand_int_range(0, 2000);
			s.protocol = protocols[round % 4];
			s.sport = s.protocol == 1 ? 7 : 4000;
			twin_advance(w, wait);
			now += wait;
			struct frame f = piece(&s, id, offset, length);
			g_assert_cmpuint(twin_run(w, &from_1, &f).verdict, ==,
			                 naive_piece(firsts, &s, id, offset, offset + length, now));
		}
		twin_compare(w);
	}
}

/* Pieces with a bit or two of their headers turned: both builds agree on what becomes of them. */
static void test_damaged(void)
{
	g_autoptr(twin) w = twin_new_world();

	for (guint i = 0; i < 600; i++) {
		struct frame_spec s = udp(A1, g_test_rand_bit() ? A3 : FAR, 53),
		                  in = scene_outside(WORLD_CLIENT, PUBLIC, 17, 4000, 53);
		gboolean outside = g_test_rand_bit();
		in.payload = 100;
		in.protocol = s.protocol = g_test_rand_bit() ? 17 : 6;
		struct frame f = piece(outside ? &in : &s, (guint16)g_test_rand_int_range(0, 4),
		                       (gsize)g_test_rand_int_range(0, 4) * 8, (gsize)g_test_rand_int_range(1, 6) * 8);
		for (guint n = (guint)g_test_rand_int_range(0, 3); n; n--)
			f.data[g_test_rand_int_range(12, (gint)head() + 20)] ^=
			        (guint8)(1u << g_test_rand_int_range(0, 8));
		if (frame_family == 4 && g_test_rand_bit())
			frame_sum_ip(&f);
		twin_run(w, outside ? &from_edge : &from_1, &f);
	}
	twin_compare(w);
}

void cases_fragment_register(void)
{
	scene_both("/fragment/without-first", test_without_first);
	scene_both("/fragment/per-port", test_per_port);
	scene_both("/fragment/spoofed", test_spoofed);
	g_test_add_func("/fragment/platform", test_platform);
	scene_both("/fragment/tiny-and-overlap", test_tiny_and_overlap);
	scene_both("/fragment/malformed", test_malformed);
	scene_six("/fragment/six", test_six);
	scene_both("/fragment/syn", test_syn);
	scene_both("/fragment/follows-flow", test_follows_flow);
	scene_both("/fragment/keeps-change", test_keeps_change);
	scene_both("/fragment/overlay", test_overlay);
	scene_both("/fragment/translated", test_translated);
	g_test_add_func("/fragment/shared", test_shared);
	scene_both("/fragment/balanced", test_balanced);
	scene_both("/fragment/far", test_balanced_far);
	scene_both("/fragment/quota", test_quota);
	scene_both("/fragment/naive", test_naive);
	scene_both("/fragment/damaged", test_damaged);
	g_test_add_func("/fragment/no-program", test_no_program);
}
