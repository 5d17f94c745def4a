/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change does to flows that live: kept, judged anew, ended, one after the other in every order; and what ends
 * whatever was declared. By hand, then random changes under random packets, where the naive twin keeps the books.
 */
#include "explain/table.h"
#include "random.h"
#include "scene.h"
#include <string.h>

#define A1 WORLD_ADDR(1, 4)
#define A2 WORLD_ADDR(1, 5)
#define A3 WORLD_ADDR(2, 4)

static struct frame_spec segment(gboolean back, guint16 sport, guint8 flags)
{
	struct frame_spec s = back ? scene_from(2, A2, A1, 6, 8080, sport) : scene_from(1, A1, A2, 6, sport, 8080);

	s.flags = flags;
	return s;
}

static void passes(struct twin *w, gboolean back, guint16 sport, guint8 flags)
{
	struct frame_spec s = segment(back, sport, flags);

	port_pass(w, back ? 2 : 1, &s, NULL);
}

static void drops(struct twin *w, gboolean back, guint16 sport, guint8 flags, enum esc_verdict reason, guint32 charged)
{
	struct frame_spec s = segment(back, sport, flags);

	port_drop(w, back ? 2 : 1, &s, reason, charged);
}

static void open_flow(struct twin *w, guint16 sport)
{
	passes(w, FALSE, sport, FRAME_SYN);
	passes(w, TRUE, sport, FRAME_SYN | FRAME_ACK);
	passes(w, FALSE, sport, FRAME_ACK);
}

static void change(struct twin *w, struct tables *t, enum live_flows live)
{
	t->live = live;
	twin_update(w, t);
	tables_free(t);
}

/* Port 2 closed, and again as it was. */
static void close_2(struct twin *w, enum live_flows live)
{
	change(w, world_tables_denied(2), live);
}

static void open_2(struct twin *w, enum live_flows live)
{
	change(w, world_tables(), live);
}

static void test_keep(void)
{
	g_autoptr(twin) w = twin_new_world();

	open_flow(w, 40000);
	close_2(w, LIVE_KEEP);
	drops(w, FALSE, 40001, FRAME_SYN, ESC_V_POLICY_IN, 2); /* new ones are judged by the new policy, */
	passes(w, FALSE, 40000, FRAME_ACK);                    /* those that live go on, */
	passes(w, TRUE, 40000, FRAME_ACK);
	change(w, world_tables_denied(1), LIVE_KEEP); /* also through a change of the other port */
	passes(w, TRUE, 40000, FRAME_ACK);
	passes(w, FALSE, 40000, FRAME_ACK);
	g_assert_cmpuint(native_rule_hits(twin_native(w), 21), ==, 1);
	passes(w, FALSE, 40000, FRAME_RST); /* until they end: the next one there is another */
	drops(w, FALSE, 40000, FRAME_SYN, ESC_V_POLICY_OUT, 1);
}

static void test_kill(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec u = scene_from(2, A2, A1, 17, 53, 5300);

	open_flow(w, 40000);
	open_flow(w, 40001);
	port_pass(w, 2, &u, NULL);
	change(w, world_tables_denied(3), LIVE_KILL);
	passes(w, FALSE, 40000, FRAME_ACK); /* somebody else's policy has changed */
	close_2(w, LIVE_KILL);
	open_2(w, LIVE_KILL); /* the same policy, and yet another judgement */
	drops(w, FALSE, 40000, FRAME_ACK, ESC_V_FLOW_ENDED, 1);
	drops(w, TRUE, 40000, FRAME_ACK, ESC_V_NO_FLOW, 2);
	drops(w, TRUE, 40001, FRAME_ACK, ESC_V_FLOW_ENDED, 2);
	open_flow(w, 40001); /* an opener begins another */
	port_pass(w, 2, &u, NULL);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 4);
}

static void test_reevaluate(void)
{
	g_autoptr(twin) w = twin_new_world();

	open_flow(w, 40000);
	close_2(w, LIVE_REEVALUATE);
	drops(w, TRUE, 40000, FRAME_ACK, ESC_V_POLICY_IN, 2);
	drops(w, FALSE, 40000, FRAME_ACK, ESC_V_NO_FLOW, 1);
}

