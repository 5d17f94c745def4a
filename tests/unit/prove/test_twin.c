/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle against the real pipeline (its native build over compiled tables), on random networks and first packets.
 *
 * Verdict, receiver, and what the receiver sees must agree. A packet that leaves a port for a public address in use is
 * carried round to the uplink, as the Internet would.
 */
#include "compile/compile.h"
#include "explain/native.h"
#include "prove/oracle.h"
#include "random_net.h"
#include "scene.h"
#include "../../pipeline/frame.h"

#include <string.h>

#define NETWORKS     60
#define PACKETS      250
#define PORT_IFINDEX 100u /* of port 0, as native.h says */

struct world {
	struct scene s;
	struct tables *tables;
	struct native *native;
	GRand *r;
	guint passed, dropped;
};

static guint32 any_private(struct world *w)
{
	const struct nic *nic =
	        g_ptr_array_index(w->s.graph->nics, g_rand_int_range(w->r, 0, (gint)w->s.graph->nics->len));

	return alloc_private(w->s.alloc, g_ptr_array_index(nic->configs, 0));
}

static guint32 any_public(struct world *w)
{
	const GPtrArray *list = w->s.graph->public_addresses;
	gint i = g_rand_int_range(w->r, -2, (gint)list->len);

	if (i == -2)
		return 0xc6120000u + (guint32)g_rand_int_range(w->r, 1, 30);
	return i < 0 ? alloc_host_public(w->s.alloc, 0) : alloc_public(w->s.alloc, g_ptr_array_index(list, i));
}

static guint32 any_outside(struct world *w)
{
	return scene_address(&w->s, random_outside[g_rand_int_range(w->r, 0, (gint)random_outside_count)]);
}

static guint32 any_destination(struct world *w)
{
	switch (g_rand_int_range(w->r, 0, 8)) {
	case 0:
		return any_outside(w);
	case 1:
		return 0x0a010100u + (guint32)g_rand_int_range(w->r, 0, 600);
	case 2:
		return 0xa9fea9fdu;
	case 3:
	case 4:
		return any_public(w);
	default:
		return any_private(w);
	}
}

static struct oracle_packet any_packet(struct world *w)
{
	static const guint8 protocols[] = {6, 6, 17, 1};
	struct oracle_packet p = {.protocol = protocols[g_rand_int_range(w->r, 0, 4)]};
	gboolean outside = g_rand_int_range(w->r, 0, 3) == 0;

	if (!outside)
		p.from = g_ptr_array_index(w->s.graph->nics, g_rand_int_range(w->r, 0, (gint)w->s.graph->nics->len));
	p.source = outside ? any_outside(w) : alloc_private(w->s.alloc, g_ptr_array_index(p.from->configs, 0));
	if (!outside && g_rand_int_range(w->r, 0, 20) == 0)
		p.source = any_private(w);
	p.destination = outside ? any_public(w) : any_destination(w);
	/* Every flow is a new one: source ports are the only thing in which the real pipeline may remember. */
	p.source_port = (guint16)g_rand_int_range(w->r, 20000, 65536);
	p.destination_port = g_rand_int_range(w->r, 0, 10)
	                             ? random_ports[g_rand_int_range(w->r, 0, (gint)random_port_count)]
	                             : (guint16)g_rand_int_range(w->r, 1, 65536);
	return p;
}

static void make_frame(struct world *w, const struct oracle_packet *p, struct frame *f)
{
	static const guint8 gateway[6] = ESC_GATEWAY_MAC;
	struct frame_spec spec = {.saddr = p->source,
	                          .daddr = p->destination,
	                          .sport = p->source_port,
	                          .dport = p->destination_port,
	                          .protocol = p->protocol,
	                          .flags = FRAME_SYN,
	                          .icmp = 8,
	                          .payload = 20};
	const struct esc_host *h = native_host(w->native);

	memcpy(spec.dmac, p->from ? gateway : h->uplink_mac, 6);
	memcpy(spec.smac, p->from ? alloc_port(w->s.alloc, p->from)->mac : h->nexthop_mac, 6);
	frame_build(f, &spec);
}

/* Through a port, and when it leaves for the public pool, in again by the uplink. */
static struct esc_effect run(struct world *w, const struct oracle_packet *p, struct frame *f)
{
	struct native_packet np = {.data = f->data, .length = f->length, .capacity = sizeof(f->data)};
	const struct esc_host *h = native_host(w->native);
	struct esc_effect e;
	guint32 daddr;

