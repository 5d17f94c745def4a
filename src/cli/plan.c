/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"
#include "lib/fold.h"

#include "cli/plan_reach.h"
#include "prove/exposure.h"
#include "prove/lint.h"

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

struct view {
	const struct graph *g;
	const struct alloc *a;
	const struct alloc_settings *s;
};

static struct node *take_or_null(char *text)
{
	return text ? node_take_string(text) : node_null();
}

static struct node *prefixes_node(const GArray *prefixes, const GArray *prefixes6)
{
	struct node *list = node_array();

	for (guint i = 0; i < prefixes->len; i++)
		node_append(list, node_take_string(prefix_format(g_array_index(prefixes, struct prefix, i))));
	for (guint i = 0; i < prefixes6->len; i++)
		node_append(list, node_take_string(prefix6_format(g_array_index(prefixes6, struct prefix6, i))));
	return list;
}

static struct node *group_node(const struct security_group *group)
{
	return group ? node_string(group->noun.name) : node_null();
}

static struct node *network_node(const struct network *n)
{
	struct node *o = node_object(), *subnets = node_array();

	node_set(o, "name", node_string(n->noun.name));
	node_set(o, "id", node_string(n->noun.id));
	node_set(o, "prefixes", prefixes_node(n->prefixes, n->prefixes6));
	for (guint i = 0; i < n->subnets->len; i++) {
		const struct subnet *s = NTH(n->subnets, struct subnet, i);
		struct node *e = node_object();

		node_set(e, "name", node_string(s->noun.name));
		node_set(e, "prefixes", prefixes_node(s->prefixes, s->prefixes6));
		node_set(e, "security_group", group_node(s->group));
		node_append(subnets, e);
	}
	node_set(o, "subnets", subnets);
	return o;
}

static char *public_text(const struct view *v, const struct public_address *p)
{
	struct ip6 addr = {{0}};

	if (p)
		addr = address_public(v->a, p);
	return address_is_set(addr) ? ip6_format_any(addr) : NULL;
}

static struct node *config_node(const struct view *v, const struct ip_config *c)
{
	struct node *o = node_object();

	node_set(o, "address", node_take_string(ip6_format_any(address_private(v->a, c))));
	node_set(o, "subnet", node_string(c->subnet->noun.name));
	node_set(o, "subnet_security_group", group_node(c->subnet->group));
	node_set(o, "public", take_or_null(public_text(v, c->public_address)));
	return o;
}

static struct node *nic_node(const struct view *v, const struct nic *n)
{
	struct node *o = node_object(), *addresses = node_array();

	node_set(o, "name", node_string(n->noun.name));
	node_set(o, "id", node_string(n->noun.id));
	node_set(o, "network", n->network ? node_string(n->network->noun.name) : node_null());
	node_set(o, "security_group", group_node(n->group));
	for (guint i = 0; i < n->configs->len; i++)
		node_append(addresses, config_node(v, NTH(n->configs, struct ip_config, i)));
	for (guint i = 0; i < n->configs6->len; i++)
		node_append(addresses, config_node(v, NTH(n->configs6, struct ip_config, i)));
	node_set(o, "addresses", addresses);
	return o;
}

static struct node *instance_node(const struct view *v, const struct vm *vm)
{
	struct node *o = node_object(), *nics = node_array();

	node_set(o, "name", node_take_string(graph_vm_label(v->g, vm)));
	node_set(o, "id", node_string(vm->noun.id));
	for (guint i = 0; i < vm->nics->len; i++)
		node_append(nics, nic_node(v, NTH(vm->nics, struct nic, i)));
	node_set(o, "nics", nics);
	return o;
}

char *plan_range(struct address_range r)
{
	g_autofree char *from = ip6_format_any(r.first), *to = ip6_format_any(r.last);
	guint8 skip = address_is_four(r.first) ? 96 : 0;

	for (guint length = skip; length <= 128; length++) {
		struct prefix6 p = {r.first, (guint8)length};

		if (prefix6_contains(p, p) && address_same(prefix6_last(p), r.last))
			return g_strdup_printf("%s/%u", from, length - skip);
	}
	return g_strdup_printf("%s-%s", from, to);
}

