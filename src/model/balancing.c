/* SPDX-License-Identifier: Apache-2.0 */
/* Probes, load-balancing rules and outbound rules. */
#include "model/balancer.h"

#include <string.h>

void probe_free(struct probe *p)
{
	noun_clear(&p->noun);
	g_free(p->request_path);
	g_free(p);
}

void lb_rule_free(struct lb_rule *r)
{
	noun_clear(&r->noun);
	access_control_free(r->access);
	g_free(r);
}

void outbound_rule_free(struct outbound_rule *r)
{
	noun_clear(&r->noun);
	g_ptr_array_unref(r->frontends);
	g_free(r);
}

const char *sku_name(enum sku sku)
{
	static const char *const names[] = {
	        [SKU_BASIC] = "Basic", [SKU_STANDARD] = "Standard", [SKU_GATEWAY] = "Gateway"};

	return names[sku];
}

guint balancer_idle_most(const struct load_balancer *l)
{
	return l->sku == SKU_BASIC ? 30 : 100;
}

void probe_add(struct load_balancer *l, const struct spot *s, const char *id)
{
	static const char *const protocols[] = {"Tcp", "Http", "Https", NULL}; /* enum probe_protocol */
	static const char *const behaviours[] = {"AllProbedDown", "AllProbedUp", NULL};
	static const char path[] = "properties.requestPath";
	struct probe *p = g_new0(struct probe, 1);

	noun_declare(&p->noun, s, id);
	p->protocol = (enum probe_protocol)read_choice(s, "properties.protocol", protocols, REQUIRED);
	p->port = (guint16)read_number(s, "properties.port", 1, 65535, REQUIRED);
	p->request_path = g_strdup(read_text(s, path, p->protocol != PROBE_TCP));
	if (p->protocol == PROBE_TCP && p->request_path && *p->request_path)
		spot_error(s, path, "a TCP probe asks for no path; remove it, or make the protocol \"Http\"");
	if (p->protocol == PROBE_HTTPS && l->sku == SKU_BASIC)
		spot_error(s, "properties.protocol",
		           "a Basic load balancer has no HTTPS probes; use \"Http\", or make it Standard");
	p->interval = read_number(s, "properties.intervalInSeconds", 5, G_MAXINT32, 15);
	p->count = read_number(s, "properties.numberOfProbes", 1, G_MAXINT32, 2);
	p->threshold = read_number(s, "properties.probeThreshold", 1, 100, p->count);
	p->up_when_all_down = read_choice(s, "properties.noHealthyBackendsBehavior", behaviours, 0) == 1;
	g_ptr_array_add(l->probes, p);
}

enum rule_protocol read_transport(const struct spot *s)
{
	static const char *const names[] = {"Tcp", "Udp", "All", "*", NULL};
	static const enum rule_protocol values[] = {PROTO_TCP, PROTO_UDP, PROTO_ANY, PROTO_ANY};

	return values[read_choice(s, "properties.protocol", names, REQUIRED)];
}

static void read_flags(struct lb_rule *r, const struct spot *s)
{
	r->floating = read_flag(s, "properties.enableFloatingIP", FALSE);
	r->tcp_reset = read_flag(s, "properties.enableTcpReset", FALSE);
	r->no_outbound_snat = read_flag(s, "properties.disableOutboundSnat", FALSE);
	r->connection_tracking = read_flag(s, "properties.enableConnectionTracking", FALSE);
}

void lb_rule_add(struct load_balancer *l, const struct spot *s, const char *id)
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
	read_flags(r, s);
	if (r->floating && r->backend_port != r->frontend_port)
		spot_warning(s, "properties.backendPort", "with floating IP the port stays what it is, %u; write that",
		             r->frontend_port);
	r->distribution = (enum distribution)read_choice(s, "properties.loadDistribution", names, DISTRIBUTION_TUPLE5);
	r->idle_minutes = read_number(s, "properties.idleTimeoutInMinutes", 4, balancer_idle_most(l), 4);
	r->access = access_control_read(s);
	g_ptr_array_add(l->rules, r);
}

