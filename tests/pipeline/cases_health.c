/* SPDX-License-Identifier: Apache-2.0 */
/* Health: what the prober reaches and what it does not; who gets packets while back ends go down and come back. */
#include "scene.h"
#include <string.h>

#define A1       WORLD_ADDR(1, 4)
#define A2       WORLD_ADDR(1, 5)
#define PLATFORM WORLD_PLATFORM
#define NOBODY   ESC_BLOB_NOBODY

static const guint8 prober_mac[6] = ESC_PROBER_MAC;

/* --- the prober --- */

static struct frame_spec scene_probe(guint32 port, guint32 index, guint16 dport)
{
	struct frame_spec s = scene_outside(PLATFORM, ESC_PROBE_PLACE(port, index), 6, 50000, dport);

	memcpy(s.smac, prober_mac, 6);
	memcpy(s.dmac, world_gateway, 6);
	return s;
}

static void probe_drop(struct twin *w, const struct frame_spec *s, enum esc_verdict reason, guint32 charged)
{
	struct frame f;

	frame_build(&f, s);
	scene_drop(w, &(struct twin_in){TWIN_PROBER}, &f, reason, charged);
}

static struct esc_effect probe_pass(struct twin *w, const struct frame_spec *s, struct frame *f)
{
	frame_build(f, s);
	return scene_pass(w, &(struct twin_in){TWIN_PROBER}, f);
}

/* Whoever has taken the prober over has its packets, and no more than that. */
static void test_prober_confined(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_probe(1, 0, 80);

	s.saddr = PLATFORM + 1;
	probe_drop(w, &s, ESC_V_SPOOFED_IP, 0);
	s = scene_probe(1, 0, 80);
	s.dmac[5]++;
	probe_drop(w, &s, ESC_V_FOREIGN_MAC, 0);
	s = scene_probe(1, 0, 80);
	s.protocol = 17;
	probe_drop(w, &s, ESC_V_PROTOCOL, 0);
	s = scene_probe(1, 0, 80);
	s.flags = FRAME_ACK;
	probe_drop(w, &s, ESC_V_NO_FLOW, 1);
	s = scene_probe(1, 1, 80); /* it has one address */
	probe_drop(w, &s, ESC_V_UNREACHABLE, 1);
	s = scene_probe(0, 0, 80);
	probe_drop(w, &s, ESC_V_NO_PORT, 0);
	s = scene_probe(9, 0, 80);
	probe_drop(w, &s, ESC_V_NO_PORT, 0);
	s = scene_probe(ESC_MAX_PORTS, 0, 80);
	probe_drop(w, &s, ESC_V_NO_PORT, 0);
	s = scene_probe(1, 0, 80);
	s.daddr = A1; /* what ports call themselves is not what the prober calls them */
	probe_drop(w, &s, ESC_V_NO_PORT, 0);
	s.daddr = WORLD_VIP;
	probe_drop(w, &s, ESC_V_NO_PORT, 0);
	s = scene_probe(6, 0, 80);
	probe_drop(w, &s, ESC_V_NO_POLICY, 6);
	frame_family = 6;
	s = scene_probe(1, 0, 80);
	probe_drop(w, &s, ESC_V_IPV6, 0);
	frame_family = 4;
}

/* Without the address that the tables name as the platform's, nobody is the prober. */
static void test_prober_unknown(void)
{
	g_autoptr(tables) t = world_tables();
	g_autoptr(twin) w = NULL;
	struct frame_spec s = scene_probe(1, 0, 80);

	t->self.platform = 0;
	w = twin_new(t);
	probe_drop(w, &s, ESC_V_SPOOFED_IP, 0);
}

/* Rules judge probes; what they allow comes back to the prober, and the port sees the platform alone. */
static void test_probe(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec denied = scene_probe(3, 0, 80), s = scene_probe(2, 0, 8080), r;
	struct esc_effect e;
	struct frame f;

	probe_drop(w, &denied, ESC_V_POLICY_IN, 3); /* 203.0.113.0/24 is let in there, and nobody else */
	denied = scene_probe(2, 0, 8081);
	probe_drop(w, &denied, ESC_V_POLICY_IN, 2);
	r = scene_from(2, A2, PLATFORM, 6, 8080, 50000);
	r.flags = FRAME_SYN | FRAME_ACK;
	port_drop(w, 2, &r, ESC_V_NO_SERVICE, 2); /* an answer that nobody asked for */
	g_assert_cmpuint(probe_pass(w, &s, &f).ifindex, ==, 102);
	frame_is(&f, PLATFORM, A2, 50000, 8080);
	e = port_pass(w, 2, &r, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_PROBER);
	g_assert_cmpuint(e.ifindex, ==, 4);
	frame_is(&f, ESC_PROBE_PLACE(2, 0), PLATFORM, 8080, 50000);
	frame_macs(&f, world_gateway, prober_mac);
	r.dport++; /* only that conversation: the platform is called by nobody */
	r.flags = FRAME_SYN;
	port_drop(w, 2, &r, ESC_V_NO_SERVICE, 2);
}

