/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow log has to write: tuples by group, interface and rule, until they become records of files. */
#pragma once
#include <glib.h>

struct flowlog_pending;
struct flowlog_pending *flowlog_pending_new(void);
void flowlog_pending_free(struct flowlog_pending *p);

/* Takes the texts; the port is whom a loss is charged to. */
void flowlog_pending_add(struct flowlog_pending *p, char *group_id, char *rule, char *tuple, guint port,
                         const guint8 mac[6], guint version);
/* What of one port's tuples was written, or not. */
typedef void (*flowlog_written_fn)(guint port, guint tuples, const GError *error, gpointer user);
/* Writes one record for each group and interface below `directory`, and is empty then. */
void flowlog_pending_write(struct flowlog_pending *p, const char *directory, gint64 real_us, flowlog_written_fn fn,
                           gpointer user);