/* The first mode of two counts as well, whether the flow had a packet in between or not. */
static void test_one_after_the_other(void)
{
	static const struct {
		enum live_flows first, second;
		enum esc_verdict silent, heard; /* how it ends; FORWARD: it lives */
	} order[] = {
	        {LIVE_KEEP, LIVE_KEEP, ESC_V_FORWARD, ESC_V_FORWARD},
	        {LIVE_KEEP, LIVE_REEVALUATE, ESC_V_POLICY_IN, ESC_V_POLICY_IN},
	        {LIVE_KEEP, LIVE_KILL, ESC_V_FLOW_ENDED, ESC_V_FLOW_ENDED},
	        {LIVE_REEVALUATE, LIVE_KEEP, ESC_V_POLICY_IN, ESC_V_NO_FLOW},
	        {LIVE_REEVALUATE, LIVE_KILL, ESC_V_FLOW_ENDED, ESC_V_NO_FLOW},
	        {LIVE_KILL, LIVE_KEEP, ESC_V_FLOW_ENDED, ESC_V_NO_FLOW},
	        {LIVE_KILL, LIVE_REEVALUATE, ESC_V_FLOW_ENDED, ESC_V_NO_FLOW},
	};

	for (guint i = 0; i < 2 * G_N_ELEMENTS(order); i++) {
		g_autoptr(twin) w = twin_new_world();
		gboolean heard = i % 2;
		enum esc_verdict end = heard ? order[i / 2].heard : order[i / 2].silent;
		struct frame_spec s = segment(FALSE, 40000, FRAME_ACK);
		struct tables *again = world_tables_denied(2);
		struct frame f;

		open_flow(w, 40000);
		close_2(w, order[i / 2].first);
		frame_build(&f, &s);
		if (heard)
			twin_run(w, &(struct twin_in){TWIN_PORT, .port = 1}, &f);
		((struct table_port *)again->ports->pdata[1])->judge++;
		change(w, again, order[i / 2].second);
		if (end == ESC_V_FORWARD)
			passes(w, FALSE, 40000, FRAME_ACK);
		else
			drops(w, FALSE, 40000, FRAME_ACK, end, end == ESC_V_POLICY_IN ? 2 : 1);
	}
}

/* Kept is what rules have admitted, and nothing else. */
static void test_keep_ends(void)
{
	for (guint i = 0; i < 4; i++) {
		g_autoptr(twin) w = twin_new_world();
		struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_PUBLIC(11), 6, 40000, 443);
		struct frame_spec answer = scene_from(3, WORLD_ADDR(2, 4), WORLD_CLIENT, 6, 443, 40000);
		struct tables *t = world_tables();
		struct table_port *p = t->ports->pdata[i == 0 ? 0 : i == 3 ? 2 : 1];

		open_flow(w, 40000);
		edge_pass(w, &s, NULL);
		answer.flags = FRAME_SYN | FRAME_ACK;
		port_pass(w, 3, &answer, NULL);
		p->judge++;
		if (i == 0)
			p->port.addr[0] ^= GUINT32_TO_BE(0x80); /* the address that opened it */
		if (i == 1)
			g_ptr_array_remove_index(t->ports, 1); /* the other end */
		if (i == 2)
			p->blob = 0; /* a policy that is not there */
		for (guint k = 0; i == 3 && k < t->dnat->len; k++)
			if (g_array_index(t->dnat, struct table_dnat, k).key.port == 3)
				g_array_remove_index(t->dnat, k--); /* the translation behind its public address */
		change(w, t, LIVE_KEEP);
		s.flags = FRAME_ACK;
		if (i == 3)
			edge_drop_tc(w, &s, ESC_V_NO_TRANSLATION, 3);
		else
			drops(w, FALSE, 40000, FRAME_ACK,
			      i == 0   ? ESC_V_SPOOFED_IP
			      : i == 1 ? ESC_V_UNREACHABLE
			               : ESC_V_NO_POLICY,
			      i == 2 ? 2 : 1);
	}
}

