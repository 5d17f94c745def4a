/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow log of one host: which flows began, went on and ended, and which were denied, for every security group that a flow log of
 * the documents asks for.
 *
 * Concept. Nothing of it is in the packet's way. Denied first packets come as events, which the data path limits for each port; flows
 * are found by reading the flow table in batches, and the rules that admit them by asking the policy in force (rulebook.h). As Azure
 * does, a denied flow is told by the group that denies, an allowed one by the last group that allows.
 *
 * Fair and bounded. A port has FLOWLOG_TUPLES records a minute of its own, so one port's flood costs no other its records; what is not
 * recorded is counted for each port. Reading the table rests long enough after each batch that it takes no more than FLOWLOG_SHARE
 * percent of a core. Without a log in the documents the table is not read at all.
 *
 * A flow that existed before the agent started is counted from then on and told when it goes on or ends. One that is made and
 * pushed out of the table between two readings, a second apart, is not seen: only a port whose quota is full has such flows.
 */
#pragma once
#include "abi/event.h"
#include "lib/node.h"

#define FLOWLOG_TUPLES    2000u /* of one port a minute */
#define FLOWLOG_SHARE     5u    /* percent of a core, for reading the table */
#define FLOWLOG_FLUSH     60    /* seconds between two records of a group and interface, as Azure has it */
#define FLOWLOG_GOES_ON_S 300   /* between two tuples of one flow */
#define FLOWLOG_SETTLE_MS 2000  /* a closed flow is over when nothing has come for this long */

struct agent;
struct flowlog;

struct flowlog *flowlog_new(struct agent *a, const char *directory);
void flowlog_free(struct flowlog *l); /* writes what it has */
/* A drop, as the data path tells it. */
void flowlog_event(struct flowlog *l, const struct esc_event *e);
/* These ports go: what their flows have come to is told while the tables still know them. */
void flowlog_farewell(struct flowlog *l, const gboolean gone[ESC_MAX_PORTS]);
/* Reads the whole table and writes all now; for whoever cannot wait. */
void flowlog_now(struct flowlog *l);
/* {"on", "directory", "recorded", "lost", "flows"}; the caller's. */
struct node *flowlog_tell(const struct flowlog *l);
/* Records written, or lost, of one port since the agent started. */
guint64 flowlog_recorded(const struct flowlog *l, guint port);
guint64 flowlog_lost(const struct flowlog *l, guint port);
gdouble flowlog_seconds(const struct flowlog *l); /* of a processor, for reading the table */
