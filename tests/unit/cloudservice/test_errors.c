/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition or a configuration cannot say, line for line; and what is noted. */
#include "kit.h"

#include <string.h>

#define SERVICE(rest)   "<ServiceDefinition name='shop'>" rest "</ServiceDefinition>"
#define ENDPOINTS(rest) SERVICE("<WebRole name='web'>\n<Endpoints>" rest "</Endpoints></WebRole>")
#define IN(rest)        ENDPOINTS("<InputEndpoint name='i' " rest "/>")
#define INTERNAL(rest)  ENDPOINTS("<InternalEndpoint name='i' " rest)
#define INSTANCE(rest)  ENDPOINTS("<InstanceInputEndpoint name='i' " rest "</InstanceInputEndpoint>")
#define RANGE(min, max) "<AllocatePublicPortFrom><FixedPortRange min='" min "' max='" max "'/></AllocatePublicPortFrom>"
#define PROBES(rest)                                                                                                   \
	SERVICE("<LoadBalancerProbes>\n<LoadBalancerProbe name='p' " rest                                              \
	        "/></LoadBalancerProbes><WebRole name='web'>"                                                          \
	        "<Endpoints><InputEndpoint name='i' protocol='tcp' port='80' loadBalancerProbe='p'/></Endpoints>"      \
	        "</WebRole>")
#define WEB                 "a.csdef:2: /ServiceDefinition[@name='shop']/WebRole[@name='web']/Endpoints/"
#define IN_AT               WEB "InputEndpoint[@name='i']: "
#define INT_AT              WEB "InternalEndpoint[@name='i']"
#define INS_AT              WEB "InstanceInputEndpoint[@name='i']"
#define PRO_AT              "a.csdef:2: /ServiceDefinition[@name='shop']/LoadBalancerProbes/LoadBalancerProbe[@name='p']: "
#define TOP                 "a.csdef:1: /ServiceDefinition[@name='shop']"
#define CONFIGURATION(rest) "<ServiceConfiguration serviceName='shop'>" rest "</ServiceConfiguration>"
#define CTOP                "a.cscfg:1: /ServiceConfiguration"

