/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways, local gateways, connections and circuits: what the original would not build is refused. */
#include "fixture.h"
#include "model/gateway.h"

#include <string.h>

#define NET                                                                                                            \
	"{'type':'virtualNetworks','name':'v','properties':{'addressSpace':{'addressPrefixes':['10.0.0.0/16']},"       \
	"'subnets':[{'name':'GatewaySubnet','properties':{'addressPrefix':'10.0.255.0/27'}},"                          \
	"{'name':'other','properties':{'addressPrefix':'10.0.1.0/24'}}]}}"
#define IP_OF(name, sku)                                                                                               \
	"{'type':'publicIPAddresses','name':'" name "','sku':{'name':'" sku "'},'properties':{"                        \
	"'publicIPAllocationMethod':'Static'}}"
#define IP(name) IP_OF(name, "Standard")
#define CONFIG_IN(name, subnet, ip)                                                                                    \
	"{'name':'" name "','properties':{'subnet':{'id':'@virtualNetworks/v/subnets/" subnet "'}," ip "}}"
#define HAS(ip)          "'publicIPAddress':{'id':'@publicIPAddresses/" ip "'}"
#define CONFIG(name, ip) CONFIG_IN(name, "GatewaySubnet", HAS(ip))
#define GATEWAY_OF(name, type, sku, configs, more)                                                                     \
	"{'type':'virtualNetworkGateways','name':'" name "','properties':{'gatewayType':'" type                        \
	"','sku':{'name':'" sku "','tier':'" sku "'},'ipConfigurations':[" configs "]" more "}}"
#define GATEWAY(more)        GATEWAY_OF("g", "Vpn", "VpnGw1", CONFIG("c", "p"), more)
#define BASE                 NET "," IP("p") ","
#define G                    "t.json:1: resource 'g' (properties."
#define LOCAL_OF(name, more) "{'type':'localNetworkGateways','name':'" name "','properties':{" more "}}"
#define SPACE(list)          "'localNetworkAddressSpace':{'addressPrefixes':[" list "]}"
#define LOCAL(more)          LOCAL_OF("l", "'gatewayIpAddress':'203.0.113.1'," SPACE("'192.168.0.0/16'") more)
#define L                    "t.json:1: resource 'l' (properties."
#define CONNECTION_OF(name, type, ends)                                                                                \
	"{'type':'connections','name':'" name "','properties':{'connectionType':'" type "'," ends "}}"
#define FIRST         "'virtualNetworkGateway1':{'id':'@virtualNetworkGateways/g'}"
#define ENDS          FIRST ",'localNetworkGateway2':{'id':'@localNetworkGateways/l'}"
#define IPSEC(more)   CONNECTION_OF("k", "IPsec", ENDS ",'sharedKey':'hidden-1'" more)
#define K             "t.json:1: resource 'k' (properties."
#define SITE          BASE GATEWAY("") "," LOCAL("") ","
#define CLIENTS(more) ",'vpnClientConfiguration':{" more "}"
#define POOL(prefix)  "'vpnClientAddressPool':{'addressPrefixes':['" prefix "']}"
#define POLICY(enc, integrity, ike, ikei, dh, pfs, seconds, kilobytes)                                                 \
	"{'ipsecEncryption':'" enc "','ipsecIntegrity':'" integrity "','ikeEncryption':'" ike                          \
	"','ikeIntegrity':'" ikei "','dhGroup':'" dh "','pfsGroup':'" pfs "','saLifeTimeSeconds':" seconds             \
	",'saDataSizeKilobytes':" kilobytes "}"
#define GOOD_POLICY    POLICY("GCMAES256", "GCMAES256", "AES256", "SHA384", "DHGroup24", "PFS24", "27000", "102400000")
#define POLICIES(list) ",'ipsecPolicies':[" list "]"
#define KEY129                                                                                                         \
	"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" \
	"kkk"                                                                                                          \
	"kkkkkkkkkkkkkkkkkk"
#define OTHER_NET                                                                                                      \
	"{'type':'virtualNetworks','name':'w','properties':{'addressSpace':{'addressPrefixes':['10.9.0.0/16']},"       \
	"'subnets':[{'name':'GatewaySubnet','properties':{'addressPrefix':'10.9.255.0/27'}}]}},"
#define OTHER                                                                                                          \
	OTHER_NET IP("q") ","                                                                                          \
	                  "{'type':'virtualNetworkGateways','name':'h','properties':{'gatewayType':'Vpn','sku':{'"     \
	                  "name':'VpnGw1'},"                                                                           \
	                  "'ipConfigurations':[{'name':'c','properties':{'subnet':{'id':'@virtualNetworks/w/subnets/"  \
	                  "GatewaySubnet'}," HAS("q") "}}]}}"
