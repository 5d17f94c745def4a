/* SPDX-License-Identifier: Apache-2.0 */
/* What status says of health: every member that is asked, what is believed of it, and the latest changes. */
#include "controller/internal.h"
#include "compile/health.h"
#include <string.h>

/* "balancer/probe" of ".../loadBalancers/balancer/probes/probe". Caller frees. */
static char *probe_name(const char *id)
{
	g_auto(GStrv) parts = g_strsplit(id, "/", -1);
	guint n = g_strv_length(parts);

	return n >= 3 ? g_strdup_printf("%s/%s", parts[n - 3], parts[n - 1]) : g_strdup(id);
}

static const struct node *told_of(const struct node *told, const struct table_probe *p)
{
	const struct node *members = node_get(told, "members");

	for (guint i = 0; i < node_length(members); i++) {
		const struct node *n = node_item(members, i);

		if (!strcmp(node_get_str(n, "probe", ""), p->id) && !strcmp(node_get_str(n, "nic", ""), p->nic))
			return n;
	}
	return NULL;
}

static const char *label_of(const struct tables *t, const char *nic)
{
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = g_ptr_array_index(t->ports, i);

		if (!g_ascii_strcasecmp(p->id, nic))
			return p->label;
	}
	return NULL;
}

/* Down or not is what the tables say: the moment between finding and compiling is nobody's. */
static struct node *member_report(const struct tables *t, const struct table_probe *p, const struct node *told,
                                  gboolean down)
{
	static const char *const protocols[] = {"tcp", "http", "https"};
	gboolean known = node_truth(node_get(told, "known"), FALSE);
	const char *label = label_of(t, p->nic);
	struct node *n = node_object();

	node_set(n, "probe", node_take_string(probe_name(p->id)));
	node_set(n, "member", node_string(label ? label : p->nic));
	node_set(n, "host", node_int(t->host));
	node_set(n, "protocol", node_string(protocols[p->protocol % G_N_ELEMENTS(protocols)]));
	node_set(n, "port", node_int(p->service));
	node_set(n, "path", *p->path ? node_string(p->path) : node_null());
	node_set(n, "health", node_string(!known ? "unknown" : down ? "down" : "up"));
	node_set(n, "changed", node_int(node_integer(node_get(told, "changed"), 0) / 1000));
	node_set(n, "why", node_string(node_get_str(told, "why", "")));
	return n;
}

struct node *status_probes(const struct controller *c)
{
	struct node *list = node_array();

	for (guint host = 0; c->plan && host < c->hosts; host++) {
		const struct tables *t = g_ptr_array_index(c->plan->tables, host);

		for (guint i = 0; i < t->probes->len; i++) {
			const struct table_probe *p = g_ptr_array_index(t->probes, i);
			gboolean down = health_get(c->plan->health, p->id, p->nic).down;
			node_append(list, member_report(t, p, told_of(c->told[host], p), down));
		}
	}
	return list;
}

static void add_events(struct node *list, const struct node *told, const struct tables *t)
{
	const struct node *events = node_get(told, "events");

	for (guint i = 0; i < node_length(events); i++) {
		const struct node *e = node_item(events, i);
		const char *label = label_of(t, node_get_str(e, "nic", ""));
		struct node *n = node_object();

		node_set(n, "time", node_int(node_integer(node_get(e, "time"), 0)));
		node_set(n, "host", node_int(t->host));
		node_set(n, "port", node_string(label ? label : node_get_str(e, "nic", "?")));
		node_set(n, "kind", node_string(node_truth(node_get(e, "down"), FALSE) ? "probe-down" : "probe-up"));
		node_set(n, "probe", node_take_string(probe_name(node_get_str(e, "probe", "?"))));
		node_set(n, "why", node_string(node_get_str(e, "why", "")));
		node_append(list, n);
	}
}

struct node *status_health_events(const struct controller *c)
{
	struct node *list = node_array();

	for (guint host = 0; c->plan && host < c->hosts; host++)
		add_events(list, c->told[host], g_ptr_array_index(c->plan->tables, host));
	return list;
}
