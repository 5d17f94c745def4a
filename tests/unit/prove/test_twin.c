/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle against the real pipeline (its native build over compiled tables), on random networks and first packets.
 *
 * Verdict, receiver, and what the receiver sees must agree. A packet that leaves a port for a public address in use is
 * carried round to the uplink, as the Internet would; one for another host is carried there, as the overlay would; and
 * what an appliance gets, it sends on. The same networks on one host and on two, where half of all ways cross.
 */
#include "compile/compile.h"
#include "explain/native.h"
#include "prove/oracle.h"
#include "random_net.h"
#include "scene.h"
#include "random_six.h"
#include "six_frame.h"

#include <string.h>

#define NETWORKS     55
#define PACKETS      200
#define HOSTS        2    /* at most */
#define HOPS         4    /* over appliances that are followed */
#define PORT_IFINDEX 100u /* of port 0, as native.h says */

struct world {
	struct scene s;
	struct tables *tables[HOSTS];
	struct native *native[HOSTS];
	GRand *r;
	const struct nic *seen[HOPS]; /* that have sent the packet at hand */
	guint hops;
	guint passed, dropped, passed_on, crossed, six;
};

/* Where a packet has come to an end, and by what. */
struct end {
	struct esc_effect e;
	guint host;
};

static struct ip6 literal(const char *text)
{
	struct ip6 a;

	g_assert_true(ip6_parse(text, &a));
	return a;
}

/* :: where nobody has one of the family. */
static struct ip6 own_address(const struct world *w, const struct nic *nic, gboolean v6)
{
	const GPtrArray *configs = v6 ? nic->configs6 : nic->configs;

	return configs->len ? address_private(w->s.alloc, g_ptr_array_index(configs, 0)) : (struct ip6){{0}};
}

static struct ip6 any_private(struct world *w, gboolean v6)
{
	const struct nic *nic =
	        g_ptr_array_index(w->s.graph->nics, g_rand_int_range(w->r, 0, (gint)w->s.graph->nics->len));

	return own_address(w, nic, v6);
}

/* One that is declared, of the hosts, or of the pool and perhaps nobody's. */
static struct ip6 any_public(struct world *w, gboolean v6)
{
	const GPtrArray *list = w->s.graph->public_addresses;
	gint i = g_rand_int_range(w->r, -2, (gint)list->len);
	const struct public_address *p = i < 0 ? NULL : g_ptr_array_index(list, i);

	if (p && (gboolean)p->v6 == v6 && address_is_set(address_public(w->s.alloc, p)))
		return address_public(w->s.alloc, p);
	if (v6)
		return ip6_add(w->s.settings.public_pool6.addr, (guint32)g_rand_int_range(w->r, 1, 20));
	return ip6_mapped(i == -1 ? alloc_host_public(w->s.alloc, 0)
	                          : 0xc6120000u + (guint32)g_rand_int_range(w->r, 1, 30));
}

static struct ip6 any_outside(struct world *w, gboolean v6)
{
	if (v6)
		return literal(random_outside6[g_rand_int_range(w->r, 0, (gint)random_outside6_count)]);
	return ip6_mapped(scene_address(&w->s, random_outside[g_rand_int_range(w->r, 0, (gint)random_outside_count)]));
}

/* In a network, and mostly nobody's. */
static struct ip6 any_inside(struct world *w, gboolean v6)
{
	guint network = (guint)g_rand_int_range(w->r, 1, 4), host = (guint)g_rand_int_range(w->r, 0, 600);

	if (v6)
		return (struct ip6){
		        {0xfd, [5] = (guint8)network, [7] = (guint8)(1 + host / 256), [15] = (guint8)(host % 16)}};
	return ip6_mapped(0x0a000100u + 0x10000u * network + host);
}

static struct ip6 any_destination(struct world *w, gboolean v6)
{
	switch (g_rand_int_range(w->r, 0, 8)) {
	case 0:
		return any_outside(w, v6);
	case 1:
		return any_inside(w, v6);
	case 2:
		return v6 ? w->s.settings.platform6 : ip6_mapped(w->s.settings.platform);
	case 3:
	case 4:
		return any_public(w, v6);
	default:
		return any_private(w, v6);
	}
}

