/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP configurations of network interfaces: where most references meet. Subnet, public address, back-end pools, NAT
 * rules, application groups.
 */
#include "model/compute.h"
#include "model/network.h"

#include <string.h>

void ip_config_free(struct ip_config *c)
{
	noun_clear(&c->noun);
	g_ptr_array_unref(c->pools);
	g_ptr_array_unref(c->nat_rules);
	g_ptr_array_unref(c->app_groups);
	g_free(c);
}

/* "10.0.0.16/28": a block, of which the interface has the first address here. */
static gboolean read_block(struct ip_config *c, const struct spot *s, const char *text)
{
	struct prefix p;
	struct prefix6 p6;

	if (!text || !strchr(text, '/') || !(c->v6 ? prefix6_parse(text, &p6) : prefix_parse(text, &p)))
		return FALSE;
	if (c->v6)
		c->address6 = p6.addr;
	else
		c->address = p.addr;
	spot_unmodelled(s, "properties.privateIPAddress",
	                "blocks of private addresses are not modelled: the interface has the first address alone");
	return TRUE;
}

static void read_method(struct ip_config *c, const struct spot *s)
{
	static const char *const methods[] = {"Dynamic", "Static", NULL};
	gboolean given;

	c->is_static = read_choice(s, "properties.privateIPAllocationMethod", methods, 0) == 1;
	/* A dynamic one's address is what the platform chose elsewhere; here it is chosen anew. */
	if (!c->is_static)
		return;
	given = read_block(c, s, node_str(spot_get(s, "properties.privateIPAddress"), NULL)) ? TRUE
	        : c->v6 ? read_address6(s, "properties.privateIPAddress", &c->address6)
	                : read_address(s, "properties.privateIPAddress", &c->address);
	if (!given && !spot_get(s, "properties.privateIPAddress"))
		spot_error(s, "properties.privateIPAddress",
		           "a static configuration needs an address; add it, or make the method \"Dynamic\"");
	c->is_static = given;
}

void ip_config_add(struct nic *n, const struct spot *s, const char *id)
{
	static const char *const versions[] = {"IPv4", "IPv6", NULL};
	struct ip_config *c = g_new0(struct ip_config, 1);

	c->nic = n;
	c->v6 = read_choice(s, "properties.privateIPAddressVersion", versions, 0) == 1;
	c->pools = g_ptr_array_new();
	c->nat_rules = g_ptr_array_new();
	c->app_groups = g_ptr_array_new();
	g_ptr_array_add(c->v6 ? n->configs6 : n->configs, c);
	noun_declare(&c->noun, s, id);
	noun_check_name(&c->noun, s, 80);
	c->primary = read_flag(s, "properties.primary", FALSE);
	if (n->inside)
		profile_address(c, s);
	else
		read_method(c, s);
}

/* The configurations that were linked before this one; the IPv4 ones come first. */
static const struct ip_config *other_subnet(const struct ip_config *c)
{
	const GPtrArray *lists[] = {c->nic->configs, c->nic->configs6};

	for (gsize k = 0; k < G_N_ELEMENTS(lists); k++)
		for (guint i = 0; i < lists[k]->len; i++) {
			const struct ip_config *other = lists[k]->pdata[i];

			if (other != c && other->subnet && other->subnet != c->subnet)
				return other;
		}
	return NULL;
}

static void check_address(const struct ip_config *c, const struct spot *s)
{
	if (c->v6 && c->subnet->prefixes6->len == 0)
		spot_error(s, "properties.privateIPAddressVersion",
		           "subnet '%s' has no IPv6 prefix; add a /64 to it, or remove the configuration",
		           c->subnet->noun.name);
	else if (c->v6 && c->is_static)
		address_check_inside6(s, "properties.privateIPAddress", c->subnet, c->address6);
	else if (!c->v6 && c->address)
		address_check_inside(s, "properties.privateIPAddress", c->subnet, c->address);
}

static void link_subnet(struct ip_config *c, const struct spot *s)
{
	struct nic *n = c->nic;
	const struct ip_config *other;

	c->subnet = follow(s, "properties.subnet", &kind_subnet, TRUE);
	if (!c->subnet)
		return;
	g_ptr_array_add(c->v6 ? c->subnet->configs6 : c->subnet->configs, c);
	if (!n->network) {
		n->network = c->subnet->network;
		g_ptr_array_add(n->network->ports, n);
	}
	other = other_subnet(c);
	if (other)
		spot_error(s, "properties.subnet",
		           "'%s' of the same interface is in subnet '%s'; put both into one subnet", other->noun.name,
		           other->subnet->noun.name);
	check_address(c, s);
}

static void link_public(struct ip_config *c, const struct spot *s)
{
	struct public_address *p = follow(s, "properties.publicIPAddress", &kind_public_address, FALSE);

	if (!p)
		return;
	if (p->v6 != c->v6) {
		spot_error(s, "properties.publicIPAddress", "'%s' is an %s address; use an %s one", p->noun.name,
		           p->v6 ? "IPv6" : "IPv4", c->v6 ? "IPv6" : "IPv4");
		return;
	}
	if (!public_address_is_free(p, s, "properties.publicIPAddress"))
		return;
	c->public_address = p;
	p->config = c;
}

static void link_pools(struct ip_config *c, const struct spot *s)
{
	static const char list[] = "properties.loadBalancerBackendAddressPools";
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		struct pool *p = follow(&item, "", &kind_pool, TRUE);

		if (!p || g_ptr_array_find(c->pools, p, NULL))
			continue;
		g_ptr_array_add(c->pools, p);
		g_ptr_array_add(c->v6 ? p->members6 : p->members, c);
	}
}

static void link_nat_rules(struct ip_config *c, const struct spot *s)
{
	static const char list[] = "properties.loadBalancerInboundNatRules";
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		struct nat_rule *r = follow(&item, "", &kind_nat_rule, TRUE);
		struct ip_config **target;

		if (r && r->row) {
			spot_error(&item, "id", "NAT rule '%s' is for a whole pool; join that pool instead",
			           r->noun.name);
			continue;
		}
		target = !r ? NULL : c->v6 ? &r->target6 : &r->target;
		if (!r || *target == c)
			continue;
		if (*target) {
			g_autofree char *where = noun_where(&(*target)->nic->noun);

			spot_error(&item, "id", "NAT rule '%s' already leads to %s; use another rule", r->noun.name,
			           where);
			continue;
		}
		g_ptr_array_add(c->nat_rules, r);
		*target = c;
	}
}

static void link_app_groups(struct ip_config *c, const struct spot *s)
{
	static const char list[] = "properties.applicationSecurityGroups";
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		struct app_group *g = follow(&item, "", &kind_app_group, TRUE);

		if (!g || g_ptr_array_find(c->app_groups, g, NULL))
			continue;
		g_ptr_array_add(c->app_groups, g);
		g_ptr_array_add(c->v6 ? g->configs6 : g->configs, c);
	}
}

void ip_config_link(struct build *b, struct ip_config *c)
{
	struct spot s = noun_spot(b, &c->noun);

	link_subnet(c, &s);
	link_public(c, &s);
	link_pools(c, &s);
	link_nat_rules(c, &s);
	if (c->nic->inside)
		profile_link(c, &s);
	link_app_groups(c, &s);
	c->gateway_frontend = follow(&s, "properties.gatewayLoadBalancer", &kind_frontend, FALSE);
	g_ptr_array_sort(c->pools, noun_compare);
	g_ptr_array_sort(c->nat_rules, noun_compare);
	g_ptr_array_sort(c->app_groups, noun_compare);
}
