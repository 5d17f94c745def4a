/* SPDX-License-Identifier: Apache-2.0 */
/* escarp status: hosts, ports, addresses, and whether they are enforced. */
#include "cli/commands.h"
#include "cli/live.h"
#include "cli/drops.h"

#include <string.h>

static gint64 dropped_of(const struct node *drops, gint64 host, const char *label)
{
	gint64 sum = 0;

	for (guint i = 0; i < node_length(drops); i++) {
		const struct node *d = node_item(drops, i);

		if (node_integer(node_get(d, "host"), -1) == host && strcmp(node_get_str(d, "port", ""), label) == 0)
			sum += node_integer(node_get(d, "packets"), 0);
	}
	return sum;
}

/* Adds "dropped" to every port; null where the agent does not answer: unknown is not none. */
static struct node *with_drops(const struct node *status, const char *lab)
{
	struct node *data = node_copy(status), *ports = node_get(data, "ports");
	guint hosts = node_length(node_get(data, "hosts"));
	g_autoptr(node) records = records_collect(lab, &drops_kind, NULL, hosts, NULL);
	const struct node *drops = node_get(records, "drops");

	for (guint i = 0; i < node_length(ports); i++) {
		struct node *p = node_item(ports, i);
		gint64 host = node_integer(node_get(p, "host"), 0);

		node_set(p, "dropped",
		         records ? node_int(dropped_of(drops, host, node_get_str(p, "label", ""))) : node_null());
	}
	return data;
}

static void add_flow_logs(struct node *data, const char *lab)
{
	g_autoptr(node) asked = node_object(), answers = NULL;
	struct node *list = node_array();

	node_set(asked, "op", node_string("flowlog"));
	answers = live_agents(lab, asked, node_length(node_get(data, "hosts")), NULL);
	for (guint i = 0; i < node_length(answers); i++)
		if (node_truth(node_get(node_item(answers, i), "on"), FALSE))
			node_append(list, node_ref(node_item(answers, i)));
	node_set(data, "flow_logs", list);
}

/* The last segment of an id. */
static const char *short_name(const char *id)
{
	const char *slash = strrchr(id, '/');

	return slash ? slash + 1 : id;
}

static void addresses_text(const char *what, const struct node *list, GString *out)
{
	for (guint i = 0; i < node_length(list); i++)
		g_string_append_printf(out, "%s%s %s: %s\n", i ? "" : "\n", what,
		                       node_get_str(node_item(list, i), "name", "?"),
		                       node_get_str(node_item(list, i), "address", "?"));
}

static void hosts_text(const struct node *hosts, GString *out)
{
	for (guint i = 0; i < node_length(hosts); i++) {
		const struct node *h = node_item(hosts, i);
		const char *error = node_get_str(h, "error", "");
		gboolean acked = node_truth(node_get(h, "acked"), FALSE);

		g_string_append_printf(out, "Host %d: %s%s%s\n", (int)node_integer(node_get(h, "host"), 0),
		                       acked ? "in force" : "NOT IN FORCE", *error ? ": " : "", error);
	}
}

/* Where flow logs are, of the hosts that write any. */
static void flow_logs_text(const struct node *logs, GString *out)
{
	for (guint i = 0; i < node_length(logs); i++) {
		const struct node *l = node_item(logs, i);

		g_string_append_printf(out, "%sFlow log of host %d: %s (%d written, %d lost)\n", i ? "" : "\n",
		                       (int)node_integer(node_get(l, "host"), 0), node_get_str(l, "directory", "?"),
		                       (int)node_integer(node_get(l, "recorded"), 0),
		                       (int)node_integer(node_get(l, "lost"), 0));
	}
}

/* Of the members of pools that are asked: what is believed of each. */
static void probes_text(const struct node *probes, GString *out)
{
	g_autoptr(grid) g = grid_new();

	if (!node_length(probes))
		return;
	grid_row(g, "MEMBER", "PROBE", "ASKED", "HEALTH", "WHY", NULL);
	for (guint i = 0; i < node_length(probes); i++) {
		const struct node *p = node_item(probes, i);
		g_autofree char *asked = g_strdup_printf(
		        "%s %d%s%s", node_get_str(p, "protocol", "?"), (int)node_integer(node_get(p, "port"), 0),
		        node_get_str(p, "path", NULL) ? " " : "", node_get_str(p, "path", ""));

		grid_row(g, node_get_str(p, "member", "?"), node_get_str(p, "probe", "?"), asked,
		         node_get_str(p, "health", "?"), node_get_str(p, "why", ""), NULL);
	}
	g_string_append_c(out, '\n');
	grid_print(g, "", out);
}

