/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to the lab's daemons: one JSON request over a Unix socket, answers line by line.
 *
 * The daemons are ours but run with other users' rights, so what they say is bounded and parsed like any input.
 */
#pragma once
#include "lib/node.h"

struct talk;
/* Connects and sends the request (taken). NULL and error when nobody answers there. */
struct talk *talk_open(const char *socket, struct node *request, GError **error);
void talk_close(struct talk *t);
typedef struct talk talk;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(talk, talk_close)

/* The next line; NULL without error at the end. An {"error"} line becomes an error, its "details" further lines of the
 * message. timeout_ms -1: wait for ever. */
struct node *talk_next(struct talk *t, int timeout_ms, GError **error);
int talk_fd(const struct talk *t);           /* to poll; ask talk_pending first */
gboolean talk_pending(const struct talk *t); /* a whole line is there already */

/* One request, one answer. */
struct node *talk_ask(const char *socket, struct node *request, int timeout_ms, GError **error);
