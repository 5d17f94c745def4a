/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/echo.h"
#include "lab/echo_tls.h"
#include "lab/handover.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct place {
	char *answer; /* label and newline */
	int tcp, udp;
	guint on_tcp, on_udp;
	gint64 credit_us; /* of time: each answered datagram costs its share of a second */
	gint64 counted;   /* when it was last brought up to date */
};

struct talk {
	int fd;
	char *answer;
	struct echo_tls *tls; /* NULL: plain */
	guint readable, patience, end;
	gboolean said;
};

static GHashTable *places;  /* key -> struct place */
static GHashTable *answers; /* set of all that places have ever said */
static GHashTable *talks;   /* set of struct talk */

static void drop_source(guint *id)
{
	if (*id)
		g_source_remove(*id);
	*id = 0;
}

static void talk_free(struct talk *t)
{
	drop_source(&t->readable);
	drop_source(&t->patience);
	drop_source(&t->end);
	echo_tls_free(t->tls);
	close(t->fd);
	g_free(t->answer);
	g_free(t);
}

static void place_free(struct place *p)
{
	drop_source(&p->on_tcp);
	drop_source(&p->on_udp);
	close(p->tcp);
	close(p->udp);
	g_free(p->answer);
	g_free(p);
}

static gboolean sounds_like_http(const char *bytes, gsize n)
{
	static const char *const METHODS[] = {"GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH "};

	for (gsize i = 0; i < G_N_ELEMENTS(METHODS); i++)
		if (n && !strncmp(bytes, METHODS[i], MIN(n, strlen(METHODS[i]))))
			return TRUE;
	return FALSE;
}

/*
 * Says the name and our end of the conversation, then waits for the other's end (or time): closing at once with unread
 * bytes in the socket would reset the connection, and the name with it.
 */
static void say(struct talk *t, gboolean http)
{
	g_autofree char *text =
	        http ? g_strdup_printf("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
	                               strlen(t->answer), t->answer)
	             : g_strdup(t->answer);

	drop_source(&t->patience);
	t->said = TRUE;
	if ((t->tls ? echo_tls_write(t->tls, text) : send(t->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT)) < 0)
		return;
	shutdown(t->fd, SHUT_WR);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
	struct talk *t = user;
	char bytes[4096];
	ssize_t n;

	(void)condition;
	if (!t->said && !t->tls && echo_tls_begins(fd))
		t->tls = echo_tls_new(fd);
	n = t->tls ? echo_tls_read(t->tls, bytes, sizeof(bytes)) : recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (!t->said)
		say(t, n > 0 && sounds_like_http(bytes, (gsize)n));
	if (n > 0)
		return G_SOURCE_CONTINUE;
	t->readable = 0;
	g_hash_table_remove(talks, t);
	return G_SOURCE_REMOVE;
}

static gboolean on_patience(gpointer user)
{
	struct talk *t = user;

	t->patience = 0;
	say(t, FALSE);
	return G_SOURCE_REMOVE;
}

static gboolean on_end(gpointer user)
{
	struct talk *t = user;

	t->end = 0;
	g_hash_table_remove(talks, t);
	return G_SOURCE_REMOVE;
}

static gboolean on_accept(int fd, GIOCondition condition, gpointer user)
{
	struct place *p = user;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)condition;
	if (client < 0)
		return G_SOURCE_CONTINUE;
	if (g_hash_table_size(talks) >= ECHO_MAX_CONNECTIONS) {
		/* Full: say the name at once and let go; a name too soon is better than none. */
		send(client, p->answer, strlen(p->answer), MSG_NOSIGNAL | MSG_DONTWAIT);
		close(client);
		return G_SOURCE_CONTINUE;
	}
	struct talk *t = g_new0(struct talk, 1);
	t->fd = client;
	t->answer = g_strdup(p->answer);
	t->readable = g_unix_fd_add(client, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, t);
	t->patience = g_timeout_add(ECHO_PATIENCE_MS, on_patience, t);
	t->end = g_timeout_add(ECHO_CONNECTION_MS, on_end, t);
	g_hash_table_add(talks, t);
	return G_SOURCE_CONTINUE;
}

/*
 * Two places that answered each other's answers would never stop: one packet with a made-up source is enough to begin
 * it. All places are ours, so we know an answer when we see one.
 */
static gboolean is_answer(char *bytes, gssize n)
{
	bytes[n] = 0;
	return g_hash_table_contains(answers, bytes);
}

static gboolean may_answer(struct place *p)
{
	const gint64 cost = G_USEC_PER_SEC / ECHO_DATAGRAMS_PER_SECOND, most = cost * ECHO_DATAGRAMS_BURST;
	gint64 now = g_get_monotonic_time();

	p->credit_us = MIN(p->credit_us + now - p->counted, most);
	p->counted = now;
	if (p->credit_us < cost)
		return FALSE;
	p->credit_us -= cost;
	return TRUE;
}

/* The answer leaves from the address that was asked (the control message goes back as it came), not from the routing
 * table's. */
static gboolean on_datagram(int fd, GIOCondition condition, gpointer user)
{
	struct place *p = user;
	struct sockaddr_in6 from;
	char bytes[HANDOVER_MAX_TEXT], control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct iovec in = {.iov_base = bytes, .iov_len = sizeof(bytes) - 1};
	struct iovec out = {.iov_base = p->answer, .iov_len = strlen(p->answer)};
	struct msghdr m = {.msg_name = &from,
	                   .msg_namelen = sizeof(from),
	                   .msg_iov = &in,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

	(void)condition;
	if (n < 0 || is_answer(bytes, n) || !may_answer(p))
		return G_SOURCE_CONTINUE;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO)
		return G_SOURCE_CONTINUE;
	((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = 0;
	m.msg_iov = &out;
	m.msg_flags = 0;
	sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	return G_SOURCE_CONTINUE;
}

static void add_place(const char *key, const char *label, const struct handover *h)
{
	struct place *p = g_new0(struct place, 1);

	p->answer = g_strdup_printf("%s\n", label);
	g_hash_table_add(answers, g_strdup(p->answer));
	p->tcp = h->tcp;
	p->udp = h->udp;
	p->on_tcp = g_unix_fd_add(p->tcp, G_IO_IN, on_accept, p);
	p->on_udp = g_unix_fd_add(p->udp, G_IO_IN, on_datagram, p);
	g_hash_table_replace(places, g_strdup(key), p);
}

static gboolean on_channel(int fd, GIOCondition condition, gpointer user)
{
	g_autoptr(GError) error = NULL;
	struct handover h;

	(void)condition;
	if (!handover_receive(fd, &h, &error)) {
		g_main_loop_quit(user);
		return G_SOURCE_REMOVE;
	}
	g_auto(GStrv) words = g_strsplit(h.text, " ", 3);
	guint n = g_strv_length(words);
	if (n == 3 && !strcmp(words[0], "add") && h.tcp >= 0) {
		add_place(words[1], words[2], &h);
		return G_SOURCE_CONTINUE;
	}
	if (n == 2 && !strcmp(words[0], "remove"))
		g_hash_table_remove(places, words[1]);
	if (h.tcp >= 0) {
		close(h.tcp);
		close(h.udp);
	}
	return G_SOURCE_CONTINUE;
}

int echo_run(int channel)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

	places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)place_free);
	answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	talks = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)talk_free, NULL);
	g_unix_fd_add(channel, G_IO_IN | G_IO_HUP | G_IO_ERR, on_channel, loop);
	g_main_loop_run(loop);
	g_hash_table_destroy(talks);
	g_hash_table_destroy(places);
	g_hash_table_destroy(answers);
	return 0;
}
