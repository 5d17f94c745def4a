/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the provider of an address and holds every call to the limits before the provider sees it. */
#include "store/store-provider.h"
#include <string.h>

G_DEFINE_QUARK(escarp - store - error, store_error)

static const struct {
	const char *scheme;
	const struct store_ops *ops;
} providers[] = {
        {"sqlite:", &sqlite_store_ops},
        {"unix:", &socket_store_ops},
};

struct store *store_open(const char *address, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(providers); i++) {
		const char *scheme = providers[i].scheme;
		if (g_str_has_prefix(address, scheme) && address[strlen(scheme)])
			return providers[i].ops->open(address + strlen(scheme), error);
	}
	g_set_error(error, STORE_ERROR, STORE_INVALID, "store: no such address '%s'; write sqlite:PATH or unix:PATH",
	            address);
	return NULL;
}

void store_close(struct store *s)
{
	if (s)
		s->ops->close(s);
}

gboolean store_key_valid(const char *key, GError **error)
{
	if (!key || key[0] != '/') {
		g_set_error_literal(error, STORE_ERROR, STORE_INVALID, "store: a key starts with '/'");
		return FALSE;
	}
	if (strnlen(key, STORE_MAX_KEY + 1) > STORE_MAX_KEY) {
		g_set_error(error, STORE_ERROR, STORE_INVALID, "store: key '%.60s…' is longer than %u bytes", key,
		            STORE_MAX_KEY);
		return FALSE;
	}
	return TRUE;
}

struct store_entry *store_get(struct store *s, const char *key, GError **error)
{
	return store_key_valid(key, error) ? s->ops->get(s, key, error) : NULL;
}

GPtrArray *store_range(struct store *s, const char *prefix, gint64 *revision, GError **error)
{
	return store_key_valid(prefix, error) ? s->ops->range(s, prefix, revision, error) : NULL;
}

gint64 store_put(struct store *s, const char *key, GBytes *value, GError **error)
{
	struct store_txn *t = store_txn_new();
	store_txn_put(t, key, value);
	return store_txn_commit(s, t, error);
}

static void compare_clear(gpointer p)
{
	g_free(((struct txn_compare *)p)->key);
}

static void write_clear(gpointer p)
{
	struct txn_write *w = p;
	g_free(w->key);
	g_clear_pointer(&w->value, g_bytes_unref);
}

struct store_txn *store_txn_new(void)
{
	struct store_txn *t = g_new0(struct store_txn, 1);
	t->compares = g_array_new(FALSE, FALSE, sizeof(struct txn_compare));
	t->writes = g_array_new(FALSE, FALSE, sizeof(struct txn_write));
	g_array_set_clear_func(t->compares, compare_clear);
	g_array_set_clear_func(t->writes, write_clear);
	t->written = g_hash_table_new(g_str_hash, g_str_equal);
	return t;
}

void store_txn_free(struct store_txn *t)
{
	if (!t)
		return;
	g_hash_table_unref(t->written);
	g_array_unref(t->compares);
	g_array_unref(t->writes);
	g_clear_error(&t->invalid);
	g_free(t);
}

/* A transaction that has passed a limit stays small: nothing more is taken in. */
static gboolean txn_accepts(struct store_txn *t, const char *key, gsize size)
{
	if (t->invalid || !store_key_valid(key, &t->invalid))
		return FALSE;
	if (t->compares->len + t->writes->len >= STORE_MAX_OPS) {
		g_set_error(&t->invalid, STORE_ERROR, STORE_INVALID, "store: a transaction has at most %u operations",
		            STORE_MAX_OPS);
		return FALSE;
	}
	if (size > STORE_MAX_VALUE) {
		g_set_error(&t->invalid, STORE_ERROR, STORE_INVALID, "store: value of '%s' is larger than %u bytes",
		            key, STORE_MAX_VALUE);
		return FALSE;
	}
	t->bytes += strlen(key) + size;
	if (t->bytes > STORE_MAX_TXN) {
		g_set_error(&t->invalid, STORE_ERROR, STORE_INVALID, "store: a transaction has at most %u bytes",
		            STORE_MAX_TXN);
		return FALSE;
	}
	return TRUE;
}

void store_txn_if_mod(struct store_txn *t, const char *key, gint64 mod_revision)
{
	if (!txn_accepts(t, key, 0))
		return;
	struct txn_compare c = {g_strdup(key), mod_revision};
	g_array_append_val(t->compares, c);
}

static void txn_write(struct store_txn *t, const char *key, GBytes *value)
{
	if (!txn_accepts(t, key, value ? g_bytes_get_size(value) : 0))
		return;
	struct txn_write w = {g_strdup(key), value ? g_bytes_ref(value) : NULL};
	if (!g_hash_table_add(t->written, w.key)) {
		g_set_error(&t->invalid, STORE_ERROR, STORE_INVALID, "store: a transaction writes '%s' twice", key);
		/* The table now holds the new string in place of the old one: keep both alive in the array. */
	}
	g_array_append_val(t->writes, w);
}

void store_txn_put(struct store_txn *t, const char *key, GBytes *value)
{
	txn_write(t, key, value);
}

void store_txn_delete(struct store_txn *t, const char *key)
{
	txn_write(t, key, NULL);
}

gint64 store_txn_commit(struct store *s, struct store_txn *t, GError **error)
{
	gint64 revision = 0;
	if (t->invalid)
		g_propagate_error(error, g_steal_pointer(&t->invalid));
	else
		revision = s->ops->commit(s, t, error);
	store_txn_free(t);
	return revision;
}

struct store_watch *store_watch(struct store *s, const char *prefix, gint64 from_revision, store_watch_fn fn,
                                gpointer user, GError **error)
{
	if (!store_key_valid(prefix, error))
		return NULL;
	return s->ops->watch(s, prefix, MAX(from_revision, 1), fn, user, error);
}

void store_watch_free(struct store_watch *w)
{
	if (w)
		w->ops->watch_free(w);
}

struct store_entry *store_entry_new(const char *key, gsize length, GBytes *value, gint64 create, gint64 mod)
{
	struct store_entry *e = g_new0(struct store_entry, 1);
	e->key = g_strndup(key, length);
	e->value = value;
	e->create_revision = create;
	e->mod_revision = mod;
	return e;
}

void store_entry_free(struct store_entry *e)
{
	if (!e)
		return;
	g_free(e->key);
	g_bytes_unref(e->value);
	g_free(e);
}

GPtrArray *store_entries_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)store_entry_free);
}

static void event_free(gpointer p)
{
	struct store_event *e = p;
	g_free(e->key);
	g_clear_pointer(&e->value, g_bytes_unref);
	g_free(e);
}

GPtrArray *store_events_new(void)
{
	return g_ptr_array_new_with_free_func(event_free);
}

void store_events_add(GPtrArray *events, gint64 revision, const char *key, gsize length, GBytes *value)
{
	struct store_event *e = g_new0(struct store_event, 1);
	e->revision = revision;
	e->key = g_strndup(key, length);
	e->value = value;
	g_ptr_array_add(events, e);
}
