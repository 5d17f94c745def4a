/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * dhcp: does a client's message name the port's own MAC? Called by platform.h.
 *
 * Who asks is known from the port it came by, so an identity that proves nothing (an opaque client identifier, a UUID)
 * does no harm and passes. One that names a MAC must name the port's own: in chaddr always, in the client identifier when
 * that is a hardware address or a DUID made of one (RFC 2132, 4361, 8415).
 */
#pragma once
#include "packet.h"

#define ESC_DHCP_STEPS   64  /* options looked at, padding included; no client sends so many */
#define ESC_DHCP_OPTIONS 240 /* where they begin */
#define ESC_DHCP_MAGIC   0x63538263u
#define ESC_DHCP_ID      61
#define ESC_DHCP_END     255

struct esc_dhcp {
	esc_u8 op, htype, hlen, hops;
	esc_u32 xid;
	esc_u16 secs, flags;
	esc_u32 ciaddr, yiaddr, siaddr, giaddr;
	esc_u8 chaddr[6];
} __attribute__((packed, aligned(2)));

/* As much of a client identifier as can name a MAC, which is in a place of its own alignment each time. */
struct esc_dhcp_id {
	esc_u8 pad, code, length, type, iaid[4];
	esc_u8 duid[24];
} __attribute__((aligned(8)));
#define ESC_DHCP_ID_BYTES (sizeof(struct esc_dhcp_id) - 1)
ESC_ASSERT_SIZE(struct esc_dhcp_id, 32);

/* A DUID of `length` bytes at d: does it name another's MAC? 14 bytes may be read whatever the length. */
static __always_inline int duid_foreign(const esc_u8 *d, esc_u32 length, const esc_u8 *mac)
{
	esc_u32 place = d[1] == 1 ? 8 : d[1] == 3 ? 4 : 0; /* link-layer with time, without; anything else names none */

	if (d[0] || !place || d[2] || d[3] != 1)
		return 0;
	if (length != place + 6)
		return 1;
	return place == 8 ? !mac_equal(d + 8, mac) : !mac_equal(d + 4, mac);
}

static __always_inline int dhcp_id_foreign(const struct esc_dhcp_id *id, const esc_u8 *mac)
{
	if (id->type == 1)
		return id->length != 7 || !mac_equal(id->iaid, mac);
	if (id->type == 255 && id->length >= 7)
		return duid_foreign(id->duid, id->length - 5, mac);
	return 0;
}

/* The option at `o`, whose code and length are `head`. */
static __always_inline int dhcp_option(struct esc_ctx *ctx, esc_u32 o, const esc_u8 *head, const esc_u8 *mac)
{
	struct esc_dhcp_id id = {};
	esc_u32 n = 2 + (esc_u32)head[1];

	if (head[0] != ESC_DHCP_ID)
		return ESC_V_FORWARD;
	if (n > ESC_DHCP_ID_BYTES)
		n = ESC_DHCP_ID_BYTES;
	if (ctx_load(ctx, o, &id.code, n))
		return ESC_V_MALFORMED;
	return dhcp_id_foreign(&id, mac) ? ESC_V_SPOOFED_DHCP : ESC_V_FORWARD;
}

static __always_inline int dhcp_options(struct esc_ctx *ctx, esc_u32 o, const esc_u8 *mac)
{
	for (int i = 0; i < ESC_DHCP_STEPS; i++) {
		esc_u8 head[2] = {};
		int v;

		if (ctx_load(ctx, o, head, 1) || head[0] == ESC_DHCP_END)
			return ESC_V_FORWARD;
		if (!head[0]) {
			o++;
			continue;
		}
		if (ctx_load(ctx, o, head, 2))
			return ESC_V_MALFORMED;
		v = dhcp_option(ctx, o, head, mac);
		if (v)
			return v;
		o += 2 + (esc_u32)head[1];
	}
	return ESC_V_MALFORMED;
}

/* `at`: of the DHCP message in the frame. */
static __noinline int dhcp_client(struct esc_ctx *ctx, esc_u32 at, const struct esc_port *port)
{
	struct esc_dhcp m = {};
	esc_u32 magic = 0;

	if (!port || ctx_load(ctx, at, &m, sizeof(m)) || ctx_load(ctx, at + ESC_DHCP_OPTIONS - 4, &magic, 4) ||
	    magic != ESC_DHCP_MAGIC)
		return ESC_V_MALFORMED;
	if (m.op != 1 || m.giaddr)
		return ESC_V_DHCP_SERVER; /* an answer, or what a relay passes on */
	if (m.htype != 1 || m.hlen != 6 || !mac_equal(m.chaddr, port->mac))
		return ESC_V_SPOOFED_DHCP;
	return dhcp_options(ctx, at + ESC_DHCP_OPTIONS, port->mac);
}
