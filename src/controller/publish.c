/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables to hosts, acknowledgements back. What was published is known by its hash; only hosts whose hash changed, or
 * who have not said yes to it, are written to. Writing a host's tables removes its acknowledgement in the same
 * transaction, so a yes that is seen later is a yes to these tables.
 */
#include "controller/internal.h"
#include <string.h>

/* Published in one transaction. */
#define BATCH_BYTES (32u << 20)
#define ACK_BYTES   (1u << 20)

static char *host_key(const char *kind, guint host)
{
	return g_strdup_printf("/run/%s/%u", kind, host);
}

/* K of "/run/ack/K" in its one spelling; FALSE for any other key. */
static gboolean host_of(const char *key, const char *kind, guint *host)
{
	g_autofree char *prefix = g_strdup_printf("/run/%s/", kind);
	guint64 n;
	if (!g_str_has_prefix(key, prefix) ||
	    !g_ascii_string_to_unsigned(key + strlen(prefix), 10, 0, G_MAXUINT16, &n, NULL))
		return FALSE;
	*host = (guint)n;
	g_autofree char *again = host_key(kind, *host);
	return !strcmp(again, key);
}

static void ack_clear(struct ack *a)
{
	g_clear_pointer(&a->hash, g_free);
	g_clear_pointer(&a->error, g_free);
	a->ok = FALSE;
}

enum ack_state publish_state(const struct controller *c, guint host)
{
	const struct ack *a = &c->acks[host];
	/* Tables that the host could not even read have no hash; saying yes to such is saying nothing. */
	if (a->hash && !*a->hash && !a->ok)
		return ACK_REFUSED;
	if (!a->hash || g_strcmp0(a->hash, c->published[host]))
		return ACK_WAITING;
	return a->ok ? ACK_OK : ACK_REFUSED;
}

/* Written by the host's agent: believed about that host only, and bounded. */
static void ack_take(struct controller *c, const char *key, GBytes *value)
{
	guint host;
	if (!host_of(key, "ack", &host) || host >= c->hosts)
		return;
	struct ack *a = &c->acks[host];
	ack_clear(a);
	gsize size = 0;
	const char *text = value ? g_bytes_get_data(value, &size) : NULL;
	if (!size || size > ACK_BYTES)
		return;
	g_autoptr(GError) error = NULL;
	g_autoptr(node) n = node_parse(text, size, key, &error);
	if (!n) {
		g_warning("%s", error->message);
		return;
	}
	a->hash = g_strdup(node_get_str(n, "hash", NULL));
	a->ok = node_truth(node_get(n, "ok"), FALSE);
	a->live_at = node_integer(node_get(n, "live_at"), 0);
	const char *why = node_get_str(n, "error", NULL);
	if (!a->ok)
		a->error = g_strdup(why && *why ? why : "no reason given");
}

static void acks_changed(GPtrArray *events, const GError *error, gpointer user)
{
	struct controller *c = user;
	if (error) {
		g_autoptr(GError) again = NULL;
		if (!publish_follow(c, &again))
			g_warning("acknowledgements are no longer seen: %s", again->message);
	}
	for (guint i = 0; events && i < events->len; i++) {
		const struct store_event *e = g_ptr_array_index(events, i);
		ack_take(c, e->key, e->value);
	}
	deploy_look(c);
}

gboolean publish_follow(struct controller *c, GError **error)
{
	gint64 revision;
	g_autoptr(GPtrArray) all = store_range(c->store, "/run/ack/", &revision, error);
	if (!all)
		return FALSE;
	g_clear_pointer(&c->ack_watch, store_watch_free);
	for (guint host = 0; host < c->hosts; host++)
		ack_clear(&c->acks[host]);
	for (guint i = 0; i < all->len; i++) {
		const struct store_entry *e = g_ptr_array_index(all, i);
		ack_take(c, e->key, e->value);
	}
	c->ack_watch = store_watch(c->store, "/run/ack/", revision + 1, acks_changed, c, error);
	return c->ack_watch != NULL;
}

/* What a host enforces while the documents do not compile is what was published last. */
static void remember(struct controller *c, guint host, GBytes *bytes)
{
	g_autoptr(tables) t = tables_parse(bytes, NULL);
	g_free(c->published[host]);
	c->published[host] = t ? tables_hash(t) : NULL;
}

