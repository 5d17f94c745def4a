/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From elements to documents: what the readers of classic formats share.
 *
 * Concept. Every format ends in the same nouns, so an element becomes ARM-shaped resources. Each value made for an
 * element carries the element's line, and each document its file and the element's path: an error of the model points
 * into the XML that the person wrote.
 */
#pragma once
#include "formats/xml/xml.h"
#include "lib/document.h"

struct emit {
	const struct xml *x;              /* where the next documents come from */
	const char *subscription, *group; /* where they belong */
	GPtrArray *documents;             /* struct document */
};

/* A new object or list that stands at `e`. */
struct node *emit_object(const element *e);
struct node *emit_list(const element *e);
struct node *emit_text(const element *e, const char *text);
/* {"id": the id of a resource of the same group}; `name` has as many segments as the type. */
struct node *emit_reference(const struct emit *m, const element *e, const char *type, const char *name);
/* The same in another group. */
struct node *emit_reference_in(const struct emit *m, const element *e, const char *group, const char *type,
                               const char *name);
/* Takes the lines out of what comes from another file than its document: an error then points at what it belongs to. */
struct node *emit_elsewhere(struct node *n);
/* A nested resource: {"name": ..., "properties": ...}; takes `properties`. */
struct node *emit_nested(const element *e, const char *name, struct node *properties);
/* Adds a document. Takes `properties` and `sku`, which may be NULL. */
void emit_document(struct emit *m, const element *e, const char *type, const char *name, struct node *sku,
                   struct node *properties);
/* `text` as a resource may be called: other characters turned into '-', and what is too long cut, with a hash of the whole
 * in its place. Equal texts give equal names. Caller frees. */
char *emit_name(const char *text);
/* Appends the text of every child of that name to a list. */
void emit_texts(struct node *list, const element *parent, const char *child);
