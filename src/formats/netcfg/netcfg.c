/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/netcfg/netcfg.h"

#include <string.h>

#define NETWORK "Microsoft.Network/"
#define VNET    NETWORK "virtualNetworks"
#define GATEWAY NETWORK "virtualNetworkGateways"
#define LOCAL   NETWORK "localNetworkGateways"

#define SITES_MAX 1000u
#define SITES     "VirtualNetworkConfiguration/VirtualNetworkSites/VirtualNetworkSite"
static const struct xml_known known[] = {
        {"VirtualNetworkConfiguration", XML_READ},
        {"VirtualNetworkConfiguration/Dns", XML_READ},
        {"VirtualNetworkConfiguration/Dns/DnsServers", XML_READ},
        {"VirtualNetworkConfiguration/Dns/DnsServers/DnsServer", XML_EACH},
        {"VirtualNetworkConfiguration/Dns/DnsServers/DnsServer@name", XML_READ},
        {"VirtualNetworkConfiguration/Dns/DnsServers/DnsServer@IPAddress", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite", XML_EACH},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite@name", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite/VPNGatewayAddress", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite/AddressSpace", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite/AddressSpace/AddressPrefix", XML_EACH},
        {"VirtualNetworkConfiguration/VirtualNetworkSites", XML_READ},
        {SITES, XML_EACH},
        {SITES "@name", XML_READ},
        {SITES "@Location", XML_IRRELEVANT},
        {SITES "@AffinityGroup", XML_IRRELEVANT},
        {SITES "@Id", XML_IRRELEVANT},
        {SITES "/Label", XML_IRRELEVANT},
        {SITES "/AddressSpace", XML_READ},
        {SITES "/AddressSpace/AddressPrefix", XML_EACH},
        {SITES "/Subnets", XML_READ},
        {SITES "/Subnets/Subnet", XML_EACH},
        {SITES "/Subnets/Subnet@name", XML_READ},
        {SITES "/Subnets/Subnet/AddressPrefix", XML_EACH},
        {SITES "/DnsServersRef", XML_READ},
        {SITES "/DnsServersRef/DnsServerRef", XML_EACH},
        {SITES "/DnsServersRef/DnsServerRef@name", XML_READ},
        {SITES "/Gateway", XML_READ},
        {SITES "/Gateway@profile", XML_READ},
        {SITES "/Gateway/VPNClientAddressPool", XML_READ},
        {SITES "/Gateway/VPNClientAddressPool/AddressPrefix", XML_EACH},
        {SITES "/Gateway/ConnectionsToLocalNetwork", XML_READ},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef", XML_EACH},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef@name", XML_READ},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef/Connection", XML_EACH},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef/Connection@type", XML_READ},
        {NULL},
};

struct reading {
	struct emit *m;
	GPtrArray *notes;
	const element *configuration;      /* NULL: a site alone */
	GHashTable *servers, *local_sites; /* name in lower case -> element */
};

gboolean netcfg_is(const struct xml *x)
{
	const element *root = xml_root(x);

	return xml_is(root, "NetworkConfiguration") || xml_is(root, "VirtualNetworkConfiguration") ||
	       xml_is(root, "VirtualNetworkSite");
}

/* Children by their names, which have been checked. */
static GHashTable *index_names(const element *list, const char *child)
{
	GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (const element *e = xml_first(list, child); e; e = xml_next(e, child))
		g_hash_table_insert(index, g_ascii_strdown(xml_attribute(e, "name"), -1), (gpointer)e);
	return index;
}

/* The element that `e` refers to by its name. */
static gboolean refer(const struct reading *r, const element *e, GHashTable *index, const char *child,
                      const element **found, GError **error)
{
	g_autofree char *lower = NULL;
	const char *name;

	if (!xml_get_text(r->m->x, e, "name", TRUE, &name, error))
		return FALSE;
	lower = g_ascii_strdown(name, -1);
	*found = index ? g_hash_table_lookup(index, lower) : NULL;
	/* A site alone was cut out of a whole: what it refers to is elsewhere. */
	if (!*found && r->configuration)
		return xml_fail(r->m->x, e, error, "no %s is called '%.80s'; add it, or correct the name", child, name);
	return TRUE;
}

