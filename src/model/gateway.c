/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual network gateways: which sizes can do what, where they stand, and what else must be so for them to be built. */
#include "model/network.h"
#include "model/outer.h"

#include <string.h>

#define GATEWAY_SUBNET    "GatewaySubnet"
#define CONFIG_TYPE       "microsoft.network/virtualnetworkgateways/ipconfigurations"
#define DEFAULT_ASN       65515
#define MIN_ACTIVE        2
#define CUSTOM_BGP        "169.254.0.0/16" /* addresses that tunnels use among themselves */
#define WHY_HUBS          "traffic of other networks through a gateway is not modelled"
#define WHY_POLICY_GROUPS "groups of clients are not modelled: all get addresses from one pool"

const struct known gateway_known[] = {
        {"properties.gatewayType", RECORDED, "gateways have no data plane yet: no tunnel is built, nothing passes"},
        {"properties.vpnType", RECORDED_PART},
        {"properties.sku", RECORDED_PART},
        {"properties.vpnGatewayGeneration", RECORDED_PART},
        {"properties.activeActive", RECORDED_PART},
        {"properties.ipConfigurations", RECORDED_PART},
        {"properties.enableBgp", RECORDED, WHY_BGP},
        {"properties.bgpSettings", RECORDED_PART},
        {"properties.vpnClientConfiguration.vpnClientAddressPool", RECORDED,
         "clients cannot dial in yet: the gateway has no data plane"},
        {"properties.vpnClientConfiguration.vpnClientProtocols", RECORDED_PART},
        {"properties.vpnClientConfiguration.vpnAuthenticationTypes", RECORDED_PART},
        {"properties.vpnClientConfiguration.vpnClientRootCertificates", RECORDED_PART},
        {"properties.vpnClientConfiguration.vpnClientRevokedCertificates", RECORDED_PART},
        {"properties.vpnClientConfiguration.vpnClientIpsecPolicies", RECORDED_PART},
        {"properties.vpnClientConfiguration.radiusServerAddress", RECORDED_PART},
        {"properties.vpnClientConfiguration.radiusServerSecret", RECORDED_PART},
        {"properties.vpnClientConfiguration.radiusServers", RECORDED_PART},
        {"properties.vpnClientConfiguration.aadTenant", RECORDED_PART},
        {"properties.vpnClientConfiguration.aadAudience", RECORDED_PART},
        {"properties.vpnClientConfiguration.aadIssuer", RECORDED_PART},
        {"properties.vpnClientConfiguration.vngClientConnectionConfigurations", NOT_MODELLED, WHY_POLICY_GROUPS},
        {"properties.virtualNetworkGatewayPolicyGroups", NOT_MODELLED, WHY_POLICY_GROUPS},
        {"properties.customRoutes.addressPrefixes", RECORDED, WHY_VPN},
        {"properties.gatewayDefaultSite", RECORDED, "traffic is not forced into a tunnel: it leaves directly"},
        {"properties.natRules[].name", RECORDED_PART},
        {"properties.natRules[].id", IRRELEVANT},
        {"properties.natRules[].type", IRRELEVANT},
        {"properties.natRules[].etag", IRRELEVANT},
        {"properties.natRules[].properties", RECORDED, WHY_VPN},
        {"properties.enablePrivateIpAddress", NOT_MODELLED, "connections over a private address are not modelled"},
        {"properties.enableDnsForwarding", NOT_MODELLED, "names have no data plane yet"},
        {"properties.enableBgpRouteTranslationForNat", NOT_MODELLED, WHY_BGP},
        {"properties.disableIPSecReplayProtection", NOT_MODELLED, WHY_VPN},
        {"properties.enableHighBandwidthVpnGateway", NOT_MODELLED, WHY_VPN},
        {"properties.allowRemoteVnetTraffic", NOT_MODELLED, WHY_HUBS},
        {"properties.allowVirtualWanTraffic", NOT_MODELLED, WHY_HUBS},
        {"properties.vNetExtendedLocationResourceId", NOT_MODELLED, "gateways at an edge are not modelled"},
        {"properties.active", IRRELEVANT}, /* what cannot be seen from inside of the network, and reports */
        {"properties.adminState", IRRELEVANT},
        {"properties.autoScaleConfiguration", IRRELEVANT},
        {"properties.resiliencyModel", IRRELEVANT},
        {"properties.inboundDnsForwardingEndpoint", IRRELEVANT},
        {"properties.packetCaptureDiagnosticState", IRRELEVANT},
        {"properties.virtualNetworkGatewayMigrationStatus", IRRELEVANT},
        {"properties.remoteVirtualNetworkPeerings", IRRELEVANT},
        {"properties.virtualNetworkExtendedLocationResourceId", IRRELEVANT},
        {"identity", IRRELEVANT},
        {NULL},
};

