/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flowlog.h"
#include "agent/internal.h"
#include "agent/move.h"
#include "lab/error.h"
#include "lab/firewall.h"
#include "lab/lines.h"
#include "lab/wire.h"

#include <arpa/inet.h>
#include <string.h>

#define LAB_SECONDS 20

void agent_port_free(struct agent_port *p)
{
	if (!p)
		return;
	g_free(p->request);
	g_free(p->vm);
	g_free(p);
}

const struct table_port *ports_find(const struct tables *t, guint number)
{
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];

		if (p->number == number)
			return p;
	}
	return NULL;
}

/* A VM's cards in order: the one with the VM's own label is the first, the others follow by number. */
static guint nic_index(const struct tables *t, const struct table_port *p)
{
	const struct table_port *primary = p;
	guint before = 0;

	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *o = t->ports->pdata[i];

		if (g_ascii_strcasecmp(o->vm, p->vm))
			continue;
		if (strlen(o->label) < strlen(primary->label))
			primary = o;
	}
	if (primary == p)
		return 0;
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *o = t->ports->pdata[i];

		before += o != primary && !g_ascii_strcasecmp(o->vm, p->vm) && o->number < p->number;
	}
	return before + 1;
}

static struct node *addresses_node(const struct table_port *p)
{
	struct node *list = node_array();

	for (guint i = 0; i < p->port.addr_count && i < ESC_PORT_ADDRS; i++) {
		struct node *n = node_object();

		node_set(n, "address", node_take_string(ip_format(ntohl(p->port.addr[i]))));
		node_set(n, "prefix", node_int(p->prefix_length));
		node_set(n, "gateway", node_take_string(ip_format(p->gateway)));
		node_append(list, n);
	}
	return list;
}

/* Every subnet of IPv6 is a /64, and every gateway is the same one, on the link. */
static struct node *addresses6_node(const struct table_port *p)
{
	static const struct ip6 gateway = {ESC_GATEWAY_LINK_LOCAL};
	struct node *list = node_array();

	for (guint i = 0; i < p->port6.addr_count && i < ESC_PORT_ADDRS; i++) {
		struct node *n = node_object();
		struct ip6 address;

		memcpy(address.b, p->port6.addr[i].w, sizeof(address.b));
		node_set(n, "address", node_take_string(ip6_format(address)));
		node_set(n, "prefix", node_int(64));
		node_set(n, "gateway", node_take_string(ip6_format(gateway)));
		node_append(list, n);
	}
	return list;
}

static struct node *ask(const struct agent *a, const char *op, guint number, const char *vm)
{
	struct node *n = node_object();

	node_set(n, "op", node_string(op));
	node_set(n, "host", node_int(a->host));
	node_set(n, "port", node_int(number));
	node_set(n, "vm", node_string(vm));
	return n;
}

char *ports_request(const struct agent *a, const struct tables *t, const struct table_port *p)
{
	guint nic = nic_index(t, p);
	g_autoptr(node) n = ask(a, "plug", p->number, p->vm);

	node_set(n, "label", node_string(p->label));
	node_set(n, "nic", node_int(nic));
	node_set(n, "mac", node_take_string(mac_format(p->port.mac)));
	node_set(n, "addresses", addresses_node(p));
	if (p->port6.addr_count)
		node_set(n, "addresses6", addresses6_node(p));
	node_set(n, "primary", node_bool(nic == 0));
	node_set(n, "tap", node_bool(!!(p->port.flags & ESC_PORT_TAP)));
	if (p->port.flags & ESC_PORT_FORWARD)
		node_set(n, "forward", node_bool(TRUE));
	return node_print(n, FALSE);
}

/* Closed first, whatever it was: the default-drop rule, then the program; open comes at the very end, in ports_open. */
static gboolean secure(struct agent *a, const char *device, guint ifindex, int program, enum tcx_kind *kind,
                       GError **error)
{
	g_autofree char *pin = objects_link_pin(a->objects, device);
	gboolean was_there;

	if (tcx_look(pin, ifindex) == TCX_NONE && rtnl_is_up(a->rtnl, device)) {
		g_warning("%s is up without a program: closing it", device);
		if (!rtnl_set_up(a->rtnl, device, FALSE, error))
			return FALSE;
	}
	return firewall_close_device(device, error) && tcx_attach(pin, program, ifindex, kind, &was_there, error);
}