static struct oracle_packet any_packet(struct world *w)
{
	static const guint8 protocols[] = {6, 6, 6, 17, 17, 1, 1, 50, 51, 132};
	const struct network *first = g_ptr_array_index(w->s.graph->networks, 0);
	gboolean v6 = first->prefixes6->len && g_rand_int_range(w->r, 0, 2),
	         outside = g_rand_int_range(w->r, 0, 3) == 0;
	struct oracle_packet p = {.protocol = protocols[g_rand_int_range(w->r, 0, G_N_ELEMENTS(protocols))]};

	if (!outside)
		p.from = g_ptr_array_index(w->s.graph->nics, g_rand_int_range(w->r, 0, (gint)w->s.graph->nics->len));
	p.source = outside ? any_outside(w, v6) : own_address(w, p.from, v6);
	if (!outside && g_rand_int_range(w->r, 0, p.from->ip_forwarding ? 3 : 20) == 0)
		p.source = g_rand_int_range(w->r, 0, 4) ? any_private(w, v6) : any_outside(w, v6);
	p.destination = outside ? any_public(w, v6) : any_destination(w, v6);
	/* Every flow is a new one: source ports are the only thing in which the real pipeline may remember. */
	p.source_port = (guint16)g_rand_int_range(w->r, 20000, 65536);
	p.destination_port = g_rand_int_range(w->r, 0, 10)
	                             ? random_ports[g_rand_int_range(w->r, 0, (gint)random_port_count)]
	                             : (guint16)g_rand_int_range(w->r, 1, 65536);
	w->six += v6;
	return p;
}

static guint host_of(const struct world *w, const struct nic *nic)
{
	return nic ? alloc_port(w->s.alloc, nic)->host : 0;
}

/* In host order. */
static guint32 four(struct ip6 address)
{
	guint32 value;

	g_assert_true(ip6_is_mapped(address, &value));
	return value;
}

static void make_frame(struct world *w, const struct oracle_packet *p, struct frame *f)
{
	static const guint8 gateway[6] = ESC_GATEWAY_MAC;
	const struct esc_host *h = native_host(w->native[0]);
	const guint8 *from = p->from ? alloc_port(w->s.alloc, p->from)->mac : h->nexthop_mac;
	const guint8 *to = p->from ? gateway : h->uplink_mac;
	struct frame_spec spec = {.sport = p->source_port,
	                          .dport = p->destination_port,
	                          .protocol = p->protocol,
	                          .flags = FRAME_SYN,
	                          .icmp = 8,
	                          .payload = 20};

	if (!address_is_four(p->source)) {
		six_frame(f, p, from, to);
		return;
	}
	spec.saddr = four(p->source);
	spec.daddr = four(p->destination);
	memcpy(spec.dmac, to, 6);
	memcpy(spec.smac, from, 6);
	frame_build(f, &spec);
}

static gboolean is_six(const guint8 *frame)
{
	return frame[12] == 0x86;
}

static gboolean is_for_the_pool(const struct world *w, const struct native_packet *np)
{
	struct ip6 six;
	guint32 daddr;

	if (is_six(np->data)) {
		memcpy(six.b, np->data + 38, sizeof(six.b));
		return prefix6_has(w->s.settings.public_pool6, six);
	}
	memcpy(&daddr, np->data + 30, 4);
	return prefix_has(w->s.settings.public_pool, GUINT32_FROM_BE(daddr));
}

/* The overlay: to the host that the sending one has named. */
static void cross(struct world *w, struct end *end, struct native_packet *np)
{
	np->tunnel_vni = end->e.vni;
	np->tunnel_remote = GUINT32_TO_BE(alloc_fabric(&w->s.settings, end->host));
	end->host = 1 - end->host;
	g_assert_cmphex(GUINT32_FROM_BE(end->e.remote), ==, alloc_fabric(&w->s.settings, end->host));
	end->e = native_from_overlay(w->native[end->host], np);
	w->crossed++;
}

/* In by an uplink; the first host is the edge of all. */
static void enter(struct world *w, struct end *end, struct native_packet *np)
{
	const struct esc_host *h = native_host(w->native[0]);

	memcpy(np->data, h->uplink_mac, 6);
	memcpy(np->data + 6, h->nexthop_mac, 6);
	end->host = 0;
	end->e = native_edge(w->native[0], np);
}

