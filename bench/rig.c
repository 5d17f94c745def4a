/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rig.h"
#include "explain/native.h"
#include "explain/table.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include "bench.skel.h"
#include "skeletons.h"

#define HOT    1000000
#define RANDOM 300000
#define RING   65536
#define RANGE  32768 /* source ports: more than RIG_FIRST */
#define RANGED WORLD_ADDR(1, 6)
#define DPORT  443
#define BATCH  65536

struct rig {
	struct port_bpf *port;
	struct edge_bpf *edge;
	struct bench_bpf *bench;
	struct native *native;
	GHashTable *blobs; /* number of rules -> GBytes */
	int empty_xdp;
};

/* Rule i of the list: 50 ports in one /24 each, from 11.0.0.0 to 61.0.0.0. */
static guint32 rule_prefix(guint i)
{
	return 0x0b000000u + i * 331u * 256u;
}

static guint16 rule_port(guint i)
{
	return (guint16)(1000 + i % 50 * 10);
}

static GBytes *policy(struct rig *r, guint rules)
{
	struct policy_input in = {.name = "bench"};
	g_autoptr(GPtrArray) out = policy_list_new();
	g_autoptr(GError) error = NULL;
	GBytes *blob = g_hash_table_lookup(r->blobs, GUINT_TO_POINTER(rules));

	if (blob)
		return g_bytes_ref(blob);
	for (guint i = 0; i + 1 < rules; i++)
		g_ptr_array_add(out, world_rule(i + 1, TRUE, DIR_OUT, rule_prefix(i), 24, PROTO_TCP, rule_port(i),
		                                (guint16)(rule_port(i) + 5)));
	g_ptr_array_add(out, world_rule(rules, TRUE, DIR_OUT, 0, 0, PROTO_ANY, 0, 65535));
	in.lists[DIR_OUT][0] = out;
	blob = policy_build(&in, &error);
	g_assert_no_error(error);
	g_hash_table_insert(r->blobs, GUINT_TO_POINTER(rules), g_bytes_ref(blob));
	return blob;
}

static void add_snat(struct tables *t, guint32 port, guint32 addr, guint16 first, guint16 count)
{
	struct table_snat s = {.key = {port, GUINT32_TO_BE(addr)}, .value = {GUINT32_TO_BE(addr), first, count}};

	g_array_append_val(t->snat, s);
}

static struct tables *tables_of(struct rig *r, guint rules)
{
	struct tables *t = tables_new();
	struct table_endpoint e = {.key = {.vip = GUINT32_TO_BE(RIG_PUBLIC)},
	                           .value = {.kind = ESC_EP_ONE, .one = {.port = 2}}};
	guint32 blob = world_blob(t, policy(r, rules)), open = world_blob(t, policy(r, 1));

	t->hosts = 1;
	t->self = (struct esc_host){.fabric = 1, .ring_size = RING, .hash_seed = 7};
	memcpy(t->self.uplink_mac, world_gateway, 6);
	memcpy(t->self.nexthop_mac, world_gateway, 6);
	world_port(t, 1, 100, RIG_OWN, blob);
	world_port(t, 2, 100, RIG_PEER, open);
	world_port(t, 3, 100, RANGED, blob);
	for (guint i = 0; i < t->ports->len; i++)
		memcpy(((struct table_port *)t->ports->pdata[i])->port.mac, world_gateway, 6);
	world_route(t, 100, WORLD_ADDR(0, 0), 16, ESC_HOP_NETWORK);
	world_route(t, 100, 0, 0, ESC_HOP_INTERNET);
	add_snat(t, 1, RIG_OWN, 0, 0);
	add_snat(t, 3, RANGED, 1024, RANGE);
	g_array_append_val(t->endpoints, e);
	world_dnat(t, 2, RIG_PUBLIC, 0, 0, RIG_PUBLIC, 0, 0);
	return t;
}

static int map_fd(struct rig *r, const char *name)
{
	return bpf_object__find_map_fd_by_name(r->port->obj, name);
}

