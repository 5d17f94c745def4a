/* SPDX-License-Identifier: Apache-2.0 */
/* escarp trace: one packet and its answer, stage by stage, over files or over a running lab. */
#include "cli/commands.h"
#include "cli/live.h"
#include "cli/plan_side.h"
#include "cli/report.h"
#include "cli/trace.h"

#include "compile/compile.h"

#include <string.h>

static GPtrArray *compile_all(const struct plan_side *s, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)tables_free);

	for (guint host = 0; host < s->settings.hosts; host++) {
		struct tables *t = compile_host(s->graph, s->alloc, &s->settings, host, error);

		if (!t)
			return NULL;
		g_ptr_array_add(list, t);
	}
	return g_steal_pointer(&list);
}

static int show(const struct invocation *i, struct node *data)
{
	gboolean whole =
	        node_truth(node_get(data, "delivered"), FALSE) && node_truth(node_get(data, "answered"), FALSE);

	if (!report_show(&(struct report){data, trace_text}, i))
		return EXIT_BAD_INPUT;
	return whole ? EXIT_OK : EXIT_FAILED;
}

/* NULL: said already. */
static struct node *trace(const struct invocation *i, const struct trace_network *n, struct trace_request *r)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(fleet) f = NULL;

	if (!trace_who(i, n, r, &error)) {
		report_error(EXIT_BAD_INPUT, "trace: %s", error->message);
		return NULL;
	}
	f = fleet_new(n->tables, n->public_pool);
	return trace_run(f, r);
}

static int trace_files(const struct invocation *i)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	struct plan_files files = {i->arguments, (GPtrArray *)option_list(i, "parameters")};
	g_auto(plan_side) side = {0};
	g_autoptr(GPtrArray) in_force = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(node) data = NULL;
	struct trace_request r;

	if (!plan_side_make(&side, i, &files, NULL, taken, &error) || !source_check_params(i, taken, &error) ||
	    !(in_force = compile_all(&side, &error)))
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	data = trace(i, &(struct trace_network){side.graph, side.alloc, side.settings.public_pool, in_force}, &r);
	return data ? show(i, data) : EXIT_BAD_INPUT;
}

/* Another network may have the same addresses: a flow of these two is at the port of one of them. */
static struct node *flows_of_both(const struct node *flows, const struct node *data)
{
	const char *from = node_get_str(node_get(data, "from"), "label", ""),
	           *to = node_get_str(node_get(data, "to"), "label", "");
	gboolean outside = !strcmp(from, "internet"); /* then it is for a public address, which nobody else has */
	struct node *list = node_array();

	for (guint i = 0; i < node_length(flows); i++) {
		struct node *f = node_item(flows, i);
		const char *port = node_get_str(f, "port", "");

		if (outside || !strcmp(port, from) || !strcmp(port, to))
			node_append(list, node_ref(f));
	}
	return list;
}

static int trace_live(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(live) l = live_open(i->lab, &error);
	g_autoptr(GPtrArray) in_force = l ? trace_live_tables(i->lab, l->settings.hosts, &error) : NULL;
	g_autoptr(node) data = NULL;
	struct trace_request r;
	struct node *flows;

	if (!in_force)
		return report_error(EXIT_BAD_INPUT, "trace: %s", error->message);
	data = trace(i, &(struct trace_network){l->graph, l->alloc, l->settings.public_pool, in_force}, &r);
	if (!data)
		return EXIT_BAD_INPUT;
	flows = trace_live_flows(i->lab, l->settings.hosts, &r, !option_given(i, "source-port"), &error);
	if (!flows)
		return report_error(EXIT_BAD_INPUT, "trace: %s", error->message);
	node_set(data, "flows", flows_of_both(flows, data));
	node_unref(flows);
	return show(i, data);
}

int cmd_trace(const struct invocation *i)
{
	gboolean running = option_given(i, "live");

	if (!option_given(i, "from") || !option_given(i, "to"))
		return report_error(EXIT_BAD_INPUT, "trace: say who sends and to whom, with --from and --to");
	if (running && i->arguments->len)
		return report_error(EXIT_BAD_INPUT, "trace: FILEs or --live, not both");
	if (!running && !i->arguments->len)
		return report_error(EXIT_BAD_INPUT,
		                    "trace: say what to trace in: FILEs, or --live for the running lab");
	return running ? trace_live(i) : trace_files(i);
}
