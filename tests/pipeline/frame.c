/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"
#include <string.h>

guint16 frame_get16(const struct frame *f, gsize at)
{
	return (guint16)(f->data[at] << 8 | f->data[at + 1]);
}

guint32 frame_get32(const struct frame *f, gsize at)
{
	return (guint32)frame_get16(f, at) << 16 | frame_get16(f, at + 2);
}

void frame_set16(struct frame *f, gsize at, guint16 v)
{
	f->data[at] = (guint8)(v >> 8);
	f->data[at + 1] = (guint8)v;
}

void frame_set32(struct frame *f, gsize at, guint32 v)
{
	frame_set16(f, at, (guint16)(v >> 16));
	frame_set16(f, at + 2, (guint16)v);
}

static guint32 sum(const struct frame *f, gsize from, gsize to)
{
	guint32 total = 0;

	for (gsize i = from; i < to; i += 2)
		total += (guint32)f->data[i] << 8 | (i + 1 < to ? f->data[i + 1] : 0);
	return total;
}

static guint16 fold(guint32 total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (guint16)total;
}

guint frame_family = 4;

void frame_six(guint32 addr, guint8 six[16])
{
	static const guint8 inside[12] = {0xfd}, outside[12] = {0x20, 0x01, 0x0d, 0xb8};

	memcpy(six, addr >> 24 == 10 ? inside : outside, 12);
	for (guint i = 0; i < 4; i++)
		six[12 + i] = (guint8)(addr >> (24 - 8 * i));
}

static gboolean is_six(const struct frame *f)
{
	return frame_get16(f, 12) == 0x86dd;
}

gsize frame_l4(const struct frame *f)
{
	return is_six(f) ? 54 : 34;
}

/* As IPv4 has it: ICMP is 1. */
static guint8 protocol_of(const struct frame *f)
{
	guint8 p = f->data[is_six(f) ? 20 : 23];

	return is_six(f) && (p == 1 || p == 58) ? 59 - p : p;
}

static gsize source_at(const struct frame *f)
{
	return is_six(f) ? 22 : 26;
}

static guint32 addr_at(const struct frame *f, gsize at)
{
	guint32 addr = frame_get32(f, is_six(f) ? at + 12 : at);
	guint8 six[16];

	if (is_six(f)) {
		frame_six(addr, six);
		g_assert_cmpmem(f->data + at, 16, six, 16);
	}
	return addr;
}

guint32 frame_source(const struct frame *f)
{
	return addr_at(f, source_at(f));
}

guint32 frame_destination(const struct frame *f)
{
	return addr_at(f, source_at(f) + (is_six(f) ? 16 : 4));
}

static void set_addr(struct frame *f, gsize at, guint32 addr)
{
	if (is_six(f))
		frame_six(addr, f->data + at);
	else
		frame_set32(f, at, addr);
}

static gsize l4_end(const struct frame *f)
{
	gsize end = is_six(f) ? (gsize)54 + frame_get16(f, 18) : (gsize)14 + frame_get16(f, 16);

	return MIN(f->length, end);
}

static gsize sum_place(const struct frame *f)
{
	guint8 p = protocol_of(f);

	return frame_l4(f) + (p == 6 ? 16 : p == 17 ? 6 : 2);
}

static guint32 pseudo(const struct frame *f)
{
	if (protocol_of(f) == 1 && !is_six(f))
		return 0;
	return sum(f, source_at(f), frame_l4(f)) + f->data[is_six(f) ? 20 : 23] + (guint32)(l4_end(f) - frame_l4(f));
}

/* With a checksum of the Internet's kind. */
static gboolean is_summed(guint8 protocol)
{
	return protocol == 1 || protocol == 6 || protocol == 17;
}

void frame_checksums(struct frame *f, gboolean keep_zero)
{
	gsize at = sum_place(f);
	guint8 p = protocol_of(f);
	guint16 check;

	if (!is_six(f)) {
		frame_set16(f, 24, 0);
		frame_set16(f, 24, (guint16)~fold(sum(f, 14, 34)));
	}
	if (p == 17 && keep_zero && !frame_get16(f, at))
		return;
	if (!is_summed(p))
		return;
	frame_set16(f, at, 0);
	check = (guint16)~fold(pseudo(f) + sum(f, frame_l4(f), l4_end(f)));
	frame_set16(f, at, p == 17 && !check ? 0xffff : check);
}

void frame_sum_ip(struct frame *f)
{
	frame_set16(f, 24, 0);
	frame_set16(f, 24, (guint16)~fold(sum(f, 14, 34)));
}

gboolean frame_ip_good(const struct frame *f)
{
	return is_six(f) || fold(sum(f, 14, 34)) == 0xffff;
}

void frame_partial(struct frame *f)
{
	frame_set16(f, sum_place(f), fold(pseudo(f)));
}

gboolean frame_good(const struct frame *f)
{
	if (!is_six(f) && fold(sum(f, 14, 34)) != 0xffff)
		return FALSE;
	if (!is_summed(protocol_of(f)))
		return TRUE;
	if (protocol_of(f) == 17 && !frame_get16(f, frame_l4(f) + 6))
		return TRUE;
	return fold(pseudo(f) + sum(f, frame_l4(f), l4_end(f))) == 0xffff;
}

