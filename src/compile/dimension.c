/* SPDX-License-Identifier: Apache-2.0 */
/* One dimension of the classifier: a sweep along its values, which cuts it into intervals and these into classes. */
#include "classes.h"
#include <string.h>

#define LINE_WORDS (ESC_POLICY_LINE / 64)
#define NUMBERS    65536u /* of classes, and of lines: 16 bits name them */

static guint digit(const struct border *b, guint byte)
{
	return (byte < 8 ? b->at.low >> (8 * byte) : b->at.high >> (8 * byte - 64)) & 0xff;
}

/* Bytes in which the values differ: a bit each. */
static guint differing(const struct border *b, guint count)
{
	struct point all = {0, 0};
	guint bytes = 0;
	for (guint i = 0; i < count; i++) {
		all.high |= b[i].at.high ^ b[0].at.high;
		all.low |= b[i].at.low ^ b[0].at.low;
	}
	for (guint byte = 0; byte < sizeof all; byte++)
		bytes |= digit(&(struct border){all, 0}, byte) ? 1u << byte : 0;
	return bytes;
}

/* One stable pass, by one byte of the value. */
static void pass(const struct border *from, struct border *to, guint count, guint byte)
{
	guint place[256] = {0};
	for (guint i = 0; i < count; i++)
		place[digit(&from[i], byte)]++;
	for (guint i = 0, before = 0; i < 256; i++) {
		guint here = place[i];
		place[i] = before;
		before += here;
	}
	for (guint i = 0; i < count; i++)
		to[place[digit(&from[i], byte)]++] = from[i];
}

/* By value, byte by byte from the lowest. */
static void sort_borders(GArray *borders)
{
	g_autofree struct border *other = g_new(struct border, borders->len + 1);
	struct border *now = (struct border *)(void *)borders->data, *next = other;
	for (guint bytes = differing(now, borders->len); bytes; bytes &= bytes - 1) {
		pass(now, next, borders->len, (guint)__builtin_ctz(bytes));
		struct border *swap = now;
		now = next;
		next = swap;
	}
	if (now == other)
		memcpy(borders->data, other, borders->len * sizeof *other);
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
			if (b->at.high != place.high || b->at.low != place.low)
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
	sort_borders(borders);
	return sweep(&w, d, borders);
}

void dimension_clear(struct dimension *d)
{
	g_clear_pointer(&d->starts, g_array_unref);
	g_clear_pointer(&d->classes, g_array_unref);
	g_clear_pointer(&d->rows, intern_free);
	g_clear_pointer(&d->lines, intern_free);
}