static void copy_table(struct rig *r, const char *name)
{
	struct table *t = native_table(r->native, name);
	struct bpf_map *map = bpf_object__find_map_by_name(r->port->obj, name);
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

static void clear(int fd)
{
	g_autofree struct esc_flow_key *keys = g_new(struct esc_flow_key, BATCH);
	g_autofree struct esc_flow *values = g_new(struct esc_flow, BATCH);

	for (int error = 0; !error;) {
		guint32 count = BATCH;
		guint64 batch = 0;
		error = bpf_map_lookup_and_delete_batch(fd, NULL, &batch, keys, values, &count, NULL);
		if (error && error != -ENOENT)
			g_error("cannot clear a map: %s", g_strerror(-error));
		error = error || !count;
	}
}

void rig_tables(struct rig *r, guint rules)
{
	static const char *const names[] = {"host",   "ifaces", "ports",     "port_word", "blobs", "macs",      "addrs",
	                                    "routes", "peers",  "endpoints", "dnat",      "snat",  "forwarders"};
	g_autoptr(tables) t = tables_of(r, rules);

	g_clear_pointer(&r->native, native_free);
	r->native = native_new(t);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		copy_table(r, names[i]);
	clear(map_fd(r, "flows"));
	clear(bpf_map__fd(r->bench->maps.beside));
}

/* Destinations and ports on both sides of every rule's borders. */
static void put_headers(struct rig *r)
{
	struct header {
		guint32 daddr;
		guint16 dport, pad;
	} h = {0};

	for (guint32 i = 0; i < 65536; i++) {
		guint rule = i * 7919u % RIG_RULES;
		static const gint32 addrs[] = {-1, 0, 255, 256};
		static const gint16 ports[] = {-1, 0, 5, 6};
		h.daddr = GUINT32_TO_BE(rule_prefix(rule) + (guint32)addrs[i / 4 % 4]);
		h.dport = GUINT16_TO_BE((guint16)(rule_port(rule) + ports[i % 4]));
		bpf_map_update_elem(bpf_map__fd(r->bench->maps.headers), &i, &h, BPF_ANY);
	}
}

static void put_programs(struct rig *r)
{
	const int programs[] = {
	        [RIG_NOTHING] = bpf_program__fd(r->bench->progs.nothing),
	        [RIG_MINIMAL] = bpf_program__fd(r->bench->progs.minimal),
	        [RIG_INSERTER] = bpf_program__fd(r->bench->progs.inserter),
	        [RIG_PORT] = bpf_program__fd(r->port->progs.from_port),
	};

	for (guint32 i = 0; i < G_N_ELEMENTS(programs); i++)
		if (bpf_map_update_elem(bpf_map__fd(r->bench->maps.programs), &i, &programs[i], BPF_ANY))
			g_error("a program does not fit behind vary");
}

static int load_empty_xdp(void)
{
	const struct bpf_insn code[] = {
	        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
	        {.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "empty", "GPL", code, G_N_ELEMENTS(code), NULL);
}

static gboolean rig_load(struct rig *r)
{
	struct bpf_map *map;

	r->port = skeleton_port();
	r->edge = skeleton_edge();
	r->bench = bench_bpf__open();
	if (!r->port || !r->edge || !r->bench)
		return FALSE;
	bpf_map__set_max_entries(r->port->maps.ifaces, 256);
	r->port->rodata->esc_hz = r->edge->rodata->esc_hz = 250; /* jiffies, as an agent that knows them sets it */
	if (port_bpf__load(r->port))
		return FALSE;
	bpf_object__for_each_map(map, r->edge->obj)
	{
		if (!strchr(bpf_map__name(map), '.') && bpf_map__reuse_fd(map, map_fd(r, bpf_map__name(map))))
			return FALSE;
	}
	if (edge_bpf__load(r->edge) || bpf_map__reuse_fd(r->bench->maps.flows, map_fd(r, "flows")) ||
	    bpf_map__set_max_entries(r->bench->maps.beside, bpf_map__max_entries(r->port->maps.flows)) ||
	    bench_bpf__load(r->bench))
		return FALSE;
	r->empty_xdp = load_empty_xdp();
	return r->empty_xdp >= 0;
}

struct rig *rig_open(void)
{
	struct rig *r = g_new0(struct rig, 1);

	r->blobs = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
	if (!rig_load(r)) {
		rig_close(r);
		return NULL;
	}
	put_headers(r);
	put_programs(r);
	return r;
}

void rig_close(struct rig *r)
{
	g_clear_pointer(&r->native, native_free);
	bench_bpf__destroy(r->bench);
	edge_bpf__destroy(r->edge);
	port_bpf__destroy(r->port);
	g_hash_table_unref(r->blobs);
	g_free(r);
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

static struct frame packet(guint32 saddr, guint32 daddr, guint16 sport, guint16 dport, guint8 flags)
{
	struct frame_spec s = {
	        .saddr = saddr, .daddr = daddr, .protocol = 6, .sport = sport, .dport = dport, .flags = flags};
	struct frame f;

	memcpy(s.smac, world_gateway, 6);
	memcpy(s.dmac, world_gateway, 6);
	frame_build(&f, &s);
	f.length = MAX(f.length, 60);
	return f;
}

/* One connection through its handshake: what its opener's entry is like then. */
static struct esc_flow established(struct rig *r)
{
	struct frame syn = packet(RIG_OWN, RIG_PEER, 0, DPORT, FRAME_SYN);
	struct frame both = packet(RIG_PEER, RIG_OWN, DPORT, 0, FRAME_SYN | FRAME_ACK);
	struct frame ack = packet(RIG_OWN, RIG_PEER, 0, DPORT, FRAME_ACK);
	struct esc_flow_key key = {.saddr = GUINT32_TO_BE(RIG_OWN),
	                           .daddr = GUINT32_TO_BE(RIG_PEER),
	                           .dport = GUINT16_TO_BE(DPORT),
	                           .proto = 6,
	                           .port = 1};
	int from_port = bpf_program__fd(r->port->progs.from_port);
	struct esc_flow e;

	run(from_port, &syn, TRUE, 1, 1, TC_ACT_REDIRECT);
	run(from_port, &both, TRUE, 2, 1, TC_ACT_REDIRECT);
	run(from_port, &ack, TRUE, 1, 1, TC_ACT_REDIRECT);
	if (bpf_map_lookup_elem(map_fd(r, "flows"), &key, &e))
		g_error("the connection was not established");
	return e;
}

static void put_batch(int fd, const struct esc_flow_key *keys, const struct esc_flow *values, guint32 count)
{
	if (bpf_map_update_batch(fd, keys, values, &count, NULL))
		g_error("cannot fill a map");
}

/* As vary chooses them: flow n has the source port n, and every 65,536 a further destination. */
void rig_fill(struct rig *r, guint flows)
{
	g_autofree struct esc_flow_key *keys = g_new0(struct esc_flow_key, BATCH);
	g_autofree struct esc_flow *values = g_new(struct esc_flow, BATCH);
	struct esc_flow e;

	clear(map_fd(r, "flows")); /* what else was made would not leave room */
	e = established(r);
	for (guint n = 0; n < flows; n += BATCH) {
		guint32 count = MIN(BATCH, flows - n);
		for (guint32 i = 0; i < count; i++) {
			keys[i] = (struct esc_flow_key){.saddr = GUINT32_TO_BE(RIG_OWN),
			                                .daddr = GUINT32_TO_BE(RIG_PEER + n / BATCH),
			                                .sport = (guint16)i,
			                                .dport = GUINT16_TO_BE(DPORT),
			                                .proto = 6,
			                                .port = 1};
			values[i] = e;
			values[i].daddr = keys[i].daddr;
			values[i].sport = keys[i].sport;
		}
		put_batch(map_fd(r, "flows"), keys, values, count);
		put_batch(bpf_map__fd(r->bench->maps.beside), keys, values, count);
	}
}

double rig_established(struct rig *r, enum rig_program program, guint flows)
{
	struct frame ack = packet(RIG_OWN, RIG_PEER, 0, DPORT, FRAME_ACK);

	r->bench->bss->which = program;
	r->bench->bss->flow_mask = flows - 1;
	r->bench->bss->daddr = GUINT32_TO_BE(RIG_PEER);
	return run(bpf_program__fd(r->bench->progs.vary), &ack, TRUE, 1, RANDOM, TC_ACT_REDIRECT);
}

/* No flows, and the ring's hand at the start of its first round. */
static void begin_first(struct rig *r, guint32 port)
{
	struct esc_hand hand = {0};

	clear(map_fd(r, "flows"));
	bpf_map_update_elem(map_fd(r, "hands"), &port, &hand, BPF_ANY);
}

/* Every run must have been a first packet: each has taken a slot of the empty ring at once. */
static void end_first(struct rig *r, guint32 port)
{
	struct esc_hand hand = {0};

	bpf_map_lookup_elem(map_fd(r, "hands"), &port, &hand);
	if (hand.ring != RIG_FIRST)
		g_error("%u slots were taken by %u first packets", hand.ring, RIG_FIRST);
}

double rig_first(struct rig *r, enum rig_program program, guint headers)
{
	struct frame syn = packet(RIG_OWN, WORLD_STRANGER, 0, DPORT, FRAME_SYN);
	double ns;

	begin_first(r, 1);
	r->bench->bss->which = program;
	r->bench->bss->first_mask = headers - 1;
	ns = run(bpf_program__fd(r->bench->progs.vary_first), &syn, TRUE, 1, RIG_FIRST, TC_ACT_REDIRECT);
	if (program == RIG_PORT)
		end_first(r, 1);
	return ns;
}

/* Each run leaves a new source port in the packet, which the next run takes for a new connection. */
double rig_first_translated(struct rig *r)
{
	struct frame syn = packet(RANGED, WORLD_STRANGER, 40000, DPORT, FRAME_SYN);
	double ns;

	begin_first(r, 3);
	ns = run(bpf_program__fd(r->port->progs.from_port), &syn, TRUE, 3, RIG_FIRST, TC_ACT_REDIRECT);
	end_first(r, 3);
	return ns;
}

double rig_hot(struct rig *r, enum rig_program program)
{
	struct frame ack = packet(RIG_OWN, RIG_PEER, 0, DPORT, FRAME_ACK);
	int fd = program == RIG_PORT      ? bpf_program__fd(r->port->progs.from_port)
	         : program == RIG_MINIMAL ? bpf_program__fd(r->bench->progs.minimal)
	                                  : bpf_program__fd(r->bench->progs.nothing);

	return run(fd, &ack, TRUE, 1, HOT, TC_ACT_REDIRECT);
}

double rig_spoofed(struct rig *r)
{
	struct frame f = packet(RIG_PEER, RIG_OWN, 40000, DPORT, FRAME_ACK);

	return run(bpf_program__fd(r->port->progs.from_port), &f, TRUE, 1, HOT, TC_ACT_SHOT);
}

double rig_edge(struct rig *r)
{
	struct frame syn = packet(WORLD_STRANGER, RIG_PUBLIC, 40000, DPORT, FRAME_SYN);
	struct frame both = packet(RIG_PUBLIC, WORLD_STRANGER, DPORT, 40000, FRAME_SYN | FRAME_ACK);
	struct frame ack = packet(WORLD_STRANGER, RIG_PUBLIC, 40000, DPORT, FRAME_ACK);
	int edge = bpf_program__fd(r->edge->progs.edge_tc);

	run(edge, &syn, TRUE, 0, 1, TC_ACT_REDIRECT);
	run(bpf_program__fd(r->port->progs.from_port), &both, TRUE, 2, 1, TC_ACT_REDIRECT);
	return run(edge, &ack, TRUE, 0, HOT, TC_ACT_REDIRECT);
}

double rig_edge_xdp(struct rig *r)
{
	struct frame ack = packet(WORLD_STRANGER, RIG_PUBLIC, 40000, DPORT, FRAME_ACK);

	return run(bpf_program__fd(r->edge->progs.edge_xdp), &ack, FALSE, 0, HOT, 2);
}

double rig_empty_xdp(struct rig *r)
{
	struct frame ack = packet(WORLD_STRANGER, RIG_PUBLIC, 40000, DPORT, FRAME_ACK);

	return run(r->empty_xdp, &ack, FALSE, 0, HOT, 1);
}
