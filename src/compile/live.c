/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/live.h"
#include "compile/tables.h"
#include <string.h>

static const char *const names[LIVE_MODES] = {"reevaluate", "keep", "kill"};

const char *live_name(enum live_flows mode)
{
	return names[mode];
}

gboolean live_parse(const char *name, enum live_flows *mode)
{
	for (guint m = 0; m < LIVE_MODES; m++) {
		if (!g_strcmp0(name, names[m])) {
			*mode = m;
			return TRUE;
		}
	}
	return FALSE;
}

guint32 live_next_odd(guint32 *last)
{
	*last += *last & 1 ? 2 : 1;
	return *last;
}

guint32 live_next_even(guint32 *last)
{
	*last += *last & 1 ? 1 : 2;
	return *last;
}

struct esc_port_past live_bounds(struct esc_port_past old, enum live_flows mode, gboolean is_new, guint32 next)
{
	if (is_new || mode != LIVE_KEEP)
		old.kept = next;
	if (is_new || mode == LIVE_KILL)
		old.ended = next;
	return old;
}

void live_moved(GHashTable *networks, struct live_places before, struct live_places after)
{
	const guint8 *old = before.records, *new = after.records;
	guint j = 0;

	for (guint i = 0; i < before.count; i++, old += before.size) {
		guint32 net;

		while (j < after.count && memcmp(new, old, before.key_size) < 0) {
			new += after.size;
			j++;
		}
		memcpy(&net, old, sizeof(net));
		if (j == after.count || memcmp(new, old, before.size))
			g_hash_table_add(networks, GUINT_TO_POINTER(net));
	}
}

void live_tables(GHashTable *networks, const GArray *routes, const GArray *routes6)
{
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));

	for (guint i = 0; i < routes->len; i++) {
		const struct table_route *r = &g_array_index(routes, struct table_route, i);

		if (r->value.net && g_hash_table_contains(networks, GUINT_TO_POINTER(r->value.net)))
			g_array_append_val(numbers, r->key.table);
	}
	for (guint i = 0; i < routes6->len; i++) {
		const struct table_route6 *r = &g_array_index(routes6, struct table_route6, i);

		if (r->value.net && g_hash_table_contains(networks, GUINT_TO_POINTER(r->value.net)))
			g_array_append_val(numbers, r->key.table);
	}
	for (guint i = 0; i < numbers->len; i++)
		g_hash_table_add(networks, GUINT_TO_POINTER(g_array_index(numbers, guint32, i)));
}

gboolean live_leads(GHashTable *moved, const struct esc_port *p)
{
	return g_hash_table_contains(moved, GUINT_TO_POINTER(p->net)) ||
	       g_hash_table_contains(moved, GUINT_TO_POINTER(p->table)) ||
	       g_hash_table_contains(moved, GUINT_TO_POINTER(p->space));
}
