/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: what a gateway is joined with. A connection between two networks is two resources, one from each side; it
 * may cross a subscription, as a circuit may, since the other side must consent with a key that both know.
 */
#include "model/network.h"
#include "model/outer.h"

#include <string.h>

#define MAX_KEY       128
#define MAX_WEIGHT    32000
#define MIN_DPD       9
#define MAX_DPD       3600
#define MAX_SELECTORS 100

const struct known gateway_connection_known[] = {
        {"properties.connectionType", RECORDED, "connections have no data plane yet: nothing passes"},
        {"properties.virtualNetworkGateway1", RECORDED_PART},
        {"properties.virtualNetworkGateway2", RECORDED_PART},
        {"properties.localNetworkGateway2", RECORDED_PART},
        {"properties.peer", RECORDED_PART},
        {"properties.sharedKey", RECORDED_PART},
        {"properties.authorizationKey", RECORDED_PART},
        {"properties.connectionProtocol", RECORDED_PART},
        {"properties.connectionMode", RECORDED_PART},
        {"properties.enableBgp", RECORDED, WHY_BGP},
        {"properties.ipsecPolicies", RECORDED_PART},
        {"properties.usePolicyBasedTrafficSelectors", RECORDED_PART},
        {"properties.trafficSelectorPolicies", RECORDED_PART},
        {"properties.dpdTimeoutSeconds", RECORDED_PART},
        {"properties.routingWeight", RECORDED_PART},
        {"properties.ingressNatRules", RECORDED_PART},
        {"properties.egressNatRules", RECORDED_PART},
        {"properties.gatewayCustomBgpIpAddresses", NOT_MODELLED, WHY_BGP},
        {"properties.useLocalAzureIpAddress", NOT_MODELLED, "connections over a private address are not modelled"},
        {"properties.expressRouteGatewayBypass", NOT_MODELLED, WHY_CIRCUIT},
        {"properties.enablePrivateLinkFastPath", NOT_MODELLED, WHY_CIRCUIT},
        {"properties.authenticationType", NOT_MODELLED, "tunnels by certificate are not modelled", "PSK"},
        {"properties.certificateAuthentication", NOT_MODELLED, "tunnels by certificate are not modelled"},
        {"properties.tunnelProperties", NOT_MODELLED, WHY_VPN},
        {"properties.connectionStatus", IRRELEVANT}, /* reports */
        {"properties.tunnelConnectionStatus", IRRELEVANT},
        {"properties.egressBytesTransferred", IRRELEVANT},
        {"properties.ingressBytesTransferred", IRRELEVANT},
        {"properties.packetCaptureDiagnosticState", IRRELEVANT},
        {NULL},
};

static void selector_free(gpointer data)
{
	struct traffic_selector *t = data;

	g_array_unref(t->local);
	g_array_unref(t->remote);
	g_free(t);
}

void gateway_connection_free(struct gateway_connection *c)
{
	noun_clear(&c->noun);
	g_free(c->peer_id);
	g_array_unref(c->policies);
	g_ptr_array_unref(c->selectors);
	g_ptr_array_unref(c->ingress_nat);
	g_ptr_array_unref(c->egress_nat);
	g_free(c);
}

static void read_selectors(struct gateway_connection *c, const struct spot *s)
{
	static const char list[] = "properties.trafficSelectorPolicies";
	guint count = spot_length(s, list);

	if (count > MAX_SELECTORS)
		spot_error(s, list, "%u are more than the %u that a connection may have; remove some", count,
		           MAX_SELECTORS);
	for (guint i = 0; i < count && count <= MAX_SELECTORS; i++) {
		struct spot item = spot_item(s, list, i);
		struct traffic_selector *t;

		if (!spot_is_object(&item, ""))
			continue;
		t = g_new0(struct traffic_selector, 1);
		t->local = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
		t->remote = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
		g_ptr_array_add(c->selectors, t);
		space_read(&item, "localAddressRanges", t->local);
		space_read(&item, "remoteAddressRanges", t->remote);
		if (node_length(spot_get(&item, "localAddressRanges")) == 0 ||
		    node_length(spot_get(&item, "remoteAddressRanges")) == 0)
			spot_error(&item, "", "it needs prefixes of both sides; add them, or remove it");
	}
}

