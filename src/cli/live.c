/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include "cli/talk.h"
#include "lib/paths.h"
#include "model/life.h"
#include "store/store.h"

#include <string.h>

#define ANSWER_MS 10000

static struct node *request(const char *op)
{
	struct node *n = node_object();

	node_set(n, "op", node_string(op));
	return n;
}

struct node *live_status(const char *lab, GError **error)
{
	g_autofree char *socket = paths_control_socket(lab);

	return talk_ask(socket, request("status"), ANSWER_MS, error);
}

struct node *live_agents(const char *lab, const struct node *asked, guint hosts, GError **error)
{
	struct node *list = node_array();

	for (guint k = 0; k < hosts; k++) {
		g_autofree char *socket = paths_agent_socket(lab, k);
		g_autoptr(node) answer = talk_ask(socket, node_copy(asked), ANSWER_MS, error);
		struct node *mine;

		if (!answer) {
			node_unref(list);
			return NULL;
		}
		mine = node_copy(answer);
		node_set(mine, "host", node_int(k));
		node_append(list, mine);
	}
	return list;
}

static struct node *entry_node(const struct store_entry *e, GError **error)
{
	gsize n;
	const char *data = g_bytes_get_data(e->value, &n);

	return node_parse(data, n, e->key, error);
}

/* Resources by their ids; the controller keeps records of its own beside them. */
static gboolean take_entry(struct live *l, GPtrArray *documents, const struct store_entry *e, GError **error)
{
	gboolean is_alloc = strcmp(e->key, "/doc/alloc") == 0, is_life = strcmp(e->key, "/doc/life") == 0;
	g_autoptr(node) n = NULL;
	struct document *d;

	if (!is_alloc && !is_life && !g_str_has_prefix(e->key, "/doc/subscriptions/"))
		return TRUE;
	n = entry_node(e, error);
	if (!n)
		return FALSE;
	if (is_life) {
		node_unref(l->life);
		l->life = g_steal_pointer(&n);
		return TRUE;
	}
	if (is_alloc) {
		g_clear_pointer(&l->alloc, alloc_free);
		l->alloc = alloc_from_node(n, error);
		return l->alloc != NULL;
	}
	d = document_from_node(n, error);
	if (d)
		g_ptr_array_add(documents, d);
	return d != NULL;
}

static gboolean read_store(struct live *l, const char *lab, GError **error)
{
	g_autofree char *socket = paths_store_socket(lab);
	g_autofree char *address = g_strconcat("unix:", socket, NULL);
	g_autoptr(GPtrArray) entries = NULL, problems = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *documents = document_list_new();
	struct store *s = store_open(address, error);

	if (s) {
		entries = store_range(s, "/doc/", NULL, error);
		store_close(s);
	}
	for (guint i = 0; entries && i < entries->len; i++)
		if (!take_entry(l, documents, g_ptr_array_index(entries, i), error))
			g_clear_pointer(&entries, g_ptr_array_unref);
	if (!entries) {
		g_ptr_array_unref(documents);
		return FALSE;
	}
	l->graph = graph_build(documents, problems);
	if (!l->graph)
		g_set_error(error, CLI_ERROR, CLI_USAGE, "the stored documents make no network: %s",
		            problems->len ? (const char *)g_ptr_array_index(problems, 0) : "unknown reason");
	if (l->graph)
		graph_life(l->graph, l->life);
	return l->graph != NULL;
}

struct live *live_open(const char *lab, GError **error)
{
	g_autoptr(live) l = g_new0(struct live, 1);

	l->alloc = alloc_new();
	alloc_settings_init(&l->settings);
	l->status = live_status(lab, error);
	if (!l->status || !read_store(l, lab, error))
		return NULL;
	l->settings.hosts = MAX(1, node_length(node_get(l->status, "hosts")));
	return g_steal_pointer(&l);
}

void live_close(struct live *l)
{
	if (!l)
		return;
	g_clear_pointer(&l->graph, graph_free);
	g_clear_pointer(&l->alloc, alloc_free);
	node_unref(l->status);
	node_unref(l->life);
	g_free(l);
}
