/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/netcfg/netcfg.h"

#include <string.h>

#define NETWORK "Microsoft.Network/"
#define VNET    NETWORK "virtualNetworks"
#define GATEWAY NETWORK "virtualNetworkGateways"
#define LOCAL   NETWORK "localNetworkGateways"

#define SITES "VirtualNetworkConfiguration/VirtualNetworkSites/VirtualNetworkSite"
static const struct xml_known known[] = {
        {"VirtualNetworkConfiguration", XML_READ},
        {"VirtualNetworkConfiguration/Dns", XML_READ},
        {"VirtualNetworkConfiguration/Dns/DnsServers", XML_READ},
        {"VirtualNetworkConfiguration/Dns/DnsServers/DnsServer", XML_READ},
        {"VirtualNetworkConfiguration/Dns/DnsServers/DnsServer@name", XML_READ},
        {"VirtualNetworkConfiguration/Dns/DnsServers/DnsServer@IPAddress", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite@name", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite/VPNGatewayAddress", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite/AddressSpace", XML_READ},
        {"VirtualNetworkConfiguration/LocalNetworkSites/LocalNetworkSite/AddressSpace/AddressPrefix", XML_READ},
        {"VirtualNetworkConfiguration/VirtualNetworkSites", XML_READ},
        {SITES, XML_READ},
        {SITES "@name", XML_READ},
        {SITES "@Location", XML_IRRELEVANT},
        {SITES "@AffinityGroup", XML_IRRELEVANT},
        {SITES "@Id", XML_IRRELEVANT},
        {SITES "/Label", XML_IRRELEVANT},
        {SITES "/AddressSpace", XML_READ},
        {SITES "/AddressSpace/AddressPrefix", XML_READ},
        {SITES "/Subnets", XML_READ},
        {SITES "/Subnets/Subnet", XML_READ},
        {SITES "/Subnets/Subnet@name", XML_READ},
        {SITES "/Subnets/Subnet/AddressPrefix", XML_READ},
        {SITES "/DnsServersRef", XML_READ},
        {SITES "/DnsServersRef/DnsServerRef", XML_READ},
        {SITES "/DnsServersRef/DnsServerRef@name", XML_READ},
        {SITES "/Gateway", XML_READ},
        {SITES "/Gateway@profile", XML_READ},
        {SITES "/Gateway/VPNClientAddressPool", XML_READ},
        {SITES "/Gateway/VPNClientAddressPool/AddressPrefix", XML_READ},
        {SITES "/Gateway/ConnectionsToLocalNetwork", XML_READ},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef", XML_READ},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef@name", XML_READ},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef/Connection", XML_READ},
        {SITES "/Gateway/ConnectionsToLocalNetwork/LocalNetworkSiteRef/Connection@type", XML_READ},
        {NULL},
};

struct reading {
	struct emit *m;
	const element *configuration; /* NULL: a site alone */
};

gboolean netcfg_is(const struct xml *x)
{
	const element *root = xml_root(x);

	return xml_is(root, "NetworkConfiguration") || xml_is(root, "VirtualNetworkConfiguration") ||
	       xml_is(root, "VirtualNetworkSite");
}

/* The child of `list` with that name attribute. */
static const element *named(const element *list, const char *child, const char *name)
{
	for (const element *e = xml_first(list, child); e; e = xml_next(e, child)) {
		const char *other = xml_attribute(e, "name");

		if (other && g_ascii_strcasecmp(other, name) == 0)
			return e;
	}
	return NULL;
}

/* The attribute "name" of `e`, which no earlier sibling may have. */
static gboolean own_name(const struct reading *r, const element *e, const char **name, GError **error)
{
	const element *first;

	if (!xml_get_text(r->m->x, e, "name", TRUE, name, error))
		return FALSE;
	first = named(e->parent, xml_name(e), *name);
	if (first && first != e)
		return xml_fail(r->m->x, e, error, "the name stands in line %u already; choose another",
		                xml_line(first));
	return TRUE;
}

