/* SPDX-License-Identifier: Apache-2.0 */
/* The network in force: what a running lab's store and controller say. */
#pragma once
#include "cli/options.h"
#include "compile/alloc.h"

struct live {
	struct graph *graph;
	struct alloc *alloc;
	struct alloc_settings settings;
	struct node *status; /* the controller's answer */
	struct node *life;   /* what runs and what is open, laid over the graph already; NULL: all of it */
};

/* NULL and error when the lab does not run, or is empty of sense. */
struct live *live_open(const char *lab, GError **error);
void live_close(struct live *l);
typedef struct live live;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(live, live_close)

/* {"op":"status"} of the controller alone. */
struct node *live_status(const char *lab, GError **error);
/* The same request to every host's agent; an array of the answers by host, with "host" set. */
struct node *live_agents(const char *lab, const struct node *asked, guint hosts, GError **error);
