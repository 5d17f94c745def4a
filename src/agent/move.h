/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port moves from one host to another with its conversations.
 *
 * Both agents get new tables; with them, and of the same revision, the store has a word about the move
 * (compile/moved.h). The host that is left silences the port, reads its conversations from the flow table, and only then
 * forgets them; what a port that stays had with it begins anew over the overlay. The host that takes it lets the data
 * path judge each conversation as if it began, with the other host's TCP numbers and translations (bpf/stage/import.h),
 * before the port's device comes up. Nothing that the tables do not allow is carried on, and an agent that dies
 * on the way loses conversations, never the port.
 */
#pragma once
#include "agent/internal.h"
#include "compile/moved.h"

/* The two programs that take conversations. Loading costs some tenths of a second, so it is done when a move is announced, and
 * once in an agent's life. */
struct importer;
struct importer *importer_new(const struct objects *o, GError **error);
void importer_free(struct importer *i);
/* A verdict; FORWARD: the conversation goes on here. */
int importer_take(struct importer *i, const struct esc_moved *m);
int importer_take6(struct importer *i, const struct esc_moved6 *m);

struct move {
	struct moved *word;     /* the controller's */
	struct moved *out;      /* for the controller: what the ports had that went away; NULL: none did */
	GArray *stays, *stays6; /* esc_moved: what ports that stay had with them */
};
struct move *move_new(struct moved *word); /* takes it */
void move_free(struct move *m);

/* There will be a move. FALSE and error: nothing can be carried on, but tables can be applied all the same. */
gboolean move_prepare(struct agent *a, GError **error);

/* Does this port of the tables in force go away by the move? */
gboolean move_leaves(const struct agent *a, guint number);
/* The devices of the ports that go are silent, and all is still in force: reads what belongs to the ports that go. */
void move_export(struct agent *a, const gboolean gone[ESC_MAX_PORTS]);
/* All tables of `t` are in place, new devices not yet up: conversations that arrive, and those that stay, begin here. */
void move_import(struct agent *a, const struct tables *t);

/* move_flows.c, once for each family. `place`: by port number, its label's place + 1; 0: it does not move. */
void move_read(struct agent *a, const guint16 place[ESC_MAX_PORTS], GArray *out, GArray *stays);
void move_read6(struct agent *a, const guint16 place[ESC_MAX_PORTS], GArray *out, GArray *stays);
/* Those of `flows` whose ports are at `numbers` (by place; 0: nowhere): how many go on. */
guint move_take(struct importer *i, const struct tables *t, const GArray *flows, const guint16 *numbers);
guint move_take6(struct importer *i, const struct tables *t, const GArray *flows, const guint16 *numbers);
