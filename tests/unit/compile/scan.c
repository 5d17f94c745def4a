/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"
#include <string.h>

static guint64 state = 1;

void scan_seed(guint64 seed)
{
	state = 0x9e3779b97f4a7c15ull ^ seed;
}

guint32 scan_random(guint32 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (guint32)((state >> 16) % below);
}

static gboolean within(const GArray *ranges, guint32 value)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct policy_range *r = &g_array_index(ranges, struct policy_range, i);
		if (value >= r->first && value <= r->last)
			return TRUE;
	}
	return FALSE;
}

static gboolean within6(const GArray *ranges, struct ip6 value)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct policy_range6 *r = &g_array_index(ranges, struct policy_range6, i);
		if (ip6_compare(value, r->first) >= 0 && ip6_compare(value, r->last) <= 0)
			return TRUE;
	}
	return FALSE;
}

/* Sums up the ports that the ranges leave out: they do not overlap. */
static gboolean restricts(const GArray *ports)
{
	guint left = 65536;
	for (guint i = 0; i < ports->len; i++) {
		const struct policy_range *r = &g_array_index(ports, struct policy_range, i);
		left -= MIN(r->last, 65535) - r->first + 1;
	}
	return left != 0;
}

gboolean scan_source(const struct policy_rule *r, const struct header *h)
{
	return h->v6 ? within6(r->source6, h->source6) : within(r->source, h->source);
}

gboolean scan_destination(const struct policy_rule *r, const struct header *h)
{
	return h->v6 ? within6(r->destination6, h->destination6) : within(r->destination, h->destination);
}

gboolean scan_addresses(const struct policy_rule *r, const struct header *h)
{
	return scan_source(r, h) && scan_destination(r, h);
}

gboolean scan_service(const struct policy_rule *r, const struct header *h)
{
	if (r->protocol != PROTO_ANY && (guint)r->protocol != h->protocol)
		return FALSE;
	if (!restricts(r->source_ports) && !restricts(r->destination_ports))
		return TRUE;
	if (h->protocol != 6 && h->protocol != 17)
		return FALSE;
	return within(r->source_ports, h->source_port) && within(r->destination_ports, h->destination_port);
}

static gboolean scan(const GPtrArray *list, const struct header *h, guint32 *rule)
{
	*rule = 0;
	if (!list)
		return TRUE;
	for (guint i = 0; i < list->len; i++) {
		const struct policy_rule *r = g_ptr_array_index(list, i);
		if (scan_addresses(r, h) && scan_service(r, h)) {
			*rule = r->number;
			return r->allow;
		}
	}
	return FALSE;
}

struct decision scan_decide(GPtrArray *const lists[2], const struct header *h)
{
	struct decision d = {0};
	d.allow = scan(lists[0], h, &d.rules[0]) && scan(lists[1], h, &d.rules[1]);
	return d;
}

guint32 scan_near(const GArray *ranges, guint32 any)
{
	if (!ranges->len || !scan_random(12))
		return any;
	const struct policy_range *r = &g_array_index(ranges, struct policy_range, scan_random(ranges->len));
	switch (scan_random(6)) {
	case 0:
		return r->first - 1;
	case 1:
		return r->last + 1;
	case 2:
		return r->last;
	case 3:
		return r->first + scan_random(MAX(1, r->last - r->first));
	default:
		return r->first;
	}
}

struct ip6 scan_near6(const GArray *ranges, struct ip6 any)
{
	if (!ranges->len || !scan_random(12))
		return any;
	const struct policy_range6 *r = &g_array_index(ranges, struct policy_range6, scan_random(ranges->len));
	struct ip6 a;
	switch (scan_random(6)) {
	case 0: /* one less */
		a = r->first;
		for (gint i = 15; i >= 0 && !a.b[i]--;)
			i--;
		return a;
	case 1:
		return ip6_add(r->last, 1);
	case 2:
		return r->last;
	case 3:
		a = ip6_add(r->first, scan_random(1u << 16));
		return ip6_compare(a, r->last) <= 0 ? a : r->last;
	default:
		return r->first;
	}
}

void scan_service_near(struct header *h, const struct policy_rule *r, const struct policy_rule *other)
{
	static const guint8 protocols[] = {6, 6, 6, 17, 17, 1, 50, 0, 255};
	h->protocol = protocols[scan_random(G_N_ELEMENTS(protocols))];
	h->source_port = (guint16)scan_random(65536);
	h->destination_port = (guint16)scan_random(65536);
	if (r) {
		h->source_port = (guint16)scan_near(r->source_ports, h->source_port);
		h->destination_port =
		        (guint16)scan_near((scan_random(4) ? r : other)->destination_ports, h->destination_port);
		if (r->protocol && scan_random(4))
			h->protocol = (guint8)r->protocol;
	}
	if (h->protocol != 6 && h->protocol != 17)
		h->source_port = h->destination_port = 0;
}
