/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of the classifier (policy.h): one dimension, its trie, and the crossing of two. Private to policy.c. */
#pragma once
#include "compile/intern.h"
#include "compile/policy.h"

/* The rules of both lists as one run of bits: the first list's, then the second's. */
struct universe {
	GPtrArray *rules; /* borrowed struct policy_rule */
	guint first;      /* how many are of the first list */
	guint width;      /* 64-bit words of a set */
};

/* One dimension cut into elementary intervals; neighbours differ in class. */
struct dimension {
	GArray *starts;  /* guint32, the first is 0 */
	GArray *classes; /* guint32, index in sets */
	struct intern *sets;
};

/* A table of a crossing: cells[a * columns + b] is a class of `sets`. */
struct crossing {
	guint16 *cells;
	guint rows, columns;
	struct intern *sets;
};

/*
 * Which rules make which others useless: rule i shadows j when i is earlier in the same list and i's part covers j's.
 * Rules with equal parts share one row.
 */
struct shadows {
	guint *row;    /* of each rule */
	GArray *masks; /* guint64, width words a row: rules whose part lies in the part of this row */
};

typedef const GArray *(*universe_ranges)(const struct policy_rule *r);

void dimension_cut(struct dimension *d, const struct universe *u, universe_ranges ranges);
/* The protocol dimension, with the rule about restricted ports. */
void dimension_cut_protocols(struct dimension *d, const struct universe *u);
void dimension_clear(struct dimension *d);
/* Writes the trie of `levels` bytes to `words` (root first). FALSE: too many nodes or classes. */
gboolean dimension_trie(const struct dimension *d, guint levels, GArray *words);

void shadows_by_address(struct shadows *s, const struct universe *u);
void shadows_by_service(struct shadows *s, const struct universe *u);
void shadows_clear(struct shadows *s);
/* `shadows` may be NULL. FALSE: too many cells or classes. */
gboolean crossing_make(struct crossing *c, const struct universe *u, const struct intern *a, const struct intern *b,
                       const struct shadows *shadows);
void crossing_clear(struct crossing *c);
/* Ranges of the protocols that a rule may match. Caller unrefs. */
GArray *policy_protocols(const struct policy_rule *r);
