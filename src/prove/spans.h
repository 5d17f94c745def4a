/* SPDX-License-Identifier: Apache-2.0 */
/*
 * starts.h for addresses of one family: the first of every interval within which no prefix that was added tells two
 * addresses apart.
 */
#pragma once
#include "prove/exposure.h"

struct spans {
	GArray *starts; /* struct ip6, ascending once finished */
	struct ip6 limit;
	gboolean v6;
};

void spans_init(struct spans *s, gboolean v6);
void spans_clear(struct spans *s);
void spans_add(struct spans *s, struct ip6 first, struct ip6 last);
void spans_add_prefix(struct spans *s, struct prefix6 p); /* of the family; an IPv4 one as IPv6 maps it */
/* Those of the family. */
void spans_add_prefixes(struct spans *s, const GArray *prefixes, const GArray *prefixes6);
/* The network's own addresses, and those that the oracle holds for special. */
void spans_add_special(struct spans *s, const struct network *network);
/* What peers of the subnet's network have, and the routes of its table. */
void spans_add_roads(struct spans *spans, const struct subnet *s);
void spans_finish(struct spans *s);
struct address_range spans_range(const struct spans *s, guint i);
