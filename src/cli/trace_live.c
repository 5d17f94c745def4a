/* SPDX-License-Identifier: Apache-2.0 */
/* A running lab's side of a trace: the tables that its agents have in force, and the flows that they see. */
#include "cli/live.h"
#include "cli/records.h"
#include "cli/talk.h"
#include "cli/trace.h"
#include "lib/paths.h"

#include <string.h>

#define ANSWER_MS 10000

/* What the agent keeps for its successor is exactly what it has made the maps equal to. */
static struct tables *kept_tables(const char *lab, guint host, GError **error)
{
	g_autofree char *leaf = g_strdup_printf("agent-%u/tables", host);
	g_autofree char *path = paths_run(lab, leaf);
	g_autoptr(GBytes) bytes = NULL;
	char *text;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, error))
		return NULL;
	bytes = g_bytes_new_take(text, size);
	return tables_parse(bytes, error);
}

GPtrArray *trace_live_tables(const char *lab, guint hosts, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)tables_free);

	for (guint host = 0; host < hosts; host++) {
		struct tables *t = kept_tables(lab, host, error);

		if (!t) {
			g_prefix_error(error, "host %u has nothing in force that can be read: ", host);
			return NULL;
		}
		g_ptr_array_add(list, t);
	}
	return g_steal_pointer(&list);
}

static struct node *ask_flows(const char *lab, guint host, const struct trace_request *r, gboolean any_source_port,
                              GError **error)
{
	g_autofree char *socket = paths_agent_socket(lab, host);
	struct node *request = node_object(), *match = node_object();

	node_set(match, "protocol", node_int(r->tuple.protocol));
	node_set(match, "source", node_take_string(ip_format(r->tuple.source)));
	node_set(match, "destination", node_take_string(ip_format(r->tuple.destination)));
	if (r->tuple.protocol != PROTO_ICMP)
		node_set(match, "destinationPort", node_int(r->tuple.destination_port));
	if (!any_source_port)
		node_set(match, "sourcePort", node_int(r->tuple.source_port));
	node_set(request, "op", node_string("flows"));
	node_set(request, "match", match);
	return talk_ask(socket, request, ANSWER_MS, error);
}

struct node *trace_live_flows(const char *lab, guint hosts, const struct trace_request *r, gboolean any_source_port,
                              GError **error)
{
	g_autoptr(node) data = node_object();

	node_set(data, "flows", node_array());
	for (guint host = 0; host < hosts; host++) {
		g_autoptr(node) answer = ask_flows(lab, host, r, any_source_port, error);

		if (!answer)
			return NULL;
		record_flows(data, answer, host);
	}
	return node_ref(node_get(data, "flows"));
}
