/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists of endpoints: the published example by hand, and random lists beside a scan of their rules. */
#include "compile/access.h"
#include "scene.h"
#include "tests/unit/compile/scan.h"
#include <string.h>

#define PORT   85 /* of WORLD_VIP: port 1 of this host, at 8080 */
#define INSIDE WORLD_ADDR(1, 4)
#define LISTS  60
#define EACH   40

static struct access_control *list_new(void)
{
	struct access_control *a = g_new0(struct access_control, 1);

	a->rules = g_array_new(FALSE, FALSE, sizeof(struct access_rule));
	a->permit_others = TRUE;
	return a;
}

static void list_free(struct access_control *a)
{
	g_array_unref(a->rules);
	g_free(a);
}
typedef struct access_control access_control;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(access_control, list_free)

static void add(struct access_control *a, gboolean permit, guint32 addr, guint8 length)
{
	guint32 mask = length ? ~0u << (32 - length) : 0;
	struct access_rule r = {.order = a->rules->len, .permit = permit, .prefix = {addr & mask, length}};

	if (permit)
		a->permit_others = FALSE;
	g_array_append_val(a->rules, r);
}

/* The same rules about the addresses that the world's have in IPv6. */
static struct access_control *in_six(const struct access_control *a)
{
	struct access_control *b = list_new();

	b->permit_others = a->permit_others;
	for (guint i = 0; i < a->rules->len; i++) {
		struct access_rule r = g_array_index(a->rules, struct access_rule, i);

		r.v6 = TRUE;
		frame_six(r.prefix.addr, r.prefix6.addr.b);
		r.prefix6.length = 96 + r.prefix.length;
		g_array_append_val(b->rules, r);
	}
	return b;
}

/* The world with the endpoint, of both families. Rule i of the list has number 100 + i. */
static struct tables *with_list(const struct access_control *a)
{
	struct tables *t = world_tables();
	g_autoptr(access_control) b = in_six(a);
	guint32 numbers[50];
	struct table_endpoint row = {.key = {GUINT32_TO_BE(WORLD_VIP), GUINT16_TO_BE(PORT), 6, 0},
	                             .value = {.kind = ESC_EP_ONE, .one = {.port = 1}}};
	struct table_endpoint6 row6 = {.key = {.port = GUINT16_TO_BE(PORT), .proto = 6}};

	for (guint i = 0; i < a->rules->len; i++)
		numbers[i] = 100 + i;
	world_mac(1, row.value.one.mac);
	row6.value = row.value;
	frame_six(WORLD_VIP, (guint8 *)row6.key.vip.w);
	row.value.access = world_blob(t, access_build(a, numbers, FALSE));
	row6.value.access = world_blob(t, access_build(b, numbers, TRUE));
	g_array_append_val(t->endpoints, row);
	g_array_append_val(t->endpoints6, row6);
	world_dnat(t, 1, WORLD_VIP, PORT, 6, INSIDE, 8080, 0);
	return t;
}

static void refused(struct twin *w, guint32 source, guint32 rule)
{
	struct frame_spec s = scene_outside(source, WORLD_VIP, 6, 40000, PORT);
	struct twin_in in = {.entry = TWIN_EDGE};
	struct frame f;

	edge_drop(w, &s, ESC_V_ACCESS, 0);
	frame_build(&f, &s);
	g_assert_cmpuint(twin_run(w, &in, &f).rule[0], ==, rule);
}

static void admitted(struct twin *w, guint32 source)
{
	struct frame_spec s = scene_outside(source, WORLD_VIP, 6, 40000, PORT);
	struct frame f;

	g_assert_cmpuint(edge_pass(w, &s, &f).ifindex, ==, 101);
	frame_is(&f, source, INSIDE, 40000, 8080);
}

/* A hole in a permitted prefix, and everybody else out. */
static void test_mixed(void)
{
	g_autoptr(access_control) a = list_new();

	add(a, FALSE, 0xcb007180, 25); /* 203.0.113.128/25 */
	add(a, TRUE, 0xcb007100, 24);  /* 203.0.113.0/24 */
	g_autoptr(tables) t = with_list(a);
	g_autoptr(twin) w = twin_new(t);
	refused(w, 0xcb0071c8, 100);
	refused(w, 0xcb007180, 100);
	refused(w, 0xcb007200, 0);
	refused(w, 0xcb0070ff, 0);
	refused(w, WORLD_STRANGER, 0);
	admitted(w, 0xcb007101);
	admitted(w, 0xcb00717f);
	twin_compare(w);
}

