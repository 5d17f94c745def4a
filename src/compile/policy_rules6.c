/* SPDX-License-Identifier: Apache-2.0 */
/* The IPv6 half of a rule's sides: what prefixes, tags and application groups mean for a port of one subnet. */
#include "policy.h"
#include "space.h"

/* The address that probes of IPv6 come from, as documents write it: fe80::1234:5678:9abc. */
static const struct ip6 document_platform = {{0xfe, 0x80, [10] = 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc}};

static void add_one(GArray *out, struct ip6 address)
{
	policy_add_prefix6(out, (struct prefix6){address, 128});
}

static void add_prefix(GArray *out, struct prefix6 p, const struct policy_scope *scope)
{
	if (p.length == 128 && ip6_compare(p.addr, document_platform) == 0)
		p.addr = scope->platform6;
	policy_add_prefix6(out, p);
}

/* The tag VirtualNetwork, as policy_rules.c has it. */
static void add_network(GArray *out, const struct policy_scope *scope)
{
	for (guint i = 0; i < scope->inside->prefixes6->len; i++)
		policy_add_prefix6(out, g_array_index(scope->inside->prefixes6, struct prefix6, i));
	add_one(out, scope->platform6);
}

/* The tag Internet: everything that VirtualNetwork is not. */
static void add_outside(GArray *out, const struct policy_scope *scope)
{
	static const struct ip6 zero;
	g_autoptr(GArray) inside = g_array_new(FALSE, FALSE, sizeof(struct policy_range6));
	struct policy_range6 r = {zero, zero};
	struct prefix6 all = {zero, 0};

	add_network(inside, scope);
	policy_normalise6(inside);
	for (guint i = 0; i < inside->len; i++) {
		const struct policy_range6 *in = &g_array_index(inside, struct policy_range6, i);

		r.last = ip6_before(in->first);
		if (ip6_compare(r.first, in->first) < 0)
			g_array_append_val(out, r);
		r.first = ip6_add(in->last, 1);
		if (ip6_compare(r.first, zero) == 0)
			return; /* the last one reaches the end of the space */
	}
	r.last = prefix6_last(all);
	g_array_append_val(out, r);
}

static void add_tag(GArray *out, enum tag tag, const struct policy_scope *scope)
{
	switch (tag) {
	case TAG_ANY:
		policy_add_prefix6(out, (struct prefix6){0});
		return;
	case TAG_INTERNET:
		add_outside(out, scope);
		return;
	case TAG_VIRTUAL_NETWORK:
		add_network(out, scope);
		return;
	case TAG_LOAD_BALANCER:
		add_one(out, scope->platform6);
		return;
	case TAG_NONE:
	case TAG_OTHER:
		return;
	}
}

static void add_members(GArray *out, const struct app_group *group, const struct policy_scope *scope)
{
	for (guint i = 0; i < group->configs6->len; i++) {
		const struct ip_config *c = g_ptr_array_index(group->configs6, i);
		const struct ip6 *address = c->nic->network == scope->network ? alloc_private6(scope->alloc, c) : NULL;

		if (address)
			add_one(out, *address);
	}
}

void policy_lower_side6(const struct rule_side *side, GArray *out, const struct policy_scope *scope)
{
	for (guint i = 0; side->prefixes6 && i < side->prefixes6->len; i++)
		add_prefix(out, g_array_index(side->prefixes6, struct prefix6, i), scope);
	for (guint i = 0; side->tags && i < side->tags->len; i++)
		add_tag(out, g_array_index(side->tags, enum tag, i), scope);
	for (guint i = 0; side->groups && i < side->groups->len; i++)
		add_members(out, g_ptr_array_index(side->groups, i), scope);
	policy_normalise6(out);
}
