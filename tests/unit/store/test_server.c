/* SPDX-License-Identifier: Apache-2.0 */
/* The server against its peers: roles, hostile bytes, peers that stand still. First in each: what must not pass. */
#include "tests/unit/store/support.h"
#include "store/store-provider.h"
#include "store/wire.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store *opened(const char *address)
{
	GError *error = NULL;
	struct store *s = store_open(address, &error);
	g_assert_no_error(error);
	return s;
}

static void denied(GError **error)
{
	g_assert_error(*error, STORE_ERROR, STORE_DENIED);
	g_clear_error(error);
}

static void nothing(GPtrArray *events, const GError *error, gpointer user)
{
	(void)error;
	guint *count = user;
	*count += events ? events->len : 0;
	for (guint i = 0; events && i < events->len; i++) {
		const struct store_event *e = g_ptr_array_index(events, i);
		g_assert_cmpstr(e->key, !=, "/run/tables/10");
	}
}

/* A writer of everything beside the role under test: the same process, through the owner's file is not possible. */
static void roles(void)
{
	const struct store_grant grants[] = {
	        {getuid(), "/run/tables/1", FALSE}, {getuid(), "/run/ack/1", TRUE}, {getuid() + 1, "/", TRUE}};
	struct tests_server *t = tests_server_start(grants, G_N_ELEMENTS(grants), 0, 0);
	struct store *s = opened(t->address);
	GError *error = NULL;
	guint seen = 0;
	g_autoptr(GBytes) value = tests_text("x");
	const char *closed[] = {"/doc/alloc", "/run/tables/10", "/run/tables/2", "/run/ack/10", "/run/ack", "/"};
	for (guint i = 0; i < G_N_ELEMENTS(closed); i++) {
		g_assert_null(store_get(s, closed[i], &error));
		denied(&error);
		g_assert_null(store_range(s, closed[i], NULL, &error));
		denied(&error);
		g_assert_cmpint(store_put(s, closed[i], value, &error), ==, 0);
		denied(&error);
		g_assert_null(store_watch(s, closed[i], 1, nothing, &seen, &error));
		denied(&error);
	}
	/* Read only; and a transaction with one foreign key is refused whole, also when it is only compared. */
	g_assert_cmpint(store_put(s, "/run/tables/1", value, &error), ==, 0);
	denied(&error);
	struct store_txn *txn = store_txn_new();
	store_txn_put(txn, "/run/ack/1", value);
	store_txn_put(txn, "/run/ack/2", value);
	g_assert_cmpint(store_txn_commit(s, txn, &error), ==, 0);
	denied(&error);
	txn = store_txn_new();
	store_txn_if_mod(txn, "/doc/alloc", 0);
	store_txn_put(txn, "/run/ack/1", value);
	g_assert_cmpint(store_txn_commit(s, txn, &error), ==, 0);
	denied(&error);
	g_assert_null(store_get(s, "/run/ack/1", &error));
	g_assert_no_error(error);
	g_assert_cmpint(store_put(s, "/run/ack/1", value, &error), >, 0);
	g_assert_cmpint(store_put(s, "/run/ack/1/more", value, &error), >, 0);
	g_assert_no_error(error);
	g_assert_null(store_get(s, "/run/tables/1", &error));
	g_assert_no_error(error);
	store_close(s);
	tests_server_stop(t);
}

