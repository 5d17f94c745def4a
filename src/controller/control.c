/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: one line of JSON in, any number of progress lines and one answer out, then the end. Only root and
 * the controller's own uid are listened to, whatever the socket's mode says.
 */
#include "controller/internal.h"
#include "store/listen.h"
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS       64u
#define READ_CHUNK    (256u << 10)
#define STALL_SECONDS 60

struct control {
	struct controller *c;
	char *path;
	int fd;
	GSource *accept;
	GPtrArray *clients; /* struct control_client, owned */
};

struct control_client {
	struct control *control;
	int fd;
	GSource *in, *out, *clock;
	GByteArray *line; /* the request so far */
	GByteArray *text; /* lines not yet sent */
	gboolean asked;   /* the request was whole: nothing more is read */
	gboolean answered;
};

static void drop_source(GSource **source)
{
	if (*source) {
		g_source_destroy(*source);
		g_clear_pointer(source, g_source_unref);
	}
}

static void client_free(gpointer p)
{
	struct control_client *k = p;
	deploy_forget(k->control->c, k);
	drop_source(&k->in);
	drop_source(&k->out);
	drop_source(&k->clock);
	g_byte_array_unref(k->line);
	g_byte_array_unref(k->text);
	close(k->fd);
	g_free(k);
}

static void client_cut(struct control_client *k)
{
	g_ptr_array_remove_fast(k->control->clients, k);
}

static GSource *attach(struct control *control, GSource *source, GSourceFunc fn, gpointer user)
{
	g_source_set_callback(source, fn, user, NULL);
	g_source_attach(source, control->c->context);
	return source;
}

static gboolean out_ready(gint fd, GIOCondition condition, gpointer user)
{
	(void)condition;
	struct control_client *k = user;
	gssize sent = send(fd, k->text->data, k->text->len, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (sent > 0)
		g_byte_array_remove_range(k->text, 0, (guint)sent);
	if (sent < 0 || (!k->text->len && k->answered)) {
		client_cut(k);
		return G_SOURCE_REMOVE;
	}
	if (!k->text->len)
		drop_source(&k->out);
	return G_SOURCE_CONTINUE;
}

/* Lines only ever leave from the main loop: whoever writes one need not fear that the client is freed under him. */
static void client_write(struct control_client *k, struct node *n)
{
	g_autofree char *line = node_print(n, FALSE);
	g_byte_array_append(k->text, (const guint8 *)line, (guint)strlen(line));
	g_byte_array_append(k->text, (const guint8 *)"\n", 1);
	if (!k->out)
		k->out = attach(k->control, g_unix_fd_source_new(k->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR),
		                G_SOURCE_FUNC(out_ready), k);
}

void control_progress(struct control_client *k, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autoptr(node) n = node_object();
	node_set(n, "progress", node_take_string(g_strdup_vprintf(format, args)));
	va_end(args);
	client_write(k, n);
}

static gboolean stalled(gpointer user)
{
	client_cut(user);
	return G_SOURCE_REMOVE;
}

static void client_clock(struct control_client *k)
{
	drop_source(&k->clock);
	k->clock = attach(k->control, g_timeout_source_new_seconds(STALL_SECONDS), stalled, k);
}

void control_answer(struct control_client *k, struct node *answer)
{
	client_write(k, answer);
	node_unref(answer);
	k->answered = TRUE;
	client_clock(k);
}

struct node *control_error(const char *message, const GPtrArray *details)
{
	struct node *n = node_object(), *list = node_array();
	for (guint i = 0; details && i < details->len; i++)
		node_append(list, node_string(g_ptr_array_index(details, i)));
	node_set(n, "error", node_string(message));
	node_set(n, "details", list);
	return n;
}

static void client_ask(struct control_client *k)
{
	struct controller *c = k->control->c;
	g_autoptr(GError) error = NULL;
	g_autoptr(node) n = node_parse((const char *)k->line->data, k->line->len, "request", &error);
	g_byte_array_set_size(k->line, 0);
	k->asked = TRUE;
	drop_source(&k->clock);
	const char *op = node_get_str(n, "op", "");
	if (!n)
		control_answer(k, control_error(error->message, NULL));
	else if (!strcmp(op, "deploy") || !strcmp(op, "life"))
		deploy_start(c, n, k);
	else if (!strcmp(op, "status"))
		control_answer(k, status_report(c));
	else if (!strcmp(op, "events"))
		control_answer(k, events_report(c));
	else
		control_answer(k, control_error("unknown request; \"op\" is \"deploy\", \"life\", \"status\" or "
		                                "\"events\"",
		                                NULL));
}

/* After its request a client has nothing to say: all that can come is its end. */
static gboolean in_ready(gint fd, GIOCondition condition, gpointer user)
{
	(void)condition;
	struct control_client *k = user;
	guint before = k->line->len;
	g_byte_array_set_size(k->line, before + READ_CHUNK);
	gssize got = recv(fd, k->line->data + before, READ_CHUNK, 0);
	int why = errno;
	g_byte_array_set_size(k->line, before + (guint)MAX(got, 0));
	if (got < 0 && (why == EAGAIN || why == EINTR))
		return G_SOURCE_CONTINUE;
	if (got == 0 && k->asked && condition == G_IO_IN) {
		/* It only closed its sending half: the answer is still wanted. */
		drop_source(&k->in);
		return G_SOURCE_REMOVE;
	}
	if (got <= 0) {
		client_cut(k);
		return G_SOURCE_REMOVE;
	}
	if (k->asked) {
		g_byte_array_set_size(k->line, 0);
		return G_SOURCE_CONTINUE;
	}
	const guint8 *end = memchr(k->line->data + before, '\n', (gsize)got);
	if (end) {
		g_byte_array_set_size(k->line, (guint)(end - k->line->data));
		client_ask(k);
	} else if (k->line->len > CONTROL_MAX_LINE) {
		k->asked = TRUE;
		g_byte_array_set_size(k->line, 0);
		control_answer(k, control_error("the request is longer than 64 MiB", NULL));
	}
	return G_SOURCE_CONTINUE;
}

static gboolean accept_ready(gint fd, GIOCondition condition, gpointer user)
{
	(void)condition;
	struct control *control = user;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (got < 0)
		return G_SOURCE_CONTINUE;
	if (getsockopt(got, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || (peer.uid != 0 && peer.uid != geteuid()) ||
	    control->clients->len >= CLIENTS) {
		close(got);
		return G_SOURCE_CONTINUE;
	}
	struct control_client *k = g_new0(struct control_client, 1);
	k->control = control;
	k->fd = got;
	k->line = g_byte_array_new();
	k->text = g_byte_array_new();
	k->in = attach(control, g_unix_fd_source_new(got, G_IO_IN | G_IO_HUP | G_IO_ERR), G_SOURCE_FUNC(in_ready), k);
	client_clock(k);
	g_ptr_array_add(control->clients, k);
	return G_SOURCE_CONTINUE;
}

struct control *control_new(struct controller *c, const char *path, GError **error)
{
	int fd = unix_listen(path, 0600, error);
	if (fd < 0)
		return NULL;
	struct control *control = g_new0(struct control, 1);
	control->c = c;
	control->path = g_strdup(path);
	control->fd = fd;
	control->clients = g_ptr_array_new_with_free_func(client_free);
	control->accept = attach(control, g_unix_fd_source_new(fd, G_IO_IN), G_SOURCE_FUNC(accept_ready), control);
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	drop_source(&control->accept);
	g_ptr_array_unref(control->clients);
	unlink(control->path);
	close(control->fd);
	g_free(control->path);
	g_free(control);
}
