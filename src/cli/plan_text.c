/* SPDX-License-Identifier: Apache-2.0 */
/* The plan in words: the same value that --json prints. */
#include "cli/plan.h"
#include "cli/report.h"

#include <string.h>

static void networks_text(const struct node *data, GString *out)
{
	const struct node *networks = node_get(data, "networks");

	for (guint i = 0; i < node_length(networks); i++) {
		const struct node *n = node_item(networks, i), *subnets = node_get(n, "subnets");
		g_autofree char *prefixes = report_join(node_get(n, "prefixes"));
		g_autoptr(grid) g = grid_new();

		g_string_append_printf(out, "Network %s  %s\n", node_get_str(n, "name", "?"), prefixes);
		for (guint k = 0; k < node_length(subnets); k++) {
			const struct node *s = node_item(subnets, k);
			g_autofree char *ranges = report_join(node_get(s, "prefixes"));

			grid_row(g, "subnet", node_get_str(s, "name", "?"), ranges,
			         node_get_str(s, "security_group", "no security group"), NULL);
		}
		grid_print(g, "  ", out);
	}
}

static void nic_rows(const struct node *instance, struct grid *g)
{
	const struct node *nics = node_get(instance, "nics");

	for (guint i = 0; i < node_length(nics); i++) {
		const struct node *nic = node_item(nics, i), *addresses = node_get(nic, "addresses");

		for (guint k = 0; k < node_length(addresses); k++) {
			const struct node *a = node_item(addresses, k);
			const char *of_nic = node_get_str(nic, "security_group", NULL);
			const char *of_subnet = node_get_str(a, "subnet_security_group", NULL);
			g_autofree char *groups =
			        g_strdup_printf("%s%s%s", of_subnet ? of_subnet : "", of_nic && of_subnet ? ", " : "",
			                        of_nic ? of_nic : "");

			grid_row(g, i || k ? " " : node_get_str(instance, "name", "?"), node_get_str(a, "address", "?"),
			         node_get_str(a, "public", "-"), node_get_str(a, "subnet", "?"), groups, NULL);
		}
	}
}

static void instances_text(const struct node *data, GString *out)
{
	const struct node *instances = node_get(data, "instances");
	g_autoptr(grid) g = grid_new();

	if (!node_length(instances)) {
		g_string_append(out, "\nNo instances: nothing would be enforced.\n");
		return;
	}
	g_string_append(out, "\nInstances\n");
	grid_row(g, "NAME", "ADDRESS", "PUBLIC", "SUBNET", "SECURITY GROUPS", NULL);
	for (guint i = 0; i < node_length(instances); i++)
		nic_rows(node_item(instances, i), g);
	grid_print(g, "  ", out);
}

static void open_text(const struct node *data, GString *out)
{
	const struct node *open = node_get(data, "open");
	g_autoptr(grid) g = grid_new();

	g_string_append(out, "\nOpen to the Internet\n");
	if (!node_length(open)) {
		g_string_append(out, "  nothing\n");
		return;
	}
	grid_row(g, "PUBLIC", "PROTOCOL", "PORT", "LEADS TO", "FROM", NULL);
	for (guint i = 0; i < node_length(open); i++) {
		const struct node *e = node_item(open, i);
		gint64 port = node_integer(node_get(e, "private_port"), 0);
		g_autofree char *sources = report_join(node_get(e, "sources"));
		g_autofree char *to = port ? g_strdup_printf("%s port %d", node_get_str(e, "instance", "?"), (int)port)
		                           : g_strdup(node_get_str(e, "instance", "?"));

		grid_row(g, node_get_str(e, "public", "?"), node_get_str(e, "protocol", "?"),
		         node_get_str(e, "ports", "-"), to, strcmp(sources, "*") == 0 ? "anyone" : sources, NULL);
	}
	grid_print(g, "  ", out);
}

/* All protocols there are, or those with these ports. */
static char *protocols_text(const struct node *row)
{
	const struct node *protocols = node_get(row, "protocols");

	return node_length(protocols) == 3 ? g_strdup("any") : report_join(protocols);
}

static char *reach_ports(const struct node *row)
{
	const struct node *protocols = node_get(row, "protocols");

	if (node_length(protocols) == 1 && strcmp(node_str(node_item(protocols, 0), ""), "icmp") == 0)
		return g_strdup("-");
	return report_join(node_get(row, "ports"));
}

/* Where a row leads: a tier, or the Internet with the addresses when not all are meant. Caller frees. */
static char *reach_to(const struct node *row)
{
	g_autofree char *addresses = report_join(node_get(row, "addresses"));
	const char *to = node_get_str(row, "to", "?");

	return strcmp(addresses, "*") == 0 ? g_strdup(to) : g_strdup_printf("%s %s", to, addresses);
}

