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

struct node *records_collect(const char *lab, const struct record_kind *kind, guint hosts, GError **error)
{
	g_autoptr(node) answers = live_agents(lab, kind->op, hosts, error);
	struct node *data;

	if (!answers)
		return NULL;
	data = node_object();
	for (const char *const *name = kind->lists; *name; name++)
		node_set(data, *name, node_array());
	for (guint i = 0; i < node_length(answers); i++)
		kind->take(data, node_item(answers, i), i);
	return data;
}

/* What tells one record from another: everything of it, or for counters everything but the counts. */
static char *identity(const struct record_kind *kind, const struct node *record, gboolean with_counts)
{
	g_autoptr(node) copy = node_copy(record);

	if (kind->counters && !with_counts) {
		node_remove(copy, "packets");
		node_remove(copy, "bytes");
	}
	return node_print(copy, FALSE);
}

/* The records that `seen` does not know; it learns them. */
static struct node *news(const struct record_kind *kind, const struct node *data, GHashTable *seen)
{
	struct node *fresh = node_object();

	for (const char *const *name = kind->lists; *name; name++) {
		const struct node *list = node_get(data, *name);
		struct node *kept = node_array();

		for (guint i = 0; i < node_length(list); i++) {
			char *key = identity(kind, node_item(list, i), FALSE);
			char *value = identity(kind, node_item(list, i), TRUE);

			if (g_strcmp0(g_hash_table_lookup(seen, key), value) != 0)
				node_append(kept, node_ref(node_item(list, i)));
			g_hash_table_insert(seen, key, value);
		}
		node_set(fresh, *name, kept);
	}
	return fresh;
}

static gboolean is_empty(const struct record_kind *kind, const struct node *data)
{
	for (const char *const *name = kind->lists; *name; name++)
		if (node_length(node_get(data, *name)))
			return FALSE;
	return TRUE;
}

static int follow(const struct invocation *i, const struct record_kind *kind, guint hosts)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (;;) {
		g_autoptr(GError) error = NULL;
		g_autoptr(node) data = records_collect(i->lab, kind, hosts, &error);
		g_autoptr(node) fresh = NULL;

		if (!data)
			return report_error(EXIT_FAILED, "%s: %s", kind->op, error->message);
		fresh = news(kind, data, seen);
		if (!is_empty(kind, fresh) && !report_line(&(struct report){fresh, kind->text}, i))
			return EXIT_FAILED;
		g_usleep(FOLLOW_US);
	}
}

int records_run(const struct invocation *i, const struct record_kind *kind)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) status = live_status(i->lab, &error);
	guint hosts = node_length(node_get(status, "hosts"));
	g_autoptr(node) data = NULL;

	if (!status)
		return report_error(EXIT_FAILED, "%s: %s", kind->op, error->message);
	if (option_given(i, "follow"))
		return follow(i, kind, hosts);
	data = records_collect(i->lab, kind, hosts, &error);
	if (!data)
		return report_error(EXIT_FAILED, "%s: %s", kind->op, error->message);
	return report_show(&(struct report){data, kind->text}, i) ? EXIT_OK : EXIT_FAILED;
}
