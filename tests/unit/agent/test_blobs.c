/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of blobs, against a naive twin that owns every block by itself: no two living blobs share a block, nothing
 * is written that something may still be reading, and equal content has one place.
 */
#include "agent/blobs.h"

#include <string.h>

#define BLOCKS 64
#define KINDS  12 /* different contents */

struct twin {
	struct esc_block memory[BLOCKS];
	gint owner[BLOCKS];   /* content that lives in the block; -1: none */
	gint64 until[BLOCKS]; /* may be read until then */
	guint32 slot[KINDS];  /* where a content in force lives; 0: nowhere */
};

static guint32 size_of(guint kind)
{
	return 1 + kind * 5 % 9;
}

static void fill(struct esc_block *b, guint kind)
{
	for (guint i = 0; i < size_of(kind) * ESC_BLOCK_WORDS; i++)
		b[i / ESC_BLOCK_WORDS].w[i % ESC_BLOCK_WORDS] = (esc_u16)(kind * 1000 + i);
}

static void twin_init(struct twin *t)
{
	memset(t, 0, sizeof(*t));
	for (guint i = 0; i < BLOCKS; i++)
		t->owner[i] = -1;
}

/* Everything that is in force reads as it should, all over. */
static void assert_content(const struct twin *t)
{
	struct esc_block want[16];

	for (guint k = 0; k < KINDS; k++) {
		if (!t->slot[k])
			continue;
		fill(want, k);
		g_assert_cmpmem(t->memory + t->slot[k], size_of(k) * sizeof(struct esc_block), want,
		                size_of(k) * sizeof(struct esc_block));
	}
}

/* A new place must be free of owners, and of readers of what was there. */
static void assert_free(const struct twin *t, guint32 slot, guint32 blocks, gint64 now)
{
	g_assert_cmpuint(slot, >=, 1);
	g_assert_cmpuint(slot + blocks, <=, BLOCKS);
	for (guint i = slot; i < slot + blocks; i++) {
		g_assert_cmpint(t->owner[i], ==, -1);
		g_assert_cmpint(t->until[i], <=, now);
	}
}

static void own(struct twin *t, guint kind, guint32 slot)
{
	t->slot[kind] = slot;
	for (guint i = slot; i < slot + size_of(kind); i++)
		t->owner[i] = (gint)kind;
}

static void disown(struct twin *t, guint kind, gint64 until)
{
	for (guint i = t->slot[kind]; i < t->slot[kind] + size_of(kind); i++) {
		t->owner[i] = -1;
		t->until[i] = until;
	}
	t->slot[kind] = 0;
}

/* One revision with a random choice of contents; sometimes it is given up. */
static void revision(struct twin *t, struct blobs *b, GRand *r, gint64 now)
{
	guint32 slots[KINDS] = {0};
	gboolean wanted[KINDS], ok = TRUE;

	blobs_begin(b);
	for (guint k = 0; k < KINDS && ok; k++) {
		struct esc_block content[16];
		guint64 written = b->written;

		wanted[k] = g_rand_int_range(r, 0, 3) == 0;
		if (!wanted[k])
			continue;
		fill(content, k);
		ok = blobs_place(b, content, size_of(k), now, &slots[k]);
		if (!ok)
			break;
		if (t->slot[k])
			g_assert_cmpuint(slots[k], ==, t->slot[k]);
		else if (b->written > written)
			assert_free(t, slots[k], size_of(k), now);
		else /* it was resting there, whole */
			assert_free(t, slots[k], size_of(k), G_MAXINT64);
		g_assert_cmpmem(t->memory + slots[k], size_of(k) * sizeof(*content), content,
		                size_of(k) * sizeof(*content));
		for (guint o = 0; o < k; o++)
			if (wanted[o])
				g_assert_true(slots[o] + size_of(o) <= slots[k] || slots[k] + size_of(k) <= slots[o]);
	}
	assert_content(t);
	if (!ok || g_rand_int_range(r, 0, 4) == 0) {
		blobs_abort(b);
		return;
	}
	blobs_commit(b, now);
	for (guint k = 0; k < KINDS; k++)
		if (t->slot[k] && !wanted[k])
			disown(t, k, now + BLOBS_GRACE_US);
	for (guint k = 0; k < KINDS; k++)
		if (wanted[k] && !t->slot[k])
			own(t, k, slots[k]);
}

