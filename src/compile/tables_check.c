/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold inside tables before anybody believes them: order, references, and blobs that lead nowhere outside. */
#include "tables_format.h"
#include "compile/access.h"
#include "compile/policy.h"
#include "lib/node.h"
#include <string.h>

#define PORT_FLAGS (ESC_PORT_ACTIVE | ESC_PORT_TAP | ESC_PORT_FORWARD | ESC_PORT_ROUTED)

struct check {
	const struct tables *t;
	guint8 ports[ESC_MAX_PORTS]; /* 1: there is a port of this number */
	GError **error;
};

static gboolean wrong(struct check *c, const char *part, const char *what)
{
	g_set_error(c->error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, "tables: %s: %s", part, what);
	return FALSE;
}

static gboolean check_port(struct check *c, const struct table_port *p, guint32 before)
{
	if (p->number <= before || p->number >= ESC_MAX_PORTS)
		return wrong(c, "ports", "numbers are out of order or out of bounds");
	if (p->port.addr_count < 1 || p->port.addr_count > ESC_PORT_ADDRS || p->port.ifindex)
		return wrong(c, "ports", "a port has no address or too many");
	if (p->port6.addr_count > ESC_PORT_ADDRS || p->port6.pad)
		return wrong(c, "ports", "a port has too many IPv6 addresses");
	if (!(p->port.flags & ESC_PORT_ACTIVE) || p->port.flags & ~PORT_FLAGS)
		return wrong(c, "ports", "a port has unknown flags");
	if (!p->port.net || p->port.net >= ESC_VNI_EDGE_ASK)
		return wrong(c, "ports", "a port is in no network");
	if (p->blob > c->t->blobs->len)
		return wrong(c, "ports", "a policy is not among the blobs");
	c->ports[p->number] = 1;
	return TRUE;
}

static gboolean check_policies(struct check *c)
{
	g_autofree guint8 *seen = g_new0(guint8, c->t->blobs->len + 1);
	for (guint i = 0; i < c->t->ports->len; i++) {
		const struct table_port *p = g_ptr_array_index(c->t->ports, i);
		gsize size;
		if (!p->blob || seen[p->blob])
			continue;
		seen[p->blob] = 1;
		const guint16 *words = g_bytes_get_data(g_ptr_array_index(c->t->blobs, p->blob - 1), &size);
		if (!policy_check(words, size / sizeof(guint16)))
			return wrong(c, "blobs", "a policy leads outside itself");
	}
	return TRUE;
}

static gboolean check_sorted(struct check *c, guint array)
{
	const struct tables_array_form *form = &tables_arrays[array];
	const GArray *a = *tables_array(c->t, array);
	for (guint i = 1; i < a->len; i++) {
		const char *x = a->data + (gsize)(i - 1) * form->size;
		if (memcmp(x, x + form->size, form->key) >= 0)
			return wrong(c, form->name, "keys are out of order");
	}
	return TRUE;
}

/* Records and indices of a Maglev table or of a list of port block owners: the layout is in abi/maps.h. */
static gboolean check_choice(GBytes *blob, gboolean owners)
{
	gsize size;
	const guint16 *w = g_bytes_get_data(blob, &size);
	guint64 n = w[0], m = w[1], table = 32ull * (1 + (n + 1) / 2);
	guint64 cells = owners ? m : (1 + (guint64)w[2]) * m;
	if (!n || n > 4095 || !m || (table + cells) * sizeof(guint16) > size)
		return FALSE;
	if (!owners && w[2] >= ESC_BLOB_TABLES)
		return FALSE;
	if (owners && (w[2] > 15 || w[3] != ESC_SNAT_FIRST || (m << w[2]) > ESC_SNAT_PORTS))
		return FALSE;
	for (guint i = 0; i < n; i++) {
		struct esc_backend b;
		memcpy(&b, w + ESC_BLOCK_WORDS + 16 * (gsize)i, sizeof b);
		if (!b.port || b.port >= ESC_MAX_PORTS || b.ask)
			return FALSE;
	}
	for (guint64 i = 0; i < cells; i++) {
		if (w[table + i] >= n && w[table + i] != ESC_BLOB_NOBODY)
			return FALSE;
	}
	return TRUE;
}

