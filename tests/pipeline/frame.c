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

static gsize l4_end(const struct frame *f)
{
	return MIN(f->length, (gsize)14 + frame_get16(f, 16));
}

static gsize sum_place(const struct frame *f)
{
	return f->data[23] == 6 ? 50 : f->data[23] == 17 ? 40 : 36;
}

static guint32 pseudo(const struct frame *f)
{
	if (f->data[23] == 1)
		return 0;
	return sum(f, 26, 34) + f->data[23] + (guint32)(l4_end(f) - 34);
}

void frame_checksums(struct frame *f, gboolean keep_zero)
{
	gsize at = sum_place(f);
	guint16 check;

	frame_set16(f, 24, 0);
	frame_set16(f, 24, (guint16)~fold(sum(f, 14, 34)));
	if (f->data[23] == 17 && keep_zero && !frame_get16(f, at))
		return;
	if (f->data[23] != 1 && f->data[23] != 6 && f->data[23] != 17)
		return;
	frame_set16(f, at, 0);
	check = (guint16)~fold(pseudo(f) + sum(f, 34, l4_end(f)));
	frame_set16(f, at, f->data[23] == 17 && !check ? 0xffff : check);
}

void frame_partial(struct frame *f)
{
	frame_set16(f, sum_place(f), fold(pseudo(f)));
}

gboolean frame_good(const struct frame *f)
{
	if (fold(sum(f, 14, 34)) != 0xffff)
		return FALSE;
	if (f->data[23] == 17 && !frame_get16(f, 40))
		return TRUE;
	return fold(pseudo(f) + sum(f, 34, l4_end(f))) == 0xffff;
}

static gsize l4_header(const struct frame_spec *s)
{
	return s->protocol == 6 ? 20 : 8;
}

static void build_l4(struct frame *f, const struct frame_spec *s)
{
	switch (s->protocol) {
	case 6:
		frame_set16(f, 34, s->sport);
		frame_set16(f, 36, s->dport);
		frame_set32(f, 38, 0x01020304);
		f->data[46] = 5 << 4;
		f->data[47] = s->flags;
		frame_set16(f, 48, 65000);
		break;
	case 17:
		frame_set16(f, 34, s->sport);
		frame_set16(f, 36, s->dport);
		frame_set16(f, 38, (guint16)(8 + s->payload));
		break;
	default:
		f->data[34] = s->icmp;
		frame_set16(f, 38, s->sport);
		frame_set16(f, 40, 1);
	}
}

void frame_build(struct frame *f, const struct frame_spec *s)
{
	memset(f->data, 0, sizeof(f->data));
	f->length = 34 + l4_header(s) + s->payload;
	memcpy(f->data, s->dmac, 6);
	memcpy(f->data + 6, s->smac, 6);
	frame_set16(f, 12, 0x0800);
	f->data[14] = 0x45;
	frame_set16(f, 16, (guint16)(f->length - 14));
	frame_set16(f, 20, 0x4000);
	f->data[22] = 64;
	f->data[23] = s->protocol;
	frame_set32(f, 26, s->saddr);
	frame_set32(f, 30, s->daddr);
	build_l4(f, s);
	for (guint i = 0; i < s->payload; i++)
		f->data[34 + l4_header(s) + i] = (guint8)(i * 7 + 1);
	frame_checksums(f, s->no_udp_checksum);
}

void frame_error(struct frame *f, const struct frame *about, guint32 source, guint8 type, guint8 code)
{
	struct frame_spec s = {
	        .saddr = source, .daddr = frame_get32(about, 26), .protocol = 1, .icmp = type, .payload = 28};

	memcpy(s.smac, about->data, 6);
	memcpy(s.dmac, about->data + 6, 6);
	frame_build(f, &s);
	f->data[35] = code;
	frame_set16(f, 40, 1400); /* the MTU of the next hop, when that is what it is about */
	memcpy(f->data + 42, about->data + 14, 28);
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