/* What is off, which has no port to be listed, and what it keeps. */
static void off_text(const struct node *machines, GString *out)
{
	gboolean first = TRUE;

	for (guint i = 0; i < node_length(machines); i++) {
		const struct node *m = node_item(machines, i);
		const char *state = node_get_str(m, "state", "?");
		g_autofree char *addresses = report_join(node_get(m, "addresses"));
		g_autofree char *public = report_join(node_get(m, "public"));

		if (strcmp(state, "running") == 0)
			continue;
		g_string_append_printf(out, "%sInstance %s: %s; keeps %s, public %s\n", first ? "\n" : "",
		                       node_get_str(m, "label", "?"), state, addresses, public);
		first = FALSE;
	}
}

static void closed_text(const struct node *endpoints, GString *out)
{
	gboolean first = TRUE;

	for (guint i = 0; i < node_length(endpoints); i++) {
		const struct node *e = node_item(endpoints, i);

		if (node_truth(node_get(e, "enabled"), TRUE))
			continue;
		g_string_append_printf(out, "%sEndpoint %s: disabled (%s port %d of %s)\n", first ? "\n" : "",
		                       node_get_str(e, "name", "?"), node_get_str(e, "protocol", "?"),
		                       (int)node_integer(node_get(e, "port"), 0), node_get_str(e, "address", "-"));
		first = FALSE;
	}
}

static void ports_text(const struct node *ports, GString *out)
{
	g_autoptr(grid) g = grid_new();

	grid_row(g, "INSTANCE", "HOST", "ADDRESS", "PUBLIC", "NETWORK", "ENFORCED", "DROPPED", NULL);
	for (guint i = 0; i < node_length(ports); i++) {
		const struct node *p = node_item(ports, i);
		g_autofree char *host = g_strdup_printf("%d", (int)node_integer(node_get(p, "host"), 0));
		g_autofree char *addresses = report_join(node_get(p, "addresses"));
		g_autofree char *public = report_join(node_get(p, "public"));
		g_autofree char *dropped =
		        node_get(p, "dropped") && node_get(p, "dropped")->type == NODE_INT
		                ? g_strdup_printf("%" G_GINT64_FORMAT, node_integer(node_get(p, "dropped"), 0))
		                : g_strdup("?");

		grid_row(g, node_get_str(p, "label", "?"), host, addresses, public,
		         short_name(node_get_str(p, "network", "-")),
		         node_truth(node_get(p, "enforced"), FALSE) ? "yes" : "NO", dropped, NULL);
	}
	g_string_append_c(out, '\n');
	grid_print(g, "", out);
}

static void status_text(const struct node *data, GString *out)
{
	const struct node *ports = node_get(data, "ports");

	g_string_append_printf(out, "Revision %d, %d documents, %u recorded, %u not modelled\n",
	                       (int)node_integer(node_get(data, "revision"), 0),
	                       (int)node_integer(node_get(data, "documents"), 0),
	                       node_length(node_get(data, "recorded")), node_length(node_get(data, "unmodelled")));
	if (node_get_str(data, "trouble", NULL))
		g_string_append_printf(out, "TROUBLE: %s\n", node_get_str(data, "trouble", ""));
	hosts_text(node_get(data, "hosts"), out);
	off_text(node_get(data, "machines"), out);
	if (node_length(ports))
		ports_text(ports, out);
	closed_text(node_get(data, "endpoints"), out);
	addresses_text("Front end", node_get(data, "front_ends"), out);
	probes_text(node_get(data, "probes"), out);
	addresses_text("NAT gateway", node_get(data, "nat_gateways"), out);
	flow_logs_text(node_get(data, "flow_logs"), out);
}

static void names_text(const struct node *data, GString *out)
{
	const struct node *machines = node_get(data, "machines");

	for (guint i = 0; i < node_length(machines); i++)
		g_string_append_printf(out, "%s\n", node_get_str(node_item(machines, i), "label", "?"));
}

int cmd_status(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) status = live_status(i->lab, &error);
	g_autoptr(node) data = NULL;

	if (!status)
		return report_error(EXIT_FAILED, "status: %s", error->message);
	if (option_given(i, "names"))
		return report_show(&(struct report){status, names_text}, i) ? EXIT_OK : EXIT_FAILED;
	data = with_drops(status, i->lab);
	add_flow_logs(data, i->lab);
	return report_show(&(struct report){data, status_text}, i) ? EXIT_OK : EXIT_FAILED;
}
