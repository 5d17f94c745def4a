/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process must never print: the values of secure parameters, and what templates make of them.
 *
 * Concept. Texts come from everywhere (outputs, warnings, the model's errors, the controller's answers), but they leave
 * by report.c alone. So whoever meets a secret adds it here once, and report.c takes it out of all that it prints:
 * "(secure)" stands in its place. Case is ignored, since names are lowered on their way, and a text that a message has
 * cut short is known by its beginning. Texts of fewer than four characters would garble every message and are not taken.
 * One list for the process: a command line has one user.
 */
#pragma once
#include "lib/node.h"

void secrets_add(const char *text);
/*
 * Adds the texts of `value` in which it differs from `twin`, the same value made with other secrets: they depend on
 * one. What holds a known secret is safe by that one and not added.
 */
void secrets_learn(const struct node *value, const struct node *twin);
/* TRUE when more differed than is kept, so that a text could hold one that is not known. */
gboolean secrets_overflow(void);
/* The text without them. Caller frees. */
char *secrets_redact(const char *text);
/* The value without them; the same one when it holds none. The caller's. */
struct node *secrets_redact_node(const struct node *n);
