/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inbound NAT of a load balancer, in its three shapes: a port that leads to one configuration; ports in a row for the
 * members of a pool; ports in a row for the instances of a scale set, a *NAT pool*.
 */
#include "model/balancer.h"

void nat_rule_free(struct nat_rule *r)
{
	noun_clear(&r->noun);
	if (!r->made_by)
		access_control_free(r->access);
	g_free(r);
}

void nat_pool_free(struct nat_pool *p)
{
	noun_clear(&p->noun);
	access_control_free(p->access);
	g_free(p);
}

static void read_row(const struct spot *s, guint16 *first, guint16 *last)
{
	*first = (guint16)read_number(s, "properties.frontendPortRangeStart", 1, 65534, REQUIRED);
	*last = (guint16)read_number(s, "properties.frontendPortRangeEnd", 1, 65535, REQUIRED);
	if (*last < *first)
		spot_error(s, "properties.frontendPortRangeEnd", "%u is below the start of the range, %u; swap them",
		           *last, *first);
}

static gboolean is_row(const struct spot *s)
{
	return spot_get(s, "properties.backendAddressPool") ||
	       node_integer(spot_get(s, "properties.frontendPortRangeStart"), 0) != 0;
}

void nat_rule_add(struct load_balancer *l, const struct spot *s, const char *id)
{
	struct nat_rule *r = g_new0(struct nat_rule, 1);

	r->row = is_row(s);
	noun_declare(&r->noun, s, id);
	r->protocol = read_transport(s);
	if (r->row)
		read_row(s, &r->frontend_port, &r->last_port);
	else
		r->frontend_port = r->last_port =
		        (guint16)read_number(s, "properties.frontendPort", 1, 65534, REQUIRED);
	if (r->row && node_integer(spot_get(s, "properties.frontendPort"), 0) != 0)
		spot_error(s, "properties.frontendPort", "a rule has one port or a row of them; keep one of the two");
	r->backend_port = (guint16)read_number(s, "properties.backendPort", 1, 65535, REQUIRED);
	r->floating = read_flag(s, "properties.enableFloatingIP", FALSE);
	r->tcp_reset = read_flag(s, "properties.enableTcpReset", FALSE);
	r->idle_minutes = read_number(s, "properties.idleTimeoutInMinutes", 4, balancer_idle_most(l), 4);
	r->access = access_control_read(s);
	g_ptr_array_add(r->row ? l->pool_nat_rules : l->nat_rules, r);
}

void nat_pool_add(struct load_balancer *l, const struct spot *s, const char *id)
{
	struct nat_pool *p = g_new0(struct nat_pool, 1);

	p->lb = l;
	noun_declare(&p->noun, s, id);
	p->protocol = read_transport(s);
	read_row(s, &p->first_port, &p->last_port);
	p->backend_port = (guint16)read_number(s, "properties.backendPort", 1, 65535, REQUIRED);
	p->floating = read_flag(s, "properties.enableFloatingIP", FALSE);
	p->tcp_reset = read_flag(s, "properties.enableTcpReset", FALSE);
	p->idle_minutes = read_number(s, "properties.idleTimeoutInMinutes", 4, balancer_idle_most(l), 4);
	p->access = access_control_read(s);
	g_ptr_array_add(l->nat_pools, p);
}

void nat_rule_link(struct build *b, struct nat_rule *r, const struct load_balancer *l)
{
	struct spot s = noun_spot(b, &r->noun);

	/* A pool's rule stands where the pool does, and says the same. */
	r->frontend = follow_own(&s, "properties.frontendIPConfiguration", &kind_frontend, TRUE, l);
}

void pool_nat_rule_link(struct build *b, struct nat_rule *r, const struct load_balancer *l)
{
	struct spot s = noun_spot(b, &r->noun);

	nat_rule_link(b, r, l);
	r->pool = follow_own(&s, "properties.backendAddressPool", &kind_pool, TRUE, l);
}

void nat_pool_link(struct build *b, struct nat_pool *p, const struct load_balancer *l)
{
	struct spot s = noun_spot(b, &p->noun);

	p->frontend = follow_own(&s, "properties.frontendIPConfiguration", &kind_frontend, TRUE, l);
}

/* The original names the rule that it makes for an instance in the same way. */
const struct noun *nat_rule_access_owner(const struct nat_rule *r)
{
	return r->made_by ? &r->made_by->noun : &r->noun;
}

static void make_rule(struct nat_pool *p, struct ip_config *c, const struct spot *at)
{
	guint instance = c->nic->vm->instance;
	g_autofree char *id = g_strdup_printf("%s/inboundNatRules/%s.%u", p->lb->noun.id, p->noun.name, instance);
	struct nat_rule *r = g_new0(struct nat_rule, 1);

	noun_declare(&r->noun, at, id);
	r->made_by = p;
	r->protocol = p->protocol;
	r->frontend_port = r->last_port = (guint16)(p->first_port + instance);
	r->backend_port = p->backend_port;
	r->floating = p->floating;
	r->tcp_reset = p->tcp_reset;
	r->idle_minutes = p->idle_minutes;
	r->access = p->access;
	if (c->v6)
		r->target6 = c;
	else
		r->target = c;
	g_ptr_array_add(c->nat_rules, r);
	g_ptr_array_add(p->lb->nat_rules, r);
}

void nat_pool_serve(struct nat_pool *p, struct ip_config *c, const struct spot *s)
{
	const struct vm *vm = c->nic->vm;
	struct spot at = noun_spot(s->build, &p->noun);

	if (vm->instance > (guint)p->last_port - p->first_port)
		spot_error(s, "id", "NAT pool '%s' has %u ports, and '%s' has more instances; make the range larger",
		           p->noun.name, (guint)p->last_port - p->first_port + 1, vm->scale_set->noun.name);
	else if (p->user && p->user != c->noun.at)
		spot_error(s, "id",
		           "NAT pool '%s' is used twice, and its ports lead to one configuration each; use a "
		           "pool of its own",
		           p->noun.name);
	else {
		p->user = c->noun.at;
		make_rule(p, c, &at);
	}
}
