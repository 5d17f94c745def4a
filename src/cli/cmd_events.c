/* SPDX-License-Identifier: Apache-2.0 */
/* escarp events: single drops and what the controller has to tell, as they were recorded, and with --follow as they come. */
#include "cli/commands.h"
#include "cli/live.h"
#include "cli/records.h"
#include "cli/talk.h"
#include "lib/paths.h"

#include <poll.h>
#include <string.h>

#define ANSWER_MS 10000
#define FOLLOW_MS 1000

static char *time_text(gint64 milliseconds)
{
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_local(milliseconds / 1000);
	g_autofree char *text = t ? g_date_time_format(t, "%F %T") : NULL;

	return text ? g_strdup_printf("%s.%03d", text, (int)(milliseconds % 1000)) : g_strdup("-");
}

/* An address that others name was given back. */
static void released_text(const struct node *e, const char *time, GString *out)
{
	const struct node *named = node_get(e, "named_by");

	g_string_append_printf(out, "%s  address %s was given back by %s, and is named by others:\n", time,
	                       node_get_str(e, "address", "?"), node_get_str(e, "owner", "?"));
	for (guint i = 0; i < node_length(named); i++)
		g_string_append_printf(out, "    %s: %s\n", node_get_str(node_item(named, i), "place", "?"),
		                       node_get_str(node_item(named, i), "what", "?"));
}

/* A member of a pool that its prober has found down, or up again. */
static void health_text(const struct node *e, const char *time, GString *out)
{
	const char *why = node_get_str(e, "why", "");

	g_string_append_printf(out, "%s  %s (host %d)  %s  %s%s%s\n", time, node_get_str(e, "port", "?"),
	                       (int)node_integer(node_get(e, "host"), 0), node_get_str(e, "kind", "?"),
	                       node_get_str(e, "probe", "?"), *why ? ": " : "", why);
}

static void event_text(const struct node *e, GString *out)
{
	g_autofree char *time = time_text(node_integer(node_get(e, "time"), 0));

	if (g_str_has_prefix(node_get_str(e, "kind", ""), "probe-")) {
		health_text(e, time, out);
		return;
	}
	if (strcmp(node_get_str(e, "kind", ""), "drop") != 0) {
		released_text(e, time, out);
		return;
	}
	g_autofree char *from = record_end(e, "source", "source_port");
	g_autofree char *to = record_end(e, "destination", "destination_port");
	g_autofree char *rules = report_join(node_get(e, "rules"));

	g_string_append_printf(out, "%s  %s (host %d, %s)  %s  %s %s -> %s%s%s\n", time, node_get_str(e, "port", "?"),
	                       (int)node_integer(node_get(e, "host"), 0), node_get_str(e, "direction", "?"),
	                       node_get_str(e, "verdict", "?"), node_get_str(e, "protocol", "?"), from, to,
	                       node_length(node_get(e, "rules")) ? "  by " : "",
	                       node_length(node_get(e, "rules")) ? rules : "");
}

static void events_text(const struct node *data, GString *out)
{
	const struct node *events = node_get(data, "events");

	for (guint i = 0; i < node_length(events); i++)
		event_text(node_item(events, i), out);
	if (!node_length(events))
		g_string_append(out, "No events.\n");
}

static struct node *event_node(const struct node *line, guint host)
{
	static const char *const same[] = {"time", "port", "verdict", "direction", "rules", "places", NULL};
	struct node *n = node_object();

	node_set(n, "kind", node_string("drop"));
	node_set(n, "host", node_int(host));
	node_set(n, "protocol", node_take_string(record_protocol(node_get(line, "protocol"))));
	record_tuple(n, line);
	for (const char *const *name = same; *name; name++)
		record_copy(n, *name, line, *name);
	return n;
}

static struct talk *listen_to(const char *lab, guint host, gboolean follow, GError **error)
{
	g_autofree char *socket = paths_agent_socket(lab, host);
	struct node *request = node_object();

	node_set(request, "op", node_string("events"));
	node_set(request, "follow", node_bool(follow));
	return talk_open(socket, request, error);
}

static int by_time(gconstpointer a, gconstpointer b)
{
	gint64 x = node_integer(node_get(*(struct node *const *)a, "time"), 0);
	gint64 y = node_integer(node_get(*(struct node *const *)b, "time"), 0);

	return (x > y) - (x < y);
}

static gboolean collect_host(GPtrArray *list, const char *lab, guint host, GError **error)
{
	g_autoptr(talk) t = listen_to(lab, host, FALSE, error);
	g_autoptr(GError) why = NULL;
	struct node *line;

	if (!t)
		return FALSE;
	while ((line = talk_next(t, ANSWER_MS, &why))) {
		g_ptr_array_add(list, event_node(line, host));
		node_unref(line);
	}
	if (why)
		g_propagate_error(error, g_steal_pointer(&why));
	return !why;
}

