/* SPDX-License-Identifier: Apache-2.0 */
/* Which ports are worth trying: where rules and endpoints change something, and a few that everybody tries. */
#pragma once
#include "model/graph.h"

/* guint16, ascending, each once. The caller frees. */
GArray *probe_ports_of_config(const struct ip_config *c, guint8 protocol);
GArray *probe_ports_of_public(const struct public_address *p, guint8 protocol);