/* An address has gone to somebody else, here or on another host: nobody goes on talking to him as to the one before. */
static void test_next_owner(void)
{
	for (guint i = 0; i < 2; i++) {
		g_autoptr(twin) w = twin_new_world();
		guint32 addr = i ? WORLD_ADDR(9, 4) : A2;
		struct frame_spec s = scene_from(1, A1, addr, 6, 40000, 8080);
		struct frame_spec answer =
		        i ? scene_overlay(1, addr, A1, 6, 8080, 40000) : scene_from(2, A2, A1, 6, 8080, 40000);
		struct tables *t = world_tables();

		port_pass(w, 1, &s, NULL);
		answer.flags = FRAME_SYN | FRAME_ACK;
		if (i)
			overlay_pass(w, 100, WORLD_REMOTE, &answer, NULL);
		else
			port_pass(w, 2, &answer, NULL);
		for (guint k = 0; k < t->addrs->len; k++) {
			struct table_addr *a = &g_array_index(t->addrs, struct table_addr, k);
			if (a->key.net == 100 && a->key.addr == GUINT32_TO_BE(addr))
				a->value.mac[5] ^= 0x40;
		}
		((struct table_port *)t->ports->pdata[1])->port.mac[5] ^= 0x40;
		change(w, t, LIVE_KEEP);
		s.flags = FRAME_ACK;
		port_drop(w, 1, &s, ESC_V_NO_FLOW, 1);
	}
}

#define PEER_NET  300
#define PEER_ADDR WORLD_ADDR(99, 4)

/* The world, in which network 100 is peered with another one that has a machine on the other host: in the family of the
 * test alone, so that its routes have to be looked at. */
static struct tables *peered(guint8 mac)
{
	struct tables *t = world_tables();
	struct table_addr a = {.key = {PEER_NET, GUINT32_TO_BE(PEER_ADDR)},
	                       .value = {.host = GUINT32_TO_BE(WORLD_REMOTE), .port = 8, .mac = {2, 9, 9, 9, 9, mac}}};
	struct table_addr6 a6 = {.key = {.net = PEER_NET}, .value = a.value};
	GArray *six = frame_family == 6 ? t->routes6 : t->routes;

	frame_six(PEER_ADDR, (guint8 *)a6.key.addr.w);
	g_array_append_val(t->addrs, a);
	g_array_append_val(t->addrs6, a6);
	world_route(t, 100, WORLD_ADDR(99, 0), 24, ESC_HOP_NETWORK);
	g_array_index(t->routes, struct table_route, t->routes->len - 1).value.net = PEER_NET;
	g_array_index(t->routes6, struct table_route6, t->routes6->len - 1).value.net = PEER_NET;
	g_array_set_size(six == t->routes ? t->routes6 : t->routes, six->len - 1);
	return t;
}

/* The same in a peer: who talks to an address there is asked again when it is somebody else's. */
static void test_peer_next_owner(void)
{
	struct tables *t = peered(1);
	g_autoptr(twin) w = twin_new(t);
	struct frame_spec s = scene_from(1, A1, PEER_ADDR, 6, 40000, 8080);
	struct frame_spec answer = scene_overlay(1, PEER_ADDR, A1, 6, 8080, 40000);

	tables_free(t);
	g_assert_cmpuint(port_pass(w, 1, &s, NULL).vni, ==, PEER_NET);
	answer.flags = FRAME_SYN | FRAME_ACK;
	overlay_pass(w, 100, WORLD_REMOTE, &answer, NULL);
	s.flags = FRAME_ACK;
	change(w, peered(1), LIVE_KEEP);
	port_pass(w, 1, &s, NULL);
	change(w, peered(2), LIVE_KEEP);
	port_drop(w, 1, &s, ESC_V_NO_FLOW, 1);
}

static void set_generation(struct twin *w, guint32 port, guint32 generation)
{
	struct table *words = native_table(twin_native(w), "port_word");

	((struct esc_port_word *)(gpointer)words->array)[port].generation = generation;
	twin_reload(w);
}

/* Between a flip and the moment when all tables are in place: what was admitted before goes on and is not marked; what
 * begins then is judged again afterwards, though the change keeps what lives. */