static gboolean plug_one(struct agent *a, const struct tables *t, const struct table_port *p, GError **error)
{
	g_autofree char *device = g_strdup_printf("p%u", p->number);
	g_autofree char *request = ports_request(a, t, p);
	struct agent_port *old = a->ports[p->number];
	g_autoptr(node) n = node_parse(request, strlen(request), "plug", error);
	guint ifindex;

	if (!n)
		return FALSE;
	g_autoptr(node) answer = lines_call(a->lab_socket, node_ref(n), LAB_SECONDS, error);
	if (!answer) {
		g_prefix_error(error, "port %s: ", p->label);
		return FALSE;
	}
	ifindex = rtnl_index(a->rtnl, device);
	if (!ifindex || ifindex >= ESC_IFINDEX_MAX)
		return lab_fail(error, "port %s: device %s is missing", p->label, device);
	struct agent_port *now = g_new0(struct agent_port, 1);
	now->request = g_steal_pointer(&request);
	now->vm = g_strdup(p->vm);
	now->ifindex = ifindex;
	now->judge = old ? old->judge : 0;
	agent_port_free(old);
	a->ports[p->number] = now;
	if (secure(a, device, ifindex, a->objects->from_port, &now->kind, error))
		return TRUE;
	g_prefix_error(error, "port %s: ", p->label);
	return FALSE;
}

static gboolean has_program(const struct agent *a, const char *device, guint ifindex)
{
	g_autofree char *pin = objects_link_pin(a->objects, device);

	return tcx_look(pin, ifindex) != TCX_NONE;
}

/* As it was asked for, and the device is still the one that was made for it, with its program. */
static gboolean is_plugged(struct agent *a, const struct tables *t, const struct table_port *p)
{
	g_autofree char *device = g_strdup_printf("p%u", p->number);
	g_autofree char *request = ports_request(a, t, p);
	const struct agent_port *port = a->ports[p->number];

	return port && port->ifindex && !strcmp(port->request, request) &&
	       rtnl_index(a->rtnl, device) == port->ifindex && has_program(a, device, port->ifindex);
}

gboolean ports_intact(struct agent *a)
{
	for (guint i = 0; i < a->tables->ports->len; i++)
		if (!is_plugged(a, a->tables, a->tables->ports->pdata[i]))
			return FALSE;
	return has_program(a, WIRE_UPLINK, a->uplink_ifindex) && has_program(a, WIRE_OVERLAY, a->overlay_ifindex) &&
	       has_program(a, WIRE_PROBER, a->prober_ifindex);
}

