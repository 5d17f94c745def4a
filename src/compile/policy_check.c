/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is every lookup in a policy blob safe? Looks at all that a header can be led to, and never believes a place or a
 * number. Used on tables that come from the store; it shares nothing with the builder.
 */
#include "policy.h"
#include <string.h>

struct blob {
	const guint16 *words;
	guint64 blocks;
};

static gboolean inside(const struct blob *b, guint64 start, guint64 blocks)
{
	return start <= b->blocks && blocks <= b->blocks - start;
}

static guint64 tree_blocks(guint32 count, gboolean wide)
{
	guint step = wide ? 2 : 4;
	guint64 blocks = 0;
	for (guint shift = 0; (count - 1) >> shift; shift += step)
		blocks += ((count - 1) >> (shift + step)) + 1;
	return blocks;
}

/* Every line that a row of this class tells to look at. */
static gboolean row_check(const struct blob *b, const struct esc_policy_dim *d, guint64 place, guint groups)
{
	struct esc_policy_row row;
	memcpy(&row, b->words + place * ESC_BLOCK_WORDS, sizeof row);
	for (guint g = 0; g < groups; g++) {
		if (row.words[g / 4] >> (8 * (g % 4)) & 0xff && !inside(b, (guint64)d->lines + row.line[g], 1))
			return FALSE;
	}
	return TRUE;
}

gboolean policy_check_tree(const struct esc_policy_dim *d, guint64 blocks, gboolean wide)
{
	const struct blob b = {NULL, blocks};
	return d->count && d->count <= ESC_POLICY_CUTS && inside(&b, d->starts, tree_blocks(d->count, wide)) &&
	       inside(&b, d->classes, (d->count + ESC_BLOCK_WORDS - 1) / ESC_BLOCK_WORDS);
}

static gboolean dim_check(const struct blob *b, const struct esc_policy_dim *d, guint groups, gboolean wide)
{
	guint spans = MAX(1, (groups + ESC_POLICY_ROW_LINES - 1) / ESC_POLICY_ROW_LINES);
	guint32 classes = 0;
	if (!policy_check_tree(d, b->blocks, wide))
		return FALSE;
	for (guint32 i = 0; i < d->count; i++)
		classes = MAX(classes, b->words[(gsize)d->classes * ESC_BLOCK_WORDS + i] + 1u);
	if (!inside(b, d->rows, (guint64)classes * spans))
		return FALSE;
	for (guint64 i = 0; i < (guint64)classes * spans; i++) {
		guint before = (guint)(i % spans) * ESC_POLICY_ROW_LINES;
		if (!row_check(b, d, d->rows + i, MIN(groups - before, ESC_POLICY_ROW_LINES)))
			return FALSE;
	}
	return TRUE;
}

static gboolean dir_check(const struct blob *b, const struct esc_policy_dir *dir, gboolean wide)
{
	const struct esc_policy_head *h = &dir->head;
	const struct esc_policy_tail *t = &dir->tail;
	if (h->blocks != b->blocks || t->flags & ~(ESC_POLICY_NO_GROUP | ESC_POLICY_FIRST | ESC_POLICY_SECOND) ||
	    t->split > t->groups || t->groups > ESC_POLICY_SPANS * ESC_POLICY_ROW_LINES)
		return FALSE;
	return inside(b, t->rules, (guint64)t->groups * ESC_POLICY_LINE * sizeof(guint32) / sizeof(struct esc_block)) &&
	       dim_check(b, &h->src, t->groups, wide) && dim_check(b, &h->dst, t->groups, wide) &&
	       dim_check(b, &h->sport, t->groups, FALSE) && dim_check(b, &t->dport, t->groups, FALSE) &&
	       dim_check(b, &t->proto, t->groups, FALSE);
}

gboolean policy_check(const guint16 *words, gsize count)
{
	struct esc_policy_dir header[4];
	struct blob b = {words, count / ESC_BLOCK_WORDS};
	if (count % ESC_BLOCK_WORDS || b.blocks < ESC_POLICY_HEADER || b.blocks > POLICY_MAX_BLOCKS)
		return FALSE;
	memcpy(header, words, sizeof header);
	for (guint i = 0; i < G_N_ELEMENTS(header); i++) {
		if (!dir_check(&b, &header[i], i / 2 == ESC_POLICY_V6))
			return FALSE;
	}
	return TRUE;
}
