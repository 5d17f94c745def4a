/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/blobs.h"

#include <string.h>

struct blobs_run {
	const struct esc_block *content; /* its place in the map; while one is looked for, where it comes from */
	guint64 hash;
	guint32 slot, blocks;
	gboolean placed; /* wanted by the revision that is being installed */
	gboolean fresh;  /* made for it */
	gint64 since;    /* resting: when it was retired */
};

struct blobs_free {
	guint32 slot, blocks;
};

/* The hash only sorts: content is compared whole, so it need not resist anybody. */
static struct blobs_run run_of(const void *content, guint32 blocks)
{
	const guint64 *words = content;
	guint64 h = blocks;

	for (gsize i = 0; i < (gsize)blocks * sizeof(struct esc_block) / sizeof(*words); i++) {
		h = (h ^ words[i]) * G_GUINT64_CONSTANT(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return (struct blobs_run){.content = content, .blocks = blocks, .hash = h};
}

static guint run_hash(gconstpointer p)
{
	return (guint)((const struct blobs_run *)p)->hash;
}

static gboolean run_equal(gconstpointer a, gconstpointer b)
{
	const struct blobs_run *x = a, *y = b;

	return x->blocks == y->blocks && x->hash == y->hash &&
	       memcmp(x->content, y->content, (gsize)x->blocks * sizeof(struct esc_block)) == 0;
}

/* The run keeps the place `slot` from now on. */
static struct blobs_run *run_settle(struct blobs *b, const struct blobs_run *found, guint32 slot)
{
	struct blobs_run *r = g_memdup2(found, sizeof(*found));

	r->slot = slot;
	r->content = b->memory + slot;
	g_hash_table_add(b->by_content, r);
	return r;
}

void blobs_init(struct blobs *b, struct esc_block *memory, guint32 blocks)
{
	const struct blobs_free all = {1, blocks - 1};

	*b = (struct blobs){.memory = memory, .blocks = blocks};
	b->by_content = g_hash_table_new_full(run_hash, run_equal, g_free, NULL);
	b->resting = g_ptr_array_new_with_free_func(g_free);
	b->free_runs = g_array_new(FALSE, FALSE, sizeof(struct blobs_free));
	g_array_append_val(b->free_runs, all);
}

void blobs_clear(struct blobs *b)
{
	if (!b->by_content)
		return;
	g_hash_table_destroy(b->by_content);
	g_ptr_array_unref(b->resting);
	g_array_unref(b->free_runs);
	b->by_content = NULL;
}

/* Takes the run out of the free ones; FALSE when any block of it is not free. */
static gboolean take(struct blobs *b, guint32 slot, guint32 blocks)
{
	for (guint i = 0; i < b->free_runs->len; i++) {
		struct blobs_free *f = &g_array_index(b->free_runs, struct blobs_free, i);
		struct blobs_free rest;

		if (slot < f->slot || slot - f->slot >= f->blocks)
			continue;
		if (blocks > f->blocks - (slot - f->slot))
			return FALSE;
		rest = (struct blobs_free){slot + blocks, f->slot + f->blocks - (slot + blocks)};
		f->blocks = slot - f->slot;
		if (rest.blocks)
			g_array_insert_val(b->free_runs, i + 1, rest);
		if (!g_array_index(b->free_runs, struct blobs_free, i).blocks)
			g_array_remove_index(b->free_runs, i);
		return TRUE;
	}
	return FALSE;
}

/* Joins the run at i with the next one when they touch. */
static void join_next(GArray *runs, guint i)
{
	struct blobs_free *one = &g_array_index(runs, struct blobs_free, i);

	if (i + 1 >= runs->len || one->slot + one->blocks != one[1].slot)
		return;
	one->blocks += one[1].blocks;
	g_array_remove_index(runs, i + 1);
}

static void give_back(struct blobs *b, guint32 slot, guint32 blocks)
{
	struct blobs_free run = {slot, blocks};
	guint i = 0;

	while (i < b->free_runs->len && g_array_index(b->free_runs, struct blobs_free, i).slot < slot)
		i++;
	g_array_insert_val(b->free_runs, i, run);
	join_next(b->free_runs, i);
	if (i)
		join_next(b->free_runs, i - 1);
}

static guint32 first_fit(const struct blobs *b, guint32 blocks)
{
	for (guint i = 0; i < b->free_runs->len; i++) {
		const struct blobs_free *f = &g_array_index(b->free_runs, struct blobs_free, i);

		if (f->blocks >= blocks)
			return f->slot;
	}
	return 0;
}

static void wake_rested(struct blobs *b, gint64 now)
{
	while (b->resting->len) {
		struct blobs_run *r = b->resting->pdata[0];

		if (now - r->since < BLOBS_GRACE_US)
			return;
		give_back(b, r->slot, r->blocks);
		g_ptr_array_remove_index(b->resting, 0);
	}
}

gboolean blobs_adopt(struct blobs *b, guint32 slot, guint32 blocks)
{
	struct blobs_run wanted, *r;

	if (!slot || !blocks || slot >= b->blocks || blocks > b->blocks - slot)
		return FALSE;
	wanted = run_of(b->memory + slot, blocks);
	r = g_hash_table_lookup(b->by_content, &wanted);
	if (r && r->slot == slot)
		return TRUE;
	/* Equal content in two places is none of ours. */
	if (r || !take(b, slot, blocks))
		return FALSE;
	run_settle(b, &wanted, slot);
	return TRUE;
}

/* What rests is whole, and may be wanted again at once: a policy that is taken back and put back has one place. */
static struct blobs_run *wake_equal(struct blobs *b, const struct blobs_run *wanted)
{
	for (guint i = 0; i < b->resting->len; i++) {
		if (!run_equal(b->resting->pdata[i], wanted))
			continue;
		struct blobs_run *r = g_ptr_array_steal_index(b->resting, i);
		g_hash_table_add(b->by_content, r);
		return r;
	}
	return NULL;
}

void blobs_begin(struct blobs *b)
{
	GHashTableIter i;
	gpointer run;

	g_hash_table_iter_init(&i, b->by_content);
	while (g_hash_table_iter_next(&i, &run, NULL))
		((struct blobs_run *)run)->placed = ((struct blobs_run *)run)->fresh = FALSE;
}

gboolean blobs_place(struct blobs *b, const void *content, guint32 blocks, gint64 now, guint32 *slot)
{
	struct blobs_run wanted = run_of(content, blocks), *r = g_hash_table_lookup(b->by_content, &wanted);

	if (!r)
		r = wake_equal(b, &wanted);
	if (!r) {
		guint32 at;

		wake_rested(b, now);
		at = blocks ? first_fit(b, blocks) : 0;
		if (!at || !take(b, at, blocks))
			return FALSE;
		memcpy(b->memory + at, content, (gsize)blocks * sizeof(struct esc_block));
		b->written += blocks;
		r = run_settle(b, &wanted, at);
		r->fresh = TRUE;
	}
	r->placed = TRUE;
	*slot = r->slot;
	return TRUE;
}

void blobs_commit(struct blobs *b, gint64 now)
{
	GHashTableIter i;
	gpointer value;

	g_hash_table_iter_init(&i, b->by_content);
	while (g_hash_table_iter_next(&i, &value, NULL)) {
		struct blobs_run *r = value;

		r->fresh = FALSE;
		if (r->placed)
			continue;
		r->since = now;
		g_hash_table_iter_steal(&i);
		g_ptr_array_add(b->resting, r);
	}
}

void blobs_abort(struct blobs *b)
{
	GHashTableIter i;
	gpointer value;

	g_hash_table_iter_init(&i, b->by_content);
	while (g_hash_table_iter_next(&i, &value, NULL)) {
		struct blobs_run *r = value;

		if (!r->fresh)
			continue;
		give_back(b, r->slot, r->blocks);
		g_hash_table_iter_remove(&i);
	}
}

guint32 blobs_used(const struct blobs *b)
{
	guint32 n = b->blocks;

	for (guint i = 0; i < b->free_runs->len; i++)
		n -= g_array_index(b->free_runs, struct blobs_free, i).blocks;
	return n;
}
