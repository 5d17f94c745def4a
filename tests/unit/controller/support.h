/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller in a process of its own (so that it can be killed), agents that are played here, and a client of the
 * control socket. Everything lives in one temporary directory.
 */
#pragma once
#include "compile/moved.h"
#include "compile/tables.h"
#include "controller/controller.h"
#include <sys/types.h>

#define HOSTS 2

enum manner { AGREE, REFUSE, SILENT };

struct agent {
	guint host;
	enum manner manner;
	char *refuses;       /* hash that it refuses whatever its manner; NULL */
	char *only;          /* hash beside which it refuses every other; NULL */
	gboolean unreadable; /* what it refuses, it cannot even read: no hash in its answer */
	gboolean lies;       /* says yes, to other tables than it was given */
	char *hash;          /* of the tables that it saw last */
	guint seen;          /* how often tables came */
	/* What it says of ports that leave it, before it acknowledges; NULL, or answering NULL: nothing. */
	GBytes *(*tells)(const struct moved *word);
	struct moved *word;   /* of a move, with the tables that came last; NULL: none */
	enum live_flows live; /* what the last ones declared */
	struct store *store;
	struct store_watch *watch;
};

struct fleet {
	char *directory, *file, *store_socket, *control_socket;
	pid_t controller;
	guint ack_seconds;
	gboolean usual_grants; /* of the store, as in the real one; otherwise everything to this uid */
	gboolean running;      /* agents follow their tables */
	struct agent agents[HOSTS];
	GPtrArray *progress; /* lines of the last request */
};

struct fleet *fleet_new(guint ack_seconds);
void fleet_free(struct fleet *f);
/* The controller's start (and the agents' after it), and its end by a signal. */
void fleet_start(struct fleet *f);
void fleet_stop(struct fleet *f, int signal);
void fleet_manner(struct fleet *f, enum manner manner);

/* One request, the agents at work meanwhile; its last line. NULL: the connection ended without an answer. */
struct node *fleet_ask(struct fleet *f, const char *request);
/* Sends without waiting; fleet_answer waits on the descriptor and closes it. */
int fleet_send(struct fleet *f, const char *request);
struct node *fleet_answer(struct fleet *f, int fd);
/* Runs the agents until the condition on a status report holds; fails after 20 s. */
void fleet_until_settled(struct fleet *f);

/* The store through its socket, as root sees it. */
char *fleet_value(struct fleet *f, const char *key);
guint fleet_count(struct fleet *f, const char *prefix);
gint64 fleet_modified(struct fleet *f, const char *key);

/* A request that deploys a network with these VMs (names with commas) into a group. */
char *fleet_deploy(const char *group, const char *vms, const char *more);
