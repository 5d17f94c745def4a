/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"
#include "explain/table.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include "skeletons.h"
#include "port6.skel.h"
#include "edge6.skel.h"
#include "import.skel.h"
#include "import6.skel.h"

#define KERNEL_PORTS 16u
#define KERNEL_RULES 256u
#define KERNEL_VIPS  32u /* the world's public addresses end below it */

/* Copied from the native twin, since they are the agent's to write. */
static const char *const given[] = {"host",      "ifaces",     "ports",      "port_word", "blobs",      "macs",
                                    "addrs",     "routes",     "peers",      "endpoints", "dnat",       "snat",
                                    "port_past", "ports6",     "addrs6",     "routes6",   "endpoints6", "dnat6",
                                    "snat6",     "forwarders", "forwarders6"};

struct kernel {
	struct port_bpf *port;
	struct edge_bpf *edge;
	struct port6_bpf *port6;
	struct edge6_bpf *edge6;
	struct import_bpf *import;
	struct import6_bpf *import6;
	int cpus;
};

/* The first object that has it: its maps are those of all. */
static struct bpf_map *map_of(struct kernel *k, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(k->port->obj, name);

	if (!map)
		map = bpf_object__find_map_by_name(k->port6->obj, name);
	g_assert_nonnull(map);
	return map;
}

static int fd_of(struct kernel *k, const char *name)
{
	return bpf_map__fd(map_of(k, name));
}

static void set_sizes(struct kernel *k)
{
	bpf_map__set_max_entries(map_of(k, "ports"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "port_word"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "port_past"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "hands"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "budgets"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "limits"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "fragments"), KERNEL_PORTS * ESC_FRAGMENT_SETS);
	bpf_map__set_max_entries(map_of(k, "fragments6"), KERNEL_PORTS * ESC_FRAGMENT_SETS);
	bpf_map__set_max_entries(map_of(k, "vip_fragments"), KERNEL_VIPS * ESC_FRAGMENT_SETS);
	bpf_map__set_max_entries(map_of(k, "vip_fragments6"), KERNEL_VIPS * ESC_FRAGMENT_SETS);
	bpf_map__set_max_entries(map_of(k, "drops"), KERNEL_PORTS * ESC_V_COUNT);
	bpf_map__set_max_entries(map_of(k, "rules"), KERNEL_RULES);
	bpf_map__set_max_entries(map_of(k, "ifaces"), 4096);
	bpf_map__set_max_entries(map_of(k, "rings"), KERNEL_PORTS * 4096);
	bpf_map__set_max_entries(map_of(k, "flows"), 65536 + 1);
	bpf_map__set_max_entries(map_of(k, "blobs"), 131072);
	bpf_map__set_max_entries(map_of(k, "ports6"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "hands6"), KERNEL_PORTS);
	bpf_map__set_max_entries(map_of(k, "rings6"), KERNEL_PORTS * 4096);
	bpf_map__set_max_entries(map_of(k, "flows6"), 65536 + 1);
}

/* A verifier's refusal is a failure of the program, not a kernel that does not let us: nobody must take it for one. */
static gboolean loaded(int error, const char *what)
{
	if (error == -EACCES || error == -E2BIG || error == -EINVAL)
		g_error("this kernel refuses the programs of the %s", what);
	return !error;
}

/* Of bpf/import.bpf.c alone. */
static gboolean is_own(const char *map)
{
	return g_str_has_prefix(map, "arrival") || g_str_has_prefix(map, "scratch_import");
}

/* Maps that an earlier object has are taken from there. */
static gboolean share_maps(struct kernel *k, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		struct bpf_map *first;
		if (strchr(bpf_map__name(map), '.') || is_own(bpf_map__name(map)))
			continue;
		first = map_of(k, bpf_map__name(map));
		if (first != map && bpf_map__reuse_fd(map, bpf_map__fd(first)))
			return FALSE;
	}
	return TRUE;
}

static gboolean put_sibling(struct kernel *k, const char *name, guint32 index, struct bpf_program *program)
{
	int fd = bpf_program__fd(program);

	return !bpf_map_update_elem(fd_of(k, name), &index, &fd, BPF_ANY);
}

