/* SPDX-License-Identifier: Apache-2.0 */
/* The native pipeline for IPv6: the same stages, compiled once more. */
#define ESC_FAMILY 6
#include "explain/native_host.h"

#include "bpf/ctx/native.h"
#include "bpf/stage/import.h"
#include "bpf/stage/journey.h"

void native6_init(struct native *n)
{
	table_init_array(&n->ports6, ESC_MAX_PORTS, sizeof(struct esc_port6));
	table_init_hash(&n->flows6, NATIVE_FLOWS, sizeof(struct esc_flow_key6), sizeof(struct esc_flow6));
	table_init_array(&n->hands6, ESC_MAX_PORTS, sizeof(struct esc_hand));
	table_init_array(&n->fragments6, ESC_MAX_PORTS * ESC_FRAGMENT_SETS, sizeof(struct esc_fragments));
	table_init_array(&n->vip_fragments6, ESC_FRAGMENT_REGIONS * ESC_FRAGMENT_SETS, sizeof(struct esc_fragments));
	table_init_array(&n->scratch6, 1, sizeof(struct esc_scratch));
}

void native6_clear(struct native *n)
{
	struct table *all[] = {&n->ports6,     &n->flows6,         &n->rings6,  &n->hands6,
	                       &n->fragments6, &n->vip_fragments6, &n->scratch6};

	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		table_clear(all[i]);
}

void native6_init_static(struct native *n)
{
	table_init_hash(&n->addrs6, G_MAXUINT32, sizeof(struct esc_addr_key6), sizeof(struct esc_addr));
	table_init_prefixes(&n->routes6, G_MAXUINT32, sizeof(struct esc_route_key6), sizeof(struct esc_route6));
	table_init_hash(&n->endpoints6, G_MAXUINT32, sizeof(struct esc_endpoint_key6), sizeof(struct esc_endpoint));
	table_init_hash(&n->dnat6, G_MAXUINT32, sizeof(struct esc_dnat_key6), sizeof(struct esc_dnat6));
	table_init_hash(&n->forwarders6, G_MAXUINT32, sizeof(struct esc_mac_key), sizeof(struct esc_forwarder6));
	table_init_hash(&n->snat6, G_MAXUINT32, sizeof(struct esc_snat_key6), sizeof(struct esc_snat6));
}

void native6_clear_static(struct native *n)
{
	struct table *all[] = {&n->addrs6, &n->routes6, &n->endpoints6, &n->dnat6, &n->snat6, &n->forwarders6};

	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		table_clear(all[i]);
}

static void put_ports(struct native *n, const struct tables *t)
{
	memset(n->ports6.array, 0, (gsize)n->ports6.entries * n->ports6.value_size);
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];
		table_put(&n->ports6, &p->number, &p->port6);
	}
}

/* Never shrinks: flows remember their slots. */
static void put_rings(struct native *n, const struct tables *t)
{
	guint32 entries = ESC_MAX_PORTS * t->self.ring_size;

	if (n->rings6.entries >= entries)
		return;
	table_clear(&n->rings6);
	table_init_array(&n->rings6, entries, sizeof(struct esc_flow_key6));
}

void native6_load(struct native *n, const struct tables *t, const GArray *starts)
{
	put_ports(n, t);
	put_rings(n, t);
	for (guint i = 0; i < t->addrs6->len; i++) {
		const struct table_addr6 *a = &g_array_index(t->addrs6, struct table_addr6, i);
		table_put(&n->addrs6, &a->key, &a->value);
	}
	for (guint i = 0; i < t->routes6->len; i++) {
		const struct table_route6 *r = &g_array_index(t->routes6, struct table_route6, i);
		table_put(&n->routes6, &r->key, &r->value);
	}
	for (guint i = 0; i < t->endpoints6->len; i++) {
		struct table_endpoint6 e = g_array_index(t->endpoints6, struct table_endpoint6, i);
		e.value.slot = native_slot(starts, e.value.slot);
		e.value.access = native_slot(starts, e.value.access);
		table_put(&n->endpoints6, &e.key, &e.value);
	}
	for (guint i = 0; i < t->dnat6->len; i++) {
		const struct table_dnat6 *d = &g_array_index(t->dnat6, struct table_dnat6, i);
		table_put(&n->dnat6, &d->key, &d->value);
	}
	for (guint i = 0; i < t->forwarders6->len; i++) {
		const struct table_forwarder6 *f = &g_array_index(t->forwarders6, struct table_forwarder6, i);
		table_put(&n->forwarders6, &f->key, &f->value);
	}
	for (guint i = 0; i < t->snat6->len; i++) {
		const struct table_snat6 *s = &g_array_index(t->snat6, struct table_snat6, i);
		table_put(&n->snat6, &s->key, &s->value);
	}
}

static void native6_leave(struct native_ctx *ctx, struct esc_packet *p, int verdict)
{
	leave(ctx, p, verdict == ESC_ASIDE_FRAGMENT ? journey_fragment(ctx, p) : verdict);
}

void native6_from_port(struct native_packet *packet, guint32 ifindex)
{
	struct native_ctx ctx = {.packet = packet, .ifindex = ifindex};
	struct esc_packet p = {0};

	native6_leave(&ctx, &p, journey_from_port(&ctx, &p));
}

void native6_from_overlay(struct native_packet *packet, guint32 ifindex)
{
	struct native_ctx ctx = {.packet = packet, .ifindex = ifindex};
	struct esc_packet p = {0};

	native6_leave(&ctx, &p, journey_from_overlay(&ctx, &p));
}

void native6_edge(struct native_packet *packet, guint32 ifindex)
{
	struct native_ctx ctx = {.packet = packet, .ifindex = ifindex};
	struct esc_packet p = {0};

	native6_leave(&ctx, &p, journey_edge(&ctx, &p));
}

int native6_edge_xdp(struct native_packet *packet, struct esc_backend *to)
{
	struct esc_packet p = {.bytes = packet->length, .segs = 1, .now = ctx_now()};
	int verdict = journey_edge_xdp(packet->data, packet->data + packet->length, &p, to);

	count(&p, verdict);
	return verdict;
}

gboolean native_policy6(struct native *n, const struct esc_flow_key6 *tuple, guint direction, gboolean *allow,
                        guint32 rules[2])
{
	struct esc_query *q = &((struct esc_scratch *)(void *)n->scratch6.array)->plan.query;

	native_self = n;
	*q = (struct esc_query){.slot = (esc_u32)port_read(tuple->port),
	                        .dir = direction,
	                        .saddr = tuple->saddr,
	                        .daddr = tuple->daddr,
	                        .sport = tuple->sport,
	                        .dport = tuple->dport,
	                        .proto = tuple->proto};
	if (policy_ask(q))
		return FALSE;
	*allow = q->allow != 0;
	memcpy(rules, q->rule, sizeof(q->rule));
	return TRUE;
}

int native_import6(struct native *n, const struct esc_moved6 *m)
{
	native_self = n;
	return import(m, ctx_now());
}

void native_partner6(const struct esc_flow_key6 *key, const struct esc_flow6 *flow, struct esc_flow_key6 *partner)
{
	entry_partner(key, flow, partner);
}

gboolean native_flow6(const struct native *n, const struct esc_flow_key6 *key, struct esc_flow6 *flow)
{
	const struct esc_flow6 *f = table_lookup(&n->flows6, key);

	if (f)
		*flow = *f;
	return f != NULL;
}