static gsize l4_header(const struct frame_spec *s)
{
	return s->protocol == 6 ? s->scale ? 24 : 20 : 8;
}

/* ICMPv6's number for a type of ICMP. */
static guint8 icmp_six(guint8 type)
{
	return type == 8 ? 128 : type == 0 ? 129 : type == 3 ? 1 : type == 11 ? 3 : type == 12 ? 4 : type;
}

static void build_l4(struct frame *f, const struct frame_spec *s)
{
	gsize l4 = frame_l4(f);

	switch (s->protocol) {
	case 6:
		frame_set16(f, l4, s->sport);
		frame_set16(f, l4 + 2, s->dport);
		frame_set32(f, l4 + 4, s->seq ? s->seq : FRAME_ISN + !(s->flags & FRAME_SYN));
		frame_set32(f, l4 + 8, s->ack ? s->ack : s->flags & FRAME_ACK ? FRAME_ISN + 1 : 0);
		f->data[l4 + 12] = (guint8)(l4_header(s) / 4 << 4);
		if (s->scale)
			memcpy(&f->data[l4 + 20], (guint8[]){1, 3, 3, (guint8)(s->scale - 1)}, 4);
		f->data[l4 + 13] = s->flags;
		frame_set16(f, l4 + 14, 65000);
		break;
	case 17:
		frame_set16(f, l4, s->sport);
		frame_set16(f, l4 + 2, s->dport);
		frame_set16(f, l4 + 4, (guint16)(8 + s->payload));
		break;
	case 50:
	case 51:
	case 132:
		frame_set32(f, l4, 0xfeedface);
		frame_set32(f, l4 + 4, 1);
		break;
	default:
		f->data[l4] = is_six(f) ? icmp_six(s->icmp) : s->icmp;
		frame_set16(f, l4 + 4, s->sport);
		frame_set16(f, l4 + 6, 1);
	}
}

static void build_ip(struct frame *f, const struct frame_spec *s)
{
	f->data[14] = 0x45;
	frame_set16(f, 16, (guint16)(f->length - 14));
	frame_set16(f, 20, 0x4000);
	f->data[22] = 64;
	f->data[23] = s->protocol;
}

static void build_ip6(struct frame *f, const struct frame_spec *s)
{
	f->data[14] = 0x60;
	frame_set16(f, 18, (guint16)(f->length - 54));
	f->data[20] = s->protocol == 1 ? 58 : s->protocol;
	f->data[21] = 64;
}

void frame_build(struct frame *f, const struct frame_spec *s)
{
	gsize l4 = frame_family == 6 ? 54 : 34;

	memset(f->data, 0, sizeof(f->data));
	f->length = l4 + l4_header(s) + s->payload;
	memcpy(f->data, s->dmac, 6);
	memcpy(f->data + 6, s->smac, 6);
	frame_set16(f, 12, frame_family == 6 ? 0x86dd : 0x0800);
	if (frame_family == 6)
		build_ip6(f, s);
	else
		build_ip(f, s);
	set_addr(f, source_at(f), s->saddr);
	set_addr(f, source_at(f) + (frame_family == 6 ? 16 : 4), s->daddr);
	build_l4(f, s);
	for (guint i = 0; i < s->payload; i++)
		f->data[l4 + l4_header(s) + i] = (guint8)(i * 7 + 1);
	frame_checksums(f, s->no_udp_checksum);
}

void frame_error(struct frame *f, const struct frame *about, guint32 source, guint8 type, guint8 code)
{
	gsize quoted = frame_l4(about) - 14 + 8;
	struct frame_spec s = {
	        .saddr = source, .daddr = frame_source(about), .protocol = 1, .icmp = type, .payload = (guint)quoted};
	gsize l4;

	memcpy(s.smac, about->data, 6);
	memcpy(s.dmac, about->data + 6, 6);
	frame_build(f, &s);
	l4 = frame_l4(f);
	f->data[l4 + 1] = code;
	if (is_six(f) && type == 3 && code == 4) { /* a message of its own there */
		f->data[l4] = 2;
		f->data[l4 + 1] = 0;
	}
	frame_set16(f, l4 + 6, 1400); /* the MTU of the next hop, when that is what it is about */
	memcpy(f->data + l4 + 8, about->data + 14, quoted);
	frame_checksums(f, FALSE);
}

void frame_arp(struct frame *f, const guint8 smac[6], const guint8 sender_mac[6], guint32 sender, guint32 target,
               guint16 operation)
{
	memset(f->data, 0, sizeof(f->data));
	f->length = 60;
	memset(f->data, 0xff, 6);
	memcpy(f->data + 6, smac, 6);
	frame_set16(f, 12, 0x0806);
	frame_set16(f, 14, 1);
	frame_set16(f, 16, 0x0800);
	f->data[18] = 6;
	f->data[19] = 4;
	frame_set16(f, 20, operation);
	memcpy(f->data + 22, sender_mac, 6);
	frame_set32(f, 28, sender);
	frame_set32(f, 38, target);
}