	if (!p->from) {
		e = native_edge(w->native, &np);
	} else {
		e = native_from_port(w->native, alloc_port(w->s.alloc, p->from)->number, &np);
		memcpy(&daddr, np.data + 30, 4);
		if (e.verdict == ESC_V_FORWARD && e.delivery == ESC_TO_UPLINK &&
		    prefix_has(w->s.settings.public_pool, GUINT32_FROM_BE(daddr))) {
			memcpy(np.data, h->uplink_mac, 6);
			memcpy(np.data + 6, h->nexthop_mac, 6);
			e = native_edge(w->native, &np);
		}
	}
	if (np.data != f->data)
		memmove(f->data, np.data, np.length);
	f->length = np.length;
	return e;
}

/* Of several back ends the pipeline has chosen one: the configuration behind the port that got or refused the packet.
 */
static const struct ip_config *chosen(const struct world *w, const struct oracle_answer *a, const struct esc_effect *e)
{
	guint number = e->verdict == ESC_V_FORWARD ? e->ifindex - PORT_IFINDEX : e->port;

	for (guint i = 0; a->candidates && i < a->candidates->len; i++) {
		const struct ip_config *c = g_ptr_array_index(a->candidates, i);

		if (alloc_port(w->s.alloc, c->nic)->number == number)
			return c;
	}
	return NULL;
}

static void check_seen(const struct world *w, const struct oracle_packet *p, const struct oracle_answer *a,
                       const struct esc_effect *e, const struct frame *f)
{
	g_assert_cmphex(frame_get32(f, 26), ==, a->seen_source);
	g_assert_cmphex(frame_get32(f, 30), ==, a->seen_destination);
	if (p->protocol != 1)
		g_assert_cmpuint(frame_get16(f, 36), ==, a->seen_destination_port);
	if (a->to)
		g_assert_cmpuint(e->ifindex, ==, PORT_IFINDEX + alloc_port(w->s.alloc, a->to)->number);
	else
		g_assert_cmpuint(e->delivery, ==, ESC_TO_UPLINK);
	g_assert_true(frame_good(f));
}

static void check_packet(struct world *w, guint seed, guint index)
{
	struct oracle_packet p = any_packet(w);
	struct oracle_answer a = oracle_judge(w->s.graph, w->s.alloc, &w->s.settings, &p, NULL);
	g_autofree char *from = ip_format(p.source), *to = ip_format(p.destination);
	const struct ip_config *pick;
	struct frame f;
	struct esc_effect e;

	make_frame(w, &p, &f);
	e = run(w, &p, &f);
	pick = chosen(w, &a, &e);
	if (pick) {
		oracle_clear(&a);
		a = oracle_judge(w->s.graph, w->s.alloc, &w->s.settings, &p, pick);
	}
	if (e.verdict != (guint32)a.verdict)
		g_error("network %u packet %u: %s %s:%u -> %s:%u protocol %u: pipeline says %u, oracle %u", seed, index,
		        p.from ? p.from->noun.name : "internet", from, p.source_port, to, p.destination_port,
		        p.protocol, e.verdict, a.verdict);
	if (e.verdict == ESC_V_FORWARD)
		check_seen(w, &p, &a, &e, &f);
	*(e.verdict == ESC_V_FORWARD ? &w->passed : &w->dropped) += 1;
	oracle_clear(&a);
}

static void test_random(void)
{
	guint passed = 0, dropped = 0;

	for (guint seed = 1; seed <= NETWORKS; seed++) {
		g_autoptr(GError) error = NULL;
		struct world w = {.r = g_rand_new_with_seed(seed)};

		w.s = random_scene(w.r, seed);
		w.tables = compile_host(w.s.graph, w.s.alloc, &w.s.settings, 0, &error);
		g_assert_no_error(error);
		w.native = native_new(w.tables);
		for (guint i = 0; i < PACKETS; i++)
			check_packet(&w, seed, i);
		passed += w.passed;
		dropped += w.dropped;
		native_free(w.native);
		tables_free(w.tables);
		scene_clear(&w.s);
		g_rand_free(w.r);
	}
	g_test_message("%u passed, %u dropped", passed, dropped);
	/* A test in which nearly everything has one fate proves little. */
	g_assert_cmpuint(passed, >, NETWORKS * PACKETS / 10);
	g_assert_cmpuint(dropped, >, NETWORKS * PACKETS / 10);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/twin/random", test_random);
	return g_test_run();
}
