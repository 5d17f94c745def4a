/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/lint.h"

#include "prove/ports.h"
#include "prove/roads.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define MAX_WORK            20000000u /* parts of rules that are held against one another */

struct look {
	const struct graph *g;
	const struct alloc *a;
	GPtrArray *lines;
	guint64 work; /* what may still be spent */
};

static void say(struct look *l, const struct noun *n, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void say(struct look *l, const struct noun *n, const char *format, ...)
{
	guint32 line = n->at && n->at->line ? n->at->line : n->document->line;
	g_autofree char *what = NULL;
	va_list ap;

	va_start(ap, format);
	what = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_ptr_array_add(l->lines, n->document->file ? g_strdup_printf("%s:%u: %s", n->document->file, line, what)
	                                            : g_strdup(what));
}

static gboolean has_tag(const struct rule_side *side, enum tag tag)
{
	for (guint i = 0; i < side->tags->len; i++)
		if (g_array_index(side->tags, enum tag, i) == tag)
			return TRUE;
	return FALSE;
}

static gboolean is_everywhere(const struct rule_side *side)
{
	if (has_tag(side, TAG_ANY))
		return TRUE;
	for (guint i = 0; i < side->prefixes->len; i++)
		if (g_array_index(side->prefixes, struct prefix, i).length == 0)
			return TRUE;
	for (guint i = 0; i < side->prefixes6->len; i++)
		if (g_array_index(side->prefixes6, struct prefix6, i).length == 0)
			return TRUE;
	return FALSE;
}

static gboolean all_ports(const struct rule_side *side)
{
	g_autoptr(GArray) ports = ports_of(side->ports), all = ports_all();

	return ports_equal(ports, all);
}

static void look_at_rule(struct look *l, const struct rule *r)
{
	const struct rule_side *sides[] = {&r->source, &r->destination};
	gboolean from_all = is_everywhere(&r->source) || has_tag(&r->source, TAG_INTERNET);

	if (r->allow && r->direction == DIR_IN && r->protocol == PROTO_ANY && from_all &&
	    is_everywhere(&r->destination) && all_ports(&r->destination) && all_ports(&r->source))
		say(l, &r->noun, "rule '%s' lets everybody in by every protocol and port; name what is meant",
		    rule_full_name(r));
	for (gsize i = 0; i < G_N_ELEMENTS(sides); i++)
		for (guint k = 0; k < sides[i]->groups->len; k++) {
			const struct app_group *group = NTH(sides[i]->groups, struct app_group, k);

			if (group->configs->len == 0)
				say(l, &r->noun,
				    "rule '%s' names application security group '%s', which has no members, so it "
				    "matches nothing by it",
				    rule_full_name(r), group->noun.name);
		}
}

/* --- rules behind others --- */

static guint side_size(const struct rule_side *side)
{
	return side->prefixes->len + side->prefixes6->len + side->tags->len + side->groups->len + side->ports->len;
}

static gboolean covers_prefix(const struct rule_side *outer, struct prefix p)
{
	for (guint i = 0; i < outer->prefixes->len; i++)
		if (prefix_contains(g_array_index(outer->prefixes, struct prefix, i), p))
			return TRUE;
	return FALSE;
}

static gboolean covers_prefix6(const struct rule_side *outer, struct prefix6 p)
{
	for (guint i = 0; i < outer->prefixes6->len; i++)
		if (prefix6_contains(g_array_index(outer->prefixes6, struct prefix6, i), p))
			return TRUE;
	return FALSE;
}

/* Every address of `inner` is one of `outer`, as far as it shows without knowing the network: never TRUE wrongly. */
static gboolean covers_addresses(const struct rule_side *outer, const struct rule_side *inner)
{
	if (has_tag(outer, TAG_ANY))
		return TRUE;
	for (guint i = 0; i < inner->prefixes->len; i++)
		if (!covers_prefix(outer, g_array_index(inner->prefixes, struct prefix, i)))
			return FALSE;
	for (guint i = 0; i < inner->prefixes6->len; i++)
		if (!covers_prefix6(outer, g_array_index(inner->prefixes6, struct prefix6, i)))
			return FALSE;
	for (guint i = 0; i < inner->tags->len; i++) {
		enum tag tag = g_array_index(inner->tags, enum tag, i);

		/* Tags without addresses here match nothing and are covered by anything, but said to be so elsewhere. */
		if (tag == TAG_OTHER || !has_tag(outer, tag))
			return FALSE;
	}
	for (guint i = 0; i < inner->groups->len; i++)
		if (!g_ptr_array_find(outer->groups, inner->groups->pdata[i], NULL))
			return FALSE;
	return TRUE;
}

static gboolean covers_ports(const struct rule_side *outer, const struct rule_side *inner)
{
	g_autoptr(GArray) a = ports_of(outer->ports), b = ports_of(inner->ports);

	return ports_contain(a, b);
}

static gboolean covers(const struct rule *outer, const struct rule *inner)
{
	return (outer->protocol == PROTO_ANY || outer->protocol == inner->protocol) &&
	       covers_addresses(&outer->source, &inner->source) &&
	       covers_addresses(&outer->destination, &inner->destination) &&
	       covers_ports(&outer->source, &inner->source) && covers_ports(&outer->destination, &inner->destination);
}

static void look_behind(struct look *l, const GPtrArray *rules, guint i)
{
	const struct rule *r = NTH(rules, struct rule, i);

	for (guint k = 0; k < i; k++) {
		const struct rule *before = NTH(rules, struct rule, k);
		guint64 cost = (guint64)side_size(&r->source) * side_size(&before->source) +
		               (guint64)side_size(&r->destination) * side_size(&before->destination);

		if (l->work < cost) {
			l->work = 0;
			return;
		}
		l->work -= cost;
		if (!covers(before, r))
			continue;
		say(l, &r->noun,
		    "rule '%s' never decides: '%s' comes first and %s all that it would %s; remove one of them",
		    rule_full_name(r), rule_full_name(before), before->allow ? "allows" : "denies",
		    r->allow ? "allow" : "deny");
		return;
	}
}

static void look_at_groups(struct look *l, GHashTable *used)
{
	for (guint i = 0; i < l->g->security_groups->len; i++) {
		const struct security_group *group = NTH(l->g->security_groups, struct security_group, i);

		/* What is assumed to exist has uses that nobody here knows. */
		if (!g_hash_table_contains(used, group) && g_strcmp0(group->noun.document->file, GRAPH_ASSUMED) != 0)
			say(l, &group->noun,
			    "security group '%s' is at no subnet and no interface, so it decides nothing",
			    group->noun.name);
		for (int d = 0; d < 2; d++)
			for (guint k = 0; k < group->rules[d]->len && l->work > 0; k++) {
				const struct rule *r = NTH(group->rules[d], struct rule, k);

				if (r->is_default)
					continue;
				look_at_rule(l, r);
				look_behind(l, group->rules[d], k);
			}
	}
	if (l->work == 0)
		g_ptr_array_add(l->lines,
		                g_strdup("the rules are too many to find all that never decide; some are not listed"));
}

static GHashTable *used_groups(const struct graph *g)
{
	GHashTable *used = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < g->networks->len; i++) {
		const GPtrArray *subnets = NTH(g->networks, struct network, i)->subnets;

		for (guint k = 0; k < subnets->len; k++)
			g_hash_table_add(used, NTH(subnets, struct subnet, k)->group);
	}
	for (guint i = 0; i < g->nics->len; i++)
		g_hash_table_add(used, NTH(g->nics, struct nic, i)->group);
	return used;
}

