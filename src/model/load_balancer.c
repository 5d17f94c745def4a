/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load balancers: what belongs to one, in lists of its own document or in documents of their own.
 *
 * The parts: frontend.c, pool.c, balancing.c, inbound_nat.c; what shows between them: balancer_check.c.
 */
#include "model/balancer.h"

#include <string.h>

#define WHY_RESET    "idle flows end silently"
#define WHY_INTERNAL "internal front ends have no data plane yet: nothing answers on this address"
#define WHY_GATEWAY  "gateway load balancers have no data plane yet"
#define WHY_ROW      "ports in a row for a pool have no data plane yet: nothing answers on them"

#define KNOWN_FRONTEND(p)                                                                                              \
	{p "publicIPAddress.id", ENFORCED}, {p "publicIPAddress.properties.deleteOption", IRRELEVANT},                 \
	        {p "subnet", RECORDED, WHY_INTERNAL}, {p "privateIPAddress", RECORDED_PART},                           \
	        {p "privateIPAllocationMethod", RECORDED_PART}, {p "privateIPAddressVersion", RECORDED_PART},          \
	        {p "publicIPPrefix", RECORDED, "a front end with a block of addresses has none of them yet"},          \
	        {p "gatewayLoadBalancer", RECORDED, WHY_GATEWAY}, {p "provisioningState", IRRELEVANT},                 \
	        {p "loadBalancingRules", IRRELEVANT}, {p "inboundNatRules", IRRELEVANT}, /* reports */                 \
	        {p "inboundNatPools", IRRELEVANT},                                                                     \
	{                                                                                                              \
		p "outboundRules", IRRELEVANT                                                                          \
	}
#define KNOWN_POOL(p)                                                                                                  \
	{p "loadBalancerBackendAddresses", ENFORCED}, {p "virtualNetwork", ENFORCED},                                  \
	        {p "tunnelInterfaces", RECORDED, WHY_GATEWAY},                                                         \
	        {p "drainPeriodInSeconds", RECORDED, "members leave a pool at once", "0"}, {p "syncMode", IRRELEVANT}, \
	        {p "location", IRRELEVANT}, {p "provisioningState", IRRELEVANT},                                       \
	        {p "backendIPConfigurations", IRRELEVANT}, /* reports */ {p "loadBalancingRules", IRRELEVANT},         \
	        {p "inboundNatRules", IRRELEVANT}, {p "outboundRule", IRRELEVANT},                                     \
	{                                                                                                              \
		p "outboundRules", IRRELEVANT                                                                          \
	}
#define KNOWN_PROBE(p)                                                                                                 \
	{p "provisioningState", IRRELEVANT}, {p "loadBalancingRules", IRRELEVANT}, {p "protocol", ENFORCED},           \
	        {p "port", ENFORCED}, {p "requestPath", ENFORCED}, {p "intervalInSeconds", ENFORCED},                  \
	        {p "numberOfProbes", ENFORCED}, {p "probeThreshold", ENFORCED},                                        \
	{                                                                                                              \
		p "noHealthyBackendsBehavior", ENFORCED                                                                \
	}
#define KNOWN_BALANCE(p)                                                                                               \
	{p "frontendIPConfiguration", ENFORCED}, {p "backendAddressPool", ENFORCED},                                   \
	        {p "backendAddressPools", ENFORCED}, {p "probe", ENFORCED}, {p "protocol", ENFORCED},                  \
	        {p "frontendPort", ENFORCED}, {p "backendPort", ENFORCED}, {p "loadDistribution", ENFORCED},           \
	        {p "enableFloatingIP", ENFORCED}, {p "idleTimeoutInMinutes", RECORDED, WHY_IDLE, "4"},                 \
	        {p "enableTcpReset", RECORDED, WHY_RESET}, {p "accessControl", ENFORCED},                              \
	        {p "enableConnectionTracking", RECORDED, "flows are tracked, and stay where they are, all the same"},  \
	        {p "disableOutboundSnat", ENFORCED}, {p "backendIPConfiguration", IRRELEVANT},                         \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}
