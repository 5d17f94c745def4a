/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random tables, random packets, a part of them damaged: kernel and native must agree in everything, and both with the
 * naive twin (naive.h) in the verdict. Few addresses and ports, so that packets meet flows, rules and each other.
 * A failure is repeated by the seed that GLib prints (--seed).
 */
#include "random.h"
#include "scene.h"
#include <string.h>

#define TABLES    60
#define PACKETS   400 /* of each: 24,000 a run */
#define PORTS     RANDOM_PORTS
#define BORDER(i) (0xcb007100u + 16 * (i)) /* sources outside that rules distinguish */

static guint pick(guint n)
{
	return (guint)g_test_rand_int_range(0, (gint32)n);
}

static guint32 outside(void)
{
	return BORDER(pick(4)) + pick(3);
}

static guint32 inside(void)
{
	return WORLD_ADDR(1, 4 + pick(PORTS / 2 + 1));
}

static const guint16 services[] = {0, 22, 80, 443, 40000, 65535};

static guint16 service(void)
{
	return services[pick(G_N_ELEMENTS(services))];
}

static void random_range(guint32 *first, guint32 *last)
{
	*first = 0;
	*last = 0xffffffff;
	switch (pick(4)) {
	case 0:
		*first = *last = inside();
		break;
	case 1:
		*first = BORDER(pick(4));
		*last = *first + 15;
		break;
	case 2:
		*first = WORLD_ADDR(0, 0);
		*last = WORLD_ADDR(255, 255);
		break;
	default:
		break;
	}
}

static struct naive_rule random_rule(guint32 number)
{
	static const guint8 protocols[] = {0, 1, 6, 17};
	struct naive_rule r = {.number = number, .allow = pick(3) != 0, .port_last = 65535};

	r.protocol = protocols[pick(G_N_ELEMENTS(protocols))];
	random_range(&r.from, &r.from_last);
	random_range(&r.to, &r.to_last);
	if (pick(2)) {
		r.port = service();
		r.port_last = pick(2) ? r.port : (guint16)MAX(r.port, service());
	}
	return r;
}

static void add_range6(GArray *ranges, guint32 first, guint32 last)
{
	struct policy_range6 r;

	memset(&r.first, 0, sizeof(r.first));
	memset(&r.last, 0xff, sizeof(r.last));
	if (first || last != 0xffffffff) {
		frame_six(first, r.first.b);
		frame_six(last, r.last.b);
	}
	g_array_append_val(ranges, r);
}

static struct policy_rule *lower(const struct naive_rule *r)
{
	struct policy_rule *p = policy_rule_new();

	policy_add_range(p->source, r->from, r->from_last);
	policy_add_range(p->destination, r->to, r->to_last);
	add_range6(p->source6, r->from, r->from_last);
	add_range6(p->destination6, r->to, r->to_last);
	policy_add_range(p->source_ports, 0, 65535);
	policy_add_range(p->destination_ports, r->port, r->port_last);
	p->protocol = r->protocol;
	p->allow = r->allow;
	p->number = r->number;
	return p;
}

/* A port without a group, or with a few rules in each direction. */
GBytes *random_policy(struct naive_port *port, guint32 *number)
{
	struct policy_input in = {.name = "random"};
	g_autoptr(GError) error = NULL;
	GBytes *blob;

	if (!pick(4))
		in.flags = ESC_POLICY_NO_GROUP;
	for (guint d = 0; d < 2 && !in.flags; d++) {
		guint count = 1 + pick(6);
		in.lists[d][0] = policy_list_new();
		port->rules[d] = g_array_new(FALSE, FALSE, sizeof(struct naive_rule));
		for (guint i = 0; i < count; i++) {
			struct naive_rule r = random_rule((*number)++);
			g_array_append_val(port->rules[d], r);
			g_ptr_array_add(in.lists[d][0], lower(&r));
		}
	}
	blob = policy_build(&in, &error);
	g_assert_no_error(error);
	for (guint d = 0; d < 2; d++)
		g_clear_pointer(&in.lists[d][0], g_ptr_array_unref);
	return blob;
}

