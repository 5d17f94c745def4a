/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual networks and their subnets.
 *
 * A subnet may stand inside its network's document or be a document of its own; when both exist, its own document is
 * the whole of it, since that is what deploying the two in this order leaves behind.
 */
#include "model/build.h"

#define SUBNET(p)                                                                                                      \
	{p "addressPrefix", ENFORCED}, {p "addressPrefixes", ENFORCED}, {p "networkSecurityGroup", ENFORCED},          \
	        {p "provisioningState", IRRELEVANT}, {p "ipConfigurations", IRRELEVANT},                               \
	        {p "ipConfigurationProfiles", IRRELEVANT}, {p "purpose", IRRELEVANT},                                  \
	        {p "resourceNavigationLinks", IRRELEVANT}, {p "serviceAssociationLinks", IRRELEVANT},                  \
	        {p "privateEndpoints", NOT_MODELLED, WHY_ENDPOINTS},                                                   \
	        {p "routeTable", NOT_MODELLED,                                                                         \
	         "user-defined routes are not modelled: traffic takes the system routes"},                             \
	        {p "natGateway", NOT_MODELLED, "NAT gateways are not modelled: another address is used outbound"},     \
	        {p "serviceEndpoints", NOT_MODELLED, "service endpoints are not modelled"},                            \
	        {p "serviceEndpointPolicies", NOT_MODELLED, "service endpoints are not modelled"},                     \
	        {p "delegations", NOT_MODELLED, "delegation to a service is not modelled"},                            \
	        {p "privateEndpointNetworkPolicies", NOT_MODELLED, WHY_ENDPOINTS},                                     \
	        {p "privateLinkServiceNetworkPolicies", NOT_MODELLED, WHY_ENDPOINTS},                                  \
	        {p "applicationGatewayIpConfigurations", NOT_MODELLED, "application gateways are not modelled"},       \
	{                                                                                                              \
		p "defaultOutboundAccess", NOT_MODELLED_OFF, "machines of the subnet keep a default outbound address"  \
	}

const struct known network_known[] = {
        {"properties.addressSpace.addressPrefixes", ENFORCED},
        {"properties.subnets[].name", ENFORCED},
        {"properties.subnets[].id", IRRELEVANT},
        {"properties.subnets[].type", IRRELEVANT},
        {"properties.subnets[].etag", IRRELEVANT},
        SUBNET("properties.subnets[].properties."),
        {"properties.dhcpOptions", NOT_MODELLED, "DNS servers are not modelled: machines get no resolver"},
        {"properties.virtualNetworkPeerings", NOT_MODELLED, "peerings are not modelled: the networks stay apart"},
        {"properties.enableDdosProtection", NOT_MODELLED, "DDoS plans are not modelled"},
        {"properties.ddosProtectionPlan", NOT_MODELLED, "DDoS plans are not modelled"},
        {"properties.enableVmProtection", NOT_MODELLED, "not modelled"},
        {"properties.bgpCommunities", NOT_MODELLED, "BGP is not modelled"},
        {"properties.encryption", NOT_MODELLED, "encryption between machines is not modelled"},
        {"properties.flowTimeoutInMinutes", NOT_MODELLED, WHY_IDLE},
        {NULL},
};

const struct known subnet_known[] = {SUBNET("properties."), {NULL}};

static void subnet_free(struct subnet *s)
{
	noun_clear(&s->noun);
	g_array_unref(s->prefixes);
	g_ptr_array_unref(s->configs);
	g_free(s);
}

void network_free(struct network *n)
{
	noun_clear(&n->noun);
	g_array_unref(n->prefixes);
	g_ptr_array_unref(n->subnets);
	g_ptr_array_unref(n->ports);
	g_free(n);
}

/* "addressPrefix", or the list "addressPrefixes". */
static void read_subnet_prefixes(const struct spot *s, GArray *prefixes)
{
	guint count = spot_length(s, "properties.addressPrefixes");
	const struct node *single = spot_get(s, "properties.addressPrefix");

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "properties.addressPrefixes", i);

		read_network_prefix(&item, "", prefixes);
	}
	/* What the platform reports holds the first of the list in both places. */
	if (count == 0)
		read_network_prefix(s, "properties.addressPrefix", prefixes);
	else if (single && !node_equal(single, node_item(spot_get(s, "properties.addressPrefixes"), 0)))
		spot_error(s, "properties.addressPrefix",
		           "it differs from the first of addressPrefixes; keep one of the two properties");
}

static void subnet_add(struct network *n, const struct spot *s, const char *id)
{
	struct subnet *sub = g_new0(struct subnet, 1);

	sub->network = n;
	sub->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	sub->configs = g_ptr_array_new();
	noun_declare(&sub->noun, s, id);
	read_subnet_prefixes(s, sub->prefixes);
	g_ptr_array_add(n->subnets, sub);
}

