/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols without ports (SCTP, ESP, AH): a flow is two addresses and the protocol. */
#include "compile/policy.h"
#include "scene.h"
#include <string.h>

#define A1     WORLD_ADDR(1, 4)
#define A2     WORLD_ADDR(1, 5)
#define A3     WORLD_ADDR(2, 4)
#define FAR    WORLD_ADDR(9, 4)
#define PUBLIC WORLD_PUBLIC(11) /* of port 3, one to one */

static const guint8 protocols[] = {50, 51, 132};

static guint8 least(guint8 protocol)
{
	return protocol == 50 ? 8 : 12;
}

/* Rules judge them without ports; an answer passes only with its flow, which lives for four minutes. */
static void test_flow(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		g_autoptr(twin) w = twin_new_world();
		struct frame_spec s = scene_from(3, A3, A1, protocols[i], 0, 0),
		                  back = scene_from(1, A1, A3, protocols[i], 0, 0);
		struct esc_flow_key key = {GUINT32_TO_BE(A3), GUINT32_TO_BE(A1), 0, 0, protocols[i], 0, 3};
		struct esc_flow flow;

		s.payload = back.payload = 40;
		port_drop(w, 1, &back, ESC_V_POLICY_IN, 3);
		port_pass(w, 3, &s, NULL);
		port_pass(w, 1, &back, NULL);
		g_assert_true(scene_flow(w, &key, &flow));
		back.protocol = protocols[(i + 1) % 3]; /* which is another flow */
		port_drop(w, 1, &back, ESC_V_POLICY_IN, 3);
		back.protocol = protocols[i];
		twin_advance(w, 240 * 1000);
		port_pass(w, 1, &back, NULL);
		twin_advance(w, 241 * 1000);
		port_drop(w, 1, &back, ESC_V_POLICY_IN, 3);
	}
}

/* A rule that names a port is not about them: nothing at the place of ports is one. */
static void test_ports(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 132, 0, 0);
	struct frame f;

	s.payload = 40;
	frame_build(&f, &s);
	frame_set16(&f, frame_l4(&f) + 2, 8080); /* open for TCP */
	scene_drop(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f, ESC_V_POLICY_IN, 2);
	s.protocol = 6;
	s.dport = 8080;
	port_pass(w, 1, &s, NULL);
}

/* ESP alone may come in at port 2. */
static struct tables *esp_alone(void)
{
	struct tables *t = world_tables();
	struct table_port *p = g_ptr_array_index(t->ports, 1);
	g_autoptr(GPtrArray) in = policy_list_new();
	struct policy_input input = {.name = "test"};
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(in, world_rule(51, TRUE, DIR_IN, 0, 0, PROTO_ESP, 0, 65535));
	g_ptr_array_add(in, world_rule(52, FALSE, DIR_IN, 0, 0, PROTO_ANY, 0, 65535));
	input.lists[DIR_IN][0] = in;
	p->blob = world_blob(t, policy_build(&input, &error));
	g_assert_no_error(error);
	p->judge = 1000 + p->blob;
	return t;
}

static void test_rule(void)
{
	g_autoptr(tables) t = esp_alone();
	g_autoptr(twin) w = twin_new(t);
	struct frame_spec s = scene_from(1, A1, A2, 51, 0, 0);

	s.payload = 40;
	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	s.protocol = 132;
	port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
	s.protocol = 50;
	port_pass(w, 1, &s, NULL);
}

static void test_form(void)
{
	g_autoptr(twin) w = twin_new_world();

	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct frame_spec s = scene_from(1, A1, FAR, protocols[i], 0, 0);
		struct frame f;

		s.payload = 40;
		frame_build(&f, &s);
		f.length = frame_l4(&f) + least(protocols[i]) - 1;
		frame_set16(&f, frame_family == 6 ? 18 : 16, (guint16)(f.length - (frame_family == 6 ? 54 : 14)));
		frame_checksums(&f, FALSE);
		scene_drop(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f, ESC_V_MALFORMED, 1);
		s.saddr = A2;
		port_drop(w, 1, &s, ESC_V_SPOOFED_IP, 1);
		s.saddr = s.daddr = A1;
		port_drop(w, 1, &s, ESC_V_MALFORMED, 1);
	}
}

