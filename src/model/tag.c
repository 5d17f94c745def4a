/* SPDX-License-Identifier: Apache-2.0 */
/* Service tags: which names are some, whatever addresses they stand for. */
#include "model/build.h"

#include <string.h>

#define PLATFORM_ADDRESS "168.63.129.16"

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

enum tag tag_find(const char *text)
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
