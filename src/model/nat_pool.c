/* SPDX-License-Identifier: Apache-2.0 */
/* NAT pools of a load balancer: ports in a row, one for each instance of a scale set. */
#include "model/balancer.h"

void nat_pool_free(struct nat_pool *p)
{
	noun_clear(&p->noun);
	access_control_free(p->access);
	g_free(p);
}

struct nat_pool *nat_pool_new(const struct spot *s, const char *id)
{
	struct nat_pool *p = g_new0(struct nat_pool, 1);

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
