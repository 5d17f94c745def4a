/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One peer of the server: reads a request, answers it whole, then reads the next. While an answer waits to be taken
 * nothing is read, so a peer can hold at most one request and one answer of ours. A range is turned into frames part
 * by part as the peer takes them. A watch keeps only the frames of its last batch: when they pass a bound it is
 * stopped, and made again from the next revision once they are taken (history is the queue).
 */
#include "store/server-internal.h"
#include "store/store-provider.h"
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
	struct store_server *server;
	struct server_role role;
	int fd;
	GSource *in, *out; /* at most one exists while an answer waits: out */
	struct wire_reader reader;
	GQueue frames;      /* GBytes to be sent */
	gsize queued, sent; /* bytes of frames; of the first one that are gone */
	GPtrArray *rest;    /* entries of a range not yet made into frames */
	guint rest_at;
	gint64 rest_revision;
	char *watch_prefix;        /* NULL: not a watch */
	struct store_watch *watch; /* NULL while stopped */
	gint64 watch_next;
	gint64 moved;     /* when a byte last went either way */
	gboolean closing; /* nothing more is read: free it when what is queued is sent */
};

static void flush(struct connection *c);

uid_t connection_uid(const struct connection *c)
{
	return c->role.uid;
}

static void drop_source(GSource **source)
{
	if (*source) {
		g_source_destroy(*source);
		g_clear_pointer(source, g_source_unref);
	}
}

static void cut(struct connection *c)
{
	g_ptr_array_remove_fast(c->server->connections, c);
}

void connection_free(struct connection *c)
{
	store_watch_free(c->watch);
	drop_source(&c->in);
	drop_source(&c->out);
	wire_reader_clear(&c->reader);
	g_queue_clear_full(&c->frames, (GDestroyNotify)g_bytes_unref);
	g_clear_pointer(&c->rest, g_ptr_array_unref);
	g_free(c->watch_prefix);
	close(c->fd);
	g_free(c);
}

static gboolean waiting(const struct connection *c)
{
	return c->queued || c->rest;
}

void connection_check(struct connection *c, gint64 before)
{
	if (c->moved < before && (waiting(c) || c->reader.bytes->len))
		cut(c);
}

static void push(struct connection *c, GBytes *frame)
{
	/* Patience counts from the moment that the first byte waits. */
	if (!waiting(c))
		c->moved = g_get_monotonic_time();
	c->queued += g_bytes_get_size(frame);
	g_queue_push_tail(&c->frames, frame);
}

static void push_error(struct connection *c, GError *error)
{
	push(c, wire_error_frame(error));
	g_error_free(error);
}

static void push_denied(struct connection *c, const char *key)
{
	push_error(c, g_error_new(STORE_ERROR, STORE_DENIED, "store: uid %u may not touch '%s'", c->role.uid, key));
}

/* The next part of the range that is being answered. */
static void push_part(struct connection *c)
{
	guint first = c->rest_at;
	gsize bytes = 0;
	while (c->rest_at < c->rest->len && bytes < SERVER_PART_BYTES) {
		const struct store_entry *e = g_ptr_array_index(c->rest, c->rest_at++);
		bytes += g_bytes_get_size(e->value) + strlen(e->key);
	}
	gboolean last = c->rest_at == c->rest->len;
	push(c,
	     wire_answer_frame(last ? WIRE_OK : WIRE_MORE, c->rest_revision, NULL, c->rest, first, c->rest_at, NULL));
	if (last)
		g_clear_pointer(&c->rest, g_ptr_array_unref);
}

static void answer_get(struct connection *c, const char *key)
{
	GError *error = NULL;
	struct store_entry *e = store_get(c->server->store, key, &error);
	if (error) {
		push_error(c, error);
		return;
	}
	g_autoptr(GPtrArray) one = store_entries_new();
	if (e)
		g_ptr_array_add(one, e);
	push(c, wire_answer_frame(WIRE_OK, 0, NULL, one, 0, one->len, NULL));
}

