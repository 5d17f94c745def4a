/* SPDX-License-Identifier: Apache-2.0 */
#include "fixtures.h"

#define TCP  6
#define UDP  17
#define ICMP 1

#define RULE(name, priority, direction, access, protocol, source, destination, ports)                                  \
	"{'name':'" name "','properties':{'priority':" #priority ",'direction':'" direction "','access':'" access      \
	"','protocol':'" protocol "','sourceAddressPrefix':'" source "','sourcePortRange':'*',"                        \
	"'destinationAddressPrefix':'" destination "','destinationPortRange':'" ports "'}}"
#define GROUP(name)        ",'networkSecurityGroup':{'id':'~networkSecurityGroups/" name "'}"
#define TABLE(name)        ",'routeTable':{'id':'~routeTables/" name "'}"
#define PUBLIC(name)       ",'publicIPAddress':{'id':'~publicIPAddresses/" name "'}"
#define AT(address)        ",'privateIPAllocationMethod':'Static','privateIPAddress':'" address "'"
#define SUBNET(name, p, m) "{'name':'" name "','properties':{'addressPrefix':'" p "'" m "}}"
#define ROUTE(name, prefix, hop, more)                                                                                 \
	"{'name':'" name "','properties':{'addressPrefix':'" prefix "','nextHopType':'" hop "'" more "}}"
#define VIA(address) ",'nextHopIpAddress':'" address "'"
#define PEER(name, remote, more)                                                                                       \
	"{'name':'" name "','properties':{'remoteVirtualNetwork':{'id':'~virtualNetworks/" remote "'}" more "}}"
#define FORWARDS ",'enableIPForwarding':true"

static void network(struct kit *k, const char *name, const char *space, const char *subnets, const char *peerings)
{
	kit_add(k, "virtualNetworks", name,
	        "'addressSpace':{'addressPrefixes':['%s']},'subnets':[%s],'virtualNetworkPeerings':[%s]", space,
	        subnets, peerings);
}

static void address(struct kit *k, const char *name, const char *sku)
{
	kit_add(k, "publicIPAddresses", name, "'publicIPAllocationMethod':'Static'");
	kit_sku(k, sku);
}

static void probes(struct kit *k)
{
	kit_add(k, "networkSecurityGroups", "plain", "'securityRules':[]");
	kit_add(k, "networkSecurityGroups", "shut",
	        "'securityRules':[" RULE("none", 4096, "Inbound", "Deny", "*", "*", "*", "*") "]");
	kit_add(k, "networkSecurityGroups", "probed",
	        "'securityRules':[" RULE("probe", 4000, "Inbound", "Allow", "*", "AzureLoadBalancer", "*",
	                                 "*") "," RULE("none", 4096, "Inbound", "Deny", "*", "*", "*", "*") "]");
	network(k, "v", "10.0.0.0/16", SUBNET("s", "10.0.1.0/24", ""), "");
	kit_vm(k, "plain", "v/subnets/s", "", GROUP("plain"));
	kit_vm(k, "shut", "v/subnets/s", "", GROUP("shut"));
	kit_vm(k, "probed", "v/subnets/s", "", GROUP("probed"));
}

static void tag(struct kit *k)
{
	kit_add(k, "networkSecurityGroups", "inside",
	        "'securityRules':[" RULE("out", 100, "Outbound", "Deny", "*", "*", "Internet", "*") "]");
	kit_add(k, "routeTables", "some",
	        "'routes':[" ROUTE("a", "192.168.0.0/16", "VirtualAppliance", VIA("10.0.3.4")) "," ROUTE(
	                "b", "203.0.113.0/24", "VirtualAppliance", VIA("10.0.3.4")) "]");
	kit_add(k, "routeTables", "all", "'routes':[" ROUTE("d", "0.0.0.0/0", "VirtualAppliance", VIA("10.0.3.4")) "]");
	network(k, "v", "10.0.0.0/16",
	        SUBNET("some", "10.0.1.0/24", GROUP("inside") TABLE("some")) "," SUBNET(
	                "all", "10.0.2.0/24", GROUP("inside") TABLE("all")) "," SUBNET("fw", "10.0.3.0/24", ""),
	        "");
	kit_vm(k, "some", "v/subnets/some", "", "");
	kit_vm(k, "all", "v/subnets/all", "", "");
	kit_vm(k, "fw", "v/subnets/fw", AT("10.0.3.4"), FORWARDS);
}

