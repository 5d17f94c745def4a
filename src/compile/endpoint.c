/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints: what the edge knows of public addresses. Every host is an edge and has them all.
 *
 *   (address, port, protocol)  a NAT rule: its one target; a rule of a load balancer: its pool, through a Maglev table
 *   (address, 0, 0)            an instance's own address: that instance
 *   (address, 0, 255)          replies to translated outbound flows: the owner of the port block. Every address in use
 * that is not one instance's own has this entry, if only to say that it is in use: slot 0, no owner
 *
 * An endpoint whose access controls refuse anybody has an access list: access.h.
 *
 * A pool of one is that one, and its table appears with the second: all tables have the same size, since a change of
 * size would move every flow. A member that is down by its rule's probe gets nothing new: seats.h. A port of no VM is no back end. A back end is a port: a NIC with two configurations in a
 * pool counts once, by the first. A front end of IPv6 has the IPv6 members of its pool.
 */
#include "access.h"
#include "seats.h"
#include "six.h"
#include <string.h>

#define SNAT_PROTO 255

static gboolean add_endpoint(struct compilation *c, const struct noun *n, const struct table_endpoint *row)
{
	const char *other = g_hash_table_lookup(c->endpoints, &row->key);
	if (other) {
		g_autofree char *vip = ip_format(GUINT32_FROM_BE(row->key.vip));
		return compile_fail(c, n,
		                    "'%s' already uses port %u (protocol %u) of public address %s; choose another",
		                    other, GUINT16_FROM_BE(row->key.port), row->key.proto, vip);
	}
	g_hash_table_insert(c->endpoints, g_memdup2(&row->key, sizeof row->key), n->id);
	g_array_append_val(c->t->endpoints, *row);
	return TRUE;
}

static struct esc_backend backend_of(const struct compilation *c, const struct alloc_port *p)
{
	struct esc_backend b = {.port = p->number};
	b.host = p->host == c->host ? 0 : GUINT32_TO_BE(alloc_fabric(c->settings, p->host));
	memcpy(b.mac, p->mac, sizeof b.mac);
	return b;
}

/* A blob of back ends and tables of indices, as abi/maps.h lays it out. `ports`: struct alloc_port. `copies` tables, one after the other; NULL leaves
 * the tables empty. */
static GBytes *choice_blob(const struct compilation *c, const GPtrArray *ports, const guint16 head[4],
                           const guint16 *table, guint copies)
{
	gsize start = ESC_BLOCK_WORDS * (1 + ((gsize)ports->len + 1) / 2), cells = (gsize)copies * head[1];
	gsize words = (start + cells + ESC_BLOCK_WORDS - 1) / ESC_BLOCK_WORDS * ESC_BLOCK_WORDS;
	guint16 *w = g_new0(guint16, words);
	memcpy(w, head, 4 * sizeof *w);
	for (guint i = 0; i < ports->len; i++) {
		struct esc_backend b = backend_of(c, g_ptr_array_index(ports, i));
		memcpy(w + ESC_BLOCK_WORDS + 16 * (gsize)i, &b, sizeof b);
	}
	if (table)
		memcpy(w + start, table, cells * sizeof *w);
	return g_bytes_new_take(w, words * sizeof *w);
}

static int compare_members(const void *a, const void *b)
{
	const struct ip_config *const *x = a, *const *y = b;
	return g_ascii_strcasecmp((*x)->noun.id, (*y)->noun.id);
}

static gboolean has_address(const struct compilation *c, const struct ip_config *m)
{
	return m->v6 ? alloc_private6(c->alloc, m) != NULL : alloc_private(c->alloc, m) != 0;
}

