/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/merge.h"
#include "lib/node.h"
#include <string.h>

void request_free(struct request *r)
{
	if (!r)
		return;
	g_free(r->subscription);
	g_free(r->group);
	g_free(r->action);
	g_free(r->name);
	g_free(r->other);
	g_clear_pointer(&r->documents, g_ptr_array_unref);
	g_clear_pointer(&r->taps, g_ptr_array_unref);
	g_free(r);
}

static gboolean invalid(GError **error, const char *what)
{
	g_set_error_literal(error, STORE_ERROR, STORE_INVALID, what);
	return FALSE;
}

static gboolean parse_documents(const struct node *list, struct request *r, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!list || list->type != NODE_ARRAY)
		return invalid(error, "deploy: \"documents\" must be a list");
	for (guint i = 0; i < node_length(list); i++) {
		struct document *d = document_from_node(node_item(list, i), error);
		if (!d)
			return FALSE;
		g_ptr_array_add(r->documents, d);
		char *key = document_key(d->id);
		if (strlen(key) > STORE_MAX_KEY) {
			g_set_error(error, STORE_ERROR, STORE_INVALID, "%.100s…: the id is longer than %u bytes", d->id,
			            STORE_MAX_KEY - 4);
			g_free(key);
			return FALSE;
		}
		if (!g_hash_table_add(seen, key)) {
			g_set_error(error, STORE_ERROR, STORE_INVALID,
			            "%s:%u: resource '%s' is declared twice in this deployment; keep one",
			            d->file ? d->file : "-", d->line, d->id);
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean parse_taps(const struct node *list, struct request *r, GError **error)
{
	if (list && list->type != NODE_ARRAY && list->type != NODE_NULL)
		return invalid(error, "deploy: \"settings.taps\" must be a list of VM ids");
	for (guint i = 0; i < node_length(list); i++) {
		const char *id = node_str(node_item(list, i), NULL);
		if (!id)
			return invalid(error, "deploy: \"settings.taps\" must be a list of VM ids");
		g_ptr_array_add(r->taps, g_strdup(id));
	}
	return TRUE;
}

static gboolean parse_life(const struct node *n, struct request *r, GError **error)
{
	r->action = g_strdup(node_get_str(n, "action", ""));
	r->name = g_strdup(node_get_str(n, "name", NULL));
	r->other = g_strdup(node_get_str(n, "other", NULL));
	r->release = node_truth(node_get(n, "release"), FALSE);
	return (r->name && *r->name) || invalid(error, "life: \"name\" must be given");
}

struct request *request_parse(const struct node *n, GError **error)
{
	g_autoptr(request) r = g_new0(struct request, 1);
	const char *mode = node_get_str(n, "mode", "incremental");
	r->subscription = g_strdup(node_get_str(n, "subscription", NULL));
	r->group = g_strdup(node_get_str(n, "group", NULL));
	r->documents = document_list_new();
	r->taps = g_ptr_array_new_with_free_func(g_free);
	r->complete = !strcmp(mode, "complete");
	r->upgrade = node_truth(node_get(n, "upgrade"), FALSE);
	r->dry_run = node_truth(node_get(n, "dry_run"), FALSE);
	gboolean life = !strcmp(node_get_str(n, "op", ""), "life");
	gboolean live_known = live_parse(node_get_str(n, "live_flows", live_name(LIVE_REEVALUATE)), &r->live);
	if (life ? live_known && parse_life(n, r, error) : FALSE)
		return g_steal_pointer(&r);
	if (life && live_known)
		return NULL;
	if (!r->complete && strcmp(mode, "incremental"))
		invalid(error, "deploy: \"mode\" must be \"incremental\" or \"complete\"");
	else if (!live_known)
		invalid(error, "deploy: \"live_flows\" must be \"reevaluate\", \"keep\" or \"kill\"");
	else if (!r->subscription || !*r->subscription || !r->group || !*r->group)
		invalid(error, "deploy: \"subscription\" and \"group\" must be given");
	else if (parse_documents(node_get(n, "documents"), r, error) &&
	         parse_taps(node_find(n, "settings.taps"), r, error))
		return g_steal_pointer(&r);
	return NULL;
}

static gboolean in_group(const struct document *d, const struct request *r)
{
	return d->group && !g_ascii_strcasecmp(d->subscription, r->subscription) &&
	       !g_ascii_strcasecmp(d->group, r->group);
}

/* Complete mode: what the group has and the deployment does not name goes. */
static gboolean drop_group(struct stored *s, const struct request *r, GError **error)
{
	g_autoptr(GPtrArray) all = stored_documents(s, error);
	if (!all)
		return FALSE;
	for (guint i = 0; i < all->len; i++) {
		const struct document *d = g_ptr_array_index(all, i);
		g_autofree char *key = document_key(d->id);
		if (in_group(d, r))
			g_hash_table_remove(s->documents, key);
	}
	return TRUE;
}

/*
 * A child resource ("…/networkSecurityGroups/g/securityRules/r") belongs to a list of its parent. Putting the parent with
 * that list replaces it, as in ARM: children deployed by themselves before are gone, unless the deployment names them too.
 * Were they kept, an allowing rule of old would stand beside, or instead of, the denying one in the new list.
 */
static gboolean is_replaced(const char *key, GHashTable *put)
{
	const char *name = strrchr(key, '/');
	const char *kind = name && name > key ? g_strrstr_len(key, name - key, "/") : NULL;
	if (!kind)
		return FALSE;
	g_autofree char *parent = g_strndup(key, (gsize)(kind - key));
	g_autofree char *list = g_strndup(kind + 1, (gsize)(name - kind - 1));
	const struct document *d = g_hash_table_lookup(put, parent);
	const struct node *value = d ? node_get(node_get(d->resource, "properties"), list) : NULL;
	return value && value->type == NODE_ARRAY;
}

static void drop_replaced_children(struct stored *s, const struct request *r)
{
	g_autoptr(GHashTable) put = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter i;
	gpointer key;
	for (guint k = 0; k < r->documents->len; k++) {
		const struct document *d = g_ptr_array_index(r->documents, k);
		g_hash_table_replace(put, document_key(d->id), (gpointer)d);
	}
	g_hash_table_iter_init(&i, s->documents);
	while (g_hash_table_iter_next(&i, &key, NULL))
		if (is_replaced(key, put))
			g_hash_table_iter_remove(&i);
}

static void merge_taps(struct stored *s, const struct request *r)
{
	if (!r->taps->len)
		return;
	g_autoptr(GHashTable) known = stored_taps(s);
	struct node *taps = node_array(), *old = node_get(s->settings, "taps");
	for (guint i = 0; i < node_length(old); i++)
		node_append(taps, node_ref(node_item(old, i)));
	for (guint i = 0; i < r->taps->len; i++) {
		const char *id = g_ptr_array_index(r->taps, i);
		if (g_hash_table_add(known, g_ascii_strdown(id, -1)))
			node_append(taps, node_string(id));
	}
	node_unref(s->settings);
	s->settings = node_object();
	node_set(s->settings, "taps", taps);
}

struct stored *merge(const struct stored *old, const struct request *r, GError **error)
{
	g_autoptr(stored) s = stored_copy(old);
	if (r->complete && !drop_group(s, r, error))
		return NULL;
	drop_replaced_children(s, r);
	for (guint i = 0; i < r->documents->len; i++) {
		const struct document *d = g_ptr_array_index(r->documents, i);
		g_hash_table_replace(s->documents, document_key(d->id), document_to_node(d));
	}
	merge_taps(s, r);
	s->live = r->live;
	return g_steal_pointer(&s);
}

void merge_report(const struct stored *old, const struct stored *new, struct node *answer)
{
	g_autoptr(GPtrArray) keys = stored_difference(old, new);
	struct node *added = node_array(), *changed = node_array(), *removed = node_array();
	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);
		const struct node *a = g_hash_table_lookup(old->documents, key);
		const struct node *b = g_hash_table_lookup(new->documents, key);
		if (!a && !b)
			continue; /* allocations and settings are no resources */
		struct node *id = node_string(node_get_str(b ? b : a, "id", key));
		if (a && b && node_equal(node_get(a, "resource"), node_get(b, "resource")))
			node_unref(id); /* the same resource at another place of its file */
		else
			node_append(!a ? added : !b ? removed : changed, id);
	}
	node_set(answer, "added", added);
	node_set(answer, "changed", changed);
	node_set(answer, "removed", removed);
}
