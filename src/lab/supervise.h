/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the roles running: starts each, and again when it ends, after a pause that doubles while it keeps ending soon.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

#define SUPERVISE_FIRST_PAUSE_MS   100
#define SUPERVISE_LONGEST_PAUSE_MS 10000
#define SUPERVISE_STEADY_SECONDS   30 /* after which the pause is the first one again */

struct supervisor;
/* Starts the role once; returns its pid or -1. Called again for every restart. */
typedef pid_t (*supervise_start_fn)(gpointer user, GError **error);

struct supervisor *supervisor_new(const char *lab);
void supervisor_add(struct supervisor *s, const char *role, supervise_start_fn start, gpointer user);
/* Ends every role and frees. */
void supervisor_free(struct supervisor *s);
