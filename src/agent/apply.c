/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tables in force to new ones, in the order that keeps every moment right:
 *
 *   place blobs ─ plug added ports │ drop stale ports ─ remove stale entries ─ add route tables ─ flip policies
 *                                       ─ add entries ─ remove stale route tables ─ settle ─ (conversations come along) ─ devices up
 *
 * Between the flip and the end of the additions a packet may have judged its flow by the new policy and an old entry (an
 * address that moved, an endpoint that now leads elsewhere). So what was flipped gets one generation more when all is in
 * place: such a flow is judged once again, and nothing of the mixture stays. Adding before the flip would not do: the
 * old policy may allow what only the new entry makes reachable.
 *
 * Route tables are the exception: each has a number of its own, which no port has before its flip, and which says the
 * same for as long as a port has it.
 *
 * What becomes of flows that live is said by the tables (src/compile/live.h), and done by the generations. Only a port
 * whose judgement has changed is given one in the mode of the change; a port that merely has to ask again where an
 * address is keeps what it has admitted.
 *
 * Left of the bar nothing that is in force changes, so a failure there is undone and forgotten. Right of it a failure
 * is answered by going the same way back to the old tables: every step compares with what is there, so the way back is
 * just another change. At the bar the new tables are written to a file, which becomes the file of those in force at the end:
 * whoever is started after a crash goes on with them, and knows every port by one of the two.
 */
#include "agent/internal.h"
#include "agent/move.h"
#include "lab/error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

struct change {
	struct agent *a;
	const struct tables *t;
	guint32 *slots;                 /* of each blob */
	GArray *endpoints, *endpoints6; /* with real slots */
	enum live_flows live;
	GHashTable *moved; /* route tables that lead to an address which is not where it was */
	GArray *flipped;   /* numbers of the ports that got a new generation */
	struct map_records records[MAP_COUNT];
};

guint64 agent_word(guint32 slot, guint32 generation)
{
	const struct esc_port_word w = {slot, generation};
	guint64 v;

	memcpy(&v, &w, sizeof(v));
	return v;
}

static guint32 slot_of(const struct change *c, guint32 name)
{
	return name ? c->slots[name - 1] : 0;
}

/* When only resting blobs stand in the way, waiting for them is cheaper than failing. */
static gboolean place_one(struct blobs *b, GBytes *blob, guint32 *slot)
{
	gsize size;
	const void *content = g_bytes_get_data(blob, &size);
	guint32 blocks = (guint32)(size / sizeof(struct esc_block));

	if (blobs_place(b, content, blocks, g_get_monotonic_time(), slot))
		return TRUE;
	g_usleep(BLOBS_GRACE_US);
	return blobs_place(b, content, blocks, g_get_monotonic_time(), slot);
}

static gboolean place_blobs(struct change *c, GError **error)
{
	blobs_begin(&c->a->blobs);
	for (guint i = 0; i < c->t->blobs->len; i++)
		if (!place_one(&c->a->blobs, c->t->blobs->pdata[i], &c->slots[i]))
			return lab_fail(error,
			                "the policies of this revision do not fit beside those in force: there is room "
			                "for %u MiB (" OBJECTS_POLICY_MIB ")",
			                c->a->objects->block_count >> 14);
	return TRUE;
}

/* Bounds that the reader of the tables cannot know: how much the maps hold here. */
static gboolean check(struct change *c, GError **error)
{
	for (guint m = 0; m < MAP_COUNT; m++)
		if (!sync_check(&c->a->syncs[m], c->records[m].records, c->records[m].count, error))
			return FALSE;
	return TRUE;
}

static void note_moved(struct change *c, enum agent_map map, const GArray *after)
{
	const struct sync *s = &c->a->syncs[map];
	guint size = s->key_size + s->value_size;

	live_moved(c->moved, (struct live_places){s->held->data, sync_count(s), s->key_size, size},
	           (struct live_places){after->data, after->len, s->key_size, size});
}

static gboolean change_open(struct change *c, struct agent *a, const struct tables *t, enum live_flows live,
                            GError **error)
{
	*c = (struct change){.a = a, .t = t, .live = live};
	c->moved = g_hash_table_new(NULL, NULL);
	note_moved(c, MAP_ADDRS, t->addrs);
	note_moved(c, MAP_ADDRS6, t->addrs6);
	live_tables(c->moved, t->routes, t->routes6);
	c->slots = g_new0(guint32, t->blobs->len + 1);
	c->flipped = g_array_new(FALSE, FALSE, sizeof(guint32));
	if (!place_blobs(c, error))
		return FALSE;
	c->endpoints = g_array_copy(t->endpoints);
	for (guint i = 0; i < c->endpoints->len; i++) {
		struct esc_endpoint *e = &g_array_index(c->endpoints, struct table_endpoint, i).value;

		e->slot = slot_of(c, e->slot);
		e->access = slot_of(c, e->access);
	}
	c->endpoints6 = g_array_copy(t->endpoints6);
	for (guint i = 0; i < c->endpoints6->len; i++) {
		struct esc_endpoint *e = &g_array_index(c->endpoints6, struct table_endpoint6, i).value;

		e->slot = slot_of(c, e->slot);
		e->access = slot_of(c, e->access);
	}
	maps_records(t, c->endpoints, c->endpoints6, c->records);
	return check(c, error);
}

