/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seats: who of a pool gets new flows, and who keeps the connections of before. Private to the compiler.
 *
 * A pool's table is Maglev's over those who are up. When somebody goes down or comes back, the places that change hands
 * get further owners: the edge, which keeps no flows, asks them about connections that the first does not know
 * (bpf/stage/edge.h). Who they were follows from the health alone: the set of those who were up before the latest change,
 * the pool as if all were up, then as if each of those who were ever down still were, while there is room for owners.
 *
 * All down: nobody gets anything new. Connections go on by the further tables, but not at a Basic balancer, where they
 * end.
 */
#pragma once
#include "health.h"
#include "model/graph.h"

struct seats {
	guint size;     /* entries of a table: 1 for a pool of one */
	guint further;  /* tables behind the first */
	guint16 *cells; /* all tables, one after the other: indices of members, or ESC_BLOB_NOBODY */
};

/* Members by their identities, which are stable and unique: NIC ids in lower case. `probe` may be NULL. */
void seats_fill(struct seats *s, const char *const *ids, guint count, const struct health *h, const struct probe *probe,
                enum sku sku);
void seats_clear(struct seats *s);
guint seats_size(guint count); /* of members */