static void skus(struct kit *k)
{
	static const char *const names[] = {"basic", "standard", "ruled"};
	kit_add(k, "networkSecurityGroups", "web",
	        "'securityRules':[" RULE("http", 100, "Inbound", "Allow", "Tcp", "Internet", "*", "80") "]");
	network(k, "v", "10.0.0.0/16", SUBNET("s", "10.0.1.0/24", ""), "");
	for (guint i = 0; i < 3; i++)
		address(k, names[i], i ? "Standard" : "Basic");
	kit_vm(k, "basic", "v/subnets/s", PUBLIC("basic"), "");
	kit_vm(k, "standard", "v/subnets/s", PUBLIC("standard"), "");
	kit_vm(k, "ruled", "v/subnets/s", PUBLIC("ruled"), GROUP("web"));
}

static void peerings(struct kit *k)
{
	network(k, "hub", "10.0.0.0/16", SUBNET("s", "10.0.1.0/24", ""), PEER("a", "a", "") "," PEER("b", "b", ""));
	network(k, "a", "10.1.0.0/16", SUBNET("s", "10.1.1.0/24", ""), PEER("hub", "hub", ""));
	network(k, "b", "10.2.0.0/16", SUBNET("s", "10.2.1.0/24", ""), PEER("hub", "hub", ""));
	network(k, "c", "10.3.0.0/16", SUBNET("s", "10.3.1.0/24", ""), PEER("hub", "hub", ""));
	kit_vm(k, "hub", "hub/subnets/s", "", "");
	kit_vm(k, "a", "a/subnets/s", "", "");
	kit_vm(k, "b", "b/subnets/s", "", "");
	kit_vm(k, "c", "c/subnets/s", "", "");
}

static void no_access(struct kit *k)
{
	kit_add(k, "networkSecurityGroups", "plain", "'securityRules':[]");
	kit_add(k, "networkSecurityGroups", "ssh",
	        "'securityRules':[" RULE("ssh", 100, "Inbound", "Allow", "Tcp", "10.1.0.0/16", "*", "22") "]");
	network(k, "hub", "10.0.0.0/16", SUBNET("s", "10.0.1.0/24", ""),
	        PEER("a", "a", ",'allowVirtualNetworkAccess':false"));
	network(k, "a", "10.1.0.0/16", SUBNET("s", "10.1.1.0/24", ""), PEER("hub", "hub", ""));
	kit_vm(k, "plain", "hub/subnets/s", "", GROUP("plain"));
	kit_vm(k, "ssh", "hub/subnets/s", "", GROUP("ssh"));
	kit_vm(k, "a", "a/subnets/s", "", GROUP("plain"));
}

static void within(struct kit *k)
{
	kit_add(k, "networkSecurityGroups", "in",
	        "'securityRules':[" RULE("ssh", 100, "Inbound", "Deny", "Tcp", "VirtualNetwork", "*", "22") "]");
	kit_add(k, "networkSecurityGroups", "out",
	        "'securityRules':[" RULE("sql", 100, "Outbound", "Deny", "Tcp", "*", "VirtualNetwork", "1433") "]");
	network(k, "v", "10.0.0.0/16",
	        SUBNET("in", "10.0.1.0/24", GROUP("in")) "," SUBNET("out", "10.0.2.0/24", GROUP("out")), "");
	kit_vm(k, "in1", "v/subnets/in", "", "");
	kit_vm(k, "in2", "v/subnets/in", "", "");
	kit_vm(k, "out1", "v/subnets/out", "", "");
	kit_vm(k, "out2", "v/subnets/out", "", "");
}

/* The published example: VM1 has both lists, VM2 the subnet's alone, VM3 the interface's alone, VM4 none. */
static void order(struct kit *k)
{
	kit_add(k, "networkSecurityGroups", "subnet",
	        "'securityRules':[" RULE("http", 100, "Inbound", "Allow", "Tcp", "Internet", "*", "80") "]");
	kit_add(k, "networkSecurityGroups", "nic",
	        "'securityRules':[" RULE("no-ssh", 100, "Inbound", "Deny", "Tcp", "*", "*",
	                                 "22") "," RULE("all", 200, "Inbound", "Allow", "Tcp", "*", "*", "*") "]");
	network(k, "v", "10.0.0.0/16", SUBNET("s1", "10.0.1.0/24", GROUP("subnet")) "," SUBNET("s2", "10.0.2.0/24", ""),
	        "");
	address(k, "p1", "Basic");
	address(k, "p2", "Basic");
	address(k, "p3", "Basic");
	address(k, "p4", "Basic");
	kit_vm(k, "vm1", "v/subnets/s1", PUBLIC("p1"), GROUP("nic"));
	kit_vm(k, "vm2", "v/subnets/s1", PUBLIC("p2"), "");
	kit_vm(k, "vm3", "v/subnets/s2", PUBLIC("p3"), GROUP("nic"));
	kit_vm(k, "vm4", "v/subnets/s2", PUBLIC("p4"), "");
}