static void answer_range(struct connection *c, const char *prefix)
{
	GError *error = NULL;
	GPtrArray *all = store_range(c->server->store, prefix, &c->rest_revision, &error);
	if (!all) {
		push_error(c, error);
		return;
	}
	c->rest = store_entries_new();
	c->rest_at = 0;
	/* Keys beside the grant that merely start alike are not this peer's. */
	g_autoptr(GPtrArray) unseen = store_entries_new();
	gsize count;
	g_autofree gpointer *entries = g_ptr_array_steal(all, &count);
	g_ptr_array_unref(all);
	for (gsize i = 0; i < count; i++) {
		struct store_entry *e = entries[i];
		g_ptr_array_add(role_may(&c->role, e->key, FALSE) ? c->rest : unseen, e);
	}
	push_part(c);
}

static void answer_commit(struct connection *c, struct wire_request *r)
{
	GError *error = NULL;
	for (guint i = 0; i < r->txn->compares->len; i++) {
		const char *key = g_array_index(r->txn->compares, struct txn_compare, i).key;
		if (!role_may(&c->role, key, FALSE)) {
			push_denied(c, key);
			return;
		}
	}
	for (guint i = 0; i < r->txn->writes->len; i++) {
		const char *key = g_array_index(r->txn->writes, struct txn_write, i).key;
		if (!role_may(&c->role, key, TRUE)) {
			push_denied(c, key);
			return;
		}
	}
	gint64 revision = store_txn_commit(c->server->store, g_steal_pointer(&r->txn), &error);
	if (revision)
		push(c, wire_answer_frame(WIRE_OK, revision, NULL, NULL, 0, 0, NULL));
	else
		push_error(c, error);
}

/* The peer's own events of these; NULL when none are. */
static GPtrArray *seen_events(const struct connection *c, GPtrArray *events)
{
	GPtrArray *seen = NULL;
	for (guint i = 0; i < events->len; i++) {
		struct store_event *e = g_ptr_array_index(events, i);
		if (!role_may(&c->role, e->key, FALSE))
			continue;
		if (!seen)
			seen = g_ptr_array_new();
		g_ptr_array_add(seen, e);
	}
	return seen;
}

static void watch_event(GPtrArray *events, const GError *error, gpointer user)
{
	struct connection *c = user;
	if (error) {
		push(c, wire_error_frame(error));
		c->closing = TRUE;
	} else {
		const struct store_event *first = g_ptr_array_index(events, 0);
		g_autoptr(GPtrArray) seen = seen_events(c, events);
		c->watch_next = first->revision + 1;
		if (seen)
			push(c, wire_answer_frame(WIRE_EVENTS, 0, NULL, NULL, 0, 0, seen));
		if (c->queued > SERVER_WATCH_BACKLOG)
			g_clear_pointer(&c->watch, store_watch_free);
	}
	flush(c);
}

static void answer_watch(struct connection *c, struct wire_request *r)
{
	GError *error = NULL;
	c->watch = store_watch(c->server->store, r->key, r->revision, watch_event, c, &error);
	if (!c->watch) {
		push_error(c, error);
		return;
	}
	c->watch_prefix = g_steal_pointer(&r->key);
	c->watch_next = r->revision;
	push(c, wire_answer_frame(WIRE_OK, 0, NULL, NULL, 0, 0, NULL));
}

static void answer(struct connection *c, struct wire_request *r)
{
	if (r->op != WIRE_COMMIT && !role_may(&c->role, r->key, FALSE))
		push_denied(c, r->key);
	else if (r->op == WIRE_GET)
		answer_get(c, r->key);
	else if (r->op == WIRE_RANGE)
		answer_range(c, r->key);
	else if (r->op == WIRE_COMMIT)
		answer_commit(c, r);
	else
		answer_watch(c, r);
}

/* Bytes that are no request get one error, and the connection ends: nobody knows where the next frame would start. */
static void refuse(struct connection *c, GError *error)
{
	push_error(c, error);
	c->closing = TRUE;
}

static void take_request(struct connection *c)
{
	struct wire_request r = {0};
	GError *error = NULL;
	g_autoptr(GBytes) body = wire_reader_take(&c->reader);
	if (c->watch_prefix)
		refuse(c, g_error_new_literal(STORE_ERROR, STORE_INVALID, "store: a watch takes no further request"));
	else if (!wire_request_parse(body, &r, &error))
		refuse(c, error);
	else
		answer(c, &r);
	wire_request_clear(&r);
	flush(c);
}

