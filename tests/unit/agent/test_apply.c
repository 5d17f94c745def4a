/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a change, and that a change which cannot be made leaves everything as it was. Kernel and lab are plain
 * memory here, and every step that would reach one of them is a letter in `trace`:
 *
 *   a  new ports plugged    s  stale ports dropped   h  the host written    p  all ports plugged
 *   w  a port written       o  ports opened          f  flows forgotten      m  conversations come along
 *   -X an entry removed, +X an entry written, while port 1 was judged by policy X (.: by none)
 */
#include "agent/internal.h"
#include "agent/move.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS  8 /* of which the first is never used */
#define MOST    64
#define NUMBERS 4 /* ports 1 … 3 */

static GString *trace;
static gboolean fails_at_plug;
static gint fails_at_put; /* puts until one fails, once; negative: none does */
static struct esc_block memory[BLOCKS];
static guint64 words[ESC_MAX_PORTS];
static struct esc_port_past past[ESC_MAX_PORTS];
static guint32 peers[MOST];

/* --- in the place of the kernel --- */

static struct esc_port_word word(guint n)
{
	struct esc_port_word w;

	memcpy(&w, &words[n], sizeof(w));
	return w;
}

/* What judges port 1. */
static char policy(void)
{
	guint32 slot = word(1).slot;

	return slot ? *(const char *)&memory[slot] : '.';
}

static int put(void *map, const void *key, const void *value)
{
	guint32 k;

	(void)map;
	if (fails_at_put >= 0 && fails_at_put-- == 0)
		return -E2BIG;
	memcpy(&k, key, sizeof(k));
	memcpy(&peers[k], value, sizeof(guint32));
	g_assert_cmpuint(past[ESC_PAST_TURN].judge & 1, ==, 0); /* all flips are done */
	g_string_append_printf(trace, "+%c", policy());
	return 0;
}

static int removed(void *map, const void *key)
{
	guint32 k;

	(void)map;
	memcpy(&k, key, sizeof(k));
	peers[k] = 0;
	g_string_append_printf(trace, "-%c", policy());
	return 0;
}

static int none(void *map, const void *key, void *next_key, void *value)
{
	(void)map;
	(void)key;
	(void)next_key;
	(void)value;
	return -ENOENT;
}

static const struct sync_ops OPS = {put, removed, none};

void maps_records(const struct tables *t, const GArray *endpoints, const GArray *endpoints6,
                  struct map_records out[MAP_COUNT])
{
	(void)endpoints;
	(void)endpoints6;
	memset(out, 0, MAP_COUNT * sizeof(*out));
	out[MAP_PEERS] = (struct map_records){t->peers->data, t->peers->len};
	out[MAP_ADDRS] = (struct map_records){t->addrs->data, t->addrs->len};
	out[MAP_ADDRS6] = (struct map_records){t->addrs6->data, t->addrs6->len};
}

gboolean maps_write_host(struct agent *a, const struct tables *t, GError **error)
{
	(void)a;
	(void)t;
	(void)error;
	g_string_append_c(trace, 'h');
	return TRUE;
}

gboolean maps_write_port(struct agent *a, guint number, const struct esc_port *port, const struct esc_port6 *port6,
                         GError **error)
{
	(void)port6;
	(void)a;
	(void)number;
	(void)port;
	(void)error;
	g_assert_cmpuint(past[ESC_PAST_TURN].judge & 1, ==, 1); /* a turn, from the first flip to the last */
	g_string_append_c(trace, 'w');
	return TRUE;
}

void maps_forget_rules(struct agent *a, const struct tables *before, const struct tables *after)
{
	(void)a;
	(void)before;
	(void)after;
}

void maps_forget_flows(struct agent *a, const gboolean gone[ESC_MAX_PORTS])
{
	(void)a;
	g_assert_true(gone[1] && gone[ESC_MAX_PORTS - 1]);
	g_string_append_c(trace, 'f');
}

