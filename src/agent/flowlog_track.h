/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flows that a log follows: what was told of each, and what is to be told.
 *
 * The table is read in rounds. Both entries of a flow meet in one record, by the opener's key; at the end of a round each
 * record says at most one thing: it began, it goes on, it is over. Counts are differences, since counters wrap.
 */
#pragma once
#include "abi/maps.h"
#include "agent/flowlog_text.h"

struct flowlog_counts {
	guint32 packets;
	guint64 bytes;
};

struct tracked {
	struct esc_flow opener, back;  /* as last seen */
	struct flowlog_counts told[2]; /* there and back, at the last tuple */
	guint32 round, back_round;     /* in which each was seen */
	gint64 told_at;                /* seconds */
	gboolean begun, over;          /* told */
};

struct flowlog_track; /* struct esc_flow_key of the opener -> struct tracked */
struct flowlog_track *flowlog_track_new(void);
void flowlog_track_free(struct flowlog_track *t);
/* An entry of the table, in any order. */
void flowlog_track_see(struct flowlog_track *t, const struct esc_flow_key *key, const struct esc_flow *entry);

struct flowlog_news {
	const struct esc_flow_key *key; /* the opener's */
	const struct esc_flow *opener;
	enum flowlog_state state;
	guint64 packets, bytes, back_packets, back_bytes; /* since the last tuple */
};
typedef void (*flowlog_news_fn)(const struct flowlog_news *n, gpointer user);
typedef guint32 (*flowlog_idle_fn)(const struct esc_flow *f, gpointer user); /* ms */
/* Ends a round: tells what is new, forgets what is gone, begins the next. */
void flowlog_track_round(struct flowlog_track *t, gint64 now, flowlog_idle_fn idle, flowlog_news_fn tell,
                         gpointer user);
/* Flows of these ports are over: tells so, and forgets them. */
void flowlog_track_part(struct flowlog_track *t, const gboolean gone[ESC_MAX_PORTS], gint64 now, flowlog_news_fn tell,
                        gpointer user);
guint flowlog_track_count(const struct flowlog_track *t);
