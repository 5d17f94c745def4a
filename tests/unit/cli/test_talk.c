/* SPDX-License-Identifier: Apache-2.0 */
/* The client side of the daemons' sockets, against a server that says what it likes. */
#include "cli/options.h"
#include "cli/talk.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct server {
	char *folder, *path;
	int fd;
	const char *says;
	gboolean hangs;
	GThread *thread;
};

static gpointer serve(gpointer data)
{
	struct server *s = data;
	int fd = accept(s->fd, NULL, NULL);
	char c = 0;

	while (c != '\n' && read(fd, &c, 1) == 1)
		;
	/* In two pieces: a line need not come at once. */
	if (write(fd, s->says, strlen(s->says) / 2) < 0 ||
	    write(fd, s->says + strlen(s->says) / 2, strlen(s->says) - strlen(s->says) / 2) < 0)
		g_error("write");
	if (s->hangs)
		g_usleep(300000);
	close(fd);
	return NULL;
}

static struct server start(const char *says)
{
	struct server s = {.folder = g_dir_make_tmp("escarp-talk-XXXXXX", NULL), .says = says};
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	s.path = g_build_filename(s.folder, "s", NULL);
	g_assert_cmpuint(strlen(s.path), <, sizeof(at.sun_path));
	strcpy(at.sun_path, s.path);
	s.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	g_assert_cmpint(bind(s.fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
	g_assert_cmpint(listen(s.fd, 1), ==, 0);
	return s;
}

static void stop(struct server *s)
{
	g_thread_join(s->thread);
	close(s->fd);
	g_unlink(s->path);
	g_rmdir(s->folder);
	g_free(s->path);
	g_free(s->folder);
}

static struct node *ask(const char *says, int timeout, GError **error)
{
	struct server s = start(says);
	struct node *answer;

	s.hangs = timeout < 300;
	s.thread = g_thread_new("server", serve, &s);
	answer = talk_ask(s.path, node_object(), timeout, error);
	stop(&s);
	return answer;
}

static void test_refused(void)
{
	static const struct {
		const char *says, *message;
		int timeout;
	} table[] = {
	        {"", "no answer", 1000},
	        {"{\"ok\":tr", "broke off", 1000},
	        {"nonsense\n", "s:1:", 1000},
	        {"{\"error\":\"not valid\",\"details\":[\"a.json:3: x\",\"b\"]}\n",
	         "not valid\nescarp: a.json:3: x\nescarp: b", 1000},
	        {"", "no answer in time", 50},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(node) answer = ask(table[i].says, table[i].timeout, &error);

		g_test_message("%s", table[i].message);
		g_assert_null(answer);
		g_assert_nonnull(error);
		g_assert_nonnull(strstr(error->message, table[i].message));
	}
}

static void test_nobody(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(talk_ask("/nonexistent/control.sock", node_object(), 100, &error));
	g_assert_nonnull(strstr(error->message, "not running"));
}

static void test_lines(void)
{
	struct server s = start("{\"progress\":\"one\"}\n{\"progress\":\"two\"}\n{\"ok\":true}\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(talk) t = NULL;

	s.thread = g_thread_new("server", serve, &s);
	t = talk_open(s.path, node_object(), &error);
	for (int i = 0; i < 3; i++) {
		g_autoptr(node) line = talk_next(t, 1000, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(node_get_str(line, "progress", "none"), ==, i == 0 ? "one" : i == 1 ? "two" : "none");
	}
	g_assert_null(talk_next(t, 1000, &error));
	g_assert_no_error(error);
	stop(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/talk/refused", test_refused);
	g_test_add_func("/talk/nobody", test_nobody);
	g_test_add_func("/talk/lines", test_lines);
	return g_test_run();
}
