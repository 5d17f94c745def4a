/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who names a public address: rules, access controls, routes and rules of servers that mean one address, or a handful.
 *
 * Concept. Whoever lets an address in means its owner. When the owner gives it back, somebody else gets it sooner or later,
 * and is let in as well. So an address that was given back and is named is worth a word, to whoever names it. A prefix of
 * many addresses means a network and no owner: it names nobody.
 */
#pragma once
#include "compile/alloc.h"

struct naming {
	const struct noun *noun; /* whose document it is */
	char *what;              /* for people: "security rule 'x'" */
};

/* struct naming, freed with the array; in order of the graph. The address is of either family. */
GPtrArray *naming_find(const struct graph *g, const char *address);

/*
 * One line for each place that names an address that was given back, with file and line. `holder`: who has it now, by the key of
 * its noun; NULL: nobody. Only who is of the same subscription is told whose it was and is. Appends to `lines` (of char *).
 */
void naming_warn(const struct graph *g, const struct alloc_past *past, const char *holder, GPtrArray *lines);