/* The members that are ports, in order of id; `ids` gets their identities (owned). */
static GPtrArray *pool_ports(const struct compilation *c, const GPtrArray *of, GPtrArray *ids)
{
	GPtrArray *ports = g_ptr_array_new();
	g_autoptr(GPtrArray) members = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < of->len; i++)
		g_ptr_array_add(members, g_ptr_array_index(of, i));
	g_ptr_array_sort(members, compare_members);
	for (guint i = 0; i < members->len; i++) {
		const struct ip_config *m = g_ptr_array_index(members, i);
		const struct alloc_port *p = alloc_port(c->alloc, m->nic);
		if (!p || !has_address(c, m) || !g_hash_table_add(seen, m->nic))
			continue;
		g_ptr_array_add(ports, (gpointer)p);
		g_ptr_array_add(ids, g_ascii_strdown(m->nic->noun.id, -1));
	}
	return ports;
}

static guint32 add_seats(struct compilation *c, const struct lb_rule *r, const GPtrArray *ports, const GPtrArray *ids)
{
	struct seats s = {.size = seats_size(ports->len)};
	if (!c->check)
		seats_fill(&s, (const char *const *)ids->pdata, ids->len, c->settings->health, r->probe,
		           r->pool->lb->sku);
	const guint16 head[4] = {(guint16)ports->len, (guint16)s.size, (guint16)s.further};
	guint32 slot = compile_blob(c, choice_blob(c, ports, head, s.cells, 1 + s.further), &r->pool->noun);
	seats_clear(&s);
	return slot;
}

/* The only one of its pool, who is up. */
static gboolean alone(const struct compilation *c, const struct lb_rule *r, const GPtrArray *ports,
                      const GPtrArray *ids)
{
	return ports->len == 1 &&
	       !(r->probe && health_get(c->settings->health, r->probe->noun.id, g_ptr_array_index(ids, 0)).down);
}

/* Fills `value` for the pool of a rule: nobody, one, or a table. */
static gboolean choose_pool(struct compilation *c, const struct lb_rule *r, gboolean v6, struct esc_endpoint *value)
{
	const struct pool *pool = r->pool;
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *members = v6 ? pool->members6 : pool->members;
	g_autoptr(GPtrArray) ports = pool_ports(c, members, ids);
	if (alone(c, r, ports, ids)) {
		value->kind = ESC_EP_ONE;
		value->one = backend_of(c, g_ptr_array_index(ports, 0));
		return TRUE;
	}
	value->kind = ESC_EP_BALANCED;
	if (!ports->len)
		return TRUE;
	if (ports->len > MAGLEV_BACKENDS)
		return compile_fail(c, &pool->noun, "it has %u back ends; at most %u share a front end", ports->len,
		                    MAGLEV_BACKENDS);
	g_autofree char *key = g_strdup_printf("%p %p", (void *)members, (void *)r->probe);
	value->slot = GPOINTER_TO_UINT(g_hash_table_lookup(c->balanced, key));
	if (value->slot)
		return TRUE;
	value->slot = add_seats(c, r, ports, ids);
	g_hash_table_insert(c->balanced, g_steal_pointer(&key), GUINT_TO_POINTER(value->slot));
	return value->slot != 0;
}

static guint8 distribution_of(enum distribution d)
{
	switch (d) {
	case DISTRIBUTION_SOURCE:
		return ESC_DIST_SOURCE;
	case DISTRIBUTION_SOURCE_PROTOCOL:
		return ESC_DIST_SOURCE_PROTO;
	case DISTRIBUTION_TUPLE5:
		break;
	}
	return ESC_DIST_TUPLE5;
}

/* The access list, where it refuses anybody. One for all who share it: equal lists are one blob. */
static gboolean add_access(struct compilation *c, const struct noun *owner, const struct access_control *a, gboolean v6,
                           struct esc_endpoint *value)
{
	if (!access_control_can_deny(a, v6))
		return TRUE;
	g_autofree guint32 *numbers = g_new(guint32, a->rules->len + 1);
	for (guint i = 0; i < a->rules->len; i++)
		numbers[i] = alloc_access(c->alloc, owner, g_array_index(a->rules, struct access_rule, i).order);
	value->access = compile_blob(c, access_build(a, numbers, v6), owner);
	return value->access != 0;
}

