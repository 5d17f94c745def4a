/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversations that come along with a port. They begin on one host, and are read from its flow table as an agent does;
 * on another host, which knows nothing of them, their next packet must not pass. Once taken there it must, both ways, and
 * the table is the same as on the first host, to the byte. What the other host would not let begin, ends.
 */
#include "explain/table.h"
#include "scene.h"
#include <string.h>

#define A1  WORLD_ADDR(1, 4)
#define A2  WORLD_ADDR(1, 5)
#define A3  WORLD_ADDR(2, 4)
#define FAR WORLD_ADDR(9, 4)

/* Everything that began on a host: struct esc_moved, or of the other family. */
struct luggage {
	GArray *flows, *flows6;
};

static void luggage_clear(struct luggage *l)
{
	g_array_unref(l->flows);
	g_array_unref(l->flows6);
}

/* Opener's entry and its partner, as they are in the native twin. */
#define READ(family_key, family_flow, family_moved, table_name, look, partner_of, out)                                 \
	do {                                                                                                           \
		GHashTableIter i;                                                                                      \
		gpointer key, value;                                                                                   \
		g_hash_table_iter_init(&i, native_table(twin_native(w), table_name)->hash);                            \
		while (g_hash_table_iter_next(&i, &key, &value)) {                                                     \
			const struct family_key *k = key;                                                              \
			const struct family_flow *e = value;                                                           \
			struct family_key back_key;                                                                    \
			struct family_flow back;                                                                       \
			if (e->flags & ESC_FLOW_REPLY)                                                                 \
				continue;                                                                              \
			partner_of(k, e, &back_key);                                                                   \
			g_assert_true(look(twin_native(w), &back_key, &back));                                         \
			struct family_moved m = {                                                                      \
			        .key = *k,                                                                             \
			        .saddr = e->saddr,                                                                     \
			        .daddr = e->daddr,                                                                     \
			        .sport = e->sport,                                                                     \
			        .dport = e->dport,                                                                     \
			        .opener = {e->bytes, e->packets, e->seq, 0, e->ack, e->tcp, 0},                        \
			        .other = {back.bytes, back.packets, back.seq, 0, back.ack, back.tcp, 0}};              \
			memcpy(m.sender, back.dmac, 6);                                                                \
			g_array_append_val(out, m);                                                                    \
		}                                                                                                      \
	} while (0)

static struct luggage pack(struct twin *w)
{
	struct luggage l = {g_array_new(FALSE, FALSE, sizeof(struct esc_moved)),
	                    g_array_new(FALSE, FALSE, sizeof(struct esc_moved6))};

	READ(esc_flow_key, esc_flow, esc_moved, "flows", native_flow, native_partner, l.flows);
	READ(esc_flow_key6, esc_flow6, esc_moved6, "flows6", native_flow6, native_partner6, l.flows6);
	return l;
}

/* How many were taken. */
static guint unpack(struct twin *w, const struct luggage *l)
{
	guint taken = 0;

	for (guint i = 0; i < l->flows->len; i++)
		taken += !twin_import(w, &g_array_index(l->flows, struct esc_moved, i));
	for (guint i = 0; i < l->flows6->len; i++)
		taken += !twin_import6(w, &g_array_index(l->flows6, struct esc_moved6, i));
	return taken;
}

/* The only one that was packed, of whichever family. */
static int take_only(struct twin *w, const struct luggage *l)
{
	g_assert_cmpuint(l->flows->len + l->flows6->len, ==, 1);
	return l->flows->len ? twin_import(w, &g_array_index(l->flows, struct esc_moved, 0))
	                     : twin_import6(w, &g_array_index(l->flows6, struct esc_moved6, 0));
}

static void peer_segment(struct twin *w, gboolean back, guint8 flags, gboolean passes)
{
	struct frame_spec s = back ? scene_from(2, A2, A1, 6, 8080, 40000) : scene_from(1, A1, A2, 6, 40000, 8080);

	s.flags = flags;
	if (passes)
		port_pass(w, back ? 2 : 1, &s, NULL);
	else
		port_drop(w, back ? 2 : 1, &s, ESC_V_NO_FLOW, back ? 2 : 1);
}

static void overlay_segment(struct twin *w, gboolean back, guint8 flags, gboolean passes)
{
	struct frame_spec s = back ? scene_from(2, A2, FAR, 6, 8080, 40001) : scene_overlay(2, FAR, A2, 6, 40001, 8080);

	if (!back)
		world_mac(7, s.smac); /* as the other host leaves it */
	s.flags = flags;
	if (back && passes)
		port_pass(w, 2, &s, NULL);
	else if (back)
		port_drop(w, 2, &s, ESC_V_NO_FLOW, 2);
	else if (passes)
		overlay_pass(w, 100, WORLD_REMOTE, &s, NULL);
	else
		overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_NO_FLOW, 2);
}