/* Only denies leave everybody else in. */
static void test_denies(void)
{
	g_autoptr(access_control) a = list_new();

	add(a, FALSE, WORLD_STRANGER, 32);
	g_autoptr(tables) t = with_list(a);
	g_autoptr(twin) w = twin_new(t);
	refused(w, WORLD_STRANGER, 100);
	admitted(w, WORLD_STRANGER + 1);
	admitted(w, WORLD_STRANGER - 1);
	admitted(w, 0xdfffff01);
	twin_compare(w);
}

/* A list that changes is in force for the connection that it let in before; what it lets in again goes on. */
static void test_change(void)
{
	g_autoptr(access_control) open = list_new(), shut = list_new();
	struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 40000, PORT);
	struct frame_spec answer = scene_from(1, INSIDE, WORLD_CLIENT, 6, 8080, 40000);

	add(open, TRUE, WORLD_CLIENT, 32);
	add(shut, FALSE, WORLD_CLIENT, 32);
	g_autoptr(tables) before = with_list(open), after = with_list(shut);
	g_autoptr(twin) w = twin_new(before);
	admitted(w, WORLD_CLIENT);
	answer.flags = FRAME_SYN | FRAME_ACK;
	port_pass(w, 1, &answer, NULL);
	s.flags = FRAME_ACK;
	twin_update(w, after);
	edge_drop(w, &s, ESC_V_ACCESS, 0);
	twin_update(w, before);
	edge_pass(w, &s, NULL);
	twin_compare(w);
}

static void damage(struct tables *t, guint blob, guint fault)
{
	gsize size;
	struct esc_access *head = (gpointer)g_bytes_get_data(g_ptr_array_index(t->blobs, blob), &size);

	if (fault == 1)
		head->blocks = ESC_ACCESS_BLOCKS + 1;
	if (fault == 2)
		head->verdicts = head->blocks;
	if (fault == 3)
		head->source.classes = head->blocks;
	g_assert_true(access_check((const guint16 *)head, size / 2, blob == t->blobs->len - 1) == !fault);
}

/* A list that is not whole, or not there, lets nobody in. */
static void test_broken(void)
{
	g_autoptr(access_control) a = list_new();

	add(a, TRUE, 0, 0);
	add(a, FALSE, WORLD_STRANGER, 32);
	for (guint fault = 0; fault < 4; fault++) {
		g_autoptr(tables) t = with_list(a);

		damage(t, t->blobs->len - 2, fault);
		damage(t, t->blobs->len - 1, fault);
		g_autoptr(twin) w = twin_new(t);
		if (fault)
			refused(w, WORLD_CLIENT, 0);
		else
			admitted(w, WORLD_CLIENT);
	}
}

/*
 * Prefixes of IPv6 that end with a whole half, or with both: the address after the last one of 2001:db8::/32 is of another
 * half, and there is none after that of ::/0.
 */
static void test_wide(void)
{
	static const struct {
		guint8 length;
		gboolean permit, lets_in;
	} cases[] = {{64, TRUE, TRUE},   {64, FALSE, FALSE}, {32, TRUE, TRUE},
	             {32, FALSE, FALSE}, {0, TRUE, TRUE},    {0, FALSE, FALSE}};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(access_control) a = list_new();

		add(a, cases[i].permit, 0, 0);
		g_autoptr(tables) t = with_list(a);
		struct table_endpoint6 *row =
		        &g_array_index(t->endpoints6, struct table_endpoint6, t->endpoints6->len - 1);
		g_autoptr(access_control) wide = in_six(a);
		struct access_rule *r = &g_array_index(wide->rules, struct access_rule, 0);
		const guint32 number = 100;

		r->prefix6.length = cases[i].length;
		memset(r->prefix6.addr.b + r->prefix6.length / 8, 0, 16 - r->prefix6.length / 8);
		row->value.access = world_blob(t, access_build(wide, &number, TRUE));
		g_autoptr(twin) w = twin_new(t);
		if (cases[i].lets_in)
			admitted(w, WORLD_CLIENT);
		else
			refused(w, WORLD_CLIENT, 100);
	}
}

