/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle and what follows from it, for IPv6: verdicts written down by hand for the world of tests/unit/compile/dual.h,
 * and random packets of it through the compiled tables and the native pipeline.
 */
#include "explain/native.h"
#include "prove/exposure.h"
#include "six_frame.h"
#include "../compile/dual.h"
#include "../compile/fleet.h"

#include <string.h>

#define WEB0  "fd00:1:0:1::4"
#define WEB1  "fd00:1:0:1::5"
#define DB0   "fd00:1:0:2::9"
#define FRONT "2001:2::1"
#define SHOP  "2001:2::2"
#define OUT   "2a00:1::9"
#define ADMIN "2001:db8:1::9"
#define HERE  "fe80::1234:5678:9abc"

struct expectation {
	const char *from, *source, *to; /* from NULL: the Internet; source NULL: the port's own */
	guint8 protocol;
	guint16 port;
	enum esc_verdict verdict;
	const char *reached, *seen; /* seen: destination at the receiver */
	guint16 seen_port;
	const char *seen_source;
};

static const struct expectation table[] = {
        /* Between ports: what the group means, and where addresses are. */
        {"web1-nic", NULL, DB0, 6, 1433, ESC_V_POLICY_IN, "db0", NULL, 0, NULL},
        {"web0-nic", NULL, DB0, 6, 1434, ESC_V_POLICY_IN, "db0", NULL, 0, NULL},
        {"web0-nic", NULL, DB0, 1, 0, ESC_V_POLICY_IN, "db0", NULL, 0, NULL},
        {"web0-nic", NULL, DB0, 6, 1433, ESC_V_FORWARD, "db0", DB0, 1433, WEB0},
        {"db0-nic", NULL, WEB0, 6, 8080, ESC_V_POLICY_IN, "web0", NULL, 0, NULL},
        {"db0-nic", NULL, WEB0, 1, 0, ESC_V_FORWARD, "web0", WEB0, 0, DB0},
        {"web0-nic", NULL, "fd00:1:0:2::a", 6, 1433, ESC_V_UNREACHABLE, NULL, NULL, 0, NULL},
        {"shop0-nic", NULL, DB0, 6, 1433, ESC_V_UNREACHABLE, NULL, NULL, 0, NULL}, /* of the other network */
        /* Only one's own address. */
        {"web0-nic", WEB1, DB0, 6, 1433, ESC_V_SPOOFED_IP, NULL, NULL, 0, NULL},
        {"web0-nic", FRONT, DB0, 6, 1433, ESC_V_SPOOFED_IP, NULL, NULL, 0, NULL},
        {"web0-nic", HERE, DB0, 6, 1433, ESC_V_SPOOFED_IP, NULL, NULL, 0, NULL},
        {"web0-nic", "::", DB0, 6, 1433, ESC_V_SPOOFED_IP, NULL, NULL, 0, NULL},
        /* Out: nowhere, not without an address of one's own, by that one. */
        {"shop0-nic", NULL, "fd00:2::1", 6, 80, ESC_V_NO_ROUTE, NULL, NULL, 0, NULL},
        {"shop0-nic", NULL, "fe80::1", 6, 80, ESC_V_NO_ROUTE, NULL, NULL, 0, NULL},
        {"shop0-nic", NULL, "ff02::1", 17, 80, ESC_V_BROADCAST, NULL, NULL, 0, NULL},
        {"web0-nic", NULL, OUT, 6, 443, ESC_V_NO_OUTBOUND, NULL, NULL, 0, NULL},
        {"shop0-nic", NULL, OUT, 6, 443, ESC_V_FORWARD, NULL, OUT, 443, SHOP},
        {"shop0-nic", NULL, "2001:2::99", 6, 443, ESC_V_NOT_VIP, NULL, NULL, 0, NULL},
        {"shop0-nic", NULL, FRONT, 6, 80, ESC_V_FORWARD, "web0", WEB0, 8080, SHOP},
        /* In. */
        {NULL, "fd00:1:0:1::9", FRONT, 6, 80, ESC_V_BOGON_SOURCE, NULL, NULL, 0, NULL},
        {NULL, "fe80::9", FRONT, 6, 80, ESC_V_BOGON_SOURCE, NULL, NULL, 0, NULL},
        {NULL, "::1", FRONT, 6, 80, ESC_V_BOGON_SOURCE, NULL, NULL, 0, NULL},
        {NULL, OUT, "2001:2::3", 6, 80, ESC_V_NOT_VIP, NULL, NULL, 0, NULL},
        {NULL, OUT, WEB0, 6, 80, ESC_V_NOT_VIP, NULL, NULL, 0, NULL},
        {NULL, OUT, FRONT, 6, 81, ESC_V_NO_ENDPOINT, NULL, NULL, 0, NULL},
        {NULL, OUT, FRONT, 17, 80, ESC_V_NO_ENDPOINT, NULL, NULL, 0, NULL},
        {NULL, OUT, FRONT, 1, 0, ESC_V_NO_ENDPOINT, NULL, NULL, 0, NULL},
        {NULL, OUT, FRONT, 6, 50001, ESC_V_POLICY_IN, "web0", NULL, 0, NULL},
        {NULL, ADMIN, FRONT, 6, 50001, ESC_V_FORWARD, "web0", WEB0, 22, ADMIN},
        {NULL, OUT, FRONT, 6, 80, ESC_V_FORWARD, "web0", WEB0, 8080, OUT},
        {NULL, OUT, SHOP, 6, 22, ESC_V_POLICY_IN, "shop0", NULL, 0, NULL},
};

