/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ExpressRoute circuits: a line that a provider lays, and the peerings over it. Peerings and authorizations may stand in
 * the circuit's document or be documents of their own.
 */
#include "model/network.h"
#include "model/outer.h"

#include <string.h>

#define MAX_VLAN     4094
#define LINK_LENGTH  30
#define LINK_LENGTH6 126
#define MIN_KEY      1
#define MAX_KEY      25 /* of MD5 digests of BGP */

#define KNOWN_LINE_PEERING(p)                                                                                          \
	{p "peeringType", RECORDED, WHY_CIRCUIT}, {p "peerASN", RECORDED_PART}, {p "vlanId", RECORDED_PART},           \
	        {p "primaryPeerAddressPrefix", RECORDED_PART}, {p "secondaryPeerAddressPrefix", RECORDED_PART},        \
	        {p "sharedKey", RECORDED_PART}, {p "state", RECORDED_PART},                                            \
	        {p "microsoftPeeringConfig", RECORDED_PART}, {p "ipv6PeeringConfig", RECORDED_PART},                   \
	        {p "routeFilter", NOT_MODELLED, "route filters are not modelled: BGP has no data plane yet"},          \
	        {p "expressRouteConnection", IRRELEVANT}, {p "connections", IRRELEVANT}, {p "stats", IRRELEVANT},      \
	        {p "azureASN", IRRELEVANT}, {p "primaryAzurePort", IRRELEVANT}, {p "secondaryAzurePort", IRRELEVANT},  \
	        {p "gatewayManagerEtag", IRRELEVANT}, {p "lastModifiedBy", IRRELEVANT},                                \
	        {p "peeredConnections", IRRELEVANT},                                                                   \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}

const struct known circuit_peering_known[] = {KNOWN_LINE_PEERING("properties."), {NULL}};

const struct known circuit_authorization_known[] = {
        {"properties.authorizationKey", IRRELEVANT}, /* reports */
        {"properties.authorizationUseStatus", IRRELEVANT},
        {"properties.connectionResourceUri", IRRELEVANT},
        {NULL},
};

const struct known circuit_known[] = {
        {"sku", RECORDED_PART},
        {"properties.serviceProviderProperties", RECORDED, WHY_CIRCUIT},
        {"properties.expressRoutePort", RECORDED, WHY_CIRCUIT},
        {"properties.bandwidthInGbps", RECORDED_PART},
        {"properties.peerings[].name", RECORDED_PART},
        {"properties.peerings[].id", IRRELEVANT},
        {"properties.peerings[].type", IRRELEVANT},
        {"properties.peerings[].etag", IRRELEVANT},
        KNOWN_LINE_PEERING("properties.peerings[].properties."),
        {"properties.authorizations", RECORDED_PART},
        {"properties.allowClassicOperations", NOT_MODELLED, "classic networks do not use circuits here"},
        {"properties.globalReachEnabled", NOT_MODELLED, "connections between circuits are not modelled"},
        {"properties.enableDirectPortRateLimit", NOT_MODELLED, "rates are not limited"},
        {"properties.authorizationKey", RECORDED_PART},
        {"properties.authorizationStatus", IRRELEVANT}, /* reports */
        {"properties.circuitProvisioningState", IRRELEVANT},
        {"properties.serviceProviderProvisioningState", IRRELEVANT},
        {"properties.serviceProviderNotes", IRRELEVANT},
        {"properties.serviceKey", IRRELEVANT},
        {"properties.stag", IRRELEVANT},
        {"properties.gatewayManagerEtag", IRRELEVANT},
        {NULL},
};

static void line_peering_free(struct circuit_peering *p)
{
	noun_clear(&p->noun);
	g_array_unref(p->advertised);
	g_free(p);
}

static void authorization_free(struct circuit_authorization *a)
{
	noun_clear(&a->noun);
	g_free(a);
}

void circuit_free(struct circuit *c)
{
	noun_clear(&c->noun);
	g_free(c->provider);
	g_free(c->location);
	g_free(c->port_id);
	g_ptr_array_unref(c->peerings);
	g_ptr_array_unref(c->authorizations);
	g_ptr_array_unref(c->connections);
	g_free(c);
}