/* --- addresses --- */

/* A Standard address is closed until a rule opens it, which people forget. */
static void look_at_addresses(struct look *l, const GPtrArray *exposures)
{
	g_autoptr(GHashTable) open = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < exposures->len; i++)
		g_hash_table_add(open, (gpointer)NTH(exposures, struct exposure, i)->address);
	for (guint i = 0; i < l->g->public_addresses->len; i++) {
		const struct public_address *p = NTH(l->g->public_addresses, struct public_address, i);

		if (p->sku != SKU_STANDARD || !p->config || !alloc_port(l->a, p->config->nic) ||
		    g_hash_table_contains(open, p))
			continue;
		say(l, &p->noun, "nobody gets in by Standard address '%s': %s", p->noun.name,
		    p->config->nic->group || p->config->subnet->group
		            ? "no rule of its machine's security groups allows it"
		            : "its machine has no security group; give it one that allows what is meant");
	}
}

/* --- routes --- */

static char *place_key(const struct network *n, struct ip6 address)
{
	g_autofree char *text = ip6_format_any(address);

	return g_strdup_printf("%p %s", (const void *)n, text);
}

static void add_holders(const struct look *l, GHashTable *by_place, struct nic *nic, const GPtrArray *configs)
{
	for (guint k = 0; k < configs->len; k++)
		g_hash_table_insert(by_place,
		                    place_key(nic->network, address_private(l->a, NTH(configs, struct ip_config, k))),
		                    nic);
}

