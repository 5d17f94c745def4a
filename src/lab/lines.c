/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/lines.h"
#include "lab/error.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct lines_server {
	int fd;
	guint source;
	char *path;
	lines_fn fn;
	void *user;
	GHashTable *connections; /* set */
};

struct lines_conn {
	struct lines_server *server; /* NULL: the server is gone */
	int fd;
	uid_t uid;
	guint in, out, timer; /* sources; 0: none */
	GByteArray *request;
	GByteArray *answer;
	gboolean finished;
	lines_gone_fn gone;
	void *gone_user;
};

static void drop_source(guint *id)
{
	if (*id)
		g_source_remove(*id);
	*id = 0;
}

static void conn_free(struct lines_conn *c)
{
	drop_source(&c->in);
	drop_source(&c->out);
	drop_source(&c->timer);
	close(c->fd);
	g_byte_array_unref(c->request);
	g_byte_array_unref(c->answer);
	g_free(c);
}

static void conn_end(struct lines_conn *c)
{
	lines_gone_fn gone = c->finished ? NULL : c->gone;

	if (gone)
		gone(c, c->gone_user);
	g_hash_table_remove(c->server->connections, c);
}

static gboolean on_late(gpointer user)
{
	struct lines_conn *c = user;

	c->timer = 0;
	conn_end(c);
	return G_SOURCE_REMOVE;
}

/* FALSE: the connection is gone. */
static gboolean flush(struct lines_conn *c)
{
	while (c->answer->len) {
		ssize_t n = send(c->fd, c->answer->data, c->answer->len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return TRUE;
		if (n <= 0) {
			conn_end(c);
			return FALSE;
		}
		g_byte_array_remove_range(c->answer, 0, (guint)n);
	}
	if (!c->finished)
		return TRUE;
	conn_end(c);
	return FALSE;
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer user)
{
	struct lines_conn *c = user;

	(void)fd;
	(void)condition;
	if (!flush(c))
		return G_SOURCE_REMOVE;
	if (c->answer->len)
		return G_SOURCE_CONTINUE;
	c->out = 0;
	return G_SOURCE_REMOVE;
}

/* Writing waits for the main loop, so that a handler never finds its connection freed under its hands. */
static void want_out(struct lines_conn *c)
{
	if (!c->out)
		c->out = g_unix_fd_add(c->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, c);
}

void lines_reply(struct lines_conn *c, struct node *answer)
{
	g_autofree char *text = node_print(answer, FALSE);

	node_unref(answer);
	if (c->answer->len > LINES_MAX_PENDING) {
		shutdown(c->fd,
		         SHUT_RDWR); /* does not read what it asked for; the main loop sees the end and frees it */
		return;
	}
	g_byte_array_append(c->answer, (const guint8 *)text, (guint)strlen(text));
	g_byte_array_append(c->answer, (const guint8 *)"\n", 1);
	want_out(c);
}

void lines_finish(struct lines_conn *c)
{
	c->finished = TRUE;
	want_out(c);
}

void lines_ok(struct lines_conn *c)
{
	struct node *n = node_object();

	node_set(n, "ok", node_bool(TRUE));
	lines_reply(c, n);
	lines_finish(c);
}

void lines_refuse(struct lines_conn *c, const char *message)
{
	struct node *n = node_object();

	node_set(n, "error", node_string(message));
	lines_reply(c, n);
	lines_finish(c);
}

void lines_when_gone(struct lines_conn *c, lines_gone_fn fn, void *user)
{
	c->gone = fn;
	c->gone_user = user;
}

static void handle(struct lines_conn *c, gsize length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) request = node_parse((const char *)c->request->data, length, "request", &error);

	drop_source(&c->timer);
	if (!request)
		lines_refuse(c, error->message);
	else if (request->type != NODE_OBJECT)
		lines_refuse(c, "a request is an object");
	else
		c->server->fn(c, c->uid, request, c->server->user);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
	struct lines_conn *c = user;
	guint8 bytes[8192];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	const guint8 *newline;

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0 || c->request->len + (gsize)n > LINES_MAX_REQUEST) {
		c->in = 0;
		conn_end(c);
		return G_SOURCE_REMOVE;
	}
	if (!c->timer)
		return G_SOURCE_CONTINUE; /* the request has been; anything more is ignored */
	g_byte_array_append(c->request, bytes, (guint)n);
	newline = memchr(c->request->data, '\n', c->request->len);
	if (newline) {
		handle(c, (gsize)(newline - c->request->data));
		g_byte_array_set_size(c->request, 0);
	}
	return G_SOURCE_CONTINUE;
}

