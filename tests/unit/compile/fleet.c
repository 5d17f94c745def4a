/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"
#include <string.h>

void fleet_up(struct fleet *f, const struct kit *k, guint hosts, guint order)
{
	g_autoptr(GError) error = NULL;
	alloc_settings_init(&f->s);
	f->s.hosts = hosts;
	f->g = kit_graph(k, order);
	f->a = alloc_assign(NULL, f->g, &f->s, &error);
	g_assert_no_error(error);
	for (guint h = 0; h < hosts; h++) {
		f->t[h] = compile_host(f->g, f->a, &f->s, h, &error);
		g_assert_no_error(error);
	}
}

void fleet_down(struct fleet *f)
{
	for (guint h = 0; h < f->s.hosts; h++)
		tables_free(f->t[h]);
	alloc_free(f->a);
	graph_free(f->g);
}

const struct table_port *port_of(const struct fleet *f, guint host, const char *nic)
{
	struct nic *n = kit_nic(f->g, nic);
	for (guint i = 0; i < f->t[host]->ports->len; i++) {
		const struct table_port *p = g_ptr_array_index(f->t[host]->ports, i);
		if (strcmp(p->id, n->noun.id) == 0)
			return p;
	}
	return NULL;
}

guint32 be_private(const struct fleet *f, const char *nic)
{
	return GUINT32_TO_BE(alloc_private(f->a, kit_config(f->g, nic)));
}

guint32 be_public(const struct fleet *f, const char *name)
{
	return GUINT32_TO_BE(alloc_public(f->a, kit_public(f->g, name)));
}

const struct esc_addr *address(const struct fleet *f, guint host, guint32 net, guint32 addr)
{
	struct esc_addr_key key = {net, addr};
	const struct table_addr *row = kit_row(f->t[host]->addrs, &key, sizeof key);
	return row ? &row->value : NULL;
}

const struct esc_endpoint *endpoint(const struct fleet *f, guint host, guint32 vip, guint16 port, guint8 proto)
{
	struct esc_endpoint_key key = {.vip = vip, .port = GUINT16_TO_BE(port), .proto = proto};
	const struct table_endpoint *row = kit_row(f->t[host]->endpoints, &key, sizeof key);
	return row ? &row->value : NULL;
}

const struct esc_dnat *dnat(const struct fleet *f, guint host, guint32 port, guint32 vip, guint16 vport, guint8 proto)
{
	struct esc_dnat_key key = {.port = port, .vip = vip, .vport = GUINT16_TO_BE(vport), .proto = proto};
	const struct table_dnat *row = kit_row(f->t[host]->dnat, &key, sizeof key);
	return row ? &row->value : NULL;
}

const struct esc_snat *snat(const struct fleet *f, guint host, guint32 port, guint32 addr)
{
	struct esc_snat_key key = {port, addr};
	const struct table_snat *row = kit_row(f->t[host]->snat, &key, sizeof key);
	return row ? &row->value : NULL;
}
