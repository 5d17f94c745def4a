/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers: what belongs to one. The parts: balancing.c; what shows between them: balancer_check.c. */
#include "model/balancer.h"

#define WHY_ACL                                                                                                        \
	"access controls are not enforced yet: an endpoint that they close to anybody is closed until access "         \
	"controls are enforced"

#define NAT(p)                                                                                                         \
	{p "frontendIPConfiguration", ENFORCED}, {p "frontendPort", ENFORCED}, {p "backendPort", ENFORCED},            \
	        {p "protocol", ENFORCED}, {p "provisioningState", IRRELEVANT},                                         \
	        {p "backendIPConfiguration", IRRELEVANT}, {p "idleTimeoutInMinutes", NOT_MODELLED, WHY_IDLE},          \
	        {p "enableTcpReset", NOT_MODELLED, "idle flows end silently"}, {p "accessControl", RECORDED, WHY_ACL}, \
	{                                                                                                              \
		p "enableFloatingIP", ENFORCED                                                                         \
	}

#define POOL(p)                                                                                                        \
	{p "provisioningState", IRRELEVANT}, {p "backendIPConfigurations", IRRELEVANT},                                \
	        {p "loadBalancingRules", IRRELEVANT}, {p "inboundNatRules", IRRELEVANT},                               \
	        {p "loadBalancerBackendAddresses", NOT_MODELLED,                                                       \
	         "members by address are not modelled: name the pool in the interface"},                               \
	        {p "virtualNetwork", NOT_MODELLED, "members by address are not modelled"},                             \
	        {p "tunnelInterfaces", NOT_MODELLED, "gateway load balancers are not modelled"},                       \
	{                                                                                                              \
		p "drainPeriodInSeconds", NOT_MODELLED, "not modelled"                                                 \
	}

#define ITEM(list)                                                                                                     \
	{"properties." list "[].name", ENFORCED}, {"properties." list "[].id", IRRELEVANT},                            \
	        {"properties." list "[].type", IRRELEVANT}, {"properties." list "[].etag", IRRELEVANT},                \
	{                                                                                                              \
		"properties." list "[].zones", IRRELEVANT                                                              \
	}
#define FRONT    "properties.frontendIPConfigurations[].properties."
#define NAT_POOL "properties.inboundNatPools[].properties."
#define BALANCE  "properties.loadBalancingRules[].properties."

const struct known load_balancer_known[] = {
        {"sku.name", ENFORCED},
        {"sku.tier", IRRELEVANT},
        ITEM("frontendIPConfigurations"),
        {FRONT "publicIPAddress.id", ENFORCED},
        {FRONT "subnet", ENFORCED},
        {FRONT "privateIPAddress", ENFORCED},
        {FRONT "privateIPAllocationMethod", ENFORCED},
        {FRONT "privateIPAddressVersion", ENFORCED},
        {FRONT "provisioningState", IRRELEVANT},
        {FRONT "loadBalancingRules", IRRELEVANT},
        {FRONT "inboundNatRules", IRRELEVANT},
        {FRONT "inboundNatPools", IRRELEVANT},
        {FRONT "outboundRules", IRRELEVANT},
        {FRONT "publicIPPrefix", NOT_MODELLED, "public IP prefixes are not modelled: the front end has no address"},
        {FRONT "gatewayLoadBalancer", NOT_MODELLED, "gateway load balancers are not modelled"},
        ITEM("backendAddressPools"),
        POOL("properties.backendAddressPools[].properties."),
        ITEM("probes"),
        {"properties.probes[].properties.provisioningState", IRRELEVANT},
        {"properties.probes[].properties.loadBalancingRules", IRRELEVANT},
        {"properties.probes[].properties", NOT_MODELLED, "nothing is probed: every member of the pool counts as up"},
        ITEM("loadBalancingRules"),
        {BALANCE "frontendIPConfiguration", ENFORCED},
        {BALANCE "backendAddressPool", ENFORCED},
        {BALANCE "backendAddressPools", ENFORCED},
        {BALANCE "probe", ENFORCED},
        {BALANCE "protocol", ENFORCED},
        {BALANCE "frontendPort", ENFORCED},
        {BALANCE "backendPort", ENFORCED},
        {BALANCE "loadDistribution", ENFORCED},
        {BALANCE "provisioningState", IRRELEVANT},
        {BALANCE "enableFloatingIP", ENFORCED},
        {BALANCE "idleTimeoutInMinutes", NOT_MODELLED, WHY_IDLE},
        {BALANCE "enableTcpReset", NOT_MODELLED, "idle flows end silently"},
        {BALANCE "accessControl", RECORDED, WHY_ACL},
        {BALANCE "disableOutboundSnat", NOT_MODELLED, "members use the front end's address outbound all the same"},
        ITEM("inboundNatRules"),
        NAT("properties.inboundNatRules[].properties."),
        ITEM("inboundNatPools"),
        {NAT_POOL "frontendPortRangeStart", ENFORCED},
        {NAT_POOL "frontendPortRangeEnd", ENFORCED},
        {NAT_POOL "frontendIPConfiguration", ENFORCED},
        {NAT_POOL "backendPort", ENFORCED},
        {NAT_POOL "protocol", ENFORCED},
        {NAT_POOL "enableFloatingIP", ENFORCED},
        {NAT_POOL "enableTcpReset", NOT_MODELLED, "idle flows end silently"},
        {NAT_POOL "idleTimeoutInMinutes", NOT_MODELLED, WHY_IDLE},
        {NAT_POOL "provisioningState", IRRELEVANT},
        {NAT_POOL "accessControl", RECORDED, WHY_ACL},
        {"properties.outboundRules", NOT_MODELLED, "outbound rules are not modelled: ports are shared by pool size"},
        {NULL},
};

