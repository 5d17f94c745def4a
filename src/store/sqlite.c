/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store: opening, checking and reading its file. Concept: sqlite-internal.h. */
#include "store/sqlite-internal.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *const sql_text[SQL_COUNT] = {
        [SQL_BEGIN] = "BEGIN IMMEDIATE",
        [SQL_COMMIT] = "COMMIT",
        [SQL_ROLLBACK] = "ROLLBACK",
        [SQL_GET] = "SELECT key, value, created, modified, sum FROM keys WHERE key = ?1",
        [SQL_RANGE] = "SELECT key, value, created, modified, sum FROM keys WHERE key >= ?1 AND key < ?2 ORDER BY key",
        [SQL_MOD] = "SELECT modified FROM keys WHERE key = ?1",
        [SQL_INSERT] = "INSERT INTO keys (key, created, modified, value, sum) VALUES (?1, ?2, ?2, ?3, ?4)",
        [SQL_UPDATE] = "UPDATE keys SET modified = ?2, value = ?3, sum = ?4 WHERE key = ?1",
        [SQL_DELETE] = "DELETE FROM keys WHERE key = ?1",
        [SQL_META] = "UPDATE meta SET value = ?2 WHERE name = ?1",
        [SQL_RECORD] = "INSERT INTO history (revision, seq, key, value, sum) VALUES (?1, ?2, ?3, ?4, ?5)",
        [SQL_FORGET] = "DELETE FROM history WHERE revision = ?1",
        [SQL_WEIGH] = "SELECT sum(length(key) + ifnull(length(value), 0)) FROM history WHERE revision = ?1",
        [SQL_CHANGES] =
                ("SELECT revision, key, value, sum FROM history WHERE revision >= ?1 AND key >= ?2 AND key < ?3 "
                 "ORDER BY revision, seq"),
};

static const char schema[] =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE keys (key BLOB PRIMARY KEY NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,"
        " value BLOB NOT NULL, sum INTEGER NOT NULL);"
        "CREATE TABLE history (revision INTEGER NOT NULL, seq INTEGER NOT NULL, key BLOB NOT NULL, value BLOB,"
        " sum INTEGER NOT NULL, PRIMARY KEY (revision, seq));"
        "CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL);"
        "INSERT INTO meta VALUES ('revision', 1), ('compacted', 0);"
        "PRAGMA application_id = " G_STRINGIFY(SQLITE_STORE_MAGIC) ";"
                                                                   "PRAGMA user_version = " G_STRINGIFY(
                                                                           SQLITE_STORE_SCHEMA) ";"
                                                                                                "COMMIT";

/* Every way in which a file can fail has its own advice. Nothing is ever half applied: SQLite rolls back. */
gboolean sqlite_store_failed(struct sqlite_store *s, const char *doing, GError **error)
{
	int extended = sqlite3_extended_errcode(s->db);
	const char *advice = "the store is as it was before";
	switch (extended & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		advice = "the file is damaged; restore it from a copy, or move it away to start empty";
		break;
	case SQLITE_FULL:
		advice = "the disk is full; nothing was changed";
		break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		advice = "the file cannot be written; nothing was changed";
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		advice = "another process has it open";
		break;
	case SQLITE_IOERR:
		advice = "reading or writing failed (disk, quota or size limit); nothing was changed";
		break;
	}
	g_set_error(error, STORE_ERROR, STORE_FAILED, "store %s: %s: %s (%s)", s->path, doing, advice,
	            sqlite3_errmsg(s->db));
	return FALSE;
}

gboolean sqlite_store_damaged(struct sqlite_store *s, const char *what, GError **error)
{
	g_set_error(error, STORE_ERROR, STORE_FAILED,
	            "store %s: the file is damaged (%s); restore it from a copy, or move it away to start empty",
	            s->path, what);
	return FALSE;
}

static gboolean run(struct sqlite_store *s, const char *sql, const char *doing, GError **error)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_store_failed(s, doing, error);
}

/* One integer of one row. */
static gboolean ask(struct sqlite_store *s, const char *sql, gint64 *value, GError **error)
{
	sqlite3_stmt *q = NULL;
	gboolean ok = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
	if (ok)
		*value = sqlite3_column_int64(q, 0);
	else
		sqlite_store_failed(s, "opening", error);
	sqlite3_finalize(q);
	return ok;
}

void sqlite_store_bind_key(sqlite3_stmt *q, int at, const char *key)
{
	sqlite3_bind_blob(q, at, key, (int)strlen(key), SQLITE_STATIC);
}

GBytes *sqlite_store_column_bytes(sqlite3_stmt *q, int at)
{
	const void *data = sqlite3_column_blob(q, at);
	return g_bytes_new(data, (gsize)sqlite3_column_bytes(q, at));
}

/* A prefix starts with '/', so some byte below 0xff is left to count up. */
GBytes *sqlite_store_prefix_end(const char *prefix)
{
	gsize length = strlen(prefix);
	while ((guchar)prefix[length - 1] == 0xff)
		length--;
	guchar *end = g_memdup2(prefix, length);
	end[length - 1]++;
	return g_bytes_new_take(end, length);
}

