/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds per packet of the programs, by BPF_PROG_TEST_RUN, one JSON object a line.
 *
 * Each value is the median of ROUNDS rounds; in each round every measurement has its turn, the empty programs too, so
 * that all see the same machine. Values include the harness, which `beside.empty` states.
 *
 * TEST_RUN gives a program the same packet again, as the last run left it, which is where such figures lie. Here the
 * tables are made so that what comes out is a proper packet to go in again, so there is no undo step to subtract:
 *   established, from a port   two ports whose MACs are both the gateway's: the rewrite of MACs leaves them as they were
 *   established, at the edge   likewise; and a public address that translates into itself, so that the translation runs
 *                              whole (both checksum helpers) and changes nothing
 *   first packets              source translation into the port's own address: each run leaves a new source port in the
 *                              packet, which the next run takes for a new connection: classification of both lists'
 *                              rules, route, search for a source port, two entries, rewrite; FIRST runs a round, from
 *                              an empty flow table to 2 * FIRST entries
 * The XDP program's mark is left once in a run of repeats; later repeats find no room and go on without it.
 */
#include "explain/native.h"
#include "explain/table.h"
#include "tests/pipeline/frame.h"
#include "tests/pipeline/world.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <string.h>
#include "port.skel.h"
#include "edge.skel.h"

#define ROUNDS 9
#define HOT    1000000
#define FIRST  20000
#define OWN    WORLD_ADDR(1, 4)
#define PEER   WORLD_ADDR(1, 5)
#define PUBLIC WORLD_PUBLIC(20)
#define PORTS  32768 /* of the range: more than FIRST */

struct bench {
	struct port_bpf *port;
	struct edge_bpf *edge;
	struct native *native;
	int empty_tc, empty_xdp;
};

static int empty_program(enum bpf_prog_type type, int answer)
{
	const struct bpf_insn code[] = {
	        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = answer},
	        {.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(type, "empty", "GPL", code, G_N_ELEMENTS(code), NULL);
}

static GBytes *policy(guint rules)
{
	struct policy_input in = {.name = "bench"};
	g_autoptr(GPtrArray) out = policy_list_new();
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i + 1 < rules; i++)
		g_ptr_array_add(out, world_rule(i + 1, i & 1, DIR_OUT, 0xcb007100u + i * 77777, 24, PROTO_TCP,
		                                (guint16)(1000 + i % 50), (guint16)(1000 + i % 50)));
	g_ptr_array_add(out, world_rule(rules, TRUE, DIR_OUT, 0, 0, PROTO_ANY, 0, 65535));
	in.lists[DIR_OUT][0] = out;
	GBytes *blob = policy_build(&in, &error);
	g_assert_no_error(error);
	return blob;
}

static void add_nat(struct tables *t, guint32 number, guint32 addr)
{
	struct table_snat s = {.key = {number, GUINT32_TO_BE(addr)}, .value = {GUINT32_TO_BE(addr), 1024, PORTS}};
	struct table_endpoint e = {.key = {.vip = GUINT32_TO_BE(PUBLIC)},
	                           .value = {.kind = ESC_EP_ONE, .one = {.port = 2}}};

	g_array_append_val(t->snat, s);
	g_array_append_val(t->endpoints, e);
	world_dnat(t, 2, PUBLIC, 0, 0, PUBLIC, 0, 0);
}

static struct tables *bench_tables(guint rules)
{
	struct tables *t = tables_new();

	t->hosts = 1;
	t->self = (struct esc_host){.fabric = 1, .ring_size = PORTS, .hash_seed = 7};
	memcpy(t->self.uplink_mac, world_gateway, 6);
	memcpy(t->self.nexthop_mac, world_gateway, 6);
	world_port(t, 1, 100, OWN, world_blob(t, policy(rules)));
	world_port(t, 2, 100, PEER, world_blob(t, policy(rules)));
	for (guint i = 0; i < 2; i++)
		memcpy(((struct table_port *)t->ports->pdata[i])->port.mac, world_gateway, 6);
	world_route(t, 100, WORLD_ADDR(0, 0), 16, ESC_HOP_NETWORK);
	world_route(t, 100, 0, 0, ESC_HOP_INTERNET);
	add_nat(t, 1, OWN);
	return t;
}

