/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARM templates: a template and its parameters in, documents out.
 *
 * Concept. The template language is a JSON document in which any string may be an "[expression]".
 * Evaluation binds the parameters, evaluates variables on demand, expands copy loops, drops resources
 * whose condition is false, names child resources after their parents, and yields every resource as a
 * document without expressions. No network, no clock that a result depends on without saying so:
 * uniqueString, guid and newGuid are deterministic in the deployment.
 *
 * What only a real cloud could know (a key, a host name handed out at creation) is a typed unknown value within the
 * evaluation and leaves it as a string "<unknown: reference('x').fqdn>" with a note in `notes`; where it decides
 * something, a note says what was assumed. Values of secure parameters never appear in notes or errors.
 *
 * Linked templates are read from files in the template's own directory and below, and from nowhere else: by
 * "relativePath", and by a URI below deployment().properties.templateLink.uri or below the template's
 * _artifactsLocation, which stand for that directory. Every other link is noted and not followed.
 */
#pragma once
#include "lib/document.h"

struct arm_scope {
	const char *subscription; /* "00000000-0000-0000-0000-000000000001" or a name; never NULL */
	const char *group;        /* resource group name */
	const char *location;     /* answer of resourceGroup().location */
	const char *deployment;   /* answer of deployment().name; usually the file's base name */
	const char *directory;    /* of the template: linked templates in it and below are read; NULL: none are */
};

/* A parsed parameters file, {"parameters": {name: {"value": v}}} or a bare {name: {"value": v}}, and its name. */
struct arm_parameters {
	const struct node *node;
	const char *file;
};

struct arm_result {
	GPtrArray *documents; /* struct document, in template order, loops expanded, nested deployments included */
	struct node *outputs; /* object: name -> {"type","value"}; secure ones without value */
	GPtrArray *notes;     /* char *: what was met and not modelled by the language ("file:line: ...") */
	struct node *secure;  /* object: name -> value of the secure parameters. Never to be printed, as is the next */
	GPtrArray *secrets;   /* char *: every secret text that was met, also of nested deployments */
};

/*
 * Evaluates the template file. `parameters` may be NULL, or a list that ends with a NULL node: of several files the
 * last that gives a value counts. `overrides` may be NULL, or an object name -> value (or string, converted to
 * the parameter's type) of the command line. Missing values of required parameters: parameters without a default get an
 * error that lists them all, unless `fill_missing`: then a value that satisfies the declared type and limits is made
 * up, deterministically, and noted. NULL and error (ESC_INPUT_ERROR) on failure.
 */
struct arm_result *arm_evaluate(struct node *template, const char *file, const struct arm_parameters *parameters,
                                const struct node *overrides, const struct arm_scope *scope, gboolean fill_missing,
                                GError **error);
void arm_result_free(struct arm_result *r);
/* TRUE when the node looks like a deployment template ($schema or resources). */
gboolean arm_is_template(const struct node *n);

/*
 * The way back: documents as one template that evaluates to equal documents. Documents of other groups and
 * subscriptions go into nested deployments; dependsOn is what the resources' references ask for; a secret is never
 * written but becomes a secure parameter without a default.
 */
struct arm_writing {
	const GPtrArray *documents; /* struct document; of those with one id the last counts */
	const GPtrArray *twins;     /* struct node at the index of its document: the resource as other secrets make it;
	                               NULL, also as an item: the same */
	const struct node *secure, *twin_secure; /* as in arm_result, and the other secrets; may be NULL */
	const GPtrArray *secrets;                /* as in arm_result; may be NULL */
	const char *subscription, *group;        /* that the template is deployed to; noted in its metadata */
};
/* `values`: object of the parameters that the template declares and the values that yield the documents. Secret. */
struct node *arm_write(const struct arm_writing *w, struct node **values);
/* Other secrets of the same form, for a twin. */
struct node *arm_other_secrets(const struct node *secure);
/* Where a template that arm_write made is to be deployed; FALSE when it does not say so. Borrowed. */
gboolean arm_written_for(const struct node *template, const char **subscription, const char **group);

/* The functions of the language in order of name: [{"name", "min", "max"}], max -1: any number. The caller's. */
struct node *arm_functions(void);
