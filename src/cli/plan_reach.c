/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers and who may reach whom, as data with names that people know. */
#include "cli/plan_reach.h"

#include "cli/plan.h"
#include "prove/ports.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define NAMED_MEMBERS       3 /* of a tier that is but part of its subnet */

struct names {
	const struct graph *g;
	GHashTable *tiers;      /* struct tier -> name, owned */
	GHashTable *subnets[2]; /* of IPv4 and of IPv6: struct subnet -> how many tiers */
};

static void count(GHashTable *table, gpointer key)
{
	g_hash_table_replace(table, key, GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(table, key)) + 1));
}

char *plan_subnet_name(const struct graph *g, const struct subnet *s)
{
	const struct noun *network = &s->network->noun;
	gboolean twin = FALSE;

	if (g->networks->len == 1)
		return g_strdup(s->noun.name);
	for (guint i = 0; i < g->networks->len; i++) {
		const struct network *other = NTH(g->networks, struct network, i);

		twin |= other != s->network && g_ascii_strcasecmp(other->noun.name, network->name) == 0;
	}
	if (!twin)
		return g_strdup_printf("%s/%s", network->name, s->noun.name);
	return g_strdup_printf("%s/%s/%s/%s", network->subscription, network->group, network->name, s->noun.name);
}

char *plan_members(const struct graph *g, const GPtrArray *configs)
{
	GString *members = g_string_new(NULL);

	for (guint i = 0; i < MIN(configs->len, NAMED_MEMBERS); i++) {
		g_autofree char *label = graph_vm_label(g, NTH(configs, struct ip_config, i)->nic->vm);

		g_string_append_printf(members, "%s%s", i ? ", " : "", label);
	}
	if (configs->len > NAMED_MEMBERS)
		g_string_append_printf(members, ", +%u", configs->len - NAMED_MEMBERS);
	return g_string_free(members, FALSE);
}

static char *tier_name(const struct names *n, const struct tier *t)
{
	g_autofree char *subnet = plan_subnet_name(n->g, t->subnet);
	g_autofree char *members = NULL;

	const char *family = t->v6 ? " IPv6" : "";

	if (GPOINTER_TO_UINT(g_hash_table_lookup(n->subnets[t->v6], t->subnet)) == 1)
		return g_strconcat(subnet, family, NULL);
	members = plan_members(n->g, t->members);
	return g_strdup_printf("%s%s (%s)", subnet, family, members);
}

static void names_init(struct names *n, const struct graph *g, const struct reach *r)
{
	n->g = g;
	n->tiers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	for (guint v6 = 0; v6 < 2; v6++)
		n->subnets[v6] = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < r->tiers->len; i++)
		count(n->subnets[NTH(r->tiers, struct tier, i)->v6], (gpointer)NTH(r->tiers, struct tier, i)->subnet);
	for (guint i = 0; i < r->tiers->len; i++) {
		struct tier *t = NTH(r->tiers, struct tier, i);

		g_hash_table_insert(n->tiers, t, tier_name(n, t));
	}
}

static void names_clear(struct names *n)
{
	g_hash_table_unref(n->tiers);
	g_hash_table_unref(n->subnets[0]);
	g_hash_table_unref(n->subnets[1]);
}

static struct node *tier_node(const struct names *n, const struct tier *t)
{
	struct node *o = node_object(), *instances = node_array();

	node_set(o, "name", node_string(g_hash_table_lookup(n->tiers, t)));
	node_set(o, "network", node_string(t->network->noun.name));
	node_set(o, "subnet", node_string(t->subnet->noun.name));
	node_set(o, "family", node_string(t->v6 ? "IPv6" : "IPv4"));
	node_set(o, "subnet_security_group", t->subnet->group ? node_string(t->subnet->group->noun.name) : node_null());
	node_set(o, "security_group", t->group ? node_string(t->group->noun.name) : node_null());
	for (guint i = 0; i < t->members->len; i++)
		node_append(instances,
		            node_take_string(graph_vm_label(n->g, NTH(t->members, struct ip_config, i)->nic->vm)));
	node_set(o, "instances", instances);
	return o;
}

struct node *plan_port_list(const GArray *ports)
{
	struct node *list = node_array();

	for (guint i = 0; i < ports->len; i++) {
		struct port_range r = g_array_index(ports, struct port_range, i);

		node_append(list, node_take_string(plan_ports(r.first, r.last)));
	}
	return list;
}

static struct node *addresses_node(const GArray *ranges)
{
	struct node *list = node_array();

	if (!ranges)
		node_append(list, node_string("*"));
	for (guint i = 0; ranges && i < ranges->len; i++) {
		struct address_range r = g_array_index(ranges, struct address_range, i);

		node_append(list, node_take_string(plan_range(r)));
	}
	return list;
}

static gboolean is_joined(const struct passage *a, const struct passage *b)
{
	return a->from == b->from && a->to == b->to && ports_equal(a->ports, b->ports) && passage_same_addresses(a, b);
}

static struct node *passage_node(const struct names *n, const struct passage *p)
{
	struct node *o = node_object();

	node_set(o, "from", node_string(g_hash_table_lookup(n->tiers, p->from)));
	node_set(o, "to", node_string(p->to ? g_hash_table_lookup(n->tiers, p->to) : "Internet"));
	node_set(o, "protocols", node_array());
	node_set(o, "ports", plan_port_list(p->ports));
	node_set(o, "addresses", addresses_node(p->addresses));
	return o;
}

/* Protocols with the same ports between the same two share a row. Of one pair the passages stand together. */
static struct node *passages_node(const struct names *n, const struct reach *r)
{
	struct node *list = node_array();
	g_autofree gboolean *done = g_new0(gboolean, r->passages->len + 1);

	for (guint i = 0; i < r->passages->len; i++) {
		const struct passage *p = r->passages->pdata[i];
		struct node *o, *protocols;

		if (done[i])
			continue;
		o = passage_node(n, p);
		protocols = node_get(o, "protocols");
		for (guint k = i; k < r->passages->len; k++) {
			const struct passage *q = r->passages->pdata[k];

			if (q->from != p->from || q->to != p->to)
				break;
			if (!done[k] && is_joined(p, q)) {
				node_append(protocols, node_string(plan_protocol(q->protocol)));
				done[k] = TRUE;
			}
		}
		node_append(list, o);
	}
	return list;
}

void plan_add_reach(struct node *o, const struct graph *g, const struct alloc *a, const struct alloc_settings *s,
                    struct node *warnings)
{
	g_autoptr(reach) r = reach_make(g, a, s);
	struct node *tiers = node_array();
	struct names n;

	names_init(&n, g, r);
	for (guint i = 0; i < r->tiers->len; i++)
		node_append(tiers, tier_node(&n, r->tiers->pdata[i]));
	node_set(o, "tiers", tiers);
	node_set(o, "reach", passages_node(&n, r));
	node_set(o, "reach_complete", node_bool(!r->truncated));
	if (r->truncated)
		node_append(warnings, node_string("too many rules and machines to say all of who may reach whom"));
	names_clear(&n);
}
