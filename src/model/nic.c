/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces. What they hold: ip_config.c.
 *
 * All configurations of a NIC are in one subnet, since a port has one policy; the original wants the same.
 */
#include "model/network.h"

#include <string.h>

#define MAX_CONFIGS 256

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
        {CONFIG "privateIPAddressPrefixLength", NOT_MODELLED, "blocks of private addresses are not modelled"},
        {CONFIG "provisioningState", IRRELEVANT},
        {CONFIG "privateLinkConnectionProperties", IRRELEVANT}, /* a report */
        {CONFIG "publicIPAddress.id", ENFORCED},
        {CONFIG "publicIPAddress.properties.deleteOption", IRRELEVANT},
        {CONFIG "loadBalancerBackendAddressPools", ENFORCED},
        {CONFIG "loadBalancerInboundNatRules", ENFORCED},
        {CONFIG "applicationSecurityGroups", ENFORCED},
        {CONFIG "gatewayLoadBalancer", RECORDED, "gateway load balancers have no data plane yet"},
        {CONFIG "applicationGatewayBackendAddressPools", NOT_MODELLED, "application gateways are not modelled"},
        {CONFIG "networkSecurityGroup", NOT_MODELLED,
         "a group here has no effect, also in the original: it belongs on the interface or the subnet"},
        {CONFIG "virtualNetworkTaps", NOT_MODELLED, "TAPs are not modelled"},
        {"properties.networkSecurityGroup", ENFORCED},
        {"properties.enableIPForwarding", ENFORCED},
        {"properties.dnsSettings.dnsServers", RECORDED, "names have no data plane yet: machines get no resolver"},
        {"properties.dnsSettings.internalDnsNameLabel", RECORDED, "names have no data plane yet"},
        {"properties.dnsSettings.appliedDnsServers", IRRELEVANT}, /* reports, as are the next */
        {"properties.dnsSettings.internalFqdn", IRRELEVANT},
        {"properties.dnsSettings.internalDomainNameSuffix", IRRELEVANT},
        {"properties.enableAcceleratedNetworking", IRRELEVANT},
        {"properties.disableTcpStateTracking", NOT_MODELLED, "flows are tracked all the same"},
        {"properties.auxiliaryMode", IRRELEVANT}, /* hardware, as is the next */
        {"properties.auxiliarySku", IRRELEVANT},
        {"properties.primary", IRRELEVANT}, /* reports, as are the next */
        {"properties.virtualMachine", IRRELEVANT},
        {"properties.macAddress", IRRELEVANT},
        {"properties.nicType", IRRELEVANT},
        {"properties.workloadType", IRRELEVANT},
        {"properties.hostedWorkloads", IRRELEVANT},
        {"properties.migrationPhase", IRRELEVANT},
        {"properties.privateEndpoint", IRRELEVANT},
        {"properties.interfaceEndpoint", IRRELEVANT},
        {"properties.vnetEncryptionSupported", IRRELEVANT},
        {"properties.defaultOutboundConnectivityEnabled", IRRELEVANT},
        {"properties.privateLinkService", NOT_MODELLED, WHY_ENDPOINTS},
        {"properties.dscpConfiguration", IRRELEVANT},
        {"properties.tapConfigurations", NOT_MODELLED, "TAPs are not modelled"},
        {NULL},
};

void nic_free(struct nic *n)
{
	noun_clear(&n->noun);
	g_ptr_array_unref(n->configs);
	g_ptr_array_unref(n->configs6);
	g_ptr_array_unref(n->dns_servers);
	g_free(n->dns_label);
	g_free(n);
}

/* The configuration that says so, or the first as written. An IPv6 one never is. */
static void choose_primary(struct nic *n, const struct spot *s)
{
	struct ip_config *primary = NULL;

	for (guint i = 0; i < n->configs6->len; i++) {
		struct ip_config *c = n->configs6->pdata[i];
		struct spot at = noun_spot(s->build, &c->noun);

		if (c->primary)
			spot_error(&at, "properties.primary",
			           "an IPv6 configuration cannot be the primary one; make an IPv4 one primary");
	}
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

static void read_configs(struct nic *n, const struct spot *s)
{
	static const char list[] = "properties.ipConfigurations";
	guint count = spot_length(s, list);

	if (count > MAX_CONFIGS) {
		spot_error(s, list, "%u configurations are more than the %u that an interface may have; use several",
		           count, MAX_CONFIGS);
		return;
	}
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		g_autofree char *id = nested_id_in(n->noun.id, &item, "ipConfigurations");

		if (id)
			ip_config_add(n, &item, id);
	}
	if (n->configs->len > 0)
		choose_primary(n, s);
	else if (count == 0)
		spot_error(s, list, "the interface has no configuration; add one with a subnet");
	else
		spot_error(s, list, "the interface has no usable IPv4 configuration; add one");
}

static gboolean is_host_name(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!g_ascii_isalnum(*c) && *c != '-')
			return FALSE;
	return g_ascii_isalnum(text[0]) && text[strlen(text) - 1] != '-';
}

/* "AzureProvidedDNS" alone means the platform's, whatever the network has. */
static void read_names_of(struct nic *n, const struct spot *s)
{
	static const char servers[] = "properties.dnsSettings.dnsServers";
	static const char label[] = "properties.dnsSettings.internalDnsNameLabel";
	const struct node *list = spot_get(s, servers);
	const char *text = read_text(s, label, FALSE);

	if (node_length(list) == 1 && g_ascii_strcasecmp(node_str(node_item(list, 0), ""), NIC_PLATFORM_DNS) == 0)
		g_ptr_array_add(n->dns_servers, g_strdup(NIC_PLATFORM_DNS));
	else
		read_servers(s, servers, n->dns_servers);
	if (!text || !*text)
		return;
	if (strlen(text) > 63 || !is_host_name(text))
		spot_error(s, label, "'%.100s' cannot be a host name; use up to 63 letters, digits and '-'", text);
	else
		n->dns_label = g_strdup(text);
}

struct nic *nic_new(const struct spot *s, const char *id, gboolean inside)
{
	static const char *const modes[] = {"None", "MaxConnections", "Floating", "AcceleratedConnections", NULL};
	struct nic *n = g_new0(struct nic, 1);

	n->inside = inside;
	n->configs = g_ptr_array_new_with_free_func((GDestroyNotify)ip_config_free);
	n->configs6 = g_ptr_array_new_with_free_func((GDestroyNotify)ip_config_free);
	g_ptr_array_add(s->build->graph->nics, n);
	noun_declare(&n->noun, s, id);
	noun_check_name(&n->noun, s, 80);
	n->dns_servers = g_ptr_array_new_with_free_func(g_free);
	read_names_of(n, s);
	read_choice(s, "properties.auxiliaryMode", modes, 0);
	n->ip_forwarding = read_flag(s, "properties.enableIPForwarding", FALSE);
	read_configs(n, s);
	g_ptr_array_sort(n->configs, compare_configs);
	g_ptr_array_sort(n->configs6, noun_compare);
	return n;
}

void nic_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);

	nic_new(&s, d->id, FALSE);
}

void nic_link(struct build *b, struct nic *n)
{
	struct spot s = noun_spot(b, &n->noun);

	n->group = follow(&s, "properties.networkSecurityGroup", &kind_security_group, FALSE);
	for (guint i = 0; i < n->configs->len; i++)
		ip_config_link(b, n->configs->pdata[i]);
	for (guint i = 0; i < n->configs6->len; i++)
		ip_config_link(b, n->configs6->pdata[i]);
}
