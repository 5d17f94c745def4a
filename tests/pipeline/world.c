/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"
#include "frame.h"
#include <string.h>

const guint8 world_gateway[6] = ESC_GATEWAY_MAC;
const guint8 world_uplink[6] = {0x02, 0xe5, 0xff, 0, 0, 1};
const guint8 world_nexthop[6] = {0x02, 0xe5, 0xff, 0, 0, 2};

void world_mac(guint32 port, guint8 mac[6])
{
	const guint8 m[6] = {0x02, 0xe5, 0, 0, (guint8)(port >> 8), (guint8)port};

	memcpy(mac, m, 6);
}

guint32 world_blob(struct tables *t, GBytes *blob)
{
	g_assert_nonnull(blob);
	g_ptr_array_add(t->blobs, blob);
	return t->blobs->len;
}

static struct esc_ip6 six(guint32 addr)
{
	struct esc_ip6 a;

	frame_six(addr, (guint8 *)a.w);
	return a;
}

/* The prefix as frames of the other family have it. */
static void add_prefix6(GArray *ranges, guint32 addr, guint8 length)
{
	struct prefix6 p = {.length = length ? 96 + length : 0};

	if (length)
		frame_six(addr, p.addr.b);
	policy_add_prefix6(ranges, p);
}

struct policy_rule *world_rule(guint32 number, gboolean allow, enum direction direction, guint32 addr, guint8 length,
                               enum rule_protocol protocol, guint16 first, guint16 last)
{
	struct policy_rule *r = policy_rule_new();
	guint32 host = length == 32 ? 0 : 0xffffffffu >> length;

	policy_add_range(direction == DIR_IN ? r->source : r->destination, addr & ~host, addr | host);
	policy_add_range(direction == DIR_IN ? r->destination : r->source, 0, 0xffffffff);
	add_prefix6(direction == DIR_IN ? r->source6 : r->destination6, addr, length);
	add_prefix6(direction == DIR_IN ? r->destination6 : r->source6, 0, 0);
	policy_add_range(r->source_ports, 0, 65535);
	policy_add_range(r->destination_ports, first, last);
	r->protocol = protocol;
	r->allow = allow;
	r->number = number;
	return r;
}

static GBytes *build(GPtrArray *in, GPtrArray *out, guint32 flags)
{
	struct policy_input input = {.flags = flags, .name = "test"};
	g_autoptr(GError) error = NULL;
	GBytes *blob;

	input.lists[DIR_IN][0] = in;
	input.lists[DIR_OUT][0] = out;
	blob = policy_build(&input, &error);
	g_assert_no_error(error);
	return blob;
}

static GBytes *policy_of_2(void)
{
	g_autoptr(GPtrArray) in = policy_list_new(), out = policy_list_new();

	g_ptr_array_add(in, world_rule(21, TRUE, DIR_IN, 0, 0, PROTO_TCP, 8080, 8080));
	g_ptr_array_add(in, world_rule(22, TRUE, DIR_IN, 0, 0, PROTO_ICMP, 0, 65535));
	g_ptr_array_add(in, world_rule(23, FALSE, DIR_IN, 0, 0, PROTO_ANY, 0, 65535));
	g_ptr_array_add(out, world_rule(24, FALSE, DIR_OUT, 0, 0, PROTO_TCP, 25, 25));
	g_ptr_array_add(out, world_rule(25, TRUE, DIR_OUT, 0, 0, PROTO_ANY, 0, 65535));
	return build(in, out, 0);
}

static GBytes *policy_of_3(void)
{
	g_autoptr(GPtrArray) in = policy_list_new(), out = policy_list_new();

	g_ptr_array_add(in, world_rule(31, TRUE, DIR_IN, 0xcb007100u, 24, PROTO_ANY, 0, 65535));
	g_ptr_array_add(in, world_rule(32, TRUE, DIR_IN, 0, 0, PROTO_UDP, 53, 53));
	g_ptr_array_add(out, world_rule(33, FALSE, DIR_OUT, WORLD_ADDR(9, 0), 24, PROTO_ANY, 0, 65535));
	g_ptr_array_add(out, world_rule(34, TRUE, DIR_OUT, 0, 0, PROTO_ANY, 0, 65535));
	return build(in, out, 0);
}