#define TO_H(key)                                                                                                      \
	CONNECTION_OF("gh", "Vnet2Vnet",                                                                               \
	              FIRST ",'virtualNetworkGateway2':{'id':'@virtualNetworkGateways/h'},'sharedKey':'" key "'")
#define TO_G(key)                                                                                                      \
	CONNECTION_OF("hg", "Vnet2Vnet",                                                                               \
	              "'virtualNetworkGateway1':{'id':'@virtualNetworkGateways/h'},"                                   \
	              "'virtualNetworkGateway2':{'id':'@virtualNetworkGateways/g'},'sharedKey':'" key "'")
#define CIRCUIT(more)                                                                                                  \
	"{'type':'expressRouteCircuits','name':'e','sku':{'tier':'Standard','family':'MeteredData'},'properties':{"    \
	"'serviceProviderProperties':{'serviceProviderName':'Line','peeringLocation':'Here','bandwidthInMbps':"        \
	"200}" more "}}"
#define LINE(name, type, asn, vlan, primary, secondary, more)                                                          \
	"{'name':'" name "','properties':{'peeringType':'" type "','peerASN':" asn ",'vlanId':" vlan                   \
	",'primaryPeerAddressPrefix':'" primary "','secondaryPeerAddressPrefix':'" secondary "'" more "}}"
#define PEERINGS(list) ",'peerings':[" list "]"
#define PRIVATE(more)  LINE("a", "AzurePrivatePeering", "65001", "100", "10.1.0.0/30", "10.1.0.4/30", more)
#define E0             "t.json:1: resource 'e' (properties.peerings[0].properties."
#define E1             "t.json:1: resource 'e' (properties.peerings[1].properties."