/* What a size can do. The last: it stands in several zones, and wants a Standard address. */
static const struct sku_row {
	const char *name;
	gboolean vpn, express_route, policy_based, bgp, active_active, zones;
	guint generations; /* bits of generation 1 and 2 */
} sku_rows[] = {
        {"Basic", TRUE, TRUE, TRUE, FALSE, FALSE, FALSE, 1},
        {"Standard", TRUE, TRUE, FALSE, TRUE, FALSE, FALSE, 1},
        {"HighPerformance", TRUE, TRUE, FALSE, TRUE, TRUE, FALSE, 1},
        {"UltraPerformance", FALSE, TRUE, FALSE, TRUE, TRUE, FALSE, 3},
        {"VpnGw1", TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, 1},
        {"VpnGw2", TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, 3},
        {"VpnGw3", TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, 3},
        {"VpnGw4", TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, 2},
        {"VpnGw5", TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, 2},
        {"VpnGw1AZ", TRUE, FALSE, FALSE, TRUE, TRUE, TRUE, 1},
        {"VpnGw2AZ", TRUE, FALSE, FALSE, TRUE, TRUE, TRUE, 3},
        {"VpnGw3AZ", TRUE, FALSE, FALSE, TRUE, TRUE, TRUE, 3},
        {"VpnGw4AZ", TRUE, FALSE, FALSE, TRUE, TRUE, TRUE, 2},
        {"VpnGw5AZ", TRUE, FALSE, FALSE, TRUE, TRUE, TRUE, 2},
        {"ErGw1AZ", FALSE, TRUE, FALSE, TRUE, TRUE, TRUE, 3},
        {"ErGw2AZ", FALSE, TRUE, FALSE, TRUE, TRUE, TRUE, 3},
        {"ErGw3AZ", FALSE, TRUE, FALSE, TRUE, TRUE, TRUE, 3},
        {"ErGwScale", FALSE, TRUE, FALSE, TRUE, TRUE, TRUE, 3},
};

static const struct sku_row *find_sku(const char *name)
{
	for (gsize i = 0; name && i < G_N_ELEMENTS(sku_rows); i++)
		if (g_ascii_strcasecmp(sku_rows[i].name, name) == 0)
			return &sku_rows[i];
	return NULL;
}

static void config_free(struct gateway_config *c)
{
	noun_clear(&c->noun);
	g_array_unref(c->bgp_addresses);
	g_free(c);
}

void gateway_free(struct gateway *g)
{
	noun_clear(&g->noun);
	g_free(g->sku);
	g_ptr_array_unref(g->configs);
	vpn_clients_free(g->clients);
	g_array_unref(g->custom_routes);
	g_ptr_array_unref(g->nat_rules);
	g_ptr_array_unref(g->connections);
	g_free(g);
}

static void add_config(gpointer parent, const struct spot *s, const char *id)
{
	struct gateway *g = parent;
	struct gateway_config *c = g_new0(struct gateway_config, 1);

	c->gateway = g;
	c->bgp_addresses = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_ptr_array_add(g->configs, c);
	noun_declare(&c->noun, s, id);
	noun_check_name(&c->noun, s, 80);
}

static void read_sku(struct gateway *g, const struct spot *s)
{
	static const char *const generations[] = {"None", "Generation1", "Generation2", NULL};
	static const char property[] = "properties.sku.name";
	const char *name = spot_is_object(s, "properties.sku") ? read_text(s, property, FALSE) : NULL;
	const struct sku_row *row = find_sku(name);
	guint generation = read_choice(s, "properties.vpnGatewayGeneration", generations, 0);

	if (name && *name && !row)
		spot_error(s, property,
		           "'%.60s' is not the size of a gateway; write one like VpnGw1, VpnGw2AZ or ErGw1AZ", name);
	if (!row)
		return;
	g->sku = g_strdup(row->name);
	if (generation > 0 && g->type == GATEWAY_VPN && !(row->generations & (1u << (generation - 1))))
		spot_error(s, "properties.vpnGatewayGeneration", "there is no %s of %s; write another",
		           generations[generation], row->name);
}