static const struct {
	const char *definition, *configuration, *line;
} faults[] = {
        /* the service and its roles */
        {"<ServiceDefinition/>", NULL, "a.csdef:1: /ServiceDefinition: the attribute name is missing; add it"},
        {SERVICE(""), NULL, TOP ": the service has no role; add a WebRole or WorkerRole"},
        {SERVICE("<WebRole/>"), NULL, TOP "/WebRole: the attribute name is missing; add it"},
        {SERVICE("<WebRole name='a'/><WorkerRole name='A'/>"), NULL,
         TOP "/WorkerRole[@name='A']: another role has this name; choose another"},
        {SERVICE("<WebRole name='a'><Endpoints/><Endpoints/></WebRole>"), NULL,
         TOP "/WebRole[@name='a']/Endpoints[2]: it stands in line 1 already; join the two"},
        {SERVICE("<WebRole name='a'><Imports><Import/></Imports></WebRole>"), NULL,
         TOP "/WebRole[@name='a']/Imports/Import: the attribute moduleName is missing; add it"},
        {SERVICE("<WebRole name='a'><Sites><Site name='s'><Bindings><Binding name='b' endpointName='e'/></Bindings>"
                 "</Site></Sites></WebRole>"),
         NULL,
         TOP "/WebRole[@name='a']/Sites/Site[@name='s']/Bindings/Binding[@name='b']: the role has no endpoint 'e'; add "
             "it, or correct the name"},
        {SERVICE("<WebRole name='a'><Sites><Site name='s'><Bindings><Binding name='b'/></Bindings></Site></Sites>"
                 "</WebRole>"),
         NULL,
         TOP "/WebRole[@name='a']/Sites/Site[@name='s']/Bindings/Binding[@name='b']: the attribute endpointName is "
             "missing; add it"},
        /* input endpoints */
        {ENDPOINTS("<InputEndpoint/>"), NULL, WEB "InputEndpoint: the attribute name is missing; add it"},
        {ENDPOINTS("<InputEndpoint name='i' protocol='tcp' port='1'/>\n<InternalEndpoint name='I'/>"), NULL,
         "a.csdef:3: /ServiceDefinition[@name='shop']/WebRole[@name='web']/Endpoints/InternalEndpoint[@name='I']: the "
         "name is taken by the endpoint of line 2; choose another"},
        {IN("port='80'"), NULL, IN_AT "the attribute protocol is missing; write one of http, https, tcp, udp, any"},
        {IN("port='80' protocol='icmp'"), NULL,
         IN_AT "protocol='icmp' is not known; write one of http, https, tcp, udp, any"},
        {IN("port='80' protocol='any'"), NULL,
         IN_AT "protocol='any' is for another kind of endpoint; choose tcp or udp"},
        {IN("protocol='tcp'"), NULL, IN_AT "the attribute port is missing; add it, from 1 to 65535"},
        {IN("protocol='tcp' port='0'"), NULL, IN_AT "port='0' is not a number from 1 to 65535; correct it"},
        {IN("protocol='tcp' port='65536'"), NULL, IN_AT "port='65536' is not a number from 1 to 65535; correct it"},
        {IN("protocol='tcp' port='*'"), NULL, IN_AT "port='*' is not a number from 1 to 65535; correct it"},
        {IN("protocol='tcp' port='80' localPort='x'"), NULL,
         IN_AT "localPort='x' is not a number from 1 to 65535; correct it"},
        {IN("protocol='https' port='443'"), NULL, IN_AT "an https endpoint needs a certificate; name one"},
        {IN("protocol='tcp' port='80' idleTimeoutInMinutes='31'"), NULL,
         IN_AT "idleTimeoutInMinutes='31' is not a number from 4 to 30; correct it"},
        {IN("protocol='tcp' port='80' loadBalancerDistribution='random'"), NULL,
         IN_AT "loadBalancerDistribution='random' is not known; write one of none, sourceIP, sourceIPProtocol"},
        {IN("protocol='tcp' port='80' loadBalancerProbe='p'"), NULL,
         IN_AT "no LoadBalancerProbe is called 'p'; add it"},
        {IN("protocol='tcp' port='80' Port='81'"), NULL, IN_AT "port and Port are the same attribute; keep one"},
        /* internal and instance endpoints */
        {INTERNAL("protocol='https' port='1'/>"), NULL,
         INT_AT ": protocol='https' is for another kind of endpoint; choose tcp or udp"},
        {INTERNAL("protocol='tcp' port='1'><FixedPort port='2'/></InternalEndpoint>"), NULL,
         INT_AT ": it has more than one of port, FixedPort and FixedPortRange; keep one"},
        {INTERNAL("protocol='tcp'><FixedPort port='2'/><FixedPortRange min='1' max='2'/></InternalEndpoint>"), NULL,
         INT_AT ": it has more than one of port, FixedPort and FixedPortRange; keep one"},
        {INTERNAL("protocol='tcp'><FixedPort port='2'/><FixedPort port='3'/></InternalEndpoint>"), NULL,
         INT_AT "/FixedPort[2]: it stands in line 2 already; join the two"},
        {INTERNAL("protocol='tcp'><FixedPortRange min='9' max='8'/></InternalEndpoint>"), NULL,
         INT_AT "/FixedPortRange: min 9 is above max 8; exchange them"},
        {INTERNAL("protocol='tcp'><FixedPortRange max='8'/></InternalEndpoint>"), NULL,
         INT_AT "/FixedPortRange: the attribute min is missing; add it, from 1 to 65535"},
        {INSTANCE("protocol='http' localPort='1'>" RANGE("1", "2")), NULL,
         INS_AT ": protocol='http' is for another kind of endpoint; choose tcp or udp"},
        {INSTANCE("protocol='tcp' localPort='1'>"), NULL,
         INS_AT ": it has no AllocatePublicPortFrom with a FixedPortRange; add min and max"},
        {INSTANCE("protocol='tcp' localPort='1'>" RANGE("1", "70000")), NULL,
         INS_AT "/AllocatePublicPortFrom/FixedPortRange: max='70000' is not a number from 1 to 65535; correct it"},
        /* ports of which two endpoints are in need, also of instances to come */
        {ENDPOINTS("<InputEndpoint name='a' protocol='tcp' port='80'/>\n<InputEndpoint name='b' protocol='http' "
                   "port='80' "
                   "localPort='81'/>"),
         NULL,
         "a.csdef:3: /ServiceDefinition[@name='shop']/WebRole[@name='web']/Endpoints/InputEndpoint[@name='b']: port 80 "
         "is "
         "taken by the endpoint of line 2; choose another"},
        {ENDPOINTS("<InputEndpoint name='a' protocol='tcp' port='19'/>\n<InstanceInputEndpoint name='b' protocol='tcp' "
                   "localPort='7'>" RANGE("10", "19") "</InstanceInputEndpoint>"),
         NULL,
         "a.csdef:3: /ServiceDefinition[@name='shop']/WebRole[@name='web']/Endpoints/InstanceInputEndpoint[@name='b']: "
         "port 19 is taken by the endpoint of line 2; choose another"},
        /* probes */
        {PROBES(""), NULL, PRO_AT "the attribute protocol is missing; write one of http, tcp"},
        {PROBES("protocol='https'"), NULL, PRO_AT "protocol='https' is not known; write one of http, tcp"},
        {PROBES("protocol='http'"), NULL, PRO_AT "the attribute path is missing; add it"},
        {PROBES("protocol='tcp' path='/'"), NULL,
         PRO_AT "a path is for http probes; remove it, or make the protocol http"},
        {PROBES("protocol='tcp' port='0'"), NULL, PRO_AT "port='0' is not a number from 1 to 65535; correct it"},
        {PROBES("protocol='tcp' intervalInSeconds='4'"), NULL,
         PRO_AT "intervalInSeconds='4' is not a number from 5 to 65535; correct it"},
        {PROBES("protocol='tcp' timeoutInSeconds='1000000'"), NULL,
         PRO_AT "timeoutInSeconds='1000000' is not a number from 5 to 65535; correct it"},
        {PROBES("protocol='tcp' timeoutInSeconds='15'"), NULL,
         PRO_AT "timeoutInSeconds must be above intervalInSeconds, which is 15; raise it"},
        {PROBES("protocol='tcp'/><LoadBalancerProbe name='P' protocol='tcp'"), NULL,
         "a.csdef:2: /ServiceDefinition[@name='shop']/LoadBalancerProbes/LoadBalancerProbe[@name='P']: the name stands "
         "in line 2 already; choose another"},
        /* the configuration */
        {IN("protocol='tcp' port='80'"), CONFIGURATION("<Role/>"), CTOP "/Role: the attribute name is missing; add it"},
        {IN("protocol='tcp' port='80'"), CONFIGURATION("<Role name='web'/>"),
         CTOP "/Role[@name='web']: it has no Instances; add <Instances count=\"1\"/>"},
        {IN("protocol='tcp' port='80'"), CONFIGURATION("<Role name='web'><Instances/></Role>"),
         CTOP "/Role[@name='web']/Instances: the attribute count is missing; add it, from 0 to 1000"},
        {IN("protocol='tcp' port='80'"), CONFIGURATION("<Role name='web'><Instances count='1000000000'/></Role>"),
         CTOP "/Role[@name='web']/Instances: count='1000000000' is not a number from 0 to 1000; correct it"},
        {IN("protocol='tcp' port='80'"), CONFIGURATION("<Role name='web'><Instances count='-1'/></Role>"),
         CTOP "/Role[@name='web']/Instances: count='-1' is not a number from 0 to 1000; correct it"},
        {IN("protocol='tcp' port='80'"),
         CONFIGURATION(
                 "<Role name='web'><Instances count='1'/></Role>\n<Role name='Web'><Instances count='2'/></Role>"),
         "a.cscfg:2: /ServiceConfiguration/Role[@name='Web']: the role stands in line 1 already; keep one"},
        {SERVICE("<WebRole name='a'/><WebRole name='b'/>"),
         CONFIGURATION("<Role name='a'><Instances count='600'/></Role><Role name='b'><Instances count='401'/></Role>"),
         CTOP "/Role[@name='b']: with it the service has more than 1000 instances; have fewer, or split it"},
        {IN("protocol='tcp' port='80'"), CONFIGURATION("<NetworkConfiguration/><NetworkConfiguration/>"),
         CTOP "/NetworkConfiguration[2]: it stands in line 1 already; join the two"},
};

