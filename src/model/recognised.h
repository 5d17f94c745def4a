/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of resources that are known by name and have no noun. Nothing of them is in the graph; what that means is said
 * in words, so that "not modelled" is exact wherever it can be.
 */
#pragma once
#include <glib.h>

struct recognised {
	const char *type; /* lower case: a type and all below it, or a provider alone */
	const char *why;
};
extern const struct recognised recognised_types[]; /* ended by a NULL type */
/* For a type in lower case. Never NULL: what no entry names is "not modelled" without more words. */
const char *recognised_why(const char *type);
