/* SPDX-License-Identifier: Apache-2.0 */
/* A trace in words. */
#include "cli/records.h"
#include "cli/trace.h"

#include <string.h>

#define LABEL_WIDTH 13

static gint64 number(const struct node *n, const char *name)
{
	return node_integer(node_get(n, name), 0);
}

static void add_end(GString *out, const struct node *end)
{
	const char *label = node_get_str(end, "label", NULL), *address = node_get_str(end, "address", "?");

	if (label)
		g_string_append_printf(out, "%s (%s)", label, address);
	else
		g_string_append(out, address);
}

static void add_label(GString *out, const char *name, const char *more)
{
	g_autofree char *label = g_strdup_printf("%s%s%s", name, *more ? " " : "", more);

	g_string_append_printf(out, "    %-*s ", LABEL_WIDTH, label);
}

static void rule_text(const struct node *r, GString *out)
{
	gint64 line = number(r, "line");

	g_string_append_printf(out, "%s's list: %s", node_get_str(r, "list", "?"), node_get_str(r, "rule", "?"));
	if (node_get_str(r, "file", NULL))
		g_string_append_printf(out, " (%s:%d)", node_get_str(r, "file", ""), (int)line);
	g_string_append(out, strcmp(node_get_str(r, "access", ""), "allow") ? " denies" : " allows");
}

static void policy_text(const struct node *s, GString *out)
{
	const struct node *rules = node_get(s, "rules");
	gboolean out_bound = !strcmp(node_get_str(s, "direction", ""), "outbound");

	for (guint i = 0; i < node_length(rules); i++) {
		add_label(out, "policy", out_bound ? "out" : "in");
		rule_text(node_item(rules, i), out);
		g_string_append_c(out, '\n');
	}
	if (node_length(rules))
		return;
	add_label(out, "policy", out_bound ? "out" : "in");
	g_string_append(out, strcmp(node_get_str(s, "result", ""), "allow") ? "nothing allows it\n"
	                                                                    : "no security group: allowed\n");
}

static void member(const struct node *s, const char *name, const char *before, GString *out)
{
	const struct node *v = node_get(s, name);

	if (v && v->type == NODE_STRING)
		g_string_append_printf(out, "%s%s", before, node_str(v, ""));
	else if (v && v->type == NODE_INT)
		g_string_append_printf(out, "%s%" G_GINT64_FORMAT, before, node_integer(v, 0));
}

static void stage_text(const struct node *s, GString *out)
{
	const char *name = node_get_str(s, "stage", "?");

	if (!strcmp(name, "policy")) {
		policy_text(s, out);
		return;
	}
	add_label(out, name, "");
	g_string_append(out, node_get_str(s, "result", "?"));
	if (node_truth(node_get(s, "reply"), FALSE))
		g_string_append(out, ", as the answer to what was allowed");
	member(s, "from_host", ", from host ", out);
	member(s, "network", " in network ", out);
	member(s, "address", " ", out);
	member(s, "host", ", host ", out);
	member(s, "port", !strcmp(name, "endpoint") ? ":" : ", ", out);
	member(s, "by", ", by ", out);
	member(s, "from", " ", out);
	member(s, "to", " -> ", out);
	member(s, "to_host", ", to host ", out);
	member(s, "help", ": ", out);
	if (node_length(node_get(s, "rules"))) {
		g_string_append(out, ", ");
		rule_text(node_item(node_get(s, "rules"), 0), out);
	}
	g_string_append_c(out, '\n');
}

static void hop_text(const struct node *h, GString *out)
{
	const struct node *stages = node_get(h, "stages");
	g_autofree char *from = record_end(h, "source", "source_port");
	g_autofree char *to = record_end(h, "destination", "destination_port");

	g_string_append_printf(out, "  host %d, from the %s: %s -> %s\n", (int)number(h, "host"),
	                       node_get_str(h, "entry", "?"), from, to);
	for (guint i = 0; i < node_length(stages); i++)
		stage_text(node_item(stages, i), out);
}

static void trip_text(const char *title, const struct node *trip, GString *out)
{
	const struct node *hops = node_get(trip, "hops");

	g_string_append_printf(out, "\n%s\n", title);
	for (guint i = 0; i < node_length(hops); i++)
		hop_text(node_item(hops, i), out);
	if (node_truth(node_get(trip, "delivered"), FALSE)) {
		g_string_append(out, "  delivered to ");
		add_end(out, node_get(trip, "at"));
	} else {
		g_string_append_printf(out, "  DROPPED: %s", node_get_str(trip, "help", "?"));
	}
	g_string_append_c(out, '\n');
}

static void flows_text(const struct node *flows, GString *out)
{
	g_string_append(out, node_length(flows) ? "\nFlows that it has now\n"
	                                        : "\nNo flow of it exists: its first packet would be judged.\n");
	for (guint i = 0; i < node_length(flows); i++) {
		const struct node *f = node_item(flows, i);
		g_autofree char *from = record_end(f, "source", "source_port");
		g_autofree char *to = record_end(f, "destination", "destination_port");

		g_string_append_printf(out, "  host %d, %s: %s -> %s, %s, %" G_GINT64_FORMAT " packets, %s\n",
		                       (int)number(f, "host"), node_get_str(f, "port", "?"), from, to,
		                       node_get_str(f, "state", "?"), number(f, "packets"),
		                       node_truth(node_get(f, "current"), FALSE)
		                               ? "by the policy in force"
		                               : "by an older policy: its next packet is judged anew");
	}
}

void trace_text(const struct node *data, GString *out)
{
	g_string_append_printf(out, "%s from ", node_get_str(data, "protocol", "?"));
	add_end(out, node_get(data, "from"));
	g_string_append(out, " to ");
	add_end(out, node_get(data, "to"));
	if (number(data, "port"))
		g_string_append_printf(out, " port %d", (int)number(data, "port"));
	g_string_append_c(out, '\n');
	trip_text("There", node_get(data, "forward"), out);
	if (node_length(node_get(data, "reply")))
		trip_text("And back", node_get(data, "reply"), out);
	if (node_get(data, "flows"))
		flows_text(node_get(data, "flows"), out);
	if (node_get_str(data, "advice", NULL))
		g_string_append_printf(out, "\nWhat to do: %s.\n", node_get_str(data, "advice", ""));
}
