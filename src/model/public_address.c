/* SPDX-License-Identifier: Apache-2.0 */
/* Public IP addresses. Who has one is found when NICs, front ends and NAT gateways are linked. */
#include "model/gateway.h"
#include "model/network.h"

#include <string.h>

const struct known public_address_known[] = {
        {"sku.name", ENFORCED},
        {"sku.tier", RECORDED, "an address of all regions is here what one of a region is", "Regional"},
        {"properties.publicIPAllocationMethod", ENFORCED},
        {"properties.publicIPAddressVersion", ENFORCED},
        {"properties.ipAddress", ENFORCED},
        {"properties.idleTimeoutInMinutes", RECORDED, WHY_IDLE, "4"},
        {"properties.dnsSettings.domainNameLabel", RECORDED, WHY_NAMES},
        {"properties.dnsSettings.domainNameLabelScope", RECORDED_PART},
        {"properties.dnsSettings.reverseFqdn", RECORDED, WHY_NAMES},
        {"properties.dnsSettings.fqdn", IRRELEVANT}, /* a report */
        {"properties.publicIPPrefix", RECORDED, "no block is set aside: any free address is taken"},
        {"properties.ddosSettings.protectionMode", RECORDED, WHY_DDOS, "VirtualNetworkInherited"},
        {"properties.ddosSettings.ddosProtectionPlan", RECORDED_PART},
        {"properties.ddosSettings.protectionCoverage", NOT_MODELLED, WHY_DDOS, "Basic"}, /* until 2022, as the next */
        {"properties.ddosSettings.ddosCustomPolicy", NOT_MODELLED, WHY_DDOS},
        {"properties.ddosSettings.protectedIP", NOT_MODELLED, WHY_DDOS},
        {"properties.ipTags", RECORDED, WHY_IP_TAGS},
        {"properties.ipConfiguration", IRRELEVANT}, /* reports, as are the next */
        {"properties.natGateway", IRRELEVANT},
        {"properties.servicePublicIPAddress", IRRELEVANT},
        {"properties.linkedPublicIPAddress", IRRELEVANT},
        {"properties.migrationPhase", IRRELEVANT},
        {"properties.deleteOption", IRRELEVANT},
        {NULL},
};

void public_address_free(struct public_address *p)
{
	noun_clear(&p->noun);
	g_free(p->dns_label);
	g_free(p->reverse_name);
	g_ptr_array_unref(p->ip_tags);
	g_free(p->ddos_plan_id);
	g_free(p);
}

/* As the original has it: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$ */
static gboolean is_label(const char *text)
{
	gsize length = strlen(text);

	return length >= 3 && length <= 63 && g_ascii_islower(text[0]) && text[length - 1] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static void read_names_of(struct public_address *p, const struct spot *s)
{
	static const char property[] = "properties.dnsSettings.domainNameLabel";
	const char *label = read_text(s, property, FALSE);

	p->reverse_name = g_strdup(read_text(s, "properties.dnsSettings.reverseFqdn", FALSE));
	if (!label || !*label || g_str_has_prefix(label, "<unknown"))
		return;
	if (is_label(label))
		p->dns_label = g_strdup(label);
	else
		spot_warning(s, property,
		             "'%.100s' cannot be a name, which the original refuses; use 3 to 63 lower-case letters, "
		             "digits and '-', and begin with a letter",
		             label);
}

static void read_ip_tags(struct public_address *p, const struct spot *s)
{
	guint count = spot_length(s, "properties.ipTags");

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "properties.ipTags", i);
		const char *type = spot_is_object(&item, "") ? read_text(&item, "ipTagType", TRUE) : NULL;
		const char *tag = type ? read_text(&item, "tag", TRUE) : NULL;

		if (tag)
			g_ptr_array_add(p->ip_tags, g_strdup_printf("%s=%s", type, tag));
	}
}

static void read_sku(struct public_address *p, const struct spot *s, enum sku fallback)
{
	static const char *const skus[] = {"Basic", "Standard", "StandardV2", NULL}; /* the order of enum sku */
	static const char *const tiers[] = {"Regional", "Global", NULL};
	guint sku = read_choice(s, "sku.name", skus, (int)fallback);

	p->v2 = sku == 2;
	p->sku = sku == 0 ? SKU_BASIC : SKU_STANDARD;
	p->global = read_choice(s, "sku.tier", tiers, 0) == 1;
	if (p->global && p->sku == SKU_BASIC)
		spot_error(s, "sku.tier", "only a Standard address is Global; make it one, or Regional");
}

struct public_address *public_address_new(const struct spot *s, const char *id, enum sku fallback)
{
	static const char *const methods[] = {"Dynamic", "Static", NULL};
	static const char *const versions[] = {"IPv4", "IPv6", NULL};
	static const char *const modes[] = {"VirtualNetworkInherited", "Enabled", "Disabled",
	                                    NULL}; /* enum ddos_mode */
	struct public_address *p = g_new0(struct public_address, 1);