static const struct fault gateway_faults[] = {
        {"wrong-subnet", BASE GATEWAY_OF("g", "Vpn", "VpnGw1", CONFIG_IN("c", "other", HAS("p")), ""),
         G
         "ipConfigurations[0].properties.subnet): a gateway stands in subnet 'GatewaySubnet', not in 'other'; name it"},
        {"no-address",
         BASE GATEWAY_OF("g", "Vpn", "VpnGw1", CONFIG_IN("c", "GatewaySubnet", "'privateIPAllocationMethod':'Dynamic'"),
                         ""),
         G "ipConfigurations[0].properties.publicIPAddress): a VPN gateway is reached by a public address; name one"},
        {"nowhere", GATEWAY_OF("g", "Vpn", "VpnGw1", "", ""),
         G "ipConfigurations): the gateway stands nowhere; add one in GatewaySubnet"},
        {"address-taken", BASE GATEWAY("") "," GATEWAY_OF("h", "ExpressRoute", "Standard", CONFIG("c", "p"), ""),
         "t.json:1: resource 'h' (properties.ipConfigurations[0].properties.publicIPAddress): 'p' already belongs to "
         "'c' (t.json:1); use another address"},
        {"type", BASE GATEWAY_OF("g", "Tunnel", "VpnGw1", CONFIG("c", "p"), ""),
         G "gatewayType): 'Tunnel' is not known; write one of Vpn, ExpressRoute, LocalGateway"},
        {"sku", BASE GATEWAY_OF("g", "Vpn", "Huge", CONFIG("c", "p"), ""),
         G "sku.name): 'Huge' is not the size of a gateway; write one like VpnGw1, VpnGw2AZ or ErGw1AZ"},
        {"sku-type", BASE GATEWAY_OF("g", "ExpressRoute", "VpnGw1", CONFIG("c", "p"), ""),
         G "sku.name): VpnGw1 is no size of an ExpressRoute gateway; write one like ErGw1AZ"},
        {"sku-generation", BASE GATEWAY(",'vpnGatewayGeneration':'Generation2'"),
         G "vpnGatewayGeneration): there is no Generation2 of VpnGw1; write another"},
        {"zones-basic", NET "," IP_OF("p", "Basic") "," GATEWAY_OF("g", "Vpn", "VpnGw1AZ", CONFIG("c", "p"), ""),
         G
         "ipConfigurations[0].properties.publicIPAddress): 'p' is a Basic address and a gateway of size VpnGw1AZ takes "
         "a Standard one; use one"},
        {"policy-based", BASE GATEWAY(",'vpnType':'PolicyBased'"),
         G "vpnType): only a Basic gateway is policy-based; write \"RouteBased\""},
        {"policy-based-bgp",
         BASE GATEWAY_OF("g", "Vpn", "Basic", CONFIG("c", "p"), ",'vpnType':'PolicyBased','enableBgp':true"),
         G "enableBgp): a gateway of size Basic has no BGP; write false, or a larger size\n" G
           "enableBgp): a policy-based gateway has no BGP; write false"},
        {"active-one", BASE GATEWAY(",'activeActive':true"),
         G "activeActive): it needs 2 configurations and has 1; add one"},
        {"active-sku",
         BASE IP("q") "," GATEWAY_OF("g", "Vpn", "Standard", CONFIG("c", "p") "," CONFIG("d", "q"),
                                     ",'activeActive':true"),
         G "activeActive): a gateway of size Standard cannot be; write false"},
        {"two-not-active", BASE IP("q") "," GATEWAY_OF("g", "Vpn", "VpnGw1", CONFIG("c", "p") "," CONFIG("d", "q"), ""),
         G
         "ipConfigurations): there are 2 and the gateway is not active-active; keep one, or set activeActive to true"},
        {"second-gateway", BASE IP("q") "," GATEWAY("") "," GATEWAY_OF("h", "Vpn", "VpnGw1", CONFIG("c", "q"), ""),
         "t.json:1: resource 'h' (properties.gatewayType): virtual network 'v' has gateway 'g' (t.json:1) of this "
         "type; "
         "keep one"},
        {"asn", BASE GATEWAY(",'bgpSettings':{'asn':65517}"),
         G "bgpSettings.asn): 65517 is reserved by the platform; use another, such as one from 64512 to 65514"},
        {"weight", BASE GATEWAY(",'bgpSettings':{'peerWeight':101}"),
         G "bgpSettings.peerWeight): 101 is not a number from 0 to 100; write one of these"},
        {"custom-bgp",
         BASE GATEWAY(",'bgpSettings':{'bgpPeeringAddresses':[{'ipconfigurationId':"
                      "'@virtualNetworkGateways/g/ipConfigurations/c','customBgpIpAddresses':['10.0.0.1']}]}"),
         G "bgpSettings.bgpPeeringAddresses[0].customBgpIpAddresses[0]): it is not in 169.254.0.0/16; choose another "
           "address"},
        {"clients-overlap", BASE GATEWAY(CLIENTS(POOL("10.0.8.0/24"))),
         G "vpnClientConfiguration.vpnClientAddressPool.addressPrefixes): 10.0.8.0/24 overlaps 10.0.0.0/16 of virtual "
           "network 'v'; choose another prefix"},
        {"clients-prefix", BASE GATEWAY(CLIENTS(POOL("172.16.1.1/24"))),
         G "vpnClientConfiguration.vpnClientAddressPool.addressPrefixes[0]): 172.16.1.1/24 has bits beyond its length; "
           "write 172.16.1.0/24"},
        {"clients-protocol", BASE GATEWAY(CLIENTS(POOL("172.16.1.0/24") ",'vpnClientProtocols':['L2TP']")),
         G "vpnClientConfiguration.vpnClientProtocols[0]): 'L2TP' is not known; write one of IkeV2, SSTP, OpenVPN"},
        {"clients-revoked",
         BASE GATEWAY(CLIENTS(POOL("172.16.1.0/24") ",'vpnClientRevokedCertificates':[{'name':'r','properties':{"
                                                    "'thumbprint':'12'}}]")),
         G "vpnClientConfiguration.vpnClientRevokedCertificates[0].properties.thumbprint): '12' is not a thumbprint; "
           "write 40 hex digits"},
        {"clients-radius",
         BASE GATEWAY(CLIENTS(POOL("172.16.1.0/24") ",'vpnAuthenticationTypes':['Radius'],"
                                                    "'radiusServerSecret':'hidden'")),
         G "vpnClientConfiguration.radiusServerAddress): clients are to be known by RADIUS; name a server"},
        {"clients-directory",
         BASE GATEWAY(CLIENTS(POOL("172.16.1.0/24") ",'vpnAuthenticationTypes':['AAD'],'vpnClientProtocols':['SSTP'],"
                                                    "'aadTenant':'t','aadAudience':'a','aadIssuer':'i'")),
         G "vpnClientConfiguration.vpnClientProtocols): the directory knows clients of OpenVPN alone; add \"OpenVPN\""},
        {"nat-ports",
         BASE GATEWAY(",'natRules':[{'name':'r','properties':{'internalMappings':[{'addressSpace':'10.0.1.0/24',"
                      "'portRange':'200-100'}],'externalMappings':[{'addressSpace':'192.168.1.0/24'}]}}]"),
         G "natRules[0].properties.internalMappings[0].portRange): '200-100' is no range of ports; write one like "
           "100-200"},
        {"nat-sizes",
         BASE GATEWAY(",'natRules':[{'name':'r','properties':{'internalMappings':[{'addressSpace':'10.0.1.0/24'}],"
                      "'externalMappings':[{'addressSpace':'192.168.1.0/25'}]}}]"),
         G "natRules[0].properties.externalMappings): 192.168.1.0/25 and 10.0.1.0/24 are not of one size; make them "
           "equal"},
        {"default-site", BASE GATEWAY(",'gatewayDefaultSite':{'id':'@localNetworkGateways/z'}"),
         G "gatewayDefaultSite.id): no document declares the local network gateway "
           "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/localNetworkGateways/z; add it, or deploy it "
           "first"},
};

