/* SPDX-License-Identifier: Apache-2.0 */
/* Point-to-site: machines that dial in to a gateway one by one, and how they prove who they are. */
#include "model/network.h"
#include "model/outer.h"

#include <string.h>

#define THUMBPRINT 40 /* hex digits of SHA-1 */
#define MAX_SECRET 256

void vpn_clients_free(struct vpn_clients *c)
{
	if (!c)
		return;
	g_array_unref(c->pool);
	g_array_unref(c->policies);
	g_free(c);
}

/* One bit for each of the names that stands in the list. */
static guint read_set(const struct spot *s, const char *dotted, const char *const names[])
{
	guint count = spot_length(s, dotted), set = 0;

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, dotted, i);

		set |= 1u << read_choice(&item, "", names, REQUIRED);
	}
	return set;
}

static guint read_roots(const struct spot *s)
{
	guint count = spot_length(s, "vpnClientRootCertificates");

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "vpnClientRootCertificates", i);
		const char *data =
		        spot_is_object(&item, "") ? read_text(&item, "properties.publicCertData", TRUE) : NULL;

		if (data && !g_str_has_prefix(data, "<unknown") && !is_certificate(data))
			spot_warning(&item, "properties.publicCertData",
			             "it is no certificate in base64, so no client's is good by it; write the lines "
			             "between BEGIN and END as one");
	}
	return count;
}

static guint read_revoked(const struct spot *s)
{
	guint count = spot_length(s, "vpnClientRevokedCertificates");

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "vpnClientRevokedCertificates", i);
		const char *text = spot_is_object(&item, "") ? read_text(&item, "properties.thumbprint", TRUE) : NULL;

		if (text && !g_str_has_prefix(text, "<unknown") &&
		    (strlen(text) != THUMBPRINT || strspn(text, "0123456789abcdefABCDEF") != THUMBPRINT))
			spot_error(&item, "properties.thumbprint", "'%.60s' is not a thumbprint; write %d hex digits",
			           text, THUMBPRINT);
	}
	return count;
}

/* One server in properties of its own, or several in a list. */
static gboolean read_radius(const struct spot *s)
{
	guint count = spot_length(s, "radiusServers");
	gboolean has = FALSE, v6;
	struct ip6 address6;
	guint32 address;

	has = read_any_address(s, "radiusServerAddress", &address, &address6, &v6);
	read_secret(s, "radiusServerSecret", 1, MAX_SECRET);
	if (has && !spot_get(s, "radiusServerSecret"))
		spot_warning(s, "radiusServerSecret",
		             "the RADIUS server has no secret here; it must be given somewhere");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "radiusServers", i);

		if (!spot_is_object(&item, ""))
			continue;
		if (!spot_get(&item, "radiusServerAddress"))
			spot_error(&item, "radiusServerAddress", "it is missing; add it");
		has |= read_any_address(&item, "radiusServerAddress", &address, &address6, &v6);
		read_number(&item, "radiusServerScore", 1, 30, 1);
		read_secret(&item, "radiusServerSecret", 1, MAX_SECRET);
	}
	return has;
}

static void check_ways(const struct spot *s, const struct vpn_clients *c, gboolean radius)
{
	static const char *const directory[] = {"aadTenant", "aadAudience", "aadIssuer"};

	if ((c->authentications & VPN_RADIUS) && !radius)
		spot_error(s, "radiusServerAddress", "clients are to be known by RADIUS; name a server");
	for (gsize i = 0; (c->authentications & VPN_AAD) && i < G_N_ELEMENTS(directory); i++) {
		const char *text = read_text(s, directory[i], TRUE);

		if (text && !*text)
			spot_error(s, directory[i], "it is empty; clients are to be known by the directory, name it");
	}
	if ((c->authentications & VPN_AAD) && c->protocols && !(c->protocols & VPN_OPENVPN))
		spot_error(s, "vpnClientProtocols", "the directory knows clients of OpenVPN alone; add \"OpenVPN\"");
	if ((c->authentications & VPN_CERTIFICATE) && c->root_certificates == 0)
		spot_warning(s, "vpnClientRootCertificates",
		             "without a root certificate no client's certificate is good; add one");
}

struct vpn_clients *vpn_clients_read(const struct spot *s, const char *dotted)
{
	static const char *const protocols[] = {"IkeV2", "SSTP", "OpenVPN", NULL}; /* the bits of VPN_IKEV2 ... */
	static const char *const ways[] = {"Certificate", "Radius", "AAD", NULL};  /* of VPN_CERTIFICATE ... */
	struct spot part = *s;
	struct vpn_clients *c;
	gboolean radius;

	if (!spot_get(s, dotted) || !spot_is_object(s, dotted) || node_length(spot_get(s, dotted)) == 0)
		return NULL;
	part.node = spot_get(s, dotted);
	part.path = g_string_chunk_insert(s->build->texts, dotted);
	c = g_new0(struct vpn_clients, 1);
	c->pool = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	c->policies = g_array_new(FALSE, FALSE, sizeof(struct ipsec_policy));
	space_read(&part, "vpnClientAddressPool.addressPrefixes", c->pool);
	c->protocols = read_set(&part, "vpnClientProtocols", protocols);
	c->authentications = read_set(&part, "vpnAuthenticationTypes", ways);
	c->root_certificates = read_roots(&part);
	c->revoked_certificates = read_revoked(&part);
	radius = read_radius(&part);
	ipsec_read_policies(&part, "vpnClientIpsecPolicies", c->policies);
	check_ways(&part, c, radius);
	return c;
}

void vpn_clients_check(const struct spot *s, const struct gateway *g)
{
	static const char list[] = "properties.vpnClientConfiguration.vpnClientAddressPool.addressPrefixes";
	g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	struct prefix6 pool, prefix;

	if (g->type != GATEWAY_VPN || g->policy_based)
		spot_error(s, "properties.vpnClientConfiguration",
		           "only a route-based VPN gateway takes clients; remove it");
	if (g->network)
		space_add(own, g->network->prefixes, g->network->prefixes6);
	if (space_overlap(g->clients->pool, own, &pool, &prefix)) {
		g_autofree char *a = space_text(pool), *c = space_text(prefix);

		spot_error(s, list, "%s overlaps %s of virtual network '%s'; choose another prefix", a, c,
		           g->network->noun.name);
	}
}
