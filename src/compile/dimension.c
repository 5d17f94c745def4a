/* SPDX-License-Identifier: Apache-2.0 */
/* One dimension of the classifier: a sweep along its values, which cuts it into intervals and these into classes. */
#include "classes.h"
#include <string.h>

#define LINE_WORDS (ESC_POLICY_LINE / 64)
#define NUMBERS    65536u /* of classes, and of lines: 16 bits name them */

static int compare_points(const struct point *a, const struct point *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

static int compare_borders(const void *a, const void *b)
{
	const struct border *x = a, *y = b;
	int order = compare_points(&x->at, &y->at);
	return order ? order : x->position < y->position ? -1 : x->position > y->position;
}

/* Which rules match where the sweep stands, as bits and as the row that says the same. */
struct sweep {
	guint64 *bits;
	struct esc_policy_row *row;
	guint64 changed; /* groups */
};

G_STATIC_ASSERT(ESC_POLICY_SPANS *ESC_POLICY_ROW_LINES <= 64);

static gboolean renew_group(struct sweep *w, struct dimension *d, guint group)
{
	const guint64 *line = w->bits + (gsize)group * LINE_WORDS;
	struct esc_policy_row *row = &w->row[group / ESC_POLICY_ROW_LINES];
	guint at = group % ESC_POLICY_ROW_LINES, number = intern_add(d->lines, line);
	guint32 words = 0;
	for (guint i = 0; i < LINE_WORDS; i++)
		words |= line[i] ? 1u << i : 0;
	row->line[at] = (guint16)number;
	row->words[at / 4] &= ~(0xffu << (8 * (at % 4)));
	row->words[at / 4] |= words << (8 * (at % 4));
	return number != INTERN_FULL;
}

/* An interval begins here. Returns what there are too many of. */
static const char *begin_interval(struct sweep *w, struct dimension *d, const struct point *at)
{
	for (; w->changed; w->changed &= w->changed - 1) {
		if (!renew_group(w, d, (guint)__builtin_ctzll(w->changed)))
			return "sets of rules";
	}
	guint number = intern_add(d->rows, (const guint64 *)(const void *)w->row);
	guint16 class = (guint16)number;
	if (number == INTERN_FULL)
		return "classes";
	if (d->classes->len && g_array_index(d->classes, guint16, d->classes->len - 1) == class)
		return NULL;
	g_array_append_val(d->starts, *at);
	g_array_append_val(d->classes, class);
	return d->starts->len > ESC_POLICY_CUTS ? "intervals" : NULL;
}

/* Ranges of one rule do not touch, so at most one border of a rule lies at a place and a flip is an entry or an exit.
 */
static const char *sweep(struct sweep *w, struct dimension *d, const GArray *borders)
{
	struct point place = {0, 0};
	for (guint i = 0;;) {
		for (; i < borders->len; i++) {
			const struct border *b = &g_array_index(borders, struct border, i);
			if (compare_points(&b->at, &place) != 0)
				break;
			w->bits[b->position / 64] ^= 1ull << (b->position % 64);
			w->changed |= 1ull << (b->position / ESC_POLICY_LINE);
		}
		const char *many = begin_interval(w, d, &place);
		if (many || i == borders->len)
			return many;
		place = g_array_index(borders, struct border, i).at;
	}
}

const char *dimension_cut(struct dimension *d, const struct shape *s, GArray *borders)
{
	g_autofree guint64 *bits = g_new0(guint64, MAX(s->groups, 1) * LINE_WORDS);
	g_autofree struct esc_policy_row *row = g_new0(struct esc_policy_row, s->spans);
	struct sweep w = {.bits = bits, .row = row};
	d->starts = g_array_new(FALSE, FALSE, sizeof(struct point));
	d->classes = g_array_new(FALSE, FALSE, sizeof(guint16));
	d->rows = intern_new(s->spans * (guint)(sizeof *row / sizeof(guint64)), NUMBERS);
	d->lines = intern_new(LINE_WORDS, NUMBERS);
	intern_add(d->lines, bits);
	g_array_sort(borders, compare_borders);
	return sweep(&w, d, borders);
}

void dimension_clear(struct dimension *d)
{
	g_clear_pointer(&d->starts, g_array_unref);
	g_clear_pointer(&d->classes, g_array_unref);
	g_clear_pointer(&d->rows, intern_free);
	g_clear_pointer(&d->lines, intern_free);
}
