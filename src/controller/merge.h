/* SPDX-License-Identifier: Apache-2.0 */
/* A deployment's request, and what it makes of the stored state. */
#pragma once
#include "controller/stored.h"

struct request {
	char *subscription, *group;
	gboolean complete, dry_run;
	gboolean upgrade; /* of what is there already, in place */
	enum live_flows live;
	GPtrArray *documents; /* struct document */
	GPtrArray *taps;      /* char *, VM ids */
	/* Of {"op":"life"}, else NULL: "vm stop", on what, and with which other. No documents then. */
	char *action, *name, *other;
	gboolean release; /* reserved addresses go too */
};

/* Checks every field of {"op":"deploy",...} or {"op":"life","action":...,"name":...,...}. */
struct request *request_parse(const struct node *n, GError **error);
void request_free(struct request *r);
typedef struct request request;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(request, request_free)

/* The state after the deployment. Allocations are the old ones; taps are those of before and those of the request. */
struct stored *merge(const struct stored *old, const struct request *r, GError **error);
/* Adds "added", "changed" and "removed" (resource ids) to an answer. */
void merge_report(const struct stored *old, const struct stored *new, struct node *answer);
