/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/stored.h"
#include <string.h>

static void node_release(gpointer n)
{
	node_unref(n);
}

static struct stored *stored_new(void)
{
	struct stored *s = g_new0(struct stored, 1);
	s->documents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_release);
	return s;
}

void stored_free(struct stored *s)
{
	if (!s)
		return;
	g_hash_table_unref(s->documents);
	node_unref(s->alloc);
	node_unref(s->settings);
	node_unref(s->life);
	node_unref(s->events);
	node_unref(s->pending);
	g_free(s);
}

static void take(struct node **slot, struct node *n)
{
	node_unref(*slot);
	*slot = n;
}

struct stored *stored_read(struct store *store, GError **error)
{
	g_autoptr(stored) s = stored_new();
	g_autoptr(GPtrArray) all = store_range(store, "/doc/", &s->revision, error);
	if (!all)
		return NULL;
	for (guint i = 0; i < all->len; i++) {
		const struct store_entry *e = g_ptr_array_index(all, i);
		gsize size;
		const char *text = g_bytes_get_data(e->value, &size);
		struct node *n = node_parse(size ? text : "", size, e->key, error);
		if (!n)
			return NULL;
		if (!strcmp(e->key, KEY_ALLOC)) {
			take(&s->alloc, n);
			s->alloc_revision = e->mod_revision;
		} else if (!strcmp(e->key, KEY_SETTINGS)) {
			take(&s->settings, n);
		} else if (!strcmp(e->key, KEY_LIFE)) {
			take(&s->life, n);
		} else if (!strcmp(e->key, KEY_EVENTS)) {
			take(&s->events, n);
		} else if (!strcmp(e->key, KEY_PENDING)) {
			take(&s->pending, n);
			if (!live_parse(node_get_str(n, "live_flows", live_name(LIVE_REEVALUATE)), &s->live))
				s->live = LIVE_REEVALUATE;
		} else {
			g_hash_table_insert(s->documents, g_strdup(e->key), n);
		}
	}
	return g_steal_pointer(&s);
}

struct stored *stored_copy(const struct stored *s)
{
	struct stored *copy = stored_new();
	GHashTableIter i;
	gpointer key, value;
	g_hash_table_iter_init(&i, s->documents);
	while (g_hash_table_iter_next(&i, &key, &value))
		g_hash_table_insert(copy->documents, g_strdup(key), node_ref(value));
	copy->alloc = s->alloc ? node_ref(s->alloc) : NULL;
	copy->settings = s->settings ? node_ref(s->settings) : NULL;
	copy->life = s->life ? node_ref(s->life) : NULL;
	copy->events = s->events ? node_ref(s->events) : NULL;
	copy->alloc_revision = s->alloc_revision;
	copy->revision = s->revision;
	return copy;
}

static int text_order(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *keys_of(const struct stored *s)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter i;
	gpointer key;
	g_hash_table_iter_init(&i, s->documents);
	while (g_hash_table_iter_next(&i, &key, NULL))
		g_ptr_array_add(keys, g_strdup(key));
	g_ptr_array_sort(keys, text_order);
	return keys;
}

GPtrArray *stored_documents(const struct stored *s, GError **error)
{
	g_autoptr(GPtrArray) keys = keys_of(s);
	g_autoptr(GPtrArray) list = document_list_new();
	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);
		struct document *d = document_from_node(g_hash_table_lookup(s->documents, key), error);
		if (!d) {
			g_prefix_error(error, "%s: ", key);
			return NULL;
		}
		g_ptr_array_add(list, d);
	}
	return g_steal_pointer(&list);
}

GHashTable *stored_taps(const struct stored *s)
{
	GHashTable *taps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct node *list = node_get(s->settings, "taps");
	for (guint i = 0; i < node_length(list); i++) {
		const char *id = node_str(node_item(list, i), NULL);
		if (id)
			g_hash_table_add(taps, g_ascii_strdown(id, -1));
	}
	return taps;
}

