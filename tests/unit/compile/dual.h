/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world of both families:
 *
 *   v  web 10.0.1.0/24, fd00:1:0:1::/64 (group web), db 10.0.2.0/24, fd00:1:0:2::/64 (group db)
 *      web0, web1 behind front (IPv4) and front6 of lb, web0 in the application group fronts; db0 has fd00:1:0:2::9
 *   w  another tenant's, with the same prefixes (group db as well); shop0 has shop6 for its own
 *
 * Group web lets 8080 in from the Internet and 22 from 2001:db8:1::/48 alone, and
 * no 8080 from inside; group db lets 1433 in from fronts and
 * denies what else comes from fd00:1:0:1::/64.
 */
#pragma once
#include "kit.h"

struct kit *dual_world(void);
/* A NIC "NAME-nic" with a configuration of each family, and its VM; `more4`, `more6` go into the configurations. */
void dual_vm(struct kit *k, const char *name, const char *subnet, const char *more4, const char *more6);
const struct ip_config *dual_config(const struct graph *g, const char *nic);
struct ip6 dual_address(const char *text);
