/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run/agent-K/agent.sock, for root: what the data path has counted, remembers and tells.
 *
 *   {"op":"drops"}   counters by port and verdict, and by rule
 *   {"op":"flows", "match":{...}}   at most FLOWS_TOLD entries of the flow table; flows.h says what may be matched
 *   {"op":"events", "follow":bool}   one line each
 *   {"op":"metrics"} what run/agent-K/metrics.sock says
 *   {"op":"flowlog", "now":bool}   where flow logs are and what they hold; with "now" all that is known is written first
 *   {"op":"status"}  ports, attachments, how full the maps are, what the last change cost
 */
#include "agent/counters.h"
#include "agent/events.h"
#include "agent/flowlog.h"
#include "agent/flows.h"
#include "agent/internal.h"
#include "agent/metrics.h"
#include "lab/error.h"
#include "lab/lines.h"
#include "lib/paths.h"

#include "abi/verdict.h"
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

static struct node *count_node(const char *key, const char *name, struct esc_count c)
{
	struct node *n = node_object();

	node_set(n, key, node_string(name));
	node_set(n, "packets", node_int((gint64)c.packets));
	node_set(n, "bytes", node_int((gint64)c.bytes));
	return n;
}

static struct node *port_drops(const struct agent *a, guint number, const char *label)
{
	struct node *n = node_object(), *drops = node_array(), *passed = node_array();

	for (guint32 v = 0; v < ESC_V_COUNT; v++) {
		struct esc_count c = counters_dropped(a, number, v);

		if (c.packets)
			node_append(v > ESC_VERDICT_LAST_PASS ? drops : passed,
			            count_node("verdict", events_verdict_name(v), c));
	}
	node_set(n, "port", node_string(label));
	node_set(n, "number", node_int(number));
	node_set(n, "drops", drops);
	node_set(n, "passed", passed);
	return n;
}

static void set_rule(struct node *n, const struct table_rule *r)
{
	node_set(n, "id", node_string(r->id));
	node_set(n, "access", node_string(r->allow ? "allow" : "deny"));
	node_set(n, "direction", node_string(r->direction == ESC_POLICY_OUT ? "outbound" : "inbound"));
	node_set(n, "priority", node_int(r->priority));
	node_set(n, "file", node_string(r->file));
	node_set(n, "line", node_int(r->line));
}

static struct node *tell_drops(const struct agent *a)
{
	struct node *n = node_object(), *ports = node_array(), *rules = node_array();

	node_append(ports, port_drops(a, ESC_PORT_UPLINK, "uplink"));
	for (guint i = 0; i < a->tables->ports->len; i++) {
		const struct table_port *p = a->tables->ports->pdata[i];

		node_append(ports, port_drops(a, p->number, p->label));
	}
	for (guint i = 0; i < a->tables->rules->len; i++) {
		const struct table_rule *r = a->tables->rules->pdata[i];
		struct node *rule = count_node("rule", r->name, counters_rule(a, r->number));

		set_rule(rule, r);
		node_append(rules, rule);
	}
	node_set(n, "ok", node_bool(TRUE));
	node_set(n, "ports", ports);
	node_set(n, "rules", rules);
	return n;
}

static const char *kind_name(enum tcx_kind k)
{
	return k == TCX_LINK ? "tcx" : k == TCX_CLSACT ? "clsact" : "none";
}

static struct node *device_node(struct agent *a, const char *device, guint ifindex)
{
	g_autofree char *pin = objects_link_pin(a->objects, device);
	struct node *n = node_object();

	node_set(n, "device", node_string(device));
	node_set(n, "ifindex", node_int(ifindex));
	node_set(n, "attached", node_string(kind_name(tcx_look(pin, ifindex))));
	node_set(n, "preceded", node_bool(tcx_preceded(pin, ifindex)));
	node_set(n, "up", node_bool(rtnl_is_up(a->rtnl, device)));
	return n;
}

static struct node *status_ports(struct agent *a)
{
	struct node *list = node_array();

	for (guint i = 0; i < a->tables->ports->len; i++) {
		const struct table_port *p = a->tables->ports->pdata[i];
		g_autofree char *device = g_strdup_printf("p%u", p->number);
		struct node *n = device_node(a, device, a->ports[p->number] ? a->ports[p->number]->ifindex : 0);
		guint64 v = __atomic_load_n(&a->objects->words[p->number], __ATOMIC_RELAXED);
		struct esc_port_word w;

		memcpy(&w, &v, sizeof(w));
		node_set(n, "port", node_string(p->label));
		node_set(n, "number", node_int(p->number));
		node_set(n, "slot", node_int(w.slot));
		node_set(n, "generation", node_int(w.generation));
		node_append(list, n);
	}
	return list;
}

static struct node *status_maps(struct agent *a)
{
	struct node *maps = node_object(), *blobs = node_object();

	for (guint m = 0; m < MAP_COUNT; m++) {
		struct node *n = node_object();

		node_set(n, "entries", node_int(sync_count(&a->syncs[m])));
		node_set(n, "capacity", node_int(a->syncs[m].capacity));
		node_set(maps, a->syncs[m].name, n);
	}
	node_set(blobs, "entries", node_int(blobs_used(&a->blobs)));
	node_set(blobs, "capacity", node_int(a->objects->block_count));
	node_set(maps, "blobs", blobs);
	return maps;
}

static struct node *tell_status(struct agent *a)
{
	struct node *n = node_object(), *last = node_object();

	node_set(n, "ok", node_bool(TRUE));
	node_set(n, "host", node_int(a->host));
	node_set(n, "hash", a->hash ? node_string(a->hash) : node_null());
	node_set(n, "uplink", device_node(a, "uplink0", a->uplink_ifindex));
	node_set(n, "overlay", device_node(a, "overlay0", a->overlay_ifindex));
	node_set(n, "ports", status_ports(a));
	node_set(n, "maps", status_maps(a));
	node_set(last, "calls", node_int((gint64)a->calls));
	node_set(last, "blocks", node_int((gint64)a->blocks_copied));
	node_set(last, "microseconds", node_int(a->applied_us));
	node_set(n, "lastChange", last);
	return n;
}

static struct node *tell_flowlog(struct agent *a, gboolean now)
{
	if (now) {
		events_read(a->events);
		flowlog_now(a->flowlog);
	}
	return flowlog_tell(a->flowlog);
}

static void on_request(struct lines_conn *c, uid_t uid, struct node *request, void *user)
{
	const char *op = node_get_str(request, "op", "");
	struct agent *a = user;

	if (uid) {
		lines_refuse(c, "only root may ask");
		return;
	}
	if (!strcmp(op, "events")) {
		events_tell(a->events, c, node_truth(node_get(request, "follow"), FALSE));
		return;
	}
	if (!strcmp(op, "drops"))
		lines_reply(c, tell_drops(a));
	else if (!strcmp(op, "flows"))
		lines_reply(c, flows_tell(a, node_get(request, "match")));
	else if (!strcmp(op, "metrics"))
		lines_reply(c, metrics_tell(a->metrics));
	else if (!strcmp(op, "flowlog"))
		lines_reply(c, tell_flowlog(a, node_truth(node_get(request, "now"), FALSE)));
	else if (!strcmp(op, "status"))
		lines_reply(c, tell_status(a));
	else {
		lines_refuse(c, "unknown op");
		return;
	}
	lines_finish(c);
}

struct lines_server *agent_control_new(struct agent *a, GError **error)
{
	g_autofree char *path = paths_agent_socket(a->lab, a->host);

	return lines_server_new(path, on_request, a, error);
}