static void read_link(struct circuit_peering *p, const struct spot *s, const char *property, guint which)
{
	g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	const char *text = read_text(s, property, FALSE);
	g_autofree char *host = text ? g_strndup(text, strcspn(text, "/")) : NULL;

	if (!text || !*text || g_str_has_prefix(text, "<unknown"))
		return;
	if (prefix_parse(text, &p->links[which])) {
		g_autofree char *canonical = prefix_format(p->links[which]);

		p->has4 = TRUE;
		if (p->links[which].length != LINK_LENGTH || strcmp(text, canonical) != 0)
			spot_error(s, property, "%.60s is no /%d, which a link between two routers is; write one", text,
			           LINK_LENGTH);
		return;
	}
	if (!prefix6_parse(text, &p->links6[which])) {
		spot_error(s, property, "'%.60s' is not an address prefix; write a /%d", text, LINK_LENGTH);
		return;
	}
	p->has6 = TRUE;
	if (p->links6[which].length != LINK_LENGTH6)
		spot_error(s, property, "%.60s is no /%d, which a link between two routers is; write one", text,
		           LINK_LENGTH6);
}

/* The two links are two networks. */
static void read_links(struct circuit_peering *p, const struct spot *s, const char *prefix)
{
	g_autofree char *primary = g_strconcat(prefix, "primaryPeerAddressPrefix", NULL);
	g_autofree char *secondary = g_strconcat(prefix, "secondaryPeerAddressPrefix", NULL);
	guint faults = s->build->errors->len;

	read_link(p, s, primary, 0);
	read_link(p, s, secondary, 1);
	if (s->build->errors->len == faults && spot_get(s, primary) && spot_get(s, secondary) &&
	    g_strcmp0(node_str(spot_get(s, primary), ""), node_str(spot_get(s, secondary), "x")) == 0 &&
	    *node_str(spot_get(s, primary), ""))
		spot_error(s, secondary, "it is the primary link's prefix as well; use another");
}

static void read_microsoft(struct circuit_peering *p, const struct spot *s)
{
	static const char config[] = "properties.microsoftPeeringConfig";

	space_read(s, "properties.microsoftPeeringConfig.advertisedPublicPrefixes", p->advertised);
	if (p->type != PEERING_MICROSOFT && node_length(spot_get(s, config)) > 0 && p->advertised->len > 0)
		spot_error(s, config, "only a MicrosoftPeering has it; remove it");
	if (spot_is_object(s, config) && spot_get(s, config))
		read_number(s, "properties.microsoftPeeringConfig.customerASN", 0, G_MAXUINT32, 0);
}

static void line_peering_add(gpointer parent, const struct spot *s, const char *id)
{
	static const char *const types[] = {"AzurePrivatePeering", "AzurePublicPeering", "MicrosoftPeering",
	                                    NULL}; /* enum circuit_peering_type */
	static const char *const states[] = {"Enabled", "Disabled", NULL};
	struct circuit *c = parent;
	struct circuit_peering *p = g_new0(struct circuit_peering, 1);
	guint faults = s->build->errors->len;

	p->circuit = c;
	p->advertised = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	g_ptr_array_add(c->peerings, p);
	noun_declare(&p->noun, s, id);
	noun_check_name(&p->noun, s, 80);
	p->type = (enum circuit_peering_type)read_choice(s, "properties.peeringType", types, REQUIRED);
	p->peer_asn = read_number(s, "properties.peerASN", 1, G_MAXUINT32, REQUIRED);
	if (s->build->errors->len == faults)
		bgp_check_asn(s, "properties.peerASN", p->peer_asn, FALSE);
	p->vlan = read_number(s, "properties.vlanId", 1, MAX_VLAN, REQUIRED);
	p->disabled = read_choice(s, "properties.state", states, 0) == 1;
	read_secret(s, "properties.sharedKey", MIN_KEY, MAX_KEY);
	read_links(p, s, "properties.");
	read_links(p, s, "properties.ipv6PeeringConfig.");
	read_microsoft(p, s);
}

static void authorization_add(gpointer parent, const struct spot *s, const char *id)
{
	struct circuit *c = parent;
	struct circuit_authorization *a = g_new0(struct circuit_authorization, 1);

	a->circuit = c;
	g_ptr_array_add(c->authorizations, a);
	noun_declare(&a->noun, s, id);
	noun_check_name(&a->noun, s, 80);
}

