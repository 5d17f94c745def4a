/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/trace.h"

#include "lib/verdicts.h"

#include <netinet/in.h>

static const char *const entries[] = {"port", "overlay", "uplink"};

static struct node *hop_node(const struct fleet *f, const struct fleet_hop *h)
{
	struct node *n = node_object();

	node_set(n, "host", node_int(h->host));
	node_set(n, "entry", node_string(entries[h->entry]));
	node_set(n, "source", node_take_string(ip_format(h->before.source)));
	node_set(n, "source_port", node_int(h->before.source_port));
	node_set(n, "destination", node_take_string(ip_format(h->before.destination)));
	node_set(n, "destination_port", node_int(h->before.destination_port));
	node_set(n, "stages", trace_stages(f, h));
	return n;
}

static const struct fleet_hop *last_hop(const struct fleet_trip *t)
{
	return t->hops->pdata[t->hops->len - 1];
}

static struct node *trip_node(const struct fleet *f, const struct fleet_trip *t)
{
	struct node *n = node_object(), *hops = node_array();
	const char *verdict = verdict_name(last_hop(t)->effect.verdict);

	node_set(n, "verdict", node_string(verdict));
	node_set(n, "help", node_string(t->endless ? "it goes round without end" : verdict_help(verdict)));
	node_set(n, "delivered", node_bool(t->delivered));
	node_set(n, "at", trace_end(f, t->host, t->outside ? 0 : t->port, t->outside, last_hop(t)->after.destination));
	for (guint i = 0; i < t->hops->len; i++)
		node_append(hops, hop_node(f, t->hops->pdata[i]));
	node_set(n, "hops", hops);
	return n;
}

static const char *protocol_text(guint8 protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "icmp";
}

struct node *trace_run(struct fleet *f, const struct trace_request *r)
{
	g_autoptr(fleet_trip) there = fleet_open(f, r->host, r->port, &r->tuple), back = NULL;
	struct node *n = node_object();
	g_autofree char *advice = NULL;

	if (there->delivered)
		back = fleet_answer(f, there);
	advice = trace_advice(f, back ? back : there);
	node_set(n, "from", trace_end(f, r->host, r->port, !r->port, r->tuple.source));
	node_set(n, "to", trace_end(f, r->to_host, r->to_port, r->to_outside || there->outside, r->tuple.destination));
	node_set(n, "protocol", node_string(protocol_text(r->tuple.protocol)));
	node_set(n, "source_port", node_int(r->tuple.source_port));
	node_set(n, "port", node_int(r->tuple.destination_port));
	node_set(n, "delivered", node_bool(there->delivered));
	node_set(n, "answered", node_bool(back && back->delivered));
	node_set(n, "forward", trip_node(f, there));
	node_set(n, "reply", back ? trip_node(f, back) : node_null());
	node_set(n, "advice", advice ? node_string(advice) : node_null());
	return n;
}
