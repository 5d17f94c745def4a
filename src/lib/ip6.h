/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv6 addresses and prefixes: the twins of those in lib/ip.h. An address is its sixteen bytes in the order of the wire
 * (RFC 4291), so that it needs no turning where it enters a table or a packet.
 */
#pragma once
#include "lib/ip.h"

struct ip6 {
	guint8 b[16];
};

struct prefix6 {
	struct ip6 addr; /* host bits zero */
	guint8 length;
};

/* Every form of RFC 4291 section 2.2, nothing else: no zone id, no brackets, no blanks. On FALSE *a is as it was. */
gboolean ip6_parse(const char *text, struct ip6 *a);
/* "address/n" or "address"; host bits tolerated and cleared. On FALSE *p is as it was. */
gboolean prefix6_parse(const char *text, struct prefix6 *p);
/* The one text of RFC 5952, with dots for an IPv4-mapped address. Caller frees. */
char *ip6_format(struct ip6 a);
char *prefix6_format(struct prefix6 p);
gint ip6_compare(struct ip6 a, struct ip6 b); /* as numbers: below 0, 0, above 0 */
/* `a` plus `n`, wrapping at the end of the space. */
struct ip6 ip6_add(struct ip6 a, guint32 n);
struct ip6 ip6_before(struct ip6 a); /* minus one, likewise */
gboolean prefix6_contains(struct prefix6 outer, struct prefix6 inner);
gboolean prefix6_has(struct prefix6 p, struct ip6 a);
gboolean prefix6_overlap(struct prefix6 a, struct prefix6 b);
struct ip6 prefix6_last(struct prefix6 p);
/* IPv4 addresses as IPv6 maps them; back again only those. On FALSE *addr is as it was. */
struct ip6 ip6_mapped(guint32 addr);
gboolean ip6_is_mapped(struct ip6 a, guint32 *addr);
/* The prefix as IPv6 maps it, under ::ffff:0:0/96: the two families in one order and one arithmetic. */
struct prefix6 prefix6_mapped(struct prefix p);
char *ip6_format_any(struct ip6 a); /* a mapped one with dots alone. Caller frees. */
