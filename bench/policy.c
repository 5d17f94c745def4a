/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a policy of 10,000 rules takes to be compiled and placed in a blobs map, as the agent does it, until the word
 * of its port is flipped; and the same when one rule of it has changed. `beside` tells the parts, and a policy of 1,000.
 * Where no map can be made, plain memory stands for it (and standard error says so).
 */
#include "agent/blobs.h"
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

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof *values, compare_doubles);
	return values[ROUNDS / 2];
}

struct result {
	double first, first_compile, change, change_compile;
};

static struct result measure(struct esc_block *memory, guint rules)
{
	double first[ROUNDS], first_compile[ROUNDS], change[ROUNDS], change_compile[ROUNDS];
	g_autoptr(GPtrArray) list = list_of(rules);
	for (guint i = 0; i < ROUNDS; i++) {
		struct policy_rule *r = g_ptr_array_index(list, rules / 2);
		struct blobs b;
		blobs_init(&b, memory, BLOCKS);
		first[i] = install(&b, list, &first_compile[i]);
		r->allow = !r->allow;
		g_array_index(r->destination_ports, struct policy_range, 0).last++;
		change[i] = install(&b, list, &change_compile[i]);
		blobs_clear(&b);
	}
	return (struct result){median(first), median(first_compile), median(change), median(change_compile)};
}

int main(void)
{
	struct esc_block *memory = map_memory();
	struct result thousand = measure(memory, 1000), r = measure(memory, 10000);
	printf("{\"name\":\"policy.install.10000\",\"value\":%.2f,\"unit\":\"ms\",\"beside\":{\"compile\":%.2f,"
	       "\"rules1000\":%.2f},\"runs\":%d}\n",
	       r.first, r.first_compile, thousand.first, ROUNDS);
	printf("{\"name\":\"policy.change.one\",\"value\":%.2f,\"unit\":\"ms\",\"beside\":{\"compile\":%.2f,"
	       "\"rules1000\":%.2f},\"runs\":%d}\n",
	       r.change, r.change_compile, thousand.change, ROUNDS);
	return 0;
}
