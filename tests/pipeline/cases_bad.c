/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad packets from outside die first, each for a reason of its own, in both builds of the edge and in both families. Each
 * case begins with what must not pass and ends with the same packet as it should be.
 */
#include "scene.h"
#include <string.h>

static const struct twin_in tc = {TWIN_EDGE}, xdp = {TWIN_XDP};

static void bad(struct twin *w, struct frame f, enum esc_verdict reason)
{
	scene_drop(w, &tc, &f, reason, ESC_PORT_UPLINK);
	scene_drop(w, &xdp, &f, reason, ESC_PORT_UPLINK);
}

static void good(struct twin *w, struct frame f)
{
	struct frame copy = f;

	g_assert_cmpuint(twin_run(w, &xdp, &copy).verdict, ==, ESC_V_FORWARD);
	scene_pass(w, &tc, &f);
}

/* One that the public address passes on to port 2. */
static struct frame honest(guint8 protocol)
{
	guint16 port = protocol == 6 ? 83 : 53;
	struct frame_spec s =
	        scene_outside(WORLD_CLIENT, protocol == 6 ? WORLD_VIP : WORLD_PUBLIC(11), protocol, 40000, port);
	struct frame f;

	s.payload = 16;
	frame_build(&f, &s);
	return f;
}

/* The length that the IP header gives becomes `by` more; its checksum stays right. */
static struct frame longer(struct frame f, int by)
{
	gsize at = frame_family == 4 ? 16 : 18;

	frame_set16(&f, at, (guint16)(frame_get16(&f, at) + by));
	frame_checksums(&f, FALSE);
	return f;
}

static void test_lengths(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame tcp = honest(6), udp = honest(17), f;
	gsize l4 = frame_l4(&tcp);
	int tcp_room = (int)(tcp.length - l4), udp_room = (int)(udp.length - l4);

	bad(w, longer(tcp, 1), ESC_V_BAD_LENGTH);
	bad(w, longer(tcp, 19 - tcp_room), ESC_V_BAD_LENGTH);
	bad(w, longer(udp, -1), ESC_V_BAD_LENGTH); /* its own header says more */
	bad(w, longer(udp, 7 - udp_room), ESC_V_BAD_LENGTH);
	if (frame_family == 4)
		bad(w, longer(tcp, -tcp_room - 1), ESC_V_BAD_LENGTH);
	for (guint words = 0; words < 16; words++) {
		f = tcp;
		f.data[l4 + 12] = (guint8)(words << 4);
		if (words < 5 || (int)words * 4 > tcp_room)
			bad(w, f, ESC_V_BAD_LENGTH);
	}
	f = udp;
	frame_set16(&f, l4 + 4, 7);
	bad(w, f, ESC_V_BAD_LENGTH);
	frame_set16(&f, l4 + 4, (guint16)(udp_room + 1));
	bad(w, f, ESC_V_BAD_LENGTH);
	good(w, tcp);
	good(w, udp);
}

static void test_land(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_outside(WORLD_VIP, WORLD_VIP, 6, 83, 83);
	struct frame f;

	frame_build(&f, &s);
	bad(w, f, ESC_V_LAND);
	s.protocol = 17;
	frame_build(&f, &s);
	bad(w, f, ESC_V_LAND);
	s.protocol = 6; /* who reaches himself by his public address is no attack */
	s.sport = 84;
	frame_build(&f, &s);
	good(w, f);
}

/* The six that connections are made of, with or without PSH and URG. */
static gboolean legal(guint flags)
{
	static const guint8 sound[] = {0x02, 0x12, 0x10, 0x11, 0x04, 0x14};

	return memchr(sound, (int)(flags & 0x17), sizeof(sound)) != NULL;
}