static void change_close(struct change *c)
{
	if (c->endpoints)
		g_array_unref(c->endpoints);
	if (c->endpoints6)
		g_array_unref(c->endpoints6);
	g_array_unref(c->flipped);
	g_hash_table_unref(c->moved);
	g_free(c->slots);
}

static gboolean remove_stale(struct change *c, GError **error)
{
	for (guint m = 0; m < MAP_COUNT; m++)
		if (m != MAP_ROUTES && m != MAP_ROUTES6 &&
		    !sync_remove(&c->a->syncs[m], c->records[m].records, c->records[m].count, error))
			return FALSE;
	return TRUE;
}

static gboolean add_routes(struct change *c, GError **error)
{
	const struct map_records *r = &c->records[MAP_ROUTES], *r6 = &c->records[MAP_ROUTES6];

	return sync_put(&c->a->syncs[MAP_ROUTES], r->records, r->count, error) &&
	       sync_put(&c->a->syncs[MAP_ROUTES6], r6->records, r6->count, error);
}

static gboolean remove_routes(struct change *c, GError **error)
{
	const struct map_records *r = &c->records[MAP_ROUTES], *r6 = &c->records[MAP_ROUTES6];

	return sync_remove(&c->a->syncs[MAP_ROUTES], r->records, r->count, error) &&
	       sync_remove(&c->a->syncs[MAP_ROUTES6], r6->records, r6->count, error);
}

/* Both bounds as one aligned store. */
static void store_bounds(struct esc_port_past *place, struct esc_port_past past)
{
	guint64 both;

	memcpy(&both, &past, sizeof(both));
	__atomic_store_n((guint64 *)(gpointer)place, both, __ATOMIC_RELEASE);
}

/* The bounds of a port's past, and its next generation. `slot`: of the policy until now. */
static guint32 advance(struct change *c, const struct table_port *p, guint32 slot, gboolean is_new,
                       gboolean judged_anew)
{
	struct esc_port_past *past = &c->a->objects->past[p->number];
	guint32 next = live_next_odd(&c->a->generation);

	store_bounds(past, live_bounds(*past, judged_anew ? c->live : LIVE_KEEP, is_new, next));
	__atomic_store_n(&past->before, slot, __ATOMIC_RELEASE);
	g_array_append_val(c->flipped, p->number);
	return next;
}

/* A flow remembers the generation that admitted it, so a port gets a new one exactly when what judges it has changed,
 * or what it has judged may lead elsewhere. */
static void flip(struct change *c, const struct table_port *p)
{
	struct agent_port *port = c->a->ports[p->number];
	guint64 *word = &c->a->objects->words[p->number];
	gboolean judged_anew = port->judge != p->judge, is_new;
	struct esc_port_word now;

	memcpy(&now, word, sizeof(now));
	is_new = !now.generation;
	if (is_new || judged_anew || live_leads(c->moved, &p->port))
		now.generation = advance(c, p, now.slot, is_new, judged_anew);
	port->judge = p->judge;
	__atomic_store_n(word, agent_word(slot_of(c, p->blob), now.generation), __ATOMIC_RELEASE);
	__atomic_store_n(&c->a->objects->past[p->number].judge, p->judge, __ATOMIC_RELEASE);
}

/* The host's turn (abi/maps.h): odd from the first flip of a change to the last. A predecessor may have left it odd. */
static void turn(const struct agent *a, gboolean begins)
{
	guint64 *place = &a->objects->past[ESC_PAST_TURN].judge;

	__atomic_store_n(place, begins ? *place | 1 : (*place | 1) + 1, __ATOMIC_RELEASE);
}

static gboolean write_ports(struct change *c, GError **error)
{
	turn(c->a, TRUE);
	for (guint i = 0; i < c->t->ports->len; i++) {
		const struct table_port *p = c->t->ports->pdata[i];
		struct esc_port value = p->port;

		value.ifindex = c->a->ports[p->number]->ifindex;
		flip(c, p);
		if (!maps_write_port(c->a, p->number, &value, &p->port6, error))
			return FALSE;
	}
	turn(c->a, FALSE);
	return TRUE;
}

static gboolean add_missing(struct change *c, GError **error)
{
	for (guint m = 0; m < MAP_COUNT; m++)
		if (!sync_put(&c->a->syncs[m], c->records[m].records, c->records[m].count, error))
			return FALSE;
	return TRUE;
}

