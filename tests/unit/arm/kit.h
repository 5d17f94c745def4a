/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the template evaluator share: a template from a string, and its result or its error. */
#pragma once
#include "formats/arm/arm.h"

/* Evaluates the JSON text as template "t.json" in contoso/prod. */
struct arm_result *kit_evaluate(const char *text, const char *parameters, GError **error);
/* The value of output "x" of a template whose only content is {"outputs":{"x":{"value":"[expression]"}}}, printed;
 * or "error: " and the message. Caller frees. */
char *kit_expression(const char *expression);
/* Expects that evaluation fails with a message that contains `part`. */
void kit_fails(const char *text, const char *part);
/* Printed value of an output. Caller frees. */
char *kit_output(const struct arm_result *r, const char *name);
/* The document whose id ends so, or NULL. */
struct document *kit_document(const struct arm_result *r, const char *id_end);
gboolean kit_noted(const struct arm_result *r, const char *part);
/* Runs `one`, which answers how many it did, on every folder of real templates, at least 80 of them; skips the test and
 * answers 0 where they are not. */
guint kit_corpus(guint (*one)(const char *folder));
