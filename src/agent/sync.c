/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sync.h"
#include "lab/error.h"

#include <errno.h>
#include <string.h>

void sync_init(struct sync *s, const char *name, const struct sync_ops *ops, void *map, guint key_size,
               guint value_size, guint capacity)
{
	*s = (struct sync){.name = name,
	                   .ops = ops,
	                   .map = map,
	                   .key_size = key_size,
	                   .value_size = value_size,
	                   .capacity = capacity,
	                   .held = g_byte_array_new()};
}

void sync_clear(struct sync *s)
{
	if (s->held)
		g_byte_array_unref(s->held);
	s->held = NULL;
}

static guint record_size(const struct sync *s)
{
	return s->key_size + s->value_size;
}

guint sync_count(const struct sync *s)
{
	return s->held->len / record_size(s);
}

static int compare_keys(gconstpointer a, gconstpointer b, gpointer size)
{
	return memcmp(a, b, GPOINTER_TO_UINT(size));
}

gboolean sync_read_back(struct sync *s, GError **error)
{
	guint size = record_size(s);
	g_autofree guint8 *record = g_malloc0(size);
	g_autofree guint8 *key = g_malloc0(s->key_size);
	gboolean first = TRUE;
	int e;

	g_byte_array_set_size(s->held, 0);
	while ((e = s->ops->next(s->map, first ? NULL : key, record, record + s->key_size)) == 0) {
		/* Nobody but us writes, so the walk ends; a map that grows under us is not ours. */
		if (sync_count(s) >= s->capacity)
			return lab_fail(error, "map %s holds more than its capacity", s->name);
		g_byte_array_append(s->held, record, size);
		memcpy(key, record, s->key_size);
		first = FALSE;
	}
	if (e != -ENOENT)
		return lab_fail(error, "cannot read map %s: %s", s->name, g_strerror(-e));
	if (s->held->len)
		g_qsort_with_data(s->held->data, (gint)sync_count(s), size, compare_keys,
		                  GUINT_TO_POINTER(s->key_size));
	return TRUE;
}

const void *sync_find(const struct sync *s, const void *key)
{
	guint low = 0, high = sync_count(s), size = record_size(s);

	while (low < high) {
		guint middle = low + (high - low) / 2;
		const guint8 *record = s->held->data + (gsize)middle * size;
		int order = memcmp(record, key, s->key_size);

		if (!order)
			return record + s->key_size;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

gboolean sync_check(const struct sync *s, const void *records, guint count, GError **error)
{
	const guint8 *r = records;

	if (count > s->capacity)
		return lab_fail(error, "%s: %u entries, the map holds %u", s->name, count, s->capacity);
	for (guint i = 1; i < count; i++)
		if (memcmp(r + (gsize)(i - 1) * record_size(s), r + (gsize)i * record_size(s), s->key_size) >= 0)
			return lab_fail(error, "%s: entries are not in order", s->name);
	return TRUE;
}

gboolean sync_remove(struct sync *s, const void *records, guint count, GError **error)
{
	const guint8 *wanted = records;
	guint size = record_size(s), held = sync_count(s), kept = 0, j = 0, i;
	int e = 0;

	for (i = 0; i < held; i++) {
		guint8 *record = s->held->data + (gsize)i * size;
		int order = -1;

		while (j < count && (order = memcmp(wanted + (gsize)j * size, record, s->key_size)) < 0)
			j++;
		if (j == count || order) {
			s->calls++;
			e = s->ops->remove(s->map, record);
			if (!e || e == -ENOENT)
				continue;
			break;
		}
		memmove(s->held->data + (gsize)kept++ * size, record, size);
	}
	/* After a failure the rest is held as before. */
	if (i < held)
		memmove(s->held->data + (gsize)kept * size, s->held->data + (gsize)i * size, (gsize)(held - i) * size);
	g_byte_array_set_size(s->held, (kept + held - i) * size);
	return i == held || lab_fail(error, "cannot remove from map %s: %s", s->name, g_strerror(-e));
}

gboolean sync_put(struct sync *s, const void *records, guint count, GError **error)
{
	const guint8 *wanted = records;
	guint size = record_size(s), held = sync_count(s), i = 0, j = 0;
	GByteArray *merged = g_byte_array_sized_new(count * size);
	int e = 0;

	while (i < held || j < count) {
		const guint8 *have = s->held->data + (gsize)i * size, *want = wanted + (gsize)j * size;
		int order = i == held ? 1 : j == count ? -1 : memcmp(have, want, s->key_size);

		if (order < 0 || (!order && !memcmp(have, want, size))) {
			g_byte_array_append(merged, have, size);
			i++;
			j += !order;
			continue;
		}
		s->calls++;
		e = s->ops->put(s->map, want, want + s->key_size);
		if (e)
			break;
		g_byte_array_append(merged, want, size);
		i += !order;
		j++;
	}
	if (i < held)
		g_byte_array_append(merged, s->held->data + (gsize)i * size, (held - i) * size);
	g_byte_array_unref(s->held);
	s->held = merged;
	return !e || lab_fail(error, "cannot write map %s: %s", s->name, g_strerror(-e));
}
