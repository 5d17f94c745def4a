/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules judge a flow.
 *
 * Concept. A flow entry has no room for the rules that admitted it, and needs none: after every change a flow is judged anew by its
 * opener's tuple, so what admits it is what the policy in force says of that tuple. The same code says it here, natively over the
 * tables in force.
 */
#pragma once
#include "compile/tables.h"

struct agent;
struct rulebook;

/* Outbound first and second list at the sender, inbound first and second at the receiver, as far as they are ports of this host; NULL
 * where none decided. `opener` is the entry without ESC_FLOW_REPLY. Borrowed until the tables change. */
void rulebook_ask(struct agent *a, const struct esc_flow_key *key, const struct esc_flow *opener,
                  const struct table_rule *rules[4]);
/* What a public pair means in private at a port, in network order; unchanged where it means nothing. */
void rulebook_destination(struct agent *a, guint32 port, guint8 protocol, guint32 *address, guint16 *port_number);
/* By its number, in the tables in force; NULL: there is none. */
const struct table_rule *rulebook_rule(const struct agent *a, guint32 number);
void rulebook_free(struct rulebook *b);
