/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/plug.h"
#include "lab/error.h"
#include "lab/firewall.h"
#include "lab/netns.h"
#include "lab/rtnl.h"
#include "lab/sysctl.h"
#include "lab/tap.h"
#include "lab/wire.h"
#include "lib/paths.h"

#include <string.h>
#include <unistd.h>

#define MAX_TEXT        512
#define MAX_NIC         31
#define MARK_ON_ITS_WAY 1
#define TABLE_OF_NIC    100 /* routing table of a card: 100 + its index */

void plug_free(struct plug *p)
{
	if (!p)
		return;
	g_free(p->vm);
	g_free(p->label);
	g_free(p);
}

/* Names end up in messages of one line; nothing in them may end it or be taken for something else. */
static gboolean plain(const char *text)
{
	gsize n = text ? strlen(text) : 0;

	if (!n || n > MAX_TEXT)
		return FALSE;
	for (gsize i = 0; i < n; i++)
		if (!g_ascii_isgraph(text[i]))
			return FALSE;
	return TRUE;
}

static gboolean parse_address(const struct node *n, struct plug_address *a)
{
	gint64 length = node_integer(node_get(n, "prefix"), -1);

	a->length = (guint8)length;
	return length >= 1 && length <= 32 && ip_parse(node_get_str(n, "address", ""), &a->address) &&
	       ip_parse(node_get_str(n, "gateway", ""), &a->gateway);
}

static gboolean parse_address6(const struct node *n, struct plug_address6 *a)
{
	gint64 length = node_integer(node_get(n, "prefix"), -1);

	a->length = (guint8)length;
	return length >= 1 && length <= 128 && ip6_parse(node_get_str(n, "address", ""), &a->address) &&
	       ip6_parse(node_get_str(n, "gateway", ""), &a->gateway);
}

static gboolean parse_addresses6(const struct node *list, struct plug *p)
{
	p->address6_count = node_length(list);
	if (p->address6_count > ESC_PORT_ADDRS)
		return FALSE;
	for (guint i = 0; i < p->address6_count; i++)
		if (!parse_address6(node_item(list, i), &p->addresses6[i]))
			return FALSE;
	return TRUE;
}

static gboolean parse_addresses(const struct node *list, struct plug *p)
{
	p->address_count = node_length(list);
	if (!p->address_count || p->address_count > ESC_PORT_ADDRS)
		return FALSE;
	for (guint i = 0; i < p->address_count; i++)
		if (!parse_address(node_item(list, i), &p->addresses[i]))
			return FALSE;
	return TRUE;
}

struct plug *plug_parse(const struct node *request, GError **error)
{
	gint64 host = node_integer(node_get(request, "host"), -1), port = node_integer(node_get(request, "port"), -1);
	gint64 nic = node_integer(node_get(request, "nic"), -1);
	const char *vm = node_get_str(request, "vm", NULL), *label = node_get_str(request, "label", NULL);
	g_autoptr(plug) p = g_new0(struct plug, 1);

	if (host < 0 || host > 255 || port < 1 || port >= ESC_MAX_PORTS || nic < 0 || nic > MAX_NIC) {
		lab_fail(error, "plug: host, port or nic out of range");
		return NULL;
	}
	if (!plain(vm) || !plain(label) || !mac_parse(node_get_str(request, "mac", ""), p->mac) || (p->mac[0] & 1)) {
		lab_fail(error, "plug: vm, label or mac is not valid");
		return NULL;
	}
	if (!parse_addresses(node_get(request, "addresses"), p) ||
	    !parse_addresses6(node_get(request, "addresses6"), p)) {
		lab_fail(error, "plug: addresses are not valid");
		return NULL;
	}
	p->host = (guint)host;
	p->port = (guint)port;
	p->nic = (guint)nic;
	p->vm = g_strdup(vm);
	p->label = g_strdup(label);
	p->primary = node_truth(node_get(request, "primary"), nic == 0);
	p->tap = node_truth(node_get(request, "tap"), FALSE);
	p->forward = node_truth(node_get(request, "forward"), FALSE);
	return g_steal_pointer(&p);
}