static void sqlite_store_close(struct store *base)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	sqlite_store_orphan(s);
	g_ptr_array_unref(s->watches);
	for (guint i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(s->sql[i]);
	sqlite3_close(s->db);
	g_free(s->path);
	g_free(s);
}

/* Made here and not by SQLite: readable by its owner only, never through a link that somebody else placed. */
static gboolean file_ready(const char *path, GError **error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0) {
		g_set_error(error, STORE_ERROR, STORE_FAILED, "store %s: cannot open for writing: %s", path,
		            g_strerror(errno));
		return FALSE;
	}
	close(fd);
	return TRUE;
}

static gboolean schema_ready(struct sqlite_store *s, GError **error)
{
	gint64 tables, magic, version;
	if (!ask(s, "SELECT count(*) FROM sqlite_schema", &tables, error) ||
	    !ask(s, "PRAGMA application_id", &magic, error) || !ask(s, "PRAGMA user_version", &version, error))
		return FALSE;
	if (!tables && !magic && !version)
		return run(s, schema, "creating", error);
	if (magic != SQLITE_STORE_MAGIC) {
		g_set_error(error, STORE_ERROR, STORE_FAILED, "store %s: this is not a store of Escarp", s->path);
		return FALSE;
	}
	if (version != SQLITE_STORE_SCHEMA) {
		g_set_error(error, STORE_ERROR, STORE_FAILED,
		            "store %s: schema version %" G_GINT64_FORMAT
		            ", this program knows %d; use the version of Escarp that wrote it",
		            s->path, version, SQLITE_STORE_SCHEMA);
		return FALSE;
	}
	return TRUE;
}

/* FNV-1a: damage is found by it, not malice, for which a file's owner needs no such way. */
gint64 sqlite_store_sum(const void *key, gsize key_size, gint64 revision, const void *value, gsize size)
{
	const guint8 *parts[] = {key, (const guint8 *)&revision, value};
	const gsize sizes[] = {key_size, sizeof(revision), size};
	guint64 h = G_GUINT64_CONSTANT(0xcbf29ce484222325);

	for (guint p = 0; p < G_N_ELEMENTS(parts); p++)
		for (gsize i = 0; i < sizes[p]; i++)
			h = (h ^ parts[p][i]) * G_GUINT64_CONSTANT(0x100000001b3);
	return (gint64)h;
}

gboolean sqlite_store_row_sound(struct sqlite_store *s, sqlite3_stmt *q, const struct sqlite_columns *at,
                                GError **error)
{
	const void *key = sqlite3_column_blob(q, at->key), *value = sqlite3_column_blob(q, at->value);
	gsize key_size = (gsize)sqlite3_column_bytes(q, at->key), size = (gsize)sqlite3_column_bytes(q, at->value);

	if (sqlite_store_sum(key, key_size, sqlite3_column_int64(q, at->revision), value, size) ==
	    sqlite3_column_int64(q, at->sum))
		return TRUE;
	g_autofree char *printable = g_strndup(key ? key : "", MIN(key_size, 200));
	g_autofree char *valid = g_utf8_make_valid(printable, -1);
	g_autofree char *what = g_strdup_printf("what is stored as %s is not what was written", valid);
	return sqlite_store_damaged(s, what, error);
}

/* Every row, once, at the start: what is damaged is found before anything is built on it. */
static gboolean rows_sound(struct sqlite_store *s, const char *sql, const struct sqlite_columns *at, GError **error)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
	gboolean sound = rc == SQLITE_OK;

	while (sound && (rc = sqlite3_step(q)) == SQLITE_ROW)
		sound = sqlite_store_row_sound(s, q, at, error);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sound = sqlite_store_failed(s, "checking", error);
	sqlite3_finalize(q);
	return sound;
}

