/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of ports: GArray of struct port_range, ascending, disjoint, with a gap between any two. The caller owns results. */
#pragma once
#include "model/graph.h"

GArray *ports_empty(void);
GArray *ports_all(void);
GArray *ports_of(const GArray *ranges); /* of ranges in any order, overlapping as they like */
GArray *ports_intersect(const GArray *a, const GArray *b);
GArray *ports_subtract(const GArray *a, const GArray *b);
GArray *ports_unite(const GArray *a, const GArray *b);
gboolean ports_equal(const GArray *a, const GArray *b);
gboolean ports_contain(const GArray *outer, const GArray *inner);
