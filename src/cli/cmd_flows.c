/* SPDX-License-Identifier: Apache-2.0 */
/* escarp flows: the connections that the data path knows. */
#include "cli/commands.h"
#include "cli/records.h"

#include <string.h>

static char *count_text(const struct node *record, const char *name)
{
	return g_strdup_printf("%" G_GINT64_FORMAT, node_integer(node_get(record, name), 0));
}

/* "1.5 s": how long nothing came. */
static char *idle_text(const struct node *f)
{
	gint64 ms = node_integer(node_get(f, "idle_ms"), 0);

	return g_strdup_printf("%d.%d s", (int)(ms / 1000), (int)(ms % 1000 / 100));
}

static void flow_row(struct grid *g, const struct node *f)
{
	g_autofree char *from = record_end(f, "source", "source_port");
	g_autofree char *to = record_end(f, "destination", "destination_port");
	g_autofree char *host = count_text(f, "host"), *idle = idle_text(f);
	g_autofree char *packets = count_text(f, "packets"), *bytes = count_text(f, "bytes");
	g_autofree char *back_packets = count_text(f, "back_packets"), *back_bytes = count_text(f, "back_bytes");
	g_autofree char *rules = report_join(node_get(f, "rules"));
	g_autofree char *state = g_strdup_printf("%s%s", node_get_str(f, "state", "?"),
	                                         node_truth(node_get(f, "current"), TRUE) ? "" : ", to be judged anew");

	grid_row(g, host, node_get_str(f, "port", "?"), node_get_str(f, "direction", "?"),
	         node_get_str(f, "protocol", "?"), from, to, node_get_str(f, "delivery", "?"), state, idle, packets,
	         bytes, back_packets, back_bytes, rules, NULL);
}

static void flows_text(const struct node *data, GString *out)
{
	const struct node *flows = node_get(data, "flows");
	g_autoptr(grid) g = grid_new();

	grid_row(g, "HOST", "PORT", "DIRECTION", "PROTOCOL", "FROM", "TO", "LEAVES BY", "STATE", "IDLE", "PACKETS",
	         "BYTES", "BACK", "BYTES", "RULES", NULL);
	for (guint i = 0; i < node_length(flows); i++)
		flow_row(g, node_item(flows, i));
	if (node_length(flows))
		grid_print(g, "", out);
	else
		g_string_append(out, "No connections.\n");
	if (node_truth(node_get(data, "more"), FALSE))
		g_string_append(out, "There are more; choose some with --instance, --port or --protocol.\n");
}

static struct node *flow_node(const struct node *f, gint64 host)
{
	static const char *const same[] = {"port",    "direction", "delivery", "reply", "state",
	                                   "current", "rules",     "packets",  "bytes", NULL};
	const struct node *translated = node_get(f, "translated");
	struct node *n = node_object();

	node_set(n, "host", node_int(host));
	node_set(n, "protocol", node_take_string(record_protocol(node_get(f, "protocol"))));
	record_tuple(n, f);
	for (const char *const *name = same; *name; name++)
		record_copy(n, *name, f, *name);
	record_copy(n, "idle_ms", f, "idle");
	record_copy(n, "back_packets", f, "backPackets");
	record_copy(n, "back_bytes", f, "backBytes");
	if (translated) {
		struct node *t = node_object();

		record_tuple(t, translated);
		node_set(n, "translated", t);
	}
	return n;
}

void record_flows(struct node *data, const struct node *answer, gint64 host)
{
	const struct node *flows = node_get(answer, "flows");

	for (guint i = 0; i < node_length(flows); i++)
		node_append(node_get(data, "flows"), flow_node(node_item(flows, i), host));
	if (node_truth(node_get(answer, "more"), FALSE))
		node_set(data, "more", node_bool(TRUE));
}

static struct node *flows_match(const struct invocation *i, GError **error)
{
	const char *protocol = option_text(i, "protocol", NULL), *instance = option_text(i, "instance", NULL);
	struct node *n;
	guint port = 0;

	if (!option_number(i, "port", 1, 65535, &port, error))
		return NULL;
	n = node_object();
	if (instance)
		node_set(n, "instance", node_string(instance));
	if (port)
		node_set(n, "anyPort", node_int(port));
	if (protocol)
		node_set(n, "protocol", node_int(!strcmp(protocol, "tcp") ? 6 : !strcmp(protocol, "udp") ? 17 : 1));
	return n;
}

int cmd_flows(const struct invocation *i)
{
	static const char *const lists[] = {"flows", NULL};
	static const struct record_kind kind = {"flows", lists, record_flows, flows_text, flows_match, TRUE};

	return records_run(i, &kind);
}