static gboolean put_siblings(struct kernel *k)
{
	return put_sibling(k, "siblings", ESC_SIBLING_FRAGMENT, k->port->progs.fragment) &&
	       put_sibling(k, "siblings", ESC_SIBLING_FRAGMENT6, k->port6->progs.fragment6) &&
	       put_sibling(k, "siblings", ESC_SIBLING_PORT, k->port6->progs.from_port6) &&
	       put_sibling(k, "siblings", ESC_SIBLING_OVERLAY, k->port6->progs.from_overlay6) &&
	       put_sibling(k, "siblings", ESC_SIBLING_EDGE, k->edge6->progs.edge_tc6) &&
	       put_sibling(k, "siblings_xdp", 0, k->edge6->progs.edge_xdp6);
}

void kernel_put_siblings(struct kernel *k)
{
	g_assert_true(put_siblings(k));
}

void kernel_forget_siblings(struct kernel *k)
{
	for (guint32 i = 0; i < ESC_SIBLINGS; i++)
		g_assert_cmpint(bpf_map_delete_elem(fd_of(k, "siblings"), &i), ==, 0);
	g_assert_cmpint(bpf_map_delete_elem(fd_of(k, "siblings_xdp"), &(guint32){0}), ==, 0);
}

static gboolean load(struct kernel *k)
{
	k->port = skeleton_port();
	k->edge = skeleton_edge();
	k->port6 = port6_bpf__open();
	k->edge6 = edge6_bpf__open();
	k->import = import_bpf__open();
	k->import6 = import6_bpf__open();
	if (!k->port || !k->edge || !k->port6 || !k->edge6 || !k->import || !k->import6)
		return FALSE;
	set_sizes(k);
	k->port->rodata->esc_test = k->edge->rodata->esc_test = 1;
	k->port6->rodata->esc_test = k->edge6->rodata->esc_test = 1;
	k->import->rodata->esc_test = k->import6->rodata->esc_test = 1;
	return loaded(port_bpf__load(k->port), "ports") && share_maps(k, k->edge->obj) &&
	       loaded(edge_bpf__load(k->edge), "edge") && share_maps(k, k->port6->obj) &&
	       loaded(port6_bpf__load(k->port6), "ports, for IPv6") && share_maps(k, k->edge6->obj) &&
	       loaded(edge6_bpf__load(k->edge6), "edge, for IPv6") && share_maps(k, k->import->obj) &&
	       loaded(import_bpf__load(k->import), "moves") && share_maps(k, k->import6->obj) &&
	       loaded(import6_bpf__load(k->import6), "moves, for IPv6") && put_siblings(k);
}

struct kernel *kernel_open(void)
{
	struct kernel *k = g_new0(struct kernel, 1);
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	k->cpus = libbpf_num_possible_cpus();
	if (load(k))
		return k;
	kernel_close(k);
	return NULL;
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	import6_bpf__destroy(k->import6);
	import_bpf__destroy(k->import);
	edge6_bpf__destroy(k->edge6);
	port6_bpf__destroy(k->port6);
	edge_bpf__destroy(k->edge);
	port_bpf__destroy(k->port);
	g_free(k);
}

static void clear_hash(int fd, gsize key_size)
{
	guint8 key[TABLE_KEY_MAX], next[TABLE_KEY_MAX];

	g_assert_cmpuint(key_size, <=, sizeof(key));
	for (int more = bpf_map_get_next_key(fd, NULL, key); !more; memcpy(key, next, sizeof(key))) {
		more = bpf_map_get_next_key(fd, key, next);
		g_assert_cmpint(bpf_map_delete_elem(fd, key), ==, 0);
	}
}

static void clear_array(struct kernel *k, struct bpf_map *map)
{
	g_autofree guint8 *zero = g_malloc0((gsize)(bpf_map__value_size(map) + 7) / 8 * 8 * k->cpus);

	for (guint32 i = 0; i < bpf_map__max_entries(map); i++)
		bpf_map_update_elem(bpf_map__fd(map), &i, zero, BPF_ANY);
}

