/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: everything that follows from one state of the documents. Made in memory, without side effects; what cannot be
 * planned is never committed.
 */
#pragma once
#include "compile/compile.h"
#include "controller/stored.h"

struct plan {
	struct graph *graph;
	struct alloc *alloc;
	struct node *alloc_node;
	struct alloc_settings settings; /* taps: owned */
	struct health *health;
	GPtrArray *tables; /* struct tables by host */
	GPtrArray *hashes; /* char * by host */
};

/* NULL with one line for each problem in `errors`. */
struct plan *plan_make(const struct stored *s, guint hosts, struct node *const *told, GPtrArray *errors);
/* The same documents, with what probers have told since (findings.h). FALSE: the tables are what they were. */
gboolean plan_refresh(struct plan *p, struct node *const *told, GPtrArray *errors);
void plan_free(struct plan *p);
typedef struct plan plan;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(plan, plan_free)
const char *plan_hash(const struct plan *p, guint host);
/* TRUE when the graph has this VM (id in any case). */
gboolean plan_has_vm(const struct plan *p, const char *id);
