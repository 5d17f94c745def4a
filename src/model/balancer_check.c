/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only shows between the parts of a load balancer: ports used twice, rules for all ports, who shares a pool.
 *
 * A *claim* is a range of ports of one protocol at one place: at a front end, where a port leads to one thing, or in a
 * pool, where two rules without floating IP could not be told apart by what reaches the member.
 */
#include "model/balancer.h"

struct claim {
	const struct noun *place; /* front end or pool */
	enum rule_protocol protocol;
	guint first, last;
	const struct noun *noun;
	const char *property; /* of the noun, for errors */
	guint order;          /* the later one is at fault */
};

static void claim(GArray *claims, gconstpointer place, enum rule_protocol protocol, guint first, guint last,
                  const struct noun *n, const char *property)
{
	static const enum rule_protocol both[] = {PROTO_TCP, PROTO_UDP};

	for (int i = 0; place && i < 2; i++) {
		struct claim c = {place, both[i], first, last, n, property, claims->len};

		if (protocol == PROTO_ANY || protocol == both[i])
			g_array_append_val(claims, c);
	}
}

static gint compare_claims(gconstpointer a, gconstpointer b)
{
	const struct claim *x = a, *y = b;
	gint c = g_ascii_strcasecmp(x->place->id, y->place->id);

	if (c)
		return c;
	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void report(struct build *b, const struct claim *x, const struct claim *y, gboolean pools)
{
	const struct claim *late = x->order > y->order ? x : y, *early = late == x ? y : x;
	const char *protocol = late->protocol == PROTO_TCP ? "TCP" : "UDP";
	g_autofree char *where = noun_where(early->noun);
	struct spot s = noun_spot(b, late->noun);
	guint port = MAX(x->first, y->first);

	if (pools)
		spot_error(&s, late->property,
		           "%s port %u of pool '%s' is already used by %s; choose another port, or enable floating IP",
		           protocol, port, late->place->name, where);
	else
		spot_error(&s, late->property,
		           "%s port %u of front end '%s' is already used by %s; choose another port", protocol, port,
		           late->place->name, where);
}

/* Reports every claim that overlaps one before it. Of "All" one protocol is enough to hear of. */
static void check_claims(struct build *b, GArray *claims, gboolean pools)
{
	g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
	guint widest = 0; /* of this place and protocol, the claim that reaches furthest */

	g_array_sort(claims, compare_claims);
	for (guint i = 1; i < claims->len; i++) {
		const struct claim *x = &g_array_index(claims, struct claim, widest);
		const struct claim *y = &g_array_index(claims, struct claim, i);

		if (x->place != y->place || x->protocol != y->protocol) {
			widest = i;
			continue;
		}
		if (y->first <= x->last && x->noun != y->noun &&
		    g_hash_table_add(told, (gpointer)(x->order > y->order ? x : y)->noun))
			report(b, x, y, pools);
		if (y->last > x->last)
			widest = i;
	}
}

static void check_ports(struct build *b, const struct load_balancer *l)
{
	g_autoptr(GArray) fronts = g_array_new(FALSE, FALSE, sizeof(struct claim));
	g_autoptr(GArray) backs = g_array_new(FALSE, FALSE, sizeof(struct claim));

	for (guint i = 0; i < l->rules->len; i++) {
		const struct lb_rule *r = l->rules->pdata[i];

		if (r->protocol == PROTO_ANY)
			continue; /* check_all_ports */
		claim(fronts, r->frontend, r->protocol, r->frontend_port, r->frontend_port, &r->noun,
		      "properties.frontendPort");
		if (!r->floating)
			claim(backs, r->pool, r->protocol, r->backend_port, r->backend_port, &r->noun,
			      "properties.backendPort");
	}
	for (guint i = 0; i < l->nat_rules->len; i++) {
		const struct nat_rule *r = l->nat_rules->pdata[i];

		if (!r->made_by)
			claim(fronts, r->frontend, r->protocol, r->frontend_port, r->frontend_port, &r->noun,
			      "properties.frontendPort");
	}
	for (guint i = 0; i < l->nat_pools->len; i++) {
		const struct nat_pool *p = l->nat_pools->pdata[i];

		claim(fronts, p->frontend, p->protocol, p->first_port, p->last_port, &p->noun,
		      "properties.frontendPortRangeStart");
	}
	for (guint i = 0; i < l->pool_nat_rules->len; i++) {
		const struct nat_rule *r = l->pool_nat_rules->pdata[i];

		claim(fronts, r->frontend, r->protocol, r->frontend_port, r->last_port, &r->noun,
		      "properties.frontendPortRangeStart");
	}
	check_claims(b, fronts, FALSE);
	check_claims(b, backs, TRUE);
}

/* Two rules stand beside each other at one place when what arrives still tells them apart. */
static gboolean clash(const struct lb_rule *all, const struct lb_rule *other)
{
	if (all->floating && other->floating)
		return FALSE;
	return other->frontend == all->frontend || (other->pool && other->pool == all->pool && !other->floating);
}

static void check_all_ports(struct build *b, const struct load_balancer *l, const struct lb_rule *r)
{
	struct spot s = noun_spot(b, &r->noun);

	if (r->protocol != PROTO_ANY || !r->frontend)
		return;
	if (r->frontend->public_address || l->sku == SKU_BASIC)
		spot_error(&s, "properties.protocol",
		           "a rule for all ports needs an internal front end of a Standard load balancer; name Tcp or "
		           "Udp and a port");
	for (guint i = 0; i < l->rules->len; i++) {
		const struct lb_rule *other = l->rules->pdata[i];

		if (other != r && clash(r, other)) {
			spot_error(&s, "properties.protocol",
			           "a rule for all ports must be alone on its front end and pool, unless all of them "
			           "have floating IP; remove '%s'",
			           other->noun.name);
			break;
		}
	}
}

static void check_member(struct build *b, const struct pool *p, const struct ip_config *c)
{
	const struct public_address *own = c->public_address;
	struct spot s = noun_spot(b, &c->noun);

	if (own && own->sku != p->lb->sku)
		spot_warning(&s, "properties.publicIPAddress",
		             "address '%s' is %s and load balancer '%s' is %s, which the original refuses; "
		             "make them equal",
		             own->noun.name, sku_name(own->sku), p->lb->noun.name, sku_name(p->lb->sku));
}

/* What a Basic pool's members have in common: the machine's availability or scale set, or the machine alone. */
static const char *group_of(const struct vm *v)
{
	return v->scale_set_id ? v->scale_set_id : v->availability_set ? v->availability_set : v->noun.id;
}

static void check_basic(struct build *b, const struct pool *p, const struct ip_config *first, const struct ip_config *c)
{
	struct spot s = noun_spot(b, &c->noun);

	if (p->lb->sku == SKU_BASIC && first->nic->vm && c->nic->vm &&
	    g_ascii_strcasecmp(group_of(first->nic->vm), group_of(c->nic->vm)) != 0)
		spot_warning(
		        &s, "properties.loadBalancerBackendAddressPools",
		        "pool '%s' of a Basic load balancer has members of more than one availability set or scale "
		        "set, which the original refuses; use one set, or a Standard load balancer",
		        p->noun.name);
}

static void check_size(struct build *b, const struct pool *p)
{
	guint most = p->lb->sku == SKU_BASIC ? 300 : 1000, count = MAX(p->members->len, p->members6->len);
	struct spot s = noun_spot(b, &p->noun);

	if (count > most)
		spot_error(&s, "",
		           "%u members are more than the %u that a pool of a %s load balancer may have; use several",
		           count, most, sku_name(p->lb->sku));
}

/* Members share one network; a pool over two would mix their addresses. */
static void check_members(struct build *b, const struct pool *p, GPtrArray *members)
{
	const struct ip_config *first = NULL;

	g_ptr_array_sort(members, noun_compare);
	for (guint i = 0; i < members->len; i++) {
		const struct ip_config *c = members->pdata[i];
		struct spot s = noun_spot(b, &c->noun);

		check_member(b, p, c);
		if (!c->nic->network)
			continue;
		if (first && c->nic->network != first->nic->network)
			spot_error(&s, "properties.loadBalancerBackendAddressPools",
			           "pool '%s' has members in virtual network '%s', this one is in '%s'; use a pool of "
			           "its own",
			           p->noun.name, first->nic->network->noun.name, c->nic->network->noun.name);
		first = first ? first : c;
		check_basic(b, p, first, c);
	}
}

/* Whose ports these are must not depend on which rule is asked. */
static void check_shared(struct build *b, const struct load_balancer *l, const struct outbound_rule *o)
{
	for (guint i = 0; i < l->rules->len; i++) {
		const struct lb_rule *r = l->rules->pdata[i];
		struct spot s = noun_spot(b, &r->noun);

		if (!r->no_outbound_snat && r->pool == o->pool && g_ptr_array_find(o->frontends, r->frontend, NULL) &&
		    (o->protocol == PROTO_ANY || r->protocol == PROTO_ANY || o->protocol == r->protocol))
			spot_error(&s, "properties.disableOutboundSnat",
			           "outbound rule '%s' has the same front end and pool; write true, so that its ports "
			           "are nobody else's",
			           o->noun.name);
	}
}

/* The ports of all members must fit the addresses: 64000 each. */
static void check_outbound(struct build *b, const struct load_balancer *l, const struct outbound_rule *o)
{
	struct spot s = noun_spot(b, &o->noun);
	guint64 addresses = 0, members = o->pool ? o->pool->members->len : 0;

	for (guint i = 0; i < o->frontends->len; i++) {
		const struct frontend *f = o->frontends->pdata[i];

		addresses += f->public_prefix && !f->v6
		                     ? G_GUINT64_CONSTANT(1) << (32 - MIN(f->public_prefix->length, 32))
		                     : 1;
	}
	if (addresses > 0 && o->ports * members > 64000 * addresses)
		spot_error(&s, "properties.allocatedOutboundPorts",
		           "%u ports for each of %u members are more than the 64000 of each address; write a smaller "
		           "number, or add front ends",
		           o->ports, (guint)members);
	check_shared(b, l, o);
}

/* A part that nothing refers to does nothing, and was hardly written for that. */
static void check_unused(struct build *b, const struct load_balancer *l)
{
	g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < l->rules->len; i++) {
		g_hash_table_add(used, ((struct lb_rule *)l->rules->pdata[i])->probe);
		g_hash_table_add(used, ((struct lb_rule *)l->rules->pdata[i])->frontend);
	}
	for (guint i = 0; i < l->nat_rules->len; i++)
		g_hash_table_add(used, ((struct nat_rule *)l->nat_rules->pdata[i])->frontend);
	for (guint i = 0; i < l->pool_nat_rules->len; i++)
		g_hash_table_add(used, ((struct nat_rule *)l->pool_nat_rules->pdata[i])->frontend);
	for (guint i = 0; i < l->nat_pools->len; i++)
		g_hash_table_add(used, ((struct nat_pool *)l->nat_pools->pdata[i])->frontend);
	for (guint i = 0; i < l->outbound_rules->len; i++) {
		const struct outbound_rule *o = l->outbound_rules->pdata[i];

		for (guint k = 0; k < o->frontends->len; k++)
			g_hash_table_add(used, o->frontends->pdata[k]);
	}
	for (guint i = 0; i < l->probes->len; i++) {
		struct probe *p = l->probes->pdata[i];
		struct spot s = noun_spot(b, &p->noun);

		if (!g_hash_table_contains(used, p))
			spot_warning(&s, "", "no rule names the probe; name it in a rule, or remove it");
	}
	for (guint i = 0; i < l->frontends->len; i++) {
		struct frontend *f = l->frontends->pdata[i];
		struct spot s = noun_spot(b, &f->noun);

		if (!g_hash_table_contains(used, f))
			spot_warning(&s, "",
			             "no rule names the front end, so nothing answers there; add a rule, or "
			             "remove it");
	}
}

