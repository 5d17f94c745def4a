/* SPDX-License-Identifier: Apache-2.0 */
#include "capture.h"
#include <string.h>

#define PCAP_HEADER  24
#define PCAP_RECORD  16
#define BLOCK_MIN    12               /* type, length, and length again */
#define FRAME_ROOM   (FRAME_MAX - 64) /* the pipeline wants to be able to encapsulate */
#define ETHER_HEADER 14

enum block { SECTION = 0x0a0d0d0a, INTERFACE = 1, OLD_PACKET = 2, SIMPLE_PACKET = 3, PACKET = 6 };

enum link {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW_BSD = 12,
	LINK_RAW_OPENBSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_COOKED = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_COOKED2 = 276,
};

static guint16 get16(const struct capture *c, gsize at)
{
	const guint8 *b = c->data + at;

	return c->big ? (guint16)(b[0] << 8 | b[1]) : (guint16)(b[1] << 8 | b[0]);
}

static guint32 get32(const struct capture *c, gsize at)
{
	guint32 first = get16(c, at), second = get16(c, at + 2);

	return c->big ? first << 16 | second : second << 16 | first;
}

static gboolean fail(struct capture *c, const char *why)
{
	c->error = why;
	c->at = c->size;
	return FALSE;
}

static gboolean open_pcap(struct capture *c)
{
	static const guint32 magics[] = {0xa1b2c3d4, 0xa1b23c4d};

	if (c->size < PCAP_HEADER)
		return FALSE;
	for (guint i = 0; i < 2 * G_N_ELEMENTS(magics); i++) {
		c->big = i & 1;
		if (get32(c, 0) != magics[i / 2])
			continue;
		c->link[0] = (guint16)get32(c, 20); /* the upper half is about the frame check sequence */
		c->interfaces = 1;
		c->at = PCAP_HEADER;
		return TRUE;
	}
	return FALSE;
}

gboolean capture_open(struct capture *c, const guint8 *data, gsize size)
{
	*c = (struct capture){.data = data, .size = size};
	if (size >= BLOCK_MIN && get32(c, 0) == SECTION) {
		c->next = TRUE;
		return TRUE;
	}
	return open_pcap(c);
}

/* --- packets to frames --- */

/* Address and control may be left out, and the protocol's upper byte. 0: it carries neither IPv4 nor IPv6. */
static gsize ppp_header(const guint8 *b, gsize n)
{
	gsize at = n > 2 && b[0] == 0xff && b[1] == 0x03 ? 2 : 0;

	if (n > at && b[at] == 0)
		at++;
	return n > at && (b[at] == 0x21 || b[at] == 0x57) ? at + 1 : 0;
}

/* The type of what a packet of this link type carries, and where that begins; 0: nobody knows. */
static guint16 carried(guint16 link, const guint8 *b, gsize n, gsize *from)
{
	*from = 0;
	switch ((enum link)link) {
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_IPV4:
	case LINK_IPV6:
		break;
	case LINK_NULL: /* four bytes of a family whose number is each system's own */
	case LINK_LOOP:
		*from = 4;
		break;
	case LINK_COOKED:
		*from = 16;
		return n >= 16 ? (guint16)(b[14] << 8 | b[15]) : 0;
	case LINK_COOKED2:
		*from = 20;
		return n >= 20 ? (guint16)(b[0] << 8 | b[1]) : 0;
	case LINK_PPP:
	case LINK_PPP_HDLC:
		*from = ppp_header(b, n);
		if (!*from)
			return 0;
		break;
	default:
		return 0;
	}
	if (n <= *from)
		return 0;
	return b[*from] >> 4 == 4 ? 0x0800 : b[*from] >> 4 == 6 ? 0x86dd : 0;
}

