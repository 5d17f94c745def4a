/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/deploy.h"

#include "cli/report.h"
#include "cli/talk.h"
#include "lib/document.h"
#include "lib/paths.h"

#include <stdio.h>
#include <string.h>

/* The controller itself gives up after 60 s; this is for one that hangs. */
#define DEPLOY_MS 120000

#define VM_TYPE "microsoft.compute/virtualmachines"

static gboolean names(const struct document *d, const char *wanted)
{
	g_autofree char *in_group = g_strdup_printf("%s/%s", d->group, d->name);
	g_autofree char *in_subscription = g_strdup_printf("%s/%s", d->subscription, in_group);

	return strcmp(d->type, VM_TYPE) == 0 &&
	       (g_ascii_strcasecmp(wanted, d->name) == 0 || g_ascii_strcasecmp(wanted, in_group) == 0 ||
	        g_ascii_strcasecmp(wanted, in_subscription) == 0);
}

static struct node *taps_node(const struct source *s, const GPtrArray *wanted, GError **error)
{
	struct node *list = node_array();

	for (guint k = 0; k < wanted->len; k++) {
		const char *name = g_ptr_array_index(wanted, k);
		const struct document *found = NULL;

		for (guint d = 0; d < s->documents->len && !found; d++)
			if (names(g_ptr_array_index(s->documents, d), name))
				found = g_ptr_array_index(s->documents, d);
		if (!found) {
			g_set_error(error, CLI_ERROR, CLI_USAGE,
			            "--tap '%.80s': no instance of the templates has this name", name);
			node_unref(list);
			return NULL;
		}
		node_append(list, node_string(found->id));
	}
	return list;
}

struct node *deploy_request(const struct invocation *i, const struct source *s, gboolean dry_run, GError **error)
{
	g_autoptr(node) request = node_object();
	struct node *documents = node_array();

	node_set(request, "op", node_string("deploy"));
	node_set(request, "subscription", node_string(s->subscription));
	node_set(request, "group", node_string(s->group));
	node_set(request, "mode", node_string(option_text(i, "mode", "incremental")));
	node_set(request, "live_flows", node_string(option_text(i, "live-flows", "reevaluate")));
	if (strcmp(i->command->name, "deployment upgrade") == 0)
		node_set(request, "upgrade", node_bool(TRUE));
	if (dry_run)
		node_set(request, "dry_run", node_bool(TRUE));
	for (guint k = 0; k < s->documents->len; k++)
		node_append(documents, document_to_node(g_ptr_array_index(s->documents, k)));
	node_set(request, "documents", documents);
	if (option_given(i, "tap")) {
		struct node *settings = node_object(), *taps = taps_node(s, option_list(i, "tap"), error);

		node_set(request, "settings", settings);
		if (!taps)
			return NULL;
		node_set(settings, "taps", taps);
	}
	return g_steal_pointer(&request);
}

struct node *deploy_send(const struct invocation *i, struct node *request, GError **error)
{
	g_autofree char *socket = paths_control_socket(i->lab);
	g_autoptr(talk) t = talk_open(socket, request, error);

	while (t) {
		g_autoptr(GError) why = NULL;
		g_autoptr(node) line = talk_next(t, DEPLOY_MS, &why);
		const char *progress = node_get_str(line, "progress", NULL);

		if (why) {
			g_propagate_error(error, g_steal_pointer(&why));
			return NULL;
		}
		if (!line) {
			g_set_error(error, CLI_ERROR, CLI_USAGE, "%s: the controller went away", socket);
			return NULL;
		}
		if (!progress)
			return g_steal_pointer(&line);
		g_autofree char *shown = report_clean(progress);
		fprintf(stderr, "%s\n", shown);
	}
	return NULL;
}
