/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches of the embedded store. A watch is a cursor: the next revision that it has not delivered. Every commit wakes
 * all watches; a woken watch reads a bounded batch of history, delivers it revision by revision and sleeps when it has
 * caught up. A watch that was left so far behind that its history is gone ends with STORE_COMPACTED.
 */
#include "store/sqlite-internal.h"
#include <string.h>

/* Read before it is delivered: bounds memory and the time away from the main loop. */
#define BATCH_BYTES  (4u << 20)
#define BATCH_EVENTS 1024u

struct sqlite_watch {
	struct store_watch base;
	struct sqlite_store *store; /* NULL: the store was closed */
	GSource *source;
	char *prefix;
	GBytes *end;
	gint64 next;
	store_watch_fn fn;
	gpointer user;
	int refs;
	gboolean dead; /* freed by its owner, or ended: delivers nothing any more */
};

static void watch_unref(struct sqlite_watch *w)
{
	if (--w->refs)
		return;
	g_free(w->prefix);
	g_bytes_unref(w->end);
	g_free(w);
}

/* No further call of the callback; the owner's reference stays until he frees it. */
static void watch_stop(struct sqlite_watch *w)
{
	w->dead = TRUE;
	if (w->store)
		g_ptr_array_remove_fast(w->store->watches, w);
	w->store = NULL;
	if (w->source) {
		g_source_destroy(w->source);
		g_clear_pointer(&w->source, g_source_unref);
	}
}

static void watch_fail(struct sqlite_watch *w, GError *error)
{
	watch_stop(w);
	w->fn(NULL, error, w->user);
	g_error_free(error);
}

static GError *compacted_error(const struct sqlite_store *s, gint64 from)
{
	return g_error_new(STORE_ERROR, STORE_COMPACTED,
	                   "store: history before revision %" G_GINT64_FORMAT " is gone, revision %" G_GINT64_FORMAT
	                   " was asked for; read the range again",
	                   s->compacted + 1, from);
}

/* Adds whole revisions from the cursor on, as arrays of events, and moves the cursor past them. */
static gboolean read_batch(struct sqlite_watch *w, GPtrArray *revisions, GError **error)
{
	struct sqlite_store *s = w->store;
	sqlite3_stmt *q = s->sql[SQL_CHANGES];
	GPtrArray *events = NULL;
	gint64 current = 0;
	guint64 bytes = 0, count = 0;
	int rc;
	sqlite3_bind_int64(q, 1, w->next);
	sqlite_store_bind_key(q, 2, w->prefix);
	sqlite3_bind_blob(q, 3, g_bytes_get_data(w->end, NULL), (int)g_bytes_get_size(w->end), SQLITE_STATIC);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		gint64 revision = sqlite3_column_int64(q, 0);
		if (!sqlite_store_row_sound(s, q, &sqlite_columns_of_history, error)) {
			sqlite3_reset(q);
			return FALSE;
		}
		if (revision != current) {
			if (bytes > BATCH_BYTES || count > BATCH_EVENTS)
				break;
			events = store_events_new();
			g_ptr_array_add(revisions, events);
			current = revision;
		}
		gboolean deleted = sqlite3_column_type(q, 2) == SQLITE_NULL;
		GBytes *value = deleted ? NULL : sqlite_store_column_bytes(q, 2);
		const char *key = sqlite3_column_blob(q, 1);
		store_events_add(events, revision, key ? key : "", (gsize)sqlite3_column_bytes(q, 1), value);
		bytes += value ? g_bytes_get_size(value) : 0;
		count++;
	}
	gboolean ok = rc == SQLITE_DONE || rc == SQLITE_ROW;
	if (!ok)
		sqlite_store_failed(s, "reading history", error);
	sqlite3_reset(q);
	w->next = MAX(w->next, (rc == SQLITE_DONE ? s->revision : current) + 1);
	return ok;
}

static void watch_pump(struct sqlite_watch *w)
{
	struct sqlite_store *s = w->store;
	GError *error = NULL;
	if (w->next <= s->compacted) {
		watch_fail(w, compacted_error(s, w->next));
		return;
	}
	g_autoptr(GPtrArray) revisions = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	if (!read_batch(w, revisions, &error)) {
		watch_fail(w, error);
		return;
	}
	if (w->next <= s->revision)
		g_source_set_ready_time(w->source, 0);
	for (guint i = 0; i < revisions->len && !w->dead; i++)
		w->fn(g_ptr_array_index(revisions, i), NULL, w->user);
}

static gboolean watch_dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
	(void)callback;
	struct sqlite_watch *w = user;
	g_source_set_ready_time(source, -1);
	w->refs++;
	if (!w->dead)
		watch_pump(w);
	watch_unref(w);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_source = {.dispatch = watch_dispatch};

static gboolean no_callback(gpointer user)
{
	(void)user;
	return G_SOURCE_CONTINUE;
}

struct store_watch *sqlite_store_watch(struct store *base, const char *prefix, gint64 from_revision, store_watch_fn fn,
                                       gpointer user, GError **error)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	if (from_revision <= s->compacted) {
		g_propagate_error(error, compacted_error(s, from_revision));
		return NULL;
	}
	struct sqlite_watch *w = g_new0(struct sqlite_watch, 1);
	w->base.ops = &sqlite_store_ops;
	w->store = s;
	w->prefix = g_strdup(prefix);
	w->end = sqlite_store_prefix_end(prefix);
	w->next = from_revision;
	w->fn = fn;
	w->user = user;
	w->refs = 1;
	w->source = g_source_new(&watch_source, sizeof(GSource));
	/* The callback's data is what dispatch is given; ready times alone wake the source. */
	g_source_set_callback(w->source, no_callback, w, NULL);
	g_source_set_static_name(w->source, "store watch");
	g_source_set_ready_time(w->source, w->next <= s->revision ? 0 : -1);
	g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
	g_source_attach(w->source, context);
	g_ptr_array_add(s->watches, w);
	return &w->base;
}

void sqlite_store_watch_free(struct store_watch *base)
{
	struct sqlite_watch *w = (struct sqlite_watch *)base;
	watch_stop(w);
	watch_unref(w);
}

void sqlite_store_wake(struct sqlite_store *s)
{
	for (guint i = 0; i < s->watches->len; i++) {
		struct sqlite_watch *w = g_ptr_array_index(s->watches, i);
		g_source_set_ready_time(w->source, 0);
	}
}

void sqlite_store_orphan(struct sqlite_store *s)
{
	while (s->watches->len)
		watch_stop(g_ptr_array_index(s->watches, s->watches->len - 1));
}
