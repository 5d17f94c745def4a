/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's tests share: a directory of their own, a server in a thread, values made of text. */
#pragma once
#include "store/server.h"
#include "store/sqlite-internal.h"
#include <glib/gstdio.h>

/* A new directory below the system's temporary one; tests_remove deletes it with what is in it. */
char *tests_directory(void);
void tests_remove(char *directory);
GBytes *tests_text(const char *format, ...) G_GNUC_PRINTF(1, 2);
gint64 tests_put(struct store *s, const char *key, const char *value);
/* Text of a key, NULL when absent. Caller frees. */
char *tests_get(struct store *s, const char *key);

/* A server over DIR/store.db at DIR/store.sock, in a thread with a main context of its own. */
struct tests_server {
	char *directory, *address; /* "unix:..." */
	const struct store_grant *grants;
	gsize count;
	guint patience, keep; /* 0: as usual */
	GMainContext *context;
	GMainLoop *loop;
	GThread *thread;
	int ready;
};
/* grants NULL: this uid may do everything. */
struct tests_server *tests_server_start(const struct store_grant *grants, gsize count, guint patience, guint keep);
/* The owner's end and return, with the same file and socket. */
void tests_server_pause(struct tests_server *t);
void tests_server_resume(struct tests_server *t);
void tests_server_stop(struct tests_server *t);
