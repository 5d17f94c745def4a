/* SPDX-License-Identifier: Apache-2.0 */
/* How a classifier lies in its blob: sections at blocks, and the search tree of a dimension (abi/maps.h). */
#include "classes.h"
#include <string.h>

struct section {
	guint32 block;
	gsize size;
};

void layout_init(struct layout *l, gsize header)
{
	l->bytes = g_byte_array_new();
	l->sections = g_array_new(FALSE, FALSE, sizeof(struct section));
	g_byte_array_set_size(l->bytes, (guint)header);
	memset(l->bytes->data, 0, header);
}

void layout_clear(struct layout *l)
{
	g_clear_pointer(&l->bytes, g_byte_array_unref);
	g_clear_pointer(&l->sections, g_array_unref);
}

guint32 layout_add(struct layout *l, const void *data, gsize size)
{
	static const guint8 zero[sizeof(struct esc_block)];
	if (!size)
		return (guint32)(l->bytes->len / sizeof zero); /* nobody looks there */
	for (guint i = 0; i < l->sections->len; i++) {
		const struct section *s = &g_array_index(l->sections, struct section, i);
		if (s->size == size && memcmp(l->bytes->data + s->block * sizeof zero, data, size) == 0)
			return s->block;
	}
	struct section s = {(guint32)(l->bytes->len / sizeof zero), size};
	g_byte_array_append(l->bytes, data, (guint)size);
	if (size % sizeof zero)
		g_byte_array_append(l->bytes, zero, (guint)(sizeof zero - size % sizeof zero));
	g_array_append_val(l->sections, s);
	return s.block;
}

struct point point_of(const struct ip6 *a)
{
	guint64 halves[2];
	memcpy(halves, a->b, sizeof halves);
	return (struct point){GUINT64_FROM_BE(halves[0]), GUINT64_FROM_BE(halves[1])};
}

static void add_start(GByteArray *tree, const struct point *p, gboolean wide)
{
	guint32 narrow = (guint32)p->low;
	if (wide)
		g_byte_array_append(tree, (const guint8 *)p, sizeof *p);
	else
		g_byte_array_append(tree, (const guint8 *)&narrow, sizeof narrow);
}

static GByteArray *search_tree(const GArray *starts, gboolean wide)
{
	static const guint8 ones[] = {0xff, 0xff, 0xff, 0xff};
	GByteArray *tree = g_byte_array_new();
	guint step = wide ? 2 : 4, shift = 0;
	while ((starts->len - 1) >> shift >> step)
		shift += step;
	for (;; shift -= step) {
		for (gsize i = 0; i < starts->len && starts->len > 1; i += (gsize)1 << shift)
			add_start(tree, &g_array_index(starts, struct point, i), wide);
		while (tree->len % sizeof(struct esc_block))
			g_byte_array_append(tree, ones, sizeof ones);
		if (!shift)
			return tree;
	}
}

guint32 layout_tree(struct layout *l, const GArray *starts, gboolean wide)
{
	g_autoptr(GByteArray) tree = search_tree(starts, wide);
	return layout_add(l, tree->data, tree->len);
}

void dimension_lay(const struct dimension *d, struct layout *l, gboolean wide, struct esc_policy_dim *out)
{
	out->count = d->starts->len;
	out->starts = layout_tree(l, d->starts, wide);
	out->classes = layout_add(l, d->classes->data, d->classes->len * sizeof(guint16));
	out->rows = layout_add(l, intern_value(d->rows, 0), (gsize)d->rows->count * d->rows->width * 8);
	out->lines = layout_add(l, intern_value(d->lines, 0), (gsize)d->lines->count * d->lines->width * 8);
}
