/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /doc holds, in memory, and the difference between two states of it.
 *
 * A state is immutable JSON by key, so a merged copy shares everything that did not change, and the difference of two
 * states is the transaction that leads from one to the other; backwards, it is the way back.
 */
#pragma once
#include "compile/live.h"
#include "lib/document.h"
#include "store/store.h"

#define KEY_ALLOC    "/doc/alloc"
#define KEY_SETTINGS "/doc/settings"
#define KEY_EVENTS   "/doc/events"
#define KEY_LIFE     "/doc/life"
#define KEY_PENDING  "/doc/pending"

struct stored {
	GHashTable *documents; /* key -> struct node in store form */
	struct node *alloc;    /* NULL: nothing was allocated yet */
	struct node *settings; /* {"taps": [VM ids]}; NULL: none */
	struct node *life;     /* what runs and what is open: model/life.h; NULL: all of it */
	struct node *events;   /* list, the oldest first: events.h; NULL: none */
	struct node
	        *pending; /* {"before": {key: value or null}, "live_flows": mode}; NULL: no deployment is unfinished */
	enum live_flows live;  /* of the deployment that made this state, while it is unfinished */
	gint64 alloc_revision; /* of KEY_ALLOC: every deployment writes it, so it orders them */
	gint64 revision;       /* of the store */
};

struct stored *stored_read(struct store *s, GError **error);
/* Another state with the same content; pending is not copied. */
struct stored *stored_copy(const struct stored *s);
void stored_free(struct stored *s);
typedef struct stored stored;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(stored, stored_free)

/* The documents as a list in order of key. */
GPtrArray *stored_documents(const struct stored *s, GError **error);
/* Set of the tapped VMs' ids in lower case. */
GHashTable *stored_taps(const struct stored *s);

/* Keys whose value differs, sorted. */
GPtrArray *stored_difference(const struct stored *from, const struct stored *to);
/* Value of a key, NULL when absent. Borrowed. */
struct node *stored_value(const struct stored *s, const char *key);

/* Writes `to` over `from`, provided that nobody wrote allocations since; with a pending record of what was there and of
 * what becomes of live flows: whoever publishes it after a crash must not judge anew what was to be kept. The
 * new revision, 0 on error. */
gint64 stored_commit(struct store *s, const struct stored *from, const struct stored *to, GError **error);
/* Restores what the pending record says and removes it, in one transaction. */
gint64 stored_restore(struct store *s, const struct node *pending, GError **error);
/* The deployment is in force: there is no way back any more. */
gboolean stored_confirm(struct store *s, GError **error);