static void test_fault(gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);

	kit_refused(faults[i].definition, faults[i].configuration, faults[i].line);
}

/* ------------------------------------------------------------------ limits */

static char *repeat(const char *format, guint count)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < count; i++) {
		g_auto(GStrv) parts = g_strsplit(format, "#", -1);
		g_autofree char *number = g_strdup_printf("%u", i + 1);
		g_autofree char *one = g_strjoinv(number, parts);

		g_string_append(s, one);
	}
	return g_string_free(s, FALSE);
}

static void limited(const char *format, guint limit, const char *line)
{
	g_autofree char *fit = repeat(format, limit), *over = repeat(format, limit + 1);
	g_autofree char *first = g_strdup_printf(SERVICE("%s"), fit), *second = g_strdup_printf(SERVICE("%s"), over);
	g_autoptr(kit) k = kit_read(first, NULL);

	g_assert_cmpstr(k->error, ==, NULL);
	kit_refused(second, NULL, line);
}

static void test_limits(void)
{
	g_autofree char *inside = repeat("<InternalEndpoint name='e#'/>", 6);
	g_autofree char *six = g_strdup_printf(ENDPOINTS("%s"), inside);

	limited("<WebRole name='w#'/>", 25,
	        TOP "/WebRole[@name='w26']: it is one role more than the 25 of a service; split it");
	limited("<WebRole name='w#'><Endpoints><InputEndpoint name='a' protocol='tcp' port='#'/></Endpoints></WebRole>",
	        25, TOP "/WebRole[@name='w26']: it is one role more than the 25 of a service; split it");
	limited("<WebRole name='w#'><Endpoints><InputEndpoint name='a' protocol='tcp' port='#'/><InputEndpoint "
	        "name='b' "
	        "protocol='udp' port='#'/></Endpoints></WebRole>",
	        12, TOP ": 26 input endpoints are more than the 25 of a service; split it");
	limited("<WebRole name='w#'><Endpoints><InternalEndpoint name='a'/><InternalEndpoint "
	        "name='b'/><InternalEndpoint "
	        "name='c'/><InternalEndpoint name='d'/><InternalEndpoint name='e'/></Endpoints></WebRole>",
	        5, TOP ": 30 internal endpoints are more than the 25 of a service; split it");
	kit_refused(six, NULL,
	            TOP
	            "/WebRole[@name='web']: 6 internal endpoints are more than the 5 of a role; join some by a range");
}

