/* SPDX-License-Identifier: Apache-2.0 */
/* escarp plan: what the templates would build. No root, no daemon, no effect. */
#include "abi/maps.h"
#include "cli/commands.h"
#include "cli/plan.h"
#include "cli/report.h"
#include "cli/source.h"
#include "compile/compile.h"

/* A plan is for no fleet in particular: unless told, it has hosts enough, as full as they can be. A VM's NICs share a host,
 * hence half filled. */
static void enough_hosts(const struct graph *g, struct alloc_settings *s)
{
	s->ports_per_host = ESC_MAX_PORTS - 1;
	s->hosts = 1 + 2 * g->nics->len / s->ports_per_host;
}

int cmd_plan(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(source) s = source_read(i, &error);
	g_autoptr(graph) g = s ? source_graph(s, TRUE, &error) : NULL;
	g_autoptr(alloc) none = alloc_new();
	g_autoptr(alloc) a = NULL;
	g_autoptr(node) data = NULL;
	struct alloc_settings settings;

	if (!g)
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	alloc_settings_init(&settings);
	if (!option_given(i, "hosts"))
		enough_hosts(g, &settings);
	if (!option_number(i, "hosts", 1, CLI_MAX_HOSTS, &settings.hosts, &error))
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	a = alloc_assign(none, g, &settings, &error);
	if (!a || !compile_check(g, a, &settings, &error))
		return report_error(EXIT_BAD_INPUT, "%s: %s", (const char *)g_ptr_array_index(s->files, 0),
		                    error->message);
	if (option_given(i, "format"))
		return plan_write(s);
	data = plan_describe(s, g, a, &settings);
	return report_show(&(struct report){data, plan_text}, i) ? EXIT_OK : EXIT_FAILED;
}