static void test_between(void)
{
	g_autoptr(twin) w = twin_new_world();
	const struct esc_port_word *words =
	        (const struct esc_port_word *)(gconstpointer)native_table(twin_native(w), "port_word")->array;
	guint32 last = words[6].generation; /* of the ports in the world, the last */

	open_flow(w, 40000);
	set_generation(w, 2, last + 1);
	g_assert_cmpuint((last + 1) & 1, ==, 1);
	passes(w, FALSE, 40000, FRAME_ACK);
	passes(w, TRUE, 40000, FRAME_ACK);
	open_flow(w, 40001);
	close_2(w, LIVE_KEEP);
	set_generation(w, 2, last + 2);
	drops(w, FALSE, 40001, FRAME_ACK, ESC_V_POLICY_IN, 2);
	passes(w, TRUE, 40000, FRAME_ACK);
	passes(w, FALSE, 40000, FRAME_ACK);
}

static void set_turn(struct twin *w, guint32 port, guint32 slot, guint32 before, guint32 generation, guint64 turn)
{
	struct esc_port_past *past = (gpointer)native_table(twin_native(w), "port_past")->array;
	struct esc_port_word *words = (gpointer)native_table(twin_native(w), "port_word")->array;

	words[port] = (struct esc_port_word){slot, generation};
	past[port].before = before;
	past[ESC_PAST_TURN].judge = turn;
	twin_reload(w);
}

/*
 * Both ends of a flow change at once: before, the sender is open and the receiver closed to UDP 53; afterwards it is the
 * other way round. Neither lets it pass, so nothing does between the two flips, whichever comes first.
 */
static void test_turn_closes(void)
{
	for (guint first = 1; first <= 2; first++) {
		g_autoptr(twin) w = twin_new_world();
		g_autoptr(tables) after = world_tables_denied(1);
		const struct esc_port_word *words = (gconstpointer)native_table(twin_native(w), "port_word")->array;
		struct frame_spec s = scene_from(1, A1, A2, 17, 5300, 53), web = scene_from(1, A1, A2, 6, 40000, 8080);
		guint32 open, closed, denies, now, next;

		twin_update(w, after);
		denies = words[1].slot;
		closed = words[2].slot;
		open = words[4].slot; /* of a port without a group */
		now = words[1].generation;
		next = now + 1;
		set_turn(w, 2, closed, 0, now, 0);
		set_turn(w, 1, open, 0, now, 1);
		port_drop(w, 1, &s, ESC_V_POLICY_IN, 2);
		if (first == 1) {
			set_turn(w, 1, denies, open, next, 1);
			port_drop(w, 1, &s, ESC_V_POLICY_OUT, 1);
		} else {
			set_turn(w, 2, open, closed, next, 1);
			port_drop(w, 1, &s, ESC_V_POLICY_IN, 2); /* though 1 has not flipped, and 2 has */
			port_pass(w, 1, &web, NULL);             /* what was allowed goes on being */
		}
		set_turn(w, 1, denies, open, next, 1);
		set_turn(w, 2, open, closed, next, 1);
		port_drop(w, 1, &s, ESC_V_POLICY_OUT, 1);
		set_turn(w, 2, open, closed, next, 2);
		port_drop(w, 1, &s, ESC_V_POLICY_OUT, 1);
	}
}

/* The other way round: the sender's policy opens first while the receiver's is about to close. */
static void test_turn_opens(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) denied = world_tables_denied(1);
	const struct esc_port_word *words = (gconstpointer)native_table(twin_native(w), "port_word")->array;
	struct frame_spec s = scene_from(1, A1, WORLD_ADDR(1, 5), 6, 40000, 8080);
	guint32 generation, denies, open;

	twin_update(w, denied);
	generation = words[1].generation;
	denies = words[1].slot;
	open = words[4].slot;
	set_turn(w, 1, open, denies, generation + 1, 1); /* flipped; port 2, which allows it, has not */
	port_drop(w, 1, &s, ESC_V_POLICY_OUT, 1);
	set_turn(w, 1, open, denies, generation + 1, 2); /* port 2 is none of this change */
	port_pass(w, 1, &s, NULL);
}