void gateway_declare(struct build *b, const struct document *d)
{
	static const char *const types[] = {"Vpn", "ExpressRoute", "LocalGateway", NULL}; /* enum gateway_type */
	static const char *const vpn_types[] = {"RouteBased", "PolicyBased", NULL};
	struct spot s = spot_of(b, d);
	struct gateway *g = g_new0(struct gateway, 1);

	g->configs = g_ptr_array_new_with_free_func((GDestroyNotify)config_free);
	g->nat_rules = g_ptr_array_new_with_free_func((GDestroyNotify)gateway_nat_rule_free);
	g->connections = g_ptr_array_new();
	g->custom_routes = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	g_ptr_array_add(b->graph->gateways, g);
	noun_declare(&g->noun, &s, d->id);
	noun_check_name(&g->noun, &s, 80);
	g->type = (enum gateway_type)read_choice(&s, "properties.gatewayType", types, GATEWAY_VPN);
	g->policy_based = g->type == GATEWAY_VPN && read_choice(&s, "properties.vpnType", vpn_types, 0) == 1;
	read_sku(g, &s);
	g->active_active = read_flag(&s, "properties.activeActive", FALSE);
	g->bgp = read_flag(&s, "properties.enableBgp", FALSE);
	g->speaker.asn = DEFAULT_ASN;
	bgp_read(&s, "properties.bgpSettings", &g->speaker, TRUE);
	g->clients = vpn_clients_read(&s, "properties.vpnClientConfiguration");
	space_read(&s, "properties.customRoutes.addressPrefixes", g->custom_routes);
	read_children(&s, "properties.ipConfigurations", "ipConfigurations", add_config, g);
	read_children(&s, "properties.natRules", "natRules", gateway_nat_rule_add, g);
}

static void link_address(struct gateway_config *c, const struct spot *s, const struct sku_row *row)
{
	static const char property[] = "properties.publicIPAddress";
	struct public_address *p = follow(s, property, &kind_public_address, FALSE);

	if (!p || !public_address_is_free(p, s, property))
		return;
	if (p->v6)
		spot_error(s, property, "'%s' is an IPv6 address; use an IPv4 one", p->noun.name);
	else if (row && row->zones && p->sku != SKU_STANDARD)
		spot_error(s, property,
		           "'%s' is a Basic address and a gateway of size %s takes a Standard one; use one",
		           p->noun.name, row->name);
	c->public_address = p;
	p->gateway_config = c;
}

static void link_config(struct build *b, struct gateway *g, struct gateway_config *c)
{
	struct spot s = noun_spot(b, &c->noun);

	c->subnet = follow(&s, "properties.subnet", &kind_subnet, TRUE);
	link_address(c, &s, find_sku(g->sku));
	if (!c->subnet)
		return;
	if (g_ascii_strcasecmp(c->subnet->noun.name, GATEWAY_SUBNET) != 0)
		spot_error(&s, "properties.subnet",
		           "a gateway stands in subnet '" GATEWAY_SUBNET "', not in '%s'; name it",
		           c->subnet->noun.name);
	if (g->network && g->network != c->subnet->network)
		spot_error(&s, "properties.subnet",
		           "the gateway is in virtual network '%s', this is one of '%s'; keep to one network",
		           g->network->noun.name, c->subnet->network->noun.name);
	g->network = g->network ? g->network : c->subnet->network;
	if (g->type == GATEWAY_VPN && !spot_get(&s, "properties.publicIPAddress"))
		spot_error(&s, "properties.publicIPAddress", "a VPN gateway is reached by a public address; name one");
}

static struct gateway_config *find_config(const struct build *b, const struct gateway *g, const char *id)
{
	g_autofree char *type = reference_type(id);
	struct gateway_config *c = g_strcmp0(type, CONFIG_TYPE) == 0 ? reference_noun(b, id) : NULL;

	return c && c->gateway == g ? c : NULL;
}

/* Further addresses that BGP speaks by, for one configuration each; what else stands there is a report. */
static void link_speakers(struct gateway *g, const struct spot *s)
{
	static const char list[] = "properties.bgpSettings.bgpPeeringAddresses";
	guint count = spot_length(s, list);
	struct prefix custom;

	prefix_parse(CUSTOM_BGP, &custom);
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		guint addresses = spot_is_object(&item, "") ? spot_length(&item, "customBgpIpAddresses") : 0;
		const char *id = addresses ? read_text(&item, "ipconfigurationId", TRUE) : NULL;
		struct gateway_config *c = id ? find_config(s->build, g, id) : NULL;

		if (id && !c && !g_str_has_prefix(id, "<unknown"))
			spot_error(&item, "ipconfigurationId",
			           "%.300s is none of the gateway's configurations; name one", id);
		for (guint k = 0; k < addresses; k++) {
			struct spot one = spot_item(&item, "customBgpIpAddresses", k);
			guint32 address;

			if (!read_address(&one, "", &address))
				continue;
			if (!prefix_has(custom, address))
				spot_error(&one, "", "it is not in " CUSTOM_BGP "; choose another address");
			else if (c)
				g_array_append_val(c->bgp_addresses, address);
		}
	}
}