/* A probe's flow ends with the rule that let it in. */
static void test_probe_denied_later(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) t = world_tables_denied(2);
	struct frame_spec s = scene_probe(2, 0, 8080), r = scene_from(2, A2, PLATFORM, 6, 8080, 50000);
	struct frame f;

	probe_pass(w, &s, &f);
	twin_update(w, t);
	r.flags = FRAME_SYN | FRAME_ACK;
	port_drop(w, 2, &r, ESC_V_POLICY_IN, 2);
}

/* --- back ends that go and come --- */

enum { ONE, TWO, FAR }; /* ports 1 and 2, port 7 of the other host */

static GBytes *seats(guint16 now, guint16 before, guint16 first)
{
	const struct esc_backend b[3] = {{.port = 1}, {.port = 2}, {.host = GUINT32_TO_BE(WORLD_REMOTE), .port = 7}};
	guint16 *w = g_new0(guint16, ESC_BLOCK_WORDS * 4);

	w[0] = 3;
	w[1] = 1;
	w[2] = 2;
	for (guint i = 0; i < 3; i++) {
		memcpy(w + ESC_BLOCK_WORDS + 16 * i, &b[i], sizeof(b[i]));
		world_mac(b[i].port, (guint8 *)(w + ESC_BLOCK_WORDS + 16 * i) + 8);
	}
	w[3 * ESC_BLOCK_WORDS] = now;
	w[3 * ESC_BLOCK_WORDS + 1] = before;
	w[3 * ESC_BLOCK_WORDS + 2] = first;
	return g_bytes_new_take(w, 4 * sizeof(struct esc_block));
}

/* The world, with port 80 of its public address led by these, and 81 for datagrams. */
static struct tables *led_by3(guint16 now, guint16 before, guint16 first)
{
	struct tables *t = world_tables();
	guint32 slot = world_blob(t, seats(now, before, first));

	for (guint i = 0; i < t->endpoints->len; i++) {
		struct table_endpoint *e = &g_array_index(t->endpoints, struct table_endpoint, i);
		struct table_endpoint6 *e6 = &g_array_index(t->endpoints6, struct table_endpoint6, i);

		if (e->key.port == GUINT16_TO_BE(80))
			e->value.slot = e6->value.slot = slot;
		if (e->key.port == GUINT16_TO_BE(81))
			e->value.slot = e6->value.slot = slot, e->key.proto = e6->key.proto = 17;
	}
	world_dnat(t, 1, WORLD_VIP, 81, 17, A1, 8080, 0);
	world_dnat(t, 2, WORLD_VIP, 81, 17, A2, 8080, 0);
	return t;
}

static struct tables *led_by(guint16 now, guint16 before)
{
	return led_by3(now, before == now ? NOBODY : before, NOBODY);
}

static void lead(struct twin *w, guint16 now, guint16 before)
{
	g_autoptr(tables) t = led_by(now, before);

	twin_update(w, t);
}

static void lead3(struct twin *w, guint16 now, guint16 before, guint16 first)
{
	g_autoptr(tables) t = led_by3(now, before, first);

	twin_update(w, t);
}

static struct twin *led_twin(guint16 now, guint16 before)
{
	g_autoptr(tables) t = led_by(now, before);

	return twin_new(t);
}

static struct frame_spec knock(guint16 sport, guint8 flags)
{
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, sport, 80);

	s.flags = flags;
	return s;
}

