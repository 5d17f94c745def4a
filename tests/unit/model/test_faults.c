/* SPDX-License-Identifier: Apache-2.0 */
/* One fault each, and the whole of the message that it gives: file, line, resource, path, what, what to do. */
#include "fixture.h"

#include <string.h>

#define NETWORK(more)                                                                                                  \
	"{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"     \
	"'subnets':[{'name':'a','properties':{'addressPrefix':'10.0.1.0/24'}}" more "]}}"
#define SPACE(list)                                                                                                    \
	"{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':[" list "]}}}"
#define SUBNET(name, prefix) ",{'name':'" name "','properties':{'addressPrefix':'" prefix "'}}"
#define IN(subnet)           "'subnet':{'id':'@virtualNetworks/net/subnets/" subnet "'}"
#define NIC(name, config)                                                                                              \
	"{'type':'networkInterfaces','name':'" name                                                                    \
	"','properties':{'ipConfigurations':[{'name':'c','properties':{" config "}}]}}"
#define STATIC(address) "'privateIPAllocationMethod':'Static','privateIPAddress':'" address "'"
#define VM(name, nics)                                                                                                 \
	"{'type':'Microsoft.Compute/virtualMachines','name':'" name                                                    \
	"','properties':{'networkProfile':{'networkInterfaces':[" nics "]}}}"
#define REF(id)      "{'id':'@" id "'}"
#define GROUP(rules) "{'type':'networkSecurityGroups','name':'sg','properties':{'securityRules':[" rules "]}}"
#define RULE(name, priority, rest)                                                                                     \
	"{'name':'" name                                                                                               \
	"','properties':{'access':'Allow','direction':'Inbound','protocol':'Tcp','priority':" priority "," rest "}}"
#define FROM             "'sourceAddressPrefix':'*','sourcePortRange':'*'"
#define TO               "'destinationAddressPrefix':'*','destinationPortRange':'80'"
#define PIP(name)        "{'type':'publicIPAddresses','name':'" name "','properties':{}}"
#define FRONT(name, pip) "{'name':'" name "','properties':{'publicIPAddress':" REF("publicIPAddresses/" pip) "}}"
#define LB(name, fronts, rest)                                                                                         \
	"{'type':'loadBalancers','name':'" name "','properties':{'frontendIPConfigurations':[" fronts                  \
	"],'backendAddressPools':[{'name':'p'}]," rest "}}"
#define LBRULE(name, lb, port, protocol)                                                                               \
	"{'name':'" name "','properties':{'protocol':'" protocol "','frontendPort':" port                              \
	",'backendPort':80,'frontendIPConfiguration':" REF(                                                            \
	        "loadBalancers/" lb "/frontendIPConfigurations/f") ",'backendAddressPool':" REF("loadBalancers/lb/"    \
	                                                                                        "backendAddressPools/" \
	                                                                                        "p") "}}"
#define NAT(name, port)                                                                                                \
	"{'name':'" name "','properties':{'protocol':'Tcp','frontendPort':" port                                       \
	",'backendPort':22,'frontendIPConfiguration':" REF("loadBalancers/lb/frontendIPConfigurations/f") "}}"
#define S "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
#define MULTI                                                                                                          \
	"{'type':'virtualNetworks','name':'two','properties':{'addressSpace':{'addressPrefixes':['10.9.0.0/16']},"     \
	"'subnets':[{'name':'z','properties':{'addressPrefix':'10.9.1.0/24'}}]}}"

