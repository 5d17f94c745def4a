/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a flow log: one an hour for each group and interface, valid JSON whenever it is read.
 *
 * A file grows by being written anew beside itself and put in its place, so a reader sees it before or after, never in between, and
 * so does whoever starts after a crash. It is bounded in size, and all of them together in number of bytes and in days.
 */
#pragma once
#include <glib.h>

#define FLOWLOG_FILE_MAX  (16u << 20)  /* bytes of one file; what does not fit is lost and counted */
#define FLOWLOG_BYTES_MAX (256u << 20) /* of one host's; the oldest hours go first */

/* Adds a record (JSON on one line) to DIRECTORY/PATH; makes what is missing on the way. FALSE and error: nothing was changed. */
gboolean flowlog_append(const char *directory, const char *path, const char *record, GError **error);
/* Removes what is older than `days` (0: as long as there is room) below DIRECTORY/SUBTREE. */
void flowlog_expire(const char *directory, const char *subtree, guint days, gint64 now);
/* Removes the oldest files until all together have at most `most` bytes. How many bytes are left. */
guint64 flowlog_bound(const char *directory, guint64 most);
