/* SPDX-License-Identifier: Apache-2.0 */
#include "naive_tcp.h"

#define STEP 65536
#define NEAR (1 << 20)

static int scale_of(const guint8 *options, gsize length)
{
	if (length < 2 || options[0] == 0)
		return -1;
	if (options[0] == 1)
		return scale_of(options + 1, length - 1);
	if (options[1] < 2)
		return -1;
	if (options[0] == 3)
		return options[1] == 3 && length >= 3 ? MIN(options[2], 14) : -1;
	return options[1] < length ? scale_of(options + options[1], length - options[1]) : -1;
}

struct naive_segment naive_segment(const struct frame *f, gsize room)
{
	gsize l4 = frame_l4(f), header = (gsize)(f->data[l4 + 12] >> 4) * 4;
	struct naive_segment s = {.flags = f->data[l4 + 13] & 0x17, .scale = -1};

	s.seq = frame_get32(f, l4 + 4);
	s.ack = frame_get32(f, l4 + 8);
	s.length = (guint)(room - header);
	if (s.flags & FRAME_SYN)
		s.scale = scale_of(f->data + l4 + 20, header - 20);
	return s;
}

/* The place of a sequence number, the one that is nearest to a known place. */
static gint64 place(guint32 number, gint64 known)
{
	return known + (gint32)(number - (guint32)known);
}

static gint64 step(gint64 at)
{
	return at & ~(gint64)(STEP - 1);
}

/* The largest window that side w may have. */
static gint64 window(const struct naive_tcp *c, guint w)
{
	gboolean scaled = c->side[0].scale >= 0 && c->side[1].heard && c->side[1].scale >= 0;

	return (gint64)65535 << (scaled ? c->side[w].scale : 0);
}

static void begin(struct naive_side *side, const struct naive_segment *s)
{
	side->heard = TRUE;
	side->start = s->seq;
	side->end = side->start + s->length + !!(s->flags & FRAME_SYN) + !!(s->flags & FRAME_FIN);
	side->scale = s->scale;
}

static gboolean acks_syn(const struct naive_side *opener, const struct naive_segment *s)
{
	gint64 ack = place(s->ack, opener->end);

	return (s->flags & FRAME_ACK) && ack > opener->start && ack <= opener->end;
}

static enum naive_answer opener_alone(struct naive_side *opener, const struct naive_segment *s)
{
	if (s->flags & FRAME_RST)
		return s->seq == (guint32)opener->end ? NAIVE_IN : NAIVE_DOUBT;
	if ((s->flags & (FRAME_SYN | FRAME_ACK)) != FRAME_SYN)
		return NAIVE_OUT;
	begin(opener, s);
	return NAIVE_IN;
}

static enum naive_answer first_answer(struct naive_tcp *c, const struct naive_segment *s)
{
	struct naive_side *opener = &c->side[0], *answerer = &c->side[1];

	if (s->flags & FRAME_RST)
		return acks_syn(opener, s) ? NAIVE_IN : NAIVE_OUT;
	if (!(s->flags & FRAME_SYN))
		return s->length || (s->flags & FRAME_FIN) ? NAIVE_OUT : NAIVE_DOUBT;
	if ((s->flags & FRAME_ACK) && !acks_syn(opener, s))
		return NAIVE_OUT;
	begin(answerer, s);
	answerer->ack = s->flags & FRAME_ACK ? place(s->ack, opener->end) : opener->end;
	opener->ack = answerer->start;
	return NAIVE_IN;
}

static gboolean between(gint64 low, gint64 at, gint64 high)
{
	return low <= at && at <= high;
}

static enum naive_answer judge(const struct naive_tcp *c, guint from, const struct naive_segment *s, gint64 at)
{
	const struct naive_side *own = &c->side[from], *other = &c->side[!from];
	gint64 last = at + s->length + !!(s->flags & FRAME_SYN) + !!(s->flags & FRAME_FIN), room = window(c, !from);
	gint64 ack = place(s->ack, other->end);
	gboolean acks = (s->flags & FRAME_ACK) && !((s->flags & FRAME_RST) && !s->ack);

	if ((s->flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN)
		return between(own->end, at, own->end + room + STEP - 1) ? NAIVE_OUT : NAIVE_DOUBT;
	if (acks && !between(other->end - STEP - window(c, from), ack, other->end + STEP))
		return NAIVE_OUT;
	if (s->flags & FRAME_RST)
		return between(step(other->ack), at, own->end + STEP) ? NAIVE_IN : NAIVE_OUT;
	return at >= own->end - STEP - room && last <= step(other->ack) + STEP + room ? NAIVE_IN : NAIVE_OUT;
}

static gboolean near(gint64 at, gint64 known)
{
	return at >= known - NEAR && at < known + NEAR;
}

enum naive_answer naive_tcp_sees(struct naive_tcp *c, guint from, const struct naive_segment *s, gboolean steady)
{
	struct naive_side *own = &c->side[from];
	gint64 at, ack;
	enum naive_answer answer = NAIVE_IN;

	if (!c->side[1].heard)
		return from ? first_answer(c, s) : opener_alone(own, s);
	at = place(s->seq, own->end);
	ack = place(s->ack, own->ack);
	if (!steady || (s->flags & (FRAME_SYN | FRAME_FIN | FRAME_RST)) || !near(at, own->end) ||
	    !near(ack, step(own->ack)))
		answer = judge(c, from, s, at);
	if (answer != NAIVE_IN || (s->flags & FRAME_RST))
		return answer;
	own->end = MAX(own->end, at + s->length + !!(s->flags & FRAME_SYN) + !!(s->flags & FRAME_FIN));
	own->ack = MAX(own->ack, ack);
	if (s->flags & FRAME_SYN)
		own->scale = s->scale;
	return answer;
}

gboolean naive_tcp_quoted(const struct naive_tcp *c, guint from, guint32 seq)
{
	const struct naive_side *sender = &c->side[!from];

	return (!from ? sender->heard : TRUE) &&
	       between(sender->end - STEP - window(c, from), place(seq, sender->end), sender->end + STEP);
}
