/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change does to flows that live.
 *
 * Concept. A port's generation names what judges its flows now, and two bounds say what older generations still count
 * for (struct esc_port_past; bpf/stage/past.h has the data path's side). A flip takes a port from one policy to the
 * next: it raises the bounds as its mode says and gives an odd generation; settling, when all other tables are in place,
 * gives the even one under which flows live. Numbers only grow. The agent does this to the kernel's words, the native
 * pipeline to its own; the arithmetic is here, once.
 */
#pragma once
#include "abi/maps.h"
#include <glib.h>

enum live_flows {
	LIVE_REEVALUATE, /* judged anew at their next packet, in the direction and with the tuple of their opener */
	LIVE_KEEP,       /* go on under the verdict that admitted them; new ones are judged by the new policy */
	LIVE_KILL,       /* end at their next packet */
	LIVE_MODES
};
const char *live_name(enum live_flows mode);
gboolean live_parse(const char *name, enum live_flows *mode);

/* The next generation between two revisions, and of a whole one; `last` is the last one given to any port. */
guint32 live_next_odd(guint32 *last);
guint32 live_next_even(guint32 *last);

/* The bounds of a port that flips to generation `next`. A port that is new keeps nothing of its number's earlier owner. */
struct esc_port_past live_bounds(struct esc_port_past old, enum live_flows mode, gboolean is_new, guint32 next);

/* Where addresses are: struct table_addr or table_addr6, sorted by key. A key begins with its network. */
struct live_places {
	gconstpointer records;
	guint count, key_size, size;
};

/*
 * Adds the networks in which an address is gone, or somewhere else. The flows of all ports that may send there are
 * asked again where they lead, whatever the mode: nobody goes on talking to an address's next owner. Of both, sizes are the same.
 */
void live_moved(GHashTable *networks, struct live_places before, struct live_places after);
/*
 * Adds the route tables (of arrays of struct table_route and table_route6; a table may lead there by one family alone)
 * that lead into one of them. A number that is by chance that of a network and of a table only makes a port ask once
 * more.
 */
void live_tables(GHashTable *networks, const GArray *routes, const GArray *routes6);
gboolean live_leads(GHashTable *moved, const struct esc_port *p); /* whether the port has one of these */
