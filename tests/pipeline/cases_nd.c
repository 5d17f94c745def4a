/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery: the lies first, each with its reason; then what the gateway answers. */
#include "scene.h"
#include <string.h>

#define A1 WORLD_ADDR(1, 4)
#define A2 WORLD_ADDR(1, 5)

enum { ROUTER_ASK = 133, ROUTER_ADVERT, ASK, ANSWER, REDIRECT };

static const guint8 gateway_link_local[16] = ESC_GATEWAY_LINK_LOCAL;
static const struct twin_in port1 = {TWIN_PORT, .port = 1};

/* A message of port 1 about `target`, with an option that names `mac`; to the group that the target's owner listens to. */
static struct frame message(guint8 type, guint32 source, const guint8 target[16], const guint8 mac[6])
{
	struct frame_spec s = scene_from(1, source, A2, 1, 0, 0);
	const guint8 group[13] = {0xff, 2, [11] = 1, [12] = 0xff};
	struct frame f;

	s.icmp = type;
	s.payload = 24;
	frame_build(&f, &s);
	memset(f.data + 54, 0, 32);
	f.data[54] = type;
	f.data[21] = 255;
	memcpy(f.data + 38, group, 13);
	memcpy(f.data + 51, target + 13, 3);
	memcpy(f.data, "\x33\x33\xff", 3);
	memcpy(f.data + 3, target + 13, 3);
	memcpy(f.data + 62, target, 16);
	f.data[78] = type == ASK ? 1 : 2;
	f.data[79] = 1;
	memcpy(f.data + 80, mac, 6);
	frame_checksums(&f, FALSE);
	return f;
}

static struct frame ask(guint32 source, guint32 target)
{
	guint8 mac[6], six[16];

	world_mac(1, mac);
	frame_six(target, six);
	return message(ASK, source, six, mac);
}

static void set_source(struct frame *f, const guint8 *source)
{
	memcpy(f->data + 22, source, 16);
	frame_checksums(f, FALSE);
}

static void link_local(guint8 a[16], const guint8 mac[6])
{
	const guint8 middle[5] = {(guint8)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe};

	memset(a, 0, 16);
	a[0] = 0xfe;
	a[1] = 0x80;
	memcpy(a + 8, middle, 5);
	memcpy(a + 13, mac + 3, 3);
}

static void drop(struct twin *w, struct frame f, enum esc_verdict reason)
{
	scene_drop(w, &port1, &f, reason, 1);
}

/* The question as it went, and what must come back. */
static void answered(struct twin *w, struct frame f)
{
	struct frame asked = f;
	struct esc_effect e = twin_run(w, &port1, &f);
	gboolean gateway = !memcmp(asked.data + 62, gateway_link_local, 16);
	guint8 mac[6];

	world_mac(1, mac);
	g_assert_cmpuint(e.verdict, ==, ESC_V_ANSWERED);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_SELF);
	g_assert_cmpuint(e.ifindex, ==, 101);
	g_assert_cmpuint(f.length, ==, asked.length);
	frame_macs(&f, world_gateway, mac);
	g_assert_true(frame_good(&f));
	g_assert_cmpmem(f.data + 22, 16, asked.data + 62, 16); /* from the one who is looked for */
	g_assert_cmpmem(f.data + 38, 16, asked.data + 22, 16); /* to the one who asks */
	g_assert_cmpuint(f.data[21], ==, 255);
	g_assert_cmpuint(f.data[54], ==, ANSWER);
	g_assert_cmphex(frame_get32(&f, 58), ==, gateway ? 0xe0000000u : 0x60000000u);
	g_assert_cmpmem(f.data + 62, 16, asked.data + 62, 16);
	g_assert_cmpuint(frame_get16(&f, 78), ==, 0x0201); /* its MAC */
	g_assert_cmpmem(f.data + 80, 6, world_gateway, 6);
	twin_compare(w);
}

static void test_spoofed(void)
{
	g_autoptr(twin) w = twin_new_world();
	guint8 own[6], other[6], six[16];
	struct frame f;

	world_mac(1, own);
	world_mac(2, other);
	drop(w, ask(A2, WORLD_ADDR(1, 9)), ESC_V_SPOOFED_ND); /* another's address */
	link_local(six, other);
	f = ask(A1, A2);
	set_source(&f, six);
	drop(w, f, ESC_V_SPOOFED_ND);
	frame_six(A2, six);
	drop(w, message(ASK, A1, six, other), ESC_V_SPOOFED_ND);  /* another's MAC */
	drop(w, message(ANSWER, A1, six, own), ESC_V_SPOOFED_ND); /* takes another's address */
	drop(w, message(ANSWER, A2, six, own), ESC_V_SPOOFED_ND);
	f = message(ANSWER, A1, six, own);
	f.length -= 8; /* without the option */
	frame_set16(&f, 18, 24);
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_SPOOFED_ND);
	drop(w, message(ANSWER, A1, gateway_link_local, own), ESC_V_SPOOFED_ND);
	set_source(&f, (const guint8[16]){0}); /* an announcement by nobody */
	drop(w, f, ESC_V_SPOOFED_ND);
	f = ask(A1, A2);
	memcpy(f.data + 6, other, 6);
	drop(w, f, ESC_V_SPOOFED_MAC);
	frame_six(A1, six);
	drop(w, message(ANSWER, A1, six, other), ESC_V_SPOOFED_ND);
	answered(w, ask(A1, A2));
}

