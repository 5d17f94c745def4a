/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offers a store over a Unix socket, so that the embedded store's one owner serves every other
 * process. Each connection has a role, decided by the peer's credentials, and a role is confined to
 * the key ranges that the table below it names.
 */
#pragma once
#include "store.h"
#include <sys/types.h>

struct store_grant {
	uid_t uid;          /* who (SO_PEERCRED) */
	const char *prefix; /* which keys */
	gboolean write;     /* reading is always included */
};

struct store_server;
/* Listens on `path` (mode 0666: who may do what is the grants' business), on the default main context. The grants are copied;
 * a uid without a grant for a key is answered STORE_DENIED. */
struct store_server *store_server_new(struct store *s, const char *path, const struct store_grant *grants, gsize count,
                                      GError **error);
void store_server_free(struct store_server *v);
