/* SPDX-License-Identifier: Apache-2.0 */
/* escarp events: single drops as they were recorded. */
#include "cli/commands.h"
#include "cli/records.h"

static void events_text(const struct node *data, GString *out)
{
	const struct node *events = node_get(data, "events");

	for (guint i = 0; i < node_length(events); i++) {
		const struct node *e = node_item(events, i);
		const char *rule = node_get_str(e, "rule", "");

		g_string_append_printf(out, "%s host %d port %s: %s %s:%d to %s:%d dropped: %s%s%s\n",
		                       node_get_str(e, "time", "-"), (int)node_integer(node_get(e, "host"), 0),
		                       node_get_str(e, "port", "?"), node_get_str(e, "protocol", "?"),
		                       node_get_str(e, "source", "?"), (int)node_integer(node_get(e, "source_port"), 0),
		                       node_get_str(e, "destination", "?"),
		                       (int)node_integer(node_get(e, "destination_port"), 0),
		                       node_get_str(e, "verdict", "?"), *rule ? " by " : "", rule);
	}
	if (!node_length(events))
		g_string_append(out, "No events.\n");
}

int cmd_events(const struct invocation *i)
{
	static const char *const lists[] = {"events", NULL};
	static const struct record_kind kind = {"events", lists, events_text, FALSE};

	return records_run(i, &kind);
}
