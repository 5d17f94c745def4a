/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * window: does a TCP packet belong where its connection stands? Called by flow.h.
 *
 * Who knows a connection's addresses and ports can send in the name of either end. What he does not know is where in 2^32
 * bytes the two are; so each entry remembers the end of what its direction has sent (`seq`), the upper half of what it
 * has acknowledged (`ack`) and the window scale that it has offered.
 *
 * Nearly every packet lies within 1 MiB of both, which its own entry tells (window_near): a blind one does once in four
 * million. The rest is asked with both entries at hand (window_check), as netfilter's conntrack does it, but for two
 * things: an acknowledgement is known to 64 KiB, and windows are taken for as large as their scale lets them be.
 *
 *   data, FIN   no further than the receiver's window goes, no older than what may have to be sent again
 *   ACK         of what the other side has sent, and not of what it sent more than a window ago
 *   RST         between what the receiver has acknowledged and what the sender has sent (RFC 5961, 3, to 64 KiB on either
 *               side, since the last packets may be lost before they come here)
 *   SYN, ACK    the first answer acknowledges the SYN; a RST instead of it does as well
 *
 * What real stacks need passes in doubt: it changes nothing about the flow. These are a SYN on a living connection (its
 * sender has started anew), the challenge which answers it, and the reset that answers the challenge (RFC 9293, 3.5.1).
 * Nothing that is dropped changes the flow either.
 */
#pragma once
#include "entry.h"

#define ESC_WINDOW_NEAR   (1u << 20)
#define ESC_WINDOW_COARSE 65536 /* the step in which acknowledgements are known */

#define ESC_WINDOW_IN    0
#define ESC_WINDOW_DOUBT 1
#define ESC_WINDOW_OUT   2

static __always_inline int is_syn(const struct esc_packet *p)
{
	return (p->tcp_flags & (ESC_FLAG_SYN | ESC_FLAG_ACK)) == ESC_FLAG_SYN;
}

/* Sequence numbers go round: how far on `a` is from `b`, less than half a circle either way. */
static __always_inline int seq_ahead(esc_u32 a, esc_u32 b)
{
	return a - b;
}

static __always_inline int seq_near(esc_u32 a, esc_u32 b)
{
	return a - b + ESC_WINDOW_NEAR < 2 * ESC_WINDOW_NEAR;
}

static __always_inline esc_u32 window_acked(const struct esc_flow *e)
{
	return (esc_u32)e->ack << 16;
}

/* Of a packet that is no SYN, FIN or RST. */
static __always_inline int window_steady(const struct esc_flow *e, esc_u32 seq, esc_u32 ack)
{
	return !(e->tcp & (ESC_TCP_NEW | ESC_TCP_RST)) && seq_near(seq, e->seq) && seq_near(ack, window_acked(e));
}

static __always_inline int window_near(const struct esc_packet *p, const struct esc_flow *e)
{
	return !(p->tcp_flags & (ESC_FLAG_SYN | ESC_FLAG_FIN | ESC_FLAG_RST)) && window_steady(e, p->seq, p->ack);
}

/* Has only the opener been heard? */
static __always_inline int window_unanswered(const struct esc_flow *e, const struct esc_flow *partner)
{
	esc_u8 tcp = e->flags & ESC_FLOW_REPLY ? e->tcp : partner->tcp;

	return tcp & ESC_TCP_NEW;
}

/* The most that `e` may offer `partner`; scales count when both have one (RFC 7323). */
static __always_inline int window_of(const struct esc_flow *e, const struct esc_flow *partner)
{
	esc_u32 own = e->tcp >> ESC_TCP_SCALE, other = partner->tcp >> ESC_TCP_SCALE;

	return 65535u << (own == ESC_TCP_NO_SCALE || other == ESC_TCP_NO_SCALE ? 0 : own);
}

/* Until the opener has acknowledged something, its `ack` is the number of bytes that its SYN carried. */
static __always_inline int window_opening(const struct esc_packet *p, const struct esc_flow *e,
                                          const struct esc_flow *partner)
{
	esc_u32 flags = p->tcp_flags;

	if (!(e->flags & ESC_FLOW_REPLY)) {
		if (flags & ESC_FLAG_RST)
			return p->seq == e->seq ? ESC_WINDOW_IN : ESC_WINDOW_DOUBT;
		return is_syn(p) ? ESC_WINDOW_IN : ESC_WINDOW_OUT;
	}
	if (!(flags & ESC_FLAG_ACK)) /* both call at once */
		return flags & ESC_FLAG_SYN ? ESC_WINDOW_IN : ESC_WINDOW_OUT;
	if (flags & (ESC_FLAG_SYN | ESC_FLAG_RST))
		return p->ack - (partner->seq - partner->ack) <= partner->ack ? ESC_WINDOW_IN : ESC_WINDOW_OUT;
	return p->seq == p->seq_end ? ESC_WINDOW_DOUBT : ESC_WINDOW_OUT;
}

