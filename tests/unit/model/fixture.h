/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of a few lines for the model's tests. */
#pragma once
#include "model/graph.h"

/* Text for a JSON list of resources, ' for ": {'type','name','properties',...}. Types may leave out
 * "Microsoft.Network/"; an id may be "@type/name", of the same subscription and group. 'subscription' and 'group' of a
 * resource: s and g when absent. Documents have file "t.json" and the line of their resource. */
GPtrArray *fixture_documents(const char *text);
/* The graph, which must build without error. */
struct graph *fixture_graph(const char *text);
/* The errors of a build that must fail, one per line; caller frees. */
char *fixture_errors(const char *text);
/* "@type/name" as a full id. Caller frees. */
char *fixture_id(const char *brief);
/* A noun that must exist. */
gpointer fixture_noun(const struct graph *g, const char *brief);
/* A deterministic text of everything in a graph. Caller frees. */
char *fixture_dump(const struct graph *g);
/* What is listed, in order: each ends with "id's end|property"; NULL ends the list. */
void fixture_check_listed(const GPtrArray *listed, const char *const expected[]);
/* Documents with one fault, and the whole of the message that it gives. */
struct fault {
	const char *name, *documents, *error;
};
/* Adds a test for each, "/faults/GROUP/NAME". */
void fixture_add_faults(const char *group, const struct fault *faults, gsize count);
/* In whatever order the documents come, the graph is the same. */
void fixture_check_order(const char *text);
/* Some warning of the graph has this text in it. */
void fixture_check_warning(const struct graph *g, const char *text);
