/* SPDX-License-Identifier: Apache-2.0 */
/* Rules without names: what prefixes, tags and application groups mean for a port of one subnet. */
#include "policy.h"
#include "space.h"

/* The platform address as documents write it, whatever the fleet's setting is. */
#define DOCUMENT_PLATFORM 0xa83f8110u /* 168.63.129.16 */

struct policy_rule *policy_rule_new(void)
{
	struct policy_rule *r = g_new0(struct policy_rule, 1);
	r->source = g_array_new(FALSE, FALSE, sizeof(struct policy_range));
	r->destination = g_array_new(FALSE, FALSE, sizeof(struct policy_range));
	r->source6 = g_array_new(FALSE, FALSE, sizeof(struct policy_range6));
	r->destination6 = g_array_new(FALSE, FALSE, sizeof(struct policy_range6));
	r->source_ports = g_array_new(FALSE, FALSE, sizeof(struct policy_range));
	r->destination_ports = g_array_new(FALSE, FALSE, sizeof(struct policy_range));
	return r;
}

void policy_rule_free(struct policy_rule *r)
{
	if (!r)
		return;
	g_array_unref(r->source);
	g_array_unref(r->destination);
	g_array_unref(r->source6);
	g_array_unref(r->destination6);
	g_array_unref(r->source_ports);
	g_array_unref(r->destination_ports);
	g_free(r);
}

GPtrArray *policy_list_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)policy_rule_free);
}

void policy_add_range(GArray *ranges, guint32 first, guint32 last)
{
	struct policy_range r = {first, last};
	if (first <= last)
		g_array_append_val(ranges, r);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct policy_range *x = a, *y = b;
	return x->first < y->first ? -1 : x->first > y->first;
}

void policy_normalise(GArray *ranges)
{
	guint kept = 0;
	g_array_sort(ranges, compare_ranges);
	for (guint i = 0; i < ranges->len; i++) {
		struct policy_range r = g_array_index(ranges, struct policy_range, i);
		struct policy_range *last = kept ? &g_array_index(ranges, struct policy_range, kept - 1) : NULL;
		if (last && r.first <= (guint64)last->last + 1)
			last->last = MAX(last->last, r.last);
		else
			g_array_index(ranges, struct policy_range, kept++) = r;
	}
	g_array_set_size(ranges, kept);
}

void policy_add_prefix6(GArray *ranges, struct prefix6 p)
{
	struct policy_range6 r = {p.addr, prefix6_last(p)};
	g_array_append_val(ranges, r);
}

static int compare_ranges6(const void *a, const void *b)
{
	const struct policy_range6 *x = a, *y = b;
	return ip6_compare(x->first, y->first);
}

static gboolean touches6(const struct policy_range6 *before, const struct policy_range6 *r)
{
	struct ip6 past = ip6_add(before->last, 1);
	return ip6_compare(r->first, before->last) <= 0 || ip6_compare(r->first, past) == 0;
}

void policy_normalise6(GArray *ranges)
{
	guint kept = 0;
	g_array_sort(ranges, compare_ranges6);
	for (guint i = 0; i < ranges->len; i++) {
		struct policy_range6 r = g_array_index(ranges, struct policy_range6, i);
		struct policy_range6 *last = kept ? &g_array_index(ranges, struct policy_range6, kept - 1) : NULL;
		if (!last || !touches6(last, &r))
			g_array_index(ranges, struct policy_range6, kept++) = r;
		else if (ip6_compare(r.last, last->last) > 0)
			last->last = r.last;
	}
	g_array_set_size(ranges, kept);
}

static void add_prefix(GArray *out, struct prefix p, const struct policy_scope *scope)
{
	if (p.length == 32 && p.addr == DOCUMENT_PLATFORM)
		p.addr = scope->platform;
	policy_add_range(out, p.addr, p.addr | ~prefix_mask(p.length));
}

/* The tag VirtualNetwork: what lies inside, and the platform address. */
static void add_network(GArray *out, const struct policy_scope *scope)
{
	for (guint i = 0; i < scope->inside->prefixes->len; i++)
		add_prefix(out, g_array_index(scope->inside->prefixes, struct prefix, i), scope);
	policy_add_range(out, scope->platform, scope->platform);
}

/* The tag Internet: everything that VirtualNetwork is not. */
static void add_outside(GArray *out, const struct policy_scope *scope)
{
	g_autoptr(GArray) inside = g_array_new(FALSE, FALSE, sizeof(struct policy_range));
	guint64 next = 0;
	add_network(inside, scope);
	policy_normalise(inside);
	for (guint i = 0; i < inside->len; i++) {
		const struct policy_range *r = &g_array_index(inside, struct policy_range, i);
		if (r->first > next)
			policy_add_range(out, (guint32)next, r->first - 1);
		next = (guint64)r->last + 1;
	}
	if (next <= G_MAXUINT32)
		policy_add_range(out, (guint32)next, G_MAXUINT32);
}

static void add_tag(GArray *out, enum tag tag, const struct policy_scope *scope)
{
	switch (tag) {
	case TAG_ANY:
		policy_add_range(out, 0, G_MAXUINT32);
		return;
	case TAG_INTERNET:
		add_outside(out, scope);
		return;
	case TAG_VIRTUAL_NETWORK:
		add_network(out, scope);
		return;
	case TAG_LOAD_BALANCER:
		policy_add_range(out, scope->platform, scope->platform);
		return;
	case TAG_NONE:
	case TAG_OTHER:
		return; /* no address has it: the rule's other addresses still count */
	}
}

/* A member counts where its address means something: in its own network. */
static void add_members(GArray *out, const struct app_group *group, const struct policy_scope *scope)
{
	for (guint i = 0; i < group->configs->len; i++) {
		const struct ip_config *c = g_ptr_array_index(group->configs, i);
		guint32 addr = c->nic->network == scope->network ? alloc_private(scope->alloc, c) : 0;
		if (addr)
			policy_add_range(out, addr, addr);
	}
}

static void lower_side(const struct rule_side *side, GArray *addresses, GArray *ports, const struct policy_scope *scope)
{
	for (guint i = 0; side->prefixes && i < side->prefixes->len; i++)
		add_prefix(addresses, g_array_index(side->prefixes, struct prefix, i), scope);
	for (guint i = 0; side->tags && i < side->tags->len; i++)
		add_tag(addresses, g_array_index(side->tags, enum tag, i), scope);
	for (guint i = 0; side->groups && i < side->groups->len; i++)
		add_members(addresses, g_ptr_array_index(side->groups, i), scope);
	policy_normalise(addresses);
	for (guint i = 0; side->ports && i < side->ports->len; i++) {
		struct port_range r = g_array_index(side->ports, struct port_range, i);
		policy_add_range(ports, r.first, r.last);
	}
	policy_normalise(ports);
}

GPtrArray *policy_lower(const struct security_group *group, enum direction direction, const struct policy_scope *scope)
{
	GPtrArray *list = policy_list_new();
	for (guint i = 0; i < group->rules[direction]->len; i++) {
		const struct rule *r = g_ptr_array_index(group->rules[direction], i);
		struct policy_rule *out = policy_rule_new();
		lower_side(&r->source, out->source, out->source_ports, scope);
		lower_side(&r->destination, out->destination, out->destination_ports, scope);
		policy_lower_side6(&r->source, out->source6, scope);
		policy_lower_side6(&r->destination, out->destination6, scope);
		out->protocol = r->protocol;
		out->allow = r->allow;
		out->number = alloc_rule(scope->alloc, r);
		g_ptr_array_add(list, out);
	}
	return list;
}