static const struct fault local_faults[] = {
        {"nowhere", LOCAL_OF("l", SPACE("'192.168.0.0/16'")),
         L "gatewayIpAddress): nothing says where the device is; write its address, or its name in fqdn"},
        {"both", LOCAL_OF("l", "'gatewayIpAddress':'203.0.113.1','fqdn':'a.example'"),
         L "fqdn): the device has an address as well; remove one of them"},
        {"address", LOCAL_OF("l", "'gatewayIpAddress':'203.0.113.256'"),
         L "gatewayIpAddress): '203.0.113.256' is not an IPv4 address; write one like 10.0.0.4"},
        {"name", LOCAL_OF("l", "'fqdn':'-a.example'"),
         L "fqdn): '-a.example' is not the name of a host; write one like vpn.example.com"},
        {"prefix", LOCAL_OF("l", "'fqdn':'a.example'," SPACE("'192.168.0.0/33'")),
         L "localNetworkAddressSpace.addressPrefixes[0]): '192.168.0.0/33' is not an address prefix; write one like "
           "10.0.0.0/16"},
        {"asn", LOCAL(",'bgpSettings':{'asn':65515,'bgpPeeringAddress':'192.168.0.1'}"),
         L "bgpSettings.asn): 65515 is the platform's own; use another, such as one from 64512 to 65514"},
        {"asn-document", LOCAL(",'bgpSettings':{'asn':64500}"),
         L "bgpSettings.asn): 64500 is for documentation (RFC 5398); use another, such as one from 64512 to 65514"},
        {"peer", LOCAL(",'bgpSettings':{'asn':65010,'bgpPeeringAddress':'203.0.113.1'}"),
         L
         "bgpSettings.bgpPeeringAddress): it is the device's public address; BGP is spoken inside of the tunnel, name "
         "an address there"},
};

