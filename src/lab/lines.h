/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON lines over a Unix socket: one request a connection, any number of answers, the last one ends it.
 *
 * The server knows who speaks (SO_PEERCRED) and tells the handler; what a peer may ask is the handler's business. A
 * request is bounded in size and time, connections in number, and answers are buffered up to a bound, so that no peer
 * can hold up the others. Everything runs on the default main context.
 */
#pragma once
#include "lib/node.h"

#include <sys/types.h>

#define LINES_MAX_REQUEST     (64u << 10)
#define LINES_MAX_PENDING     (32u << 20)
#define LINES_MAX_CONNECTIONS 64
#define LINES_MAX_PER_UID     16 /* of one uid that is not root: nobody can keep the others out */
#define LINES_REQUEST_SECONDS 10

struct lines_server;
struct lines_conn;

/* Called once per connection. The handler answers now, or keeps the connection and answers later, until it is finished.
 */
typedef void (*lines_fn)(struct lines_conn *c, uid_t uid, struct node *request, void *user);
typedef void (*lines_gone_fn)(struct lines_conn *c, void *user);

struct lines_server *lines_server_new(const char *path, lines_fn fn, void *user, GError **error);
void lines_server_free(struct lines_server *s);

void lines_reply(struct lines_conn *c, struct node *answer);  /* takes the node */
void lines_finish(struct lines_conn *c);                      /* closes when everything is written */
void lines_ok(struct lines_conn *c);                          /* {"ok":true}, and finish */
void lines_refuse(struct lines_conn *c, const char *message); /* {"error":message}, and finish */
/* Told once when the connection ends by itself; for handlers that keep it. */
void lines_when_gone(struct lines_conn *c, lines_gone_fn fn, void *user);

/* The other side, synchronous: sends the request (takes it) and returns the first answer; an {"error"} becomes a
 * GError. */
struct node *lines_call(const char *path, struct node *request, guint timeout_seconds, GError **error);
