/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the data path, with names: read from the ring buffer as they come, the last EVENTS_KEPT kept for whoever
 * asks later, and told to whoever listens.
 */
#pragma once
#include "lab/lines.h"

#define EVENTS_KEPT 1000

struct events;
/* Answers the kept ones and, when following, every further one until the connection ends. */
void events_tell(struct events *e, struct lines_conn *c, gboolean follow);
/* The name of a verdict in JSON. */
const char *events_verdict_name(guint32 verdict);