void kernel_reset(struct kernel *k)
{
	static const char *const arrays[] = {"ifaces", "ports",     "port_word",  "port_past",     "hands",
	                                     "drops",  "rules",     "budgets",    "ports6",        "hands6",
	                                     "limits", "fragments", "fragments6", "vip_fragments", "vip_fragments6"};
	static const char *const hashes[] = {"macs",  "addrs",  "routes",     "peers",      "endpoints",  "dnat",
	                                     "snat",  "flows",  "addrs6",     "routes6",    "endpoints6", "dnat6",
	                                     "snat6", "flows6", "forwarders", "forwarders6"};

	for (guint i = 0; i < G_N_ELEMENTS(hashes); i++)
		clear_hash(fd_of(k, hashes[i]), bpf_map__key_size(map_of(k, hashes[i])));
	for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
		clear_array(k, map_of(k, arrays[i]));
	k->port->bss->esc_test_now = k->edge->bss->esc_test_now = 0;
	k->port6->bss->esc_test_now = k->edge6->bss->esc_test_now = 0;
	k->import->bss->esc_test_now = k->import6->bss->esc_test_now = 0;
}

static void copy_table(struct kernel *k, const char *name, struct table *t)
{
	struct bpf_map *map = map_of(k, name);
	int fd = bpf_map__fd(map);
	GHashTableIter i;
	gpointer key, value;

	g_assert_cmpuint(t->value_size, ==, bpf_map__value_size(map));
	if (!strcmp(name, "blobs"))
		g_assert_cmpuint(t->entries, <=, bpf_map__max_entries(map));
	if (t->array) {
		for (guint32 n = 0; n < MIN(t->entries, bpf_map__max_entries(map)); n++)
			g_assert_cmpint(bpf_map_update_elem(fd, &n, t->array + (gsize)n * t->value_size, BPF_ANY), ==,
			                0);
		return;
	}
	clear_hash(fd, t->key_size);
	g_hash_table_iter_init(&i, t->hash);
	while (g_hash_table_iter_next(&i, &key, &value))
		g_assert_cmpint(bpf_map_update_elem(fd, key, value, BPF_ANY), ==, 0);
}

void kernel_load(struct kernel *k, struct native *like)
{
	for (guint i = 0; i < G_N_ELEMENTS(given); i++)
		copy_table(k, given[i], native_table(like, given[i]));
}

void kernel_advance(struct kernel *k, guint64 milliseconds)
{
	k->port->bss->esc_test_now += milliseconds;
	k->edge->bss->esc_test_now += milliseconds;
	k->port6->bss->esc_test_now += milliseconds;
	k->edge6->bss->esc_test_now += milliseconds;
	k->import->bss->esc_test_now += milliseconds;
	k->import6->bss->esc_test_now += milliseconds;
}

static void fill_context(struct __sk_buff *skb, const struct twin_in *in, const struct esc_mark *mark)
{
	skb->ingress_ifindex = in->entry == TWIN_PORT ? 100 + in->port : 0;
	skb->gso_segs = in->gso_segs;
	skb->gso_size = in->gso_size;
	if (in->entry == TWIN_OVERLAY) {
		skb->cb[0] = in->vni;
		skb->cb[1] = GUINT32_TO_BE(in->remote);
	}
	if (in->entry == TWIN_EDGE && in->marked)
		memcpy(skb->cb, mark, sizeof(skb->cb));
}

static int program_of(struct kernel *k, enum twin_entry entry)
{
	switch (entry) {
	case TWIN_PORT:
		return bpf_program__fd(k->port->progs.from_port);
	case TWIN_OVERLAY:
		return bpf_program__fd(k->port->progs.from_overlay);
	case TWIN_PROBER:
		return bpf_program__fd(k->port->progs.from_prober);
	case TWIN_EDGE:
		return bpf_program__fd(k->edge->progs.edge_tc);
	default:
		return bpf_program__fd(k->edge->progs.edge_xdp);
	}
}

/* XDP's output starts with the metadata that it left. */
static void take_mark(struct frame *f, guint8 *out, gsize length, struct esc_mark *mark)
{
	memset(mark, 0, sizeof(*mark));
	if (length == f->length + sizeof(*mark)) {
		memcpy(mark, out, sizeof(*mark));
		memmove(out, out + sizeof(*mark), f->length);
	}
}

