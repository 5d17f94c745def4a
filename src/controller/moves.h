/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine whose place changes from one plan to the next takes its conversations along (compile/moved.h). For that the
 * tables go out in two rounds: first to the host that it leaves, which answers with what its ports had; when that host
 * has acknowledged, to all others. In between nobody has the machine: what is sent to it is dropped, and sent again.
 */
#pragma once
#include "controller/plan.h"

struct moves {
	guint from, to;
	GPtrArray *labels; /* of its ports */
};

/* What moves from one host to one other; NULL: nothing does, or more than that, which then goes without conversations. */
struct moves *moves_between(const struct plan *before, const struct plan *after);
void moves_free(struct moves *m);

/* The word that announces the ports to the host that takes them. The caller's. */
GBytes *moves_announce(const struct moves *m, guint64 revision);
/* The word for the host that is left, and for the one that takes the ports; `report` is what the first wrote, NULL: nothing.
 * Both are the caller's. The second is NULL with an error when the report is not about these ports. */
GBytes *moves_leave(const struct moves *m, guint64 revision);
GBytes *moves_arrive(const struct moves *m, guint64 revision, GBytes *report, GError **error);
