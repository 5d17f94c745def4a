/* SPDX-License-Identifier: Apache-2.0 */
/* Translation: inward by endpoints, outward by own addresses and ranges, and every reply back again. */
#include "scene.h"
#include <string.h>

#define A1 WORLD_ADDR(1, 4)
#define A2 WORLD_ADDR(1, 5)
#define A3 WORLD_ADDR(2, 4)

static void test_balanced(void)
{
	g_autoptr(twin) w = twin_new_world();
	gboolean chosen[3] = {FALSE};

	for (guint16 sport = 40000; sport < 40016; sport++) {
		struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, sport, 80), r;
		struct frame f;
		struct esc_effect e = edge_pass(w, &s, &f);
		guint32 port = e.ifindex - 100, own = port == 1 ? A1 : A2;

		g_assert_true(port == 1 || port == 2);
		g_assert_cmpuint(e.delivery, ==, port == 1 ? ESC_TO_PEER : ESC_TO_TAP);
		chosen[port] = TRUE;
		frame_is(&f, WORLD_CLIENT, own, sport, 8080);
		r = scene_from(port, own, WORLD_CLIENT, 6, 8080, sport);
		r.flags = FRAME_SYN | FRAME_ACK;
		e = port_pass(w, port, &r, &f);
		g_assert_cmpuint(e.delivery, ==, ESC_TO_UPLINK);
		frame_is(&f, WORLD_VIP, WORLD_CLIENT, 80, sport);
		frame_macs(&f, world_uplink, world_nexthop);
	}
	g_assert_true(chosen[1] && chosen[2]);
}

static void test_own_address(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint8 protocols[] = {6, 17, 1};

	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		guint8 p = protocols[i];
		guint16 service = p == 1 ? 0 : 80;
		struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_PUBLIC(11), p, 40000, service);
		struct frame_spec r = p == 1 ? scene_from(3, A3, WORLD_CLIENT, p, 40000, 0)
		                             : scene_from(3, A3, WORLD_CLIENT, p, service, 40000);
		struct frame f;

		g_assert_cmpuint(edge_pass(w, &s, &f).ifindex, ==, 103);
		frame_is(&f, WORLD_CLIENT, A3, 40000, service);
		r.flags = FRAME_SYN | FRAME_ACK;
		r.icmp = 0;
		g_assert_cmpuint(port_pass(w, 3, &r, &f).delivery, ==, ESC_TO_UPLINK);
		frame_is(&f, WORLD_PUBLIC(11), WORLD_CLIENT, p == 1 ? 40000 : service, 40000);
	}
}

static void test_out_own_address(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint8 protocols[] = {6, 17, 1};

	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		guint8 p = protocols[i];
		guint16 service = p == 1 ? 0 : 443;
		struct frame_spec s = scene_from(1, A1, WORLD_STRANGER, p, 40000, service);
		struct frame_spec r = p == 1 ? scene_outside(WORLD_STRANGER, WORLD_PUBLIC(12), p, 40000, 0)
		                             : scene_outside(WORLD_STRANGER, WORLD_PUBLIC(12), p, service, 40000);
		struct frame f;

		r.flags = FRAME_SYN | FRAME_ACK;
		r.icmp = 0;
		edge_drop(w, &r, p == 17 ? ESC_V_STANDARD_CLOSED : ESC_V_NO_FLOW, 1);
		port_pass(w, 1, &s, &f);
		frame_is(&f, WORLD_PUBLIC(12), WORLD_STRANGER, 40000, service);
		g_assert_cmpuint(edge_pass(w, &r, &f).ifindex, ==, 101);
		frame_is(&f, WORLD_STRANGER, A1, p == 1 ? 40000 : service, 40000);
	}
}

