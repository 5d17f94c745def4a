/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escarp vm, deployment, endpoint: what is done to what is deployed. The command's name is the action's: the controller
 * finds what is meant and does it, whole or not at all.
 */
#include "cli/commands.h"
#include "cli/deploy.h"
#include "cli/live.h"
#include "cli/report.h"

#include <string.h>

static void list_text(const struct node *list, const char *title, GString *out)
{
	for (guint k = 0; k < node_length(list); k++)
		g_string_append_printf(out, "%s%s\n", title, node_str(node_item(list, k), "?"));
}

static void machine_text(const struct node *m, GString *out)
{
	g_autofree char *addresses = report_join(node_get(m, "addresses"));
	g_autofree char *public = report_join(node_get(m, "public"));

	g_string_append_printf(out, "  address %s, public %s", addresses, public);
	if (node_get(m, "host") && node_get(m, "host")->type == NODE_INT)
		g_string_append_printf(out, ", host %d", (int)node_integer(node_get(m, "host"), 0));
	g_string_append_c(out, '\n');
}

static void addresses_text(const struct node *list, GString *out)
{
	for (guint k = 0; k < node_length(list); k++)
		g_string_append_printf(out, "  %s is now at %s\n", node_get_str(node_item(list, k), "deployment", "?"),
		                       node_get_str(node_item(list, k), "address", "?"));
}

static void released_text(const struct node *list, GString *out)
{
	for (guint k = 0; k < node_length(list); k++)
		g_string_append_printf(out, "given back: %s (of %s)\n",
		                       node_get_str(node_item(list, k), "address", "?"),
		                       node_get_str(node_item(list, k), "owner", "?"));
}

static void life_text(const struct node *data, GString *out)
{
	const char *was = node_get_str(data, "was", NULL), *state = node_get_str(data, "state", "?");

	g_string_append_printf(out, "%s is %s", node_get_str(data, "name", "?"), state);
	if (was && strcmp(was, state) == 0 && !node_truth(node_get(data, "repaired"), FALSE))
		g_string_append(out, ", as it was");
	g_string_append(out, ".\n");
	if (node_get(data, "machine"))
		machine_text(node_get(data, "machine"), out);
	addresses_text(node_get(data, "addresses"), out);
	list_text(node_get(data, "removed"), "  - ", out);
	list_text(node_get(data, "kept"), "kept, as it is reserved: ", out);
	released_text(node_get(data, "released"), out);
	list_text(node_get(data, "warnings"), "warning: ", out);
}

/* What the machine is and has afterwards; NULL: it is gone, or the answer is about something else. */
static struct node *machine_now(const struct invocation *i, const struct node *answer)
{
	g_autoptr(node) status = live_status(i->lab, NULL);
	const struct node *list = node_get(status, "machines");

	for (guint k = 0; k < node_length(list); k++)
		if (g_strcmp0(node_get_str(node_item(list, k), "id", NULL), node_get_str(answer, "id", "")) == 0)
			return node_ref(node_item(list, k));
	return NULL;
}

static struct node *request(const struct invocation *i)
{
	struct node *n = node_object();

	node_set(n, "op", node_string("life"));
	node_set(n, "action", node_string(i->command->name));
	node_set(n, "name", node_string(g_ptr_array_index(i->arguments, 0)));
	if (i->arguments->len > 1)
		node_set(n, "other", node_string(g_ptr_array_index(i->arguments, 1)));
	node_set(n, "live_flows", node_string(option_text(i, "live-flows", "reevaluate")));
	if (option_given(i, "release-reserved"))
		node_set(n, "release", node_bool(TRUE));
	return n;
}

int cmd_life(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) answer = deploy_send(i, request(i), &error), data = NULL;
	struct node *machine;

	if (!answer)
		return report_error(EXIT_FAILED, "%s: %s", i->command->name, error->message);
	data = node_copy(answer);
	machine = machine_now(i, answer);
	if (machine)
		node_set(data, "machine", machine);
	if (strcmp(i->command->name, "vm repair") == 0)
		node_set(data, "repaired", node_bool(TRUE));
	return report_show(&(struct report){data, life_text}, i) ? EXIT_OK : EXIT_FAILED;
}
