/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixtures (fixtures.h): each packet through both pipelines over compiled documents, and past the oracle. All three
 * must say what the table says. And whole talks through an appliance, on one host and across hosts.
 */
#include "fixtures.h"
#include "scene.h"
#include "../unit/compile/fleet.h"
#include "explain/table.h"
#include "prove/lists.h"
#include "prove/oracle.h"
#include <string.h>

#define OUTSIDE 0xcb007109u /* 203.0.113.9 */

static guint32 address_of(const struct fleet *f, const char *nic)
{
	return alloc_private(f->a, kit_config(f->g, nic));
}

static guint32 destination(const struct fleet *f, const char *to)
{
	guint32 address;

	if (g_str_has_prefix(to, "public:"))
		return alloc_public(f->a, kit_public(f->g, to + 7));
	return ip_parse(to, &address) ? address : address_of(f, to);
}

static struct oracle_packet packet_of(const struct fleet *f, const struct fixture_row *row, guint16 sport)
{
	struct oracle_packet p = {.protocol = row->protocol,
	                          .source = ip6_mapped(OUTSIDE),
	                          .source_port = sport,
	                          .destination = ip6_mapped(destination(f, row->to)),
	                          .destination_port = row->port};

	if (strcmp(row->from, "internet") != 0) {
		p.from = kit_nic(f->g, row->from);
		p.source = ip6_mapped(address_of(f, row->from));
	}
	if (row->source) {
		guint32 source;

		g_assert_true(ip_parse(row->source, &source));
		p.source = ip6_mapped(source);
	}
	return p;
}

static void frame_of(const struct fleet *f, const struct oracle_packet *p, struct frame *out)
{
	guint32 source, destination;

	g_assert_true(ip6_is_mapped(p->source, &source) && ip6_is_mapped(p->destination, &destination));
	struct frame_spec s = scene_outside(source, destination, p->protocol, p->source_port, p->destination_port);

	if (p->from) {
		memcpy(s.smac, alloc_port(f->a, p->from)->mac, 6);
		memcpy(s.dmac, world_gateway, 6);
	}
	frame_build(out, &s);
}

static void check_oracle(const struct fleet *f, const struct fixture_row *row, const struct oracle_packet *p)
{
	struct oracle_answer a = oracle_judge(f->g, f->a, &f->s, p, NULL);

	if (a.verdict != row->verdict)
		g_error("%s to %s: the oracle says %u, not %u", row->from, row->to, a.verdict, row->verdict);
	if (row->verdict == ESC_V_FORWARD)
		g_assert_true(a.to == (row->receiver ? kit_nic(f->g, row->receiver) : NULL));
	oracle_clear(&a);
}

static void check_pipelines(struct twin *w, const struct fleet *f, const struct fixture_row *row,
                            const struct oracle_packet *p)
{
	struct twin_in in = {.entry = p->from ? TWIN_PORT : TWIN_EDGE};
	struct esc_effect e;
	struct frame frame;

	if (p->from)
		in.port = alloc_port(f->a, p->from)->number;
	frame_of(f, p, &frame);
	e = twin_run(w, &in, &frame);
	if (e.verdict != row->verdict)
		g_error("%s to %s: the pipeline says %u, not %u", row->from, row->to, e.verdict, row->verdict);
	if (row->verdict != ESC_V_FORWARD)
		g_assert_cmpuint(twin_drops(w, e.port, row->verdict), >, 0);
	else if (row->receiver)
		g_assert_cmpuint(e.ifindex, ==, 100 + alloc_port(f->a, kit_nic(f->g, row->receiver))->number);
	else
		g_assert_cmpuint(e.delivery, ==, ESC_TO_UPLINK);
}

