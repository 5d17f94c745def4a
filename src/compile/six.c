/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, addresses and translations of IPv6. There is no range of ports to share: who has no address of his own, does
 * not leave. */
#include "six.h"
#include <string.h>

struct esc_ip6 six_words(struct ip6 a)
{
	struct esc_ip6 out;

	memcpy(out.w, a.b, sizeof out.w);
	return out;
}

gboolean port6_fill(struct compilation *c, struct table_port *p, const struct nic *nic)
{
	for (guint i = 0; i < nic->configs6->len; i++) {
		const struct ip6 *address = alloc_private6(c->alloc, g_ptr_array_index(nic->configs6, i));

		if (!address)
			continue;
		if (p->port6.addr_count == ESC_PORT_ADDRS)
			return compile_fail(c, &nic->noun,
			                    "it has more than %u IPv6 addresses; use further network interfaces",
			                    ESC_PORT_ADDRS);
		p->port6.addr[p->port6.addr_count++] = six_words(*address);
	}
	return TRUE;
}

void address6_add(struct compilation *c, const struct nic *nic, struct esc_addr value)
{
	struct table_addr6 row = {.key.net = alloc_vni(c->alloc, nic->network), .value = value};

	for (guint i = 0; i < nic->configs6->len; i++) {
		const struct ip6 *address = alloc_private6(c->alloc, g_ptr_array_index(nic->configs6, i));

		if (!address)
			continue;
		row.key.addr = six_words(*address);
		g_array_append_val(c->t->addrs6, row);
	}
}

/* Unless the port has this way in: a second configuration of a NIC in one pool is the same port. */
static void add_dnat(struct compilation *c, const struct table_dnat6 *row)
{
	for (guint i = c->t->dnat6->len; i-- > 0;) {
		const struct esc_dnat_key6 *other = &g_array_index(c->t->dnat6, struct table_dnat6, i).key;

		if (other->port != row->key.port)
			break; /* a port's entries are made together */
		if (memcmp(other, &row->key, sizeof *other) == 0)
			return;
	}
	g_array_append_val(c->t->dnat6, *row);
}

void nat6_open(struct compilation *c, const struct ip_config *config, guint32 number, const struct opening6 *o)
{
	const struct ip6 *vip = o->vip ? alloc_public6(c->alloc, o->vip) : NULL;
	const struct ip6 *address = alloc_private6(c->alloc, config);

	if (!vip || !address)
		return;
	struct table_dnat6 row = {.key = {.port = number, .vip = six_words(*vip), .vport = o->vport, .proto = o->proto},
	                          .value = {.addr = six_words(o->floating ? *vip : *address),
	                                    .port = o->floating ? 0 : o->port,
	                                    .flags = o->vip->sku == SKU_STANDARD ? ESC_DNAT_STANDARD : 0}};
	add_dnat(c, &row);
}

void nat6_own(struct compilation *c, const struct ip_config *config, guint32 number)
{
	struct opening6 own = {.vip = config->public_address};
	const struct ip6 *vip = own.vip ? alloc_public6(c->alloc, own.vip) : NULL;
	const struct ip6 *address = alloc_private6(c->alloc, config);

	if (!vip || !address)
		return;
	struct table_snat6 row = {{.port = number, .addr = six_words(*address)}, {six_words(*vip)}};
	nat6_open(c, config, number, &own);
	g_array_append_val(c->t->snat6, row);
}

gboolean endpoint6_add(struct compilation *c, const struct noun *n, const struct public_address *p, guint16 port,
                       guint8 proto, const struct esc_endpoint *value)
{
	const struct ip6 *vip = alloc_public6(c->alloc, p);

	if (!vip)
		return TRUE;
	struct table_endpoint6 row = {.key = {.vip = six_words(*vip), .port = GUINT16_TO_BE(port), .proto = proto},
	                              .value = *value};
	const char *other = g_hash_table_lookup(c->endpoints6, &row.key);
	if (other) {
		g_autofree char *text = ip6_format(*vip);

		return compile_fail(c, n,
		                    "'%s' already uses port %u (protocol %u) of public address %s; choose another",
		                    other, port, proto, text);
	}
	g_hash_table_insert(c->endpoints6, g_memdup2(&row.key, sizeof row.key), n->id);
	g_array_append_val(c->t->endpoints6, row);
	return TRUE;
}

gboolean endpoint6_address(struct compilation *c, const struct public_address *p, const struct esc_endpoint *own)
{
	const struct esc_endpoint in_use = {.kind = ESC_EP_SNAT};

	return own ? endpoint6_add(c, &p->noun, p, 0, 0, own) : endpoint6_add(c, &p->noun, p, 0, 255, &in_use);
}
