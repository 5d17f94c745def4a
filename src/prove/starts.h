/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where something may change: the first value of every interval, ascending, each once. GArray of guint32 that begins with
 * 0; within an interval no rule that was added tells two values apart.
 */
#pragma once
#include "model/graph.h"

GArray *starts_new(void);
void starts_add(GArray *starts, guint32 first, guint32 last, guint32 limit); /* the interval first to last */
void starts_finish(GArray *starts); /* sorts; before it the array may not be read */
guint32 starts_last(const GArray *starts, guint i, guint32 limit);
