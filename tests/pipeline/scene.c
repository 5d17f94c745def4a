/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"
#include <string.h>

static struct frame_spec spec(guint32 saddr, guint32 daddr, guint8 protocol, guint16 sport, guint16 dport)
{
	return (struct frame_spec){.saddr = saddr,
	                           .daddr = daddr,
	                           .protocol = protocol,
	                           .sport = sport,
	                           .dport = dport,
	                           .flags = FRAME_SYN,
	                           .icmp = 8,
	                           .payload = 4};
}

struct frame_spec scene_from(guint32 port, guint32 saddr, guint32 daddr, guint8 protocol, guint16 sport, guint16 dport)
{
	struct frame_spec s = spec(saddr, daddr, protocol, sport, dport);

	world_mac(port, s.smac);
	memcpy(s.dmac, world_gateway, 6);
	return s;
}

struct frame_spec scene_outside(guint32 saddr, guint32 daddr, guint8 protocol, guint16 sport, guint16 dport)
{
	struct frame_spec s = spec(saddr, daddr, protocol, sport, dport);

	memcpy(s.smac, world_nexthop, 6);
	memcpy(s.dmac, world_uplink, 6);
	return s;
}

struct frame_spec scene_overlay(guint32 port, guint32 saddr, guint32 daddr, guint8 protocol, guint16 sport,
                                guint16 dport)
{
	struct frame_spec s = spec(saddr, daddr, protocol, sport, dport);

	memcpy(s.smac, world_gateway, 6);
	world_mac(port, s.dmac);
	return s;
}

void scene_drop(struct twin *w, const struct twin_in *in, struct frame *f, enum esc_verdict reason, guint32 charged)
{
	struct frame before = *f;
	guint64 count = twin_drops(w, charged, reason);
	struct esc_effect e = twin_run(w, in, f);

	g_assert_cmpuint(e.verdict, ==, reason);
	g_assert_cmpuint(e.port, ==, charged);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_NONE);
	g_assert_cmpuint(twin_drops(w, charged, reason), ==, count + 1);
	g_assert_cmpmem(f->data, f->length, before.data, before.length);
	twin_compare(w);
}

struct esc_effect scene_pass(struct twin *w, const struct twin_in *in, struct frame *f)
{
	struct esc_effect e = twin_run(w, in, f);

	g_assert_cmpuint(e.verdict, ==, ESC_V_FORWARD);
	g_assert_true(frame_good(f));
	twin_compare(w);
	return e;
}

void port_drop(struct twin *w, guint32 port, const struct frame_spec *s, enum esc_verdict reason, guint32 charged)
{
	struct frame f;

	frame_build(&f, s);
	scene_drop(w, &(struct twin_in){TWIN_PORT, .port = port}, &f, reason, charged);
}

struct esc_effect port_pass(struct twin *w, guint32 port, const struct frame_spec *s, struct frame *out)
{
	struct frame f;
	struct esc_effect e;

	frame_build(&f, s);
	e = scene_pass(w, &(struct twin_in){TWIN_PORT, .port = port}, &f);
	if (out)
		*out = f;
	return e;
}

void edge_drop_tc(struct twin *w, const struct frame_spec *s, enum esc_verdict reason, guint32 charged)
{
	struct frame f;

	frame_build(&f, s);
	scene_drop(w, &(struct twin_in){TWIN_EDGE}, &f, reason, charged);
}

/* Drops at the edge are the same for the XDP build, where it looks at all. */
void edge_drop(struct twin *w, const struct frame_spec *s, enum esc_verdict reason, guint32 charged)
{
	struct frame f;

	frame_build(&f, s);
	scene_drop(w, &(struct twin_in){TWIN_EDGE}, &f, reason, charged);
	if (charged == ESC_PORT_UPLINK)
		scene_drop(w, &(struct twin_in){TWIN_XDP}, &f, reason, charged);
}

struct esc_effect edge_pass(struct twin *w, const struct frame_spec *s, struct frame *out)
{
	struct frame f;
	struct esc_effect e;

	frame_build(&f, s);
	e = scene_pass(w, &(struct twin_in){TWIN_EDGE}, &f);
	if (out)
		*out = f;
	return e;
}

void overlay_drop(struct twin *w, guint32 vni, guint32 remote, const struct frame_spec *s, enum esc_verdict reason,
                  guint32 charged)
{
	struct frame f;

	frame_build(&f, s);
	scene_drop(w, &(struct twin_in){TWIN_OVERLAY, .vni = vni, .remote = remote}, &f, reason, charged);
}

struct esc_effect overlay_pass(struct twin *w, guint32 vni, guint32 remote, const struct frame_spec *s,
                               struct frame *out)
{
	struct frame f;
	struct esc_effect e;

	frame_build(&f, s);
	e = scene_pass(w, &(struct twin_in){TWIN_OVERLAY, .vni = vni, .remote = remote}, &f);
	if (out)
		*out = f;
	return e;
}

void frame_is(const struct frame *f, guint32 saddr, guint32 daddr, guint16 sport, guint16 dport)
{
	gsize l4 = frame_l4(f);
	guint8 protocol = f->data[l4 == 34 ? 23 : 20];

	g_assert_cmphex(frame_source(f), ==, saddr);
	g_assert_cmphex(frame_destination(f), ==, daddr);
	if (protocol == 1 || protocol == 58) {
		g_assert_cmpuint(frame_get16(f, l4 + 4), ==, sport);
		return;
	}
	g_assert_cmpuint(frame_get16(f, l4), ==, sport);
	g_assert_cmpuint(frame_get16(f, l4 + 2), ==, dport);
}

static void as_six(gconstpointer test)
{
	frame_family = 6;
	((void (*)(void))test)();
	frame_family = 4;
}

void scene_both(const char *path, void (*test)(void))
{
	g_autofree char *six = g_strconcat("/ipv6", path, NULL);

	g_test_add_func(path, test);
	scene_six(six, test);
}

void scene_six(const char *path, void (*test)(void))
{
	g_test_add_data_func(path, (gconstpointer)test, as_six);
}

gboolean scene_flow(struct twin *w, const struct esc_flow_key *key, struct esc_flow *flow)
{
	struct esc_flow_key6 k = {.sport = key->sport,
	                          .dport = key->dport,
	                          .proto = key->proto == 1 ? 58 : key->proto,
	                          .dir = key->dir,
	                          .port = key->port};
	struct esc_flow6 f;

	if (frame_family == 4)
		return native_flow(twin_native(w), key, flow);
	frame_six(GUINT32_FROM_BE(key->saddr), (guint8 *)k.saddr.w);
	frame_six(GUINT32_FROM_BE(key->daddr), (guint8 *)k.daddr.w);
	if (!native_flow6(twin_native(w), &k, &f))
		return FALSE;
	*flow = (struct esc_flow){.seen = f.seen,
	                          .generation = f.generation,
	                          .peer_generation = f.peer_generation,
	                          .peer = f.peer,
	                          .ring = f.ring,
	                          .flags = f.flags,
	                          .tcp = f.tcp,
	                          .ack = f.ack,
	                          .seq = f.seq,
	                          .sport = f.sport,
	                          .dport = f.dport,
	                          .owner = f.owner,
	                          .out = f.out,
	                          .vni = f.vni,
	                          .packets = f.packets,
	                          .bytes = f.bytes};
	return TRUE;
}

void frame_macs(const struct frame *f, const guint8 from[6], const guint8 to[6])
{
	g_assert_cmpmem(f->data, 6, to, 6);
	g_assert_cmpmem(f->data + 6, 6, from, 6);
}
