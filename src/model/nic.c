/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces and their IP configurations.
 *
 * The configuration is where most references meet: subnet, public address, back-end pools, NAT rules, application
 * groups. All configurations of a NIC are in one subnet, since a port has one policy.
 */
#include "model/build.h"

#define CONFIG "properties.ipConfigurations[].properties."
const struct known nic_known[] = {
        {"properties.ipConfigurations[].name", ENFORCED},
        {"properties.ipConfigurations[].id", IRRELEVANT},
        {"properties.ipConfigurations[].type", IRRELEVANT},
        {"properties.ipConfigurations[].etag", IRRELEVANT},
        {CONFIG "subnet", ENFORCED},
        {CONFIG "primary", ENFORCED},
        {CONFIG "privateIPAllocationMethod", ENFORCED},
        {CONFIG "privateIPAddress", ENFORCED},
        {CONFIG "privateIPAddressVersion", ENFORCED},
        {CONFIG "provisioningState", IRRELEVANT},
        {CONFIG "publicIPAddress.id", ENFORCED},
        {CONFIG "loadBalancerBackendAddressPools", ENFORCED},
        {CONFIG "loadBalancerInboundNatRules", ENFORCED},
        {CONFIG "applicationSecurityGroups", ENFORCED},
        {CONFIG "applicationGatewayBackendAddressPools", NOT_MODELLED, "application gateways are not modelled"},
        {CONFIG "networkSecurityGroup", NOT_MODELLED,
         "a group here has no effect, also in the original: it belongs on the interface or the subnet"},
        {CONFIG "virtualNetworkTaps", NOT_MODELLED, "TAPs are not modelled"},
        {"properties.networkSecurityGroup", ENFORCED},
        {"properties.enableIPForwarding", NOT_MODELLED,
         "forwarding is not modelled: packets with other addresses than its own are dropped"},
        {"properties.enableAcceleratedNetworking", IRRELEVANT},
        {"properties.primary", IRRELEVANT},
        {"properties.virtualMachine", IRRELEVANT},
        {"properties.macAddress", IRRELEVANT},
        {"properties.nicType", IRRELEVANT},
        {"properties.dnsSettings", NOT_MODELLED, "DNS servers are not modelled: machines get no resolver"},
        {"properties.tapConfigurations", NOT_MODELLED, "TAPs are not modelled"},
        {NULL},
};

static void ip_config_free(struct ip_config *c)
{
	noun_clear(&c->noun);
	g_ptr_array_unref(c->pools);
	g_ptr_array_unref(c->nat_rules);
	g_ptr_array_unref(c->app_groups);
	g_free(c);
}

void nic_free(struct nic *n)
{
	noun_clear(&n->noun);
	g_ptr_array_unref(n->configs);
	g_free(n);
}

static void read_method(struct ip_config *c, const struct spot *s)
{
	static const char *const methods[] = {"Dynamic", "Static", NULL};
	gboolean given;

	c->is_static = read_choice(s, "properties.privateIPAllocationMethod", methods, 0) == 1;
	/* A dynamic one's address is what the platform chose elsewhere; here it is chosen anew. */
	if (!c->is_static)
		return;
	given = read_address(s, "properties.privateIPAddress", &c->address);
	if (!given && !spot_get(s, "properties.privateIPAddress"))
		spot_error(s, "properties.privateIPAddress",
		           "a static configuration needs an address; add it, or make the method \"Dynamic\"");
}

static void add_config(struct nic *n, const struct spot *s, const char *id)
{
	static const char *const versions[] = {"IPv4", "IPv6", NULL};
	struct ip_config *c;

	if (read_choice(s, "properties.privateIPAddressVersion", versions, 0) == 1) {
		spot_unmodelled(s, "", "IPv6 is not modelled: the interface goes without this configuration");
		return;
	}
	c = g_new0(struct ip_config, 1);
	c->nic = n;
	c->pools = g_ptr_array_new();
	c->nat_rules = g_ptr_array_new();
	c->app_groups = g_ptr_array_new();
	g_ptr_array_add(n->configs, c);
	noun_declare(&c->noun, s, id);
	c->primary = read_flag(s, "properties.primary", FALSE);
	read_method(c, s);
}

/* The configuration that says so, or the first as written. */
static void choose_primary(struct nic *n, const struct spot *s)
{
	struct ip_config *primary = NULL;

	for (guint i = 0; i < n->configs->len; i++) {
		struct ip_config *c = n->configs->pdata[i];

		if (c->primary && primary) {
			struct spot at = noun_spot(s->build, &c->noun);

			spot_error(&at, "properties.primary", "'%s' is the primary configuration already; keep one",
			           primary->noun.name);
			c->primary = FALSE;
		}
		if (c->primary)
			primary = c;
	}
	if (!primary)
		((struct ip_config *)n->configs->pdata[0])->primary = TRUE;
}