static int map_fd(struct bench *b, const char *name)
{
	return bpf_object__find_map_fd_by_name(b->port->obj, name);
}

static void copy_table(struct bench *b, const char *name)
{
	struct table *t = native_table(b->native, name);
	struct bpf_map *map = bpf_object__find_map_by_name(b->port->obj, name);
	GHashTableIter i;
	gpointer key, value;

	for (guint32 n = 0; t->array && n < MIN(t->entries, bpf_map__max_entries(map)); n++)
		bpf_map_update_elem(bpf_map__fd(map), &n, t->array + (gsize)n * t->value_size, BPF_ANY);
	if (!t->hash)
		return;
	g_hash_table_iter_init(&i, t->hash);
	while (g_hash_table_iter_next(&i, &key, &value))
		bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY);
}

static void load_tables(struct bench *b, guint rules)
{
	static const char *const names[] = {"host",  "ifaces", "ports", "port_word", "blobs", "macs",
	                                    "addrs", "routes", "peers", "endpoints", "dnat",  "snat"};
	g_autoptr(tables) t = bench_tables(rules);

	g_clear_pointer(&b->native, native_free);
	b->native = native_new(t);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		copy_table(b, names[i]);
}

static gboolean bench_open(struct bench *b)
{
	struct bpf_map *map;

	b->port = port_bpf__open();
	b->edge = edge_bpf__open();
	if (!b->port || !b->edge)
		return FALSE;
	bpf_map__set_max_entries(b->port->maps.ifaces, 256);
	b->port->rodata->esc_hz = b->edge->rodata->esc_hz = 250; /* jiffies, as an agent that knows them sets it */
	if (port_bpf__load(b->port))
		return FALSE;
	bpf_object__for_each_map(map, b->edge->obj)
	{
		if (!strchr(bpf_map__name(map), '.') && bpf_map__reuse_fd(map, map_fd(b, bpf_map__name(map))))
			return FALSE;
	}
	b->empty_tc = empty_program(BPF_PROG_TYPE_SCHED_CLS, 2);
	b->empty_xdp = empty_program(BPF_PROG_TYPE_XDP, 1);
	return !edge_bpf__load(b->edge) && b->empty_tc >= 0 && b->empty_xdp >= 0;
}

/* Nanoseconds a run; the verdict of the last must be `want`. */
static double run(int program, const struct frame *f, gboolean skb, guint32 port, int repeat, guint32 want)
{
	struct __sk_buff context = {.ingress_ifindex = 100 + port};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->data, .data_size_in = (guint32)f->length, .repeat = repeat);

	if (skb) {
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
	}
	if (bpf_prog_test_run_opts(program, &opts) || opts.retval != want)
		g_error("a program answered %u instead of %u", opts.retval, want);
	return opts.duration;
}

/* The key after one that goes is asked for before: from the start, each step would walk all empty buckets. */
static void clear_flows(struct bench *b)
{
	struct esc_flow_key key, next;
	int fd = map_fd(b, "flows");

	for (int more = bpf_map_get_next_key(fd, NULL, &key); !more; key = next) {
		more = bpf_map_get_next_key(fd, &key, &next);
		bpf_map_delete_elem(fd, &key);
	}
}

static guint32 ports_taken(struct bench *b)
{
	struct esc_hand hand = {0};
	guint32 port = 1;

	bpf_map_lookup_elem(map_fd(b, "hands"), &port, &hand);
	return hand.snat;
}

/* Every run must have been a first packet: each has taken a source port. */
static double run_first(struct bench *b, guint rules, const struct frame *f)
{
	guint32 before;
	double ns;

	load_tables(b, rules);
	clear_flows(b);
	before = ports_taken(b);
	ns = run(bpf_program__fd(b->port->progs.from_port), f, TRUE, 1, FIRST, 7);
	if (ports_taken(b) - before != FIRST)
		g_error("only %u of %u runs were first packets", ports_taken(b) - before, FIRST);
	return ns;
}

