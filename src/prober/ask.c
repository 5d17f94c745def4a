/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/ask.h"
#include "lib/ip.h"
#include "model/graph.h"
#include "prober/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum step { CONNECT, HANDSHAKE, SEND, RECEIVE };

struct ask {
	int fd;
	guint watch, clock;
	enum step step;
	gboolean plain; /* TCP alone: the connection is the answer */
	gnutls_session_t tls;
	gnutls_certificate_credentials_t credentials;
	char *request;
	gsize sent, length;
	char answer[ANSWER_MAX];
	ask_done done;
	gpointer user;
};

static void ask_free(struct ask *a)
{
	if (a->watch)
		g_source_remove(a->watch);
	if (a->clock)
		g_source_remove(a->clock);
	if (a->tls)
		gnutls_deinit(a->tls);
	if (a->credentials)
		gnutls_certificate_free_credentials(a->credentials);
	if (a->fd >= 0)
		close(a->fd);
	g_free(a->request);
	g_free(a);
}

void ask_cancel(struct ask *a)
{
	if (a)
		ask_free(a);
}

static void end(struct ask *a, gboolean good, const char *why)
{
	ask_done done = a->done;
	gpointer user = a->user;
	g_autofree char *copy = g_strdup(why);

	ask_free(a);
	done(good, copy, user);
}

/* --- bytes, through TLS or as they are; -1 with EAGAIN: later, -1 otherwise: broken --- */

static gssize tls_result(gssize n)
{
	if (n >= 0)
		return n;
	errno = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? EAGAIN : EPROTO;
	return -1;
}

static gssize put(struct ask *a)
{
	gsize left = strlen(a->request) - a->sent;

	if (a->tls)
		return tls_result(gnutls_record_send(a->tls, a->request + a->sent, left));
	return send(a->fd, a->request + a->sent, left, MSG_NOSIGNAL);
}

static gssize get(struct ask *a)
{
	gsize room = sizeof(a->answer) - a->length;

	if (a->tls)
		return tls_result(gnutls_record_recv(a->tls, a->answer + a->length, room));
	return recv(a->fd, a->answer + a->length, room, 0);
}

/* --- steps; each answers TRUE when the question has ended, and then it is gone --- */

static gboolean on_ready(gint fd, GIOCondition condition, gpointer user);

static void wait_for(struct ask *a, GIOCondition condition)
{
	if (a->watch)
		g_source_remove(a->watch);
	a->watch = g_unix_fd_add(a->fd, condition | G_IO_HUP | G_IO_ERR, on_ready, a);
}

static gboolean receive(struct ask *a)
{
	guint status;
	gssize n = get(a);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_for(a, G_IO_IN);
		return FALSE;
	}
	if (n > 0)
		a->length += (gsize)n;
	switch (n > 0 ? answer_read(a->answer, a->length, &status) : ANSWER_BAD) {
	case ANSWER_GOOD:
		end(a, TRUE, NULL);
		return TRUE;
	case ANSWER_MORE:
		if (a->length < sizeof(a->answer)) {
			wait_for(a, G_IO_IN);
			return FALSE;
		}
		break;
	case ANSWER_BAD:
		break;
	}
	g_autofree char *why = n <= 0   ? g_strdup("the connection ended without an answer")
	                       : status ? g_strdup_printf("status %u", status)
	                                : g_strdup("no HTTP answer");
	end(a, FALSE, why);
	return TRUE;
}

static gboolean send_request(struct ask *a)
{
	gssize n = put(a);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		end(a, FALSE, "the connection ended before the request");
		return TRUE;
	}
	if (n > 0)
		a->sent += (gsize)n;
	if (a->sent == strlen(a->request))
		a->step = RECEIVE;
	wait_for(a, a->step == RECEIVE ? G_IO_IN : G_IO_OUT);
	return FALSE;
}

static gboolean handshake(struct ask *a)
{
	int e = gnutls_handshake(a->tls);

	if (e == GNUTLS_E_SUCCESS) {
		a->step = SEND;
		return send_request(a);
	}
	if (gnutls_error_is_fatal(e)) {
		end(a, FALSE, "no TLS handshake");
		return TRUE;
	}
	wait_for(a, gnutls_record_get_direction(a->tls) ? G_IO_OUT : G_IO_IN);
	return FALSE;
}

static gboolean connected(struct ask *a)
{
	int e = 0;
	socklen_t size = sizeof(e);

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &e, &size) || e) {
		end(a, FALSE, e == ECONNREFUSED ? "refused" : g_strerror(e ? e : errno));
		return TRUE;
	}
	if (a->plain) {
		end(a, TRUE, NULL);
		return TRUE;
	}
	a->step = a->tls ? HANDSHAKE : SEND;
	return a->tls ? handshake(a) : send_request(a);
}

/* Sources are made anew by wait_for, so the one at work ends here whatever comes. */
static gboolean on_ready(gint fd, GIOCondition condition, gpointer user)
{
	struct ask *a = user;

	(void)fd;
	(void)condition;
	a->watch = 0;
	switch (a->step) {
	case CONNECT:
		connected(a);
		break;
	case HANDSHAKE:
		handshake(a);
		break;
	case SEND:
		send_request(a);
		break;
	case RECEIVE:
		receive(a);
		break;
	}
	return G_SOURCE_REMOVE;
}

static gboolean on_clock(gpointer user)
{
	struct ask *a = user;

	a->clock = 0;
	end(a, FALSE, a->step == CONNECT ? "no answer" : "no answer in time");
	return G_SOURCE_REMOVE;
}

static gboolean add_tls(struct ask *a)
{
	if (gnutls_certificate_allocate_credentials(&a->credentials) ||
	    gnutls_init(&a->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) ||
	    gnutls_set_default_priority(a->tls) ||
	    gnutls_credentials_set(a->tls, GNUTLS_CRD_CERTIFICATE, a->credentials))
		return FALSE;
	gnutls_transport_set_int(a->tls, a->fd);
	return TRUE;
}

static gboolean on_broken(gpointer user)
{
	struct ask *a = user;

	a->clock = 0;
	end(a, FALSE, "cannot be asked");
	return G_SOURCE_REMOVE;
}

struct ask *ask_start(const struct table_probe *p, guint32 address, guint seconds, ask_done done, gpointer user)
{
	struct ask *a = g_new0(struct ask, 1);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(p->service)};
	g_autofree char *own = ip_format(address), *host = g_strdup_printf("%s:%u", own, p->service);

	to.sin_addr.s_addr = htonl(ESC_PROBE_PLACE(p->port, p->index));
	a->done = done;
	a->user = user;
	a->plain = p->protocol == PROBE_TCP;
	a->request = a->plain ? NULL : answer_request(p->path, host);
	a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0 || (p->protocol == PROBE_HTTPS && !add_tls(a)) ||
	    (connect(a->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)) {
		a->clock = g_idle_add(on_broken, a); /* not from within: the caller has no question yet */
		return a;
	}
	a->clock = g_timeout_add(seconds * 1000, on_clock, a);
	wait_for(a, G_IO_OUT);
	return a;
}