static void read_settings(struct gateway_connection *c, const struct spot *s)
{
	static const char *const protocols[] = {"IKEv2", "IKEv1", NULL};
	static const char *const modes[] = {"Default", "ResponderOnly", "InitiatorOnly", NULL};

	c->has_key = read_secret(s, "properties.sharedKey", 1, MAX_KEY);
	read_secret(s, "properties.authorizationKey", 1, MAX_KEY);
	c->ikev1 = read_choice(s, "properties.connectionProtocol", protocols, 0) == 1;
	read_choice(s, "properties.connectionMode", modes, 0);
	c->bgp = read_flag(s, "properties.enableBgp", FALSE);
	c->policy_selectors = read_flag(s, "properties.usePolicyBasedTrafficSelectors", FALSE);
	c->weight = read_number(s, "properties.routingWeight", 0, MAX_WEIGHT, 0);
	c->dpd_seconds = read_number(s, "properties.dpdTimeoutSeconds", 0, MAX_DPD, 0);
	if (c->dpd_seconds > 0 && c->dpd_seconds < MIN_DPD)
		spot_error(s, "properties.dpdTimeoutSeconds", "%u is not from %u to %u; write one of these, or 0",
		           c->dpd_seconds, MIN_DPD, MAX_DPD);
	ipsec_read_policies(s, "properties.ipsecPolicies", c->policies);
	read_selectors(c, s);
}

void gateway_connection_declare(struct build *b, const struct document *d)
{
	static const char *const types[] = {"IPsec", "Vnet2Vnet", "ExpressRoute", "VPNClient",
	                                    NULL}; /* enum connection_type */
	struct spot s = spot_of(b, d);
	struct gateway_connection *c = g_new0(struct gateway_connection, 1);

	c->policies = g_array_new(FALSE, FALSE, sizeof(struct ipsec_policy));
	c->selectors = g_ptr_array_new_with_free_func(selector_free);
	c->ingress_nat = g_ptr_array_new();
	c->egress_nat = g_ptr_array_new();
	g_ptr_array_add(b->graph->connections, c);
	noun_declare(&c->noun, &s, d->id);
	noun_check_name(&c->noun, &s, 80);
	c->type = (enum connection_type)read_choice(&s, "properties.connectionType", types, REQUIRED);
	read_settings(c, &s);
}

/* The other end, which may be of another subscription: then nobody need declare it here. */
static gpointer link_peer(struct gateway_connection *c, const struct spot *s, const char *property,
                          const struct kind *kind)
{
	const char *id = reference_id(s, property, kind, TRUE);

	c->peer_id = g_strdup(id);
	if (!id)
		return NULL;
	return reference_is_abroad(s, id) ? reference_noun(s->build, id) : follow(s, property, kind, TRUE);
}

static void link_far_end(struct gateway_connection *c, const struct spot *s)
{
	switch (c->type) {
	case CONNECTION_IPSEC:
		c->site = follow(s, "properties.localNetworkGateway2", &kind_local_gateway, TRUE);
		if (c->site)
			g_ptr_array_add(c->site->connections, c);
		return;
	case CONNECTION_NETWORKS:
		c->peer = link_peer(c, s, "properties.virtualNetworkGateway2", &kind_gateway);
		if (c->peer && c->peer == c->gateway)
			spot_error(s, "properties.virtualNetworkGateway2",
			           "a gateway cannot be connected with itself; name another one");
		return;
	case CONNECTION_EXPRESS_ROUTE:
		c->circuit = link_peer(c, s, "properties.peer", &kind_circuit);
		if (c->circuit)
			g_ptr_array_add(c->circuit->connections, c);
		return;
	case CONNECTION_CLIENT:
		return;
	}
}

