/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 system routes of each network, as route.c has those of IPv4. */
#include "six.h"

/* Unique local space outside the network, link-local and site-local, multicast, and IPv4 in IPv6 clothes, loopback and
 * the unspecified address with it. */
static const struct prefix6 nowhere[] = {
        {{{0xfc}}, 7}, {{{0xfe, 0x80}}, 9}, {{{0xff}}, 8}, {{{0}}, 96}, {{{[10] = 0xff, 0xff}}, 96},
};

static void add_route(struct compilation *c, guint32 net, struct prefix6 p, enum esc_hop hop)
{
	struct table_route6 row = {.key = {.prefixlen = 32u + p.length, .net = net, .addr = six_words(p.addr)},
	                           .value = {.hop = hop}};

	g_array_append_val(c->t->routes6, row);
}

static gboolean declares(const struct network *n, struct prefix6 p, guint before)
{
	for (guint i = 0; i < before; i++) {
		struct prefix6 own = g_array_index(n->prefixes6, struct prefix6, i);

		if (own.length == p.length && ip6_compare(own.addr, p.addr) == 0)
			return TRUE;
	}
	return FALSE;
}

void route6_add(struct compilation *c, const struct network *n)
{
	static const struct prefix6 all;
	guint32 net = alloc_vni(c->alloc, n);
	guint count = n->prefixes6->len;

	for (guint i = 0; i < count; i++) {
		struct prefix6 p = g_array_index(n->prefixes6, struct prefix6, i);

		if (!declares(n, p, i))
			add_route(c, net, p, ESC_HOP_NETWORK);
	}
	for (guint i = 0; i < G_N_ELEMENTS(nowhere); i++)
		if (!declares(n, nowhere[i], count))
			add_route(c, net, nowhere[i], ESC_HOP_NONE);
	add_route(c, net, all, ESC_HOP_INTERNET);
}