static const struct fault network_faults[] = {
        {"no-space", "{'type':'virtualNetworks','name':'net','properties':{}}",
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes): the network has no address space; add a "
         "prefix like 10.0.0.0/16"},
        {"not-a-prefix", SPACE("'10.0.0.0/33'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): '10.0.0.0/33' is not an address "
         "prefix; "
         "write one like 10.0.0.0/16"},
        {"number", SPACE("10"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): a string belongs here, not int; write "
         "it "
         "in quotes"},
        {"no-length", SPACE("'10.0.0.0'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): '10.0.0.0' is not an address prefix; "
         "write one like 10.0.0.0/16"},
        {"host-bits", SPACE("'10.0.0.1/16'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): 10.0.0.1/16 has bits beyond its "
         "length; "
         "write 10.0.0.0/16"},
        {"too-long", SPACE("'10.0.0.0/30'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): the length of 10.0.0.0/30 is not from "
         "/2 "
         "to /29; choose another prefix"},
        {"too-short", SPACE("'0.0.0.0/1'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): the length of 0.0.0.0/1 is not from "
         "/2 to "
         "/29; choose another prefix"},
        {"multicast", SPACE("'239.0.0.0/8'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): 239.0.0.0/8 overlaps 224.0.0.0/4, "
         "multicast, which the network does not carry; choose another prefix"},
        {"loopback", SPACE("'127.1.0.0/16'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): 127.1.0.0/16 overlaps 127.0.0.0/8, "
         "loopback, which never leaves a machine; choose another prefix"},
        {"link-local", SPACE("'169.254.0.0/17'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): 169.254.0.0/17 overlaps "
         "169.254.0.0/16, "
         "link-local, where the platform address is; choose another prefix"},
        {"platform", SPACE("'168.63.128.0/20'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[0]): 168.63.128.0/20 overlaps "
         "168.63.129.16/32, the platform address; choose another prefix"},
        {"space-overlap", SPACE("'10.0.0.0/16','10.0.128.0/17'"),
         "t.json:1: resource 'net' (properties.addressSpace.addressPrefixes[1]): it overlaps another prefix of the "
         "same "
         "address space; remove one"},
        {"subnet-overlap", NETWORK("\n" SUBNET("b", "10.0.1.128/25")),
         "t.json:2: resource 'net' (properties.subnets[1].properties.addressPrefix): 10.0.1.128/25 overlaps "
         "10.0.1.0/24 of "
         "subnet 'a' (t.json:1); choose another prefix"},
        {"subnet-outside", NETWORK(SUBNET("b", "10.1.0.0/24")),
         "t.json:1: resource 'net' (properties.subnets[1].properties.addressPrefix): 10.1.0.0/24 is not inside the "
         "address "
         "space of virtual network 'net'; move it, or extend the space"},
        {"subnet-no-prefix", NETWORK(",{'name':'b','properties':{}}"),
         "t.json:1: resource 'net' (properties.subnets[1].properties.addressPrefix): it is missing; add it"},
        {"subnet-no-name", NETWORK(",{'properties':{'addressPrefix':'10.0.2.0/24'}}"),
         "t.json:1: resource 'net' (properties.subnets[1].name): it is missing; add it"},
        {"subnet-twice", NETWORK(SUBNET("A", "10.0.2.0/24")),
         "t.json:1: resource 'net' (properties.subnets[1]): 'A' is declared twice, here and as 'a' (t.json:1); keep "
         "one of "
         "them"},
        {"subnets-no-list",
         "{'type':'virtualNetworks','name':'net','properties':{'addressSpace':{'addressPrefixes':"
         "['10.0.0.0/16']},'subnets':{}}}",
         "t.json:1: resource 'net' (properties.subnets): a list belongs here, not object; write [ ... ]"},
        {"orphan-subnet",
         "{'type':'virtualNetworks/subnets','name':'gone/a','properties':{'addressPrefix':'10.0.0.0/24'}}",
         "t.json:1: resource 'gone/a': no document declares the virtual network " S
         "virtualNetworks/gone; add it, or deploy it first"},
        {"group-missing",
         NETWORK(",{'name':'b','properties':{'addressPrefix':'10.0.2.0/24','networkSecurityGroup':" REF(
                 "networkSecurityGroups/x") "}}"),
         "t.json:1: resource 'net' (properties.subnets[1].properties.networkSecurityGroup.id): no document declares "
         "the "
         "network security group " S "networkSecurityGroups/x; add it, or deploy it first"},
        {"properties-text", "{'type':'networkSecurityGroups','name':'sg','properties':'securityRules'}",
         "t.json:1: resource 'sg' (properties): an object belongs here, not string; write { ... }"},
        {"duplicate", NETWORK("") ",\n" SPACE("'10.0.0.0/8'"),
         "t.json:2: resource 'net': the resource is declared twice, the other time in t.json:1, with other content; "
         "keep "
         "one"},
};

static const struct fault rule_faults[] = {
        {"no-source", GROUP(RULE("r", "100", "'sourcePortRange':'*'," TO)),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.sourceAddressPrefix): the rule names "
         "no source; "
         "write \"*\" for any"},
        {"no-port", GROUP(RULE("r", "100", FROM ",'destinationAddressPrefix':'*','destinationPortRanges':[]")),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.destinationPortRange): the rule "
         "names no "
         "destination port; write \"*\" for any"},
        {"address", GROUP(RULE("r", "100", FROM ",'destinationPortRange':'*','destinationAddressPrefix':'10.0.0/8'")),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.destinationAddressPrefix): "
         "'10.0.0/8' is neither "
         "an address, a prefix nor a known service tag; correct it"},
        {"misspelt-tag", GROUP(RULE("r", "100", TO ",'sourcePortRange':'*','sourceAddressPrefixes':['Internett']")),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.sourceAddressPrefixes[0]): "
         "'Internett' is neither "
         "an address, a prefix nor a known service tag; correct it"},
        {"both", GROUP(RULE("r", "100", TO "," FROM ",'sourceAddressPrefixes':['10.0.0.0/8']")),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.sourceAddressPrefix): there is a "
         "list in "
         "properties.sourceAddressPrefixes as well; keep one of the two properties"},
        {"port", GROUP(RULE("r", "100", FROM ",'destinationAddressPrefix':'*','destinationPortRange':'80,443'")),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.destinationPortRange): '80,443' is "
         "not a port or a "
         "range of ports from 0 to 65535; write one like 80, 8000-8080 or *"},
        {"port-large", GROUP(RULE("r", "100", FROM ",'destinationAddressPrefix':'*','destinationPortRange':65536")),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.destinationPortRange): '65536' is "
         "not a port or a "
         "range of ports from 0 to 65535; write one like 80, 8000-8080 or *"},
        {"port-backwards",
         GROUP(RULE("r", "100", FROM ",'destinationAddressPrefix':'*','destinationPortRange':'90-80'")),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.destinationPortRange): the range "
         "90-80 ends before "
         "it begins; write 80-90"},
        {"priority-low", GROUP(RULE("r", "99", FROM "," TO)),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.priority): 99 is not a number from "
         "100 to 4096; "
         "write one of these"},
        {"priority-high", GROUP(RULE("r", "4097", FROM "," TO)),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.priority): 4097 is not a number from "
         "100 to 4096; "
         "write one of these"},
        {"priority-twice", GROUP(RULE("r", "100", FROM "," TO) ",\n" RULE("q", "100", FROM "," TO)),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.priority): 100 is also the priority "
         "of 'q' "
         "(t.json:2) in the same direction; give each its own"},
        {"protocol",
         GROUP("{'name':'r','properties':{'access':'Allow','direction':'Inbound','protocol':'Sctp','priority':"
               "100," FROM "," TO "}}"),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.protocol): 'Sctp' is not known; "
         "write one of *, "
         "Tcp, Udp, Icmp, Esp, Ah"},
        {"no-access",
         GROUP("{'name':'r','properties':{'direction':'Inbound','protocol':'*','priority':100," FROM "," TO "}}"),
         "t.json:1: resource 'sg' (properties.securityRules[0].properties.access): it is missing; write one of "
         "Deny, Allow"},
        {"app-group-missing",
         GROUP(RULE("r", "100",
                    TO ",'sourcePortRange':'*','sourceApplicationSecurityGroups':[" REF(
                            "applicationSecurityGroups/x") "]")),
         "t.json:1: resource 'sg' "
         "(properties.securityRules[0].properties.sourceApplicationSecurityGroups[0].id): no document "
         "declares the application security group " S "applicationSecurityGroups/x; add it, or deploy it first"},
        {"app-group-two-networks",
         NETWORK("") "," MULTI ",{'type':'applicationSecurityGroups','name':'w'}," NIC(
                 "n", IN("a") ",'applicationSecurityGroups':[" REF(
                              "applicationSecurityGroups/w") "]") ","
                                                                  "{'type':'networkInterfaces','name':'"
                                                                  "m','properties':{'ipConfigurations':["
                                                                  "{'name':'c','properties':{'subnet'"
                                                                  ":" REF("virtualNetworks/two/subnets/"
                                                                          "z") ",'"
                                                                               "applicationSecurityGroup"
                                                                               "s':[" REF("applicationSe"
                                                                                          "curityGroups/"
                                                                                          "w") "]}}]}}",
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.applicationSecurityGroups): 'w' "
         "already has "
         "members in virtual network 'two'; use a group of its own for 'net'"},
};

