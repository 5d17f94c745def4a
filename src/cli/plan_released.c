/* SPDX-License-Identifier: Apache-2.0 */
/* What only a lab knows: which addresses were given back. Where none runs, or it is not ours to ask, nothing is known of any. */
#include "cli/live.h"
#include "cli/plan.h"
#include "prove/naming.h"

void plan_warn_released(struct node *data, const struct graph *g, const char *lab)
{
	g_autoptr(node) status = live_status(lab, NULL);
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	const struct node *released = node_get(status, "released");
	struct node *warnings = node_get(data, "warnings");

	for (guint i = 0; i < node_length(released); i++) {
		const struct node *r = node_item(released, i);
		struct alloc_past past = {node_get_str(r, "address", ""), node_get_str(r, "owner", "?"),
		                          node_integer(node_get(r, "at"), 0)};

		naming_warn(g, &past, node_get_str(r, "holder", NULL), lines);
	}
	for (guint i = 0; i < lines->len; i++)
		node_append(warnings, node_string(g_ptr_array_index(lines, i)));
}
