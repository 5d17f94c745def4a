/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * policy: what the security rules of one port say to one tuple. Called by judge.h.
 *
 * The blob's layout is told in abi/maps.h. The blob is not trusted: every index is computed in 64 bits and checked
 * against the blob's own length, that against the map; what does not fit is ESC_V_NO_POLICY, so nothing passes.
 */
#pragma once
#include "packet.h"

#define ESC_POLICY_WORDS_MAX (1u << 28)

/* Word at `offset` of the blob at `slot`; -1 beyond the blob or the map. */
static __always_inline int blob_word(esc_u32 slot, esc_u64 offset, esc_u32 words)
{
	esc_u32 block = slot + (esc_u32)(offset / ESC_BLOCK_WORDS);
	struct esc_block *b;

	if (offset >= words)
		return -1;
	b = esc_lookup(blobs, &block);
	return b ? b->w[offset % ESC_BLOCK_WORDS] : -1;
}

/* Class of `value` (its first byte in memory first) in a trie of that many levels; -1: the trie is broken. */
static __noinline int trie_class(esc_u32 slot, esc_u32 words, esc_u32 trie, esc_u32 value, esc_u32 levels)
{
	esc_u32 at = 0;

	for (esc_u32 i = 0; i < 4; i++) {
		int w;

		if (i >= levels)
			break;
		w = blob_word(slot, (esc_u64)trie + 256 * at + (value & 0xff), words);
		if (w < 0)
			return -1;
		if (w & ESC_TRIE_LEAF)
			return w & (ESC_TRIE_LEAF - 1);
		at = w;
		value >>= 8;
	}
	return -1;
}

/* Cell of a cross product of `columns` columns at `base`. */
static __noinline int cross(esc_u32 slot, esc_u32 words, esc_u64 base_columns, esc_u32 row, esc_u32 column)
{
	esc_u32 base = base_columns >> 32, columns = (esc_u32)base_columns;

	if (column >= columns)
		return -1;
	return blob_word(slot, (esc_u64)base + (esc_u64)row * columns + column, words);
}

#define ESC_CROSS(d, name) ((esc_u64)(d)->name##_cross << 32 | (d)->name##_cols)

static __always_inline int policy_class(const struct esc_query *q, const struct esc_policy_dir *d)
{
	int src, dst, sport, dport, proto, addr, ports, pp;

	src = trie_class(q->slot, d->words, d->src, q->saddr, 4);
	dst = trie_class(q->slot, d->words, d->dst, q->daddr, 4);
	sport = trie_class(q->slot, d->words, d->sport, q->sport, 2);
	dport = trie_class(q->slot, d->words, d->dport, q->dport, 2);
	proto = trie_class(q->slot, d->words, d->proto, q->proto, 1);
	if (src < 0 || dst < 0 || sport < 0 || dport < 0 || proto < 0)
		return -1;
	addr = cross(q->slot, d->words, ESC_CROSS(d, addr), src, dst);
	ports = cross(q->slot, d->words, ESC_CROSS(d, port), sport, dport);
	if (addr < 0 || ports < 0)
		return -1;
	pp = cross(q->slot, d->words, ESC_CROSS(d, pp), proto, ports);
	if (pp < 0)
		return -1;
	return cross(q->slot, d->words, (esc_u64)d->final << 32 | d->final_cols, addr, pp);
}

static __always_inline int policy_decision(struct esc_query *q, const struct esc_policy_dir *d, esc_u32 decision)
{
	esc_u64 at = d->decisions + (esc_u64)decision * ESC_DECISION_WORDS;
	int w[6];

	for (int i = 0; i < 6; i++) {
		w[i] = blob_word(q->slot, at + i, d->words);
		if (w[i] < 0)
			return -1;
	}
	q->decision = w[0];
	q->rule[0] = w[2] | (esc_u32)w[3] << 16;
	q->rule[1] = w[4] | (esc_u32)w[5] << 16;
	return 0;
}

/* 0 and the answer in `q`, or -1 when there is no whole policy. */
ESC_SUBPROGRAM int policy_ask(struct esc_query *q)
{
	struct esc_policy_dir *d;
	esc_u32 block;
	int decision;

	if (!q || !q->slot)
		return -1;
	block = q->slot + q->dir;
	d = esc_lookup(blobs, &block);
	if (!d || d->words > ESC_POLICY_WORDS_MAX)
		return -1;
	decision = policy_class(q, d);
	if (decision < 0)
		return -1;
	q->flags = d->flags;
	return policy_decision(q, d, decision);
}
