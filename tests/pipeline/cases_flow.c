/* SPDX-License-Identifier: Apache-2.0 */
/* Flows: what may open one, what continues it, how it ends, who pays for it, and what a change of policy does to it. */
#include "scene.h"
#include <string.h>

#define A1 WORLD_ADDR(1, 4)
#define A2 WORLD_ADDR(1, 5)
#define A3 WORLD_ADDR(2, 4)

/* The two sides of a TCP connection from port 1 to port 2, and of a UDP one to port 3. */
static struct frame_spec there(guint16 sport, guint8 flags)
{
	struct frame_spec s = scene_from(1, A1, A2, 6, sport, 8080);

	s.flags = flags;
	return s;
}

static struct frame_spec back(guint16 sport, guint8 flags)
{
	struct frame_spec s = scene_from(2, A2, A1, 6, 8080, sport);

	s.flags = flags;
	return s;
}

static void send_there(struct twin *w, guint16 sport, guint8 flags)
{
	struct frame_spec s = there(sport, flags);

	port_pass(w, 1, &s, NULL);
}

static void send_back(struct twin *w, guint16 sport, guint8 flags)
{
	struct frame_spec s = back(sport, flags);

	port_pass(w, 2, &s, NULL);
}

static void lost(struct twin *w, guint16 sport, guint8 flags)
{
	struct frame_spec s = there(sport, flags);

	port_drop(w, 1, &s, ESC_V_NO_FLOW, 1);
}

static void lost_back(struct twin *w, guint16 sport, guint8 flags)
{
	struct frame_spec s = back(sport, flags);

	port_drop(w, 2, &s, ESC_V_NO_FLOW, 2);
}

static void open_flow(struct twin *w, guint16 sport)
{
	send_there(w, sport, FRAME_SYN);
	send_back(w, sport, FRAME_SYN | FRAME_ACK);
	send_there(w, sport, FRAME_ACK);
}

static void test_start(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint8 flags[] = {FRAME_ACK, FRAME_SYN | FRAME_ACK, FRAME_RST, FRAME_FIN | FRAME_ACK};

	for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
		lost(w, 40000, flags[i]);
		lost_back(w, 40000, flags[i]);
	}
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 0);
	open_flow(w, 40000);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 2);
	lost(w, 40001, FRAME_ACK);
}

static void test_counts(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct esc_flow_key key = {.saddr = GUINT32_TO_BE(A1),
	                           .daddr = GUINT32_TO_BE(A2),
	                           .sport = GUINT16_TO_BE(40000),
	                           .dport = GUINT16_TO_BE(8080),
	                           .proto = 6,
	                           .dir = ESC_FLOW_FROM,
	                           .port = 1};
	struct esc_flow f;

	open_flow(w, 40000);
	g_assert_true(scene_flow(w, &key, &f));
	g_assert_cmpuint(f.packets, ==, 2);
	g_assert_cmpuint(f.bytes, ==, 2 * (frame_family == 6 ? 78 : 58));
	g_assert_cmpuint(f.tcp & ESC_TCP_STATE, ==, ESC_TCP_OPEN);
	g_assert_cmpuint(f.peer, ==, 2);
	g_assert_cmpuint(native_rule_hits(twin_native(w), 21), ==, 1); /* rules count flows, not packets */
}

static void test_echo(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec ask = scene_from(1, A1, A2, 1, 77, 0), answer = scene_from(2, A2, A1, 1, 77, 0);

	answer.icmp = 0;
	port_drop(w, 2, &answer, ESC_V_NO_FLOW, 2);
	port_pass(w, 1, &ask, NULL);
	port_pass(w, 2, &answer, NULL);
	answer.sport = 78;
	port_drop(w, 2, &answer, ESC_V_NO_FLOW, 2);
	ask.icmp = 0;
	port_drop(w, 1, &ask, ESC_V_NO_FLOW, 1);
	answer.icmp = 8; /* the other side asks with the same identifier */
	answer.sport = 77;
	port_pass(w, 2, &answer, NULL);
	port_pass(w, 1, &ask, NULL);
}

static void test_reply_is_not_opened(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(3, A3, A1, 17, 53, 40000), t = scene_from(1, A1, A3, 17, 40001, 54);

	port_drop(w, 1, &t, ESC_V_POLICY_IN, 3);
	s = scene_from(1, A1, A2, 17, 40000,
	               53); /* UDP to port 2 is closed, but its own flow to port 1 opens the way */
	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	s = scene_from(2, A2, A1, 17, 53, 40000);
	port_pass(w, 2, &s, NULL);
	s = scene_from(1, A1, A2, 17, 40000, 53);
	port_pass(w, 1, &s, NULL);
}

