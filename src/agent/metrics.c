/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics, each declared once: name, type, help, and who fills it in. */
#include "agent/metrics.h"

#include "agent/counters.h"
#include "agent/events.h"
#include "agent/flow_walk.h"
#include "agent/flowlog.h"
#include "agent/internal.h"
#include "lab/error.h"
#include "lib/paths.h"

#include "abi/verdict.h"
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_S 5
#define ROOM       16 /* connections at once */

struct metrics {
	struct agent *agent;
	GSocketService *service;
	char *path;
	guint open, starts;
	/* At the last look, by port: */
	guint flows[ESC_MAX_PORTS];      /* in use */
	guint64 (*dropped)[ESC_V_COUNT]; /* packets */
	guint64 base[ESC_MAX_PORTS];     /* dropped before this agent listened */
};

struct metric {
	const char *name, *type, *help;
	void (*put)(struct metrics *m, const struct metric *d, GString *s);
};

static void line(GString *s, const struct metric *d, const char *label, const char *value, gdouble number)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(s, d->name);
	if (label) {
		g_string_append_printf(s, "{%s=\"", label);
		metrics_label(s, value);
		g_string_append(s, "\"}");
	}
	g_string_append_printf(s, " %s\n", g_ascii_dtostr(text, sizeof(text), number));
}

/* By port: fn says the value. */
static void by_port(struct metrics *m, const struct metric *d, GString *s, gdouble (*fn)(struct metrics *m, guint port))
{
	const GPtrArray *ports = m->agent->tables->ports;

	for (guint i = 0; i < ports->len; i++) {
		const struct table_port *p = ports->pdata[i];

		if (p->number < ESC_MAX_PORTS)
			line(s, d, "port", p->label, fn(m, p->number));
	}
}

static void put_dropped_of(struct metrics *m, const struct metric *d, GString *s, guint number, const char *label)
{
	for (guint32 v = ESC_VERDICT_LAST_PASS + 1; v < ESC_V_COUNT; v++) {
		guint64 packets = m->dropped[number][v];

		if (!packets)
			continue;
		g_string_append_printf(s, "%s{port=\"", d->name);
		metrics_label(s, label);
		g_string_append_printf(s, "\",verdict=\"%s\"} %" G_GUINT64_FORMAT "\n", events_verdict_name(v),
		                       packets);
	}
}

static void put_dropped(struct metrics *m, const struct metric *d, GString *s)
{
	const GPtrArray *ports = m->agent->tables->ports;

	put_dropped_of(m, d, s, ESC_PORT_UPLINK, "uplink");
	for (guint i = 0; i < ports->len; i++) {
		const struct table_port *p = ports->pdata[i];

		put_dropped_of(m, d, s, p->number, p->label);
	}
}

static void put_decided(struct metrics *m, const struct metric *d, GString *s)
{
	const GPtrArray *rules = m->agent->tables->rules;

	for (guint i = 0; i < rules->len; i++) {
		const struct table_rule *r = rules->pdata[i];
		guint64 packets = counters_rule(m->agent, r->number).packets;

		if (!packets)
			continue;
		g_string_append_printf(s, "%s{rule=\"", d->name);
		metrics_label(s, r->name);
		g_string_append_printf(s, "\",access=\"%s\"} %" G_GUINT64_FORMAT "\n", r->allow ? "allow" : "deny",
		                       packets);
	}
}

static gdouble flows_of(struct metrics *m, guint port)
{
	return m->flows[port];
}

static void put_flows(struct metrics *m, const struct metric *d, GString *s)
{
	by_port(m, d, s, flows_of);
}

static gdouble quota_of(struct metrics *m, guint port)
{
	(void)port;
	return m->agent->held_host.ring_size;
}

static void put_quota(struct metrics *m, const struct metric *d, GString *s)
{
	by_port(m, d, s, quota_of);
}

static gdouble events_of(struct metrics *m, guint port)
{
	return (gdouble)events_heard(m->agent->events, port);
}

static void put_events(struct metrics *m, const struct metric *d, GString *s)
{
	line(s, d, "port", "uplink", events_of(m, ESC_PORT_UPLINK));
	by_port(m, d, s, events_of);
}

static guint64 all_dropped(const struct metrics *m, guint port)
{
	guint64 sum = 0;

	for (guint32 v = ESC_VERDICT_LAST_PASS + 1; v < ESC_V_COUNT; v++)
		sum += m->dropped[port][v];
	return sum;
}

static gdouble events_lost_of(struct metrics *m, guint port)
{
	guint64 known, all = all_dropped(m, port);

	if (all < m->base[port])
		m->base[port] = 0; /* the number is another port's now */
	known = m->base[port] + events_heard(m->agent->events, port);
	return all > known ? (gdouble)(all - known) : 0;
}

static void put_events_lost(struct metrics *m, const struct metric *d, GString *s)
{
	line(s, d, "port", "uplink", events_lost_of(m, ESC_PORT_UPLINK));
	by_port(m, d, s, events_lost_of);
}

