/* SPDX-License-Identifier: Dual BSD/GPL */
/* aside: what left the short way of a port: what is for the platform. Called by journey.h. IPv6 has aside6.h. */
#pragma once
#include "platform.h"

static __always_inline int from_port_aside(struct esc_ctx *ctx, struct esc_packet *p, const struct esc_port *port)
{
	return platform(ctx, p, port);
}
