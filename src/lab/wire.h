/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's wires: the hosts of a small fleet, the fabric between them and an Internet, as network namespaces.
 *
 *   internet ──hostK──uplink0── hK ──overlay0 (VXLAN, its sockets in hK.fabric)
 *                                     hK.fabric ──eth0──hK── fabric (a bridge)
 *
 * hK has no addresses, does not forward, has no IPv6, and a default-drop rule on the ingress of every device, so
 * whatever the programs do not redirect ends there. No segment needs ARP: every neighbour is written down. Building is
 * idempotent: what a killed supervisor left is adopted.
 */
#pragma once
#include "lib/ip.h"

#define WIRE_UPLINK     "uplink0"
#define WIRE_OVERLAY    "overlay0"
#define WIRE_PROBER     "prober0" /* its other end is the prober's eth0 */
#define WIRE_MTU        1500
#define WIRE_FABRIC_MTU 1600
#define WIRE_VXLAN_PORT 4789
#define WIRE_ECHO_PORT  7                   /* where instances and the Internet answer for every other port */
#define WIRE_CLIENT     "192.88.99.1"       /* the Internet's own address, */
#define WIRE_CLIENT6    "2002:c058:6301::1" /* and of IPv6: what 6to4 makes of the other */
/* Part of a table ip6: a namespace tells nobody of its multicast groups, and looks for no router. */
#define WIRE_NO_REPORTS                                                                                                \
	" chain quiet { type filter hook output priority filter;\n"                                                    \
	"  icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit } drop\n }\n"

gboolean wire_build(const char *lab, guint hosts, GError **error);
char *wire_netns_bridge(const char *lab); /* caller frees */
/* MACs of a host's uplink, and of its next hop in the Internet. */
void wire_uplink_mac(guint host, guint8 mac[6]);
void wire_nexthop_mac(guint host, guint8 mac[6]);
