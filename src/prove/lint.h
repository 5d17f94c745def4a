/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is allowed, and probably not meant: rules that never decide, rules that allow everything, groups and addresses
 * that nobody uses, routes into a hole. One line each, with file and line and what to do.
 */
#pragma once
#include "prove/exposure.h"

/* `exposures`: what exposure_list answered. char *, in order of the graph. */
GPtrArray *lint(const struct graph *g, const struct alloc *a, const GPtrArray *exposures);
