/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/lists.h"

/* In documents this address always means the platform address, whatever that is set to. */
#define DOCUMENTS_PLATFORM 0xa83f8110u /* 168.63.129.16 */

static gboolean in_virtual_network(const struct network *network, guint32 platform, guint32 addr)
{
	if (addr == platform)
		return TRUE;
	for (guint i = 0; network && i < network->prefixes->len; i++)
		if (prefix_has(g_array_index(network->prefixes, struct prefix, i), addr))
			return TRUE;
	return FALSE;
}

static gboolean tag_has(enum tag tag, const struct network *network, guint32 platform, guint32 addr)
{
	switch (tag) {
	case TAG_ANY:
		return TRUE;
	case TAG_INTERNET:
		return !in_virtual_network(network, platform, addr);
	case TAG_VIRTUAL_NETWORK:
		return in_virtual_network(network, platform, addr);
	case TAG_LOAD_BALANCER:
		return addr == platform;
	case TAG_NONE:
	case TAG_OTHER:
		return FALSE;
	}
	return FALSE;
}

static gboolean prefix_means(struct prefix p, guint32 platform, guint32 addr)
{
	if (p.length == 32 && p.addr == DOCUMENTS_PLATFORM)
		return addr == platform;
	return prefix_has(p, addr);
}

static gboolean side_matches(const struct rule_side *side, const struct network *network, guint32 platform,
                             guint32 addr)
{
	for (guint i = 0; i < side->prefixes->len; i++)
		if (prefix_means(g_array_index(side->prefixes, struct prefix, i), platform, addr))
			return TRUE;
	for (guint i = 0; i < side->tags->len; i++)
		if (tag_has(g_array_index(side->tags, enum tag, i), network, platform, addr))
			return TRUE;
	return FALSE;
}

/* Several ranges may add up to everything; a side says so by any of them being whole. */
static gboolean ports_any(const struct rule_side *side)
{
	for (guint i = 0; i < side->ports->len; i++) {
		struct port_range r = g_array_index(side->ports, struct port_range, i);

		if (r.first == 0 && r.last == 65535)
			return TRUE;
	}
	return FALSE;
}

static gboolean ports_match(const struct rule_side *side, guint16 port)
{
	for (guint i = 0; i < side->ports->len; i++) {
		struct port_range r = g_array_index(side->ports, struct port_range, i);

		if (port >= r.first && port <= r.last)
			return TRUE;
	}
	return FALSE;
}

static gboolean rule_matches(const struct rule *r, const struct network *network, guint32 platform,
                             const struct tuple *t)
{
	if (r->protocol != PROTO_ANY && (guint)r->protocol != t->protocol)
		return FALSE;
	if (!side_matches(&r->source, network, platform, t->source) ||
	    !side_matches(&r->destination, network, platform, t->destination))
		return FALSE;
	/* What has no ports is not matched by a rule that restricts them. */
	if (t->protocol != PROTO_TCP && t->protocol != PROTO_UDP)
		return ports_any(&r->source) && ports_any(&r->destination);
	return ports_match(&r->source, t->source_port) && ports_match(&r->destination, t->destination_port);
}

const struct rule *list_decide(const struct security_group *group, enum direction direction,
                               const struct network *network, guint32 platform, const struct tuple *t)
{
	const GPtrArray *rules = group->rules[direction];

	for (guint i = 0; i < rules->len; i++) {
		const struct rule *r = g_ptr_array_index(rules, i);

		if (rule_matches(r, network, platform, t))
			return r;
	}
	return NULL;
}
