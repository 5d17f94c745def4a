/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * aside6: of IPv6, what left the short way of a port: DHCPv6 to one address (what is for all servers ends as a multicast).
 * Called by journey.h. Nothing serves it, and ports are no servers.
 */
#pragma once
#include "limit.h"

static __always_inline int from_port_aside(struct esc_ctx *ctx, struct esc_packet *p, const struct esc_port *port)
{
	(void)ctx;
	(void)port;
	if (p->key.sport == ESC_DHCP_SERVER || p->key.dport == ESC_DHCP_CLIENT)
		return ESC_V_DHCP_SERVER;
	return limit(p, ESC_LIMIT_DHCP) ? ESC_V_NO_SERVICE : ESC_V_RATE_DHCP;
}