static gboolean access_good(const struct check *c, const struct esc_endpoint *e, gboolean wide)
{
	gsize size;
	if (!e->access)
		return TRUE;
	if (e->access > c->t->blobs->len || e->kind == ESC_EP_SNAT)
		return FALSE;
	const guint16 *words = g_bytes_get_data(g_ptr_array_index(c->t->blobs, e->access - 1), &size);
	return access_check(words, size / sizeof(guint16), wide);
}

/* `seen`: two bytes for each blob, 1 where it is known to be right as a Maglev table, as a list of owners. */
static gboolean check_endpoint(struct check *c, const struct esc_endpoint *e, guint8 *seen, gboolean wide)
{
	if (e->kind < ESC_EP_ONE || e->kind > ESC_EP_SNAT || e->distribution > ESC_DIST_SOURCE_PROTO || e->pad ||
	    e->pad2)
		return wrong(c, "endpoints", "unknown kind or distribution");
	if (e->slot > c->t->blobs->len || (e->kind == ESC_EP_ONE && e->slot))
		return wrong(c, "endpoints", "a table of back ends is not among the blobs");
	if (e->one.port >= ESC_MAX_PORTS || (e->kind == ESC_EP_ONE) != (e->one.port != 0) || e->one.ask)
		return wrong(c, "endpoints", "a back end is out of bounds");
	if (!access_good(c, e, wide))
		return wrong(c, "endpoints", "an access list leads outside itself");
	gboolean owners = e->kind == ESC_EP_SNAT;
	guint8 *done = &seen[2 * (gsize)e->slot + (guint)owners];
	if (e->slot && !*done && !check_choice(g_ptr_array_index(c->t->blobs, e->slot - 1), owners))
		return wrong(c, "endpoints", "a table of back ends leads outside itself");
	*done = 1;
	return TRUE;
}

static gboolean check_endpoints(struct check *c)
{
	g_autofree guint8 *seen = g_new0(guint8, 2 * ((gsize)c->t->blobs->len + 1));
	for (guint i = 0; i < c->t->endpoints->len; i++) {
		if (!check_endpoint(c, &g_array_index(c->t->endpoints, struct table_endpoint, i).value, seen, FALSE))
			return FALSE;
	}
	for (guint i = 0; i < c->t->endpoints6->len; i++) {
		const struct esc_endpoint *e = &g_array_index(c->t->endpoints6, struct table_endpoint6, i).value;
		if (e->kind == ESC_EP_SNAT && e->slot)
			return wrong(c, "endpoints", "IPv6 addresses have no owners of ports");
		if (!check_endpoint(c, e, seen, TRUE))
			return FALSE;
	}
	return TRUE;
}

static gboolean is_port(const struct check *c, guint32 number)
{
	return number < ESC_MAX_PORTS && c->ports[number];
}

static gboolean is_addr(const struct check *c, const struct esc_addr *a)
{
	return a->port && a->port < ESC_MAX_PORTS && !a->pad && !(a->flags & ~ESC_ADDR_FORWARD) &&
	       (a->host || is_port(c, a->port));
}

static gboolean is_route(guint16 hop, guint16 flags, guint32 net)
{
	return hop <= ESC_HOP_GATEWAY && !(flags & ~(ESC_BORDER_OUT | ESC_BORDER_IN)) && net < ESC_VNI_EDGE_ASK;
}

static gboolean check_references(struct check *c)
{
	const struct tables *t = c->t;
	for (guint i = 0; i < t->addrs->len; i++) {
		const struct esc_addr *a = &g_array_index(t->addrs, struct table_addr, i).value;
		if (!is_addr(c, a))
			return wrong(c, "addresses", "an address leads to no port");
	}
	for (guint i = 0; i < t->routes->len; i++) {
		const struct table_route *r = &g_array_index(t->routes, struct table_route, i);
		if (r->key.prefixlen < 32 || r->key.prefixlen > 64 ||
		    !is_route(r->value.hop, r->value.flags, r->value.net))
			return wrong(c, "routes", "a prefix or a next hop is out of bounds");
	}
	for (guint i = 0; i < t->macs->len; i++) {
		if (!is_port(c, g_array_index(t->macs, struct table_mac, i).value))
			return wrong(c, "macs", "a MAC leads to no port");
	}
	for (guint i = 0; i < t->peers->len; i++) {
		if (g_array_index(t->peers, struct table_peer, i).value & ~(guint32)(ESC_PEER_HOST | ESC_PEER_EDGE))
			return wrong(c, "peers", "unknown flags");
	}
	for (guint i = 0; i < t->dnat->len; i++) {
		const struct table_dnat *d = &g_array_index(t->dnat, struct table_dnat, i);
		if (!is_port(c, d->key.port) || d->value.flags & ~ESC_DNAT_STANDARD || d->key.pad || d->value.pad)
			return wrong(c, "dnat", "an entry is of no port, or has unknown flags");
	}
	for (guint i = 0; i < t->snat->len; i++) {
		const struct table_snat *s = &g_array_index(t->snat, struct table_snat, i);
		guint32 last = (guint32)s->value.first + s->value.count;
		if (!is_port(c, s->key.port) || s->value.count & (s->value.count - 1) || last > 65536)
			return wrong(c, "snat", "an entry is of no port, or its range is out of bounds");
	}
	return TRUE;
}

