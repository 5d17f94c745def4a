/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a provider of the store implements.
 *
 * Callers see store.h, providers see this. store.c stands between them: it checks every key, value and
 * transaction against the limits of store.h before a provider sees it, so a provider only has to be right about
 * what it stores. The meaning of every call is store.h's; what a provider may rely on besides:
 *   - no key occurs in two writes of one transaction (etcd refuses that, so all providers do), hence the order of
 *     writes has no meaning; a key may be compared and written;
 *   - a transaction that deletes only absent keys changes nothing and takes no revision;
 *   - from_revision of a watch is at least 1.
 * A store is used by one thread; watches deliver on the thread-default main context of their maker.
 */
#pragma once
#include "store/store.h"

struct store_ops {
	struct store *(*open)(const char *path, GError **error);
	void (*close)(struct store *s); /* watches still open fall silent; they are freed by their owners */
	struct store_entry *(*get)(struct store *s, const char *key, GError **error);
	GPtrArray *(*range)(struct store *s, const char *prefix, gint64 *revision, GError **error);
	gint64 (*commit)(struct store *s, const struct store_txn *t, GError **error);
	struct store_watch *(*watch)(struct store *s, const char *prefix, gint64 from_revision, store_watch_fn fn,
	                             gpointer user, GError **error);
	void (*watch_free)(struct store_watch *w);
};

/* First member of every provider's own structure. */
struct store {
	const struct store_ops *ops;
};
struct store_watch {
	const struct store_ops *ops;
};

struct txn_compare {
	char *key;
	gint64 mod_revision; /* 0: absent */
};
struct txn_write {
	char *key;
	GBytes *value; /* NULL: delete */
};
struct store_txn {
	GArray *compares;    /* struct txn_compare */
	GArray *writes;      /* struct txn_write */
	GHashTable *written; /* keys of writes, borrowed: finds a second write of one key */
	gsize bytes;         /* keys and values together */
	GError *invalid;     /* the first limit that was passed while building */
};

extern const struct store_ops sqlite_store_ops;
extern const struct store_ops socket_store_ops;

/* A key: starts with '/', ends within STORE_MAX_KEY. A prefix obeys the same rule. */
gboolean store_key_valid(const char *key, GError **error);
struct store_entry *store_entry_new(const char *key, gsize length, GBytes *value, gint64 create, gint64 mod);
/* Array that frees its store_entry elements. */
GPtrArray *store_entries_new(void);
/* Array that frees its store_event elements. */
GPtrArray *store_events_new(void);
/* Takes the reference to value. */
void store_events_add(GPtrArray *events, gint64 revision, const char *key, gsize length, GBytes *value);