/* Of `e`, with a window of `window` from the other side, which has acknowledged `acked`. */
static __always_inline int window_seq_fits(const struct esc_packet *p, const struct esc_flow *e, esc_u32 acked,
                                           int window)
{
	if (p->tcp_flags & ESC_FLAG_RST)
		return seq_ahead(p->seq, acked) >= 0 && seq_ahead(p->seq, e->seq) <= ESC_WINDOW_COARSE;
	return seq_ahead(p->seq_end, acked) <= window + ESC_WINDOW_COARSE &&
	       seq_ahead(e->seq, p->seq) <= window + ESC_WINDOW_COARSE;
}

/* Is it about what `sent` ends, under a window of `window`? */
static __always_inline int window_sent(esc_u32 seq, esc_u32 sent, int window)
{
	return seq_ahead(seq, sent) <= ESC_WINDOW_COARSE && seq_ahead(sent, seq) <= window + ESC_WINDOW_COARSE;
}

static __always_inline int window_has_ack(const struct esc_packet *p)
{
	if (!(p->tcp_flags & ESC_FLAG_ACK))
		return 0;
	return p->ack || !(p->tcp_flags & ESC_FLAG_RST); /* some stacks reset with an empty acknowledgement */
}

static __noinline int window_check(const struct esc_packet *p, const struct esc_flow *e, const struct esc_flow *partner)
{
	int window, own;

	if (window_near(p, e))
		return ESC_WINDOW_IN;
	if (window_unanswered(e, partner))
		return window_opening(p, e, partner);
	window = window_of(partner, e);
	own = window_of(e, partner);
	if (is_syn(p)) /* within the window, an old stack would take it for an error and reset */
		return p->seq - e->seq < (esc_u32)(ESC_WINDOW_COARSE + window) ? ESC_WINDOW_OUT : ESC_WINDOW_DOUBT;
	if (!window_seq_fits(p, e, window_acked(partner), window))
		return ESC_WINDOW_OUT;
	return !window_has_ack(p) || window_sent(p->ack, partner->seq, own) ? ESC_WINDOW_IN : ESC_WINDOW_OUT;
}

/* An ICMP error quotes a packet of the partner's: has it sent that? (RFC 5927) */
static __noinline int window_quoted(const struct esc_packet *p, const struct esc_flow *e,
                                    const struct esc_flow *partner)
{
	if (window_unanswered(e, partner) && (partner->flags & ESC_FLOW_REPLY))
		return 0;
	return window_sent(p->seq, partner->seq, window_of(e, partner));
}

/* The first answer: from here on, both sides have acknowledged something. */
static __always_inline void window_answered(const struct esc_packet *p, struct esc_flow *e, struct esc_flow *partner)
{
	if (p->tcp_flags & ESC_FLAG_RST)
		return;
	if (is_syn(p))
		e->ack = partner->seq >> 16;
	partner->ack = p->seq >> 16;
}

static __always_inline void window_advance(struct esc_flow *e, esc_u32 seq_end, esc_u32 acked)
{
	esc_u16 ack = acked >> 16;

	if (seq_ahead(seq_end, e->seq) > 0)
		e->seq = seq_end;
	if ((esc_u16)(ack - e->ack) - 1u < 0x7fff)
		e->ack = ack;
}

/* The numbers begin: an opener's SYN, the first answer. */
static __always_inline void window_begin(const struct esc_packet *p, struct esc_flow *e)
{
	e->seq = p->seq_end;
	if (p->tcp_flags & ESC_FLAG_ACK)
		e->ack = p->ack >> 16;
	else if (!(e->flags & ESC_FLOW_REPLY))
		e->ack = p->seq_end - p->seq - 1;
}

static __noinline void window_note_rare(const struct esc_packet *p, struct esc_flow *e)
{
	int reply = e->flags & ESC_FLOW_REPLY, unheard = reply && (e->tcp & ESC_TCP_NEW);

	if (p->tcp_flags & ESC_FLAG_RST) {
		e->tcp |= ESC_TCP_RST;
		return;
	}
	if (unheard || is_syn(p))
		window_begin(p, e);
	else
		window_advance(e, p->seq_end, p->ack);
	if (p->tcp_flags & ESC_FLAG_SYN)
		e->tcp = (e->tcp & ESC_TCP_STATE) | p->scale << ESC_TCP_SCALE;
	if ((e->tcp & ESC_TCP_NEW) && (reply || !is_syn(p)))
		e->tcp = (e->tcp & ~ESC_TCP_NEW) | ESC_TCP_OPEN;
	if (p->tcp_flags & ESC_FLAG_FIN)
		e->tcp |= ESC_TCP_FIN;
	e->tcp &= ~ESC_TCP_RST; /* who goes on has not ended it: the RST was forged */
}

/* What a packet that belongs does to its own entry. */
static __always_inline void window_note(const struct esc_packet *p, struct esc_flow *e)
{
	if ((p->tcp_flags & (ESC_FLAG_SYN | ESC_FLAG_FIN | ESC_FLAG_RST)) || (e->tcp & (ESC_TCP_NEW | ESC_TCP_RST)))
		window_note_rare(p, e);
	else
		window_advance(e, p->seq_end, p->ack);
}
