/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds a packet at the edge, by BPF_PROG_TEST_RUN of the XDP build: of established connections towards an endpoint
 * with an access list of 50 rules and 100 back ends, and of packets that die.
 *
 * The edge decides and leaves its choice for tc, which writes the tunnel; `minimal` (edge.bpf.c) writes one itself. Values
 * include the harness, beside.empty; `net` is a value over its peer with the harness taken off ours, and off the peer's
 * the harness with its undo step. Medians of ROUNDS rounds, and in each round every measurement has its turn.
 */
#include "bench/edge.h"
#include "bench/sample.h"
#include "compile/access.h"
#include "tests/pipeline/frame.h"
#include "tests/pipeline/world.h"
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "benchedge.skel.h"
#include "skeletons.h"

#define ROUNDS   7
#define REPEAT   400000
#define BACKENDS 100
#define CELLS    10007 /* a prime, more than 100 times the back ends */
#define RULES    50
#define BLOCKS   16384
#define PORT     443
#define BATCH    65536

static struct edge_bpf *edge;
static struct benchedge_bpf *bench;

static void put(struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		g_error("cannot write %s", bpf_map__name(map));
}

/* Places a blob at block `at`; the first block behind it. */
static guint32 put_blob(guint32 at, const void *data, gsize size)
{
	for (gsize i = 0; i < size; i += sizeof(struct esc_block), at++) {
		struct esc_block b = {0};
		memcpy(&b, (const guint8 *)data + i, MIN(sizeof(b), size - i));
		put(edge->maps.blobs, &at, &b);
	}
	return at;
}

/* Denies 49 networks that nobody here comes from, and lets everybody else in. */
static GBytes *access_list(void)
{
	g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct access_rule));
	struct access_control a = {.rules = rules, .permit_others = TRUE};
	guint32 numbers[RULES];

	for (guint i = 0; i < RULES; i++) {
		struct access_rule r = {.order = i, .permit = i == RULES - 1, .prefix = {0x0b000000u + (i << 22), 12}};
		if (r.permit)
			r.prefix = (struct prefix){0, 0};
		numbers[i] = i + 1;
		g_array_append_val(rules, r);
	}
	return access_build(&a, numbers, FALSE);
}

static guint32 put_backends(guint32 at)
{
	gsize records = (BACKENDS + 1) / 2, words = ESC_BLOCK_WORDS * (1 + records) + CELLS;
	g_autofree guint16 *blob = g_new0(guint16, words);
	struct esc_backend *b = (void *)(blob + ESC_BLOCK_WORDS);

	blob[0] = BACKENDS;
	blob[1] = CELLS;
	for (guint i = 0; i < BACKENDS; i++)
		b[i] = (struct esc_backend){.host = GUINT32_TO_BE(EDGE_FABRIC + 1 + i % 20), .port = 1 + i};
	for (guint i = 0; i < CELLS; i++)
		blob[ESC_BLOCK_WORDS * (1 + records) + i] = (guint16)(i * 7919u % BACKENDS);
	return put_blob(at, blob, words * sizeof(*blob));
}

static struct esc_endpoint whole, bare; /* with its access list, and without */

static void put_tables(void)
{
	struct esc_host h = {.fabric = GUINT32_TO_BE(EDGE_FABRIC), .hash_seed = 7, .ring_size = 1024};
	g_autoptr(GBytes) list = access_list();
	guint32 zero = 0, next = put_blob(1, g_bytes_get_data(list, NULL), g_bytes_get_size(list));

	memcpy(h.uplink_mac, world_uplink, 6);
	put(edge->maps.host, &zero, &h);
	put_backends(next);
	bare = (struct esc_endpoint){.kind = ESC_EP_BALANCED, .slot = next};
	whole = bare;
	whole.access = 1;
}

static void put_endpoints(guint vips, const struct esc_endpoint *e)
{
	for (guint i = 0; i < vips; i++) {
		struct esc_endpoint_key key = {GUINT32_TO_BE(EDGE_VIP + i), GUINT16_TO_BE(PORT), 6, 0};
		put(edge->maps.endpoints, &key, e);
	}
}

/* Flow n as vary makes it, towards the first public address. */
static void put_flows(void)
{
	g_autofree struct edge_tuple *keys = g_new0(struct edge_tuple, BATCH);
	g_autofree struct esc_backend *values = g_new0(struct esc_backend, BATCH);

	for (guint n = 0; n < EDGE_FLOWS; n += BATCH) {
		guint32 count = BATCH;
		for (guint32 i = 0; i < BATCH; i++)
			keys[i] = (struct edge_tuple){GUINT32_TO_BE(EDGE_CLIENT + n / BATCH), GUINT32_TO_BE(EDGE_VIP),
			                              (guint16)i, GUINT16_TO_BE(PORT)};
		if (bpf_map_update_batch(bpf_map__fd(bench->maps.beside), keys, values, &count, NULL))
			g_error("cannot fill the table beside");
	}
}

