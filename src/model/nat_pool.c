/* SPDX-License-Identifier: Apache-2.0 */
/* NAT pools of a load balancer: ports in a row, one for each instance of a scale set. */
#include "model/balancer.h"

void nat_pool_free(struct nat_pool *p)
{
	noun_clear(&p->noun);
	access_control_free(p->access);
	g_free(p);
}

struct nat_pool *nat_pool_new(const struct spot *s, const char *id, struct load_balancer *l)
{
	struct nat_pool *p = g_new0(struct nat_pool, 1);

	p->lb = l;
	noun_declare(&p->noun, s, id);
	p->protocol = read_transport(s);
	p->first_port = (guint16)read_number(s, "properties.frontendPortRangeStart", 1, 65534, REQUIRED);
	p->last_port = (guint16)read_number(s, "properties.frontendPortRangeEnd", 1, 65535, REQUIRED);
	p->backend_port = (guint16)read_number(s, "properties.backendPort", 1, 65535, REQUIRED);
	p->floating = read_flag(s, "properties.enableFloatingIP", FALSE);
	p->tcp_reset = read_flag(s, "properties.enableTcpReset", FALSE);
	p->idle_minutes = read_number(s, "properties.idleTimeoutInMinutes", 4, 100, 4);
	p->access = access_control_read(s);
	if (p->last_port < p->first_port)
		spot_error(s, "properties.frontendPortRangeEnd", "%u is below the start of the range, %u; swap them",
		           p->last_port, p->first_port);
	return p;
}

void nat_pool_link(struct build *b, struct nat_pool *p, const struct load_balancer *l)
{
	struct spot s = noun_spot(b, &p->noun);

	p->frontend = follow_own(&s, "properties.frontendIPConfiguration", &kind_frontend, TRUE, l);
}

/* The original names the rule that it makes for an instance in the same way. */
void nat_pool_add(struct nat_pool *p, struct ip_config *c, const struct spot *s)
{
	const struct vm *vm = c->nic->vm;
	g_autofree char *id = g_strdup_printf("%s/inboundNatRules/%s.%u", p->lb->noun.id, p->noun.name, vm->instance);
	struct spot at = noun_spot(s->build, &p->noun);
	struct nat_rule *r;

	if (vm->instance > (guint)p->last_port - p->first_port) {
		spot_error(s, "id", "NAT pool '%s' has %u ports, and '%s' has more instances; make the range larger",
		           p->noun.name, (guint)p->last_port - p->first_port + 1, vm->scale_set->noun.name);
		return;
	}
	if (p->user && p->user != c->noun.at) {
		spot_error(s, "id",
		           "NAT pool '%s' is used twice, and its ports lead to one configuration each; use a "
		           "pool of its own",
		           p->noun.name);
		return;
	}
	p->user = c->noun.at;
	r = g_new0(struct nat_rule, 1);
	noun_declare(&r->noun, &at, id);
	r->pool = p;
	r->protocol = p->protocol;
	r->frontend_port = (guint16)(p->first_port + vm->instance);
	r->backend_port = p->backend_port;
	r->floating = p->floating;
	r->access = p->access;
	if (c->v6)
		r->target6 = c;
	else
		r->target = c;
	g_ptr_array_add(c->nat_rules, r);
	g_ptr_array_add(p->lb->nat_rules, r);
}
