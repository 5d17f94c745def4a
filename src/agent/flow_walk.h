/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow table read in bounded steps: a batch a call, so that whoever reads decides when to go on.
 *
 * The table changes meanwhile: an entry may be missed, or met twice. What is there all the time is met.
 */
#pragma once
#include "abi/maps.h"
#include <glib.h>

#define FLOW_BATCH 4096u

struct flow_walk {
	struct esc_flow_key *keys;
	struct esc_flow *values;
	guint32 count; /* in this batch */
	guint32 place; /* the kernel's */
	gboolean begun, done;
};
void flow_walk_init(struct flow_walk *w);
void flow_walk_clear(struct flow_walk *w);
/* From the beginning again. */
void flow_walk_restart(struct flow_walk *w);
/* The next batch, which may be empty. FALSE: that was all, or the table cannot be read. */
gboolean flow_walk_next(struct flow_walk *w, int map);