static struct node *prefixes(const element *parent, const element *e)
{
	struct node *space = emit_object(e), *list = emit_list(e);

	emit_texts(list, parent, "AddressPrefix");
	node_set(space, "addressPrefixes", list);
	return space;
}

static void read_local_site(const struct reading *r, const element *e)
{
	const element *address = xml_first(e, "VPNGatewayAddress");
	g_autofree char *text = address ? xml_text(address) : NULL;
	g_autofree char *resource = emit_name(xml_attribute(e, "name"));
	struct node *p = emit_object(e);

	node_set(p, "localNetworkAddressSpace", prefixes(xml_first(e, "AddressSpace"), e));
	if (text && *text)
		node_set(p, "gatewayIpAddress", emit_text(address, text));
	emit_document(r->m, e, LOCAL, resource, NULL, p);
}

static gboolean add_subnets(const struct reading *r, const element *site, struct node *properties, GError **error)
{
	struct node *list = emit_list(site);

	node_set(properties, "subnets", list);
	if (!xml_check_names(r->m->x, xml_first(site, "Subnets"), "Subnet", error))
		return FALSE;
	for (const element *e = xml_find(site, "Subnets/Subnet"); e; e = xml_next(e, "Subnet")) {
		const element *prefix = xml_first(e, "AddressPrefix");
		g_autofree char *text = prefix ? xml_text(prefix) : NULL;
		g_autofree char *resource = emit_name(xml_attribute(e, "name"));
		struct node *p;

		if (!prefix)
			return xml_fail(r->m->x, e, error, "the subnet has no AddressPrefix; add one");
		p = emit_object(e);
		if (!xml_next(prefix, "AddressPrefix"))
			node_set(p, "addressPrefix", emit_text(prefix, text));
		else {
			struct node *more = emit_list(e);

			emit_texts(more, e, "AddressPrefix");
			node_set(p, "addressPrefixes", more);
		}
		node_append(list, emit_nested(e, resource, p));
	}
	return TRUE;
}

static gboolean add_dns(const struct reading *r, const element *site, struct node *properties, GError **error)
{
	const element *e = xml_find(site, "DnsServersRef/DnsServerRef");
	struct node *options, *servers;

	if (!e)
		return TRUE;
	options = emit_object(e);
	servers = emit_list(e);
	node_set(options, "dnsServers", servers);
	node_set(properties, "dhcpOptions", options);
	for (; e; e = xml_next(e, "DnsServerRef")) {
		const element *server;
		const char *address;

		if (!refer(r, e, r->servers, "DnsServer", &server, error))
			return FALSE;
		if (!server) {
			xml_note(r->m->x, e, r->notes, "the file has no DnsServer of this name; nothing is made of it");
			continue;
		}
		if (!xml_get_text(r->m->x, server, "IPAddress", TRUE, &address, error))
			return FALSE;
		node_append(servers, emit_text(server, address));
	}
	return TRUE;
}

/* The gateway's one configuration: in the subnet that is meant for it, with a public address of its own. */
static struct node *gateway_configuration(const struct reading *r, const element *e, const char *network,
                                          const char *gateway)
{
	g_autofree char *subnet = g_strdup_printf("%s/GatewaySubnet", network);
	struct node *list = emit_list(e), *p = emit_object(e), *address = emit_object(e), *sku = emit_object(e);

	node_set(address, "publicIPAllocationMethod", emit_text(e, "Dynamic"));
	node_set(sku, "name", emit_text(e, "Basic"));
	emit_document(r->m, e, NETWORK "publicIPAddresses", gateway, sku, address);
	node_set(p, "privateIPAllocationMethod", emit_text(e, "Dynamic"));
	node_set(p, "subnet", emit_reference(r->m, e, VNET "/subnets", subnet));
	node_set(p, "publicIPAddress", emit_reference(r->m, e, NETWORK "publicIPAddresses", gateway));
	node_append(list, emit_nested(e, "default", p));
	return list;
}

