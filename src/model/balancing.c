/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a load balancer: front ends, probes, load-balancing rules and inbound NAT rules. */
#include "model/balancer.h"
#include "model/network.h"

#include <string.h>

void frontend_free(struct frontend *f)
{
	noun_clear(&f->noun);
	g_free(f);
}

void pool_free(struct pool *p)
{
	noun_clear(&p->noun);
	g_ptr_array_unref(p->members);
	g_ptr_array_unref(p->members6);
	g_free(p);
}

void probe_free(struct probe *p)
{
	noun_clear(&p->noun);
	g_free(p->protocol);
	g_free(p->request_path);
	g_free(p);
}

void lb_rule_free(struct lb_rule *r)
{
	noun_clear(&r->noun);
	access_control_free(r->access);
	g_free(r);
}

void nat_rule_free(struct nat_rule *r)
{
	noun_clear(&r->noun);
	if (!r->pool)
		access_control_free(r->access);
	g_free(r);
}

struct frontend *frontend_new(const struct spot *s, const char *id, struct load_balancer *l)
{
	struct frontend *f = g_new0(struct frontend, 1);

	f->lb = l;
	noun_declare(&f->noun, s, id);
	return f;
}

struct probe *probe_new(const struct spot *s, const char *id)
{
	static const char *const protocols[] = {"Tcp", "Http", "Https", NULL};
	struct probe *p = g_new0(struct probe, 1);
	guint protocol;

	noun_declare(&p->noun, s, id);
	protocol = read_choice(s, "properties.protocol", protocols, REQUIRED);
	p->protocol = g_strdup(protocols[protocol]);
	p->port = (guint16)read_number(s, "properties.port", 1, 65535, REQUIRED);
	p->request_path = g_strdup(read_text(s, "properties.requestPath", protocol != 0));
	p->interval = read_number(s, "properties.intervalInSeconds", 5, G_MAXINT32, 15);
	p->threshold = read_number(s, "properties.numberOfProbes", 1, G_MAXINT32, 2);
	p->threshold = read_number(s, "properties.probeThreshold", 1, 100, p->threshold);
	return p;
}

enum rule_protocol read_transport(const struct spot *s)
{
	static const char *const names[] = {"Tcp", "Udp", "All", "*", NULL};
	static const enum rule_protocol values[] = {PROTO_TCP, PROTO_UDP, PROTO_ANY, PROTO_ANY};

	return values[read_choice(s, "properties.protocol", names, REQUIRED)];
}

struct lb_rule *lb_rule_new(const struct spot *s, const char *id)
{
	static const char *const names[] = {"Default", "SourceIP", "SourceIPProtocol", NULL}; /* enum distribution */
	struct lb_rule *r = g_new0(struct lb_rule, 1);
	gboolean all;

	noun_declare(&r->noun, s, id);
	r->protocol = read_transport(s);
	all = r->protocol == PROTO_ANY;
	r->frontend_port = (guint16)read_number(s, "properties.frontendPort", all ? 0 : 1, all ? 0 : 65534, REQUIRED);
	r->backend_port = (guint16)read_number(s, "properties.backendPort", all ? 0 : 1, all ? 0 : 65535,
	                                       all ? 0 : r->frontend_port);
	r->floating = read_flag(s, "properties.enableFloatingIP", FALSE);
	r->distribution = (enum distribution)read_choice(s, "properties.loadDistribution", names, DISTRIBUTION_TUPLE5);
	r->idle_minutes = read_number(s, "properties.idleTimeoutInMinutes", 4, 100, 4);
	r->access = access_control_read(s);
	return r;
}

struct nat_rule *nat_rule_new(const struct spot *s, const char *id)
{
	struct nat_rule *r = g_new0(struct nat_rule, 1);

	noun_declare(&r->noun, s, id);
	r->protocol = read_transport(s);
	r->frontend_port = (guint16)read_number(s, "properties.frontendPort", 1, 65534, REQUIRED);
	r->backend_port = (guint16)read_number(s, "properties.backendPort", 1, 65535, REQUIRED);
	r->floating = read_flag(s, "properties.enableFloatingIP", FALSE);
	r->access = access_control_read(s);
	return r;
}

static void link_public(struct frontend *f, const struct spot *s, struct public_address *p)
{
	if (!public_address_is_free(p, s, "properties.publicIPAddress"))
		return;
	f->public_address = p;
	p->frontend = f;
	if (p->sku != f->lb->sku)
		spot_warning(
		        s, "properties.publicIPAddress",
		        "address '%s' is %s and the load balancer is %s, which the original refuses; make them equal",
		        p->noun.name, p->sku == SKU_BASIC ? "Basic" : "Standard",
		        f->lb->sku == SKU_BASIC ? "Basic" : "Standard");
}

void frontend_link(struct build *b, struct frontend *f)
{
	struct spot s = noun_spot(b, &f->noun);
	gboolean public = spot_get(&s, "properties.publicIPAddress") != NULL;
	gboolean prefix = spot_get(&s, "properties.publicIPPrefix") != NULL;
	gboolean internal = spot_get(&s, "properties.subnet") != NULL;
	struct public_address *p;

	if (public && internal)
		spot_error(&s, "properties.subnet", "a front end is either public or in a subnet; keep one of the two");
	else if (!public && !prefix && !internal)
		spot_error(&s, "", "the front end has neither publicIPAddress nor subnet; add one");
	p = follow(&s, "properties.publicIPAddress", &kind_public_address, FALSE);
	if (p)
		link_public(f, &s, p);
	f->subnet = follow(&s, "properties.subnet", &kind_subnet, FALSE);
	if (!f->subnet)
		return;
	spot_unmodelled(&s, "properties.subnet",
	                "internal front ends have no data plane yet: nothing answers on this address");
	if (read_address(&s, "properties.privateIPAddress", &f->address))
		address_check_inside(&s, "properties.privateIPAddress", f->subnet, f->address);
}

gpointer follow_own(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required,
                    const struct load_balancer *l)
{
	struct noun *n = follow(s, dotted, kind, required);

	if (n &&
	    !(g_ascii_strncasecmp(n->id, l->noun.id, strlen(l->noun.id)) == 0 && n->id[strlen(l->noun.id)] == '/')) {
		spot_error(s, dotted, "'%s' is of another load balancer; name one of '%s'", n->name, l->noun.name);
		return NULL;
	}
	return n;
}

void lb_rule_link(struct build *b, struct lb_rule *r, const struct load_balancer *l)
{
	static const char list[] = "properties.backendAddressPools";
	struct spot s = noun_spot(b, &r->noun);
	guint count = spot_length(&s, list);
	gboolean single = spot_get(&s, "properties.backendAddressPool") != NULL;

	r->frontend = follow_own(&s, "properties.frontendIPConfiguration", &kind_frontend, TRUE, l);
	r->pool = follow_own(&s, "properties.backendAddressPool", &kind_pool, count == 0, l);
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, list, i);
		struct pool *p = follow_own(&item, "", &kind_pool, TRUE, l);

		if (!single && i == 0)
			r->pool = p;
		else if (p && p != r->pool)
			spot_unmodelled(&item, "",
			                "a second back-end pool of a rule is not modelled: it gets no traffic");
	}
	r->probe = follow_own(&s, "properties.probe", &kind_probe, FALSE, l);
}

void nat_rule_link(struct build *b, struct nat_rule *r, const struct load_balancer *l)
{
	struct spot s = noun_spot(b, &r->noun);

	/* A pool's rule stands where the pool does, and says the same. */
	r->frontend = follow_own(&s, "properties.frontendIPConfiguration", &kind_frontend, TRUE, l);
}