static void test_flags(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame f = honest(6), copy;
	gsize at = frame_l4(&f) + 13;

	for (guint flags = 0; flags < 64; flags++) {
		f.data[at] = (guint8)flags;
		frame_checksums(&f, FALSE);
		copy = f;
		if (!legal(flags))
			bad(w, f, ESC_V_BAD_FLAGS);
		else
			g_assert_cmpuint(twin_run(w, &xdp, &copy).verdict, ==, ESC_V_FORWARD);
	}
	good(w, honest(6));
}

static void test_checksums(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame f = honest(17);
	gsize l4 = frame_l4(&f);

	if (frame_family == 4) {
		f.data[24] ^= 1;
		bad(w, f, ESC_V_BAD_CHECKSUM);
		f.data[24] ^= 1;
		frame_set16(&f, l4 + 6, 0); /* none, which IPv4 allows */
		good(w, f);
		return;
	}
	frame_set16(&f, l4 + 6, 0);
	bad(w, f, ESC_V_BAD_CHECKSUM);
	good(w, honest(17));
}

/* `bytes` of the datagram's part behind the IP header as a piece at `offset`, with more behind it. */
static struct frame piece(guint8 protocol, guint bytes, guint offset)
{
	struct frame f = honest(protocol);
	gsize l4 = frame_l4(&f);

	if (frame_family == 4) {
		frame_set16(&f, 20, (guint16)(0x2000 | offset / 8));
	} else {
		memmove(f.data + l4 + 8, f.data + l4, f.length - l4);
		f.length += 8;
		memset(f.data + l4, 0, 8);
		f.data[l4] = f.data[20];
		f.data[20] = 44;
		frame_set16(&f, l4 + 2, (guint16)(offset | 1));
		l4 += 8;
	}
	f.length = l4 + bytes;
	frame_set16(&f, frame_family == 4 ? 16 : 18, (guint16)(f.length - (frame_family == 4 ? 14 : 54)));
	if (frame_family == 4)
		frame_checksums(&f, FALSE);
	return f;
}

static void test_fragments(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame f;

	bad(w, piece(6, 8, 0), ESC_V_FRAGMENT_TINY);
	bad(w, piece(6, 16, 0), ESC_V_FRAGMENT_TINY);
	f = piece(6, 24, 0);
	f.data[f.length - 24 + 12] = 7 << 4; /* options beyond the piece */
	bad(w, f, ESC_V_FRAGMENT_TINY);
	bad(w, piece(6, 16, 8), ESC_V_FRAGMENT_OVERLAP);
	bad(w, piece(6, 16, 16), ESC_V_FRAGMENT_OVERLAP);
	bad(w, piece(6, 16, 24), ESC_V_FRAGMENT);
	bad(w, piece(17, 16, 8), ESC_V_FRAGMENT);
	good(w, honest(6));
}

static void test_own(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame f = honest(6);

	memcpy(f.data + 6, world_uplink, 6);
	bad(w, f, ESC_V_OWN_SOURCE);
	f = honest(6);
	if (frame_family == 4) {
		frame_set32(&f, 26, WORLD_FABRIC);
		frame_checksums(&f, FALSE);
		bad(w, f, ESC_V_OWN_SOURCE);
		frame_set32(&f, 26, WORLD_REMOTE); /* of the fabric as well, and private here */
		frame_checksums(&f, FALSE);
		bad(w, f, ESC_V_BOGON_SOURCE);
	}
	good(w, honest(6));
}

/* A row of abi/bogon.def as the numbers of its first and last address, a byte each. */
struct row {
	guint8 family, group, first[16], last[16];
};

static struct row row_of(guint8 family, guint8 group, const guint32 words[4], guint length)
{
	struct row r = {.family = family, .group = group};
	guint bytes = family == 4 ? 4 : 16;

	for (guint i = 0; i < bytes; i++) {
		guint8 byte = (guint8)(words[i / 4] >> (24 - i % 4 * 8));
		guint free = length >= 8 * (i + 1) ? 0 : length <= 8 * i ? 8 : 8 * (i + 1) - length;
		r.first[i] = byte;
		r.last[i] = (guint8)(byte | ((1u << free) - 1));
	}
	return r;
}

