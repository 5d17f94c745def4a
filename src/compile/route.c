/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes: what a subnet's packets meet, as tables of prefixes in which the longest wins.
 *
 * Of one prefix the user's route comes first and hides the system's. System routes are: the network's own address
 * space, and those of its peers (space.h), each to the network where the address lives; private and special space,
 * nowhere; the rest, the Internet. A user's route may lead to an appliance, whose address must be in the network or a
 * peer of it; to the Internet, the gateway, the network itself or nowhere.
 *
 * A port has two tables: the one that its packets take, and its `space`, the system routes alone, by which the data
 * path tells in which network a source lives. For most subnets the two are one.
 *
 * Subnets with equal tables share them, so memory grows with tables that differ. A table's number is a digest of its
 * content: the same routes have the same number in every compilation, and a number never changes its meaning under a
 * port that has it. Two contents of one host with the same digest get numbers in a row.
 *
 * Both families stand in one table, so that a port has one number: their rows go to maps of their own.
 */
#include "six.h"
#include "space.h"
#include <string.h>

static const struct prefix nowhere[] = {
        {0x0a000000, 8},  /* 10.0.0.0 */
        {0xac100000, 12}, /* 172.16.0.0 */
        {0xc0a80000, 16}, /* 192.168.0.0 */
        {0x64400000, 10}, /* 100.64.0.0 */
        {0xa9fe0000, 16}, /* 169.254.0.0 */
        {0x7f000000, 8},  /* 127.0.0.0 */
        {0xe0000000, 3},  /* 224.0.0.0 and up: multicast, reserved, broadcast */
};

/* Unique local space outside the network, link-local and site-local, multicast, and IPv4 in IPv6 clothes, loopback and
 * the unspecified address with it. */
static const struct prefix6 nowhere6[] = {
        {{{0xfc}}, 7}, {{{0xfe, 0x80}}, 9}, {{{0xff}}, 8}, {{{0}}, 96}, {{{[10] = 0xff, 0xff}}, 96},
};

struct builder {
	struct compilation *c;
	const struct subnet *subnet;
	GPtrArray *peers;         /* struct peer_space */
	GArray *rows, *rows6;     /* struct table_route, struct table_route6: of table 0 */
	GHashTable *seen, *seen6; /* prefixes that have a route */
};

static guint prefix_hash(gconstpointer p)
{
	const struct prefix *x = p;
	return (x->addr + x->length) * 2654435761u;
}

static gboolean prefix_same(gconstpointer a, gconstpointer b)
{
	const struct prefix *x = a, *y = b;
	return x->addr == y->addr && x->length == y->length;
}

static guint prefix6_hash(gconstpointer p)
{
	const struct prefix6 *x = p;
	guint32 w[4];
	memcpy(w, x->addr.b, sizeof w);
	return ((w[0] ^ w[2]) * 2654435761u ^ w[1] ^ w[3]) + x->length;
}

static gboolean prefix6_same(gconstpointer a, gconstpointer b)
{
	const struct prefix6 *x = a, *y = b;
	return x->length == y->length && ip6_compare(x->addr, y->addr) == 0;
}

/* Unless a better one has the prefix. */
static void add4(struct builder *b, struct prefix p, struct esc_route value)
{
	struct table_route row = {.key = {.prefixlen = 32u + p.length, .addr = GUINT32_TO_BE(p.addr)}, .value = value};
	if (!g_hash_table_contains(b->seen, &p)) {
		g_hash_table_add(b->seen, g_memdup2(&p, sizeof p));
		g_array_append_val(b->rows, row);
	}
}

static void add6(struct builder *b, struct prefix6 p, struct esc_route value, struct esc_ip6 via)
{
	struct table_route6 row = {.key = {.prefixlen = 32u + p.length, .addr = six_words(p.addr)},
	                           .value = {value.hop, value.flags, value.net, via}};
	if (!g_hash_table_contains(b->seen6, &p)) {
		g_hash_table_add(b->seen6, g_memdup2(&p, sizeof p));
		g_array_append_val(b->rows6, row);
	}
}

static void add_all(struct builder *b, const GArray *prefixes, const GArray *prefixes6, struct esc_route value)
{
	for (guint i = 0; i < prefixes->len; i++)
		add4(b, g_array_index(prefixes, struct prefix, i), value);
	for (guint i = 0; i < prefixes6->len; i++)
		add6(b, g_array_index(prefixes6, struct prefix6, i), value, (struct esc_ip6){{0}});
}

