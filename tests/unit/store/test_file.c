/* SPDX-License-Identifier: Apache-2.0 */
/* Files that fail: damaged, foreign, newer, read-only, owned twice, and a disk that fills up. */
#include "tests/unit/store/support.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *made(char **address)
{
	char *directory = tests_directory();
	*address = g_strdup_printf("sqlite:%s/store.db", directory);
	GError *error = NULL;
	struct store *s = store_open(*address, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < 200; i++) {
		g_autofree char *key = g_strdup_printf("/doc/%u", i), *fill = g_strnfill(600, 'v');
		tests_put(s, key, fill);
	}
	store_close(s);
	return directory;
}

static void refused(const char *address, const char *because)
{
	GError *error = NULL;
	g_assert_null(store_open(address, &error));
	g_assert_error(error, STORE_ERROR, STORE_FAILED);
	g_test_message("%s", error->message);
	if (!strstr(error->message, because))
		g_error("'%s' does not say '%s'", error->message, because);
	g_clear_error(&error);
}

static void overwrite(const char *address, off_t at, const char *bytes, gsize size)
{
	int fd = open(address + 7, O_RDWR);
	g_assert_cmpint(pwrite(fd, bytes, size, at), ==, (gssize)size);
	close(fd);
}

static void damaged(void)
{
	g_autofree char *address = NULL;
	char *directory = made(&address);
	g_autofree char *noise = g_strnfill(4096, '\x5a');
	overwrite(address, 4096 * 3, noise, 4096);
	refused(address, "damaged");
	tests_remove(directory);
}

static void truncated(void)
{
	g_autofree char *address = NULL;
	char *directory = made(&address);
	struct stat st;
	g_assert_cmpint(stat(address + 7, &st), ==, 0);
	g_assert_cmpint(truncate(address + 7, st.st_size / 2), ==, 0);
	refused(address, "damaged");
	tests_remove(directory);
}

static void foreign(void)
{
	char *directory = tests_directory();
	g_autofree char *path = g_build_filename(directory, "store.db", NULL);
	g_autofree char *address = g_strconcat("sqlite:", path, NULL);
	g_assert_true(g_file_set_contents(path,
	                                  "This is a letter and no database, it is long enough to be one "
	                                  "though, with more than a hundred bytes in it.",
	                                  -1, NULL));
	refused(address, "damaged");
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
	sqlite3 *db;
	sqlite3_open(path, &db);
	sqlite3_exec(db, "CREATE TABLE keys (x); PRAGMA application_id = 77", NULL, NULL, NULL);
	sqlite3_close(db);
	refused(address, "not a store of Escarp");
	g_autofree char *missing = g_strdup_printf("sqlite:%s/none/store.db", directory);
	refused(missing, "No such file");
	tests_remove(directory);
}

static void newer(void)
{
	g_autofree char *address = NULL;
	char *directory = made(&address);
	sqlite3 *db;
	sqlite3_open(address + 7, &db);
	sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
	sqlite3_close(db);
	refused(address, "schema version 99");
	tests_remove(directory);
}

/* Revisions that contradict each other are damage, too. */
static void contradiction(void)
{
	g_autofree char *address = NULL;
	char *directory = made(&address);
	sqlite3 *db;
	sqlite3_open(address + 7, &db);
	sqlite3_exec(db, "UPDATE meta SET value = 7 WHERE name = 'revision'", NULL, NULL, NULL);
	sqlite3_close(db);
	refused(address, "contradict");
	tests_remove(directory);
}

/* A value with one byte wrong is nobody's document: neither at the start nor while it runs is it handed out. */
static void wrong_value(void)
{
	static const char *const wrong[] = {
	        "UPDATE keys SET value = CAST('x' || substr(value, 2) AS BLOB) WHERE key = CAST('/doc/77' AS BLOB)",
	        "UPDATE keys SET key = CAST('/doc/x7' AS BLOB) WHERE key = CAST('/doc/77' AS BLOB)",
	        "UPDATE keys SET modified = 3 WHERE key = CAST('/doc/77' AS BLOB)",
	        "UPDATE history SET value = zeroblob(600) WHERE key = CAST('/doc/77' AS BLOB)"};
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *address = NULL;
		char *directory = made(&address);
		sqlite3 *db;
		sqlite3_open(address + 7, &db);
		g_assert_cmpint(sqlite3_exec(db, wrong[i], NULL, NULL, NULL), ==, SQLITE_OK);
		g_assert_cmpint(sqlite3_changes(db), ==, 1);
		sqlite3_close(db);
		refused(address, "is not what was written");
		tests_remove(directory);
	}
}

