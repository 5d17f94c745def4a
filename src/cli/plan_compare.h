/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes from one deployment to another, in terms of who gets in.
 *
 * Concept. Resources are compared by id. Openings are compared port by port and source by source, and reachability by
 * the tiers of both sides together: machines that are one tier before and one after. So moving a rule, or writing it
 * otherwise, is a change of a resource and of nothing else.
 */
#pragma once
#include "cli/plan_side.h"

/* The caller owns the result. */
struct node *plan_compare(const struct plan_side *before, const struct plan_side *after);
void plan_compare_text(const struct node *data, GString *out);
/* plan_compare_reach.c: adds "reach" and "reach_complete". */
void plan_compare_reach(struct node *o, const struct plan_side *before, const struct plan_side *after);
