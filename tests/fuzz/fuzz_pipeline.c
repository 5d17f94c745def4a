/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile frames through the native pipeline, over Figure 3's two tenants on the first of two hosts. An input is a
 * script: eight bytes choose a frame that somebody could send, then patches damage it. After each frame the invariants
 * of the architecture page are asserted from the frame's own bytes, by code that shares nothing with the stages.
 */
#include "compile/compile.h"
#include "explain/native.h"
#include "formats/arm/arm.h"
#include "tests/pipeline/frame.h"

#include <string.h>

#define FRAMES  48          /* of one input */
#define HEAD    8           /* bytes of a script's step, before its patches */
#define OUTSIDE 0xc0586301u /* 192.88.99.1 */

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

enum way { WAY_PORT, WAY_OVERLAY, WAY_EDGE, WAY_EDGE_XDP };

static struct tables *world;
static GArray *addresses; /* guint32, host order: everybody's private ones, the public ones, outside */

static void add_address(guint32 address)
{
	g_array_append_val(addresses, address);
}

static void load(GPtrArray *documents, const char *tenant)
{
	g_autofree char *path = g_strdup_printf(SHARE "/%s.json", tenant);
	struct arm_scope scope = {tenant, "prod", "local", tenant, NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(node) t = node_parse_file(path, &error);
	struct arm_result *r;

	g_assert_no_error(error);
	r = arm_evaluate(t, path, NULL, NULL, &scope, TRUE, &error);
	g_assert_no_error(error);
	while (r->documents->len)
		g_ptr_array_add(documents, g_ptr_array_steal_index(r->documents, 0));
	arm_result_free(r);
}

static struct esc_ip6 six(guint32 address)
{
	struct esc_ip6 a;

	frame_six(GUINT32_FROM_BE(address), (guint8 *)a.w);
	return a;
}

/* Whatever has an IPv4 address has the one that frames of the other family make of it. */
static void add_six(struct tables *t)
{
	for (guint i = 0; i < t->ports->len; i++) {
		struct table_port *p = t->ports->pdata[i];
		p->port6.addr_count = p->port.addr_count;
		for (guint j = 0; j < p->port.addr_count; j++)
			p->port6.addr[j] = six(p->port.addr[j]);
	}
	for (guint i = 0; i < t->addrs->len; i++) {
		const struct table_addr *a = &g_array_index(t->addrs, struct table_addr, i);
		struct table_addr6 row = {{a->key.net, six(a->key.addr)}, a->value};
		g_array_append_val(t->addrs6, row);
	}
	for (guint i = 0; i < t->endpoints->len; i++) {
		const struct table_endpoint *e = &g_array_index(t->endpoints, struct table_endpoint, i);
		struct table_endpoint6 row = {{six(e->key.vip), e->key.port, e->key.proto, 0}, e->value};
		row.value.access = 0;
		if (e->value.kind != ESC_EP_SNAT)
			g_array_append_val(t->endpoints6, row);
	}
	for (guint i = 0; i < t->dnat->len; i++) {
		const struct table_dnat *d = &g_array_index(t->dnat, struct table_dnat, i);
		struct table_dnat6 row = {{d->key.port, six(d->key.vip), d->key.vport, d->key.proto, 0},
		                          {six(d->value.addr), d->value.port, d->value.flags, 0}};
		g_array_append_val(t->dnat6, row);
	}
	for (guint i = 0; i < t->snat->len; i++) {
		const struct table_snat *s = &g_array_index(t->snat, struct table_snat, i);
		struct table_snat6 row = {{s->key.port, six(s->key.addr)}, {six(s->value.addr)}};
		g_array_append_val(t->snat6, row);
	}
	for (guint i = 0; i < t->routes->len; i++) {
		const struct table_route *r = &g_array_index(t->routes, struct table_route, i);
		guint32 length = r->key.prefixlen - 32;
		struct table_route6 row = {.key = {length ? 128 + length : 32, r->key.table},
		                           .value = {r->value.hop, r->value.flags, r->value.net}};
		if (length)
			row.key.addr = six(r->key.addr);
		g_array_append_val(t->routes6, row);
	}
}

static void make_world(void)
{
	GPtrArray *documents = document_list_new();
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	struct alloc_settings s;

	load(documents, "contoso");
	load(documents, "fabrikam");
	g_autoptr(graph) g = graph_build(documents, errors);
	g_assert_nonnull(g);
	alloc_settings_init(&s);
	s.hosts = 2;
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, &error);
	g_assert_no_error(error);
	world = compile_host(g, a, &s, 0, &error);
	g_assert_no_error(error);
	add_six(world);
	addresses = g_array_new(FALSE, FALSE, sizeof(guint32));
	for (guint i = 0; i < world->addrs->len; i++)
		add_address(GUINT32_FROM_BE(g_array_index(world->addrs, struct table_addr, i).key.addr));
	for (guint i = 0; i < world->endpoints->len; i++)
		add_address(GUINT32_FROM_BE(g_array_index(world->endpoints, struct table_endpoint, i).key.vip));
	add_address(OUTSIDE);
	add_address(0x0a000101); /* the gateway */
	add_address(0xa9fea9fd); /* the platform */
}

