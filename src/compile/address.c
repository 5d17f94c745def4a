/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is where: addresses of the networks that have a port on this host and of their peers (no others could be asked
 * for), MACs of the host's own ports (the edge names them), ports of other hosts that forward, and those hosts.
 */
#include "six.h"
#include <string.h>

static void add_addresses(struct compilation *c, const struct nic *nic, const struct alloc_port *p)
{
	struct table_addr row = {.key.net = alloc_vni(c->alloc, nic->network)};
	row.value.host = p->host == c->host ? 0 : GUINT32_TO_BE(alloc_fabric(c->settings, p->host));
	row.value.port = p->number;
	memcpy(row.value.mac, p->mac, sizeof row.value.mac);
	row.value.flags = nic->ip_forwarding ? ESC_ADDR_FORWARD : 0;
	for (guint i = 0; i < nic->configs->len; i++) {
		guint32 addr = alloc_private(c->alloc, g_ptr_array_index(nic->configs, i));
		row.key.addr = GUINT32_TO_BE(addr);
		if (addr)
			g_array_append_val(c->t->addrs, row);
	}
	address6_add(c, nic, row.value);
}

static void add_mac(struct compilation *c, const struct alloc_port *p)
{
	struct table_mac row = {.value = p->number};
	memcpy(row.key.mac, p->mac, sizeof row.key.mac);
	g_array_append_val(c->t->macs, row);
}

/* Only what comes by the overlay is asked for it. */
static void add_forwarder(struct compilation *c, const struct nic *nic, const struct alloc_port *p)
{
	const struct ip6 *six =
	        nic->configs6->len ? alloc_private6(c->alloc, g_ptr_array_index(nic->configs6, 0)) : NULL;
	guint32 addr = alloc_private(c->alloc, compile_primary(nic));
	struct table_forwarder row = {.value = {.host = GUINT32_TO_BE(alloc_fabric(c->settings, p->host)),
	                                        .net = alloc_vni(c->alloc, nic->network),
	                                        .addr = GUINT32_TO_BE(addr)}};
	memcpy(row.key.mac, p->mac, sizeof row.key.mac);
	g_array_append_val(c->t->forwarders, row);
	if (six) {
		struct table_forwarder6 row6 = {row.key, {row.value.host, row.value.net, six_words(*six)}};
		g_array_append_val(c->t->forwarders6, row6);
	}
}

gboolean compile_addresses(struct compilation *c)
{
	for (guint i = 0; i < c->graph->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(c->graph->nics, i);
		const struct alloc_port *p = alloc_port(c->alloc, nic);
		if (!p)
			continue;
		gboolean near = nic->network && g_hash_table_contains(c->near, nic->network);
		if (near)
			add_addresses(c, nic, p);
		if (near && nic->ip_forwarding && p->host != c->host)
			add_forwarder(c, nic, p);
		if (p->host == c->host)
			add_mac(c, p);
	}
	for (guint h = 0; h < c->settings->hosts; h++) {
		struct table_peer row = {GUINT32_TO_BE(alloc_fabric(c->settings, h)), ESC_PEER_HOST | ESC_PEER_EDGE};
		if (h != c->host)
			g_array_append_val(c->t->peers, row);
	}
	return TRUE;
}
