/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual networks: the address space, and what is set for the whole of them. */
#include "model/network.h"

#include <string.h>

#define MAX_PREFIXES 4000

const struct known network_known[] = {
        {"properties.addressSpace.addressPrefixes", ENFORCED},
        {"properties.subnets[].name", ENFORCED},
        {"properties.subnets[].id", IRRELEVANT},
        {"properties.subnets[].type", IRRELEVANT},
        {"properties.subnets[].etag", IRRELEVANT},
        KNOWN_SUBNET("properties.subnets[].properties."),
        {"properties.virtualNetworkPeerings[].name", ENFORCED},
        {"properties.virtualNetworkPeerings[].id", IRRELEVANT},
        {"properties.virtualNetworkPeerings[].type", IRRELEVANT},
        {"properties.virtualNetworkPeerings[].etag", IRRELEVANT},
        KNOWN_PEERING("properties.virtualNetworkPeerings[].properties."),
        {"properties.addressSpace.ipamPoolPrefixAllocations", NOT_MODELLED, WHY_IPAM},
        {"properties.ipAllocations", NOT_MODELLED, WHY_IPAM},
        {"properties.dhcpOptions.dnsServers", RECORDED, "names have no data plane yet: machines get no resolver"},
        {"properties.ddosProtectionPlan", RECORDED, WHY_DDOS},
        {"properties.enableDdosProtection", RECORDED_PART},
        {"properties.enableVmProtection", IRRELEVANT}, /* of the previews, without effect since */
        {"properties.bgpCommunities.virtualNetworkCommunity", RECORDED, "BGP has no data plane yet"},
        {"properties.bgpCommunities.regionalCommunity", IRRELEVANT}, /* a report */
        {"properties.encryption.enabled", RECORDED, "traffic between machines is not encrypted yet"},
        {"properties.encryption.enforcement", RECORDED_PART},
        {"properties.flowTimeoutInMinutes", RECORDED, WHY_IDLE},
        {"properties.privateEndpointVNetPolicies", NOT_MODELLED, WHY_ENDPOINTS, "Disabled"},
        {"properties.flowLogs", IRRELEVANT}, /* reports, as is the next */
        {"properties.defaultPublicNatGateway", IRRELEVANT},
        {NULL},
};

void network_free(struct network *n)
{
	noun_clear(&n->noun);
	g_array_unref(n->prefixes);
	g_array_unref(n->prefixes6);
	g_array_unref(n->space);
	g_ptr_array_unref(n->subnets);
	g_ptr_array_unref(n->peerings);
	g_ptr_array_unref(n->gateways);
	g_ptr_array_unref(n->ports);
	g_ptr_array_unref(n->dns_servers);
	g_free(n->ddos_plan_id);
	g_free(n->bgp_community);
	g_free(n);
}

struct placed {
	struct prefix6 prefix;
	guint at; /* in the list */
};

static gint compare_placed(gconstpointer a, gconstpointer b)
{
	const struct placed *x = a, *y = b;
	gint c = space_compare(&x->prefix, &y->prefix);

	return c ? c : (gint)x->at - (gint)y->at;
}

/* Prefixes either nest or are apart, so in order each need only be held against the last that nothing held. */
static void check_apart(const struct spot *s, const char *list, GArray *all)
{
	const struct placed *outer = NULL;

	g_array_sort(all, compare_placed);
	for (guint i = 0; i < all->len; i++) {
		const struct placed *p = &g_array_index(all, struct placed, i);
		struct spot item = spot_item(s, list, outer ? MAX(outer->at, p->at) : 0);

		if (outer && prefix6_overlap(outer->prefix, p->prefix))
			spot_error(&item, "", "it overlaps another prefix of the same address space; remove one");
		else
			outer = p;
	}
}

static void read_prefix(struct network *n, const struct spot *s, const char *list, guint i, GArray *all)
{
	g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_autoptr(GArray) one6 = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	g_autoptr(GArray) space = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	struct spot item = spot_item(s, list, i);

	read_network_prefix(&item, "", one, one6);
	g_array_append_vals(n->prefixes, one->data, one->len);
	g_array_append_vals(n->prefixes6, one6->data, one6->len);
	space_add(space, one, one6);
	if (space->len > 0) {
		struct placed p = {g_array_index(space, struct prefix6, 0), i};

		g_array_append_val(all, p);
	}
}

