/* SPDX-License-Identifier: Apache-2.0 */
/* Listens, decides roles by the peer's credentials, and keeps the clock for peers that stand still. */
#include "store/server-internal.h"
#include "store/listen.h"
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "/run/ack/1" grants itself and "/run/ack/1/x", and nothing of "/run/ack/10". */
static gboolean below(const char *key, const char *granted)
{
	gsize length = strlen(granted);
	if (strncmp(key, granted, length))
		return FALSE;
	return granted[length - 1] == '/' || key[length] == '\0' || key[length] == '/';
}

gboolean role_may(const struct server_role *r, const char *key, gboolean write)
{
	for (gsize i = 0; i < r->count; i++) {
		const struct store_grant *g = &r->grants[i];
		if (g->uid == r->uid && (g->write || !write) && below(key, g->prefix))
			return TRUE;
	}
	return FALSE;
}

gboolean role_writes(const struct server_role *r)
{
	for (gsize i = 0; i < r->count; i++)
		if (r->grants[i].uid == r->uid && r->grants[i].write)
			return TRUE;
	return FALSE;
}

static guint connections_of(const struct store_server *v, uid_t uid)
{
	guint n = 0;
	for (guint i = 0; i < v->connections->len; i++)
		n += connection_uid(g_ptr_array_index(v->connections, i)) == uid;
	return n;
}

static gboolean accept_ready(gint fd, GIOCondition condition, gpointer user)
{
	(void)condition;
	struct store_server *v = user;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (got < 0) {
		/* Out of descriptors: the connection waits in the backlog; do not spin on it. */
		if (errno == EMFILE || errno == ENFILE)
			g_usleep(10000);
		return G_SOURCE_CONTINUE;
	}
	if (getsockopt(got, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || v->connections->len >= SERVER_CONNECTIONS ||
	    connections_of(v, peer.uid) >= SERVER_CONNECTIONS_PER_UID) {
		close(got);
		return G_SOURCE_CONTINUE;
	}
	g_ptr_array_add(v->connections, connection_new(v, got, peer.uid));
	return G_SOURCE_CONTINUE;
}

static gboolean clock_tick(gpointer user)
{
	struct store_server *v = user;
	gint64 now = g_get_monotonic_time(), before = now - (gint64)v->patience * G_USEC_PER_SEC;
	/* When it was the owner who stood still (a long compile), nobody else is blamed for it. */
	gboolean late = v->ticked && now - v->ticked > 3 * G_USEC_PER_SEC;
	v->ticked = now;
	if (late)
		return G_SOURCE_CONTINUE;
	for (guint i = v->connections->len; i > 0; i--)
		connection_check(g_ptr_array_index(v->connections, i - 1), before);
	return G_SOURCE_CONTINUE;
}

static GSource *attach(struct store_server *v, GSource *source, GSourceFunc fn)
{
	g_source_set_callback(source, fn, v, NULL);
	g_source_attach(source, v->context);
	return source;
}

struct store_server *store_server_new(struct store *s, const char *path, const struct store_grant *grants, gsize count,
                                      GError **error)
{
	int fd = unix_listen(path, 0666, error);
	if (fd < 0)
		return NULL;
	struct store_server *v = g_new0(struct store_server, 1);
	v->store = s;
	v->path = g_strdup(path);
	v->fd = fd;
	v->count = count;
	v->grants = g_new0(struct store_grant, count + 1);
	for (gsize i = 0; i < count; i++) {
		v->grants[i] = grants[i];
		v->grants[i].prefix = g_strdup(grants[i].prefix);
	}
	v->patience = STORE_SERVER_PATIENCE;
	v->connections = g_ptr_array_new_with_free_func((GDestroyNotify)connection_free);
	v->context = g_main_context_ref_thread_default();
	v->accept = attach(v, g_unix_fd_source_new(fd, G_IO_IN), G_SOURCE_FUNC(accept_ready));
	v->clock = attach(v, g_timeout_source_new_seconds(1), clock_tick);
	return v;
}

void store_server_set_patience(struct store_server *v, guint seconds)
{
	v->patience = seconds;
}

void store_server_free(struct store_server *v)
{
	if (!v)
		return;
	g_source_destroy(v->accept);
	g_source_unref(v->accept);
	g_source_destroy(v->clock);
	g_source_unref(v->clock);
	g_ptr_array_unref(v->connections);
	unlink(v->path);
	close(v->fd);
	for (gsize i = 0; i < v->count; i++)
		g_free((char *)v->grants[i].prefix);
	g_free(v->grants);
	g_main_context_unref(v->context);
	g_free(v->path);
	g_free(v);
}
