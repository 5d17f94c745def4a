/* SPDX-License-Identifier: Apache-2.0 */
/* escarp metrics: what the agents count, in Prometheus' text format. */
#include "cli/commands.h"
#include "cli/live.h"
#include "cli/report.h"

#include <string.h>

/* Every line of a host's gets its host, so that several make one. */
static void add_host(GString *out, const char *text, guint host, GHashTable *declared)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		const char *line = lines[i], *brace = strchr(line, '{'), *space = strchr(line, ' ');

		if (*line == '#') {
			if (g_hash_table_add(declared, g_strdup(line)))
				g_string_append_printf(out, "%s\n", line);
		} else if (brace && space && brace < space) {
			g_string_append_printf(out, "%.*s{host=\"%u\",%s\n", (int)(brace - line), line, host,
			                       brace + 1);
		} else if (space) {
			g_string_append_printf(out, "%.*s{host=\"%u\"}%s\n", (int)(space - line), line, host, space);
		}
	}
}

/* Samples of one name stand together, as the format wants it: by name in the order of the first host. */
static void metrics_text(const struct node *data, GString *out)
{
	g_autoptr(GHashTable) declared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct node *hosts = node_get(data, "hosts");
	const struct node *first = node_item(hosts, 0);

	for (guint k = 0; k < node_length(node_get(first, "metrics")); k++)
		for (guint host = 0; host < node_length(hosts); host++) {
			const struct node *n = node_item(hosts, host);

			add_host(out, node_str(node_item(node_get(n, "metrics"), k), ""),
			         (guint)node_integer(node_get(n, "host"), 0), declared);
		}
}

int cmd_metrics(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) status = live_status(i->lab, &error), asked = node_object(), data = node_object();
	struct node *answers;

	if (!status)
		return report_error(EXIT_FAILED, "metrics: %s", error->message);
	node_set(asked, "op", node_string("metrics"));
	answers = live_agents(i->lab, asked, node_length(node_get(status, "hosts")), &error);
	if (!answers)
		return report_error(EXIT_FAILED, "metrics: %s", error->message);
	node_set(data, "hosts", answers);
	return report_show(&(struct report){data, metrics_text}, i) ? EXIT_OK : EXIT_FAILED;
}