static void check(const struct fleet *f, const struct expectation *e)
{
	const struct nic *from = e->from ? kit_nic(f->g, e->from) : NULL;
	struct oracle_packet p = {.from = from,
	                          .source = e->source ? dual_address(e->source)
	                                              : address_private(f->a, dual_config(f->g, e->from)),
	                          .destination = dual_address(e->to),
	                          .protocol = e->protocol,
	                          .source_port = 40000,
	                          .destination_port = e->port};
	struct oracle_answer answer = oracle_judge(f->g, f->a, &f->s, &p, NULL);

	if (answer.verdict != e->verdict)
		g_error("%s to %s protocol %u port %u: %d, not %d", e->from ? e->from : "Internet", e->to, e->protocol,
		        e->port, answer.verdict, e->verdict);
	g_assert_cmpstr(answer.to ? answer.to->vm->noun.name : NULL, ==, e->reached);
	if (e->seen) {
		g_autofree char *seen = ip6_format(answer.seen_destination), *source = ip6_format(answer.seen_source);

		g_assert_cmpstr(seen, ==, e->seen);
		g_assert_cmpuint(answer.seen_destination_port, ==, e->seen_port);
		g_assert_cmpstr(source, ==, e->seen_source);
	}
	oracle_clear(&answer);
}

static void test_table(void)
{
	g_autoptr(kit) k = dual_world();
	struct fleet f;

	fleet_up(&f, k, 1, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		check(&f, &table[i]);
	fleet_down(&f);
}

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

/* What is open is open in each family by its own rules. */
static void test_exposure(void)
{
	static const char *const expected[] = {
	        "front 6 80-80 web0:8080 anyone",
	        "front 6 80-80 web1:8080 anyone",
	        "front6 6 80-80 web0:8080 anyone",
	        "front6 6 80-80 web1:8080 anyone",
	        "front6 6 50001-50001 web0:22 2001:db8:1::-2001:db8:1:ffff:ffff:ffff:ffff:ffff",
	};
	g_autoptr(kit) k = dual_world();
	struct fleet f;

	fleet_up(&f, k, 1, 0);
	g_autoptr(GPtrArray) list = exposure_list(f.g, f.a, &f.s);
	for (guint i = 0; i < MIN(list->len, G_N_ELEMENTS(expected)); i++) {
		g_autofree char *got = describe(g_ptr_array_index(list, i));

		g_assert_cmpstr(got, ==, expected[i]);
	}
	g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(expected));
	g_clear_pointer(&list, g_ptr_array_unref);
	fleet_down(&f);
}

/* --- the twin --- */

#define PACKETS      20000
#define PORT_IFINDEX 100 /* native.h: of port n, 100 + n */

struct twin {
	struct fleet f;
	struct native *native;
	GRand *r;
	guint passed, dropped;
};

static struct ip6 one_of(struct twin *w, const char *const *list, guint count)
{
	return dual_address(list[g_rand_int_range(w->r, 0, (gint)count)]);
}

static struct oracle_packet any_packet(struct twin *w)
{
	static const char *const places[] = {
	        WEB0,      WEB1,      DB0,   "fd00:1:0:2::a", FRONT,         SHOP,      OUT, "2001:2::99", "fd00:2::1",
	        "fe80::1", "ff02::1", FRONT, FRONT,           "2001:db8::1", "fec0::1", DB0, SHOP,         "::1"};
	static const char *const outside[] = {OUT,       ADMIN, "2001:db8:2::1", "fd00:1:0:1::9",
	                                      "fe80::9", "::1", "ff02::9"};
	static const guint16 ports[] = {22, 80, 81, 1433, 8080, 50001};
	static const guint8 protocols[] = {6, 6, 6, 17, 1};
	struct oracle_packet p = {.protocol = protocols[g_rand_int_range(w->r, 0, 5)]};