static void put_generation(struct metrics *m, const struct metric *d, GString *s)
{
	line(s, d, NULL, NULL, m->agent->generation);
}

static void put_revision(struct metrics *m, const struct metric *d, GString *s)
{
	line(s, d, NULL, NULL, (gdouble)m->agent->tables->revision);
}

static void put_installed(struct metrics *m, const struct metric *d, GString *s)
{
	line(s, d, NULL, NULL, (gdouble)m->agent->applied_us / 1e6);
}

static void put_map_entries(struct metrics *m, const struct metric *d, GString *s)
{
	for (guint k = 0; k < MAP_COUNT; k++)
		line(s, d, "map", m->agent->syncs[k].name, sync_count(&m->agent->syncs[k]));
	line(s, d, "map", "blobs", blobs_used(&m->agent->blobs));
}

static void put_map_room(struct metrics *m, const struct metric *d, GString *s)
{
	for (guint k = 0; k < MAP_COUNT; k++)
		line(s, d, "map", m->agent->syncs[k].name, m->agent->syncs[k].capacity);
	line(s, d, "map", "blobs", m->agent->objects->block_count);
}

static gdouble log_recorded_of(struct metrics *m, guint port)
{
	return (gdouble)flowlog_recorded(m->agent->flowlog, port);
}

static void put_log_recorded(struct metrics *m, const struct metric *d, GString *s)
{
	by_port(m, d, s, log_recorded_of);
}

static gdouble log_lost_of(struct metrics *m, guint port)
{
	return (gdouble)flowlog_lost(m->agent->flowlog, port);
}

static void put_log_lost(struct metrics *m, const struct metric *d, GString *s)
{
	by_port(m, d, s, log_lost_of);
}

static void put_log_seconds(struct metrics *m, const struct metric *d, GString *s)
{
	line(s, d, NULL, NULL, flowlog_seconds(m->agent->flowlog));
}

static void put_restarts(struct metrics *m, const struct metric *d, GString *s)
{
	line(s, d, NULL, NULL, m->starts ? m->starts - 1 : 0);
}

static const struct metric METRICS[] = {
        {"escarp_dropped_packets_total", "counter", "Packets dropped, by port and verdict.", put_dropped},
        {"escarp_rule_decisions_total", "counter", "First packets that a security rule has decided.", put_decided},
        {"escarp_flows", "gauge", "Flows over IPv4 in use that count against a port's quota.", put_flows},
        {"escarp_flows_quota", "gauge", "Flows that a port may own, of each family.", put_quota},
        {"escarp_events_total", "counter", "Drops of a port that were recorded since the agent started.", put_events},
        {"escarp_events_lost_total", "counter",
         "Dropped packets of a port without a record since the agent started: beyond its budget, or parts of a larger "
         "frame.",
         put_events_lost},
        {"escarp_policy_generation", "gauge", "The last generation that a port's policy was given.", put_generation},
        {"escarp_tables_revision", "gauge", "Revision of the store that the tables in force come from.", put_revision},
        {"escarp_tables_install_seconds", "gauge", "How long the last change took.", put_installed},
        {"escarp_map_entries", "gauge", "Entries of a map, or blocks of the policies.", put_map_entries},
        {"escarp_map_max_entries", "gauge", "Entries that a map has room for.", put_map_room},
        {"escarp_flow_log_tuples_total", "counter", "Tuples of a port written to flow logs since the agent started.",
         put_log_recorded},
        {"escarp_flow_log_lost_tuples_total", "counter",
         "Tuples of a port that no flow log has: beyond its share, or not to be written.", put_log_lost},
        {"escarp_flow_log_read_seconds_total", "counter", "Processor time spent on reading the flow table.",
         put_log_seconds},
        {"escarp_agent_restarts_total", "counter", "Restarts of the agent since its host was built.", put_restarts},
};

/* Each flow once: by its opener. */
static void count_flows(struct metrics *m)
{
	struct flow_walk w;

	memset(m->flows, 0, sizeof(m->flows));
	flow_walk_init(&w);
	while (flow_walk_next(&w, m->agent->objects->flows))
		for (guint i = 0; i < w.count; i++)
			if (!(w.values[i].flags & ESC_FLOW_REPLY) && w.values[i].owner < ESC_MAX_PORTS)
				m->flows[w.values[i].owner]++;
	flow_walk_clear(&w);
}

static void read_dropped_of(struct metrics *m, guint number)
{
	for (guint32 v = ESC_VERDICT_LAST_PASS + 1; v < ESC_V_COUNT; v++)
		m->dropped[number][v] = counters_dropped(m->agent, number, v).packets;
}

static void read_dropped(struct metrics *m)
{
	const GPtrArray *ports = m->agent->tables->ports;

	read_dropped_of(m, ESC_PORT_UPLINK);
	for (guint i = 0; i < ports->len; i++)
		read_dropped_of(m, ((const struct table_port *)ports->pdata[i])->number);
}

struct node *metrics_tell(struct metrics *m)
{
	struct node *n = node_object(), *list = node_array();

