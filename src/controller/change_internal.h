/* SPDX-License-Identifier: Apache-2.0 */
/* Between change.c and its other halves: change_delete.c, change_swap.c, change_move.c. */
#pragma once
#include "controller/change.h"

struct changing {
	const struct plan *now;
	const struct stored *old;
	struct stored *next; /* to be changed */
	const struct request *request;
	struct node *answer;
	GError **error;
};

gboolean change_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3); /* FALSE */

gboolean change_delete_vm(struct changing *c, const struct vm *vm);
/* Of the deployment that the request names. */
gboolean change_delete_group(struct changing *c);
gboolean change_swap(struct changing *c);
/* To the host whose number is the request's `other`. */
gboolean change_move(struct changing *c, const struct vm *vm);

/*
 * A deployment is a resource group. Finds it by "group" or "subscription/group"; both as the documents write them, owned by
 * the caller. FALSE and error when it is not there, or several are.
 */
gboolean change_find_group(const struct plan *now, const char *name, char **subscription, char **group, GError **error);
