/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/ports.h"

#include <string.h>

#define AT(list, i) (&g_array_index(list, struct port_range, i))

GArray *ports_empty(void)
{
	return g_array_new(FALSE, FALSE, sizeof(struct port_range));
}

static void add(GArray *set, guint first, guint last)
{
	struct port_range range = {(guint16)first, (guint16)last};

	g_array_append_val(set, range);
}

GArray *ports_all(void)
{
	GArray *set = ports_empty();

	add(set, 0, 65535);
	return set;
}

static gint compare(gconstpointer a, gconstpointer b)
{
	return (gint)((const struct port_range *)a)->first - (gint)((const struct port_range *)b)->first;
}

GArray *ports_of(const GArray *ranges)
{
	GArray *set = ports_empty();
	guint n = 0;

	g_array_append_vals(set, ranges->data, ranges->len);
	g_array_sort(set, compare);
	for (guint i = 0; i < set->len; i++) {
		struct port_range r = *AT(set, i);

		if (n > 0 && r.first <= AT(set, n - 1)->last + 1u)
			AT(set, n - 1)->last = MAX(AT(set, n - 1)->last, r.last);
		else
			*AT(set, n++) = r;
	}
	g_array_set_size(set, n);
	return set;
}

GArray *ports_intersect(const GArray *a, const GArray *b)
{
	GArray *set = ports_empty();

	for (guint i = 0, k = 0; i < a->len && k < b->len;) {
		guint first = MAX(AT(a, i)->first, AT(b, k)->first), last = MIN(AT(a, i)->last, AT(b, k)->last);

		if (first <= last)
			add(set, first, last);
		if (AT(a, i)->last < AT(b, k)->last)
			i++;
		else
			k++;
	}
	return set;
}

GArray *ports_subtract(const GArray *a, const GArray *b)
{
	GArray *set = ports_empty();

	for (guint i = 0, k = 0; i < a->len; i++) {
		guint first = AT(a, i)->first;

		while (k < b->len && AT(b, k)->last < first)
			k++;
		for (guint j = k; j < b->len && AT(b, j)->first <= AT(a, i)->last; j++) {
			if (AT(b, j)->first > first)
				add(set, first, AT(b, j)->first - 1u);
			first = AT(b, j)->last + 1u;
		}
		if (first <= AT(a, i)->last)
			add(set, first, AT(a, i)->last);
	}
	return set;
}

GArray *ports_unite(const GArray *a, const GArray *b)
{
	g_autoptr(GArray) both = ports_empty();

	g_array_append_vals(both, a->data, a->len);
	g_array_append_vals(both, b->data, b->len);
	return ports_of(both);
}

gboolean ports_equal(const GArray *a, const GArray *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(struct port_range)) == 0);
}

gboolean ports_contain(const GArray *outer, const GArray *inner)
{
	g_autoptr(GArray) rest = ports_subtract(inner, outer);

	return rest->len == 0;
}
