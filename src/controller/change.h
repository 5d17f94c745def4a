/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people do to what is deployed: start and stop machines, open and close endpoints, exchange addresses, delete.
 *
 * Each is a function from the stored state to the next one, as a deployment's merge is, and goes the same way from there:
 * planned whole, committed with the way back, published, acknowledged. Asking twice changes nothing the second time.
 */
#pragma once
#include "controller/merge.h"
#include "controller/plan.h"

/* The state after the request's action on `old`, of which `now` is the plan. Adds what it was about to `answer`. */
struct stored *change_make(const struct plan *now, const struct stored *old, const struct request *r,
                           struct node *answer, GError **error);
/* A machine under repair was taken from its host: the state in which all such run again, elsewhere. NULL: there is none. */
struct stored *change_return(const struct stored *old);
/*
 * An upgrade in place keeps the address of the deployment's public front end, also where the new documents call it otherwise:
 * it goes over to the one that comes, unless there are several. TRUE: the allocations that `s` starts from are changed, so
 * `next`, made without, is to be made again.
 */
gboolean change_upgrade(const struct plan *now, const struct plan *next, struct stored *s, const struct request *r);
/* FALSE and error when there is nothing to upgrade. */
gboolean change_may_upgrade(const struct plan *now, const struct request *r, GError **error);
