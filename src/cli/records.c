/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/records.h"

#include "cli/live.h"

#include <string.h>

#define FOLLOW_US 500000

void record_copy(struct node *to, const char *name, const struct node *from, const char *member)
{
	struct node *value = node_get(from, member);

	if (value)
		node_set(to, name, node_ref(value));
}

char *record_protocol(const struct node *value)
{
	gint64 number = node_integer(value, -1);

	if (number < 0)
		return g_strdup(node_str(value, "?"));
	return number == 6    ? g_strdup("tcp")
	       : number == 17 ? g_strdup("udp")
	       : number == 1  ? g_strdup("icmp")
	                      : g_strdup_printf("%d", (int)number);
}

void record_tuple(struct node *to, const struct node *from)
{
	record_copy(to, "source", from, "source");
	record_copy(to, "source_port", from, "sourcePort");
	record_copy(to, "destination", from, "destination");
	record_copy(to, "destination_port", from, "destinationPort");
}

char *record_end(const struct node *record, const char *address, const char *port)
{
	return g_strdup_printf("%s:%d", node_get_str(record, address, "?"),
	                       (int)node_integer(node_get(record, port), 0));
}

struct node *records_collect(const char *lab, const struct record_kind *kind, const struct node *match, guint hosts,
                             GError **error)
{
	g_autoptr(node) asked = node_object(), answers = NULL;
	struct node *data;

	node_set(asked, "op", node_string(kind->op));
	if (match)
		node_set(asked, "match", node_copy(match));
	answers = live_agents(lab, asked, hosts, error);
	if (!answers)
		return NULL;
	data = node_object();
	for (const char *const *name = kind->lists; *name; name++)
		node_set(data, *name, node_array());
	for (guint i = 0; i < node_length(answers); i++)
		kind->take(data, node_item(answers, i), i);
	return data;
}

/* What changes in a counter, and what is no news at all. */
static const char *const counts[] = {"packets", "bytes", "back_packets", "back_bytes",
                                     "state",   "rules", "current",      NULL};
static const char *const passing[] = {"idle_ms", NULL};

static void remove_all(struct node *record, const char *const *names)
{
	for (; *names; names++)
		node_remove(record, *names);
}

/* What tells one record from another: everything of it, or for counters everything but the counts. */
static char *identity(const struct record_kind *kind, const struct node *record, gboolean with_counts)
{
	g_autoptr(node) copy = node_copy(record);

	remove_all(copy, passing);
	if (kind->counters && !with_counts)
		remove_all(copy, counts);
	return node_print(copy, FALSE);
}

/* The records that `seen` does not know. It becomes what is there now, so that it does not grow with what has been. */
static struct node *news(const struct record_kind *kind, const struct node *data, GHashTable **seen)
{
	GHashTable *now = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct node *fresh = node_object();

	for (const char *const *name = kind->lists; *name; name++) {
		const struct node *list = node_get(data, *name);
		struct node *kept = node_array();

		for (guint i = 0; i < node_length(list); i++) {
			char *key = identity(kind, node_item(list, i), FALSE);
			char *value = identity(kind, node_item(list, i), TRUE);

			if (g_strcmp0(g_hash_table_lookup(*seen, key), value) != 0)
				node_append(kept, node_ref(node_item(list, i)));
			g_hash_table_insert(now, key, value);
		}
		node_set(fresh, *name, kept);
	}
	g_hash_table_unref(*seen);
	*seen = now;
	return fresh;
}

static gboolean is_empty(const struct record_kind *kind, const struct node *data)
{
	for (const char *const *name = kind->lists; *name; name++)
		if (node_length(node_get(data, *name)))
			return FALSE;
	return TRUE;
}

static int follow(const struct invocation *i, const struct record_kind *kind, const struct node *match, guint hosts)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (;;) {
		g_autoptr(GError) error = NULL;
		g_autoptr(node) data = records_collect(i->lab, kind, match, hosts, &error);
		g_autoptr(node) fresh = NULL;

		if (!data)
			return report_error(EXIT_FAILED, "%s: %s", kind->op, error->message);
		fresh = news(kind, data, &seen);
		if (!is_empty(kind, fresh) && !report_line(&(struct report){fresh, kind->text}, i))
			return EXIT_FAILED;
		g_usleep(FOLLOW_US);
	}
}

int records_run(const struct invocation *i, const struct record_kind *kind)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) match = kind->match ? kind->match(i, &error) : NULL, status = NULL, data = NULL;
	guint hosts;

	if (error)
		return report_error(EXIT_BAD_INPUT, "%s: %s", kind->op, error->message);
	status = live_status(i->lab, &error);
	hosts = node_length(node_get(status, "hosts"));
	if (!status)
		return report_error(EXIT_FAILED, "%s: %s", kind->op, error->message);
	if (option_given(i, "follow"))
		return follow(i, kind, match, hosts);
	data = records_collect(i->lab, kind, match, hosts, &error);
	if (!data)
		return report_error(EXIT_FAILED, "%s: %s", kind->op, error->message);
	return report_show(&(struct report){data, kind->text}, i) ? EXIT_OK : EXIT_FAILED;
}
