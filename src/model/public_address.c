/* SPDX-License-Identifier: Apache-2.0 */
/* Public IP addresses. Who has one is found when NICs and front ends are linked. */
#include "model/network.h"

const struct known public_address_known[] = {
        {"sku.name", ENFORCED},
        {"sku.tier", IRRELEVANT},
        {"properties.publicIPAllocationMethod", ENFORCED},
        {"properties.publicIPAddressVersion", RECORDED, WHY_IPV6, "IPv4"},
        {"properties.ipAddress", ENFORCED},
        {"properties.ipConfiguration", IRRELEVANT}, /* a report */
        {"properties.deleteOption", IRRELEVANT},
        {"properties.idleTimeoutInMinutes", NOT_MODELLED, WHY_IDLE},
        {"properties.dnsSettings", NOT_MODELLED, "public names are not served: use the address"},
        {"properties.publicIPPrefix", NOT_MODELLED, "public IP prefixes are not modelled: any free address is taken"},
        {"properties.ipTags", NOT_MODELLED, "IP tags are not modelled"},
        {"properties.ddosSettings", NOT_MODELLED, "DDoS plans are not modelled"},
        {NULL},
};

void public_address_free(struct public_address *p)
{
	noun_clear(&p->noun);
	g_free(p);
}

void public_address_declare(struct build *b, const struct document *d)
{
	static const char *const skus[] = {"Basic", "Standard", NULL}; /* the order of enum sku */
	static const char *const methods[] = {"Dynamic", "Static", NULL};
	static const char *const versions[] = {"IPv4", "IPv6", NULL};
	struct spot s = spot_of(b, d);
	struct public_address *p = g_new0(struct public_address, 1);

	g_ptr_array_add(b->graph->public_addresses, p);
	noun_declare(&p->noun, &s, d->id);
	p->sku = (enum sku)read_choice(&s, "sku.name", skus, SKU_BASIC);
	p->is_static = read_choice(&s, "properties.publicIPAllocationMethod", methods, p->sku == SKU_STANDARD) == 1;
	p->v6 = read_choice(&s, "properties.publicIPAddressVersion", versions, 0) == 1;
	p->idle_minutes = read_number(&s, "properties.idleTimeoutInMinutes", 4, 120, 4);
	if (p->v6)
		read_address6(&s, "properties.ipAddress", &p->address6);
	else
		read_address(&s, "properties.ipAddress", &p->address);
}

gboolean public_address_is_free(const struct public_address *p, const struct spot *s, const char *dotted)
{
	const struct noun *holder = p->config ? &p->config->noun : p->frontend ? &p->frontend->noun : NULL;
	g_autofree char *where = holder ? noun_where(holder) : NULL;

	if (holder)
		spot_error(s, dotted, "'%s' already belongs to %s; use another address", p->noun.name, where);
	return !holder;
}

void public_address_check(struct build *b, struct public_address *p)
{
	struct spot s = noun_spot(b, &p->noun);

	struct prefix pool;

	/* It is a report in what the platform exports: a lab cannot have the real cloud's addresses. */
	prefix_parse(GRAPH_PUBLIC_POOL, &pool);
	if (p->address && !prefix_has(pool, p->address)) {
		g_autofree char *text = ip_format(p->address);

		spot_warning(&s, "properties.ipAddress",
		             "%s is not one of the public pool " GRAPH_PUBLIC_POOL "; another is taken from there",
		             text);
		p->address = 0;
	}
	if (p->sku == SKU_STANDARD && !p->is_static)
		spot_warning(&s, "properties.publicIPAllocationMethod",
		             "a Standard address is always static; write \"Static\"");
}
