/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * platform: what a port says to the platform's services: DHCP by broadcast or to anybody, and whatever is sent to the
 * platform address. Recognised, checked, limited, and then dropped, since nothing serves it yet; never forwarded.
 *
 * No packet of a flow comes here: parse.h sends the broadcasts aside, and flow.h what has no flow and can have none.
 * A message to a DHCP client is a server's whatever its source port, for clients ask for no more than their own port.
 */
#pragma once
#include "dhcp.h"
#include "guard.h"
#include "limit.h"

static __always_inline int dhcp(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_port *port)
{
	int v;

	if (p->key.sport == ESC_DHCP_SERVER || p->key.dport == ESC_DHCP_CLIENT)
		return ESC_V_DHCP_SERVER;
	v = dhcp_client(ctx, ESC_L4 + 8, port);
	if (v)
		return v;
	return limit(p, ESC_LIMIT_DHCP) ? ESC_V_NO_SERVICE : ESC_V_RATE_DHCP;
}

/* May the port have sent it so? A client without an address asks everybody, from no address. */
static __always_inline int platform_guard(const struct esc_packet *p, const struct esc_port *port)
{
	int broadcast = p->key.daddr == ESC_LIMITED_BROADCAST;

	if (!mac_equal(p->smac, port->mac))
		return ESC_V_SPOOFED_MAC;
	if (port_owns(port, p->port, p->key.saddr) || (broadcast && !p->key.saddr))
		return ESC_V_FORWARD;
	return spoofed(&p->key);
}

static __noinline int platform(struct esc_ctx *ctx, const struct esc_packet *p, const struct esc_port *port)
{
	int v;

	if (!p || !port)
		return ESC_V_NO_SERVICE;
	v = platform_guard(p, port);
	if (v)
		return v;
	if (is_dhcp(&p->key))
		return dhcp(ctx, p, port);
	if (p->key.dport == ESC_BE16(53) && !limit(p, ESC_LIMIT_DNS))
		return ESC_V_RATE_DNS;
	return ESC_V_NO_SERVICE;
}