static struct esc_route to_own(const struct builder *b)
{
	return (struct esc_route){.hop = ESC_HOP_NETWORK,
	                          .flags = ESC_BORDER_OUT | ESC_BORDER_IN,
	                          .net = alloc_vni(b->c->alloc, b->subnet->network)};
}

static struct esc_route to_peer(const struct builder *b, const struct peering *p)
{
	return (struct esc_route){.hop = ESC_HOP_NETWORK,
	                          .flags = (p->reverse->forwarded ? ESC_BORDER_OUT : 0) |
	                                   (p->forwarded ? ESC_BORDER_IN : 0),
	                          .net = alloc_vni(b->c->alloc, p->remote)};
}

static gboolean has(const GArray *prefixes, guint32 addr)
{
	for (guint i = 0; i < prefixes->len; i++) {
		if (prefix_has(g_array_index(prefixes, struct prefix, i), addr))
			return TRUE;
	}
	return FALSE;
}

static gboolean has6(const GArray *prefixes, struct ip6 addr)
{
	for (guint i = 0; i < prefixes->len; i++) {
		if (prefix6_has(g_array_index(prefixes, struct prefix6, i), addr))
			return TRUE;
	}
	return FALSE;
}

/* Networks that are peers are apart, so the appliance lives in one of them at most. Of several the first is taken. */
static struct esc_route to_appliance(const struct builder *b, const struct route *r, struct esc_ip6 *via6)
{
	const struct network *n = b->subnet->network;
	struct esc_route out = {.hop = ESC_HOP_NONE};
	guint32 via = r->addresses->len ? g_array_index(r->addresses, guint32, 0) : 0;
	struct ip6 six = r->addresses6->len ? g_array_index(r->addresses6, struct ip6, 0) : (struct ip6){{0}};
	if (r->v6 ? has6(n->prefixes6, six) : has(n->prefixes, via))
		out = to_own(b);
	for (guint i = 0; i < b->peers->len; i++) {
		const struct peer_space *p = g_ptr_array_index(b->peers, i);
		if (r->v6 ? has6(p->prefixes6, six) : has(p->prefixes, via))
			out = to_peer(b, p->peering);
	}
	out.hop = ESC_HOP_APPLIANCE;
	out.via = GUINT32_TO_BE(via);
	*via6 = six_words(six);
	return out;
}

static void add_user(struct builder *b, const struct route *r)
{
	static const guint16 hops[] = {[HOP_GATEWAY] = ESC_HOP_GATEWAY,
	                               [HOP_INTERNET] = ESC_HOP_INTERNET,
	                               [HOP_NONE] = ESC_HOP_NONE,
	                               [HOP_NETWORK] = ESC_HOP_NETWORK,
	                               [HOP_APPLIANCE] = ESC_HOP_APPLIANCE};
	struct esc_route value = {.hop = hops[r->hop]};
	struct esc_ip6 via = {{0}};
	if (r->hop == HOP_NETWORK)
		value = to_own(b);
	if (r->hop == HOP_APPLIANCE)
		value = to_appliance(b, r, &via);
	if (r->v6)
		add6(b, r->prefix6, value, via);
	else
		add4(b, r->prefix, value);
}

static void add_system(struct builder *b, gboolean peers)
{
	const struct network *n = b->subnet->network;
	const struct esc_route none = {.hop = ESC_HOP_NONE}, internet = {.hop = ESC_HOP_INTERNET};
	const struct esc_ip6 no_via = {{0}};
	add_all(b, n->prefixes, n->prefixes6, to_own(b));
	for (guint i = 0; peers && i < b->peers->len; i++) {
		const struct peer_space *p = g_ptr_array_index(b->peers, i);
		add_all(b, p->prefixes, p->prefixes6, to_peer(b, p->peering));
	}
	for (guint i = 0; i < G_N_ELEMENTS(nowhere); i++)
		add4(b, nowhere[i], none);
	for (guint i = 0; i < G_N_ELEMENTS(nowhere6); i++)
		add6(b, nowhere6[i], none, no_via);
	add4(b, (struct prefix){0, 0}, internet);
	add6(b, (struct prefix6){{{0}}, 0}, internet, no_via);
}

static int compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct esc_route_key));
}

static int compare_rows6(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct esc_route_key6));
}