static void read_space(struct network *n, const struct spot *s)
{
	static const char list[] = "properties.addressSpace.addressPrefixes";
	guint count = spot_length(s, list);

	if (count == 0 && (!spot_get(s, list) || spot_get(s, list)->type == NODE_ARRAY))
		spot_error(s, list, "the network has no address space; add a prefix like 10.0.0.0/16");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		guint before = n->prefixes->len;
		struct prefix p;

		read_network_prefix(&item, "", n->prefixes);
		if (n->prefixes->len == before)
			continue;
		p = g_array_index(n->prefixes, struct prefix, before);
		for (guint k = 0; k < before; k++)
			if (prefix_overlap(g_array_index(n->prefixes, struct prefix, k), p)) {
				spot_error(&item, "",
				           "it overlaps another prefix of the same address space; remove one");
				break;
			}
	}
	sort_prefixes(n->prefixes);
}

void network_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct network *n = g_new0(struct network, 1);
	guint count;

	n->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	n->subnets = g_ptr_array_new_with_free_func((GDestroyNotify)subnet_free);
	n->ports = g_ptr_array_new();
	g_ptr_array_add(b->graph->networks, n);
	noun_declare(&n->noun, &s, d->id);
	read_space(n, &s);
	count = spot_length(&s, "properties.subnets");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, "properties.subnets", i);
		g_autofree char *id = nested_id(&item, "subnets");

		if (id && !has_own_document(&item, id))
			subnet_add(n, &item, id);
	}
}

void subnet_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct network *n = follow_parent(&s, &kind_network);

	if (n)
		subnet_add(n, &s, d->id);
}

void network_link(struct build *b, struct network *n)
{
	g_ptr_array_sort(n->subnets, noun_compare);
	for (guint i = 0; i < n->subnets->len; i++) {
		struct subnet *sub = n->subnets->pdata[i];
		struct spot s = noun_spot(b, &sub->noun);

		sub->group = follow(&s, "properties.networkSecurityGroup", &kind_security_group, FALSE);
	}
}

struct owned_prefix {
	struct prefix prefix;
	struct subnet *subnet;
};

static gint compare_owned(gconstpointer a, gconstpointer b)
{
	const struct owned_prefix *x = a, *y = b;

	if (x->prefix.addr != y->prefix.addr)
		return x->prefix.addr < y->prefix.addr ? -1 : 1;
	if (x->prefix.length != y->prefix.length)
		return (gint)x->prefix.length - (gint)y->prefix.length;
	return g_ascii_strcasecmp(x->subnet->noun.id, y->subnet->noun.id);
}

static void check_inside(struct build *b, const struct network *n, const struct subnet *sub, struct prefix p)
{
	for (guint k = 0; k < n->prefixes->len; k++)
		if (prefix_contains(g_array_index(n->prefixes, struct prefix, k), p))
			return;
	/* A network whose address space was refused has had its error. */
	if (n->prefixes->len > 0) {
		struct spot s = noun_spot(b, &sub->noun);
		g_autofree char *text = prefix_format(p);

		spot_error(&s, "properties.addressPrefix",
		           "%s is not inside the address space of virtual network '%s'; move it, or extend the space",
		           text, n->noun.name);
	}
}

/* Prefixes either nest or are apart, so in sorted order each need only be held against the last that nothing held. */
static void check_apart(struct build *b, GArray *all)
{
	const struct owned_prefix *outer = NULL;

	for (guint i = 0; i < all->len; i++) {
		const struct owned_prefix *p = &g_array_index(all, struct owned_prefix, i);

		if (outer && prefix_overlap(outer->prefix, p->prefix)) {
			struct spot s = noun_spot(b, &p->subnet->noun);
			g_autofree char *text = prefix_format(p->prefix);
			g_autofree char *other = prefix_format(outer->prefix);
			g_autofree char *where = noun_where(&outer->subnet->noun);

			spot_error(&s, "properties.addressPrefix", "%s overlaps %s of subnet %s; choose another prefix",
			           text, other, where);
			continue;
		}
		outer = p;
	}
}

void network_check(struct build *b, struct network *n)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct owned_prefix));

	for (guint i = 0; i < n->subnets->len; i++) {
		struct subnet *sub = n->subnets->pdata[i];

		for (guint k = 0; k < sub->prefixes->len; k++) {
			struct owned_prefix p = {g_array_index(sub->prefixes, struct prefix, k), sub};

			check_inside(b, n, sub, p.prefix);
			g_array_append_val(all, p);
		}
		sort_prefixes(sub->prefixes);
		g_ptr_array_sort(sub->configs, noun_compare);
	}
	g_array_sort(all, compare_owned);
	check_apart(b, all);
	g_ptr_array_sort(n->ports, noun_compare);
}
