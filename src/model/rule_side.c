/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a security rule: which addresses and ports.
 *
 * The singular and the plural property of a pair exclude each other, since two readers could take the pair for the
 * union or for either one. An address that cannot be read is an error and never nothing: a deny rule with less in it is
 * a hole.
 */
#include "model/build.h"

#include <string.h>

#define PLATFORM_ADDRESS "168.63.129.16"

void rule_side_init(struct rule_side *side)
{
	side->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	side->tags = g_array_new(FALSE, FALSE, sizeof(enum tag));
	side->tag_names = g_ptr_array_new_with_free_func(g_free);
	side->groups = g_ptr_array_new();
	side->ports = g_array_new(FALSE, FALSE, sizeof(struct port_range));
}

void rule_side_clear(struct rule_side *side)
{
	g_array_unref(side->prefixes);
	g_array_unref(side->tags);
	g_ptr_array_unref(side->tag_names);
	g_ptr_array_unref(side->groups);
	g_array_unref(side->ports);
}

/* Service tags by the part before the first '.', which is followed by a region or a feature. */
static const char *const service_tags[] = {"ActionGroup",
                                           "ApiManagement",
                                           "ApplicationInsightsAvailability",
                                           "AppConfiguration",
                                           "AppService",
                                           "AppServiceManagement",
                                           "AutonomousDevelopmentPlatform",
                                           "AzureActiveDirectory",
                                           "AzureActiveDirectoryDomainServices",
                                           "AzureAdvancedThreatProtection",
                                           "AzureAPIForFHIR",
                                           "AzureArcInfrastructure",
                                           "AzureAttestation",
                                           "AzureBackup",
                                           "AzureBotService",
                                           "AzureCloud",
                                           "AzureCognitiveSearch",
                                           "AzureConnectors",
                                           "AzureContainerAppsService",
                                           "AzureContainerRegistry",
                                           "AzureCosmosDB",
                                           "AzureDatabricks",
                                           "AzureDataExplorerManagement",
                                           "AzureDataLake",
                                           "AzureDeviceUpdate",
                                           "AzureDevOps",
                                           "AzureDevSpaces",
                                           "AzureDigitalTwins",
                                           "AzureEventGrid",
                                           "AzureEventHub",
                                           "AzureFrontDoor",
                                           "AzureHealthcareAPIs",
                                           "AzureInformationProtection",
                                           "AzureIoTHub",
                                           "AzureKeyVault",
                                           "AzureLoadTestingInstanceManagement",
                                           "AzureMachineLearning",
                                           "AzureMachineLearningInference",
                                           "AzureManagedGrafana",
                                           "AzureMonitor",
                                           "AzureOpenDatasets",
                                           "AzurePlatformDNS",
                                           "AzurePlatformIMDS",
                                           "AzurePlatformLKM",
                                           "AzureResourceManager",
                                           "AzureSentinel",
                                           "AzureSignalR",
                                           "AzureSiteRecovery",
                                           "AzureSphere",
                                           "AzureSpringCloud",
                                           "AzureStack",
                                           "AzureTrafficManager",
                                           "AzureUpdateDelivery",
                                           "AzureVideoAnalyzerForMedia",
                                           "AzureWebPubSub",
                                           "BatchNodeManagement",
                                           "ChaosStudio",
                                           "CognitiveServicesFrontend",
                                           "CognitiveServicesManagement",
                                           "DataFactory",
                                           "DataFactoryManagement",
                                           "Dynamics365BusinessCentral",
                                           "Dynamics365ForMarketingEmail",
                                           "EOPExternalPublishedIPs",
                                           "EventHub",
                                           "GatewayManager",
                                           "GenevaActions",
                                           "GuestAndHybridManagement",
                                           "HDInsight",
                                           "KustoAnalytics",
                                           "LogicApps",
                                           "LogicAppsManagement",
                                           "M365ManagementActivityApi",
                                           "Marketplace",
                                           "MicrosoftAzureFluidRelay",
                                           "MicrosoftCloudAppSecurity",
                                           "MicrosoftContainerRegistry",
                                           "MicrosoftDefenderForEndpoint",
                                           "MicrosoftPurviewPolicyDistribution",
                                           "OneDsCollector",
                                           "PowerBI",
                                           "PowerPlatformInfra",
                                           "PowerPlatformPlex",
                                           "PowerQueryOnline",
                                           "SCCservice",
                                           "Scuba",
                                           "SecurityCopilot",
                                           "SerialConsole",
                                           "ServiceBus",
                                           "ServiceFabric",
                                           "Sql",
                                           "SqlManagement",
                                           "Storage",
                                           "StorageSyncService",
                                           "StorageMover",
                                           "TrafficManager",
                                           "VideoIndexer",
                                           "WindowsAdminCenter",
                                           "WindowsVirtualDesktop",
                                           "AzureAutomation",
                                           "AzureCosmosDb",
                                           "AzureDevTestLabs",
                                           "AzureMediaServices",
                                           "ServiceEndpoint",
                                           NULL};

static const struct {
	const char *name;
	enum tag tag;
} fixed_tags[] = {
        {"*", TAG_ANY},
        {"Any", TAG_ANY},
        {"Internet", TAG_INTERNET},
        {"VirtualNetwork", TAG_VIRTUAL_NETWORK},
        {"VIRTUAL_NETWORK", TAG_VIRTUAL_NETWORK},
        {"AzureLoadBalancer", TAG_LOAD_BALANCER},
        {"AZURE_LOADBALANCER", TAG_LOAD_BALANCER},
        {PLATFORM_ADDRESS, TAG_LOAD_BALANCER},
        {PLATFORM_ADDRESS "/32", TAG_LOAD_BALANCER},
};

