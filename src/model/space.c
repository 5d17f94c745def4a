/* SPDX-License-Identifier: Apache-2.0 */
/* Spaces: prefixes of both families in one list. */
#include "model/network.h"

#include <string.h>

void space_add(GArray *space, const GArray *prefixes, const GArray *prefixes6)
{
	for (guint i = 0; i < prefixes->len; i++) {
		struct prefix6 p = prefix6_mapped(g_array_index(prefixes, struct prefix, i));

		g_array_append_val(space, p);
	}
	g_array_append_vals(space, prefixes6->data, prefixes6->len);
}

char *space_text(struct prefix6 p)
{
	struct prefix6 mapped = prefix6_mapped((struct prefix){0});
	struct prefix v4 = {.length = (guint8)(p.length - mapped.length)};

	if (!prefix6_contains(mapped, p))
		return prefix6_format(p);
	for (guint i = 12; i < sizeof p.addr.b; i++)
		v4.addr = v4.addr << 8 | p.addr.b[i];
	return prefix_format(v4);
}

gboolean space_contains(const GArray *space, struct prefix6 p)
{
	for (guint i = 0; i < space->len; i++)
		if (prefix6_contains(g_array_index(space, struct prefix6, i), p))
			return TRUE;
	return FALSE;
}

gint space_compare(gconstpointer a, gconstpointer b)
{
	const struct prefix6 *x = a, *y = b;
	gint c = ip6_compare(x->addr, y->addr);

	return c ? c : (gint)x->length - (gint)y->length;
}

/* Both walk up in order: what ends before the other begins can meet nothing that follows. */
gboolean space_overlap(GArray *a, GArray *b, struct prefix6 *of_a, struct prefix6 *of_b)
{
	guint i = 0, k = 0;

	g_array_sort(a, space_compare);
	g_array_sort(b, space_compare);
	while (i < a->len && k < b->len) {
		*of_a = g_array_index(a, struct prefix6, i);
		*of_b = g_array_index(b, struct prefix6, k);
		if (prefix6_overlap(*of_a, *of_b))
			return TRUE;
		if (ip6_compare(of_a->addr, of_b->addr) < 0)
			i++;
		else
			k++;
	}
	return FALSE;
}
