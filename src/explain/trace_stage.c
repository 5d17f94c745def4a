/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hop's stages, read off what the pipeline asked of its tables.
 *
 * Which table a look-up is in tells the stage; the order is that in which the code asked. Look-ups that decide nothing
 * for people (generations, rings, budgets) are passed over.
 */
#include "explain/trace.h"

#include "lib/verdicts.h"

#include <string.h>

struct telling {
	const struct fleet *f;
	const struct fleet_hop *h;
	struct node *stages;
	guint i;                          /* step at hand */
	gboolean flow, endpoint, balance; /* told already */
	guint policies;
};

static struct node *stage(struct telling *t, const char *name, const char *result)
{
	struct node *n = node_object();

	node_set(n, "stage", node_string(name));
	node_set(n, "result", node_string(result));
	node_append(t->stages, n);
	return n;
}

static const struct table_port *find_port(const struct fleet *f, guint host, guint32 number)
{
	const GPtrArray *ports = fleet_tables(f, host)->ports;

	for (guint i = 0; i < ports->len; i++) {
		const struct table_port *p = ports->pdata[i];

		if (p->number == number)
			return p;
	}
	return NULL;
}

struct node *trace_end(const struct fleet *f, guint host, guint32 port, gboolean outside, guint32 address)
{
	const struct table_port *p = port ? find_port(f, host, port) : NULL;
	struct node *n = node_object();

	node_set(n, "label", p ? node_string(p->label) : outside ? node_string("internet") : node_null());
	node_set(n, "address", node_take_string(ip_format(address)));
	node_set(n, "host", p ? node_int(host) : node_null());
	return n;
}

static void set_port(struct telling *t, struct node *n, guint host, guint32 number)
{
	const struct table_port *p = find_port(t->f, host, number);

	node_set(n, "port", p ? node_string(p->label) : node_null());
}

const struct table_rule *trace_rule(const struct fleet *f, const struct fleet_hop *h, guint i)
{
	const GPtrArray *rules = fleet_tables(f, h->host)->rules;

	for (guint k = 0; h->end.rules[i] && k < rules->len; k++) {
		const struct table_rule *r = rules->pdata[k];

		if (r->number == h->end.rules[i])
			return r;
	}
	return NULL;
}

static struct node *rule_node(const struct table_rule *r, const char *list)
{
	struct node *n = node_object();

	node_set(n, "list", node_string(list));
	node_set(n, "rule", node_string(r->name));
	node_set(n, "id", node_string(r->id));
	node_set(n, "access", node_string(r->allow ? "allow" : "deny"));
	node_set(n, "priority", node_int(r->priority));
	node_set(n, "file", *r->file ? node_string(r->file) : node_null());
	node_set(n, "line", r->line ? node_int(r->line) : node_null());
	return n;
}

/* One direction's two lists; a list that is not there decides nothing. */
static void tell_policy(struct telling *t, gboolean out)
{
	static const char *const lists[] = {"interface", "subnet", "subnet", "interface"};
	guint32 verdict = t->h->effect.verdict;
	gboolean denied = verdict == (out ? ESC_V_POLICY_OUT : ESC_V_POLICY_IN) ||
	                  (!out && verdict == ESC_V_STANDARD_CLOSED) || verdict == ESC_V_NO_POLICY;
	struct node *n = stage(t, "policy", denied ? "deny" : "allow"), *rules = node_array();

	node_set(n, "direction", node_string(out ? "outbound" : "inbound"));
	for (guint i = out ? 0 : 2; i < (out ? 2u : 4u); i++) {
		const struct table_rule *r = trace_rule(t->f, t->h, i);

		if (r)
			node_append(rules, rule_node(r, lists[i]));
	}
	node_set(n, "rules", rules);
}

static const void *value_at(const struct telling *t)
{
	return g_array_index(t->h->steps, struct native_step, t->i).value;
}

static void tell_flow(struct telling *t, gboolean hit)
{
	const struct esc_flow *e = value_at(t);
	struct node *n;

	if (t->flow)
		return;
	t->flow = TRUE;
	if (t->h->entry == FLEET_PORT)
		stage(t, "guard", "pass"); /* who fails there asks for no flow */
	n = stage(t, "flow", hit ? "hit" : "miss");
	if (hit)
		node_set(n, "reply", node_bool(e->flags & ESC_FLOW_REPLY));
}

