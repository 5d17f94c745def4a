/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/wire.h"
#include "abi/maps.h"
#include "compile/alloc.h"
#include "lab/error.h"
#include "lab/firewall.h"
#include "lab/hostwall.h"
#include "lab/netns.h"
#include "lab/rtnl.h"
#include "lab/sysctl.h"
#include "lib/paths.h"

#include <unistd.h>

/* The next hop that the route to the public pool names; nobody has it, its neighbour entry is host 0's uplink. */
#define POOL_GATEWAY  "192.88.98.1"
#define POOL_GATEWAY6 "fe80::1" /* likewise, on that link only */

/* The next hop of the prober: the data path behind the device. */
#define PROBER_GATEWAY "169.254.169.254"

enum wire_mac { MAC_UPLINK = 1, MAC_NEXTHOP, MAC_FABRIC };

static void make_mac(guint host, enum wire_mac which, guint8 mac[6])
{
	const guint8 bytes[6] = {0x0a, 0xe5, 0xca, (guint8)(host >> 8), (guint8)host, (guint8)which};

	memcpy(mac, bytes, 6);
}

void wire_uplink_mac(guint host, guint8 mac[6])
{
	make_mac(host, MAC_UPLINK, mac);
}

void wire_nexthop_mac(guint host, guint8 mac[6])
{
	make_mac(host, MAC_NEXTHOP, mac);
}

char *wire_netns_bridge(const char *lab)
{
	g_autofree char *prefix = paths_netns_prefix(lab);

	return g_strconcat(prefix, "fabric", NULL);
}

#define NO_IPV6                                                                                                        \
	{"ipv6/conf/all/disable_ipv6", "1"},                                                                           \
	{                                                                                                              \
		"ipv6/conf/default/disable_ipv6", "1"                                                                  \
	}

static const struct sysctl HOST_SETTINGS[] = {{"ipv4/ip_forward", "0"},
                                              {"ipv4/conf/all/forwarding", "0"},
                                              {"ipv4/conf/default/forwarding", "0"},
                                              {"ipv4/conf/all/arp_ignore", "8"},
                                              {"ipv4/icmp_echo_ignore_all", "1"},
                                              {"ipv6/conf/all/forwarding", "0"},
                                              NO_IPV6,
                                              {NULL, NULL}};

static const struct sysctl PROBER_SETTINGS[] = {
        {"ipv4/ip_forward", "0"}, {"ipv4/icmp_echo_ignore_all", "1"}, NO_IPV6, {NULL, NULL}};

static const struct sysctl FABRIC_SETTINGS[] = {{"ipv4/ip_forward", "0"}, NO_IPV6, {NULL, NULL}};

/* Forwarding comes first: it resets the settings of every device. */
static const struct sysctl INTERNET_SETTINGS[] = {{"ipv4/ip_forward", "1"},
                                                  {"ipv4/conf/all/rp_filter", "0"},
                                                  {"ipv4/conf/default/rp_filter", "0"},
                                                  {"ipv4/conf/all/accept_local", "1"},
                                                  {"ipv4/conf/default/accept_local", "1"},
                                                  {"ipv4/conf/all/send_redirects", "0"},
                                                  {"ipv4/conf/default/send_redirects", "0"},
                                                  {"ipv6/conf/all/disable_ipv6", "0"},
                                                  {"ipv6/conf/default/disable_ipv6", "0"},
                                                  {"ipv6/conf/all/forwarding", "1"},
                                                  {"ipv6/conf/all/accept_dad", "0"},
                                                  {"ipv6/conf/default/accept_dad", "0"},
                                                  {"ipv6/conf/default/addr_gen_mode", "1"},
                                                  SYSCTL_SHORT_SILENCE,
                                                  {NULL, NULL}};

/* Creates the namespace and sets it up before the first device is in it. */
static gboolean make_netns(const char *name, const struct sysctl *settings, GError **error)
{
	struct netns_visit visit;
	gboolean ok;

	if (!netns_create(name, error) || !netns_visit(&visit, name, error))
		return FALSE;
	ok = sysctl_set_all(settings, error);
	netns_leave(&visit);
	return ok;
}

static guint32 literal(const char *text)
{
	guint32 address = 0;

	g_assert(ip_parse(text, &address));
	return address;
}

static struct ip6 literal6(const char *text)
{
	struct ip6 address;

	g_assert(ip6_parse(text, &address));
	return address;
}

