/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who lives where in the blobs map.
 *
 * Concept. The map is one array of blocks; a blob is a run of them, named by its first block (its slot). The data path
 * may be reading any blob that was reachable a moment ago, so a run is written only while nothing points to it, and
 * what is no longer wanted rests for a grace period before its blocks are given out again. Equal content has one place:
 * a new revision that needs a blob that is there already just keeps it, also one that rests.
 *
 * A revision is installed in three steps: blobs_begin; blobs_place for each blob; then blobs_commit (everything that
 * was not placed again is retired) or blobs_abort (what was placed anew is free at once: nothing ever pointed to it).
 */
#pragma once
#include "abi/maps.h"
#include <glib.h>

#define BLOBS_GRACE_US (1500 * 1000) /* longer than any program run, by far */

struct blobs {
	struct esc_block *memory; /* the map, or a test's array; block 0 is never used */
	guint32 blocks;
	GHashTable *by_content; /* set of struct blobs_run, owned */
	GPtrArray *resting;     /* struct blobs_run, owned; by time */
	GArray *free_runs;      /* struct blobs_free, sorted, never adjacent */
	guint64 written;        /* blocks copied since the counter was last read */
};

void blobs_init(struct blobs *b, struct esc_block *memory, guint32 blocks);
void blobs_clear(struct blobs *b);
/* For the start: there is a blob of this size here that something points to. The same place twice is one. FALSE:
 * impossible. */
gboolean blobs_adopt(struct blobs *b, guint32 slot, guint32 blocks);

void blobs_begin(struct blobs *b);
/* Finds or copies the content; *slot is its place. FALSE when there is no room (yet): `now` is a monotonic time in µs.
 */
gboolean blobs_place(struct blobs *b, const void *content, guint32 blocks, gint64 now, guint32 *slot);
void blobs_commit(struct blobs *b, gint64 now);
void blobs_abort(struct blobs *b);
guint32 blobs_used(const struct blobs *b); /* blocks that are not free */