/* The packet reaches this port, by either build of the edge. */
static void reaches(struct twin *w, guint16 sport, guint8 flags, guint32 port)
{
	struct frame_spec s = knock(sport, flags);
	struct frame f;

	frame_build(&f, &s);
	scene_pass(w, &(struct twin_in){TWIN_XDP}, &f);
	g_assert_cmpuint(scene_pass(w, &(struct twin_in){TWIN_EDGE, .marked = TRUE}, &f).ifindex, ==, 100 + port);
	g_assert_cmpuint(edge_pass(w, &s, NULL).ifindex, ==, 100 + port);
}

static void connect_to(struct twin *w, guint16 sport, guint32 port)
{
	struct frame_spec s = knock(sport, FRAME_SYN);
	struct frame_spec r = scene_from(port, port == 1 ? A1 : A2, WORLD_CLIENT, 6, 8080, sport);

	r.flags = FRAME_SYN | FRAME_ACK;
	g_assert_cmpuint(edge_pass(w, &s, NULL).ifindex, ==, 100 + port);
	port_pass(w, port, &r, NULL);
	reaches(w, sport, FRAME_ACK, port);
}

/* One goes down: what is new goes to the other, what lives stays, and stays when the first is back. */
static void test_one_down(void)
{
	g_autoptr(twin) w = led_twin(ONE, ONE);
	struct frame_spec s = knock(40002, FRAME_ACK);

	connect_to(w, 40000, 1);
	lead(w, TWO, ONE);
	edge_drop(w, &s, ESC_V_NO_FLOW, 1); /* of no connection at all: the second is the last who is asked */
	reaches(w, 40000, FRAME_ACK, 1);
	connect_to(w, 40001, 2);
	lead(w, ONE, TWO);
	reaches(w, 40000, FRAME_ACK, 1);
	reaches(w, 40001, FRAME_ACK, 2);
	connect_to(w, 40003, 1);
}

/* Datagrams are no connections: they go where new ones go. */
static void test_udp_moves(void)
{
	g_autoptr(twin) w = led_twin(ONE, ONE);
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 17, 40000, 81);

	g_assert_cmpuint(edge_pass(w, &s, NULL).ifindex, ==, 101);
	lead(w, TWO, ONE);
	edge_drop(w, &s, ESC_V_POLICY_IN, 2); /* the new one's rules judge it: it allows no UDP */
	lead(w, NOBODY, ONE);
	edge_drop(w, &s, ESC_V_ALL_DOWN, 0);
}

/* All down: nothing new; connections go on where the tables still name who has them, else they end. */
static void test_all_down(void)
{
	g_autoptr(twin) w = led_twin(ONE, ONE);
	struct frame_spec s = knock(40001, FRAME_SYN);

	connect_to(w, 40000, 1);
	lead(w, NOBODY, ONE);
	edge_drop(w, &s, ESC_V_ALL_DOWN, 0);
	reaches(w, 40000, FRAME_ACK, 1);
	lead(w, NOBODY, NOBODY);
	s = knock(40000, FRAME_ACK);
	edge_drop(w, &s, ESC_V_ALL_DOWN, 0);
	lead(w, ONE, NOBODY);
	reaches(w, 40000, FRAME_ACK, 1);
}

/* Two changes: who has a connection may be the second or the third. */
static void test_two_before(void)
{
	g_autoptr(twin) w = led_twin(ONE, ONE);

	connect_to(w, 40000, 1);
	lead(w, TWO, ONE);
	connect_to(w, 40001, 2);
	lead3(w, NOBODY, TWO, ONE);
	reaches(w, 40000, FRAME_ACK, 1);
	reaches(w, 40001, FRAME_ACK, 2);
	lead3(w, NOBODY, ONE, TWO);
	reaches(w, 40000, FRAME_ACK, 1);
	reaches(w, 40001, FRAME_ACK, 2);
	lead3(w, ONE, FAR, TWO); /* one of another host is asked before the last */
	reaches(w, 40000, FRAME_ACK, 1);
}

/* An ICMP error about a connection follows it. */
static void test_error_follows(void)
{
	g_autoptr(twin) w = led_twin(ONE, ONE);
	struct frame_spec r = scene_from(1, A1, WORLD_CLIENT, 6, 8080, 40000);
	struct frame out, f;

	connect_to(w, 40000, 1);
	lead(w, TWO, ONE);
	r.flags = FRAME_ACK;
	port_pass(w, 1, &r, &out);
	frame_error(&f, &out, WORLD_STRANGER, 3, 4);
	memcpy(f.data, world_uplink, 6);
	g_assert_cmpuint(scene_pass(w, &(struct twin_in){TWIN_EDGE}, &f).ifindex, ==, 101);
}

