/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a policy of 10,000 rules takes to be compiled and placed in a blobs map, as the agent does it, until the word
 * of its port is flipped; and the same when one rule of it has changed. `beside` tells the parts, and a policy of 1,000.
 * And what policies need of the map.
 * Where no map can be made, plain memory stands for it (and standard error says so).
 */
#include "agent/blobs.h"
#include "bench/sample.h"
#include "compile/policy.h"
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define BLOCKS 262144 /* as many as the agent's map has */
#define ROUNDS 15

static guint64 word; /* the port's */

static void add_rule(GPtrArray *list, guint number, guint32 addr, guint32 mask, guint port)
{
	struct policy_rule *r = policy_rule_new();
	policy_add_range(r->source, 0, G_MAXUINT32);
	policy_add_range(r->destination, addr & ~mask, addr | mask);
	policy_add_range(r->source_ports, 0, 65535);
	policy_add_range(r->destination_ports, port, port ? port + 5 : 65535);
	r->protocol = port ? PROTO_TCP : PROTO_ANY;
	r->allow = TRUE;
	r->number = number;
	g_ptr_array_add(list, r);
}

/* A service of its own in a network of its own each, and what allows the rest. */
static GPtrArray *list_of(guint rules)
{
	GPtrArray *list = policy_list_new();
	for (guint i = 0; i + 1 < rules; i++)
		add_rule(list, i + 1, 0x0b000000u + i * 331u * 256u, 0xff, 1000 + i % 50 * 10);
	add_rule(list, rules, 0, G_MAXUINT32, 0);
	return list;
}

static struct esc_block *map_memory(void)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	gsize size = (gsize)BLOCKS * sizeof(struct esc_block);
	void *memory = MAP_FAILED;
	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "blobs", 4, sizeof(struct esc_block), BLOCKS, &opts);
	if (fd >= 0)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		return memory;
	fprintf(stderr, "no map can be made here: plain memory instead\n");
	return g_malloc0(size);
}

/* Milliseconds until the flip; those of the compiler in *compile. */
static double install(struct blobs *b, GPtrArray *list, double *compile)
{
	struct policy_input in = {.lists = {{list, NULL}, {NULL, NULL}}, .name = "bench"};
	gint64 start = g_get_monotonic_time();
	g_autoptr(GBytes) blob = policy_build(&in, NULL);
	gint64 compiled = g_get_monotonic_time();
	gsize size;
	guint32 slot;
	const void *data = g_bytes_get_data(blob, &size);
	blobs_begin(b);
	if (!blobs_place(b, data, (guint32)(size / sizeof(struct esc_block)), compiled, &slot))
		g_error("no room");
	__atomic_store_n(&word, slot, __ATOMIC_RELEASE);
	gint64 flipped = g_get_monotonic_time();
	blobs_commit(b, flipped - 2 * BLOBS_GRACE_US); /* as if it had rested already */
	*compile = (double)(compiled - start) / 1000;
	return (double)(flipped - start) / 1000;
}

struct work {
	struct esc_block *memory;
	struct blobs b;
	GPtrArray *list;
	double compile; /* of the last installation */
};

static double install_first(gpointer data)
{
	struct work *w = data;
	blobs_clear(&w->b);
	blobs_init(&w->b, w->memory, BLOCKS);
	return install(&w->b, w->list, &w->compile);
}

static double change_one(gpointer data)
{
	struct work *w = data;
	struct policy_rule *r = g_ptr_array_index(w->list, w->list->len / 2);
	r->allow = !r->allow;
	g_array_index(r->destination_ports, struct policy_range, 0).last++;
	return install(&w->b, w->list, &w->compile);
}

struct result {
	double all, compile;
};

static void measure(struct esc_block *memory, guint rules, struct result *first, struct result *change)
{
	double samples[4][ROUNDS];
	struct work w = {.memory = memory, .list = list_of(rules)};
	for (guint i = 0; i < ROUNDS; i++) {
		samples[0][i] = sample_take(install_first, &w);
		samples[1][i] = w.compile;
		samples[2][i] = sample_take(change_one, &w);
		samples[3][i] = w.compile;
	}
	*first = (struct result){sample_median(samples[0], ROUNDS), sample_median(samples[1], ROUNDS)};
	*change = (struct result){sample_median(samples[2], ROUNDS), sample_median(samples[3], ROUNDS)};
	blobs_clear(&w.b);
	g_ptr_array_unref(w.list);
}

/* 10,000 ports whose policies are made one by one, of 100 rules each and all the same: what they need of the map. */
static void measure_memory(struct esc_block *memory)
{
	g_autoptr(GPtrArray) list = list_of(100);
	struct policy_input in = {.lists = {{list, NULL}, {list, NULL}}, .name = "bench"};
	guint32 slot, one = 0;
	struct blobs b;
	blobs_init(&b, memory, BLOCKS);
	blobs_begin(&b);
	for (guint port = 0; port < 10000; port++) {
		g_autoptr(GBytes) blob = policy_build(&in, NULL);
		gsize size;
		const void *data = g_bytes_get_data(blob, &size);
		if (!blobs_place(&b, data, (guint32)(size / sizeof(struct esc_block)), 0, &slot))
			g_error("no room");
		one = port ? one : blobs_used(&b);
	}
	printf("{\"name\":\"policy.memory.10000x100\",\"value\":%.1f,\"unit\":\"KiB\",\"beside\":{\"one-port\":%.1f},"
	       "\"runs\":1}\n",
	       blobs_used(&b) / 16.0, one / 16.0);
	blobs_clear(&b);
}

static void print_result(const char *name, const struct result *r, const struct result *thousand)
{
	printf("{\"name\":\"%s\",\"value\":%.2f,\"unit\":\"ms\",\"beside\":{\"compile\":%.2f,\"rules1000\":%.2f},"
	       "\"runs\":%d}\n",
	       name, r->all, r->compile, thousand->all, ROUNDS);
}

int main(void)
{
	struct esc_block *memory = map_memory();
	struct result first, change, first_1000, change_1000;
	sample_pin();
	measure(memory, 1000, &first_1000, &change_1000);
	measure(memory, 10000, &first, &change);
	print_result("policy.install.10000", &first, &first_1000);
	print_result("policy.change.one", &change, &change_1000);
	measure_memory(memory);
	fprintf(stderr, "%u samples discarded because of others' use of the processor, %u kept in spite of it\n",
	        sample_discarded(), sample_disturbed());
	return 0;
}
