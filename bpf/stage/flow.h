/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * flow: does this packet belong to something that was allowed?
 * Next: deliver.h with the entry; on a miss, judge.h and insert.h first.
 *
 * Most packets take the short way: one lookup, the generations compared, on. Everything
 * that is rare is behind flow_slow: an entry not seen for long, a SYN (a port may be used again), ICMP the wrong way
 * round, a changed generation. A changed generation judges the flow anew by its opener's tuple, as far as
 * past.h does not keep or end it: still
 * allowed and translated alike, both entries are brought up to date; denied, both are deleted and the packet dropped
 * for that reason; translated otherwise, the packet counts as a first one.
 */
#pragma once
#include "insert.h"
#include "options.h"
#include "past.h"
#include "window.h"

/* Is the packet one that may open a flow? */
static __always_inline int opens(const struct esc_packet *p)
{
	if (p->key.proto == ESC_TCP)
		return is_syn(p);
	return p->key.proto != ESC_ICMP || p->icmp == ESC_ECHO_REQUEST;
}

static __always_inline int generations_match(const struct esc_flow_key *k, const struct esc_flow *e)
{
	if ((esc_u32)(port_read(k->port) >> 32) != e->generation)
		return 0;
	return !e->peer || (esc_u32)(port_read(e->peer) >> 32) == e->peer_generation;
}

static __always_inline int echo_fits(const struct esc_packet *p, const struct esc_flow *e)
{
	return p->key.proto != ESC_ICMP || p->error || !(e->flags & ESC_FLOW_REPLY) == (p->icmp == ESC_ECHO_REQUEST);
}

/* A host speaks for the addresses that live on it. Only what came by the overlay has dir TO. */
static __always_inline int host_fits(const struct esc_packet *p, const struct esc_flow *e)
{
	return p->key.dir != ESC_FLOW_TO || e->vni == p->from;
}

/* Seen a moment ago, judged by what is in force. */
static __always_inline int entry_fresh(const struct esc_flow_key *k, const struct esc_flow *e, esc_u32 now)
{
	return now - e->seen <= ESC_IDLE_SHORTEST * ctx_hz() && generations_match(k, e);
}

/* Nothing to ask: seen a moment ago, judged by what is in force. */
static __always_inline int flow_fresh(const struct esc_packet *p, const struct esc_flow *e)
{
	if (p->key.proto == ESC_TCP ? p->error || !window_near(p, e) : !echo_fits(p, e))
		return 0;
	return host_fits(p, e) && entry_fresh(&p->key, e, p->now);
}

static __always_inline struct esc_plan *plan_get(void)
{
	struct esc_scratch *scratch = scratch_get();

	return scratch ? &scratch->plan : NULL;
}

/* For the exit to count. */
static __always_inline void take_rules(struct esc_packet *p, const struct esc_plan *plan)
{
	__builtin_memcpy(p->rule, plan->rule, sizeof(p->rule));
	p->judged = 1;
}

/* Does a port of this host speak by an address that it may not speak by? */
static __always_inline int foreign(const struct esc_flow_key *k)
{
	struct esc_port *port = port_get(k->port);

	return k->dir == ESC_FLOW_FROM && !(port && port_speaks(port, k->port, &k->saddr));
}

static __noinline int flow_first(struct esc_packet *p)
{
	struct esc_plan *plan = plan_get();
	int v;

	p->doubted = 0; /* of a connection that is no more */
	if (foreign(&p->key))
		return spoofed(&p->key);
	if (p->error)
		return ESC_V_ICMP_UNRELATED;
	if (p->fragment == ESC_FRAGMENT_LATER)
		return ESC_V_FRAGMENT; /* its ports are borrowed, for a flow that is gone */
	if (p->key.dir == ESC_FLOW_FROM && (is_dhcp(&p->key) || is_platform(p->key.daddr)))
		return ESC_ASIDE_PLATFORM;
	if (!opens(p))
		return ESC_V_NO_FLOW;
	if (!plan)
		return ESC_V_FLOW_TABLE;
	mac_copy(plan->sender, p->smac);
	v = judge(&p->key, plan, 0);
	p->port = plan->port;
	take_rules(p, plan);
	if (v)
		return v;
	p->port = p->key.port;
	if (p->key.dir == ESC_FLOW_TO && plan->there.vni != p->from)
		return ESC_V_WRONG_HOST;
	return insert(&p->key, plan, p->now);
}