/* The rows as one piece: both families, in order. */
static GBytes *content_of(struct builder *b)
{
	GByteArray *bytes = g_byte_array_new();
	g_array_sort(b->rows, compare_rows);
	g_array_sort(b->rows6, compare_rows6);
	g_byte_array_append(bytes, (const guint8 *)b->rows->data, b->rows->len * sizeof(struct table_route));
	g_byte_array_append(bytes, (const guint8 *)b->rows6->data, b->rows6->len * sizeof(struct table_route6));
	return g_byte_array_free_to_bytes(bytes);
}

static guint32 digest(GBytes *content)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 bytes[32];
	gsize size, length = sizeof bytes;
	const guint8 *data = g_bytes_get_data(content, &size);
	guint32 number;
	g_checksum_update(sum, data, (gssize)size);
	g_checksum_get_digest(sum, bytes, &length);
	memcpy(&number, bytes, sizeof number);
	return number;
}

static void append_table(struct builder *b, guint32 number)
{
	for (guint i = 0; i < b->rows->len; i++)
		g_array_index(b->rows, struct table_route, i).key.table = number;
	for (guint i = 0; i < b->rows6->len; i++)
		g_array_index(b->rows6, struct table_route6, i).key.table = number;
	g_array_append_vals(b->c->t->routes, b->rows->data, b->rows->len);
	g_array_append_vals(b->c->t->routes6, b->rows6->data, b->rows6->len);
}

/* The number of the table with these rows: that of an equal one, or a new one. */
static guint32 number_of(struct builder *b)
{
	struct compilation *c = b->c;
	g_autoptr(GBytes) content = content_of(b);
	guint32 number = GPOINTER_TO_UINT(g_hash_table_lookup(c->route_tables, content));
	if (number)
		return number;
	number = digest(content);
	while (!number || g_hash_table_contains(c->route_numbers, GUINT_TO_POINTER(number)))
		number++;
	append_table(b, number);
	g_hash_table_insert(c->route_tables, g_steal_pointer(&content), GUINT_TO_POINTER(number));
	g_hash_table_add(c->route_numbers, GUINT_TO_POINTER(number));
	return number;
}

static guint32 build(struct compilation *c, const struct subnet *s, GPtrArray *peers, const struct route_table *user)
{
	struct builder b = {.c = c, .subnet = s, .peers = peers};
	b.rows = g_array_new(FALSE, TRUE, sizeof(struct table_route));
	b.rows6 = g_array_new(FALSE, TRUE, sizeof(struct table_route6));
	b.seen = g_hash_table_new_full(prefix_hash, prefix_same, g_free, NULL);
	b.seen6 = g_hash_table_new_full(prefix6_hash, prefix6_same, g_free, NULL);
	for (guint i = 0; user && i < user->routes->len; i++) {
		const struct route *r = g_ptr_array_index(user->routes, i);
		if (!r->tag)
			add_user(&b, r);
	}
	add_system(&b, !user || !user->no_peering_routes);
	guint32 number = number_of(&b);
	g_array_unref(b.rows);
	g_array_unref(b.rows6);
	g_hash_table_unref(b.seen);
	g_hash_table_unref(b.seen6);
	return number;
}

/* Both tables of a subnet; the same two for each of its ports. */
struct pair {
	guint32 table, space;
};

static struct pair *pair_of(struct compilation *c, const struct subnet *s)
{
	g_autoptr(GPtrArray) peers = space_peers(s);
	struct pair *pair = g_new0(struct pair, 1);
	pair->space = build(c, s, peers, NULL);
	pair->table = s->route_table ? build(c, s, peers, s->route_table) : pair->space;
	return pair;
}

gboolean compile_routes(struct compilation *c)
{
	g_autoptr(GHashTable) pairs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	for (guint i = 0; i < c->nics->len; i++) {
		const struct subnet *s = compile_primary(g_ptr_array_index(c->nics, i))->subnet;
		struct esc_port *port = &((struct table_port *)g_ptr_array_index(c->t->ports, i))->port;
		struct pair *pair = g_hash_table_lookup(pairs, s);
		if (!pair) {
			pair = pair_of(c, s);
			g_hash_table_insert(pairs, (gpointer)s, pair);
		}
		port->table = pair->table;
		port->space = pair->space;
		if (pair->table != pair->space)
			port->flags |= ESC_PORT_ROUTED;
	}
	return TRUE;
}