static struct end run(struct world *w, const struct oracle_packet *p, struct frame *f)
{
	struct native_packet np = {.data = f->data, .length = f->length, .capacity = sizeof(f->data)};
	struct end end = {.host = host_of(w, p->from)};

	if (!p->from) {
		enter(w, &end, &np);
	} else {
		end.e = native_from_port(w->native[end.host], alloc_port(w->s.alloc, p->from)->number, &np);
		if (end.e.verdict == ESC_V_FORWARD && end.e.delivery == ESC_TO_UPLINK && is_for_the_pool(w, &np))
			enter(w, &end, &np);
	}
	if (end.e.verdict == ESC_V_FORWARD && end.e.delivery == ESC_TO_OVERLAY)
		cross(w, &end, &np);
	if (np.data != f->data)
		memmove(f->data, np.data, np.length);
	f->length = np.length;
	return end;
}

/* Of several back ends the pipeline has chosen one: the configuration behind the port that got or refused the packet.
 */
static const struct ip_config *chosen(const struct world *w, const struct oracle_answer *a, const struct end *end)
{
	guint number = end->e.verdict == ESC_V_FORWARD ? end->e.ifindex - PORT_IFINDEX : end->e.port;

	for (guint i = 0; a->candidates && i < a->candidates->len; i++) {
		const struct ip_config *c = g_ptr_array_index(a->candidates, i);

		if (alloc_port(w->s.alloc, c->nic)->number == number && host_of(w, c->nic) == end->host)
			return c;
	}
	return NULL;
}

static void check_seen(const struct world *w, const struct oracle_packet *p, const struct oracle_answer *a,
                       const struct end *end, const struct frame *f)
{
	if (is_six(f->data)) {
		g_assert_cmpmem(f->data + 22, 16, a->seen_source.b, 16);
		g_assert_cmpmem(f->data + 38, 16, a->seen_destination.b, 16);
	} else {
		g_assert_cmphex(frame_get32(f, 26), ==, four(a->seen_source));
		g_assert_cmphex(frame_get32(f, 30), ==, four(a->seen_destination));
	}
	if (p->protocol == 6 || p->protocol == 17)
		g_assert_cmpuint(frame_get16(f, is_six(f->data) ? 56 : 36), ==, a->seen_destination_port);
	if (a->to) {
		g_assert_cmpuint(end->e.ifindex, ==, PORT_IFINDEX + alloc_port(w->s.alloc, a->to)->number);
		g_assert_cmpuint(end->host, ==, host_of(w, a->to));
	} else {
		g_assert_cmpuint(end->e.delivery, ==, ESC_TO_UPLINK);
	}
	g_assert_true(frame_good(f));
}

/*
 * What leaves by a shared address has one of its source ports, which the oracle does not know; random rules tell two
 * intervals of them apart.
 */
static gboolean hangs_on_port(const struct world *w, struct oracle_packet p, const struct ip_config *pick,
                              guint32 verdict)
{
	static const guint16 ports[] = {20000, 40000};
	gboolean known = FALSE;

	for (gsize i = 0; p.from && address_in(w->s.settings.public_pool, p.destination) && i < G_N_ELEMENTS(ports);
	     i++) {
		struct oracle_answer a;

		p.source_port = ports[i];
		a = oracle_judge(w->s.graph, w->s.alloc, &w->s.settings, &p, pick);
		known |= a.verdict == verdict;
		oracle_clear(&a);
	}
	return known;
}

/* A packet that comes round meets the flow that it has made there, which is no first packet's business. */
static gboolean has_seen(const struct world *w, const struct nic *nic)
{
	for (guint i = 0; i < w->hops; i++)
		if (w->seen[i] == nic)
			return TRUE;
	return FALSE;
}

/* What has no ports may belong to a flow of before, unless that was long ago. */
static void forget(struct world *w, guint8 protocol)
{
	for (guint h = 0; protocol >= PROTO_ESP && h < w->s.settings.hosts; h++)
		native_advance(w->native[h], 300 * 1000);
}

