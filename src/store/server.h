/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offers a store over a Unix socket, so that the embedded store's one owner serves every other
 * process. Each connection has a role, decided by the peer's credentials, and a role is confined to
 * the key ranges that the table below it names.
 */
#pragma once
#include "store.h"
#include <sys/types.h>

/*
 * What peers cannot do: send a message larger than their role needs, hold more than a few connections, or make the
 * owner keep events for them: a watch that is not read is stopped and resumed from the history, and a peer that takes
 * nothing for STORE_SERVER_PATIENCE seconds while something waits for it is cut off.
 */
#define STORE_SERVER_PATIENCE 30u

struct store_grant {
	uid_t uid;          /* who (SO_PEERCRED) */
	const char *prefix; /* this key and everything below it ("/run/ack/1" is not "/run/ack/10"); "/": all keys */
	gboolean write;     /* reading is always included */
};

struct store_server;
/* Listens on `path` (mode 0666: who may do what is the grants' business), on the default main context (the thread's,
 * where it has one). The grants are copied; a uid without a grant for a key is answered STORE_DENIED. A range or watch
 * may start at what is granted, and then is of the granted keys only. The store must outlive the server. */
struct store_server *store_server_new(struct store *s, const char *path, const struct store_grant *grants, gsize count,
                                      GError **error);
void store_server_free(struct store_server *v);
/* Another patience, for tests. */
void store_server_set_patience(struct store_server *v, guint seconds);