static struct frame packet(guint32 saddr, guint32 daddr, guint8 flags)
{
	struct frame_spec s = {
	        .saddr = saddr, .daddr = daddr, .protocol = 6, .sport = 40000, .dport = 443, .flags = flags};
	struct frame f;

	memcpy(s.smac, world_gateway, 6);
	memcpy(s.dmac, world_gateway, 6);
	frame_build(&f, &s);
	f.length = MAX(f.length, 60);
	return f;
}

enum what { EMPTY_TC, EMPTY_XDP, PORT_HOT, PORT_DROP, PORT_FIRST, PORT_FIRST_1000, EDGE_HOT, EDGE_XDP, WHATS };

static double measure(struct bench *b, enum what what)
{
	struct frame syn = packet(OWN, PEER, FRAME_SYN), ack = packet(OWN, PEER, FRAME_ACK);
	struct frame out = packet(OWN, WORLD_STRANGER, FRAME_SYN), in = packet(WORLD_STRANGER, PUBLIC, FRAME_SYN);
	struct frame in_ack = packet(WORLD_STRANGER, PUBLIC, FRAME_ACK), spoof = packet(PEER, OWN, FRAME_ACK);
	int from_port = bpf_program__fd(b->port->progs.from_port), edge = bpf_program__fd(b->edge->progs.edge_tc);

	switch (what) {
	case EMPTY_TC:
		return run(b->empty_tc, &ack, TRUE, 1, HOT, 2);
	case EMPTY_XDP:
		return run(b->empty_xdp, &ack, FALSE, 0, HOT, 1);
	case PORT_HOT:
		run(from_port, &syn, TRUE, 1, 1, 7);
		return run(from_port, &ack, TRUE, 1, HOT, 7);
	case PORT_DROP:
		return run(from_port, &spoof, TRUE, 1, HOT, 2);
	case PORT_FIRST:
	case PORT_FIRST_1000:
		return run_first(b, what == PORT_FIRST ? 5 : 1000, &out);
	case EDGE_HOT:
		run(edge, &in, TRUE, 0, 1, 7);
		return run(edge, &in_ack, TRUE, 0, HOT, 7);
	default:
		return run(bpf_program__fd(b->edge->progs.edge_xdp), &in_ack, FALSE, 0, HOT, 2);
	}
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_result(const char *name, double value, double empty)
{
	g_print("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"ns/packet\", \"beside\": {\"empty\": %.1f}, \"runs\": "
	        "%d}\n",
	        name, value, empty, ROUNDS);
}

int main(void)
{
	static const char *const names[WHATS] = {
	        [PORT_HOT] = "port.established.hot", [PORT_DROP] = "port.drop.spoofed",
	        [PORT_FIRST] = "port.first",         [PORT_FIRST_1000] = "port.first.1000-rules",
	        [EDGE_HOT] = "edge.established.hot", [EDGE_XDP] = "edge.xdp.endpoint"};
	double samples[WHATS][ROUNDS];
	struct bench b = {0};

	if (!bench_open(&b)) {
		g_printerr("bench_pipeline: cannot load programs: needs root\n");
		return 1;
	}
	for (guint round = 0; round < ROUNDS; round++) {
		load_tables(&b, 5);
		clear_flows(&b);
		for (guint what = 0; what < WHATS; what++)
			samples[what][round] = measure(&b, what);
	}
	for (guint what = 0; what < WHATS; what++)
		qsort(samples[what], ROUNDS, sizeof(double), compare);
	for (guint what = PORT_HOT; what < WHATS; what++)
		print_result(names[what], samples[what][ROUNDS / 2],
		             samples[what == EDGE_XDP ? EMPTY_XDP : EMPTY_TC][ROUNDS / 2]);
	native_free(b.native);
	edge_bpf__destroy(b.edge);
	port_bpf__destroy(b.port);
	return 0;
}
