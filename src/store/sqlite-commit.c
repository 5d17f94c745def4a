/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction of the embedded store: compare, write, record, forget; then one COMMIT that is on disk when it
 * returns. What the structure in memory says changes only after that.
 */
#include "store/sqlite-internal.h"
#include <string.h>

/* The state that a commit will leave, if it succeeds. */
struct outcome {
	gint64 revision, compacted;
	guint64 history_bytes;
	int seq; /* changes recorded so far */
};

static gboolean step(struct sqlite_store *s, enum sqlite_sql which, const char *doing, GError **error)
{
	sqlite3_stmt *q = s->sql[which];
	int rc = sqlite3_step(q);
	gboolean ok = rc == SQLITE_DONE || rc == SQLITE_ROW;
	if (!ok)
		sqlite_store_failed(s, doing, error);
	sqlite3_reset(q);
	return ok;
}

/* Revision of the last change, 0 when absent, -1 on failure. */
static gint64 key_modified(struct sqlite_store *s, const char *key, GError **error)
{
	sqlite3_stmt *q = s->sql[SQL_MOD];
	sqlite_store_bind_key(q, 1, key);
	int rc = sqlite3_step(q);
	gint64 modified = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		sqlite_store_failed(s, "reading", error);
		modified = -1;
	}
	sqlite3_reset(q);
	return modified;
}

static gboolean compare(struct sqlite_store *s, const struct store_txn *t, GError **error)
{
	for (guint i = 0; i < t->compares->len; i++) {
		const struct txn_compare *c = &g_array_index(t->compares, struct txn_compare, i);
		gint64 modified = key_modified(s, c->key, error);
		if (modified < 0)
			return FALSE;
		if (modified != c->mod_revision) {
			g_set_error(error, STORE_ERROR, STORE_CONFLICT,
			            "store: '%s' is of revision %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT
			            "; nothing was written",
			            c->key, modified, c->mod_revision);
			return FALSE;
		}
	}
	return TRUE;
}

static void bind_value(sqlite3_stmt *q, int at, GBytes *value)
{
	gsize size;
	const void *data = g_bytes_get_data(value, &size);
	/* An empty blob needs an address, or SQLite takes it for NULL. */
	sqlite3_bind_blob64(q, at, size ? data : "", size, SQLITE_STATIC);
}

static void bind_sum(sqlite3_stmt *q, int at, gint64 revision, const struct txn_write *w)
{
	gsize size = 0;
	const void *data = w->value ? g_bytes_get_data(w->value, &size) : NULL;

	sqlite3_bind_int64(q, at, sqlite_store_sum(w->key, strlen(w->key), revision, data, size));
}

static gboolean record(struct sqlite_store *s, struct outcome *o, const struct txn_write *w, GError **error)
{
	sqlite3_stmt *q = s->sql[SQL_RECORD];
	sqlite3_bind_int64(q, 1, o->revision);
	sqlite3_bind_int(q, 2, o->seq++);
	sqlite_store_bind_key(q, 3, w->key);
	if (w->value)
		bind_value(q, 4, w->value);
	else
		sqlite3_bind_null(q, 4);
	bind_sum(q, 5, o->revision, w);
	o->history_bytes += strlen(w->key) + (w->value ? g_bytes_get_size(w->value) : 0);
	return step(s, SQL_RECORD, "recording", error);
}

static gboolean apply(struct sqlite_store *s, struct outcome *o, const struct txn_write *w, GError **error)
{
	gint64 modified = key_modified(s, w->key, error);
	if (modified < 0)
		return FALSE;
	if (!w->value && !modified)
		return TRUE; /* absent already */
	enum sqlite_sql which = !w->value ? SQL_DELETE : modified ? SQL_UPDATE : SQL_INSERT;
	sqlite3_stmt *q = s->sql[which];
	sqlite_store_bind_key(q, 1, w->key);
	if (w->value) {
		sqlite3_bind_int64(q, 2, o->revision);
		bind_value(q, 3, w->value);
		bind_sum(q, 4, o->revision, w);
	}
	return step(s, which, "writing", error) && record(s, o, w, error);
}

static gboolean meta(struct sqlite_store *s, const char *name, gint64 value, GError **error)
{
	sqlite3_stmt *q = s->sql[SQL_META];
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, value);
	return step(s, SQL_META, "writing", error);
}

/* Oldest history goes until what is left fits its bounds; the revision being made stays. */
static gboolean forget(struct sqlite_store *s, struct outcome *o, GError **error)
{
	while (o->compacted + 1 < o->revision &&
	       (o->revision - o->compacted > (gint64)s->keep_revisions || o->history_bytes > s->keep_bytes)) {
		gint64 old = o->compacted + 1;
		sqlite3_stmt *q = s->sql[SQL_WEIGH];
		sqlite3_bind_int64(q, 1, old);
		if (sqlite3_step(q) != SQLITE_ROW) {
			sqlite_store_failed(s, "compacting", error);
			sqlite3_reset(q);
			return FALSE;
		}
		guint64 weight = (guint64)sqlite3_column_int64(q, 0);
		sqlite3_reset(q);
		sqlite3_bind_int64(s->sql[SQL_FORGET], 1, old);
		if (!step(s, SQL_FORGET, "compacting", error))
			return FALSE;
		o->history_bytes -= MIN(weight, o->history_bytes);
		o->compacted = old;
	}
	return o->compacted == s->compacted || meta(s, "compacted", o->compacted, error);
}

static gboolean transact(struct sqlite_store *s, const struct store_txn *t, struct outcome *o, GError **error)
{
	if (!compare(s, t, error))
		return FALSE;
	for (guint i = 0; i < t->writes->len; i++)
		if (!apply(s, o, &g_array_index(t->writes, struct txn_write, i), error))
			return FALSE;
	if (!o->seq) {
		o->revision = s->revision;
		return TRUE;
	}
	return meta(s, "revision", o->revision, error) && forget(s, o, error);
}

gint64 sqlite_store_commit(struct store *base, const struct store_txn *t, GError **error)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct outcome o = {s->revision + 1, s->compacted, s->history_bytes, 0};
	if (!step(s, SQL_BEGIN, "beginning", error))
		return 0;
	if (!transact(s, t, &o, error) || !step(s, SQL_COMMIT, "committing", error)) {
		if (!sqlite3_get_autocommit(s->db))
			step(s, SQL_ROLLBACK, "rolling back", NULL);
		return 0;
	}
	s->revision = o.revision;
	s->compacted = o.compacted;
	s->history_bytes = o.history_bytes;
	if (o.seq)
		sqlite_store_wake(s);
	return s->revision;
}
