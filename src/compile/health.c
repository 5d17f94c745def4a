/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

struct health {
	GHashTable *states; /* "probe nic" in lower case -> struct health_state */
};

struct health *health_new(void)
{
	struct health *h = g_new0(struct health, 1);

	h->states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return h;
}

void health_free(struct health *h)
{
	if (!h)
		return;
	g_hash_table_unref(h->states);
	g_free(h);
}

static char *key_of(const char *probe, const char *nic)
{
	g_autofree char *both = g_strdup_printf("%s %s", probe, nic);

	return g_ascii_strdown(both, -1);
}

void health_set(struct health *h, const char *probe, const char *nic, struct health_state state)
{
	g_hash_table_insert(h->states, key_of(probe, nic), g_memdup2(&state, sizeof state));
}

struct health_state health_get(const struct health *h, const char *probe, const char *nic)
{
	g_autofree char *key = h ? key_of(probe, nic) : NULL;
	const struct health_state *s = h ? g_hash_table_lookup(h->states, key) : NULL;

	return s ? *s : (struct health_state){FALSE, 0};
}