/* No road leads the prober's packets through the pipeline; what it would ask are the rules. */
static void check_probe(struct twin *w, const struct fleet *f, const struct fixture_row *row)
{
	const struct nic *to = kit_nic(f->g, row->to);
	guint32 source = f->s.platform, destination = address_of(f, row->to);
	struct tuple t = {ip6_mapped(source), ip6_mapped(destination), 1024, row->port, row->protocol};
	struct list_view view = {kit_config(f->g, row->to)->subnet, f->a, &f->s};
	const struct rule *r = list_decide(to->group, DIR_IN, &view, &t);
	struct esc_flow_key key = {.saddr = GUINT32_TO_BE(source),
	                           .daddr = GUINT32_TO_BE(destination),
	                           .sport = GUINT16_TO_BE(t.source_port),
	                           .dport = GUINT16_TO_BE(t.destination_port),
	                           .proto = t.protocol,
	                           .port = (guint16)alloc_port(f->a, to)->number};
	gboolean allow;
	guint32 rules[2];

	g_assert_true(native_policy(twin_native(w), &key, ESC_POLICY_IN, &allow, rules));
	g_assert_cmpint(allow, ==, row->verdict == ESC_V_FORWARD);
	g_assert_cmpint(r && r->allow, ==, allow);
}

static void test_fixture(gconstpointer data)
{
	const struct fixture *fixture = data;
	g_autoptr(kit) k = kit_new();
	struct fleet f;

	fixture->documents(k);
	fleet_up(&f, k, 1, 0);
	g_autoptr(twin) w = twin_new(f.t[0]);
	for (guint i = 0; i < FIXTURE_ROWS && fixture->rows[i].from; i++) {
		const struct fixture_row *row = &fixture->rows[i];

		if (strcmp(row->from, "platform") == 0) {
			check_probe(w, &f, row);
			continue;
		}
		struct oracle_packet p = packet_of(&f, row, (guint16)(30000 + i)); /* no packet meets another's flow */
		check_oracle(&f, row, &p);
		check_pipelines(w, &f, row, &p);
	}
	twin_compare(w);
	fleet_down(&f);
}

/* --- talks --- */

/* A and B, each with a route to the other's subnet through N. `names` are told so that hosts fall as needed. */
static void talkers(struct kit *k, const char *const names[3])
{
	kit_add(k, "routeTables", "t",
	        "'routes':[{'name':'a','properties':{'addressPrefix':'10.0.1.0/24','nextHopType':'VirtualAppliance',"
	        "'nextHopIpAddress':'10.0.3.4'}},{'name':'b','properties':{'addressPrefix':'10.0.2.0/24','nextHopType':"
	        "'VirtualAppliance','nextHopIpAddress':'10.0.3.4'}}]");
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/"
	        "16']},'subnets':[{'name':'a','properties':{'addressPrefix':"
	        "'10.0.1.0/24','routeTable':{'id':'~routeTables/t'}}},{'name':'b','properties':{'addressPrefix':"
	        "'10.0.2.0/24','routeTable':{'id':'~routeTables/t'}}},{'name':'n','properties':{'addressPrefix':"
	        "'10.0.3.0/24'}}]");
	kit_vm(k, names[0], "v/subnets/a", "", "");
	kit_vm(k, names[1], "v/subnets/b", "", "");
	kit_vm(k, names[2], "v/subnets/n", "", ",'enableIPForwarding':true");
}

struct talk {
	struct fleet f;
	struct twin *w;
	const struct alloc_port *a, *b, *n;
	guint32 from, to;
};

static struct frame_spec said(const struct talk *t, const struct alloc_port *by, gboolean back, guint8 flags)
{
	struct frame_spec s =
	        back ? scene_from(1, t->to, t->from, 6, 80, 40000) : scene_from(1, t->from, t->to, 6, 40000, 80);

	memcpy(s.smac, by->mac, 6);
	s.flags = flags;
	return s;
}

/* A port says it, and the one with this MAC hears it, addresses and ports as they were said. */
static void hears(struct talk *t, const struct alloc_port *by, const struct alloc_port *who, gboolean back,
                  guint8 flags)
{
	struct frame_spec s = said(t, by, back, flags);
	struct frame f;
	struct esc_effect e = port_pass(t->w, by->number, &s, &f);

	g_assert_cmpuint(e.ifindex, ==, 100 + who->number);
	frame_macs(&f, world_gateway, who->mac);
	frame_is(&f, s.saddr, s.daddr, s.sport, s.dport);
}