static void hops(struct kit *k)
{
	kit_add(k, "routeTables", "forced",
	        "'routes':[" ROUTE("d", "0.0.0.0/0", "VirtualAppliance", VIA("10.0.3.4")) "," ROUTE(
	                "back", "10.0.2.0/24", "VirtualAppliance",
	                VIA("10.0.3.4")) "," ROUTE("deaf", "10.0.3.128/25", "VirtualAppliance", VIA("10.0.3.5")) "]");
	kit_add(k, "routeTables", "strange",
	        "'routes':[" ROUTE("none", "198.51.100.0/24", "None", "") "," ROUTE(
	                "gateway", "172.16.0.0/12", "VirtualNetworkGateway",
	                "") "," ROUTE("lost", "192.0.2.0/24", "VirtualAppliance",
	                              VIA("10.0.9.9")) "," ROUTE("away", "192.168.0.0/16", "Internet", "") "]");
	kit_add(k, "routeTables", "circle",
	        "'routes':[" ROUTE("self", "10.9.0.0/16", "VirtualAppliance", VIA("10.0.3.4")) "]");
	network(k, "v", "10.0.0.0/16",
	        SUBNET("a", "10.0.1.0/24", TABLE("forced")) "," SUBNET("b", "10.0.2.0/24", TABLE("strange")) "," SUBNET(
	                "fw", "10.0.3.0/24", TABLE("circle")),
	        "");
	address(k, "pa", "Basic");
	address(k, "pb", "Basic");
	kit_vm(k, "a", "v/subnets/a", PUBLIC("pa"), "");
	kit_vm(k, "b", "v/subnets/b", PUBLIC("pb"), "");
	kit_vm(k, "fw", "v/subnets/fw", AT("10.0.3.4"), FORWARDS);
	kit_vm(k, "deaf", "v/subnets/fw", AT("10.0.3.5"), "");
}

static void spokes(struct kit *k)
{
	kit_add(k, "routeTables", "hub",
	        "'routes':[" ROUTE("x", "10.1.0.0/16", "VirtualAppliance", VIA("10.0.1.4")) "," ROUTE(
	                "y", "10.2.0.0/16", "VirtualAppliance",
	                VIA("10.0.1.4")) "," ROUTE("z", "10.3.0.0/16", "VirtualAppliance", VIA("10.0.1.4")) "]");
	network(k, "hub", "10.0.0.0/16", SUBNET("s", "10.0.1.0/24", ""),
	        PEER("a", "a", "") "," PEER("b", "b", "") "," PEER("c", "c", ""));
	network(k, "a", "10.1.0.0/16", SUBNET("s", "10.1.1.0/24", TABLE("hub")),
	        PEER("hub", "hub", ",'allowForwardedTraffic':true"));
	network(k, "b", "10.2.0.0/16", SUBNET("s", "10.2.1.0/24", TABLE("hub")),
	        PEER("hub", "hub", ",'allowForwardedTraffic':true"));
	network(k, "c", "10.3.0.0/16", SUBNET("s", "10.3.1.0/24", TABLE("hub")), PEER("hub", "hub", ""));
	kit_vm(k, "fw", "hub/subnets/s", AT("10.0.1.4"), FORWARDS);
	kit_vm(k, "a", "a/subnets/s", "", "");
	kit_vm(k, "b", "b/subnets/s", "", "");
	kit_vm(k, "c", "c/subnets/s", "", "");
}

