/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/lists.h"

#include "prove/roads.h"

/* In documents this address always means the platform address, whatever that is set to. */
#define DOCUMENTS_PLATFORM 0xa83f8110u /* 168.63.129.16 */

/* The same for IPv6: fe80::1234:5678:9abc. */
static const struct ip6 documents_platform6 = {{0xfe, 0x80, [10] = 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc}};

static gboolean is_platform(const struct list_view *v, struct ip6 addr)
{
	return address_same(addr, ip6_mapped(v->settings->platform)) || address_same(addr, v->settings->platform6);
}

static gboolean in_virtual_network(const struct list_view *v, struct ip6 addr)
{
	return is_platform(v, addr) || road_inside(v->subnet, addr);
}

static gboolean tag_has(enum tag tag, const struct list_view *v, struct ip6 addr)
{
	switch (tag) {
	case TAG_ANY:
		return TRUE;
	case TAG_INTERNET:
		return !in_virtual_network(v, addr);
	case TAG_VIRTUAL_NETWORK:
		return in_virtual_network(v, addr);
	case TAG_LOAD_BALANCER:
		return is_platform(v, addr);
	case TAG_NONE:
	case TAG_OTHER:
		return FALSE;
	}
	return FALSE;
}

static gboolean prefix_means(struct prefix p, const struct list_view *v, struct ip6 addr)
{
	if (p.length == 32 && p.addr == DOCUMENTS_PLATFORM)
		return address_same(addr, ip6_mapped(v->settings->platform));
	return address_in(p, addr);
}

static gboolean prefix6_means(struct prefix6 p, const struct list_view *v, struct ip6 addr)
{
	if (p.length == 128 && address_same(p.addr, documents_platform6))
		return address_same(addr, v->settings->platform6);
	return address_in6(p, addr);
}

/* A member counts where its address is known: in its own network. */
static gboolean member_has(const GPtrArray *configs, const struct list_view *v, struct ip6 addr)
{
	for (guint i = 0; i < configs->len; i++) {
		const struct ip_config *c = g_ptr_array_index(configs, i);

		if (c->nic->network == v->subnet->network && address_same(address_private(v->alloc, c), addr))
			return TRUE;
	}
	return FALSE;
}

static gboolean app_group_has(const struct app_group *group, const struct list_view *v, struct ip6 addr)
{
	return address_is_set(addr) && (member_has(group->configs, v, addr) || member_has(group->configs6, v, addr));
}

static gboolean side_matches(const struct rule_side *side, const struct list_view *v, struct ip6 addr)
{
	for (guint i = 0; i < side->prefixes->len; i++)
		if (prefix_means(g_array_index(side->prefixes, struct prefix, i), v, addr))
			return TRUE;
	for (guint i = 0; i < side->prefixes6->len; i++)
		if (prefix6_means(g_array_index(side->prefixes6, struct prefix6, i), v, addr))
			return TRUE;
	for (guint i = 0; i < side->tags->len; i++)
		if (tag_has(g_array_index(side->tags, enum tag, i), v, addr))
			return TRUE;
	for (guint i = 0; i < side->groups->len; i++)
		if (app_group_has(g_ptr_array_index(side->groups, i), v, addr))
			return TRUE;
	return FALSE;
}

/* Whether the ranges together leave no port out: from the lowest, always on to what begins where the last one ended. */
static gboolean ports_any(const struct rule_side *side)
{
	guint next = 0;

	for (gboolean more = TRUE; more && next <= 65535;) {
		more = FALSE;
		for (guint i = 0; i < side->ports->len; i++) {
			struct port_range r = g_array_index(side->ports, struct port_range, i);

			if (r.first <= next && r.last >= next) {
				next = r.last + 1u;
				more = TRUE;
			}
		}
	}
	return next > 65535;
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

static gboolean has_ports(const struct tuple *t)
{
	return t->protocol == PROTO_TCP || t->protocol == PROTO_UDP;
}

/* All but the ports; what has none is not matched by a rule that restricts them. */
static gboolean rule_concerns(const struct rule *r, const struct list_view *v, const struct tuple *t)
{
	if (r->protocol != PROTO_ANY && (guint)r->protocol != t->protocol)
		return FALSE;
	if (!side_matches(&r->source, v, t->source) || !side_matches(&r->destination, v, t->destination))
		return FALSE;
	return has_ports(t) || (ports_any(&r->source) && ports_any(&r->destination));
}

static gboolean rule_matches(const struct rule *r, const struct list_view *v, const struct tuple *t)
{
	if (!rule_concerns(r, v, t))
		return FALSE;
	if (!has_ports(t))
		return TRUE;
	return ports_match(&r->source, t->source_port) && ports_match(&r->destination, t->destination_port);
}

const struct rule *list_decide(const struct security_group *group, enum direction direction, const struct list_view *v,
                               const struct tuple *t)
{
	const GPtrArray *rules = group->rules[direction];

	for (guint i = 0; i < rules->len; i++) {
		const struct rule *r = g_ptr_array_index(rules, i);

		if (rule_matches(r, v, t))
			return r;
	}
	return NULL;
}

GPtrArray *list_candidates(const struct security_group *group, enum direction direction, const struct list_view *v,
                           const struct tuple *t)
{
	const GPtrArray *rules = group->rules[direction];
	GPtrArray *found = g_ptr_array_new();

	for (guint i = 0; i < rules->len; i++)
		if (rule_concerns(g_ptr_array_index(rules, i), v, t))
			g_ptr_array_add(found, g_ptr_array_index(rules, i));
	return found;
}

gboolean list_source_port(const struct rule *r, guint16 port)
{
	return ports_match(&r->source, port);
}