static gboolean check_references6(struct check *c)
{
	const struct tables *t = c->t;
	for (guint i = 0; i < t->addrs6->len; i++) {
		const struct esc_addr *a = &g_array_index(t->addrs6, struct table_addr6, i).value;
		if (!is_addr(c, a))
			return wrong(c, "IPv6 addresses", "an address leads to no port");
	}
	for (guint i = 0; i < t->routes6->len; i++) {
		const struct table_route6 *r = &g_array_index(t->routes6, struct table_route6, i);
		if (r->key.prefixlen < 32 || r->key.prefixlen > 160 ||
		    !is_route(r->value.hop, r->value.flags, r->value.net))
			return wrong(c, "IPv6 routes", "a prefix or a next hop is out of bounds");
	}
	for (guint i = 0; i < t->dnat6->len; i++) {
		const struct table_dnat6 *d = &g_array_index(t->dnat6, struct table_dnat6, i);
		if (!is_port(c, d->key.port) || d->value.flags & ~ESC_DNAT_STANDARD || d->key.pad || d->value.pad)
			return wrong(c, "IPv6 dnat", "an entry is of no port, or has unknown flags");
	}
	for (guint i = 0; i < t->snat6->len; i++) {
		if (!is_port(c, g_array_index(t->snat6, struct table_snat6, i).key.port))
			return wrong(c, "IPv6 snat", "an entry is of no port");
	}
	return TRUE;
}

/* The path goes into a request line, so nothing in it may end that. */
static gboolean path_good(const char *path)
{
	for (const char *c = path; *c; c++) {
		if (*c <= ' ' || *c == 0x7f)
			return FALSE;
	}
	return TRUE;
}

static gboolean check_probes(struct check *c)
{
	for (guint i = 0; i < c->t->probes->len; i++) {
		const struct table_probe *p = g_ptr_array_index(c->t->probes, i);
		if (!is_port(c, p->port) || p->index >= ESC_PORT_ADDRS || p->protocol > PROBE_HTTPS)
			return wrong(c, "probes", "one is of no port, or of an unknown protocol");
		if (!p->service || !p->interval || !p->threshold || !*p->id || !*p->nic)
			return wrong(c, "probes", "one has no service, no interval, no threshold or no name");
		if ((p->protocol == PROBE_TCP) != !*p->path || (*p->path && !path_good(p->path)))
			return wrong(c, "probes", "a path is missing, or has what no request line has");
	}
	return TRUE;
}

gboolean tables_check(const struct tables *t, GError **error)
{
	struct check c = {.t = t, .error = error};
	guint32 before = 0;
	if (!t->self.ring_size || t->self.ring_size & (t->self.ring_size - 1))
		return wrong(&c, "self", "the flow ring is not a power of two");
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = g_ptr_array_index(t->ports, i);
		if (!check_port(&c, p, before))
			return FALSE;
		before = p->number;
	}
	before = 0;
	for (guint i = 0; i < t->rules->len; i++) {
		const struct table_rule *r = g_ptr_array_index(t->rules, i);
		if (r->number <= before)
			return wrong(&c, "rules", "numbers are out of order");
		before = r->number;
	}
	for (guint i = 0; i < FORMAT_ARRAYS; i++) {
		if (!check_sorted(&c, i))
			return FALSE;
	}
	return check_policies(&c) && check_endpoints(&c) && check_references(&c) && check_references6(&c) &&
	       check_probes(&c);
}
