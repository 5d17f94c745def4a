/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of this host, with the policy that judges each, and the rules behind those policies. */
#include "parts.h"
#include "policy.h"
#include "model/watcher.h"
#include "six.h"
#include "space.h"
#include <string.h>

static int compare_nics(const void *a, const void *b, gpointer data)
{
	const struct nic *const *x = a, *const *y = b;
	guint i = alloc_port(data, *x)->number, j = alloc_port(data, *y)->number;
	return i < j ? -1 : i > j;
}

static void add_networks(struct compilation *c, struct network *n)
{
	if (!g_hash_table_add(c->networks, n))
		return;
	g_hash_table_add(c->near, n);
	for (guint i = 0; i < n->peerings->len; i++) {
		const struct peering *p = g_ptr_array_index(n->peerings, i);
		if (p->reverse)
			g_hash_table_add(c->near, p->remote);
	}
}

static void find_nics(struct compilation *c)
{
	for (guint i = 0; i < c->graph->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(c->graph->vms, i);
		for (guint k = 0; k < vm->nics->len; k++) {
			struct nic *nic = g_ptr_array_index(vm->nics, k);
			const struct alloc_port *p = alloc_port(c->alloc, nic);
			if (!p || p->host != c->host)
				continue;
			g_ptr_array_add(c->nics, nic);
			if (nic->network)
				add_networks(c, nic->network);
		}
	}
	g_ptr_array_sort_with_data(c->nics, compare_nics, (gpointer)c->alloc);
}

static gboolean is_tap(const struct compilation *c, const struct vm *vm)
{
	g_autofree char *id = g_ascii_strdown(vm->noun.id, -1);
	return c->settings->taps && g_hash_table_contains(c->settings->taps, id);
}

static gboolean add_address(struct compilation *c, struct table_port *p, const struct ip_config *config)
{
	guint32 addr = alloc_private(c->alloc, config);
	if (!addr)
		return TRUE;
	if (p->port.addr_count == ESC_PORT_ADDRS)
		return compile_fail(c, &config->nic->noun,
		                    "it has more than %u addresses; use further network interfaces", ESC_PORT_ADDRS);
	p->port.addr[p->port.addr_count++] = GUINT32_TO_BE(addr);
	return TRUE;
}

/* The primary address comes first; the others follow in the order of the document. */
static gboolean fill_addresses(struct compilation *c, struct table_port *p, const struct nic *nic)
{
	const struct ip_config *primary = compile_primary(nic);
	if (primary && !add_address(c, p, primary))
		return FALSE;
	for (guint i = 0; i < nic->configs->len; i++) {
		const struct ip_config *config = g_ptr_array_index(nic->configs, i);
		if (config != primary && !add_address(c, p, config))
			return FALSE;
		if (config->subnet && primary->subnet && config->subnet->group != primary->subnet->group)
			return compile_fail(
			        c, &nic->noun,
			        "its configurations are in subnets with different security groups; use one subnet");
	}
	if (!p->port.addr_count)
		return compile_fail(c, &nic->noun, "it has no IPv4 address");
	return TRUE;
}

static void fill_guest(struct compilation *c, struct table_port *p, const struct ip_config *config)
{
	guint32 addr = alloc_private(c->alloc, config);
	for (guint i = 0; config->subnet && i < config->subnet->prefixes->len; i++) {
		struct prefix prefix = g_array_index(config->subnet->prefixes, struct prefix, i);
		if (!prefix_has(prefix, addr))
			continue;
		p->prefix_length = prefix.length;
		p->gateway = prefix.addr + 1;
	}
}

static char *make_label(const struct compilation *c, const struct nic *nic)
{
	g_autofree char *vm = graph_vm_label(c->graph, nic->vm);
	if (g_ptr_array_index(nic->vm->nics, 0) == nic)
		return g_steal_pointer(&vm);
	return g_strdup_printf("%s/%s", vm, nic->noun.name);
}

