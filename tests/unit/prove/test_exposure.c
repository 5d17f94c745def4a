/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What office.json opens to the Internet, written down by hand; and random networks against the oracle: for each public
 * address, back end, port and outside address, what is said to be open must be what the oracle lets in.
 */
#include "prove/exposure.h"
#include "prove/oracle.h"
#include "random_net.h"
#include "random_six.h"

#define NETWORKS 60

static char *describe(const struct exposure *e)
{
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "%s %d %u-%u %s:%u", e->address->noun.name, e->protocol, e->first, e->last,
	                       e->to->nic->vm->noun.name, e->private_port);
	if (e->anyone)
		g_string_append(s, " anyone");
	for (guint i = 0; !e->anyone && i < e->sources->len; i++) {
		struct address_range r = g_array_index(e->sources, struct address_range, i);
		g_autofree char *first = ip6_format_any(r.first), *last = ip6_format_any(r.last);

		g_string_append_printf(s, " %s-%s", first, last);
	}
	return g_string_free(s, FALSE);
}

static void test_office(void)
{
	static const char *const expected[] = {
	        "pip-b 1 0-0 b:0 anyone",
	        "pip-b 6 0-65535 b:0 anyone",
	        "pip-b 17 0-65535 b:0 anyone",
	        "pip-c 6 53-53 c:0 anyone",
	        "pip-c 6 443-443 c:0 1.0.0.0-198.51.99.255 198.51.101.0-223.255.255.255",
	        "pip-c 17 53-53 c:0 anyone",
	        "pip-lb 6 80-80 d:8080 anyone",
	        "pip-lb 6 80-80 d2:8080 anyone",
	        "pip-lb 6 50022-50022 d:22 203.0.113.0-203.0.113.255",
	        "pip-lb 17 53-53 d:0 anyone",
	        "pip-lb 17 53-53 d2:0 anyone",
	};
	struct scene s = scene_load();
	g_autoptr(GPtrArray) list = exposure_list(s.graph, s.alloc, &s.settings);

	for (guint i = 0; i < MIN(list->len, G_N_ELEMENTS(expected)); i++) {
		g_autofree char *got = describe(g_ptr_array_index(list, i));

		g_assert_cmpstr(got, ==, expected[i]);
	}
	g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(expected));
	g_clear_pointer(&list, g_ptr_array_unref);
	scene_clear(&s);
}

static gboolean says_open(const GPtrArray *list, const struct oracle_packet *p, const struct public_address *address,
                          const struct ip_config *to)
{
	for (guint i = 0; i < list->len; i++) {
		const struct exposure *e = g_ptr_array_index(list, i);

		if (e->address != address || e->to != to || e->protocol != p->protocol ||
		    p->destination_port < e->first || p->destination_port > e->last)
			continue;
		for (guint k = 0; k < e->sources->len; k++) {
			struct address_range r = g_array_index(e->sources, struct address_range, k);

			if (ip6_compare(p->source, r.first) >= 0 && ip6_compare(p->source, r.last) <= 0)
				return TRUE;
		}
	}
	return FALSE;
}

/* From a source port of each of the intervals that random rules tell apart. */
static gboolean is_open(const struct scene *s, struct oracle_packet p, const struct public_address *address,
                        const struct ip_config *to)
{
	static const guint16 sources[] = {1024, 40000};
	gboolean open = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
		struct oracle_answer answer;

		p.source_port = sources[i];
		answer = oracle_enter(s->graph, s->alloc, &s->settings, &p, address, to);
		open |= answer.verdict == ESC_V_FORWARD && answer.to == to->nic;
		oracle_clear(&answer);
	}
	return open;
}

struct counts {
	guint open, closed;
};

static void compare(const struct scene *s, const GPtrArray *list, const struct public_address *address,
                    const struct ip_config *to, struct counts *n)
{
	static const guint16 ports[] = {21, 22, 53, 80, 81, 443, 8080, 50022, 50100, 50101, 50110};
	static const guint8 protocols[] = {PROTO_TCP, PROTO_UDP};
	guint outside = address->v6 ? random_outside6_count : random_outside_count;

	for (guint i = 0; i < outside * 3 * G_N_ELEMENTS(ports) * G_N_ELEMENTS(protocols); i++) {
		struct oracle_packet p = {.destination = address_public(s->alloc, address),
		                          .protocol = protocols[i % 2],
		                          .destination_port = ports[i / 2 % G_N_ELEMENTS(ports)]};
		guint place = i / 2 / G_N_ELEMENTS(ports);
		gboolean open;
		guint32 source;

		if (address->v6)
			g_assert_true(ip6_parse(random_outside6[place / 3], &p.source));
		else if (ip_parse(random_outside[place / 3], &source))
			p.source = ip6_mapped(source);
		p.source = place % 3 == 0 ? ip6_before(p.source)
		                          : ip6_add(p.source, place % 3 - 1); /* and its neighbours */
		if (oracle_is_bogon(p.source))
			continue;
		open = is_open(s, p, address, to);
		if (open != says_open(list, &p, address, to))
			g_error("%s port %u protocol %u to %s: the oracle says %d", address->noun.id,
			        p.destination_port, p.protocol, to->noun.id, open);
		n->open += open;
		n->closed += !open;
	}
}

static void test_random(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20260102);
	struct counts n[2] = {{0}}; /* of IPv4 and of IPv6 */

	for (guint i = 0; i < NETWORKS; i++) {
		struct scene s = random_scene(rand, i, 1);
		GPtrArray *list = exposure_list(s.graph, s.alloc, &s.settings);

		for (guint k = 0; k < s.graph->public_addresses->len * s.graph->nics->len; k++) {
			const struct nic *nic = g_ptr_array_index(s.graph->nics, k % s.graph->nics->len);
			const struct public_address *p =
			        g_ptr_array_index(s.graph->public_addresses, k / s.graph->nics->len);

			const GPtrArray *configs = p->v6 ? nic->configs6 : nic->configs;

			if (nic->vm && configs->len && address_is_set(address_public(s.alloc, p)))
				compare(&s, list, p, g_ptr_array_index(configs, 0), &n[p->v6]);
		}
		g_ptr_array_unref(list);
		scene_clear(&s);
	}
	for (gsize k = 0; k < 2; k++) {
		g_test_message("%u open, %u closed", n[k].open, n[k].closed);
		g_assert_cmpuint(MIN(n[k].open, n[k].closed), >, k ? 1000 : 5000);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/exposure/office", test_office);
	g_test_add_func("/exposure/random", test_random);
	return g_test_run();
}
