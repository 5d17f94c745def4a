/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics of one host, in Prometheus' text format (version 0.0.4).
 *
 * A host's namespace has no addresses, so nothing listens on a port: the metrics are behind a Unix socket of the agent,
 * run/agent-K/metrics.sock, that speaks just enough HTTP for a scraper or `curl --unix-socket`. Only root and the agent's own uid can open
 * it, since labels name tenants' instances. `escarp metrics` prints the same.
 */
#pragma once
#include "lib/node.h"

struct agent;
struct metrics;

struct metrics *metrics_new(struct agent *a, GError **error);
void metrics_free(struct metrics *m);
/* {"metrics": [...]}: the text of each metric, with help, type and samples; the caller's. */
struct node *metrics_tell(struct metrics *m);

/* metrics_http.c: what is asked by `length` bytes that have come so far. */
enum metrics_request { METRICS_MORE, METRICS_GET, METRICS_HEAD, METRICS_OTHER_PATH, METRICS_BAD };
#define METRICS_REQUEST_MAX 4096u
enum metrics_request metrics_request(const char *bytes, gsize length);
/* The whole answer; takes the body. The caller frees. */
char *metrics_answer(enum metrics_request r, char *body, gsize *length);
/* Appends `value` as a label's value: quotes, backslashes and ends of line escaped. */
void metrics_label(GString *s, const char *value);
