/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escarp up: templates applied and enforced.
 *
 * In the order that keeps the promise "bad input changes nothing": evaluate the files; when no lab exists, check that
 * they make a network by themselves; start what does not run; let the controller judge them together with what is
 * stored, without effect; show what would go; only then deploy.
 */
#include "cli/commands.h"
#include "cli/deploy.h"
#include "cli/live.h"
#include "cli/plan.h"
#include "cli/report.h"
#include "cli/source.h"
#include "compile/compile.h"
#include "lab/dirs.h"
#include "lab/lab.h"
#include "model/graph.h"

#include <stdio.h>
#include <unistd.h>

#define ENFORCED_SECONDS 60
#define POLL_US          100000

/* With nothing stored yet, what the files say is all there will be. */
static gboolean makes_sense_alone(const struct source *s, guint hosts, GError **error)
{
	g_autoptr(graph) g = source_graph(s, FALSE, error);
	g_autoptr(alloc) none = alloc_new();
	g_autoptr(alloc) a = NULL;
	struct alloc_settings settings;

	alloc_settings_init(&settings);
	settings.hosts = hosts;
	a = g ? alloc_assign(none, g, &settings, error) : NULL;
	for (guint host = 0; a && host < hosts; host++) {
		g_autoptr(tables) t = compile_host(g, a, &settings, host, error);

		if (!t)
			return FALSE;
	}
	return a != NULL;
}

static gboolean is_enforced(const struct node *status)
{
	const struct node *ports = node_get(status, "ports"), *hosts = node_get(status, "hosts");

	for (guint k = 0; k < node_length(ports); k++)
		if (!node_truth(node_get(node_item(ports, k), "enforced"), FALSE))
			return FALSE;
	for (guint k = 0; k < node_length(hosts); k++)
		if (!node_truth(node_get(node_item(hosts, k), "acked"), FALSE))
			return FALSE;
	return TRUE;
}

static struct node *wait_enforced(const struct invocation *i, GError **error)
{
	gint64 until = g_get_monotonic_time() + ENFORCED_SECONDS * G_USEC_PER_SEC;

	for (;;) {
		g_autoptr(node) status = live_status(i->lab, error);

		if (!status)
			return NULL;
		if (is_enforced(status))
			return g_steal_pointer(&status);
		if (g_get_monotonic_time() > until) {
			g_set_error(error, CLI_ERROR, CLI_USAGE,
			            "not every port is enforced after %d seconds (see `escarp status`)",
			            ENFORCED_SECONDS);
			return NULL;
		}
		g_usleep(POLL_US);
	}
}

static void list_text(const struct node *list, const char *title, GString *out)
{
	for (guint k = 0; k < node_length(list); k++)
		g_string_append_printf(out, "%s %s\n", title, node_str(node_item(list, k), "?"));
}

static void up_text(const struct node *data, GString *out)
{
	const struct node *ports = node_get(data, "ports");
	const struct node *front_ends = node_get(data, "front_ends");
	guint recorded = node_length(node_get(data, "recorded")),
	      unmodelled = node_length(node_get(data, "unmodelled"));
	g_autoptr(grid) g = grid_new();

	list_text(node_get(data, "added"), "  +", out);
	list_text(node_get(data, "changed"), "  ~", out);
	list_text(node_get(data, "warnings"), "warning:", out);
	list_text(node_get(data, "notes"), "note:", out);
	if (recorded)
		g_string_append_printf(out, "recorded, not enforced yet: %u (`escarp plan` lists what)\n", recorded);
	if (unmodelled)
		g_string_append_printf(out, "not modelled: %u (`escarp plan` lists what)\n", unmodelled);
	grid_row(g, "INSTANCE", "HOST", "ADDRESS", "PUBLIC", NULL);
	for (guint k = 0; k < node_length(ports); k++) {
		const struct node *p = node_item(ports, k);
		g_autofree char *host = g_strdup_printf("%d", (int)node_integer(node_get(p, "host"), 0));
		g_autofree char *addresses = report_join(node_get(p, "addresses"));
		g_autofree char *public = report_join(node_get(p, "public"));

		grid_row(g, node_get_str(p, "label", "?"), host, addresses, public, NULL);
	}
	grid_print(g, "", out);
	for (guint k = 0; k < node_length(front_ends); k++)
		g_string_append_printf(out, "Front end %s: %s\n", node_get_str(node_item(front_ends, k), "name", "?"),
		                       node_get_str(node_item(front_ends, k), "address", "?"));
	plan_outputs(node_get(data, "outputs"), "output ", out);
	if (node_get(data, "live_ms"))
		g_string_append_printf(out, "Live after %d ms, known everywhere after %d ms.\n",
		                       (int)node_integer(node_get(data, "live_ms"), 0),
		                       (int)node_integer(node_get(data, "returned_ms"), 0));
	g_string_append_printf(out, "Revision %d: every port is enforced (%u).\n",
	                       (int)node_integer(node_get(data, "revision"), 0), node_length(ports));
}

static void copy_member(struct node *to, const struct node *from, const char *name)
{
	struct node *value = node_get(from, name);

	node_set(to, name, value ? node_ref(value) : node_array());
}