gboolean publish_reset(struct controller *c, GError **error)
{
	static const char *const kinds[] = {"ack", "move", "moved", "tables"};
	struct store_txn *t = store_txn_new();
	for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
		g_autofree char *prefix = g_strdup_printf("/run/%s/", kinds[k]);
		g_autoptr(GPtrArray) all = store_range(c->store, prefix, NULL, error);
		if (!all) {
			store_txn_free(t);
			return FALSE;
		}
		for (guint i = 0; i < all->len; i++) {
			const struct store_entry *e = g_ptr_array_index(all, i);
			guint host;
			if (k + 1 < G_N_ELEMENTS(kinds) || !host_of(e->key, kinds[k], &host) || host >= c->hosts)
				store_txn_delete(t, e->key);
			else
				remember(c, host, e->value);
		}
	}
	return store_txn_commit(c->store, t, error) != 0;
}

static gboolean flush(struct controller *c, struct store_txn **t, GError **error)
{
	if (store_txn_commit(c->store, g_steal_pointer(t), error))
		return TRUE;
	g_prefix_error(error, "publishing tables: ");
	return FALSE;
}

/* The word about a move goes with the tables that it belongs to. */
static void add_host(struct controller *c, struct store_txn *t, guint host, const char *hash, GBytes *bytes,
                     GBytes *word)
{
	g_autofree char *to = host_key("tables", host), *ack = host_key("ack", host);
	g_autofree char *move = host_key("move", host), *moved = host_key("moved", host);
	store_txn_put(t, to, bytes);
	store_txn_delete(t, ack);
	store_txn_delete(t, moved);
	if (word)
		store_txn_put(t, move, word);
	else
		store_txn_delete(t, move);
	g_free(c->published[host]);
	c->published[host] = g_strdup(hash);
	ack_clear(&c->acks[host]);
}

gboolean publish_some(struct controller *c, struct plan *p, const struct publication *what, GError **error)
{
	struct store_txn *t = store_txn_new();
	gsize waiting = 0;
	gboolean ok = TRUE;
	for (guint host = 0; host < c->hosts && ok; host++) {
		if (what->only && *what->only != host)
			continue;
		gboolean same = !g_strcmp0(c->published[host], plan_hash(p, host));
		if (same && !what->all && publish_state(c, host) == ACK_OK)
			continue;
		struct tables *content = g_ptr_array_index(p->tables, host);
		content->revision = (guint64)what->revision;
		g_autoptr(GBytes) bytes = tables_serialize(content);
		if (waiting && waiting + g_bytes_get_size(bytes) > BATCH_BYTES) {
			ok = flush(c, &t, error);
			t = store_txn_new();
			waiting = 0;
		}
		waiting += g_bytes_get_size(bytes);
		add_host(c, t, host, plan_hash(p, host), bytes,
		         what->word && what->word_for == host ? what->word : NULL);
	}
	ok = ok && flush(c, &t, error);
	store_txn_free(t);
	if (!ok) {
		/* Which hosts were written to is not known: next time, all are. */
		for (guint host = 0; host < c->hosts; host++)
			g_clear_pointer(&c->published[host], g_free);
		return FALSE;
	}
	return TRUE;
}

gboolean publish(struct controller *c, struct plan *p, const struct publication *what, GError **error)
{
	if (!publish_some(c, p, what, error))
		return FALSE;
	if (c->plan != p)
		plan_free(c->plan);
	c->plan = p;
	c->revision = what->revision;
	return TRUE;
}

gboolean publish_word(struct controller *c, guint host, GBytes *word, GError **error)
{
	g_autofree char *key = host_key("move", host);
	return store_put(c->store, key, word, error) != 0;
}

GBytes *publish_report(struct controller *c, guint host, GError **error)
{
	g_autofree char *key = host_key("moved", host);
	struct store_entry *e = store_get(c->store, key, error);
	GBytes *bytes = e && e->value ? g_bytes_ref(e->value) : NULL;
	store_entry_free(e);
	return bytes;
}

void publish_free(struct controller *c)
{
	g_clear_pointer(&c->ack_watch, store_watch_free);
	for (guint host = 0; c->acks && host < c->hosts; host++) {
		ack_clear(&c->acks[host]);
		g_free(c->published[host]);
	}
	g_clear_pointer(&c->acks, g_free);
	g_clear_pointer(&c->published, g_free);
}
