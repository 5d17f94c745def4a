/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the files that a person names to documents: the half that `plan` and `up` share.
 *
 * Nothing here has an effect. Whatever is wrong with the input ends here, told with file and place, before
 * anything is started or changed.
 */
#pragma once
#include "cli/options.h"
#include "compile/alloc.h"

struct source {
	char *subscription, *group;
	GPtrArray *files;     /* char * */
	GPtrArray *documents; /* struct document; of all files, in order */
	struct node *outputs; /* name -> {"type","value"} */
	GPtrArray *notes;     /* char * */
	/* For `plan --format arm` only, else NULL; as struct arm_writing has them. Never to be printed. */
	GPtrArray *twins;
	struct node *secure, *twin_secure;
	GPtrArray *secrets;
};

/* Reads and evaluates every FILE of the command line. NULL and error, whose message may have several lines. */
struct source *source_read(const struct invocation *i, GError **error);
/* The same where the FILEs are but some of those of the command line: which --param were taken is noted in `taken` (a set of
 * pointers), and source_check_params, after all parts, refuses those that no part took. */
struct source *source_read_part(const struct invocation *i, GHashTable *taken, GError **error);
gboolean source_check_params(const struct invocation *i, GHashTable *taken, GError **error);
void source_free(struct source *s);
typedef struct source source;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(source, source_free)

/* The graph of copies of the documents; NULL and error (one line a problem) when they mean nothing. `assume`: what they
 * refer to and do not declare is taken to exist (graph_assume). */
struct graph *source_graph(const struct source *s, gboolean assume, GError **error);
/* FALSE and error, beginning with `what`, when no subscription, group or machine can be called so. */
gboolean source_check_name(const char *what, const char *name, GError **error);
/* A resource group's name out of a file's: "x/101-two-vms/azuredeploy.json" is "101-two-vms". Caller frees. */
char *source_group_name(const char *file);
