/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/findings.h"

struct node *findings_read(const char *key, GBytes *value)
{
	g_autoptr(GError) error = NULL;
	gsize size = 0;
	const char *text = value ? g_bytes_get_data(value, &size) : NULL;
	struct node *n;

	if (!size || size > FINDINGS_BYTES)
		return NULL;
	n = node_parse(text, size, key, &error);
	if (!n)
		g_warning("%s", error->message);
	return n;
}

/* Interface id in lower case -> its host + 1. */
static GHashTable *homes(const struct graph *g, const struct alloc *a)
{
	GHashTable *of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < g->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(g->nics, i);
		const struct alloc_port *p = alloc_port(a, nic);

		if (p)
			g_hash_table_insert(of, g_ascii_strdown(nic->noun.id, -1), GUINT_TO_POINTER(p->host + 1));
	}
	return of;
}

static void take(struct health *h, const struct node *told, guint host, GHashTable *home)
{
	const struct node *members = node_get(told, "members");

	for (guint i = 0; i < node_length(members); i++) {
		const struct node *n = node_item(members, i);
		const char *probe = node_get_str(n, "probe", NULL), *nic = node_get_str(n, "nic", NULL);
		g_autofree char *key = nic ? g_ascii_strdown(nic, -1) : NULL;
		const struct health_state state = {node_truth(node_get(n, "down"), FALSE),
		                                   node_integer(node_get(n, "changed"), 0)};

		if (probe && key && GPOINTER_TO_UINT(g_hash_table_lookup(home, key)) == host + 1)
			health_set(h, probe, key, state);
	}
}

struct health *findings_health(struct node *const *told, guint hosts, const struct graph *g, const struct alloc *a)
{
	g_autoptr(GHashTable) home = homes(g, a);
	struct health *h = health_new();

	for (guint host = 0; host < hosts; host++) {
		if (told[host])
			take(h, told[host], host, home);
	}
	return h;
}