	g_ptr_array_add(s->build->graph->public_addresses, p);
	noun_declare(&p->noun, s, id);
	noun_check_name(&p->noun, s, 80);
	read_sku(p, s, fallback);
	p->is_static = read_choice(s, "properties.publicIPAllocationMethod", methods, p->sku == SKU_STANDARD) == 1;
	p->v6 = read_choice(s, "properties.publicIPAddressVersion", versions, 0) == 1;
	p->idle_minutes = read_number(s, "properties.idleTimeoutInMinutes", 4, 30, 4);
	p->ddos_mode = (enum ddos_mode)read_choice(s, "properties.ddosSettings.protectionMode", modes, DDOS_INHERITED);
	read_names_of(p, s);
	p->ip_tags = g_ptr_array_new_with_free_func(g_free);
	read_ip_tags(p, s);
	if (p->v6)
		read_address6(s, "properties.ipAddress", &p->address6);
	else
		read_address(s, "properties.ipAddress", &p->address);
	return p;
}

void public_address_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);

	public_address_new(&s, d->id, SKU_BASIC);
}

/* An address and its block are of one kind. */
static void link_prefix(struct public_address *p, const struct spot *s)
{
	static const char property[] = "properties.publicIPPrefix";
	struct public_prefix *prefix = follow(s, property, &kind_public_prefix, FALSE);

	if (!prefix)
		return;
	if (prefix->v6 != p->v6)
		spot_error(s, property, "prefix '%s' is IPv%c and the address IPv%c; make them equal",
		           prefix->noun.name, prefix->v6 ? '6' : '4', p->v6 ? '6' : '4');
	else if (p->sku == SKU_BASIC || prefix->v2 != p->v2 || prefix->global != p->global)
		spot_error(s, property, "prefix '%s' is of another SKU or tier than the address; make them equal",
		           prefix->noun.name);
	else {
		p->prefix = prefix;
		g_ptr_array_add(prefix->addresses, p);
	}
}

void public_address_link(struct build *b, struct public_address *p)
{
	struct spot s = noun_spot(b, &p->noun);

	link_prefix(p, &s);
	p->ddos_plan = ddos_plan_follow(&s, "properties.ddosSettings.ddosProtectionPlan", &p->ddos_plan_id);
	if (p->ddos_plan_id && p->ddos_mode != DDOS_ON)
		spot_error(
		        &s, "properties.ddosSettings.protectionMode",
		        "an address with a plan of its own is protected by it; write \"Enabled\", or remove the plan");
}

static const struct noun *holder_of(const struct public_address *p)
{
	return p->config           ? &p->config->noun
	       : p->frontend       ? &p->frontend->noun
	       : p->nat_gateway    ? &p->nat_gateway->noun
	       : p->gateway_config ? &p->gateway_config->noun
	                           : NULL;
}

gboolean public_address_is_free(const struct public_address *p, const struct spot *s, const char *dotted)
{
	const struct noun *holder = holder_of(p);
	g_autofree char *where = holder ? noun_where(holder) : NULL;

	if (holder)
		spot_error(s, dotted, "'%s' already belongs to %s; use another address", p->noun.name, where);
	return !holder;
}

/* It is a report in what the platform exports: a lab cannot have the real cloud's addresses. */
static void check_pool(struct public_address *p, const struct spot *s)
{
	g_autofree char *text = ip_format(p->address);
	struct prefix pool;

	prefix_parse(GRAPH_PUBLIC_POOL, &pool);
	if (!p->address || prefix_has(pool, p->address))
		return;
	spot_warning(s, "properties.ipAddress",
	             "%s is not one of the public pool " GRAPH_PUBLIC_POOL "; another is taken from there", text);
	p->address = 0;
}

static void check_pool6(struct public_address *p, const struct spot *s)
{
	static const struct ip6 none;
	g_autofree char *text = ip6_format(p->address6);
	struct prefix6 pool;

	prefix6_parse(GRAPH_PUBLIC_POOL6, &pool);
	if (ip6_compare(p->address6, none) == 0 || prefix6_has(pool, p->address6))
		return;
	spot_warning(s, "properties.ipAddress",
	             "%s is not one of the public pool " GRAPH_PUBLIC_POOL6 "; another is taken from there", text);
	p->address6 = none;
}

void public_address_check(struct build *b, struct public_address *p)
{
	struct spot s = noun_spot(b, &p->noun);

	check_pool(p, &s);
	check_pool6(p, &s);
	if (p->sku == SKU_STANDARD && !p->is_static)
		spot_warning(&s, "properties.publicIPAllocationMethod",
		             "a Standard address is always static; write \"Static\"");
}

/* One name is one address in a region; a scope makes the name longer, so that it is nobody else's. */
void public_labels_check(struct build *b)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < b->graph->public_addresses->len; i++) {
		struct public_address *p = b->graph->public_addresses->pdata[i];
		struct spot s = noun_spot(b, &p->noun);
		const char *region = node_get_str(p->noun.document->resource, "location", "");
		g_autofree char *key = p->dns_label ? g_strdup_printf("%s %s", p->dns_label, region) : NULL;
		const struct noun *other = key ? g_hash_table_lookup(seen, key) : NULL;

		/* What is written inside a scale set is a name for each of its machines. */
		if (!key || *p->noun.path || spot_get(&s, "properties.dnsSettings.domainNameLabelScope"))
			continue;
		if (other) {
			g_autofree char *where = noun_where(other);

			spot_warning(
			        &s, "properties.dnsSettings.domainNameLabel",
			        "%s has the name '%s' in the same region, where the original has each once; choose "
			        "another",
			        where, p->dns_label);
		}
		g_hash_table_insert(seen, g_steal_pointer(&key), &p->noun);
	}
}