static const struct fault connection_faults[] = {
        {"overlap",
         BASE GATEWAY("") "," LOCAL_OF("l", "'gatewayIpAddress':'203.0.113.1'," SPACE("'10.0.128.0/17'")) "," IPSEC(""),
         K
         "localNetworkGateway2): 10.0.128.0/17 of 'l' overlaps 10.0.0.0/16 of virtual network 'v'; only networks that "
         "are apart can be connected"},
        {"type", SITE CONNECTION_OF("k", "Wire", ENDS),
         K "connectionType): 'Wire' is not known; write one of IPsec, Vnet2Vnet, ExpressRoute, VPNClient"},
        {"no-site", SITE CONNECTION_OF("k", "IPsec", FIRST),
         K "localNetworkGateway2): it is missing; name a local network gateway by its id"},
        {"no-gateway",
         LOCAL("") "," CONNECTION_OF("k", "IPsec", "'localNetworkGateway2':{'id':'@localNetworkGateways/l'}"),
         K "virtualNetworkGateway1): it is missing; name a virtual network gateway by its id"},
        {"long-key", SITE CONNECTION_OF("k", "IPsec", ENDS ",'sharedKey':'" KEY129 "'"),
         K "sharedKey): its length is not from 1 to 128 characters; use another"},
        {"odd-key",
         SITE CONNECTION_OF("k", "IPsec",
                            ENDS ",'sharedKey':'hid\xc3\xa4"
                                 "den'"),
         K "sharedKey): it has characters that are not printable ASCII; use only these"},
        {"key-is-a-list", SITE CONNECTION_OF("k", "IPsec", ENDS ",'sharedKey':['hidden']"),
         K "sharedKey): a string belongs here, not array; write it in quotes"},
        {"wrong-gateway",
         BASE GATEWAY_OF("g", "ExpressRoute", "Standard", CONFIG("c", "p"), "") "," LOCAL("") "," IPSEC(""),
         K
         "virtualNetworkGateway1): 'g' is an ExpressRoute gateway, which a connection of this type cannot use; name a "
         "VPN one"},
        {"policy-ike",
         BASE GATEWAY_OF("g", "Vpn", "Basic", CONFIG("c", "p"),
                         ",'vpnType':'PolicyBased'") "," LOCAL("") "," IPSEC(",'connectionProtocol':'IKEv2'"),
         K
         "connectionProtocol): gateway 'g' is policy-based and speaks IKEv1 alone; write that, or make it route-based"},
        {"protocol", SITE IPSEC(",'connectionProtocol':'IKEv3'"),
         K "connectionProtocol): 'IKEv3' is not known; write one of IKEv2, IKEv1"},
        {"bgp", SITE IPSEC(",'enableBgp':true"),
         K "enableBgp): gateway 'g' has no BGP; set enableBgp there, or write false here"},
        {"bgp-site", BASE GATEWAY(",'enableBgp':true") "," LOCAL("") "," IPSEC(",'enableBgp':true"),
         K "enableBgp): local gateway 'l' has no ASN; add bgpSettings there"},
        {"bgp-same",
         BASE GATEWAY(",'enableBgp':true,'bgpSettings':{'asn':65010}") "," LOCAL(
                 ",'bgpSettings':{'asn':65010,'bgpPeeringAddress':'192.168.0.1'}") "," IPSEC(",'enableBgp':true"),
         K "enableBgp): both sides are AS 65010; give local gateway 'l' another number"},
        {"dpd", SITE IPSEC(",'dpdTimeoutSeconds':8"),
         K "dpdTimeoutSeconds): 8 is not from 9 to 3600; write one of these, or 0"},
        {"dpd-long", SITE IPSEC(",'dpdTimeoutSeconds':3601"),
         K "dpdTimeoutSeconds): 3601 is not a number from 0 to 3600; write one of these"},
        {"weight", SITE IPSEC(",'routingWeight':32001"),
         K "routingWeight): 32001 is not a number from 0 to 32000; write one of these"},
        {"selectors", SITE IPSEC(",'usePolicyBasedTrafficSelectors':true"),
         K "usePolicyBasedTrafficSelectors): it needs a policy; add one to ipsecPolicies, or write false"},
        {"half-selector", SITE IPSEC(",'trafficSelectorPolicies':[{'localAddressRanges':['10.0.1.0/24']}]"),
         K "trafficSelectorPolicies[0]): it needs prefixes of both sides; add them, or remove it"},
        {"algorithm",
         SITE IPSEC(POLICIES(POLICY("ROT13", "SHA1", "AES256", "SHA1", "DHGroup2", "None", "3600", "1024"))),
         K "ipsecPolicies[0].ipsecEncryption): 'ROT13' is not known; write one of None, DES, DES3, AES128, AES192, "
           "AES256, GCMAES128, GCMAES192, GCMAES256"},
        {"gcm",
         SITE IPSEC(POLICIES(POLICY("GCMAES256", "SHA256", "AES256", "SHA1", "DHGroup2", "None", "3600", "1024"))),
         K "ipsecPolicies[0].ipsecIntegrity): it is SHA256 and ipsecEncryption is GCMAES256; GCMAES256 must be both"},
        {"lifetime",
         SITE IPSEC(POLICIES(POLICY("AES256", "SHA1", "AES256", "SHA1", "DHGroup2", "None", "299", "1024"))),
         K "ipsecPolicies[0].saLifeTimeSeconds): 299 is not a number from 300 to 172799; write one of these"},
        {"two-policies", SITE IPSEC(POLICIES(GOOD_POLICY "," GOOD_POLICY)),
         K "ipsecPolicies): there are 2 policies; keep one"},
        {"twice", SITE IPSEC("") "," CONNECTION_OF("k2", "IPsec", ENDS),
         "t.json:1: resource 'k2': 'k' (t.json:1) connects the same two already; keep one"},
        {"other-key", BASE GATEWAY("") "," OTHER "," TO_H("hidden-1") "," TO_G("hidden-2"),
         "t.json:1: resource 'hg' (properties.sharedKey): it is not the key of 'gh' (t.json:1), the other side; use "
         "one "
         "key on both"},
        {"itself",
         BASE GATEWAY("") "," CONNECTION_OF("k", "Vnet2Vnet",
                                            FIRST ",'virtualNetworkGateway2':{'id':'@virtualNetworkGateways/g'}"),
         K "virtualNetworkGateway2): a gateway cannot be connected with itself; name another one"},
        {"no-authorization",
         BASE GATEWAY_OF("g", "ExpressRoute", "Standard", CONFIG("c", "p"), "") "," CONNECTION_OF(
                 "k", "ExpressRoute",
                 FIRST ",'peer':{'id':'/subscriptions/t/resourceGroups/g/providers/Microsoft.Network/"
                       "expressRouteCircuits/e'}"),
         K "authorizationKey): the circuit is of another subscription, whose owner must authorise it; add the key"},
        {"nat-of-another",
         BASE GATEWAY("") "," OTHER "," LOCAL("") "," IPSEC(",'egressNatRules':[{'id':'@virtualNetworkGateways/h/"
                                                            "natRules/r'}]") ",{'type':'virtualNetworkGateways/"
                                                                             "natRules','name':'h/r','properties':{"
                                                                             "'internalMappings':[{'addressSpace':"
                                                                             "'10.9.1.0/24'}],'externalMappings':[{"
                                                                             "'addressSpace':'192.168.1.0/24'}]}}",
         K "egressNatRules[0].id): 'r' is a rule of gateway 'h'; name one of this connection's gateway"},
};

