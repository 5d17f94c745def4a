/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run/lab.sock: what the agents ask of the supervisor. A host's agent may ask about its own host only.
 *
 *   {"op":"plug", "host", "port", "vm", "label", "nic", "mac", "addresses":[{"address","prefix","gateway"}], "primary",
 * "tap"}
 *     "addresses6" beside "addresses" for an instance of both families
 *   {"op":"unplug", "host", "port", "vm"}
 *   {"op":"uplink", "host"} -> {"ok":true, "uplink", "overlay", "mac", "nexthop"}
 */
#pragma once
#include "lab/desk.h"

struct plugs;
struct plugs *plugs_new(const char *lab, guint hosts, struct desk *desk, GError **error);
void plugs_free(struct plugs *p);
