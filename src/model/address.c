/* SPDX-License-Identifier: Apache-2.0 */
/* Declared private addresses: inside their subnet, not reserved, and one holder each in a network. */
#include "model/network.h"

void address_check_inside(const struct spot *s, const char *dotted, const struct subnet *subnet, guint32 address)
{
	g_autofree char *text = ip_format(address);

	for (guint i = 0; i < subnet->prefixes->len; i++) {
		struct prefix p = g_array_index(subnet->prefixes, struct prefix, i);
		g_autofree char *space = prefix_format(p);

		if (!prefix_has(p, address))
			continue;
		if (address < p.addr + 4 || address == prefix_last(p))
			spot_error(s, dotted, "%s is one of the five reserved addresses of %s; choose another", text,
			           space);
		return;
	}
	/* A subnet whose prefix was refused has had its error. */
	if (subnet->prefixes->len > 0)
		spot_error(s, dotted, "%s is not in subnet '%s'; choose an address inside it", text, subnet->noun.name);
}

void address_check_inside6(const struct spot *s, const char *dotted, const struct subnet *subnet, struct ip6 address)
{
	g_autofree char *text = ip6_format(address);

	for (guint i = 0; i < subnet->prefixes6->len; i++) {
		struct prefix6 p = g_array_index(subnet->prefixes6, struct prefix6, i);
		g_autofree char *space = prefix6_format(p);

		if (!prefix6_has(p, address))
			continue;
		if (ip6_compare(address, ip6_add(p.addr, 4)) < 0)
			spot_error(s, dotted, "%s is one of the four reserved addresses of %s; choose another", text,
			           space);
		return;
	}
	if (subnet->prefixes6->len > 0)
		spot_error(s, dotted, "%s is not in subnet '%s'; choose an address inside it", text, subnet->noun.name);
}

/* Takes ownership of `text`, an address. */
static void claim(struct build *b, GHashTable *holders, const struct subnet *subnet, char *text,
                  const struct noun *holder, const struct noun *named)
{
	g_autofree char *address = text;
	g_autofree char *key = g_strdup_printf("%p %s", (const void *)subnet->network, address);
	const struct noun *other = g_hash_table_lookup(holders, key);
	struct spot s = noun_spot(b, holder);

	if (other) {
		g_autofree char *where = noun_where(other);

		spot_error(&s, "properties.privateIPAddress", "%s already belongs to %s; choose another", address,
		           where);
		return;
	}
	g_hash_table_insert(holders, g_steal_pointer(&key), (gpointer)named);
}

static void claim_nic(struct build *b, GHashTable *holders, const struct nic *n)
{
	for (guint k = 0; k < n->configs->len; k++) {
		const struct ip_config *c = n->configs->pdata[k];

		if (c->subnet && c->address)
			claim(b, holders, c->subnet, ip_format(c->address), &c->noun, &n->noun);
	}
	for (guint k = 0; k < n->configs6->len; k++) {
		const struct ip_config *c = n->configs6->pdata[k];

		if (c->subnet && c->is_static)
			claim(b, holders, c->subnet, ip6_format(c->address6), &c->noun, &n->noun);
	}
}

void address_check(struct build *b)
{
	g_autoptr(GHashTable) holders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct graph *g = b->graph;

	for (guint i = 0; i < g->nics->len; i++)
		claim_nic(b, holders, g->nics->pdata[i]);
	for (guint i = 0; i < g->load_balancers->len; i++) {
		const struct load_balancer *l = g->load_balancers->pdata[i];

		for (guint k = 0; k < l->frontends->len; k++) {
			const struct frontend *f = l->frontends->pdata[k];

			if (f->subnet && f->address)
				claim(b, holders, f->subnet, ip_format(f->address), &f->noun, &f->noun);
			else if (f->subnet && f->v6 && f->is_static)
				claim(b, holders, f->subnet, ip6_format(f->address6), &f->noun, &f->noun);
		}
	}
}