static const struct fault circuit_faults[] = {
        {"no-line", "{'type':'expressRouteCircuits','name':'e','properties':{}}",
         "t.json:1: resource 'e' (properties.serviceProviderProperties): the circuit has neither a provider nor a "
         "port; "
         "add one of them"},
        {"tier",
         "{'type':'expressRouteCircuits','name':'e','sku':{'tier':'Gold'},'properties':{"
         "'serviceProviderProperties':{'serviceProviderName':'a','peeringLocation':'b','bandwidthInMbps':50}}}",
         "t.json:1: resource 'e' (sku.tier): 'Gold' is not known; write one of Standard, Premium, Basic, Local"},
        {"vlan", CIRCUIT(PEERINGS(LINE("a", "AzurePrivatePeering", "65001", "4095", "10.1.0.0/30", "10.1.0.4/30", ""))),
         E0 "vlanId): 4095 is not a number from 1 to 4094; write one of these"},
        {"vlan-twice",
         CIRCUIT(PEERINGS(PRIVATE("") "," LINE("b", "MicrosoftPeering", "65001", "100", "203.0.113.0/30",
                                               "203.0.113.4/30", ""))),
         E1 "vlanId): 100 is the VLAN of 'a' (t.json:1) already; use another"},
        {"type-twice",
         CIRCUIT(PEERINGS(
                 PRIVATE("") "," LINE("b", "AzurePrivatePeering", "65001", "101", "10.2.0.0/30", "10.2.0.4/30", ""))),
         E1 "peeringType): 'a' (t.json:1) is of this type already; keep one"},
        {"link", CIRCUIT(PEERINGS(LINE("a", "AzurePrivatePeering", "65001", "100", "10.1.0.0/29", "10.1.0.8/30", ""))),
         E0 "primaryPeerAddressPrefix): 10.1.0.0/29 is no /30, which a link between two routers is; write one"},
        {"link-bits",
         CIRCUIT(PEERINGS(LINE("a", "AzurePrivatePeering", "65001", "100", "10.1.0.0/30", "10.1.0.5/30", ""))),
         E0 "secondaryPeerAddressPrefix): 10.1.0.5/30 is no /30, which a link between two routers is; write one"},
        {"link-six", CIRCUIT(PEERINGS(PRIVATE(",'ipv6PeeringConfig':{'primaryPeerAddressPrefix':'fd00::/64'}"))),
         E0 "ipv6PeeringConfig.primaryPeerAddressPrefix): fd00::/64 is no /126, which a link between two routers is; "
            "write one"},
        {"link-same",
         CIRCUIT(PEERINGS(LINE("a", "AzurePrivatePeering", "65001", "100", "10.1.0.0/30", "10.1.0.0/30", ""))),
         E0 "secondaryPeerAddressPrefix): it is the primary link's prefix as well; use another"},
        {"asn", CIRCUIT(PEERINGS(LINE("a", "AzurePrivatePeering", "65515", "100", "10.1.0.0/30", "10.1.0.4/30", ""))),
         E0 "peerASN): 65515 is the platform's own; use another, such as one from 64512 to 65514"},
        {"long-key", CIRCUIT(PEERINGS(PRIVATE(",'sharedKey':'hiddenhiddenhiddenhiddenhidden'"))),
         E0 "sharedKey): its length is not from 1 to 25 characters; use another"},
};

static const char site[] = "[" BASE GATEWAY(
        ",'vpnType':'RouteBased','enableBgp':true,'bgpSettings':{'asn':65010,'bgpPeeringAddress':'10.0.255.30',"
        "'peerWeight':5},'gatewayDefaultSite':{'id':'@localNetworkGateways/l'}" CLIENTS(POOL(
                "172.16.1.0/24") ",'vpnClientProtocols':['IkeV2','OpenVPN']")) ","
                                                                               "{'type':'localNetworkGateways','"
                                                                               "name':'l','properties':{'fqdn':'"
                                                                               "vpn.example.com'," SPACE(
                                                                                       "'192."
                                                                                       "168.0.0/"
                                                                                       "16','"
                                                                                       "192.168."
                                                                                       "7.1/32'") ",'bgpSettings':{'"
                                                                                                  "asn':65020,'"
                                                                                                  "bgpPeeringAddress':'"
                                                                                                  "192.168.0.1'}}}"
                                                                                                  "," IPSEC(
                                                                                                          ",'"
                                                                                                          "enableBgp'"
                                                                                                          ":true,'"
                                                                                                          "connection"
                                                                                                          "Protocol':"
                                                                                                          "'"
                                                                                                          "IKEv2','"
                                                                                                          "usePolicyB"
                                                                                                          "asedTraffi"
                                                                                                          "cSelec"
                                                                                                          "tors':"
                                                                                                          "true,"
                                                                                                          "'dpdTimeou"
                                                                                                          "tSeconds':"
                                                                                                          "45,'"
                                                                                                          "routingWei"
                                                                                                          "ght':"
                                                                                                          "1"
                                                                                                          "0" POLICIES(
                                                                                                                  GOOD_POLICY)) "," OTHER
                                                                                                                                "," TO_H("hidden-1") "," TO_G(
                                                                                                                                        "hidden-1") "]";

