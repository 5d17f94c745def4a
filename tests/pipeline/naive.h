/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What should happen to a packet that a port sends or the uplink receives, the slow and obvious way: rules in order,
 * arrays scanned, connections in a list. Shares no code with the pipeline and knows nothing of classifiers, rings or
 * timeouts: for runs in which time stands still and no quota is reached. After a change it notes at each connection
 * what either port owes it.
 */
#pragma once
#include "frame.h"
#include "world.h"
#include "abi/verdict.h"

/* A rule as the naive eye sees it: both its ends as ranges. */
struct naive_rule {
	guint32 number;
	gboolean allow;
	guint8 protocol; /* 0: any */
	guint32 from, from_last, to, to_last;
	guint16 port, port_last;
};

struct naive_port {
	guint32 number, net, addr; /* host order */
	GArray *rules[2];          /* by direction; NULL: everything is allowed */
	guint32 public;            /* own address, one to one; 0: none */
	gboolean standard;
};

struct naive {
	GPtrArray *ports; /* struct naive_port */
	GArray *flows;
};

struct naive *naive_new(void);
void naive_free(struct naive *n);
struct naive_port *naive_port(struct naive *n, guint32 number, guint32 net, guint32 addr);
/* What judges a port has changed: its rules, or its public address. */
void naive_change(struct naive *n, guint32 port, enum live_flows mode);
enum esc_verdict naive_from_port(struct naive *n, guint32 port, const struct frame *f);
enum esc_verdict naive_from_uplink(struct naive *n, const struct frame *f);
