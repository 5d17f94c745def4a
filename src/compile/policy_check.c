/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is every lookup in a policy blob safe? Follows every path that a header can take, level by level, and never believes
 * an offset. Used on tables that come from the store; it shares nothing with the builder.
 */
#include "policy.h"
#include <string.h>

#define HEADER_WORDS (2 * ESC_BLOCK_WORDS)

struct blob {
	const guint16 *words;
	gsize count;
};

/* Nodes below this number may be reached on the next level. */
#define NODES_MAX 32768u

/*
 * The classes of a trie: returns how many (largest + 1), 0 if a path leaves the blob or does not end in
 * time. Nodes may be shared between levels, so levels are walked as sets.
 */
static guint32 trie_classes(const struct blob *b, guint32 trie, guint levels)
{
	g_autofree guint8 *now = g_new0(guint8, NODES_MAX), *next = g_new0(guint8, NODES_MAX);
	guint32 classes = 0, reach = 1;
	now[0] = 1;
	for (guint level = 0; level < levels && reach; level++) {
		guint32 deeper = 0;
		memset(next, 0, NODES_MAX);
		for (guint32 k = 0; k < reach; k++) {
			if (!now[k])
				continue;
			if ((guint64)trie + 256ull * (k + 1) > b->count)
				return 0;
			for (guint i = 0; i < 256; i++) {
				guint16 w = b->words[(gsize)trie + 256 * (gsize)k + i];
				if (w & ESC_TRIE_LEAF) {
					classes = MAX(classes, (guint32)(w & ~ESC_TRIE_LEAF) + 1);
				} else {
					next[w] = 1;
					deeper = MAX(deeper, (guint32)w + 1);
				}
			}
		}
		guint8 *swap = now;
		now = next;
		next = swap;
		reach = deeper;
	}
	return reach ? 0 : classes;
}

/* The classes that a crossing of rows x columns yields: largest cell + 1; 0 when it is not whole. */
static guint32 cross_classes(const struct blob *b, guint32 start, guint32 rows, guint32 used, guint32 columns)
{
	guint32 classes = 0;
	if (!rows || !used || used > columns || (guint64)start + (guint64)(rows - 1) * columns + used > b->count)
		return 0;
	for (guint32 i = 0; i < rows; i++) {
		const guint16 *row = b->words + start + (gsize)i * columns;
		for (guint32 j = 0; j < used; j++)
			classes = MAX(classes, (guint32)row[j] + 1);
	}
	return classes;
}

static gboolean dir_check(const struct blob *b, const struct esc_policy_dir *d)
{
	if (d->words != b->count || d->flags & ~(guint32)ESC_POLICY_NO_GROUP)
		return FALSE;
	guint32 src = trie_classes(b, d->src, 4), dst = trie_classes(b, d->dst, 4);
	guint32 sport = trie_classes(b, d->sport, 2), dport = trie_classes(b, d->dport, 2);
	guint32 proto = trie_classes(b, d->proto, 1);
	guint32 addr = cross_classes(b, d->addr_cross, src, dst, d->addr_cols);
	guint32 ports = cross_classes(b, d->port_cross, sport, dport, d->port_cols);
	guint32 pp = cross_classes(b, d->pp_cross, proto, ports, d->pp_cols);
	guint32 decisions = cross_classes(b, d->final, addr, pp, d->final_cols);
	if (!decisions || (guint64)d->decisions + (guint64)decisions * ESC_DECISION_WORDS > b->count)
		return FALSE;
	for (guint32 i = 0; i < decisions; i++) {
		if (b->words[d->decisions + (gsize)i * ESC_DECISION_WORDS] & ~ESC_DECISION_ALLOW)
			return FALSE;
	}
	return TRUE;
}

gboolean policy_check(const guint16 *words, gsize count)
{
	struct esc_policy_dir header[2];
	struct blob b = {words, count};
	if (count < HEADER_WORDS || count > POLICY_MAX_WORDS || count % ESC_BLOCK_WORDS)
		return FALSE;
	memcpy(header, words, sizeof header);
	return dir_check(&b, &header[0]) && dir_check(&b, &header[1]);
}
