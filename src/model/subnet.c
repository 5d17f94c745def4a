/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnets: their prefixes, and where they lie.
 *
 * A subnet may stand inside its network's document or be a document of its own; when both exist, its own document is
 * the whole of it, since that is what deploying the two in this order leaves behind.
 */
#include "model/network.h"

#define MAX_SERVICES 256 /* more than the original has */

const struct known subnet_known[] = {KNOWN_SUBNET("properties."), {NULL}};

void subnet_free(struct subnet *s)
{
	noun_clear(&s->noun);
	g_array_unref(s->prefixes);
	g_array_unref(s->prefixes6);
	g_ptr_array_unref(s->configs);
	g_ptr_array_unref(s->configs6);
	g_ptr_array_unref(s->delegations);
	g_ptr_array_unref(s->service_endpoints);
	g_ptr_array_unref(s->endpoint_policy_ids);
	g_free(s);
}

/* "addressPrefix", or the list "addressPrefixes". */
static void read_prefixes(const struct spot *s, struct subnet *sub)
{
	guint count = spot_length(s, "properties.addressPrefixes");
	const struct node *single = spot_get(s, "properties.addressPrefix");

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "properties.addressPrefixes", i);

		read_network_prefix(&item, "", sub->prefixes, sub->prefixes6);
	}
	/* What the platform reports holds the first of the list in both places. */
	if (count == 0)
		read_network_prefix(s, "properties.addressPrefix", sub->prefixes, sub->prefixes6);
	else if (single && !node_equal(single, node_item(spot_get(s, "properties.addressPrefixes"), 0)))
		spot_error(s, "properties.addressPrefix",
		           "it differs from the first of addressPrefixes; keep one of the two properties");
}

static void check_families(const struct spot *s, const struct subnet *sub)
{
	for (guint i = 0; i < sub->prefixes6->len; i++) {
		struct prefix6 p = g_array_index(sub->prefixes6, struct prefix6, i);
		g_autofree char *text = prefix6_format(p);

		if (p.length != 64)
			spot_error(s, "properties.addressPrefixes",
			           "%s is no /64, which every IPv6 subnet is; make it one", text);
	}
	if (sub->prefixes6->len > 0 && sub->prefixes->len == 0)
		spot_error(s, "properties.addressPrefix", "the subnet has IPv6 alone; add an IPv4 prefix");
}

/* The services that a list of objects names, each once. */
static void read_services(const struct spot *s, const char *list, const char *member, GPtrArray *services)
{
	guint count = spot_length(s, list);

	if (count > MAX_SERVICES) {
		spot_error(s, list, "%u services are more than the %u that there are room for; remove some", count,
		           MAX_SERVICES);
		return;
	}
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		const char *name = spot_is_object(&item, "") ? read_text(&item, member, TRUE) : NULL;

		if (name && !g_ptr_array_find_with_equal_func(services, name, g_str_equal, NULL))
			g_ptr_array_add(services, g_strdup(name));
	}
}

static void read_endpoints(const struct spot *s, struct subnet *sub)
{
	static const char *const policies[] = {"Disabled", "Enabled", "NetworkSecurityGroupEnabled",
	                                       "RouteTableEnabled", NULL}; /* the order of enum endpoint_policies */
	static const char *const switches[] = {"Disabled", "Enabled", NULL};
	static const char list[] = "properties.serviceEndpointPolicies";
	guint count = spot_length(s, list);

	read_services(s, "properties.serviceEndpoints", "service", sub->service_endpoints);
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		const char *id = reference_id(&item, "", &kind_endpoint_policy, TRUE);

		if (id)
			g_ptr_array_add(sub->endpoint_policy_ids, g_strdup(id));
	}
	sub->endpoint_policies = (enum endpoint_policies)read_choice(s, "properties.privateEndpointNetworkPolicies",
	                                                             policies, ENDPOINT_NONE);
	sub->no_link_policies = read_choice(s, "properties.privateLinkServiceNetworkPolicies", switches, 1) == 0;
}