static void test_twin(void)
{
	g_autoptr(GRand) r = g_rand_new_with_seed(11);
	g_autofree struct twin *t = g_new(struct twin, 1);
	struct blobs b;
	gint64 now = 1;

	twin_init(t);
	blobs_init(&b, t->memory, BLOCKS);
	for (guint round = 0; round < 20000; round++) {
		now += g_rand_int_range(r, 0, BLOBS_GRACE_US);
		revision(t, &b, r, now);
		assert_content(t);
	}
	/* At rest everything unwanted comes back: the whole array but block 0 can be had at once. */
	struct esc_block *all = g_new0(struct esc_block, BLOCKS - 1);
	guint32 slot;
	blobs_begin(&b);
	blobs_commit(&b, now);
	g_assert_false(blobs_place(&b, all, BLOCKS - 1, now, &slot));
	g_assert_true(blobs_place(&b, all, BLOCKS - 1, now + BLOBS_GRACE_US, &slot));
	g_assert_cmpuint(slot, ==, 1);
	g_assert_cmpuint(blobs_used(&b), ==, BLOCKS);
	g_free(all);
	blobs_clear(&b);
}

static void test_adopt(void)
{
	g_autofree struct twin *t = g_new(struct twin, 1);
	struct esc_block content[16];
	struct blobs b;
	guint32 slot;

	twin_init(t);
	fill(t->memory + 10, 3);
	blobs_init(&b, t->memory, BLOCKS);
	g_assert_true(blobs_adopt(&b, 10, size_of(3)));
	g_assert_true(blobs_adopt(&b, 10, size_of(3)));  /* two ports with one policy */
	g_assert_false(blobs_adopt(&b, 11, 2));          /* inside another one */
	g_assert_false(blobs_adopt(&b, 0, 1));           /* nobody's block */
	g_assert_false(blobs_adopt(&b, BLOCKS - 1, 2));  /* beyond the end */
	g_assert_false(blobs_adopt(&b, 5, G_MAXUINT32)); /* far beyond */
	g_assert_false(blobs_adopt(&b, G_MAXUINT32, 1));
	fill(content, 3);
	blobs_begin(&b);
	g_assert_true(blobs_place(&b, content, size_of(3), 0, &slot));
	g_assert_cmpuint(slot, ==, 10);
	g_assert_cmpuint(b.written, ==, 0);
	blobs_clear(&b);
}

/* Two revisions in turn, faster than the grace period: each keeps its place, and nothing is copied. */
static void test_in_turn(void)
{
	g_autofree struct twin *t = g_new(struct twin, 1);
	struct esc_block content[16];
	guint32 slots[2], slot;
	struct blobs b;

	twin_init(t);
	blobs_init(&b, t->memory, BLOCKS);
	for (guint i = 0; i < 100; i++) {
		fill(content, i % 2);
		blobs_begin(&b);
		g_assert_true(blobs_place(&b, content, size_of(i % 2), 1000 * i, &slot));
		blobs_commit(&b, 1000 * i);
		if (i < 2)
			slots[i] = slot;
		g_assert_cmpuint(slot, ==, slots[i % 2]);
	}
	g_assert_cmpuint(b.written, ==, size_of(0) + size_of(1));
	blobs_clear(&b);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/blobs/twin", test_twin);
	g_test_add_func("/agent/blobs/adopt", test_adopt);
	g_test_add_func("/agent/blobs/in-turn", test_in_turn);
	return g_test_run();
}
