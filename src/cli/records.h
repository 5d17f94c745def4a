/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agents saw: counters, flows and events of every host, as one list of records.
 *
 * Each agent answers for its host; here the answers become one, with "host" in each record and the CLI's field names.
 */
#pragma once
#include "cli/options.h"
#include "cli/report.h"

struct record_kind {
	const char *op;           /* what the agent is asked */
	const char *const *lists; /* members of the result, each a list of records, NULL-terminated */
	void (*take)(struct node *data, const struct node *answer, gint64 host); /* a host's answer into those lists */
	void (*text)(const struct node *data, GString *out);                     /* the whole answer */
	/* What else the agent is asked; NULL and no error: nothing. May be NULL. */
	struct node *(*match)(const struct invocation *i, GError **error);
	gboolean counters; /* a record is news when its "packets" have changed; otherwise when it is new */
};

/* Prints the records, with --follow from then on what is new, until interrupted. Returns the exit code. */
int records_run(const struct invocation *i, const struct record_kind *kind);
/* Copies a member under another name, if it is there. */
void record_copy(struct node *to, const char *name, const struct node *from, const char *member);
/* "tcp", "udp", "icmp" of a name or a number; the number in digits otherwise. Caller frees. */
char *record_protocol(const struct node *value);
/* The four members of a tuple as an agent tells it. */
void record_tuple(struct node *to, const struct node *from);
/* "address:port" of one end of such a tuple. Caller frees. */
char *record_end(const struct node *record, const char *address, const char *port);
/* The answers of all hosts as one object of lists. `match` may be NULL. The caller owns it. */
struct node *records_collect(const char *lab, const struct record_kind *kind, const struct node *match, guint hosts,
                             GError **error);
/* The flows of one host's answer into the list "flows" of `data`. */
void record_flows(struct node *data, const struct node *answer, gint64 host);
