/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a map equal a sorted array, touching only what differs.
 *
 * Concept. A `struct sync` stands for one map of the kernel and remembers what it holds, as records (key, then value)
 * sorted by key bytes. A new state comes as such an array; going there has two halves, since the agent removes what is
 * stale from every map, flips the policies, and only then adds what is new. Each half is one walk along both arrays.
 * What the map holds is learned from the kernel once, when the agent starts. If a call fails half-way, what was done is
 * remembered, so the next try, or the way back, starts from the truth.
 *
 * The kernel is behind three functions, so that a test can put a plain table there.
 */
#pragma once
#include <glib.h>

struct sync_ops {
	/* Each returns 0 or a negative errno. */
	int (*put)(void *map, const void *key, const void *value);
	int (*remove)(void *map, const void *key);
	/* The key after `key` (NULL: the first) and its value; -ENOENT: no more. */
	int (*next)(void *map, const void *key, void *next_key, void *value);
};

struct sync {
	const char *name;
	const struct sync_ops *ops;
	void *map;
	guint key_size, value_size, capacity;
	GByteArray *held; /* records, sorted by key */
	guint64 calls;    /* writing system calls since the counter was last read */
};

void sync_init(struct sync *s, const char *name, const struct sync_ops *ops, void *map, guint key_size,
               guint value_size, guint capacity);
void sync_clear(struct sync *s);
/* Learns what the map holds. */
gboolean sync_read_back(struct sync *s, GError **error);
guint sync_count(const struct sync *s);
/* The value held for a key; NULL: none. Borrowed until the next change. */
const void *sync_find(const struct sync *s, const void *key);

/* Is the array sorted, without repeated keys, and does it fit? To be asked before the first half. */
gboolean sync_check(const struct sync *s, const void *records, guint count, GError **error);
/* First half: keys that are not wanted go. */
gboolean sync_remove(struct sync *s, const void *records, guint count, GError **error);
/* Second half: missing keys and different values are written. */
gboolean sync_put(struct sync *s, const void *records, guint count, GError **error);