static void talk_open(struct talk *t, struct kit *k, const char *const names[3], guint hosts, guint host)
{
	g_autofree char *a = g_strdup_printf("%s-nic", names[0]), *b = g_strdup_printf("%s-nic", names[1]);
	g_autofree char *n = g_strdup_printf("%s-nic", names[2]);

	talkers(k, names);
	fleet_up(&t->f, k, hosts, 0);
	t->w = twin_new(t->f.t[host]);
	t->a = alloc_port(t->f.a, kit_nic(t->f.g, a));
	t->b = alloc_port(t->f.a, kit_nic(t->f.g, b));
	t->n = alloc_port(t->f.a, kit_nic(t->f.g, n));
	t->from = address_of(&t->f, a);
	t->to = address_of(&t->f, b);
}

static void talk_close(struct talk *t)
{
	twin_free(t->w);
	fleet_down(&t->f);
}

static void test_through(void)
{
	static const char *const names[] = {"a", "b", "n"};
	g_autoptr(kit) k = kit_new();
	struct frame_spec s;
	struct talk t;

	talk_open(&t, k, names, 1, 0);
	s = said(&t, t.n, FALSE, FRAME_ACK); /* nobody has opened it */
	port_drop(t.w, t.n->number, &s, ESC_V_NO_FLOW, t.n->number);
	s = said(&t, t.b, FALSE, FRAME_SYN); /* in another's name, and no appliance */
	port_drop(t.w, t.b->number, &s, ESC_V_SPOOFED_IP, t.b->number);
	s = said(&t, t.n, FALSE, FRAME_SYN);
	memcpy(s.smac, t.a->mac, 6); /* forwarding does not lift this */
	port_drop(t.w, t.n->number, &s, ESC_V_SPOOFED_MAC, t.n->number);

	hears(&t, t.a, t.n, FALSE, FRAME_SYN);
	hears(&t, t.n, t.b, FALSE, FRAME_SYN);
	hears(&t, t.b, t.n, TRUE, FRAME_SYN | FRAME_ACK);
	hears(&t, t.n, t.a, TRUE, FRAME_SYN | FRAME_ACK);
	hears(&t, t.a, t.n, FALSE, FRAME_ACK);
	hears(&t, t.n, t.b, FALSE, FRAME_ACK);
	talk_close(&t);
}

/* A router on the way tells A that its packet's life has ended there; who is none may not. */
static void test_router_error(void)
{
	static const char *const names[] = {"a", "b", "n"};
	g_autoptr(kit) k = kit_new();
	struct talk t;
	struct frame about, f;

	talk_open(&t, k, names, 1, 0);
	struct frame_spec s = said(&t, t.a, FALSE, FRAME_SYN);
	port_pass(t.w, t.a->number, &s, &about);
	frame_error(&f, &about, 0x0a000363, 11, 0); /* not an address of the router's */
	memcpy(f.data, world_gateway, 6);
	memcpy(f.data + 6, t.n->mac, 6);
	scene_drop(t.w, &(struct twin_in){TWIN_PORT, .port = t.n->number}, &f, ESC_V_SPOOFED_IP, t.n->number);
	frame_error(&f, &about, 0x0a000304, 11, 0);
	memcpy(f.data, world_gateway, 6);
	memcpy(f.data + 6, t.n->mac, 6);
	struct esc_effect e = scene_pass(t.w, &(struct twin_in){TWIN_PORT, .port = t.n->number}, &f);
	g_assert_cmpuint(e.ifindex, ==, 100 + t.a->number);
	talk_close(&t);
}

static void tunnelled(struct frame_spec *s, const struct alloc_port *by, const struct alloc_port *to)
{
	memcpy(s->smac, by->mac, 6);
	memcpy(s->dmac, to->mac, 6);
}

