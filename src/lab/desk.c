/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/desk.h"
#include "lab/error.h"
#include "lab/handover.h"
#include "lab/netns.h"
#include "lab/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 256

struct desk_place {
	char *label;
	int tcp, udp;
};

struct desk {
	GHashTable *places; /* netns -> struct desk_place */
	int channel;
};

static void place_free(struct desk_place *p)
{
	if (p->tcp >= 0)
		close(p->tcp);
	if (p->udp >= 0)
		close(p->udp);
	g_free(p->label);
	g_free(p);
}

struct desk *desk_new(void)
{
	struct desk *d = g_new0(struct desk, 1);

	d->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)place_free);
	d->channel = -1;
	return d;
}

void desk_free(struct desk *d)
{
	if (!d)
		return;
	desk_set_channel(d, -1);
	g_hash_table_destroy(d->places);
	g_free(d);
}

/* A socket in the current namespace, bound to the echo port of every address of both families. */
static int bound_socket(int type, GError **error)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(WIRE_ECHO_PORT)};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, zero = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)) ||
	    (type == SOCK_DGRAM && setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one))) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, BACKLOG))) {
		lab_fail_errno(error, "cannot open the echo port");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static struct desk_place *open_place(const char *netns, const char *label, GError **error)
{
	struct netns_visit visit;
	struct desk_place *p;

	if (!netns_visit(&visit, netns, error))
		return NULL;
	p = g_new0(struct desk_place, 1);
	p->label = g_strdup(label);
	p->tcp = bound_socket(SOCK_STREAM, error);
	p->udp = p->tcp < 0 ? -1 : bound_socket(SOCK_DGRAM, error);
	netns_leave(&visit);
	if (p->udp >= 0)
		return p;
	place_free(p);
	return NULL;
}

/* Without an echo process nothing is lost: the next one gets every place when it starts. */
static void lend(struct desk *d, const char *netns, const struct desk_place *p)
{
	g_autofree char *text = g_strdup_printf("add %s %s", netns, p->label);
	g_autoptr(GError) error = NULL;

	if (d->channel >= 0 && !handover_send(d->channel, text, p->tcp, p->udp, &error))
		g_warning("%s", error->message);
}

gboolean desk_open(struct desk *d, const char *netns, const char *label, GError **error)
{
	struct desk_place *p = g_hash_table_lookup(d->places, netns);

	if (!p) {
		p = open_place(netns, label, error);
		if (!p)
			return FALSE;
		g_hash_table_replace(d->places, g_strdup(netns), p);
	} else if (g_strcmp0(p->label, label)) {
		g_free(p->label);
		p->label = g_strdup(label);
	} else {
		return TRUE;
	}
	lend(d, netns, p);
	return TRUE;
}

void desk_close(struct desk *d, const char *netns)
{
	g_autofree char *text = g_strdup_printf("remove %s", netns);
	g_autoptr(GError) error = NULL;

	if (!g_hash_table_remove(d->places, netns) || d->channel < 0)
		return;
	if (!handover_send(d->channel, text, -1, -1, &error))
		g_warning("%s", error->message);
}

void desk_set_channel(struct desk *d, int channel)
{
	GHashTableIter i;
	gpointer netns, place;

	if (d->channel >= 0)
		close(d->channel);
	d->channel = channel;
	if (channel < 0)
		return;
	g_hash_table_iter_init(&i, d->places);
	while (g_hash_table_iter_next(&i, &netns, &place))
		lend(d, netns, place);
}
