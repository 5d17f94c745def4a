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
	g_assert_cmphex(frame_get32(f, 26), ==, saddr);
	g_assert_cmphex(frame_get32(f, 30), ==, daddr);
	if (f->data[23] == 1) {
		g_assert_cmpuint(frame_get16(f, 38), ==, sport);
		return;
	}
	g_assert_cmpuint(frame_get16(f, 34), ==, sport);
	g_assert_cmpuint(frame_get16(f, 36), ==, dport);
}

void frame_macs(const struct frame *f, const guint8 from[6], const guint8 to[6])
{
	g_assert_cmpmem(f->data, 6, to, 6);
	g_assert_cmpmem(f->data + 6, 6, from, 6);
}