static void test_site(void)
{
	g_autoptr(graph) g = fixture_graph(site);
	const struct gateway *gw = fixture_noun(g, "@virtualNetworkGateways/g");
	const struct local_gateway *l = fixture_noun(g, "@localNetworkGateways/l");
	const struct gateway_connection *k = fixture_noun(g, "@connections/k");
	const struct gateway_config *c = fixture_noun(g, "@virtualNetworkGateways/g/ipConfigurations/c");
	const struct ipsec_policy *p = &g_array_index(k->policies, struct ipsec_policy, 0);

	g_assert_true(gw->network == fixture_noun(g, "@virtualNetworks/v") && gw->default_site == l);
	g_assert_true(c->public_address == fixture_noun(g, "@publicIPAddresses/p"));
	g_assert_true(c->public_address->gateway_config == c);
	g_assert_true(gw->bgp && gw->speaker.asn == 65010 && gw->speaker.weight == 5 && !gw->policy_based);
	g_assert_cmpuint(gw->clients->protocols, ==, VPN_IKEV2 | VPN_OPENVPN);
	g_assert_cmpuint(gw->connections->len, ==, 2);
	g_assert_true(k->gateway == gw && k->site == l && k->bgp && k->has_key && k->policy_selectors && !k->ikev1);
	g_assert_cmpuint(k->dpd_seconds, ==, 45);
	g_assert_cmpuint(l->space->len, ==, 2);
	g_assert_cmpstr(l->fqdn, ==, "vpn.example.com");
	g_assert_cmpstr(p->choices[IPSEC_ENCRYPTION], ==, "GCMAES256");
	g_assert_cmpstr(p->choices[PFS_GROUP], ==, "PFS24");
	g_assert_cmpuint(p->seconds, ==, 27000);
}

static void test_pair(void)
{
	g_autoptr(graph) g = fixture_graph(site);
	g_autoptr(graph) half = fixture_graph("[" BASE GATEWAY("") "," OTHER "," TO_H("hidden-1") "]");
	const struct gateway_connection *gh = fixture_noun(g, "@connections/gh"),
	                                *hg = fixture_noun(g, "@connections/hg");

	g_assert_true(gh->reverse == hg && hg->reverse == gh && gh->peer == hg->gateway);
	g_assert_null(((struct gateway_connection *)fixture_noun(half, "@connections/gh"))->reverse);
	fixture_check_warning(half, "resource 'gh': no document declares the other side's connection: nothing passes");
}

/* Each resource is listed, and what no reader takes is listed by name. */
static void test_listed(void)
{
	static const char *const recorded[] = {"connections/k|properties.connectionType",
	                                       "expressRouteCircuits/e|properties.serviceProviderProperties",
	                                       "localNetworkGateways/l|properties.gatewayIpAddress",
	                                       "virtualNetworkGateways/g|properties.gatewayType", NULL};
	static const char *const unmodelled[] = {"connections/k|properties.useLocalAzureIpAddress",
	                                         "expressRouteCircuits/e|properties.allowClassicOperations",
	                                         "virtualNetworkGateways/g|properties.brandNew", NULL};
	g_autoptr(graph) g = fixture_graph("[" BASE GATEWAY(",'brandNew':1") "," LOCAL("") "," IPSEC(
	        ",'useLocalAzureIpAddress':true") "," CIRCUIT(",'allowClassicOperations':true") "]");

	fixture_check_listed(g->recorded, recorded);
	fixture_check_listed(g->unmodelled, unmodelled);
}

