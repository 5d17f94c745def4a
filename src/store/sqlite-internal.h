/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the SQLite provider share.
 *
 * Concept. One file, owned by one process (exclusive lock, so a second one gets a clear error instead of a race).
 *   keys     the present: key, revisions of creation and last change, value
 *   history  the changes of the last revisions, for watches: (revision, seq) -> key, value (NULL: deleted)
 *   meta     'revision': the last one given out; 'compacted': the last one whose history is gone
 * Each row of the first two has a sum over key, revision and value: SQLite notices a damaged page structure, and not a
 * damaged value. It is verified at the start and at every reading.
 * A commit changes all three in one SQLite transaction, so a watch reads exactly what was acknowledged. Watches hold
 * no events in memory: each has a cursor into history and reads on when it is woken.
 */
#pragma once
#include "store/store-provider.h"
#include <sqlite3.h>

#define SQLITE_STORE_SCHEMA 2
#define SQLITE_STORE_MAGIC  0x45736370 /* "Escp", the file's application_id */
/* History kept; the newest revision always is. */
#define SQLITE_STORE_REVISIONS 8192u
#define SQLITE_STORE_BYTES     (256u << 20)

enum sqlite_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_GET,
	SQL_RANGE,
	SQL_MOD,
	SQL_INSERT,
	SQL_UPDATE,
	SQL_DELETE,
	SQL_META,
	SQL_RECORD,
	SQL_FORGET,
	SQL_WEIGH,
	SQL_CHANGES,
	SQL_COUNT
};

struct sqlite_store {
	struct store base;
	sqlite3 *db;
	char *path;
	sqlite3_stmt *sql[SQL_COUNT];
	gint64 revision, compacted;
	guint64 history_bytes;
	guint keep_revisions;
	guint64 keep_bytes;
	GPtrArray *watches; /* struct sqlite_watch, borrowed */
};

/* Sets the error that SQLite reported last, in words that say what to do; always FALSE. */
gboolean sqlite_store_failed(struct sqlite_store *s, const char *doing, GError **error);
gboolean sqlite_store_damaged(struct sqlite_store *s, const char *what, GError **error);
/* Where a query has what the sum is about. */
struct sqlite_columns {
	int key, value, revision, sum;
};
extern const struct sqlite_columns sqlite_columns_of_keys, sqlite_columns_of_history;
gint64 sqlite_store_sum(const void *key, gsize key_size, gint64 revision, const void *value, gsize size);
/* FALSE: the row is not what was written. */
gboolean sqlite_store_row_sound(struct sqlite_store *s, sqlite3_stmt *q, const struct sqlite_columns *at,
                                GError **error);
/* The first key after all keys with this prefix. */
GBytes *sqlite_store_prefix_end(const char *prefix);
/* Binds text as bytes, so that keys compare as bytes. The string must outlive the step. */
void sqlite_store_bind_key(sqlite3_stmt *q, int at, const char *key);
GBytes *sqlite_store_column_bytes(sqlite3_stmt *q, int at);
/* Less history than usual, for tests of compaction. */
void sqlite_store_keep(struct store *s, guint revisions, guint64 bytes);

gint64 sqlite_store_commit(struct store *base, const struct store_txn *t, GError **error);

struct store_watch *sqlite_store_watch(struct store *base, const char *prefix, gint64 from_revision, store_watch_fn fn,
                                       gpointer user, GError **error);
void sqlite_store_watch_free(struct store_watch *w);
void sqlite_store_wake(struct sqlite_store *s);   /* after each commit */
void sqlite_store_orphan(struct sqlite_store *s); /* before the store goes */
