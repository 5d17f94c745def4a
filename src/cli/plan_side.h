/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One deployment of a plan: its files, and all that follows from them. A plan has one; a comparison has two, of the same
 * subscription and group, so that a resource is the same on both sides when its name is.
 */
#pragma once
#include "cli/source.h"
#include "prove/exposure.h"

struct plan_side {
	struct source *source;
	struct graph *graph;
	struct alloc *alloc;
	struct alloc_settings settings;
};
void plan_side_clear(struct plan_side *s);
typedef struct plan_side plan_side;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(plan_side, plan_side_clear)

/* The FILEs of one side: everything else is as on the command line. Borrows from it. */
struct plan_files {
	GPtrArray *files;      /* const char * */
	GPtrArray *parameters; /* const char *, for the files in order; may be NULL */
};
struct plan_choice {
	gboolean compare;
	struct plan_files before, after; /* without a comparison only `after` */
};
/* Which FILEs are what: two whole inputs of one kind that declare mostly the same resources are compared, unless --together;
 * --against names what is compared. The caller clears. */
void plan_choose(const struct invocation *i, struct plan_choice *c);
void plan_choice_clear(struct plan_choice *c);
typedef struct plan_choice plan_choice;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(plan_choice, plan_choice_clear)

/* Reads, builds and allocates. `like`: deploy to the subscription and group of this one; may be NULL. FALSE and error. */
gboolean plan_side_make(struct plan_side *s, const struct invocation *i, const struct plan_files *files,
                        const struct plan_side *like, GHashTable *taken, GError **error);
