/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/rtnl.h"
#include "lab/error.h"
#include "lab/netns.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>

#define CREATE  (NLM_F_CREATE | NLM_F_EXCL)
#define REPLACE (NLM_F_CREATE | NLM_F_REPLACE)

struct rtnl {
	struct nl_sock *socket;
};

struct rtnl *rtnl_open(GError **error)
{
	struct nl_sock *socket = nl_socket_alloc();
	int e = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;

	if (e < 0) {
		nl_socket_free(socket);
		lab_fail(error, "rtnetlink: %s", nl_geterror(e));
		return NULL;
	}
	struct rtnl *r = g_new0(struct rtnl, 1);
	r->socket = socket;
	return r;
}

struct rtnl *rtnl_open_in(const char *netns, GError **error)
{
	struct netns_visit visit;

	if (!netns_visit(&visit, netns, error))
		return NULL;
	struct rtnl *r = rtnl_open(error);
	netns_leave(&visit);
	return r;
}

void rtnl_close(struct rtnl *r)
{
	if (!r)
		return;
	nl_socket_free(r->socket);
	g_free(r);
}

/* Messages are small and bounded, so a failing put is a bug of ours, not a condition. */
static void put(struct nl_msg *m, int type, const void *data, int length)
{
	g_assert(nla_put(m, type, length, data) == 0);
}

static void put_u32(struct nl_msg *m, int type, guint32 v)
{
	put(m, type, &v, sizeof(v));
}

static void put_u8(struct nl_msg *m, int type, guint8 v)
{
	put(m, type, &v, sizeof(v));
}

static void put_text(struct nl_msg *m, int type, const char *v)
{
	put(m, type, v, (int)strlen(v) + 1);
}

static void put_address(struct nl_msg *m, int type, struct rtnl_ip address)
{
	put(m, type, address.b, address.size);
}

struct rtnl_ip rtnl_ip4(guint32 address)
{
	struct rtnl_ip out = {AF_INET, 4, {0}};
	guint32 wire = htonl(address);

	memcpy(out.b, &wire, sizeof(wire));
	return out;
}

struct rtnl_ip rtnl_ip6(struct ip6 address)
{
	struct rtnl_ip out = {AF_INET6, 16, {0}};

	memcpy(out.b, address.b, sizeof(address.b));
	return out;
}

static struct nl_msg *message(int type, int flags, void *head, size_t length)
{
	struct nl_msg *m = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

	g_assert(m && nlmsg_append(m, head, length, NLMSG_ALIGNTO) == 0);
	return m;
}

static struct nl_msg *link_message(int flags, int index)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};

	return message(RTM_NEWLINK, flags, &head, sizeof(head));
}

/* Sends and frees the message, and waits for the kernel's answer. */
static gboolean talk(struct rtnl *r, struct nl_msg *m, const char *what, const char *name, GError **error)
{
	int e = nl_send_sync(r->socket, m);

	if (e < 0)
		return lab_fail(error, "cannot %s %s: %s", what, name, nl_geterror(e));
	return TRUE;
}

static struct rtnl_link *find(struct rtnl *r, const char *name)
{
	struct rtnl_link *link = NULL;

	return rtnl_link_get_kernel(r->socket, 0, name, &link) < 0 ? NULL : link;
}

guint rtnl_index(struct rtnl *r, const char *name)
{
	struct rtnl_link *link = find(r, name);
	guint index = link ? (guint)rtnl_link_get_ifindex(link) : 0;

	rtnl_link_put(link);
	return index;
}

static guint need_index(struct rtnl *r, const char *name, GError **error)
{
	guint index = rtnl_index(r, name);

	if (!index)
		lab_fail(error, "no device %s", name);
	return index;
}

gboolean rtnl_mac(struct rtnl *r, const char *name, guint8 mac[6], GError **error)
{
	struct rtnl_link *link = find(r, name);
	struct nl_addr *address = link ? rtnl_link_get_addr(link) : NULL;
	gboolean ok = address && nl_addr_get_len(address) == 6;

	if (ok)
		memcpy(mac, nl_addr_get_binary_addr(address), 6);
	else
		lab_fail(error, "no MAC on device %s", name);
	rtnl_link_put(link);
	return ok;
}

char *rtnl_kind(struct rtnl *r, const char *name)
{
	struct rtnl_link *link = find(r, name);
	char *kind = link ? g_strdup(rtnl_link_get_type(link)) : NULL;

	rtnl_link_put(link);
	return kind;
}

char *rtnl_alias(struct rtnl *r, const char *name)
{
	struct rtnl_link *link = find(r, name);
	char *alias = link ? g_strdup(rtnl_link_get_ifalias(link)) : NULL;

	rtnl_link_put(link);
	return alias;
}

