/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What IPv6 has and IPv4 has not, or has elsewhere: its header, extension headers, groups, bogons, quoted packets. The
 * cases of the other files run for both families.
 */
#include "kernel.h"
#include "scene.h"
#include <string.h>

#define A1     WORLD_ADDR(1, 4)
#define A2     WORLD_ADDR(1, 5)
#define A3     WORLD_ADDR(2, 4)
#define ROUTER 0xc0000201u

static const struct twin_in port1 = {TWIN_PORT, .port = 1}, edge = {TWIN_EDGE};

static struct frame tcp_frame(void)
{
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 8080);
	struct frame f;

	frame_build(&f, &s);
	return f;
}

static void drop(struct twin *w, struct frame f, enum esc_verdict reason)
{
	scene_drop(w, &port1, &f, reason, 1);
}

static void test_truncated(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame f = tcp_frame();

	for (gsize length = 54; length < 74; length++) {
		struct frame cut = f;
		cut.length = length;
		drop(w, cut, ESC_V_MALFORMED);
	}
	f.length = 74;
	frame_set16(&f, 18, 20);
	frame_checksums(&f, FALSE);
	scene_pass(w, &port1, &f);
}

/* Shorter than what TEST_RUN takes: the native twin alone. */
static void test_very_short(void)
{
	g_autoptr(tables) t = world_tables();
	struct native *n = native_new(t);
	struct frame f = tcp_frame();

	for (gsize length = 14; length < 54; length++) {
		struct native_packet p = {.data = g_memdup2(f.data, length), .length = length, .capacity = length};
		g_assert_cmpuint(native_from_port(n, 1, &p).verdict, ==, ESC_V_MALFORMED);
		g_free(p.data);
	}
	g_assert_cmpuint(native_drops(n, 1, ESC_V_MALFORMED), ==, 40);
	native_free(n);
}

static void test_lengths(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = tcp_frame(), f = good;

	f.data[14] = 0x40;
	drop(w, f, ESC_V_MALFORMED);
	f = good;
	frame_set16(&f, 18, (guint16)(good.length - 54 + 1));
	drop(w, f, ESC_V_MALFORMED);
	frame_set16(&f, 18, 19); /* shorter than the TCP header */
	drop(w, f, ESC_V_MALFORMED);
	frame_set16(&f, 18, 0); /* a jumbogram would say more in an option */
	drop(w, f, ESC_V_MALFORMED);
	frame_set16(&f, 18, 0xfff0);
	drop(w, f, ESC_V_MALFORMED);
	scene_pass(w, &port1, &good);
}

static void test_next_headers(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint8 extensions[] = {0, 43, 60, 135, 139, 140, 253, 254};
	struct frame f = tcp_frame();

	for (guint next = 0; next < 256; next++) {
		enum esc_verdict reason = ESC_V_PROTOCOL;
		if (next == 6 || next == 17 || next == 44 || next == 50 || next == 51 || next == 58 || next == 132)
			continue; /* fragments, and what has no ports, have cases of their own */
		if (memchr(extensions, (int)next, sizeof(extensions)))
			reason = ESC_V_EXTENSION;
		f.data[20] = (guint8)next;
		drop(w, f, reason);
	}
	f.data[20] = 6;
	scene_pass(w, &port1, &f);
}

/* Nobody receives what is sent to a group, memberships are told to nobody, and no group speaks. */
static void test_groups(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 17, 546, 547);
	static const guint8 mld_mac[6] = {0x33, 0x33, 0, 0, 0, 0x16};
	struct frame f;

	frame_build(&f, &s);
	memset(f.data + 38, 0, 16);
	f.data[38] = 0xff;
	f.data[39] = 2;
	f.data[53] = 0x16;
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_BROADCAST);
	memcpy(f.data, mld_mac, 6);
	f.data[20] = 0; /* router alert, then a report */
	drop(w, f, ESC_V_BROADCAST);
	frame_build(&f, &s);
	memcpy(f.data, mld_mac, 6);
	drop(w, f, ESC_V_BROADCAST);
	frame_build(&f, &s);
	f.data[22] = 0xff;
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_MALFORMED);
}

static void set_link_local(struct frame *f, gsize at, guint32 port)
{
	guint8 mac[6], *a = f->data + at;
	const guint8 prefix[8] = {0xfe, 0x80};

	world_mac(port, mac);
	memcpy(a, prefix, 8);
	memcpy(a + 8, mac, 3);
	a[8] ^= 2;
	a[11] = 0xff;
	a[12] = 0xfe;
	memcpy(a + 13, mac + 3, 3);
}

/* A port speaks by its own addresses, and on the link by the one that follows from its MAC; that leads nowhere. */
static void test_sources(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = tcp_frame(), f = good;

	f.data[37] ^= 1;
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_SPOOFED_IP);
	f = good;
	f.data[29] ^= 1; /* another prefix, the same end */
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_SPOOFED_IP);
	f = good;
	set_link_local(&f, 22, 2);
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_SPOOFED_IP);
	set_link_local(&f, 22, 1);
	f.data[29] ^= 1; /* fe80:0:0:1:: */
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_SPOOFED_IP);
	f.data[29] ^= 1;
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_NO_ROUTE);
	f = good;
	set_link_local(&f, 38, 2);
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_NO_ROUTE);
	scene_pass(w, &port1, &good);
}