/* The page structure, then our own rules over it. */
static gboolean content_sound(struct sqlite_store *s, GError **error)
{
	sqlite3_stmt *q = NULL;
	if (sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &q, NULL) != SQLITE_OK ||
	    sqlite3_step(q) != SQLITE_ROW) {
		sqlite3_finalize(q);
		return sqlite_store_failed(s, "checking", error);
	}
	g_autofree char *verdict = g_strdup((const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	if (g_strcmp0(verdict, "ok"))
		return sqlite_store_damaged(s, verdict ? verdict : "no answer of the check", error);
	gint64 last, bytes;
	if (!ask(s, "SELECT ifnull(max(value), 0) FROM meta WHERE name = 'revision'", &s->revision, error) ||
	    !ask(s, "SELECT ifnull(max(value), -1) FROM meta WHERE name = 'compacted'", &s->compacted, error) ||
	    !ask(s,
	         "SELECT max(ifnull((SELECT max(modified) FROM keys), 0), ifnull((SELECT max(revision) FROM history), "
	         "0))",
	         &last, error) ||
	    !ask(s, "SELECT ifnull(sum(length(key) + ifnull(length(value), 0)), 0) FROM history", &bytes, error))
		return FALSE;
	if (s->revision < 1 || s->compacted < 0 || s->compacted > s->revision || last > s->revision)
		return sqlite_store_damaged(s, "its revisions contradict each other", error);
	s->history_bytes = (guint64)bytes;
	return rows_sound(s, "SELECT key, value, created, modified, sum FROM keys", &sqlite_columns_of_keys, error) &&
	       rows_sound(s, "SELECT revision, key, value, sum FROM history", &sqlite_columns_of_history, error);
}

/* What "acknowledged means durable" stands on; SQLite answers an unknown setting by keeping the old one. */
static gboolean settings_hold(struct sqlite_store *s, GError **error)
{
	gint64 synchronous, is_wal;

	if (!ask(s, "PRAGMA synchronous", &synchronous, error) ||
	    !ask(s, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal, error))
		return FALSE;
	if (synchronous >= 2 && is_wal)
		return TRUE;
	g_set_error(error, STORE_ERROR, STORE_FAILED,
	            "store %s: this file system does not let SQLite write safely (journal %s, synchronous %d)", s->path,
	            is_wal ? "wal" : "other", (int)synchronous);
	return FALSE;
}

static gboolean sqlite_store_start(struct sqlite_store *s, GError **error)
{
	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return sqlite_store_failed(s, "opening", error);
	sqlite3_busy_timeout(s->db, 2000); /* a predecessor may be dying */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (!run(s,
	         "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	         "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864; BEGIN IMMEDIATE; COMMIT",
	         "opening", error) ||
	    !settings_hold(s, error) || !schema_ready(s, error) || !content_sound(s, error))
		return FALSE;
	for (guint i = 0; i < SQL_COUNT; i++)
		if (sqlite3_prepare_v3(s->db, sql_text[i], -1, SQLITE_PREPARE_PERSISTENT, &s->sql[i], NULL) !=
		    SQLITE_OK)
			return sqlite_store_failed(s, "preparing", error);
	return TRUE;
}

static struct store *sqlite_store_open(const char *path, GError **error)
{
	if (!file_ready(path, error))
		return NULL;
	struct sqlite_store *s = g_new0(struct sqlite_store, 1);
	s->base.ops = &sqlite_store_ops;
	s->path = g_strdup(path);
	s->watches = g_ptr_array_new();
	s->keep_revisions = SQLITE_STORE_REVISIONS;
	s->keep_bytes = SQLITE_STORE_BYTES;
	if (sqlite_store_start(s, error))
		return &s->base;
	sqlite_store_close(&s->base);
	return NULL;
}

void sqlite_store_keep(struct store *base, guint revisions, guint64 bytes)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	s->keep_revisions = revisions;
	s->keep_bytes = bytes;
}

const struct sqlite_columns sqlite_columns_of_keys = {.key = 0, .value = 1, .revision = 3, .sum = 4};
const struct sqlite_columns sqlite_columns_of_history = {.key = 1, .value = 2, .revision = 0, .sum = 3};

/* NULL: the row is damaged. */
static struct store_entry *row_entry(struct sqlite_store *s, sqlite3_stmt *q, GError **error)
{
	if (!sqlite_store_row_sound(s, q, &sqlite_columns_of_keys, error))
		return NULL;
	GBytes *value = sqlite_store_column_bytes(q, 1);
	const char *key = sqlite3_column_blob(q, 0);
	return store_entry_new(key ? key : "", (gsize)sqlite3_column_bytes(q, 0), value, sqlite3_column_int64(q, 2),
	                       sqlite3_column_int64(q, 3));
}

static struct store_entry *sqlite_store_get(struct store *base, const char *key, GError **error)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	sqlite3_stmt *q = s->sql[SQL_GET];
	struct store_entry *e = NULL;
	sqlite_store_bind_key(q, 1, key);
	int rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		e = row_entry(s, q, error);
	else if (rc != SQLITE_DONE)
		sqlite_store_failed(s, "reading", error);
	sqlite3_reset(q);
	return e;
}

static GPtrArray *sqlite_store_range(struct store *base, const char *prefix, gint64 *revision, GError **error)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	sqlite3_stmt *q = s->sql[SQL_RANGE];
	g_autoptr(GBytes) end = sqlite_store_prefix_end(prefix);
	GPtrArray *found = store_entries_new();
	int rc = SQLITE_DONE;
	sqlite_store_bind_key(q, 1, prefix);
	sqlite3_bind_blob(q, 2, g_bytes_get_data(end, NULL), (int)g_bytes_get_size(end), SQLITE_STATIC);
	while (found && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_entry *e = row_entry(s, q, error);
		if (e)
			g_ptr_array_add(found, e);
		else
			g_clear_pointer(&found, g_ptr_array_unref);
	}
	if (found && rc != SQLITE_DONE) {
		sqlite_store_failed(s, "reading", error);
		g_clear_pointer(&found, g_ptr_array_unref);
	}
	sqlite3_reset(q);
	if (revision)
		*revision = s->revision;
	return found;
}

const struct store_ops sqlite_store_ops = {
        .open = sqlite_store_open,
        .close = sqlite_store_close,
        .get = sqlite_store_get,
        .range = sqlite_store_range,
        .commit = sqlite_store_commit,
        .watch = sqlite_store_watch,
        .watch_free = sqlite_store_watch_free,
};
