/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/plugs.h"
#include "lab/error.h"
#include "lab/lines.h"
#include "lab/plug.h"
#include "lab/wire.h"
#include "lib/paths.h"

struct plugs {
	const char *lab;
	guint hosts;
	struct desk *desk;
	struct lines_server *server;
};

static gboolean do_plug(struct plugs *s, const struct node *request, GError **error)
{
	g_autoptr(plug) p = plug_parse(request, error);

	if (!p || !plug_in(s->lab, p, error))
		return FALSE;
	if (p->tap)
		return TRUE;
	g_autofree char *netns = paths_netns_instance(s->lab, p->vm);
	g_autofree char *answer = plug_answer(p);
	return desk_open(s->desk, netns, answer, error);
}

/* The sockets go first: they would keep the namespace alive. */
static gboolean do_unplug(struct plugs *s, const struct node *request, GError **error)
{
	gint64 host = node_integer(node_get(request, "host"), -1), port = node_integer(node_get(request, "port"), -1);
	const char *vm = node_get_str(request, "vm", NULL);
	gboolean gone;

	if (port < 1 || port >= ESC_MAX_PORTS || !vm || !*vm)
		return lab_fail(error, "unplug: port or vm is not valid");
	g_autofree char *netns = paths_netns_instance(s->lab, vm);
	if (!plug_out(s->lab, (guint)host, (guint)port, vm, node_truth(node_get(request, "keep"), FALSE), &gone, error))
		return FALSE;
	if (gone)
		desk_close(s->desk, netns);
	return TRUE;
}

static struct node *describe_uplink(guint host)
{
	struct node *n = node_object();
	guint8 mac[6], nexthop[6];

	wire_uplink_mac(host, mac);
	wire_nexthop_mac(host, nexthop);
	node_set(n, "ok", node_bool(TRUE));
	node_set(n, "uplink", node_string(WIRE_UPLINK));
	node_set(n, "overlay", node_string(WIRE_OVERLAY));
	node_set(n, "mac", node_take_string(mac_format(mac)));
	node_set(n, "nexthop", node_take_string(mac_format(nexthop)));
	return n;
}

static void on_request(struct lines_conn *c, uid_t uid, struct node *request, void *user)
{
	struct plugs *s = user;
	gint64 host = node_integer(node_get(request, "host"), -1);
	const char *op = node_get_str(request, "op", "");
	g_autoptr(GError) error = NULL;
	gboolean ok;

	if (host < 0 || host >= s->hosts) {
		lines_refuse(c, "no such host");
		return;
	}
	if (uid && uid != UID_AGENT((guint)host)) {
		lines_refuse(c, "not your host");
		return;
	}
	if (!g_strcmp0(op, "uplink")) {
		lines_reply(c, describe_uplink((guint)host));
		lines_finish(c);
		return;
	}
	if (!g_strcmp0(op, "plug"))
		ok = do_plug(s, request, &error);
	else if (!g_strcmp0(op, "unplug"))
		ok = do_unplug(s, request, &error);
	else
		ok = lab_fail(&error, "unknown op");
	if (ok)
		lines_ok(c);
	else
		lines_refuse(c, error->message);
}

struct plugs *plugs_new(const char *lab, guint hosts, struct desk *desk, GError **error)
{
	g_autofree char *path = paths_lab_socket(lab);
	struct plugs *p = g_new0(struct plugs, 1);

	p->lab = lab;
	p->hosts = hosts;
	p->desk = desk;
	p->server = lines_server_new(path, on_request, p, error);
	if (p->server)
		return p;
	g_free(p);
	return NULL;
}

void plugs_free(struct plugs *p)
{
	if (!p)
		return;
	lines_server_free(p->server);
	g_free(p);
}
