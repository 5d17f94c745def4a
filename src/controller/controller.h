/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller: the one owner of the documents, and the one who decides what every host enforces.
 *
 * Concept. A deployment is a change of documents that happens whole or not at all. It is merged with what is stored,
 * built, allocated and compiled for every host in memory; only when all of that succeeds is it committed (documents,
 * allocations and settings in one transaction) and published (the tables of hosts whose content changed). It is in
 * force when every host has acknowledged its tables. Until then /doc/pending holds what the committed keys held before:
 * a host that refuses, or does not answer in time, makes the controller restore exactly that and publish it again.
 *
 * After a crash the stored documents are what counts: tables are always published from them at start, and all
 * acknowledgements are asked for anew. A pending record found at start means that a deployment was committed and its
 * author never told; it is carried on where it stopped: confirmed when all hosts acknowledge, rolled back when one
 * refuses or the time runs out.
 *
 * One deployment runs at a time; another one is answered with an error meanwhile. The controller runs without
 * privileges, on one thread; everything it waits for is an event of its main loop.
 */
#pragma once
#include "store/server.h"

#define CONTROLLER_ACK_SECONDS 60u

struct controller_settings {
	const char *store_file;     /* path of the SQLite file */
	const char *store_socket;   /* offered to everybody; grants decide */
	const char *control_socket; /* mode 0600, and only root and ourselves are listened to */
	guint hosts;
	guint ack_seconds; /* 0: CONTROLLER_ACK_SECONDS */
	const struct store_grant *grants;
	gsize count;
};

struct controller;
/* Opens the store, finishes what a predecessor left, publishes, and listens; works on the thread-default main context.
 */
struct controller *controller_new(const struct controller_settings *s, GError **error);
void controller_free(struct controller *c);

/* Root reads and writes all; an agent and a prober read their host's tables and write its acknowledgement, its health, and nothing else. Array
 * of struct store_grant. */
GArray *controller_grants(guint hosts);

/* `escarpd controller`: runs until SIGTERM or SIGINT. Exit status; 1 with error set when it could not start. */
int controller_main(const char *lab, guint hosts, GError **error);
