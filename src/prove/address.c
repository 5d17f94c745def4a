/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/address.h"

int address_longest(const GArray *prefixes, const GArray *prefixes6, struct ip6 a)
{
	int best = -1;

	for (guint i = 0; i < prefixes->len; i++) {
		struct prefix p = g_array_index(prefixes, struct prefix, i);

		if (address_in(p, a))
			best = MAX(best, p.length);
	}
	for (guint i = 0; i < prefixes6->len; i++) {
		struct prefix6 p = g_array_index(prefixes6, struct prefix6, i);

		if (address_in6(p, a))
			best = MAX(best, p.length);
	}
	return best;
}

static struct ip6 either(const struct ip6 *six, guint32 four)
{
	static const struct ip6 none;

	return six ? *six : four ? ip6_mapped(four) : none;
}

struct ip6 address_private(const struct alloc *a, const struct ip_config *c)
{
	return either(alloc_private6(a, c), alloc_private(a, c));
}

struct ip6 address_public(const struct alloc *a, const struct public_address *p)
{
	return either(alloc_public6(a, p), alloc_public(a, p));
}
