/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAT gateways: the public addresses that the subnets naming one leave by. What the original refuses about them is
 * refused: addresses that are Basic, or of another generation, and anything Basic in a subnet that has one.
 */
#include "model/network.h"

#define MAX_ADDRESSES 16
#define WHY_SIX       "IPv6 leaves by an instance's own public address, or not at all"

const struct known nat_gateway_known[] = {
        {"sku.name", ENFORCED},
        {"sku.tier", IRRELEVANT},
        {"properties.idleTimeoutInMinutes", RECORDED, "idle flows end after 4 minutes all the same", "4"},
        {"properties.publicIpAddresses", ENFORCED},
        {"properties.publicIpPrefixes", RECORDED,
         "a prefix has no addresses here yet: a gateway that has nothing else lets nothing out"},
        {"properties.publicIpAddressesV6", RECORDED, WHY_SIX},
        {"properties.publicIpPrefixesV6", RECORDED, WHY_SIX},
        {"properties.subnets", IRRELEVANT}, /* a report */
        {"properties.sourceVirtualNetwork", NOT_MODELLED,
         "a gateway of a whole network is not modelled: name it in the subnets"},
        {NULL},
};

void nat_gateway_free(struct nat_gateway *g)
{
	noun_clear(&g->noun);
	g_ptr_array_unref(g->addresses);
	g_ptr_array_unref(g->prefixes);
	g_ptr_array_unref(g->subnets);
	g_free(g);
}

void nat_gateway_declare(struct build *b, const struct document *d)
{
	static const char *const skus[] = {"Standard", "StandardV2", NULL};
	struct spot s = spot_of(b, d);
	struct nat_gateway *g = g_new0(struct nat_gateway, 1);

	g->addresses = g_ptr_array_new();
	g->prefixes = g_ptr_array_new();
	g->subnets = g_ptr_array_new();
	g_ptr_array_add(b->graph->nat_gateways, g);
	noun_declare(&g->noun, &s, d->id);
	noun_check_name(&g->noun, &s, 80);
	g->v2 = read_choice(&s, "sku.name", skus, 0) == 1;
	g->idle_minutes = read_number(&s, "properties.idleTimeoutInMinutes", 4, 120, 4);
}

/* What an address or a prefix must be for this list of this gateway. */
static gboolean check_kind(const struct nat_gateway *g, const struct spot *item, const struct noun *n, gboolean v2,
                           gboolean v6, gboolean want_v6)
{
	if (v6 != want_v6)
		spot_error(item, "id", "'%s' is IPv%c; %s", n->name, v6 ? '6' : '4',
		           !v6     ? "name an IPv6 one"
		           : g->v2 ? "name it in the list for IPv6"
		                   : "name an IPv4 one");
	else if (v2 != g->v2)
		spot_error(item, "id", "'%s' is %s and the gateway is %s; make them equal", n->name,
		           v2 ? "StandardV2" : "Standard", g->v2 ? "StandardV2" : "Standard");
	else
		return TRUE;
	return FALSE;
}

static void link_address(struct nat_gateway *g, const struct spot *item, gboolean v6)
{
	struct public_address *p = follow(item, "", &kind_public_address, TRUE);

	if (!p || p->nat_gateway == g)
		return;
	if (p->sku == SKU_BASIC)
		spot_error(item, "id", "'%s' is a Basic address; a NAT gateway takes Standard ones", p->noun.name);
	else if (check_kind(g, item, &p->noun, p->v2, p->v6, v6) && public_address_is_free(p, item, "id")) {
		g_ptr_array_add(g->addresses, p);
		p->nat_gateway = g;
	}
}

static void link_prefix(struct nat_gateway *g, const struct spot *item, gboolean v6)
{
	struct public_prefix *p = follow(item, "", &kind_public_prefix, TRUE);

	if (!p || p->nat_gateway == g || !check_kind(g, item, &p->noun, p->v2, p->v6, v6))
		return;
	if (p->nat_gateway) {
		g_autofree char *where = noun_where(&p->nat_gateway->noun);

		spot_error(item, "id", "'%s' already belongs to %s; use another prefix", p->noun.name, where);
		return;
	}
	g_ptr_array_add(g->prefixes, p);
	p->nat_gateway = g;
}