static GBytes *policy_deny(void)
{
	g_autoptr(GPtrArray) none = policy_list_new();

	g_ptr_array_add(none, world_rule(41, FALSE, DIR_IN, 0, 0, PROTO_ANY, 0, 65535));
	return build(none, none, 0);
}

struct table_port *world_port(struct tables *t, guint32 number, guint32 net, guint32 addr, guint32 blob)
{
	struct table_port *p = g_new0(struct table_port, 1);
	struct table_mac mac = {.value = number};
	struct table_addr a = {.key = {net, GUINT32_TO_BE(addr)}, .value = {.port = number}};
	struct table_addr6 a6 = {.key = {net, six(addr)}};

	p->number = number;
	p->port.flags = ESC_PORT_ACTIVE;
	p->port.net = p->port.table = p->port.space = net;
	p->port.addr_count = 1;
	p->port.addr[0] = GUINT32_TO_BE(addr);
	p->port6.addr_count = 1;
	p->port6.addr[0] = six(addr);
	world_mac(number, p->port.mac);
	p->blob = blob;
	p->judge = 1000 + blob;
	g_ptr_array_add(t->ports, p);
	world_mac(number, mac.key.mac);
	world_mac(number, a.value.mac);
	g_array_append_val(t->macs, mac);
	g_array_append_val(t->addrs, a);
	a6.value = a.value;
	g_array_append_val(t->addrs6, a6);
	return p;
}

void world_route(struct tables *t, guint32 net, guint32 addr, guint8 length, enum esc_hop hop)
{
	struct table_route r = {.key = {32u + length, net, GUINT32_TO_BE(addr)},
	                        .value = {.hop = (guint16)hop,
	                                  .flags = ESC_BORDER_OUT | ESC_BORDER_IN,
	                                  .net = hop == ESC_HOP_NETWORK ? net : 0}};
	struct table_route6 r6 = {.key = {length ? 128u + length : 32u, net},
	                          .value = {r.value.hop, r.value.flags, r.value.net}};

	if (length)
		r6.key.addr = six(addr);
	g_array_append_val(t->routes, r);
	g_array_append_val(t->routes6, r6);
}

void world_dnat(struct tables *t, guint32 port, guint32 vip, guint16 vport, guint8 proto, guint32 addr, guint16 to,
                guint8 flags)
{
	struct table_dnat d = {
	        .key = {.port = port, .vip = GUINT32_TO_BE(vip), .vport = GUINT16_TO_BE(vport), .proto = proto},
	        .value = {GUINT32_TO_BE(addr), GUINT16_TO_BE(to), flags, 0}};
	struct table_dnat6 d6 = {.key = {.port = port, .vip = six(vip), .vport = GUINT16_TO_BE(vport), .proto = proto},
	                         .value = {six(addr), GUINT16_TO_BE(to), flags, 0}};

	g_array_append_val(t->dnat, d);
	g_array_append_val(t->dnat6, d6);
}

static void snat(struct tables *t, guint32 port, guint32 addr, guint32 public, guint16 first, guint16 count)
{
	struct table_snat s = {.key = {port, GUINT32_TO_BE(addr)}, .value = {GUINT32_TO_BE(public), first, count}};
	struct table_snat6 s6 = {.key = {port, six(addr)}, .value = {six(public)}};

	g_array_append_val(t->snat, s);
	if (!count)
		g_array_append_val(t->snat6, s6); /* IPv6 shares no address */
}

