/* SPDX-License-Identifier: Apache-2.0 */
/* graph_assume: rounds of building and making up. What a made-up virtual network looks like: assume_network.c. */
#include "model/assume.h"

#include <string.h>

#define MAX_ROUNDS 8

void assumption_free(struct assumption *a)
{
	g_free(a->why);
	g_free(a);
}

static void missing_free(gpointer data)
{
	struct missing *m = data;

	g_free(m->id);
	g_free(m->type);
	g_free(m->where);
	node_unref(m->referrer);
	node_unref(m->at);
	g_free(m);
}

static void wanted_free(gpointer data)
{
	struct wanted *w = data;

	g_free(w->id);
	g_free(w->type);
	g_ptr_array_unref(w->parts);
	g_free(w);
}

void space_take(struct space *s, struct prefix p)
{
	g_array_append_val(s->used, p);
}

char *wanted_part(const struct wanted *w, const struct missing *m, const char *collection)
{
	g_autofree char *below = g_strdup_printf("%s/%s/", w->id, collection);
	gsize length = strlen(below);

	if (g_ascii_strncasecmp(m->id, below, length) != 0 || strchr(m->id + length, '/'))
		return NULL;
	return g_strdup(m->id + length);
}

static gboolean has_part(const struct wanted *w, guint before, const char *collection, const char *name)
{
	for (guint i = 0; i < before; i++) {
		g_autofree char *other = wanted_part(w, w->parts->pdata[i], collection);

		if (other && g_ascii_strcasecmp(other, name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* The end of an id: its name. */
static const char *name_of(const char *id)
{
	return strrchr(id, '/') + 1;
}

/* "/subscriptions/S/resourceGroups/G/providers/NS": where a resource beside this one would be. Caller frees. */
static char *beside(const char *id)
{
	g_autofree char *copy = g_strdup(id);

	*strrchr(copy, '/') = '\0';
	*strrchr(copy, '/') = '\0';
	return g_steal_pointer(&copy);
}

static struct node *reference_node(char *id)
{
	struct node *o = node_object();

	node_set(o, "id", node_take_string(id));
	return o;
}

static struct node *named_node(const char *name, struct node *properties)
{
	struct node *o = node_object();

	node_set(o, "name", node_string(name));
	node_set(o, "properties", properties);
	return o;
}

/* Of the tier of the load balancer that has it; anything else takes a Standard one. */
static const char *sku_of(const struct wanted *w)
{
	const struct missing *m = w->parts->pdata[0];

	if (strcmp(m->type, "microsoft.network/loadbalancers") == 0)
		return node_str(node_find(m->referrer, "sku.name"), "Basic");
	return "Standard";
}

static void make_address(const struct wanted *w, const GPtrArray *documents, struct node *resource,
                         struct node *properties)
{
	const struct missing *m = w->parts->pdata[0];
	const char *version = node_str(node_find(m->at, "properties.privateIPAddressVersion"), "IPv4");
	struct node *sku = node_object();

	(void)documents;
	node_set(sku, "name", node_string(sku_of(w)));
	node_set(resource, "sku", sku);
	node_set(properties, "publicIPAllocationMethod", node_string("Static"));
	if (g_ascii_strcasecmp(version, "IPv6") == 0)
		node_set(properties, "publicIPAddressVersion", node_string("IPv6"));
}

/* As large as they come, and of the referrer's kind. */
static void make_prefix(const struct wanted *w, const GPtrArray *documents, struct node *resource,
                        struct node *properties)
{
	const struct missing *m = w->parts->pdata[0];
	const char *version = node_str(node_find(m->referrer, "properties.publicIPAddressVersion"), "IPv4");
	gboolean v6 = g_ascii_strcasecmp(version, "IPv6") == 0;
	struct node *sku = node_object();

	(void)documents;
	node_set(sku, "name", node_string(node_str(node_find(m->referrer, "sku.name"), "Standard")));
	node_set(sku, "tier", node_string(node_str(node_find(m->referrer, "sku.tier"), "Regional")));
	node_set(resource, "sku", sku);
	node_set(properties, "publicIPAddressVersion", node_string(version));
	node_set(properties, "prefixLength", node_int(v6 ? 124 : 28));
}

/* The subnet of another interface of the same machine that somebody declares: all are in one network. NULL: none is. */
static const char *sibling_subnet(const struct missing *m, const GPtrArray *documents)
{
	const struct node *list = node_find(m->referrer, "properties.networkProfile.networkInterfaces");

	for (guint i = 0; i < node_length(list); i++) {
		const char *id = node_get_str(node_item(list, i), "id", "");

		for (guint k = 0; k < documents->len; k++) {
			const struct document *d = documents->pdata[k];
			const struct node *configs = node_find(d->resource, "properties.ipConfigurations");

			if (g_ascii_strcasecmp(d->id, id) == 0)
				return node_str(node_find(node_item(configs, 0), "properties.subnet.id"), NULL);
		}
	}
	return NULL;
}

/* Without a sibling the interface is in a network named after its machine, which is assumed in the next round. */
static void make_nic(const struct wanted *w, const GPtrArray *documents, struct node *resource, struct node *properties)
{
	const struct missing *m = w->parts->pdata[0];
	g_autofree char *namespace = beside(w->id);
	const char *machine = node_get_str(m->referrer, "name", "assumed"), *subnet = sibling_subnet(m, documents);
	struct node *configs = node_array(), *config = node_object();

	node_set(config, "subnet",
	         reference_node(subnet ? g_strdup(subnet)
	                               : g_strdup_printf("%s/virtualNetworks/%s-network/subnets/default", namespace,
	                                                 machine)));
	node_append(configs, named_node("assumed", config));
	node_set(properties, "ipConfigurations", configs);
	(void)resource;
}

/* Front ends are public, the more open of what they can be. Ports of rules cannot be guessed: those stay errors. */
static void make_balancer(const struct wanted *w, const GPtrArray *documents, struct node *resource,
                          struct node *properties)
{
	g_autofree char *namespace = beside(w->id);
	struct node *frontends = node_array(), *pools = node_array(), *sku = node_object();

	for (guint i = 0; i < w->parts->len; i++) {
		g_autofree char *frontend = wanted_part(w, w->parts->pdata[i], "frontendIPConfigurations");
		g_autofree char *pool = wanted_part(w, w->parts->pdata[i], "backendAddressPools");

		if (frontend && !has_part(w, i, "frontendIPConfigurations", frontend)) {
			struct node *p = node_object();

			node_set(p, "publicIPAddress",
			         reference_node(g_strdup_printf("%s/publicIPAddresses/%s-%s", namespace, name_of(w->id),
			                                        frontend)));
			node_append(frontends, named_node(frontend, p));
		}
		if (pool && !has_part(w, i, "backendAddressPools", pool))
			node_append(pools, named_node(pool, node_object()));
	}
	(void)documents;
	node_set(sku, "name", node_string("Standard"));
	node_set(resource, "sku", sku);
	node_set(properties, "frontendIPConfigurations", frontends);
	node_set(properties, "backendAddressPools", pools);
}

static const struct {
	const char *type;
	void (*make)(const struct wanted *w, const GPtrArray *documents, struct node *resource,
	             struct node *properties);
} makers[] = {
        {"microsoft.network/publicipaddresses", make_address},
        {"microsoft.network/publicipprefixes", make_prefix},
        {"microsoft.network/networkinterfaces", make_nic},
        {"microsoft.network/loadbalancers", make_balancer},
        {"microsoft.network/virtualnetworkgateways", assume_gateway},
        {"microsoft.network/localnetworkgateways", assume_local_gateway},
        {"microsoft.network/expressroutecircuits", assume_circuit},
};

/* Types without a maker are made up empty: a security group without rules, an application group without members. */
static struct document *make_document(const struct wanted *w, const GPtrArray *documents, struct space *s)
{
	g_auto(GStrv) p = g_strsplit(w->id, "/", -1);
	g_autofree char *type = g_strdup_printf("%s/%s", p[6], p[7]);
	g_autoptr(node) resource = node_object();
	struct node *properties;

	node_set(resource, "type", node_string(type));
	node_set(resource, "name", node_string(p[8]));
	if (strcmp(w->type, kind_network.type) == 0) {
		node_set(resource, "properties", assume_network(w, s));
		return document_new(p[2], p[4], type, p[8], resource, GRAPH_ASSUMED, NULL);
	}
	properties = node_object();
	for (gsize i = 0; i < G_N_ELEMENTS(makers); i++)
		if (strcmp(makers[i].type, w->type) == 0)
			makers[i].make(w, documents, resource, properties);
	node_set(resource, "properties", properties);
	return document_new(p[2], p[4], type, p[8], resource, GRAPH_ASSUMED, NULL);
}

/* All that is missing, by the resource that it is part of. Sorted by id, so that what is made up never depends on order. */
static GPtrArray *group_by_top(const GPtrArray *missing)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(wanted_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < missing->len; i++) {
		struct missing *m = missing->pdata[i];
		g_autofree char *top = reference_top(m->id);
		char *key = g_ascii_strdown(top, -1);
		struct wanted *w = g_hash_table_lookup(seen, key);

		if (!w) {
			w = g_new0(struct wanted, 1);
			w->type = reference_type(top);
			w->id = g_steal_pointer(&top);
			w->parts = g_ptr_array_new();
			g_ptr_array_add(list, w);
			g_hash_table_insert(seen, g_steal_pointer(&key), w);
		}
		g_free(key);
		g_ptr_array_add(w->parts, m);
	}
	return list;
}

static gint compare_wanted(gconstpointer a, gconstpointer b)
{
	return g_ascii_strcasecmp((*(struct wanted *const *)a)->id, (*(struct wanted *const *)b)->id);
}

static void take_list(struct space *s, const struct node *list)
{
	struct prefix p;

	for (guint i = 0; i < node_length(list); i++)
		if (prefix_parse(node_str(node_item(list, i), ""), &p))
			space_take(s, p);
}

static void take_spaces(struct space *s, const GPtrArray *documents)
{
	for (guint i = 0; i < documents->len; i++) {
		const struct document *d = documents->pdata[i];

		take_list(s, node_find(d->resource, "properties.addressSpace.addressPrefixes"));
		take_list(s, node_find(d->resource, "properties.localNetworkAddressSpace.addressPrefixes"));
	}
}

struct assuming {
	GPtrArray *documents; /* the author's, and after them the made-up ones */
	GPtrArray *missing;   /* struct missing of all rounds */
	GHashTable *known;    /* char *: what of, and where missed, so that nothing is taken twice */
	GPtrArray *made;      /* struct assumption of this round */
};

static gboolean is_assumed(const struct document *d)
{
	return g_strcmp0(d->file, GRAPH_ASSUMED) == 0;
}

/* Replaces what was made up in earlier rounds by what is known to be needed now. */
static void make_up(struct assuming *as)
{
	g_autoptr(GArray) used = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_autoptr(GPtrArray) wanted = group_by_top(as->missing);
	struct space space = {used};

	for (guint i = as->documents->len; i-- > 0;)
		if (is_assumed(as->documents->pdata[i]))
			g_ptr_array_remove_index(as->documents, i);
	g_ptr_array_set_size(as->made, 0);
	take_spaces(&space, as->documents);
	g_ptr_array_sort(wanted, compare_wanted);
	for (guint i = 0; i < wanted->len; i++) {
		const struct wanted *w = wanted->pdata[i];
		struct assumption *a = g_new0(struct assumption, 1);
		struct document *d = make_document(w, as->documents, &space);

		a->document = d;
		a->why = g_strdup(((struct missing *)w->parts->pdata[0])->where);
		g_ptr_array_add(as->documents, d);
		g_ptr_array_add(as->made, a);
	}
}

/* TRUE when there is something that no earlier round missed. */
static gboolean take_new(struct assuming *as, GPtrArray *found)
{
	guint before = as->missing->len;

	for (guint i = 0; i < found->len; i++) {
		struct missing *m = found->pdata[i];
		g_autofree char *key = g_strdup_printf("%s %s", m->id, m->where);

		if (g_hash_table_add(as->known, g_ascii_strdown(key, -1)))
			g_ptr_array_add(as->missing, m);
		else
			missing_free(m);
	}
	g_ptr_array_set_free_func(found, NULL);
	return as->missing->len > before;
}

/* What the author can do something about: faults of his own documents, or else what was missed in the first place. */
static void report(GPtrArray *errors, GPtrArray *last, GPtrArray *first)
{
	guint before = errors->len;

	for (guint i = 0; i < last->len; i++)
		if (!g_str_has_prefix(last->pdata[i], GRAPH_ASSUMED))
			g_ptr_array_add(errors, g_strdup(last->pdata[i]));
	for (guint i = 0; errors->len == before && i < first->len; i++)
		g_ptr_array_add(errors, g_strdup(first->pdata[i]));
}

struct graph *graph_assume(GPtrArray *documents, GPtrArray *errors)
{
	g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(missing_free);
	g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func((GDestroyNotify)assumption_free);
	g_autoptr(GPtrArray) first = NULL, last = NULL, owned = documents;
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct assuming as = {documents, missing, known, made};
	g_autoptr(graph) g = NULL;

	assume_unknown(documents);
	for (guint round = 0; !g && round < MAX_ROUNDS; round++) {
		g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(missing_free);

		g_clear_pointer(&last, g_ptr_array_unref);
		last = g_ptr_array_new_with_free_func(g_free);
		g = graph_build_noting(g_ptr_array_ref(documents), last, found);
		if (!first)
			first = g_ptr_array_ref(last);
		if (g || !take_new(&as, found))
			break;
		make_up(&as);
	}
	if (!g) {
		report(errors, last, first);
		return NULL;
	}
	while (made->len > 0)
		g_ptr_array_add(g->assumed, g_ptr_array_steal_index(made, 0));
	return g_steal_pointer(&g);
}