static const struct table_port *port_by_number(guint32 number)
{
	for (guint i = 0; i < world->ports->len; i++) {
		const struct table_port *p = world->ports->pdata[i];
		if (p->number == number)
			return p;
	}
	return NULL;
}

static gboolean owns(const struct table_port *p, const guint8 address[16])
{
	for (guint i = 0; i < p->port6.addr_count; i++)
		if (!memcmp(&p->port6.addr[i], address, 16))
			return TRUE;
	return FALSE;
}

static gboolean is_peer(guint32 remote)
{
	for (guint i = 0; i < world->peers->len; i++)
		if (g_array_index(world->peers, struct table_peer, i).key == remote)
			return TRUE;
	return FALSE;
}

static const guint16 ports[] = {80, 443, 8080, 1433, 5432, 22, 0, 65535};

static void build(struct frame *f, const guint8 *step, enum way way, const struct table_port *from,
                  const struct esc_host *host)
{
	static const guint8 gateway[6] = ESC_GATEWAY_MAC;
	static const struct {
		guint8 protocol, flags, icmp;
	} kinds[] = {{6, FRAME_SYN, 0},
	             {6, FRAME_SYN | FRAME_ACK, 0},
	             {6, FRAME_ACK, 0},
	             {6, FRAME_RST, 0},
	             {6, FRAME_FIN | FRAME_ACK, 0},
	             {17, 0, 0},
	             {1, 0, 8},
	             {1, 0, 0},
	             {1, 0, 3},
	             {47, 0, 0}};
	guint kind = step[3] % G_N_ELEMENTS(kinds);
	const struct table_port *inner = world->ports->pdata[step[2] % world->ports->len];
	struct frame_spec s = {.protocol = kinds[kind].protocol,
	                       .flags = kinds[kind].flags,
	                       .icmp = kinds[kind].icmp,
	                       .daddr = g_array_index(addresses, guint32, step[2] % addresses->len),
	                       .saddr = way == WAY_PORT ? GUINT32_FROM_BE(from->port.addr[0])
	                                                : g_array_index(addresses, guint32, step[1] % addresses->len),
	                       .sport = step[4] & 0x40 ? ports[step[4] % 8] : (guint16)(1024 + step[4]),
	                       .dport = step[5] & 0x40 ? (guint16)(1024 + step[5]) : ports[step[5] % 8],
	                       .payload = step[6] & 0x3f};

	if (way == WAY_OVERLAY && step[1] & 0x10)
		s.daddr = GUINT32_FROM_BE(inner->port.addr[0]);
	memcpy(s.smac, way == WAY_PORT ? from->port.mac : gateway, 6);
	memcpy(s.dmac, way == WAY_PORT ? gateway : way == WAY_OVERLAY ? inner->port.mac : host->uplink_mac, 6);
	if (way == WAY_PORT && step[6] & 0x80)
		frame_arp(f, s.smac, s.smac, s.saddr, s.daddr, 1);
	else
		frame_build(f, &s);
}

/* What left, seen as bytes; everything is 0 where it is not IP. An IPv4 address is seen as what IPv6 would make of it. */
struct seen {
	gboolean ip;
	guint8 source[16], destination[16];
};

static struct seen see(const guint8 *data, gsize length)
{
	struct frame f = {.length = length};
	struct seen s = {0};

	if (length < 34 || length > sizeof(f.data))
		return s;
	memcpy(f.data, data, length);
	if (frame_get16(&f, 12) == 0x0800) {
		s.ip = TRUE;
		frame_six(frame_get32(&f, 26), s.source);
		frame_six(frame_get32(&f, 30), s.destination);
	} else if (frame_get16(&f, 12) == 0x86dd && length >= 54) {
		s.ip = TRUE;
		memcpy(s.source, data + 22, 16);
		memcpy(s.destination, data + 38, 16);
	}
	return s;
}

