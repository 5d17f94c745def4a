/* SPDX-License-Identifier: Apache-2.0 */
/* TCP numbers: what a stranger who guesses them sends is dropped and changes nothing; what real stacks do passes. */
#include "scene.h"
#include <string.h>

#define A1     WORLD_ADDR(1, 4)
#define A2     WORLD_ADDR(1, 5)
#define SPORT  40000
#define C0     0xfffff000u /* the client's first number: it soon goes round */
#define S0     0x7ffffff0u /* the server's */
#define COARSE 65536u
#define SCALE  7
#define WINDOW (65535u << SCALE)

enum side { CLIENT, SERVER };

static struct frame_spec segment(enum side from, guint8 flags, guint32 seq, guint32 ack, guint payload)
{
	struct frame_spec s =
	        from == CLIENT ? scene_from(1, A1, A2, 6, SPORT, 8080) : scene_from(2, A2, A1, 6, 8080, SPORT);

	s.flags = flags;
	s.seq = seq;
	s.ack = ack;
	s.payload = payload;
	if (flags & FRAME_SYN)
		s.scale = SCALE + 1;
	return s;
}

static struct esc_flow entry(struct twin *w, enum side from)
{
	struct esc_flow_key key = {.saddr = GUINT32_TO_BE(from == CLIENT ? A1 : A2),
	                           .daddr = GUINT32_TO_BE(from == CLIENT ? A2 : A1),
	                           .sport = GUINT16_TO_BE(from == CLIENT ? SPORT : 8080),
	                           .dport = GUINT16_TO_BE(from == CLIENT ? 8080 : SPORT),
	                           .proto = 6,
	                           .dir = ESC_FLOW_FROM,
	                           .port = from == CLIENT ? 1 : 2};
	struct esc_flow e;

	g_assert_true(native_flow(twin_native(w), &key, &e));
	return e;
}

static void passes(struct twin *w, enum side from, guint8 flags, guint32 seq, guint32 ack, guint payload)
{
	struct frame_spec s = segment(from, flags, seq, ack, payload);

	port_pass(w, from == CLIENT ? 1 : 2, &s, NULL);
}

/* Neither this direction's entry nor the other's knows that it was there. */
static void dies(struct twin *w, enum side from, guint8 flags, guint32 seq, guint32 ack, guint payload)
{
	struct frame_spec s = segment(from, flags, seq, ack, payload);
	struct esc_flow before[2] = {entry(w, CLIENT), entry(w, SERVER)}, after[2];

	twin_advance(w, 10);
	port_drop(w, from == CLIENT ? 1 : 2, &s, ESC_V_OUT_OF_WINDOW, from == CLIENT ? 1 : 2);
	after[0] = entry(w, CLIENT);
	after[1] = entry(w, SERVER);
	g_assert_cmpmem(after, sizeof(after), before, sizeof(before));
}

/* Passes, and the entries know no more of it than its count. */
static void passes_in_doubt(struct twin *w, enum side from, guint8 flags, guint32 seq, guint32 ack)
{
	struct esc_flow before = entry(w, from), after;

	twin_advance(w, 10);
	passes(w, from, flags, seq, ack, 0);
	after = entry(w, from);
	before.packets = after.packets;
	before.bytes = after.bytes;
	g_assert_cmpmem(&after, sizeof(after), &before, sizeof(before));
}

static void handshake(struct twin *w)
{
	passes(w, CLIENT, FRAME_SYN, C0, 0, 0);
	passes(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 1, 0);
	passes(w, CLIENT, FRAME_ACK, C0 + 1, S0 + 1, 0);
}

static void test_reset(void)
{
	g_autoptr(twin) w = twin_new_world();
	guint32 floor = (C0 + 1) & ~(COARSE - 1);

	handshake(w);
	dies(w, CLIENT, FRAME_RST, C0 + 0x40000000, 0, 0);
	dies(w, CLIENT, FRAME_RST, C0 + 1 + COARSE + 1, 0, 0);
	dies(w, CLIENT, FRAME_RST, floor - 1, 0, 0);
	dies(w, CLIENT, FRAME_RST | FRAME_ACK, C0 + 1, S0 + 0x20000000, 0);
	dies(w, SERVER, FRAME_RST, S0 + 0x80000000, 0, 0);
	dies(w, SERVER, FRAME_RST, S0 + 2 + COARSE, 0, 0);
	passes(w, SERVER, FRAME_ACK, S0 + 1, C0 + 1, 10);
	g_assert_false(entry(w, CLIENT).tcp & ESC_TCP_RST);
	passes(w, CLIENT, FRAME_RST, C0 + 1, 0, 0);
	g_assert_true(entry(w, CLIENT).tcp & ESC_TCP_RST);
}