const struct known pool_known[] = {POOL("properties."), {NULL}};
const struct known nat_rule_known[] = {NAT("properties."), {NULL}};

void load_balancer_free(struct load_balancer *l)
{
	noun_clear(&l->noun);
	g_ptr_array_unref(l->rules);
	g_ptr_array_unref(l->nat_rules);
	g_ptr_array_unref(l->nat_pools);
	g_ptr_array_unref(l->probes);
	g_ptr_array_unref(l->pools);
	g_ptr_array_unref(l->frontends);
	g_free(l);
}

static void add_frontend(struct load_balancer *l, const struct spot *s, const char *id)
{
	g_ptr_array_add(l->frontends, frontend_new(s, id, l));
}

static void add_pool(struct load_balancer *l, const struct spot *s, const char *id)
{
	struct pool *p = g_new0(struct pool, 1);

	p->lb = l;
	p->members = g_ptr_array_new();
	p->members6 = g_ptr_array_new();
	noun_declare(&p->noun, s, id);
	g_ptr_array_add(l->pools, p);
}

static void add_probe(struct load_balancer *l, const struct spot *s, const char *id)
{
	g_ptr_array_add(l->probes, probe_new(s, id));
}

static void add_rule(struct load_balancer *l, const struct spot *s, const char *id)
{
	g_ptr_array_add(l->rules, lb_rule_new(s, id));
}

/* A NAT rule of the newer kind is a port for each member of a pool. */
static void add_nat_rule(struct load_balancer *l, const struct spot *s, const char *id)
{
	if (spot_get(s, "properties.frontendPortRangeStart") || spot_get(s, "properties.backendAddressPool"))
		spot_unmodelled(s, "", "NAT rules for a whole pool are not modelled: nothing answers on these ports");
	else
		g_ptr_array_add(l->nat_rules, nat_rule_new(s, id));
}

static void add_nat_pool(struct load_balancer *l, const struct spot *s, const char *id)
{
	g_ptr_array_add(l->nat_pools, nat_pool_new(s, id, l));
}

/* The lists of a load balancer that hold its parts. */
static const struct {
	const char *name;
	void (*add)(struct load_balancer *l, const struct spot *s, const char *id);
} collections[] = {
        {"frontendIPConfigurations", add_frontend},
        {"backendAddressPools", add_pool},
        {"probes", add_probe},
        {"loadBalancingRules", add_rule},
        {"inboundNatRules", add_nat_rule},
        {"inboundNatPools", add_nat_pool},
};

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
	static const char *const skus[] = {"Basic", "Standard", "Gateway", NULL};
	struct spot s = spot_of(b, d);
	struct load_balancer *l = g_new0(struct load_balancer, 1);
	guint sku;

	l->frontends = g_ptr_array_new_with_free_func((GDestroyNotify)frontend_free);
	l->pools = g_ptr_array_new_with_free_func((GDestroyNotify)pool_free);
	l->probes = g_ptr_array_new_with_free_func((GDestroyNotify)probe_free);
	l->rules = g_ptr_array_new_with_free_func((GDestroyNotify)lb_rule_free);
	l->nat_rules = g_ptr_array_new_with_free_func((GDestroyNotify)nat_rule_free);
	l->nat_pools = g_ptr_array_new_with_free_func((GDestroyNotify)nat_pool_free);
	g_ptr_array_add(b->graph->load_balancers, l);
	noun_declare(&l->noun, &s, d->id);
	sku = read_choice(&s, "sku.name", skus, SKU_BASIC);
	if (sku == 2)
		spot_unmodelled(&s, "sku.name",
		                "gateway load balancers are not modelled: it is taken for a Standard one");
	l->sku = sku == 0 ? SKU_BASIC : SKU_STANDARD;
	for (gsize i = 0; i < G_N_ELEMENTS(collections); i++)
		read_parts(l, &s, (guint)i);
}

void pool_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct load_balancer *l = follow_parent(&s, &kind_load_balancer);

	if (l)
		add_pool(l, &s, d->id);
}

void nat_rule_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct load_balancer *l = follow_parent(&s, &kind_load_balancer);

	if (l)
		add_nat_rule(l, &s, d->id);
}

void load_balancer_link(struct build *b, struct load_balancer *l)
{
	GPtrArray *lists[] = {l->frontends, l->pools, l->probes, l->rules, l->nat_rules, l->nat_pools};

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		g_ptr_array_sort(lists[i], noun_compare);
	for (guint i = 0; i < l->frontends->len; i++)
		frontend_link(b, l->frontends->pdata[i]);
	for (guint i = 0; i < l->rules->len; i++)
		lb_rule_link(b, l->rules->pdata[i], l);
	for (guint i = 0; i < l->nat_rules->len; i++)
		nat_rule_link(b, l->nat_rules->pdata[i], l);
	for (guint i = 0; i < l->nat_pools->len; i++)
		nat_pool_link(b, l->nat_pools->pdata[i], l);
}
