/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "prove/reach.h"

/* Adds "tiers", "reach" and "reach_complete" to a plan. */
void plan_add_reach(struct node *o, const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                    struct node *warnings);
