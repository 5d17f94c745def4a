/* SPDX-License-Identifier: Apache-2.0 */
/* escarp flows: the connections that the data path knows. */
#include "cli/commands.h"
#include "cli/records.h"

static char *end_text(const struct node *flow, const char *address, const char *port)
{
	return g_strdup_printf("%s:%d", node_get_str(flow, address, "?"), (int)node_integer(node_get(flow, port), 0));
}

static void flows_text(const struct node *data, GString *out)
{
	const struct node *flows = node_get(data, "flows");
	g_autoptr(grid) g = grid_new();

	grid_row(g, "HOST", "PORT", "DIRECTION", "PROTOCOL", "FROM", "TO", "PACKETS", "BYTES", NULL);
	for (guint i = 0; i < node_length(flows); i++) {
		const struct node *f = node_item(flows, i);
		g_autofree char *from = end_text(f, "source", "source_port");
		g_autofree char *to = end_text(f, "destination", "destination_port");
		g_autofree char *host = g_strdup_printf("%d", (int)node_integer(node_get(f, "host"), 0));
		g_autofree char *packets =
		        g_strdup_printf("%" G_GINT64_FORMAT, node_integer(node_get(f, "packets"), 0));
		g_autofree char *bytes = g_strdup_printf("%" G_GINT64_FORMAT, node_integer(node_get(f, "bytes"), 0));

		grid_row(g, host, node_get_str(f, "port", "?"), node_get_str(f, "direction", "?"),
		         node_get_str(f, "protocol", "?"), from, to, packets, bytes, NULL);
	}
	if (node_length(flows))
		grid_print(g, "", out);
	else
		g_string_append(out, "No connections.\n");
}

int cmd_flows(const struct invocation *i)
{
	static const char *const lists[] = {"flows", NULL};
	static const struct record_kind kind = {"flows", lists, flows_text, TRUE};

	return records_run(i, &kind);
}
