/* SPDX-License-Identifier: Apache-2.0 */
/* escarp down: takes a lab down, whatever of it is alive. */
#include "cli/commands.h"
#include "cli/report.h"
#include "lab/lab.h"

#include <unistd.h>

static void down_text(const struct node *data, GString *out)
{
	g_string_append_printf(out, "Lab %s is down; nothing of it is left.\n", node_get_str(data, "lab", "?"));
}

int cmd_down(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) data = node_object();

	if (geteuid() != 0)
		return report_error(EXIT_FAILED, "down: needs root: it removes network namespaces and mounts");
	if (!lab_teardown(i->lab, &error))
		return report_error(EXIT_FAILED, "down: %s", error->message);
	node_set(data, "lab", node_string(i->lab));
	node_set(data, "down", node_bool(TRUE));
	return report_show(&(struct report){data, down_text}, i) ? EXIT_OK : EXIT_FAILED;
}