/* --- in the place of the lab --- */

gboolean ports_plug(struct agent *a, const struct tables *t, gboolean added_only, GError **error)
{
	g_string_append_c(trace, added_only ? 'a' : 'p');
	if (fails_at_plug && added_only && t->ports->len > 1) {
		g_set_error(error, STORE_ERROR, STORE_FAILED, "no such device");
		return FALSE;
	}
	for (guint i = 0; i < t->ports->len; i++) {
		guint n = ((struct table_port *)t->ports->pdata[i])->number;

		if (!a->ports[n])
			a->ports[n] = g_new0(struct agent_port, 1);
	}
	return TRUE;
}

gboolean ports_drop_stale(struct agent *a, const struct tables *t, GError **error)
{
	(void)error;
	g_string_append_c(trace, 's');
	for (guint n = 1; n < NUMBERS; n++) {
		gboolean wanted = FALSE;

		for (guint i = 0; i < t->ports->len; i++)
			wanted |= ((struct table_port *)t->ports->pdata[i])->number == n;
		if (wanted || !a->ports[n])
			continue;
		words[n] = 0;
		g_clear_pointer(&a->ports[n], g_free);
	}
	return TRUE;
}

gboolean ports_open(struct agent *a, const struct tables *t, GError **error)
{
	(void)a;
	(void)t;
	(void)error;
	g_string_append_c(trace, 'o');
	return TRUE;
}

void move_import(struct agent *a, const struct tables *t)
{
	(void)a;
	(void)t;
	g_string_append_c(trace, 'm');
}

void move_free(struct move *m)
{
	(void)m;
}

/* --- tables --- */

/* Ports 1 … n, each with a policy of so many blocks that begins with `what`; peers from `first`, two of them. */
static struct tables *revision(guint ports, guint blocks, guint8 what, guint32 first)
{
	struct tables *t = tables_new();

	for (guint i = 1; i <= ports; i++) {
		struct table_port *p = g_new0(struct table_port, 1);
		g_autofree guint8 *bytes = g_malloc0(blocks * sizeof(struct esc_block));

		bytes[0] = what;
		bytes[1] = (guint8)i;
		g_ptr_array_add(t->blobs, g_bytes_new(bytes, blocks * sizeof(struct esc_block)));
		p->number = i;
		p->blob = i;
		p->judge = what;
		p->id = g_strdup("id");
		p->label = g_strdup_printf("vm%u", i);
		p->vm = g_strdup("vm");
		g_ptr_array_add(t->ports, p);
	}
	for (guint32 k = first; k < first + 2; k++) {
		struct table_peer peer = {k, what};

		g_array_append_val(t->peers, peer);
	}
	return t;
}

struct bench {
	struct agent *a;
	struct objects objects;
	char *file, *next;
};

