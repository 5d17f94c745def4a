/* SPDX-License-Identifier: Apache-2.0 */
/* escarp plan: what the templates would build. No root, no daemon, no effect. */
#include "cli/commands.h"
#include "cli/plan.h"
#include "cli/report.h"
#include "cli/source.h"
#include "compile/compile.h"

static gboolean check_compiles(const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                               GError **error)
{
	for (guint host = 0; host < s->hosts; host++) {
		g_autoptr(tables) t = compile_host(g, a, s, host, error);

		if (!t)
			return FALSE;
	}
	return TRUE;
}

/* A plan is for no fleet in particular: unless told, it has hosts enough. A VM's NICs share a host, hence half filled.
 */
static guint enough_hosts(const struct graph *g, const struct alloc_settings *s)
{
	return 1 + 2 * g->nics->len / s->ports_per_host;
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
	settings.hosts = enough_hosts(g, &settings);
	if (!option_number(i, "hosts", 1, CLI_MAX_HOSTS, &settings.hosts, &error))
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	a = alloc_assign(none, g, &settings, &error);
	if (!a || !check_compiles(g, a, &settings, &error))
		return report_error(EXIT_BAD_INPUT, "%s: %s", (const char *)g_ptr_array_index(s->files, 0),
		                    error->message);
	if (option_given(i, "format"))
		return plan_write(s);
	data = plan_describe(s, g, a, &settings);
	return report_show(&(struct report){data, plan_text}, i) ? EXIT_OK : EXIT_FAILED;
}
