/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a flow log: Azure's format for network security groups, versions 1 and 2, as its readers expect it.
 *
 *   tuple   epoch,source,destination,source port,destination port,T|U,I|O,A|D
 *           version 2 adds ,B|C|E,packets,bytes,packets back,bytes back: the counts since the last record, empty with B
 *   rule    UserRule_NAME, DefaultRule_NAME
 *   path    resourceId=/SUBSCRIPTIONS/.../y=2026/m=11/d=27/h=19/m=00/macAddress=02E500000001/PT1H.json, in UTC
 */
#pragma once
#include <glib.h>

#define FLOWLOG_CONTAINER "insights-logs-networksecuritygroupflowevent"

enum flowlog_state { FLOWLOG_BEGIN = 'B', FLOWLOG_GOES_ON = 'C', FLOWLOG_END = 'E' };

struct flowlog_tuple {
	gint64 epoch; /* seconds */
	const char *source, *destination;
	guint16 source_port, destination_port;
	guint8 protocol; /* TCP, UDP */
	gboolean inbound, allowed;
	enum flowlog_state state;
	guint64 packets, bytes, back_packets, back_bytes;
};
/* Callers free all results. */
char *flowlog_tuple_text(const struct flowlog_tuple *t, guint version);
/* The group's id out of a rule's ("GROUP/securityRules/NAME", "GROUP/defaultSecurityRules/NAME"); NULL: it is no such id. */
char *flowlog_group(const char *rule_id);
/* NULL: it is no rule's id. */
char *flowlog_rule(const char *rule_id);
/* Below the container. Segments of the id that could lead elsewhere are made harmless. */
char *flowlog_path(const char *group_id, const guint8 mac[6], gint64 epoch);
char *flowlog_mac(const guint8 mac[6]);
/* A group's systemId: made of its id, so always the same. */
char *flowlog_system_id(const char *group_id);

/*
 * One record of a group at one interface: `rules` are names as flowlog_rule makes them, `tuples` a GPtrArray of texts for each. JSON on
 * one line, without end of line.
 */
char *flowlog_record(const char *group_id, const guint8 mac[6], gint64 real_us, guint version, const GPtrArray *rules,
                     const GPtrArray *tuples);
