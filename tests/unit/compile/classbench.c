/* SPDX-License-Identifier: Apache-2.0 */
#include "classbench.h"
#include <stdio.h>
#include <string.h>

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

GPtrArray *classbench_read(const char *path)
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

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *classbench_paths(const char *shared)
{
	g_autofree char *folder = g_build_filename(shared, "corpus", "classbench", "rules", NULL);
	GDir *dir = g_dir_open(folder, 0, NULL);
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; dir && (name = g_dir_read_name(dir));)
		g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
	g_ptr_array_sort(paths, compare_names);
	if (dir)
		g_dir_close(dir);
	return paths;
}