static void test_bogons(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint8 bogons[][16] = {{0},
	                                    {[15] = 1},
	                                    {[12] = 10, [15] = 1},
	                                    {[10] = 0xff, [11] = 0xff, [12] = 8, [13] = 8, [14] = 8, [15] = 8},
	                                    {0xfe, 0x80, [15] = 1},
	                                    {0xfe, 0xbf, 0xff},
	                                    {0xfe, 0xc0, [15] = 1},
	                                    {0xfc, 0, [15] = 1},
	                                    {0xfd, 0xff, [15] = 1}};
	static const guint8 fine[][16] = {
	        {0xfb, 0xff}, {0x20, 0x01, 0x0d, 0xb8}, {0, 0x64, 0xff, 0x9b, [15] = 1}, {0xfe, 0x7f}};
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_PUBLIC(11), 17, 40000, 53);
	struct frame good, f;

	frame_build(&good, &s);
	for (guint i = 0; i < G_N_ELEMENTS(bogons); i++) {
		f = good;
		memcpy(f.data + 22, bogons[i], 16);
		frame_checksums(&f, FALSE);
		scene_drop(w, &edge, &f, ESC_V_BOGON_SOURCE, ESC_PORT_UPLINK);
		scene_drop(w, &(struct twin_in){TWIN_XDP}, &f, ESC_V_BOGON_SOURCE, ESC_PORT_UPLINK);
	}
	for (guint i = 0; i < G_N_ELEMENTS(fine); i++) {
		f = good;
		memcpy(f.data + 22, fine[i], 16);
		frame_checksums(&f, FALSE);
		scene_pass(w, &edge, &f);
	}
}

static void from_outside(struct frame *f)
{
	memcpy(f->data, world_uplink, 6);
	memcpy(f->data + 6, world_nexthop, 6);
}

/* What is quoted must be whole, and what it claims to be. */
static void test_quoted(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(3, A3, WORLD_STRANGER, 17, 40000, 443);
	struct frame sent, good, f;

	port_pass(w, 3, &s, &sent);
	frame_error(&good, &sent, ROUTER, 3, 4);
	g_assert_cmpuint(good.data[54], ==, 2); /* packet too big */
	from_outside(&good);
	f = good;
	f.length--;
	frame_set16(&f, 18, (guint16)(f.length - 54));
	frame_checksums(&f, FALSE);
	scene_drop(w, &edge, &f, ESC_V_MALFORMED, 0);
	f = good;
	f.data[62] = 0x45;
	scene_drop(w, &edge, &f, ESC_V_MALFORMED, 0);
	f = good;
	f.data[85]++; /* not of the one to whom it is sent */
	scene_drop(w, &edge, &f, ESC_V_MALFORMED, 0);
	f = good;
	f.data[68] = 44; /* a fragment: nobody knows its ports */
	scene_drop(w, &edge, &f, ESC_V_PROTOCOL, 0);
	f = good;
	f.data[54] = 5;
	scene_drop(w, &edge, &f, ESC_V_PROTOCOL, 0);
	frame_error(&f, &sent, A1, 3, 4);
	from_outside(&f);
	scene_drop(w, &edge, &f, ESC_V_BOGON_SOURCE, 0);
	f = good;
	f.data[105]++; /* another port */
	frame_checksums(&f, FALSE);
	scene_drop(w, &edge, &f, ESC_V_ICMP_UNRELATED, 3);
	scene_pass(w, &edge, &good);
}

/* Without their programs IPv6 packets die, counted, and IPv4 is as it was. The kernel alone can lose them. */
static void test_no_programs(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct kernel *k = twin_kernel(w);
	struct frame six = tcp_frame(), f;
	const enum twin_entry entries[] = {TWIN_PORT, TWIN_OVERLAY, TWIN_EDGE, TWIN_XDP};
	struct esc_mark mark = {0};
	guint32 returned;

	if (!k) {
		g_test_skip("needs the kernel's twin");
		return;
	}
	kernel_forget_siblings(k);
	for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
		struct twin_in in = {.entry = entries[i], .port = 1, .vni = 100, .remote = WORLD_REMOTE};
		f = six;
		g_assert_cmpuint(kernel_run(k, &in, &f, &returned, &mark).verdict, ==, ESC_V_IPV6);
		g_assert_cmpuint(returned, ==, entries[i] == TWIN_XDP ? 1 : 2); /* XDP_DROP, TC_ACT_SHOT */
		g_assert_cmpuint(kernel_drops(k, i ? ESC_PORT_UPLINK : 1, ESC_V_IPV6), ==, i ? i : 1);
	}
	kernel_put_siblings(k);
	f = six;
	g_assert_cmpuint(kernel_run(k, &port1, &f, &returned, &mark).verdict, ==, ESC_V_FORWARD);
}

void cases_ipv6_register(void)
{
	scene_six("/ipv6/truncated", test_truncated);
	scene_six("/ipv6/very-short", test_very_short);
	scene_six("/ipv6/lengths", test_lengths);
	scene_six("/ipv6/next-headers", test_next_headers);
	scene_six("/ipv6/groups", test_groups);
	scene_six("/ipv6/sources", test_sources);
	scene_six("/ipv6/bogons", test_bogons);
	scene_six("/ipv6/quoted", test_quoted);
	scene_six("/ipv6/no-programs", test_no_programs);
}