struct esc_effect kernel_run(struct kernel *k, const struct twin_in *in, struct frame *f, guint32 *returned,
                             struct esc_mark *mark)
{
	guint8 out[FRAME_MAX + 64];
	struct __sk_buff skb = {0};
	struct xdp_md xdp = {.data_end = (guint32)f->length};
	struct esc_effect effect;
	guint32 zero = 0;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->data, .data_size_in = (guint32)f->length, .data_out = out,
	            .data_size_out = sizeof(out));

	fill_context(&skb, in, mark);
	opts.ctx_in = in->entry == TWIN_XDP ? (void *)&xdp : (void *)&skb;
	opts.ctx_size_in = in->entry == TWIN_XDP ? sizeof(xdp) : sizeof(skb);
	int error = bpf_prog_test_run_opts(program_of(k, in->entry), &opts);
	if (error)
		g_error("TEST_RUN of %" G_GSIZE_FORMAT " bytes: %s", f->length, g_strerror(-error));
	if (in->entry == TWIN_XDP) {
		take_mark(f, out, opts.data_size_out, mark);
	} else {
		f->length = MIN(opts.data_size_out, FRAME_MAX);
	}
	memcpy(f->data, out, f->length);
	*returned = opts.retval;
	g_assert_cmpint(bpf_map_lookup_elem(fd_of(k, "effects"), &zero, &effect), ==, 0);
	return effect;
}

static int run_import(int map, const void *record, int program)
{
	guint8 frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	g_assert_cmpint(bpf_map_update_elem(map, &(guint32){0}, record, BPF_ANY), ==, 0);
	g_assert_cmpint(bpf_prog_test_run_opts(program, &opts), ==, 0);
	return (int)opts.retval;
}

int kernel_import(struct kernel *k, const struct esc_moved *m)
{
	return run_import(bpf_map__fd(k->import->maps.arrival), m, bpf_program__fd(k->import->progs.import_flow));
}

int kernel_import6(struct kernel *k, const struct esc_moved6 *m)
{
	return run_import(bpf_map__fd(k->import6->maps.arrival6), m, bpf_program__fd(k->import6->progs.import_flow6));
}

static void compare_hash(struct kernel *k, const char *name, struct table *t)
{
	int fd = fd_of(k, name);
	guint8 key[TABLE_KEY_MAX] = {0}, value[256];
	gpointer previous = NULL;
	guint count = 0;

	while (!bpf_map_get_next_key(fd, previous, key)) {
		gconstpointer other = table_lookup(t, key);
		g_assert_nonnull(other);
		g_assert_cmpint(bpf_map_lookup_elem(fd, key, value), ==, 0);
		g_assert_cmpmem(value, t->value_size, other, t->value_size);
		previous = key;
		count++;
	}
	g_assert_cmpuint(count, ==, g_hash_table_size(t->hash));
}

static void compare_array(struct kernel *k, const char *name, struct table *t)
{
	struct bpf_map *map = map_of(k, name);

	for (guint32 i = 0; i < MIN(t->entries, bpf_map__max_entries(map)); i++) {
		guint8 value[512] = {0};
		g_assert_cmpint(bpf_map_lookup_elem(bpf_map__fd(map), &i, value), ==, 0);
		g_assert_cmpmem(value, t->value_size, t->array + (gsize)i * t->value_size, t->value_size);
	}
}

static void compare_counts(struct kernel *k, const char *name, struct table *t)
{
	struct bpf_map *map = map_of(k, name);
	g_autofree struct esc_count *each = g_new0(struct esc_count, k->cpus);

	for (guint32 i = 0; i < bpf_map__max_entries(map); i++) {
		const struct esc_count *other = table_lookup(t, &i);
		struct esc_count all = {0};
		g_assert_cmpint(bpf_map_lookup_elem(bpf_map__fd(map), &i, each), ==, 0);
		for (int cpu = 0; cpu < k->cpus; cpu++) {
			all.packets += each[cpu].packets;
			all.bytes += each[cpu].bytes;
		}
		g_assert_cmpmem(&all, sizeof(all), other, sizeof(*other));
	}
}

void kernel_compare(struct kernel *k, struct native *n)
{
	compare_hash(k, "flows", native_table(n, "flows"));
	compare_array(k, "hands", native_table(n, "hands"));
	compare_hash(k, "flows6", native_table(n, "flows6"));
	compare_array(k, "hands6", native_table(n, "hands6"));
	compare_array(k, "limits", native_table(n, "limits"));
	compare_array(k, "fragments", native_table(n, "fragments"));
	compare_array(k, "fragments6", native_table(n, "fragments6"));
	compare_counts(k, "drops", native_table(n, "drops"));
	compare_counts(k, "rules", native_table(n, "rules"));
}