void subnet_add(gpointer network, const struct spot *s, const char *id)
{
	struct network *n = network;
	struct subnet *sub = g_new0(struct subnet, 1);
	guint faults = s->build->errors->len;

	sub->network = n;
	sub->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	sub->prefixes6 = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	sub->configs = g_ptr_array_new();
	sub->configs6 = g_ptr_array_new();
	sub->delegations = g_ptr_array_new_with_free_func(g_free);
	sub->service_endpoints = g_ptr_array_new_with_free_func(g_free);
	sub->endpoint_policy_ids = g_ptr_array_new_with_free_func(g_free);
	noun_declare(&sub->noun, s, id);
	noun_check_name(&sub->noun, s, 80);
	read_prefixes(s, sub);
	if (s->build->errors->len == faults)
		check_families(s, sub);
	read_services(s, "properties.delegations", "properties.serviceName", sub->delegations);
	read_endpoints(s, sub);
	sub->no_default_outbound = !read_flag(s, "properties.defaultOutboundAccess", TRUE);
	g_ptr_array_add(n->subnets, sub);
}

void subnet_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct network *n = follow_parent(&s, &kind_network);

	if (n)
		subnet_add(n, &s, d->id);
}

void subnet_link(struct build *b, struct subnet *sub)
{
	struct spot s = noun_spot(b, &sub->noun);

	sub->group = follow(&s, "properties.networkSecurityGroup", &kind_security_group, FALSE);
	sub->route_table = follow(&s, "properties.routeTable", &kind_route_table, FALSE);
	if (sub->route_table)
		g_ptr_array_add(sub->route_table->subnets, sub);
	sub->nat_gateway = follow(&s, "properties.natGateway", &kind_nat_gateway, FALSE);
	if (sub->nat_gateway)
		g_ptr_array_add(sub->nat_gateway->subnets, sub);
}

struct owned_prefix {
	struct prefix6 prefix;
	struct subnet *subnet;
};

static gint compare_owned(gconstpointer a, gconstpointer b)
{
	const struct owned_prefix *x = a, *y = b;
	gint c = space_compare(&x->prefix, &y->prefix);

	return c ? c : g_ascii_strcasecmp(x->subnet->noun.id, y->subnet->noun.id);
}

static void check_inside(struct build *b, const struct owned_prefix *p)
{
	const GArray *space = p->subnet->network->space;
	struct spot s = noun_spot(b, &p->subnet->noun);
	g_autofree char *text = space_text(p->prefix);

	/* A network whose address space was refused has had its error. */
	if (space->len > 0 && !space_contains(space, p->prefix))
		spot_error(&s, "properties.addressPrefix",
		           "%s is not inside the address space of virtual network '%s'; move it, or extend the space",
		           text, p->subnet->network->noun.name);
}

/* Prefixes either nest or are apart, so in sorted order each need only be held against the last that nothing held. */
static void check_apart(struct build *b, GArray *all)
{
	const struct owned_prefix *outer = NULL;

	for (guint i = 0; i < all->len; i++) {
		const struct owned_prefix *p = &g_array_index(all, struct owned_prefix, i);

		if (outer && prefix6_overlap(outer->prefix, p->prefix)) {
			struct spot s = noun_spot(b, &p->subnet->noun);
			g_autofree char *text = space_text(p->prefix), *other = space_text(outer->prefix);
			g_autofree char *where = noun_where(&outer->subnet->noun);

			spot_error(&s, "properties.addressPrefix", "%s overlaps %s of subnet %s; choose another prefix",
			           text, other, where);
			continue;
		}
		outer = p;
	}
}

void subnets_check(struct build *b, const struct network *n)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct owned_prefix));

	for (guint i = 0; i < n->subnets->len; i++) {
		struct subnet *sub = n->subnets->pdata[i];
		g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(struct prefix6));

		space_add(own, sub->prefixes, sub->prefixes6);
		for (guint k = 0; k < own->len; k++) {
			struct owned_prefix p = {g_array_index(own, struct prefix6, k), sub};

			check_inside(b, &p);
			g_array_append_val(all, p);
		}
		special_subnet_check(b, sub);
		sort_prefixes(sub->prefixes);
		g_array_sort(sub->prefixes6, space_compare);
		g_ptr_array_sort(sub->configs, noun_compare);
		g_ptr_array_sort(sub->configs6, noun_compare);
	}
	g_array_sort(all, compare_owned);
	check_apart(b, all);
}
