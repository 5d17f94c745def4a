/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: a revisioned key-value map with compare-and-swap and watch, the one place where intent
 * is kept and the one way in which processes speak to each other.
 *
 * Concept. The interface is etcd v3's, reduced: every committed transaction that changes something
 * gets the next revision; a key remembers the revision of its creation and of its last change. A
 * transaction is a list of compares and a list of writes: all compares hold and all writes happen, or
 * nothing does. A watch delivers every change of a key range after a revision, in order, each exactly
 * once; when the store no longer has that history it says so (STORE_COMPACTED) and the watcher reads
 * the range again. What a call acknowledged is durable: it survives kill -9 and power loss.
 *
 * Keys are byte strings without NUL that start with '/', at most STORE_MAX_KEY bytes; values are bytes,
 * at most STORE_MAX_VALUE. A range is every key that starts with a prefix; keys come in byte order.
 *   /doc   documents and the records of what was allocated to them: the truth
 *   /run   what can be rebuilt: tables by host, acknowledgements
 *
 * Providers: sqlite.c (embedded, one process opens the file), socket.c (that process's store over a
 * Unix socket, which server.c offers), later etcd. A store is used by one thread. All calls are synchronous, except
 * watches, which deliver from the GLib main context that was the thread default when the watch was made.
 */
#pragma once
#include <glib.h>

#define STORE_MAX_KEY   1024u
#define STORE_MAX_VALUE (64u << 20)
#define STORE_MAX_OPS   20000u
#define STORE_MAX_TXN   (96u << 20) /* keys and values of one transaction together */

struct store;

struct store_entry {
	char *key;
	GBytes *value;
	gint64 create_revision;
	gint64 mod_revision;
};

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);
enum store_error {
	STORE_FAILED,    /* I/O, corruption, lost connection: the message says which */
	STORE_CONFLICT,  /* a compare did not hold; nothing was written */
	STORE_COMPACTED, /* the watch's start is older than the history kept */
	STORE_INVALID,   /* key, value or transaction outside the limits */
	STORE_DENIED,    /* the caller's role may not touch this key */
};

/* "sqlite:PATH" or "unix:PATH". NULL and error set on failure. */
struct store *store_open(const char *address, GError **error);
void store_close(struct store *s);

/* One key; NULL without error when it is absent. Free with store_entry_free. */
struct store_entry *store_get(struct store *s, const char *key, GError **error);
/* Every key with this prefix, in byte order: store_entry elements, freed with the array. *revision (may be NULL) is
 * the revision the answer is of: a watch from *revision + 1 misses nothing. */
GPtrArray *store_range(struct store *s, const char *prefix, gint64 *revision, GError **error);
/* Writes one key unconditionally; returns the new revision, 0 on error. */
gint64 store_put(struct store *s, const char *key, GBytes *value, GError **error);

/* Transactions: build, then commit (which frees it). */
struct store_txn;
struct store_txn *store_txn_new(void);
void store_txn_if_mod(struct store_txn *t, const char *key, gint64 mod_revision); /* 0: the key must be absent */
void store_txn_put(struct store_txn *t, const char *key, GBytes *value);
void store_txn_delete(struct store_txn *t, const char *key);
/* Returns the revision of the commit (the current one when it wrote nothing), 0 on error. No key may be written twice
 * in one transaction. When the connection breaks during a commit (STORE_FAILED), whether it happened is unknown. */
gint64 store_txn_commit(struct store *s, struct store_txn *t, GError **error);
void store_txn_free(struct store_txn *t); /* for a transaction that is not committed */

struct store_event {
	gint64 revision;
	char *key;
	GBytes *value; /* NULL: deleted */
};
/* Events of one revision arrive in one call, never split. error is set (once, last, with events NULL) when the watch
 * ends by itself. The watch may be freed from inside the call. */
typedef void (*store_watch_fn)(GPtrArray *events, const GError *error, gpointer user);
struct store_watch;
/* Changes with this prefix whose revision is at least from_revision. A start that is no longer kept fails here with
 * STORE_COMPACTED; a watch that falls too far behind later ends with it. Free watches before the store. */
struct store_watch *store_watch(struct store *s, const char *prefix, gint64 from_revision, store_watch_fn fn,
                                gpointer user, GError **error);
void store_watch_free(struct store_watch *w);

void store_entry_free(struct store_entry *e);