static void bench_open(struct bench *b)
{
	int fd = g_file_open_tmp("escarp-apply-XXXXXX", &b->file, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	memset(memory, 0, sizeof(memory));
	memset(words, 0, sizeof(words));
	memset(past, 0, sizeof(past));
	memset(peers, 0, sizeof(peers));
	trace = g_string_new(NULL);
	fails_at_plug = FALSE;
	fails_at_put = -1;
	b->objects = (struct objects){.words = words, .past = past, .blocks = memory, .block_count = BLOCKS};
	b->a = g_new0(struct agent, 1);
	b->a->objects = &b->objects;
	b->next = g_strconcat(b->file, ".next", NULL);
	b->a->kept_file = b->file;
	b->a->next_file = b->next;
	b->a->tables = tables_new();
	blobs_init(&b->a->blobs, memory, BLOCKS);
	for (guint m = 0; m < MAP_COUNT; m++)
		sync_init(&b->a->syncs[m], "peers", &OPS, NULL, 4, 4, MOST);
}

static void bench_close(struct bench *b)
{
	for (guint n = 0; n < ESC_MAX_PORTS; n++)
		g_free(b->a->ports[n]);
	for (guint m = 0; m < MAP_COUNT; m++)
		sync_clear(&b->a->syncs[m]);
	blobs_clear(&b->a->blobs);
	tables_free(b->a->tables);
	g_free(b->a->hash);
	g_free(b->a);
	g_assert_cmpint(g_access(b->next, F_OK), ==, -1); /* no change was left half-way */
	g_unlink(b->file);
	g_free(b->file);
	g_free(b->next);
	g_string_free(trace, TRUE);
}

static void apply(struct bench *b, struct tables *t, const char *steps)
{
	GError *error = NULL;

	g_string_truncate(trace, 0);
	g_assert_true(agent_apply(b->a, t, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(trace->str, ==, steps);
}

static void refuse(struct bench *b, struct tables *t, const char *says)
{
	GError *error = NULL;

	g_assert_false(agent_apply(b->a, t, &error));
	g_assert_nonnull(error);
	if (!strstr(error->message, says))
		g_error("'%s' does not say '%s'", error->message, says);
	g_clear_error(&error);
}

/* --- the tests --- */

/* What goes is gone before a policy flips, what comes is added after: in between less is reachable than either says. */
static void order(void)
{
	struct bench b;
	guint32 first;

	bench_open(&b);
	apply(&b, revision(1, 1, 'A', 1), "ashpw+A+Amo");
	first = word(1).generation;
	apply(&b, revision(2, 1, 'B', 2), "as-Ahpww+B+Bmo");
	g_assert_cmpuint(word(1).generation, >, first);
	g_assert_cmpuint(word(1).generation, !=, word(2).generation);
	g_assert_true(!peers[1] && peers[2] == 'B' && peers[3] == 'B');
	/* Nothing differs: nothing is judged anew. */
	first = word(1).generation;
	apply(&b, revision(2, 1, 'B', 2), "ashpwwmo");
	g_assert_cmpuint(word(1).generation, ==, first);
	bench_close(&b);
}

/* In force is what was, to the bit; and what comes next finds the room that it needs. */
static void assert_untouched(struct bench *b, guint64 before, const char *hash)
{
	g_assert_cmpuint(words[1], ==, before);
	g_assert_cmpint(policy(), ==, 'A');
	g_assert_cmpuint(words[2], ==, 0);
	g_assert_true(peers[1] == 'A' && peers[2] == 'A' && !peers[3]);
	g_assert_cmpstr(b->a->hash, ==, hash);
}

static void no_room(void)
{
	g_autofree char *hash = NULL;
	struct bench b;
	guint64 before;

	bench_open(&b);
	apply(&b, revision(1, 3, 'A', 1), "ashpw+A+Amo");
	hash = g_strdup(b.a->hash);
	before = words[1];
	g_string_truncate(trace, 0);
	refuse(&b, revision(1, 5, 'B', 2), "do not fit");
	g_assert_cmpstr(trace->str, ==, "ashpwmo"); /* the way back has nothing to do */
	assert_untouched(&b, before, hash);
	/* The first of two fits and the second does not: the first leaves nothing behind. */
	refuse(&b, revision(2, 3, 'C', 2), "do not fit");
	assert_untouched(&b, before, hash);
	g_assert_cmpuint(blobs_used(&b.a->blobs), ==, 1 + 3);
	apply(&b, revision(2, 2, 'D', 1), "ashpww+D+Dmo");
	bench_close(&b);
}

static void refused(void)
{
	g_autofree char *hash = NULL;
	struct tables *others;
	struct bench b;
	guint64 before;

	bench_open(&b);
	apply(&b, revision(1, 1, 'A', 1), "ashpw+A+Amo");
	hash = g_strdup(b.a->hash);
	before = words[1];
	g_string_truncate(trace, 0);
	others = revision(1, 1, 'B', 2);
	others->host = 7;
	refuse(&b, others, "of host 7");
	g_assert_cmpstr(trace->str, ==, "");
	assert_untouched(&b, before, hash);
	fails_at_plug = TRUE;
	refuse(&b, revision(2, 1, 'B', 2), "no such device");
	assert_untouched(&b, before, hash);
	others = revision(1, 1, 'B', 2);
	for (guint32 k = 4; k < MOST + 4; k++)
		g_array_append_val(others->peers, ((struct table_peer){k, 1}));
	refuse(&b, others, "the map holds");
	assert_untouched(&b, before, hash);
	bench_close(&b);
}

/* A map that fails in the middle: the same way back, and a generation of its own for what was judged meanwhile. */
static void half_way(void)
{
	for (gint at = 0; at < 2; at++) {
		g_autofree char *hash = NULL;
		struct bench b;
		guint32 before;

		bench_open(&b);
		apply(&b, revision(1, 1, 'A', 1), "ashpw+A+Amo");
		hash = g_strdup(b.a->hash);
		before = word(1).generation;
		fails_at_put = at;
		refuse(&b, revision(2, 1, 'B', 2), "cannot write map");
		g_assert_cmpuint(word(1).generation, >, before);
		assert_untouched(&b, words[1], hash);
		bench_close(&b);
	}
}

/* Before numbers come again, nothing is left that remembers their first use. */
static void wrap(void)
{
	struct bench b;

	bench_open(&b);
	apply(&b, revision(2, 1, 'A', 1), "ashpww+A+Amo");
	b.a->generation = G_MAXUINT32 - 1;
	words[1] = agent_word(word(1).slot, G_MAXUINT32 - 1);
	past[1].ended = past[2].kept = G_MAXUINT32 - 5;
	apply(&b, revision(2, 1, 'B', 1), "afshpww+B+Bmo");
	g_assert_cmpuint(word(1).generation, <, 100);
	g_assert_cmpuint(word(2).generation, <, 100);
	g_assert_cmpuint(word(1).generation, !=, 0);
	g_assert_cmpuint(b.a->generation, >=, MAX(word(1).generation, word(2).generation));
	g_assert_cmpuint(past[1].ended, ==, 0);
	g_assert_cmpuint(past[2].kept, <, word(2).generation);
	bench_close(&b);
}

static struct tables *live(struct tables *t, enum live_flows mode)
{
	t->live = mode;
	return t;
}

/* Bounds by mode; and that they stand before the word flips, since a packet may come at any moment. */
static void modes(void)
{
	struct esc_port_word before;
	struct bench b;

	bench_open(&b);
	apply(&b, revision(1, 1, 'A', 1), "ashpw+A+Amo");
	g_assert_cmpuint(word(1).generation & 1, ==, 0);
	g_assert_cmpuint(past[1].kept, ==, past[1].ended);
	before = word(1);
	apply(&b, live(revision(1, 1, 'B', 1), LIVE_KEEP), "ashpw+B+Bmo");
	g_assert_cmpuint(past[1].kept, <=, before.generation);
	before = word(1);
	apply(&b, live(revision(1, 1, 'C', 1), LIVE_REEVALUATE), "ashpw+C+Cmo");
	g_assert_cmpuint(past[1].kept, >, before.generation);
	g_assert_cmpuint(past[1].kept, <, word(1).generation);
	g_assert_cmpuint(past[1].ended, <, before.generation);
	before = word(1);
	apply(&b, live(revision(1, 1, 'D', 1), LIVE_KILL), "ashpw+D+Dmo");
	g_assert_cmpuint(past[1].ended, >, before.generation);
	g_assert_cmpuint(past[1].ended, <, word(1).generation);
	g_assert_cmpuint(past[1].judge, ==, 'D');
	g_assert_cmpuint(past[1].before, ==, before.slot);
	g_assert_cmpuint(past[ESC_PAST_TURN].judge, ==, 8); /* four changes, whole */
	before = word(1);
	apply(&b, live(revision(1, 1, 'D', 1), LIVE_KILL), "ashpwmo"); /* nothing that judges has changed */
	g_assert_cmpuint(words[1], ==, agent_word(before.slot, before.generation));
	bench_close(&b);
}

/* What a refused policy admitted for a moment does not live on, whatever the change declared. */
static void way_back(void)
{
	struct esc_port_word before;
	struct bench b;

	bench_open(&b);
	apply(&b, revision(1, 1, 'A', 1), "ashpw+A+Amo");
	before = word(1);
	fails_at_put = 0;
	refuse(&b, live(revision(1, 1, 'B', 2), LIVE_KEEP), "cannot write map");
	g_assert_cmpuint(past[1].kept, >, before.generation);
	g_assert_cmpuint(word(1).generation, >, past[1].kept);
	g_assert_cmpuint(word(1).slot, ==, before.slot);
	bench_close(&b);
}

/* The same of an IPv6 address that is gone. */
static void moved6(void)
{
	struct table_addr6 a = {.key = {7, {{1, 2, 3, 4}}}, .value = {.host = 1, .port = 1}};
	struct tables *t = revision(2, 1, 'A', 1), *u = revision(2, 1, 'A', 1);
	guint32 first, second;
	struct bench b;

	bench_open(&b);
	sync_clear(&b.a->syncs[MAP_ADDRS6]);
	sync_init(&b.a->syncs[MAP_ADDRS6], "addrs6", &OPS, NULL, sizeof(a.key), sizeof(a.value), MOST);
	((struct table_port *)t->ports->pdata[0])->port.net = ((struct table_port *)u->ports->pdata[0])->port.net = 7;
	g_array_append_val(t->addrs6, a);
	apply(&b, t, "ashpww+A+A+Amo");
	first = word(1).generation;
	second = word(2).generation;
	apply(&b, live(u, LIVE_KILL), "as-Ahpwwmo");
	g_assert_cmpuint(word(1).generation, >, first);
	g_assert_cmpuint(past[1].ended, <, first);
	g_assert_cmpuint(word(2).generation, ==, second);
	bench_close(&b);
}

/* An address of the network is somewhere else: flows ask again where it is, and keep what they were admitted by. */
static void elsewhere(void)
{
	struct table_addr a = {.key = {7, 1}, .value = {.host = 1, .port = 1}};
	struct tables *t = revision(2, 1, 'A', 1), *u = revision(2, 1, 'A', 1);
	guint32 first, second;
	struct bench b;

	bench_open(&b);
	sync_clear(&b.a->syncs[MAP_ADDRS]);
	sync_init(&b.a->syncs[MAP_ADDRS], "addrs", &OPS, NULL, sizeof(a.key), sizeof(a.value), MOST);
	((struct table_port *)t->ports->pdata[0])->port.net = ((struct table_port *)u->ports->pdata[0])->port.net = 7;
	g_array_append_val(t->addrs, a);
	a.value.host = 2;
	g_array_append_val(u->addrs, a);
	apply(&b, t, "ashpww+A+A+Amo");
	first = word(1).generation;
	second = word(2).generation;
	apply(&b, live(u, LIVE_KILL), "ashpww+Amo");
	g_assert_cmpuint(word(1).generation, >, first);
	g_assert_cmpuint(past[1].ended, <, first);
	g_assert_cmpuint(past[1].kept, <, first);
	g_assert_cmpuint(word(2).generation, ==, second);
	bench_close(&b);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/apply/order", order);
	g_test_add_func("/agent/apply/no-room", no_room);
	g_test_add_func("/agent/apply/refused", refused);
	g_test_add_func("/agent/apply/half-way", half_way);
	g_test_add_func("/agent/apply/wrap", wrap);
	g_test_add_func("/agent/apply/modes", modes);
	g_test_add_func("/agent/apply/way-back", way_back);
	g_test_add_func("/agent/apply/elsewhere", elsewhere);
	g_test_add_func("/agent/apply/moved6", moved6);
	return g_test_run();
}
