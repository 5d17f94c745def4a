/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/events.h"
#include "agent/flowlog.h"
#include "agent/internal.h"
#include "agent/rulebook.h"
#include "lab/error.h"
#include "lib/ip6.h"

#include "abi/event.h"
#include "abi/verdict.h"
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <glib-unix.h>
#include <netinet/in.h>

struct events {
	struct agent *agent;
	struct ring_buffer *ring;
	guint source;
	GQueue kept;          /* struct node */
	GPtrArray *listeners; /* struct lines_conn, not owned */
	guint64 heard[ESC_MAX_PORTS];
};

const char *events_verdict_name(guint32 verdict)
{
	switch (verdict) {
#define ESC_VERDICT(code, NAME, json, help)                                                                            \
	case code:                                                                                                     \
		return json;
#include "abi/verdict.def"
#undef ESC_VERDICT
	}
	return "unknown";
}

static const char *protocol_name(guint8 proto)
{
	return proto == IPPROTO_TCP      ? "tcp"
	       : proto == IPPROTO_UDP    ? "udp"
	       : proto == IPPROTO_ICMP   ? "icmp"
	       : proto == IPPROTO_ICMPV6 ? "icmpv6"
	       : proto == IPPROTO_SCTP   ? "sctp"
	       : proto == IPPROTO_ESP    ? "esp"
	       : proto == IPPROTO_AH     ? "ah"
	                                 : NULL;
}

static const char *direction_name(guint8 dir)
{
	return dir == ESC_FLOW_FROM ? "from" : dir == ESC_FLOW_TO ? "to" : dir == ESC_FLOW_PROBE ? "probe" : "public";
}

static char *address(const struct esc_event *e, const struct esc_ip6 *a)
{
	struct ip6 six;

	if (e->family != 6)
		return ip_format(ntohl(a->w[0]));
	memcpy(six.b, a->w, sizeof(six.b));
	return ip6_format(six);
}

/* "file:line" where the rule is declared; a default rule is where its group is. */
static struct node *rule_place(const struct table_rule *r)
{
	return *r->file ? node_stringf("%s:%u", r->file, r->line) : node_string("");
}

static struct node *describe(const struct agent *a, const struct esc_event *e)
{
	const struct table_port *p = e->port ? ports_find(a->tables, e->port) : NULL;
	const char *protocol = protocol_name(e->proto);
	struct node *n = node_object(), *rules = node_array(), *places = node_array();

	node_set(n, "time", node_int(g_get_real_time() / 1000));
	node_set(n, "host", node_int(a->host));
	node_set(n, "port", p ? node_string(p->label) : node_string(e->port ? "" : "uplink"));
	node_set(n, "number", node_int(e->port));
	node_set(n, "verdict", node_string(events_verdict_name(e->verdict)));
	node_set(n, "direction", node_string(direction_name(e->dir)));
	node_set(n, "protocol", protocol ? node_string(protocol) : node_int(e->proto));
	node_set(n, "source", node_take_string(address(e, &e->saddr)));
	node_set(n, "sourcePort", node_int(ntohs(e->sport)));
	node_set(n, "destination", node_take_string(address(e, &e->daddr)));
	node_set(n, "destinationPort", node_int(ntohs(e->dport)));
	for (guint i = 0; i < G_N_ELEMENTS(e->rule); i++) {
		const struct table_rule *r = rulebook_rule(a, e->rule[i]);

		if (!r)
			continue;
		node_append(rules, node_string(r->name));
		node_append(places, rule_place(r));
	}
	node_set(n, "rules", rules);
	node_set(n, "places", places);
	return n;
}

static int on_event(void *user, void *data, size_t size)
{
	struct events *e = user;
	struct esc_event event;

	if (size < sizeof(event))
		return 0;
	memcpy(&event, data, sizeof(event));
	if (event.port < ESC_MAX_PORTS)
		e->heard[event.port]++;
	if (e->agent->flowlog)
		flowlog_event(e->agent->flowlog, &event);
	struct node *n = describe(e->agent, &event);
	for (guint i = 0; i < e->listeners->len; i++)
		lines_reply(e->listeners->pdata[i], node_ref(n));
	g_queue_push_tail(&e->kept, n);
	while (e->kept.length > EVENTS_KEPT)
		node_unref(g_queue_pop_head(&e->kept));
	return 0;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
	struct events *e = user;

	(void)fd;
	(void)condition;
	ring_buffer__consume(e->ring);
	return G_SOURCE_CONTINUE;
}

static void on_gone(struct lines_conn *c, void *user)
{
	struct events *e = user;

	g_ptr_array_remove(e->listeners, c);
}

void events_tell(struct events *e, struct lines_conn *c, gboolean follow)
{
	ring_buffer__consume(e->ring);
	for (GList *l = e->kept.head; l; l = l->next)
		lines_reply(c, node_ref(l->data));
	if (!follow) {
		lines_finish(c);
		return;
	}
	lines_when_gone(c, on_gone, e);
	g_ptr_array_add(e->listeners, c);
}

guint64 events_heard(const struct events *e, guint port)
{
	return e->heard[port];
}

void events_read(struct events *e)
{
	ring_buffer__consume(e->ring);
}

struct events *events_new(struct agent *a, GError **error)
{
	struct events *e = g_new0(struct events, 1);

	e->agent = a;
	g_queue_init(&e->kept);
	e->listeners = g_ptr_array_new();
	e->ring = ring_buffer__new(a->objects->events, on_event, e, NULL);
	if (!e->ring) {
		lab_fail_errno(error, "cannot read the events");
		events_free(e);
		return NULL;
	}
	e->source = g_unix_fd_add(ring_buffer__epoll_fd(e->ring), G_IO_IN, on_readable, e);
	return e;
}

void events_free(struct events *e)
{
	if (!e)
		return;
	if (e->source)
		g_source_remove(e->source);
	ring_buffer__free(e->ring);
	g_queue_clear_full(&e->kept, (GDestroyNotify)node_unref);
	g_ptr_array_unref(e->listeners);
	g_free(e);
}