/* The profiles of classic gateways by the names that they have in templates. */
static gboolean gateway_sku(const struct reading *r, const element *e, gboolean dedicated, const char **sku,
                            GError **error)
{
	static const char *const profiles[] = {"Default",    "Small",           "Medium",           "Large",
	                                       "ExtraLarge", "HighPerformance", "UltraPerformance", NULL};
	static const char *const skus[] = {"Basic",           "Basic",           "Standard",        "HighPerformance",
	                                   "HighPerformance", "HighPerformance", "UltraPerformance"};
	guint profile;

	if (!xml_get_choice(r->m->x, e, "profile", profiles, 0, &profile, error))
		return FALSE;
	*sku = dedicated && profile < 2 ? "Standard" : skus[profile]; /* circuits ask for at least this one */
	return TRUE;
}

static gboolean add_gateway(const struct reading *r, const element *e, const char *network, const char *name,
                            gboolean dedicated, GError **error)
{
	const element *pool = xml_first(e, "VPNClientAddressPool");
	struct node *p, *sku;
	const char *sku_name;

	if (!gateway_sku(r, e, dedicated, &sku_name, error))
		return FALSE;
	p = emit_object(e);
	sku = emit_object(e);
	node_set(sku, "name", emit_text(e, sku_name));
	node_set(sku, "tier", emit_text(e, sku_name));
	node_set(p, "gatewayType", emit_text(e, dedicated ? "ExpressRoute" : "Vpn"));
	node_set(p, "vpnType", emit_text(e, "RouteBased"));
	node_set(p, "sku", sku);
	node_set(p, "ipConfigurations", gateway_configuration(r, e, network, name));
	if (!dedicated && xml_first(pool, "AddressPrefix")) {
		struct node *clients = emit_object(pool);

		node_set(clients, "vpnClientAddressPool", prefixes(pool, pool));
		node_set(p, "vpnClientConfiguration", clients);
	}
	emit_document(r->m, e, GATEWAY, name, NULL, p);
	return TRUE;
}

static void add_connection(const struct reading *r, const element *ref, const char *gateway, const char *site,
                           gboolean dedicated)
{
	g_autofree char *name = g_strdup_printf("%s-%s", gateway, site);
	struct node *p = emit_object(ref);

	node_set(p, "connectionType", emit_text(ref, dedicated ? "ExpressRoute" : "IPsec"));
	node_set(p, "virtualNetworkGateway1", emit_reference(r->m, ref, GATEWAY, gateway));
	if (dedicated)
		node_set(p, "peer", emit_reference(r->m, ref, NETWORK "expressRouteCircuits", site));
	else
		node_set(p, "localNetworkGateway2", emit_reference(r->m, ref, LOCAL, site));
	emit_document(r->m, ref, NETWORK "connections", name, NULL, p);
}

struct gateways {
	const char *names[2]; /* VPN, dedicated */
	gboolean wanted[2];
};

/* A reference without a connection is IPsec; one may have both kinds. */
static gboolean read_reference(const struct reading *r, const element *ref, struct gateways *g, GError **error)
{
	static const char *const kinds[] = {"IPsec", "Dedicated", NULL};
	const element *site, *connection = xml_first(ref, "Connection");
	g_autofree char *resource = NULL;
	guint kind = 0;

	if (!refer(r, ref, r->local_sites, "LocalNetworkSite", &site, error))
		return FALSE;
	resource = emit_name(xml_attribute(ref, "name"));
	do {
		if (connection && !xml_get_choice(r->m->x, connection, "type", kinds, XML_REQUIRED, &kind, error))
			return FALSE;
		add_connection(r, connection ? connection : ref, g->names[kind], resource, kind == 1);
		g->wanted[kind] = TRUE;
		connection = connection ? xml_next(connection, "Connection") : NULL;
	} while (connection);
	return TRUE;
}