static struct prefix range(const char *text)
{
	struct prefix p = {0};

	g_assert(prefix_parse(text, &p));
	return p;
}

/* The numbers that the compiler gives to hosts and to the public, so that both speak of the same. */
static struct alloc_settings numbers(void)
{
	struct alloc_settings settings;

	alloc_settings_init(&settings);
	return settings;
}

static guint32 fabric_address(guint host)
{
	const struct alloc_settings settings = numbers();

	return alloc_fabric(&settings, host);
}

/*
 * Everything that is addressed to the Internet itself lands on one listener, unless a socket there wants it. What is
 * only forwarded is not tracked: a flood through the lab must not fill the Internet's connection table.
 */
static gboolean internet_firewall(GError **error)
{
	g_autofree char *rules = g_strdup_printf(
	        "table ip escarp\ndelete table ip escarp\n"
	        "table ip escarp {\n"
	        " chain untracked { type filter hook prerouting priority raw; fib daddr type != local notrack\n }\n"
	        " chain answer { type nat hook prerouting priority dstnat;\n"
	        "  meta l4proto { tcp, udp } socket wildcard { 0, 1 } return\n"
	        "  fib daddr type local meta l4proto { tcp, udp } dnat to " WIRE_CLIENT ":%d\n }\n"
	        "}\n"
	        "table ip6 escarp\ndelete table ip6 escarp\n"
	        "table ip6 escarp {\n"
	        " chain untracked { type filter hook prerouting priority raw; fib daddr type != local notrack\n }\n"
	        " chain answer { type nat hook prerouting priority dstnat;\n"
	        "  meta l4proto { tcp, udp } socket wildcard { 0, 1 } return\n"
	        "  fib daddr type local meta l4proto { tcp, udp } dnat to [" WIRE_CLIENT6 "]:%d\n }\n" WIRE_NO_REPORTS
	        "}\n",
	        WIRE_ECHO_PORT, WIRE_ECHO_PORT);

	return firewall_run(rules, error);
}

static gboolean build_internet(const char *lab, GError **error)
{
	g_autofree char *name = paths_netns_internet(lab);
	static const struct ip6 everywhere;
	const struct rtnl_route everything = {.to = rtnl_ip4(0), .device = "lo", .local = TRUE};
	const struct rtnl_route everything6 = {.to = rtnl_ip6(everywhere), .device = "lo", .local = TRUE};
	struct netns_visit visit;
	gboolean ok;

	if (!make_netns(name, INTERNET_SETTINGS, error))
		return FALSE;
	g_autoptr(rtnl) r = rtnl_open_in(name, error);
	if (!r || !rtnl_address(r, "lo", rtnl_ip4(literal(WIRE_CLIENT)), 32, error) ||
	    !rtnl_set_up(r, "lo", TRUE, error) ||
	    !rtnl_address(r, "lo", rtnl_ip6(literal6(WIRE_CLIENT6)), 128, error) ||
	    !rtnl_route(r, &everything, error) || !rtnl_route(r, &everything6, error) ||
	    !netns_visit(&visit, name, error))
		return FALSE;
	ok = internet_firewall(error);
	netns_leave(&visit);
	return ok;
}

static gboolean build_bridge(const char *lab, GError **error)
{
	g_autofree char *name = wire_netns_bridge(lab);

	if (!make_netns(name, FABRIC_SETTINGS, error))
		return FALSE;
	g_autoptr(rtnl) r = rtnl_open_in(name, error);
	return r && rtnl_add_bridge(r, "fabric0", WIRE_FABRIC_MTU, error) && rtnl_set_up(r, "fabric0", TRUE, error);
}

/* A veth pair between two namespaces; an existing one is kept. */
static gboolean join(struct rtnl *here, struct rtnl_end near, const char *there, struct rtnl_end far, GError **error)
{
	gboolean ok;
	int fd;

	if (rtnl_index(here, near.name))
		return TRUE;
	fd = netns_open(there, error);
	if (fd < 0)
		return FALSE;
	ok = rtnl_add_veth(here, near, far, fd, error);
	close(fd);
	return ok;
}