/* The element that `e` refers to by its name. */
static gboolean refer(const struct reading *r, const element *e, const char *where, const char *child,
                      const element **found, GError **error)
{
	const char *name;

	if (!xml_get_text(r->m->x, e, "name", TRUE, &name, error))
		return FALSE;
	*found = named(xml_find(r->configuration, where), child, name);
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

static gboolean read_local_site(const struct reading *r, const element *e, GError **error)
{
	const element *address = xml_first(e, "VPNGatewayAddress");
	g_autofree char *text = address ? xml_text(address) : NULL;
	g_autofree char *resource = NULL;
	struct node *p;
	const char *name;

	if (!own_name(r, e, &name, error))
		return FALSE;
	resource = emit_name(name);
	p = emit_object(e);
	node_set(p, "localNetworkAddressSpace", prefixes(xml_first(e, "AddressSpace"), e));
	if (text && *text)
		node_set(p, "gatewayIpAddress", emit_text(address, text));
	emit_document(r->m, e, LOCAL, resource, NULL, p);
	return TRUE;
}

static gboolean add_subnets(const struct reading *r, const element *site, struct node *properties, GError **error)
{
	struct node *list = emit_list(site);

	node_set(properties, "subnets", list);
	for (const element *e = xml_find(site, "Subnets/Subnet"); e; e = xml_next(e, "Subnet")) {
		const element *prefix = xml_first(e, "AddressPrefix");
		g_autofree char *text = prefix ? xml_text(prefix) : NULL;
		g_autofree char *resource = NULL;
		struct node *p;
		const char *name;

		if (!own_name(r, e, &name, error))
			return FALSE;
		if (!prefix)
			return xml_fail(r->m->x, e, error, "the subnet has no AddressPrefix; add one");
		resource = emit_name(name);
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

		if (!refer(r, e, "Dns/DnsServers", "DnsServer", &server, error))
			return FALSE;
		if (!server)
			continue;
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

static gboolean connection_kind(const struct reading *r, const element *ref, gboolean *dedicated, GError **error)
{
	static const char *const kinds[] = {"IPsec", "Dedicated", NULL};
	const element *connection = xml_first(ref, "Connection");
	guint kind = 0;

	if (connection && !xml_get_choice(r->m->x, connection, "type", kinds, 0, &kind, error))
		return FALSE;
	*dedicated = kind == 1;
	return TRUE;
}

static gboolean read_gateway(const struct reading *r, const element *e, const char *network, GError **error)
{
	const element *first = xml_find(e, "ConnectionsToLocalNetwork/LocalNetworkSiteRef");
	g_autofree char *vpn = g_strdup_printf("%s-gateway", network);
	g_autofree char *circuit = g_strdup_printf("%s-dedicated", network);
	const char *const names[2] = {vpn, circuit};
	gboolean wanted[2] = {!first || xml_find(e, "VPNClientAddressPool/AddressPrefix"), FALSE}, dedicated;

	for (const element *ref = first; ref; ref = xml_next(ref, "LocalNetworkSiteRef")) {
		const element *site;
		g_autofree char *resource = NULL;

		if (!refer(r, ref, "LocalNetworkSites", "LocalNetworkSite", &site, error) ||
		    !connection_kind(r, ref, &dedicated, error))
			return FALSE;
		resource = emit_name(xml_attribute(ref, "name"));
		add_connection(r, ref, names[dedicated], resource, dedicated);
		wanted[dedicated] = TRUE;
	}
	for (int i = 0; i < 2; i++)
		if (wanted[i] && !add_gateway(r, e, network, names[i], i, error))
			return FALSE;
	return TRUE;
}

static gboolean read_site(const struct reading *r, const element *e, GError **error)
{
	const element *gateway = xml_first(e, "Gateway");
	g_autofree char *resource = NULL;
	struct node *p;
	const char *name;

	if (!own_name(r, e, &name, error))
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
static void list_unknown(const struct reading *r, GPtrArray *notes)
{
	const element *root = xml_root(r->m->x);

	xml_list_unknown(r->m->x, known,
	                 xml_is(root, "VirtualNetworkConfiguration") ? "VirtualNetworkConfiguration"
	                 : xml_is(root, "VirtualNetworkSite")        ? SITES
	                                                             : "",
	                 NULL, notes);
}

gboolean netcfg_read(struct emit *m, GPtrArray *notes, GError **error)
{
	const element *root = xml_root(m->x);
	struct reading r = {m, NULL};
	const element *e;

	list_unknown(&r, notes);
	if (xml_is(root, "VirtualNetworkSite"))
		return read_site(&r, root, error);
	r.configuration = xml_is(root, "NetworkConfiguration") ? xml_first(root, "VirtualNetworkConfiguration") : root;
	if (!r.configuration)
		return xml_fail(m->x, root, error, "it holds no VirtualNetworkConfiguration; add one");
	for (e = xml_find(r.configuration, "LocalNetworkSites/LocalNetworkSite"); e;
	     e = xml_next(e, "LocalNetworkSite"))
		if (!read_local_site(&r, e, error))
			return FALSE;
	for (e = xml_find(r.configuration, "VirtualNetworkSites/VirtualNetworkSite"); e;
	     e = xml_next(e, "VirtualNetworkSite"))
		if (!read_site(&r, e, error))
			return FALSE;
	return TRUE;
}
