/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about a drop: which rule to write, what to declare. Only where the cause leaves no doubt. */
#include "explain/trace.h"

#include <netinet/in.h>
#include <string.h>

static const char *protocol_text(guint8 protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "icmp";
}

/* The rule that denied: the last one that was asked in that direction. */
static const struct table_rule *denier(const struct fleet *f, const struct fleet_hop *h, gboolean out)
{
	const struct table_rule *second = trace_rule(f, h, out ? 1 : 3);

	return second ? second : trace_rule(f, h, out ? 0 : 2);
}

/* The tuple as the rules saw it: its destination is translated by then. */
static struct fleet_tuple judged_tuple(const struct fleet_hop *h)
{
	struct fleet_tuple t = h->before;

	for (guint i = 0; i < h->steps->len; i++) {
		const struct native_step *s = &g_array_index(h->steps, struct native_step, i);
		const struct esc_dnat *d = (const struct esc_dnat *)(const void *)s->value;

		if (strcmp(s->table, "dnat") || !s->found)
			continue;
		t.destination = GUINT32_FROM_BE(d->addr);
		if (d->port)
			t.destination_port = GUINT16_FROM_BE(d->port);
	}
	return t;
}

static char *about_rule(const struct fleet *f, const struct fleet_hop *h, gboolean out)
{
	const struct table_rule *r = denier(f, h, out);
	struct fleet_tuple t = judged_tuple(h);
	g_autofree char *source = ip_format(t.source), *destination = ip_format(t.destination);
	g_autofree char *group = r ? g_strndup(r->name, strcspn(r->name, "/")) : NULL;
	g_autofree char *port =
	        t.protocol == IPPROTO_ICMP ? g_strdup("") : g_strdup_printf(" port %u", t.destination_port);

	if (!r)
		return g_strdup("give the interface or its subnet a security group that allows it");
	if (r->priority <= 100)
		return g_strdup_printf("rule %s comes first of all: change it, or what it applies to", r->name);
	return g_strdup_printf(
	        "to let it pass, give group %s an %sbound rule with a priority under %u that allows %s from %s to "
	        "%s%s",
	        group, out ? "out" : "in", r->priority, protocol_text(t.protocol), source, destination, port);
}

static const char *about_verdict(guint32 verdict)
{
	switch (verdict) {
	case ESC_V_STANDARD_CLOSED:
		return "a Standard address needs a security group with an inbound rule that allows it";
	case ESC_V_UNREACHABLE:
		return "give an instance this address, or ask for one that somebody has";
	case ESC_V_NO_ROUTE:
		return "private ranges outside the network lead nowhere; put the address into the network's space, or "
		       "peer the "
		       "networks";
	case ESC_V_NO_OUTBOUND:
		return "give the instance a public address, or its subnet a NAT gateway or an outbound rule";
	case ESC_V_SNAT_EXHAUSTED:
		return "give the instance an address of its own, or fewer members to the pool that shares one";
	case ESC_V_NOT_VIP:
		return "attach this public address to an instance or a front end";
	case ESC_V_NO_ENDPOINT:
		return "add a load balancing or NAT rule for this port to the front end that has the address";
	case ESC_V_NO_BACKEND:
		return "put an instance into the pool of the balancing rule";
	case ESC_V_BOGON_SOURCE:
		return "nobody outside has such an address: trace from a public one";
	case ESC_V_ACCESS:
		return "permit the sender's prefix in the access list of the endpoint";
	case ESC_V_NO_TRANSLATION:
		return "the port range belongs to an instance's outgoing connections: nothing listens there";
	default:
		return NULL;
	}
}

char *trace_advice(const struct fleet *f, const struct fleet_trip *t)
{
	const struct fleet_hop *h = t->hops->pdata[t->hops->len - 1];

	if (t->delivered || t->endless)
		return NULL;
	if (h->effect.verdict == ESC_V_POLICY_OUT || h->effect.verdict == ESC_V_POLICY_IN)
		return about_rule(f, h, h->effect.verdict == ESC_V_POLICY_OUT);
	return g_strdup(about_verdict(h->effect.verdict));
}