static __always_inline int plan_matches(const struct esc_plan *plan, const struct esc_flow *e)
{
	esc_u32 offset = (esc_u16)(ESC_BE16(e->sport) - plan->snat_first);

	if (!ip_equal(plan->saddr, e->saddr) || !ip_equal(plan->daddr, e->daddr))
		return 0;
	if (plan->dport != e->dport || plan->peer != e->peer)
		return 0;
	/* somebody else has the address now */
	if (!mac_equal(plan->there.dmac, e->dmac))
		return 0;
	/* else the way back would have another key */
	if ((plan->there.delivery == ESC_TO_UPLINK) != (entry_delivery(e) == ESC_TO_UPLINK))
		return 0;
	return plan->snat_count ? offset < plan->snat_count : plan->sport == e->sport;
}

static __always_inline void entry_refresh(struct esc_flow *e, const struct esc_way *way, esc_u8 flags,
                                          esc_u32 generation, esc_u32 peer_generation)
{
	e->flags = flags | way->delivery;
	e->out = way->out;
	e->vni = way->vni;
	mac_copy(e->dmac, way->dmac);
	e->generation = generation;
	e->peer_generation = peer_generation;
}

static __always_inline void pair_refresh(const struct esc_plan *plan, struct esc_flow *opener, struct esc_flow *back)
{
	esc_u8 back_flags = plan->flags | ESC_FLOW_REPLY;

	entry_refresh(opener, &plan->there, plan->flags, plan->generation, plan->peer_generation);
	if (plan->peer)
		entry_refresh(back, &plan->back, back_flags, plan->peer_generation, plan->generation);
	else
		entry_refresh(back, &plan->back, back_flags, plan->generation, 0);
}

#define ESC_START_ANEW (-1)

/* The flow at p->key, by its opener's tuple: a verdict, or ESC_START_ANEW. */
static __noinline int flow_again(struct esc_packet *p)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_flow_key *partner_key, *opener_key = &p->key;
	struct esc_flow *e = esc_lookup(flows, &p->key), *partner, *opener, *back;
	struct esc_plan *plan;
	struct esc_past past;
	int v;

	if (!e || !scratch)
		return ESC_START_ANEW;
	plan = &scratch->plan;
	partner_key = &scratch->insertion.key; /* no insertion is at work */
	entry_partner(&p->key, e, partner_key);
	partner = esc_lookup(flows, partner_key);
	if (!partner)
		return ESC_START_ANEW;
	opener = e;
	back = partner;
	mac_copy(plan->sender, p->smac);
	if (e->flags & ESC_FLOW_REPLY) {
		mac_copy(plan->sender, e->dmac); /* an answer knows the sender as the one whom it is for */
		opener_key = partner_key;
		opener = partner;
		back = e;
	}
	past_of_pair(&past, opener_key, opener);
	v = past.ended ? ESC_V_FLOW_ENDED : judge(opener_key, plan, past.kept);
	if (!v && plan_matches(plan, opener) && mac_equal(plan->back.dmac, back->dmac)) {
		past_remember(&past, plan);
		pair_refresh(plan, opener, back);
		return ESC_V_FORWARD;
	}
	esc_delete(flows, partner_key);
	esc_delete(flows, &p->key);
	if (!v || (past.ended && (opens(p) || p->error)))
		return ESC_START_ANEW;
	if (past.ended)
		return v;
	p->port = plan->port;
	take_rules(p, plan);
	return v;
}

/*
 * A SYN on a connection that is over begins another: from its opener, or from the other side when that has not itself
 * reset it. For a RST is easily forged, and the forger's SYN would then take the place of a living connection.
 */
static __always_inline int syn_anew(const struct esc_packet *p, const struct esc_flow *e)
{
	return is_syn(p) && !((e->flags & ESC_FLOW_REPLY) && (e->tcp & ESC_TCP_RST));
}