void gateway_link(struct build *b, struct gateway *g)
{
	struct spot s = noun_spot(b, &g->noun);

	g_ptr_array_sort(g->configs, noun_compare);
	g_ptr_array_sort(g->nat_rules, noun_compare);
	for (guint i = 0; i < g->configs->len; i++)
		link_config(b, g, g->configs->pdata[i]);
	link_speakers(g, &s);
	g->default_site = follow(&s, "properties.gatewayDefaultSite", &kind_local_gateway, FALSE);
	if (g->network)
		g_ptr_array_add(g->network->gateways, g);
}

static void check_sku(const struct spot *s, const struct gateway *g)
{
	static const char property[] = "properties.sku.name";
	const struct sku_row *row = find_sku(g->sku);

	if (!row)
		return;
	if (g->type == GATEWAY_VPN ? !row->vpn : g->type == GATEWAY_EXPRESS_ROUTE && !row->express_route)
		spot_error(s, property, "%s is no size of %s gateway; write one like %s", row->name,
		           g->type == GATEWAY_VPN ? "a VPN" : "an ExpressRoute",
		           g->type == GATEWAY_VPN ? "VpnGw1" : "ErGw1AZ");
	if (g->policy_based && !row->policy_based)
		spot_error(s, "properties.vpnType", "only a Basic gateway is policy-based; write \"RouteBased\"");
	if (g->active_active && !row->active_active)
		spot_error(s, "properties.activeActive", "a gateway of size %s cannot be; write false", row->name);
	if (g->bgp && g->type == GATEWAY_VPN && !row->bgp)
		spot_error(s, "properties.enableBgp", "a gateway of size %s has no BGP; write false, or a larger size",
		           row->name);
	if (g->clients && row->vpn && !row->bgp && (g->clients->protocols & VPN_OPENVPN))
		spot_error(s, "properties.vpnClientConfiguration.vpnClientProtocols",
		           "a gateway of size %s has no OpenVPN; use SSTP, or a larger size", row->name);
}

static void check_default_site(const struct spot *s, const struct gateway *g)
{
	if (g->default_site && (g->type != GATEWAY_VPN || g->policy_based))
		spot_error(s, "properties.gatewayDefaultSite",
		           "only a route-based VPN gateway forces traffic to a site; remove it");
}

/* A network has one gateway of each type. */
static void check_others(const struct spot *s, const struct gateway *g)
{
	for (guint i = 0; g->network && i < g->network->gateways->len; i++) {
		const struct gateway *other = g->network->gateways->pdata[i];

		if (other == g)
			return;
		if (other->type == g->type) {
			g_autofree char *where = noun_where(&other->noun);

			spot_error(s, "properties.gatewayType",
			           "virtual network '%s' has gateway %s of this type; keep one", g->network->noun.name,
			           where);
			return;
		}
	}
}

void gateway_check(struct build *b, struct gateway *g)
{
	struct spot s = noun_spot(b, &g->noun);

	g_ptr_array_sort(g->connections, noun_compare);
	check_sku(&s, g);
	if (g->connections->len > GATEWAY_MAX_CONNECTIONS)
		spot_error(&s, "", "%u connections are more than the %u that a gateway may have; remove some",
		           g->connections->len, GATEWAY_MAX_CONNECTIONS);
	if (g->policy_based && g->bgp)
		spot_error(&s, "properties.enableBgp", "a policy-based gateway has no BGP; write false");
	if (g->configs->len == 0 && g->type != GATEWAY_LOCAL)
		spot_error(&s, "properties.ipConfigurations", "the gateway stands nowhere; add one in " GATEWAY_SUBNET);
	if (g->active_active && g->configs->len < MIN_ACTIVE)
		spot_error(&s, "properties.activeActive", "it needs %d configurations and has %u; add one", MIN_ACTIVE,
		           g->configs->len);
	if (!g->active_active && g->type == GATEWAY_VPN && g->configs->len > 1)
		spot_error(&s, "properties.ipConfigurations",
		           "there are %u and the gateway is not active-active; keep one, or set activeActive to true",
		           g->configs->len);
	if (g->clients)
		vpn_clients_check(&s, g);
	check_default_site(&s, g);
	check_others(&s, g);
}