/* `since`: when it was sent. */
static int answer(const struct invocation *i, const struct source *s, const struct node *deployed, gint64 since)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) status = wait_enforced(i, &error);
	g_autoptr(node) data = node_object();
	struct node *notes = node_array();

	if (!status)
		return report_error(EXIT_FAILED, "up: %s", error->message);
	node_set(data, "lab", node_string(i->lab));
	node_set(data, "revision", node_int(node_integer(node_get(status, "revision"), 0)));
	copy_member(data, deployed, "added");
	copy_member(data, deployed, "changed");
	copy_member(data, deployed, "removed");
	copy_member(data, deployed, "warnings");
	if (deployed) {
		node_set(data, "live_ms", node_int(node_integer(node_get(deployed, "live_ms"), 0)));
		node_set(data, "returned_ms", node_int((g_get_monotonic_time() - since + 999) / 1000));
	}
	for (guint k = 0; s && k < s->notes->len; k++)
		node_append(notes, node_string(g_ptr_array_index(s->notes, k)));
	node_set(data, "notes", notes);
	copy_member(data, status, "recorded");
	copy_member(data, status, "unmodelled");
	copy_member(data, status, "ports");
	copy_member(data, status, "front_ends");
	node_set(data, "outputs", s ? node_ref(s->outputs) : node_object());
	return report_show(&(struct report){data, up_text}, i) ? EXIT_OK : EXIT_FAILED;
}

static void show_removals(const struct node *dry)
{
	const struct node *removed = node_get(dry, "removed");

	for (guint k = 0; k < node_length(removed); k++) {
		g_autofree char *id = report_clean(node_str(node_item(removed, k), "?"));

		fprintf(stderr, "will be removed: %s\n", id);
	}
}

static int refuse(const struct source *s, GError *error)
{
	report_prefix(&error, g_ptr_array_index(s->files, 0));
	return report_error(EXIT_BAD_INPUT, "%s", error->message);
}

static int deploy(const struct invocation *i, const struct source *s)
{
	g_autoptr(GError) error = NULL;
	struct node *question = deploy_request(i, s, TRUE, &error);
	g_autoptr(node) dry = question ? deploy_send(i, question, &error) : NULL;
	g_autoptr(node) done = NULL;
	gint64 since;

	if (!dry)
		return refuse(s, error);
	show_removals(dry);
	since = g_get_monotonic_time();
	done = deploy_send(i, deploy_request(i, s, FALSE, NULL), &error);
	if (!done)
		return report_error(EXIT_FAILED, "up: %s (the previous network is in force)", error->message);
	return answer(i, s, done, since);
}

int cmd_up(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(source) s = NULL;
	guint existing, hosts;

	if (i->arguments->len) {
		s = source_read(i, &error);
		if (!s)
			return report_error(EXIT_BAD_INPUT, "%s", error->message);
	}
	existing = dirs_hosts(i->lab);
	hosts = existing ? existing : 1;
	if (!option_number(i, "hosts", 1, CLI_MAX_HOSTS, &hosts, &error))
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	if (!s && !existing)
		return report_error(EXIT_BAD_INPUT, "up: lab %s has no network stored: name a template", i->lab);
	if (s && !existing && !makes_sense_alone(s, hosts, &error))
		return refuse(s, error);
	if (geteuid() != 0)
		return report_error(EXIT_FAILED, "up: needs root: it makes network namespaces");
	if (!lab_start(i->lab, hosts, &error))
		return report_error(EXIT_FAILED, "up: %s", error->message);
	return s ? deploy(i, s) : answer(i, NULL, NULL, 0);
}

/* The same command line as up would have it: `escarp up FILE... --group DEPLOYMENT --mode complete`. */
static struct invocation *as_up(const struct invocation *i, char **parts)
{
	static const char *const names[] = {"mode", "group", "subscription"};
	const char *const values[] = {"complete", parts[1] ? parts[1] : parts[0], parts[1] ? parts[0] : NULL};
	struct invocation *up = g_new0(struct invocation, 1);
	GHashTableIter h;
	gpointer name, list;

	up->command = i->command;
	up->lab = i->lab;
	up->values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
	g_hash_table_iter_init(&h, i->values);
	while (g_hash_table_iter_next(&h, &name, &list))
		g_hash_table_insert(up->values, name, g_ptr_array_ref(list));
	for (guint k = 0; k < G_N_ELEMENTS(names) && values[k]; k++) {
		GPtrArray *one = g_ptr_array_new();

		g_ptr_array_add(one, (gpointer)values[k]);
		g_hash_table_insert(up->values, (gpointer)names[k], one);
	}
	up->arguments = g_ptr_array_copy(i->arguments, NULL, NULL);
	g_ptr_array_remove_index(up->arguments, 0);
	up->trailing = g_ptr_array_new();
	return up;
}

int cmd_upgrade(const struct invocation *i)
{
	g_auto(GStrv) parts = g_strsplit(g_ptr_array_index(i->arguments, 0), "/", 2);
	g_autoptr(invocation) up = as_up(i, parts);
	g_autoptr(GError) error = NULL;
	g_autoptr(source) s = source_read(up, &error);

	if (!s)
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	if (!dirs_hosts(i->lab))
		return report_error(EXIT_FAILED,
		                    "deployment upgrade: lab %s is not running (start it with `escarp up`)", i->lab);
	return deploy(up, s);
}
