/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the oracle and to reach: by which address a configuration's new flows leave, told rule by rule from the
 * graph and the allocations. The compiler's answer is nat.c; this one shares nothing with it but the allocations.
 */
#pragma once
#include "prove/address.h"

struct way_out {
	struct ip6 address; /* :: there is none */
	guint first, count; /* of its ports; count 0: the address is its own, ports stay */
};

struct way_out way_out_of(const struct alloc *a, const struct ip_config *c);
/* Whether there is one, without looking up whose ports are whose. */
gboolean way_out_exists(const struct alloc *a, const struct ip_config *c);