#define KNOWN_NAT(p)                                                                                                   \
	{p "frontendIPConfiguration", ENFORCED}, {p "frontendPort", ENFORCED}, {p "backendPort", ENFORCED},            \
	        {p "protocol", ENFORCED}, {p "enableFloatingIP", ENFORCED},                                            \
	        {p "backendAddressPool", RECORDED, WHY_ROW}, {p "frontendPortRangeStart", RECORDED_PART},              \
	        {p "frontendPortRangeEnd", RECORDED_PART}, {p "idleTimeoutInMinutes", RECORDED, WHY_IDLE, "4"},        \
	        {p "enableTcpReset", RECORDED, WHY_RESET}, {p "accessControl", ENFORCED},                              \
	        {p "backendIPConfiguration", IRRELEVANT},                                                              \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}
#define KNOWN_NAT_POOL(p)                                                                                              \
	{p "frontendIPConfiguration", ENFORCED}, {p "frontendPortRangeStart", ENFORCED},                               \
	        {p "frontendPortRangeEnd", ENFORCED}, {p "backendPort", ENFORCED}, {p "protocol", ENFORCED},           \
	        {p "enableFloatingIP", ENFORCED}, {p "idleTimeoutInMinutes", RECORDED, WHY_IDLE, "4"},                 \
	        {p "enableTcpReset", RECORDED, WHY_RESET}, {p "accessControl", ENFORCED},                              \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}
#define KNOWN_OUTBOUND(p)                                                                                              \
	{p "frontendIPConfigurations", ENFORCED}, {p "backendAddressPool", ENFORCED},                                  \
	        {p "protocol", RECORDED, "members leave by it with every protocol", "All"},                            \
	        {p "allocatedOutboundPorts", ENFORCED}, {p "idleTimeoutInMinutes", RECORDED, WHY_IDLE, "4"},           \
	        {p "enableTcpReset", RECORDED, WHY_RESET},                                                             \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}
#define ITEM(list)                                                                                                     \
	{"properties." list "[].name", ENFORCED}, {"properties." list "[].id", IRRELEVANT},                            \
	        {"properties." list "[].type", IRRELEVANT}, {"properties." list "[].etag", IRRELEVANT},                \
	{                                                                                                              \
		"properties." list "[].zones", IRRELEVANT                                                              \
	}

const struct known load_balancer_known[] = {
        {"sku.name", ENFORCED},
        {"sku.tier", RECORDED, "a load balancer of all regions is here what one of a region is", "Regional"},
        ITEM("frontendIPConfigurations"),
        KNOWN_FRONTEND("properties.frontendIPConfigurations[].properties."),
        ITEM("backendAddressPools"),
        KNOWN_POOL("properties.backendAddressPools[].properties."),
        ITEM("probes"),
        KNOWN_PROBE("properties.probes[].properties."),
        ITEM("loadBalancingRules"),
        KNOWN_BALANCE("properties.loadBalancingRules[].properties."),
        ITEM("inboundNatRules"),
        KNOWN_NAT("properties.inboundNatRules[].properties."),
        ITEM("inboundNatPools"),
        KNOWN_NAT_POOL("properties.inboundNatPools[].properties."),
        ITEM("outboundRules"),
        KNOWN_OUTBOUND("properties.outboundRules[].properties."),
        {"properties.scope", IRRELEVANT},
        {NULL},
};
const struct known frontend_known[] = {KNOWN_FRONTEND("properties."), {NULL}};
const struct known pool_known[] = {KNOWN_POOL("properties."), {NULL}};
const struct known probe_known[] = {KNOWN_PROBE("properties."), {NULL}};
const struct known lb_rule_known[] = {KNOWN_BALANCE("properties."), {NULL}};
const struct known nat_rule_known[] = {KNOWN_NAT("properties."), {NULL}};
const struct known nat_pool_known[] = {KNOWN_NAT_POOL("properties."), {NULL}};
const struct known outbound_rule_known[] = {KNOWN_OUTBOUND("properties."), {NULL}};

/* The lists of a load balancer that hold its parts. */
static const struct {
	const char *name;
	void (*add)(struct load_balancer *l, const struct spot *s, const char *id);
} collections[] = {
        {"frontendIPConfigurations", frontend_add},
        {"backendAddressPools", pool_add},
        {"probes", probe_add},
        {"loadBalancingRules", lb_rule_add},
        {"inboundNatRules", nat_rule_add},
        {"inboundNatPools", nat_pool_add},
        {"outboundRules", outbound_rule_add},
};