void random_public(struct tables *t, const struct naive_port *port)
{
	struct table_snat s = {.key = {port->number, GUINT32_TO_BE(port->addr)}};
	struct table_endpoint e = {.value = {.kind = ESC_EP_ONE, .one = {.port = port->number}}};
	struct table_snat6 s6 = {.key = {.port = port->number}};
	struct table_endpoint6 e6 = {.value = e.value};

	if (!port->public)
		return;
	s.value.addr = e.key.vip = GUINT32_TO_BE(port->public);
	g_array_append_val(t->snat, s);
	g_array_append_val(t->endpoints, e);
	frame_six(port->addr, (guint8 *)s6.key.addr.w);
	frame_six(port->public, (guint8 *)s6.value.addr.w);
	e6.key.vip = s6.value.addr;
	g_array_append_val(t->snat6, s6);
	g_array_append_val(t->endpoints6, e6);
	world_dnat(t, port->number, port->public, 0, 0, port->addr, 0, port->standard ? ESC_DNAT_STANDARD : 0);
}

void random_routes(struct tables *t)
{
	for (guint32 net = 100; net <= 200; net += 100) {
		world_route(t, net, WORLD_ADDR(0, 0), 16, ESC_HOP_NETWORK);
		world_route(t, net, 0x0a000000, 8, ESC_HOP_NONE);
		world_route(t, net, 0, 0, ESC_HOP_INTERNET);
	}
}

/* Two networks with the same addresses. */
static struct tables *random_tables(struct naive *n)
{
	struct tables *t = tables_new();
	guint32 number = 1;

	t->hosts = 1;
	t->self = (struct esc_host){.fabric = 1, .ring_size = 1024, .hash_seed = pick(1000)};
	memcpy(t->self.uplink_mac, world_uplink, 6);
	memcpy(t->self.nexthop_mac, world_nexthop, 6);
	for (guint32 i = 1; i <= PORTS; i++) {
		guint32 net = i <= PORTS / 2 ? 100 : 200, addr = WORLD_ADDR(1, 4 + (i - 1) % (PORTS / 2));
		struct naive_port *port = naive_port(n, i, net, addr);
		world_port(t, i, net, addr, world_blob(t, random_policy(port, &number)));
		if (pick(3)) {
			port->public = WORLD_PUBLIC(100 + port->number);
			port->standard = pick(2);
		}
		random_public(t, port);
	}
	random_routes(t);
	return t;
}

static void random_l4(struct frame_spec *s)
{
	static const guint8 protocols[] = {6, 6, 6, 17, 17, 1};
	static const guint8 flags[] = {2, 2, 2, 0x12, 0x10, 0x10, 0x11, 0x04, 0x14};

	s->protocol = protocols[pick(G_N_ELEMENTS(protocols))];
	s->sport = service();
	s->dport = service();
	s->flags = flags[pick(G_N_ELEMENTS(flags))];
	s->icmp = pick(2) ? 8 : 0;
	s->payload = pick(40);
	s->no_udp_checksum = pick(4) == 0;
}

static struct frame_spec random_spec(const struct naive *n, struct twin_in *in)
{
	struct frame_spec s;

	if (in->entry == TWIN_PORT) {
		const struct naive_port *p = n->ports->pdata[in->port - 1];
		guint where = pick(10);
		s = scene_from(in->port, pick(30) ? p->addr : inside(),
		               where < 6   ? inside()
		               : where < 9 ? outside()
		                           : 0x0a630001,
		               6, 0, 0);
	} else {
		s = scene_outside(pick(20) ? outside() : inside(), WORLD_PUBLIC(100 + 1 + pick(PORTS + 1)), 6, 0, 0);
	}
	random_l4(&s);
	return s;
}

/* A byte of the headers; of IPv6 addresses the last two, so that the naive eye knows them still. */
static gsize pick_byte(const struct frame *f)
{
	gsize at = pick((guint)frame_l4(f) + 20);

	if (frame_l4(f) == 54 && at >= 22 && at < 54)
		at = 22 + 14 + (at & 1) + (at < 38 ? 0 : 16);
	return at;
}

/* A byte or two of the headers, or the length; half of the time with checksums that hide it. */
static void damage(struct frame *f)
{
	gboolean six = frame_l4(f) == 54;

	for (guint i = 0; i <= pick(2); i++)
		f->data[pick_byte(f)] ^= (guint8)(1u << pick(8));
	if (!pick(4))
		f->length = 54 + pick(six ? 28 : 8);
	if (pick(2) && (frame_l4(f) == 54 || frame_get16(f, 16) >= 20))
		frame_checksums(f, TRUE);
}

