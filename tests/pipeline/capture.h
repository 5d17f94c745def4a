/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading packet captures: pcap in both byte orders, with micro- and nanoseconds, and pcapng.
 *
 * Concept. A cursor over bytes that strangers wrote. Each step answers one packet as an Ethernet frame: what was taken
 * without link layer, or with another that says what it carries, gets an Ethernet header with empty addresses. What
 * cannot be one is left out and counted by its link type. The first thing that makes no sense ends the reading: what
 * follows a broken length means nothing.
 */
#pragma once
#include "frame.h"

#define CAPTURE_INTERFACES 64 /* of a pcapng section */

struct capture {
	const guint8 *data;
	gsize size, at;
	gboolean big, next; /* byte order; pcapng */
	guint interfaces;
	guint16 link[CAPTURE_INTERFACES]; /* types; of pcap the first */

	const char *error;   /* why reading ended before the end; NULL: it did not */
	guint cut;           /* frames so far that were longer than a struct frame has room for */
	guint left_out;      /* packets so far that are no Ethernet frames */
	guint16 left_out_of; /* the link type of the last of those */
};

/* TRUE when it begins like a capture. Borrows the bytes. */
gboolean capture_open(struct capture *c, const guint8 *data, gsize size);
/* FALSE at the end. */
gboolean capture_next(struct capture *c, struct frame *f);