static const struct fault port_faults[] = {
        {"subnet-missing", NETWORK("") "," NIC("n", IN("b")),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet.id): no document declares the "
         "subnet " S "virtualNetworks/net/subnets/b; add it, or deploy it first"},
        {"no-subnet", NIC("n", "'primary':true"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet): it is missing; name a subnet by "
         "its id"},
        {"wrong-kind", NETWORK("") "," NIC("n", "'subnet':" REF("virtualNetworks/net")),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet.id): '" S
         "virtualNetworks/net' is not the id of a subnet; write "
         "\"/subscriptions/.../microsoft.network/virtualnetworks/subnets/NAME\""},
        {"not-an-id", NIC("n", "'subnet':{'id':'a'}"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet.id): 'a' is not the id of a subnet; "
         "write "
         "\"/subscriptions/.../microsoft.network/virtualnetworks/subnets/NAME\""},
        {"unknown", NIC("n", "'subnet':{'id':'<unknown: x>'}"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet.id): the id is <unknown: x>, which "
         "only a "
         "real deployment knows; name it with resourceId()"},
        {"other-subscription",
         NETWORK("") ",{'type':'networkInterfaces','name':'n','subscription':'t','properties':{'ipConfigurations':[{'"
                     "name':'c',"
                     "'properties':{'subnet':{'id':'" S "virtualNetworks/net/subnets/a'}}}]}}",
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.subnet.id): " S
         "virtualNetworks/net/subnets/a is in another subscription; use a subnet of this one"},
        {"outside", NETWORK("") "," NIC("n", IN("a") "," STATIC("10.0.2.4")),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.privateIPAddress): 10.0.2.4 is not in "
         "subnet "
         "'a'; choose an address inside it"},
        {"reserved-first", NETWORK("") "," NIC("n", IN("a") "," STATIC("10.0.1.3")),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.privateIPAddress): 10.0.1.3 is one of the "
         "five "
         "reserved addresses of 10.0.1.0/24; choose another"},
        {"reserved-last", NETWORK("") "," NIC("n", IN("a") "," STATIC("10.0.1.255")),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.privateIPAddress): 10.0.1.255 is one of "
         "the five "
         "reserved addresses of 10.0.1.0/24; choose another"},
        {"address-twice",
         NETWORK("") "," NIC("m", IN("a") "," STATIC("10.0.1.4")) "," NIC("n", IN("a") "," STATIC("10.0.1.4")),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.privateIPAddress): 10.0.1.4 already "
         "belongs to 'm' "
         "(t.json:1); choose another"},
        {"static-without", NETWORK("") "," NIC("n", IN("a") ",'privateIPAllocationMethod':'Static'"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.privateIPAddress): a static configuration "
         "needs an "
         "address; add it, or make the method \"Dynamic\""},
        {"no-config", "{'type':'networkInterfaces','name':'n','properties':{}}",
         "t.json:1: resource 'n' (properties.ipConfigurations): the interface has no configuration; add one with a "
         "subnet"},
        {"two-subnets",
         NETWORK(SUBNET("b",
                        "10.0.2.0/24")) ",{'type':'networkInterfaces','name':'n','properties':{'ipConfigurations':[{"
                                        "'name':'c','properties':{" IN("a") "}},{'name':'d','properties':{" IN(
                                                "b") "}}]}}",
         "t.json:1: resource 'n' (properties.ipConfigurations[1].properties.subnet): 'c' of the same interface is in "
         "subnet "
         "'a'; put both into one subnet"},
        {"public-twice",
         NETWORK("") "," PIP("pip") "," NIC("m", IN("a") ",'publicIPAddress':" REF("publicIPAddresses/pip")) "," NIC(
                 "n", IN("a") ",'publicIpAddress':" REF("publicIPAddresses/pip")),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.publicIPAddress): 'pip' already belongs to "
         "'c' "
         "(t.json:1); use another address"},
        {"vm-two-networks",
         NETWORK("") "," MULTI
                     "," NIC("m", IN("a")) "," NIC("n", "'subnet':" REF("virtualNetworks/two/subnets/z")) "," VM(
                             "v", REF("networkInterfaces/m") "," REF("networkInterfaces/n")),
         "t.json:1: resource 'v' (properties.networkProfile.networkInterfaces): interface 'n' is in virtual network "
         "'two' and "
         "'m' is in 'net'; put both into one network"},
        {"vm-no-nic", VM("v", ""),
         "t.json:1: resource 'v' (properties.networkProfile.networkInterfaces): the machine has no network interface; "
         "add one"},
        {"nic-twice",
         NETWORK("") "," NIC("n", IN("a")) "," VM("v", REF("networkInterfaces/n")) "," VM("w",
                                                                                          REF("networkInterfaces/n")),
         "t.json:1: resource 'w' (properties.networkProfile.networkInterfaces[0].id): interface 'n' already belongs to "
         "'v' "
         "(t.json:1); use another interface"},
        {"nic-missing", VM("v", REF("networkInterfaces/n")),
         "t.json:1: resource 'v' (properties.networkProfile.networkInterfaces[0].id): no document declares the network "
         "interface " S "networkInterfaces/n; add it, or deploy it first"},
};