/* Those that a document has; what a NAT pool makes is the pool's. */
static guint nat_rules(const struct load_balancer *l)
{
	guint count = l->pool_nat_rules->len;

	for (guint i = 0; i < l->nat_rules->len; i++)
		count += !((struct nat_rule *)l->nat_rules->pdata[i])->made_by;
	return count;
}

/* Figures of the original, for one load balancer. */
static gboolean check_limits(struct build *b, const struct load_balancer *l)
{
	gboolean basic = l->sku == SKU_BASIC;
	const struct {
		const char *list, *word;
		guint count, most;
	} limits[] = {
	        {"properties.frontendIPConfigurations", "front ends", l->frontends->len, basic ? 200 : 600},
	        {"properties.loadBalancingRules", "rules and NAT rules", l->rules->len + nat_rules(l),
	         basic ? 250 : 1500},
	        {"properties.outboundRules", "outbound rules", l->outbound_rules->len, 600},
	};
	struct spot s = noun_spot(b, &l->noun);
	gboolean fine = TRUE;

	for (gsize i = 0; i < G_N_ELEMENTS(limits); i++)
		if (limits[i].count > limits[i].most) {
			spot_error(&s, limits[i].list,
			           "%u %s are more than the %u that a %s load balancer may have; "
			           "use several",
			           limits[i].count, limits[i].word, limits[i].most, sku_name(l->sku));
			fine = FALSE;
		}
	return fine;
}

void load_balancer_check(struct build *b, struct load_balancer *l)
{
	if (!check_limits(b, l))
		return;
	check_ports(b, l);
	for (guint i = 0; i < l->rules->len; i++)
		check_all_ports(b, l, l->rules->pdata[i]);
	for (guint i = 0; i < l->outbound_rules->len; i++)
		check_outbound(b, l, l->outbound_rules->pdata[i]);
	/* What is made up is no more than what refers to it. */
	if (!noun_is_assumed(&l->noun))
		check_unused(b, l);
	for (guint i = 0; i < l->pools->len; i++) {
		const struct pool *p = l->pools->pdata[i];

		check_size(b, p);
		check_members(b, p, p->members);
		check_members(b, p, p->members6);
	}
}
