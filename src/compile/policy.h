/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy: two ordered lists of rules become one classifier whose work hardly depends on how many they are.
 *
 * Concept. A packet header is five numbers. Along one of them, say the source address, the borders of all rules cut
 * the line into intervals; inside one, no rule changes its mind. So an interval is described completely by the set of
 * rules that it lies in, and intervals with equal sets are one *class*. A packet's five classes give five sets, and a
 * rule matches the packet when it is in all five: the answer is the first bit of their AND, in the first list and, if
 * that allows, in the second. One classification asks both lists, and both deciding rules are in its answer.
 *
 *     value ─▶ interval: a search tree, 16 starts to a cache line, so at most five lines for a million intervals
 *           ─▶ class ─▶ row: which words of the set are not empty, and where its lines are (one cache line)
 *     five rows ─▶ AND of which words are not empty ─▶ for each word that is left, the AND of five words ─▶ first bit
 *
 * The set of 10,000 rules is 157 words of 64 bits, in 20 lines of 512. Equal lines are stored once, and a border changes
 * one line only, so a dimension has at most one line more than borders, however much rules overlap. All of it grows
 * with the borders (64 bytes a line, 64 bytes a row for each 20 groups of 512 rules, 6 bytes an interval), nothing with
 * their products: there is no list that explodes. The bounds are those of the numbers, 65,536 classes and lines of a
 * dimension and 40 groups, and POLICY_MAX_BLOCKS; a list past them is refused with an error that names the group.
 *
 * What a lookup costs is the words that all five rows have and no rule is in: at most five lines for each 512 rules, 120
 * lines in all in the worst list of 10,000 that can be made, and few where addresses tell rules apart. Measured with
 * `./dev bench classify` (cache lines of a lookup, mean and most, 65,536 headers on the borders of ClassBench's rules):
 *
 *                      bit sets               tuple space            cross products of classes
 *     acl1 / 10k       26 (31) /  33  (73)    106 (132) / 230 (283)   312 KiB / too large
 *     acl2 / 10k       31 (32) /  62  (84)    311 (371) / 572 (673)   654 KiB / too large
 *     acl3 / 10k       27 (32) /  50  (94)    226 (252) / 385 (460)  3245 KiB / too large
 *     fw1 / 10k        32 (33) /  71  (91)    122 (151) / 204 (255)  too large, both
 *     fw2 / 10k        27 (31) /  48  (73)    113 (120) / 165 (175)  2169 KiB / too large
 *     fw3 / 10k        29 (31) /  57  (90)     71  (99) / 109 (162)  3738 KiB / too large
 *     ipc1 / 10k       34 (34) /  73 (100)    284 (319) / 596 (680)  too large, both
 *
 * Bit sets of 1,000 rules are 44 to 156 KiB and take a millisecond to build, of 10,000 rules 584 to 1552 KiB and 10 to
 * 35. Cross products, which this replaces, took about 20 lines, and past 8 MiB for every set of 10,000; tuple space has no bound
 * but the number of rules. Trees of cuts copy rules into leaves, so their memory is bounded by giving up; not measured.
 *
 * Two lists: the second one's rules follow in the same set, from the next line on. Protocols and ports: a rule that
 * restricts a port is about TCP and UDP only. Its protocol set is cut down to these, and is empty if it names another
 * protocol. ICMP is looked up with both ports 0. IPv6 has two more dimensions, for its addresses; ports, protocols and
 * rules are shared.
 *
 * The result is laid out as abi/maps.h says; equal input gives equal bytes.
 */
#pragma once
#include "abi/maps.h"
#include "compile/alloc.h"
#include "lib/ip6.h"

#define POLICY_MAX_BLOCKS (256u << 10) /* of one blob: 16 MiB */

struct policy_range {
	guint32 first, last; /* inclusive */
};

struct policy_range6 {
	struct ip6 first, last; /* inclusive */
};

/* A rule without names: ranges are sorted and do not touch; an empty array matches nothing. */
struct policy_rule {
	GArray *source, *destination;             /* struct policy_range: IPv4 */
	GArray *source6, *destination6;           /* struct policy_range6 */
	GArray *source_ports, *destination_ports; /* struct policy_range */
	enum rule_protocol protocol;
	gboolean allow;
	guint32 number; /* counter; not 0, below ESC_POLICY_ALLOW */
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
void policy_add_prefix6(GArray *ranges, struct prefix6 p);
void policy_normalise(GArray *ranges); /* sorts and joins */
void policy_normalise6(GArray *ranges);

/* What the tags of a rule mean for a port of one subnet. */
struct policy_scope {
	const struct network *network;
	const struct alloc *alloc;
	guint32 platform;
	struct ip6 platform6;
	const struct inside *inside; /* what VirtualNetwork has there: space.h */
};
/* One direction of a group, for ports of the scope's subnet. */
GPtrArray *policy_lower(const struct security_group *group, enum direction direction, const struct policy_scope *scope);

/* The IPv6 half of one side, for policy_lower. */
void policy_lower_side6(const struct rule_side *side, GArray *out, const struct policy_scope *scope);

/* NULL and error when a bound does not hold. */
GBytes *policy_build(const struct policy_input *in, GError **error);
/* TRUE when every lookup in the blob stays inside it and ends in a decision, whatever the header. */
gboolean policy_check(const guint16 *words, gsize count);
/* The same of one dimension's starts and classes alone, in a blob of so many blocks. */
gboolean policy_check_tree(const struct esc_policy_dim *d, guint64 blocks, gboolean wide);
