/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * policy: what the security rules of one port say to one tuple. Called by judge.h.
 *
 * The blob's layout is told in abi/maps.h. The blob is not trusted: every place is computed in 64 bits and checked
 * against the blob's own length, that against the map; what does not fit is ESC_V_NO_POLICY, so nothing passes.
 *
 *   header ─▶ five rows ─▶ the first position that all five have, in the first list ─▶ its rule
 *                          and, where that allows, in the second ────────────────────▶ its rule
 */
#pragma once
#include "route.h"

#define ESC_POLICY_BLOCKS_MAX (1u << 24)
#define ESC_NO_POSITION       0x7fffffff

/* Block `place` of the blob at `slot`. */
static __always_inline void *blob_block(esc_u32 slot, esc_u64 place, esc_u32 blocks)
{
	esc_u32 block = slot + (esc_u32)place;

	return place < blocks ? esc_lookup(blobs, &block) : NULL;
}

/* 1 when a >= b, without a branch: four of these would be sixteen paths to verify. */
static __always_inline esc_u64 not_below(esc_u32 a, esc_u32 b)
{
	return ~((esc_u64)a - b) >> 63;
}

/* x, which is within the mask: the compiler knows, and verifiers before Linux 6.8 forget it at an OR of two unknowns. */
static __always_inline esc_u64 remind(esc_u64 x, esc_u64 mask)
{
	asm volatile("" : "+r"(x));
	return x & mask;
}

/* Which of 16 starts is the last that is not above the value, when the first is not. */
static __always_inline esc_u64 search_block(const esc_u32 *start, esc_u32 value)
{
	esc_u64 i = not_below(value, start[8]) << 3;

	i = remind(i | not_below(value, start[i | 4]) << 2, 12);
	i = remind(i | not_below(value, start[i | 2]) << 1, 14);
	return remind(i | not_below(value, start[i | 1]), 15);
}

/* The row of the class of `value`, as its place in the blob; -1: there is no such thing. */
static __noinline int class_row(esc_u32 slot, esc_u32 blocks, const struct esc_policy_dim *d, esc_u32 value,
                                esc_u32 spans)
{
	esc_u32 at = 0, last = d->count - 1;
	esc_u64 level = d->starts;
	const struct esc_block *b;

	for (int shift = 16; shift >= 0; shift -= 4) {
		const esc_u32 *start;

		if (!(last >> shift))
			continue;
		start = blob_block(slot, level + at, blocks);
		if (!start)
			return -1;
		level += (last >> shift >> 4) + 1;
		at = at * 16 + search_block(start, value);
		if (at > last >> shift)
			at = last >> shift; /* all ones at the end are no start */
	}
	b = blob_block(slot, (esc_u64)d->classes + at / ESC_BLOCK_WORDS, blocks);
	return b ? (int)(d->rows + b->w[at % ESC_BLOCK_WORDS] * spans) : -1;
}

#if ESC_FAMILY == 4
static __always_inline int address_row(esc_u32 slot, esc_u32 blocks, const struct esc_policy_dim *d,
                                       const esc_ip *address, esc_u32 spans)
{
	return class_row(slot, blocks, d, ESC_BE32(*address), spans);
}
#else
/* The same for a value of 128 bits, as two halves: without a branch, a borrow tells which is less. */
static __always_inline esc_u64 borrow(esc_u64 a, esc_u64 b, esc_u64 taken)
{
	return ((~a & b) | ((~a | b) & (a - b - taken))) >> 63;
}

static __always_inline esc_u64 not_below_wide(const struct esc_wide *a, const struct esc_wide *b)
{
	return borrow(a->high, b->high, borrow(a->low, b->low, 0)) ^ 1;
}

/* Which of 4 starts. */
static __always_inline esc_u64 search_wide(const struct esc_wide *start, const struct esc_wide *value)
{
	esc_u64 i = not_below_wide(value, &start[2]) << 1;

	return remind(i | not_below_wide(value, &start[remind(i | 1, 3)]), 3);
}