gboolean rtnl_set_alias(struct rtnl *r, const char *name, const char *alias, GError **error)
{
	guint index = need_index(r, name, error);
	struct nl_msg *m;

	if (!index)
		return FALSE;
	m = link_message(0, (int)index);
	put_text(m, IFLA_IFALIAS, alias);
	return talk(r, m, "set the alias of", name, error);
}

gboolean rtnl_is_up(struct rtnl *r, const char *name)
{
	struct rtnl_link *link = find(r, name);
	gboolean up = link && (rtnl_link_get_flags(link) & IFF_UP);

	rtnl_link_put(link);
	return up;
}

static void collect_name(struct nl_object *object, void *names)
{
	const char *name = rtnl_link_get_name((struct rtnl_link *)object);

	if (name)
		g_ptr_array_add(names, g_strdup(name));
}

GPtrArray *rtnl_devices(struct rtnl *r, GError **error)
{
	struct nl_cache *cache = NULL;
	int e = rtnl_link_alloc_cache(r->socket, AF_UNSPEC, &cache);

	if (e < 0) {
		lab_fail(error, "cannot list devices: %s", nl_geterror(e));
		return NULL;
	}
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	nl_cache_foreach(cache, collect_name, names);
	nl_cache_free(cache);
	return names;
}

static void put_end(struct nl_msg *m, struct rtnl_end end)
{
	put_text(m, IFLA_IFNAME, end.name);
	put_u32(m, IFLA_MTU, end.mtu);
	if (end.mac)
		put(m, IFLA_ADDRESS, end.mac, 6);
}

gboolean rtnl_add_veth(struct rtnl *r, struct rtnl_end here, struct rtnl_end there, int there_fd, GError **error)
{
	struct ifinfomsg peer_head = {.ifi_family = AF_UNSPEC};
	struct nl_msg *m = link_message(CREATE, 0);

	put_end(m, here);
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	put_text(m, IFLA_INFO_KIND, "veth");
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	struct nlattr *peer = nla_nest_start(m, VETH_INFO_PEER);
	g_assert(nlmsg_append(m, &peer_head, sizeof(peer_head), NLMSG_ALIGNTO) == 0);
	put_end(m, there);
	put_u32(m, IFLA_NET_NS_FD, (guint32)there_fd);
	nla_nest_end(m, peer);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return talk(r, m, "create veth", here.name, error);
}

gboolean rtnl_add_bridge(struct rtnl *r, const char *name, guint mtu, GError **error)
{
	struct nl_msg *m;

	if (rtnl_index(r, name))
		return TRUE;
	m = link_message(CREATE, 0);
	put_end(m, (struct rtnl_end){name, NULL, mtu});
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	put_text(m, IFLA_INFO_KIND, "bridge");
	nla_nest_end(m, info);
	return talk(r, m, "create bridge", name, error);
}

gboolean rtnl_add_vxlan(struct rtnl *r, const char *name, guint16 port, guint mtu, GError **error)
{
	guint16 wire_port = htons(port);
	struct nl_msg *m = link_message(CREATE, 0);

	put_end(m, (struct rtnl_end){name, NULL, mtu});
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	put_text(m, IFLA_INFO_KIND, "vxlan");
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	put_u8(m, IFLA_VXLAN_COLLECT_METADATA, 1);
	put_u8(m, IFLA_VXLAN_LEARNING, 0);
	put(m, IFLA_VXLAN_PORT, &wire_port, sizeof(wire_port));
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return talk(r, m, "create vxlan", name, error);
}

gboolean rtnl_delete(struct rtnl *r, const char *name, GError **error)
{
	guint index = rtnl_index(r, name);
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};

	if (!index)
		return TRUE;
	return talk(r, message(RTM_DELLINK, 0, &head, sizeof(head)), "delete", name, error);
}

/* One attribute of an existing device. */
static gboolean set_u32(struct rtnl *r, const char *name, int type, guint32 v, const char *what, GError **error)
{
	guint index = need_index(r, name, error);
	struct nl_msg *m;

	if (!index)
		return FALSE;
	m = link_message(0, (int)index);
	put_u32(m, type, v);
	return talk(r, m, what, name, error);
}

gboolean rtnl_move(struct rtnl *r, const char *name, int netns_fd, GError **error)
{
	return set_u32(r, name, IFLA_NET_NS_FD, (guint32)netns_fd, "move", error);
}

gboolean rtnl_set_master(struct rtnl *r, const char *name, const char *master, GError **error)
{
	guint index = need_index(r, master, error);

	return index && set_u32(r, name, IFLA_MASTER, index, "enslave", error);
}

