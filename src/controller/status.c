/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to "status": what is published, who has it in force, and which port is which. */
#include "controller/internal.h"
#include "model/life.h"

static struct node *hosts_report(const struct controller *c)
{
	struct node *hosts = node_array();
	for (guint host = 0; host < c->hosts; host++) {
		struct node *h = node_object();
		enum ack_state state = publish_state(c, host);
		node_set(h, "host", node_int(host));
		node_set(h, "hash", c->published[host] ? node_string(c->published[host]) : node_null());
		node_set(h, "acked", node_bool(state == ACK_OK));
		node_set(h, "error", state == ACK_REFUSED ? node_string(c->acks[host].error) : node_null());
		node_append(hosts, h);
	}
	return hosts;
}

static void set_address(struct node *list, guint32 address)
{
	if (address)
		node_append(list, node_take_string(ip_format(address)));
}

static void set_address6(struct node *list, const struct ip6 *address)
{
	if (address)
		node_append(list, node_take_string(ip6_format(*address)));
}

/* Private and public addresses of a card, of both families. */
static void card_addresses(const struct controller *c, const struct nic *nic, struct node *addresses,
                           struct node *public)
{
	for (guint i = 0; i < nic->configs->len; i++) {
		const struct ip_config *config = g_ptr_array_index(nic->configs, i);
		set_address(addresses, alloc_private(c->plan->alloc, config));
		if (config->public_address)
			set_address(public, alloc_public(c->plan->alloc, config->public_address));
	}
	for (guint i = 0; i < nic->configs6->len; i++) {
		const struct ip_config *config = g_ptr_array_index(nic->configs6, i);
		set_address6(addresses, alloc_private6(c->plan->alloc, config));
		if (config->public_address)
			set_address6(public, alloc_public6(c->plan->alloc, config->public_address));
	}
}

static struct node *port_report(const struct controller *c, const struct vm *vm, const struct nic *nic,
                                const struct alloc_port *at)
{
	struct node *n = node_object(), *addresses = node_array(), *public = node_array();
	g_autofree char *label = graph_vm_label(c->plan->graph, vm);
	g_autofree char *vm_key = g_ascii_strdown(vm->noun.id, -1);
	gboolean first = g_ptr_array_index(vm->nics, 0) == nic;
	card_addresses(c, nic, addresses, public);
	node_set(n, "label", first ? node_string(label) : node_stringf("%s/%s", label, nic->noun.name));
	node_set(n, "id", node_string(nic->noun.id));
	node_set(n, "vm", node_string(vm->noun.id));
	node_set(n, "host", node_int(at->host));
	node_set(n, "number", node_int(at->number));
	node_set(n, "mac", node_take_string(mac_format(at->mac)));
	node_set(n, "addresses", addresses);
	node_set(n, "network", nic->network ? node_string(nic->network->noun.id) : node_null());
	node_set(n, "public", public);
	node_set(n, "enforced", node_bool(publish_state(c, at->host) == ACK_OK));
	node_set(n, "tap", node_bool(g_hash_table_contains(c->plan->settings.taps, vm_key)));
	return n;
}

static struct node *ports_report(const struct controller *c)
{
	struct node *ports = node_array();
	for (guint i = 0; c->plan && i < c->plan->graph->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(c->plan->graph->vms, i);
		for (guint k = 0; k < vm->nics->len; k++) {
			const struct nic *nic = g_ptr_array_index(vm->nics, k);
			const struct alloc_port *at = alloc_port(c->plan->alloc, nic);
			if (at && at->host < c->hosts)
				node_append(ports, port_report(c, vm, nic, at));
		}
	}
	return ports;
}

/* Every machine, also one that is off and so has no port: what it is and what it keeps. */
static struct node *machine_report(const struct controller *c, const struct vm *vm)
{
	struct node *n = node_object(), *addresses = node_array(), *public = node_array();
	const struct alloc_port *at =
	        vm->nics->len ? alloc_place(c->plan->alloc, g_ptr_array_index(vm->nics, 0)) : NULL;
	for (guint i = 0; i < vm->nics->len; i++)
		card_addresses(c, g_ptr_array_index(vm->nics, i), addresses, public);
	node_set(n, "label", node_take_string(graph_vm_label(c->plan->graph, vm)));
	node_set(n, "id", node_string(vm->noun.id));
	node_set(n, "state", node_string(vm_state_name(vm->state)));
	node_set(n, "host", at ? node_int(at->host) : node_null());
	node_set(n, "addresses", addresses);
	node_set(n, "public", public);
	return n;
}

static struct node *machines_report(const struct controller *c)
{
	struct node *list = node_array();
	for (guint i = 0; c->plan && i < c->plan->graph->vms->len; i++)
		node_append(list, machine_report(c, g_ptr_array_index(c->plan->graph->vms, i)));
	return list;
}

/* NULL: none. Caller frees. */
static char *public_text(const struct controller *c, const struct public_address *p)
{
	const struct ip6 *six = p ? alloc_public6(c->plan->alloc, p) : NULL;
	guint32 four = p ? alloc_public(c->plan->alloc, p) : 0;
	return six ? ip6_format(*six) : four ? ip_format(four) : NULL;
}

/* One of the public addresses that belong to no machine. */
static void add_public(const struct controller *c, struct node *list, const struct noun *owner, const struct noun *part,
                       const struct public_address *p)
{
	g_autofree char *address = public_text(c, p);
	if (!address)
		return;
	struct node *n = node_object();
	node_set(n, "id", node_string(part->id));
	node_set(n, "name", node_stringf("%s/%s", owner->name, part->name));
	node_set(n, "address", node_string(address));
	node_append(list, n);
}

