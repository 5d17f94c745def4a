/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place outside: what `escarp exec internet --as ADDRESS` runs in.
 *
 * The calling process moves to a new namespace of its own, joined to the lab's Internet by a veth pair, with that
 * address and everything routed to the Internet. It vanishes with the process, and the process is ended when the lab is
 * taken down, like everything that runs in the lab. Of two that claim one address the newer
 * gets the answers. The Internet's own address (WIRE_CLIENT, or NULL) needs no place of its own: the process moves to
 * the Internet itself.
 */
#pragma once
#include <glib.h>

/* The alias of the link's end in the Internet: this and the inode number of the place. */
#define OUTSIDE_MARK "escarp-outside:"

gboolean outside_enter(const char *lab, const char *address, GError **error);
