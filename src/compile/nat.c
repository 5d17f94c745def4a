/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation at the port's own host.
 *
 * Inward (dnat): what a public pair means in private, for every endpoint that may choose this port: a rule of a load
 * balancer, a NAT rule, or an address of the instance's own (every port, one to one).
 *
 * Outward (snat), the first that holds:
 *   1. its subnet's NAT gateway: a range of source ports of one of the gateway's addresses; nothing, when it has none;
 *   2. the configuration's own public address, ports kept;
 *   3. an outbound rule of one of its pools: a range of source ports of one of the rule's front ends;
 *   4. a public front end with a rule that leads to one of its pools and does not disable this: a range likewise;
 *   5. member of a pool of a Standard load balancer otherwise: nothing, it has no way out;
 *   6. nothing, where the subnet has no default outbound access;
 *   7. the host's default outbound address: a range of source ports.
 */
#include "six.h"

/* Counting an address's users is not for every user again. */
static guint range_ports(const struct compilation *c, const struct public_address *p)
{
	guint ports = GPOINTER_TO_UINT(g_hash_table_lookup(c->snat_ports, p));
	if (!ports) {
		g_autoptr(GPtrArray) members = alloc_snat_members(p);
		ports = alloc_snat_share(p, members->len);
		g_hash_table_insert(c->snat_ports, (gpointer)p, GUINT_TO_POINTER(ports));
	}
	return ports;
}

/* The configuration's range of the address; FALSE: it has none there, or `p` is NULL. */
static gboolean shared(const struct compilation *c, const struct public_address *p, const struct ip_config *config,
                       struct outbound *out)
{
	guint slot = p && alloc_public(c->alloc, p) ? alloc_snat_slot(c->alloc, p, config) : ALLOC_NO_SLOT;
	if (slot == ALLOC_NO_SLOT)
		return FALSE;
	guint ports = range_ports(c, p);
	*out = (struct outbound){OUTBOUND_SHARED, p, alloc_public(c->alloc, p),
	                         (guint16)(ESC_SNAT_FIRST + slot * ports), (guint16)ports};
	return TRUE;
}

/* The front end of the rule at which it has a range. */
static gboolean by_rule(const struct compilation *c, const struct outbound_rule *o, const struct ip_config *config,
                        struct outbound *out)
{
	for (guint i = 0; i < o->frontends->len; i++) {
		const struct frontend *f = g_ptr_array_index(o->frontends, i);
		if (shared(c, f->public_address, config, out))
			return TRUE;
	}
	return FALSE;
}

static gboolean by_outbound_rule(const struct compilation *c, const struct pool *pool, const struct ip_config *config,
                                 struct outbound *out)
{
	for (guint i = 0; i < pool->lb->outbound_rules->len; i++) {
		const struct outbound_rule *o = g_ptr_array_index(pool->lb->outbound_rules, i);
		if (o->pool == pool && by_rule(c, o, config, out))
			return TRUE;
	}
	return FALSE;
}

/* A rule that disables this gives its members no slot. */
static gboolean by_front(const struct compilation *c, const struct pool *pool, const struct ip_config *config,
                         struct outbound *out)
{
	for (guint i = 0; i < pool->lb->rules->len; i++) {
		const struct lb_rule *r = g_ptr_array_index(pool->lb->rules, i);
		const struct public_address *p = r->frontend ? r->frontend->public_address : NULL;
		if (r->pool == pool && p && p->frontend == r->frontend && shared(c, p, config, out))
			return TRUE;
	}
	return FALSE;
}

static gboolean by_balancer(const struct compilation *c, const struct ip_config *config, struct outbound *out)
{
	for (guint i = 0; i < config->pools->len; i++) {
		const struct pool *pool = g_ptr_array_index(config->pools, i);
		if (pool->lb && by_outbound_rule(c, pool, config, out))
			return TRUE;
	}
	for (guint i = 0; i < config->pools->len; i++) {
		const struct pool *pool = g_ptr_array_index(config->pools, i);
		if (pool->lb && by_front(c, pool, config, out))
			return TRUE;
	}
	return FALSE;
}

static gboolean in_standard_pool(const struct ip_config *config)
{
	for (guint i = 0; i < config->pools->len; i++) {
		const struct pool *pool = g_ptr_array_index(config->pools, i);
		if (pool->lb && pool->lb->sku != SKU_BASIC)
			return TRUE;
	}
	return FALSE;
}

struct outbound compile_outbound(const struct compilation *c, const struct ip_config *config)
{
	struct outbound out = {.kind = OUTBOUND_NONE};
	const struct alloc_port *port = alloc_port(c->alloc, config->nic);
	const struct public_address *own = config->public_address;
	const struct subnet *subnet = config->subnet;
	if (!port)
		return out;
	if (subnet && subnet->nat_gateway) {
		shared(c, alloc_snat_gateway(subnet->nat_gateway, config), config, &out);
		return out;
	}
	if (own && alloc_public(c->alloc, own))
		return (struct outbound){OUTBOUND_OWN, own, alloc_public(c->alloc, own), 0, 0};
	if (by_balancer(c, config, &out) || in_standard_pool(config) || (subnet && subnet->no_default_outbound))
		return out;
	guint ports = alloc_snat_ports(alloc_ports_top(c->alloc, port->host));
	return (struct outbound){OUTBOUND_HOST, NULL, alloc_host_public(c->alloc, port->host),
	                         (guint16)(ESC_SNAT_FIRST + (port->number - 1) * ports), (guint16)ports};
}

