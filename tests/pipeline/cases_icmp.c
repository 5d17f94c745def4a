/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP errors: those that nobody has caused or that lie about it die; the others arrive, translated inside out. */
#include "scene.h"
#include <string.h>

#define A1     WORLD_ADDR(1, 4)
#define A2     WORLD_ADDR(1, 5)
#define A3     WORLD_ADDR(2, 4)
#define FAR    WORLD_ADDR(9, 4)
#define ROUTER 0xc0000201u /* 192.0.2.1, on the way to the outside */
#define BIG    3, 4        /* destination unreachable: fragmentation needed */
#define CLOSED 3, 3        /* port unreachable */

static const struct twin_in edge = {TWIN_EDGE};

static void macs(struct frame *f, const guint8 *to, const guint8 *from)
{
	memcpy(f->data, to, 6);
	memcpy(f->data + 6, from, 6);
}

/* The error as the uplink, or a port, receives or sends it. */
static void from_outside(struct frame *f)
{
	macs(f, world_uplink, world_nexthop);
}

static void from_port(struct frame *f, guint32 port)
{
	guint8 mac[6];

	world_mac(port, mac);
	macs(f, world_gateway, mac);
}

static void to_port(struct frame *f, guint32 port)
{
	guint8 mac[6];

	world_mac(port, mac);
	macs(f, mac, world_gateway);
}

static void equal(const struct frame *f, const struct frame *want)
{
	g_assert_cmpmem(f->data, f->length, want->data, want->length);
}

/* Nothing was ever sent that looks like what is quoted. */
static void test_unrelated(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(3, WORLD_PUBLIC(11), WORLD_STRANGER, 17, 40000, 443);
	struct frame about, f;

	frame_build(&about, &s);
	frame_error(&f, &about, ROUTER, BIG);
	from_outside(&f);
	scene_drop(w, &edge, &f, ESC_V_ICMP_UNRELATED, 3);
	s = scene_from(1, A1, A3, 17, 40000, 53); /* port 3 has been sent nothing to complain of */
	frame_build(&about, &s);
	frame_error(&f, &about, A3, CLOSED);
	from_port(&f, 3);
	scene_drop(w, &(struct twin_in){TWIN_PORT, .port = 3}, &f, ESC_V_ICMP_UNRELATED, 3);
	port_pass(w, 1, &s, NULL);
	scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 3}, &f);
}

/* A port complains in nobody else's name, and of nothing that others were sent. */
static void test_spoofed(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A3, 17, 40000, 53);
	struct twin_in in = {TWIN_PORT, .port = 2};
	struct frame about, f;

	port_pass(w, 1, &s, NULL);
	frame_build(&about, &s);
	frame_error(&f, &about, A2, CLOSED);
	from_port(&f, 2);
	scene_drop(w, &in, &f, ESC_V_SPOOFED_IP, 2);
	frame_error(&f, &about, A3, CLOSED);
	from_port(&f, 2);
	scene_drop(w, &in, &f, ESC_V_SPOOFED_IP, 2);
	frame_error(&f, &about, ROUTER, CLOSED);
	from_port(&f, 3);
	in.port = 3;
	scene_drop(w, &in, &f, ESC_V_SPOOFED_IP, 3);
	s = scene_from(1, A1, FAR, 17, 40000, 53);
	port_pass(w, 1, &s, NULL);
	frame_build(&about, &s);
	frame_error(&f, &about, WORLD_ADDR(9, 5), CLOSED);
	to_port(&f, 1);
	in = (struct twin_in){TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE};
	scene_drop(w, &in, &f, ESC_V_WRONG_HOST, 1);
	in.remote = WORLD_REMOTE + 1;
	scene_drop(w, &in, &f, ESC_V_FOREIGN_TUNNEL, 0);
	frame_error(&f, &about, FAR, CLOSED);
	to_port(&f, 1);
	in.remote = WORLD_REMOTE;
	scene_pass(w, &in, &f);
}