static gboolean add_port(struct compilation *c, const struct nic *nic)
{
	const struct alloc_port *a = alloc_port(c->alloc, nic);
	struct table_port *p = g_new0(struct table_port, 1);
	g_ptr_array_add(c->t->ports, p);
	p->number = a->number;
	p->id = g_strdup(nic->noun.id);
	p->vm = g_strdup(nic->vm->noun.id);
	p->label = make_label(c, nic);
	memcpy(p->port.mac, a->mac, sizeof p->port.mac);
	p->port.flags =
	        ESC_PORT_ACTIVE | (is_tap(c, nic->vm) ? ESC_PORT_TAP : 0) | (nic->ip_forwarding ? ESC_PORT_FORWARD : 0);
	p->port.net = nic->network ? alloc_vni(c->alloc, nic->network) : 0;
	if (!p->port.net)
		return compile_fail(c, &nic->noun, "it is in no virtual network");
	if (!fill_addresses(c, p, nic) || !port6_fill(c, p, nic))
		return FALSE;
	fill_guest(c, p, compile_primary(nic));
	return TRUE;
}

/* --- policies --- */

/* Ports of one network that see the same inside, with the same groups, share a policy. */
struct policy_key {
	const struct network *network;
	const struct inside *inside;
	const struct security_group *subnet, *nic;
};

static guint policy_key_hash(const void *key)
{
	const struct policy_key *k = key;
	return g_direct_hash(k->network) * 31 + g_direct_hash(k->inside) * 13 + g_direct_hash(k->subnet) * 17 +
	       g_direct_hash(k->nic);
}

static gboolean policy_key_equal(const void *a, const void *b)
{
	const struct policy_key *x = a, *y = b;
	return x->network == y->network && x->inside == y->inside && x->subnet == y->subnet && x->nic == y->nic;
}

static guint32 build_policy(struct compilation *c, const struct policy_key *k, const struct nic *nic)
{
	struct policy_scope scope = {k->network, c->alloc, c->settings->platform, c->settings->platform6, k->inside};
	g_autofree char *name = g_strdup_printf(
	        "network interface '%s': security group%s '%s'%s%s%s", nic->noun.id, k->subnet && k->nic ? "s" : "",
	        k->subnet ? k->subnet->noun.id
	        : k->nic  ? k->nic->noun.id
	                  : "",
	        k->subnet && k->nic ? " and '" : "", k->subnet && k->nic ? k->nic->noun.id : "",
	        k->subnet && k->nic ? "'" : "");
	struct policy_input in = {.name = name, .flags = k->subnet || k->nic ? 0 : ESC_POLICY_NO_GROUP};
	g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	for (guint d = 0; d < 2; d++) {
		const struct security_group *groups[2] = {d == DIR_IN ? k->subnet : k->nic,
		                                          d == DIR_IN ? k->nic : k->subnet};
		for (guint l = 0; l < 2; l++) {
			if (!groups[l])
				continue;
			in.lists[d][l] = policy_lower(groups[l], d, &scope);
			g_ptr_array_add(owned, in.lists[d][l]);
		}
	}
	GBytes *blob = policy_build(&in, c->error);
	return blob ? compile_blob(c, blob, &nic->noun) : 0;
}

static const struct inside *inside_of(struct compilation *c, const struct subnet *s)
{
	struct inside *known = g_hash_table_lookup(c->insides, s);
	if (known)
		return known;
	struct inside *fresh = inside_new(s);
	known = g_hash_table_lookup(c->inside_set, fresh);
	if (known) {
		inside_free(fresh);
	} else {
		known = fresh;
		g_hash_table_add(c->inside_set, fresh);
	}
	g_hash_table_insert(c->insides, (gpointer)s, known);
	return known;
}

static gboolean add_policies(struct compilation *c)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(policy_key_hash, policy_key_equal, g_free, NULL);
	for (guint i = 0; i < c->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(c->nics, i);
		const struct ip_config *primary = compile_primary(nic);
		struct policy_key key = {nic->network, inside_of(c, primary->subnet), primary->subnet->group,
		                         nic->group};
		guint32 blob = GPOINTER_TO_UINT(g_hash_table_lookup(known, &key));
		if (!blob) {
			blob = build_policy(c, &key, nic);
			if (!blob)
				return FALSE;
			g_hash_table_insert(known, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(blob));
		}
		((struct table_port *)g_ptr_array_index(c->t->ports, i))->blob = blob;
	}
	return TRUE;
}

/* --- rules --- */

