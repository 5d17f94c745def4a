/* SPDX-License-Identifier: Apache-2.0 */
/* Public IP prefixes: blocks that public addresses and NAT gateways take from. */
#include "model/network.h"

const struct known public_prefix_known[] = {
        {"sku.name", RECORDED_PART},
        {"sku.tier", RECORDED_PART},
        {"properties.publicIPAddressVersion", RECORDED_PART},
        {"properties.prefixLength", RECORDED,
         "no block is set aside: addresses are taken one by one, wherever they are free"},
        {"properties.ipPrefix", IRRELEVANT}, /* reports, as are the next */
        {"properties.publicIPAddresses", IRRELEVANT},
        {"properties.loadBalancerFrontendIpConfiguration", IRRELEVANT},
        {"properties.natGateway", IRRELEVANT},
        {"properties.customIPPrefix", NOT_MODELLED, "prefixes of one's own are not modelled: the pool is the lab's"},
        {"properties.ipTags", NOT_MODELLED, WHY_IP_TAGS},
        {NULL},
};

void public_prefix_free(struct public_prefix *p)
{
	noun_clear(&p->noun);
	g_ptr_array_unref(p->addresses);
	g_free(p);
}

void public_prefix_declare(struct build *b, const struct document *d)
{
	static const char *const skus[] = {"Standard", "StandardV2", NULL};
	static const char *const tiers[] = {"Regional", "Global", NULL};
	static const char *const versions[] = {"IPv4", "IPv6", NULL};
	struct spot s = spot_of(b, d);
	struct public_prefix *p = g_new0(struct public_prefix, 1);
	gboolean custom = spot_get(&s, "properties.customIPPrefix") != NULL;

	p->addresses = g_ptr_array_new();
	g_ptr_array_add(b->graph->public_prefixes, p);
	noun_declare(&p->noun, &s, d->id);
	noun_check_name(&p->noun, &s, 80);
	p->v2 = read_choice(&s, "sku.name", skus, 0) == 1;
	p->global = read_choice(&s, "sku.tier", tiers, 0) == 1;
	p->v6 = read_choice(&s, "properties.publicIPAddressVersion", versions, 0) == 1;
	/* The platform's own blocks have 2 to 16 addresses; those of a customer's range may be larger. */
	p->length = (guint8)(p->v6 ? read_number(&s, "properties.prefixLength", custom ? 64 : 124, 127, REQUIRED)
	                           : read_number(&s, "properties.prefixLength", custom ? 21 : 28, 31, REQUIRED));
}

guint public_prefix_size(const struct public_prefix *p)
{
	guint bits = (p->v6 ? 128 : 32) - p->length;

	return bits < 16 ? 1u << bits : 1u << 16;
}

void public_prefix_check(struct build *b, struct public_prefix *p)
{
	struct spot s = noun_spot(b, &p->noun);

	g_ptr_array_sort(p->addresses, noun_compare);
	if (p->addresses->len > public_prefix_size(p))
		spot_error(&s, "properties.prefixLength", "%u addresses are taken from a block of %u; make it larger",
		           p->addresses->len, public_prefix_size(p));
}