static const char *endpoint_kind(const struct esc_endpoint *e)
{
	static const char *const kinds[] = {"?", "one", "balanced", "source-ports"};

	return e->kind < G_N_ELEMENTS(kinds) ? kinds[e->kind] : "?";
}

static void tell_endpoint(struct telling *t, const struct native_step *s)
{
	const struct esc_endpoint_key *k = (const struct esc_endpoint_key *)(const void *)s->key;
	struct node *n;

	if (t->endpoint || t->flow || t->h->entry != FLEET_UPLINK || !s->found)
		return;
	t->endpoint = TRUE;
	n = stage(t, "endpoint", endpoint_kind(value_at(t)));
	node_set(n, "address", node_take_string(ip_format(GUINT32_FROM_BE(k->vip))));
	node_set(n, "port", k->proto && k->proto != 255 ? node_int(GUINT16_FROM_BE(k->port)) : node_null());
}

/* The endpoint that was found; NULL: none. */
static const struct esc_endpoint *found_endpoint(const struct telling *t)
{
	for (guint i = t->i; i-- > 0;) {
		const struct native_step *s = &g_array_index(t->h->steps, struct native_step, i);

		if (!strcmp(s->table, "endpoints") && s->found)
			return (const struct esc_endpoint *)(const void *)s->value;
	}
	return NULL;
}

/* The endpoint's access list, which is asked before anybody is chosen. TRUE: it lets the packet in, or there is none. */
static gboolean tell_access(struct telling *t, const struct esc_endpoint *e)
{
	gboolean refused = t->h->effect.verdict == ESC_V_ACCESS;
	const struct table_rule *r = refused ? trace_rule(t->f, t->h, 2) : NULL;
	struct node *rules;

	if (!e->access)
		return TRUE;
	rules = node_array();
	if (r)
		node_append(rules, rule_node(r, "endpoint"));
	node_set(stage(t, "access", refused ? "deny" : "allow"), "rules", rules);
	return !refused;
}

/* Who was chosen: the port of this host where the packet goes on, or the one that its new MAC names elsewhere. */
static void tell_balance(struct telling *t)
{
	static const char *const ways[] = {"five-tuple", "addresses", "addresses-and-protocol"};
	const struct esc_endpoint *e = found_endpoint(t);
	struct node *n;

	if (t->balance || !e || !tell_access(t, e) || e->kind != ESC_EP_BALANCED)
		return;
	t->balance = TRUE;
	n = stage(t, "balance", t->h->effect.verdict == ESC_V_NO_BACKEND ? "nobody" : "chosen");
	node_set(n, "by", e->distribution < G_N_ELEMENTS(ways) ? node_string(ways[e->distribution]) : node_null());
}

static void tell_blobs(struct telling *t)
{
	const struct native_step *before = t->i ? &g_array_index(t->h->steps, struct native_step, t->i - 1) : NULL;

	if (before && !strcmp(before->table, "blobs"))
		return;
	if (!t->flow) {
		tell_balance(t);
		return;
	}
	tell_policy(t, t->h->end.key.dir == ESC_FLOW_FROM && !t->policies);
	t->policies++;
}

static const char *hop_name(guint32 hop)
{
	static const char *const names[] = {"none", "network", "internet", "appliance", "gateway"};

	return hop < G_N_ELEMENTS(names) ? names[hop] : "other";
}

static void tell_route(struct telling *t, gboolean found)
{
	const struct esc_route *r = value_at(t);

	if (t->h->end.key.dir == ESC_FLOW_FROM && t->flow)
		stage(t, "route", found ? hop_name(r->hop) : "none");
}

/* Whose fabric address it is; 0 is that of the host at hand. */
static gboolean find_host(const struct fleet *f, guint32 fabric, guint here, guint *host)
{
	*host = here;
	for (guint i = 0; fabric && fleet_tables(f, i); i++)
		if (fleet_tables(f, i)->self.fabric == fabric) {
			*host = i;
			return TRUE;
		}
	return !fabric;
}

