/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes from one host to another when a port moves.
 *
 * Concept. The controller asks the host that a machine leaves for it with the names of its ports and no conversations; that
 * host answers with the same names and the conversations that the ports had; with these the controller asks the
 * other host to take them. The form is one for all three: labels, and records of both families (struct esc_moved), in
 * which key.port is a label's place in the list and key.dir is as seen from the port that moves: FROM, the machine began it;
 * TO, somebody inside; PUBLIC, somebody outside.
 *
 * A record is another host's word, so it is worth what the pipeline makes of it (bpf/stage/import.h).
 */
#pragma once
#include "abi/maps6.h"
#include <glib.h>

#define MOVED_LABEL_MAX 512u /* bytes of a label */
#define MOVED_PORTS_MAX 32u  /* network cards of one machine */

struct moved {
	guint64 revision; /* of the tables that it belongs to */
	gboolean arrives; /* the host takes these ports; else it gives them away */
	GPtrArray *labels;
	GArray *flows;  /* struct esc_moved */
	GArray *flows6; /* struct esc_moved6 */
};

struct moved *moved_new(guint64 revision, gboolean arrives);
void moved_free(struct moved *m);
typedef struct moved moved;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(moved, moved_free)

/* A label's place, in any case of letters; -1: not among them. */
gint moved_find(const struct moved *m, const char *label);

/* The caller's. */
GBytes *moved_serialize(const struct moved *m);
/* NULL and error on anything that moved_serialize would not have written. */
struct moved *moved_parse(GBytes *bytes, GError **error);