/* A range or watch that starts at one's own key shows nothing of a neighbour that starts alike. */
static void neighbours(void)
{
	char *directory = tests_directory();
	g_autofree char *file = g_strdup_printf("sqlite:%s/store.db", directory);
	g_autofree char *path = g_strdup_printf("%s/role.sock", directory), *address = g_strconcat("unix:", path, NULL);
	GError *error = NULL;
	guint seen = 0;
	struct store *owner = opened(file);
	tests_put(owner, "/run/tables/1", "mine");
	tests_put(owner, "/run/tables/10", "not mine");
	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (!child) {
		/* The parent serves; the child is the peer. */
		struct store *s;
		while (!(s = store_open(address, NULL)))
			g_usleep(2000);
		g_autoptr(GPtrArray) all = store_range(s, "/run/tables/1", NULL, &error);
		if (!all || all->len != 1)
			_exit(1);
		struct store_watch *w = store_watch(s, "/run/tables/1", 1, nothing, &seen, &error);
		for (guint i = 0; w && i < 200 && !seen; i++) {
			g_main_context_iteration(NULL, FALSE);
			g_usleep(1000);
		}
		_exit(seen == 1 ? 0 : 2);
	}
	const struct store_grant grants[] = {{getuid(), "/run/tables/1", FALSE}};
	struct store_server *v = store_server_new(owner, path, grants, 1, &error);
	g_assert_no_error(error);
	/* A second server may not take the place of one that lives. */
	g_assert_null(store_server_new(owner, path, grants, 1, NULL));
	int status = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(500);
	}
	g_assert_cmpint(status, ==, 0);
	store_server_free(v);
	store_close(owner);
	tests_remove(directory);
}

static int dial(const char *address)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 10};
	strcpy(a.sun_path, address + 5);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&a, sizeof(a)), ==, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* Reads to the end; the code of the last answer, or -1 when there was none. */
static int last_answer(int fd)
{
	struct wire_reader r;
	int code = -1;
	gsize want;
	wire_reader_init(&r, WIRE_MAX_FRAME);
	for (;;) {
		g_assert_true(wire_reader_want(&r, &want, NULL));
		if (want && wire_reader_fill(&r, fd, want) <= 0)
			break;
		if (want)
			continue;
		struct wire_answer a;
		g_autoptr(GBytes) body = wire_reader_take(&r);
		g_assert_true(wire_answer_parse(body, &a, NULL));
		code = a.code == WIRE_ERROR ? 100 + (int)a.revision : (int)a.code;
		wire_answer_clear(&a);
	}
	wire_reader_clear(&r);
	close(fd);
	return code;
}

static void say(int fd, const void *bytes, gsize size)
{
	g_assert_cmpint(send(fd, bytes, size, MSG_NOSIGNAL), ==, (gssize)size);
}

static void still_serves(const char *address)
{
	struct store *s = opened(address);
	tests_put(s, "/doc/alive", "yes");
	store_close(s);
}

static void hostile(void)
{
	struct tests_server *t = tests_server_start(NULL, 0, 0, 0);
	/* A length beyond any message. */
	int fd = dial(t->address);
	say(fd, "\xff\xff\xff\xff", 4);
	g_assert_cmpint(last_answer(fd), ==, 100 + STORE_INVALID);
	/* An empty message, and one of noise. */
	fd = dial(t->address);
	say(fd, "\0\0\0\0", 4);
	g_assert_cmpint(last_answer(fd), ==, 100 + STORE_INVALID);
	fd = dial(t->address);
	say(fd, "\x08\0\0\0noisenoi", 12);
	g_assert_cmpint(last_answer(fd), ==, 100 + STORE_INVALID);
	/* A right message with each byte changed in turn: never a crash, and the server lives. */
	struct store_txn *txn = store_txn_new();
	g_autoptr(GBytes) value = tests_text("value");
	store_txn_if_mod(txn, "/doc/q", 5);
	store_txn_put(txn, "/doc/r", value);
	store_txn_delete(txn, "/doc/s");
	g_autoptr(GBytes) right = wire_request_frame(WIRE_COMMIT, NULL, 0, txn);
	store_txn_free(txn);
	gsize size;
	const guint8 *data = g_bytes_get_data(right, &size);
	for (gsize i = 4; i < size; i++)
		for (guint bit = 0; bit < 8; bit += 3) {
			g_autofree guint8 *bent = g_memdup2(data, size);
			bent[i] ^= (guint8)(1u << bit);
			fd = dial(t->address);
			say(fd, bent, size);
			shutdown(fd, SHUT_WR);
			last_answer(fd);
		}
	still_serves(t->address);
	/* Cut off in the middle. */
	for (gsize i = 1; i < size; i += 7) {
		fd = dial(t->address);
		say(fd, data, i);
		close(fd);
	}
	/* A watch that goes on talking. */
	fd = dial(t->address);
	g_autoptr(GBytes) watch = wire_request_frame(WIRE_WATCH, "/doc/", 1, NULL);
	say(fd, g_bytes_get_data(watch, NULL), g_bytes_get_size(watch));
	say(fd, data, size);
	g_assert_cmpint(last_answer(fd), ==, 100 + STORE_INVALID);
	still_serves(t->address);
	tests_server_stop(t);
}