/* A and B on one host, N on another: what A has sent to N comes back from there, in A's name, for B. */
static void test_across(void)
{
	static const char *const names[] = {"1a", "4b", "2n"};
	g_autoptr(kit) k = kit_new();
	struct talk t;
	struct frame f;

	kit_vm(k, "3z", "v/subnets/n", "", ""); /* so that there is a third host, and B is on the first */
	talk_open(&t, k, names, 3, 0);
	g_assert_true(t.a->host == 0 && t.b->host == 0 && t.n->host == 1);
	guint32 vni = alloc_vni(t.f.a, kit_nic(t.f.g, "1a-nic")->network), there = alloc_fabric(&t.f.s, 1);
	struct frame_spec s = said(&t, t.a, FALSE, FRAME_SYN);
	struct esc_effect e = port_pass(t.w, t.a->number, &s, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	g_assert_cmpuint(e.vni, ==, vni);
	g_assert_cmphex(GUINT32_FROM_BE(e.remote), ==, there);
	frame_macs(&f, t.a->mac, t.n->mac);

	tunnelled(&s, t.a, t.b); /* not in the forwarder's name: A does not live there */
	overlay_drop(t.w, vni, there, &s, ESC_V_UNREACHABLE, t.b->number);
	tunnelled(&s, t.n, t.b);
	overlay_drop(t.w, vni, alloc_fabric(&t.f.s, 3), &s, ESC_V_FOREIGN_TUNNEL, 0);
	overlay_drop(t.w, vni, alloc_fabric(&t.f.s, 2), &s, ESC_V_WRONG_HOST, t.b->number); /* N is not there */
	overlay_drop(t.w, vni + 1, there, &s, ESC_V_WRONG_NETWORK, t.b->number);
	s.daddr = t.from; /* B forwards nothing */
	s.saddr = t.to;
	overlay_drop(t.w, vni, there, &s, ESC_V_UNREACHABLE, t.b->number);
	s.daddr = t.to;
	s.saddr = OUTSIDE; /* whose answer would not go there */
	overlay_drop(t.w, vni, there, &s, ESC_V_NO_RETURN, t.b->number);

	s = said(&t, t.a, FALSE, FRAME_SYN);
	tunnelled(&s, t.n, t.b);
	e = overlay_pass(t.w, vni, there, &s, &f);
	g_assert_cmpuint(e.ifindex, ==, 100 + t.b->number);
	frame_macs(&f, world_gateway, t.b->mac);
	s = said(&t, t.b, TRUE, FRAME_SYN | FRAME_ACK);
	e = port_pass(t.w, t.b->number, &s, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	g_assert_cmphex(GUINT32_FROM_BE(e.remote), ==, there);
	frame_macs(&f, t.b->mac, t.n->mac);
	s = said(&t, t.n, TRUE, FRAME_SYN | FRAME_ACK);
	tunnelled(&s, t.n, t.a);
	e = overlay_pass(t.w, vni, there, &s, NULL);
	g_assert_cmpuint(e.ifindex, ==, 100 + t.a->number);
	talk_close(&t);
}

/* The same at N's host: all comes from one host, and goes back there. */
static void test_appliance_host(void)
{
	static const char *const names[] = {"1a", "3b", "2n"};
	g_autoptr(kit) k = kit_new();
	struct talk t;
	struct frame f;

	talk_open(&t, k, names, 2, 1);
	guint32 vni = alloc_vni(t.f.a, kit_nic(t.f.g, "1a-nic")->network), there = alloc_fabric(&t.f.s, 0);
	struct frame_spec s = said(&t, t.a, FALSE, FRAME_SYN);
	tunnelled(&s, t.a, t.n);
	s.saddr = OUTSIDE; /* lives nowhere, and A is no forwarder */
	overlay_drop(t.w, vni, there, &s, ESC_V_UNREACHABLE, t.n->number);
	s.saddr = t.from;
	struct esc_effect e = overlay_pass(t.w, vni, there, &s, NULL);
	g_assert_cmpuint(e.ifindex, ==, 100 + t.n->number);
	s = said(&t, t.n, FALSE, FRAME_SYN);
	e = port_pass(t.w, t.n->number, &s, &f);
	g_assert_cmpuint(e.delivery, ==, ESC_TO_OVERLAY);
	frame_macs(&f, t.n->mac, t.b->mac);
	s = said(&t, t.b, TRUE, FRAME_SYN | FRAME_ACK);
	tunnelled(&s, t.b, t.n);
	e = overlay_pass(t.w, vni, there, &s, NULL);
	g_assert_cmpuint(e.ifindex, ==, 100 + t.n->number);
	s = said(&t, t.n, TRUE, FRAME_SYN | FRAME_ACK);
	e = port_pass(t.w, t.n->number, &s, &f);
	frame_macs(&f, t.n->mac, t.a->mac);
	talk_close(&t);
}

/* --- forwarders within reach --- */

/*
 * Hosts by turns: "1a" (network a) and "3c" (network c) on the first, "2h" (network h, a peer of a) and "4c" on the
 * second; the last two forward. c has the addresses of h. What "1a" knows of 10.9.0.0/16 is that "2h" leads there. `taken`: a takes from h what
 * began in neither.
 */
static void reach_open(struct talk *t, struct kit *k, const char *taken)
{
	kit_add(k, "routeTables", "t",
	        "'routes':[{'name':'r','properties':{'addressPrefix':'10.9.0.0/16','nextHopType':'VirtualAppliance',"
	        "'nextHopIpAddress':'10.0.1.4'}}]");
	kit_add(k, "virtualNetworks", "a",
	        "'addressSpace':{'addressPrefixes':['10.1.0.0/"
	        "16']},'subnets':[{'name':'s','properties':{'addressPrefix':"
	        "'10.1.1.0/24','routeTable':{'id':'~routeTables/"
	        "t'}}}],'virtualNetworkPeerings':[{'name':'h','properties':{"
	        "'remoteVirtualNetwork':{'id':'~virtualNetworks/h'},'allowForwardedTraffic':%s}}]",
	        taken);
	kit_add(k, "virtualNetworks", "h",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/"
	        "16']},'subnets':[{'name':'s','properties':{'addressPrefix':"
	        "'10.0.1.0/24'}}],'virtualNetworkPeerings':[{'name':'a','properties':{'remoteVirtualNetwork':{'id':"
	        "'~virtualNetworks/a'},'allowForwardedTraffic':true}}]");
	kit_add(k, "virtualNetworks", "c",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/"
	        "16']},'subnets':[{'name':'s','properties':{'addressPrefix':"
	        "'10.0.1.0/24'}}]");
	kit_vm(k, "1a", "a/subnets/s", "", "");
	kit_vm(k, "2h", "h/subnets/s", "", ",'enableIPForwarding':true");
	kit_vm(k, "3c", "c/subnets/s", "", "");
	kit_vm(k, "4c", "c/subnets/s", "", ",'enableIPForwarding':true");
	fleet_up(&t->f, k, 2, 0);
	t->w = twin_new(t->f.t[0]);
	t->a = alloc_port(t->f.a, kit_nic(t->f.g, "1a-nic"));
	t->n = alloc_port(t->f.a, kit_nic(t->f.g, "2h-nic"));
	t->b = alloc_port(t->f.a, kit_nic(t->f.g, "4c-nic"));
	g_assert_true(t->a->host == 0 && t->n->host == 1 && t->b->host == 1);
	t->from = 0x0a090001; /* 10.9.0.1 */
	t->to = address_of(&t->f, "1a-nic");
}

static const struct esc_forwarder *forwarder_of(const struct talk *t, const struct alloc_port *p)
{
	struct esc_mac_key key = {.mac = {0}};

	memcpy(key.mac, p->mac, 6);
	return table_lookup(native_table(twin_native(t->w), "forwarders"), &key);
}

/* The host has both forwarders, since it has ports of c as well; but c's does not speak to a port of a, not even for an
 * address that is on its host. */
static void test_out_of_reach(void)
{
	g_autoptr(kit) k = kit_new();
	struct frame_spec s;
	struct talk t;

	reach_open(&t, k, "true");
	guint32 vni = alloc_vni(t.f.a, kit_nic(t.f.g, "1a-nic")->network), there = alloc_fabric(&t.f.s, 1);
	g_assert_nonnull(forwarder_of(&t, t.n));
	g_assert_nonnull(forwarder_of(&t, t.b));
	s = said(&t, t.b, FALSE, FRAME_SYN);
	tunnelled(&s, t.b, t.a);
	overlay_drop(t.w, vni, there, &s, ESC_V_UNREACHABLE, t.a->number);
	s.saddr = address_of(&t.f, "2h-nic");
	overlay_drop(t.w, vni, there, &s, ESC_V_UNREACHABLE, t.a->number);
	s = said(&t, t.n, FALSE, FRAME_SYN);
	tunnelled(&s, t.n, t.a);
	g_assert_cmpuint(overlay_pass(t.w, vni, there, &s, NULL).ifindex, ==, 100 + t.a->number);
	talk_close(&t);
}

/* A peering that does not take what began in neither of its networks. */
static void test_not_taken(void)
{
	g_autoptr(kit) k = kit_new();
	struct frame_spec s;
	struct talk t;

	reach_open(&t, k, "false");
	guint32 vni = alloc_vni(t.f.a, kit_nic(t.f.g, "1a-nic")->network), there = alloc_fabric(&t.f.s, 1);
	s = said(&t, t.n, FALSE, FRAME_SYN);
	tunnelled(&s, t.n, t.a);
	overlay_drop(t.w, vni, there, &s, ESC_V_NOT_FORWARDED, t.a->number);
	s.saddr = address_of(&t.f, "2h-nic"); /* its own */
	overlay_pass(t.w, vni, there, &s, NULL);
	talk_close(&t);
}

/* Errors about a packet come from the receiver, or from a router that the sender's routes may have led it to. */
static void test_far_router_error(void)
{
	g_autoptr(kit) k = kit_new();
	struct frame about, f;
	struct talk t;

	reach_open(&t, k, "true");
	guint32 vni = alloc_vni(t.f.a, kit_nic(t.f.g, "1a-nic")->network), there = alloc_fabric(&t.f.s, 1);
	struct frame_spec s = said(&t, t.a, TRUE, FRAME_SYN);
	port_pass(t.w, t.a->number, &s, &about);
	const struct twin_in in = {TWIN_OVERLAY, .vni = vni, .remote = there};
	const guint32 liars[] = {0x0a000109, address_of(&t.f, "4c-nic"),
	                         0x0a090002}; /* nobody's, out of reach, unknown */
	for (guint i = 0; i < G_N_ELEMENTS(liars); i++) {
		frame_error(&f, &about, liars[i], 11, 0);
		memcpy(f.data, t.a->mac, 6);
		memcpy(f.data + 6, t.n->mac, 6);
		scene_drop(t.w, &in, &f, ESC_V_WRONG_HOST, t.a->number);
	}
	frame_error(&f, &about, address_of(&t.f, "2h-nic"), 11, 0);
	memcpy(f.data, t.a->mac, 6);
	memcpy(f.data + 6, t.n->mac, 6);
	g_assert_cmpuint(scene_pass(t.w, &in, &f).ifindex, ==, 100 + t.a->number);
	talk_close(&t);
}

void cases_fixture_register(void)
{
	for (const struct fixture *f = fixtures; f->name; f++) {
		g_autofree char *path = g_strdup_printf("/fixture/%s", f->name);
		g_test_add_data_func(path, f, test_fixture);
	}
	g_test_add_func("/appliance/through", test_through);
	g_test_add_func("/appliance/router-error", test_router_error);
	g_test_add_func("/appliance/across", test_across);
	g_test_add_func("/appliance/its-host", test_appliance_host);
	g_test_add_func("/appliance/out-of-reach", test_out_of_reach);
	g_test_add_func("/appliance/not-taken", test_not_taken);
	g_test_add_func("/appliance/far-router-error", test_far_router_error);
}