static void test_range(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(2, A2, WORLD_STRANGER, 17, 0, 443), r;
	guint seen = 0;
	struct frame f;

	for (guint16 i = 0; i < 7; i++) {
		s.sport = (guint16)(50000 + i);
		port_pass(w, 2, &s, &f);
		g_assert_cmphex(frame_get32(&f, 26), ==, WORLD_VIP);
		g_assert_cmpuint(frame_get16(&f, 34), >=, 1024);
		g_assert_cmpuint(frame_get16(&f, 34), <, 1032);
		seen |= 1u << (frame_get16(&f, 34) - 1024);
		r = scene_outside(WORLD_STRANGER, WORLD_VIP, 17, 443, frame_get16(&f, 34));
		edge_pass(w, &r, &f);
		frame_is(&f, WORLD_STRANGER, A2, 443, s.sport);
	}
	g_assert_cmphex(seen, ==, 0xff & ~(1u << 3)); /* the whole range is usable, but for what an endpoint opens */
	s.sport = 50008;
	port_drop(w, 2, &s, ESC_V_SNAT_EXHAUSTED, 2);
	s.dport = 444; /* towards another destination the same ports serve again */
	port_pass(w, 2, &s, &f);
	g_assert_cmpuint(frame_get16(&f, 34), <, 1032);
	s.dport = 443;
	twin_advance(w, 240001); /* and all are free when their flows are dead */
	port_pass(w, 2, &s, NULL);
}

static void test_range_echo(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(2, A2, WORLD_STRANGER, 1, 9, 0), r;
	struct frame f;

	port_pass(w, 2, &s, &f);
	g_assert_cmpuint(frame_get16(&f, 38), >=, 1024);
	g_assert_cmpuint(frame_get16(&f, 38), <, 1032);
	r = scene_outside(WORLD_STRANGER, WORLD_VIP, 1, frame_get16(&f, 38), 0);
	r.icmp = 0;
	edge_pass(w, &r, &f);
	frame_is(&f, WORLD_STRANGER, A2, 9, 0);
}

static void test_udp_without_checksum(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, WORLD_STRANGER, 17, 40000, 443);
	struct frame f;

	s.no_udp_checksum = TRUE;
	port_pass(w, 1, &s, &f);
	g_assert_cmpuint(frame_get16(&f, frame_l4(&f) + 6), ==, 0);
	frame_is(&f, WORLD_PUBLIC(12), WORLD_STRANGER, 40000, 443);
}

/* TEST_RUN cannot make a partial checksum, so the native twin alone: what the device adds later must come out right. */
static void test_partial(void)
{
	g_autoptr(tables) t = world_tables();
	struct native *n = native_new(t);
	struct frame_spec s = scene_from(1, A1, WORLD_STRANGER, 6, 40000, 443);
	struct frame f, want;

	frame_build(&f, &s);
	frame_partial(&f);
	struct native_packet p = {
	        .data = f.data, .length = f.length, .capacity = sizeof(f.data), .partial_checksum = TRUE};
	g_assert_cmpuint(native_from_port(n, 1, &p).verdict, ==, ESC_V_FORWARD);
	g_assert_cmphex(frame_source(&f), ==, WORLD_PUBLIC(12));
	want = f;
	frame_partial(&want);
	g_assert_cmpmem(f.data, f.length, want.data, want.length);
	native_free(n);
}

static void test_remote_backend(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 81);
	struct frame f;
	struct esc_effect e = edge_pass(w, &s, &f);
	guint8 mac[6];

	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	g_assert_cmphex(e.vni, ==, ESC_VNI_EDGE);
	g_assert_cmphex(GUINT32_FROM_BE(e.remote), ==, WORLD_REMOTE);
	world_mac(7, mac);
	frame_macs(&f, world_gateway, mac);
	frame_is(&f, WORLD_CLIENT, WORLD_VIP, 40000, 81); /* the edge never translates */
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 0);
}

static void test_from_an_edge(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_overlay(2, WORLD_CLIENT, WORLD_VIP, 6, 40000, 80), r;
	struct frame f;

	overlay_drop(w, ESC_VNI_EDGE, WORLD_REMOTE + 1, &s, ESC_V_FOREIGN_TUNNEL, 0);
	s.daddr = WORLD_PUBLIC(12); /* not an address of port 2 */
	overlay_drop(w, ESC_VNI_EDGE, WORLD_REMOTE, &s, ESC_V_NO_TRANSLATION, 2);
	s.daddr = A2; /* a private address does not come from an edge */
	overlay_drop(w, ESC_VNI_EDGE, WORLD_REMOTE, &s, ESC_V_NO_TRANSLATION, 2);
	s.daddr = WORLD_VIP; /* nor a public one from a network */
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_UNREACHABLE, 2);
	overlay_pass(w, ESC_VNI_EDGE, WORLD_REMOTE, &s, &f);
	frame_is(&f, WORLD_CLIENT, A2, 40000, 8080);
	r = scene_from(2, A2, WORLD_CLIENT, 6, 8080, 40000);
	r.flags = FRAME_SYN | FRAME_ACK;
	g_assert_cmpuint(port_pass(w, 2, &r, &f).delivery, ==, ESC_TO_UPLINK); /* by this host's own uplink */
	frame_is(&f, WORLD_VIP, WORLD_CLIENT, 80, 40000);
}

