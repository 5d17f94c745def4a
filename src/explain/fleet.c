/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/fleet.h"

#include "explain/frame.h"

#include <string.h>

#define MOST_HOPS 8
#define EDGE_HOST 0 /* where the lab's Internet sends what is for the public pool */

struct fleet {
	const GPtrArray *tables;
	GPtrArray *hosts; /* struct native */
	struct prefix pool;
};

struct fleet *fleet_new(const GPtrArray *by_host, struct prefix public_pool)
{
	struct fleet *f = g_new0(struct fleet, 1);

	f->tables = by_host;
	f->pool = public_pool;
	f->hosts = g_ptr_array_new_with_free_func((GDestroyNotify)native_free);
	for (guint i = 0; i < by_host->len; i++) {
		struct native *n = native_new(by_host->pdata[i]);

		native_long_way(n, TRUE); /* where each look-up has its stage */
		g_ptr_array_add(f->hosts, n);
	}
	return f;
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	g_ptr_array_unref(f->hosts);
	g_free(f);
}

const struct tables *fleet_tables(const struct fleet *f, guint host)
{
	return host < f->tables->len ? f->tables->pdata[host] : NULL;
}

const struct table *fleet_table(const struct fleet *f, guint host, const char *name)
{
	return native_table(f->hosts->pdata[host], name);
}

static void hop_free(gpointer data)
{
	struct fleet_hop *h = data;

	g_array_unref(h->steps);
	g_free(h);
}

void fleet_trip_free(struct fleet_trip *t)
{
	if (!t)
		return;
	g_ptr_array_unref(t->hops);
	g_free(t);
}

static struct fleet_trip *trip_new(void)
{
	struct fleet_trip *t = g_new0(struct fleet_trip, 1);

	t->hops = g_ptr_array_new_with_free_func(hop_free);
	t->packet = (struct native_packet){.data = t->frame, .capacity = sizeof(t->frame)};
	return t;
}

static struct fleet_hop *add_hop(struct fleet_trip *t, enum fleet_entry entry, guint host)
{
	struct fleet_hop *h = g_new0(struct fleet_hop, 1);

	h->entry = entry;
	h->host = host;
	h->steps = g_array_new(FALSE, FALSE, sizeof(struct native_step));
	g_ptr_array_add(t->hops, h);
	return h;
}

static void pass(struct fleet *f, struct fleet_trip *t, struct fleet_hop *h)
{
	struct native *n = f->hosts->pdata[h->host];

	h->before = frame_tuple(&t->packet);
	native_watch(n, h->steps);
	if (h->entry == FLEET_PORT)
		h->effect = native_from_port(n, h->port, &t->packet);
	else if (h->entry == FLEET_OVERLAY)
		h->effect = native_from_overlay(n, &t->packet);
	else
		h->effect = native_edge(n, &t->packet);
	native_watch(n, NULL);
	h->end = native_end(n);
	h->after = frame_tuple(&t->packet);
}

static const struct esc_host *self(const struct fleet *f, guint host)
{
	return native_host(f->hosts->pdata[host]);
}

/* TRUE: somebody has this fabric address. */
static gboolean find_host(const struct fleet *f, guint32 fabric, guint *host)
{
	for (*host = 0; *host < f->hosts->len; (*host)++)
		if (self(f, *host)->fabric == fabric)
			return TRUE;
	return FALSE;
}

/* Does the Internet send what is for this address to the fleet? */
static gboolean is_ours(const struct fleet *f, guint32 addr)
{
	const GArray *endpoints = fleet_tables(f, EDGE_HOST)->endpoints;

	for (guint i = 0; i < endpoints->len; i++)
		if (g_array_index(endpoints, struct table_endpoint, i).key.vip == GUINT32_TO_BE(addr))
			return TRUE;
	return prefix_has(f->pool, addr);
}

static struct fleet_hop *enter_edge(struct fleet *f, struct fleet_trip *t)
{
	const struct esc_host *h = self(f, EDGE_HOST);

	frame_macs(&t->packet, h->uplink_mac, h->nexthop_mac);
	return add_hop(t, FLEET_UPLINK, EDGE_HOST);
}

static struct fleet_hop *through_overlay(struct fleet *f, struct fleet_trip *t, const struct fleet_hop *last)
{
	struct fleet_hop *h;
	guint host;

	if (!find_host(f, last->effect.remote, &host))
		return NULL;
	t->packet.tunnel_vni = last->effect.vni;
	t->packet.tunnel_remote = self(f, last->host)->fabric;
	h = add_hop(t, FLEET_OVERLAY, host);
	h->from = last->host;
	h->vni = last->effect.vni;
	return h;
}

/* Where the last hop sent it; NULL: the trip is over. */
static struct fleet_hop *next_hop(struct fleet *f, struct fleet_trip *t, const struct fleet_hop *last)
{
	t->host = last->host;
	t->port = last->effect.port;
	switch (last->effect.delivery) {
	case ESC_TO_OVERLAY:
		return through_overlay(f, t, last);
	case ESC_TO_UPLINK:
		if (is_ours(f, last->after.destination))
			return enter_edge(f, t);
		t->delivered = t->outside = TRUE;
		return NULL;
	case ESC_TO_PEER:
	case ESC_TO_TAP:
		t->delivered = TRUE;
		t->port = native_port_behind(last->effect.ifindex);
		return NULL;
	default:
		return NULL;
	}
}

static struct fleet_trip *carry(struct fleet *f, struct fleet_trip *t, struct fleet_hop *first)
{
	for (struct fleet_hop *h = first; h; h = next_hop(f, t, h)) {
		if (t->hops->len > MOST_HOPS) {
			g_ptr_array_set_size(t->hops, MOST_HOPS);
			t->endless = TRUE;
			break;
		}
		pass(f, t, h);
	}
	return t;
}

static const struct esc_port *port_of(const struct fleet *f, guint host, guint32 number)
{
	return table_lookup(fleet_table(f, host, "ports"), &number);
}

static struct fleet_hop *leave_port(struct fleet *f, struct fleet_trip *t, guint host, guint32 number)
{
	static const guint8 gateway[6] = ESC_GATEWAY_MAC;
	const struct esc_port *port = port_of(f, host, number);
	struct fleet_hop *h = add_hop(t, FLEET_PORT, host);

	frame_macs(&t->packet, gateway, port->mac);
	h->port = number;
	return h;
}

struct fleet_trip *fleet_open(struct fleet *f, guint host, guint32 port, const struct fleet_tuple *tuple)
{
	struct fleet_trip *t = trip_new();

	frame_open(&t->packet, tuple);
	return carry(f, t, port ? leave_port(f, t, host, port) : enter_edge(f, t));
}

struct fleet_trip *fleet_answer(struct fleet *f, const struct fleet_trip *there)
{
	struct fleet_trip *t = trip_new();

	memcpy(t->frame, there->frame, sizeof(t->frame));
	t->packet.length = there->packet.length;
	frame_answer(&t->packet);
	return carry(f, t, there->outside ? enter_edge(f, t) : leave_port(f, t, there->host, there->port));
}
