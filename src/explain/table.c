/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/table.h"
#include <string.h>

struct table_key {
	guint8 bytes[TABLE_KEY_MAX];
};

static guint key_hash(gconstpointer p)
{
	guint64 sum = 0, word;

	for (guint i = 0; i < TABLE_KEY_MAX; i += 8) {
		memcpy(&word, (const guint8 *)p + i, 8);
		sum = (sum ^ word) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
		sum ^= sum >> 32;
	}
	return (guint)sum;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, TABLE_KEY_MAX) == 0;
}

static struct table_key key_of(const struct table *t, const void *key)
{
	struct table_key k = {0};

	memcpy(k.bytes, key, t->key_size);
	return k;
}

void table_init_array(struct table *t, guint32 entries, guint value_size)
{
	*t = (struct table){.key_size = 4, .value_size = value_size, .entries = entries};
	t->array = g_malloc0_n(MAX(entries, 1), value_size);
}

void table_init_hash(struct table *t, guint32 entries, guint key_size, guint value_size)
{
	g_assert(key_size <= TABLE_KEY_MAX);
	*t = (struct table){.key_size = key_size, .value_size = value_size, .entries = entries};
	t->hash = g_hash_table_new_full(key_hash, key_equal, g_free, g_free);
}

void table_init_prefixes(struct table *t, guint32 entries, guint key_size, guint value_size)
{
	table_init_hash(t, entries, key_size, value_size);
	t->prefixes = TRUE;
}

void table_clear(struct table *t)
{
	g_clear_pointer(&t->array, g_free);
	g_clear_pointer(&t->hash, g_hash_table_unref);
}

static void *lookup_prefix(const struct table *t, struct table_key k)
{
	guint32 length;

	memcpy(&length, k.bytes, 4);
	for (length = MIN(length, 8 * (t->key_size - 4));; length--) {
		void *value;

		memcpy(k.bytes, &length, 4);
		for (guint bit = length; bit < 8 * (t->key_size - 4); bit++)
			k.bytes[4 + bit / 8] &= (guint8) ~(0x80 >> bit % 8);
		value = g_hash_table_lookup(t->hash, &k);
		if (value || !length)
			return value;
	}
}

void *table_lookup(const struct table *t, const void *key)
{
	struct table_key k;
	guint32 index;

	if (t->array) {
		memcpy(&index, key, 4);
		return index < t->entries ? t->array + (gsize)index * t->value_size : NULL;
	}
	k = key_of(t, key);
	return t->prefixes ? lookup_prefix(t, k) : g_hash_table_lookup(t->hash, &k);
}

int table_put(struct table *t, const void *key, const void *value)
{
	struct table_key k = key_of(t, key);
	void *place;

	if (t->array) {
		place = table_lookup(t, key);
		if (place)
			memcpy(place, value, t->value_size);
		return place ? 0 : -1;
	}
	if (g_hash_table_size(t->hash) >= t->entries && !g_hash_table_contains(t->hash, &k))
		return -1;
	g_hash_table_replace(t->hash, g_memdup2(&k, sizeof(k)), g_memdup2(value, t->value_size));
	return 0;
}

int table_insert(struct table *t, const void *key, const void *value)
{
	struct table_key k = key_of(t, key);

	if (t->array || g_hash_table_contains(t->hash, &k))
		return -1;
	return table_put(t, key, value);
}

int table_delete(struct table *t, const void *key)
{
	struct table_key k = key_of(t, key);

	return t->hash && g_hash_table_remove(t->hash, &k) ? 0 : -1;
}
