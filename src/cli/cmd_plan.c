/* SPDX-License-Identifier: Apache-2.0 */
/* escarp plan: what the templates would build, or what changes between two. No root, no daemon, no effect. */
#include "cli/commands.h"
#include "cli/plan.h"
#include "cli/plan_compare.h"
#include "cli/report.h"

#include <stdio.h>
#include <unistd.h>

/*
 * Ends the process once all is printed. A large plan would spend an eighth of its time on giving back, piece by piece,
 * memory that the kernel takes back at once. A sanitizer looks for leaks, so there the long way is taken.
 */
static int leave(int status)
{
#ifndef __SANITIZE_ADDRESS__
	if (fflush(NULL) == 0)
		_exit(status);
#endif
	return status;
}

static int compare(const struct invocation *i, const struct plan_choice *c)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	g_auto(plan_side) before = {0}, after = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(node) data = NULL;

	if (option_given(i, "format"))
		return report_error(EXIT_BAD_INPUT, "plan: --format arm writes one deployment; add --together when the "
		                                    "files are one");
	if (!plan_side_make(&before, i, &c->before, NULL, taken, &error) ||
	    !plan_side_make(&after, i, &c->after, &before, taken, &error) || !source_check_params(i, taken, &error))
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	data = plan_compare(&before, &after);
	return leave(report_show(&(struct report){data, plan_compare_text}, i) ? EXIT_OK : EXIT_FAILED);
}

int cmd_plan(const struct invocation *i)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	g_auto(plan_choice) choice = {0};
	g_auto(plan_side) side = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(node) data = NULL;

	plan_choose(i, &choice);
	if (choice.compare)
		return compare(i, &choice);
	if (!plan_side_make(&side, i, &choice.after, NULL, taken, &error) || !source_check_params(i, taken, &error))
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	if (option_given(i, "format"))
		return plan_write(side.source);
	data = plan_describe(side.source, side.graph, side.alloc, &side.settings);
	plan_warn_released(data, side.graph, i->lab);
	return leave(report_show(&(struct report){data, plan_text}, i) ? EXIT_OK : EXIT_FAILED);
}
