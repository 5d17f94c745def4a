/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the classifier of a list takes to build and how large it gets: a list of 1000 rules as people write them,
 * and the ClassBench sets of ESCARP_SHARED where they are. A set past the bound says why on standard error.
 */
#include "tests/unit/compile/classbench.h"
#include "lib/node.h"
#include <stdio.h>
#include <string.h>

static void add_any(GArray *ranges, gboolean any, guint32 first, guint32 last)
{
	policy_add_range(ranges, any ? 0 : first, any ? G_MAXUINT32 : last);
}

/* One service for one subnet, a few denies between, the default at the end. */
static GPtrArray *usual_list(void)
{
	GPtrArray *list = policy_list_new();
	guint32 x = 1;
	for (guint i = 0; i <= 1000; i++) {
		struct policy_rule *r = policy_rule_new();
		gboolean last = i == 1000;
		x = x * 1664525u + 1013904223u;
		guint32 from = 0x0a000000u | (x >> 8 & 0xff) << 16 | (x >> 16 & 3) << 8,
		        to = 0xc0a80000u | (x >> 20 & 63) << 8;
		guint32 port = last ? 0 : x >> 26 & 3 ? 80 + (x >> 12 & 31) : x >> 16;
		add_any(r->source, last, from, from | 0xff);
		add_any(r->destination, last || (x >> 30 & 1), to, to | 0xff);
		policy_add_range(r->source_ports, 0, 65535);
		policy_add_range(r->destination_ports, port, last ? 65535 : port);
		r->protocol = last ? PROTO_ANY : PROTO_TCP;
		r->allow = !last && (x >> 9 & 7);
		r->number = i + 1;
		g_ptr_array_add(list, r);
	}
	return list;
}

static void measure(const char *name, GPtrArray *list)
{
	struct policy_input in = {.lists = {{NULL, NULL}, {list, NULL}}, .name = name};
	double best = G_MAXDOUBLE;
	gsize words = 0;
	g_autoptr(GError) error = NULL;
	for (guint run = 0; run < 3; run++) {
		g_clear_error(&error);
		gint64 start = g_get_monotonic_time();
		g_autoptr(GBytes) blob = policy_build(&in, &error);
		best = MIN(best, (double)(g_get_monotonic_time() - start) / 1000);
		words = blob ? g_bytes_get_size(blob) / 2 : 0;
	}
	if (error) {
		fprintf(stderr, "%s: %u rules, refused after %.0f ms: %s\n", name, list->len, best, error->message);
		return;
	}
	fprintf(stderr, "%s: %u rules, %.1f ms, %zu words\n", name, list->len, best, words);
	printf("{\"name\":\"compile %s\",\"value\":%.1f,\"unit\":\"ms\",\"beside\":{},\"runs\":3}\n", name, best);
	printf("{\"name\":\"blob of %s\",\"value\":%zu,\"unit\":\"KiB\",\"beside\":{},\"runs\":1}\n", name,
	       words / 512);
	fflush(stdout);
}

static void measure_shared(void)
{
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autoptr(GPtrArray) paths = classbench_paths(shared ? shared : SHARED);
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GPtrArray) list = classbench_read(g_ptr_array_index(paths, i));
		if (list)
			measure(strrchr(g_ptr_array_index(paths, i), '/') + 1, list);
	}
}

int main(void)
{
	g_autoptr(GPtrArray) usual = usual_list();
	measure("usual-1000", usual);
	measure_shared();
	return 0;
}
