/* SPDX-License-Identifier: Apache-2.0 */
/* DNS zones, links and record sets; and flow logs, which are as small. */
#include "fixture.h"
#include "model/watcher.h"
#include "model/zone.h"

#include <string.h>

#define OF(type, name, more) "{'type':'" type "','name':'" name "','properties':{" more "}}"
#define ZONE(name)           OF("privateDnsZones", name, "")
#define Z                    ZONE("corp.example") ","
#define PUBLIC               OF("dnsZones", "corp.example", "") ","
#define NET(name)            OF("virtualNetworks", name, "'addressSpace':{'addressPrefixes':['10.0.0.0/16']}") ","
#define LINK(zone, name, network, more)                                                                                \
	OF("privateDnsZones/virtualNetworkLinks", zone "/" name,                                                       \
	   "'virtualNetwork':{'id':'@virtualNetworks/" network "'}" more)
#define SET(type, name, more) OF("privateDnsZones/" type, "corp.example/" name, "'ttl':300" more)
#define A(name)               SET("A", name, ",'aRecords':[{'ipv4Address':'10.0.0.4'}]")
#define CNAME(name)           SET("CNAME", name, ",'cnameRecord':{'cname':'www.corp.example'}")
#define AT(name)              "t.json:1: resource 'corp.example/" name "' ("
#define S16                   "0123456789abcdef"
#define S256                  S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16
#define S255                  S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 S16 "0123456789abcde"
#define LOG(name, target, more)                                                                                        \
	OF("networkWatchers/flowLogs", "w/" name,                                                                      \
	   "'targetResourceId':'" target "','storageId':'@Microsoft.Storage/storageAccounts/x'" more)
#define WATCHER OF("networkWatchers", "w", "") ","
#define GROUP   OF("networkSecurityGroups", "n", "") ","
#define W       "t.json:1: resource 'w/f' (properties."