static const struct fault balancer_faults[] = {
        {"port-twice",
         PIP("pip") "," LB(
                 "lb", FRONT("f", "pip"),
                 "'loadBalancingRules':[" LBRULE("r", "lb", "80", "Tcp") "],'inboundNatRules':[" NAT("x", "80") "]"),
         "t.json:1: resource 'lb' (properties.inboundNatRules[0].properties.frontendPort): TCP port 80 of front end "
         "'f' is "
         "already used by 'r' (t.json:1); choose another port"},
        {"other-balancer",
         PIP("pip") "," PIP("pop") "," LB("lb", FRONT("f", "pip"), "'probes':[]") "," LB(
                 "mb", FRONT("f", "pop"), "'loadBalancingRules':[" LBRULE("r", "mb", "80", "Tcp") "]"),
         "t.json:1: resource 'mb' (properties.loadBalancingRules[0].properties.backendAddressPool): 'p' is of another "
         "load "
         "balancer; name one of 'mb'"},
        {"no-front", LB("lb", "", "'loadBalancingRules':[" LBRULE("r", "lb", "80", "Tcp") "]"),
         "t.json:1: resource 'lb' (properties.loadBalancingRules[0].properties.frontendIPConfiguration.id): no "
         "document "
         "declares the front end of a load balancer " S
         "loadBalancers/lb/frontendIPConfigurations/f; add it, or deploy it first"},
        {"bare-front", LB("lb", "{'name':'f'}", "'probes':[]"),
         "t.json:1: resource 'lb' (properties.frontendIPConfigurations[0]): the front end has neither publicIPAddress "
         "nor "
         "subnet; add one"},
        {"both-fronts",
         NETWORK("") "," PIP("pip") "," LB(
                 "lb", "{'name':'f','properties':{" IN("a") ",'publicIPAddress':" REF("publicIPAddresses/pip") "}}",
                 "'probes':[]"),
         "t.json:1: resource 'lb' (properties.frontendIPConfigurations[0].properties.subnet): a front end is either "
         "public or "
         "in a subnet; keep one of the two"},
        {"all-ports-public",
         PIP("pip") "," LB("lb", FRONT("f", "pip"),
                           "'loadBalancingRules':[{'name':'r','properties':{'protocol':'All','frontendPort':0,"
                           "'backendPort':0,'frontendIPConfiguration':" REF(
                                   "loadBalancers/lb/frontendIPConfigurations/"
                                   "f") ",'backendAddressPool':" REF("loadBalancers/lb/backendAddressPools/p") "}}]"),
         "t.json:1: resource 'lb' (properties.loadBalancingRules[0].properties.protocol): a rule for all ports needs "
         "an internal front end of a Standard load balancer; name Tcp or Udp and a port"},
        {"nat-two-targets",
         NETWORK("") "," PIP("pip") "," LB("lb", FRONT("f", "pip"), "'inboundNatRules':[" NAT("x", "22") "]") "," NIC(
                 "m",
                 IN("a") ",'loadBalancerInboundNatRules':[" REF(
                         "loadBalancers/lb/inboundNatRules/x") "]") "," NIC("n",
                                                                            IN("a") ",'loadBalancerInboundNatRules':"
                                                                                    "[" REF("loadBalancers/lb/"
                                                                                            "inboundNatRules/x") "]"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.loadBalancerInboundNatRules[0].id): NAT "
         "rule 'x' "
         "already leads to 'm' (t.json:1); use another rule"},
        {"pool-two-networks",
         NETWORK("") "," MULTI "," PIP("pip") "," LB("lb", FRONT("f", "pip"), "'probes':[]") "," NIC(
                 "m",
                 IN("a") ",'loadBalancerBackendAddressPools':[" REF(
                         "loadBalancers/lb/backendAddressPools/p") "]") "," NIC("n",
                                                                                "'subnet':" REF(
                                                                                        "virtualNetworks/two/"
                                                                                        "subnets/z") ",'"
                                                                                                     "loadBalancer"
                                                                                                     "BackendAddre"
                                                                                                     "ssPools':"
                                                                                                     "[" REF("load"
                                                                                                             "Bala"
                                                                                                             "ncer"
                                                                                                             "s/"
                                                                                                             "lb/"
                                                                                                             "back"
                                                                                                             "endA"
                                                                                                             "ddre"
                                                                                                             "ssPo"
                                                                                                             "ols/"
                                                                                                             "p") "]"),
         "t.json:1: resource 'n' (properties.ipConfigurations[0].properties.loadBalancerBackendAddressPools): pool 'p' "
         "has "
         "members in virtual network 'net', this one is in 'two'; use a pool of its own"},
        {"probe-path",
         PIP("pip") "," LB("lb", FRONT("f", "pip"),
                           "'probes':[{'name':'t','properties':{'protocol':'Http','port':80}}]"),
         "t.json:1: resource 'lb' (properties.probes[0].properties.requestPath): it is missing; add it"},
        {"front-address",
         NETWORK("") "," LB("lb", "{'name':'f','properties':{" IN("a") ",'privateIPAddress':'10.0.1.1'}}",
                            "'probes':[]"),
         "t.json:1: resource 'lb' (properties.frontendIPConfigurations[0].properties.privateIPAddress): 10.0.1.1 is "
         "one of the "
         "five reserved addresses of 10.0.1.0/24; choose another"},
        {"orphan-nat",
         "{'type':'loadBalancers/inboundNatRules','name':'lb/"
         "x','properties':{'protocol':'Tcp','frontendPort':1,'backendPort':1}}",
         "t.json:1: resource 'lb/x': no document declares the load balancer " S
         "loadBalancers/lb; add it, or deploy it first"},
};

