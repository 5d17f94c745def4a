/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "prove/reach.h"

/* Adds "tiers", "reach" and "reach_complete" to a plan. */
void plan_add_reach(struct node *o, const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                    struct node *warnings);

/* "subnet", with its network (and group) where the graph has several. Caller frees. */
char *plan_subnet_name(const struct graph *g, const struct subnet *s);
/* The first few machines of these configurations: "web0, web1, web2, +7". Caller frees. */
char *plan_members(const struct graph *g, const GPtrArray *configs);
struct node *plan_port_list(const GArray *ports); /* ["80", "8000-8080"]; the caller's */