static const struct fault zone_faults[] = {
        /* clang-format off */
        {"name", ZONE("corp_.-example"),
        	"t.json:1: resource 'corp_.-example' (name): 'corp_.-example' cannot be a zone; write a name like corp.example.com"},
        	{"two-registrations", NET("v") ZONE("a.example") "," ZONE("b.example") "," LINK( "a.example", "l",
        	"v", ",'registrationEnabled':true") "," LINK("b.example", "l", "v", ",'registrationEnabled':true"),
        	"t.json:1: resource 'b.example/l' (properties.registrationEnabled): the names of 'v' are taken up by zone 'a.example' already, by 'l' (t.json:1); a network has one such zone"},
        	{"linked-twice", NET("v") Z LINK("corp.example", "l", "v", "") "," LINK("corp.example", "m", "V", ""),
        	AT("m") "properties.virtualNetwork): 'l' (t.json:1) links 'V' to this zone already; keep one"},
        	{"no-network", Z OF("privateDnsZones/virtualNetworkLinks", "corp.example/l", ""), AT("l")
        	"properties.virtualNetwork): it is missing; name a virtual network by its id"}, {"orphan-link",
        	NET("v") LINK("corp.example", "l", "v", ""),
        	"t.json:1: resource 'corp.example/l': no document declares the private DNS zone /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/corp.example; add it, or deploy it first"},
        	{"no-ttl", Z OF("privateDnsZones/A", "corp.example/www", "'aRecords':[]"), AT("www")
        	"properties.ttl): it is missing; write a number from 1 to 2147483647"}, {"ttl", Z
        	OF("privateDnsZones/A", "corp.example/www", "'ttl':0"), AT("www")
        	"properties.ttl): 0 is not a number from 1 to 2147483647; write one of these"}, {"address", Z SET("A",
        	"www", ",'aRecords':[{'ipv4Address':'10.0.0'}]"), AT("www")
        	"properties.aRecords[0].ipv4Address): '10.0.0' is not an IPv4 address; write one like 10.0.0.4"},
        	{"address-six", Z SET("AAAA", "www", ",'aaaaRecords':[{'ipv6Address':'10.0.0.4'}]"), AT("www")
        	"properties.aaaaRecords[0].ipv6Address): '10.0.0.4' is not an IPv6 address; write one like fd00::4"},
        	{"twice", Z SET("A", "www", ",'aRecords':[{'ipv4Address':'10.0.0.4'},{'ipv4Address':'10.0.0.4'}]"),
        	AT("www") "properties.aRecords[1]): the set has this record already; remove it"}, {"stray", Z SET("A",
        	"www", ",'cnameRecord':{'cname':'a.example'}"), AT("www")
        	"properties.cnameRecord): a record set of another type has none of these; remove them"},
        	{"record-name", Z A("-www"), AT("-www")
        	"name): '-www' cannot be the name of a record; write one like www, _sip._tcp, * or @"}, {"record-dot",
        	Z A("www."), AT("www.")
        	"name): 'www.' cannot be the name of a record; write one like www, _sip._tcp, * or @"}, {"cname-apex",
        	Z CNAME("@"), AT("@")
        	"name): a CNAME cannot stand at the zone's own name, where its SOA is; use an A record or another name"},
        	{"cname-beside", Z CNAME("www") "," A("WWW"), AT("WWW")
        	"name): 'www' (t.json:1) is a CNAME, which stands alone at its name; remove one of them"},
        	{"cname-name", Z SET("CNAME", "www", ",'cnameRecord':{'cname':'a b'}"), AT("www")
        	"properties.cnameRecord.cname): 'a b' is not a name; write one like host.example.com"}, {"soa", Z
        	SET("SOA", "www", ",'soaRecord':{'host':'h','email':'e'}"), AT("www")
        	"name): the SOA of a zone is at its own name; write \"@\""}, {"mx", Z SET("MX", "@",
        	",'mxRecords':[{'preference':65536,'exchange':'m.example'}]"), AT("@")
        	"properties.mxRecords[0].preference): 65536 is not a number from 0 to 65535; write one of these"},
        	{"srv", Z SET("SRV", "_sip._tcp", ",'srvRecords':[{'priority':1,'weight':1,'target':'m.example'}]"),
        	AT("_sip._tcp") "properties.srvRecords[0].port): it is missing; write a number from 0 to 65535"},
        	{"text", Z SET("TXT", "t", ",'txtRecords':[{'value':['" S256 "']}]"), AT("t")
        	"properties.txtRecords[0].value[0]): it has 256 bytes and a string has at most 255; split it"},
        	{"texts", Z SET("TXT", "t", ",'txtRecords':[{'value':['" S255 "','" S255 "','" S255 "','" S255
        	"','12345']}]"), AT("t")
        	"properties.txtRecords[0].value): the strings have 1025 bytes together, more than 1024; shorten them"},
        	};
/* clang-format on */

static const struct fault log_faults[] = {
        {"target", WATCHER LOG("f", "@publicIPAddresses/p", ""),
         W "targetResourceId): '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p' has "
           "no "
           "flow log; name a security group, a virtual network, a subnet or an interface"},
        {"no-target", WATCHER LOG("f", "@networkSecurityGroups/n", ""),
         W
         "targetResourceId): no document declares the network security group "
         "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n; add it, or deploy it "
         "first"},
        {"version", WATCHER GROUP LOG("f", "@networkSecurityGroups/n", ",'format':{'type':'JSON','version':3}"),
         W "format.version): 3 is not a number from 1 to 2; write one of these"},
        {"days", WATCHER GROUP LOG("f", "@networkSecurityGroups/n", ",'retentionPolicy':{'days':366}"),
         W "retentionPolicy.days): 366 is not a number from 0 to 365; write one of these"},
        {"storage",
         WATCHER GROUP OF("networkWatchers/flowLogs", "w/f",
                          "'targetResourceId':'@networkSecurityGroups/n','storageId':'@networkSecurityGroups/n'"),
         W "storageId): '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n' is not "
           "the "
           "id of a storage account; write \"/subscriptions/.../microsoft.storage/storageaccounts/NAME\""},
        {"twice", WATCHER GROUP LOG("e", "@networkSecurityGroups/n", "") "," LOG("f", "@networkSecurityGroups/N", ""),
         W "targetResourceId): 'e' (t.json:1) is its flow log already; keep one"},
};