static void test_reset_edges(void)
{
	guint32 floor = (C0 + 1) & ~(COARSE - 1);
	const guint32 good[] = {floor, C0, C0 + 1, C0 + 1 + COARSE};

	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(twin) w = twin_new_world();
		handshake(w);
		struct frame_spec s = segment(CLIENT, FRAME_RST | FRAME_ACK, good[i], S0 + 1, 0);
		struct frame f;
		frame_build(&f, &s);
		if (i & 1) { /* some stacks acknowledge nothing */
			frame_set32(&f, 42, 0);
			frame_checksums(&f, FALSE);
		}
		scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f);
		g_assert_true(entry(w, CLIENT).tcp & ESC_TCP_RST);
	}
}

static void test_data(void)
{
	g_autoptr(twin) w = twin_new_world();
	guint32 floor = (C0 + 1) & ~(COARSE - 1), last = floor + COARSE + WINDOW;

	handshake(w);
	dies(w, CLIENT, FRAME_ACK, C0 + 0x40000000, S0 + 1, 100);
	dies(w, CLIENT, FRAME_ACK, last - 99, S0 + 1, 100);
	dies(w, CLIENT, FRAME_ACK, C0 + 1 - WINDOW - COARSE - 1, S0 + 1, 100);
	dies(w, CLIENT, FRAME_FIN | FRAME_ACK, last - 100, S0 + 1, 100);
	passes(w, CLIENT, FRAME_ACK, C0 + 1, S0 + 1, 100);
	passes(w, CLIENT, FRAME_ACK, last - 100, S0 + 1, 100); /* a window lies lost between them */
	passes(w, CLIENT, FRAME_ACK, last - WINDOW - COARSE, S0 + 1, 100);
	dies(w, CLIENT, FRAME_ACK, last - WINDOW - COARSE - 1, S0 + 1, 100);
	g_assert_cmphex(entry(w, CLIENT).seq, ==, last);
}

static void test_ack(void)
{
	g_autoptr(twin) w = twin_new_world();

	handshake(w);
	dies(w, CLIENT, FRAME_ACK, C0 + 1, S0 + 0x40000000, 0);
	dies(w, CLIENT, FRAME_ACK, C0 + 1, S0 + 1 + (2u << 20), 0);
	dies(w, CLIENT, FRAME_FIN | FRAME_ACK, C0 + 1, S0 + 1 + COARSE + 1, 0); /* not sent yet */
	dies(w, CLIENT, FRAME_FIN | FRAME_ACK, C0 + 1, S0 + 1 - COARSE - WINDOW - 1, 0);
	passes(w, CLIENT, FRAME_FIN | FRAME_ACK, C0 + 1, S0 + 1, 0);
	passes(w, SERVER, FRAME_ACK, S0 + 1, C0 + 2, 0);
}

/* Window scales count when both sides offer one. */
static void test_scale(void)
{
	for (guint8 scale = 0; scale < 3; scale++) {
		g_autoptr(twin) w = twin_new_world();
		struct frame_spec s = segment(SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 1, 0);
		guint32 floor = (C0 + 1) & ~(COARSE - 1), room = scale == 2 ? 65535u << 14 : 65535;
		s.scale = scale == 2 ? 16 : scale; /* none, 0, and more than there are */
		passes(w, CLIENT, FRAME_SYN, C0, 0, 0);
		port_pass(w, 2, &s, NULL);
		passes(w, CLIENT, FRAME_ACK, C0 + 1, S0 + 1, 0);
		dies(w, CLIENT, FRAME_FIN | FRAME_ACK, floor + COARSE + room, S0 + 1, 0);
		passes(w, CLIENT, FRAME_FIN | FRAME_ACK, floor + COARSE + room - 1, S0 + 1, 0);
	}
}

static void test_syn_ack(void)
{
	g_autoptr(twin) w = twin_new_world();

	passes(w, CLIENT, FRAME_SYN, C0, 0, 10);
	dies(w, CLIENT, FRAME_ACK, C0 + 11, S0 + 1, 0); /* nobody has answered */
	dies(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0, 0);
	dies(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 12, 0);
	dies(w, SERVER, FRAME_ACK, S0 + 1, C0 + 11, 1);
	dies(w, SERVER, FRAME_RST, C0, 0, 0);
	dies(w, SERVER, FRAME_RST | FRAME_ACK, 1, C0, 0);
	passes(w, CLIENT, FRAME_SYN, C0, 0, 10);
	passes(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 1, 0); /* without the data of the SYN */
	passes(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 11, 0);
	passes(w, CLIENT, FRAME_ACK, C0 + 11, S0 + 1, 0);
}

static void test_refused(void)
{
	g_autoptr(twin) w = twin_new_world();

	passes(w, CLIENT, FRAME_SYN, C0, 0, 0);
	passes(w, SERVER, FRAME_RST | FRAME_ACK, 1, C0 + 1, 0);
	passes(w, CLIENT, FRAME_SYN, C0 + 5000, 0, 0);
	dies(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 1, 0);
	passes(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 5001, 0);
}

