/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the classifier of a list takes to build and how large it gets: a list of 1000 rules as people write them,
 * and the ClassBench sets of ESCARP_SHARED where they are. A set past the bound says why on standard error.
 */
#include "compile/policy.h"
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

static gboolean parse_line(const char *line, struct policy_rule *r)
{
	guint a[4], al, b[4], bl, s[2], d[2], proto, mask;
	if (sscanf(line, "@%u.%u.%u.%u/%u %u.%u.%u.%u/%u %u : %u %u : %u %x/%x", a, a + 1, a + 2, a + 3, &al, b, b + 1,
	           b + 2, b + 3, &bl, s, s + 1, d, d + 1, &proto, &mask) != 16)
		return FALSE;
	guint32 from = a[0] << 24 | a[1] << 16 | a[2] << 8 | a[3], to = b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
	guint32 from_mask = prefix_mask((guint8)al), to_mask = prefix_mask((guint8)bl);
	policy_add_range(r->source, from & from_mask, from | ~from_mask);
	policy_add_range(r->destination, to & to_mask, to | ~to_mask);
	policy_add_range(r->source_ports, s[0], s[1]);
	policy_add_range(r->destination_ports, d[0], d[1]);
	r->protocol = mask ? (enum rule_protocol)proto : PROTO_ANY;
	return TRUE;
}

static GPtrArray *read_list(const char *path)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	GPtrArray *list = policy_list_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		struct policy_rule *r = policy_rule_new();
		r->allow = i & 1;
		r->number = i + 1;
		if (parse_line(lines[i], r))
			g_ptr_array_add(list, r);
		else
			policy_rule_free(r);
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

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void measure_shared(void)
{
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autofree char *folder = g_build_filename(shared ? shared : SHARED, "corpus", "classbench", "rules", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; dir && (name = g_dir_read_name(dir));)
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
		g_autoptr(GPtrArray) list = read_list(path);
		if (list)
			measure(g_ptr_array_index(names, i), list);
	}
}

int main(void)
{
	g_autoptr(GPtrArray) usual = usual_list();
	measure("usual-1000", usual);
	measure_shared();
	return 0;
}