char *plug_answer(const struct plug *p)
{
	const char *slash = p->primary ? NULL : strrchr(p->label, '/');

	return slash ? g_strndup(p->label, (gsize)(slash - p->label)) : g_strdup(p->label);
}

/* Names the content of everything that the devices are made from. Caller frees. */
static char *digest(const struct plug *p)
{
	g_autoptr(GString) s = g_string_new(NULL);
	g_autofree char *mac = mac_format(p->mac);

	g_string_printf(s, "%s %u %s %d %d%s", p->vm, p->nic, mac, p->primary, p->tap, p->forward ? " forward" : "");
	for (guint i = 0; i < p->address_count; i++)
		g_string_append_printf(s, " %u/%u %u", p->addresses[i].address, p->addresses[i].length,
		                       p->addresses[i].gateway);
	for (guint i = 0; i < p->address6_count; i++) {
		g_autofree char *address = ip6_format(p->addresses6[i].address);
		g_autofree char *gateway = ip6_format(p->addresses6[i].gateway);

		g_string_append_printf(s, " %s/%u %s", address, p->addresses6[i].length, gateway);
	}
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, s->str, (gssize)s->len);
}

static const struct sysctl INSTANCE_SETTINGS[] = {{"ipv4/ip_forward", "0"},
                                                  {"ipv4/conf/all/rp_filter", "0"},
                                                  {"ipv4/conf/all/send_redirects", "0"},
                                                  {"ipv4/conf/default/send_redirects", "0"},
                                                  {"ipv4/conf/default/rp_filter", "0"},
                                                  {"ipv4/conf/all/arp_ignore", "1"},
                                                  {"ipv4/conf/all/arp_announce", "2"},
                                                  {"ipv6/conf/all/disable_ipv6", "1"},
                                                  {"ipv6/conf/default/disable_ipv6", "1"},
                                                  {"ipv6/conf/all/accept_dad", "0"},
                                                  {"ipv6/conf/default/accept_dad", "0"},
                                                  {"ipv6/conf/default/accept_ra", "0"},
                                                  {"ipv6/conf/default/autoconf", "0"},
                                                  {"ipv6/conf/default/router_solicitations", "0"},
                                                  SYSCTL_SHORT_SILENCE,
                                                  {NULL, NULL}};

/*
 * Every port leads to the listener, except those on which something of the user's listens, and what is only on its way
 * through. Which multicast groups a
 * guest is in interests nobody: without its reports the drop counters are about what was tried.
 */
static gboolean instance_firewall(GError **error)
{
	g_autofree char *rules =
	        g_strdup_printf("table ip escarp\ndelete table ip escarp\n"
	                        "table ip escarp {\n"
	                        " chain answer { type nat hook prerouting priority dstnat;\n"
	                        "  meta mark %d return\n"
	                        "  meta l4proto { tcp, udp } socket wildcard { 0, 1 } return\n"
	                        "  meta l4proto { tcp, udp } redirect to :%d\n }\n"
	                        "}\n"
	                        "table ip6 escarp\ndelete table ip6 escarp\n"
	                        "table ip6 escarp {\n"
	                        " chain answer { type nat hook prerouting priority dstnat;\n"
	                        "  meta l4proto { tcp, udp } socket wildcard { 0, 1 } return\n"
	                        "  meta l4proto { tcp, udp } redirect to :%d\n }\n" WIRE_NO_REPORTS "}\n",
	                        MARK_ON_ITS_WAY, WIRE_ECHO_PORT, WIRE_ECHO_PORT);

	return firewall_run(rules, error);
}

