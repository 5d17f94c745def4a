/* SPDX-License-Identifier: Apache-2.0 */
/* Security rules, and the defaults that every group ends with. */
#include "model/build.h"

const struct known rule_known[] = {KNOWN_RULE("properties."), {NULL}};

#define MAX_PARTS 4000 /* addresses and ports of one rule */

static const char *const protocols[] = {"*", "Tcp", "Udp", "Icmp", "Esp", "Ah", NULL};
static const enum rule_protocol protocol_values[] = {PROTO_ANY, PROTO_TCP, PROTO_UDP, PROTO_ICMP, PROTO_ESP, PROTO_AH};
static const char *const directions[] = {"Outbound", "Inbound", NULL}; /* the order of enum direction */
static const char *const accesses[] = {"Deny", "Allow", NULL};

#define SIDE(word)                                                                                                     \
	{                                                                                                              \
		word, "properties." word "AddressPrefix", "properties." word "AddressPrefixes",                        \
		        "properties." word "ApplicationSecurityGroups", "properties." word "PortRange",                \
		        "properties." word "PortRanges"                                                                \
	}
static const struct side_names source_names = SIDE("source"), destination_names = SIDE("destination");

void rule_free(struct rule *r)
{
	noun_clear(&r->noun);
	rule_side_clear(&r->source);
	rule_side_clear(&r->destination);
	g_free(r->full_name);
	g_free(r);
}

static struct rule *rule_alloc(void)
{
	struct rule *r = g_new0(struct rule, 1);

	rule_side_init(&r->source);
	rule_side_init(&r->destination);
	return r;
}

static guint side_size(const struct rule_side *s)
{
	return s->prefixes->len + s->prefixes6->len + s->ports->len + s->tags->len;
}

struct rule *rule_new(const struct spot *s, const char *id, const struct security_group *g)
{
	struct rule *r = rule_alloc();
	guint size, faults;

	noun_declare(&r->noun, s, id);
	noun_check_name(&r->noun, s, 80);
	r->full_name = g_strdup_printf("%s/%s", g->noun.name, r->noun.name);
	r->direction = (enum direction)read_choice(s, "properties.direction", directions, REQUIRED);
	r->allow = read_choice(s, "properties.access", accesses, REQUIRED) == 1;
	r->protocol = protocol_values[read_choice(s, "properties.protocol", protocols, REQUIRED)];
	faults = s->build->errors->len;
	r->priority = read_number(s, "properties.priority", 100, 4096, REQUIRED);
	/* 0 marks a refused one, so that it is not taken for a duplicate as well. */
	if (s->build->errors->len > faults)
		r->priority = 0;
	rule_side_read(&r->source, s, &source_names);
	rule_side_read(&r->destination, s, &destination_names);
	size = side_size(&r->source) + side_size(&r->destination);
	if (size > MAX_PARTS)
		spot_error(s, "", "%u addresses and ports are more than the %u that a rule may have; split it", size,
		           MAX_PARTS);
	return r;
}

void rule_link(struct build *b, struct rule *r)
{
	struct spot s = noun_spot(b, &r->noun);

	rule_side_link(&r->source, &s, &source_names);
	rule_side_link(&r->destination, &s, &destination_names);
}

static void check_tags(struct build *b, const struct rule *r, const struct rule_side *side, const char *property)
{
	struct spot s = noun_spot(b, &r->noun);

	for (guint i = 0; i < side->tags->len; i++) {
		if (g_array_index(side->tags, enum tag, i) != TAG_OTHER)
			continue;
		spot_warning(&s, property,
		             r->allow ? "tag '%s' has no addresses here, so this rule allows nothing by it; "
		                        "name the prefixes instead if something needs it"
		                      : "tag '%s' has no addresses here, so this rule denies nothing by it "
		                        "and what it should stop may pass; name the prefixes instead",
		             (const char *)side->tag_names->pdata[i]);
	}
}

/* Two application groups in one rule speak of one network: addresses of another would be somebody else's. */
static const struct network *groups_network(const struct rule_side *side)
{
	for (guint i = 0; i < side->groups->len; i++) {
		const struct app_group *g = side->groups->pdata[i];

		if (g->configs->len > 0)
			return ((struct ip_config *)g->configs->pdata[0])->nic->network;
	}
	return NULL;
}

static void check_networks(struct build *b, const struct rule *r)
{
	const struct network *a = groups_network(&r->source), *c = groups_network(&r->destination);
	struct spot s = noun_spot(b, &r->noun);

	if (a && c && a != c)
		spot_error(&s, "",
		           "its application security groups are of two virtual networks, '%s' and '%s'; "
		           "use groups of one network",
		           a->noun.name, c->noun.name);
}

void rule_check(struct build *b, struct rule *r)
{
	check_tags(b, r, &r->source, source_names.address);
	check_tags(b, r, &r->destination, destination_names.address);
	check_networks(b, r);
}

static const struct {
	const char *name;
	guint priority;
	enum direction direction;
	gboolean allow;
	enum tag source, destination;
} defaults[] = {
        {"AllowVnetOutBound", 65000, DIR_OUT, TRUE, TAG_VIRTUAL_NETWORK, TAG_VIRTUAL_NETWORK},
        {"AllowInternetOutBound", 65001, DIR_OUT, TRUE, TAG_ANY, TAG_INTERNET},
        {"DenyAllOutBound", 65500, DIR_OUT, FALSE, TAG_ANY, TAG_ANY},
        {"AllowVnetInBound", 65000, DIR_IN, TRUE, TAG_VIRTUAL_NETWORK, TAG_VIRTUAL_NETWORK},
        {"AllowAzureLoadBalancerInBound", 65001, DIR_IN, TRUE, TAG_LOAD_BALANCER, TAG_ANY},
        {"DenyAllInBound", 65500, DIR_IN, FALSE, TAG_ANY, TAG_ANY},
};

static void default_side(struct rule_side *side, enum tag tag)
{
	static const char *const names[] = {[TAG_ANY] = "*",
	                                    [TAG_INTERNET] = "Internet",
	                                    [TAG_VIRTUAL_NETWORK] = "VirtualNetwork",
	                                    [TAG_LOAD_BALANCER] = "AzureLoadBalancer"};
	struct port_range any = {0, 65535};

	g_array_append_val(side->tags, tag);
	g_ptr_array_add(side->tag_names, g_strdup(names[tag]));
	g_array_append_val(side->ports, any);
}

void rules_add_defaults(struct security_group *g)
{
	for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++) {
		struct rule *r = rule_alloc();

		r->noun = g->noun;
		r->noun.id = g_strdup_printf("%s/defaultSecurityRules/%s", g->noun.id, defaults[i].name);
		r->noun.key = g_ascii_strdown(r->noun.id, -1);
		r->noun.name = g_strdup(defaults[i].name);
		r->noun.path = g_strdup("");
		r->full_name = g_strdup_printf("%s/%s", g->noun.name, defaults[i].name);
		r->priority = defaults[i].priority;
		r->direction = defaults[i].direction;
		r->allow = defaults[i].allow;
		r->is_default = TRUE;
		default_side(&r->source, defaults[i].source);
		default_side(&r->destination, defaults[i].destination);
		g_ptr_array_add(g->rules[r->direction], r);
	}
}

const char *rule_full_name(const struct rule *r)
{
	return r->full_name;
}
