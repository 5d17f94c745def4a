/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is taken to exist: minimal resources for references that no document answers. Private to src/model.
 *
 * Concept. A build notes what it misses; all that is missed of one resource makes one made-up document, which says no
 * more than its referrers need to be consistent; the next build finds it, and may miss something that shows only
 * now. So the documents grow, for a bounded number of rounds, until nothing new is missed.
 */
#pragma once
#include "model/build.h"

/* One resource that is to be made up. */
struct wanted {
	char *id;         /* of the whole resource */
	char *type;       /* lower case */
	GPtrArray *parts; /* struct missing, borrowed: every reference to it or a part of it */
};

/* Addresses in use somewhere, so that what is made up stays clear of them. */
struct space {
	GArray *used; /* struct prefix */
};
void space_take(struct space *s, struct prefix p);

/* The name that follows "<id>/<collection>/" in the id of the part; NULL when it is no such part. Caller frees. */
char *wanted_part(const struct wanted *w, const struct missing *m, const char *collection);
/* assume_network.c: the properties of a virtual network with the subnets, prefixes and addresses that hang on it. */
struct node *assume_network(const struct wanted *w, struct space *s);
/* assume_unknown.c: gives subnets a prefix where only a real deployment knows theirs. */
void assume_unknown(GPtrArray *documents);
/* assume_outer.c: what is beyond the networks */
void assume_gateway(const struct wanted *w, const GPtrArray *documents, struct node *resource, struct node *properties);
void assume_local_gateway(const struct wanted *w, const GPtrArray *documents, struct node *resource,
                          struct node *properties);
void assume_circuit(const struct wanted *w, const GPtrArray *documents, struct node *resource, struct node *properties);
