/* SPDX-License-Identifier: Apache-2.0 */
#include "dress.h"
#include <string.h>

gboolean dress_is_ip4(const struct frame *f)
{
	return f->length >= 34 && frame_get16(f, 12) == 0x0800 && f->data[14] >> 4 == 4;
}

/* One's complement: a checksum that was right stays so, and one that was wrong too. */
static void carry(struct frame *f, gsize at, guint32 was, guint32 is)
{
	guint32 sum;

	if (at + 2 > f->length)
		return;
	sum = (guint16)~frame_get16(f, at) + (guint32)(guint16) ~(was >> 16) + (guint16)~was + (is >> 16) + (guint16)is;
	sum = (sum & 0xffff) + (sum >> 16);
	frame_set16(f, at, (guint16) ~(sum + (sum >> 16)));
}

static void readdress(struct frame *f, gsize at, guint32 is)
{
	guint32 was = frame_get32(f, at);
	gsize l4 = 14 + (gsize)(f->data[14] & 15) * 4;

	frame_set32(f, at, is);
	carry(f, 24, was, is);
	if (frame_get16(f, 20) & 0x1fff)
		return;
	if (f->data[23] == 6)
		carry(f, l4 + 16, was, is);
	else if (f->data[23] == 17 && l4 + 8 <= f->length && frame_get16(f, l4 + 6))
		carry(f, l4 + 6, was, is);
}

gboolean dress_is_ip6(const struct frame *f)
{
	return f->length >= 54 && frame_get16(f, 12) == 0x86dd && f->data[14] >> 4 == 6;
}

static void readdress6(struct frame *f, gsize at, guint32 is)
{
	gsize sum = f->data[20] == 6 ? 70 : f->data[20] == 17 ? 60 : f->data[20] == 58 ? 56 : 0;
	struct frame to;

	frame_six(is, to.data);
	if (sum + 2 > f->length || (sum == 60 && !frame_get16(f, 60)))
		sum = 0;
	for (gsize i = 0; i < 16; i += 4) {
		if (sum)
			carry(f, sum, frame_get32(f, at + i), frame_get32(&to, i));
		frame_set32(f, at + i, frame_get32(&to, i));
	}
}

/* The packet that an ICMP error quotes is the other side's: its addresses change as its own did. */
static void readdress_quoted(struct frame *f, guint32 source, guint32 destination)
{
	static const gsize places[] = {54, 58};
	gsize head = 14 + (gsize)(f->data[14] & 15) * 4;

	if (head != 34 || f->data[23] != 1 || f->length < 62 ||
	    (f->data[34] != 3 && f->data[34] != 11 && f->data[34] != 12))
		return;
	for (guint i = 0; i < 2; i++) {
		guint32 was = frame_get32(f, places[i]);
		guint32 is = was == source ? frame_get32(f, 26) : was == destination ? frame_get32(f, 30) : was;
		frame_set32(f, places[i], is);
		carry(f, 36, was, is); /* of the whole */
		carry(f, 52, was, is); /* of the quoted header, which the whole one counts too */
		carry(f, 36, is, was);
	}
}

/* What a stranger of the file is here, as seen from port 1. */
static guint32 stranger(const struct dressing *d, guint32 addr)
{
	switch (d->way) {
	case DRESS_LOCAL:
		return addr & 1 ? WORLD_ADDR(1, 5) : WORLD_ADDR(2, 4);
	case DRESS_OVERLAY:
		return DRESS_FAR;
	default:
		return 0xcb007100u | ((addr ^ addr >> 8) & 0xff); /* 203.0.113.0/24 */
	}
}

static void dress_macs(const struct dressing *d, gboolean back, guint32 port, struct frame *f)
{
	gboolean multicast = f->data[0] & 1;
	guint8 broadcast[6];

	memcpy(broadcast, f->data, 6);
	memcpy(f->data, world_gateway, 6);
	world_mac(port, f->data + 6);
	if (back && d->way == DRESS_EDGE) {
		memcpy(f->data, world_uplink, 6);
		memcpy(f->data + 6, world_nexthop, 6);
	} else if (back && d->way == DRESS_OVERLAY) {
		world_mac(1, f->data);
		memcpy(f->data + 6, world_gateway, 6);
	}
	if (multicast)
		memcpy(f->data, broadcast, 6);
}

/* Whether the frame comes back to the one that is port 1 here. Of two strangers the lower address is it, and of a machine
 * that talks to itself the side with the higher port. */
static gboolean comes_back(const struct dressing *d, const struct frame *f, guint32 source, guint32 destination)
{
	if (source == destination)
		return frame_get16(f, 34) < frame_get16(f, 36);
	if (source == d->own || destination == d->own)
		return destination == d->own;
	return source > destination;
}

/* FALSE: the frame goes the way of the file's first sender. `other` is what the other side is here. */
static gboolean dress4(struct dressing *d, struct frame *f, guint32 *other)
{
	guint32 source = frame_get32(f, 26), destination = frame_get32(f, 30);
	gboolean back;

	d->own = d->own ? d->own : source;
	back = comes_back(d, f, source, destination);
	*other = stranger(d, back ? source : destination);
	readdress(f, 26, back ? *other : DRESS_OWN);
	if (destination >> 28 != 14 && destination != G_MAXUINT32) /* those stay what they are */
		readdress(f, 30, !back ? *other : d->way == DRESS_EDGE ? DRESS_PUBLIC : DRESS_OWN);
	readdress_quoted(f, source, destination);
	return back;
}

static gboolean dress6(struct dressing *d, struct frame *f, guint32 *other)
{
	static const guint8 none[16];
	const guint8 *source = f->data + 22, *destination = f->data + 38;
	gboolean back, group = *destination == 0xff;

	if (*source == 0xfe || *destination == 0xfe || !memcmp(source, none, 16))
		return FALSE;
	if (!memcmp(d->own6, none, 16))
		memcpy(d->own6, source, 16);
	back = !memcmp(destination, d->own6, 16) && memcmp(source, d->own6, 16);
	*other = stranger(d, frame_get32(f, back ? 34 : 50));
	readdress6(f, 22, back ? *other : DRESS_OWN);
	if (!group)
		readdress6(f, 38, !back ? *other : d->way == DRESS_EDGE ? DRESS_PUBLIC : DRESS_OWN);
	return back;
}

struct twin_in dress(struct dressing *d, struct frame *f)
{
	struct twin_in in = {.entry = TWIN_PORT, .port = 1};
	guint32 other = 0;
	gboolean back = dress_is_ip4(f) ? dress4(d, f, &other) : dress_is_ip6(f) ? dress6(d, f, &other) : FALSE;

	if (back && d->way == DRESS_LOCAL)
		in.port = other == WORLD_ADDR(1, 5) ? 2 : 3;
	if (back && d->way != DRESS_LOCAL)
		in = (struct twin_in){
		        .entry = d->way == DRESS_EDGE ? TWIN_EDGE : TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE};
	dress_macs(d, back, in.port, f);
	return in;
}
