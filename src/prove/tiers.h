/* SPDX-License-Identifier: Apache-2.0 */
/* Private to reach: how machines fall into tiers. */
#pragma once
#include "prove/reach.h"

/* struct tier of all ports. `work` is what may still be spent: 0 afterwards when it did not suffice and some are missing. */
GPtrArray *tiers_make(const struct graph *g, const struct alloc *a, guint64 *work);