/* ------------------------------------------------------------------ notes */

static void noted(const char *definition, const char *configuration, const char *want)
{
	g_autoptr(kit) k = kit_read(definition, configuration);
	g_autofree char *notes = kit_notes(k);

	g_assert_cmpstr(k->error, ==, NULL);
	g_assert_cmpstr(notes, ==, want);
}

#define ONE CONFIGURATION("<Role name='web'><Instances count='1'/></Role>")

static void test_notes(void)
{
	noted(SERVICE("<WebRole name='web'/>"), NULL,
	      TOP "/WebRole[@name='web']: no configuration says how many instances: one is taken");
	noted(SERVICE("<WebRole name='web'/>"), CONFIGURATION(""),
	      TOP "/WebRole[@name='web']: no configuration says how many instances: one is taken");
	noted(SERVICE("<WebRole name='web'/>"),
	      "<ServiceConfiguration serviceName='other'><Role name='web'><Instances count='1'/></Role><Role "
	      "name='gone'>"
	      "<Instances count='9'/></Role></ServiceConfiguration>",
	      CTOP ": it is for the service 'other', and is taken for 'shop'\n" CTOP
	           "/Role[@name='gone']: the definition has no such role; nothing is made of it");
	noted(SERVICE("<WebRole name='web' colour='red'><Endpoints><InputEndpoint name='i' protocol='https' port='443' "
	              "certificate='c' ignoreRoleInstanceStatus='true'/><OutputEndpoint/></Endpoints><Imports><Import "
	              "moduleName='WebDeploy'/><Import "
	              "moduleName='Diagnostics'/></Imports><ConfigurationSettings><Setting "
	              "name='a'/><Setting name='b'/></ConfigurationSettings></WebRole>"),
	      ONE,
	      TOP
	      "/WebRole[@name='web']: colour is not known; nothing is made of it\n" TOP
	      "/WebRole[@name='web']/Endpoints/InputEndpoint[@name='i']: ignoreRoleInstanceStatus is not modelled: a "
	      "role "
	      "has no status here: only probes take an instance out\n" TOP
	      "/WebRole[@name='web']/Endpoints/OutputEndpoint: this element is not known; nothing is made of it\n" TOP
	      "/WebRole[@name='web']/Imports/Import[1]: the module 'WebDeploy' is not modelled: endpoints that it "
	      "would "
	      "bring stay closed\n" TOP "/WebRole[@name='web']/Endpoints/InputEndpoint[@name='i']: the certificate 'c' "
	      "is not among the role's; the "
	      "port is forwarded all the same\n" TOP "/WebRole[@name='web']/ConfigurationSettings/Setting[@name='a']: "
	      "the configuration has no value for it, nor "
	      "for others of the role");
	noted(SERVICE("<WebRole name='web'/>"),
	      CONFIGURATION("<Role name='web' vmName='w'><Instances count='1'/><Certificates><Certificate name='c' "
	                    "thumbprint='12' thumbprintAlgorithm='sha1'/></Certificates></Role>"),
	      CTOP
	      "/Role[@name='web']: vmName is not modelled: instances keep the names ROLE_IN_0, ROLE_IN_1, ...\n" CTOP
	      "/Role[@name='web']/Certificates/Certificate[@name='c']: the thumbprint is not 40 hexadecimal digits");
}

