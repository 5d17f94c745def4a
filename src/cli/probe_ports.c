/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/probe_ports.h"

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

static const guint16 everybodys_tcp[] = {22, 80, 443, 1433, 3389};
static const guint16 everybodys_udp[] = {53, 123, 1434};

static int compare_ports(gconstpointer a, gconstpointer b)
{
	return (int)*(const guint16 *)a - (int)*(const guint16 *)b;
}

static GArray *finish(GArray *ports)
{
	guint n = 0;

	g_array_sort(ports, compare_ports);
	for (guint i = 0; i < ports->len; i++) {
		guint16 v = g_array_index(ports, guint16, i);

		if (v && (n == 0 || g_array_index(ports, guint16, n - 1) != v))
			g_array_index(ports, guint16, n++) = v;
	}
	g_array_set_size(ports, n);
	return ports;
}

static GArray *start(guint8 protocol)
{
	GArray *ports = g_array_new(FALSE, FALSE, sizeof(guint16));

	if (protocol == PROTO_TCP)
		g_array_append_vals(ports, everybodys_tcp, G_N_ELEMENTS(everybodys_tcp));
	else
		g_array_append_vals(ports, everybodys_udp, G_N_ELEMENTS(everybodys_udp));
	return ports;
}

static gboolean concerns(enum rule_protocol rule, guint8 protocol)
{
	return rule == PROTO_ANY || (guint)rule == protocol;
}

static void add_group(GArray *ports, const struct security_group *group, guint8 protocol)
{
	for (guint i = 0; group && i < group->rules[DIR_IN]->len; i++) {
		const struct rule *r = NTH(group->rules[DIR_IN], struct rule, i);

		for (guint k = 0; concerns(r->protocol, protocol) && k < r->destination.ports->len; k++) {
			struct port_range p = g_array_index(r->destination.ports, struct port_range, k);

			if (p.first == 0 && p.last == 65535)
				continue;
			g_array_append_val(ports, p.first);
			g_array_append_val(ports, p.last);
		}
	}
}

static void add_back_ends(GArray *ports, const struct ip_config *c, guint8 protocol)
{
	for (guint i = 0; i < c->nat_rules->len; i++) {
		const struct nat_rule *r = NTH(c->nat_rules, struct nat_rule, i);

		if (concerns(r->protocol, protocol))
			g_array_append_val(ports, r->backend_port);
	}
	for (guint i = 0; i < c->pools->len; i++) {
		const struct pool *pool = NTH(c->pools, struct pool, i);

		for (guint k = 0; k < pool->lb->rules->len; k++) {
			const struct lb_rule *r = NTH(pool->lb->rules, struct lb_rule, k);

			if (r->pool == pool && concerns(r->protocol, protocol))
				g_array_append_val(ports, r->backend_port);
		}
	}
}

GArray *probe_ports_of_config(const struct ip_config *c, guint8 protocol)
{
	GArray *ports = start(protocol);

	add_group(ports, c->subnet->group, protocol);
	add_group(ports, c->nic->group, protocol);
	add_back_ends(ports, c, protocol);
	return finish(ports);
}

static void add_front_ends(GArray *ports, const struct frontend *f, guint8 protocol)
{
	for (guint i = 0; i < f->lb->rules->len; i++) {
		const struct lb_rule *r = NTH(f->lb->rules, struct lb_rule, i);

		if (r->frontend == f && concerns(r->protocol, protocol))
			g_array_append_val(ports, r->frontend_port);
	}
	for (guint i = 0; i < f->lb->nat_rules->len; i++) {
		const struct nat_rule *r = NTH(f->lb->nat_rules, struct nat_rule, i);

		if (r->frontend == f && concerns(r->protocol, protocol))
			g_array_append_val(ports, r->frontend_port);
	}
}

GArray *probe_ports_of_public(const struct public_address *p, guint8 protocol)
{
	GArray *ports;

	if (p->config)
		return probe_ports_of_config(p->config, protocol);
	ports = start(protocol);
	if (p->frontend)
		add_front_ends(ports, p->frontend, protocol);
	return finish(ports);
}
