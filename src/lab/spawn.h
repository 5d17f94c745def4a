/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a role with exactly its privileges: own uid, exactly the named capabilities, no way to new ones, nothing
 * open but what it is given. The program is this one (by its inode, so that the path may be unreadable to the role).
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

#define SPAWN_CHANNEL 3 /* where a role finds the descriptor that it was given */

struct spawn {
	const char *const *argv; /* argv[0] is "escarpd"; ends with NULL */
	uid_t uid;               /* the group has the same number */
	guint64 capabilities; /* bit set of CAP_*; kept as permitted, effective, inheritable, ambient and bounding set
	                       */
	const char *netns;    /* NULL: where the caller is */
	int channel;          /* becomes SPAWN_CHANNEL; -1: none. Stays the caller's */
	const char *log;      /* file for output, appended to */
};

/* Returns the pid, -1 on failure. */
pid_t spawn_role(const struct spawn *s, GError **error);

/* For the role itself, first thing: ends when the supervisor does, and is not to be looked into. */
void spawn_settle(void);
