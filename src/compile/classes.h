/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of the classifier (policy.h): where rules have their bits, one dimension, and the blob as it grows. */
#pragma once
#include "compile/intern.h"
#include "compile/policy.h"

/* Where the rules of both lists have their positions: abi/maps.h tells what a group and a span are. */
struct shape {
	guint split, groups, spans;
};

/* A value of a dimension: an IPv6 address, or 0 and a smaller number. */
struct point {
	guint64 high, low;
};

struct point point_of(const struct ip6 *a);

/* From here on the rule at this position matches, if it did not before; else no more. */
struct border {
	struct point at;
	guint position;
};

/* One dimension cut into intervals; neighbours differ in class. */
struct dimension {
	GArray *starts;       /* struct point; the first is 0 */
	GArray *classes;      /* guint16, of each interval */
	struct intern *rows;  /* of a class: `spans` struct esc_policy_row */
	struct intern *lines; /* 0 is the empty one */
};

/* The blob under construction. Sections lie at blocks; equal ones are laid once. */
struct layout {
	GByteArray *bytes;
	GArray *sections; /* struct section */
};

/* Sorts the borders. NULL, or what there are too many of. */
const char *dimension_cut(struct dimension *d, const struct shape *s, GArray *borders);
void dimension_clear(struct dimension *d);
/* `wide`: values are IPv6 addresses. */
void dimension_lay(const struct dimension *d, struct layout *l, gboolean wide, struct esc_policy_dim *out);

void layout_init(struct layout *l, gsize header); /* `header` bytes for the caller to fill in the end */
void layout_clear(struct layout *l);
/* The block where `size` bytes of data begin. */
guint32 layout_add(struct layout *l, const void *data, gsize size);
/* The same for the search tree of these starts (struct point). */
guint32 layout_tree(struct layout *l, const GArray *starts, gboolean wide);