gboolean ports_plug(struct agent *a, const struct tables *t, gboolean added_only, GError **error)
{
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];

		if (added_only ? a->ports[p->number] != NULL : is_plugged(a, t, p))
			continue;
		if (!plug_one(a, t, p, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean silence(const struct agent *a, guint number, GError **error)
{
	g_autofree char *device = g_strdup_printf("p%u", number);

	return !rtnl_index(a->rtnl, device) || rtnl_set_up(a->rtnl, device, FALSE, error);
}

/* In the order that leaves no moment open: silence, then no policy, then no port, then no program and no device. */
static gboolean drop_one(struct agent *a, guint number, GError **error)
{
	static const struct esc_port NO_PORT;
	static const struct esc_port6 NO_PORT6;
	g_autofree char *device = g_strdup_printf("p%u", number);
	g_autofree char *pin = objects_link_pin(a->objects, device);
	struct agent_port *p = a->ports[number];

	if (!silence(a, number, error))
		return FALSE;
	__atomic_store_n(&a->objects->words[number], 0, __ATOMIC_RELEASE);
	if (!maps_write_port(a, number, &NO_PORT, &NO_PORT6, error))
		return FALSE;
	tcx_detach(pin);
	struct node *request = ask(a, "unplug", number, p->vm);
	node_set(request, "keep", node_bool(move_leaves(a, number)));
	g_autoptr(node) answer = lines_call(a->lab_socket, request, LAB_SECONDS, error);
	if (!answer)
		return FALSE;
	firewall_forget_device(device);
	maps_forget_counters(a, number);
	agent_port_free(p);
	a->ports[number] = NULL;
	return TRUE;
}

/* A card that its VM keeps is plugged anew by the lab itself, without taking the instance away. */
static gboolean is_stale(const struct agent *a, const struct tables *t, guint number)
{
	const struct agent_port *port = a->ports[number];
	const struct table_port *p = port ? ports_find(t, number) : NULL;

	return port && !(p && !g_ascii_strcasecmp(p->vm, port->vm));
}

/* A packet to a port that has no policy any more would end its flow, so what moves is read before. */
gboolean ports_drop_stale(struct agent *a, const struct tables *t, GError **error)
{
	g_autofree gboolean *gone = g_new0(gboolean, ESC_MAX_PORTS);
	gboolean any = FALSE;

	for (guint n = 1; n < ESC_MAX_PORTS; n++) {
		gone[n] = is_stale(a, t, n);
		any |= gone[n];
		if (gone[n] && !silence(a, n, error))
			return FALSE;
	}
	move_export(a, gone);
	for (guint n = 1; n < ESC_MAX_PORTS; n++)
		if (gone[n] && !drop_one(a, n, error))
			return FALSE;
	if (any && a->flowlog)
		flowlog_farewell(a->flowlog, gone);
	maps_forget_flows(a, gone);
	return TRUE;
}

gboolean ports_open(struct agent *a, const struct tables *t, GError **error)
{
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];
		g_autofree char *device = g_strdup_printf("p%u", p->number);

		if (!rtnl_is_up(a->rtnl, device) && !rtnl_set_up(a->rtnl, device, TRUE, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean learn_uplink(struct agent *a, GError **error)
{
	struct node *request = node_object();

	node_set(request, "op", node_string("uplink"));
	node_set(request, "host", node_int(a->host));
	g_autoptr(node) answer = lines_call(a->lab_socket, request, LAB_SECONDS, error);
	if (!answer)
		return FALSE;
	if (!mac_parse(node_get_str(answer, "mac", ""), a->uplink_mac) ||
	    !mac_parse(node_get_str(answer, "nexthop", ""), a->nexthop_mac))
		return lab_fail(error, "the lab's answer about the uplink makes no sense");
	return TRUE;
}

gboolean ports_attach_wires(struct agent *a, GError **error)
{
	if (!learn_uplink(a, error))
		return FALSE;
	a->uplink_ifindex = rtnl_index(a->rtnl, WIRE_UPLINK);
	a->overlay_ifindex = rtnl_index(a->rtnl, WIRE_OVERLAY);
	a->prober_ifindex = rtnl_index(a->rtnl, WIRE_PROBER);
	if (!a->uplink_ifindex || !a->overlay_ifindex || !a->prober_ifindex)
		return lab_fail(error, "the uplink's, the overlay's or the prober's device is missing");
	if (!secure(a, WIRE_UPLINK, a->uplink_ifindex, a->objects->edge_tc, &a->uplink_kind, error) ||
	    !secure(a, WIRE_OVERLAY, a->overlay_ifindex, a->objects->from_overlay, &a->overlay_kind, error) ||
	    !secure(a, WIRE_PROBER, a->prober_ifindex, a->objects->from_prober, &a->prober_kind, error))
		return FALSE;
	if (!g_strcmp0(g_getenv("ESCARP_EDGE"), "xdp")) {
		g_autofree char *pin = objects_link_pin(a->objects, WIRE_UPLINK "-xdp");

		if (!tcx_attach_xdp(pin, a->objects->edge_xdp, a->uplink_ifindex, error))
			return FALSE;
	}
	return rtnl_set_up(a->rtnl, WIRE_UPLINK, TRUE, error) && rtnl_set_up(a->rtnl, WIRE_OVERLAY, TRUE, error) &&
	       rtnl_set_up(a->rtnl, WIRE_PROBER, TRUE, error);
}