static void to_port(const struct table_port *from, const struct native_packet *p, const struct esc_effect *e)
{
	const struct table_port *to = port_by_number(e->ifindex - 100);
	struct seen s = see(p->data, p->length);

	g_assert_nonnull(to);
	g_assert_true(s.ip && owns(to, s.destination));
	g_assert_cmpmem(p->data, 6, to->port.mac, 6);
	if (from && s.source[0] == 0xfd)
		g_assert_cmpuint(from->port.net, ==, to->port.net);
}

static void check(enum way way, const struct table_port *from, const guint8 *before, gsize before_length,
                  const struct native_packet *p, const struct esc_effect *e, guint32 remote, guint32 vni)
{
	struct seen was = see(before, before_length), is = see(p->data, p->length);

	g_assert_cmpuint(e->verdict, <, ESC_V_COUNT);
	if (way == WAY_EDGE_XDP)
		return;
	g_assert((e->verdict > ESC_VERDICT_LAST_PASS) == (e->delivery == ESC_TO_NONE));
	g_assert((e->verdict == ESC_V_ANSWERED) == (e->delivery == ESC_TO_SELF));
	if (e->verdict != ESC_V_FORWARD)
		return;
	g_assert_true(was.ip && is.ip);
	if (way == WAY_PORT) {
		g_assert_cmpmem(before + 6, 6, from->port.mac, 6);
		g_assert_true(owns(from, was.source));
	}
	if (way == WAY_OVERLAY)
		g_assert_true(is_peer(remote) && (vni == ESC_VNI_EDGE || e->delivery != ESC_TO_PEER ||
		                                  port_by_number(e->ifindex - 100)->port.net == vni));
	if (e->delivery == ESC_TO_PEER || e->delivery == ESC_TO_TAP)
		to_port(from, p, e);
	if (e->delivery == ESC_TO_UPLINK)
		g_assert_cmpmem(is.source, 14, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\xc6\x12", 14);
	if (e->delivery == ESC_TO_OVERLAY) {
		g_assert_true(is_peer(e->remote));
		if (from && e->vni != ESC_VNI_EDGE)
			g_assert_cmpuint(e->vni, ==, from->port.net);
	}
}

static gsize step(struct native *n, const guint8 *data, gsize size)
{
	enum way way = data[0] & 3;
	const struct table_port *from = way == WAY_PORT ? world->ports->pdata[data[1] % world->ports->len] : NULL;
	guint patches = data[7] & 7;
	gsize used = HEAD + 2 * patches;
	const struct table_port *inner = world->ports->pdata[data[2] % world->ports->len];
	struct native_packet p = {.tunnel_vni = data[1] & 0x80   ? ESC_VNI_EDGE
	                                        : data[1] & 0x20 ? inner->port.net
	                                                         : 1u + data[4] % 3,
	                          .tunnel_remote = data[1] & 0x40 ? 0x01010101u : world->self.fabric + GUINT32_TO_BE(1),
	                          .partial_checksum = data[0] & 4};
	guint32 remote = p.tunnel_remote, vni = p.tunnel_vni;
	g_autofree guint8 *before = NULL, *room = NULL;
	struct esc_effect e;
	struct frame f;

	if (used > size)
		return size;
	frame_family = data[0] & 32 ? 6 : 4;
	build(&f, data, way, from, native_host(n));
	for (guint i = 0; i < patches; i++)
		f.data[data[HEAD + 2 * i] % f.length] = data[HEAD + 2 * i + 1];
	if (data[0] & 8)
		frame_checksums(&f, TRUE);
	if (data[0] & 16)
		f.length = f.length * data[6] / 256;
	p.length = f.length;
	p.capacity = f.length + 64;
	room = g_malloc0(p.capacity + 2);
	p.data = room + 2; /* as the kernel does: the IP header is aligned */
	memcpy(p.data, f.data, f.length);
	before = g_memdup2(f.data, f.length);
	e = way == WAY_PORT      ? native_from_port(n, from->number, &p)
	    : way == WAY_OVERLAY ? native_from_overlay(n, &p)
	    : way == WAY_EDGE    ? native_edge(n, &p)
	                         : native_edge_xdp(n, &p);
	check(way, from, before, f.length, &p, &e, remote, vni);
	if (way == WAY_EDGE_XDP && p.marked) {
		e = native_edge(n, &p);
		check(WAY_EDGE, NULL, before, f.length, &p, &e, remote, vni);
	}
	native_advance(n, (data[7] >> 3) * 1000);
	return used;
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	struct native *n;

	if (!world)
		make_world();
	n = native_new(world);
	for (guint i = 0; i < FRAMES && size >= HEAD; i++) {
		gsize used = step(n, data, size);
		data += used;
		size -= used;
	}
	native_free(n);
	return 0;
}
