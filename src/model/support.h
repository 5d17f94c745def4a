/* SPDX-License-Identifier: Apache-2.0 */
/* What the model knows of documents, as data: the tables that list_unmodelled goes by, so that docs cannot differ. */
#pragma once
#include "lib/node.h"

/*
 * [{"type": "microsoft.network/...", "properties": [{"path", "treatment", "why"}]}], in order of type and path; the first
 * has type "*": what every resource may have. After them {"type", "why"} for types that are known and have no noun, each with
 * all types below it. Treatments: "enforced", "recorded", "not modelled", "irrelevant". "when": for
 * a property that asks for something by being false; "unless": the value that asks for nothing. The caller owns the result.
 */
struct node *model_support(void);