/* clang-format off */
static const char everything[] = "[" NET("v") Z PUBLIC LINK("corp.example", "l", "v", ",'registrationEnabled':true")
	"," A("www") "," A("*") "," A("@") "," SET("AAAA", "www", ",'aaaaRecords':[{'ipv6Address':'FD00::1'}]") ","
	CNAME( "alias") "," SET("MX", "@", ",'mxRecords':[{'preference':10,'exchange':'mail.corp.example.'}]") ","
	SET("PTR", "4", ",'ptrRecords':[{'ptrdname':'www.corp.example'}]") "," SET("SRV", "_sip._tcp",
	",'srvRecords':[{'priority':1,'weight':2,'port':5060,'target':'.'}]") "," SET("TXT", "t",
	",'txtRecords':[{'value':['a','b']},{'value':['a','b']}]") "," SET("SOA", "@",
	",'soaRecord':{'host':'h','email':'e','serialNumber':1,'minimumTtl':10}")
	",{'type':'dnsZones/CAA','name':'corp.example/@','properties':{'TTL':60,'caaRecords':[{"
	"'flags':0,'tag':'issue','value':'ca.example'}]}},{'type':'dnsZones/A',"
	"'name':'corp.example/alias','properties':{'targetResource':{" "'id':'@publicIPAddresses/p'}}}]";
/* clang-format on */

static const char *value(const struct graph *g, const char *brief)
{
	const struct dns_record_set *r = fixture_noun(g, brief);

	g_assert_cmpuint(r->values->len, >, 0);
	return r->values->pdata[0];
}

static void test_everything(void)
{
	g_autoptr(graph) g = fixture_graph(everything);
	const struct dns_zone *z = fixture_noun(g, "@privateDnsZones/corp.example");
	const struct dns_link *l = fixture_noun(g, "@privateDnsZones/corp.example/virtualNetworkLinks/l");
	const struct dns_record_set *t = fixture_noun(g, "@privateDnsZones/corp.example/TXT/t");

	g_assert_true(z->is_private && z->links->len == 1 && z->records->len == 10);
	g_assert_true(l->registration && l->zone == z && l->network == fixture_noun(g, "@virtualNetworks/v"));
	g_assert_cmpstr(value(g, "@privateDnsZones/corp.example/AAAA/www"), ==, "fd00::1");
	g_assert_cmpstr(value(g, "@privateDnsZones/corp.example/MX/@"), ==, "10 mail.corp.example.");
	g_assert_cmpstr(value(g, "@privateDnsZones/corp.example/SRV/_sip._tcp"), ==, "1 2 5060 .");
	g_assert_cmpstr(value(g, "@privateDnsZones/corp.example/SOA/@"), ==, "h e 1 0 0 0 10");
	g_assert_cmpstr(value(g, "@dnsZones/corp.example/CAA/@"), ==, "0 issue ca.example");
	g_assert_true(t->values->len == 2 && t->type == DNS_TXT && t->ttl == 300 && t->zone == z);
}

static void test_listed(void)
{
	static const char *const recorded[] = {
	        "privateDnsZones/corp.example|", "privateDnsZones/corp.example/A/www|properties.ttl",
	        "privateDnsZones/corp.example/virtualNetworkLinks/l|properties.virtualNetwork", NULL};
	static const char *const unmodelled[] = {
	        "privateDnsZones/corp.example/virtualNetworkLinks/l|properties.resolutionPolicy", NULL};
	g_autoptr(graph) g = fixture_graph("[" NET("v") Z A("www") "," LINK(
	        "corp.example", "l", "v", ",'resolutionPolicy':'NxDomainRedirect'") "]");

	fixture_check_listed(g->recorded, recorded);
	fixture_check_listed(g->unmodelled, unmodelled);
}