/* The log that the documents ask for of this group; NULL: none that is on. */
static const struct flow_log *find_log(const struct compilation *c, const struct security_group *group)
{
	for (guint i = 0; i < c->graph->watchers->len; i++) {
		const struct watcher *w = g_ptr_array_index(c->graph->watchers, i);
		for (guint k = 0; k < w->flow_logs->len; k++) {
			const struct flow_log *l = g_ptr_array_index(w->flow_logs, k);
			if (l->group == group && l->enabled)
				return l;
		}
	}
	return NULL;
}

/* A row for the number, of what stands at the noun; NULL when there is one already. */
static struct table_rule *new_rule(struct compilation *c, guint32 number, const struct noun *n, GHashTable *seen)
{
	if (!g_hash_table_add(seen, GUINT_TO_POINTER(number)))
		return NULL;
	const struct document *d = n->document;
	struct table_rule *out = g_new0(struct table_rule, 1);
	out->number = number;
	out->id = g_strdup(n->id);
	out->file = g_strdup(d && d->file ? d->file : "");
	out->line = n->at && n->at->line ? n->at->line : d ? d->line : 0;
	g_ptr_array_add(c->t->rules, out);
	return out;
}

static void add_rule(struct compilation *c, const struct rule *r, const struct flow_log *log, GHashTable *seen)
{
	struct table_rule *out = new_rule(c, alloc_rule(c->alloc, r), &r->noun, seen);
	if (!out)
		return;
	out->name = g_strdup(rule_full_name(r));
	out->priority = r->priority;
	out->allow = r->allow ? 1 : 0;
	out->direction = (guint8)r->direction;
	out->log_version = log ? (guint8)log->version : 0;
	out->log_days = log ? (guint16)log->retention_days : 0;
}

/* The access rules of an endpoint: every host is an edge and has them all. */
static void add_access(struct compilation *c, const struct noun *owner, const struct access_control *a,
                       GHashTable *seen)
{
	for (guint i = 0; a && i < a->rules->len; i++) {
		const struct access_rule *r = &g_array_index(a->rules, struct access_rule, i);
		struct table_rule *out = new_rule(c, alloc_access(c->alloc, owner, r->order), owner, seen);
		if (!out)
			continue;
		out->name = g_strdup_printf("%s/access %u", owner->name, r->order);
		out->priority = r->order;
		out->allow = r->permit ? 1 : 0;
		out->direction = DIR_IN;
	}
}

static void add_balancer(struct compilation *c, const struct load_balancer *lb, GHashTable *seen)
{
	for (guint i = 0; i < lb->rules->len; i++) {
		const struct lb_rule *r = g_ptr_array_index(lb->rules, i);
		add_access(c, &r->noun, r->access, seen);
	}
	for (guint i = 0; i < lb->nat_rules->len; i++) {
		const struct nat_rule *r = g_ptr_array_index(lb->nat_rules, i);
		add_access(c, nat_rule_access_owner(r), r->access, seen);
	}
}

static void add_group(struct compilation *c, const struct security_group *group, GHashTable *groups, GHashTable *seen)
{
	if (!group || !g_hash_table_add(groups, (gpointer)group))
		return;
	const struct flow_log *log = find_log(c, group);
	for (guint d = 0; d < 2; d++) {
		for (guint i = 0; i < group->rules[d]->len; i++)
			add_rule(c, g_ptr_array_index(group->rules[d], i), log, seen);
	}
}

static int compare_rules(const void *a, const void *b)
{
	const struct table_rule *const *x = a, *const *y = b;
	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

static void add_rules(struct compilation *c)
{
	g_autoptr(GHashTable) groups = g_hash_table_new(NULL, NULL), seen = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < c->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(c->nics, i);
		const struct ip_config *primary = compile_primary(nic);
		add_group(c, nic->group, groups, seen);
		add_group(c, primary->subnet ? primary->subnet->group : NULL, groups, seen);
	}
	for (guint i = 0; i < c->graph->load_balancers->len; i++)
		add_balancer(c, g_ptr_array_index(c->graph->load_balancers, i), seen);
	g_ptr_array_sort(c->t->rules, compare_rules);
}

gboolean compile_ports(struct compilation *c)
{
	find_nics(c);
	for (guint i = 0; i < c->nics->len; i++) {
		if (!add_port(c, g_ptr_array_index(c->nics, i)))
			return FALSE;
	}
	if (!add_policies(c))
		return FALSE;
	add_rules(c);
	return TRUE;
}