/* Beside 2001:db8::a.b.c.d of the world: the half before a prefix, and the one after it. */
static void test_beside(void)
{
	g_autoptr(access_control) a = list_new();

	add(a, TRUE, 0, 0);
	for (guint half = 0; half < 2; half++) {
		g_autoptr(tables) t = with_list(a);
		struct table_endpoint6 *row =
		        &g_array_index(t->endpoints6, struct table_endpoint6, t->endpoints6->len - 1);
		g_autoptr(access_control) other = in_six(a);
		struct access_rule *r = &g_array_index(other->rules, struct access_rule, 0);
		const guint32 number = 100;

		/* 2001:db7:ffff:ffff::/64, which ends where the world begins, and 2001:db8:0:1::/64, which begins behind it */
		memset(r->prefix6.addr.b + 4, half ? 0 : 0xff, 4);
		memset(r->prefix6.addr.b + 8, 0, 8);
		r->prefix6.addr.b[3] = half ? 0xb8 : 0xb7;
		r->prefix6.addr.b[7] = half ? 1 : 0xff;
		r->prefix6.length = 64;
		row->value.access = world_blob(t, access_build(other, &number, TRUE));
		g_autoptr(twin) w = twin_new(t);
		refused(w, WORLD_CLIENT, 0);
	}
}

static guint32 anywhere(void)
{
	return 0x2d000000u + scan_random(1u << 24);
}

static struct access_control *random_list(void)
{
	struct access_control *a = list_new();
	guint permits = scan_random(3);

	for (guint n = scan_random(51); n; n--) {
		guint32 addr = anywhere();

		if (a->rules->len && scan_random(3) == 0) /* within or around another */
			addr = g_array_index(a->rules, struct access_rule, scan_random(a->rules->len)).prefix.addr;
		add(a, permits && scan_random(2), addr,
		    (guint8)(scan_random(8) ? 9 + scan_random(24) : scan_random(33)));
	}
	return a;
}

static guint32 near_border(const struct access_control *a)
{
	const struct prefix *p;

	if (!a->rules->len || scan_random(4) == 0)
		return anywhere();
	p = &g_array_index(a->rules, struct access_rule, scan_random(a->rules->len)).prefix;
	return (scan_random(2) ? p->addr : prefix_last(*p)) + scan_random(3) - 1;
}

/* One after the other, as it is told to people. */
static gboolean scan(const struct access_control *a, guint32 source, guint32 *rule)
{
	*rule = 0;
	for (guint i = 0; i < a->rules->len; i++) {
		const struct access_rule *r = &g_array_index(a->rules, struct access_rule, i);

		if (!prefix_has(r->prefix, source))
			continue;
		*rule = 100 + i;
		return r->permit;
	}
	return a->permit_others;
}

static void test_random(void)
{
	guint refusals = 0, total = 0;

	for (guint n = 0; n < LISTS; n++) {
		g_autoptr(access_control) a = random_list();
		g_autoptr(tables) t = with_list(a);
		g_autoptr(twin) w = twin_new(t);
		struct twin_in in = {.entry = n & 1 ? TWIN_XDP : TWIN_EDGE};

		for (guint k = 0; k < EACH; k++) {
			guint32 source = near_border(a), rule;
			struct frame_spec s = scene_outside(source, WORLD_VIP, 6, 40000, PORT);
			struct frame f;
			struct esc_effect e;

			if (!(source >> 24) || source >> 24 == 10 || source >> 24 == 127 || source >= 0xe0000000)
				continue; /* dies as a bogon before */
			frame_build(&f, &s);
			e = twin_run(w, &in, &f);
			total++;
			if (e.verdict == ESC_V_BOGON_SOURCE)
				continue;
			if (scan(a, source, &rule)) {
				g_assert_cmpuint(e.verdict, ==, ESC_V_FORWARD);
				continue;
			}
			g_assert_cmpuint(e.verdict, ==, ESC_V_ACCESS);
			g_assert_cmpuint(e.rule[0], ==, rule);
			refusals++;
		}
		twin_compare(w);
	}
	g_test_message("%u of %u refused", refusals, total);
	g_assert_cmpuint(refusals, >, total / 20);
	g_assert_cmpuint(refusals, <, total * 19 / 20);
}

void cases_access_register(void)
{
	scene_both("/access/mixed", test_mixed);
	scene_both("/access/denies", test_denies);
	scene_both("/access/change", test_change);
	scene_both("/access/broken", test_broken);
	scene_both("/access/random", test_random);
	scene_six("/access/wide", test_wide);
	scene_six("/access/beside", test_beside);
}
