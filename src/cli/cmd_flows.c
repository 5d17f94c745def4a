/* SPDX-License-Identifier: Apache-2.0 */
/* escarp flows: the connections that the data path knows. */
#include "cli/commands.h"
#include "cli/records.h"

static void flows_text(const struct node *data, GString *out)
{
	const struct node *flows = node_get(data, "flows");
	g_autoptr(grid) g = grid_new();

	grid_row(g, "HOST", "PORT", "DIRECTION", "PROTOCOL", "FROM", "TO", "LEAVES BY", "PACKETS", "BYTES", NULL);
	for (guint i = 0; i < node_length(flows); i++) {
		const struct node *f = node_item(flows, i);
		g_autofree char *from = record_end(f, "source", "source_port");
		g_autofree char *to = record_end(f, "destination", "destination_port");
		g_autofree char *host = g_strdup_printf("%d", (int)node_integer(node_get(f, "host"), 0));
		g_autofree char *packets =
		        g_strdup_printf("%" G_GINT64_FORMAT, node_integer(node_get(f, "packets"), 0));
		g_autofree char *bytes = g_strdup_printf("%" G_GINT64_FORMAT, node_integer(node_get(f, "bytes"), 0));

		grid_row(g, host, node_get_str(f, "port", "?"), node_get_str(f, "direction", "?"),
		         node_get_str(f, "protocol", "?"), from, to, node_get_str(f, "delivery", "?"), packets, bytes,
		         NULL);
	}
	if (node_length(flows))
		grid_print(g, "", out);
	else
		g_string_append(out, "No connections.\n");
}

static void take_flows(struct node *data, const struct node *answer, gint64 host)
{
	static const char *const same[] = {"port", "direction", "delivery", "reply", "packets", "bytes", NULL};
	const struct node *flows = node_get(answer, "flows");

	for (guint i = 0; i < node_length(flows); i++) {
		const struct node *f = node_item(flows, i), *translated = node_get(f, "translated");
		struct node *n = node_object();

		node_set(n, "host", node_int(host));
		node_set(n, "protocol", node_take_string(record_protocol(node_get(f, "protocol"))));
		record_tuple(n, f);
		for (const char *const *name = same; *name; name++)
			record_copy(n, *name, f, *name);
		if (translated) {
			struct node *t = node_object();

			record_tuple(t, translated);
			node_set(n, "translated", t);
		}
		node_append(node_get(data, "flows"), n);
	}
}

int cmd_flows(const struct invocation *i)
{
	static const char *const lists[] = {"flows", NULL};
	static const struct record_kind kind = {"flows", lists, take_flows, flows_text, TRUE};

	return records_run(i, &kind);
}