struct node *plan_sources(const struct exposure *e)
{
	struct node *list = node_array();

	if (e->anyone)
		node_append(list, node_string("*"));
	for (guint i = 0; !e->anyone && i < e->sources->len; i++) {
		struct address_range r = g_array_index(e->sources, struct address_range, i);

		node_append(list, node_take_string(plan_range(r)));
	}
	return list;
}

const char *plan_protocol(guint8 protocol)
{
	return protocol == PROTO_TCP ? "tcp" : protocol == PROTO_UDP ? "udp" : "icmp";
}

char *plan_ports(guint first, guint last)
{
	if (first == 0 && last == 65535)
		return g_strdup("*");
	return first == last ? g_strdup_printf("%u", first) : g_strdup_printf("%u-%u", first, last);
}

static struct node *exposure_node(const struct view *v, const struct exposure *e)
{
	struct node *o = node_object();

	node_set(o, "public", take_or_null(public_text(v, e->address)));
	node_set(o, "public_name", node_string(e->address->noun.name));
	node_set(o, "protocol", node_string(plan_protocol(e->protocol)));
	node_set(o, "ports", e->protocol == PROTO_ICMP ? node_null() : node_take_string(plan_ports(e->first, e->last)));
	node_set(o, "instance", node_take_string(graph_vm_label(v->g, e->to->nic->vm)));
	node_set(o, "address", node_take_string(ip6_format_any(address_private(v->a, e->to))));
	node_set(o, "private_port", e->private_port ? node_int(e->private_port) : node_null());
	node_set(o, "sources", plan_sources(e));
	return o;
}

/* Ports by which machines are managed: open to everybody they are found within minutes. */
static void warn_management(const struct view *v, const struct exposure *e, struct node *warnings)
{
	static const struct {
		guint16 port;
		const char *what;
	} management[] = {{22, "SSH"}, {3389, "RDP"}, {5985, "WinRM"}, {5986, "WinRM over TLS"}};
	g_autofree char *label = graph_vm_label(v->g, e->to->nic->vm);
	g_autofree char *public = public_text(v, e->address);

	for (gsize i = 0; i < G_N_ELEMENTS(management); i++) {
		guint port = management[i].port;
		gboolean open = e->private_port ? e->private_port == port : e->first <= port && port <= e->last;

		if (!open || !e->anyone || e->protocol != PROTO_TCP)
			continue;
		node_append(warnings, node_stringf("%s (%u) of %s is open to the whole Internet by %s port %u",
		                                   management[i].what, port, label, public ? public : "?",
		                                   e->private_port ? e->first : port));
	}
}

static void add_lint(const struct view *v, const GPtrArray *exposures, struct node *warnings)
{
	g_autoptr(GPtrArray) lines = lint(v->g, v->a, exposures);

	for (guint i = 0; i < lines->len; i++)
		node_append(warnings, node_string(NTH(lines, char, i)));
}

static void add_open(const struct view *v, struct node *o, struct node *warnings)
{
	g_autoptr(GPtrArray) list = exposure_list(v->g, v->a, v->s);
	struct node *open = node_array();

	for (guint i = 0; i < list->len; i++) {
		const struct exposure *e = NTH(list, struct exposure, i);

		if (e->too_many) {
			node_append(warnings,
			            node_stringf("%s: too many rules to list all that is open to the Internet",
			                         e->address->noun.name));
			continue;
		}
		node_append(open, exposure_node(v, e));
		warn_management(v, e, warnings);
	}
	node_set(o, "open", open);
	add_lint(v, list, warnings);
}

static struct node *unmodelled_node(const GPtrArray *unmodelled)
{
	struct node *list = node_array();