static void add_snat(struct compilation *c, const struct ip_config *config, guint32 number)
{
	struct outbound out = compile_outbound(c, config);
	guint32 addr = alloc_private(c->alloc, config);
	if (out.kind == OUTBOUND_NONE || !addr)
		return;
	struct table_snat row = {.key = {.port = number, .addr = GUINT32_TO_BE(addr)},
	                         .value = {.addr = GUINT32_TO_BE(out.public), .first = out.first, .count = out.count}};
	g_array_append_val(c->t->snat, row);
}

/* Adds an entry unless the port has one for this pair: a second configuration of a NIC in one pool is the same port. */
static void add_dnat(struct compilation *c, const struct esc_dnat_key *key, const struct esc_dnat *value)
{
	struct table_dnat row = {*key, *value};
	for (guint i = c->t->dnat->len; i-- > 0;) {
		const struct esc_dnat_key *other = &g_array_index(c->t->dnat, struct table_dnat, i).key;
		if (other->port != key->port)
			break; /* a port's entries are made together */
		if (other->vip == key->vip && other->vport == key->vport && other->proto == key->proto)
			return;
	}
	g_array_append_val(c->t->dnat, row);
}

struct opening {
	const struct frontend *frontend;
	enum rule_protocol protocol;
	guint16 frontend_port, backend_port;
	gboolean floating; /* the instance itself holds the public address: nothing is translated */
};

static void add_opening(struct compilation *c, const struct ip_config *config, guint32 number, const struct opening *o)
{
	const struct public_address *p = o->frontend ? o->frontend->public_address : NULL;
	guint32 vip = p ? alloc_public(c->alloc, p) : 0, addr = alloc_private(c->alloc, config);
	guint8 protocols[2];
	guint count = compile_protocols(o->protocol, o->frontend_port, protocols);
	for (guint i = 0; config->v6 && i < count; i++) {
		struct opening6 six = {p, GUINT16_TO_BE(o->frontend_port), GUINT16_TO_BE(o->backend_port), protocols[i],
		                       o->floating};
		nat6_open(c, config, number, &six);
	}
	for (guint i = 0; vip && addr && i < count; i++) {
		struct esc_dnat_key key = {.port = number,
		                           .vip = GUINT32_TO_BE(vip),
		                           .vport = GUINT16_TO_BE(o->frontend_port),
		                           .proto = protocols[i]};
		struct esc_dnat value = {.addr = GUINT32_TO_BE(o->floating ? vip : addr),
		                         .port = o->floating ? 0 : GUINT16_TO_BE(o->backend_port),
		                         .flags = p->sku == SKU_STANDARD ? ESC_DNAT_STANDARD : 0};
		add_dnat(c, &key, &value);
	}
}

static void add_own(struct compilation *c, const struct ip_config *config, guint32 number)
{
	const struct public_address *p = config->public_address;
	guint32 vip = p ? alloc_public(c->alloc, p) : 0, addr = alloc_private(c->alloc, config);
	if (!vip || !addr)
		return;
	struct esc_dnat_key key = {.port = number, .vip = GUINT32_TO_BE(vip)};
	struct esc_dnat value = {.addr = GUINT32_TO_BE(addr), .flags = p->sku == SKU_STANDARD ? ESC_DNAT_STANDARD : 0};
	add_dnat(c, &key, &value);
}

static void add_inward(struct compilation *c, const struct ip_config *config, guint32 number)
{
	add_own(c, config, number);
	for (guint i = 0; i < config->pools->len; i++) {
		const struct pool *pool = g_ptr_array_index(config->pools, i);
		for (guint k = 0; pool->lb && k < pool->lb->rules->len; k++) {
			const struct lb_rule *r = g_ptr_array_index(pool->lb->rules, k);
			struct opening o = {r->frontend, r->protocol, r->frontend_port, r->backend_port, r->floating};
			if (r->pool == pool && !r->disabled)
				add_opening(c, config, number, &o);
		}
	}
	for (guint i = 0; i < config->nat_rules->len; i++) {
		const struct nat_rule *r = g_ptr_array_index(config->nat_rules, i);
		struct opening o = {r->frontend, r->protocol, r->frontend_port, r->backend_port, r->floating};
		if (!r->disabled)
			add_opening(c, config, number, &o);
	}
}

gboolean compile_nat(struct compilation *c)
{
	for (guint i = 0; i < c->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(c->nics, i);
		guint32 number = alloc_port(c->alloc, nic)->number;
		for (guint k = 0; k < nic->configs->len; k++) {
			add_inward(c, g_ptr_array_index(nic->configs, k), number);
			add_snat(c, g_ptr_array_index(nic->configs, k), number);
		}
		for (guint k = 0; k < nic->configs6->len; k++) {
			nat6_own(c, g_ptr_array_index(nic->configs6, k), number);
			add_inward(c, g_ptr_array_index(nic->configs6, k), number);
		}
	}
	return TRUE;
}
