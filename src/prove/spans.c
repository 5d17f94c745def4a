/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/spans.h"

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

static int compare(gconstpointer a, gconstpointer b)
{
	return ip6_compare(*(const struct ip6 *)a, *(const struct ip6 *)b);
}

void spans_init(struct spans *s, gboolean v6)
{
	static const struct prefix6 everything;
	struct ip6 first = v6 ? everything.addr : ip6_mapped(0);

	s->starts = g_array_new(FALSE, FALSE, sizeof(struct ip6));
	s->limit = v6 ? prefix6_last(everything) : ip6_mapped(G_MAXUINT32);
	s->v6 = v6;
	g_array_append_val(s->starts, first);
}

void spans_clear(struct spans *s)
{
	g_array_unref(s->starts);
}

void spans_add(struct spans *s, struct ip6 first, struct ip6 last)
{
	struct ip6 next = ip6_add(last, 1);

	g_array_append_val(s->starts, first);
	if (ip6_compare(last, s->limit) < 0)
		g_array_append_val(s->starts, next);
}

void spans_add_prefix(struct spans *s, struct prefix6 p)
{
	spans_add(s, p.addr, prefix6_last(p));
}

void spans_add_prefixes(struct spans *s, const GArray *prefixes, const GArray *prefixes6)
{
	const GArray *list = s->v6 ? prefixes6 : prefixes;

	for (guint i = 0; i < list->len; i++)
		spans_add_prefix(s, s->v6 ? g_array_index(list, struct prefix6, i)
		                          : prefix6_mapped(g_array_index(list, struct prefix, i)));
}

void spans_add_special(struct spans *s, const struct network *network)
{
	static const struct prefix special[] = {
	        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
	        {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0a80000, 16}, {0xe0000000, 3},
	};
	static const struct prefix6 special6[] = {
	        {{{0}}, 96}, {{{[10] = 0xff, 0xff}}, 96}, {{{0xfc}}, 7}, {{{0xfe, 0x80}}, 9}, {{{0xff}}, 8}};

	for (gsize i = 0; !s->v6 && i < G_N_ELEMENTS(special); i++)
		spans_add(s, ip6_mapped(special[i].addr), ip6_mapped(prefix_last(special[i])));
	for (gsize i = 0; s->v6 && i < G_N_ELEMENTS(special6); i++)
		spans_add(s, special6[i].addr, prefix6_last(special6[i]));
	spans_add_prefixes(s, network->prefixes, network->prefixes6);
}

void spans_add_roads(struct spans *spans, const struct subnet *s)
{
	for (guint i = 0; i < s->network->peerings->len; i++) {
		const struct peering *p = NTH(s->network->peerings, struct peering, i);

		if (!p->reverse)
			continue;
		spans_add_prefixes(spans, p->remote->prefixes, p->remote->prefixes6);
		for (guint k = 0; k < p->remote->subnets->len; k++) {
			const struct subnet *other = NTH(p->remote->subnets, struct subnet, k);

			spans_add_prefixes(spans, other->prefixes, other->prefixes6);
		}
	}
	for (guint i = 0; s->route_table && i < s->route_table->routes->len; i++) {
		const struct route *r = NTH(s->route_table->routes, struct route, i);

		if (r->v6 == spans->v6 && !r->tag)
			spans_add_prefix(spans, r->v6 ? r->prefix6 : prefix6_mapped(r->prefix));
	}
}

void spans_finish(struct spans *s)
{
	guint n = 0;

	g_array_sort(s->starts, compare);
	for (guint i = 0; i < s->starts->len; i++) {
		struct ip6 v = g_array_index(s->starts, struct ip6, i);

		if (n == 0 || !address_same(g_array_index(s->starts, struct ip6, n - 1), v))
			g_array_index(s->starts, struct ip6, n++) = v;
	}
	g_array_set_size(s->starts, n);
}

struct address_range spans_range(const struct spans *s, guint i)
{
	struct address_range r = {g_array_index(s->starts, struct ip6, i), s->limit};

	if (i + 1 < s->starts->len)
		r.last = ip6_before(g_array_index(s->starts, struct ip6, i + 1));
	return r;
}
