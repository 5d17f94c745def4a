/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agents saw: counters, flows and events of every host, as one list of records.
 *
 * Each agent answers for its host; here the answers become one, with "host" in each record.
 */
#pragma once
#include "cli/options.h"
#include "cli/report.h"

struct record_kind {
	const char *op;           /* what the agent is asked */
	const char *const *lists; /* members of the answer that are lists of records, NULL-terminated */
	void (*text)(const struct node *data, GString *out); /* the whole answer */
	gboolean counters; /* a record is news when its "packets" have changed; otherwise when it is new */
};

/* Prints the records, with --follow from then on what is new, until interrupted. Returns the exit code. */
int records_run(const struct invocation *i, const struct record_kind *kind);
/* The answers of all hosts as one object of lists. The caller owns it. */
struct node *records_collect(const char *lab, const struct record_kind *kind, guint hosts, GError **error);