/* One to one, and nothing but addresses changes. */
static void test_translated(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		g_autoptr(twin) w = twin_new_world();
		struct frame_spec s = scene_from(3, A3, WORLD_CLIENT, protocols[i], 0, 0),
		                  in = scene_outside(WORLD_STRANGER, PUBLIC, protocols[i], 0, 0), back;
		struct frame f, before;

		s.payload = in.payload = 40;
		edge_drop_tc(w, &in, ESC_V_POLICY_IN, 3); /* others may not begin */
		frame_build(&before, &s);
		port_pass(w, 3, &s, &f);
		g_assert_cmphex(frame_source(&f), ==, PUBLIC);
		g_assert_cmpmem(f.data + frame_l4(&f), 48, before.data + frame_l4(&f), 48);
		back = scene_outside(WORLD_CLIENT, PUBLIC, protocols[i], 0, 0);
		back.payload = 40;
		frame_build(&before, &back);
		edge_pass(w, &back, &f);
		g_assert_cmphex(frame_destination(&f), ==, A3);
		g_assert_cmpmem(f.data + frame_l4(&f), 48, before.data + frame_l4(&f), 48);
	}
}

/* Nobody could tell whose the answer is; and no endpoint is theirs. */
static void test_shared(void)
{
	g_autoptr(twin) w = twin_new_world();

	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct frame_spec s = scene_from(2, A2, WORLD_CLIENT, protocols[i], 0, 0),
		                  in = scene_outside(WORLD_CLIENT, WORLD_VIP, protocols[i], 0, 0);

		s.payload = in.payload = 40;
		port_drop(w, 2, &s, ESC_V_NO_PORTS, 2);
		edge_drop(w, &in, ESC_V_NO_ENDPOINT, 0);
	}
}

static void test_overlay(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, FAR, 50, 0, 0), in = scene_overlay(3, FAR, A3, 50, 0, 0);

	s.payload = in.payload = 40;
	overlay_drop(w, 100, WORLD_REMOTE, &in, ESC_V_POLICY_IN, 3);
	g_assert_cmpuint(port_pass(w, 1, &s, NULL).delivery, ==, ESC_TO_OVERLAY);
	in = scene_overlay(1, FAR, A1, 50, 0, 0);
	in.payload = 40;
	overlay_pass(w, 100, WORLD_REMOTE, &in, NULL);
}

/* A router outside has something to say of the flow: path MTU above all. */
static void test_error(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		g_autoptr(twin) w = twin_new_world();
		struct frame_spec s = scene_from(3, A3, WORLD_STRANGER, protocols[i], 0, 0), other = s;
		struct frame about, error;
		gsize quoted;

		s.payload = other.payload = 40;
		other.daddr = WORLD_CLIENT;
		other.saddr = PUBLIC;
		frame_build(&about, &other);
		frame_error(&error, &about, 0x08080808, 3, 4);
		memcpy(error.data, world_uplink, 6);
		memcpy(error.data + 6, world_nexthop, 6);
		scene_drop(w, &(struct twin_in){TWIN_EDGE}, &error, ESC_V_ICMP_UNRELATED, 3);
		port_pass(w, 3, &s, &about);
		frame_error(&error, &about, 0x08080808, 3, 4);
		memcpy(error.data, world_uplink, 6);
		memcpy(error.data + 6, world_nexthop, 6);
		scene_pass(w, &(struct twin_in){TWIN_EDGE}, &error);
		g_assert_cmphex(frame_destination(&error), ==, A3);
		quoted = frame_l4(&error) + 8;
		g_assert_cmpmem(error.data + quoted + frame_l4(&error) - 14, 8, about.data + frame_l4(&about), 8);
	}
}

void cases_address_register(void)
{
	scene_both("/address/flow", test_flow);
	scene_both("/address/ports", test_ports);
	scene_both("/address/rule", test_rule);
	scene_both("/address/form", test_form);
	scene_both("/address/translated", test_translated);
	g_test_add_func("/address/shared", test_shared);
	scene_both("/address/overlay", test_overlay);
	scene_both("/address/error", test_error);
}
