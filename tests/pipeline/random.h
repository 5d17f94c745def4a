/* SPDX-License-Identifier: Apache-2.0 */
/* The random world of cases_random.c: few addresses and ports, so that packets meet flows, rules and each other. */
#pragma once
#include "naive.h"
#include "twin.h"

#define RANDOM_PORTS 6

/* A port without a group, or with a few rules in each direction; numbers rules from *number on. */
GBytes *random_policy(struct naive_port *port, guint32 *number);
/* The port's public address in the tables, when it has one. */
void random_public(struct tables *t, const struct naive_port *port);
void random_routes(struct tables *t);
/* One packet through the twins and the naive eye, which must agree. *last and *ifindex: what went on last, and where. */
void random_packet(struct twin *w, struct naive *n, struct frame *last, guint32 *ifindex);
