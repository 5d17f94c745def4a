/* SPDX-License-Identifier: Apache-2.0 */
/* parse, guard, ARP, policy, route, overlay, edge: for each reason first what must not pass, then what must. */
#include "scene.h"
#include <string.h>

#define A1  WORLD_ADDR(1, 4)
#define A2  WORLD_ADDR(1, 5)
#define A3  WORLD_ADDR(2, 4)
#define FAR WORLD_ADDR(9, 4)

static struct frame tcp_frame(void)
{
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 8080);
	struct frame f;

	frame_build(&f, &s);
	return f;
}

static void drop_raw(struct twin *w, struct frame f, enum esc_verdict reason)
{
	scene_drop(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f, reason, 1);
}

static void test_truncated(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame f = tcp_frame();

	for (gsize length = 34; length < 54; length++) {
		struct frame cut = f;
		cut.length = length;
		drop_raw(w, cut, ESC_V_MALFORMED);
	}
	f.length = 54;
	frame_set16(&f, 16, 40);
	frame_checksums(&f, FALSE);
	scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f);
}

/* Shorter than what TEST_RUN takes: the native twin alone. */
static void test_very_short(void)
{
	g_autoptr(tables) t = world_tables();
	struct native *n = native_new(t);
	struct frame f = tcp_frame();

	for (gsize length = 0; length < 34; length++) {
		struct native_packet p = {.data = g_memdup2(f.data, length), .length = length, .capacity = length};
		g_assert_cmpuint(native_from_port(n, 1, &p).verdict, ==, ESC_V_MALFORMED);
		g_assert_cmpuint(native_drops(n, 1, ESC_V_MALFORMED), ==, length + 1);
		g_free(p.data);
	}
	native_free(n);
}

static void test_lengths(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = tcp_frame(), f = good;

	f.data[14] = 0x65;
	drop_raw(w, f, ESC_V_MALFORMED);
	f.data[14] = 0x44;
	drop_raw(w, f, ESC_V_MALFORMED);
	f = good;
	frame_set16(&f, 16, 19);
	drop_raw(w, f, ESC_V_MALFORMED);
	frame_set16(&f, 16, (guint16)(good.length - 14 + 1));
	drop_raw(w, f, ESC_V_MALFORMED);
	frame_set16(&f, 16, 39); /* shorter than the TCP header */
	frame_checksums(&f, FALSE);
	drop_raw(w, f, ESC_V_MALFORMED);
	f = good;
	f.data[46] = 4 << 4;
	drop_raw(w, f, ESC_V_MALFORMED);
	f.data[46] = 15 << 4;
	drop_raw(w, f, ESC_V_MALFORMED);
	f = good;
	frame_set16(&f, 20, 0x8000);
	frame_checksums(&f, FALSE);
	drop_raw(w, f, ESC_V_MALFORMED);
	scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 1}, &good);
}

static void test_udp_length(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A3, 17, 40000, 53);
	struct frame good, f;

	frame_build(&good, &s);
	f = good;
	frame_set16(&f, 38, 7);
	drop_raw(w, f, ESC_V_MALFORMED);
	frame_set16(&f, 38, 13);
	drop_raw(w, f, ESC_V_MALFORMED);
	scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 1}, &good);
}

static void test_land(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A1, 6, 80, 80);

	port_drop(w, 1, &s, ESC_V_MALFORMED, 1);
}

static void test_types(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = tcp_frame(), f = good;

	frame_set16(&f, 12, 0x86dd);
	drop_raw(w, f, ESC_V_MALFORMED); /* the IPv6 program's verdict: that is no version 6 */
	frame_set16(&f, 12, 0x88cc);
	drop_raw(w, f, ESC_V_ETHERTYPE);
	f = good;
	f.data[14] = 0x46;
	memset(f.data + 34, 0, 4);
	frame_checksums(&f, FALSE);
	drop_raw(w, f, ESC_V_IP_OPTIONS);
	f = good;
	f.data[24] ^= 1;
	drop_raw(w, f, ESC_V_BAD_CHECKSUM);
	scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 1}, &good);
}

static void test_protocols(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 1, 7, 0);

	for (guint p = 0; p < 256; p++) {
		struct frame f = tcp_frame();
		if (p == 1 || p == 6 || p == 17 || p == 50 || p == 51 || p == 132)
			continue;
		f.data[23] = (guint8)p;
		frame_checksums(&f, FALSE);
		drop_raw(w, f, ESC_V_PROTOCOL);
	}
	for (guint type = 1; type < 20; type++) {
		s.icmp = (guint8)type;
		/* errors, redirects and advertisements have cases of their own */
		if (type != 8 && type != 3 && type != 11 && type != 12 && type != 5 && type != 9)
			port_drop(w, 1, &s, ESC_V_PROTOCOL, 1);
	}
	s.icmp = 8;
	port_pass(w, 1, &s, NULL);
}