static void read_space(struct network *n, const struct spot *s)
{
	static const char list[] = "properties.addressSpace.addressPrefixes";
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct placed));
	guint count = spot_length(s, list), faults = s->build->errors->len;

	if (count == 0 && (!spot_get(s, list) || spot_get(s, list)->type == NODE_ARRAY))
		spot_error(s, list, "the network has no address space; add a prefix like 10.0.0.0/16");
	if (count > MAX_PREFIXES)
		spot_error(s, list, "%u prefixes are more than the %u that a network may have; join some", count,
		           MAX_PREFIXES);
	for (guint i = 0; i < count && count <= MAX_PREFIXES; i++)
		read_prefix(n, s, list, i, all);
	check_apart(s, list, all);
	if (count > 0 && n->prefixes->len == 0 && s->build->errors->len == faults)
		spot_error(s, list, "the network has IPv6 alone; add an IPv4 prefix like 10.0.0.0/16");
	sort_prefixes(n->prefixes);
	g_array_sort(n->prefixes6, space_compare);
	space_add(n->space, n->prefixes, n->prefixes6);
	space_tidy(n->space);
}

/* "12076:20000" to "12076:49999": the original's own number, and one of the customer's. */
static void read_community(struct network *n, const struct spot *s)
{
	static const char property[] = "properties.bgpCommunities.virtualNetworkCommunity";
	const char *text = read_text(s, property, FALSE);
	guint64 value;

	if (!text || !*text)
		return;
	if (!g_str_has_prefix(text, "12076:") ||
	    !g_ascii_string_to_unsigned(text + strlen("12076:"), 10, 20000, 49999, &value, NULL))
		spot_error(s, property,
		           "'%.60s' is not a community from 12076:20000 to 12076:49999; write one of these", text);
	else
		n->bgp_community = g_strdup(text);
}

static void read_settings(struct network *n, const struct spot *s)
{
	static const char *const enforcements[] = {"AllowUnencrypted", "DropUnencrypted", NULL};

	read_servers(s, "properties.dhcpOptions.dnsServers", n->dns_servers);
	n->ddos_protection = read_flag(s, "properties.enableDdosProtection", FALSE);
	n->flow_minutes = read_number(s, "properties.flowTimeoutInMinutes", 4, 30, 0);
	n->encrypted = read_flag(s, "properties.encryption.enabled", FALSE);
	n->drop_unencrypted = read_choice(s, "properties.encryption.enforcement", enforcements, 0) == 1;
	read_community(n, s);
}

void network_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct network *n = g_new0(struct network, 1);

	n->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	n->prefixes6 = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	n->space = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	n->subnets = g_ptr_array_new_with_free_func((GDestroyNotify)subnet_free);
	n->peerings = g_ptr_array_new_with_free_func((GDestroyNotify)peering_free);
	n->gateways = g_ptr_array_new();
	n->ports = g_ptr_array_new();
	n->dns_servers = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(b->graph->networks, n);
	noun_declare(&n->noun, &s, d->id);
	noun_check_name(&n->noun, &s, 64);
	read_space(n, &s);
	read_settings(n, &s);
	read_children(&s, "properties.subnets", "subnets", subnet_add, n);
	read_children(&s, "properties.virtualNetworkPeerings", "virtualNetworkPeerings", peering_add, n);
}

void network_link(struct build *b, struct network *n)
{
	struct spot s = noun_spot(b, &n->noun);

	g_ptr_array_sort(n->subnets, noun_compare);
	g_ptr_array_sort(n->peerings, noun_compare);
	for (guint i = 0; i < n->subnets->len; i++)
		subnet_link(b, n->subnets->pdata[i]);
	for (guint i = 0; i < n->peerings->len; i++)
		peering_link(b, n->peerings->pdata[i]);
	n->ddos_plan = ddos_plan_follow(&s, "properties.ddosProtectionPlan", &n->ddos_plan_id);
	if (n->ddos_plan)
		g_ptr_array_add(n->ddos_plan->networks, n);
}

void network_check(struct build *b, struct network *n)
{
	struct spot s = noun_spot(b, &n->noun);

	if (n->subnets->len > NETWORK_SUBNETS)
		spot_error(&s, "properties.subnets",
		           "%u subnets are more than the %u that a network may have; split it", n->subnets->len,
		           NETWORK_SUBNETS);
	if (n->ddos_protection && !n->ddos_plan_id)
		spot_error(&s, "properties.enableDdosProtection", "it needs a plan; name one in ddosProtectionPlan");
	for (guint i = 0; i < n->peerings->len; i++)
		peering_match(n->peerings->pdata[i]);
	subnets_check(b, n);
	g_ptr_array_sort(n->ports, noun_compare);
}
