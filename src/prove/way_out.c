/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/way_out.h"

#define SNAT_FIRST          1024 /* ports below it are for listening */
#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

enum way { WAY_NONE, WAY_OWN, WAY_SHARED, WAY_HOST };

/* Has it a part of this address? */
static gboolean shares(const struct alloc *a, const struct ip_config *c, const struct public_address *p)
{
	return p && !p->v6 && alloc_public(a, p) && alloc_snat_slot(a, p, c) != ALLOC_NO_SLOT;
}

/* The first front end that it has a part of, of the first outbound rule of the first of its pools that has one. */
static const struct public_address *by_outbound_rule(const struct alloc *a, const struct ip_config *c)
{
	for (guint i = 0; i < c->pools->len; i++) {
		const struct pool *pool = NTH(c->pools, struct pool, i);

		for (guint k = 0; k < pool->lb->outbound_rules->len; k++) {
			const struct outbound_rule *o = NTH(pool->lb->outbound_rules, struct outbound_rule, k);

			for (guint f = 0; o->pool == pool && f < o->frontends->len; f++)
				if (shares(a, c, NTH(o->frontends, struct frontend, f)->public_address))
					return NTH(o->frontends, struct frontend, f)->public_address;
		}
	}
	return NULL;
}

/* The first balancing rule that sends to a pool from a public front end tells by which address its members leave. */
static const struct public_address *by_balancing_rule(const struct alloc *a, const struct ip_config *c)
{
	for (guint i = 0; i < c->pools->len; i++) {
		const struct pool *pool = NTH(c->pools, struct pool, i);

		for (guint k = 0; k < pool->lb->rules->len; k++) {
			const struct lb_rule *r = NTH(pool->lb->rules, struct lb_rule, k);

			if (r->pool == pool && !r->no_outbound_snat && shares(a, c, r->frontend->public_address))
				return r->frontend->public_address;
		}
	}
	return NULL;
}

static gboolean in_standard_pool(const struct ip_config *c)
{
	for (guint i = 0; i < c->pools->len; i++)
		if (NTH(c->pools, struct pool, i)->lb->sku != SKU_BASIC)
			return TRUE;
	return FALSE;
}

/* In the order of the original. `p`: of OWN and SHARED. */
static enum way choose(const struct alloc *a, const struct ip_config *c, const struct public_address **p)
{
	if (c->v6) { /* shared addresses are IPv4's */
		*p = c->public_address;
		return *p && alloc_public6(a, *p) ? WAY_OWN : WAY_NONE;
	}
	if (c->subnet->nat_gateway) {
		*p = alloc_snat_gateway(c->subnet->nat_gateway, c);
		return shares(a, c, *p) ? WAY_SHARED : WAY_NONE;
	}
	*p = c->public_address;
	if (*p && !(*p)->v6 && alloc_public(a, *p))
		return WAY_OWN;
	*p = by_outbound_rule(a, c);
	if (!*p)
		*p = by_balancing_rule(a, c);
	if (*p)
		return WAY_SHARED;
	return in_standard_pool(c) || c->subnet->no_default_outbound ? WAY_NONE : WAY_HOST;
}

gboolean way_out_exists(const struct alloc *a, const struct ip_config *c)
{
	const struct public_address *p;

	return choose(a, c, &p) != WAY_NONE;
}

struct way_out way_out_of(const struct alloc *a, const struct ip_config *c)
{
	const struct alloc_port *port = alloc_port(a, c->nic);
	const struct public_address *p;
	enum way way = choose(a, c, &p);
	struct way_out w = {{{0}}, 0, 0};

	if (way == WAY_OWN || way == WAY_SHARED)
		w.address = address_public(a, p);
	if (way == WAY_SHARED) {
		g_autoptr(GPtrArray) members = alloc_snat_members(p);

		w.count = alloc_snat_share(p, members->len);
		w.first = SNAT_FIRST + alloc_snat_slot(a, p, c) * w.count;
	}
	if (way == WAY_HOST) {
		w.address = ip6_mapped(alloc_host_public(a, port->host));
		w.count = alloc_snat_ports(alloc_ports_top(a, port->host));
		w.first = SNAT_FIRST + (port->number - 1) * w.count;
	}
	return w;
}