static void wrong_while_open(void)
{
	g_autofree char *address = NULL;
	char *directory = made(&address);
	GError *error = NULL;
	struct store *s = store_open(address, &error);
	g_assert_no_error(error);
	sqlite3 *db = ((struct sqlite_store *)s)->db;
	sqlite3_exec(db, "UPDATE keys SET value = zeroblob(600) WHERE key = CAST('/doc/77' AS BLOB)", NULL, NULL, NULL);
	g_assert_null(store_get(s, "/doc/77", &error));
	g_assert_error(error, STORE_ERROR, STORE_FAILED);
	g_clear_error(&error);
	g_assert_null(store_range(s, "/doc/7", NULL, &error));
	g_assert_error(error, STORE_ERROR, STORE_FAILED);
	g_clear_error(&error);
	/* The others are whole, and writing it anew mends it. */
	g_autofree char *other = tests_get(s, "/doc/78");
	g_assert_nonnull(other);
	tests_put(s, "/doc/77", "again");
	g_autofree char *mended = tests_get(s, "/doc/77");
	g_assert_cmpstr(mended, ==, "again");
	store_close(s);
	tests_remove(directory);
}

static gint64 setting(struct store *s, const char *sql)
{
	sqlite3_stmt *q = NULL;
	g_assert_cmpint(sqlite3_prepare_v2(((struct sqlite_store *)s)->db, sql, -1, &q, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_step(q), ==, SQLITE_ROW);
	gint64 value = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return value;
}

/* Power loss: each commit is synced. */
static void durable(void)
{
	char *directory = tests_directory();
	g_autofree char *address = g_strdup_printf("sqlite:%s/store.db", directory);
	struct store *s = store_open(address, NULL);
	g_assert_cmpint(setting(s, "PRAGMA synchronous"), ==, 2);
	g_assert_cmpint(setting(s, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), ==, 1);
	store_close(s);
	tests_remove(directory);
}

/* Another process: locks are between processes. */
static int in_child(void (*what)(const char *), const char *address, uid_t uid)
{
	pid_t child = fork();
	if (!child) {
		if (uid && setuid(uid))
			_exit(9);
		what(address);
		_exit(0);
	}
	int status;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_owned(const char *address)
{
	refused(address, "another process has it open");
}

static void owned_twice(void)
{
	g_autofree char *address = NULL;
	char *directory = made(&address);
	GError *error = NULL;
	struct store *s = store_open(address, &error);
	g_assert_no_error(error);
	g_assert_cmpint(in_child(expect_owned, address, 0), ==, 0);
	tests_put(s, "/doc/still", "mine");
	store_close(s);
	tests_remove(directory);
}

static void expect_read_only(const char *address)
{
	refused(address, "cannot open for writing");
}

static void read_only(void)
{
	g_autofree char *address = NULL;
	char *directory = made(&address);
	chmod(directory, 0755);
	chmod(address + 7, 0444);
	g_assert_cmpint(in_child(expect_read_only, address, getuid() ? 0 : 65534), ==, 0);
	chmod(address + 7, 0600);
	g_assert_cmpint(unlink(address + 7), ==, 0);
	g_assert_cmpint(symlink("/etc/passwd", address + 7), ==, 0);
	refused(address, "cannot open for writing");
	tests_remove(directory);
}

/* Writes pairs until the size limit stops it: an error that says so, and the pair before is still whole. */
static void fill_up(const char *address)
{
	struct rlimit limit = {4u << 20, 4u << 20};
	GError *error = NULL;
	guint n = 0;
	g_autofree char *fill = g_strnfill(100000, 'f');
	struct store *s = store_open(address, &error);
	g_assert_no_error(error);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	gint64 last = 0, revision;
	do {
		last = revision = 0;
		g_autoptr(GBytes) value = tests_text("%u %s", ++n, fill);
		struct store_txn *t = store_txn_new();
		g_autofree char *a = g_strdup_printf("/doc/a/%u", n), *b = g_strdup_printf("/doc/b/%u", n);
		store_txn_put(t, a, value);
		store_txn_put(t, b, value);
		revision = store_txn_commit(s, t, &error);
		last = revision ? revision : last;
	} while (revision);
	g_assert_error(error, STORE_ERROR, STORE_FAILED);
	g_assert_nonnull(strstr(error->message, "nothing was changed"));
	g_clear_error(&error);
	g_assert_cmpuint(n, >, 2);
	/* Reading goes on, and a small write that fits where there is room may too; nothing is in it by half. */
	g_autoptr(GPtrArray) a = store_range(s, "/doc/a/", &last, &error);
	g_autoptr(GPtrArray) b = store_range(s, "/doc/b/", NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(a->len, ==, n - 1);
	g_assert_cmpuint(b->len, ==, n - 1);
	_exit((int)n);
}

static void full(void)
{
	char *directory = tests_directory();
	g_autofree char *address = g_strdup_printf("sqlite:%s/store.db", directory);
	int n = in_child(fill_up, address, 0);
	g_assert_cmpint(n, >, 2);
	/* With room again, everything acknowledged is there and writing works. */
	GError *error = NULL;
	struct store *s = store_open(address, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) a = store_range(s, "/doc/a/", NULL, &error);
	g_autoptr(GPtrArray) b = store_range(s, "/doc/b/", NULL, &error);
	g_assert_cmpuint(a->len, ==, (guint)n - 1);
	g_assert_cmpuint(b->len, ==, (guint)n - 1);
	tests_put(s, "/doc/a/again", "1");
	store_close(s);
	tests_remove(directory);
}

static void limits(void)
{
	char *directory = tests_directory();
	g_autofree char *address = g_strdup_printf("sqlite:%s/store.db", directory);
	GError *error = NULL;
	struct store *s = store_open(address, &error);
	g_autofree char *tail = g_strnfill(STORE_MAX_KEY, 'k');
	g_autofree char *key = g_strconcat("/", tail, NULL);
	g_autoptr(GBytes) value = tests_text("x");
	const char *bad[] = {"", "doc", key};
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_cmpint(store_put(s, bad[i], value, &error), ==, 0);
		g_assert_error(error, STORE_ERROR, STORE_INVALID);
		g_clear_error(&error);
	}
	struct store_txn *t = store_txn_new();
	store_txn_put(t, "/doc/x", value);
	store_txn_delete(t, "/doc/x");
	g_assert_cmpint(store_txn_commit(s, t, &error), ==, 0);
	g_assert_error(error, STORE_ERROR, STORE_INVALID);
	g_clear_error(&error);
	g_assert_null(store_get(s, "/doc/x", &error));
	g_assert_no_error(error);
	g_assert_null(store_open("etcd:", &error));
	g_assert_error(error, STORE_ERROR, STORE_INVALID);
	g_clear_error(&error);
	/* An empty value is a value. */
	tests_put(s, "/doc/empty", "");
	g_autofree char *empty = tests_get(s, "/doc/empty");
	g_assert_cmpstr(empty, ==, "");
	store_close(s);
	tests_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/file/damaged", damaged);
	g_test_add_func("/store/file/truncated", truncated);
	g_test_add_func("/store/file/foreign", foreign);
	g_test_add_func("/store/file/newer", newer);
	g_test_add_func("/store/file/contradiction", contradiction);
	g_test_add_func("/store/file/wrong-value", wrong_value);
	g_test_add_func("/store/file/wrong-while-open", wrong_while_open);
	g_test_add_func("/store/file/durable", durable);
	g_test_add_func("/store/file/owned-twice", owned_twice);
	g_test_add_func("/store/file/read-only", read_only);
	g_test_add_func("/store/file/full", full);
	g_test_add_func("/store/file/limits", limits);
	return g_test_run();
}