/* FALSE: it is left out. */
static gboolean take(struct capture *c, guint16 link, gsize at, gsize length, struct frame *f)
{
	gsize head = link == LINK_ETHERNET ? 0 : ETHER_HEADER, from = 0;
	guint16 type = head ? carried(link, c->data + at, length, &from) : 0;

	if (head && !type) {
		c->left_out++;
		c->left_out_of = link;
		return FALSE;
	}
	length -= from;
	memset(f->data, 0, sizeof(f->data));
	if (head)
		frame_set16(f, 12, type);
	if (length > FRAME_ROOM - head) {
		length = FRAME_ROOM - head;
		c->cut++;
	}
	memcpy(f->data + head, c->data + at + from, length);
	f->length = head + length;
	return TRUE;
}

/* --- pcap --- */

static gboolean next_record(struct capture *c, struct frame *f)
{
	while (c->at < c->size) {
		gsize length, at = c->at + PCAP_RECORD;
		if (c->size - c->at < PCAP_RECORD)
			return fail(c, "it ends within a record's header");
		length = get32(c, c->at + 8);
		if (length > c->size - at)
			return fail(c, "it ends within a packet");
		c->at = at + length;
		if (take(c, c->link[0], at, length, f))
			return TRUE;
	}
	return FALSE;
}

/* --- pcapng --- */

static gboolean begin_section(struct capture *c)
{
	if (c->size - c->at < 28)
		return fail(c, "it ends within a section's header");
	c->interfaces = 0;
	c->big = FALSE;
	if (get32(c, c->at + 8) == 0x1a2b3c4d)
		return TRUE;
	c->big = TRUE;
	return get32(c, c->at + 8) == 0x1a2b3c4d || fail(c, "a section of no byte order");
}

static gboolean add_interface(struct capture *c, gsize room)
{
	if (room < 8)
		return fail(c, "an interface without a link type");
	if (c->interfaces == CAPTURE_INTERFACES)
		return fail(c, "more interfaces than anybody has");
	c->link[c->interfaces++] = get16(c, c->at + 8);
	return TRUE;
}

/* Where in a block of that kind its packet's interface, length and bytes are. FALSE: none, or broken. */
static gboolean find_packet(struct capture *c, enum block kind, gsize room, guint32 *interface, gsize *at,
                            gsize *length)
{
	gsize head = kind == SIMPLE_PACKET ? 4 : 20;

	if (kind != PACKET && kind != SIMPLE_PACKET && kind != OLD_PACKET)
		return FALSE;
	if (room < head)
		return fail(c, "a packet block without its header");
	*interface = kind == PACKET ? get32(c, c->at + 8) : kind == OLD_PACKET ? get16(c, c->at + 8) : 0;
	*at = c->at + 8 + head;
	*length = get32(c, kind == SIMPLE_PACKET ? c->at + 8 : c->at + 20);
	if (kind == SIMPLE_PACKET)
		*length = MIN(*length, room - head); /* the interface's limit may have cut it */
	if (*interface >= c->interfaces)
		return fail(c, "a packet of an interface that is not described");
	return *length <= room - head || fail(c, "a packet longer than its block");
}

static gboolean next_block(struct capture *c, struct frame *f)
{
	while (c->at < c->size) {
		gsize length, room, at = 0, bytes = 0;
		guint32 interface = 0;
		gboolean found = FALSE;
		if (c->size - c->at < BLOCK_MIN)
			return fail(c, "it ends within a block's header");
		enum block kind = (enum block)get32(c, c->at);
		if (kind == SECTION && !begin_section(c))
			return FALSE;
		length = get32(c, c->at + 4);
		if (length < BLOCK_MIN || length % 4 || length > c->size - c->at)
			return fail(c, "a block of an impossible length");
		room = length - BLOCK_MIN;
		if (kind == INTERFACE && !add_interface(c, room))
			return FALSE;
		found = find_packet(c, kind, room, &interface, &at, &bytes);
		if (c->error)
			return FALSE;
		c->at += length;
		if (found && take(c, c->link[interface], at, bytes, f))
			return TRUE;
	}
	return FALSE;
}

gboolean capture_next(struct capture *c, struct frame *f)
{
	return c->next ? next_block(c, f) : next_record(c, f);
}