/* As class_row, with the tree of wide starts. */
static __noinline int wide_row(esc_u32 slot, esc_u32 blocks, const struct esc_policy_dim *d,
                               const struct esc_wide *value, esc_u32 spans)
{
	esc_u32 at = 0, last = d->count - 1;
	esc_u64 level = d->starts;
	const struct esc_block *b;

	for (int shift = 18; shift >= 0; shift -= 2) {
		const struct esc_wide *start;

		if (!(last >> shift))
			continue;
		start = blob_block(slot, level + at, blocks);
		if (!start)
			return -1;
		level += (last >> shift >> 2) + 1;
		at = at * 4 + search_wide(start, value);
		if (at > last >> shift)
			at = last >> shift;
	}
	b = blob_block(slot, (esc_u64)d->classes + at / ESC_BLOCK_WORDS, blocks);
	return b ? (int)(d->rows + b->w[at % ESC_BLOCK_WORDS] * spans) : -1;
}

/* The row of the class of an address. What is searched for is in the scratch map, since this is where the stack is deepest. */
static __always_inline int address_row(esc_u32 slot, esc_u32 blocks, const struct esc_policy_dim *d,
                                       const esc_ip *address, esc_u32 spans)
{
	struct esc_scratch *scratch = scratch_get();

	if (!scratch)
		return -1;
	scratch->wide.high = (esc_u64)ESC_BE32(address->w[0]) << 32 | ESC_BE32(address->w[1]);
	scratch->wide.low = (esc_u64)ESC_BE32(address->w[2]) << 32 | ESC_BE32(address->w[3]);
	return wide_row(slot, blocks, d, &scratch->wide, spans);
}
#endif

/* The number of the lowest bit of a word that is not 0. */
static __always_inline esc_u32 lowest_bit(esc_u64 x)
{
	x = (x & -x) - 1;
	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return x * 0x0101010101010101ull >> 56;
}

/* The words that the five rows have in common. 0, or -1: a row is not in the blob. */
ESC_SUBPROGRAM int policy_common(struct esc_query *q)
{
	if (!q)
		return -1;
	for (esc_u32 span = 0; span < ESC_POLICY_SPANS; span++) {
		const struct esc_policy_row *row[5];

		if (span && q->spans < 2)
			break;
		for (int d = 0; d < 5; d++) {
			row[d] = blob_block(q->slot, (esc_u64)q->row[d] + span, q->blocks);
			if (!row[d])
				return -1;
		}
		for (int i = 0; i < ESC_POLICY_ROW_LINES / 4; i++)
			q->words[span * ESC_POLICY_ROW_LINES / 4 + i] = row[0]->words[i] & row[1]->words[i] &
			                                                row[2]->words[i] & row[3]->words[i] &
			                                                row[4]->words[i];
	}
	return 0;
}

/* Its number of the line of a group that it is about. */
static __always_inline esc_u16 row_line(const struct esc_policy_row *row, esc_u32 group)
{
	const esc_u16 *halves = (const void *)row;

	return halves[remind(offsetof(struct esc_policy_row, line) / sizeof(*halves) + group, ESC_BLOCK_WORDS - 1)];
}

/* First position in one word of 64 that is in all five rows. ESC_NO_POSITION: none; -1: a line is not in the blob. */
static __always_inline int policy_word(struct esc_query *q, esc_u32 word)
{
	esc_u32 group = word / 8, span = group >= ESC_POLICY_ROW_LINES;
	esc_u64 both = ~0ull;

	group -= span * ESC_POLICY_ROW_LINES;
	for (int d = 0; d < 5; d++) {
		const struct esc_policy_row *row = blob_block(q->slot, (esc_u64)q->row[d] + span, q->blocks);
		const esc_u64 *line;

		if (!row)
			return -1;
		line = blob_block(q->slot, (esc_u64)q->lines[d] + row_line(row, group), q->blocks);
		if (!line)
			return -1;
		both &= line[word % 8];
	}
	return both ? (int)(word * 64 + lowest_bit(both)) : ESC_NO_POSITION;
}

