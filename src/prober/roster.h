/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the prober asks, what it believes of each, and what it tells of that.
 *
 * The list comes with the host's tables and is whole each time; who stays on it keeps what is believed of him. What is
 * told is one JSON value, of a size that the list bounds, and is also how a successor learns what its predecessor knew:
 *
 *   {"members": [{"probe", "nic", "known", "down", "changed", "why"}], "events": [{"time", "probe", "nic", "down", "why"}]}
 */
#pragma once
#include "compile/tables.h"
#include "lib/node.h"

#define ROSTER_EVENTS 64u /* the latest are kept */

struct roster;
/* `changed` is called when there is something new to tell. */
struct roster *roster_new(void (*changed)(gpointer user), gpointer user);
void roster_free(struct roster *r);
/* What a predecessor told; for those who are not on the list yet. */
void roster_remember(struct roster *r, const struct node *told);
void roster_update(struct roster *r, const struct tables *t);
struct node *roster_tell(const struct roster *r);