static struct esc_effect far_pass(struct twin *w, guint8 flags)
{
	struct frame_spec s = knock(40000, flags);
	struct esc_effect e, marked;
	struct frame f;
	guint8 mac[6];

	frame_build(&f, &s);
	scene_pass(w, &(struct twin_in){TWIN_XDP}, &f);
	marked = scene_pass(w, &(struct twin_in){TWIN_EDGE, .marked = TRUE}, &f);
	e = edge_pass(w, &s, &f);
	world_mac(7, mac);
	frame_macs(&f, world_gateway, mac);
	g_assert_cmpmem(&e, sizeof(e), &marked, sizeof(marked));
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	return e;
}

/* The one who gets new flows lives elsewhere: his host is asked, but not about what only he can have. */
static void test_far_asked(void)
{
	g_autoptr(twin) w = led_twin(FAR, ONE);

	g_assert_cmphex(far_pass(w, FRAME_SYN).vni, ==, ESC_VNI_EDGE);
	g_assert_cmphex(far_pass(w, FRAME_ACK).vni, ==, ESC_VNI_EDGE_ASK);
	lead(w, ONE, FAR); /* the local one does not know it, so it is the other's */
	g_assert_cmphex(far_pass(w, FRAME_ACK).vni, ==, ESC_VNI_EDGE);
	lead(w, FAR, FAR);
	g_assert_cmphex(far_pass(w, FRAME_ACK).vni, ==, ESC_VNI_EDGE);
}

/* An edge asks for port 2: it keeps what it knows, and sends the rest on to who had the place before, once. */
static void test_asked(void)
{
	g_autoptr(twin) w = led_twin(ONE, ONE);
	struct frame_spec s = scene_overlay(2, WORLD_CLIENT, WORLD_VIP, 6, 40000, 80);
	struct esc_effect e;
	struct frame f;
	guint8 mac[6];

	connect_to(w, 40000, 1);
	lead(w, TWO, ONE);
	connect_to(w, 40001, 2);
	s.flags = FRAME_ACK;
	overlay_drop(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE + 1, &s, ESC_V_FOREIGN_TUNNEL, 0);
	overlay_drop(w, ESC_VNI_EDGE, WORLD_REMOTE, &s, ESC_V_NO_FLOW, 2); /* who is not asked sends nothing on */
	g_assert_cmpuint(overlay_pass(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, &f).ifindex, ==, 101);
	frame_is(&f, WORLD_CLIENT, A1, 40000, 8080);
	s.sport = 40001;
	g_assert_cmpuint(overlay_pass(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, &f).ifindex, ==, 102);
	s.sport = 40002;
	overlay_drop(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, ESC_V_NO_FLOW, 1);
	lead(w, TWO, FAR);
	e = overlay_pass(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, &f);
	world_mac(7, mac);
	frame_macs(&f, world_gateway, mac);
	g_assert_cmphex(e.vni, ==, ESC_VNI_EDGE);
	lead(w, TWO, NOBODY);
	overlay_drop(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, ESC_V_NO_FLOW, 2);
	lead(w, ONE,
	     FAR); /* by this host's tables port 2 is nobody: it sends nothing on, or two might do so for ever */
	overlay_drop(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, ESC_V_NO_FLOW, 2);
	lead3(w, TWO, FAR, ONE); /* the next is asked, but not to send it on */
	g_assert_cmphex(overlay_pass(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, &f).vni, ==, ESC_VNI_EDGE);
	s.dport = 82; /* an endpoint without a table */
	overlay_drop(w, ESC_VNI_EDGE_ASK, WORLD_REMOTE, &s, ESC_V_NO_FLOW, 2);
}

void cases_health_register(void)
{
	g_test_add_func("/health/prober/confined", test_prober_confined);
	g_test_add_func("/health/prober/unknown", test_prober_unknown);
	g_test_add_func("/health/prober/probe", test_probe);
	g_test_add_func("/health/prober/denied-later", test_probe_denied_later);
	scene_both("/health/one-down", test_one_down);
	scene_both("/health/udp-moves", test_udp_moves);
	scene_both("/health/all-down", test_all_down);
	scene_both("/health/two-before", test_two_before);
	scene_both("/health/error-follows", test_error_follows);
	scene_both("/health/far-asked", test_far_asked);
	scene_both("/health/asked", test_asked);
}