/* Nobody calls back on the connection by which he was called, but both may call at once. */
static __always_inline int syn_backwards(const struct esc_packet *p, const struct esc_flow *e,
                                         const struct esc_flow *opener)
{
	return is_syn(p) && (e->flags & ESC_FLOW_REPLY) && !(opener->tcp & ESC_TCP_NEW);
}

static __always_inline int flow_window(struct esc_packet *p, struct esc_flow *e, struct esc_flow *partner)
{
	int in;

	if (p->key.proto != ESC_TCP || p->fragment == ESC_FRAGMENT_LATER)
		return ESC_V_FORWARD;
	if (p->error)
		return window_quoted(p, e, partner) ? ESC_V_FORWARD : ESC_V_ICMP_UNRELATED;
	in = window_check(p, e, partner);
	if (in == ESC_WINDOW_OUT)
		return ESC_V_OUT_OF_WINDOW;
	p->doubted = in == ESC_WINDOW_DOUBT;
	if (!p->doubted && (e->flags & ESC_FLOW_REPLY) && window_unanswered(e, partner))
		window_answered(p, e, partner);
	return ESC_V_FORWARD;
}

static __noinline int flow_slow(struct esc_ctx *ctx, struct esc_packet *p)
{
	struct esc_flow *e = esc_lookup(flows, &p->key);
	struct esc_flow_key partner_key;
	struct esc_flow *partner;
	int state, v;

	if (p->tcp_flags & ESC_FLAG_SYN)
		p->scale = options_scale(ctx, ESC_L4 + (p->fragment ? ESC_FRAGMENT_HEADER : 0), p->tcp_header);
	if (!e)
		return flow_first(p);
	entry_partner(&p->key, e, &partner_key);
	partner = esc_lookup(flows, &partner_key);
	state = pair_state(&p->key, e, partner, p->now);
	if (!partner || state == ESC_PAIR_DEAD || (state == ESC_PAIR_CLOSED && syn_anew(p, e))) {
		esc_delete(flows, &partner_key);
		esc_delete(flows, &p->key);
		return flow_first(p);
	}
	if (!echo_fits(p, e) || syn_backwards(p, e, partner))
		return ESC_V_NO_FLOW;
	v = flow_window(p, e, partner);
	if (v)
		return v;
	if (host_fits(p, e) && generations_match(&p->key, e))
		return ESC_V_FORWARD;
	v = flow_again(p);
	return v == ESC_START_ANEW ? flow_first(p) : v;
}

static __always_inline void entry_touch(struct esc_flow *e, esc_u32 packets, esc_u32 bytes)
{
	e->packets += packets;
	e->bytes += bytes;
}

static __always_inline void entry_seen(struct esc_flow *e, esc_u32 now)
{
	if (e->seen != now)
		e->seen = now;
}

/* What the packet does to its own entry. */
static __always_inline void flow_touch(const struct esc_packet *p, struct esc_flow *e)
{
	entry_touch(e, p->segs, p->bytes);
	if (p->error || p->doubted)
		return; /* anybody's: it neither ends a flow nor keeps it */
	entry_seen(e, p->now);
	if (p->key.proto == ESC_TCP)
		window_note(p, e);
}

/* FORWARD and the entry, or the reason. */
static __always_inline int flow(struct esc_ctx *ctx, struct esc_packet *p, struct esc_flow **entry)
{
	struct esc_flow *e;
	int v;

	/* in one piece, as in take_ports */
	ESC_WORD64(&p->key.sport) = ESC_WORD(&p->key.sport) | (esc_u64)p->key.proto << 32 | (esc_u64)p->key.dir << 40 |
	                            (esc_u64)p->key.port << 48;
	e = esc_lookup(flows, &p->key);
	if (!e || !flow_fresh(p, e)) {
		v = flow_slow(ctx, p);
		if (v)
			return v;
		e = esc_lookup(flows, &p->key);
		if (!e)
			return ESC_V_FLOW_TABLE; /* another processor's flow took its place meanwhile */
		if (!host_fits(p, e))
			return ESC_V_WRONG_HOST;
	}
	*entry = e;
	return ESC_V_FORWARD;
}
