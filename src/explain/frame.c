/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/frame.h"

#include <netinet/in.h>
#include <string.h>

#define L3         14
#define L4         34
#define SYN        0x02
#define SYN_ACK    0x12
#define ECHO_ASK   8
#define ECHO_REPLY 0

static guint16 get16(const guint8 *p)
{
	return (guint16)(p[0] << 8 | p[1]);
}

static guint32 get32(const guint8 *p)
{
	return (guint32)get16(p) << 16 | get16(p + 2);
}

static void put16(guint8 *p, guint16 v)
{
	p[0] = (guint8)(v >> 8);
	p[1] = (guint8)v;
}

static void put32(guint8 *p, guint32 v)
{
	put16(p, (guint16)(v >> 16));
	put16(p + 2, (guint16)v);
}

/* Of an even number of bytes. */
static guint32 add_words(guint32 sum, const guint8 *p, gsize length)
{
	for (gsize i = 0; i < length; i += 2)
		sum += get16(p + i);
	return sum;
}

static guint16 finish(guint32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (guint16)~sum;
}

static gsize l4_length(guint8 protocol)
{
	return protocol == IPPROTO_TCP ? 20 : 8;
}

static void set_checksums(struct native_packet *p)
{
	guint8 *l4 = p->data + L4, protocol = p->data[L3 + 9];
	guint8 *place = l4 + (protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2);
	gsize length = l4_length(protocol);
	guint32 pseudo = protocol == IPPROTO_ICMP ? 0 : add_words(protocol + (guint32)length, p->data + L3 + 12, 8);

	put16(p->data + L3 + 10, 0);
	put16(p->data + L3 + 10, finish(add_words(0, p->data + L3, 20)));
	put16(place, 0);
	put16(place, finish(add_words(pseudo, l4, length)));
	if (protocol == IPPROTO_UDP && !get16(place))
		put16(place, 0xffff);
}

static void put_l4(guint8 *l4, const struct fleet_tuple *t)
{
	if (t->protocol == IPPROTO_ICMP) {
		l4[0] = ECHO_ASK;
		put16(l4 + 4, t->source_port);
		put16(l4 + 6, 1);
		return;
	}
	put16(l4, t->source_port);
	put16(l4 + 2, t->destination_port);
	if (t->protocol == IPPROTO_UDP) {
		put16(l4 + 4, 8);
		return;
	}
	put32(l4 + 4, 1);
	l4[12] = 5 << 4;
	l4[13] = SYN;
	put16(l4 + 14, 65535);
}

void frame_open(struct native_packet *p, const struct fleet_tuple *t)
{
	guint8 *ip = p->data + L3;

	memset(p->data, 0, FLEET_FRAME);
	p->length = L4 + l4_length(t->protocol);
	put16(p->data + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, (guint16)(p->length - L3));
	put16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = t->protocol;
	put32(ip + 12, t->source);
	put32(ip + 16, t->destination);
	put_l4(p->data + L4, t);
	set_checksums(p);
}

void frame_answer(struct native_packet *p)
{
	guint8 *ip = p->data + L3, *l4 = p->data + L4;
	guint32 source = get32(ip + 12);
	guint16 port = get16(l4);

	put32(ip + 12, get32(ip + 16));
	put32(ip + 16, source);
	if (ip[9] == IPPROTO_ICMP) {
		l4[0] = ECHO_REPLY;
	} else {
		put16(l4, get16(l4 + 2));
		put16(l4 + 2, port);
	}
	if (ip[9] == IPPROTO_TCP) {
		put32(l4 + 8, get32(l4 + 4) + 1);
		put32(l4 + 4, 1);
		l4[13] = SYN_ACK;
	}
	set_checksums(p);
}

void frame_macs(struct native_packet *p, const guint8 to[6], const guint8 from[6])
{
	memcpy(p->data, to, 6);
	memcpy(p->data + 6, from, 6);
}

struct fleet_tuple frame_tuple(const struct native_packet *p)
{
	const guint8 *ip = p->data + L3, *l4 = p->data + L4;
	struct fleet_tuple t = {.source = get32(ip + 12), .destination = get32(ip + 16), .protocol = ip[9]};

	if (t.protocol == IPPROTO_ICMP) {
		t.source_port = get16(l4 + 4);
		return t;
	}
	t.source_port = get16(l4);
	t.destination_port = get16(l4 + 2);
	return t;
}