void nat_gateway_link(struct build *b, struct nat_gateway *g)
{
	static const struct {
		const char *list;
		void (*link)(struct nat_gateway *g, const struct spot *item, gboolean v6);
		gboolean v6;
	} lists[] = {{"properties.publicIpAddresses", link_address, FALSE},
	             {"properties.publicIpPrefixes", link_prefix, FALSE},
	             {"properties.publicIpAddressesV6", link_address, TRUE},
	             {"properties.publicIpPrefixesV6", link_prefix, TRUE}};
	struct spot s = noun_spot(b, &g->noun);

	for (gsize k = 0; k < G_N_ELEMENTS(lists); k++) {
		guint count = spot_length(&s, lists[k].list);

		if (lists[k].v6 && count > 0 && !g->v2) {
			spot_error(&s, lists[k].list, "only a StandardV2 gateway has IPv6; remove the list");
			continue;
		}
		for (guint i = 0; i < count; i++) {
			struct spot item = spot_item(&s, lists[k].list, i);

			lists[k].link(g, &item, lists[k].v6);
		}
	}
	g_ptr_array_sort(g->addresses, noun_compare);
	g_ptr_array_sort(g->prefixes, noun_compare);
}

static void check_count(const struct spot *s, const struct nat_gateway *g)
{
	guint v4 = 0;

	for (guint i = 0; i < g->addresses->len; i++)
		v4 += !((struct public_address *)g->addresses->pdata[i])->v6;
	for (guint i = 0; i < g->prefixes->len; i++) {
		const struct public_prefix *p = g->prefixes->pdata[i];

		v4 += p->v6 ? 0 : public_prefix_size(p);
	}
	if (v4 > MAX_ADDRESSES)
		spot_error(s, "", "%u public addresses are more than the %u that a NAT gateway may have; remove some",
		           v4, MAX_ADDRESSES);
	if (g->addresses->len + g->prefixes->len == 0 && g->subnets->len > 0)
		spot_warning(s, "", "the gateway has no public address: its subnets have no way out; add one");
}

/* Basic things have an outbound way of their own, which would compete with the gateway. */
static void check_config(struct build *b, const struct subnet *sub, const struct ip_config *c)
{
	struct spot s = noun_spot(b, &c->noun);

	if (c->public_address && c->public_address->sku == SKU_BASIC)
		spot_error(&s, "properties.publicIPAddress",
		           "'%s' is a Basic address in subnet '%s', which has a NAT gateway; make it a Standard one",
		           c->public_address->noun.name, sub->noun.name);
	for (guint i = 0; i < c->pools->len; i++) {
		const struct pool *p = c->pools->pdata[i];

		if (p->lb->sku == SKU_BASIC)
			spot_error(
			        &s, "properties.loadBalancerBackendAddressPools",
			        "load balancer '%s' is Basic and subnet '%s' has a NAT gateway; make it a Standard one",
			        p->lb->noun.name, sub->noun.name);
	}
}

void nat_gateway_check(struct build *b, struct nat_gateway *g)
{
	struct spot s = noun_spot(b, &g->noun);
	const struct network *network = NULL;

	check_count(&s, g);
	g_ptr_array_sort(g->subnets, noun_compare);
	for (guint i = 0; i < g->subnets->len; i++) {
		const struct subnet *sub = g->subnets->pdata[i];
		struct spot at = noun_spot(b, &sub->noun);

		if (network && sub->network != network)
			spot_error(&at, "properties.natGateway",
			           "'%s' already serves virtual network '%s'; use a gateway of its own for '%s'",
			           g->noun.name, network->noun.name, sub->network->noun.name);
		network = network ? network : sub->network;
		for (guint k = 0; k < sub->configs->len; k++)
			check_config(b, sub, sub->configs->pdata[k]);
	}
}
