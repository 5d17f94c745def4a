/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map of the data path in memory: an array, a hash, or a longest-prefix table, with the kernel's rules: values have
 * a fixed place while they exist, array elements always do, a full hash refuses.
 */
#pragma once
#include <glib.h>

#define TABLE_KEY_MAX 40

struct table {
	guint key_size, value_size;
	guint32 entries;
	guint8 *array;    /* an array: entries * value_size bytes */
	GHashTable *hash; /* a hash, or the longest-prefix table */
	gboolean prefixes;
};

void table_init_array(struct table *t, guint32 entries, guint value_size);
void table_init_hash(struct table *t, guint32 entries, guint key_size, guint value_size);
/* Keys start with a 32-bit length in bits of the data behind it. */
void table_init_prefixes(struct table *t, guint32 entries, guint key_size, guint value_size);
void table_clear(struct table *t); /* frees; the table may be initialised again */

void *table_lookup(const struct table *t, const void *key);
int table_insert(struct table *t, const void *key, const void *value); /* 0; -1: it exists, or the table is full */
int table_put(struct table *t, const void *key, const void *value);    /* inserts or replaces */
int table_delete(struct table *t, const void *key);
