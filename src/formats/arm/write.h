/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents to a template: the way back. Two parts: values with their escapes, ids and secrets (write_value.c), and the
 * template around them with its order and its nested deployments (write.c).
 */
#pragma once
#include "arm.h"

/* The parameters that stand for secrets. */
struct write_secrets {
	const struct arm_writing *in;
	struct node *used;   /* object, owned: name -> declaration */
	struct node *values; /* object, owned: name -> value. Secret. */
	GHashTable *derived; /* JSON of a value -> name of the parameter that has it */
	GPtrArray *texts;    /* struct secret_text, longest first: what expressions can be made of */
	GPtrArray *here;     /* char *: parameters that the template being written uses */
};
void write_secrets_init(struct write_secrets *s, const struct arm_writing *in);
void write_secrets_clear(struct write_secrets *s);

/* The template that is being written: ids in its scope are written as resourceId(). */
struct write_scope {
	const char *subscription, *group;
	char *prefix; /* "/subscriptions/S/resourceGroups/G/providers/" */
};
/* The value as a template writes it. `twin`: what other secrets would have made of it; NULL: the same. */
struct node *write_value(struct write_secrets *s, const struct write_scope *scope, const struct node *value,
                         const struct node *twin);
/* "[resourceId(...)]" for an id of this scope, or the escaped id. Caller frees. */
char *write_id(const struct write_scope *scope, const char *id);
