/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/starts.h"

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