static void endpoint(struct tables *t, guint32 vip, guint16 port, guint8 proto, struct esc_endpoint e)
{
	struct table_endpoint row = {.key = {GUINT32_TO_BE(vip), GUINT16_TO_BE(port), proto, 0}, .value = e};
	struct table_endpoint6 row6 = {.key = {six(vip), GUINT16_TO_BE(port), proto, 0}, .value = e};

	g_array_append_val(t->endpoints, row);
	if (e.kind == ESC_EP_SNAT)
		row6.value.slot = 0; /* in use, and nobody's ports */
	g_array_append_val(t->endpoints6, row6);
}

static struct esc_endpoint to_one(guint32 host, guint32 port)
{
	struct esc_endpoint e = {.kind = ESC_EP_ONE, .one = {.host = GUINT32_TO_BE(host), .port = port}};

	world_mac(port, e.one.mac);
	return e;
}

static GBytes *blob_of(const struct esc_backend *backends, guint n, const guint16 head[4], const guint16 *cells,
                       guint m)
{
	gsize table = 32 * (1 + (n + 1) / 2), words = (table + m + 31) / 32 * 32;
	g_autofree guint16 *w = g_new0(guint16, words);

	memcpy(w, head, 8);
	for (guint i = 0; i < n; i++)
		memcpy(w + 32 + 16 * i, &backends[i], sizeof(backends[i]));
	memcpy(w + table, cells, 2 * m);
	return g_bytes_new(w, 2 * words);
}

GBytes *world_balanced(const struct esc_backend *backends, guint n)
{
	guint16 cells[251], head[4] = {(guint16)n, 251, 0, 0};

	for (guint i = 0; i < 251; i++)
		cells[i] = (guint16)(i % n);
	return blob_of(backends, n, head, cells, 251);
}

/* Blocks of 8 ports from 1024: the first is port 2's, the second nobody's. */
static GBytes *owners(void)
{
	struct esc_backend b = to_one(0, 2).one;
	const guint16 head[4] = {1, 2, 3, 1024}, cells[2] = {0, ESC_BLOB_NOBODY};

	return blob_of(&b, 1, head, cells, 2);
}

static void endpoints(struct tables *t)
{
	struct esc_backend pair[2] = {to_one(0, 1).one, to_one(0, 2).one}, far = to_one(WORLD_REMOTE, 7).one;
	struct esc_backend second = to_one(0, 2).one;
	struct esc_endpoint e = {.kind = ESC_EP_BALANCED};

	e.slot = world_blob(t, world_balanced(pair, 2));
	endpoint(t, WORLD_VIP, 80, 6, e);
	e.slot = world_blob(t, world_balanced(&far, 1));
	endpoint(t, WORLD_VIP, 81, 6, e);
	e.slot = 0;
	endpoint(t, WORLD_VIP, 82, 6, e);
	e.slot = world_blob(t, world_balanced(&second, 1));
	e.distribution = ESC_DIST_SOURCE;
	endpoint(t, WORLD_VIP, 83, 6, e);
	endpoint(t, WORLD_VIP, 8080, 6, e);
	endpoint(t, WORLD_VIP, 1027, 17, to_one(0, 1)); /* inside the range that port 2 leaves by */
	e = (struct esc_endpoint){.kind = ESC_EP_SNAT, .slot = world_blob(t, owners())};
	endpoint(t, WORLD_VIP, 0, 255, e);
	endpoint(t, WORLD_PUBLIC(11), 0, 0, to_one(0, 3));
	endpoint(t, WORLD_PUBLIC(12), 0, 0, to_one(0, 1));
	endpoint(t, WORLD_PUBLIC(15), 0, 0, to_one(0, 5));
	endpoint(t, WORLD_PUBLIC(16), 0, 0, to_one(0, 1)); /* nothing translates it */
	world_dnat(t, 1, WORLD_VIP, 80, 6, WORLD_ADDR(1, 4), 8080, 0);
	world_dnat(t, 2, WORLD_VIP, 80, 6, WORLD_ADDR(1, 5), 8080, 0);
	world_dnat(t, 2, WORLD_VIP, 83, 6, WORLD_ADDR(1, 5), 8080, ESC_DNAT_STANDARD);
	world_dnat(t, 2, WORLD_VIP, 8080, 6, WORLD_VIP, 0,
	           0); /* floating: the instance answers as the public address */
	world_dnat(t, 3, WORLD_PUBLIC(11), 0, 0, WORLD_ADDR(2, 4), 0, ESC_DNAT_STANDARD);
	world_dnat(t, 1, WORLD_PUBLIC(12), 0, 0, WORLD_ADDR(1, 4), 0, ESC_DNAT_STANDARD);
	world_dnat(t, 5, WORLD_PUBLIC(15), 0, 0, WORLD_ADDR(1, 5), 0, 0);
	snat(t, 1, WORLD_ADDR(1, 4), WORLD_PUBLIC(12), 0, 0);
	snat(t, 2, WORLD_ADDR(1, 5), WORLD_VIP, 1024, 8);
	snat(t, 3, WORLD_ADDR(2, 4), WORLD_PUBLIC(11), 0, 0);
	snat(t, 5, WORLD_ADDR(1, 5), WORLD_PUBLIC(15), 0, 0);
}

