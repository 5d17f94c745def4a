/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiers and what they reach, against the oracle: on random networks every pair of machines is asked packet by packet
 * whether the port is open from some source port or other, and the passage of their tiers must say the same.
 */
#include "prove/ports.h"
#include "prove/reach.h"
#include "random_net.h"
#include "random_six.h"

#include <string.h>

#define NETWORKS 80

static const struct tier *tier_of(const struct reach *r, const struct ip_config *c)
{
	for (guint i = 0; i < r->tiers->len; i++) {
		const struct tier *t = g_ptr_array_index(r->tiers, i);

		if (g_ptr_array_find(t->members, c, NULL))
			return t;
	}
	g_error("%s is in no tier", c->noun.id);
	return NULL;
}

static gboolean in_addresses(const GArray *ranges, struct ip6 address)
{
	for (guint i = 0; i < ranges->len; i++) {
		struct address_range r = g_array_index(ranges, struct address_range, i);

		if (ip6_compare(address, r.first) >= 0 && ip6_compare(address, r.last) <= 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean says_open(const struct reach *r, const struct tier *from, const struct tier *to, struct ip6 address,
                          guint8 protocol, guint16 port)
{
	for (guint i = 0; i < r->passages->len; i++) {
		const struct passage *p = g_ptr_array_index(r->passages, i);

		if (p->from != from || p->to != to || p->protocol != protocol ||
		    (p->addresses && !in_addresses(p->addresses, address)))
			continue;
		for (guint k = 0; k < p->ports->len; k++) {
			struct port_range range = g_array_index(p->ports, struct port_range, k);

			if (port >= range.first && port <= range.last)
				return TRUE;
		}
	}
	return FALSE;
}

/*
 * The naive twin: a packet from each of the intervals of source ports that random rules tell apart, sent on by every
 * appliance that gets it.
 */
static gboolean is_open(const struct scene *s, const struct ip_config *from, const struct ip_config *receiver,
                        struct ip6 to, guint8 protocol, guint16 port)
{
	static const guint16 sources[] = {20000, 40000};
	gboolean open = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
		struct oracle_packet p = {from->nic, address_private(s->alloc, from), to, protocol, sources[i], port};
		struct oracle_answer answer = oracle_follow(s->graph, s->alloc, &s->settings, &p, NULL);

		open |= answer.verdict == ESC_V_FORWARD && answer.to == (receiver ? receiver->nic : NULL);
		oracle_clear(&answer);
	}
	return open;
}

struct counts {
	guint open, closed;
};

static void compare(const struct scene *s, const struct reach *r, const struct ip_config *from,
                    const struct ip_config *to, struct ip6 address, struct counts *n)
{
	static const guint8 protocols[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP};
	const struct tier *a = tier_of(r, from), *b = to ? tier_of(r, to) : NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++)
		for (guint k = 0; k < random_port_count * 3; k++) {
			guint16 port = (guint16)(random_ports[k / 3] + k % 3 - 1); /* and its neighbours */
			gboolean open = is_open(s, from, to, address, protocols[i], port);

			if (open != says_open(r, a, b, address, protocols[i], port))
				g_error("%s to %s protocol %u port %u: the oracle says %d", from->noun.id,
				        to ? to->noun.id : "outside", protocols[i], port, open);
			n->open += open;
			n->closed += !open;
		}
}

static void compare_inside(const struct scene *s, const struct reach *r, const struct ip_config *from,
                           struct counts *inside)
{
	for (guint k = 0; k < s->graph->nics->len; k++) {
		const struct nic *other = g_ptr_array_index(s->graph->nics, k);
		const GPtrArray *configs = from->v6 ? other->configs6 : other->configs;
		const struct ip_config *to = configs->len ? g_ptr_array_index(configs, 0) : NULL;

		if (to && other != from->nic && other->vm)
			compare(s, r, from, to, address_private(s->alloc, to), inside);
	}
}

static void compare_outside(const struct scene *s, const struct reach *r, const struct ip_config *from,
                            struct counts *outside)
{
	for (guint k = 0; k < (from->v6 ? random_outside6_count : random_outside_count); k++) {
		struct ip6 address;
		guint32 four;

		if (from->v6)
			g_assert_true(ip6_parse(random_outside6[k], &address));
		else if (ip_parse(random_outside[k], &four))
			address = ip6_mapped(four);
		else
			continue;
		if (!address_in(s->settings.public_pool, address) && !oracle_is_bogon(address))
			compare(s, r, from, NULL, address, outside);
	}
}

static void compare_all(const struct scene *s, struct counts *inside, struct counts *outside)
{
	g_autoptr(reach) r = reach_make(s->graph, s->alloc, &s->settings);

	g_assert_false(r->truncated);
	for (guint i = 0; i < s->graph->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(s->graph->nics, i);
		const GPtrArray *families[] = {nic->configs, nic->configs6};

		for (gsize k = 0; nic->vm && k < G_N_ELEMENTS(families); k++) {
			if (families[k]->len == 0)
				continue;
			compare_inside(s, r, g_ptr_array_index(families[k], 0), &inside[k]);
			compare_outside(s, r, g_ptr_array_index(families[k], 0), &outside[k]);
		}
	}
}

static void test_random(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20260101);
	struct counts inside[2] = {{0}}, outside[2] = {{0}}; /* of IPv4 and of IPv6 */

	for (guint i = 0; i < NETWORKS; i++) {
		struct scene s = random_scene(rand, i, 1);

		compare_all(&s, inside, outside);
		scene_clear(&s);
	}
	for (gsize k = 0; k < 2; k++) {
		g_test_message("inside %u open, %u closed; outside %u open, %u closed", inside[k].open,
		               inside[k].closed, outside[k].open, outside[k].closed);
		g_assert_cmpuint(MIN(inside[k].open, inside[k].closed), >, 2000);
		g_assert_cmpuint(MIN(outside[k].open, outside[k].closed), >, 1000);
	}
}