/* Independent faults are all told at once. */
static void test_all_at_once(void)
{
	g_autofree char *errors = fixture_errors("[" NETWORK(SUBNET("b", "10.1.0.0/24")) "," GROUP(
	        RULE("r", "9", FROM ",'destinationAddressPrefix':'x','destinationPortRange':'y'")) "," VM("v", "") "]");
	g_auto(GStrv) lines = g_strsplit(errors, "\n", -1);

	g_assert_cmpuint(g_strv_length(lines), ==, 5);
}

/* Nobody reads a million errors: after a thousand, one line says that there are more. */
static void test_error_limit(void)
{
	GString *rules = g_string_new(NULL);
	g_autofree char *text = NULL, *errors = NULL;

	for (int i = 0; i < 600; i++)
		g_string_append_printf(rules, "%s{'name':'r%d','properties':{'priority':9,'direction':'x'}}",
		                       i ? "," : "", i);
	text = g_strdup_printf("[" GROUP("%s") "]", rules->str);
	errors = fixture_errors(text);
	g_auto(GStrv) lines = g_strsplit(errors, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 1001);
	g_assert_cmpstr(lines[1000], ==, "more than 1000 errors; correct these, then look again");
	g_string_free(rules, TRUE);
}

/* A rule of more than 4000 addresses, a group of more than 1000 rules. */
static void test_limits(void)
{
	GString *many = g_string_new("'10.0.0.1'"), *rules = g_string_new(NULL);
	g_autofree char *text = NULL, *errors = NULL, *more = NULL, *again = NULL;

	for (int i = 0; i < 3998; i++)
		g_string_append(many, ",'10.0.0.1'");
	text = g_strdup_printf(
	        "[" GROUP(RULE("r", "100", TO ",'sourcePortRange':'*','sourceAddressPrefixes':[%s]")) "]", many->str);
	errors = fixture_errors(text);
	g_assert_nonnull(
	        strstr(errors, "4002 addresses and ports are more than the 4000 that a rule may have; split it"));
	for (int i = 0; i < 1001; i++)
		g_string_append_printf(rules, "%s" RULE("r%d", "%d", FROM "," TO), i ? "," : "", i, 100 + i);
	more = g_strdup_printf("[" GROUP("%s") "]", rules->str);
	again = fixture_errors(more);
	g_assert_nonnull(strstr(again, "1001 rules are more than the 1000 that a group may have; split it"));
	g_string_free(many, TRUE);
	g_string_free(rules, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("network", network_faults, G_N_ELEMENTS(network_faults));
	fixture_add_faults("rule", rule_faults, G_N_ELEMENTS(rule_faults));
	fixture_add_faults("port", port_faults, G_N_ELEMENTS(port_faults));
	fixture_add_faults("balancer", balancer_faults, G_N_ELEMENTS(balancer_faults));
	g_test_add_func("/faults/all-at-once", test_all_at_once);
	g_test_add_func("/faults/limits", test_limits);
	g_test_add_func("/faults/error-limit", test_error_limit);
	return g_test_run();
}
