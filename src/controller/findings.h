/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probers have told, a JSON value a host (src/prober/roster.h has its form): read with care, since a prober hears
 * strangers, and believed about the network interfaces of its own host alone.
 */
#pragma once
#include "compile/alloc.h"
#include "compile/health.h"
#include "lib/node.h"

#define FINDINGS_BYTES (4u << 20) /* of one host */

/* One host's value; NULL when it is absent, or cannot be read (then it says why). */
struct node *findings_read(const char *key, GBytes *value);
/* Of all hosts, for this network; `told` has a value, or NULL, for each. */
struct health *findings_health(struct node *const *told, guint hosts, const struct graph *g, const struct alloc *a);
