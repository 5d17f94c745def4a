/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual networks: the address space, and what is set for the whole of them. */
#include "model/network.h"

const struct known network_known[] = {
        {"properties.addressSpace.addressPrefixes", ENFORCED},
        {"properties.subnets[].name", ENFORCED},
        {"properties.subnets[].id", IRRELEVANT},
        {"properties.subnets[].type", IRRELEVANT},
        {"properties.subnets[].etag", IRRELEVANT},
        KNOWN_SUBNET("properties.subnets[].properties."),
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

void network_free(struct network *n)
{
	noun_clear(&n->noun);
	g_array_unref(n->prefixes);
	g_array_unref(n->prefixes6);
	g_ptr_array_unref(n->subnets);
	g_ptr_array_unref(n->ports);
	g_free(n);
}

/* Each prefix is held against those before it, as a person would read the list. */
static void read_prefix(struct network *n, const struct spot *item, GArray *before)
{
	g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_autoptr(GArray) one6 = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	guint known = before->len;

	read_network_prefix(item, "", one, one6);
	g_array_append_vals(n->prefixes, one->data, one->len);
	g_array_append_vals(n->prefixes6, one6->data, one6->len);
	space_add(before, one, one6);
	for (guint i = 0; i < known && before->len > known; i++)
		if (prefix6_overlap(g_array_index(before, struct prefix6, i),
		                    g_array_index(before, struct prefix6, known))) {
			spot_error(item, "", "it overlaps another prefix of the same address space; remove one");
			break;
		}
}

static void read_space(struct network *n, const struct spot *s)
{
	static const char list[] = "properties.addressSpace.addressPrefixes";
	g_autoptr(GArray) before = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	guint count = spot_length(s, list), faults = s->build->errors->len;

	if (count == 0 && (!spot_get(s, list) || spot_get(s, list)->type == NODE_ARRAY))
		spot_error(s, list, "the network has no address space; add a prefix like 10.0.0.0/16");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);

		read_prefix(n, &item, before);
	}
	if (count > 0 && n->prefixes->len == 0 && s->build->errors->len == faults)
		spot_error(s, list, "the network has IPv6 alone; add an IPv4 prefix like 10.0.0.0/16");
	sort_prefixes(n->prefixes);
	g_array_sort(n->prefixes6, space_compare);
}

void network_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct network *n = g_new0(struct network, 1);
	guint count;

	n->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	n->prefixes6 = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
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

void network_link(struct build *b, struct network *n)
{
	g_ptr_array_sort(n->subnets, noun_compare);
	for (guint i = 0; i < n->subnets->len; i++)
		subnet_link(b, n->subnets->pdata[i]);
}

void network_check(struct build *b, struct network *n)
{
	subnets_check(b, n);
	g_ptr_array_sort(n->ports, noun_compare);
}