void load_balancer_free(struct load_balancer *l)
{
	noun_clear(&l->noun);
	g_ptr_array_unref(l->outbound_rules);
	g_ptr_array_unref(l->rules);
	g_ptr_array_unref(l->nat_rules);
	g_ptr_array_unref(l->pool_nat_rules);
	g_ptr_array_unref(l->nat_pools);
	g_ptr_array_unref(l->probes);
	g_ptr_array_unref(l->pools);
	g_ptr_array_unref(l->frontends);
	g_free(l);
}

static struct load_balancer *load_balancer_new(void)
{
	struct load_balancer *l = g_new0(struct load_balancer, 1);

	l->frontends = g_ptr_array_new_with_free_func((GDestroyNotify)frontend_free);
	l->pools = g_ptr_array_new_with_free_func((GDestroyNotify)pool_free);
	l->probes = g_ptr_array_new_with_free_func((GDestroyNotify)probe_free);
	l->rules = g_ptr_array_new_with_free_func((GDestroyNotify)lb_rule_free);
	l->nat_rules = g_ptr_array_new_with_free_func((GDestroyNotify)nat_rule_free);
	l->pool_nat_rules = g_ptr_array_new_with_free_func((GDestroyNotify)nat_rule_free);
	l->nat_pools = g_ptr_array_new_with_free_func((GDestroyNotify)nat_pool_free);
	l->outbound_rules = g_ptr_array_new_with_free_func((GDestroyNotify)outbound_rule_free);
	return l;
}

static void read_parts(struct load_balancer *l, const struct spot *s, guint collection)
{
	const char *name = collections[collection].name;
	g_autofree char *list = g_strconcat("properties.", name, NULL);
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		g_autofree char *id = nested_id(&item, name);

		if (id && !has_document(s->build, id))
			collections[collection].add(l, &item, id);
	}
}

void load_balancer_declare(struct build *b, const struct document *d)
{
	static const char *const skus[] = {"Basic", "Standard", "Gateway", NULL}; /* enum sku */
	static const char *const tiers[] = {"Regional", "Global", NULL};
	struct spot s = spot_of(b, d);
	struct load_balancer *l = load_balancer_new();

	g_ptr_array_add(b->graph->load_balancers, l);
	noun_declare(&l->noun, &s, d->id);
	noun_check_name(&l->noun, &s, 80);
	l->sku = (enum sku)read_choice(&s, "sku.name", skus, SKU_BASIC);
	l->global = read_choice(&s, "sku.tier", tiers, 0) == 1;
	if (l->global && l->sku != SKU_STANDARD)
		spot_error(&s, "sku.tier", "only a Standard load balancer is Global; make it one, or Regional");
	for (gsize i = 0; i < G_N_ELEMENTS(collections); i++)
		read_parts(l, &s, (guint)i);
}

void load_balancer_part_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct load_balancer *l = follow_parent(&s, &kind_load_balancer);
	const char *collection = strrchr(d->type, '/') + 1;

	for (gsize i = 0; l && i < G_N_ELEMENTS(collections); i++)
		if (g_ascii_strcasecmp(collections[i].name, collection) == 0)
			collections[i].add(l, &s, d->id);
}

void load_balancer_link(struct build *b, struct load_balancer *l)
{
	GPtrArray *lists[] = {l->frontends, l->pools,          l->probes,    l->rules,
	                      l->nat_rules, l->pool_nat_rules, l->nat_pools, l->outbound_rules};

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		g_ptr_array_sort(lists[i], noun_compare);
	for (guint i = 0; i < l->frontends->len; i++)
		frontend_link(b, l->frontends->pdata[i]);
	for (guint i = 0; i < l->pools->len; i++)
		pool_link(b, l->pools->pdata[i]);
	for (guint i = 0; i < l->rules->len; i++)
		lb_rule_link(b, l->rules->pdata[i], l);
	for (guint i = 0; i < l->nat_rules->len; i++)
		nat_rule_link(b, l->nat_rules->pdata[i], l);
	for (guint i = 0; i < l->pool_nat_rules->len; i++)
		pool_nat_rule_link(b, l->pool_nat_rules->pdata[i], l);
	for (guint i = 0; i < l->nat_pools->len; i++)
		nat_pool_link(b, l->nat_pools->pdata[i], l);
	for (guint i = 0; i < l->outbound_rules->len; i++)
		outbound_rule_link(b, l->outbound_rules->pdata[i], l);
}
