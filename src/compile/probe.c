/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host's prober has to ask: each member of a pool that is a port here, by the probe of each rule that leads to
 * it. A member is asked at the address by which it is in the pool; one of IPv6 alone is not asked, and counts as its
 * interface does.
 */
#include "parts.h"
#include <string.h>

static const struct table_port *port_here(const struct compilation *c, const struct nic *nic)
{
	const struct alloc_port *p = alloc_port(c->alloc, nic);

	for (guint i = 0; p && p->host == c->host && i < c->t->ports->len; i++) {
		const struct table_port *t = g_ptr_array_index(c->t->ports, i);
		if (t->number == p->number)
			return t;
	}
	return NULL;
}

/* Which of the port's addresses; -1: none of them. */
static int address_index(const struct compilation *c, const struct table_port *port, const struct ip_config *config)
{
	guint32 addr = GUINT32_TO_BE(alloc_private(c->alloc, config));

	for (guint i = 0; addr && i < port->port.addr_count; i++) {
		if (port->port.addr[i] == addr)
			return (int)i;
	}
	return -1;
}

static void add_member(struct compilation *c, const struct probe *probe, const struct ip_config *config,
                       GHashTable *seen)
{
	const struct table_port *port = port_here(c, config->nic);
	int index = port ? address_index(c, port, config) : -1;
	g_autofree char *key = g_strdup_printf("%s %s", probe->noun.id, config->nic->noun.id);

	if (index < 0 || !g_hash_table_add(seen, g_steal_pointer(&key)))
		return;
	struct table_probe *t = g_new0(struct table_probe, 1);
	t->port = port->number;
	t->index = (guint8)index;
	t->protocol = (guint8)probe->protocol;
	t->service = probe->port;
	t->interval = probe->interval;
	t->threshold = probe->threshold;
	t->id = g_ascii_strdown(probe->noun.id, -1);
	t->nic = g_ascii_strdown(config->nic->noun.id, -1);
	t->path = g_strdup(probe->request_path ? probe->request_path : "");
	g_ptr_array_add(c->t->probes, t);
}

static int compare_probes(gconstpointer a, gconstpointer b)
{
	const struct table_probe *x = *(struct table_probe *const *)a, *y = *(struct table_probe *const *)b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return strcmp(x->id, y->id);
}

gboolean compile_probes(struct compilation *c)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < c->graph->load_balancers->len; i++) {
		const struct load_balancer *lb = g_ptr_array_index(c->graph->load_balancers, i);
		for (guint k = 0; k < lb->rules->len; k++) {
			const struct lb_rule *r = g_ptr_array_index(lb->rules, k);
			for (guint m = 0; r->probe && r->pool && m < r->pool->members->len; m++)
				add_member(c, r->probe, g_ptr_array_index(r->pool->members, m), seen);
		}
	}
	g_ptr_array_sort(c->t->probes, compare_probes);
	return TRUE;
}