static void tell_address(struct telling *t, gboolean found)
{
	const struct esc_addr *a = value_at(t);
	struct node *n;
	guint host;

	if (t->h->end.key.dir != ESC_FLOW_FROM || !t->flow)
		return;
	n = stage(t, "address", found ? "known" : "unknown");
	if (!found || !find_host(t->f, a->host, t->h->host, &host))
		return;
	node_set(n, "host", node_int(host));
	set_port(t, n, host, a->port);
}

/* A judgement asks for peers as well, whether an address is one of theirs. */
static void tell_tunnel(struct telling *t, gboolean found)
{
	struct node *n;

	if (t->h->entry != FLEET_OVERLAY || t->flow)
		return;
	n = stage(t, "tunnel", found ? "known" : "foreign");
	node_set(n, "from_host", node_int(t->h->from));
	node_set(n, "network", t->h->vni >= ESC_VNI_EDGE_ASK ? node_string("edge") : node_int(t->h->vni));
}

static void tell_port(struct telling *t, gboolean found)
{
	guint32 number;

	memcpy(&number, value_at(t), sizeof(number));
	set_port(t, stage(t, "port", found ? "known" : "unknown"), t->h->host, number);
}

static void tell_step(struct telling *t)
{
	const struct native_step *s = &g_array_index(t->h->steps, struct native_step, t->i);

	if (!strcmp(s->table, "ifaces") || !strcmp(s->table, "macs"))
		tell_port(t, s->found);
	else if (!strcmp(s->table, "peers"))
		tell_tunnel(t, s->found);
	else if (!strcmp(s->table, "endpoints"))
		tell_endpoint(t, s);
	else if (!strcmp(s->table, "flows") && !s->insert)
		tell_flow(t, s->found);
	else if (!strcmp(s->table, "blobs"))
		tell_blobs(t);
	else if (!strcmp(s->table, "routes"))
		tell_route(t, s->found);
	else if (!strcmp(s->table, "addrs"))
		tell_address(t, s->found);
}

static void set_end(struct node *n, const char *name, guint32 address, guint16 port)
{
	g_autofree char *text = ip_format(address);

	node_set(n, name, node_stringf("%s:%u", text, port));
}

static void tell_translation(struct telling *t)
{
	const struct fleet_tuple *a = &t->h->before, *b = &t->h->after;
	struct node *n;

	if (a->source != b->source || a->source_port != b->source_port) {
		n = stage(t, "translation", "source");
		set_end(n, "from", a->source, a->source_port);
		set_end(n, "to", b->source, b->source_port);
	}
	if (a->destination != b->destination || a->destination_port != b->destination_port) {
		n = stage(t, "translation", "destination");
		set_end(n, "from", a->destination, a->destination_port);
		set_end(n, "to", b->destination, b->destination_port);
	}
}

static void tell_delivery(struct telling *t)
{
	static const char *const names[] = {"none", "port", "port", "overlay", "uplink", "back"};
	const struct esc_effect *e = &t->h->effect;
	struct node *n = stage(t, "delivery", e->delivery < G_N_ELEMENTS(names) ? names[e->delivery] : "?");
	guint host;

	if (e->delivery == ESC_TO_PEER || e->delivery == ESC_TO_TAP)
		set_port(t, n, t->h->host, native_port_behind(e->ifindex));
	if (e->delivery == ESC_TO_OVERLAY && find_host(t->f, e->remote, t->h->host, &host))
		node_set(n, "to_host", node_int(host));
}

static void tell_drop(struct telling *t)
{
	const char *verdict = verdict_name(t->h->effect.verdict);
	struct node *n = stage(t, "drop", verdict);

	set_port(t, n, t->h->host, t->h->effect.port);
	node_set(n, "help", node_string(verdict_help(verdict)));
}

struct node *trace_stages(const struct fleet *f, const struct fleet_hop *h)
{
	struct telling t = {.f = f, .h = h, .stages = node_array()};

	for (; t.i < h->steps->len; t.i++)
		tell_step(&t);
	if (h->effect.verdict > ESC_VERDICT_LAST_PASS) {
		tell_drop(&t);
		return t.stages;
	}
	tell_translation(&t);
	tell_delivery(&t);
	return t.stages;
}
