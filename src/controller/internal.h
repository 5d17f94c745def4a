/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller's parts, as they see each other. Below: stored.h (the documents), plan.h (what follows from them),
 * merge.h (a request). Here: publish.c (tables to hosts, acknowledgements back), deploy.c (the one deployment that
 * runs), control.c (the socket), follow_health.c (what probers tell), status.c (the answer to "status"), controller.c (start, recovery, end).
 */
#pragma once
#include "controller/change.h"
#include "controller/controller.h"
#include "controller/events.h"
#include "controller/merge.h"
#include "controller/plan.h"

/* What a host said last about its tables. */
struct ack {
	char *hash; /* NULL: nothing since the tables were last published to it */
	gboolean ok;
	char *error;
	gint64 live_at; /* when the packets of that host met them, in µs of real time */
};

struct controller {
	guint hosts, ack_seconds;
	struct store *store;
	struct store_server *server;
	struct control *control;
	struct plan *plan; /* what is published; NULL: the stored documents could not be compiled */
	guint documents;   /* of the plan */
	char *trouble;     /* why there is no plan, for status; NULL: there is one */
	struct ack *acks;  /* by host */
	char **published;  /* hash by host of the tables in the store; NULL: none */
	struct store_watch *ack_watch, *health_watch;
	gint64 revision;       /* of the documents that are published */
	struct node **told;    /* by host: what its prober told last; findings.h */
	GSource *health_pause; /* until that is compiled */
	struct deploy *deploy; /* the one that runs */
	GMainContext *context;
};

/* publish.c */
struct publication {
	gint64 revision;
	gboolean all;      /* also to hosts that have acknowledged the very same */
	const guint *only; /* to this host alone; NULL: to all */
	GBytes *word;      /* about a move, with the tables of word_for; NULL: none */
	guint word_for;
};
/* Writes the tables of every host that has others, or has not acknowledged these. The acknowledgements of those are
 * cleared. The first takes the plan when it succeeded; the other leaves it to the caller, who has not come to an end. */
gboolean publish(struct controller *c, struct plan *p, const struct publication *what, GError **error);
gboolean publish_some(struct controller *c, struct plan *p, const struct publication *what, GError **error);
/* Writes a word about a move that is still to come. */
gboolean publish_word(struct controller *c, guint host, GBytes *word, GError **error);
/* What a host wrote about ports that left it; NULL: nothing, or an error. The caller's. */
GBytes *publish_report(struct controller *c, guint host, GError **error);
/* Removes every acknowledgement, and tables of hosts that are no more. */
gboolean publish_reset(struct controller *c, GError **error);
/* Follows /run/ack from now on; calls deploy_look on every change. */
gboolean publish_follow(struct controller *c, GError **error);
enum ack_state { ACK_WAITING, ACK_OK, ACK_REFUSED };
enum ack_state publish_state(const struct controller *c, guint host);
void publish_free(struct controller *c);

/* deploy.c */
struct control_client;
/* Validates, commits and publishes; the client is answered at once or when all hosts have. */
void deploy_start(struct controller *c, const struct node *request, struct control_client *client);
/* Carries on with a deployment that a predecessor committed. */
void deploy_resume(struct controller *c);
/* TRUE when a predecessor left one to carry on with: committed and not confirmed, or a repair that is half done. */
gboolean deploy_is_due(const struct stored *s);
/* An acknowledgement changed. */
void deploy_look(struct controller *c);
/* The client went away; what it asked for goes on. */
void deploy_forget(struct controller *c, const struct control_client *client);
void deploy_free(struct deploy *d);
/* Plans and publishes what is stored now. A failure is the controller's trouble. */
gboolean deploy_stored(struct controller *c, gboolean all, GError **error);

/* follow_health.c */
/* Follows /run/health from now on; what changes there is published. */
gboolean health_follow(struct controller *c, GError **error);
void health_forget(struct controller *c);

/* status_health.c */
struct node *status_probes(const struct controller *c);
struct node *status_health_events(const struct controller *c);

/* status.c */
struct node *status_report(struct controller *c);
struct node *events_report(struct controller *c);

/* control.c */
#define CONTROL_MAX_LINE (64u << 20)
struct control *control_new(struct controller *c, const char *path, GError **error);
void control_free(struct control *k);
/* One more line for the client. */
void control_progress(struct control_client *client, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The last line; the client is gone when it has been sent. Takes the node. */
void control_answer(struct control_client *client, struct node *answer);
/* {"error": message, "details": [...]}; details may be NULL. */
struct node *control_error(const char *message, const GPtrArray *details);
