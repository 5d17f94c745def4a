/* SPDX-License-Identifier: Apache-2.0 */
/* An IPv6 frame of a packet of the oracle's, with addresses as they are: frame.h knows those that stand for IPv4 ones. */
#pragma once
#include "prove/oracle.h"
#include "../../pipeline/frame.h"

#include <string.h>

/* SYN, datagram or echo request. */
static inline void six_frame(struct frame *f, const struct oracle_packet *p, const guint8 from[6], const guint8 to[6])
{
	guint16 length = p->protocol == 6 ? 40 : 28; /* 20 bytes behind the header */

	memset(f, 0, sizeof *f);
	memcpy(f->data, to, 6);
	memcpy(f->data + 6, from, 6);
	frame_set16(f, 12, 0x86dd);
	f->data[14] = 0x60;
	frame_set16(f, 18, length);
	f->data[20] = p->protocol == 1 ? 58 : p->protocol;
	f->data[21] = 64;
	memcpy(f->data + 22, p->source.b, 16);
	memcpy(f->data + 38, p->destination.b, 16);
	if (p->protocol == 1) {
		f->data[54] = 128;
		frame_set16(f, 58, p->source_port);
	} else {
		frame_set16(f, 54, p->source_port);
		frame_set16(f, 56, p->destination_port);
	}
	if (p->protocol == 6)
		frame_set16(f, 66, 0x5002);
	if (p->protocol == 17)
		frame_set16(f, 58, length);
	f->length = 54u + length;
	frame_checksums(f, FALSE);
}