static gboolean make_instance(const char *netns, GError **error)
{
	struct netns_visit visit;
	gboolean ok;

	if (!netns_create(netns, error) || !netns_visit(&visit, netns, error))
		return FALSE;
	ok = sysctl_set_all(INSTANCE_SETTINGS, error) && instance_firewall(error);
	netns_leave(&visit);
	if (!ok)
		return FALSE;
	g_autoptr(rtnl) r = rtnl_open_in(netns, error);
	return r && rtnl_set_up(r, "lo", TRUE, error);
}

/* Replies leave by the card whose address was asked; whatever the instance starts itself leaves by the primary one. */
static gboolean configure(struct rtnl *r, const char *device, const struct plug *p, GError **error)
{
	guint32 table = TABLE_OF_NIC + p->nic;
	struct rtnl_route out = {
	        .to = rtnl_ip4(0), .via = rtnl_ip4(p->addresses[0].gateway), .device = device, .table = table};

	for (guint i = 0; i < p->address_count; i++) {
		const struct plug_address *a = &p->addresses[i];

		if (!rtnl_address(r, device, rtnl_ip4(a->address), a->length, error) ||
		    !rtnl_rule(r, rtnl_ip4(a->address), table, error))
			return FALSE;
	}
	if (!rtnl_set_up(r, device, TRUE, error) || !rtnl_route(r, &out, error))
		return FALSE;
	out.table = RTNL_TABLE_MAIN;
	out.source = rtnl_ip4(p->addresses[0].address);
	return !p->primary || rtnl_route(r, &out, error);
}

static gboolean enable_six(const char *netns, const char *device, GError **error)
{
	g_autofree char *card = g_strdup_printf("ipv6/conf/%s/disable_ipv6", device);
	struct netns_visit visit;
	gboolean ok;

	if (!netns_visit(&visit, netns, error))
		return FALSE;
	ok = sysctl_set("ipv6/conf/lo/disable_ipv6", "0", error) && sysctl_set(card, "0", error);
	netns_leave(&visit);
	return ok;
}

/* The same for IPv6, on a card that is up: a guest without an address of it speaks none. */
static gboolean configure_six(struct rtnl *r, const char *netns, const char *device, const struct plug *p,
                              GError **error)
{
	static const struct ip6 everywhere;
	guint32 table = TABLE_OF_NIC + p->nic;
	struct rtnl_route out = {.to = rtnl_ip6(everywhere),
	                         .via = rtnl_ip6(p->addresses6[0].gateway),
	                         .device = device,
	                         .table = table};

	if (!p->address6_count)
		return TRUE;
	if (!enable_six(netns, device, error))
		return FALSE;
	for (guint i = 0; i < p->address6_count; i++) {
		struct rtnl_ip address = rtnl_ip6(p->addresses6[i].address);

		if (!rtnl_address(r, device, address, p->addresses6[i].length, error) ||
		    !rtnl_rule(r, address, table, error))
			return FALSE;
	}
	if (!rtnl_route(r, &out, error))
		return FALSE;
	out.table = RTNL_TABLE_MAIN;
	out.source = rtnl_ip6(p->addresses6[0].address);
	return !p->primary || rtnl_route(r, &out, error);
}

/* For what comes in by this card; with the mark that keeps the listener from answering for others. */
static gboolean let_forward(const char *netns, const char *device, gboolean on, GError **error)
{
	g_autofree char *setting = g_strdup_printf("ipv4/conf/%s/forwarding", device);
	g_autofree char *none = g_strdup_printf("table ip forward_%s\ndelete table ip forward_%s\n", device, device);
	g_autofree char *rules = g_strdup_printf("%stable ip forward_%s {\n"
	                                         " chain on_its_way { type filter hook prerouting priority mangle;\n"
	                                         "  iifname \"%s\" fib daddr type != local meta mark set %d\n }\n}\n",
	                                         none, device, device, MARK_ON_ITS_WAY);
	struct netns_visit visit;
	gboolean ok;

	if (!netns_visit(&visit, netns, error))
		return FALSE;
	ok = sysctl_set(setting, on ? "1" : "0", error) && firewall_run(on ? rules : none, error);
	netns_leave(&visit);
	return ok;
}