/* In the underlay's namespace, before its device is up. */
static gboolean build_hostwall(const char *netns, guint hosts, GError **error)
{
	struct netns_visit visit;
	struct hostwall wall;
	gboolean ok = hostwall_init(&wall, g_getenv(HOSTWALL_MANAGEMENT), g_getenv(HOSTWALL_VLANS), error);

	for (guint host = 0; host < hosts; host++) {
		guint32 address = fabric_address(host);
		g_array_append_val(wall.peers, address);
	}
	if (ok && (ok = netns_visit(&visit, netns, error))) {
		g_autofree char *rules = hostwall_rules(&wall, "eth0", WIRE_VXLAN_PORT);
		ok = firewall_run(rules, error);
		netns_leave(&visit);
	}
	hostwall_clear(&wall);
	return ok;
}

static gboolean build_underlay(const char *lab, guint host, guint hosts, GError **error)
{
	g_autofree char *name = paths_netns_fabric(lab, host);
	g_autofree char *bridge = wire_netns_bridge(lab);
	g_autofree char *port = g_strdup_printf("h%u", host);
	guint8 mac[6];

	make_mac(host, MAC_FABRIC, mac);
	if (!make_netns(name, FABRIC_SETTINGS, error))
		return FALSE;
	g_autoptr(rtnl) r = rtnl_open_in(name, error);
	g_autoptr(rtnl) b = r ? rtnl_open_in(bridge, error) : NULL;
	if (!b ||
	    !join(r, (struct rtnl_end){"eth0", mac, WIRE_FABRIC_MTU}, bridge,
	          (struct rtnl_end){port, NULL, WIRE_FABRIC_MTU}, error) ||
	    !build_hostwall(name, hosts, error) || !rtnl_set_up(r, "eth0", TRUE, error) ||
	    !rtnl_set_up(b, port, TRUE, error) || !rtnl_set_master(b, port, "fabric0", error) ||
	    !rtnl_address(r, "eth0", rtnl_ip4(fabric_address(host)), numbers().fabric.length, error))
		return FALSE;
	for (guint other = 0; other < hosts; other++) {
		make_mac(other, MAC_FABRIC, mac);
		if (other != host && !rtnl_neighbour(r, "eth0", rtnl_ip4(fabric_address(other)), mac, error))
			return FALSE;
	}
	return TRUE;
}

/* Made in the underlay, where its sockets stay, and moved to the host, where its packets go. */
static gboolean build_overlay(const char *lab, guint host, struct rtnl *in_host, GError **error)
{
	g_autofree char *fabric = paths_netns_fabric(lab, host);
	g_autofree char *name = paths_netns_host(lab, host);
	gboolean ok;
	int fd;

	if (rtnl_index(in_host, WIRE_OVERLAY))
		return TRUE;
	g_autoptr(rtnl) r = rtnl_open_in(fabric, error);
	if (!r)
		return FALSE;
	if (!rtnl_index(r, WIRE_OVERLAY) && !rtnl_add_vxlan(r, WIRE_OVERLAY, WIRE_VXLAN_PORT, WIRE_MTU, error))
		return FALSE;
	fd = netns_open(name, error);
	if (fd < 0)
		return FALSE;
	ok = rtnl_move(r, WIRE_OVERLAY, fd, error);
	close(fd);
	return ok;
}

/*
 * What the Internet sends to this fleet's public pool, and to private addresses, which nobody out there has: the edge
 * is to say what becomes of it. Without a route of its own the gateway would be one of the Internet's "own" addresses,
 * like every other.
 */
