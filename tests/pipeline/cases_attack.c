/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks that have a history: each began as a packet that got through, or a flow that somebody else could end. */
#include "scene.h"
#include <string.h>

#define A1      WORLD_ADDR(1, 4)
#define A2      WORLD_ADDR(1, 5)
#define REMOTE  WORLD_ADDR(9, 4)
#define TRAITOR (WORLD_REMOTE + 1) /* a host of the fabric where port 7 does not live */
#define VIP     WORLD_PUBLIC(11)   /* of port 3 */

static struct tables *with_traitor(void)
{
	struct tables *t = world_tables();
	struct table_peer peer = {GUINT32_TO_BE(TRAITOR), ESC_PEER_HOST};

	g_array_append_val(t->peers, peer);
	return t;
}

/* A host of the fabric speaks only for the addresses that live on it: it opens nothing in others' names. */
static void test_host_opens_for_another(void)
{
	g_autoptr(tables) t = with_traitor();
	g_autoptr(twin) w = twin_new(t);
	struct frame_spec s = scene_overlay(1, REMOTE, A1, 17, 4000, 4001);

	overlay_drop(w, 100, TRAITOR, &s, ESC_V_WRONG_HOST, 1);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 0);
	overlay_pass(w, 100, WORLD_REMOTE, &s, NULL);
	overlay_drop(w, 100, TRAITOR, &s, ESC_V_WRONG_HOST, 1); /* nor does it continue what the right one opened */
	overlay_pass(w, 100, WORLD_REMOTE, &s, NULL);
}

static void test_host_answers_for_another(void)
{
	g_autoptr(tables) t = with_traitor();
	g_autoptr(twin) w = twin_new(t);
	struct frame_spec ask = scene_from(1, A1, REMOTE, 17, 4000, 4001),
	                  answer = scene_overlay(1, REMOTE, A1, 17, 4001, 4000);

	port_pass(w, 1, &ask, NULL);
	overlay_drop(w, 100, TRAITOR, &answer, ESC_V_WRONG_HOST, 1);
	overlay_pass(w, 100, WORLD_REMOTE, &answer, NULL);
}

/* The address moves: its flows live on, and once its new host has spoken, the one that it left does no longer. */
static void test_host_moved(void)
{
	g_autoptr(tables) t = with_traitor();
	g_autoptr(twin) w = twin_new(t);
	struct frame_spec s = scene_overlay(1, REMOTE, A1, 17, 4000, 4001),
	                  answer = scene_from(1, A1, REMOTE, 17, 4001, 4000);

	overlay_pass(w, 100, WORLD_REMOTE, &s, NULL);
	for (guint i = 0; i < t->addrs->len; i++) {
		struct table_addr *a = &g_array_index(t->addrs, struct table_addr, i);
		if (a->value.host == GUINT32_TO_BE(WORLD_REMOTE))
			a->value.host = GUINT32_TO_BE(TRAITOR);
	}
	for (guint i = 0; i < t->addrs6->len; i++) {
		struct table_addr6 *a = &g_array_index(t->addrs6, struct table_addr6, i);
		if (a->value.host == GUINT32_TO_BE(WORLD_REMOTE))
			a->value.host = GUINT32_TO_BE(TRAITOR);
	}
	twin_update(w, t);
	overlay_pass(w, 100, TRAITOR, &s, NULL);
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_WRONG_HOST, 1);
	g_assert_cmphex(port_pass(w, 1, &answer, NULL).remote, ==, GUINT32_TO_BE(TRAITOR));
}

/* An edge is no judge of where a private source comes from. */
static void test_edge_forwards_private_source(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_overlay(5, A1, WORLD_PUBLIC(15), 17, 4000, 4001);

	overlay_drop(w, ESC_VNI_EDGE, WORLD_REMOTE, &s, ESC_V_BOGON_SOURCE, 5);
	s.saddr = WORLD_CLIENT;
	overlay_pass(w, ESC_VNI_EDGE, WORLD_REMOTE, &s, NULL);
}

/* Networks may use public ranges; from outside, nobody speaks for them. */
static void test_outsider_in_network_range(void)
{
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = scene_outside(WORLD_CLIENT, VIP, 17, 4000, 4001);

	world_route(t, 100, 0xcb007100, 24, ESC_HOP_NETWORK);
	g_autoptr(twin) w = twin_new(t);
	edge_drop_tc(w, &s, ESC_V_BOGON_SOURCE, 3);
	s = scene_outside(0xcb007207, WORLD_PUBLIC(15), 17, 4000, 4001);
	edge_pass(w, &s, NULL);
}