static gint compare_configs(gconstpointer a, gconstpointer b)
{
	const struct ip_config *x = *(const struct ip_config *const *)a;
	const struct ip_config *y = *(const struct ip_config *const *)b;

	if (x->primary != y->primary)
		return x->primary ? -1 : 1;
	return noun_compare(a, b);
}

void nic_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct nic *n = g_new0(struct nic, 1);
	guint count;

	n->configs = g_ptr_array_new_with_free_func((GDestroyNotify)ip_config_free);
	g_ptr_array_add(b->graph->nics, n);
	noun_declare(&n->noun, &s, d->id);
	n->ip_forwarding = read_flag(&s, "properties.enableIPForwarding", FALSE);
	count = spot_length(&s, "properties.ipConfigurations");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, "properties.ipConfigurations", i);
		g_autofree char *id = nested_id(&item, "ipConfigurations");

		if (id)
			add_config(n, &item, id);
	}
	if (n->configs->len > 0)
		choose_primary(n, &s);
	else if (count == 0)
		spot_error(&s, "properties.ipConfigurations",
		           "the interface has no configuration; add one with a subnet");
	else
		spot_error(&s, "properties.ipConfigurations",
		           "the interface has no usable IPv4 configuration; add one");
	g_ptr_array_sort(n->configs, compare_configs);
}

static void link_subnet(struct ip_config *c, const struct spot *s)
{
	struct nic *n = c->nic;

	c->subnet = follow(s, "properties.subnet", &kind_subnet, TRUE);
	if (!c->subnet)
		return;
	g_ptr_array_add(c->subnet->configs, c);
	if (!n->network) {
		n->network = c->subnet->network;
		g_ptr_array_add(n->network->ports, n);
	}
	for (guint i = 0; i < n->configs->len; i++) {
		const struct ip_config *other = n->configs->pdata[i];

		if (other != c && other->subnet && other->subnet != c->subnet) {
			spot_error(s, "properties.subnet",
			           "'%s' of the same interface is in subnet '%s'; put both into one subnet",
			           other->noun.name, other->subnet->noun.name);
			break;
		}
	}
	if (c->address)
		address_check_inside(s, "properties.privateIPAddress", c->subnet, c->address);
}

static void link_public(struct ip_config *c, const struct spot *s)
{
	struct public_address *p = follow(s, "properties.publicIPAddress", &kind_public_address, FALSE);

	if (!p)
		return;
	if (p->v6) {
		spot_error(s, "properties.publicIPAddress", "'%s' is an IPv6 address; use an IPv4 one", p->noun.name);
		return;
	}
	if (p->config || p->frontend) {
		g_autofree char *where = noun_where(p->config ? &p->config->noun : &p->frontend->noun);

		spot_error(s, "properties.publicIPAddress", "'%s' already belongs to %s; use another address",
		           p->noun.name, where);
		return;
	}
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
		g_ptr_array_add(p->members, c);
	}
}

static void link_nat_rules(struct ip_config *c, const struct spot *s)
{
	static const char list[] = "properties.loadBalancerInboundNatRules";
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		struct nat_rule *r = follow(&item, "", &kind_nat_rule, TRUE);

		if (!r || r->target == c)
			continue;
		if (r->target) {
			g_autofree char *where = noun_where(&r->target->nic->noun);

			spot_error(&item, "id", "NAT rule '%s' already leads to %s; use another rule", r->noun.name,
			           where);
			continue;
		}
		g_ptr_array_add(c->nat_rules, r);
		r->target = c;
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
		g_ptr_array_add(g->configs, c);
	}
}

void nic_link(struct build *b, struct nic *n)
{
	struct spot s = noun_spot(b, &n->noun);

	n->group = follow(&s, "properties.networkSecurityGroup", &kind_security_group, FALSE);
	for (guint i = 0; i < n->configs->len; i++) {
		struct ip_config *c = n->configs->pdata[i];
		struct spot at = noun_spot(b, &c->noun);

		link_subnet(c, &at);
		link_public(c, &at);
		link_pools(c, &at);
		link_nat_rules(c, &at);
		link_app_groups(c, &at);
		g_ptr_array_sort(c->pools, noun_compare);
		g_ptr_array_sort(c->nat_rules, noun_compare);
		g_ptr_array_sort(c->app_groups, noun_compare);
	}
}
