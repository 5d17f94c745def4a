/* SPDX-License-Identifier: Apache-2.0 */
/* escarp drops: what was dropped where and why, and how often each rule decided. */
#include "cli/commands.h"
#include "cli/drops.h"
#include "lib/verdicts.h"

static char *count_text(const struct node *record, const char *name)
{
	return g_strdup_printf("%" G_GINT64_FORMAT, node_integer(node_get(record, name), 0));
}

static void drop_rows(const struct node *drops, GString *out)
{
	g_autoptr(grid) g = grid_new();

	grid_row(g, "HOST", "PORT", "REASON", "PACKETS", "BYTES", "WHICH MEANS", NULL);
	for (guint i = 0; i < node_length(drops); i++) {
		const struct node *d = node_item(drops, i);
		const char *verdict = node_get_str(d, "verdict", "?");
		g_autofree char *host = count_text(d, "host"), *packets = count_text(d, "packets");
		g_autofree char *bytes = count_text(d, "bytes");

		grid_row(g, host, node_get_str(d, "port", "?"), verdict, packets, bytes, verdict_help(verdict), NULL);
	}
	grid_print(g, "", out);
}

static char *rule_place(const struct node *r)
{
	const char *file = node_get_str(r, "file", "");

	return *file ? g_strdup_printf("%s:%d", file, (int)node_integer(node_get(r, "line"), 0)) : g_strdup("");
}

static void rule_rows(const struct node *rules, GString *out)
{
	g_autoptr(grid) g = grid_new();

	grid_row(g, "HOST", "RULE", "ACCESS", "DECIDED", "BYTES", "WHERE", NULL);
	for (guint i = 0; i < node_length(rules); i++) {
		const struct node *r = node_item(rules, i);
		g_autofree char *host = count_text(r, "host"), *packets = count_text(r, "packets");
		g_autofree char *bytes = count_text(r, "bytes"), *place = rule_place(r);

		if (!node_integer(node_get(r, "packets"), 0))
			continue;
		grid_row(g, host, node_get_str(r, "rule", "?"), node_get_str(r, "access", "?"), packets, bytes, place,
		         NULL);
	}
	grid_print(g, "", out);
}

static void drops_text(const struct node *data, GString *out)
{
	const struct node *drops = node_get(data, "drops"), *rules = node_get(data, "rules");

	if (node_length(drops))
		drop_rows(drops, out);
	else
		g_string_append(out, "Nothing was dropped.\n");
	if (node_length(rules)) {
		g_string_append_c(out, '\n');
		rule_rows(rules, out);
	}
}

static struct node *counter(const struct node *from, gint64 host)
{
	static const char *const names[] = {"port",     "rule", "id",   "verdict", "access", "direction",
	                                    "priority", "file", "line", "packets", "bytes",  NULL};
	struct node *n = node_object();

	node_set(n, "host", node_int(host));
	for (const char *const *name = names; *name; name++)
		record_copy(n, *name, from, *name);
	return n;
}

static void take_drops(struct node *data, const struct node *answer, gint64 host)
{
	const struct node *ports = node_get(answer, "ports"), *rules = node_get(answer, "rules");

	for (guint i = 0; i < node_length(ports); i++) {
		const struct node *port = node_item(ports, i), *drops = node_get(port, "drops");

		for (guint k = 0; k < node_length(drops); k++) {
			struct node *n = counter(node_item(drops, k), host);

			record_copy(n, "port", port, "port");
			node_append(node_get(data, "drops"), n);
		}
	}
	for (guint i = 0; i < node_length(rules); i++)
		node_append(node_get(data, "rules"), counter(node_item(rules, i), host));
}

static const char *const drop_lists[] = {"drops", "rules", NULL};
const struct record_kind drops_kind = {"drops", drop_lists, take_drops, drops_text, NULL, TRUE};

int cmd_drops(const struct invocation *i)
{
	return records_run(i, &drops_kind);
}