struct node *stored_value(const struct stored *s, const char *key)
{
	if (!strcmp(key, KEY_ALLOC))
		return s->alloc;
	if (!strcmp(key, KEY_SETTINGS))
		return s->settings;
	if (!strcmp(key, KEY_LIFE))
		return s->life;
	if (!strcmp(key, KEY_EVENTS))
		return s->events;
	return g_hash_table_lookup(s->documents, key);
}

static gboolean same(const struct node *a, const struct node *b)
{
	return a == b || (a && b && node_equal(a, b));
}

GPtrArray *stored_difference(const struct stored *from, const struct stored *to)
{
	g_autoptr(GPtrArray) old = keys_of(from);
	g_autoptr(GPtrArray) new = keys_of(to);
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(new, g_strdup(KEY_ALLOC));
	g_ptr_array_add(new, g_strdup(KEY_SETTINGS));
	g_ptr_array_add(new, g_strdup(KEY_LIFE));
	g_ptr_array_add(new, g_strdup(KEY_EVENTS));
	for (guint i = 0; i < new->len; i++) {
		const char *key = g_ptr_array_index(new, i);
		if (!same(stored_value(from, key), stored_value(to, key)))
			g_ptr_array_add(keys, g_strdup(key));
	}
	for (guint i = 0; i < old->len; i++)
		if (!stored_value(to, g_ptr_array_index(old, i)))
			g_ptr_array_add(keys, g_strdup(g_ptr_array_index(old, i)));
	g_ptr_array_sort(keys, text_order);
	return keys;
}

static gboolean put_node(struct store_txn *t, const char *key, const struct node *n, GError **error)
{
	char *text = node_print(n, FALSE);
	gsize size = strlen(text);
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, size);
	if (size > NODE_MAX_BYTES) {
		g_set_error(error, STORE_ERROR, STORE_INVALID,
		            "%s would hold %" G_GSIZE_FORMAT
		            " bytes, more than can be read back; deploy in smaller parts",
		            key, size);
		return FALSE;
	}
	store_txn_put(t, key, bytes);
	return TRUE;
}

gint64 stored_commit(struct store *s, const struct stored *from, const struct stored *to, GError **error)
{
	g_autoptr(GPtrArray) keys = stored_difference(from, to);
	g_autoptr(node) pending = node_object();
	struct node *before = node_object();
	struct store_txn *t = store_txn_new();
	gboolean ok = TRUE, alloc_written = FALSE;
	node_set(pending, "before", before);
	node_set(pending, "live_flows", node_string(live_name(to->live)));
	store_txn_if_mod(t, KEY_ALLOC, from->alloc_revision);
	store_txn_if_mod(t, KEY_PENDING, 0);
	for (guint i = 0; i < keys->len && ok; i++) {
		const char *key = g_ptr_array_index(keys, i);
		struct node *old = stored_value(from, key), *new = stored_value(to, key);
		node_set(before, key, old ? node_ref(old) : node_null());
		alloc_written |= !strcmp(key, KEY_ALLOC);
		if (new)
			ok = put_node(t, key, new, error);
		else
			store_txn_delete(t, key);
	}
	if (ok && !alloc_written && to->alloc)
		ok = put_node(t, KEY_ALLOC, to->alloc, error);
	if (ok && put_node(t, KEY_PENDING, pending, error))
		return store_txn_commit(s, t, error);
	store_txn_free(t);
	return 0;
}

gint64 stored_restore(struct store *s, const struct node *pending, GError **error)
{
	const struct node *before = node_get(pending, "before");
	struct store_txn *t = store_txn_new();
	for (guint i = 0; i < node_length(before); i++) {
		const char *key = node_name(before, i);
		const struct node *old = node_value(before, i);
		if (!g_str_has_prefix(key, "/doc/") || !strcmp(key, KEY_PENDING))
			continue;
		if (old->type == NODE_NULL) {
			store_txn_delete(t, key);
		} else if (!put_node(t, key, old, error)) {
			store_txn_free(t);
			return 0;
		}
	}
	store_txn_delete(t, KEY_PENDING);
	return store_txn_commit(s, t, error);
}

gboolean stored_confirm(struct store *s, GError **error)
{
	struct store_txn *t = store_txn_new();
	store_txn_delete(t, KEY_PENDING);
	return store_txn_commit(s, t, error) != 0;
}