/* What is about the file, and what an instance does inside, is no news. */
static void test_no_notes(void)
{
	noted("<ServiceDefinition name='shop' xmlns='http://schemas.microsoft.com/ServiceHosting/2008/10/"
	      "ServiceDefinition' schemaVersion='2015-04.2.6' upgradeDomainCount='3'><VirtualMachineRole name='web' "
	      "vmsize='Small'><Startup><Task commandLine='x'/></Startup><LocalResources><LocalStorage name='a'/>"
	      "</LocalResources><Certificates><Certificate name='c' storeLocation='LocalMachine' storeName='My'/>"
	      "</Certificates><Endpoints><InputEndpoint name='i' protocol='https' port='443' "
	      "certificate='C'/></Endpoints>"
	      "<Sites><Site name='Web'><Bindings><Binding name='b' endpointName='I'/></Bindings></Site></Sites>"
	      "</VirtualMachineRole></ServiceDefinition>",
	      "<ServiceConfiguration serviceName='SHOP' osFamily='4' osVersion='*'><Role name='web'><Instances "
	      "count='1'/>"
	      "<Certificates><Certificate name='c' thumbprint='0123456789ABCDEF0123456789abcdef01234567' "
	      "thumbprintAlgorithm='sha1'/></Certificates></Role></ServiceConfiguration>",
	      "");
}

/* ------------------------------------------------------------------ several services */

static void test_roles_of_one_name(void)
{
	static const char first[] = SERVICE("<WebRole name='web'/>");
	g_autoptr(kit) k = kit_read(first, NULL),
	               other = kit_read("<ServiceDefinition name='two'>\n<WebRole name='WEB'/>"
	                                "</ServiceDefinition>",
	                                NULL);

	while (other->documents->len)
		g_ptr_array_add(k->documents, g_ptr_array_steal_index(other->documents, 0));
	kit_model(k, "a.csdef:2: resource 'WEB_IN_0': the resource is declared twice, the other time in a.csdef:1, "
	             "with other content; keep one");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *name = g_strdup_printf("/errors/fault/%u", i);

		g_test_add_data_func(name, GUINT_TO_POINTER(i), test_fault);
	}
	g_test_add_func("/errors/limits", test_limits);
	g_test_add_func("/errors/notes", test_notes);
	g_test_add_func("/errors/no-notes", test_no_notes);
	g_test_add_func("/errors/roles-of-one-name", test_roles_of_one_name);
	return g_test_run();
}