/* XDP decides as tc does, until flows matter; what it marks, tc carries out as if it had decided itself. */
static void through_xdp(struct twin *w, struct twin_in *in, const struct frame *f)
{
	struct frame copy = *f;
	struct esc_effect e = twin_run(w, &(struct twin_in){TWIN_XDP}, &copy);

	g_assert_cmpmem(copy.data, copy.length, f->data, f->length);
	in->marked = e.verdict == ESC_V_FORWARD && pick(2);
}

/* Whoever got the last packet that went on complains of it: a port, or the outside. */
static void complain(struct frame *f, const struct frame *last, guint32 ifindex, struct twin_in *in)
{
	static const guint8 types[] = {3, 11, 12};
	guint32 source = pick(8) ? frame_destination(last) : outside();

	frame_family = frame_l4(last) == 54 ? 6 : 4;
	frame_error(f, last, source, types[pick(3)], (guint8)pick(5));
	*in = (struct twin_in){.entry = ifindex == 2 ? TWIN_EDGE : TWIN_PORT, .port = ifindex - 100};
	if (in->entry == TWIN_EDGE) {
		memcpy(f->data, world_uplink, 6);
		memcpy(f->data + 6, world_nexthop, 6);
	} else {
		memcpy(f->data, world_gateway, 6);
		world_mac(in->port, f->data + 6);
	}
}

static gboolean is_discovery(const struct frame *f)
{
	return frame_l4(f) == 54 && f->data[20] == 58 && f->data[54] >= 133 && f->data[54] <= 137;
}

/* Not even damaged into one. */
static gboolean is_error(const struct frame *f)
{
	guint8 type = f->data[frame_l4(f)];

	return frame_l4(f) == 54 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12;
}

static gboolean to_dhcp(const struct frame *f)
{
	gsize l4 = frame_l4(f);
	guint16 sport = frame_get16(f, l4), dport = frame_get16(f, l4 + 2);

	if (l4 == 54)
		return f->data[20] == 17 && (sport == 547 || dport == 547 || dport == 546);
	return f->data[23] == 17 && (sport == 67 || dport == 67 || dport == 68);
}

static gboolean is_fragment(const struct frame *f)
{
	if (frame_l4(f) == 54)
		return f->data[20] == 44;
	return frame_get16(f, 12) == 0x0800 && (frame_get16(f, 20) & 0x3fff);
}

void random_packet(struct twin *w, struct naive *n, struct frame *last, guint32 *ifindex)
{
	struct twin_in in = {.entry = pick(3) ? TWIN_PORT : TWIN_EDGE, .port = 1 + pick(PORTS)};
	struct frame_spec s = random_spec(n, &in);
	enum esc_verdict want;
	struct esc_effect e;
	struct frame f;

	frame_family = pick(2) ? 4 : 6;
	frame_build(&f, &s);
	if (*ifindex && !pick(5))
		complain(&f, last, *ifindex, &in);
	if (!pick(6))
		damage(&f);
	frame_family = 4;
	if (frame_get16(&f, 12) == 0x0806 || is_discovery(&f) || to_dhcp(&f) || is_fragment(&f))
		return; /* these have cases of their own */
	want = in.entry == TWIN_PORT ? naive_from_port(n, in.port, &f) : naive_from_uplink(n, &f);
	if (in.entry == TWIN_EDGE)
		through_xdp(w, &in, &f);
	e = twin_run(w, &in, &f);
	if (e.verdict != want)
		g_test_message("port %u, protocol %u: the naive twin says %d", in.port, s.protocol, want);
	g_assert_cmpuint(e.verdict, ==, want);
	if (e.verdict == ESC_V_FORWARD && !is_error(&f)) {
		*last = f;
		*ifindex = e.ifindex;
	}
}

static void test_random(void)
{
	for (guint i = 0; i < TABLES; i++) {
		struct naive *n = naive_new();
		g_autoptr(tables) t = random_tables(n);
		g_autoptr(twin) w = twin_new(t);
		struct frame last;
		guint32 ifindex = 0;
		for (guint j = 0; j < PACKETS; j++)
			random_packet(w, n, &last, &ifindex);
		twin_compare(w);
		naive_free(n);
	}
}

void cases_random_register(void)
{
	g_test_add_func("/random", test_random);
}
