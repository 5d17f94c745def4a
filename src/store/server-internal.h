/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server in two halves: server.c listens, knows roles and watches the clock; connection.c talks to one peer.
 */
#pragma once
#include "store/server.h"
#include "store/wire.h"

#define SERVER_CONNECTIONS         256u
#define SERVER_CONNECTIONS_PER_UID 32u
/* The largest request of a peer that may write nothing. */
#define SERVER_READER_FRAME (64u << 10)
/* With this much waiting, a watch stops until the peer has taken it. */
#define SERVER_WATCH_BACKLOG (1u << 20)
/* A part of a range: as many entries as pass this size. */
#define SERVER_PART_BYTES (4u << 20)

struct server_role {
	uid_t uid;
	const struct store_grant *grants;
	gsize count;
};

struct store_server {
	struct store *store;
	char *path;
	int fd;
	GMainContext *context;
	GSource *accept, *clock;
	struct store_grant *grants;
	gsize count;
	guint patience;
	gint64 ticked;          /* when the clock last struck; 0: not yet */
	GPtrArray *connections; /* struct connection, owned */
};

gboolean role_may(const struct server_role *r, const char *key, gboolean write);
gboolean role_writes(const struct server_role *r);

struct connection;
/* Takes the descriptor. */
struct connection *connection_new(struct store_server *v, int fd, uid_t uid);
void connection_free(struct connection *c);
uid_t connection_uid(const struct connection *c);
/* Cuts the peer off when it owes us something and nothing has moved since `before` (monotonic microseconds). */
void connection_check(struct connection *c, gint64 before);