/* By which addresses machines leave through their subnet's NAT gateway. */
static struct node *gateways_report(const struct controller *c)
{
	struct node *list = node_array();
	for (guint i = 0; c->plan && i < c->plan->graph->nat_gateways->len; i++) {
		const struct nat_gateway *g = g_ptr_array_index(c->plan->graph->nat_gateways, i);
		for (guint k = 0; k < g->addresses->len; k++) {
			const struct public_address *p = g_ptr_array_index(g->addresses, k);
			add_public(c, list, &g->noun, &p->noun, p);
		}
	}
	return list;
}

/* Public front ends of load balancers: where people outside knock. */
static struct node *front_ends_report(const struct controller *c)
{
	struct node *list = node_array();
	for (guint i = 0; c->plan && i < c->plan->graph->load_balancers->len; i++) {
		const struct load_balancer *lb = g_ptr_array_index(c->plan->graph->load_balancers, i);
		for (guint k = 0; k < lb->frontends->len; k++) {
			const struct frontend *f = g_ptr_array_index(lb->frontends, k);
			add_public(c, list, &lb->noun, &f->noun, f->public_address);
		}
	}
	return list;
}

static struct node *endpoint_report(const struct controller *c, const struct endpoint *e)
{
	struct opening o = endpoint_opening(e);
	struct node *n = node_object();
	g_autofree char *address = public_text(c, o.frontend ? o.frontend->public_address : NULL);
	g_autofree char *target =
	        o.target && o.target->nic->vm ? graph_vm_label(c->plan->graph, o.target->nic->vm) : NULL;
	node_set(n, "id", node_string(e->noun->id));
	node_set(n, "name", node_stringf("%s/%s", e->lb->noun.name, e->noun->name));
	node_set(n, "address", address ? node_string(address) : node_null());
	node_set(n, "protocol", node_string(o.protocol == PROTO_TCP ? "tcp" : o.protocol == PROTO_UDP ? "udp" : "any"));
	node_set(n, "port", node_int(o.port));
	node_set(n, "local_port", node_int(o.local_port));
	node_set(n, "instance", target ? node_string(target) : node_null());
	node_set(n, "pool", o.pool ? node_string(o.pool->noun.name) : node_null());
	node_set(n, "enabled", node_bool(!*e->disabled));
	return n;
}

static struct node *endpoints_report(const struct controller *c)
{
	struct node *list = node_array();
	g_autoptr(GArray) all = c->plan ? graph_endpoints(c->plan->graph) : NULL;
	for (guint i = 0; all && i < all->len; i++)
		node_append(list, endpoint_report(c, &g_array_index(all, struct endpoint, i)));
	return list;
}

/* Public addresses that were given back: `plan` warns whoever names one. */
static struct node *released_report(const struct controller *c)
{
	struct node *list = node_array();
	g_autoptr(GArray) past = c->plan ? alloc_past(c->plan->alloc) : NULL;
	for (guint i = 0; past && i < past->len; i++) {
		const struct alloc_past *r = &g_array_index(past, struct alloc_past, i);
		const char *holder = alloc_public_holder(c->plan->alloc, r->address);
		struct node *n = node_object();
		node_set(n, "address", node_string(r->address));
		node_set(n, "owner", node_string(r->owner));
		node_set(n, "at", node_int(r->at));
		node_set(n, "holder", holder ? node_string(holder) : node_null());
		node_append(list, n);
	}
	return list;
}

struct node *events_report(struct controller *c)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(stored) s = stored_read(c->store, &error);
	struct node *n;
	if (!s)
		return control_error(error->message, NULL);
	n = node_object();
	node_set(n, "ok", node_bool(TRUE));
	struct node *events = status_health_events(c);
	for (guint i = 0; i < node_length(s->events); i++)
		node_append(events, node_ref(node_item(s->events, i)));
	node_set(n, "events", events);
	return n;
}

static struct node *unmodelled_report(const GPtrArray *unmodelled)
{
	struct node *list = node_array();
	for (guint i = 0; unmodelled && i < unmodelled->len; i++) {
		const struct unmodelled *u = g_ptr_array_index(unmodelled, i);
		struct node *n = node_object();
		node_set(n, "id", node_string(u->id));
		node_set(n, "property", node_string(u->property));
		node_set(n, "why", node_string(u->why));
		node_append(list, n);
	}
	return list;
}

struct node *status_report(struct controller *c)
{
	struct node *n = node_object();
	gint64 revision = 0;
	g_autoptr(GError) error = NULL;
	/* A range that is empty: only the revision is wanted. */
	g_autoptr(GPtrArray) none = store_range(c->store, "/doc/pending/", &revision, &error);
	if (!none) {
		node_unref(n);
		return control_error(error->message, NULL);
	}
	node_set(n, "ok", node_bool(TRUE));
	node_set(n, "revision", node_int(revision));
	node_set(n, "documents", node_int(c->documents));
	node_set(n, "deploying", node_bool(c->deploy != NULL));
	node_set(n, "trouble", c->trouble ? node_string(c->trouble) : node_null());
	node_set(n, "hosts", hosts_report(c));
	node_set(n, "ports", ports_report(c));
	node_set(n, "machines", machines_report(c));
	node_set(n, "endpoints", endpoints_report(c));
	node_set(n, "front_ends", front_ends_report(c));
	node_set(n, "nat_gateways", gateways_report(c));
	node_set(n, "released", released_report(c));
	node_set(n, "probes", status_probes(c));
	node_set(n, "recorded", unmodelled_report(c->plan ? c->plan->graph->recorded : NULL));
	node_set(n, "unmodelled", unmodelled_report(c->plan ? c->plan->graph->unmodelled : NULL));
	return n;
}