static void test_flags(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 8080);
	static const guint8 bad[] = {0, 1, 3, 5, 6, 7, 0x29, 0x3f, 0x08, 0x20, 0x17, 0x15};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		s.flags = bad[i];
		port_drop(w, 1, &s, ESC_V_BAD_FLAGS, 1);
	}
	s.flags = FRAME_SYN;
	port_pass(w, 1, &s, NULL);
}

static void test_broadcast(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, 0xffffffff, 17, 68, 69), t = scene_from(1, A1, A3, 17, 40000, 53);

	port_drop(w, 1, &s, ESC_V_BROADCAST, 1);
	s.daddr = 0xe0000001;
	port_drop(w, 1, &s, ESC_V_BROADCAST, 1);
	memset(t.dmac, 0xff, 6);
	port_drop(w, 1, &t, ESC_V_BROADCAST, 1);
	memcpy(t.dmac, world_gateway, 6);
	port_pass(w, 1, &t, NULL);
}

static void test_guard(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec good = scene_from(1, A1, A2, 6, 40000, 8080), s = good;
	struct frame f;

	world_mac(2, s.smac);
	port_drop(w, 1, &s, ESC_V_SPOOFED_MAC, 1);
	s = good;
	s.saddr = WORLD_ADDR(1, 6);
	port_drop(w, 1, &s, ESC_V_SPOOFED_IP, 1);
	s.saddr = 0;
	port_drop(w, 1, &s, ESC_V_SPOOFED_IP, 1);
	s = good;
	world_mac(2, s.dmac);
	port_drop(w, 1, &s, ESC_V_FOREIGN_MAC, 1);
	frame_build(&f, &good);
	scene_drop(w, &(struct twin_in){TWIN_PORT, .port = 40}, &f, ESC_V_NO_PORT, 0);
	port_pass(w, 1, &good, NULL);
}

static void test_arp(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct twin_in in = {TWIN_PORT, .port = 1};
	guint8 own[6], other[6];
	struct frame f;
	struct esc_effect e;

	world_mac(1, own);
	world_mac(2, other);
	frame_arp(&f, other, other, A1, A2, 1);
	scene_drop(w, &in, &f, ESC_V_SPOOFED_MAC, 1);
	frame_arp(&f, own, other, A1, A2, 1);
	scene_drop(w, &in, &f, ESC_V_SPOOFED_ARP, 1);
	frame_arp(&f, own, own, A2, A3, 1);
	scene_drop(w, &in, &f, ESC_V_SPOOFED_ARP_IP, 1);
	frame_arp(&f, own, own, A2, A2, 2); /* claims another's address */
	scene_drop(w, &in, &f, ESC_V_GRATUITOUS_ARP, 1);
	frame_arp(&f, own, own, A2, A2, 1);
	scene_drop(w, &in, &f, ESC_V_GRATUITOUS_ARP, 1);
	frame_arp(&f, own, own, 0, A1, 1);
	scene_drop(w, &in, &f, ESC_V_ARP_UNANSWERED, 1);
	frame_arp(&f, own, own, A1, A1, 1);
	scene_drop(w, &in, &f, ESC_V_ARP_UNANSWERED, 1);
	frame_arp(&f, own, own, A1, A2, 2);
	scene_drop(w, &in, &f, ESC_V_ARP_UNANSWERED, 1);
	frame_arp(&f, own, own, A1, A2, 1);
	f.data[18] = 8;
	scene_drop(w, &in, &f, ESC_V_MALFORMED, 1);
	frame_arp(&f, own, own, A1, A2, 1);
	f.length = 41;
	scene_drop(w, &in, &f, ESC_V_MALFORMED, 1);

	frame_arp(&f, own, own, A1, A2, 1);
	e = twin_run(w, &in, &f);
	g_assert_cmpuint(e.verdict, ==, ESC_V_ANSWERED);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_SELF);
	g_assert_cmpuint(e.ifindex, ==, 101);
	frame_macs(&f, world_gateway, own);
	g_assert_cmpuint(frame_get16(&f, 20), ==, 2);
	g_assert_cmpmem(f.data + 22, 6, world_gateway, 6);
	g_assert_cmphex(frame_get32(&f, 28), ==, A2);
	g_assert_cmpmem(f.data + 32, 6, own, 6);
	g_assert_cmphex(frame_get32(&f, 38), ==, A1);
	twin_compare(w);
}