/* Rows of one tier that differ in nothing but where they lead are one line. */
static void reach_text(const struct node *data, GString *out)
{
	const struct node *reach = node_get(data, "reach");
	g_autofree gboolean *done = g_new0(gboolean, node_length(reach) + 1);
	g_autoptr(grid) g = grid_new();

	if (!node_length(reach))
		return;
	g_string_append(out, "\nWho may reach whom\n");
	grid_row(g, "FROM", "PROTOCOL", "PORT", "TO", NULL);
	for (guint i = 0; i < node_length(reach); i++) {
		const struct node *row = node_item(reach, i);
		g_autofree char *protocols = protocols_text(row), *ports = reach_ports(row);
		g_autoptr(GString) to = g_string_new(NULL);

		for (guint k = i; k < node_length(reach); k++) {
			const struct node *other = node_item(reach, k);
			g_autofree char *target = NULL;

			if (strcmp(node_get_str(other, "from", ""), node_get_str(row, "from", "")) != 0)
				break;
			if (done[k] || !node_equal(node_get(other, "protocols"), node_get(row, "protocols")) ||
			    !node_equal(node_get(other, "ports"), node_get(row, "ports")))
				continue;
			done[k] = TRUE;
			target = reach_to(other);
			g_string_append_printf(to, "%s%s", to->len ? ", " : "", target);
		}
		if (to->len)
			grid_row(g, node_get_str(row, "from", "?"), protocols, ports, to->str, NULL);
	}
	grid_print(g, "  ", out);
}

static void unmodelled_text(const struct node *list, const char *title, GString *out)
{
	if (!node_length(list))
		return;
	g_string_append_printf(out, "\n%s\n", title);
	for (guint i = 0; i < node_length(list); i++) {
		const struct node *u = node_item(list, i);
		const char *property = node_get_str(u, "property", "");

		g_string_append_printf(out, "  %s%s%s: %s\n", node_get_str(u, "id", "?"), *property ? " " : "",
		                       property, node_get_str(u, "why", ""));
	}
}

/* A line for each type, with the names. In order of id, so types of one group may come again: gathered here. */
static void others_text(const struct node *list, GString *out)
{
	g_autofree gboolean *done = g_new0(gboolean, node_length(list) + 1);
	g_autoptr(grid) g = grid_new();

	if (!node_length(list))
		return;
	g_string_append(out, "\nAlso declared\n");
	for (guint i = 0; i < node_length(list); i++) {
		const char *type = node_get_str(node_item(list, i), "type", "?");
		g_autoptr(GString) names = g_string_new(NULL);

		for (guint k = i; !done[i] && k < node_length(list); k++) {
			const struct node *other = node_item(list, k);

			if (done[k] || strcmp(node_get_str(other, "type", "?"), type) != 0)
				continue;
			done[k] = k != i;
			g_string_append_printf(names, "%s%s", names->len ? ", " : "", node_get_str(other, "name", "?"));
		}
		if (names->len)
			grid_row(g, type, names->str, NULL);
	}
	grid_print(g, "  ", out);
}

static void assumed_text(const struct node *list, GString *out)
{
	if (!node_length(list))
		return;
	g_string_append(out, "\nAssumed to exist\n");
	for (guint i = 0; i < node_length(list); i++)
		g_string_append_printf(out, "  %s, because of %s\n", node_get_str(node_item(list, i), "id", "?"),
		                       node_get_str(node_item(list, i), "why", "?"));
}

static void lines_text(const struct node *list, const char *title, GString *out)
{
	if (!node_length(list))
		return;
	g_string_append_printf(out, "\n%s\n", title);
	for (guint i = 0; i < node_length(list); i++)
		g_string_append_printf(out, "  %s\n", node_str(node_item(list, i), "?"));
}

void plan_outputs(const struct node *outputs, const char *prefix, GString *out)
{
	for (guint i = 0; i < node_length(outputs); i++) {
		const struct node *value = node_get(node_value(outputs, i), "value");
		g_autofree char *json = value ? node_print(value, FALSE) : g_strdup("(secure)");

		g_string_append_printf(out, "%s%s = %s\n", prefix, node_name(outputs, i), node_str(value, json));
	}
}

void plan_text(const struct node *data, GString *out)
{
	g_string_append_printf(out, "Subscription %s, group %s\n\n", node_get_str(data, "subscription", "?"),
	                       node_get_str(data, "group", "?"));
	networks_text(data, out);
	instances_text(data, out);
	open_text(data, out);
	reach_text(data, out);
	others_text(node_get(data, "others"), out);
	assumed_text(node_get(data, "assumed"), out);
	unmodelled_text(node_get(data, "recorded"), "Recorded, not enforced yet", out);
	unmodelled_text(node_get(data, "unmodelled"), "Not modelled", out);
	lines_text(node_get(data, "warnings"), "Warnings", out);
	lines_text(node_get(data, "notes"), "Notes", out);
	if (node_length(node_get(data, "outputs")))
		g_string_append(out, "\nOutputs\n");
	plan_outputs(node_get(data, "outputs"), "  ", out);
}
