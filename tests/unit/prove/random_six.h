/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of random networks: their IPv6 half. Network 10.N.0.0/16 has fd00:0:N::/48 too, its subnet 10.N.M.0/24 fd00:0:N:M::/64;
 * machines have a second configuration, the balancer a second front end and pool.
 *
 * All draws are from a source of its own, as in random_roads.h. Every other network has none of it: then `six` is NULL.
 */
#pragma once
#include <glib.h>

extern const char *const random_outside6[];
extern const guint random_outside6_count;

GRand *random_six_new(GRand *r);
void random_six_space(GString *s, GRand *six, guint network);                  /* as members of a network's prefixes */
void random_six_prefixes(GString *s, GRand *six, guint network, guint subnet); /* the properties of a subnet */
/* The second configuration of an interface, after the first. */
void random_six_config(GString *s, GRand *six, const char *name, const char *network, guint subnet, gboolean first);
const char *random_six_side(GRand *six, const char *side); /* one side of a rule, or that of the family before */
/* Routes, after those of IPv4. */
void random_six_routes(GString *s, GRand *six);
void random_six_address(GString *s, GRand *six, const char *name, gboolean standard);
/* Of the balancer: members of its lists, after those of IPv4; but the NAT rule before them. */
void random_six_frontend(GString *s, GRand *six);
void random_six_pool(GString *s, GRand *six);
void random_six_rules(GString *s, GRand *six);
void random_six_nat_rule(GString *s, GRand *six);