static void test_policy(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 8081);
	struct esc_effect e;
	guint8 mac[6];
	struct frame f;

	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	g_assert_cmpuint(native_rule_hits(twin_native(w), 23), ==, 1);
	s = scene_from(2, A2, A1, 6, 40000, 25);
	port_drop(w, 2, &s, ESC_V_POLICY_OUT, 2);
	g_assert_cmpuint(native_rule_hits(twin_native(w), 24), ==, 1);
	s = scene_from(3, A3, FAR, 6, 40000, 80);
	port_drop(w, 3, &s, ESC_V_POLICY_OUT, 3);
	s = scene_from(1, A1, WORLD_ADDR(1, 6), 6, 40000, 80);
	port_drop(w, 1, &s, ESC_V_NO_POLICY, 6);
	s = scene_from(6, WORLD_ADDR(1, 6), A1, 6, 40000, 80);
	port_drop(w, 6, &s, ESC_V_NO_POLICY, 6);

	s = scene_from(1, A1, A2, 6, 40000, 8080);
	e = port_pass(w, 1, &s, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_TAP);
	g_assert_cmpuint(e.ifindex, ==, 102);
	world_mac(2, mac);
	frame_macs(&f, world_gateway, mac);
	g_assert_cmpuint(native_rule_hits(twin_native(w), 21), ==, 1);
	s = scene_from(2, A2, A1, 6, 40000, 26);
	e = port_pass(w, 2, &s, NULL);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_PEER);
	g_assert_cmpuint(native_rule_hits(twin_native(w), 25), ==, 1);
}

static void test_route(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, WORLD_ADDR(1, 99), 6, 40000, 80);
	struct esc_effect e;
	struct frame f;
	guint8 mac[6], own[6];

	port_drop(w, 1, &s, ESC_V_UNREACHABLE, 1);
	s.daddr = 0x0a630001;
	port_drop(w, 1, &s, ESC_V_NO_ROUTE, 1);
	s = scene_from(4, A1, WORLD_CLIENT, 6, 40000, 80);
	port_drop(w, 4, &s, ESC_V_NO_OUTBOUND, 4);
	s = scene_from(4, A1, FAR, 6, 40000, 80); /* exists in the other network only */
	port_drop(w, 4, &s, ESC_V_UNREACHABLE, 4);

	s = scene_from(4, A1, A2, 6, 40000, 80); /* the same addresses, the other tenant */
	e = port_pass(w, 4, &s, &f);
	g_assert_cmpuint(e.ifindex, ==, 105);
	s = scene_from(1, A1, FAR, 6, 40000, 80);
	e = port_pass(w, 1, &s, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	g_assert_cmpuint(e.ifindex, ==, 3);
	g_assert_cmpuint(e.vni, ==, 100);
	g_assert_cmphex(GUINT32_FROM_BE(e.remote), ==, WORLD_REMOTE);
	world_mac(7, mac);
	world_mac(1, own);
	frame_macs(&f, own, mac); /* across hosts the sender's own: it names a forwarder */
	s = scene_from(1, A1, WORLD_CLIENT, 6, 40000, 80);
	e = port_pass(w, 1, &s, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_UPLINK);
	g_assert_cmpuint(e.ifindex, ==, 2);
	frame_macs(&f, world_uplink, world_nexthop);
}

static void test_overlay(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec good = scene_overlay(1, FAR, A1, 6, 40000, 80), s = good;
	struct esc_effect e;
	struct frame f;
	guint8 mac[6];

	overlay_drop(w, 100, WORLD_REMOTE + 1, &s, ESC_V_FOREIGN_TUNNEL, 0);
	overlay_drop(w, 200, WORLD_REMOTE, &s, ESC_V_WRONG_NETWORK, 1);
	world_mac(9, s.dmac);
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_NO_PORT, 0);
	memset(s.dmac, 0xff, 6);
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_BROADCAST, 0);
	s = good;
	s.daddr = A2; /* not the port's */
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_UNREACHABLE, 1);
	s = good;
	s.saddr = A3; /* lives on this host */
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_UNREACHABLE, 1);
	s = scene_overlay(2, FAR, A2, 6, 40000, 81);
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_POLICY_IN, 2);

	e = overlay_pass(w, 100, WORLD_REMOTE, &good, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_PEER);
	g_assert_cmpuint(e.ifindex, ==, 101);
	world_mac(1, mac);
	frame_macs(&f, world_gateway, mac);
	frame_is(&f, FAR, A1, 40000, 80);
	s = scene_from(1, A1, FAR, 6, 80, 40000);
	s.flags = FRAME_SYN | FRAME_ACK;
	e = port_pass(w, 1, &s, NULL);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
}