static void test_idle_new(void)
{
	g_autoptr(twin) w = twin_new_world();

	send_there(w, 40000, FRAME_SYN);
	twin_advance(w, 30001);
	lost_back(w, 40000, FRAME_SYN | FRAME_ACK);
	send_there(w, 40001, FRAME_SYN);
	twin_advance(w, 29999);
	send_back(w, 40001, FRAME_SYN | FRAME_ACK);
}

static void test_idle_open(void)
{
	g_autoptr(twin) w = twin_new_world();

	open_flow(w, 40000);
	twin_advance(w, 3600 * 1000);
	send_there(w, 40000, FRAME_ACK);
	twin_advance(w, 3600 * 1000 + 1);
	lost(w, 40000, FRAME_ACK);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 0);
}

static void test_one_way(void)
{
	g_autoptr(twin) w = twin_new_world();

	open_flow(w, 40000);
	for (guint i = 0; i < 5; i++) { /* the way back is silent for longer than its timeout */
		twin_advance(w, 1800 * 1000);
		send_there(w, 40000, FRAME_ACK);
	}
	send_back(w, 40000, FRAME_ACK);
}

static void test_reset(void)
{
	g_autoptr(twin) w = twin_new_world();

	open_flow(w, 40000);
	send_back(w, 40000, FRAME_RST | FRAME_ACK);
	send_there(w, 40000, FRAME_ACK);
	twin_advance(w, 15001);
	lost(w, 40000, FRAME_ACK);
	open_flow(w, 40001);
	send_there(w, 40001, FRAME_RST);
	send_there(w, 40001, FRAME_SYN); /* the port is used again */
	send_back(w, 40001, FRAME_SYN | FRAME_ACK);
	twin_advance(w, 20000);
	send_there(w, 40001, FRAME_ACK);
}

static void test_fin(void)
{
	g_autoptr(twin) w = twin_new_world();

	open_flow(w, 40000);
	send_there(w, 40000, FRAME_FIN | FRAME_ACK);
	twin_advance(w, 240000);
	send_back(w, 40000, FRAME_FIN | FRAME_ACK); /* half closed for as long as that */
	send_there(w, 40000, FRAME_ACK);
	twin_advance(w, 240001);
	lost(w, 40000, FRAME_ACK);
}

static gboolean udp_flow_exists(struct twin *w, guint16 sport)
{
	struct esc_flow_key key = {.saddr = GUINT32_TO_BE(A1),
	                           .daddr = GUINT32_TO_BE(A3),
	                           .sport = GUINT16_TO_BE(sport),
	                           .dport = GUINT16_TO_BE(53),
	                           .proto = 17,
	                           .dir = ESC_FLOW_FROM,
	                           .port = 1};
	struct esc_flow f;

	return scene_flow(w, &key, &f);
}

/* The ring is as long as one walk, so here the flow that makes room is always the one idle for longest. */
static void test_quota(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec other = scene_from(5, A2, A1, 17, 1, 2), s = scene_from(1, A1, A3, 17, 0, 53);

	port_pass(w, 5, &other, NULL);
	for (guint i = 0; i < 100; i++) {
		twin_advance(w, 10);
		s.sport = (guint16)(1000 + i);
		port_pass(w, 1, &s, NULL);
		g_assert_cmpuint(native_flow_count(twin_native(w)), <=, 2 * 16 + 2);
		g_assert_true(udp_flow_exists(w, s.sport));
		g_assert_true(i < 16 || !udp_flow_exists(w, (guint16)(s.sport - 16)));
		g_assert_true(i < 15 || udp_flow_exists(w, (guint16)(s.sport - 15)));
	}
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 2 * 16 + 2);
	other = scene_from(4, A1, A2, 17, 2,
	                   1); /* the other port's flow is untouched: its reply passes in both builds */
	port_pass(w, 4, &other, NULL);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 2 * 16 + 2);
}

/* A connection that both sides have closed makes room before flows that are idle for longer; not while its last
 * acknowledgement is under way. */
