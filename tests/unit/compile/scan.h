/* SPDX-License-Identifier: Apache-2.0 */
/* The classifier's naive twin: rules scanned in order. And headers that stand on the borders of rules. */
#pragma once
#include "blob.h"
#include "compile/policy.h"

void scan_seed(guint64 seed);
guint32 scan_random(guint32 below);

/* What a header meets in the lists of one direction. */
struct decision scan_decide(GPtrArray *const lists[2], const struct header *h);
gboolean scan_source(const struct policy_rule *r, const struct header *h);
gboolean scan_destination(const struct policy_rule *r, const struct header *h);
gboolean scan_addresses(const struct policy_rule *r, const struct header *h);
gboolean scan_service(const struct policy_rule *r, const struct header *h);

/* `any`, or a value at a border of the ranges. */
guint32 scan_near(const GArray *ranges, guint32 any);
struct ip6 scan_near6(const GArray *ranges, struct ip6 any);
/* Ports and protocol at the borders of the rule, which may be NULL; ports are 0 where the protocol has none. */
void scan_service_near(struct header *h, const struct policy_rule *r, const struct policy_rule *other);