	if (g_rand_int_range(w->r, 0, 3))
		p.from = g_ptr_array_index(w->f.g->nics, g_rand_int_range(w->r, 0, (gint)w->f.g->nics->len));
	p.source = p.from ? address_private(w->f.a, g_ptr_array_index(p.from->configs6, 0))
	                  : one_of(w, outside, G_N_ELEMENTS(outside));
	if (p.from && g_rand_int_range(w->r, 0, 20) == 0)
		p.source = one_of(w, places, 6);
	p.destination = one_of(w, places, G_N_ELEMENTS(places));
	p.source_port = (guint16)g_rand_int_range(w->r, 20000, 65536);
	p.destination_port = ports[g_rand_int_range(w->r, 0, G_N_ELEMENTS(ports))];
	return p;
}

static void build(struct twin *w, const struct oracle_packet *p, struct frame *f)
{
	static const guint8 gateway[6] = ESC_GATEWAY_MAC;
	const struct esc_host *h = native_host(w->native);

	if (p->from)
		six_frame(f, p, alloc_port(w->f.a, p->from)->mac, gateway);
	else
		six_frame(f, p, h->nexthop_mac, h->uplink_mac);
}

/* Through a port, and when it leaves for the public pool, in again by the uplink. */
static struct esc_effect run(struct twin *w, const struct oracle_packet *p, struct frame *f)
{
	struct native_packet np = {.data = f->data, .length = f->length, .capacity = sizeof(f->data)};
	const struct esc_host *h = native_host(w->native);
	struct esc_effect e;
	struct ip6 to;

	if (!p->from)
		return native_edge(w->native, &np);
	e = native_from_port(w->native, alloc_port(w->f.a, p->from)->number, &np);
	memcpy(to.b, np.data + 38, sizeof to.b);
	if (e.verdict != ESC_V_FORWARD || e.delivery != ESC_TO_UPLINK || !prefix6_has(w->f.s.public_pool6, to))
		return e;
	memcpy(np.data, h->uplink_mac, 6);
	memcpy(np.data + 6, h->nexthop_mac, 6);
	return native_edge(w->native, &np);
}

/* The back end that the pipeline chose, where there was a choice. */
static const struct ip_config *chosen(const struct twin *w, const struct oracle_answer *a, const struct esc_effect *e)
{
	guint number = e->verdict == ESC_V_FORWARD ? e->ifindex - PORT_IFINDEX : e->port;

	for (guint i = 0; a->candidates && i < a->candidates->len; i++) {
		const struct ip_config *c = g_ptr_array_index(a->candidates, i);

		if (alloc_port(w->f.a, c->nic)->number == number)
			return c;
	}
	return NULL;
}

static void check_packet(struct twin *w)
{
	struct oracle_packet p = any_packet(w);
	struct oracle_answer a = oracle_judge(w->f.g, w->f.a, &w->f.s, &p, NULL);
	g_autofree char *from = ip6_format(p.source), *to = ip6_format(p.destination);
	const struct ip_config *pick;
	struct esc_effect e;
	struct frame f;

	build(w, &p, &f);
	e = run(w, &p, &f);
	pick = chosen(w, &a, &e);
	if (pick) {
		oracle_clear(&a);
		a = oracle_judge(w->f.g, w->f.a, &w->f.s, &p, pick);
	}
	if (e.verdict != (guint32)a.verdict)
		g_error("%s %s:%u -> %s:%u protocol %u: pipeline says %u, oracle %u",
		        p.from ? p.from->noun.name : "internet", from, p.source_port, to, p.destination_port,
		        p.protocol, e.verdict, a.verdict);
	if (e.verdict == ESC_V_FORWARD) {
		g_assert_cmpmem(f.data + 22, 16, a.seen_source.b, 16);
		g_assert_cmpmem(f.data + 38, 16, a.seen_destination.b, 16);
		g_assert_true(frame_good(&f));
	}
	*(e.verdict == ESC_V_FORWARD ? &w->passed : &w->dropped) += 1;
	oracle_clear(&a);
}

static void test_twin(void)
{
	g_autoptr(kit) k = dual_world();
	struct twin w = {.r = g_rand_new_with_seed(6)};

	fleet_up(&w.f, k, 1, 0);
	w.native = native_new(w.f.t[0]);
	for (guint i = 0; i < PACKETS; i++)
		check_packet(&w);
	g_test_message("%u passed, %u dropped", w.passed, w.dropped);
	g_assert_cmpuint(w.passed, >, PACKETS / 20);
	g_assert_cmpuint(w.dropped, >, PACKETS / 20);
	native_free(w.native);
	fleet_down(&w.f);
	g_rand_free(w.r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dual/table", test_table);
	g_test_add_func("/dual/exposure", test_exposure);
	g_test_add_func("/dual/twin", test_twin);
	return g_test_run();
}
