/* SPDX-License-Identifier: Apache-2.0 */
#include "seats.h"
#include "parts.h"

/* One table over the members that `up` names; without any, nobody's. */
static void fill(guint16 *table, guint size, const char *const *ids, const gboolean *up, guint count)
{
	g_autofree const char **names = g_new(const char *, count);
	g_autofree guint16 *index = g_new(guint16, count);
	guint n = 0;

	for (guint i = 0; i < count; i++) {
		if (!up[i])
			continue;
		names[n] = ids[i];
		index[n++] = (guint16)i;
	}
	if (size == 1)
		table[0] = 0;
	else if (n)
		maglev_fill(table, size, names, n);
	for (guint i = 0; i < size; i++)
		table[i] = n ? index[table[i]] : ESC_BLOB_NOBODY;
}

static gboolean any(const gboolean *up, guint count)
{
	for (guint i = 0; i < count; i++) {
		if (up[i])
			return TRUE;
	}
	return FALSE;
}

/* Puts an owner into the first further table that has nobody there, unless he has the place already. */
static void add_owner(struct seats *s, guint place, guint16 owner)
{
	for (guint i = 0; i < ESC_BLOB_TABLES; i++) {
		guint16 *cell = &s->cells[i * s->size + place];

		if (*cell == owner)
			return;
		if (i && *cell == ESC_BLOB_NOBODY) {
			*cell = owner;
			s->further = MAX(s->further, i);
			return;
		}
	}
}

static void add_table(struct seats *s, const char *const *ids, const gboolean *up, guint count)
{
	g_autofree guint16 *table = g_new(guint16, s->size);

	fill(table, s->size, ids, up, count);
	for (guint i = 0; i < s->size; i++) {
		if (table[i] != ESC_BLOB_NOBODY)
			add_owner(s, i, table[i]);
	}
}

#define RECALLED 4 /* members whose time away is remembered */

/* Who had each place before the latest change, who has it when all are up, and who takes it over from one who was away. */
static void add_before(struct seats *s, const char *const *ids, const struct health_state *states, guint count,
                       gint64 latest)
{
	g_autofree gboolean *up = g_new(gboolean, count);

	for (guint i = 0; i < count; i++)
		up[i] = states[i].changed == latest ? states[i].down : !states[i].down;
	add_table(s, ids, up, count);
	for (guint i = 0; i < count; i++)
		up[i] = TRUE;
	add_table(s, ids, up, count);
	for (guint i = 0, recalled = 0; i < count && recalled < RECALLED; i++) {
		if (!states[i].changed)
			continue;
		recalled++;
		up[i] = FALSE;
		add_table(s, ids, up, count);
		up[i] = TRUE;
	}
}

void seats_fill(struct seats *s, const char *const *ids, guint count, const struct health *h, const struct probe *probe,
                enum sku sku)
{
	g_autofree struct health_state *states = g_new0(struct health_state, count);
	g_autofree gboolean *up = g_new(gboolean, count);
	gint64 latest = 0;

	*s = (struct seats){.size = seats_size(count)};
	s->cells = g_new(guint16, s->size * ESC_BLOB_TABLES);
	for (guint i = 0; i < s->size * ESC_BLOB_TABLES; i++)
		s->cells[i] = ESC_BLOB_NOBODY;
	for (guint i = 0; i < count; i++) {
		if (probe)
			states[i] = health_get(h, probe->noun.id, ids[i]);
		up[i] = !states[i].down;
		latest = MAX(latest, states[i].changed);
	}
	gboolean alive = any(up, count);
	if (!alive && probe && probe->up_when_all_down)
		for (guint i = 0; i < count; i++)
			up[i] = TRUE;
	fill(s->cells, s->size, ids, up, count);
	if (latest > 0 && (alive || sku != SKU_BASIC))
		add_before(s, ids, states, count, latest);
}

guint seats_size(guint count)
{
	return count == 1 ? 1 : MAGLEV_SIZE;
}

void seats_clear(struct seats *s)
{
	g_clear_pointer(&s->cells, g_free);
}
