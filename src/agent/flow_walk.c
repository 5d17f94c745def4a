/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flow_walk.h"

#include <bpf/bpf.h>
#include <errno.h>

void flow_walk_init(struct flow_walk *w)
{
	*w = (struct flow_walk){0};
	w->keys = g_new(struct esc_flow_key, FLOW_BATCH);
	w->values = g_new(struct esc_flow, FLOW_BATCH);
}

void flow_walk_clear(struct flow_walk *w)
{
	g_clear_pointer(&w->keys, g_free);
	g_clear_pointer(&w->values, g_free);
}

void flow_walk_restart(struct flow_walk *w)
{
	w->begun = w->done = FALSE;
	w->count = 0;
}

gboolean flow_walk_next(struct flow_walk *w, int map)
{
	guint32 next = 0;
	int failed;

	w->count = FLOW_BATCH;
	if (w->done) {
		w->count = 0;
		return FALSE;
	}
	failed = bpf_map_lookup_batch(map, w->begun ? &w->place : NULL, &next, w->keys, w->values, &w->count, NULL);
	if (failed && errno != ENOENT)
		w->count = 0;
	w->done = failed != 0;
	w->place = next;
	w->begun = TRUE;
	return !w->done || w->count;
}