/* Who does not read is not buffered for: his watch stops, goes on when he reads, and he is cut off when he never does.
 */
static void slow(void)
{
	struct tests_server *t = tests_server_start(NULL, 0, 2, 0);
	struct store *s = opened(t->address);
	int idle = dial(t->address), half = dial(t->address);
	g_autoptr(GBytes) watch = wire_request_frame(WIRE_WATCH, "/doc/", 1, NULL);
	say(idle, g_bytes_get_data(watch, NULL), g_bytes_get_size(watch));
	say(half, "\x08\0", 2);
	guint seen = 0;
	GError *error = NULL;
	struct store_watch *slow_reader = store_watch(s, "/doc/", 1, nothing, &seen, &error);
	g_assert_no_error(error);
	g_autofree char *fill = g_strnfill(300000, 'x');
	for (guint i = 0; i < 40; i++) {
		g_autofree char *key = g_strdup_printf("/doc/%u", i);
		tests_put(s, key, fill);
	}
	/* 12 MB have passed; ours read nothing until now, and still gets all of it in time. */
	for (guint i = 0; i < 4000 && seen < 40; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(200);
	}
	g_assert_cmpuint(seen, ==, 40);
	g_usleep(5 * G_USEC_PER_SEC);
	/* What is left of the idle one's stream is a few frames, not 12 MB; then its end. */
	gsize total = 0;
	g_autofree char *sink = g_malloc(1 << 20);
	gssize got;
	while ((got = recv(idle, sink, 1 << 20, 0)) > 0)
		total += (gsize)got;
	g_assert_cmpint(got, <=, 0);
	g_assert_cmpuint(total, <, 3u << 20);
	g_assert_cmpint(recv(half, sink, 1, 0), <=, 0);
	close(idle);
	close(half);
	store_watch_free(slow_reader);
	store_close(s);
	tests_server_stop(t);
}

/* An answer far larger than one part arrives whole, and a value at the limit passes. */
static void large(void)
{
	struct tests_server *t = tests_server_start(NULL, 0, 0, 0);
	struct store *s = opened(t->address);
	GError *error = NULL;
	g_autofree char *fill = g_strnfill(3u << 20, 'y');
	for (guint i = 0; i < 10; i++) {
		g_autofree char *key = g_strdup_printf("/doc/%u", i);
		tests_put(s, key, fill);
	}
	g_autoptr(GPtrArray) all = store_range(s, "/doc/", NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(all->len, ==, 10);
	g_autoptr(GBytes) top = g_bytes_new_take(g_malloc0(STORE_MAX_VALUE), STORE_MAX_VALUE);
	g_assert_cmpint(store_put(s, "/run/top", top, &error), >, 0);
	g_assert_no_error(error);
	struct store_entry *e = store_get(s, "/run/top", &error);
	g_assert_true(g_bytes_equal(e->value, top));
	store_entry_free(e);
	g_autoptr(GBytes) over = g_bytes_new_take(g_malloc0(STORE_MAX_VALUE + 1), STORE_MAX_VALUE + 1);
	g_assert_cmpint(store_put(s, "/run/top", over, &error), ==, 0);
	g_assert_error(error, STORE_ERROR, STORE_INVALID);
	g_clear_error(&error);
	store_close(s);
	tests_server_stop(t);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/server/roles", roles);
	g_test_add_func("/store/server/neighbours", neighbours);
	g_test_add_func("/store/server/hostile", hostile);
	g_test_add_func("/store/server/slow", slow);
	g_test_add_func("/store/server/large", large);
	return g_test_run();
}
