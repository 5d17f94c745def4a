/* SPDX-License-Identifier: Apache-2.0 */
/* Watches: exactly once and in order across writers, whole revisions, compaction, ends, calls from inside. */
#include "tests/unit/store/support.h"
#include <string.h>

#define WRITERS 3
#define WRITES  150

static struct store *opened(const char *address)
{
	GError *error = NULL;
	struct store *s = store_open(address, &error);
	g_assert_no_error(error);
	return s;
}

static void wait_for(const gboolean *done)
{
	for (guint i = 0; i < 10000 && !*done; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(500);
	}
	g_assert_true(*done);
}

/* Each writer counts in two keys of one transaction: they must never be seen apart. */
static gpointer writer(gpointer user)
{
	static int next;
	guint me = (guint)g_atomic_int_add(&next, 1) % WRITERS;
	struct store *s = opened(user);
	for (guint i = 1; i <= WRITES; i++) {
		g_autofree char *a = g_strdup_printf("/doc/a/%u", me), *b = g_strdup_printf("/doc/b/%u", me);
		g_autoptr(GBytes) value = tests_text("%u", i);
		GError *error = NULL;
		struct store_txn *t = store_txn_new();
		store_txn_put(t, a, value);
		store_txn_put(t, b, value);
		g_assert_cmpint(store_txn_commit(s, t, &error), >, 0);
		g_assert_no_error(error);
	}
	store_close(s);
	return NULL;
}

struct seen {
	gint64 revision;
	guint count[WRITERS], total;
	gboolean done;
};

static void see_pairs(GPtrArray *events, const GError *error, gpointer user)
{
	struct seen *seen = user;
	g_assert_no_error(error);
	g_assert_cmpuint(events->len, ==, 2);
	const struct store_event *a = g_ptr_array_index(events, 0), *b = g_ptr_array_index(events, 1);
	g_assert_cmpint(a->revision, ==, b->revision);
	g_assert_cmpint(a->revision, ==, seen->revision + 1); /* none twice, none missed */
	seen->revision = a->revision;
	g_assert_true(g_bytes_equal(a->value, b->value));
	g_assert_cmpstr(a->key + 7, ==, b->key + 7);
	guint who = (guint)atoi(a->key + 7);
	g_autofree char *text = g_strndup(g_bytes_get_data(a->value, NULL), g_bytes_get_size(a->value));
	g_assert_cmpint(atoi(text), ==, (int)++seen->count[who]);
	seen->done = ++seen->total == WRITERS * WRITES;
}

static void exactly_once(void)
{
	struct tests_server *t = tests_server_start(NULL, 0, 0, 0);
	struct store *s = opened(t->address);
	struct seen live = {.revision = 1}, late = {.revision = 1};
	GThread *threads[WRITERS];
	GError *error = NULL;
	struct store_watch *w = store_watch(s, "/doc/", 2, see_pairs, &live, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < WRITERS; i++)
		threads[i] = g_thread_new("writer", writer, t->address);
	while (live.total < WRITES)
		g_main_context_iteration(NULL, TRUE);
	struct store_watch *w2 = store_watch(s, "/doc/", 2, see_pairs, &late, &error);
	g_assert_no_error(error);
	wait_for(&live.done);
	wait_for(&late.done);
	for (guint i = 0; i < WRITERS; i++)
		g_thread_join(threads[i]);
	store_watch_free(w);
	store_watch_free(w2);
	store_close(s);
	tests_server_stop(t);
}

static void count_events(GPtrArray *events, const GError *error, gpointer user)
{
	g_assert_no_error(error);
	*(guint *)user += events->len;
}

/* A prefix is a prefix: "/a/b" has "/a/bc", not "/a/c"; bytes above 0x7f are in it too. */
static void prefix(void)
{
	char *directory = tests_directory();
	g_autofree char *address = g_strdup_printf("sqlite:%s/store.db", directory);
	struct store *s = opened(address);
	guint count = 0;
	GError *error = NULL;
	struct store_watch *w = store_watch(s, "/a/b", 1, count_events, &count, &error);
	tests_put(s, "/a/a", "x");
	tests_put(s, "/a/b", "x");
	tests_put(s, "/a/bc", "x");
	tests_put(s, "/a/b\xff", "x");
	tests_put(s, "/a/c", "x");
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(count, ==, 3);
	g_autoptr(GPtrArray) all = store_range(s, "/a/b\xff", NULL, &error);
	g_assert_cmpuint(all->len, ==, 1);
	/* One that starts in the future says nothing of what is before. */
	guint later = 0;
	struct store_watch *w2 = store_watch(s, "/", 9, count_events, &later, &error);
	tests_put(s, "/a/b", "7");
	tests_put(s, "/a/b", "8");
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(later, ==, 0);
	tests_put(s, "/a/b", "9");
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(later, ==, 1);
	store_watch_free(w);
	store_watch_free(w2);
	store_close(s);
	tests_remove(directory);
}

struct ended {
	guint events, errors;
	int code;
	gboolean done;
};

static void see_end(GPtrArray *events, const GError *error, gpointer user)
{
	struct ended *e = user;
	g_assert_false(e->done);
	if (error) {
		g_assert_null(events);
		e->errors++;
		e->code = error->code;
		e->done = TRUE;
	} else {
		e->events += events->len;
	}
}

