/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are the lab's: one file per role in run/pids, with pid and start time.
 *
 * A number alone would be somebody else's after a while, so a process counts as ours only while its start time is the
 * recorded one and its command line is that of an escarpd of this lab.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

gboolean pids_write(const char *lab, const char *role, pid_t pid, GError **error);
void pids_forget(const char *lab, const char *role);
/* The living process of a role; 0: none. */
pid_t pids_find(const char *lab, const char *role);
/* Ends every recorded process except `spare`: asks first, and after `seconds` insists. */
void pids_end_all(const char *lab, pid_t spare, guint seconds);