/* The appliance that has got the packet to send on; NULL: there is none. */
static const struct nic *check_packet(struct world *w, const struct oracle_packet *p, const char *where)
{
	struct oracle_answer a = oracle_judge(w->s.graph, w->s.alloc, &w->s.settings, p, NULL);
	g_autofree char *from = ip6_format_any(p->source), *to = ip6_format_any(p->destination);
	const struct nic *next = NULL;
	const struct ip_config *pick;
	struct frame f;
	struct end end;

	if (a.to && has_seen(w, a.to)) {
		oracle_clear(&a);
		return NULL;
	}
	forget(w, p->protocol);
	make_frame(w, p, &f);
	end = run(w, p, &f);
	pick = chosen(w, &a, &end);
	if (pick) {
		oracle_clear(&a);
		a = oracle_judge(w->s.graph, w->s.alloc, &w->s.settings, p, pick);
	}
	if (end.e.verdict == (guint32)a.verdict && a.verdict == ESC_V_FORWARD) {
		check_seen(w, p, &a, &end, &f);
		next = a.passes_on ? a.to : NULL;
	} else if (end.e.verdict != (guint32)a.verdict && !hangs_on_port(w, *p, pick, end.e.verdict)) {
		g_error("%s: %s %s:%u -> %s:%u protocol %u: pipeline says %u, oracle %u", where,
		        p->from ? p->from->noun.name : "internet", from, p->source_port, to, p->destination_port,
		        p->protocol, end.e.verdict, a.verdict);
	}
	*(end.e.verdict == ESC_V_FORWARD ? &w->passed : &w->dropped) += 1;
	oracle_clear(&a);
	return next;
}

/* A packet, and again by each appliance that gets it. */
static void check_way(struct world *w, guint seed, guint index)
{
	struct oracle_packet p = any_packet(w);

	for (w->hops = 0; w->hops < HOPS;) {
		g_autofree char *where = g_strdup_printf("network %u, %u hosts, packet %u, hop %u", seed,
		                                         w->s.settings.hosts, index, w->hops);
		const struct nic *next;

		w->seen[w->hops++] = p.from;
		next = check_packet(w, &p, where);
		if (!next)
			return;
		w->passed_on++;
		p.from = next;
	}
}

static void check_network(struct world *w, guint seed, guint hosts)
{
	g_autoptr(GError) error = NULL;

	w->r = g_rand_new_with_seed(seed);
	w->s = random_scene(w->r, seed, hosts);
	for (guint h = 0; h < hosts; h++) {
		w->tables[h] = compile_host(w->s.graph, w->s.alloc, &w->s.settings, h, &error);
		g_assert_no_error(error);
		w->tables[h]->self.ring_size = 64; /* enough for first packets, and a fraction of the memory */
		w->native[h] = native_new(w->tables[h]);
	}
	for (guint i = 0; i < PACKETS; i++)
		check_way(w, seed, i);
	for (guint h = 0; h < hosts; h++) {
		native_free(w->native[h]);
		tables_free(w->tables[h]);
	}
	scene_clear(&w->s);
	g_rand_free(w->r);
}

static void check_networks(guint hosts)
{
	static const guint telling[] = {163, 399}; /* that have shown something once */
	struct world w = {.passed = 0};

	for (guint seed = 1; seed <= NETWORKS; seed++)
		check_network(&w, seed, hosts);
	for (gsize i = 0; i < G_N_ELEMENTS(telling); i++)
		check_network(&w, telling[i], hosts);
	g_test_message("%u passed, %u of them to appliances that sent them on, %u dropped, %u crossed; %u of IPv6",
	               w.passed, w.passed_on, w.dropped, w.crossed, w.six);
	/* A test in which nearly everything has one fate proves little. */
	g_assert_cmpuint(MIN(w.passed, w.dropped), >, NETWORKS * PACKETS / 10);
	g_assert_cmpuint(w.six, >, NETWORKS * PACKETS / 10);
	g_assert_cmpuint(w.passed_on, >, NETWORKS * PACKETS / 200);
	if (hosts > 1)
		g_assert_cmpuint(w.crossed, >, NETWORKS * PACKETS / 10);
}

static void test_one_host(void)
{
	check_networks(1);
}

static void test_two_hosts(void)
{
	check_networks(2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/twin/random", test_one_host);
	g_test_add_func("/twin/across", test_two_hosts);
	return g_test_run();
}
