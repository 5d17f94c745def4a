/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * count: the one exit of every journey. Nothing else counts, reports or ends a packet.
 *
 * Counts a verdict other than FORWARD at the port charged with it (what was forwarded is counted in its flow),
 * counts the rules that judged a first packet, reports drops within the port's budget of events,
 * and under test tells the effect.
 */
#pragma once
#include "packet.h"

static __always_inline void count_add(struct esc_count *c, const struct esc_packet *p)
{
	if (!c)
		return;
	c->packets += p->segs;
	c->bytes += p->bytes;
}

static __always_inline void count_rules(const struct esc_packet *p)
{
	for (int i = 0; i < 4; i++) {
		if (p->rule[i])
			count_add(esc_lookup(rules, &p->rule[i]), p);
	}
}

/* One more event of this port in this second? */
static __always_inline int budget(const struct esc_packet *p)
{
	struct esc_budget *b = esc_lookup(budgets, &p->port);
	esc_u32 second = p->now / ctx_hz();

	if (!b)
		return 0;
	if (b->second != second) {
		b->second = second;
		b->used = 0;
	}
	return b->used++ < ESC_EVENTS_PER_SECOND;
}

static __always_inline void report(const struct esc_packet *p, int verdict)
{
	struct esc_event e = {.jiffies = p->now, .verdict = verdict, .port = p->port};

	if (!budget(p))
		return;
	e.family = ESC_FAMILY;
	e.saddr = ip_report(p->key.saddr);
	e.daddr = ip_report(p->key.daddr);
	e.sport = p->key.sport;
	e.dport = p->key.dport;
	e.proto = p->key.proto;
	e.dir = p->key.dir;
	e.rule[0] = verdict == ESC_V_POLICY_OUT ? p->rule[0] : p->rule[2];
	e.rule[1] = verdict == ESC_V_POLICY_OUT ? p->rule[1] : p->rule[3];
	ctx_event(&e);
}

static __noinline void tell_effect(const struct esc_packet *p, int verdict)
{
	esc_u32 zero = 0;
	struct esc_effect *e = esc_lookup(effects, &zero);
	int inbound = verdict != ESC_V_POLICY_OUT && (p->rule[2] || p->rule[3]);

	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	e->verdict = verdict;
	e->port = p->port;
	e->rule[0] = p->rule[inbound ? 2 : 0];
	e->rule[1] = p->rule[inbound ? 3 : 1];
	if (verdict > ESC_VERDICT_LAST_PASS && p->delivery != ESC_TO_SELF)
		return; /* else its sender is told: too_big.h */
	e->delivery = p->delivery;
	e->ifindex = p->out;
	e->vni = p->vni;
	e->remote = p->remote;
}

static __noinline void count_rare(const struct esc_packet *p, int verdict)
{
	esc_u32 index = p->port * ESC_V_COUNT + verdict;

	count_rules(p);
	if (verdict == ESC_V_FORWARD)
		return;
	count_add(esc_lookup(drops, &index), p);
	if (verdict > ESC_VERDICT_LAST_PASS)
		report(p, verdict);
}

static __always_inline void count(const struct esc_packet *p, int verdict)
{
	if (verdict != ESC_V_FORWARD || p->judged)
		count_rare(p, verdict);
	if (ctx_testing())
		tell_effect(p, verdict);
}
