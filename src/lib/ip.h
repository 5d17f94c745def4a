/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv4 addresses, prefixes and ranges, MACs (IPv6: lib/ip6.h). Addresses are in host order everywhere in user space,
 * and turn to network order only where they enter a table of abi/maps.h.
 */
#pragma once
#include <glib.h>

struct prefix {
	guint32 addr; /* host order; host bits zero */
	guint8 length;
};

gboolean ip_parse(const char *text, guint32 *addr); /* strict dotted quad, no octal, no spaces */
gboolean prefix_parse(const char *text,
                      struct prefix *p); /* "a.b.c.d/n" or "a.b.c.d"; host bits tolerated and cleared */
char *ip_format(guint32 addr);
char *prefix_format(struct prefix p);
guint32 prefix_mask(guint8 length);
gboolean prefix_contains(struct prefix outer, struct prefix inner);
gboolean prefix_has(struct prefix p, guint32 addr);
gboolean prefix_overlap(struct prefix a, struct prefix b);
guint32 prefix_last(struct prefix p);
char *mac_format(const guint8 mac[6]);
gboolean mac_parse(const char *text, guint8 mac[6]);