static enum tag find_tag(const char *text)
{
	gsize base = strcspn(text, ".");

	for (gsize i = 0; i < G_N_ELEMENTS(fixed_tags); i++)
		if (g_ascii_strcasecmp(text, fixed_tags[i].name) == 0)
			return fixed_tags[i].tag;
	for (gsize i = 0; service_tags[i]; i++)
		if (strlen(service_tags[i]) == base && g_ascii_strncasecmp(text, service_tags[i], base) == 0)
			return TAG_OTHER;
	return TAG_NONE;
}

/* One address, prefix or tag. Returns TRUE when it is IPv6: then nothing was added. */
static gboolean read_match(struct rule_side *side, const struct spot *s, const char *dotted)
{
	const char *text = read_text(s, dotted, TRUE);
	enum tag tag;
	struct prefix p;

	if (!text)
		return FALSE;
	if (ip_is_v6(text))
		return TRUE;
	tag = find_tag(text);
	if (tag != TAG_NONE) {
		g_array_append_val(side->tags, tag);
		g_ptr_array_add(side->tag_names, g_strdup(text));
	} else if (prefix_parse(text, &p)) {
		g_array_append_val(side->prefixes, p);
	} else {
		spot_error(s, dotted, "'%.60s' is neither an address, a prefix nor a known service tag; correct it",
		           text);
	}
	return FALSE;
}

/* TRUE when the single value is there; "" is how an absent one is reported by the platform. */
static gboolean has_single(const struct spot *s, const char *dotted)
{
	const struct node *n = spot_get(s, dotted);

	return n && !(n->type == NODE_STRING && !*n->string);
}

static gboolean refuse_both(const struct spot *s, const char *single, const char *list)
{
	if (!has_single(s, single) || node_length(spot_get(s, list)) == 0)
		return FALSE;
	spot_error(s, single, "there is a list in %s as well; keep one of the two properties", list);
	return TRUE;
}

static void read_addresses(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	guint count = spot_length(s, names->addresses);
	guint groups = spot_length(s, names->groups);
	guint v6 = 0, v4;

	if (refuse_both(s, names->address, names->addresses))
		return;
	if (has_single(s, names->address))
		v6 += read_match(side, s, names->address) ? 1 : 0;
	else if (count == 0 && groups == 0)
		spot_error(s, names->address, "the rule names no %s; write \"*\" for any", names->side);
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, names->addresses, i);

		v6 += read_match(side, &item, "") ? 1 : 0;
	}
	v4 = side->prefixes->len + side->tags->len + groups;
	side->v6_only = v6 > 0 && v4 == 0;
}

static gboolean parse_port(const char *text, gsize length, guint16 *port)
{
	guint64 value;
	g_autofree char *part = g_strndup(text, length);

	if (!g_ascii_isdigit(*part) || !g_ascii_string_to_unsigned(part, 10, 0, 65535, &value, NULL))
		return FALSE;
	*port = (guint16)value;
	return TRUE;
}

/* "*", "80", "8000-8080", or a number. */
static void read_port(struct rule_side *side, const struct spot *s, const char *dotted)
{
	const struct node *n = spot_get(s, dotted);
	g_autofree char *number = n && n->type == NODE_INT ? node_print(n, FALSE) : NULL;
	const char *text = number ? number : read_text(s, dotted, TRUE);
	struct port_range range = {0, 65535};
	const char *dash;

	if (!text)
		return;
	dash = strchr(text, '-');
	if (strcmp(text, "*") == 0) {
		g_array_append_val(side->ports, range);
		return;
	}
	if (!parse_port(text, dash ? (gsize)(dash - text) : strlen(text), &range.first) ||
	    !parse_port(dash ? dash + 1 : text, strlen(dash ? dash + 1 : text), &range.last)) {
		spot_error(s, dotted,
		           "'%.60s' is not a port or a range of ports from 0 to 65535; "
		           "write one like 80, 8000-8080 or *",
		           text);
		return;
	}
	if (range.first > range.last) {
		spot_error(s, dotted, "the range %s ends before it begins; write %u-%u", text, range.last, range.first);
		return;
	}
	g_array_append_val(side->ports, range);
}

static void read_ports(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	guint count = spot_length(s, names->ports);
	struct port_range any = {0, 65535};

	if (!refuse_both(s, names->port, names->ports)) {
		if (has_single(s, names->port))
			read_port(side, s, names->port);
		else if (count == 0)
			spot_error(s, names->port, "the rule names no %s port; write \"*\" for any", names->side);
		for (guint i = 0; i < count; i++) {
			struct spot item = spot_item(s, names->ports, i);

			read_port(side, &item, "");
		}
	}
	/* Never empty, not even after an error. */
	if (side->ports->len == 0)
		g_array_append_val(side->ports, any);
}

void rule_side_read(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	read_addresses(side, s, names);
	read_ports(side, s, names);
}

void rule_side_link(struct rule_side *side, const struct spot *s, const struct side_names *names)
{
	const struct node *list = spot_get(s, names->groups);

	/* Its being no list was said when the side was read. */
	for (guint i = 0; list && list->type == NODE_ARRAY && i < node_length(list); i++) {
		struct spot item = spot_item(s, names->groups, i);
		struct app_group *g = follow(&item, "", &kind_app_group, TRUE);

		if (g && !g_ptr_array_find(side->groups, g, NULL))
			g_ptr_array_add(side->groups, g);
	}
}