const struct fixture fixtures[] = {
        {"probes",
         "Default rule 65001 AllowAzureLoadBalancerInBound lets health probes in; a rule of one's own that denies all "
         "inbound traffic denies them too, unless an earlier one allows AzureLoadBalancer",
         probes,
         {{"platform", NULL, "shut-nic", TCP, 80, ESC_V_POLICY_IN, NULL},
          {"platform", NULL, "plain-nic", TCP, 80, ESC_V_FORWARD, "plain-nic"},
          {"platform", NULL, "probed-nic", TCP, 80, ESC_V_FORWARD, "probed-nic"},
          {"plain-nic", NULL, "probed-nic", TCP, 80, ESC_V_POLICY_IN, NULL}}},
        {"tag",
         "VirtualNetwork: the address space of the network, of its peers, and the prefixes of user-defined routes; "
         "here "
         "not those of routes for everything. Internet: what is outside of it",
         tag,
         {{"some-nic", NULL, "198.51.100.1", TCP, 80, ESC_V_POLICY_OUT, NULL},
          {"some-nic", NULL, "203.0.114.1", TCP, 80, ESC_V_POLICY_OUT, NULL},
          {"all-nic", NULL, "203.0.113.1", TCP, 80, ESC_V_POLICY_OUT, NULL},
          {"all-nic", NULL, "192.168.1.1", TCP, 80, ESC_V_POLICY_OUT, NULL},
          {"some-nic", NULL, "203.0.113.1", TCP, 80, ESC_V_FORWARD, "fw-nic"},
          {"some-nic", NULL, "192.168.1.1", TCP, 80, ESC_V_FORWARD, "fw-nic"}}},
        {"skus",
         "Standard public addresses are secure by default and closed to inbound traffic until a security group allows "
         "it; Basic ones are open by default",
         skus,
         {{"internet", NULL, "public:standard", TCP, 80, ESC_V_STANDARD_CLOSED, NULL},
          {"internet", NULL, "public:ruled", TCP, 81, ESC_V_POLICY_IN, NULL},
          {"internet", NULL, "public:ruled", UDP, 80, ESC_V_POLICY_IN, NULL},
          {"internet", NULL, "public:basic", TCP, 80, ESC_V_FORWARD, "basic-nic"},
          {"internet", NULL, "public:basic", UDP, 9, ESC_V_FORWARD, "basic-nic"},
          {"internet", NULL, "public:ruled", TCP, 80, ESC_V_FORWARD, "ruled-nic"},
          {"basic-nic", NULL, "standard-nic", TCP, 80, ESC_V_FORWARD, "standard-nic"}}},
        {"peerings",
         "A peering is connected when both networks have a link to each other; one that is only initiated carries "
         "nothing. Peerings are not transitive",
         peerings,
         {{"a-nic", NULL, "b-nic", TCP, 80, ESC_V_NO_ROUTE, NULL},
          {"b-nic", NULL, "a-nic", TCP, 80, ESC_V_NO_ROUTE, NULL},
          {"c-nic", NULL, "hub-nic", TCP, 80, ESC_V_NO_ROUTE, NULL},
          {"hub-nic", NULL, "c-nic", TCP, 80, ESC_V_NO_ROUTE, NULL},
          {"c-nic", NULL, "a-nic", ICMP, 0, ESC_V_NO_ROUTE, NULL},
          {"a-nic", NULL, "10.0.1.200", TCP, 80, ESC_V_UNREACHABLE, NULL},
          {"a-nic", NULL, "hub-nic", TCP, 80, ESC_V_FORWARD, "hub-nic"},
          {"hub-nic", NULL, "b-nic", UDP, 53, ESC_V_FORWARD, "b-nic"},
          {"b-nic", NULL, "hub-nic", ICMP, 0, ESC_V_FORWARD, "hub-nic"}}},
        {"access",
         "Access that is not allowed takes the peer out of the tag VirtualNetwork; it does not prevent traffic that a "
         "rule allows by its addresses",
         no_access,
         {{"a-nic", NULL, "plain-nic", TCP, 22, ESC_V_POLICY_IN, NULL},
          {"a-nic", NULL, "ssh-nic", TCP, 23, ESC_V_POLICY_IN, NULL},
          {"a-nic", NULL, "ssh-nic", TCP, 22, ESC_V_FORWARD, "ssh-nic"}}},
        {"within",
         "A group of a subnet applies to traffic between machines of the subnet too, at both ends",
         within,
         {{"in1-nic", NULL, "in2-nic", TCP, 22, ESC_V_POLICY_IN, NULL},
          {"out1-nic", NULL, "out2-nic", TCP, 1433, ESC_V_POLICY_OUT, NULL},
          {"out1-nic", NULL, "in1-nic", TCP, 22, ESC_V_POLICY_IN, NULL},
          {"in1-nic", NULL, "in2-nic", TCP, 80, ESC_V_FORWARD, "in2-nic"},
          {"in1-nic", NULL, "out1-nic", TCP, 22, ESC_V_FORWARD, "out1-nic"}}},
        {"order",
         "Inbound, the group of the subnet is processed first and then that of the interface: traffic must be allowed "
         "by both. Rules are processed in order of priority until one matches. Without a group all is allowed",
         order,
         {{"internet", NULL, "public:p1", TCP, 22, ESC_V_POLICY_IN, NULL},
          {"internet", NULL, "public:p1", TCP, 443, ESC_V_POLICY_IN, NULL},
          {"internet", NULL, "public:p2", TCP, 443, ESC_V_POLICY_IN, NULL},
          {"internet", NULL, "public:p3", TCP, 22, ESC_V_POLICY_IN, NULL},
          {"internet", NULL, "public:p3", UDP, 443, ESC_V_POLICY_IN, NULL},
          {"internet", NULL, "public:p1", TCP, 80, ESC_V_FORWARD, "vm1-nic"},
          {"internet", NULL, "public:p2", TCP, 80, ESC_V_FORWARD, "vm2-nic"},
          {"internet", NULL, "public:p3", TCP, 443, ESC_V_FORWARD, "vm3-nic"},
          {"internet", NULL, "public:p4", UDP, 443, ESC_V_FORWARD, "vm4-nic"}}},
        {"hops",
         "The longest prefix wins, and of one prefix the user's route. Next hop None drops. An appliance's interface "
         "must have IP forwarding, which lets it take and send what is not its own. With a route for everything to an "
         "appliance, machines of the subnet cannot be reached from the Internet directly any more",
         hops,
         {{"internet", NULL, "public:pa", TCP, 80, ESC_V_NO_RETURN, NULL},
          {"a-nic", NULL, "10.0.3.200", TCP, 80, ESC_V_NO_APPLIANCE, NULL},
          {"b-nic", NULL, "192.0.2.1", TCP, 80, ESC_V_NO_APPLIANCE, NULL},
          {"b-nic", NULL, "198.51.100.1", TCP, 80, ESC_V_NO_ROUTE, NULL},
          {"b-nic", NULL, "172.20.0.1", TCP, 80, ESC_V_GATEWAY, NULL},
          {"b-nic", NULL, "192.168.0.1", TCP, 80, ESC_V_FABRIC, NULL},
          {"a-nic", NULL, "10.1.0.1", TCP, 80, ESC_V_NO_ROUTE, NULL}, /* private space is longer than 0.0.0.0/0 */
          {"deaf-nic", "10.0.1.4", "b-nic", TCP, 80, ESC_V_SPOOFED_IP, NULL},
          {"fw-nic", "127.0.0.1", "b-nic", TCP, 80, ESC_V_SPOOFED_IP, NULL},
          {"fw-nic", "169.254.169.253", "b-nic", TCP, 80, ESC_V_SPOOFED_PLATFORM, NULL},
          {"fw-nic", "10.0.1.4", "10.9.0.1", TCP, 80, ESC_V_ROUTE_LOOP, NULL},
          {"fw-nic", "203.0.113.9", "b-nic", TCP, 80, ESC_V_NO_RETURN, NULL},
          {"fw-nic", "10.0.1.4", "203.0.113.9", TCP, 80, ESC_V_NO_OUTBOUND, NULL},
          {"internet", NULL, "public:pb", TCP, 80, ESC_V_FORWARD, "b-nic"},
          {"a-nic", NULL, "203.0.113.9", TCP, 80, ESC_V_FORWARD, "fw-nic"},
          {"a-nic", NULL, "b-nic", TCP, 80, ESC_V_FORWARD, "fw-nic"},
          {"fw-nic", "10.0.1.4", "b-nic", TCP, 81, ESC_V_FORWARD, "b-nic"},
          {"b-nic", NULL, "a-nic", TCP, 80, ESC_V_FORWARD, "a-nic"},
          {"b-nic", NULL, "203.0.113.9", TCP, 80, ESC_V_FORWARD, NULL}}},
        {"spokes",
         "Forwarded traffic that did not begin in the peer is taken only by a network whose link allows it; so spokes "
         "reach one another through an appliance of the hub",
         spokes,
         {{"a-nic", NULL, "c-nic", TCP, 80, ESC_V_FORWARD, "fw-nic"}, /* as far as that */
          {"fw-nic", "10.1.1.4", "c-nic", TCP, 81, ESC_V_NOT_FORWARDED, NULL},
          {"c-nic", NULL, "a-nic", TCP, 80, ESC_V_NOT_FORWARDED, NULL}, /* what came back would not be taken */
          {"fw-nic", "203.0.113.9", "a-nic", TCP, 80, ESC_V_NO_RETURN, NULL},
          {"a-nic", NULL, "b-nic", TCP, 80, ESC_V_FORWARD, "fw-nic"},
          {"fw-nic", "10.1.1.4", "b-nic", TCP, 81, ESC_V_FORWARD, "b-nic"},
          {"c-nic", NULL, "fw-nic", TCP, 80, ESC_V_FORWARD, "fw-nic"},
          {"fw-nic", NULL, "c-nic", TCP, 80, ESC_V_FORWARD, "c-nic"}}},
        {NULL}};
