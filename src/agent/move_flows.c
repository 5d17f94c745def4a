/* SPDX-License-Identifier: Apache-2.0 */
/* What a moving port has in the flow table, out and in again: compiled for IPv4, and with -DESC_FAMILY=6 for IPv6. */
#include "agent/flows.h"
#include "agent/move.h"
#include "explain/native.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#if ESC_FAMILY == 6
#define NAME(x) x##6
typedef struct esc_flow_key6 flow_key;
typedef struct esc_flow6 flow_entry;
typedef struct esc_moved6 flow_moved;
#define ADDRESSES(p) ((p)->port6.addr)
#define COUNT(p)     ((p)->port6.addr_count)
#else
#define NAME(x)      x
typedef struct esc_flow_key flow_key;
typedef struct esc_flow flow_entry;
typedef struct esc_moved flow_moved;
#define ADDRESSES(p) ((p)->port.addr)
#define COUNT(p)     ((p)->port.addr_count)
#endif

#define BATCH 1024u

static struct esc_moved_side side_of(const flow_entry *e, guint32 now)
{
	gint32 idle = (gint32)(now - e->seen);

	return (struct esc_moved_side){.bytes = e->bytes,
	                               .packets = e->packets,
	                               .seq = e->seq,
	                               .idle = (guint32)MAX(idle, 0),
	                               .ack = e->ack,
	                               .tcp = e->tcp};
}

/* Of the conversation that `k` opened. */
static flow_moved moved_of(const flow_key *k, const flow_entry *e, const flow_entry *back, guint32 now)
{
	flow_moved m = {.key = *k,
	                .saddr = e->saddr,
	                .daddr = e->daddr,
	                .sport = e->sport,
	                .dport = e->dport,
	                .opener = side_of(e, now),
	                .other = side_of(back, now)};

	memcpy(m.sender, back->dmac, sizeof(m.sender)); /* whom answers are for */
	return m;
}

/* A conversation of two ports of this host has one record for each of them, when one goes and one stays. */
static void take_pair(const guint16 *place, const flow_key *k, const flow_entry *e, flow_moved m, GArray *out,
                      GArray *stays)
{
	guint16 own = k->port < ESC_MAX_PORTS ? place[k->port] : 0;
	guint16 peer = e->peer && e->peer < ESC_MAX_PORTS ? place[e->peer] : 0;
	flow_moved stay = m;

	if ((!own && !peer) || (!own && (e->flags & ESC_FLOW_NAT)))
		return;
	m.key.port = (guint16)((own ? own : peer) - 1);
	if (!own)
		m.key.dir = ESC_FLOW_TO;
	g_array_append_val(out, m);
	if (!e->peer || (own && peer) || (e->flags & ESC_FLOW_NAT))
		return;
	if (own) {
		stay.key.port = e->peer;
		stay.key.dir = ESC_FLOW_TO;
	}
	g_array_append_val(stays, stay);
}

static void take_one(int map, const guint16 *place, const flow_key *k, const flow_entry *e, guint32 now, GArray *out,
                     GArray *stays)
{
	flow_key partner_key;
	flow_entry partner;

	if ((e->flags & ESC_FLOW_REPLY) || k->port >= ESC_MAX_PORTS)
		return;
	NAME(native_partner)(k, e, &partner_key);
	if (!bpf_map_lookup_elem(map, &partner_key, &partner))
		take_pair(place, k, e, moved_of(k, e, &partner, now), out, stays);
}

/* The table may change meanwhile, but what belongs to a silent port does not. */
void NAME(move_read)(struct agent *a, const guint16 place[ESC_MAX_PORTS], GArray *out, GArray *stays)
{
	g_autofree flow_key *keys = g_new(flow_key, BATCH);
	g_autofree flow_entry *values = g_new(flow_entry, BATCH);
	int map = a->objects->NAME(flows), failed = 0;
	guint32 now = flows_now(a), at = 0;
	gboolean begun = FALSE;

	while (!failed && out->len < ESC_RINGS_DEFAULT) {
		guint32 next = 0, count = BATCH;

		failed = bpf_map_lookup_batch(map, begun ? &at : NULL, &next, keys, values, &count, NULL);
		if (failed && errno != ENOENT)
			break;
		for (guint32 i = 0; i < count; i++)
			take_one(map, place, &keys[i], &values[i], now, out, stays);
		at = next;
		begun = TRUE;
	}
}

static gboolean has_address(const struct table_port *p, const flow_moved *m)
{
	for (guint i = 0; i < COUNT(p) && i < ESC_PORT_ADDRS; i++)
		if (!memcmp(&ADDRESSES(p)[i], &m->key.saddr, sizeof(m->key.saddr)))
			return TRUE;
	return FALSE;
}

/* Somebody inside began it: perhaps on this very host. */
static gboolean take_from_inside(struct importer *i, const struct tables *t, flow_moved m, guint16 number)
{
	for (guint n = 0; n < t->ports->len; n++) {
		const struct table_port *p = t->ports->pdata[n];

		if (p->number == number || !has_address(p, &m))
			continue;
		m.key.dir = ESC_FLOW_FROM;
		m.key.port = (guint16)p->number;
		m.peer = number; /* an equal address of another network leads elsewhere */
		if (!NAME(importer_take)(i, &m))
			return TRUE;
	}
	m.key.dir = ESC_FLOW_TO;
	m.key.port = number;
	m.peer = 0;
	return !NAME(importer_take)(i, &m);
}

guint NAME(move_take)(struct importer *i, const struct tables *t, const GArray *flows, const guint16 *numbers)
{
	guint taken = 0;

	for (guint n = 0; n < flows->len; n++) {
		flow_moved m = g_array_index(flows, flow_moved, n);
		guint16 number = numbers[m.key.port];

		if (!number)
			continue;
		m.key.port = number;
		m.peer = 0;
		if (m.key.dir == ESC_FLOW_TO)
			taken += take_from_inside(i, t, m, number);
		else
			taken += !NAME(importer_take)(i, &m);
	}
	return taken;
}