static void test_unanswered(void)
{
	g_autoptr(twin) w = twin_new_world();
	guint8 own[6], six[16];
	struct frame f;

	world_mac(1, own);
	f = ask(A1, A2); /* a probe for duplicates has no source, and no option */
	f.length -= 8;
	frame_set16(&f, 18, 24);
	set_source(&f, (const guint8[16]){0});
	drop(w, f, ESC_V_ND_UNANSWERED);
	drop(w, ask(A1, A1), ESC_V_ND_UNANSWERED);
	frame_six(A1, six);
	drop(w, message(ANSWER, A1, six, own), ESC_V_ND_UNANSWERED);
	link_local(six, (const guint8[6]){2, 0xe5, 0, 0, 0, 2}); /* port 2 is not on this link */
	drop(w, message(ASK, A1, six, own), ESC_V_ND_UNANSWERED);
	link_local(six, own);
	drop(w, message(ASK, A1, six, own), ESC_V_ND_UNANSWERED);
	drop(w, message(ASK, A1, (const guint8[16]){0xff, 2, [15] = 1}, own), ESC_V_ND_UNANSWERED);
	f = ask(A1, A2);
	f.data[78] = 14; /* the one option is a nonce */
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_ND_UNANSWERED);
	answered(w, ask(A1, A2));
}

static void test_malformed(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = ask(A1, A2), f = good;

	f.data[21] = 254; /* has passed a router */
	drop(w, f, ESC_V_MALFORMED);
	f = good;
	f.data[55] = 1;
	frame_checksums(&f, FALSE);
	drop(w, f, ESC_V_MALFORMED);
	f = good;
	f.length = 54 + 23;
	frame_set16(&f, 18, 23);
	drop(w, f, ESC_V_MALFORMED);
	f = good;
	f.data[57] ^= 1;
	drop(w, f, ESC_V_BAD_CHECKSUM);
	answered(w, good);
}

/* Ports are no routers, and look for none: their route is part of their configuration. */
static void test_routers(void)
{
	g_autoptr(twin) w = twin_new_world();
	guint8 own[6], six[16];
	struct frame f;

	world_mac(1, own);
	link_local(six, own);
	f = message(ROUTER_ADVERT, A1, six, own);
	drop(w, f, ESC_V_ROUTER_ADVERT);
	set_source(&f, six);
	drop(w, f, ESC_V_ROUTER_ADVERT);
	f = message(REDIRECT, A1, six, own);
	set_source(&f, six);
	drop(w, f, ESC_V_REDIRECT);
	f = message(ROUTER_ASK, A2, six, own);
	drop(w, f, ESC_V_SPOOFED_ND);
	set_source(&f, six);
	drop(w, f, ESC_V_ND_UNANSWERED);
	set_source(&f, (const guint8[16]){0});
	drop(w, f, ESC_V_ND_UNANSWERED);
}

/* For everybody, near, far or nowhere, as for ARP; and for the gateway itself. By either of the asker's addresses. */
static void test_answered(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint32 targets[] = {A2, WORLD_ADDR(1, 99), WORLD_ADDR(9, 4), WORLD_ADDR(1, 1), WORLD_CLIENT};
	guint8 own[6], six[16];
	struct frame f;

	world_mac(1, own);
	for (guint i = 0; i < G_N_ELEMENTS(targets); i++)
		answered(w, ask(A1, targets[i]));
	answered(w, message(ASK, A1, gateway_link_local, own));
	f = message(ASK, A1, gateway_link_local, own);
	link_local(six, own);
	set_source(&f, six);
	answered(w, f);
	memcpy(f.data, world_gateway, 6); /* asked again, of the one who answered */
	memcpy(f.data + 38, gateway_link_local, 16);
	frame_checksums(&f, FALSE);
	answered(w, f);
}

/* Only ports are answered. */
static void test_elsewhere(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame f = ask(A1, A2);

	scene_drop(w, &(struct twin_in){TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE}, &f, ESC_V_ND_UNANSWERED, 0);
	scene_drop(w, &(struct twin_in){TWIN_EDGE}, &f, ESC_V_ND_UNANSWERED, 0);
	scene_drop(w, &(struct twin_in){TWIN_XDP}, &f, ESC_V_ND_UNANSWERED, 0);
}

void cases_nd_register(void)
{
	scene_six("/nd/spoofed", test_spoofed);
	scene_six("/nd/unanswered", test_unanswered);
	scene_six("/nd/malformed", test_malformed);
	scene_six("/nd/routers", test_routers);
	scene_six("/nd/answered", test_answered);
	scene_six("/nd/elsewhere", test_elsewhere);
}