static gboolean make_veth(struct rtnl *host, const char *port, const struct plug *p, const char *netns, GError **error)
{
	/* As the port's MAC, so that the kernel takes what the guest sends to its gateway for a packet to this host. */
	static const guint8 GATEWAY[6] = ESC_GATEWAY_MAC;
	g_autofree char *device = g_strdup_printf("eth%u", p->nic);
	g_autoptr(rtnl) there = rtnl_open_in(netns, error);
	gboolean ok;
	int fd;

	if (!there || !rtnl_delete(there, device, error))
		return FALSE;
	fd = netns_open(netns, error);
	if (fd < 0)
		return FALSE;
	/* larger than what instances should send, so that the data path answers more instead of the device losing it */
	ok = rtnl_add_veth(host, (struct rtnl_end){port, GATEWAY, WIRE_FABRIC_MTU},
	                   (struct rtnl_end){device, p->mac, WIRE_MTU}, fd, error);
	close(fd);
	return ok && configure(there, device, p, error) && configure_six(there, netns, device, p, error) &&
	       let_forward(netns, device, p->forward, error);
}

static gboolean make_device(struct rtnl *host, const char *host_netns, const char *port, const struct plug *p,
                            const char *instance, GError **error)
{
	if (p->tap)
		return tap_create(host_netns, port, error);
	return make_instance(instance, error) && make_veth(host, port, p, instance, error);
}

/* What is half-made or of another description is ours to remove; a device of a kind that the lab never makes is not. */
static gboolean clear_place(struct rtnl *r, const char *port, GError **error)
{
	g_autofree char *kind = rtnl_kind(r, port);

	if (rtnl_index(r, port) && g_strcmp0(kind, "veth") && g_strcmp0(kind, "tun"))
		return lab_fail(error, "there is a device %s that is not the lab's (%s)", port,
		                kind ? kind : "no kind");
	return rtnl_delete(r, port, error);
}

gboolean plug_in(const char *lab, const struct plug *p, GError **error)
{
	g_autofree char *host = paths_netns_host(lab, p->host);
	g_autofree char *instance = paths_netns_instance(lab, p->vm);
	g_autofree char *port = g_strdup_printf("p%u", p->port);
	g_autofree char *wanted = digest(p);
	g_autoptr(rtnl) r = rtnl_open_in(host, error);

	if (!r)
		return FALSE;
	g_autofree char *found = rtnl_alias(r, port);
	if (!g_strcmp0(found, wanted) && (p->tap || netns_exists(instance)))
		return TRUE;
	if (!clear_place(r, port, error))
		return FALSE;
	if (make_device(r, host, port, p, instance, error) && rtnl_set_alias(r, port, wanted, error))
		return TRUE;
	rtnl_delete(r, port, NULL);
	return FALSE;
}

/* Cards are eth0, eth1 ...; a namespace without any is nobody's instance any more. */
static gboolean has_cards(const char *netns)
{
	g_autoptr(rtnl) r = rtnl_open_in(netns, NULL);
	g_autoptr(GPtrArray) names = r ? rtnl_devices(r, NULL) : NULL;

	for (guint i = 0; names && i < names->len; i++)
		if (g_str_has_prefix(names->pdata[i], "eth"))
			return TRUE;
	return FALSE;
}

gboolean plug_out(const char *lab, guint host_index, guint port_number, const char *vm, gboolean keep, gboolean *gone,
                  GError **error)
{
	g_autofree char *host = paths_netns_host(lab, host_index);
	g_autofree char *instance = paths_netns_instance(lab, vm);
	g_autofree char *port = g_strdup_printf("p%u", port_number);
	g_autoptr(rtnl) r = rtnl_open_in(host, error);

	*gone = FALSE;
	if (!r || !rtnl_delete(r, port, error))
		return FALSE;
	if (keep || !netns_exists(instance) || has_cards(instance))
		return TRUE;
	*gone = TRUE;
	return netns_delete(instance, error);
}