/* --- random --- */

#define WORLDS  6
#define CHANGES 16
#define PACKETS 24

struct shifting {
	struct naive *naive;
	GBytes *blobs[RANDOM_PORTS];
	guint64 judges[RANDOM_PORTS], judge;
};

static guint pick(guint n)
{
	return (guint)g_test_rand_int_range(0, (gint32)n);
}

static void shift(struct shifting *s, guint i)
{
	struct naive_port *p = s->naive->ports->pdata[i];
	guint32 number = 1 + 20 * i;

	if (!s->blobs[i] || pick(4)) {
		g_clear_pointer(&p->rules[0], g_array_unref);
		g_clear_pointer(&p->rules[1], g_array_unref);
		g_clear_pointer(&s->blobs[i], g_bytes_unref);
		s->blobs[i] = random_policy(p, &number);
	}
	if (!pick(3)) {
		p->public = pick(3) ? WORLD_PUBLIC(100 + p->number) : 0;
		p->standard = pick(2);
	}
	s->judges[i] = ++s->judge;
}

static struct tables *tables_now(struct shifting *s)
{
	struct tables *t = tables_new();

	t->hosts = 1;
	t->self = (struct esc_host){.fabric = 1, .ring_size = 1024};
	memcpy(t->self.uplink_mac, world_uplink, 6);
	memcpy(t->self.nexthop_mac, world_nexthop, 6);
	for (guint i = 0; i < RANDOM_PORTS; i++) {
		const struct naive_port *p = s->naive->ports->pdata[i];
		world_port(t, p->number, p->net, p->addr, world_blob(t, g_bytes_ref(s->blobs[i])))->judge =
		        s->judges[i];
		random_public(t, p);
	}
	random_routes(t);
	return t;
}

static void shifting_open(struct shifting *s)
{
	*s = (struct shifting){.naive = naive_new()};
	for (guint32 i = 0; i < RANDOM_PORTS; i++)
		naive_port(s->naive, i + 1, i < RANDOM_PORTS / 2 ? 100 : 200,
		           WORLD_ADDR(1, 4 + i % (RANDOM_PORTS / 2)));
	for (guint i = 0; i < RANDOM_PORTS; i++)
		shift(s, i);
}

static void shifting_close(struct shifting *s)
{
	for (guint i = 0; i < RANDOM_PORTS; i++)
		g_bytes_unref(s->blobs[i]);
	naive_free(s->naive);
}

/* One to three ports at once, all in one mode. */
static void shift_some(struct shifting *s, struct twin *w)
{
	enum live_flows live = pick(LIVE_MODES);

	for (guint k = 0, n = 1 + pick(3); k < n; k++) {
		guint i = pick(RANDOM_PORTS);
		shift(s, i);
		naive_change(s->naive, i + 1, live);
	}
	change(w, tables_now(s), live);
}

static void test_random(void)
{
	for (guint i = 0; i < WORLDS; i++) {
		struct shifting s;
		guint32 ifindex = 0;
		struct frame last;

		shifting_open(&s);
		g_autoptr(tables) t = tables_now(&s);
		g_autoptr(twin) w = twin_new(t);
		for (guint c = 0; c < CHANGES; c++) {
			for (guint k = 0; k < PACKETS; k++)
				random_packet(w, s.naive, &last, &ifindex);
			twin_compare(w);
			shift_some(&s, w);
		}
		shifting_close(&s);
	}
}

void cases_change_register(void)
{
	g_test_add_func("/change/keep", test_keep);
	g_test_add_func("/change/kill", test_kill);
	g_test_add_func("/change/reevaluate", test_reevaluate);
	g_test_add_func("/change/one-after-the-other", test_one_after_the_other);
	g_test_add_func("/change/keep-ends", test_keep_ends);
	g_test_add_func("/change/next-owner", test_next_owner);
	scene_both("/change/peer-next-owner", test_peer_next_owner);
	g_test_add_func("/change/between", test_between);
	g_test_add_func("/change/turn-closes", test_turn_closes);
	g_test_add_func("/change/turn-opens", test_turn_opens);
	g_test_add_func("/change/random", test_random);
}