/* The next word that all five rows have, or the next unit of words. */
static long policy_step(esc_u32 step, void *context)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_query *q;
	esc_u32 unit, bits, word;

	(void)step;
	(void)context;
	if (!scratch)
		return 1;
	q = &scratch->plan.query;
	unit = q->unit;
	bits = q->bits;
	if (!bits) {
		unit++;
		if (unit >= ESC_POLICY_UNITS || unit * 4 >= q->to)
			return 1;
		q->unit = unit;
		q->bits = q->words[unit];
		return 0;
	}
	q->bits = bits & (bits - 1);
	word = unit * 32 + lowest_bit(bits);
	if (word >= q->to * 8)
		return 1;
	q->position = policy_word(q, word);
	return q->position != ESC_NO_POSITION;
}

/* First position from group `from` on, before group `to`, that is in all five rows. */
static __always_inline int policy_first(struct esc_query *q, esc_u32 from, esc_u32 to)
{
	esc_u32 unit = from / 4;

	q->position = ESC_NO_POSITION;
	if (unit >= ESC_POLICY_UNITS)
		return ESC_NO_POSITION;
	q->unit = unit;
	q->bits = q->words[unit] & ~0u << from % 4 * 8;
	q->to = to;
	esc_loop(33 * ESC_POLICY_UNITS, policy_step);
	return q->position;
}

/* Asks one list. 1: go on to the next; 0: denied; -1: there is no whole policy. */
static __always_inline int policy_list(struct esc_query *q, esc_u32 rules, esc_u32 from, esc_u32 to, esc_u32 *rule)
{
	const esc_u32 *words;
	int position = policy_first(q, from, to);

	if (position == ESC_NO_POSITION)
		return 0;
	words = position < 0 ? NULL : blob_block(q->slot, (esc_u64)rules + (esc_u32)position / 16, q->blocks);
	if (!words)
		return -1;
	position = words[position % 16];
	*rule = position & ~ESC_POLICY_ALLOW;
	return (esc_u32)position >> 31;
}

static __always_inline int policy_rows(struct esc_query *q, const struct esc_policy_head *h,
                                       const struct esc_policy_tail *t)
{
	esc_u32 spans = t->groups > ESC_POLICY_ROW_LINES ? ESC_POLICY_SPANS : 1;
	int rows[5];

	q->blocks = h->blocks;
	q->spans = spans;
	rows[0] = address_row(q->slot, h->blocks, &h->src, &q->saddr, spans);
	rows[1] = address_row(q->slot, h->blocks, &h->dst, &q->daddr, spans);
	rows[2] = class_row(q->slot, h->blocks, &h->sport, ESC_BE16(q->sport), spans);
	rows[3] = class_row(q->slot, h->blocks, &t->dport, ESC_BE16(q->dport), spans);
	rows[4] = class_row(q->slot, h->blocks, &t->proto, q->proto, spans);
	q->lines[0] = h->src.lines;
	q->lines[1] = h->dst.lines;
	q->lines[2] = h->sport.lines;
	q->lines[3] = t->dport.lines;
	q->lines[4] = t->proto.lines;
	for (int i = 0; i < 5; i++) {
		if (rows[i] < 0)
			return -1;
		q->row[i] = rows[i];
	}
	return policy_common(q);
}

/* 0 and the answer in `q`, or -1 when there is no whole policy. */
ESC_SUBPROGRAM int policy_ask(struct esc_query *q)
{
	const struct esc_policy_head *h;
	const struct esc_policy_tail *t;
	const esc_u32 family = ESC_FAMILY == 6 ? ESC_POLICY_V6 : ESC_POLICY_V4;
	int allow = 1;

	if (!q || !q->slot)
		return -1;
	h = blob_block(q->slot, 2 * (2 * family + q->dir), ESC_POLICY_HEADER);
	t = blob_block(q->slot, 2 * (2 * family + q->dir) + 1, ESC_POLICY_HEADER);
	if (!h || !t || h->blocks > ESC_POLICY_BLOCKS_MAX)
		return -1;
	q->flags = t->flags;
	q->rule[0] = q->rule[1] = 0;
	if (policy_rows(q, h, t))
		return -1;
	if (t->flags & ESC_POLICY_FIRST)
		allow = policy_list(q, t->rules, 0, t->split, &q->rule[0]);
	if (allow > 0 && t->flags & ESC_POLICY_SECOND)
		allow = policy_list(q, t->rules, t->split, t->groups, &q->rule[1]);
	q->allow = allow > 0;
	return allow < 0 ? -1 : 0;
}
