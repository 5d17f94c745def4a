/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the controller has to tell besides its answers: an address was given back that other subscriptions name. Kept with the
 * documents and written with the change that made it, so that it is told exactly when that is in force; bounded, the newest
 * stay.
 */
#pragma once
#include "controller/plan.h"

/* The addresses that the plan gives back, for the answer: [{"address","owner"}]. */
struct node *events_released(const struct stored *old, const struct plan *p);
/* Adds the events of it to the next state. */
void events_add(struct stored *next, const struct stored *old, const struct plan *p);
/* Warnings about whoever names an address that was given back: char *, to `lines`. */
void events_warn(const struct plan *p, GPtrArray *lines);
