/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IPv6 half of the parts. Private to the compiler.
 *
 * Addresses are what the halves differ in, so each of these stands beside its IPv4 twin and is called by it: what a
 * pool, a rule or a front end means is decided there, once.
 */
#pragma once
#include "parts.h"

struct esc_ip6 six_words(struct ip6 a);

gboolean port6_fill(struct compilation *c, struct table_port *p, const struct nic *nic);
void address6_add(struct compilation *c, const struct nic *nic, struct esc_addr value);

/* A way in for one protocol and port of a front end (vport 0, proto 0: one to one), in network order as in the keys. */
struct opening6 {
	const struct public_address *vip;
	guint16 vport, port; /* port 0: the same */
	guint8 proto;
	gboolean floating;
};
void nat6_open(struct compilation *c, const struct ip_config *config, guint32 number, const struct opening6 *o);
void nat6_own(struct compilation *c, const struct ip_config *config, guint32 number);

gboolean endpoint6_add(struct compilation *c, const struct noun *n, const struct public_address *p, guint16 port,
                       guint8 proto, const struct esc_endpoint *value);
/* The address as such: an instance's own; else in use, so that what nothing opens is told from what is nobody's. */
gboolean endpoint6_address(struct compilation *c, const struct public_address *p, const struct esc_endpoint *own);
