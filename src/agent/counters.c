/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/counters.h"

#include "agent/internal.h"

#include "abi/verdict.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* One row of a per-CPU array. */
static struct esc_count sum(int map, guint32 index)
{
	int cpus = libbpf_num_possible_cpus();
	g_autofree struct esc_count *rows = g_new0(struct esc_count, (gsize)MAX(cpus, 1));
	struct esc_count total = {0};

	if (cpus < 1 || bpf_map_lookup_elem(map, &index, rows))
		return total;
	for (int i = 0; i < cpus; i++) {
		total.packets += rows[i].packets;
		total.bytes += rows[i].bytes;
	}
	return total;
}

struct esc_count counters_dropped(const struct agent *a, guint port, guint verdict)
{
	return sum(a->objects->drops, port * ESC_V_COUNT + verdict);
}

struct esc_count counters_rule(const struct agent *a, guint number)
{
	return sum(a->objects->rules, number);
}
