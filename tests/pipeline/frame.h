/* SPDX-License-Identifier: Apache-2.0 */
/* Frames for tests: built byte by byte, checksums computed the long way, so that nothing is shared with the pipeline.
 */
#pragma once
#include <glib.h>

#define FRAME_MAX 2048
#define FRAME_FIN 0x01
#define FRAME_SYN 0x02
#define FRAME_RST 0x04
#define FRAME_ACK 0x10
#define FRAME_ISN 0x01020304 /* both ends' first sequence number, unless a spec says otherwise */

/* What a frame says; addresses and ports in host order. */
struct frame_spec {
	guint8 smac[6], dmac[6];
	guint32 saddr, daddr;
	guint16 sport, dport; /* ICMP: sport is the identifier */
	guint8 protocol;
	guint8 flags;     /* TCP */
	guint32 seq, ack; /* TCP; 0: as if all that either end had ever sent before were its SYN */
	guint8 scale;     /* TCP: window scale, plus one; 0: no option */
	guint8 icmp;      /* type */
	guint payload;
	gboolean no_udp_checksum;
};

/*
 * What frame_build builds: 4, or 6. Specs speak IPv4 all the same, so that one case serves for both: an address a.b.c.d
 * becomes fd00::a.b.c.d when it is of 10.0.0.0/8, else 2001:db8::a.b.c.d, and ICMP becomes ICMPv6.
 */
extern guint frame_family;
void frame_six(guint32 addr, guint8 six[16]);

struct frame {
	guint8 data[FRAME_MAX];
	gsize length;
};

void frame_build(struct frame *f, const struct frame_spec *s);
/* Sets the IP checksum, and the L4 checksum unless it is a UDP checksum of 0 that shall stay. */
void frame_checksums(struct frame *f, gboolean keep_zero);
void frame_sum_ip(struct frame *f); /* the IP checksum alone */
gboolean frame_ip_good(const struct frame *f);
/* Leaves in the L4 checksum what a local sender with offload leaves: the pseudo header's sum. */
void frame_partial(struct frame *f);
/* TRUE when IP and L4 checksums are right (a UDP checksum of 0 is). */
gboolean frame_good(const struct frame *f);
/* An ICMP error from `source` to the sender of `about`, whose IP header and the 8 bytes behind it are quoted. */
void frame_error(struct frame *f, const struct frame *about, guint32 source, guint8 type, guint8 code);
void frame_arp(struct frame *f, const guint8 smac[6], const guint8 sender_mac[6], guint32 sender, guint32 target,
               guint16 operation);

/* Of a frame of either family: where its L4 header is, and its addresses as specs have them. */
gsize frame_l4(const struct frame *f);
guint32 frame_source(const struct frame *f);
guint32 frame_destination(const struct frame *f);

guint16 frame_get16(const struct frame *f, gsize at);
guint32 frame_get32(const struct frame *f, gsize at);
void frame_set16(struct frame *f, gsize at, guint16 v);
void frame_set32(struct frame *f, gsize at, guint32 v);