gboolean rtnl_set_up(struct rtnl *r, const char *name, gboolean up, GError **error)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_change = IFF_UP, .ifi_flags = up ? IFF_UP : 0};
	guint index = need_index(r, name, error);

	if (!index)
		return FALSE;
	head.ifi_index = (int)index;
	return talk(r, message(RTM_NEWLINK, 0, &head, sizeof(head)), up ? "set up" : "set down", name, error);
}

gboolean rtnl_set_mac(struct rtnl *r, const char *name, const guint8 mac[6], GError **error)
{
	guint index = need_index(r, name, error);
	struct nl_msg *m;

	if (!index)
		return FALSE;
	m = link_message(0, (int)index);
	put(m, IFLA_ADDRESS, mac, 6);
	return talk(r, m, "set the MAC of", name, error);
}

gboolean rtnl_address(struct rtnl *r, const char *name, struct rtnl_ip address, guint8 length, GError **error)
{
	guint index = need_index(r, name, error);
	struct ifaddrmsg head = {.ifa_family = address.family,
	                         .ifa_prefixlen = length,
	                         .ifa_scope = RT_SCOPE_UNIVERSE,
	                         .ifa_index = index};
	struct nl_msg *m;

	if (!index)
		return FALSE;
	m = message(RTM_NEWADDR, REPLACE, &head, sizeof(head));
	put_address(m, IFA_LOCAL, address);
	put_address(m, IFA_ADDRESS, address);
	if (address.family == AF_INET6)
		put_u32(m, IFA_FLAGS, IFA_F_NODAD | IFA_F_PERMANENT);
	return talk(r, m, "add an address to", name, error);
}

gboolean rtnl_route(struct rtnl *r, const struct rtnl_route *route, GError **error)
{
	guint index = need_index(r, route->device, error);
	guint32 table = route->table ? route->table : RTNL_TABLE_MAIN;
	struct rtmsg head = {.rtm_family = route->to.family,
	                     .rtm_dst_len = route->length,
	                     .rtm_table = table < 256 ? (guint8)table : RT_TABLE_UNSPEC,
	                     .rtm_protocol = RTPROT_STATIC,
	                     .rtm_scope = route->local        ? RT_SCOPE_HOST
	                                  : route->via.family ? RT_SCOPE_UNIVERSE
	                                                      : RT_SCOPE_LINK,
	                     .rtm_type = route->local ? RTN_LOCAL : RTN_UNICAST,
	                     .rtm_flags = route->via.family ? RTNH_F_ONLINK : 0};
	struct nl_msg *m;

	if (!index)
		return FALSE;
	m = message(RTM_NEWROUTE, REPLACE, &head, sizeof(head));
	put_u32(m, RTA_TABLE, table);
	if (route->length)
		put_address(m, RTA_DST, route->to);
	if (route->via.family)
		put_address(m, RTA_GATEWAY, route->via);
	if (route->source.family)
		put_address(m, RTA_PREFSRC, route->source);
	put_u32(m, RTA_OIF, index);
	return talk(r, m, "add a route by", route->device, error);
}

gboolean rtnl_rule(struct rtnl *r, struct rtnl_ip source, guint32 table, GError **error)
{
	struct fib_rule_hdr head = {.family = source.family,
	                            .src_len = (guint8)(source.size * 8),
	                            .action = FR_ACT_TO_TBL,
	                            .table = RT_TABLE_UNSPEC};
	struct nl_msg *m = message(RTM_NEWRULE, CREATE, &head, sizeof(head));
	int e;

	put_address(m, FRA_SRC, source);
	put_u32(m, FRA_TABLE, table);
	put_u32(m, FRA_PRIORITY, table);
	e = nl_send_sync(r->socket, m);
	if (e < 0 && e != -NLE_EXIST)
		return lab_fail(error, "cannot add a routing rule: %s", nl_geterror(e));
	return TRUE;
}

gboolean rtnl_neighbour(struct rtnl *r, const char *name, struct rtnl_ip address, const guint8 mac[6], GError **error)
{
	guint index = need_index(r, name, error);
	struct ndmsg head = {.ndm_family = address.family, .ndm_ifindex = (int)index, .ndm_state = NUD_PERMANENT};
	struct nl_msg *m;

	if (!index)
		return FALSE;
	m = message(RTM_NEWNEIGH, REPLACE, &head, sizeof(head));
	put_address(m, NDA_DST, address);
	put(m, NDA_LLADDR, mac, 6);
	return talk(r, m, "add a neighbour on", name, error);
}