static void link_nat(struct gateway_connection *c, const struct spot *s, const char *list, gboolean ingress,
                     GPtrArray *rules)
{
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		struct gateway_nat_rule *r = follow(&item, "", &kind_gateway_nat_rule, TRUE);

		if (!r)
			continue;
		if (r->gateway != c->gateway)
			spot_error(&item, "id", "'%s' is a rule of gateway '%s'; name one of this connection's gateway",
			           r->noun.name, r->gateway->noun.name);
		else if (r->ingress != ingress)
			spot_error(&item, "id", "the mode of '%s' is %s; name it in the other list", r->noun.name,
			           r->ingress ? "IngressSnat" : "EgressSnat");
		else
			g_ptr_array_add(rules, r);
	}
}

void gateway_connection_link(struct build *b, struct gateway_connection *c)
{
	struct spot s = noun_spot(b, &c->noun);

	c->gateway = follow(&s, "properties.virtualNetworkGateway1", &kind_gateway, TRUE);
	if (c->gateway)
		g_ptr_array_add(c->gateway->connections, c);
	link_far_end(c, &s);
	link_nat(c, &s, "properties.ingressNatRules", TRUE, c->ingress_nat);
	link_nat(c, &s, "properties.egressNatRules", FALSE, c->egress_nat);
}

static void check_type(const struct spot *s, const struct gateway_connection *c)
{
	enum gateway_type want = c->type == CONNECTION_EXPRESS_ROUTE ? GATEWAY_EXPRESS_ROUTE : GATEWAY_VPN;

	if (c->gateway->type != GATEWAY_LOCAL && c->gateway->type != want)
		spot_error(s, "properties.virtualNetworkGateway1",
		           "'%s' is %s gateway, which a connection of this type cannot use; name %s one",
		           c->gateway->noun.name, want == GATEWAY_VPN ? "an ExpressRoute" : "a VPN",
		           want == GATEWAY_VPN ? "a VPN" : "an ExpressRoute");
}

/* What a policy-based gateway, which has one tunnel of IKEv1 and fixed selectors, cannot do. */
static void check_policy_based(const struct spot *s, const struct gateway_connection *c)
{
	const char *name = c->gateway->noun.name;

	if (!c->gateway->policy_based)
		return;
	if (c->type == CONNECTION_NETWORKS)
		spot_error(s, "properties.connectionType",
		           "gateway '%s' is policy-based and connects no networks; make it route-based", name);
	if (node_str(spot_get(s, "properties.connectionProtocol"), NULL) && !c->ikev1)
		spot_error(s, "properties.connectionProtocol",
		           "gateway '%s' is policy-based and speaks IKEv1 alone; write that, or make it route-based",
		           name);
	if (c->policies->len > 0)
		spot_error(s, "properties.ipsecPolicies",
		           "gateway '%s' is policy-based and takes no policies; make it route-based", name);
	if (c->policy_selectors)
		spot_error(s, "properties.usePolicyBasedTrafficSelectors",
		           "only a route-based gateway needs it and '%s' is policy-based; write false", name);
	if (c->gateway->connections->len > 1 && c->gateway->connections->pdata[0] != c)
		spot_error(s, "properties.virtualNetworkGateway1",
		           "gateway '%s' is policy-based and has one connection already; make it route-based", name);
}

static void check_bgp(const struct spot *s, const struct gateway_connection *c)
{
	if (!c->bgp || c->type == CONNECTION_EXPRESS_ROUTE)
		return;
	if (!c->gateway->bgp)
		spot_error(s, "properties.enableBgp",
		           "gateway '%s' has no BGP; set enableBgp there, or write false here", c->gateway->noun.name);
	else if (c->site && !c->site->speaker.asn)
		spot_error(s, "properties.enableBgp", "local gateway '%s' has no ASN; add bgpSettings there",
		           c->site->noun.name);
	else if (c->site && c->site->speaker.asn == c->gateway->speaker.asn)
		spot_error(s, "properties.enableBgp", "both sides are AS %u; give local gateway '%s' another number",
		           c->site->speaker.asn, c->site->noun.name);
}