static gboolean load(void)
{
	edge = skeleton_edge();
	bench = benchedge_bpf__open();
	if (!edge || !bench)
		return FALSE;
	bpf_map__set_max_entries(edge->maps.blobs, BLOCKS);
	bpf_map__set_max_entries(edge->maps.ifaces, 256);
	bpf_map__set_max_entries(edge->maps.endpoints, EDGE_VIPS + 1);
	bpf_map__set_max_entries(edge->maps.flows, 1024);
	bpf_map__set_max_entries(edge->maps.rings, 1024);
	edge->rodata->esc_hz = 250;
	if (edge_bpf__load(edge) || benchedge_bpf__load(bench))
		return FALSE;
	for (guint32 i = 0; i < EDGE_PROGRAMS; i++) {
		const int fds[] = {[EDGE_NOTHING] = bpf_program__fd(bench->progs.nothing),
		                   [EDGE_UNDO] = bpf_program__fd(bench->progs.undo),
		                   [EDGE_MINIMAL] = bpf_program__fd(bench->progs.minimal),
		                   [EDGE_OURS] = bpf_program__fd(edge->progs.edge_xdp)};
		put(bench->maps.programs, &i, &fds[i]);
	}
	return TRUE;
}

static struct frame packet(guint32 source)
{
	struct frame_spec s = {.saddr = source, .daddr = EDGE_VIP, .protocol = 6, .dport = PORT, .flags = FRAME_ACK};
	struct frame f;

	memcpy(s.smac, world_nexthop, 6);
	memcpy(s.dmac, world_uplink, 6);
	frame_build(&f, &s);
	f.length = MAX(f.length, 60);
	return f;
}

/* Nanoseconds a run, all of which must end as `want` says. */
static double run(int program, const struct frame *f, guint32 want)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->data, .data_size_in = (guint32)f->length, .repeat = REPEAT);

	if (bpf_prog_test_run_opts(program, &opts) || opts.retval != want)
		g_error("a program answered %u instead of %u", opts.retval, want);
	return opts.duration;
}

enum what { HOT, F65536, F524288, VIPS, ACL0, WHATS_VARIED, BAD = WHATS_VARIED, DROP, WHATS };

static const struct {
	guint flows, vips;
	gboolean bare;
} set_ups[WHATS_VARIED] = {[HOT] = {1, 1, FALSE},
                           [F65536] = {65536, 1, FALSE},
                           [F524288] = {EDGE_FLOWS, 1, FALSE},
                           [VIPS] = {1, EDGE_VIPS, FALSE},
                           [ACL0] = {1, 1, TRUE}};

static double measure(gpointer program)
{
	struct frame f = packet(EDGE_CLIENT);

	bench->bss->which = GPOINTER_TO_UINT(program);
	return run(bpf_program__fd(bench->progs.vary), &f, 2);
}

static double measure_bad(gpointer beside)
{
	struct frame f = packet(0x0a010203); /* 10.1.2.3 */

	return run(beside ? bpf_program__fd(bench->progs.xdp_drop) : bpf_program__fd(edge->progs.edge_xdp), &f, 1);
}

static double samples[WHATS][EDGE_PROGRAMS][ROUNDS];

static void take_round(guint round)
{
	for (guint what = 0; what < WHATS_VARIED; what++) {
		bench->bss->flow_mask = set_ups[what].flows - 1;
		bench->bss->vips = set_ups[what].vips;
		put_endpoints(1, set_ups[what].bare ? &bare : &whole);
		for (guint p = 0; p < EDGE_PROGRAMS; p++)
			if (p != EDGE_MINIMAL || what < VIPS) /* its table has the flows of one address */
				samples[what][p][round] = sample_take(measure, GUINT_TO_POINTER(p));
	}
	put_endpoints(1, &whole);
	samples[BAD][0][round] = sample_take(measure_bad, NULL);
	samples[DROP][0][round] = sample_take(measure_bad, GUINT_TO_POINTER(1));
}

static double value(enum what what, enum edge_program p)
{
	return sample_median(samples[what][p], ROUNDS);
}

static void print(const char *name, double ours, double empty, const char *peer, double theirs, double their_empty)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"ns/packet\", \"build\": \"xdp\", \"beside\": "
	       "{\"empty\": %.1f, "
	       "\"%s\": %.1f, \"times-%s\": %.2f, \"net-%s\": %.2f}, \"runs\": %d}\n",
	       name, ours, empty, peer, theirs, peer, ours / theirs, peer,
	       (ours - empty) / MAX(theirs - their_empty, 0.1), ROUNDS);
}

static void print_results(void)
{
	static const char *const names[] = {"hot", "65536", "524288"};
	double hot = value(HOT, EDGE_OURS), empty = value(HOT, EDGE_NOTHING);

	for (guint what = HOT; what <= F524288; what++) {
		g_autofree char *name = g_strdup_printf("edge.established.%s", names[what]);
		print(name, value(what, EDGE_OURS), value(what, EDGE_NOTHING), "minimal", value(what, EDGE_MINIMAL),
		      value(what, EDGE_UNDO));
	}
	print("edge.established.vips100000", value(VIPS, EDGE_OURS), value(VIPS, EDGE_NOTHING), "vips1", hot, empty);
	print("edge.established.acl50", hot, empty, "acl0", value(ACL0, EDGE_OURS), value(ACL0, EDGE_NOTHING));
	print("edge.drop.bad", sample_median(samples[BAD][0], ROUNDS), 0, "xdp_drop",
	      sample_median(samples[DROP][0], ROUNDS), 0);
}

int main(void)
{
	sample_pin();
	if (!load()) {
		g_printerr("bench_edge: cannot load programs: needs root\n");
		return 1;
	}
	put_tables();
	put_endpoints(EDGE_VIPS, &whole);
	put_flows();
	for (guint round = 0; round < ROUNDS; round++)
		take_round(round);
	print_results();
	fprintf(stderr, "samples: %u discarded because of others' use of the processor, %u kept in spite of it\n",
	        sample_discarded(), sample_disturbed());
	benchedge_bpf__destroy(bench);
	edge_bpf__destroy(edge);
	return 0;
}
