/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"
#include <string.h>

struct view {
	const guint8 *bytes;
	gsize size;
};

/* `size` bytes at place `index` of the array that begins at a block. */
static void get(const struct view *v, guint64 block, guint64 index, void *to, gsize size)
{
	guint64 at = 64 * block + index * size;
	g_assert_cmpuint(at + size, <=, v->size);
	memcpy(to, v->bytes + at, size);
}

/* By the lowest level alone, from its end: the levels above it only say where to look. */
static guint32 interval(const struct view *v, const struct esc_policy_dim *d, const struct ip6 *a, guint32 value)
{
	guint step = a ? 2 : 4;
	guint64 block = d->starts;
	for (guint shift = step; (d->count - 1) >> shift; shift += step)
		block += ((d->count - 1) >> (shift + step)) + 1;
	guint32 low = 0, high = d->count;
	while (low + 1 < high) {
		guint32 middle = (low + high) / 2, start;
		gboolean before;
		if (a) {
			guint64 halves[2];
			get(v, block, middle, halves, sizeof halves);
			halves[0] = GUINT64_TO_BE(halves[0]);
			halves[1] = GUINT64_TO_BE(halves[1]);
			before = memcmp(halves, a, sizeof halves) <= 0;
		} else {
			get(v, block, middle, &start, sizeof start);
			before = start <= value;
		}
		if (before)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* ANDs into `bits` the rules that the value matches. */
static void narrow(const struct view *v, const struct esc_policy_dir *dir, const struct esc_policy_dim *d,
                   const struct ip6 *a, guint32 value, guint64 *bits)
{
	guint16 class;
	guint spans = dir->tail.groups > ESC_POLICY_ROW_LINES ? 2 : 1;
	get(v, d->classes, interval(v, d, a, value), &class, sizeof class);
	for (guint g = 0; g < dir->tail.groups; g++) {
		struct esc_policy_row row;
		guint64 line[8];
		get(v, d->rows, class * spans + g / 20, &row, sizeof row);
		guint8 words = (guint8)(row.words[g % 20 / 4] >> (8 * (g % 4)));
		if (words)
			get(v, d->lines, row.line[g % 20], line, sizeof line);
		for (guint w = 0; w < 8; w++)
			bits[8 * g + w] &= words >> w & 1 ? line[w] : 0;
	}
}

static gboolean answer(const struct view *v, const struct esc_policy_dir *dir, const guint64 *bits, guint list,
                       guint32 *rule)
{
	guint from = list ? dir->tail.split : 0, to = list ? dir->tail.groups : dir->tail.split;
	*rule = 0;
	if (!(dir->tail.flags & (list ? ESC_POLICY_SECOND : ESC_POLICY_FIRST)))
		return TRUE;
	for (guint i = 512 * from; i < 512 * to; i++) {
		guint32 word;
		if (!(bits[i / 64] >> (i % 64) & 1))
			continue;
		get(v, dir->tail.rules, i, &word, sizeof word);
		*rule = word & ~ESC_POLICY_ALLOW;
		return (word & ESC_POLICY_ALLOW) != 0;
	}
	return FALSE;
}

struct decision blob_decide(GBytes *policy, guint direction, const struct header *h)
{
	struct esc_policy_dir d;
	gsize size;
	struct view v = {.bytes = g_bytes_get_data(policy, &size)};
	v.size = size;
	get(&v, 0, 2 * (h->v6 ? 1 : 0) + direction, &d, sizeof d);
	g_assert_cmpuint(d.head.blocks * 64, ==, v.size);
	g_assert_cmpuint(d.tail.groups, <=, 40);
	guint64 bits[8 * 40];
	memset(bits, 0xff, sizeof bits);
	narrow(&v, &d, &d.head.src, h->v6 ? &h->source6 : NULL, h->source, bits);
	narrow(&v, &d, &d.head.dst, h->v6 ? &h->destination6 : NULL, h->destination, bits);
	narrow(&v, &d, &d.head.sport, NULL, h->source_port, bits);
	narrow(&v, &d, &d.tail.dport, NULL, h->destination_port, bits);
	narrow(&v, &d, &d.tail.proto, NULL, h->protocol, bits);
	struct decision out = {.allow = answer(&v, &d, bits, 0, &out.rules[0])};
	out.allow = out.allow && answer(&v, &d, bits, 1, &out.rules[1]);
	return out;
}
