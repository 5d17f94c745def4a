/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flowlog_track.h"

#include "agent/flowlog.h"
#include "explain/native.h"

#include <string.h>

struct flowlog_track {
	GHashTable *flows;
	guint32 round; /* from 1 */
};

static guint key_hash(gconstpointer p)
{
	guint64 a, b;

	memcpy(&a, p, 8);
	memcpy(&b, (const guint8 *)p + 8, 8);
	a = (a ^ (b * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15))) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
	return (guint)(a >> 32);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct esc_flow_key)) == 0;
}

struct flowlog_track *flowlog_track_new(void)
{
	struct flowlog_track *t = g_new0(struct flowlog_track, 1);

	t->flows = g_hash_table_new_full(key_hash, key_equal, g_free, g_free);
	t->round = 1;
	return t;
}

void flowlog_track_free(struct flowlog_track *t)
{
	if (!t)
		return;
	g_hash_table_unref(t->flows);
	g_free(t);
}

guint flowlog_track_count(const struct flowlog_track *t)
{
	return g_hash_table_size(t->flows);
}

static struct tracked *track_get(struct flowlog_track *t, const struct esc_flow_key *key)
{
	struct tracked *f = g_hash_table_lookup(t->flows, key);

	if (!f) {
		f = g_new0(struct tracked, 1);
		g_hash_table_insert(t->flows, g_memdup2(key, sizeof(*key)), f);
	}
	return f;
}

void flowlog_track_see(struct flowlog_track *t, const struct esc_flow_key *key, const struct esc_flow *entry)
{
	struct esc_flow_key opener;
	struct tracked *f;

	if (!(entry->flags & ESC_FLOW_REPLY)) {
		f = track_get(t, key);
		f->opener = *entry;
		f->round = t->round;
		return;
	}
	native_partner(key, entry, &opener);
	f = track_get(t, &opener);
	f->back = *entry;
	f->back_round = t->round;
}

static void say(const struct esc_flow_key *key, struct tracked *f, enum flowlog_state state, gint64 now,
                flowlog_news_fn tell, gpointer user)
{
	struct flowlog_news n = {.key = key, .opener = &f->opener, .state = state};

	if (state != FLOWLOG_BEGIN) {
		n.packets = (guint32)(f->opener.packets - f->told[0].packets);
		n.bytes = f->opener.bytes - f->told[0].bytes;
		n.back_packets = (guint32)(f->back.packets - f->told[1].packets);
		n.back_bytes = f->back.bytes - f->told[1].bytes;
		f->told[0] = (struct flowlog_counts){f->opener.packets, f->opener.bytes};
		f->told[1] = (struct flowlog_counts){f->back.packets, f->back.bytes};
	}
	f->told_at = now;
	tell(&n, user);
}

/* The entries were made anew under the same key: what was told is of another flow. */
static gboolean is_another(const struct tracked *f)
{
	return f->begun && f->opener.bytes < f->told[0].bytes;
}

/* Since the last tuple: what was closed may be opened again, and late packets count. */
static gboolean has_moved(const struct tracked *f)
{
	return f->opener.packets != f->told[0].packets || f->back.packets != f->told[1].packets;
}

static void begin_again(struct tracked *f)
{
	memset(f->told, 0, sizeof(f->told));
	f->begun = f->over = FALSE;
}

/* In the first round flows are met that began before: they are counted from here. */
static void adopt(struct tracked *f, gint64 now)
{
	f->told[0] = (struct flowlog_counts){f->opener.packets, f->opener.bytes};
	f->told[1] = (struct flowlog_counts){f->back.packets, f->back.bytes};
	f->told_at = now;
	f->begun = TRUE;
}

static gboolean is_over(const struct esc_flow_key *key, const struct tracked *f, gboolean whole, flowlog_idle_fn idle,
                        gpointer user)
{
	guint32 there = idle(&f->opener, user), back = whole ? idle(&f->back, user) : there;
	enum native_life life = native_life(key, &f->opener, there, whole ? &f->back : NULL, back);

	return life == NATIVE_DEAD || (life == NATIVE_CLOSED && MIN(there, back) >= FLOWLOG_SETTLE_MS);
}

/* FALSE: gone, to be forgotten. */
static gboolean tell_flow(struct flowlog_track *t, const struct esc_flow_key *key, struct tracked *f, gint64 now,
                          flowlog_idle_fn idle, flowlog_news_fn tell, gpointer user)
{
	gboolean here = f->round == t->round, whole = f->back_round == t->round;

	if (!here) {
		if (f->begun && !f->over)
			say(key, f, FLOWLOG_END, now, tell, user);
		return f->round == 0 && whole && !f->begun; /* its opener may be met in the next round */
	}
	if (is_another(f))
		begin_again(f);
	if (!f->begun && t->round == 1)
		adopt(f, now);
	if (!f->begun) {
		say(key, f, FLOWLOG_BEGIN, now, tell, user);
		f->begun = TRUE;
	}
	if (f->over && !has_moved(f))
		return TRUE;
	f->over = FALSE;
	if (is_over(key, f, whole, idle, user)) {
		say(key, f, FLOWLOG_END, now, tell, user);
		f->over = TRUE;
	} else if (now - f->told_at >= FLOWLOG_GOES_ON_S) {
		say(key, f, FLOWLOG_GOES_ON, now, tell, user);
	}
	return TRUE;
}

void flowlog_track_round(struct flowlog_track *t, gint64 now, flowlog_idle_fn idle, flowlog_news_fn tell, gpointer user)
{
	GHashTableIter i;
	gpointer key, value;

	g_hash_table_iter_init(&i, t->flows);
	while (g_hash_table_iter_next(&i, &key, &value))
		if (!tell_flow(t, key, value, now, idle, tell, user))
			g_hash_table_iter_remove(&i);
	t->round++;
}

void flowlog_track_part(struct flowlog_track *t, const gboolean gone[ESC_MAX_PORTS], gint64 now, flowlog_news_fn tell,
                        gpointer user)
{
	GHashTableIter i;
	gpointer key, value;

	g_hash_table_iter_init(&i, t->flows);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		const struct esc_flow_key *k = key;
		struct tracked *f = value;

		if (!gone[k->port % ESC_MAX_PORTS] && !gone[f->opener.peer % ESC_MAX_PORTS])
			continue;
		if (f->begun && !f->over)
			say(key, f, FLOWLOG_END, now, tell, user);
		g_hash_table_iter_remove(&i);
	}
}