/* A link over a subscription is no reference to follow: whoever owns the zone decides who sees it. */
static void test_abroad(void)
{
	g_autoptr(graph) g =
	        fixture_graph("[" Z OF("privateDnsZones/virtualNetworkLinks", "corp.example/l",
	                               "'virtualNetwork':{'id':'/subscriptions/t/resourceGroups/g/providers/"
	                               "Microsoft.Network/virtualNetworks/v'}") "]");
	const struct dns_link *l = fixture_noun(g, "@privateDnsZones/corp.example/virtualNetworkLinks/l");

	g_assert_null(l->network);
	g_assert_true(g_str_has_suffix(l->network_id, "/virtualNetworks/v"));
}

static void test_logs(void)
{
	g_autoptr(graph) g = fixture_graph("[" WATCHER GROUP NET("v") LOG(
	        "f", "@networkSecurityGroups/n",
	        ",'enabled':true,'retentionPolicy':{'days':7,'enabled':true},"
	        "'format':{'type':'JSON','version':2}") "," LOG("h", "@virtualNetworks/v", "") "]");
	const struct flow_log *f = fixture_noun(g, "@networkWatchers/w/flowLogs/f");
	const struct flow_log *h = fixture_noun(g, "@networkWatchers/w/flowLogs/h");

	g_assert_true(f->enabled && f->version == 2 && f->retention_days == 7 && !f->network);
	g_assert_true(f->group == fixture_noun(g, "@networkSecurityGroups/n"));
	g_assert_true(h->network == fixture_noun(g, "@virtualNetworks/v") && !h->group && !h->enabled);
	g_assert_cmpuint(f->watcher->flow_logs->len, ==, 2);
}

/* The zone of a record, the watcher of a log and its target: all may exist already. */
static void test_assumed(void)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(graph) g = graph_assume(fixture_documents("[" A("www") "," LINK("corp.example", "l", "v", "") "," LOG(
	                                          "f", "@networkSecurityGroups/n", "") "]"),
	                                  errors);

	for (guint i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)errors->pdata[i]);
	g_assert_nonnull(g);
	g_assert_cmpuint(g->assumed->len, ==, 4);
}

/* Templates write "" for a resource that has no properties, and the name of something for the id that they lack. */
static void test_sloppy(void)
{
	g_autoptr(graph) g = fixture_graph("[{'type':'privateDnsZones','name':'corp.example','properties':''}," A(
	        "www") "," WATCHER LOG("f", "some-group", "") "]");
	const struct flow_log *f = fixture_noun(g, "@networkWatchers/w/flowLogs/f");

	g_autoptr(graph) local = fixture_graph("[" ZONE("local") "]");

	g_assert_null(f->target_id);
	fixture_check_warning(local, "resource 'local' (name): 'local' has 1 labels and the original wants 2 to 34");
	fixture_check_warning(g, "(properties.targetResourceId): 'some-group' is no id, so nothing is meant by it");
}

static void test_order(void)
{
	fixture_check_order(everything);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("zone", zone_faults, G_N_ELEMENTS(zone_faults));
	fixture_add_faults("flow-log", log_faults, G_N_ELEMENTS(log_faults));
	g_test_add_func("/zone/everything", test_everything);
	g_test_add_func("/zone/listed", test_listed);
	g_test_add_func("/zone/abroad", test_abroad);
	g_test_add_func("/zone/logs", test_logs);
	g_test_add_func("/zone/assumed", test_assumed);
	g_test_add_func("/zone/sloppy", test_sloppy);
	g_test_add_func("/zone/order", test_order);
	return g_test_run();
}