	for (guint i = 0; i < unmodelled->len; i++) {
		const struct unmodelled *u = NTH(unmodelled, struct unmodelled, i);
		struct node *e = node_object();

		node_set(e, "id", node_string(u->id));
		node_set(e, "property", node_string(u->property ? u->property : ""));
		node_set(e, "why", node_string(u->why ? u->why : ""));
		node_append(list, e);
	}
	return list;
}

static struct node *assumed_node(const GPtrArray *assumed)
{
	struct node *list = node_array();

	for (guint i = 0; i < assumed->len; i++) {
		const struct assumption *a = NTH(assumed, struct assumption, i);
		struct node *e = node_object();

		node_set(e, "id", node_string(a->document->id));
		node_set(e, "type", node_string(a->document->type));
		node_set(e, "why", node_string(a->why));
		node_append(list, e);
	}
	return list;
}

static struct node *strings_node(const GPtrArray *strings)
{
	struct node *list = node_array();

	for (guint i = 0; strings && i < strings->len; i++)
		node_append(list, node_string(NTH(strings, char, i)));
	return list;
}

static gint compare_ids(gconstpointer a, gconstpointer b)
{
	return fold_compare(*(const char *const *)a, *(const char *const *)b);
}

/* Every resource and every part of one that the graph holds. */
static struct node *graph_node(const struct graph *g)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	GHashTableIter iter;
	gpointer noun;

	g_hash_table_iter_init(&iter, g->by_id);
	while (g_hash_table_iter_next(&iter, NULL, &noun))
		g_ptr_array_add(ids, ((struct noun *)noun)->id);
	g_ptr_array_sort(ids, compare_ids);
	return strings_node(ids);
}

/* Resources of the graph that no other section tells about: gateways, routes, servers and the like. */
static struct node *others_node(const struct graph *g)
{
	static const char *const told[] = {
	        "microsoft.network/virtualnetworks",       "microsoft.network/virtualnetworks/subnets",
	        "microsoft.network/networksecuritygroups", "microsoft.network/networksecuritygroups/securityrules",
	        "microsoft.network/networkinterfaces",     "microsoft.network/publicipaddresses",
	        "microsoft.compute/virtualmachines",       NULL};
	struct node *list = node_array();

	for (guint i = 0; i < g->documents->len; i++) {
		const struct document *d = NTH(g->documents, struct document, i);
		g_autofree char *key = g_ascii_strdown(d->id, -1);
		struct node *e;

		if (g_strv_contains(told, d->type) || !g_hash_table_contains(g->by_id, key))
			continue;
		e = node_object();
		node_set(e, "type", node_string(d->type));
		node_set(e, "name", node_string(d->name));
		node_set(e, "id", node_string(d->id));
		node_append(list, e);
	}
	return list;
}

struct node *plan_describe(const struct source *src, const struct graph *g, const struct alloc *a,
                           const struct alloc_settings *s)
{
	struct view v = {g, a, s};
	struct node *o = node_object(), *networks = node_array(), *instances = node_array();
	struct node *warnings = strings_node(g->warnings);

	node_set(o, "subscription", node_string(src->subscription));
	node_set(o, "group", node_string(src->group));
	node_set(o, "files", strings_node(src->files));
	for (guint i = 0; i < g->networks->len; i++)
		node_append(networks, network_node(NTH(g->networks, struct network, i)));
	node_set(o, "networks", networks);
	for (guint i = 0; i < g->vms->len; i++)
		node_append(instances, instance_node(&v, NTH(g->vms, struct vm, i)));
	node_set(o, "instances", instances);
	add_open(&v, o, warnings);
	plan_add_reach(o, g, a, s, warnings);
	node_set(o, "others", others_node(g));
	node_set(o, "graph", graph_node(g));
	node_set(o, "assumed", assumed_node(g->assumed));
	node_set(o, "recorded", unmodelled_node(g->recorded));
	node_set(o, "unmodelled", unmodelled_node(g->unmodelled));
	node_set(o, "warnings", warnings);
	node_set(o, "notes", strings_node(src->notes));
	node_set(o, "outputs", node_ref(src->outputs));
	return o;
}