static void test_overlay_arp(void)
{
	g_autoptr(twin) w = twin_new_world();
	guint8 mac[6];
	struct frame f;

	world_mac(7, mac);
	frame_arp(&f, mac, mac, FAR, A1, 1);
	scene_drop(w, &(struct twin_in){TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE}, &f, ESC_V_ARP_UNANSWERED, 0);
	scene_drop(w, &(struct twin_in){TWIN_EDGE}, &f, ESC_V_ARP_UNANSWERED, 0);
}

static void test_bogons(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint32 bad[] = {0x00000001, 0x7f000001, 0x0a000104, 0xac100001, 0xac1fffff, 0xc0a80001,
	                              0xa9fe0001, 0xe0000001, 0xffffffff, 0x64400001, 0x647fffff};
	static const guint32 good[] = {0x01000001, 0x7e000001, 0x0b000001, 0xac0f0001, 0xac200001, 0xc0a70001,
	                               0xa9fd0001, 0xdfffffff, 0x643f0001, 0x64800001, 0xc6120063};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct frame_spec s = scene_outside(bad[i], WORLD_VIP, 6, 40000, 80);
		edge_drop(w, &s, ESC_V_BOGON_SOURCE, 0);
	}
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		struct frame_spec s = scene_outside(good[i], WORLD_VIP, 6, 40000, 80);
		edge_pass(w, &s, NULL);
	}
}

static void test_edge(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_PUBLIC(99), 6, 40000, 80);

	edge_drop(w, &s, ESC_V_NOT_VIP, 0);
	s.daddr = WORLD_VIP;
	s.dport = 443;
	edge_drop(w, &s, ESC_V_NO_ENDPOINT, 0);
	s.dport = 1032; /* of a block that is nobody's */
	edge_drop(w, &s, ESC_V_NO_ENDPOINT, 0);
	s.dport = 1040; /* beyond the blocks */
	edge_drop(w, &s, ESC_V_NO_ENDPOINT, 0);
	s.dport = 82;
	edge_drop(w, &s, ESC_V_NO_BACKEND, 0);
	s.dport = 1024; /* port 2's block, but it asked nobody */
	if (frame_family == 4)
		edge_drop(w, &s, ESC_V_NO_TRANSLATION, 2);
	else
		edge_drop(w, &s, ESC_V_NO_ENDPOINT, 0);
	s.daddr = WORLD_PUBLIC(16);
	edge_drop(w, &s, ESC_V_NO_TRANSLATION, 1);
	s.daddr = WORLD_PUBLIC(12);
	edge_drop(w, &s, ESC_V_STANDARD_CLOSED, 1);
	s.daddr = WORLD_PUBLIC(11);
	s.saddr = WORLD_STRANGER;
	edge_drop(w, &s, ESC_V_POLICY_IN, 3);
	s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 80);
	memcpy(s.dmac, world_gateway, 6);
	edge_drop(w, &s, ESC_V_FOREIGN_MAC, 0);
	memset(s.dmac, 0xff, 6);
	edge_drop(w, &s, ESC_V_BROADCAST, 0);

	s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 83);
	edge_pass(w, &s, NULL);
	s.daddr = WORLD_PUBLIC(11);
	edge_pass(w, &s, NULL);
	s.daddr = WORLD_PUBLIC(15); /* not Standard: open without a group */
	edge_pass(w, &s, NULL);
}

static void test_no_overlay(void)
{
	g_autoptr(tables) t = world_tables();
	g_autoptr(twin) w = twin_new(t);
	struct frame_spec s = scene_from(1, A1, FAR, 6, 40000, 80);

	twin_set_overlay(w, 0);
	port_drop(w, 1, &s, ESC_V_DELIVERY, 1);
	twin_set_overlay(w, 3);
	port_pass(w, 1, &s, NULL);
}

void cases_register(void)
{
	g_test_add_func("/parse/truncated", test_truncated);
	g_test_add_func("/parse/very-short", test_very_short);
	g_test_add_func("/parse/lengths", test_lengths);
	g_test_add_func("/parse/udp-length", test_udp_length);
	scene_both("/parse/land", test_land);
	g_test_add_func("/parse/types", test_types);
	g_test_add_func("/parse/protocols", test_protocols);
	scene_both("/parse/flags", test_flags);
	g_test_add_func("/parse/broadcast", test_broadcast);
	scene_both("/guard", test_guard);
	g_test_add_func("/arp", test_arp);
	scene_both("/policy", test_policy);
	scene_both("/route", test_route);
	scene_both("/overlay/admit", test_overlay);
	g_test_add_func("/overlay/arp", test_overlay_arp);
	scene_both("/overlay/none", test_no_overlay);
	g_test_add_func("/edge/bogons", test_bogons);
	scene_both("/edge/endpoints", test_edge);
}
