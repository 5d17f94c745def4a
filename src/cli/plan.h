/* SPDX-License-Identifier: Apache-2.0 */
/* A network described: what `plan` answers, as data and in words. */
#pragma once
#include "cli/source.h"
#include "model/graph.h"
#include "prove/exposure.h"

/* The caller owns the result. */
struct node *plan_describe(const struct source *src, const struct graph *g, const struct alloc *a,
                           const struct alloc_settings *s);
/* Adds a warning for each place that names an address which the lab, if it runs, knows to be given back. */
void plan_warn_released(struct node *data, const struct graph *g, const char *lab);
void plan_text(const struct node *data, GString *out);
/* One line an output; secure ones without their value. */
void plan_outputs(const struct node *outputs, const char *prefix, GString *out);

/* The documents as one template to stdout; says on stderr which secure parameters it wants. An exit code. */
int plan_write(const struct source *src);

/* A range as people write it: the one prefix that it is, or "first-last". Caller frees. */
char *plan_range(struct address_range r);
char *plan_ports(guint first, guint last); /* "80", "8000-8080", "*"; caller frees */
const char *plan_protocol(guint8 protocol);
struct node *plan_sources(const struct exposure *e); /* list of ranges, ["*"] for anyone; the caller's */