static guint16 client_port; /* one whose connections port 1 gets */

/* From outside to a balanced address, and out again. */
static void public_segment(struct twin *w, gboolean back, guint8 flags, gboolean passes)
{
	struct frame_spec s = back ? scene_from(1, A1, WORLD_CLIENT, 6, 8080, client_port)
	                           : scene_outside(WORLD_CLIENT, WORLD_VIP, 6, client_port, 80);

	s.flags = flags;
	if (back && passes)
		port_pass(w, 1, &s, NULL);
	else if (back)
		port_drop(w, 1, &s, ESC_V_NO_FLOW, 1);
	else if (passes)
		edge_pass(w, &s, NULL);
	else
		edge_drop_tc(w, &s, ESC_V_NO_FLOW, 1);
}

typedef void (*segment)(struct twin *w, gboolean back, guint8 flags, gboolean passes);

static void open_with(struct twin *w, segment step)
{
	step(w, FALSE, FRAME_SYN, TRUE);
	step(w, TRUE, FRAME_SYN | FRAME_ACK, TRUE);
	step(w, FALSE, FRAME_ACK, TRUE);
}

/* Carries what `from` has to a host that knows nothing, and goes on there. */
static struct twin *carry(struct twin *from, const segment *steps, guint n)
{
	struct luggage l = pack(from);
	struct twin *to = twin_new_world();

	for (guint i = 0; i < n; i++) {
		steps[i](to, FALSE, FRAME_ACK, FALSE);
		steps[i](to, TRUE, FRAME_ACK, FALSE);
	}
	g_assert_cmpuint(unpack(to, &l), ==, l.flows->len + l.flows6->len);
	luggage_clear(&l);
	for (guint i = 0; i < n; i++) {
		steps[i](to, TRUE, FRAME_ACK, TRUE);
		steps[i](to, FALSE, FRAME_ACK, TRUE);
	}
	return to;
}

static void test_all_ways(void)
{
	static const segment steps[] = {peer_segment, overlay_segment};
	g_autoptr(twin) w = twin_new_world();

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
		open_with(w, steps[i]);
	twin *to = carry(w, steps, G_N_ELEMENTS(steps));
	twin_free(to);
}

/* Which of two back ends has it, is the balancer's to say. */
static void open_at_port_1(struct twin *w)
{
	for (client_port = 40100; client_port < 40200; client_port++) {
		struct frame_spec s = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, client_port, 80);
		struct frame out;

		edge_pass(w, &s, &out);
		if (frame_destination(&out) == A1)
			return;
	}
	g_assert_not_reached();
}

static void test_public(void)
{
	static const segment steps[] = {public_segment};
	g_autoptr(twin) w = twin_new_world();

	open_at_port_1(w);
	public_segment(w, TRUE, FRAME_SYN | FRAME_ACK, TRUE);
	public_segment(w, FALSE, FRAME_ACK, TRUE);
	twin *to = carry(w, steps, 1);
	twin_free(to);
}

/* Seen from outside it is the same port of the same address, or it is nothing. */
static void test_translated(void)
{
	struct frame_spec s = scene_from(2, A2, WORLD_CLIENT, 6, 40003, 443), answer;
	g_autoptr(twin) w = twin_new_world();
	struct frame out, again;
	guint16 port;

	port_pass(w, 2, &s, &out);
	port = frame_get16(&out, frame_l4(&out));
	answer = scene_outside(WORLD_CLIENT, WORLD_VIP, 6, 443, port);
	answer.flags = FRAME_SYN | FRAME_ACK;
	edge_pass(w, &answer, NULL);
	struct luggage l = pack(w);
	struct esc_moved *m = &g_array_index(l.flows, struct esc_moved, 0);
	g_autoptr(twin) to = twin_new_world();

	s.flags = answer.flags = FRAME_ACK;
	m->sport = GUINT16_TO_BE(1024 + 8); /* another's range */
	g_assert_cmpint(twin_import(to, m), ==, ESC_V_NO_FLOW);
	port_drop(to, 2, &s, ESC_V_NO_FLOW, 2);
	m->sport = GUINT16_TO_BE(port);
	m->saddr = GUINT32_TO_BE(WORLD_PUBLIC(11)); /* another's address */
	g_assert_cmpint(twin_import(to, m), ==, ESC_V_NO_FLOW);
	m->saddr = GUINT32_TO_BE(WORLD_VIP);
	g_assert_cmpint(twin_import(to, m), ==, ESC_V_FORWARD);
	port_pass(to, 2, &s, &again);
	g_assert_cmpuint(frame_get16(&again, frame_l4(&again)), ==, port);
	edge_pass(to, &answer, &again);
	frame_is(&again, WORLD_CLIENT, A2, 443, 40003);
	luggage_clear(&l);
}

