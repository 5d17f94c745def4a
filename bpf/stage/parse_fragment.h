/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * parse_fragment: the form of a fragment. Included by parse.h. Next: fragment.h, by way of ESC_ASIDE_FRAGMENT.
 *
 * Nothing is judged by half a header (RFC 1858, RFC 3128): a first fragment has all of its own, and no later one lies
 * where that is.
 */
#pragma once

#define ESC_DATAGRAM_MAX (ESC_FAMILY == 4 ? 65515 : 65535) /* behind the IP header */

static __always_inline int first_is_tiny(const struct esc_l4 *l4, const void *end, esc_u32 room, esc_u8 proto)
{
	if (room < l4_least(proto))
		return 1;
	if (proto != ESC_TCP || (const void *)((const esc_u8 *)l4 + 20) > end)
		return 0;
	return (esc_u32)(l4->tcp.offset >> 4) * 4 > room;
}

/* The length that UDP names is the whole datagram's: more than is here, exactly when there is more. */
static __always_inline int parse_first_l4(const struct esc_l4 *l4, const void *end, esc_u32 room, esc_u32 more,
                                          struct esc_packet *p)
{
	int v;

	if (p->key.proto != ESC_UDP || !more)
		return parse_l4(l4, end, room, p);
	v = parse_udp(l4, end, 65535, p);
	if (v)
		return v;
	return ESC_BE16(l4->udp.length) > room ? ESC_V_FORWARD : ESC_V_MALFORMED;
}

static __always_inline int parse_first(const struct esc_l4 *l4, const void *end, esc_u32 room, esc_u32 more,
                                       struct esc_packet *p)
{
	int v;

	if (first_is_tiny(l4, end, room, p->key.proto))
		return ESC_V_FRAGMENT_TINY;
	v = parse_first_l4(l4, end, room, more, p);
	if (v)
		return v;
	return p->error ? ESC_V_MALFORMED : parse_land(p); /* errors are too short to be cut */
}

static __always_inline int parse_later(esc_u32 offset, esc_u8 proto)
{
	if (proto != ESC_TCP && proto != ESC_UDP && proto != ESC_ICMP && !by_address(proto))
		return ESC_V_PROTOCOL;
	return proto == ESC_TCP && offset < 20 ? ESC_V_FRAGMENT_OVERLAP : ESC_V_FORWARD;
}

/* A piece of `room` bytes. `place`: where it begins, a multiple of 8, and 1 when there is more behind it. */
static __noinline int parse_fragment(const void *l4, const void *end, esc_u32 room, esc_u32 place, struct esc_packet *p)
{
	esc_u32 offset = place & ~7u, more = place & 1;
	int v;

	if (!room || (more && (room & 7)) || offset + room > ESC_DATAGRAM_MAX || p->gso_size)
		return ESC_V_MALFORMED;
	v = offset ? parse_later(offset, p->key.proto) : parse_first(l4, end, room, more, p);
	if (v)
		return v;
	p->fragment = offset ? ESC_FRAGMENT_LATER : more ? ESC_FRAGMENT_FIRST : ESC_FRAGMENT_ALONE;
	p->piece.begin = offset;
	p->piece.end = room;
	return ESC_ASIDE_FRAGMENT;
}
