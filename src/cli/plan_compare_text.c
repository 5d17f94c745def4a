/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison in words: the same value that --json prints. */
#include "cli/plan_compare.h"
#include "cli/report.h"

#include <string.h>

static void resource_lines(const struct node *list, const char *what, GString *out)
{
	for (guint i = 0; i < node_length(list); i++) {
		const struct node *r = node_item(list, i);
		g_autofree char *properties = report_join(node_get(r, "properties"));

		g_string_append_printf(out, "  %-8s %s%s%s\n", what, node_get_str(r, "id", "?"),
		                       node_get(r, "properties") ? ": " : "",
		                       node_get(r, "properties") ? properties : "");
	}
}

static void resources_text(const struct node *data, GString *out)
{
	const struct node *r = node_get(data, "resources");
	guint before = (guint)out->len, title;

	g_string_append(out, "\nResources\n");
	title = (guint)out->len;
	resource_lines(node_get(r, "added"), "added", out);
	resource_lines(node_get(r, "removed"), "removed", out);
	resource_lines(node_get(r, "changed"), "changed", out);
	if (out->len == title) {
		g_string_truncate(out, before);
		g_string_append(out, "\nThe resources are the same.\n");
	}
}

static char *sources_text(const struct node *list)
{
	g_autofree char *text = report_join(list);

	return g_strdup(strcmp(text, "*") == 0 ? "anyone" : strcmp(text, "-") == 0 ? "nobody" : text);
}

static void open_text(const struct node *data, GString *out)
{
	const struct node *open = node_get(data, "open");
	g_autoptr(grid) g = grid_new();

	if (!node_length(open)) {
		g_string_append(out, "\nNothing opens or closes to the Internet.\n");
		return;
	}
	g_string_append(out, "\nTo the Internet\n");
	grid_row(g, "CHANGE", "PUBLIC", "PROTOCOL", "PORT", "LEADS TO", "FROM BEFORE", "FROM AFTER", NULL);
	for (guint i = 0; i < node_length(open); i++) {
		const struct node *e = node_item(open, i);
		gint64 port = node_integer(node_get(e, "private_port"), 0);
		g_autofree char *to = port ? g_strdup_printf("%s port %d", node_get_str(e, "instance", "?"), (int)port)
		                           : g_strdup(node_get_str(e, "instance", "?"));
		g_autofree char *before = sources_text(node_get(e, "before"));
		g_autofree char *after = sources_text(node_get(e, "after"));

		grid_row(g, node_get_str(e, "change", "?"), node_get_str(e, "public_name", "?"),
		         node_get_str(e, "protocol", "?"), node_get_str(e, "ports", "-"), to, before, after, NULL);
	}
	grid_print(g, "  ", out);
}

static void reach_text(const struct node *data, GString *out)
{
	const struct node *reach = node_get(data, "reach");
	g_autoptr(grid) g = grid_new();

	if (!node_length(reach)) {
		g_string_append(out, "\nWho may reach whom inside is the same.\n");
		return;
	}
	g_string_append(out, "\nInside\n");
	grid_row(g, "FROM", "TO", "PROTOCOL", "PORT OPENED", "PORT CLOSED", NULL);
	for (guint i = 0; i < node_length(reach); i++) {
		const struct node *row = node_item(reach, i), *protocols = node_get(row, "protocols");
		g_autofree char *joined = report_join(protocols);
		g_autofree char *opened = report_join(node_get(row, "opened"));
		g_autofree char *closed = report_join(node_get(row, "closed"));

		grid_row(g, node_get_str(row, "from", "?"), node_get_str(row, "to", "?"),
		         node_length(protocols) == 3 ? "any" : joined, opened, closed, NULL);
	}
	grid_print(g, "  ", out);
}

void plan_compare_text(const struct node *data, GString *out)
{
	g_autofree char *before = report_join(node_get(data, "before")), *after = report_join(node_get(data, "after"));

	g_string_append_printf(out, "Subscription %s, group %s: from %s to %s\n",
	                       node_get_str(data, "subscription", "?"), node_get_str(data, "group", "?"), before,
	                       after);
	resources_text(data, out);
	open_text(data, out);
	reach_text(data, out);
	if (!node_truth(node_get(data, "open_complete"), TRUE))
		g_string_append(
		        out, "\nToo many rules to list all that is open to the Internet: there may be more changes.\n");
	if (!node_truth(node_get(data, "reach_complete"), TRUE))
		g_string_append(
		        out,
		        "\nToo many rules and machines to say all of who may reach whom: there may be more changes.\n");
}
