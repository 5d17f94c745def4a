/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy: two ordered lists of rules become one classifier that answers in a fixed number of loads.
 *
 * Concept. A packet header is five numbers. Along one of them, say the source address, the borders of all
 * rules cut the line into elementary intervals; inside one, no rule changes its mind. So each interval is described
 * completely by the set of rules that it lies in (a bitset with one bit for each rule of both lists), and intervals
 * with equal sets are one *class*. A packet's five classes give five sets, and a rule matches the packet when it is in
 * all five: the answer is the first bit of their AND, in the first list and, if that allows, in the second.
 *
 * The ANDs are done here, once for each pair of classes, and not for each packet:
 *
 *     source address ─┐
 *                     ├─ addr ──────────────┐
 *     destination ────┘                     ├─ final ─▶ decision
 *     source port ────┐                     │
 *                     ├─ ports ─┐           │
 *     destination ────┘         ├─ pp ──────┘
 *     protocol ─────────────────┘
 *
 * Each box is a table with one cell for each pair of classes; different pairs with the same AND are again one class.
 * That keeps real lists small: a thousand rules overlap in few ways. It can be made to explode (n sources times n
 * destinations, all different), so there is a bound, and a list past it is refused with a clear error.
 *
 * Before sets are compared, rules that can no longer decide are taken out: where an earlier rule of the same
 * list is in the set, and matches every port and protocol that a later one does, the later one never comes first. This
 * is done between addr and pp only, each with what the other dimension makes of the rules.
 *
 * Protocols and ports: a rule that restricts a port is about TCP and UDP only. Its protocol set is cut down to these,
 * and is empty if it names another protocol. ICMP is looked up with both ports 0.
 *
 * The result is laid out as abi/maps.h says; equal input gives equal bytes.
 */
#pragma once
#include "abi/maps.h"
#include "compile/alloc.h"

#define POLICY_MAX_WORDS   (4u << 20) /* 16-bit words of one blob */
#define POLICY_MAX_CLASSES 32767u     /* of one dimension: ESC_TRIE_LEAF takes the upper bit */
#define POLICY_MAX_CROSSED 65535u     /* of a crossing: its cells are whole words */

struct policy_range {
	guint32 first, last; /* inclusive */
};

/* A rule without names: ranges are sorted and do not touch; an empty array matches nothing. */
struct policy_rule {
	GArray *source, *destination;             /* struct policy_range */
	GArray *source_ports, *destination_ports; /* struct policy_range */
	enum rule_protocol protocol;
	gboolean allow;
	guint32 number; /* counter; not 0 */
};

/* NULL list: everything is allowed, with rule 0. A list that nothing matches denies, with rule 0. */
struct policy_input {
	GPtrArray *lists[2][2]; /* [direction][first, second]: struct policy_rule in order */
	guint32 flags;          /* ESC_POLICY_NO_GROUP */
	const char *name;       /* the groups, for messages */
};

struct policy_rule *policy_rule_new(void);
void policy_rule_free(struct policy_rule *r);
GPtrArray *policy_list_new(void); /* frees its rules */
void policy_add_range(GArray *ranges, guint32 first, guint32 last);
void policy_normalise(GArray *ranges); /* sorts and joins */

/* What the tags of a rule mean for a port of one network. */
struct policy_scope {
	const struct network *network;
	const struct alloc *alloc;
	guint32 platform;
};
/* One direction of a group, for ports of the scope's network. */
GPtrArray *policy_lower(const struct security_group *group, enum direction direction, const struct policy_scope *scope);

/* NULL and error when a bound does not hold. */
GBytes *policy_build(const struct policy_input *in, GError **error);
/* TRUE when every lookup in the blob stays inside it and ends in a decision, whatever the header. */
gboolean policy_check(const guint16 *words, gsize count);
