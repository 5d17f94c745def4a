/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of random networks: route tables, IP forwarding, and two more networks with a machine or two each, peered with the
 * first and with one another by whole, half and partial peerings.
 *
 * All draws are from a source of its own, so that networks without routes stay what they were. One in three has none:
 * then `r` is NULL, and nothing is written.
 */
#pragma once
#include <glib.h>

GRand *random_roads_new(GRand *r);
/* Of a subnet: its route table, perhaps. */
void random_roads_subnet(GString *s, GRand *r);
/* Of an interface: IP forwarding, perhaps. */
void random_roads_nic(GString *s, GRand *r);
/* The tables, networks, peerings and machines, as resources; `six` as in random_six.h. `group` writes a security group, perhaps. */
void random_roads_rest(GString *s, GRand *r, GRand *six, gboolean standard, void (*group)(GString *s, GRand *r));
