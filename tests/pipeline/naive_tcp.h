/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a TCP connection stands, in numbers of 64 bits that never go round, with everything remembered exactly: what
 * bpf/stage/window.h does with six bytes an entry. Shares no code with it; what it shares is the rule, which is
 * there in words: acknowledgements are compared in steps of 64 KiB, and within 1 MiB nothing more is asked.
 */
#pragma once
#include "frame.h"

struct naive_segment {
	guint8 flags;
	guint32 seq, ack;
	guint length; /* of the data */
	int scale;    /* -1: none offered */
};

struct naive_side {
	gboolean heard, acked;
	gint64 start, end; /* of what it has sent */
	gint64 ack;        /* the most that it has acknowledged */
	int scale;
};

/* [0] is the opener. */
struct naive_tcp {
	struct naive_side side[2];
};

enum naive_answer { NAIVE_IN, NAIVE_DOUBT, NAIVE_OUT };

/* `room` is what is left behind the IP header. */
struct naive_segment naive_segment(const struct frame *f, gsize room);
/* `steady`: this side is past its SYN and has not reset. What is IN is remembered. */
enum naive_answer naive_tcp_sees(struct naive_tcp *c, guint from, const struct naive_segment *s, gboolean steady);
/* An ICMP error on its way in direction `from` quotes `seq` of the other side. */
gboolean naive_tcp_quoted(const struct naive_tcp *c, guint from, guint32 seq);