/* By a provider, or by a port of one's own. */
static void read_line(struct circuit *c, const struct spot *s)
{
	static const char provider[] = "properties.serviceProviderProperties", port[] = "properties.expressRoutePort";
	const struct node *speed = spot_get(s, "properties.bandwidthInGbps");
	gboolean by_provider = node_length(spot_get(s, provider)) > 0, by_port = node_length(spot_get(s, port)) > 0;

	if (!spot_is_object(s, provider) || !spot_is_object(s, port))
		return;
	if (by_provider && by_port)
		spot_error(s, port, "the circuit has a provider as well; remove one of them");
	else if (!by_provider && !by_port)
		spot_error(s, provider, "the circuit has neither a provider nor a port; add one of them");
	if (by_provider) {
		c->provider = g_strdup(read_text(s, "properties.serviceProviderProperties.serviceProviderName", TRUE));
		c->location = g_strdup(read_text(s, "properties.serviceProviderProperties.peeringLocation", TRUE));
		c->megabits =
		        read_number(s, "properties.serviceProviderProperties.bandwidthInMbps", 50, 100000, REQUIRED);
	}
	if (by_port) {
		c->port_id = g_strdup(reference_id(s, port, &kind_circuit_port, TRUE));
		if (!speed)
			spot_error(s, "properties.bandwidthInGbps", "it is missing; write a number from 1 to 400");
		else if (speed->type == NODE_DOUBLE && speed->real >= 0.1 && speed->real <= 400)
			c->megabits = (guint)(speed->real * 1000);
		else
			c->megabits = 1000 * read_number(s, "properties.bandwidthInGbps", 1, 400, REQUIRED);
	}
}

static void read_sku(struct circuit *c, const struct spot *s)
{
	static const char *const tiers[] = {"Standard", "Premium", "Basic", "Local", NULL}; /* enum circuit_tier */
	static const char *const families[] = {"MeteredData", "UnlimitedData", NULL};

	c->tier = (enum circuit_tier)read_choice(s, "sku.tier", tiers, CIRCUIT_STANDARD);
	c->unlimited = read_choice(s, "sku.family", families, 0) == 1;
	if (c->tier == CIRCUIT_LOCAL && !c->unlimited)
		spot_error(s, "sku.family", "a Local circuit is of family UnlimitedData; write that");
}

void circuit_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct circuit *c = g_new0(struct circuit, 1);

	c->peerings = g_ptr_array_new_with_free_func((GDestroyNotify)line_peering_free);
	c->authorizations = g_ptr_array_new_with_free_func((GDestroyNotify)authorization_free);
	c->connections = g_ptr_array_new();
	g_ptr_array_add(b->graph->circuits, c);
	noun_declare(&c->noun, &s, d->id);
	noun_check_name(&c->noun, &s, 80);
	read_sku(c, &s);
	read_line(c, &s);
	read_secret(&s, "properties.authorizationKey", 1, 128);
	read_children(&s, "properties.peerings", "peerings", line_peering_add, c);
	read_children(&s, "properties.authorizations", "authorizations", authorization_add, c);
}

void circuit_peering_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct circuit *c = follow_parent(&s, &kind_circuit);

	if (c)
		line_peering_add(c, &s, d->id);
}

void circuit_authorization_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct circuit *c = follow_parent(&s, &kind_circuit);

	if (c)
		authorization_add(c, &s, d->id);
}

static void check_before(const struct spot *s, const struct circuit_peering *p, const struct circuit_peering *other)
{
	g_autofree char *where = noun_where(&other->noun);

	if (p->type == other->type)
		spot_error(s, "properties.peeringType", "%s is of this type already; keep one", where);
	else if (p->vlan == other->vlan)
		spot_error(s, "properties.vlanId", "%u is the VLAN of %s already; use another", p->vlan, where);
}

void circuit_check(struct build *b, struct circuit *c)
{
	const struct circuit_peering *first[PEERING_TYPES] = {NULL};

	g_ptr_array_sort(c->peerings, noun_compare);
	g_ptr_array_sort(c->authorizations, noun_compare);
	g_ptr_array_sort(c->connections, noun_compare);
	for (guint i = 0; i < c->peerings->len; i++) {
		const struct circuit_peering *p = c->peerings->pdata[i];
		struct spot s = noun_spot(b, &p->noun);

		for (guint k = 0; k < PEERING_TYPES; k++)
			if (first[k])
				check_before(&s, p, first[k]);
		first[p->type] = first[p->type] ? first[p->type] : p;
		if (p->type == PEERING_PUBLIC)
			spot_warning(&s, "properties.peeringType",
			             "the original makes no new AzurePublicPeering; use MicrosoftPeering");
	}
}
