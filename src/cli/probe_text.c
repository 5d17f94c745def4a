/* SPDX-License-Identifier: Apache-2.0 */
/* What probing found, as data and as tables: one table a destination, rows who tries, columns ports. */
#include "cli/probe.h"

#include "cli/report.h"
#include "lib/verdicts.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

static struct node *strings(const GPtrArray *list)
{
	struct node *n = node_array();

	for (guint i = 0; i < list->len; i++)
		node_append(n, node_string(NTH(list, char, i)));
	return n;
}

/* Whose answer counts as "open" is the target's owner; anybody else is named. */
static const char *expected_word(const struct attempt *a)
{
	if (!a->may_answer->len)
		return "closed";
	for (guint i = 0; a->to->vm && i < a->may_answer->len; i++)
		if (strcmp(NTH(a->may_answer, char, i), a->to->label) == 0)
			return "open";
	return a->to->vm ? NTH(a->may_answer, char, 0) : "open";
}

static const char *actual_word(const struct attempt *a)
{
	switch (a->outcome) {
	case OUTCOME_SILENCE:
		return "closed";
	case OUTCOME_REFUSED:
		return "refused";
	case OUTCOME_ANSWER:
		break;
	}
	if (attempt_as_expected(a))
		return a->may_answer->len ? expected_word(a) : "closed";
	return a->answer && *a->answer ? a->answer : "open";
}

static struct node *attempt_node(const struct attempt *a)
{
	struct node *o = node_object();

	node_set(o, "from", node_string(a->from->label));
	node_set(o, "to", node_string(a->to->label));
	node_set(o, "address", node_take_string(ip6_format_any(a->to->address)));
	node_set(o, "port", node_int(a->to->port));
	node_set(o, "expected", node_string(expected_word(a)));
	node_set(o, "reason", node_string(verdict_name(a->verdict)));
	node_set(o, "may_answer", strings(a->may_answer));
	node_set(o, "actual", node_string(actual_word(a)));
	node_set(o, "answer", a->answer ? node_string(a->answer) : node_null());
	node_set(o, "match", node_bool(attempt_as_expected(a)));
	return o;
}

struct node *probe_describe(const struct probe_plan *p)
{
	struct node *o = node_object(), *results = node_array(), *mismatches = node_array();

	for (guint i = 0; i < p->attempts->len; i++) {
		const struct attempt *a = NTH(p->attempts, struct attempt, i);

		node_append(results, attempt_node(a));
		if (!attempt_as_expected(a))
			node_append(mismatches, attempt_node(a));
	}
	node_set(o, "protocol", node_string(p->protocol == PROTO_TCP ? "tcp" : "udp"));
	node_set(o, "attempts", node_int(p->attempts->len));
	node_set(o, "mismatches", mismatches);
	node_set(o, "left_out", strings(p->left_out));
	node_set(o, "results", results);
	return o;
}

/* A destination is a label and an address. */
static char *destination(const struct node *result)
{
	return g_strdup_printf("%s %s", node_get_str(result, "to", "?"), node_get_str(result, "address", "?"));
}

/* Results by destination, in the order in which they first appear. */
static GPtrArray *by_destination(const struct node *results)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

	for (guint i = 0; i < node_length(results); i++) {
		struct node *r = node_item(results, i);
		g_autofree char *key = destination(r);
		GPtrArray *group = g_hash_table_lookup(seen, key);

		if (!group) {
			group = g_ptr_array_new();
			g_ptr_array_add(groups, group);
			g_hash_table_insert(seen, g_steal_pointer(&key), group);
		}
		g_ptr_array_add(group, r);
	}
	return groups;
}

static char *cell_text(const struct node *r)
{
	gboolean match = node_truth(node_get(r, "match"), FALSE);

	return g_strdup_printf("%s%s/%s%s", match ? "" : "!! ", node_get_str(r, "expected", "?"),
	                       node_get_str(r, "actual", "?"), match ? "" : " !!");
}

static int by_port(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static GList *ports_of(const GPtrArray *group)
{
	GList *ports = NULL;

	for (guint i = 0; i < group->len; i++) {
		gpointer port = GINT_TO_POINTER((int)node_integer(node_get(NTH(group, struct node, i), "port"), 0));

		if (!g_list_find(ports, port))
			ports = g_list_insert_sorted(ports, port, by_port);
	}
	return ports;
}

static void row_text(const GPtrArray *group, const char *from, GList *ports, struct grid *g)
{
	grid_cell(g, from);
	for (GList *port = ports; port; port = port->next) {
		g_autofree char *cell = NULL;

		for (guint i = 0; i < group->len && !cell; i++) {
			const struct node *r = NTH(group, struct node, i);

			if (strcmp(node_get_str(r, "from", ""), from) == 0 &&
			    node_integer(node_get(r, "port"), 0) == GPOINTER_TO_INT(port->data))
				cell = cell_text(r);
		}
		grid_cell(g, cell);
	}
	grid_end(g);
}

static void table_text(const GPtrArray *group, GString *out)
{
	g_autofree char *title = destination(NTH(group, struct node, 0));
	g_autoptr(GList) ports = ports_of(group);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(grid) g = grid_new();

	g_string_append_printf(out, "To %s\n", title);
	grid_cell(g, "from \\ port");
	for (GList *port = ports; port; port = port->next) {
		g_autofree char *number = g_strdup_printf("%d", GPOINTER_TO_INT(port->data));

		grid_cell(g, number);
	}
	grid_end(g);
	for (guint i = 0; i < group->len; i++) {
		const char *from = node_get_str(NTH(group, struct node, i), "from", "?");

		if (g_hash_table_add(seen, (gpointer)from))
			row_text(group, from, ports, g);
	}
	grid_print(g, "  ", out);
	g_string_append_c(out, '\n');
}

static void mismatch_text(const struct node *m, GString *out)
{
	const char *answer = node_get_str(m, "answer", NULL);

	g_string_append_printf(out, "MISMATCH: %s to %s %s port %d: expected %s (%s), found %s%s%s\n",
	                       node_get_str(m, "from", "?"), node_get_str(m, "to", "?"),
	                       node_get_str(m, "address", "?"), (int)node_integer(node_get(m, "port"), 0),
	                       node_get_str(m, "expected", "?"), node_get_str(m, "reason", "?"),
	                       node_get_str(m, "actual", "?"), answer ? ", answered by " : "", answer ? answer : "");
}

void probe_text(const struct node *data, GString *out)
{
	g_autoptr(GPtrArray) groups = by_destination(node_get(data, "results"));
	const struct node *mismatches = node_get(data, "mismatches"), *left_out = node_get(data, "left_out");

	g_string_append_printf(out, "Who can reach what (%s): expected / found by trying\n\n",
	                       node_get_str(data, "protocol", "?"));
	for (guint i = 0; i < groups->len; i++)
		table_text(NTH(groups, GPtrArray, i), out);
	for (guint i = 0; i < node_length(left_out); i++)
		g_string_append_printf(out, "Left out: %s\n", node_str(node_item(left_out, i), "?"));
	for (guint i = 0; i < node_length(mismatches); i++)
		mismatch_text(node_item(mismatches, i), out);
	g_string_append_printf(out, "%d attempts, %u mismatches%s\n", (int)node_integer(node_get(data, "attempts"), 0),
	                       node_length(mismatches),
	                       node_length(mismatches) ? "" : ": every connection is as it should be");
}
