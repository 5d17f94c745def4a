/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attempts themselves: sockets made inside the namespaces, driven from here.
 *
 * A socket belongs to the namespace in which it was made, so the process visits each one only to make sockets. As many
 * as BATCH are under way together. Silence can only be waited out; where an answer was expected, the attempt is
 * repeated with more time, since a busy machine is not a closed port. What answers against expectation is final.
 */
#include "cli/probe.h"

#include "lab/netns.h"
#include "lib/ip6.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH         200u
#define PATIENT_BATCH 20u
#define SILENCE_MS    500
#define PATIENCE_MS   2500 /* covers one repeated SYN */
#define ANSWER_MS     3000 /* from connected to named */
#define ROUNDS        2
#define MAX_NAME      300

struct call {
	struct attempt *attempt;
	int fd; /* -1: done */
	gboolean connected;
	gint64 until; /* monotonic microseconds */
	GString *heard;
};

union end {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static union end end_of(struct ip6 address, guint16 port)
{
	union end e;
	guint32 four;

	memset(&e, 0, sizeof(e));
	if (ip6_is_mapped(address, &four)) {
		e.four = (struct sockaddr_in){
		        .sin_family = AF_INET, .sin_addr.s_addr = htonl(four), .sin_port = htons(port)};
	} else {
		e.six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&e.six.sin6_addr, address.b, sizeof(address.b));
	}
	return e;
}

static int make_socket(const struct attempt *a, guint8 protocol)
{
	gboolean tcp = protocol == PROTO_TCP;
	union end from = end_of(*place_source(a->from, a->to), 0), to = end_of(a->to->address, a->to->port);
	socklen_t size = from.any.sa_family == AF_INET6 ? sizeof(from.six) : sizeof(from.four);
	int fd = socket(from.any.sa_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, &from.any, size) || (connect(fd, &to.any, size) && errno != EINPROGRESS) ||
	    (!tcp && send(fd, "hello\n", 6, 0) < 0)) {
		int why = errno;

		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

static void call_end(struct call *c, enum outcome outcome)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->attempt->outcome = outcome;
	g_free(c->attempt->answer);
	c->attempt->answer = outcome == OUTCOME_ANSWER ? g_strchomp(g_strdup(c->heard->str)) : NULL;
	g_string_free(c->heard, TRUE);
	c->heard = NULL;
}

static gint64 from_now(int ms)
{
	return g_get_monotonic_time() + (gint64)ms * 1000;
}

/* Starts one call inside its namespace, where the process already is. */
static void call_start(struct call *c, struct attempt *a, guint8 protocol, int patience)
{
	c->attempt = a;
	c->heard = g_string_new(NULL);
	c->connected = protocol != PROTO_TCP;
	c->until = from_now(patience);
	c->fd = make_socket(a, protocol);
	if (c->fd < 0)
		call_end(c, errno == ECONNREFUSED ? OUTCOME_REFUSED : OUTCOME_SILENCE);
}

static void call_listen(struct call *c)
{
	char buffer[MAX_NAME];
	ssize_t n = recv(c->fd, buffer, sizeof(buffer), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		g_string_append_len(c->heard, buffer, n);
	if (n < 0 && c->heard->len == 0)
		call_end(c, errno == ECONNREFUSED || errno == ECONNRESET ? OUTCOME_REFUSED : OUTCOME_SILENCE);
	else if (n <= 0 || c->heard->len >= MAX_NAME || memchr(c->heard->str, '\n', c->heard->len))
		call_end(c, OUTCOME_ANSWER);
}

static void call_connected(struct call *c)
{
	int why = 0;
	socklen_t n = sizeof(why);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &why, &n);
	if (why) {
		call_end(c, why == ECONNREFUSED ? OUTCOME_REFUSED : OUTCOME_SILENCE);
		return;
	}
	c->connected = TRUE;
	c->until = from_now(ANSWER_MS);
}

/* Connected and then mute still is an open door: an answer without a name. */
static void call_expire(struct call *c, guint8 protocol)
{
	gboolean open = (protocol == PROTO_TCP && c->connected) || c->heard->len;

	call_end(c, open ? OUTCOME_ANSWER : OUTCOME_SILENCE);
}

static guint fill_polls(const struct call *calls, guint n, struct pollfd *polls, guint *index, gint64 *next)
{
	guint count = 0;

	*next = G_MAXINT64;
	for (guint i = 0; i < n; i++) {
		if (calls[i].fd < 0)
			continue;
		polls[count] = (struct pollfd){calls[i].fd, calls[i].connected ? POLLIN : POLLOUT, 0};
		index[count++] = i;
		*next = MIN(*next, calls[i].until);
	}
	return count;
}

static void drive(struct call *calls, guint n, guint8 protocol)
{
	struct pollfd polls[BATCH];
	guint index[BATCH], count;
	gint64 next;

	while ((count = fill_polls(calls, n, polls, index, &next))) {
		gint64 wait = MAX(0, (next - g_get_monotonic_time()) / 1000 + 1);

		if (poll(polls, count, (int)wait) < 0 && errno != EINTR)
			break;
		for (guint k = 0; k < count; k++) {
			struct call *c = &calls[index[k]];

			if (polls[k].revents && !c->connected)
				call_connected(c);
			else if (polls[k].revents)
				call_listen(c);
			if (c->fd >= 0 && g_get_monotonic_time() >= c->until)
				call_expire(c, protocol);
		}
	}
}

/* Neighbours in the list mostly have the same source, so there is one visit for many sockets. */
static gboolean run_batch(struct attempt **attempts, guint n, guint8 protocol, int patience, GError **error)
{
	struct call calls[BATCH];
	guint started = 0;
	gboolean ok = TRUE;

	while (ok && started < n) {
		const struct place *from = attempts[started]->from;
		struct netns_visit visit = {-1};

		ok = netns_visit(&visit, from->netns, error);
		for (; ok && started < n && attempts[started]->from == from; started++)
			call_start(&calls[started], attempts[started], protocol, patience);
		if (visit.home >= 0)
			netns_leave(&visit);
	}
	drive(calls, started, protocol);
	return ok;
}

static gboolean run_all(const GPtrArray *attempts, guint8 protocol, guint batch, int patience, GError **error)
{
	for (guint i = 0; i < attempts->len; i += batch)
		if (!run_batch((struct attempt **)attempts->pdata + i, MIN(batch, attempts->len - i), protocol,
		               patience, error))
			return FALSE;
	return TRUE;
}

gboolean probe_run(struct probe_plan *p, GError **error)
{
	if (!run_all(p->attempts, p->protocol, BATCH, SILENCE_MS, error))
		return FALSE;
	for (int round = 0; round < ROUNDS; round++) {
		g_autoptr(GPtrArray) again = g_ptr_array_new();

		for (guint i = 0; i < p->attempts->len; i++) {
			struct attempt *a = g_ptr_array_index(p->attempts, i);

			if (a->may_answer->len && a->outcome != OUTCOME_ANSWER && !attempt_as_expected(a))
				g_ptr_array_add(again, a);
		}
		if (!again->len)
			break;
		if (!run_all(again, p->protocol, PATIENT_BATCH, PATIENCE_MS, error))
			return FALSE;
	}
	return TRUE;
}