#define ESC_BOGON4(a, b, c, d, length, group, name, rfc)                                                               \
	{4, ESC_BOGON_##group, {(guint32)(a) << 24 | (b) << 16 | (c) << 8 | (d)}, length},
#define ESC_BOGON6(w0, w1, w2, w3, length, group, name, rfc) {6, ESC_BOGON_##group, {w0, w1, w2, w3}, length},
static const struct {
	guint8 family, group;
	guint32 words[4];
	guint length;
} listed[] = {
#include "abi/bogon.def"
};

static GArray *rows(void)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct row));

	for (guint i = 0; i < G_N_ELEMENTS(listed); i++) {
		struct row r = row_of(listed[i].family, listed[i].group, listed[i].words, listed[i].length);
		if (r.family == frame_family)
			g_array_append_val(all, r);
	}
	return all;
}

static gboolean refused(const GArray *all, const guint8 *address, guint groups)
{
	gsize size = frame_family == 4 ? 4 : 16;

	for (guint i = 0; i < all->len; i++) {
		const struct row *r = &g_array_index(all, struct row, i);
		if (groups >> r->group & 1 && memcmp(address, r->first, size) >= 0 &&
		    memcmp(address, r->last, size) <= 0)
			return TRUE;
	}
	return FALSE;
}

/* The address beside it, upwards or downwards. */
static void step(guint8 *address, int by)
{
	for (int i = frame_family == 4 ? 3 : 15; i >= 0; i--) {
		address[i] = (guint8)(address[i] + by);
		if (address[i] != (by > 0 ? 0 : 255))
			return;
	}
}

static guint try(struct twin *w, const GArray *all, const guint8 *address, guint groups)
{
	gboolean six = frame_family == 6;
	struct frame_spec s =
	        scene_outside(WORLD_CLIENT, six ? WORLD_PUBLIC(11) : WORLD_VIP, six ? 17 : 6, 40000, six ? 53 : 80);
	struct frame f;

	frame_build(&f, &s);
	memcpy(f.data + (six ? 22 : 26), address, six ? 16 : 4);
	frame_checksums(&f, FALSE);
	if (refused(all, address, groups)) {
		/* as a group it is no source at all, whatever the list says */
		bad(w, f, six && address[0] == 0xff ? ESC_V_MALFORMED : ESC_V_BOGON_SOURCE);
		return 1;
	}
	good(w, f);
	return 0;
}

/* Both ends of every row, and both addresses beside it, with the groups that are a setting and without. */
static void test_list(void)
{
	g_autoptr(GArray) all = rows();
	static const guint settings[] = {0, 1u << ESC_BOGON_DOCUMENTATION, 1u << ESC_BOGON_BENCHMARKING,
	                                 1u << ESC_BOGON_SPECIAL};
	guint count = 0;

	for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
		guint groups = settings[i] | 1u << ESC_BOGON_ALWAYS;
		g_autoptr(tables) t = world_tables();
		g_autoptr(twin) w = NULL;
		t->self.bogons = settings[i];
		w = twin_new(t);
		for (guint k = 0; k < all->len; k++) {
			struct row r = g_array_index(all, struct row, k);
			count += try(w, all, r.first, groups);
			count += try(w, all, r.last, groups);
			step(r.first, -1);
			step(r.last, 1);
			count += try(w, all, r.first, groups);
			count += try(w, all, r.last, groups);
		}
	}
	g_assert_cmpuint(count, >, 4 * 2 * 6); /* of the rows that are always on */
}

void cases_bad_register(void)
{
	scene_both("/bad/lengths", test_lengths);
	scene_both("/bad/land", test_land);
	scene_both("/bad/flags", test_flags);
	scene_both("/bad/checksums", test_checksums);
	scene_both("/bad/fragments", test_fragments);
	scene_both("/bad/own-source", test_own);
	scene_both("/bad/bogons", test_list);
}
