/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"
#include "classes.h"
#include <string.h>

/* Both ends of a rule's prefix; FALSE: it is of the other family. */
static gboolean ends_of(const struct access_rule *r, gboolean wide, struct point *first, struct point *last)
{
	if (r->v6 != wide)
		return FALSE;
	if (wide) {
		struct ip6 end = prefix6_last(r->prefix6);
		*first = point_of(&r->prefix6.addr);
		*last = point_of(&end);
	} else {
		*first = (struct point){0, r->prefix.addr};
		*last = (struct point){0, prefix_last(r->prefix)};
	}
	return TRUE;
}

static int compare_points(const struct point *a, const struct point *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

static int compare(gconstpointer a, gconstpointer b)
{
	return compare_points(a, b);
}

/* Where the answer may change: sorted, 0 first, some twice. */
static GArray *borders_of(const struct access_control *a, gboolean wide)
{
	GArray *borders = g_array_new(FALSE, TRUE, sizeof(struct point));
	struct point largest = wide ? (struct point){G_MAXUINT64, G_MAXUINT64} : (struct point){0, G_MAXUINT32};
	struct point first = {0, 0}, last;

	g_array_append_val(borders, first);
	for (guint i = 0; i < a->rules->len; i++) {
		if (!ends_of(&g_array_index(a->rules, struct access_rule, i), wide, &first, &last))
			continue;
		g_array_append_val(borders, first);
		if (compare_points(&last, &largest) == 0)
			continue;
		last.high += !++last.low;
		g_array_append_val(borders, last);
	}
	g_array_sort(borders, compare);
	return borders;
}

/* The first rule that has the address; their number: none has it. */
static guint16 decider(const struct access_control *a, gboolean wide, const struct point *at)
{
	struct point first, last;

	for (guint i = 0; i < a->rules->len; i++)
		if (ends_of(&g_array_index(a->rules, struct access_rule, i), wide, &first, &last) &&
		    compare_points(&first, at) <= 0 && compare_points(at, &last) <= 0)
			return (guint16)i;
	return (guint16)a->rules->len;
}

static guint32 lay_verdicts(struct layout *l, const struct access_control *a, const guint32 *numbers)
{
	g_autofree guint32 *words = g_new0(guint32, a->rules->len + 1);

	for (guint i = 0; i < a->rules->len; i++)
		words[i] = numbers[i] | (g_array_index(a->rules, struct access_rule, i).permit ? ESC_POLICY_ALLOW : 0);
	words[a->rules->len] = a->permit_others ? ESC_POLICY_ALLOW : 0;
	return layout_add(l, words, (a->rules->len + 1) * sizeof *words);
}

GBytes *access_build(const struct access_control *a, const guint32 *numbers, gboolean wide)
{
	g_autoptr(GArray) borders = borders_of(a, wide), starts = g_array_new(FALSE, FALSE, sizeof(struct point)),
	                  deciders = g_array_new(FALSE, FALSE, sizeof(guint16));
	struct esc_access head = {0};
	struct layout l;
	GBytes *blob;

	for (guint i = 0; i < borders->len; i++) {
		const struct point *at = &g_array_index(borders, struct point, i);
		guint16 now = decider(a, wide, at);

		if (deciders->len && g_array_index(deciders, guint16, deciders->len - 1) == now)
			continue;
		g_array_append_val(starts, *at);
		g_array_append_val(deciders, now);
	}
	layout_init(&l, sizeof head);
	head.source.count = starts->len;
	head.source.starts = layout_tree(&l, starts, wide);
	head.source.classes = layout_add(&l, deciders->data, deciders->len * sizeof(guint16));
	head.verdicts = lay_verdicts(&l, a, numbers);
	head.blocks = (guint32)(l.bytes->len / sizeof(struct esc_block));
	memcpy(l.bytes->data, &head, sizeof head);
	blob = g_byte_array_free_to_bytes(g_steal_pointer(&l.bytes));
	layout_clear(&l);
	return blob;
}

gboolean access_check(const guint16 *words, gsize count, gboolean wide)
{
	guint64 blocks = count / ESC_BLOCK_WORDS;
	struct esc_access head;
	guint32 verdicts = 0;

	if (count % ESC_BLOCK_WORDS || !blocks || blocks > ESC_ACCESS_BLOCKS)
		return FALSE;
	memcpy(&head, words, sizeof head);
	if (head.blocks != blocks || head.source.rows || head.source.lines ||
	    !policy_check_tree(&head.source, blocks, wide))
		return FALSE;
	for (guint32 i = 0; i < head.source.count; i++)
		verdicts = MAX(verdicts, words[(gsize)head.source.classes * ESC_BLOCK_WORDS + i] + 1u);
	return (guint64)head.verdicts + (verdicts + 15) / 16 <= blocks;
}
