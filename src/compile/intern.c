/* SPDX-License-Identifier: Apache-2.0 */
/* An open-addressing hash table over an array of values: at most half full, doubled when it gets there. */
#include "intern.h"
#include <string.h>

struct intern *intern_new(guint width, guint limit)
{
	struct intern *t = g_new0(struct intern, 1);
	t->width = width;
	t->limit = limit;
	t->values = g_array_new(FALSE, FALSE, sizeof(guint64));
	t->mask = 15;
	t->slots = g_new0(guint32, t->mask + 1);
	t->hashes = g_new0(guint64, t->mask + 1);
	return t;
}

void intern_free(struct intern *t)
{
	if (!t)
		return;
	g_array_unref(t->values);
	g_free(t->slots);
	g_free(t->hashes);
	g_free(t);
}

static guint64 hash_value(const guint64 *value, guint width)
{
	guint64 h = 0x9e3779b97f4a7c15ull;
	for (guint i = 0; i < width; i++) {
		h = (h ^ value[i]) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	return h;
}

static void grow(struct intern *t)
{
	guint old = t->mask + 1, mask = 2 * old - 1;
	guint32 *slots = g_new0(guint32, (gsize)mask + 1);
	guint64 *hashes = g_new0(guint64, (gsize)mask + 1);
	for (guint i = 0; i < old; i++) {
		if (!t->slots[i])
			continue;
		guint at = (guint)t->hashes[i] & mask;
		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = t->slots[i];
		hashes[at] = t->hashes[i];
	}
	g_free(t->slots);
	g_free(t->hashes);
	t->slots = slots;
	t->hashes = hashes;
	t->mask = mask;
}

guint intern_add(struct intern *t, const guint64 *value)
{
	guint64 hash = hash_value(value, t->width);
	guint at = (guint)hash & t->mask;
	for (; t->slots[at]; at = (at + 1) & t->mask) {
		guint number = t->slots[at] - 1;
		if (t->hashes[at] == hash && memcmp(intern_value(t, number), value, t->width * sizeof(guint64)) == 0)
			return number;
	}
	if (t->count == t->limit)
		return INTERN_FULL;
	g_array_append_vals(t->values, value, t->width);
	t->slots[at] = t->count + 1;
	t->hashes[at] = hash;
	t->count++;
	if (2 * t->count > t->mask)
		grow(t);
	return t->count - 1;
}
