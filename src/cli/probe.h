/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probing: who should reach what, by the oracle, beside who does, by trying.
 *
 * Concept. A place is somewhere to try from: the Internet or an instance. A target is an address and a port. Each pair
 * is an attempt with what is expected (who may answer; whether silence is right) and what came of it. Instances answer
 * with their names, so an answer also tells who was reached, and an answer from the wrong one is as wrong as none. A
 * place of both families tries targets of both; IPv4 addresses are as IPv6 maps them.
 */
#pragma once
#include "cli/live.h"
#include "model/graph.h"

#define PROBE_MAX_ATTEMPTS 20000u

struct place {
	char *label;             /* "internet", or the instance's name: what it answers with */
	const struct nic *nic;   /* NULL: the Internet */
	struct ip6 addresses[2]; /* what it speaks from, of IPv4 and of IPv6; ::: it does not */
	char *netns;
};

struct target {
	char *label;         /* the instance, or the public address's name */
	const struct vm *vm; /* whose private address it is; NULL: a public address, or the Internet */
	struct ip6 address;
	guint16 port;
};

enum outcome { OUTCOME_SILENCE, OUTCOME_REFUSED, OUTCOME_ANSWER };

struct attempt {
	const struct place *from;
	const struct target *to;
	GPtrArray *may_answer; /* char *: names, empty: nobody */
	gboolean may_be_silent;
	guint verdict; /* the oracle's, of the first choice */
	enum outcome outcome;
	char *answer; /* with OUTCOME_ANSWER */
};

struct probe_plan {
	guint8 protocol;
	GPtrArray *places, *targets, *attempts;
	GPtrArray *left_out; /* char *: what cannot be tried, and why */
};

/* NULL and error when there would be too many attempts. `ports` (guint16) replaces the interesting ones when not empty.
 */
struct probe_plan *probe_plan_new(const struct live *l, const char *lab, guint8 protocol, const GArray *ports,
                                  GError **error);
void probe_plan_free(struct probe_plan *p);
typedef struct probe_plan probe_plan;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(probe_plan, probe_plan_free)

/* Tries everything; fills the outcomes. */
gboolean probe_run(struct probe_plan *p, GError **error);
/* What the place speaks to this target from; NULL: nothing of that family. */
const struct ip6 *place_source(const struct place *from, const struct target *to);
gboolean attempt_as_expected(const struct attempt *a);
/* The answer of the command; the caller owns it. */
struct node *probe_describe(const struct probe_plan *p);
void probe_text(const struct node *data, GString *out);