guint64 kernel_drops(struct kernel *k, guint32 port, enum esc_verdict v)
{
	g_autofree struct esc_count *each = g_new0(struct esc_count, k->cpus);
	guint32 index = port * ESC_V_COUNT + v;
	guint64 all = 0;

	g_assert_cmpint(bpf_map_lookup_elem(fd_of(k, "drops"), &index, each), ==, 0);
	for (int cpu = 0; cpu < k->cpus; cpu++)
		all += each[cpu].packets;
	return all;
}

struct racer {
	struct kernel *k;
	GArray *frames;
	guint32 port;
	int cpu;
	gint *waiting; /* those not ready yet */
	guint lost;
};

/* Each frame begins when all racers have come to it. */
static gpointer race(gpointer data)
{
	struct racer *r = data;
	guint8 out[FRAME_MAX + 64];
	struct __sk_buff skb = {.ingress_ifindex = 100 + r->port};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(r->cpu, &set);
	g_assert_cmpint(sched_setaffinity(0, sizeof(set), &set), ==, 0);
	for (guint i = 0; i < r->frames->len; i++) {
		struct frame *f = &g_array_index(r->frames, struct frame, i);
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->data, .data_size_in = (guint32)f->length,
		            .data_out = out, .data_size_out = sizeof(out), .ctx_in = &skb, .ctx_size_in = sizeof(skb));
		g_atomic_int_dec_and_test(&r->waiting[i]);
		while (g_atomic_int_get(&r->waiting[i]) > 0)
			;
		g_assert_cmpint(bpf_prog_test_run_opts(program_of(r->k, TWIN_PORT), &opts), ==, 0);
		r->lost += opts.retval != 7; /* TC_ACT_REDIRECT */
	}
	return NULL;
}

static guint count_pairs(struct kernel *k)
{
	struct esc_flow_key key, partner, slot;
	struct esc_flow e, other;
	struct esc_host h;
	gpointer previous = NULL;
	guint32 zero = 0, index;
	guint openers = 0;

	g_assert_cmpint(bpf_map_lookup_elem(fd_of(k, "host"), &zero, &h), ==, 0);
	for (; !bpf_map_get_next_key(fd_of(k, "flows"), previous, &key); previous = &key) {
		g_assert_cmpint(bpf_map_lookup_elem(fd_of(k, "flows"), &key, &e), ==, 0);
		partner = (struct esc_flow_key){e.daddr, e.saddr, e.dport, e.sport, key.proto, ESC_FLOW_FROM, e.peer};
		g_assert_cmpint(bpf_map_lookup_elem(fd_of(k, "flows"), &partner, &other), ==, 0);
		if (e.flags & ESC_FLOW_REPLY)
			continue;
		openers++;
		index = e.owner * h.ring_size + e.ring;
		g_assert_cmpint(bpf_map_lookup_elem(fd_of(k, "rings"), &index, &slot), ==, 0);
		g_assert_cmpmem(&slot, sizeof(slot), &key, sizeof(key));
	}
	return openers;
}

guint kernel_race(struct kernel *k, guint32 port, GArray *frames, guint processors)
{
	g_autofree gint *waiting = g_new0(gint, frames->len);
	struct racer racers[2];
	GThread *threads[2];

	g_assert_cmpuint(processors, <=, G_N_ELEMENTS(racers));
	for (guint i = 0; i < frames->len; i++)
		waiting[i] = (gint)processors;
	for (guint i = 0; i < processors; i++) {
		racers[i] = (struct racer){k, frames, port, (int)i, waiting, 0};
		threads[i] = g_thread_new("racer", race, &racers[i]);
	}
	for (guint i = 0; i < processors; i++) {
		g_thread_join(threads[i]);
		g_test_message("%u packets of %u came between another's two insertions", racers[i].lost, frames->len);
		g_assert_cmpuint(racers[i].lost, <=, processors == 1 ? 0 : frames->len / 4);
	}
	return count_pairs(k);
}
