/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection as it is in the wild: windows of megabytes, packets lost before and behind us, holes that are filled late
 * and acknowledged at once. All of it must pass, and in between, whatever the naive eye (naive_tcp.h) calls blind must
 * not. A failure is repeated by the seed that GLib prints (--seed).
 */
#include "naive_tcp.h"
#include "scene.h"

#define A1      WORLD_ADDR(1, 4)
#define A2      WORLD_ADDR(1, 5)
#define STREAMS 4
#define STEPS   5000
#define MSS     1400u

struct stream {
	struct twin *w;
	struct naive_tcp eye;
	guint32 isn[2];
	guint8 scale[2];
	guint32 una, nxt, got; /* of the client's data, in segments: acknowledged, sent, received without a hole */
	guint32 room;          /* segments that the server's window has */
	GByteArray *received;  /* by segment */
	guint blind;
};

static guint pick(guint n)
{
	return (guint)g_test_rand_int_range(0, (gint32)n);
}

static gboolean often(guint per_thousand)
{
	return pick(1000) < per_thousand;
}

static struct frame make(const struct stream *x, guint from, guint8 flags, guint32 seq, guint32 ack, guint payload)
{
	struct frame_spec s = from ? scene_from(2, A2, A1, 6, 8080, 40000) : scene_from(1, A1, A2, 6, 40000, 8080);
	struct frame f;

	s.flags = flags;
	s.seq = seq;
	s.ack = ack;
	s.payload = payload;
	s.scale = flags & FRAME_SYN ? x->scale[from] + 1 : 0;
	frame_build(&f, &s);
	return f;
}

static enum esc_verdict run(struct stream *x, guint from, struct frame *f)
{
	return twin_run(x->w, &(struct twin_in){TWIN_PORT, .port = 1 + from}, f).verdict;
}

static void honest(struct stream *x, guint from, guint8 flags, guint32 seq, guint32 ack, guint payload)
{
	struct frame f = make(x, from, flags, seq, ack, payload);
	struct naive_segment s = naive_segment(&f, f.length - 34);

	g_assert_cmpint(naive_tcp_sees(&x->eye, from, &s, !(flags & FRAME_SYN)), ==, NAIVE_IN);
	g_assert_cmpuint(run(x, from, &f), ==, ESC_V_FORWARD);
}

static guint32 client_seq(const struct stream *x, guint32 segment)
{
	return x->isn[0] + 1 + segment * MSS;
}

/* Received, and sometimes acknowledged, and sometimes the sender hears of it. */
static void deliver(struct stream *x, guint32 segment)
{
	x->received->data[segment] = 1;
	while (x->received->data[x->got])
		x->got++;
	if (often(400))
		return;
	if (!often(30))
		honest(x, 1, FRAME_ACK, x->isn[1] + 1, client_seq(x, x->got), 0);
	if (!often(30))
		x->una = MAX(x->una, x->got);
}

static void send_segment(struct stream *x, guint32 segment)
{
	if (often(10))
		return; /* lost before it comes here */
	honest(x, 0, FRAME_ACK, client_seq(x, segment), x->isn[1] + 1, MSS);
	if (!often(10))
		deliver(x, segment);
}

static guint32 somewhere(guint32 near)
{
	return often(300) ? (guint32)g_test_rand_int() : near + (guint32)g_test_rand_int_range(-(1 << 26), 1 << 26);
}

/* What nobody here would send, as far as the naive eye can tell. */
static void blind(struct stream *x)
{
	static const guint8 kinds[] = {FRAME_RST, FRAME_RST | FRAME_ACK, FRAME_ACK, FRAME_FIN | FRAME_ACK, FRAME_SYN};
	guint from = pick(2);
	guint32 seq = somewhere((guint32)x->eye.side[from].end), ack = somewhere((guint32)x->eye.side[!from].end);
	struct frame f = make(x, from, kinds[pick(G_N_ELEMENTS(kinds))], seq, ack, pick(100));
	struct naive_segment s = naive_segment(&f, f.length - 34);
	struct naive_tcp copy = x->eye;

	if (from && (s.flags & FRAME_SYN))
		return; /* nobody calls back: another reason */
	if (naive_tcp_sees(&copy, from, &s, TRUE) != NAIVE_OUT)
		return;
	g_assert_cmpuint(run(x, from, &f), ==, ESC_V_OUT_OF_WINDOW);
	x->blind++;
}

static void step(struct stream *x)
{
	if (often(50))
		blind(x);
	if (often(2))
		honest(x, 0, FRAME_ACK, client_seq(x, x->una) - 1, x->isn[1] + 1, 0);
	if (x->nxt - x->una < x->room) {
		send_segment(x, x->nxt++);
		return;
	}
	if (often(100)) /* the timer: everything anew */
		for (guint32 i = x->una; i < MIN(x->nxt, x->una + 20); i++)
			send_segment(x, i);
	else
		send_segment(x, x->got);
	if (often(300)) /* the window says how far it is */
		x->una = MAX(x->una, x->got);
}

static void open_stream(struct stream *x)
{
	for (guint i = 0; i < 2; i++) {
		x->isn[i] = (guint32)g_test_rand_int();
		x->scale[i] = (guint8)pick(7);
	}
	x->room = MAX(1, (65535u << x->scale[1]) / MSS);
	honest(x, 0, FRAME_SYN, x->isn[0], 0, 0);
	honest(x, 1, FRAME_SYN | FRAME_ACK, x->isn[1], x->isn[0] + 1, 0);
	honest(x, 0, FRAME_ACK, x->isn[0] + 1, x->isn[1] + 1, 0);
}

static void test_stream(void)
{
	guint blinds = 0;

	for (guint i = 0; i < STREAMS; i++) {
		struct stream x = {.w = twin_new_world(), .received = g_byte_array_new()};
		g_byte_array_set_size(x.received, STEPS + 1);
		memset(x.received->data, 0, STEPS + 1);
		open_stream(&x);
		for (guint j = 0; j < STEPS; j++)
			step(&x);
		twin_compare(x.w);
		blinds += x.blind;
		g_byte_array_unref(x.received);
		twin_free(x.w);
	}
	g_assert_cmpuint(blinds, >, STREAMS * STEPS / 100);
}

/* Five thousand guesses at a quiet connection: one in some thirty thousand may be right. */
static void test_guesses(void)
{
	struct stream x = {.w = twin_new_world()};
	guint right = 0;

	open_stream(&x);
	for (guint i = 0; i < 5000; i++) {
		struct frame f = make(&x, pick(2), FRAME_RST, (guint32)g_test_rand_int(), 0, 0);
		right += run(&x, f.data[29] == 5, &f) == ESC_V_FORWARD;
	}
	g_assert_cmpuint(right, <, 6);
	twin_free(x.w);
}

void cases_stream_register(void)
{
	g_test_add_func("/stream", test_stream);
	g_test_add_func("/stream/guesses", test_guesses);
}