/* What the controller has to tell, the oldest first; NULL and error. */
static struct node *told(const char *lab, GError **error)
{
	g_autofree char *socket = paths_control_socket(lab);
	struct node *request = node_object();

	node_set(request, "op", node_string("events"));
	return talk_ask(socket, request, ANSWER_MS, error);
}

static gboolean collect_told(GPtrArray *list, const char *lab, GError **error)
{
	g_autoptr(node) answer = told(lab, error);
	const struct node *events = node_get(answer, "events");

	for (guint i = 0; i < node_length(events); i++)
		g_ptr_array_add(list, node_ref(node_item(events, i)));
	return answer != NULL;
}

static int show_kept(const struct invocation *i, guint hosts)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)node_unref);
	g_autoptr(node) data = node_object();
	g_autoptr(GError) error = NULL;
	struct node *events = node_array();

	node_set(data, "events", events);
	for (guint host = 0; host < hosts; host++)
		if (!collect_host(list, i->lab, host, &error))
			return report_error(EXIT_FAILED, "events: %s", error->message);
	if (!collect_told(list, i->lab, &error))
		return report_error(EXIT_FAILED, "events: %s", error->message);
	g_ptr_array_sort(list, by_time);
	for (guint k = 0; k < list->len; k++)
		node_append(events, node_ref(g_ptr_array_index(list, k)));
	return report_show(&(struct report){data, events_text}, i) ? EXIT_OK : EXIT_FAILED;
}

/* Everything that one host has said by now. */
static gboolean show_lines(const struct invocation *i, struct talk *t, guint host, GError **error)
{
	do {
		g_autoptr(node) line = talk_next(t, ANSWER_MS, error);
		g_autoptr(node) event = line ? event_node(line, host) : NULL;

		if (!event && error && !*error)
			g_set_error(error, CLI_ERROR, CLI_USAGE, "host %u went away", host);
		if (!event || !report_line(&(struct report){event, event_text}, i))
			return FALSE;
	} while (talk_pending(t));
	return TRUE;
}

/* What the controller tells that `seen` does not have; it is asked, since it is seldom that it has anything to tell. */
static gboolean show_told(const struct invocation *i, GHashTable *seen, gboolean quietly, GError **error)
{
	g_autoptr(node) answer = told(i->lab, error);
	const struct node *events = node_get(answer, "events");

	for (guint k = 0; k < node_length(events); k++) {
		struct node *e = node_item(events, k);

		if (g_hash_table_add(seen, node_print(e, FALSE)) && !quietly &&
		    !report_line(&(struct report){e, event_text}, i))
			return FALSE;
	}
	return answer != NULL;
}

/* However many drops come, the controller is asked once in a while, and not more often. */
static gboolean is_due(gint64 *last)
{
	gint64 now = g_get_monotonic_time();

	if (now - *last < FOLLOW_MS * 1000)
		return FALSE;
	*last = now;
	return TRUE;
}

static int follow(const struct invocation *i, guint hosts)
{
	struct pollfd polls[CLI_MAX_HOSTS];
	g_autoptr(GPtrArray) talks = g_ptr_array_new_with_free_func((GDestroyNotify)talk_close);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GError) error = NULL;
	gint64 asked = 0;

	for (guint host = 0; host < hosts; host++) {
		struct talk *t = listen_to(i->lab, host, TRUE, &error);

		if (!t)
			return report_error(EXIT_FAILED, "events: %s", error->message);
		g_ptr_array_add(talks, t);
		polls[host] = (struct pollfd){talk_fd(t), POLLIN, 0};
	}
	if (!show_told(i, seen, TRUE, &error))
		return report_error(EXIT_FAILED, "events: %s", error->message);
	while (poll(polls, hosts, FOLLOW_MS) >= 0) {
		for (guint host = 0; host < hosts; host++)
			if (polls[host].revents && !show_lines(i, g_ptr_array_index(talks, host), host, &error))
				return error ? report_error(EXIT_FAILED, "events: %s", error->message) : EXIT_FAILED;
		if (is_due(&asked) && !show_told(i, seen, FALSE, &error))
			return error ? report_error(EXIT_FAILED, "events: %s", error->message) : EXIT_FAILED;
	}
	return EXIT_FAILED;
}

int cmd_events(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) status = live_status(i->lab, &error);
	guint hosts = MIN(node_length(node_get(status, "hosts")), CLI_MAX_HOSTS);

	if (!status)
		return report_error(EXIT_FAILED, "events: %s", error->message);
	return option_given(i, "follow") ? follow(i, hosts) : show_kept(i, hosts);
}