/* A SYN in the window of a living connection resets old stacks; elsewhere it asks for a challenge, which has to work. */
static void test_syn(void)
{
	g_autoptr(twin) w = twin_new_world();
	guint32 fresh = C0 + 0x50000000;

	handshake(w);
	dies(w, CLIENT, FRAME_SYN, C0 + 1, 0, 0);
	dies(w, CLIENT, FRAME_SYN, C0 + WINDOW + COARSE, 0, 0);
	passes_in_doubt(w, CLIENT, FRAME_SYN, fresh, 0);
	dies(w, SERVER, FRAME_SYN | FRAME_ACK, S0 + 0x50000000, fresh + 1, 0);
	passes(w, SERVER, FRAME_ACK, S0 + 1, C0 + 1, 0);
	passes(w, CLIENT, FRAME_RST, C0 + 1, 0, 0);
	passes(w, CLIENT, FRAME_SYN, fresh, 0, 0);
	passes(w, SERVER, FRAME_SYN | FRAME_ACK, S0 + 0x50000000, fresh + 1, 0);
}

/* The server still has a connection that is forgotten here: its challenge and the client's reset pass. */
static void test_half_open(void)
{
	g_autoptr(twin) w = twin_new_world();

	passes(w, CLIENT, FRAME_SYN, C0, 0, 0);
	passes_in_doubt(w, SERVER, FRAME_ACK, S0 + 77, C0 - 0x10000000);
	passes_in_doubt(w, CLIENT, FRAME_RST, C0 - 0x10000000, 0);
	passes(w, CLIENT, FRAME_SYN, C0, 0, 0);
	passes(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 1, 0);
}

static void test_at_once(void)
{
	g_autoptr(twin) w = twin_new_world();

	passes(w, CLIENT, FRAME_SYN, C0, 0, 0);
	passes(w, SERVER, FRAME_SYN, S0, 0, 0);
	dies(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 2 + COARSE, 0);
	passes(w, CLIENT, FRAME_SYN | FRAME_ACK, C0, S0 + 1, 0);
	passes(w, SERVER, FRAME_SYN | FRAME_ACK, S0, C0 + 1, 0);
	passes(w, CLIENT, FRAME_ACK, C0 + 1, S0 + 1, 5);
	passes(w, SERVER, FRAME_ACK, S0 + 1, C0 + 6, 5);
}

/* Keepalives, probes of a closed window, and what comes again after everything was acknowledged. */
static void test_again(void)
{
	g_autoptr(twin) w = twin_new_world();

	handshake(w);
	for (guint32 i = 0; i < 100; i++)
		passes(w, CLIENT, FRAME_ACK, C0 + 1 + 1000 * i, S0 + 1, 1000);
	passes(w, SERVER, FRAME_ACK, S0 + 1, C0 + 1 + 100000, 0);
	passes(w, CLIENT, FRAME_ACK, C0 + 100000, S0 + 1, 0);
	passes(w, CLIENT, FRAME_ACK, C0 + 1 + 100000, S0 + 1, 1);
	passes(w, CLIENT, FRAME_ACK, C0 + 1, S0 + 1, 1000);
	passes(w, CLIENT, FRAME_FIN | FRAME_ACK, C0 + 1 + 100001, S0 + 1, 0);
	passes(w, SERVER, FRAME_FIN | FRAME_ACK, S0 + 1, C0 + 1 + 100002, 0);
	passes(w, CLIENT, FRAME_ACK, C0 + 1 + 100002, S0 + 2, 0);
	passes(w, SERVER, FRAME_FIN | FRAME_ACK, S0 + 1, C0 + 1 + 100002, 0);
}

/* An error about what was never sent is nobody's. */
static void test_quoted(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = segment(SERVER, FRAME_ACK, S0 + 1, C0 + 1, 10);
	struct frame f, about;

	handshake(w);
	s.seq = S0 + 0x30000000;
	memcpy(s.smac, world_gateway, 6);
	world_mac(1, s.dmac);
	frame_build(&about, &s);
	frame_error(&f, &about, A1, 3, 4);
	scene_drop(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f, ESC_V_ICMP_UNRELATED, 1);
	s.seq = S0 + 1;
	frame_build(&about, &s);
	frame_error(&f, &about, A1, 3, 4);
	scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f);
}

void cases_window_register(void)
{
	g_test_add_func("/window/reset", test_reset);
	g_test_add_func("/window/reset-edges", test_reset_edges);
	g_test_add_func("/window/data", test_data);
	g_test_add_func("/window/ack", test_ack);
	g_test_add_func("/window/scale", test_scale);
	g_test_add_func("/window/syn-ack", test_syn_ack);
	g_test_add_func("/window/refused", test_refused);
	g_test_add_func("/window/syn", test_syn);
	g_test_add_func("/window/half-open", test_half_open);
	g_test_add_func("/window/at-once", test_at_once);
	g_test_add_func("/window/again", test_again);
	g_test_add_func("/window/quoted", test_quoted);
}