	count_flows(m);
	read_dropped(m);
	for (guint i = 0; i < G_N_ELEMENTS(METRICS); i++) {
		const struct metric *d = &METRICS[i];
		GString *s = g_string_new(NULL);

		g_string_append_printf(s, "# HELP %s %s\n# TYPE %s %s\n", d->name, d->help, d->name, d->type);
		d->put(m, d, s);
		node_append(list, node_take_string(g_string_free(s, FALSE)));
	}
	node_set(n, "ok", node_bool(TRUE));
	node_set(n, "metrics", list);
	return n;
}

static char *metrics_text(struct metrics *m)
{
	g_autoptr(node) told = metrics_tell(m);
	const struct node *list = node_get(told, "metrics");
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < node_length(list); i++)
		g_string_append(s, node_str(node_item(list, i), ""));
	return g_string_free(s, FALSE);
}

/* --- the socket --- */

struct client {
	struct metrics *metrics;
	GSocketConnection *connection;
	char bytes[METRICS_REQUEST_MAX];
	gsize length;
	char *answer;
};

static void client_free(struct client *c)
{
	c->metrics->open--;
	g_object_unref(c->connection);
	g_free(c->answer);
	g_free(c);
}

static void on_sent(GObject *stream, GAsyncResult *result, gpointer user)
{
	g_output_stream_write_all_finish(G_OUTPUT_STREAM(stream), result, NULL, NULL);
	client_free(user);
}

static void read_more(struct client *c);

static void on_read(GObject *stream, GAsyncResult *result, gpointer user)
{
	gssize n = g_input_stream_read_finish(G_INPUT_STREAM(stream), result, NULL);
	struct client *c = user;
	enum metrics_request r;
	gsize length;

	if (n <= 0) {
		client_free(c);
		return;
	}
	c->length += (gsize)n;
	r = metrics_request(c->bytes, c->length);
	if (r == METRICS_MORE) {
		read_more(c);
		return;
	}
	c->answer = metrics_answer(r, r == METRICS_GET || r == METRICS_HEAD ? metrics_text(c->metrics) : NULL, &length);
	g_output_stream_write_all_async(g_io_stream_get_output_stream(G_IO_STREAM(c->connection)), c->answer, length,
	                                G_PRIORITY_DEFAULT, NULL, on_sent, c);
}

static void read_more(struct client *c)
{
	g_input_stream_read_async(g_io_stream_get_input_stream(G_IO_STREAM(c->connection)), c->bytes + c->length,
	                          sizeof(c->bytes) - c->length, G_PRIORITY_DEFAULT, NULL, on_read, c);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user)
{
	struct metrics *m = user;
	struct client *c;

	(void)service;
	(void)source;
	if (m->open >= ROOM)
		return TRUE; /* dropped with its last reference */
	m->open++;
	c = g_new0(struct client, 1);
	c->metrics = m;
	c->connection = g_object_ref(connection);
	g_socket_set_timeout(g_socket_connection_get_socket(connection), PATIENCE_S);
	read_more(c);
	return TRUE;
}

/* The file beside the socket outlives the process, not the host. */
static guint count_start(const struct agent *a)
{
	g_autofree char *leaf = g_strdup_printf("agent-%u/starts", a->host), *path = paths_run(a->lab, leaf),
	                *text = NULL;
	guint starts = g_file_get_contents(path, &text, NULL, NULL) ? (guint)strtoul(text, NULL, 10) : 0;
	g_autofree char *next = g_strdup_printf("%u\n", starts + 1);

	g_file_set_contents(path, next, -1, NULL);
	return starts + 1;
}

struct metrics *metrics_new(struct agent *a, GError **error)
{
	g_autofree char *leaf = g_strdup_printf("agent-%u/metrics.sock", a->host);
	struct metrics *m = g_new0(struct metrics, 1);
	g_autoptr(GSocketAddress) address = NULL;

	m->agent = a;
	m->path = paths_run(a->lab, leaf);
	m->starts = count_start(a);
	m->dropped = g_malloc0_n(ESC_MAX_PORTS, sizeof(*m->dropped));
	read_dropped(m);
	for (guint i = 0; i < ESC_MAX_PORTS; i++)
		m->base[i] = all_dropped(m, i);
	m->service = g_socket_service_new();
	unlink(m->path);
	address = g_unix_socket_address_new(m->path);
	if (!g_socket_listener_add_address(G_SOCKET_LISTENER(m->service), address, G_SOCKET_TYPE_STREAM,
	                                   G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error)) {
		metrics_free(m);
		return NULL;
	}
	g_signal_connect(m->service, "incoming", G_CALLBACK(on_incoming), m);
	g_socket_service_start(m->service);
	return m;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	g_socket_service_stop(m->service);
	g_socket_listener_close(G_SOCKET_LISTENER(m->service));
	g_object_unref(m->service);
	unlink(m->path);
	g_free(m->path);
	g_free(m->dropped);
	g_free(m);
}