void outbound_rule_add(struct load_balancer *l, const struct spot *s, const char *id)
{
	static const char ports[] = "properties.allocatedOutboundPorts";
	struct outbound_rule *r = g_new0(struct outbound_rule, 1);

	r->frontends = g_ptr_array_new();
	noun_declare(&r->noun, s, id);
	r->protocol = read_transport(s);
	r->ports = read_number(s, ports, 0, 64000, 0);
	r->idle_minutes = read_number(s, "properties.idleTimeoutInMinutes", 4, 120, 4);
	r->tcp_reset = read_flag(s, "properties.enableTcpReset", FALSE);
	if (r->ports % 8)
		spot_error(s, ports, "%u is not a multiple of 8; write %u", r->ports, r->ports / 8 * 8);
	if (l->sku == SKU_BASIC)
		spot_error(s, "",
		           "outbound rules are for Standard load balancers; remove it, or make this one Standard");
	g_ptr_array_add(l->outbound_rules, r);
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

gboolean balancer_is_frontend_id(const struct spot *s, const char *dotted, const char *id)
{
	g_autofree char *type = reference_type(id);

	if (type && strcmp(type, kind_frontend.type) == 0)
		return TRUE;
	spot_error(s, dotted, "'%.300s' is not the id of a %s; write \"/subscriptions/.../%s/NAME\"", id,
	           kind_frontend.word, kind_frontend.type);
	return FALSE;
}

/* A rule's pools: the one, or a list of it, which repeats the one in what is exported; a gateway's may have two. */
static void link_pools(struct lb_rule *r, const struct spot *s, const struct load_balancer *l)
{
	static const char list[] = "properties.backendAddressPools";
	guint count = spot_length(s, list);

	r->pool = follow_own(s, "properties.backendAddressPool", &kind_pool, count == 0, l);
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		struct pool *p = follow_own(&item, "", &kind_pool, TRUE, l);

		if (!r->pool)
			r->pool = p;
		else if (p && p != r->pool && !r->second_pool)
			r->second_pool = p;
		else if (p && p != r->pool && p != r->second_pool)
			spot_error(&item, "", "a rule has at most two pools; remove '%s'", p->noun.name);
	}
	if (r->second_pool && l->sku != SKU_GATEWAY)
		spot_error(s, list, "only a rule of a gateway load balancer has two pools; remove '%s'",
		           r->second_pool->noun.name);
}

void lb_rule_link(struct build *b, struct lb_rule *r, const struct load_balancer *l)
{
	struct spot s = noun_spot(b, &r->noun);

	r->frontend = follow_own(&s, "properties.frontendIPConfiguration", &kind_frontend, TRUE, l);
	link_pools(r, &s, l);
	r->probe = follow_own(&s, "properties.probe", &kind_probe, FALSE, l);
	if (l->sku == SKU_GATEWAY && r->protocol != PROTO_ANY)
		spot_error(&s, "properties.protocol",
		           "a gateway load balancer passes everything; write \"All\", and 0 for both ports");
}

void outbound_rule_link(struct build *b, struct outbound_rule *r, const struct load_balancer *l)
{
	static const char list[] = "properties.frontendIPConfigurations";
	struct spot s = noun_spot(b, &r->noun);
	guint count = spot_length(&s, list);

	r->pool = follow_own(&s, "properties.backendAddressPool", &kind_pool, TRUE, l);
	if (count == 0)
		spot_error(&s, list, "the rule has no front end; add a public one");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, list, i);
		struct frontend *f = follow_own(&item, "", &kind_frontend, TRUE, l);

		if (f && f->subnet)
			spot_error(&item, "", "front end '%s' is internal; name a public one", f->noun.name);
		else if (f && !g_ptr_array_find(r->frontends, f, NULL))
			g_ptr_array_add(r->frontends, f);
	}
}
