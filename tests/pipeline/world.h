/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of the hand-written cases: tables of one host with two tenants that use the same addresses.
 *
 *   network 100   port 1  10.0.1.4   no group            public 198.18.0.12 one to one, Standard (so closed)
 *                 port 2  10.0.1.5   group, a tap        outbound 198.18.0.10, a range of 8 ports
 *                 port 3  10.0.2.4   group               public 198.18.0.11 one to one
 *                 port 6  10.0.1.6   no policy at all
 *                 on host 172.31.240.2: 10.0.9.4 (port 7 there)
 *   network 200   port 4  10.0.1.4   no group            no way out
 *                 port 5  10.0.1.5   no group            public 198.18.0.15, not Standard
 *   198.18.0.10:80 -> ports 1 and 2 at 8080; :81 -> port 7 of the other host; :82 -> nobody; :83 -> port 2, Standard;
 *               :8080 -> port 2, floating; UDP 1027 -> port 1, which no translation of port 2 may take
 *   the group of port 2: in TCP 8080 and ICMP (rules 21, 22), else denied by rule 23; out all but TCP 25 (rule 24; 25)
 *   the group of port 3: in all of 203.0.113.0/24 (rule 31), and UDP 53 (32); out nothing to 10.0.9.0/24 (rule 33)
 */
#pragma once
#include "compile/policy.h"
#include "compile/tables.h"

#define WORLD_FABRIC     0xac1ff001u
#define WORLD_REMOTE     0xac1ff002u
#define WORLD_PLATFORM   0xa9fea9fdu
#define WORLD_VIP        0xc612000au
#define WORLD_CLIENT     0xcb007107u /* 203.0.113.7 */
#define WORLD_STRANGER   0xc6336407u /* 198.51.100.7 */
#define WORLD_ADDR(c, d) (0x0a000000u | (c) << 8 | (d))
#define WORLD_PUBLIC(d)  (0xc6120000u | (d))

extern const guint8 world_gateway[6], world_uplink[6], world_nexthop[6];

void world_mac(guint32 port, guint8 mac[6]); /* of a port; 7 is the one on the other host */
struct tables *world_tables(void);
/* The same, with the policy of one port replaced by one that denies everything (which judges its flows anew). */
struct tables *world_tables_denied(guint32 port);
/* Puts a port into tables; addr in host order. */
struct table_port *world_port(struct tables *t, guint32 number, guint32 net, guint32 addr, guint32 blob);
void world_dnat(struct tables *t, guint32 port, guint32 vip, guint16 vport, guint8 proto, guint32 addr, guint16 to,
                guint8 flags);
void world_route(struct tables *t, guint32 net, guint32 addr, guint8 length, enum esc_hop hop);
guint32 world_blob(struct tables *t, GBytes *blob); /* takes it; index + 1 */
GBytes *world_balanced(const struct esc_backend *backends, guint n);
/* `addr` is the other side's: the source of an inbound rule, the destination of an outbound one. Ports are the
 * destination's. */
struct policy_rule *world_rule(guint32 number, gboolean allow, enum direction direction, guint32 addr, guint8 length,
                               enum rule_protocol protocol, guint16 first, guint16 last);