static void routes(struct tables *t, guint32 net)
{
	world_route(t, net, WORLD_ADDR(0, 0), 16, ESC_HOP_NETWORK);
	world_route(t, net, 0x0a000000, 8, ESC_HOP_NONE);
	world_route(t, net, 0xe0000000, 3, ESC_HOP_NONE);
	world_route(t, net, 0, 0, ESC_HOP_INTERNET);
}

struct tables *world_tables(void)
{
	struct tables *t = tables_new();
	guint32 open = world_blob(t, build(NULL, NULL, ESC_POLICY_NO_GROUP));
	guint32 second = world_blob(t, policy_of_2()), third = world_blob(t, policy_of_3());
	struct table_addr far = {.key = {100, GUINT32_TO_BE(WORLD_ADDR(9, 4))},
	                         .value = {.host = GUINT32_TO_BE(WORLD_REMOTE), .port = 7}};
	struct table_addr6 far6 = {.key = {100, six(WORLD_ADDR(9, 4))}};
	struct table_peer peer = {GUINT32_TO_BE(WORLD_REMOTE), ESC_PEER_HOST | ESC_PEER_EDGE};

	t->hosts = 2;
	t->self = (struct esc_host){.fabric = GUINT32_TO_BE(WORLD_FABRIC),
	                            .ring_size = 16,
	                            .hash_seed = 7,
	                            .overlay_mtu = 1450,
	                            .platform = GUINT32_TO_BE(WORLD_PLATFORM),
	                            .rates = {{100, 200}, {10, 20}, {1000, 2000}, {100, 200}}};
	memcpy(t->self.uplink_mac, world_uplink, 6);
	memcpy(t->self.nexthop_mac, world_nexthop, 6);
	world_port(t, 1, 100, WORLD_ADDR(1, 4), open);
	world_port(t, 2, 100, WORLD_ADDR(1, 5), second)->port.flags |= ESC_PORT_TAP;
	world_port(t, 3, 100, WORLD_ADDR(2, 4), third);
	world_port(t, 4, 200, WORLD_ADDR(1, 4), open);
	world_port(t, 5, 200, WORLD_ADDR(1, 5), open);
	world_port(t, 6, 100, WORLD_ADDR(1, 6), 0);
	world_mac(7, far.value.mac);
	g_array_append_val(t->addrs, far);
	far6.value = far.value;
	g_array_append_val(t->addrs6, far6);
	g_array_append_val(t->peers, peer);
	routes(t, 100);
	routes(t, 200);
	endpoints(t);
	return t;
}

struct tables *world_tables_denied(guint32 port)
{
	struct tables *t = world_tables();
	guint32 blob = world_blob(t, policy_deny());
	struct table_port *p = g_ptr_array_index(t->ports, port - 1);

	p->blob = blob;
	p->judge = 1000 + blob;
	return t;
}