static gboolean read_gateway(const struct reading *r, const element *e, const char *network, GError **error)
{
	const element *first = xml_find(e, "ConnectionsToLocalNetwork/LocalNetworkSiteRef");
	g_autofree char *vpn = g_strdup_printf("%s-gateway", network);
	g_autofree char *circuit = g_strdup_printf("%s-dedicated", network);
	struct gateways g = {{vpn, circuit}, {!first || xml_find(e, "VPNClientAddressPool/AddressPrefix"), FALSE}};

	for (const element *ref = first; ref; ref = xml_next(ref, "LocalNetworkSiteRef"))
		if (!read_reference(r, ref, &g, error))
			return FALSE;
	return (!g.wanted[0] || add_gateway(r, e, network, vpn, FALSE, error)) &&
	       (!g.wanted[1] || add_gateway(r, e, network, circuit, TRUE, error));
}

static gboolean read_site(const struct reading *r, const element *e, GError **error)
{
	const element *gateway = xml_first(e, "Gateway");
	g_autofree char *resource = NULL;
	struct node *p;
	const char *name;

	if (!xml_get_text(r->m->x, e, "name", TRUE, &name, error))
		return FALSE;
	resource = emit_name(name);
	p = emit_object(e);
	node_set(p, "addressSpace", prefixes(xml_first(e, "AddressSpace"), e));
	if (!add_subnets(r, e, p, error) || !add_dns(r, e, p, error)) {
		node_unref(p);
		return FALSE;
	}
	emit_document(r->m, e, VNET, resource, NULL, p);
	return !gateway || read_gateway(r, gateway, resource, error);
}

/* A part of the whole is held against the table as if it stood in its place. */
static gboolean check(const struct xml *x, GPtrArray *notes, GError **error)
{
	const element *root = xml_root(x);

	return xml_check(x, known,
	                 xml_is(root, "VirtualNetworkConfiguration") ? "VirtualNetworkConfiguration"
	                 : xml_is(root, "VirtualNetworkSite")        ? SITES
	                                                             : "",
	                 NULL, notes, error);
}

/* The original has 100 of a subscription. */
static gboolean check_sites(const struct xml *x, const element *sites, GError **error)
{
	guint count = 0;

	for (const element *e = xml_first(sites, "VirtualNetworkSite"); e; e = xml_next(e, "VirtualNetworkSite"))
		if (++count > SITES_MAX)
			return xml_fail(x, e, error, "it is one site more than the %u of a file; split it", SITES_MAX);
	return xml_check_names(x, sites, "VirtualNetworkSite", error);
}

static gboolean read_all(struct reading *r, GError **error)
{
	const struct xml *x = r->m->x;
	const element *servers = xml_find(r->configuration, "Dns/DnsServers");
	const element *local = xml_first(r->configuration, "LocalNetworkSites");
	const element *sites = xml_first(r->configuration, "VirtualNetworkSites");

	if (!xml_check_names(x, servers, "DnsServer", error) || !xml_check_names(x, local, "LocalNetworkSite", error) ||
	    !check_sites(x, sites, error))
		return FALSE;
	r->servers = index_names(servers, "DnsServer");
	r->local_sites = index_names(local, "LocalNetworkSite");
	for (const element *e = xml_first(local, "LocalNetworkSite"); e; e = xml_next(e, "LocalNetworkSite"))
		read_local_site(r, e);
	for (const element *e = xml_first(sites, "VirtualNetworkSite"); e; e = xml_next(e, "VirtualNetworkSite"))
		if (!read_site(r, e, error))
			return FALSE;
	return TRUE;
}

gboolean netcfg_read(struct emit *m, GPtrArray *notes, GError **error)
{
	const element *root = xml_root(m->x);
	struct reading r = {.m = m, .notes = notes};
	gboolean good;

	if (!check(m->x, notes, error))
		return FALSE;
	r.configuration = xml_is(root, "NetworkConfiguration")          ? xml_first(root, "VirtualNetworkConfiguration")
	                  : xml_is(root, "VirtualNetworkConfiguration") ? root
	                                                                : NULL;
	if (xml_is(root, "NetworkConfiguration") && !r.configuration)
		return xml_fail(m->x, root, error, "it holds no VirtualNetworkConfiguration; add one");
	good = xml_is(root, "VirtualNetworkSite") ? read_site(&r, root, error) : read_all(&r, error);
	g_clear_pointer(&r.servers, g_hash_table_unref);
	g_clear_pointer(&r.local_sites, g_hash_table_unref);
	return good;
}
