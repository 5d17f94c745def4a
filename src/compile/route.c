/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System routes of each network: its own address space stays inside, private and special space goes nowhere, the rest
 * is the Internet. A prefix of the network that equals a special one wins; a longer one wins by being longer.
 */
#include "six.h"

static const struct {
	guint32 addr;
	guint8 length;
} nowhere[] = {
        {0x0a000000, 8},  /* 10.0.0.0 */
        {0xac100000, 12}, /* 172.16.0.0 */
        {0xc0a80000, 16}, /* 192.168.0.0 */
        {0x64400000, 10}, /* 100.64.0.0 */
        {0xa9fe0000, 16}, /* 169.254.0.0 */
        {0x7f000000, 8},  /* 127.0.0.0 */
        {0xe0000000, 3},  /* 224.0.0.0 and up: multicast, reserved, broadcast */
};

static void add_route(struct compilation *c, guint32 net, guint32 addr, guint8 length, enum esc_hop hop)
{
	struct table_route row = {.key = {.prefixlen = 32u + length, .net = net, .addr = GUINT32_TO_BE(addr)},
	                          .value = {.hop = hop}};
	g_array_append_val(c->t->routes, row);
}

/* Whether the network declares this prefix; `before`: among the first that many. */
static gboolean declares(const struct network *n, guint32 addr, guint8 length, guint before)
{
	for (guint i = 0; i < before; i++) {
		struct prefix p = g_array_index(n->prefixes, struct prefix, i);
		if (p.addr == addr && p.length == length)
			return TRUE;
	}
	return FALSE;
}

static void add_network(struct compilation *c, const struct network *n)
{
	guint32 net = alloc_vni(c->alloc, n);
	guint count = n->prefixes->len;
	for (guint i = 0; i < count; i++) {
		struct prefix p = g_array_index(n->prefixes, struct prefix, i);
		if (!declares(n, p.addr, p.length, i))
			add_route(c, net, p.addr, p.length, ESC_HOP_NETWORK);
	}
	for (guint i = 0; i < G_N_ELEMENTS(nowhere); i++) {
		if (!declares(n, nowhere[i].addr, nowhere[i].length, count))
			add_route(c, net, nowhere[i].addr, nowhere[i].length, ESC_HOP_NONE);
	}
	if (!declares(n, 0, 0, count))
		add_route(c, net, 0, 0, ESC_HOP_INTERNET);
}

gboolean compile_routes(struct compilation *c)
{
	for (guint i = 0; i < c->graph->networks->len; i++) {
		const struct network *n = g_ptr_array_index(c->graph->networks, i);
		if (g_hash_table_contains(c->networks, n))
			add_network(c, n);
		if (g_hash_table_contains(c->networks, n))
			route6_add(c, n);
	}
	return TRUE;
}
