/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host firewall: whom a host answers on the fabric.
 *
 * A host has one address, in the namespace of its underlay, and speaks there with two kinds of others: the hosts of its
 * fleet, for VXLAN and the ICMP errors about it, and the management sources that the operator declares. Everybody else is
 * dropped, ARP included, and gets no answer, not even that a port is closed. VLAN tags pass when they are on the
 * allow-list; by default none is. What is dropped is counted by nftables: counters `stranger`, `stranger_arp`, `tagged`.
 */
#pragma once
#include "lib/ip.h"

#define HOSTWALL_MANAGEMENT "ESCARP_MANAGEMENT" /* prefixes, with commas between */
#define HOSTWALL_VLANS      "ESCARP_VLANS"      /* numbers from 0 to 4095, with commas between */
#define HOSTWALL_ENTRIES    64                  /* of either */

struct hostwall {
	GArray *peers;      /* guint32, host order */
	GArray *management; /* struct prefix */
	GArray *vlans;      /* guint16 */
};
/* Of the two settings; NULL or empty: none. FALSE and error when one is not such a list. */
gboolean hostwall_init(struct hostwall *w, const char *management, const char *vlans, GError **error);
void hostwall_clear(struct hostwall *w);
/* The ruleset for `device`; the caller's. It takes the place of one that is there already. */
char *hostwall_rules(const struct hostwall *w, const char *device, guint vxlan_port);
