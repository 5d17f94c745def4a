/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/opinion.h"

static gboolean first(struct opinion *o, gboolean good, guint interval, gint64 now)
{
	if (!o->since)
		o->since = now;
	if (!good && now - o->since < (gint64)interval * G_USEC_PER_SEC)
		return FALSE;
	o->known = TRUE;
	o->down = !good;
	if (o->down)
		o->changed = now;
	return TRUE;
}

gboolean opinion_note(struct opinion *o, gboolean good, guint threshold, guint interval, gint64 now)
{
	if (!o->known)
		return first(o, good, interval, now);
	if (good != o->down) {
		o->against = 0;
		return FALSE;
	}
	if (++o->against < threshold)
		return FALSE;
	o->against = 0;
	o->down = !good;
	o->changed = now;
	return TRUE;
}