static void test_circuit(void)
{
	g_autoptr(graph) g = fixture_graph("[" CIRCUIT(PEERINGS(PRIVATE(
	        ",'sharedKey':'hidden'")) ",'authorizations':[{'name':'z'}]") ","
	                                                                      "{'type':'expressRouteCircuits/"
	                                                                      "peerings','name':'e/"
	                                                                      "m','properties':{'peeringType':'"
	                                                                      "MicrosoftPeering',"
	                                                                      "'peerASN':64999,'vlanId':300,'"
	                                                                      "primaryPeerAddressPrefix':'203.0.113.0/"
	                                                                      "30',"
	                                                                      "'secondaryPeerAddressPrefix':'203.0.113."
	                                                                      "4/30','microsoftPeeringConfig':{"
	                                                                      "'advertisedPublicPrefixes':['198.51.100."
	                                                                      "0/24']}}},"
	                                                                      "{'type':'expressRouteCircuits/"
	                                                                      "authorizations','name':'e/"
	                                                                      "y','properties':{}}]");
	const struct circuit *e = fixture_noun(g, "@expressRouteCircuits/e");
	const struct circuit_peering *a = fixture_noun(g, "@expressRouteCircuits/e/peerings/a");
	const struct circuit_peering *m = fixture_noun(g, "@expressRouteCircuits/e/peerings/m");

	g_assert_cmpuint(e->peerings->len, ==, 2);
	g_assert_cmpuint(e->authorizations->len, ==, 2);
	g_assert_cmpuint(e->megabits, ==, 200);
	g_assert_true(a->has4 && !a->has6 && a->type == PEERING_PRIVATE && a->peer_asn == 65001 && a->vlan == 100);
	g_assert_true(m->type == PEERING_MICROSOFT && m->advertised->len == 1 && m->circuit == e);
}

/* What is no certificate opens nothing; it is told without being shown. */
static void test_certificate(void)
{
	g_autoptr(graph) g = fixture_graph("[" BASE GATEWAY(CLIENTS(POOL(
	        "172.16.1.0/24") ",'vpnClientRootCertificates':[{'name':'r','properties':{'publicCertData':'hidden*'}},"
	                         "{'name':'s','properties':{'publicCertData':'MIIB'}}]")) "]");
	const struct gateway *gw = fixture_noun(g, "@virtualNetworkGateways/g");

	g_assert_cmpuint(gw->clients->root_certificates, ==, 2);
	g_assert_cmpuint(g->warnings->len, ==, 1);
	g_assert_null(strstr(g->warnings->pdata[0], "hidden"));
	fixture_check_warning(
	        g, "vpnClientRootCertificates[0].properties.publicCertData): it is no certificate in base64, so "
	           "no client's is good by it");
}

static void test_limit(void)
{
	GString *all = g_string_new(NULL);
	g_autofree char *text = NULL, *errors = NULL;

	for (int i = 0; i < 101; i++)
		g_string_append_printf(
		        all,
		        "," LOCAL_OF("l%d", "'fqdn':'a.example'") "," CONNECTION_OF(
		                "k%d", "IPsec", FIRST ",'localNetworkGateway2':{'id':'@localNetworkGateways/l%d'}"),
		        i, i, i);
	text = g_strdup_printf("[" BASE GATEWAY("") "%s]", all->str);
	errors = fixture_errors(text);
	g_assert_cmpstr(
	        errors, ==,
	        "t.json:1: resource 'g': 101 connections are more than the 100 that a gateway may have; remove some");
	g_string_free(all, TRUE);
}

/* A connection alone: what it joins must exist, and is made up as it needs it. */
static void test_assumed(void)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(graph) g = graph_assume(fixture_documents("[" IPSEC(",'enableBgp':true") "," CONNECTION_OF(
	                                          "x", "ExpressRoute",
	                                          "'virtualNetworkGateway1':{'id':'@virtualNetworkGateways/er'},"
	                                          "'peer':{'id':'@expressRouteCircuits/e'}") "]"),
	                                  errors);
	const struct gateway *er, *gw;

	for (guint i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)errors->pdata[i]);
	g_assert_nonnull(g);
	er = fixture_noun(g, "@virtualNetworkGateways/er");
	gw = fixture_noun(g, "@virtualNetworkGateways/g");
	g_assert_true(er->type == GATEWAY_EXPRESS_ROUTE && gw->type == GATEWAY_VPN && gw->bgp);
	g_assert_true(er->network && gw->network && er->network != gw->network);
	g_assert_true(((struct local_gateway *)fixture_noun(g, "@localNetworkGateways/l"))->speaker.asn == 64512);
	g_assert_cmpuint(g->assumed->len, ==, 8);
}

static void test_order(void)
{
	fixture_check_order(site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	fixture_add_faults("gateway", gateway_faults, G_N_ELEMENTS(gateway_faults));
	fixture_add_faults("local-gateway", local_faults, G_N_ELEMENTS(local_faults));
	fixture_add_faults("connection", connection_faults, G_N_ELEMENTS(connection_faults));
	fixture_add_faults("circuit", circuit_faults, G_N_ELEMENTS(circuit_faults));
	g_test_add_func("/gateway/site", test_site);
	g_test_add_func("/gateway/pair", test_pair);
	g_test_add_func("/gateway/listed", test_listed);
	g_test_add_func("/gateway/circuit", test_circuit);
	g_test_add_func("/gateway/certificate", test_certificate);
	g_test_add_func("/gateway/limit", test_limit);
	g_test_add_func("/gateway/assumed", test_assumed);
	g_test_add_func("/gateway/order", test_order);
	return g_test_run();
}