/* FALSE: a frame of a forbidden size was begun; the peer was told, and may be gone. */
static gboolean frame_wants(struct connection *c, gsize *want)
{
	GError *error = NULL;
	if (wire_reader_want(&c->reader, want, &error))
		return TRUE;
	refuse(c, error);
	flush(c);
	return FALSE;
}

static gboolean in_ready(gint fd, GIOCondition condition, gpointer user)
{
	(void)condition;
	struct connection *c = user;
	gsize want;
	/* Never 0: a whole frame was taken when its last byte came. */
	if (!frame_wants(c, &want))
		return G_SOURCE_CONTINUE;
	int got = wire_reader_fill(&c->reader, fd, want);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (got <= 0) {
		cut(c);
		return G_SOURCE_REMOVE;
	}
	c->moved = g_get_monotonic_time();
	if (frame_wants(c, &want) && !want)
		take_request(c);
	return G_SOURCE_CONTINUE;
}

static gboolean out_ready(gint fd, GIOCondition condition, gpointer user)
{
	(void)fd, (void)condition;
	flush(user);
	return G_SOURCE_CONTINUE;
}

static GSource *listen_for(struct connection *c, GIOCondition condition, GSourceFunc fn)
{
	GSource *source = g_unix_fd_source_new(c->fd, condition);
	g_source_set_callback(source, fn, c, NULL);
	g_source_attach(source, c->server->context);
	return source;
}

/* Sends what the socket takes. FALSE: the peer is gone. */
static gboolean send_some(struct connection *c)
{
	while (c->queued) {
		GBytes *frame = g_queue_peek_head(&c->frames);
		gsize size;
		const char *data = g_bytes_get_data(frame, &size);
		gssize got = send(c->fd, data + c->sent, size - c->sent, MSG_NOSIGNAL);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		c->moved = g_get_monotonic_time();
		c->sent += (gsize)got;
		c->queued -= (gsize)got;
		if (c->sent == size) {
			g_bytes_unref(g_queue_pop_head(&c->frames));
			c->sent = 0;
		}
		if (!c->queued && c->rest)
			push_part(c);
	}
	return TRUE;
}

/* A watch that was stopped for its backlog goes on where it was. */
static void resume_watch(struct connection *c)
{
	GError *error = NULL;
	if (!c->watch_prefix || c->watch || c->closing)
		return;
	c->watch = store_watch(c->server->store, c->watch_prefix, c->watch_next, watch_event, c, &error);
	if (!c->watch) {
		refuse(c, error);
		send_some(c);
	}
}

/* Sends and settles what to wait for next. May free the connection: nothing touches it afterwards. */
static void flush(struct connection *c)
{
	gboolean alive = send_some(c);
	if (alive && !waiting(c))
		resume_watch(c);
	if (!alive || (c->closing && !waiting(c))) {
		cut(c);
		return;
	}
	if (waiting(c) && !c->out)
		c->out = listen_for(c, G_IO_OUT | G_IO_HUP | G_IO_ERR, G_SOURCE_FUNC(out_ready));
	if (!waiting(c))
		drop_source(&c->out);
	gboolean reads = !waiting(c) && !c->closing;
	if (reads && !c->in)
		c->in = listen_for(c, G_IO_IN | G_IO_HUP | G_IO_ERR, G_SOURCE_FUNC(in_ready));
	if (!reads)
		drop_source(&c->in);
}

struct connection *connection_new(struct store_server *v, int fd, uid_t uid)
{
	struct connection *c = g_new0(struct connection, 1);
	c->server = v;
	c->role = (struct server_role){uid, v->grants, v->count};
	c->fd = fd;
	c->moved = g_get_monotonic_time();
	g_queue_init(&c->frames);
	wire_reader_init(&c->reader, role_writes(&c->role) ? WIRE_MAX_FRAME : SERVER_READER_FRAME);
	c->in = listen_for(c, G_IO_IN | G_IO_HUP | G_IO_ERR, G_SOURCE_FUNC(in_ready));
	return c;
}
