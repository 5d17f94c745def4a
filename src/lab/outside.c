/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/outside.h"
#include "compile/alloc.h"
#include "lab/error.h"
#include "lab/netns.h"
#include "lab/rtnl.h"
#include "lab/sysctl.h"
#include "lab/wire.h"
#include "lib/paths.h"

#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* On this link only; their neighbour entries are the Internet's end. */
#define GATEWAY  "169.254.254.254"
#define GATEWAY6 "fe80::1"

static const struct sysctl SETTINGS[] = {{"ipv6/conf/all/disable_ipv6", "1"},
                                         {"ipv6/conf/default/disable_ipv6", "1"},
                                         SYSCTL_SHORT_SILENCE,
                                         {NULL, NULL}};

/* For a sender of IPv6: his own address and no other. */
static const struct sysctl SETTINGS6[] = {{"ipv6/conf/default/accept_dad", "0"},
                                          {"ipv6/conf/default/accept_ra", "0"},
                                          {"ipv6/conf/default/addr_gen_mode", "1"},
                                          SYSCTL_SHORT_SILENCE,
                                          {NULL, NULL}};

/* An address that the routes send elsewhere could never get an answer. */
static gboolean check_address4(const char *address, guint32 value, GError **error)
{
	struct prefix loopback, multicast;
	struct alloc_settings settings;

	alloc_settings_init(&settings);
	if (!prefix_parse("127.0.0.0/8", &loopback) || !prefix_parse("224.0.0.0/3", &multicast))
		g_assert_not_reached();
	if (prefix_has(settings.public_pool, value))
		return lab_fail(error, "%s is of the public pool, which is inside", address);
	if (value < 1u << 24 || prefix_has(loopback, value) || prefix_has(multicast, value))
		return lab_fail(error, "%s cannot be a sender's address", address);
	return TRUE;
}

static gboolean check_address6(const char *address, struct ip6 value, GError **error)
{
	/* Multicast; what is only good on a link; the unspecified, loopback and IPv4 in other clothes. */
	static const struct prefix6 nobodys[] = {
	        {{{0xff}}, 8}, {{{0xfe, 0x80}}, 10}, {{{0}}, 96}, {{{[10] = 0xff, 0xff}}, 96}};
	struct alloc_settings settings;

	alloc_settings_init(&settings);
	if (prefix6_has(settings.public_pool6, value))
		return lab_fail(error, "%s is of the public pool, which is inside", address);
	for (gsize i = 0; i < G_N_ELEMENTS(nobodys); i++)
		if (prefix6_has(nobodys[i], value))
			return lab_fail(error, "%s cannot be a sender's address", address);
	return TRUE;
}

static gboolean check_address(const char *address, struct rtnl_ip *value, GError **error)
{
	struct ip6 six;
	guint32 four;

	if (ip_parse(address, &four)) {
		*value = rtnl_ip4(four);
		return check_address4(address, four, error);
	}
	if (!ip6_parse(address, &six))
		return lab_fail(error, "not an address: %s", address);
	*value = rtnl_ip6(six);
	return check_address6(address, six, error);
}

static gboolean is_six(struct rtnl_ip address)
{
	return address.size == 16;
}

/* By this, taking the lab down finds what still runs here. */
static gboolean mark(struct rtnl *internet, const char *far, GError **error)
{
	g_autofree char *alias = NULL;
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st))
		return lab_fail_errno(error, "own network namespace");
	alias = g_strdup_printf(OUTSIDE_MARK "%llu", (unsigned long long)st.st_ino);
	return rtnl_set_alias(internet, far, alias, error);
}

/* The Internet's end: up, and the way back. */
static gboolean join_internet(struct rtnl *internet, const char *far, struct rtnl_ip address, const guint8 mac[6],
                              GError **error)
{
	const struct rtnl_route back = {.to = address, .length = (guint8)(address.size * 8), .device = far};

	return rtnl_set_up(internet, far, TRUE, error) && rtnl_neighbour(internet, far, address, mac, error) &&
	       rtnl_route(internet, &back, error);
}

static struct rtnl_ip gateway_for(struct rtnl_ip address)
{
	struct ip6 six;
	guint32 four;

	g_assert(ip_parse(GATEWAY, &four) && ip6_parse(GATEWAY6, &six));
	return is_six(address) ? rtnl_ip6(six) : rtnl_ip4(four);
}

static gboolean join_here(struct rtnl *here, struct rtnl_ip address, const guint8 mac[6], GError **error)
{
	static const struct ip6 everywhere;
	struct rtnl_route out = {.to = is_six(address) ? rtnl_ip6(everywhere) : rtnl_ip4(0),
	                         .via = gateway_for(address),
	                         .device = "eth0",
	                         .source = address};

	return rtnl_set_up(here, "lo", TRUE, error) && rtnl_set_up(here, "eth0", TRUE, error) &&
	       rtnl_address(here, "eth0", address, (guint8)(address.size * 8), error) &&
	       rtnl_neighbour(here, "eth0", out.via, mac, error) && rtnl_route(here, &out, error);
}

static gboolean build(const char *netns, struct rtnl_ip address, GError **error)
{
	g_autofree char *far = g_strdup_printf("o%d", (int)getpid());
	g_autoptr(rtnl) internet = rtnl_open_in(netns, error);
	guint8 here_mac[6], far_mac[6];
	gboolean ok;
	int fd;

	if (!internet)
		return FALSE;
	fd = netns_open(netns, error);
	if (fd < 0)
		return FALSE;
	if (unshare(CLONE_NEWNET)) {
		lab_fail_errno(error, "cannot create a network namespace");
		close(fd);
		return FALSE;
	}
	g_autoptr(rtnl) here = rtnl_open(error);
	ok = here && sysctl_set_all(is_six(address) ? SETTINGS6 : SETTINGS, error) &&
	     rtnl_add_veth(here, (struct rtnl_end){"eth0", NULL, WIRE_MTU}, (struct rtnl_end){far, NULL, WIRE_MTU}, fd,
	                   error);
	close(fd);
	return ok && mark(internet, far, error) && rtnl_mac(here, "eth0", here_mac, error) &&
	       rtnl_mac(internet, far, far_mac, error) && join_internet(internet, far, address, here_mac, error) &&
	       join_here(here, address, far_mac, error);
}

gboolean outside_enter(const char *lab, const char *address, GError **error)
{
	g_autofree char *netns = paths_netns_internet(lab);
	struct rtnl_ip value;

	if (!address || !strcmp(address, WIRE_CLIENT) || !strcmp(address, WIRE_CLIENT6))
		return netns_enter(netns, error);
	return check_address(address, &value, error) && build(netns, value, error);
}
