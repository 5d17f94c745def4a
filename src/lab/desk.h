/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's list of places that answer with their name, and their sockets.
 *
 * The sockets are opened here, inside the place's namespace, and lent to the echo process; the supervisor keeps its own
 * descriptors, so a new echo process gets everything again and a place never forgets its port.
 */
#pragma once
#include <glib.h>

struct desk;
struct desk *desk_new(void);
void desk_free(struct desk *d);

/* `label` is what the namespace answers; opening is done once, a new label replaces the old. */
gboolean desk_open(struct desk *d, const char *netns, const char *label, GError **error);
void desk_close(struct desk *d, const char *netns);
/* A new echo process listens on this channel (-1: none now). The desk owns it. */
void desk_set_channel(struct desk *d, int channel);