static void test_quota_closed(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A3, 17, 0, 53);

	for (guint i = 0; i < 15; i++) {
		s.sport = (guint16)(1000 + i);
		port_pass(w, 1, &s, NULL);
		twin_advance(w, 10);
	}
	open_flow(w, 40000);
	send_back(w, 40000, FRAME_FIN | FRAME_ACK);
	send_there(w, 40000, FRAME_FIN | FRAME_ACK);
	s.sport = 2000;
	port_pass(w, 1, &s, NULL);
	g_assert_false(udp_flow_exists(w, 1000));
	send_back(w, 40000, FRAME_ACK); /* the last of it */
	twin_advance(w, 10);
	s.sport = 2001;
	port_pass(w, 1, &s, NULL);
	g_assert_true(udp_flow_exists(w, 1001));
	lost_back(w, 40000, FRAME_ACK);
	s.sport = 2002; /* all are open again */
	port_pass(w, 1, &s, NULL);
	g_assert_false(udp_flow_exists(w, 1001));
	g_assert_true(udp_flow_exists(w, 1002));
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 2 * 16);
}

static void test_no_ring(void)
{
	g_autoptr(tables) t = world_tables();
	t->self.ring_size = 0;
	g_autoptr(twin) w = twin_new(t);
	struct frame_spec s = there(40000, FRAME_SYN);

	port_drop(w, 1, &s, ESC_V_FLOW_TABLE, 1);
	t->self.ring_size = 16;
	twin_update(w, t);
	port_pass(w, 1, &s, NULL);
}

static void test_change_denies(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) denied = world_tables_denied(2);
	struct frame_spec s = there(40000, FRAME_ACK);

	open_flow(w, 40000);
	twin_update(w, denied);
	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 0);
	lost_back(w, 40000, FRAME_ACK);
}

/* The address that opened the flow is taken from its port: nobody goes on speaking in its name. */
static void test_change_revokes_address(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = there(40000, FRAME_ACK);

	open_flow(w, 40000);
	for (guint i = 0; i < t->ports->len; i++) {
		struct table_port *p = t->ports->pdata[i];
		if (p->number != 1)
			continue;
		p->port.addr[0] ^= GUINT32_TO_BE(0x80);
		p->port6.addr[0].w[3] ^= GUINT32_TO_BE(0x80);
		p->judge++;
	}
	twin_update(w, t);
	port_drop(w, 1, &s, ESC_V_SPOOFED_IP, 1);
}

/* The reply comes first after the change: judged by the opener's tuple, at the opener's port. */
static void test_change_denies_opener(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) denied = world_tables_denied(1);
	struct frame_spec s = back(40000, FRAME_ACK);

	open_flow(w, 40000);
	twin_update(w, denied);
	port_drop(w, 2, &s, ESC_V_POLICY_OUT, 1);
	lost(w, 40000, FRAME_ACK);
}

static void test_change_keeps(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) same = world_tables(), other = world_tables_denied(3);
	struct table_port *p = g_ptr_array_index(same->ports, 1);

	open_flow(w, 40000);
	p->judge++; /* judged by something else, with the same result */
	twin_update(w, same);
	send_back(w, 40000, FRAME_ACK);
	send_there(w, 40000, FRAME_ACK);
	g_assert_cmpuint(native_rule_hits(twin_native(w), 21), ==, 1);
	twin_update(w, other); /* somebody else's policy */
	send_back(w, 40000, FRAME_ACK);
	send_there(w, 40000, FRAME_ACK);
}

static void test_port_gone(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = there(40000, FRAME_ACK);

	open_flow(w, 40000);
	g_ptr_array_remove_index(t->ports, 1);
	twin_update(w, t);
	port_drop(w, 1, &s, ESC_V_UNREACHABLE, 1);
}

void cases_flow_register(void)
{
	scene_both("/flow/start", test_start);
	scene_both("/flow/counts", test_counts);
	scene_both("/flow/echo", test_echo);
	scene_both("/flow/reply", test_reply_is_not_opened);
	scene_both("/flow/idle/new", test_idle_new);
	scene_both("/flow/idle/open", test_idle_open);
	scene_both("/flow/idle/one-way", test_one_way);
	scene_both("/flow/reset", test_reset);
	scene_both("/flow/fin", test_fin);
	scene_both("/flow/quota", test_quota);
	scene_both("/flow/quota-closed", test_quota_closed);
	scene_both("/flow/no-ring", test_no_ring);
	scene_both("/flow/change/denies", test_change_denies);
	scene_both("/flow/change/revokes-address", test_change_revokes_address);
	scene_both("/flow/change/denies-opener", test_change_denies_opener);
	scene_both("/flow/change/keeps", test_change_keeps);
	scene_both("/flow/change/port-gone", test_port_gone);
}