static gboolean pool_routes(struct rtnl *r, const char *device, const guint8 uplink[6], GError **error)
{
	const struct prefix inside[] = {numbers().public_pool, range("10.0.0.0/8"), range("172.16.0.0/12"),
	                                range("192.168.0.0/16"), range("100.64.0.0/10")};
	const struct rtnl_ip gateway = rtnl_ip4(literal(POOL_GATEWAY));
	const struct rtnl_route to_gateway = {.to = gateway, .length = 32, .device = device};

	if (!rtnl_neighbour(r, device, gateway, uplink, error) || !rtnl_route(r, &to_gateway, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(inside); i++) {
		const struct rtnl_route route = {.to = rtnl_ip4(inside[i].addr),
		                                 .length = inside[i].length,
		                                 .via = gateway,
		                                 .source = rtnl_ip4(literal(WIRE_CLIENT)),
		                                 .device = device};

		if (!rtnl_route(r, &route, error))
			return FALSE;
	}
	return TRUE;
}

/* The same for the public pool of IPv6, and unique local addresses. */
static gboolean pool_routes6(struct rtnl *r, const char *device, const guint8 uplink[6], GError **error)
{
	const struct prefix6 inside[] = {numbers().public_pool6, {{{0xfc}}, 7}};
	const struct rtnl_ip gateway = rtnl_ip6(literal6(POOL_GATEWAY6));

	if (!rtnl_neighbour(r, device, gateway, uplink, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(inside); i++) {
		const struct rtnl_route route = {.to = rtnl_ip6(inside[i].addr),
		                                 .length = inside[i].length,
		                                 .via = gateway,
		                                 .source = rtnl_ip6(literal6(WIRE_CLIENT6)),
		                                 .device = device};

		if (!rtnl_route(r, &route, error))
			return FALSE;
	}
	return TRUE;
}

/* The uplink's two ends; host 0's carries what the Internet sends to the public pool. */
static gboolean build_uplink(const char *lab, guint host, struct rtnl *in_host, GError **error)
{
	g_autofree char *internet = paths_netns_internet(lab);
	g_autofree char *far = g_strdup_printf("host%u", host);
	g_autoptr(rtnl) r = rtnl_open_in(internet, error);
	guint8 uplink[6], nexthop[6];

	wire_uplink_mac(host, uplink);
	wire_nexthop_mac(host, nexthop);
	if (!r ||
	    !join(in_host, (struct rtnl_end){WIRE_UPLINK, uplink, WIRE_MTU}, internet,
	          (struct rtnl_end){far, nexthop, WIRE_MTU}, error) ||
	    !rtnl_set_up(r, far, TRUE, error))
		return FALSE;
	if (host)
		return TRUE;
	return pool_routes(r, far, uplink, error) && pool_routes6(r, far, uplink, error);
}

/* The prober's namespace: one device, one address, and a way to what stands for this host's ports. */
static gboolean build_prober(const char *lab, guint host, struct rtnl *in_host, GError **error)
{
	static const guint8 mac[6] = ESC_PROBER_MAC, gateway[6] = ESC_GATEWAY_MAC;
	const struct rtnl_ip via = rtnl_ip4(literal(PROBER_GATEWAY)), own = rtnl_ip4(numbers().platform);
	const struct rtnl_route to_gateway = {.to = via, .length = 32, .device = "eth0"};
	const struct rtnl_route to_ports = {
	        .to = rtnl_ip4(ESC_PROBE_NET), .length = 10, .via = via, .source = own, .device = "eth0"};
	g_autofree char *name = paths_netns_prober(lab, host);

	if (!make_netns(name, PROBER_SETTINGS, error))
		return FALSE;
	g_autoptr(rtnl) r = rtnl_open_in(name, error);
	return r &&
	       join(in_host, (struct rtnl_end){WIRE_PROBER, NULL, WIRE_MTU}, name,
	            (struct rtnl_end){"eth0", mac, WIRE_MTU}, error) &&
	       rtnl_address(r, "eth0", own, 32, error) && rtnl_set_up(r, "eth0", TRUE, error) &&
	       rtnl_neighbour(r, "eth0", via, gateway, error) && rtnl_route(r, &to_gateway, error) &&
	       rtnl_route(r, &to_ports, error);
}

/* All three devices stay down behind a closed ingress: the host's agent sets them up when its programs are there. */
static gboolean close_devices(const char *netns, GError **error)
{
	struct netns_visit visit;
	gboolean ok;

	if (!netns_visit(&visit, netns, error))
		return FALSE;
	ok = firewall_close_device(WIRE_UPLINK, error) && firewall_close_device(WIRE_OVERLAY, error) &&
	     firewall_close_device(WIRE_PROBER, error);
	netns_leave(&visit);
	return ok;
}

static gboolean build_host(const char *lab, guint host, guint hosts, GError **error)
{
	g_autofree char *name = paths_netns_host(lab, host);

	if (!make_netns(name, HOST_SETTINGS, error) || !build_underlay(lab, host, hosts, error))
		return FALSE;
	g_autoptr(rtnl) r = rtnl_open_in(name, error);
	return r && build_overlay(lab, host, r, error) && build_uplink(lab, host, r, error) &&
	       build_prober(lab, host, r, error) && close_devices(name, error);
}

gboolean wire_build(const char *lab, guint hosts, GError **error)
{
	if (!build_internet(lab, error) || !build_bridge(lab, error))
		return FALSE;
	for (guint host = 0; host < hosts; host++)
		if (!build_host(lab, host, hosts, error))
			return FALSE;
	return TRUE;
}