/* Opens `port` of the front end for each protocol of the rule. */
static gboolean open_port(struct compilation *c, const struct noun *n, const struct frontend *f,
                          enum rule_protocol protocol, guint16 port, const struct esc_endpoint *value)
{
	guint32 vip = f && f->public_address ? alloc_public(c->alloc, f->public_address) : 0;
	guint8 protocols[2];
	guint count = compile_protocols(protocol, port, protocols);
	for (guint i = 0; f && f->v6 && f->public_address && i < count; i++) {
		if (!endpoint6_add(c, n, f->public_address, port, protocols[i], value))
			return FALSE;
	}
	for (guint i = 0; vip && i < count; i++) {
		struct table_endpoint row = {
		        .key = {.vip = GUINT32_TO_BE(vip), .port = GUINT16_TO_BE(port), .proto = protocols[i]},
		        .value = *value};
		if (!add_endpoint(c, n, &row))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_rules(struct compilation *c, const struct load_balancer *lb)
{
	for (guint i = 0; i < lb->rules->len; i++) {
		const struct lb_rule *r = g_ptr_array_index(lb->rules, i);
		struct esc_endpoint value = {.kind = ESC_EP_BALANCED, .distribution = distribution_of(r->distribution)};
		if (r->disabled || !r->frontend || !r->frontend->public_address)
			continue;
		gboolean v6 = r->frontend->v6;
		if ((r->pool && !choose_pool(c, r, v6, &value)) || !add_access(c, &r->noun, r->access, v6, &value))
			return FALSE;
		if (!open_port(c, &r->noun, r->frontend, r->protocol, r->frontend_port, &value))
			return FALSE;
	}
	for (guint i = 0; i < lb->nat_rules->len; i++) {
		const struct nat_rule *r = g_ptr_array_index(lb->nat_rules, i);
		if (r->disabled)
			continue;
		gboolean v6 = r->frontend && r->frontend->v6;
		const struct ip_config *target = v6 ? r->target6 : r->target;
		const struct alloc_port *p = target ? alloc_port(c->alloc, target->nic) : NULL;
		struct esc_endpoint value = {.kind = ESC_EP_BALANCED}; /* with slot 0: nobody */
		if (!add_access(c, nat_rule_access_owner(r), r->access, v6, &value))
			return FALSE;
		if (p) {
			value.kind = ESC_EP_ONE;
			value.one = backend_of(c, p);
		}
		if (!open_port(c, &r->noun, r->frontend, r->protocol, r->frontend_port, &value))
			return FALSE;
	}
	return TRUE;
}

/* --- replies to translated flows --- */

struct owners {
	guint32 public;     /* host order */
	guint ports;        /* of a block */
	GPtrArray *records; /* struct alloc_port */
	guint16 *table;
	guint blocks;
};

static void owners_begin(struct owners *o, guint32 public, guint ports)
{
	o->public = public;
	o->ports = ports;
	o->blocks = ESC_SNAT_PORTS / ports;
	o->records = g_ptr_array_new();
	o->table = g_new(guint16, o->blocks);
	for (guint i = 0; i < o->blocks; i++)
		o->table[i] = ESC_BLOB_NOBODY;
}

static void owners_add(struct owners *o, const struct alloc_port *p, guint first)
{
	guint block = (first - ESC_SNAT_FIRST) / o->ports;
	if (block >= o->blocks || o->table[block] != ESC_BLOB_NOBODY)
		return;
	o->table[block] = (guint16)o->records->len;
	g_ptr_array_add(o->records, (gpointer)p);
}

static gboolean owners_end(struct compilation *c, struct owners *o, const struct noun *n)
{
	struct table_endpoint row = {.key = {.vip = GUINT32_TO_BE(o->public), .proto = SNAT_PROTO},
	                             .value = {.kind = ESC_EP_SNAT}};
	gboolean ok = TRUE;
	if (o->records->len) {
		const guint16 head[4] = {(guint16)o->records->len, (guint16)o->blocks, (guint16)__builtin_ctz(o->ports),
		                         ESC_SNAT_FIRST};
		row.value.slot = compile_blob(c, choice_blob(c, o->records, head, o->table, 1), n);
		ok = row.value.slot != 0;
	}
	g_ptr_array_unref(o->records);
	g_free(o->table);
	return ok && add_endpoint(c, n, &row);
}

static gboolean add_shared_owners(struct compilation *c, const struct public_address *p)
{
	g_autoptr(GPtrArray) members = alloc_snat_members(p);
	struct owners o;
	owners_begin(&o, alloc_public(c->alloc, p), alloc_snat_share(p, members->len));
	for (guint i = 0; i < members->len; i++) {
		const struct ip_config *config = g_ptr_array_index(members, i);
		struct outbound out = compile_outbound(c, config);
		if (out.kind == OUTBOUND_SHARED && out.address == p)
			owners_add(&o, alloc_port(c->alloc, config->nic), out.first);
	}
	return owners_end(c, &o, &p->noun);
}

/* All ports of one host that leave by its default address; a port has one block for all its addresses. */
static gboolean add_host_owners(struct compilation *c, guint host)
{
	struct owners o;
	const struct noun fleet = {.id = (char *)"default outbound addresses"};
	owners_begin(&o, alloc_host_public(c->alloc, host), alloc_snat_ports(alloc_ports_top(c->alloc, host)));
	for (guint i = 0; i < c->graph->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(c->graph->nics, i);
		const struct alloc_port *p = alloc_port(c->alloc, nic);
		for (guint k = 0; p && p->host == host && k < nic->configs->len; k++) {
			const struct ip_config *config = g_ptr_array_index(nic->configs, k);
			struct outbound out = compile_outbound(c, config);
			if (out.kind == OUTBOUND_HOST && alloc_private(c->alloc, config))
				owners_add(&o, p, out.first);
		}
	}
	return owners_end(c, &o, &fleet);
}

/* An instance's own address, or one of a NIC that no VM has: in use, and nobody's. */
static gboolean add_own(struct compilation *c, const struct public_address *p)
{
	const struct alloc_port *port = alloc_port(c->alloc, p->config->nic);
	struct table_endpoint row = {.key = {.vip = GUINT32_TO_BE(alloc_public(c->alloc, p))}};
	if (port && alloc_private(c->alloc, p->config)) {
		row.value.kind = ESC_EP_ONE;
		row.value.one = backend_of(c, port);
	} else {
		row.key.proto = SNAT_PROTO;
		row.value.kind = ESC_EP_SNAT;
	}
	return add_endpoint(c, &p->noun, &row);
}

static gboolean add_public6(struct compilation *c, const struct public_address *p)
{
	const struct alloc_port *port = p->config ? alloc_port(c->alloc, p->config->nic) : NULL;
	struct esc_endpoint own = {.kind = ESC_EP_ONE};
	if (!p->config && !p->frontend)
		return TRUE;
	if (port)
		own.one = backend_of(c, port);
	return endpoint6_address(c, p, port ? &own : NULL);
}

gboolean compile_endpoints(struct compilation *c)
{
	for (guint i = 0; i < c->graph->load_balancers->len; i++) {
		if (!add_rules(c, g_ptr_array_index(c->graph->load_balancers, i)))
			return FALSE;
	}
	for (guint i = 0; i < c->graph->public_addresses->len; i++) {
		const struct public_address *p = g_ptr_array_index(c->graph->public_addresses, i);
		if (p->v6 && !add_public6(c, p))
			return FALSE;
		if (!alloc_public(c->alloc, p))
			continue;
		if ((p->config && !add_own(c, p)) || ((p->frontend || p->nat_gateway) && !add_shared_owners(c, p)))
			return FALSE;
	}
	for (guint h = 0; h < c->settings->hosts; h++) {
		if (!add_host_owners(c, h))
			return FALSE;
	}
	return TRUE;
}
