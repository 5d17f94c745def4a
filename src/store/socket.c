/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store at the other end of a Unix socket.
 *
 * Calls share one connection and wait for their answer; each watch has a connection of its own, so that a call made
 * while a watch delivers (or from inside its callback) meets no event in its answer. When the owner restarts, the
 * call that notices fails or, if it had not been sent yet, goes over a new connection; watches end with an error and
 * their owner reads the range again.
 */
#include "store/store-provider.h"
#include "store/wire.h"
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Longer than any pause that the owner makes while it compiles. */
#define CALL_TIMEOUT_SECONDS 120
/* Bytes that a watch takes in at once before other sources have their turn. */
#define WATCH_READS 64u

struct socket_store {
	struct store base;
	char *path;
	int fd; /* -1: not connected */
};

struct socket_watch {
	struct store_watch base;
	struct wire_reader reader;
	int fd;
	GSource *source;
	store_watch_fn fn;
	gpointer user;
	int refs;
	gboolean dead;
};

static gboolean lost(GError **error, const char *path, const char *what)
{
	g_set_error(error, STORE_ERROR, STORE_FAILED, "store %s: %s", path, what);
	return FALSE;
}

static int dial(const char *path, GError **error)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = CALL_TIMEOUT_SECONDS};
	if (strlen(path) >= sizeof(a.sun_path)) {
		lost(error, path, "the path is too long for a socket");
		return -1;
	}
	strcpy(a.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		g_autofree char *why =
		        g_strdup_printf("cannot connect: %s; is the controller running?", g_strerror(errno));
		lost(error, path, why);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

static gboolean send_all(int fd, GBytes *frame, const char *path, GError **error)
{
	gsize left;
	const char *at = g_bytes_get_data(frame, &left);
	while (left) {
		gssize sent = send(fd, at, left, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return lost(error, path, errno == EAGAIN ? "no answer in time" : "the connection broke");
		at += sent;
		left -= (gsize)sent;
	}
	return TRUE;
}

static gboolean receive(struct wire_reader *r, int fd, struct wire_answer *a, const char *path, GError **error)
{
	gsize want;
	for (;;) {
		if (!wire_reader_want(r, &want, error))
			return FALSE;
		if (!want)
			break;
		int got = wire_reader_fill(r, fd, want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return lost(error, path, got && errno == EAGAIN ? "no answer in time" : "the connection broke");
	}
	g_autoptr(GBytes) body = wire_reader_take(r);
	if (wire_answer_parse(body, a, error))
		return TRUE;
	wire_answer_clear(a);
	a->code = WIRE_OK;
	return FALSE;
}

static void hang_up(struct socket_store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* A connection that the other side has closed since the last call shows it before anything is sent. */
static gboolean connected(struct socket_store *s, GError **error)
{
	struct pollfd p = {s->fd, POLLIN, 0};
	if (s->fd >= 0 && poll(&p, 1, 0) != 0)
		hang_up(s);
	if (s->fd < 0)
		s->fd = dial(s->path, error);
	return s->fd >= 0;
}

/* An answer in as many parts as it has, gathered in *whole. */
static gboolean gather(struct wire_reader *r, int fd, struct wire_answer *whole, const char *path, GError **error)
{
	if (!receive(r, fd, whole, path, error))
		return FALSE;
	while (whole->code == WIRE_MORE) {
		struct wire_answer part;
		if (!receive(r, fd, &part, path, error))
			return FALSE;
		g_ptr_array_extend_and_steal(whole->entries, g_steal_pointer(&part.entries));
		whole->code = part.code;
		whole->revision = part.revision;
		g_free(whole->message);
		whole->message = g_steal_pointer(&part.message);
		wire_answer_clear(&part);
	}
	if (whole->code == WIRE_OK)
		return TRUE;
	if (whole->code == WIRE_ERROR)
		g_set_error_literal(error, STORE_ERROR, (int)whole->revision, whole->message);
	else
		lost(error, path, "an answer that was not asked for");
	return FALSE;
}

/* On success the caller clears the answer. */
static gboolean call(struct socket_store *s, enum wire_op op, const char *key, const struct store_txn *txn,
                     struct wire_answer *a, GError **error)
{
	struct wire_reader r;
	memset(a, 0, sizeof(*a));
	if (!connected(s, error))
		return FALSE;
	g_autoptr(GBytes) request = wire_request_frame(op, key, 0, txn);
	wire_reader_init(&r, WIRE_MAX_FRAME);
	gboolean ok = send_all(s->fd, request, s->path, error) && gather(&r, s->fd, a, s->path, error);
	wire_reader_clear(&r);
	if (ok)
		return TRUE;
	/* Only after a whole error answer is the connection in step. */
	if (a->code != WIRE_ERROR)
		hang_up(s);
	wire_answer_clear(a);
	return FALSE;
}

static struct store *socket_store_open(const char *path, GError **error)
{
	int fd = dial(path, error);
	if (fd < 0)
		return NULL;
	struct socket_store *s = g_new0(struct socket_store, 1);
	s->base.ops = &socket_store_ops;
	s->path = g_strdup(path);
	s->fd = fd;
	return &s->base;
}

static void socket_store_close(struct store *base)
{
	struct socket_store *s = (struct socket_store *)base;
	hang_up(s);
	g_free(s->path);
	g_free(s);
}

static struct store_entry *socket_store_get(struct store *base, const char *key, GError **error)
{
	struct wire_answer a;
	if (!call((struct socket_store *)base, WIRE_GET, key, NULL, &a, error))
		return NULL;
	struct store_entry *e = a.entries->len ? g_ptr_array_steal_index(a.entries, 0) : NULL;
	wire_answer_clear(&a);
	return e;
}

static GPtrArray *socket_store_range(struct store *base, const char *prefix, gint64 *revision, GError **error)
{
	struct wire_answer a;
	if (!call((struct socket_store *)base, WIRE_RANGE, prefix, NULL, &a, error))
		return NULL;
	GPtrArray *entries = g_steal_pointer(&a.entries);
	if (revision)
		*revision = a.revision;
	wire_answer_clear(&a);
	return entries;
}

static gint64 socket_store_commit(struct store *base, const struct store_txn *t, GError **error)
{
	struct wire_answer a;
	if (!call((struct socket_store *)base, WIRE_COMMIT, NULL, t, &a, error))
		return 0;
	gint64 revision = a.revision;
	wire_answer_clear(&a);
	return revision;
}

static void watch_unref(struct socket_watch *w)
{
	if (--w->refs)
		return;
	wire_reader_clear(&w->reader);
	g_free(w);
}

static void watch_stop(struct socket_watch *w)
{
	w->dead = TRUE;
	if (w->source) {
		g_source_destroy(w->source);
		g_clear_pointer(&w->source, g_source_unref);
	}
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static void watch_fail(struct socket_watch *w, GError *error)
{
	watch_stop(w);
	w->fn(NULL, error, w->user);
	g_error_free(error);
}

static void watch_deliver(struct socket_watch *w)
{
	struct wire_answer a;
	GError *error = NULL;
	g_autoptr(GBytes) body = wire_reader_take(&w->reader);
	if (!wire_answer_parse(body, &a, &error))
		watch_fail(w, error);
	else if (a.code == WIRE_ERROR)
		watch_fail(w, g_error_new_literal(STORE_ERROR, (int)a.revision, a.message));
	else if (a.code == WIRE_EVENTS && a.events->len)
		w->fn(a.events, NULL, w->user);
	else
		watch_fail(w, g_error_new_literal(STORE_ERROR, STORE_FAILED, "store: a watch got something else"));
	wire_answer_clear(&a);
}

static void watch_read(struct socket_watch *w)
{
	GError *error = NULL;
	for (guint i = 0; i < WATCH_READS && !w->dead; i++) {
		gsize want;
		if (!wire_reader_want(&w->reader, &want, &error)) {
			watch_fail(w, error);
			return;
		}
		int got = want ? wire_reader_fill(&w->reader, w->fd, want) : 1;
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			watch_fail(w, g_error_new_literal(STORE_ERROR, STORE_FAILED,
			                                  "store: the watch's connection broke"));
			return;
		}
		if (!want)
			watch_deliver(w);
	}
}

static gboolean watch_ready(gint fd, GIOCondition condition, gpointer user)
{
	(void)fd, (void)condition;
	struct socket_watch *w = user;
	w->refs++;
	watch_read(w);
	watch_unref(w);
	return G_SOURCE_CONTINUE;
}

/* Asks for the watch and waits for its acceptance. */
static gboolean watch_agree(struct socket_watch *w, const char *path, const char *prefix, gint64 from, GError **error)
{
	struct wire_answer a = {0};
	g_autoptr(GBytes) request = wire_request_frame(WIRE_WATCH, prefix, from, NULL);
	gboolean ok = send_all(w->fd, request, path, error) && gather(&w->reader, w->fd, &a, path, error);
	wire_answer_clear(&a);
	return ok;
}

static struct store_watch *socket_store_watch(struct store *base, const char *prefix, gint64 from_revision,
                                              store_watch_fn fn, gpointer user, GError **error)
{
	struct socket_store *s = (struct socket_store *)base;
	int fd = dial(s->path, error);
	if (fd < 0)
		return NULL;
	struct socket_watch *w = g_new0(struct socket_watch, 1);
	w->base.ops = &socket_store_ops;
	wire_reader_init(&w->reader, WIRE_MAX_FRAME);
	w->fd = fd;
	w->fn = fn;
	w->user = user;
	w->refs = 1;
	if (!watch_agree(w, s->path, prefix, from_revision, error)) {
		watch_stop(w);
		watch_unref(w);
		return NULL;
	}
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	w->source = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
	g_source_set_callback(w->source, G_SOURCE_FUNC(watch_ready), w, NULL);
	g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
	g_source_attach(w->source, context);
	return &w->base;
}

static void socket_store_watch_free(struct store_watch *base)
{
	struct socket_watch *w = (struct socket_watch *)base;
	watch_stop(w);
	watch_unref(w);
}

const struct store_ops socket_store_ops = {
        .open = socket_store_open,
        .close = socket_store_close,
        .get = socket_store_get,
        .range = socket_store_range,
        .commit = socket_store_commit,
        .watch = socket_store_watch,
        .watch_free = socket_store_watch_free,
};