/* All is in place: what was judged on the way is judged once more. */
static void settle(struct change *c)
{
	for (guint i = 0; i < c->flipped->len; i++) {
		guint64 *word = &c->a->objects->words[g_array_index(c->flipped, guint32, i)];
		struct esc_port_word now;

		memcpy(&now, word, sizeof(now));
		__atomic_store_n(word, agent_word(now.slot, live_next_even(&c->a->generation)), __ATOMIC_RELEASE);
	}
}

/*
 * Numbers are given once: a flow that was idle since a number's first use must not pass for one of its second. So
 * before they run out all ports get new ones from the beginning, and all flows go. It happens every four thousand
 * million changes.
 */
static void renumber(struct agent *a)
{
	g_autofree gboolean *all = g_new0(gboolean, ESC_MAX_PORTS);

	if (a->generation < G_MAXUINT32 - 8 * ESC_MAX_PORTS)
		return;
	a->generation = 0;
	for (guint n = 0; n < ESC_MAX_PORTS; n++) {
		struct esc_port_word now;

		memcpy(&now, &a->objects->words[n], sizeof(now));
		all[n] = TRUE;
		store_bounds(&a->objects->past[n], (struct esc_port_past){0});
		if (now.generation)
			__atomic_store_n(&a->objects->words[n], agent_word(now.slot, live_next_even(&a->generation)),
			                 __ATOMIC_RELEASE);
	}
	maps_forget_flows(a, all);
}

static gboolean carry_out(struct change *c, GError **error)
{
	if (!ports_drop_stale(c->a, c->t, error) || !remove_stale(c, error) || !maps_write_host(c->a, c->t, error) ||
	    !ports_plug(c->a, c->t, FALSE, error) || !add_routes(c, error) || !write_ports(c, error) ||
	    !add_missing(c, error) || !remove_routes(c, error))
		return FALSE;
	settle(c);
	move_import(c->a, c->t);
	c->a->live_at = g_get_real_time();
	return ports_open(c->a, c->t, error);
}

static void count(struct agent *a)
{
	for (guint m = 0; m < MAP_COUNT; m++) {
		a->calls += a->syncs[m].calls;
		a->syncs[m].calls = 0;
	}
	a->blocks_copied = a->blobs.written;
	a->blobs.written = 0;
}

/* For a successor, before anything changes: what it finds in the kernel has its name in these tables, or in those in force. */
static gboolean announce(const struct agent *a, const struct tables *t, GError **error)
{
	g_autoptr(GBytes) bytes = tables_serialize(t);
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	return g_file_set_contents_full(a->next_file, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* *touched: something that was in force may have changed. */
static gboolean go(struct agent *a, const struct tables *t, enum live_flows live, gboolean *touched, GError **error)
{
	struct change c;
	gboolean ok;

	*touched = FALSE;
	ok = change_open(&c, a, t, live, error) && ports_plug(a, t, TRUE, error) && announce(a, t, error);
	if (ok) {
		*touched = TRUE;
		renumber(a);
		ok = carry_out(&c, error);
	}
	if (!ok && *touched)
		settle(&c); /* the way back flips from here */
	if (ok)
		blobs_commit(&a->blobs, g_get_monotonic_time());
	else if (!*touched)
		blobs_abort(&a->blobs);
	count(a);
	change_close(&c);
	return ok;
}

/* What was announced is in force. */
static void keep(struct agent *a)
{
	if (g_rename(a->next_file, a->kept_file))
		g_warning("%s: %s", a->kept_file, g_strerror(errno));
}

gboolean agent_apply(struct agent *a, struct tables *t, GError **error)
{
	gint64 start = g_get_monotonic_time();
	g_autoptr(tables) incoming = t;
	g_autoptr(GError) again = NULL;
	gboolean touched;

	if (t->host != a->host)
		return lab_fail(error, "these tables are of host %u", t->host);
	a->calls = 0;
	if (go(a, t, t->live, &touched, error)) {
		maps_forget_rules(a, a->tables, t);
		tables_free(a->tables);
		a->tables = g_steal_pointer(&incoming);
		g_free(a->hash);
		a->hash = tables_hash(a->tables);
		a->applied_us = g_get_monotonic_time() - start;
		keep(a);
		return TRUE;
	}
	g_clear_pointer(&a->move, move_free); /* its names are those of the change that failed */
	/* Ports that were plugged for it are stale in the old tables, so the way back unplugs them. What the new policy
	 * admitted meanwhile must not live on, whatever was declared. */
	if (go(a, a->tables, LIVE_REEVALUATE, &touched, &again))
		keep(a);
	else
		g_critical("the way back failed too: %s", again->message);
	return FALSE;
}
