/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interning: equal values get one number, numbers are dense from 0 in order of first appearance.
 *
 * A value is a fixed number of 64-bit words: a line of a set of rules, or the row that names a set's lines. The order
 * of first appearance depends on the input alone, so equal input gives equal numbers. Ownership: the interner holds the
 * only copy of each value; intern_value is valid until the next intern_add.
 */
#pragma once
#include <glib.h>

#define INTERN_FULL G_MAXUINT

struct intern {
	guint width; /* words of a value */
	guint count, limit;
	GArray *values;  /* guint64: count * width */
	guint32 *slots;  /* number + 1; 0: free */
	guint64 *hashes; /* of the value in the slot */
	guint mask;
};

struct intern *intern_new(guint width, guint limit);
void intern_free(struct intern *t);
typedef struct intern intern;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(intern, intern_free)
/* The number of `value`; INTERN_FULL when it is new and `limit` values are already there. */
guint intern_add(struct intern *t, const guint64 *value);
static inline const guint64 *intern_value(const struct intern *t, guint number)
{
	return &g_array_index(t->values, guint64, (gsize)number * t->width);
}