static GArray *set(const char *text)
{
	g_autoptr(GArray) ranges = ports_empty();
	g_auto(GStrv) parts = g_strsplit(text, " ", -1);

	for (char **p = parts; *p && **p; p++) {
		struct port_range r = {(guint16)g_ascii_strtoull(*p, NULL, 10), 0};
		const char *dash = strchr(*p, '-');

		r.last = dash ? (guint16)g_ascii_strtoull(dash + 1, NULL, 10) : r.first;
		g_array_append_val(ranges, r);
	}
	return ports_of(ranges);
}

static gboolean has(const GArray *ports, guint port)
{
	for (guint i = 0; i < ports->len; i++)
		if (port >= g_array_index(ports, struct port_range, i).first &&
		    port <= g_array_index(ports, struct port_range, i).last)
			return TRUE;
	return FALSE;
}

static GArray *random_set(GRand *r)
{
	g_autoptr(GArray) ranges = ports_empty();

	for (gint i = g_rand_int_range(r, 0, 5); i > 0; i--) {
		guint16 first =
		        (guint16)(g_rand_boolean(r) ? g_rand_int_range(r, 0, 20) : g_rand_int_range(r, 65500, 65536));
		gint last = first + g_rand_int_range(r, 0, 8);
		struct port_range range = {first, (guint16)MIN(65535, last)};

		g_array_append_val(ranges, range);
	}
	return ports_of(ranges);
}

/* Sets of ports against bit by bit, at both ends of the space. */
static void test_ports(void)
{
	g_autoptr(GRand) r = g_rand_new_with_seed(7);
	g_autoptr(GArray) joined = set("5-9 1-4 80 443 444"), want = set("1-9 80 443-444"), all = ports_all();

	g_assert_true(ports_equal(joined, want));
	g_assert_true(ports_contain(all, want) && !ports_contain(want, all));
	for (guint round = 0; round < 2000; round++) {
		g_autoptr(GArray) a = random_set(r), b = random_set(r), both = ports_intersect(a, b);
		g_autoptr(GArray) either = ports_unite(a, b), rest = ports_subtract(a, b);

		for (guint k = 0; k < 80; k++) {
			guint port = k < 40 ? k : 65456 + k;

			g_assert_true(has(both, port) == (has(a, port) && has(b, port)));
			g_assert_true(has(either, port) == (has(a, port) || has(b, port)));
			g_assert_true(has(rest, port) == (has(a, port) && !has(b, port)));
		}
		g_assert_true(ports_contain(a, b) == ports_equal(either, a));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reach/ports", test_ports);
	g_test_add_func("/reach/random", test_random);
	return g_test_run();
}