/* place_key -> struct nic: whose address it is, where there is a port to have it. */
static GHashTable *holders(const struct look *l)
{
	GHashTable *by_place = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < l->g->nics->len; i++) {
		struct nic *nic = NTH(l->g->nics, struct nic, i);

		if (!alloc_port(l->a, nic))
			continue;
		add_holders(l, by_place, nic, nic->configs);
		add_holders(l, by_place, nic, nic->configs6);
	}
	return by_place;
}

/* The appliance that takes what takes the route; :: when it has none, or only a real deployment knows it. */
static struct ip6 hop_of(const struct route *r)
{
	if (r->hop != HOP_APPLIANCE || r->tag)
		return (struct ip6){{0}};
	if (r->addresses6->len > 0)
		return g_array_index(r->addresses6, struct ip6, 0);
	return r->addresses->len > 0 ? ip6_mapped(g_array_index(r->addresses, guint32, 0)) : (struct ip6){{0}};
}

/* Why the data path drops what takes this route from that subnet; TRUE when it said so. */
static gboolean look_at_hop(struct look *l, GHashTable *by_place, const struct route *r, const struct subnet *s)
{
	struct ip6 address = hop_of(r);
	const struct peering *peering;
	const struct network *n = road_home(s, address, &peering);
	g_autofree char *key = place_key(n, address), *text = ip6_format_any(address);
	const struct nic *nic = n ? g_hash_table_lookup(by_place, key) : NULL;

	if (nic && nic->ip_forwarding)
		return FALSE;
	if (nic)
		say(l, &r->noun,
		    "route '%s' leads to %s, but interface '%s', whose address it is, has no IP forwarding: what takes "
		    "the "
		    "route is dropped; set enableIPForwarding",
		    r->noun.name, text, nic->noun.name);
	else if (n)
		say(l, &r->noun, "route '%s' leads to %s, which no instance has: what takes the route is dropped",
		    r->noun.name, text);
	else
		say(l, &r->noun,
		    "route '%s' leads to %s, which is in no network that subnet '%s' reaches: what takes the route is "
		    "dropped; name an address of network '%s' or of a peer",
		    r->noun.name, text, s->noun.name, s->network->noun.name);
	return TRUE;
}

static void look_at_routes(struct look *l)
{
	g_autoptr(GHashTable) by_place = holders(l);

	for (guint i = 0; i < l->g->route_tables->len; i++) {
		const struct route_table *t = NTH(l->g->route_tables, struct route_table, i);

		for (guint k = 0; k < t->routes->len; k++) {
			const struct route *r = NTH(t->routes, struct route, k);
			gboolean said = !address_is_set(hop_of(r));

			for (guint j = 0; !said && j < t->subnets->len; j++)
				said = look_at_hop(l, by_place, r, NTH(t->subnets, struct subnet, j));
		}
	}
}

/* --- servers of other kinds --- */

/* SQL and its relatives have rules of addresses; the two ends of the space let everybody in. */
static void look_at_servers(struct look *l)
{
	static const char type[] = "/firewallrules";

	for (guint i = 0; i < l->g->documents->len; i++) {
		const struct document *d = NTH(l->g->documents, struct document, i);
		const char *first = node_str(node_find(d->resource, "properties.startIpAddress"), "");
		const char *last = node_str(node_find(d->resource, "properties.endIpAddress"), "");
		struct noun n = {.document = d};

		if (g_str_has_suffix(d->type, type) && strcmp(first, "0.0.0.0") == 0 &&
		    strcmp(last, "255.255.255.255") == 0)
			say(l, &n, "rule '%s' opens its server to every address; name those that are meant", d->name);
	}
}

GPtrArray *lint(const struct graph *g, const struct alloc *a, const GPtrArray *exposures)
{
	g_autoptr(GHashTable) used = used_groups(g);
	struct look l = {g, a, g_ptr_array_new_with_free_func(g_free), MAX_WORK};

	look_at_groups(&l, used);
	look_at_addresses(&l, exposures);
	look_at_routes(&l);
	look_at_servers(&l);
	return l.lines;
}
