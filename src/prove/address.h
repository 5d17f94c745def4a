/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of both families as one kind: an IPv4 one is as IPv6 maps it, so that what is said of addresses is said
 * once. ::, which nobody has, stands for none.
 */
#pragma once
#include "compile/alloc.h"

static inline gboolean address_is_set(struct ip6 a)
{
	static const struct ip6 none;

	return ip6_compare(a, none) != 0;
}

static inline gboolean address_same(struct ip6 a, struct ip6 b)
{
	return ip6_compare(a, b) == 0;
}

static inline gboolean address_is_four(struct ip6 a)
{
	guint32 four;

	return ip6_is_mapped(a, &four);
}

static inline gboolean address_in(struct prefix p, struct ip6 a)
{
	guint32 four;

	return ip6_is_mapped(a, &four) && prefix_has(p, four);
}

/* An IPv6 prefix is never about IPv4, not even ::/0. */
static inline gboolean address_in6(struct prefix6 p, struct ip6 a)
{
	return !address_is_four(a) && prefix6_has(p, a);
}

/* Length of the longest prefix of these lists with the address, of its family; -1: none. */
int address_longest(const GArray *prefixes, const GArray *prefixes6, struct ip6 a);
struct ip6 address_private(const struct alloc *a, const struct ip_config *c);
struct ip6 address_public(const struct alloc *a, const struct public_address *p);
