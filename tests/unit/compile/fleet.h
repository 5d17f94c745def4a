/* SPDX-License-Identifier: Apache-2.0 */
/* A kit's world, compiled for up to three hosts, and look-ups in what came of it. Addresses are in network order. */
#pragma once
#include "kit.h"

struct fleet {
	struct graph *g;
	struct alloc *a;
	struct alloc_settings s;
	struct tables *t[3];
};

void fleet_up(struct fleet *f, const struct kit *k, guint hosts, guint order);
void fleet_down(struct fleet *f);
const struct table_port *port_of(const struct fleet *f, guint host, const char *nic);
guint32 be_private(const struct fleet *f, const char *nic);
guint32 be_public(const struct fleet *f, const char *name);
const struct esc_addr *address(const struct fleet *f, guint host, guint32 net, guint32 addr);
const struct esc_endpoint *endpoint(const struct fleet *f, guint host, guint32 vip, guint16 port, guint8 proto);
const struct esc_dnat *dnat(const struct fleet *f, guint host, guint32 port, guint32 vip, guint16 vport, guint8 proto);
const struct esc_snat *snat(const struct fleet *f, guint host, guint32 port, guint32 addr);
