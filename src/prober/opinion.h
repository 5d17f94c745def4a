/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is believed of a member, from one answer to the next.
 *
 * A member that is known is down after `threshold` misses in a row, and up again after as many answers. One that is new
 * counts as up; its first answer makes it known, and so do misses for as long as one interval, by which it is down: a
 * machine that is still starting is not worth an alarm, and a rule that keeps the probe out is not long unnoticed.
 */
#pragma once
#include <glib.h>

struct opinion {
	gboolean known, down;
	guint against;  /* results in a row that speak against it */
	gint64 since;   /* when it was first asked, in µs */
	gint64 changed; /* when it last changed, in µs of real time; 0: never */
};

/* One result, at `now`; times in µs. TRUE: what is believed has changed, or is believed from now on. */
gboolean opinion_note(struct opinion *o, gboolean good, guint threshold, guint interval, gint64 now);
