/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/talk.h"

#include "cli/options.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_LINE (64u << 20)

struct talk {
	int fd;
	char *socket;
	GByteArray *in;
	gsize scanned; /* bytes of `in` that hold no newline */
	gboolean ended;
};

static void fail(GError **error, const char *what, const char *why)
{
	g_set_error(error, CLI_ERROR, CLI_USAGE, "%s: %s", what, why);
}

static int dial(const char *path, GError **error)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		fail(error, path, "the name is too long for a socket");
		return -1;
	}
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		fail(error, path, "the lab is not running (start it with `escarp up`)");
	else
		fail(error, path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static gboolean send_all(int fd, const char *data, gsize n)
{
	while (n) {
		ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return FALSE;
		data += sent;
		n -= (gsize)sent;
	}
	return TRUE;
}

struct talk *talk_open(const char *socket, struct node *request, GError **error)
{
	g_autoptr(node) owned G_GNUC_UNUSED = request;
	g_autofree char *text = node_print(request, FALSE);
	g_autofree char *line = g_strconcat(g_strchomp(text), "\n", NULL);
	struct talk *t;
	int fd = dial(socket, error);

	if (fd < 0)
		return NULL;
	if (!send_all(fd, line, strlen(line))) {
		fail(error, socket, g_strerror(errno));
		close(fd);
		return NULL;
	}
	t = g_new0(struct talk, 1);
	t->fd = fd;
	t->socket = g_strdup(socket);
	t->in = g_byte_array_new();
	return t;
}

void talk_close(struct talk *t)
{
	if (!t)
		return;
	close(t->fd);
	g_free(t->socket);
	g_byte_array_unref(t->in);
	g_free(t);
}

int talk_fd(const struct talk *t)
{
	return t->fd;
}

static const guint8 *find_line(const struct talk *t)
{
	return t->in->len > t->scanned ? memchr(t->in->data + t->scanned, '\n', t->in->len - t->scanned) : NULL;
}

gboolean talk_pending(const struct talk *t)
{
	return find_line(t) != NULL;
}

/* Reads once, after waiting; FALSE and error on timeout, failure or too long a line. The end only marks it. */
static gboolean fill(struct talk *t, int timeout_ms, GError **error)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};
	guint8 buffer[65536];
	ssize_t n;
	int ready = poll(&p, 1, timeout_ms);

	if (ready == 0) {
		fail(error, t->socket, "no answer in time");
		return FALSE;
	}
	n = ready < 0 ? -1 : recv(t->fd, buffer, sizeof(buffer), 0);
	if (n < 0 && errno == EINTR)
		return TRUE;
	if (n < 0) {
		fail(error, t->socket, g_strerror(errno));
		return FALSE;
	}
	if (n == 0)
		t->ended = TRUE;
	if (t->in->len + (gsize)n > MAX_LINE) {
		fail(error, t->socket, "the answer is too long");
		return FALSE;
	}
	g_byte_array_append(t->in, buffer, (guint)n);
	return TRUE;
}

static gboolean is_error(const struct node *line, GError **error)
{
	const char *what = node_get_str(line, "error", NULL);
	const struct node *details = node_get(line, "details");
	GString *text;

	if (!what)
		return FALSE;
	text = g_string_new(what);
	for (guint i = 0; i < node_length(details); i++)
		g_string_append_printf(text, "\nescarp: %s", node_str(node_item(details, i), ""));
	g_set_error_literal(error, CLI_ERROR, CLI_USAGE, text->str);
	g_string_free(text, TRUE);
	return TRUE;
}

struct node *talk_next(struct talk *t, int timeout_ms, GError **error)
{
	const guint8 *newline;
	struct node *line;

	while (!(newline = find_line(t))) {
		t->scanned = t->in->len;
		if (t->ended) {
			if (t->in->len)
				fail(error, t->socket, "the answer broke off");
			return NULL;
		}
		if (!fill(t, timeout_ms, error))
			return NULL;
	}
	line = node_parse((const char *)t->in->data, (gsize)(newline - t->in->data), t->socket, error);
	g_byte_array_remove_range(t->in, 0, (guint)(newline - t->in->data) + 1);
	t->scanned = 0;
	if (line && is_error(line, error))
		g_clear_pointer(&line, node_unref);
	return line;
}

struct node *talk_ask(const char *socket, struct node *request, int timeout_ms, GError **error)
{
	g_autoptr(talk) t = talk_open(socket, request, error);
	g_autoptr(GError) why = NULL;
	struct node *answer = t ? talk_next(t, timeout_ms, &why) : NULL;

	if (!t)
		return NULL;
	if (!answer && !why)
		fail(&why, socket, "no answer");
	if (why)
		g_propagate_error(error, g_steal_pointer(&why));
	return answer;
}