static guint connections_of(const struct lines_server *s, uid_t uid)
{
	GHashTableIter i;
	gpointer c;
	guint n = 0;

	g_hash_table_iter_init(&i, s->connections);
	while (g_hash_table_iter_next(&i, &c, NULL))
		n += ((struct lines_conn *)c)->uid == uid;
	return n;
}

/* Root is never kept out; one of many strangers could be only by many strangers. */
static gboolean has_room(const struct lines_server *s, uid_t uid)
{
	return !uid || (g_hash_table_size(s->connections) < LINES_MAX_CONNECTIONS &&
	                connections_of(s, uid) < LINES_MAX_PER_UID);
}

static gboolean on_connect(int fd, GIOCondition condition, gpointer user)
{
	struct lines_server *s = user;
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)condition;
	if (client < 0)
		return G_SOURCE_CONTINUE;
	if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) || !has_room(s, peer.uid)) {
		close(client);
		return G_SOURCE_CONTINUE;
	}
	struct lines_conn *c = g_new0(struct lines_conn, 1);
	c->server = s;
	c->fd = client;
	c->uid = peer.uid;
	c->request = g_byte_array_new();
	c->answer = g_byte_array_new();
	c->in = g_unix_fd_add(client, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, c);
	c->timer = g_timeout_add_seconds(LINES_REQUEST_SECONDS, on_late, c);
	g_hash_table_add(s->connections, c);
	return G_SOURCE_CONTINUE;
}

static gboolean unix_address(const char *path, struct sockaddr_un *a, GError **error)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(a->sun_path))
		return lab_fail(error, "socket path too long: %s", path);
	strcpy(a->sun_path, path);
	return TRUE;
}

struct lines_server *lines_server_new(const char *path, lines_fn fn, void *user, GError **error)
{
	struct sockaddr_un address;
	int fd;

	if (!unix_address(path, &address, error))
		return NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(path, 0666) || listen(fd, 64)) {
		lab_fail_errno(error, "cannot listen on %s", path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	struct lines_server *s = g_new0(struct lines_server, 1);
	s->fd = fd;
	s->path = g_strdup(path);
	s->fn = fn;
	s->user = user;
	s->connections = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)conn_free, NULL);
	s->source = g_unix_fd_add(fd, G_IO_IN, on_connect, s);
	return s;
}

void lines_server_free(struct lines_server *s)
{
	if (!s)
		return;
	drop_source(&s->source);
	g_hash_table_destroy(s->connections);
	close(s->fd);
	unlink(s->path);
	g_free(s->path);
	g_free(s);
}

static int dial(const char *path, guint timeout_seconds, GError **error)
{
	struct timeval patience = {.tv_sec = timeout_seconds};
	struct sockaddr_un address;
	int fd;

	if (!unix_address(path, &address, error))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		lab_fail_errno(error, "%s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static gboolean send_all(int fd, const char *text, GError **error)
{
	gsize left = strlen(text);

	while (left) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

		if (n <= 0)
			return lab_fail_errno(error, "cannot send the request");
		text += n;
		left -= (gsize)n;
	}
	return TRUE;
}

/* Up to the first newline. */
static gboolean receive_line(int fd, GString *line, GError **error)
{
	char bytes[8192];

	while (!memchr(line->str, '\n', line->len)) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0)
			return lab_fail_errno(error, "no answer");
		if (n == 0)
			return lab_fail(error, "no answer: the connection was closed");
		if (line->len > LINES_MAX_PENDING)
			return lab_fail(error, "the answer is too long");
		g_string_append_len(line, bytes, n);
	}
	return TRUE;
}

struct node *lines_call(const char *path, struct node *request, guint timeout_seconds, GError **error)
{
	g_autofree char *text = node_print(request, FALSE);
	g_autofree char *with_newline = g_strconcat(text, "\n", NULL);
	g_autoptr(GString) line = g_string_new(NULL);
	struct node *answer = NULL;
	const char *refusal;
	int fd = dial(path, timeout_seconds, error);

	node_unref(request);
	if (fd < 0)
		return NULL;
	if (send_all(fd, with_newline, error) && receive_line(fd, line, error))
		answer = node_parse(line->str, (gsize)(strchr(line->str, '\n') - line->str), path, error);
	close(fd);
	refusal = node_get_str(answer, "error", NULL);
	if (!refusal)
		return answer;
	lab_fail(error, "%s", refusal);
	node_unref(answer);
	return NULL;
}
