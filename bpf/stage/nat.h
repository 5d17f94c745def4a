/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * nat: what public addresses mean in private, at the port's own host. Called by judge.h; which source port of
 * a range is taken is decided in insert.h, since only the flow table knows what is free.
 */
#pragma once
#include "packet.h"

/* Destination translation of what an edge sent to `k->port`. */
static __always_inline int nat_in(const struct esc_flow_key *k, struct esc_plan *plan)
{
	struct esc_dnat_key key = {.port = k->port, .vip = k->daddr, .vport = k->dport, .proto = k->proto};
	struct esc_dnat *d = esc_lookup(dnat, &key);

	if (!d) {
		key.vport = 0;
		key.proto = 0;
		d = esc_lookup(dnat, &key);
	}
	if (!d)
		return ESC_V_NO_TRANSLATION;
	plan->daddr = d->addr;
	if (d->port)
		plan->dport = d->port;
	plan->flags |= ESC_FLOW_NAT;
	if (d->flags & ESC_DNAT_STANDARD)
		plan->flags |= ESC_FLOW_STANDARD;
	return ESC_V_FORWARD;
}

/* Source translation of what leaves for the Internet. IPv6 has one to one alone. */
static __always_inline int nat_out(const struct esc_flow_key *k, struct esc_plan *plan)
{
	struct esc_snat_key key = {.port = k->port, .addr = k->saddr};
	struct esc_snat *s = esc_lookup(snat, &key);

	if (!s)
		return ESC_V_NO_OUTBOUND;
	plan->saddr = s->addr;
#if ESC_FAMILY == 4
	if (s->count && by_address(k->proto))
		return ESC_V_NO_PORTS; /* nobody could tell whose the answer is */
	plan->snat_first = s->first;
	plan->snat_count = s->count;
#endif
	plan->flags |= ESC_FLOW_NAT;
	return ESC_V_FORWARD;
}