/* The other host may say what it likes: rules, addresses and places are asked here. */
static void test_refused(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) denied = world_tables_denied(2);

	open_with(w, peer_segment);
	struct luggage l = pack(w);
	g_autoptr(twin) to = twin_new(denied);

	g_assert_cmpint(take_only(to, &l), ==, ESC_V_POLICY_IN);
	peer_segment(to, FALSE, FRAME_ACK, FALSE);
	peer_segment(to, TRUE, FRAME_ACK, FALSE);
	luggage_clear(&l);
}

static void test_lies(void)
{
	g_autoptr(twin) w = twin_new_world();

	frame_family = 4;
	open_with(w, peer_segment);
	struct luggage l = pack(w);
	struct esc_moved m = g_array_index(l.flows, struct esc_moved, 0), lie = m;
	g_autoptr(twin) to = twin_new_world();

	lie.key.saddr = GUINT32_TO_BE(A3); /* whose it is not */
	lie.saddr = lie.key.saddr;
	g_assert_cmpint(twin_import(to, &lie), ==, ESC_V_SPOOFED_IP);
	lie = m;
	lie.peer = 3; /* not who lives there */
	g_assert_cmpint(twin_import(to, &lie), ==, ESC_V_NO_FLOW);
	lie = m;
	lie.key.port = 9; /* nobody */
	g_assert_cmpint(twin_import(to, &lie), !=, ESC_V_FORWARD);
	lie = m;
	lie.key.dir = 3;
	g_assert_cmpint(twin_import(to, &lie), !=, ESC_V_FORWARD);
	g_assert_cmpuint(native_flow_count(twin_native(to)), ==, 0);
	m.peer = 2;
	g_assert_cmpint(twin_import(to, &m), ==, ESC_V_FORWARD);
	luggage_clear(&l);
}

/* Numbers go on where they were: what is far off is as foreign as it was before. */
static void test_window(void)
{
	struct frame_spec s = scene_from(1, A1, A2, 6, 40000, 8080);
	g_autoptr(twin) w = twin_new_world();

	open_with(w, peer_segment);
	struct luggage l = pack(w);
	g_autoptr(twin) to = twin_new_world();

	g_assert_cmpint(take_only(to, &l), ==, ESC_V_FORWARD);
	s.flags = FRAME_ACK;
	s.seq = FRAME_ISN + 0x10000000;
	s.ack = FRAME_ISN + 1;
	port_drop(to, 1, &s, ESC_V_OUT_OF_WINDOW, 1);
	peer_segment(to, FALSE, FRAME_ACK, TRUE);
	luggage_clear(&l);
}

/* What an appliance sends on comes by its hand there too: the source alone leads nowhere. */
static void test_forwarded(void)
{
	g_autoptr(tables) t = world_tables();
	struct table_forwarder f = {
	        .value = {.net = 100, .host = GUINT32_TO_BE(WORLD_REMOTE), .addr = GUINT32_TO_BE(FAR)}};
	struct frame_spec s = scene_overlay(2, WORLD_ADDR(77, 1), A2, 6, 40004, 8080);

	world_mac(7, f.key.mac);
	world_mac(7, s.smac);
	g_array_append_val(t->forwarders, f);
	g_autoptr(twin) w = twin_new(t);
	overlay_pass(w, 100, WORLD_REMOTE, &s, NULL);
	struct luggage l = pack(w);
	struct esc_moved m = g_array_index(l.flows, struct esc_moved, 0), other = m;
	g_autoptr(twin) to = twin_new(t);

	world_mac(1, other.sender);
	g_assert_cmpint(twin_import(to, &other), ==, ESC_V_UNREACHABLE);
	g_assert_cmpint(twin_import(to, &m), ==, ESC_V_FORWARD);
	luggage_clear(&l);
}

/* The machine at the other end of an overlay comes to this host, and its number is another than the one it had. */
static void test_comes_together(void)
{
	g_autoptr(twin) w = twin_new_world();
	g_autoptr(tables) t = world_tables();
	struct frame_spec s;

	open_with(w, overlay_segment);
	struct luggage l = pack(w);
	for (guint i = t->addrs->len; i-- > 0;)
		if (g_array_index(t->addrs, struct table_addr, i).value.host)
			g_array_remove_index(t->addrs, i);
	for (guint i = t->addrs6->len; i-- > 0;)
		if (g_array_index(t->addrs6, struct table_addr6, i).value.host)
			g_array_remove_index(t->addrs6, i);
	world_port(t, 7, 100, FAR, 1); /* no group */
	twin_update(w, t);
	s = scene_from(7, FAR, A2, 6, 40001, 8080);
	s.flags = FRAME_ACK;
	port_drop(w, 7, &s, ESC_V_NO_FLOW, 7); /* its side of it did not come by itself */
	for (guint i = 0; i < l.flows->len; i++) {
		struct esc_moved *m = &g_array_index(l.flows, struct esc_moved, i);

		m->key.dir = ESC_FLOW_FROM;
		m->key.port = 7;
		m->peer = 2;
	}
	for (guint i = 0; i < l.flows6->len; i++) {
		struct esc_moved6 *m = &g_array_index(l.flows6, struct esc_moved6, i);

		m->key.dir = ESC_FLOW_FROM;
		m->key.port = 7;
		m->peer = 2;
	}
	g_assert_cmpint(take_only(w, &l), ==, ESC_V_FORWARD);
	port_pass(w, 7, &s, NULL);
	overlay_segment(w, TRUE, FRAME_ACK, TRUE); /* from port 2: the old pair did not stand in the way */
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 2);
	luggage_clear(&l);
}

