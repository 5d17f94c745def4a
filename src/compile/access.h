/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access lists: who may use an endpoint, by remote address (semantics.md of the original: at most 50 ordered rules).
 *
 * Concept. The borders of the rules' prefixes cut the addresses into intervals, and inside one the same rule decides:
 * the first that has it. So a list is a search tree of at most 101 starts, two cache lines deep, and a verdict for each:
 * what a lookup costs does not depend on how many rules there are. abi/maps.h has the layout, which is that of one
 * dimension of a policy. A list is of one family: that of the endpoint's address.
 */
#pragma once
#include "abi/maps.h"
#include "model/graph.h"

/* `numbers`: of each rule its counter. `wide`: for IPv6 sources. */
GBytes *access_build(const struct access_control *a, const guint32 *numbers, gboolean wide);
/* TRUE when every lookup in the blob stays inside it. */
gboolean access_check(const guint16 *words, gsize count, gboolean wide);