static void check_space(const struct spot *s, const struct gateway_connection *c)
{
	g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	g_autoptr(GArray) there = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	const struct network *n = c->gateway->network;
	struct prefix6 here, beyond;

	if (!n || !c->site || c->ingress_nat->len + c->egress_nat->len > 0)
		return;
	space_add(own, n->prefixes, n->prefixes6);
	g_array_append_vals(there, c->site->space->data, c->site->space->len);
	if (space_overlap(own, there, &here, &beyond)) {
		g_autofree char *a = space_text(here), *e = space_text(beyond);

		spot_error(s, "properties.localNetworkGateway2",
		           "%s of '%s' overlaps %s of virtual network '%s'; only networks that are apart can be "
		           "connected",
		           e, c->site->noun.name, a, n->noun.name);
	}
}

/* Two tunnels to one place: which one a packet takes would be anybody's guess. */
static void check_twin(const struct spot *s, const struct gateway_connection *c)
{
	for (guint i = 0; i < c->gateway->connections->len; i++) {
		const struct gateway_connection *other = c->gateway->connections->pdata[i];

		if (other == c)
			return;
		if (other->type == c->type && other->site == c->site && other->circuit == c->circuit &&
		    (c->peer_id ? other->peer_id && g_ascii_strcasecmp(other->peer_id, c->peer_id) == 0
		                : c->site != NULL)) {
			g_autofree char *where = noun_where(&other->noun);

			spot_error(s, "", "%s connects the same two already; keep one", where);
			return;
		}
	}
}

/* The other side's half, when somebody declares it here. */
static struct gateway_connection *find_reverse(const struct gateway_connection *c)
{
	for (guint i = 0;
	     c->peer && c->peer != c->gateway && i < MIN(c->peer->connections->len, GATEWAY_MAX_CONNECTIONS); i++) {
		struct gateway_connection *other = c->peer->connections->pdata[i];

		if (other->type == CONNECTION_NETWORKS && other->peer == c->gateway)
			return other;
	}
	return NULL;
}

static gboolean has_same_key(const struct gateway_connection *a, const struct gateway_connection *b)
{
	const char *x = node_str(node_find(a->noun.at, "properties.sharedKey"), "");
	const char *y = node_str(node_find(b->noun.at, "properties.sharedKey"), "");

	return !a->has_key || !b->has_key || g_str_has_prefix(x, "<unknown") || g_str_has_prefix(y, "<unknown") ||
	       strcmp(x, y) == 0;
}

static void check_pair(const struct spot *s, struct gateway_connection *c)
{
	g_autofree char *where = NULL;

	c->reverse = find_reverse(c);
	if (!c->reverse) {
		spot_warning(s, "",
		             "no document declares the other side's connection: nothing passes without it; add it");
		return;
	}
	if (noun_compare(&c, &c->reverse) < 0) /* each pair is told of once */
		return;
	where = noun_where(&c->reverse->noun);
	if (!has_same_key(c, c->reverse))
		spot_error(s, "properties.sharedKey", "it is not the key of %s, the other side; use one key on both",
		           where);
	if (c->bgp != c->reverse->bgp)
		spot_error(s, "properties.enableBgp", "it is not as %s, the other side, has it; make them equal",
		           where);
}

void gateway_connection_check(struct build *b, struct gateway_connection *c)
{
	struct spot s = noun_spot(b, &c->noun);

	if (!c->gateway || c->gateway->connections->len > GATEWAY_MAX_CONNECTIONS)
		return;
	check_type(&s, c);
	check_policy_based(&s, c);
	check_bgp(&s, c);
	check_space(&s, c);
	check_twin(&s, c);
	if (c->policy_selectors && c->policies->len == 0)
		spot_error(&s, "properties.usePolicyBasedTrafficSelectors",
		           "it needs a policy; add one to ipsecPolicies, or write false");
	if (c->type == CONNECTION_NETWORKS && c->peer_id)
		check_pair(&s, c);
	if (c->type == CONNECTION_EXPRESS_ROUTE && c->peer_id && reference_is_abroad(&s, c->peer_id) &&
	    !spot_get(&s, "properties.authorizationKey"))
		spot_error(&s, "properties.authorizationKey",
		           "the circuit is of another subscription, whose owner must authorise it; add the key");
}