/* --- to the byte --- */

static void random_talk(struct twin *w)
{
	static const guint32 ends[] = {A1, A2, A3, FAR, WORLD_CLIENT, WORLD_STRANGER};
	static const guint16 services[] = {53, 80, 443, 8080};
	static const guint8 protocols[] = {1, 6, 17};
	guint from = (guint)g_test_rand_int_range(1, 4);
	struct frame_spec s =
	        scene_from(from, ends[from - 1], ends[g_test_rand_int_range(0, G_N_ELEMENTS(ends))],
	                   protocols[g_test_rand_int_range(0, 3)], (guint16)g_test_rand_int_range(1000, 1020),
	                   services[g_test_rand_int_range(0, 4)]);
	struct twin_in in = {.entry = TWIN_PORT, .port = from};
	struct frame f;

	if (g_test_rand_bit()) {
		s = scene_outside(WORLD_CLIENT, g_test_rand_bit() ? WORLD_VIP : WORLD_PUBLIC(11 + from % 2), s.protocol,
		                  s.sport, s.dport);
		in.entry = TWIN_EDGE;
	}
	frame_build(&f, &s);
	twin_run(w, &in, &f);
}

/* What is in a table, without what an entry has of its host alone. */
static GBytes *plain(const struct twin *w, const char *name, const void *key)
{
	const struct table *t = native_table(twin_native((struct twin *)w), name);
	guint8 *copy = g_memdup2(table_lookup(t, key), t->value_size);

	g_assert_nonnull(copy);
	((struct esc_flow *)(gpointer)copy)->ring = 0; /* in both families at the same place */
	return g_bytes_new_take(copy, t->value_size);
}

static GHashTable *copy_of(struct twin *w, const char *name)
{
	const struct table *t = native_table(twin_native(w), name);
	GHashTable *all = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
	                                        (GDestroyNotify)g_bytes_unref);
	GHashTableIter i;
	gpointer key;

	g_hash_table_iter_init(&i, t->hash);
	while (g_hash_table_iter_next(&i, &key, NULL))
		g_hash_table_insert(all, g_bytes_new(key, t->key_size), plain(w, name, key));
	return all;
}

static void assert_same(GHashTable *before, GHashTable *after)
{
	GHashTableIter i;
	gpointer key, value;

	g_assert_cmpuint(g_hash_table_size(before), ==, g_hash_table_size(after));
	g_hash_table_iter_init(&i, before);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		GBytes *other = g_hash_table_lookup(after, key);

		g_assert_nonnull(other);
		g_assert_true(g_bytes_equal(value, other));
	}
}

static void test_to_the_byte(void)
{
	for (guint round = 0; round < 20; round++) {
		g_autoptr(twin) w = twin_new_world();

		for (guint i = 0; i < 14; i++) /* fewer than a port's ring has room for */
			random_talk(w);
		g_autoptr(GHashTable) four = copy_of(w, "flows"), six = copy_of(w, "flows6");
		struct luggage l = pack(w);
		g_autoptr(twin) to = twin_new_world();

		g_assert_cmpuint(unpack(to, &l), ==, l.flows->len + l.flows6->len);
		g_autoptr(GHashTable) four_there = copy_of(to, "flows"), six_there = copy_of(to, "flows6");
		assert_same(four, four_there);
		assert_same(six, six_there);
		luggage_clear(&l);
	}
}

void cases_move_register(void)
{
	scene_both("/move/inside", test_all_ways);
	g_test_add_func("/move/public", test_public);
	g_test_add_func("/move/translated", test_translated);
	scene_both("/move/refused", test_refused);
	g_test_add_func("/move/lies", test_lies);
	g_test_add_func("/move/forwarded", test_forwarded);
	scene_both("/move/window", test_window);
	scene_both("/move/comes-together", test_comes_together);
	scene_both("/move/to-the-byte", test_to_the_byte);
}
