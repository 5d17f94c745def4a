/* SPDX-License-Identifier: Apache-2.0 */
/* What `escarp trace` is made of: the network at hand, who sends to whom in it, and the answer in words. */
#pragma once
#include "cli/options.h"
#include "explain/trace.h"
#include "model/graph.h"

/* A network with the tables of its hosts, from files or from a running lab. */
struct trace_network {
	const struct graph *graph;
	const struct alloc *alloc;
	struct prefix public_pool;
	GPtrArray *tables; /* struct tables, by host */
};

/* trace_who.c: --from, --to, --protocol, --port, --source-port. FALSE and error when they mean nothing here. */
gboolean trace_who(const struct invocation *i, const struct trace_network *n, struct trace_request *r, GError **error);
/* trace_live.c: the tables that every host has in force. NULL and error. */
GPtrArray *trace_live_tables(const char *lab, guint hosts, GError **error);
/* The flow entries that the tuple has now, on any host: an array. NULL and error. */
struct node *trace_live_flows(const char *lab, guint hosts, const struct trace_request *r, gboolean any_source_port,
                              GError **error);
/* trace_text.c */
void trace_text(const struct node *data, GString *out);