/* What is quoted must be whole, and what it claims to be. */
static void test_malformed(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(3, A3, WORLD_STRANGER, 17, 40000, 443);
	struct frame sent, good, f;

	port_pass(w, 3, &s, &sent);
	frame_error(&good, &sent, ROUTER, BIG);
	from_outside(&good);
	f = good;
	f.length--;
	frame_set16(&f, 16, (guint16)(f.length - 14));
	frame_checksums(&f, FALSE);
	scene_drop(w, &edge, &f, ESC_V_MALFORMED, 0);
	f = good;
	f.data[42] = 0x46;
	scene_drop(w, &edge, &f, ESC_V_MALFORMED, 0);
	f = good;
	frame_set16(&f, 48, 1); /* of a later fragment */
	scene_drop(w, &edge, &f, ESC_V_MALFORMED, 0);
	f = good;
	f.data[57]++; /* not of the one to whom it is sent */
	scene_drop(w, &edge, &f, ESC_V_MALFORMED, 0);
	f = good;
	f.data[51] = 47;
	scene_drop(w, &edge, &f, ESC_V_PROTOCOL, 0);
	f = good;
	f.data[34] = 5; /* a redirect */
	scene_drop(w, &edge, &f, ESC_V_REDIRECT, 0);
	frame_error(&f, &sent, A1, BIG);
	from_outside(&f);
	scene_drop(w, &edge, &f, ESC_V_BOGON_SOURCE, 0);
	f = good;
	f.data[65]++; /* another port */
	frame_checksums(&f, FALSE);
	scene_drop(w, &edge, &f, ESC_V_ICMP_UNRELATED, 3);
	scene_pass(w, &edge, &good);
}

/* Of what a port sends through a range of ports: the error quotes it as the outside saw it, and arrives as it was sent. */
static void test_out(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint8 protocols[] = {6, 17, 1};
	guint32 port = frame_family == 6 ? 1 : 2; /* which has an address of its own: IPv6 shares none */

	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct frame_spec s = scene_from(port, port == 1 ? A1 : A2, WORLD_STRANGER, protocols[i], 40000,
		                                 protocols[i] == 1 ? 0 : 443);
		struct frame before, after, f, want;
		frame_build(&before, &s);
		port_pass(w, port, &s, &after);
		for (guint router = 0; router < 2; router++) {
			frame_error(&f, &after, router ? ROUTER : WORLD_STRANGER, BIG);
			from_outside(&f);
			g_assert_cmpuint(scene_pass(w, &edge, &f).ifindex, ==, 100 + port);
			frame_error(&want, &before, router ? ROUTER : WORLD_STRANGER, BIG);
			to_port(&want, port);
			equal(&f, &want);
		}
	}
}

/* A client outside is told by the address that it knows. */
static void test_back(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, 83);
	struct frame before, after, f, want;

	frame_build(&before, &s);
	edge_pass(w, &s, &after);
	frame_error(&f, &after, A2, CLOSED);
	from_port(&f, 2);
	g_assert_cmpuint(scene_pass(w, &(struct twin_in){TWIN_PORT, .port = 2}, &f).delivery, ==, ESC_TO_UPLINK);
	frame_error(&want, &before, WORLD_VIP, CLOSED);
	macs(&want, world_nexthop, world_uplink);
	equal(&f, &want);
}

/* Every member of a pool gets the errors about what it has sent: the edge chooses by the quoted tuple. */
static void test_balanced(void)
{
	g_autoptr(twin) w = twin_new_world();

	for (guint16 sport = 40000; sport < 40016; sport++) {
		struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, sport, 80), r;
		guint32 port = edge_pass(w, &s, NULL).ifindex - 100;
		struct frame f, sent;
		r = scene_from(port, port == 1 ? A1 : A2, WORLD_CLIENT, 6, 8080, sport);
		r.flags = FRAME_SYN | FRAME_ACK;
		port_pass(w, port, &r, &sent);
		frame_error(&f, &sent, ROUTER, BIG);
		from_outside(&f);
		scene_pass(w, &(struct twin_in){TWIN_XDP}, &f);
		g_assert_cmpuint(scene_pass(w, &(struct twin_in){TWIN_EDGE, .marked = TRUE}, &f).ifindex, ==,
		                 100 + port);
	}
}

/* Anybody on the way can send them, so they neither end a flow nor keep it. */
static void test_changes_nothing(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(3, A3, WORLD_STRANGER, 17, 40000, 443);
	struct frame sent, f;

	port_pass(w, 3, &s, &sent);
	twin_advance(w, 200 * 1000);
	frame_error(&f, &sent, ROUTER, CLOSED);
	from_outside(&f);
	scene_pass(w, &edge, &f);
	twin_advance(w, 40 * 1000 + 1);
	frame_error(&f, &sent, ROUTER, CLOSED);
	from_outside(&f);
	scene_drop(w, &edge, &f, ESC_V_ICMP_UNRELATED, 3);
}

void cases_icmp_register(void)
{
	scene_both("/icmp/unrelated", test_unrelated);
	scene_both("/icmp/spoofed", test_spoofed);
	g_test_add_func("/icmp/malformed", test_malformed);
	scene_both("/icmp/out", test_out);
	scene_both("/icmp/back", test_back);
	scene_both("/icmp/balanced", test_balanced);
	scene_both("/icmp/changes-nothing", test_changes_nothing);
}
