/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/starts.h"

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

static int compare_u32(gconstpointer a, gconstpointer b)
{
	guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

	return (x > y) - (x < y);
}

GArray *starts_new(void)
{
	GArray *starts = g_array_new(FALSE, FALSE, sizeof(guint32));
	guint32 zero = 0;

	return g_array_append_val(starts, zero);
}

void starts_add(GArray *starts, guint32 first, guint32 last, guint32 limit)
{
	g_array_append_val(starts, first);
	if (last < limit) {
		guint32 next = last + 1;

		g_array_append_val(starts, next);
	}
}

void starts_finish(GArray *starts)
{
	guint n = 0;

	g_array_sort(starts, compare_u32);
	for (guint i = 0; i < starts->len; i++) {
		guint32 v = g_array_index(starts, guint32, i);

		if (n == 0 || g_array_index(starts, guint32, n - 1) != v)
			g_array_index(starts, guint32, n++) = v;
	}
	g_array_set_size(starts, n);
}

guint32 starts_last(const GArray *starts, guint i, guint32 limit)
{
	return i + 1 < starts->len ? g_array_index(starts, guint32, i + 1) - 1 : limit;
}

void starts_add_prefixes(GArray *starts, const GArray *prefixes)
{
	for (guint i = 0; i < prefixes->len; i++) {
		struct prefix p = g_array_index(prefixes, struct prefix, i);

		starts_add(starts, p.addr, prefix_last(p), G_MAXUINT32);
	}
}

void starts_add_special(GArray *starts, const struct network *network)
{
	static const struct prefix special[] = {
	        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
	        {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0a80000, 16}, {0xe0000000, 3},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(special); i++)
		starts_add(starts, special[i].addr, prefix_last(special[i]), G_MAXUINT32);
	starts_add_prefixes(starts, network->prefixes);
}

void starts_add_roads(GArray *starts, const struct subnet *s)
{
	for (guint i = 0; i < s->network->peerings->len; i++) {
		const struct peering *p = NTH(s->network->peerings, struct peering, i);

		if (!p->reverse)
			continue;
		starts_add_prefixes(starts, p->remote->prefixes);
		for (guint k = 0; k < p->remote->subnets->len; k++)
			starts_add_prefixes(starts, NTH(p->remote->subnets, struct subnet, k)->prefixes);
	}
	for (guint i = 0; s->route_table && i < s->route_table->routes->len; i++) {
		const struct route *r = NTH(s->route_table->routes, struct route, i);

		if (!r->v6 && !r->tag)
			starts_add(starts, r->prefix.addr, prefix_last(r->prefix), G_MAXUINT32);
	}
}