static void compaction(struct store *s, void (*keep)(struct store *, guint, guint64))
{
	GError *error = NULL;
	struct ended left = {0};
	if (keep)
		keep(s, 5, 1u << 30);
	struct store_watch *behind = keep ? store_watch(s, "/", 1, see_end, &left, &error) : NULL;
	gint64 last = 0;
	for (guint i = 0; i < 20; i++)
		last = tests_put(s, "/doc/x", "value");
	g_assert_null(store_watch(s, "/", 3, see_end, &left, &error));
	g_assert_error(error, STORE_ERROR, STORE_COMPACTED);
	g_clear_error(&error);
	struct ended kept = {0};
	struct store_watch *w = store_watch(s, "/", last - 4, see_end, &kept, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < 1000 && kept.events < 5; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	g_assert_cmpuint(kept.events, ==, 5);
	if (behind) {
		/* It never ran before its history went: told once, and silent from then on. */
		g_assert_cmpuint(left.errors, ==, 1);
		g_assert_cmpint(left.code, ==, STORE_COMPACTED);
		tests_put(s, "/doc/x", "more");
		while (g_main_context_iteration(NULL, FALSE))
			;
		g_assert_cmpuint(left.events, ==, 0);
	}
	store_watch_free(behind);
	store_watch_free(w);
}

static void compaction_sqlite(void)
{
	char *directory = tests_directory();
	g_autofree char *address = g_strdup_printf("sqlite:%s/store.db", directory);
	struct store *s = opened(address);
	compaction(s, sqlite_store_keep);
	/* By size too: values that together pass the bound. */
	sqlite_store_keep(s, 1000, 100);
	gint64 last = 0;
	for (guint i = 0; i < 10; i++)
		last = tests_put(s, "/doc/y", "0123456789012345678901234567890123456789");
	GError *error = NULL;
	g_assert_null(store_watch(s, "/", last - 4, see_end, NULL, &error));
	g_assert_error(error, STORE_ERROR, STORE_COMPACTED);
	g_clear_error(&error);
	store_close(s);
	/* What was forgotten stays forgotten. */
	s = opened(address);
	g_assert_null(store_watch(s, "/", last - 4, see_end, NULL, &error));
	g_assert_error(error, STORE_ERROR, STORE_COMPACTED);
	g_clear_error(&error);
	store_close(s);
	tests_remove(directory);
}

static void compaction_socket(void)
{
	struct tests_server *t = tests_server_start(NULL, 0, 0, 5);
	struct store *s = opened(t->address);
	compaction(s, NULL);
	store_close(s);
	tests_server_stop(t);
}

/* From inside the callback: a call over the same store, and the watch's own end. */
struct inside {
	struct store *s;
	struct store_watch *w;
	guint calls;
	gboolean done;
};

static void call_inside(GPtrArray *events, const GError *error, gpointer user)
{
	struct inside *in = user;
	g_assert_no_error(error);
	g_assert_cmpuint(events->len, ==, 1);
	in->calls++;
	g_autofree char *value = tests_get(in->s, "/doc/x");
	g_assert_nonnull(value);
	tests_put(in->s, "/run/answer", value);
	g_clear_pointer(&in->w, store_watch_free);
	in->done = TRUE;
}

static void inside_socket(void)
{
	struct tests_server *t = tests_server_start(NULL, 0, 0, 0);
	GError *error = NULL;
	struct inside in = {.s = opened(t->address)};
	in.w = store_watch(in.s, "/doc/", 1, call_inside, &in, &error);
	tests_put(in.s, "/doc/x", "1");
	tests_put(in.s, "/doc/x", "2");
	wait_for(&in.done);
	for (guint i = 0; i < 50; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(500);
	}
	g_assert_cmpuint(in.calls, ==, 1);
	g_autofree char *answer = tests_get(in.s, "/run/answer");
	g_assert_cmpstr(answer, ==, "2");
	store_close(in.s);
	tests_server_stop(t);
}

/* The owner goes: a watch is told once, a call fails, and works again when he is back. */
static void owner_restarts(void)
{
	struct tests_server *t = tests_server_start(NULL, 0, 0, 0);
	GError *error = NULL;
	struct store *s = opened(t->address);
	struct ended ended = {0};
	struct store_watch *w = store_watch(s, "/", 1, see_end, &ended, &error);
	tests_put(s, "/doc/x", "1");
	tests_server_pause(t);
	wait_for(&ended.done);
	g_assert_cmpint(ended.code, ==, STORE_FAILED);
	g_autoptr(GBytes) value = tests_text("2");
	g_assert_cmpint(store_put(s, "/doc/x", value, &error), ==, 0);
	g_assert_error(error, STORE_ERROR, STORE_FAILED);
	g_clear_error(&error);
	tests_server_resume(t);
	g_autofree char *text = tests_get(s, "/doc/x");
	g_assert_cmpstr(text, ==, "1");
	store_watch_free(w);
	store_close(s);
	tests_server_stop(t);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/watch/compaction/sqlite", compaction_sqlite);
	g_test_add_func("/store/watch/compaction/socket", compaction_socket);
	g_test_add_func("/store/watch/exactly-once", exactly_once);
	g_test_add_func("/store/watch/prefix", prefix);
	g_test_add_func("/store/watch/inside", inside_socket);
	g_test_add_func("/store/watch/owner-restarts", owner_restarts);
	return g_test_run();
}