/* The same through a balancer, over TCP, and not for other ports of the host. */
static void test_floating_tcp(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 8080);
	struct frame_spec r = scene_from(2, WORLD_VIP, WORLD_CLIENT, 6, 8080, 40000);
	struct frame f;

	port_drop(w, 2, &r, ESC_V_SPOOFED_IP, 2);
	r.flags = FRAME_SYN | FRAME_ACK;
	port_drop(w, 2, &r, ESC_V_SPOOFED_IP, 2);
	edge_pass(w, &s, &f);
	frame_is(&f, WORLD_CLIENT, WORLD_VIP, 40000, 8080);
	g_assert_cmpuint(port_pass(w, 2, &r, &f).delivery, ==, ESC_TO_UPLINK);
	frame_is(&f, WORLD_VIP, WORLD_CLIENT, 8080, 40000);
	r.dport++;
	port_drop(w, 2, &r, ESC_V_SPOOFED_IP, 2);
	r = scene_from(1, WORLD_VIP, WORLD_CLIENT, 6, 8080, 40000); /* nor may another port */
	port_drop(w, 1, &r, ESC_V_SPOOFED_IP, 1);
	r = scene_from(2, WORLD_VIP, WORLD_CLIENT, 6, 8080, 40000);
	twin_advance(w, 240001); /* the flow is dead, and with it the permission */
	port_drop(w, 2, &r, ESC_V_SPOOFED_IP, 2);
}

static void test_mark(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 80);
	struct esc_effect plain, marked;
	struct frame f, g;

	for (s.dport = 80; s.dport <= 81; s.dport++) {
		frame_build(&f, &s);
		scene_pass(w, &(struct twin_in){TWIN_XDP}, &f);
		frame_is(&f, WORLD_CLIENT, WORLD_VIP, 40000, s.dport);
		marked = scene_pass(w, &(struct twin_in){TWIN_EDGE, .marked = TRUE}, &f);
		plain = edge_pass(w, &s, &g);
		g_assert_cmpmem(&plain.delivery, 16, &marked.delivery, 16);
		g_assert_cmpmem(f.data, f.length, g.data, g.length);
	}
}

static void test_closed_again(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 83);
	struct frame_spec answer = scene_from(2, WORLD_ADDR(1, 5), WORLD_CLIENT, 6, 8080, 40000);

	edge_pass(w, &s, NULL);
	answer.flags = FRAME_SYN | FRAME_ACK;
	port_pass(w, 2, &answer, NULL);
	s.flags = FRAME_ACK;
	edge_pass(w, &s, NULL);
	for (guint i = 0; i < t->dnat->len; i++) { /* the endpoint goes away while the flow lives */
		if (g_array_index(t->dnat, struct table_dnat, i).key.vport == GUINT16_TO_BE(83))
			g_array_remove_index(t->dnat, i--);
	}
	for (guint i = 0; i < t->dnat6->len; i++) {
		if (g_array_index(t->dnat6, struct table_dnat6, i).key.vport == GUINT16_TO_BE(83))
			g_array_remove_index(t->dnat6, i--);
	}
	((struct table_port *)g_ptr_array_index(t->ports, 1))->judge++;
	twin_update(w, t);
	edge_drop(w, &s, ESC_V_NO_TRANSLATION, 2);
}

void cases_nat_register(void)
{
	scene_both("/nat/balanced", test_balanced);
	scene_both("/nat/own-address", test_own_address);
	scene_both("/nat/out/own-address", test_out_own_address);
	g_test_add_func("/nat/out/range", test_range);
	g_test_add_func("/nat/out/range-echo", test_range_echo);
	scene_both("/nat/udp-zero", test_udp_without_checksum);
	scene_both("/nat/partial", test_partial);
	scene_both("/nat/remote", test_remote_backend);
	scene_both("/nat/from-an-edge", test_from_an_edge);
	scene_both("/nat/floating-tcp", test_floating_tcp);
	scene_both("/nat/mark", test_mark);
	scene_both("/nat/closed-again", test_closed_again);
}