static struct frame_spec in(guint8 flags)
{
	struct frame_spec s = scene_outside(WORLD_CLIENT, VIP, 6, 40000, 22);

	s.flags = flags;
	return s;
}

static struct frame_spec out(guint8 flags)
{
	struct frame_spec s = scene_from(3, WORLD_ADDR(2, 4), WORLD_CLIENT, 6, 22, 40000);

	s.flags = flags;
	return s;
}

static void send_in(struct twin *w, guint8 flags)
{
	struct frame_spec s = in(flags);

	edge_pass(w, &s, NULL);
}

static void send_out(struct twin *w, guint8 flags)
{
	struct frame_spec s = out(flags);

	port_pass(w, 3, &s, NULL);
}

/* Anybody outside can send a RST in another's name. Whoever goes on afterwards did not send it. */
static void test_forged_reset(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = out(FRAME_ACK);

	send_in(w, FRAME_SYN);
	send_out(w, FRAME_SYN | FRAME_ACK);
	send_in(w, FRAME_ACK);
	send_in(w, FRAME_RST);
	send_in(w, FRAME_ACK);
	twin_advance(w, 200 * 1000);
	send_out(w, FRAME_ACK);
	send_in(w, FRAME_RST);
	twin_advance(w, 15001);
	port_drop(w, 3, &s, ESC_V_NO_FLOW, 3); /* a real one still ends it */
}

static struct frame_spec answer(guint8 flags)
{
	struct frame_spec s = scene_outside(WORLD_CLIENT, VIP, 6, 443, 50000);

	s.flags = flags;
	return s;
}

static void send_answer(struct twin *w, guint8 flags)
{
	struct frame_spec s = answer(flags);

	edge_pass(w, &s, NULL);
}

static void send_ask(struct twin *w, guint8 flags)
{
	struct frame_spec s = scene_from(3, WORLD_ADDR(2, 4), WORLD_CLIENT, 6, 50000, 443);

	s.flags = flags;
	port_pass(w, 3, &s, NULL);
}

/* Who was called does not call back on the same connection: neither past the rules, nor to end it. */
static void test_syn_backwards(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = answer(FRAME_SYN);

	send_ask(w, FRAME_SYN);
	send_answer(w, FRAME_SYN | FRAME_ACK);
	send_ask(w, FRAME_ACK);
	edge_drop_tc(w, &s, ESC_V_NO_FLOW, 3);
	send_answer(w, FRAME_RST); /* forged, and then a SYN that would take the connection's place */
	edge_drop_tc(w, &s, ESC_V_NO_FLOW, 3);
	send_ask(w, FRAME_ACK);
	send_answer(w, FRAME_ACK);
}

static void test_syn_both_ways_at_once(void)
{
	g_autoptr(twin) w = twin_new_world();

	send_ask(w, FRAME_SYN);
	send_answer(w, FRAME_SYN);
	send_answer(w, FRAME_SYN);
	send_ask(w, FRAME_SYN | FRAME_ACK);
	send_answer(w, FRAME_SYN | FRAME_ACK);
	send_ask(w, FRAME_ACK);
}

/* Port 0 is a port like any other, and no wildcard. */
static void test_port_zero(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 0);

	edge_drop(w, &s, ESC_V_NO_ENDPOINT, ESC_PORT_UPLINK);
	s = scene_from(1, A1, A2, 6, 0, 0);
	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	s = scene_from(1, A1, A1, 17, 7, 7);
	port_drop(w, 1, &s, ESC_V_MALFORMED, 1);
}

void cases_attack_register(void)
{
	scene_both("/attack/host/opens-for-another", test_host_opens_for_another);
	scene_both("/attack/host/answers-for-another", test_host_answers_for_another);
	scene_both("/attack/host/moved", test_host_moved);
	scene_both("/attack/edge/private-source", test_edge_forwards_private_source);
	scene_both("/attack/outsider/network-range", test_outsider_in_network_range);
	scene_both("/attack/tcp/forged-reset", test_forged_reset);
	scene_both("/attack/tcp/syn-backwards", test_syn_backwards);
	scene_both("/attack/tcp/syn-both-ways", test_syn_both_ways_at_once);
	scene_both("/attack/port-zero", test_port_zero);
}
