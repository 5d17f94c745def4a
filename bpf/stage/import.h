/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * import: a conversation that comes with a port from another host (or stays behind when one leaves) begins here.
 *
 * What only the other host could know is given: the opener's tuple, how it was translated, where TCP stands, what was counted
 * (struct esc_moved). Everything else is asked here as of a first packet: addresses, routes, policies, quota. So nothing
 * lives on that could not begin now, whatever the other host says, and the entries are as the pipeline makes them. A
 * translation must be one that this host would make too: the edge sends answers by it.
 */
#pragma once
#include "flow.h"

static __always_inline int import_fits(const struct esc_plan *plan, const struct esc_moved *m)
{
	esc_u32 offset = (esc_u16)(ESC_BE16(m->sport) - plan->snat_first);

	if (!ip_equal(plan->saddr, m->saddr) || !ip_equal(plan->daddr, m->daddr) || plan->dport != m->dport)
		return 0;
	return plan->snat_count ? offset < plan->snat_count : plan->sport == m->sport;
}

/* An entry in the way is the same conversation as it was before the move, of which one half is somewhere else now. */
static __noinline void import_clear(const struct esc_moved *m, const struct esc_plan *plan)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_flow_key *partner;
	struct esc_flow *e;

	if (!scratch)
		return;
	partner = &scratch->insertion.key;
	e = &scratch->insertion.entry;
	*e = (struct esc_flow){.saddr = m->saddr, .daddr = m->daddr, .sport = m->sport, .dport = m->dport};
	e->peer = plan->peer;
	e->flags = plan->there.delivery;
	entry_partner(&m->key, e, partner);
	e = esc_lookup(flows, partner);
	if (e)
		pair_delete(partner, e);
	e = esc_lookup(flows, &m->key);
	if (e)
		pair_delete(&m->key, e);
}

static __always_inline void import_side(struct esc_flow *e, const struct esc_moved_side *side, esc_u32 now)
{
	e->seen = now - side->idle;
	e->seq = side->seq;
	e->ack = side->ack;
	e->tcp = side->tcp;
	e->packets = side->packets;
	e->bytes = side->bytes;
}

static __noinline int import_finish(const struct esc_moved *m, esc_u32 now)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_flow *e = esc_lookup(flows, &m->key), *partner;

	if (!e || !scratch)
		return ESC_V_FLOW_TABLE;
	entry_partner(&m->key, e, &scratch->insertion.key);
	partner = esc_lookup(flows, &scratch->insertion.key);
	if (!partner)
		return ESC_V_FLOW_TABLE;
	import_side(e, &m->opener, now);
	import_side(partner, &m->other, now);
	return ESC_V_FORWARD;
}

/* FORWARD, or why the conversation ends with the move. */
static __noinline int import(const struct esc_moved *m, esc_u32 now)
{
	struct esc_plan *plan = plan_get();
	int v;

	if (!plan)
		return ESC_V_FLOW_TABLE;
	mac_copy(plan->sender, m->sender);
	v = judge(&m->key, plan, 0);
	if (v)
		return v;
	if ((m->peer && plan->peer != m->peer) || !import_fits(plan, m))
		return ESC_V_NO_FLOW;
	if (plan->snat_count) {
		plan->snat_first = ESC_BE16(m->sport);
		plan->snat_count = 1;
	}
	import_clear(m, plan);
	v = insert(&m->key, plan, now);
	return v ? v : import_finish(m, now);
}
