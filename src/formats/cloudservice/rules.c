/* SPDX-License-Identifier: Apache-2.0 */
/* Each role's security group, in the order of precedence that cloudservice.h tells, and its application group. */
#include "formats/cloudservice/internal.h"

#define FIRST_PRIORITY 100
#define PROBE_PRIORITY 4000
#define DENY_PRIORITY  4096

static const char *rule_protocol(enum protocol p)
{
	static const char *const names[] = {[PROTOCOL_HTTP] = "Tcp",
	                                    [PROTOCOL_HTTPS] = "Tcp",
	                                    [PROTOCOL_TCP] = "Tcp",
	                                    [PROTOCOL_UDP] = "Udp",
	                                    [PROTOCOL_ANY] = "*"};

	return names[p];
}

struct list {
	const struct service *s;
	struct node *rules;
	guint priority;
};

/* A rule without its source. Its number is the next one unless it has one of its own. */
static struct node *add_rule(struct list *l, const element *at, const char *name, const char *protocol, guint priority,
                             gboolean allow)
{
	struct node *p = emit_object(at);
	g_autofree char *resource = emit_name(name);

	node_set(p, "priority", node_int(priority ? priority : l->priority++));
	node_set(p, "direction", emit_text(at, "Inbound"));
	node_set(p, "access", emit_text(at, allow ? "Allow" : "Deny"));
	node_set(p, "protocol", emit_text(at, protocol));
	node_set(p, "sourcePortRange", emit_text(at, "*"));
	node_set(p, "destinationAddressPrefix", emit_text(at, "*"));
	node_append(l->rules, emit_nested(at, resource, p));
	return p;
}

/* Endpoints may be called anything, also like the rules of our own. */
static struct node *add_endpoint(struct list *l, const struct endpoint *e)
{
	g_autofree char *name = g_strdup_printf("endpoint.%s", e->name);

	return add_rule(l, e->at, name, rule_protocol(e->protocol), 0, TRUE);
}

static void set_ports(struct node *p, const element *at, guint first, guint last)
{
	g_autofree char *text = first == 0 && last == 65535 ? g_strdup("*")
	                        : first == last             ? g_strdup_printf("%u", first)
	                                                    : g_strdup_printf("%u-%u", first, last);

	node_set(p, "destinationPortRange", emit_text(at, text));
}

/* Who may use an internal endpoint. Nobody: no rule, so that the last one closes it. */
static void add_internal(struct list *l, const struct endpoint *e)
{
	struct node *p, *groups;

	if (e->sources && !e->sources->len)
		return;
	p = add_endpoint(l, e);
	set_ports(p, e->at, e->first, e->last);
	if (!e->sources) {
		node_set(p, "sourceAddressPrefix", emit_text(e->at, "VirtualNetwork"));
		return;
	}
	groups = emit_list(e->at);
	for (guint i = 0; i < e->sources->len; i++) {
		g_autofree char *name = role_resource(l->s, e->sources->pdata[i]);

		node_append(groups, emit_reference(l->s->m, e->at, ASG, name));
	}
	node_set(p, "sourceApplicationSecurityGroups", groups);
}

static void add_outside(struct list *l, const struct endpoint *e)
{
	struct node *p = add_endpoint(l, e);

	set_ports(p, e->at, e->first, e->last);
	node_set(p, "sourceAddressPrefix", emit_text(e->at, "*"));
}

static void add_all(struct list *l, const struct role *r)
{
	struct node *p;

	for (guint i = 0; i < r->endpoints->len; i++) {
		const struct endpoint *e = r->endpoints->pdata[i];

		(e->kind == ENDPOINT_INTERNAL ? add_internal : add_outside)(l, e);
	}
	if (r->remote) {
		p = add_rule(l, r->at, "RemoteDesktop", "Tcp", 0, TRUE);
		set_ports(p, r->at, RDP_PORT, RDP_PORT);
		node_set(p, "sourceAddressPrefix", emit_text(r->at, "*"));
	}
	p = add_rule(l, r->at, "Probes", "*", PROBE_PRIORITY, TRUE);
	set_ports(p, r->at, 0, 65535);
	node_set(p, "sourceAddressPrefix", emit_text(r->at, "AzureLoadBalancer"));
	p = add_rule(l, r->at, "DenyAllElse", "*", DENY_PRIORITY, FALSE);
	set_ports(p, r->at, 0, 65535);
	node_set(p, "sourceAddressPrefix", emit_text(r->at, "*"));
}

void rules_emit(struct service *s)
{
	s->m->x = s->definition;
	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];
		struct list l = {s, emit_list(r->at), FIRST_PRIORITY};
		g_autofree char *name = role_resource(s, r);
		struct node *p = emit_object(r->at);

		add_all(&l, r);
		node_set(p, "securityRules", l.rules);
		emit_document(s->m, r->at, ASG, name, NULL, emit_object(r->at));
		emit_document(s->m, r->at, NSG, name, NULL, p);
	}
}
