/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document: one resource as its author wrote it, ARM-shaped, and where it came from.
 *
 * Every format ends in a list of these and the model starts from one; the store keeps their JSON.
 * `id` is the full ARM resource id with the author's case; documents are the same resource when their
 * ids are equal ignoring ASCII case.
 */
#pragma once
#include "node.h"

struct document {
	char *id;           /* [/subscriptions/S[/resourceGroups/G]]/providers/Microsoft.X/type/name[/type/name] */
	char *type;         /* lower case: "microsoft.network/virtualnetworks/subnets" */
	char *name;         /* "vnet1/subnet1" */
	char *subscription; /* as in the id; "" of what is in none */
	char *group;        /* NULL of what is in none */
	struct node *
	        resource; /* {"type","apiVersion","name","location","properties",...}: evaluated, no expressions left */
	char *file;       /* the author's file, as he named it; NULL when made by an API */
	char *path;       /* JSON path of the resource in that file, "$.resources[3]" */
	guint32 line;     /* of the resource in that file; 0: unknown */
};

/* All strings are copied; resource is referenced. Subscription and group may be NULL. */
struct document *document_new(const char *subscription, const char *group, const char *type, const char *name,
                              struct node *resource, const char *file, const char *path);
void document_free(struct document *d);
GPtrArray *document_list_new(void); /* frees its elements */
/* "/subscriptions/.../name" of a type and a name with as many segments as the type has. Caller frees. */
char *document_make_id(const char *subscription, const char *group, const char *type, const char *name);
/* Store form: {"resource": ..., "file": ..., "path": ..., "line": N, "lines": [...], "id": ...}: the lines of the objects in the
 * resource, each before those in it, since the store's own JSON is one line. */
struct node *document_to_node(const struct document *d);
struct document *document_from_node(const struct node *n, GError **error);
/* "/doc" + id in lower case: the key in the store. Caller frees. */
char *document_key(const char *id);
