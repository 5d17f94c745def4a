/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load balancers of a service: "S" with the deployment's public address, and one for each internal one that the
 * configuration names. Endpoints become rules with a pool for each role; ports of single instances become NAT rules.
 */
#include "formats/cloudservice/internal.h"
#include "lib/ip6.h"

struct balancer {
	struct service *s;
	const element *at;
	const char *resource; /* its name */
	struct node *probes, *pools, *rules, *nat_rules;
};

char *endpoint_balancer(const struct service *s, const struct endpoint *e)
{
	return e->balancer ? emit_name(e->balancer) : g_strdup(s->name);
}

static gboolean is_on(const struct balancer *b, const struct endpoint *e)
{
	g_autofree char *name = endpoint_balancer(b->s, e);

	return e->kind != ENDPOINT_INTERNAL && g_ascii_strcasecmp(name, b->resource) == 0;
}

static struct node *part(const struct balancer *b, const element *at, const char *collection, const char *name)
{
	g_autofree char *type = g_strdup_printf(LB "/%s", collection);
	g_autofree char *full = g_strdup_printf("%s/%s", b->resource, name);

	return emit_reference(b->s->m, at, type, full);
}

static const char *transport(enum protocol p)
{
	return p == PROTOCOL_UDP ? "Udp" : "Tcp";
}

/* ------------------------------------------------------------------ access */

/* Looked at here, where the file and the line are known; what the rules mean is the model's to say. */
static gboolean add_access_rule(const struct service *s, const element *r, struct node *rules, GHashTable *orders,
                                GError **error)
{
	static const char *const actions[] = {"permit", "deny", NULL};
	struct node *rule = emit_object(r);
	struct prefix6 prefix6;
	struct prefix prefix;
	const char *subnet;
	guint order, action;

	node_append(rules, rule);
	if (!xml_get_number(s->configuration, r, "order", 0, 65535, XML_REQUIRED, &order, error) ||
	    !xml_get_choice(s->configuration, r, "action", actions, XML_REQUIRED, &action, error) ||
	    !xml_get_text(s->configuration, r, "remoteSubnet", TRUE, &subnet, error))
		return FALSE;
	if (!prefix_parse(subnet, &prefix) && !prefix6_parse(subnet, &prefix6))
		return xml_fail(s->configuration, r, error,
		                "remoteSubnet='%.60s' is not an address prefix; write one like 192.0.2.0/24", subnet);
	if (!g_hash_table_add(orders, GUINT_TO_POINTER(order)))
		return xml_fail(s->configuration, r, error, "another rule has order %u; give each its own", order);
	node_set(rule, "order", node_int(order));
	node_set(rule, "action", emit_text(r, actions[action]));
	node_set(rule, "remoteSubnet", emit_text(r, subnet));
	if (xml_attribute(r, "description"))
		node_set(rule, "description", emit_text(r, xml_attribute(r, "description")));
	return TRUE;
}

static gboolean add_access(const struct service *s, const struct endpoint *e, struct node *p, GError **error)
{
	g_autoptr(GHashTable) orders = g_hash_table_new(NULL, NULL);
	struct node *control, *rules;

	if (!e->access)
		return TRUE;
	control = emit_object(e->access);
	rules = emit_list(e->access);
	node_set(control, "rules", rules);
	node_set(p, "accessControl", control);
	for (const element *r = xml_first(e->access, "Rule"); r; r = xml_next(r, "Rule"))
		if (!add_access_rule(s, r, rules, orders, error))
			return FALSE;
	if (g_hash_table_size(orders) > ACCESS_MAX_RULES)
		return xml_fail(s->configuration, e->access, error,
		                "%u rules are more than the %u of an endpoint; join prefixes",
		                g_hash_table_size(orders), ACCESS_MAX_RULES);
	emit_elsewhere(control);
	return TRUE;
}

/* ------------------------------------------------------------------ probes */

static const element *find_probe(const struct service *s, const char *name)
{
	for (const element *e = xml_find(xml_root(s->definition), "LoadBalancerProbes/LoadBalancerProbe"); e;
	     e = xml_next(e, "LoadBalancerProbe"))
		if (g_ascii_strcasecmp(xml_attribute(e, "name") ? xml_attribute(e, "name") : "", name) == 0)
			return e;
	return NULL;
}

/*
 * A probe without a port looks at the endpoint's, so there is one for each endpoint. The original takes an instance out
 * when it has not answered for timeoutInSeconds: as many probes as fit in.
 */
static gboolean add_probe(struct balancer *b, const struct endpoint *e, const char *name, GError **error)
{
	static const char *const kinds[] = {"http", "tcp", NULL};
	const struct xml *x = b->s->definition;
	const element *at = find_probe(b->s, e->probe);
	struct node *p;
	const char *path;
	guint kind, port, interval, timeout;

	if (!at)
		return xml_fail(x, e->at, error, "no LoadBalancerProbe is called '%.80s'; add it", e->probe);
	if (!xml_get_choice(x, at, "protocol", kinds, XML_REQUIRED, &kind, error) ||
	    !xml_get_number(x, at, "port", 1, 65535, e->first, &port, error) ||
	    !xml_get_number(x, at, "intervalInSeconds", 5, 65535, 15, &interval, error) ||
	    !xml_get_number(x, at, "timeoutInSeconds", 5, 65535, MAX(31, 2 * interval + 1), &timeout, error))
		return FALSE;
	if (!xml_get_text(x, at, "path", !kind, &path, error))
		return FALSE;
	if (kind && path)
		return xml_fail(x, at, error, "a path is for http probes; remove it, or make the protocol http");
	if (timeout <= interval)
		return xml_fail(x, at, error, "timeoutInSeconds must be above intervalInSeconds, which is %u; raise it",
		                interval);
	p = emit_object(at);
	node_set(p, "protocol", emit_text(at, kind ? "Tcp" : "Http"));
	node_set(p, "port", node_int(port));
	node_set(p, "intervalInSeconds", node_int(interval));
	node_set(p, "numberOfProbes", node_int(timeout / interval));
	if (!kind)
		node_set(p, "requestPath", emit_text(at, path));
	node_append(b->probes, emit_nested(at, name, p));
	return TRUE;
}

/* ------------------------------------------------------------------ rules */

static struct node *way_in(const struct balancer *b, const struct endpoint *e, guint port)
{
	struct node *p = emit_object(e->at);

	node_set(p, "frontendIPConfiguration", part(b, e->at, "frontendIPConfigurations", "front"));
	node_set(p, "protocol", emit_text(e->at, transport(e->protocol)));
	node_set(p, "frontendPort", node_int(port));
	node_set(p, "backendPort", node_int(e->first));
	if (e->idle)
		node_set(p, "idleTimeoutInMinutes", node_int(e->idle));
	return p;
}

static gboolean add_input(struct balancer *b, const struct role *r, const struct endpoint *e, GError **error)
{
	static const char *const distributions[] = {"Default", "SourceIP", "SourceIPProtocol"};
	g_autofree char *text = g_strdup_printf("%s.%s", r->name, e->name);
	g_autofree char *name = emit_name(text), *pool = emit_name(r->name);
	struct node *p = way_in(b, e, e->public_first);

	node_append(b->rules, emit_nested(e->at, name, p));
	node_set(p, "loadDistribution", emit_text(e->at, distributions[e->distribution]));
	node_set(p, "backendAddressPool", part(b, e->at, "backendAddressPools", pool));
	if (e->probe)
		node_set(p, "probe", part(b, e->at, "probes", name));
	return add_access(b->s, e, p, error) && (!e->probe || add_probe(b, e, name, error));
}

static gboolean add_instance(struct balancer *b, const struct role *r, const struct endpoint *e, GError **error)
{
	if (r->instances > e->public_last - e->public_first + 1)
		return xml_fail(b->s->definition, e->at, error,
		                "%u ports are too few for %u instances; widen the range, or have fewer instances",
		                e->public_last - e->public_first + 1, r->instances);
	for (guint i = 0; i < r->instances; i++) {
		g_autofree char *name = instance_rule_name(r, i, e->name);
		struct node *p = way_in(b, e, e->public_first + i);

		node_append(b->nat_rules, emit_nested(e->at, name, p));
		if (!add_access(b->s, e, p, error))
			return FALSE;
	}
	return TRUE;
}

/* The role's pool is also what lends its instances the deployment's address outbound. */
static void add_pool(struct balancer *b, const struct role *r)
{
	g_autofree char *name = emit_name(r->name);

	node_append(b->pools, emit_nested(r->at, name, emit_object(r->at)));
}

static gboolean add_role(struct balancer *b, const struct role *r, GError **error)
{
	gboolean used = FALSE;

	for (guint i = 0; i < r->endpoints->len; i++) {
		const struct endpoint *e = r->endpoints->pdata[i];

		if (!is_on(b, e))
			continue;
		used |= e->kind == ENDPOINT_INPUT;
		if (!(e->kind == ENDPOINT_INPUT ? add_input : add_instance)(b, r, e, error))
			return FALSE;
	}
	if (used)
		add_pool(b, r);
	return TRUE;
}

static void add_remote(struct balancer *b)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	const struct service *s = b->s;

	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];

		for (guint k = 0; k < r->endpoints->len; k++) {
			const struct endpoint *e = r->endpoints->pdata[k];

			for (guint port = e->public_first; port && port <= e->public_last; port++)
				g_hash_table_add(taken, GUINT_TO_POINTER(port));
		}
	}
	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];
		struct endpoint e = {
		        .kind = ENDPOINT_INSTANCE, .protocol = PROTOCOL_TCP, .at = r->at, .first = RDP_PORT};

		for (guint k = 0; r->remote && k < r->instances; k++) {
			g_autofree char *name = instance_remote_name(r, k);

			node_append(b->nat_rules, emit_nested(r->at, name, way_in(b, &e, remote_port(s, r, k, taken))));
		}
	}
}

/* ------------------------------------------------------------------ front ends */

/* The reserved address, which outlives the deployment, or one that comes and goes with it. */
static const char *emit_address(struct service *s, char **own)
{
	const element *reserved = xml_find(s->network, "AddressAssignments/ReservedIPs/ReservedIP");
	const element *at = reserved ? reserved : xml_root(s->definition);
	struct node *p = emit_object(at), *sku = emit_object(at);

	for (const element *e = reserved ? xml_next(reserved, "ReservedIP") : NULL; e; e = xml_next(e, "ReservedIP"))
		xml_note(s->configuration, e, s->notes,
		         "a deployment has one reserved address, the first; this one is left out");
	*own = emit_name(reserved && xml_attribute(reserved, "name") ? xml_attribute(reserved, "name") : s->name);
	node_set(sku, "name", emit_text(at, "Basic"));
	node_set(p, "publicIPAllocationMethod", emit_text(at, reserved ? "Static" : "Dynamic"));
	s->m->x = reserved ? s->configuration : s->definition;
	emit_document(s->m, at, PUBLIC, *own, sku, p);
	return *own;
}

static void emit_balancer(struct balancer *b, const struct xml *x, struct node *front)
{
	struct node *p = emit_object(b->at), *fronts = emit_list(b->at), *sku = emit_object(b->at);

	node_append(fronts, emit_nested(b->at, "front", front));
	node_set(p, "frontendIPConfigurations", fronts);
	node_set(p, "backendAddressPools", b->pools);
	node_set(p, "probes", b->probes);
	node_set(p, "loadBalancingRules", b->rules);
	node_set(p, "inboundNatRules", b->nat_rules);
	node_set(sku, "name", emit_text(b->at, "Basic"));
	b->s->m->x = x;
	emit_document(b->s->m, b->at, LB, b->resource, sku, p);
}

static gboolean fill(struct balancer *b, GError **error)
{
	b->probes = emit_list(b->at);
	b->pools = emit_list(b->at);
	b->rules = emit_list(b->at);
	b->nat_rules = emit_list(b->at);
	for (guint i = 0; i < b->s->roles->len; i++)
		if (!add_role(b, b->s->roles->pdata[i], error))
			return FALSE;
	return TRUE;
}

static void drop(struct balancer *b)
{
	node_unref(b->probes);
	node_unref(b->pools);
	node_unref(b->rules);
	node_unref(b->nat_rules);
}

static gboolean emit_public(struct service *s, GError **error)
{
	struct balancer b = {.s = s, .at = xml_root(s->definition), .resource = s->name};
	g_autofree char *address = NULL;
	struct node *front;

	if (!fill(&b, error)) {
		drop(&b);
		return FALSE;
	}
	add_remote(&b);
	emit_address(s, &address);
	front = emit_object(b.at);
	node_set(front, "publicIPAddress", emit_reference(s->m, b.at, PUBLIC, address));
	emit_balancer(&b, s->definition, front);
	return TRUE;
}

/* <LoadBalancer name="n"><FrontendIPConfiguration type="private" subnet="s" staticVirtualNetworkIPAddress="a"/> */
static gboolean internal_front(struct service *s, const element *at, struct node **front, GError **error)
{
	static const char *const kinds[] = {"private", NULL};
	const element *e = xml_first(at, "FrontendIPConfiguration");
	const char *subnet, *address;
	g_autofree char *full = NULL, *name = NULL;
	guint kind;

	if (!e)
		return xml_fail(s->configuration, at, error, "it has no FrontendIPConfiguration; add one");
	if (!xml_get_choice(s->configuration, e, "type", kinds, XML_REQUIRED, &kind, error) ||
	    !xml_get_text(s->configuration, e, "subnet", s->site != NULL, &subnet, error))
		return FALSE;
	address = xml_attribute(e, "staticVirtualNetworkIPAddress");
	name = emit_name(subnet && s->site ? subnet : "roles");
	full = g_strdup_printf("%s/%s", s->site ? s->site : s->name, name);
	*front = emit_object(e);
	node_set(*front, "subnet",
	         emit_reference_in(s->m, e, s->site_group ? s->site_group : s->m->group, VNET "/subnets", full));
	node_set(*front, "privateIPAllocationMethod", emit_text(e, address ? "Static" : "Dynamic"));
	if (address)
		node_set(*front, "privateIPAddress", emit_text(e, address));
	return TRUE;
}

static gboolean emit_internal(struct service *s, const element *at, GError **error)
{
	struct balancer b = {.s = s, .at = at};
	g_autofree char *resource = NULL;
	struct node *front = NULL;
	const char *name;

	if (!xml_get_text(s->configuration, at, "name", TRUE, &name, error) || !internal_front(s, at, &front, error))
		return FALSE;
	resource = emit_name(name);
	b.resource = resource;
	if (!fill(&b, error)) {
		drop(&b);
		node_unref(front);
		return FALSE;
	}
	emit_elsewhere(b.probes);
	emit_elsewhere(b.pools);
	emit_elsewhere(b.rules);
	emit_elsewhere(b.nat_rules);
	emit_balancer(&b, s->configuration, front);
	return TRUE;
}

/* An endpoint on a load balancer that is nowhere would be lost. */
static gboolean check_named(const struct service *s, GError **error)
{
	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];

		for (guint k = 0; k < r->endpoints->len; k++) {
			const struct endpoint *e = r->endpoints->pdata[k];
			const element *at = e->balancer ? xml_find(s->network, "LoadBalancers/LoadBalancer") : NULL;

			while (at && g_ascii_strcasecmp(xml_attribute(at, "name") ? xml_attribute(at, "name") : "",
			                                e->balancer) != 0)
				at = xml_next(at, "LoadBalancer");
			if (e->balancer && !at)
				return xml_fail(s->definition, e->at, error,
				                "the configuration has no LoadBalancer '%.80s'; add it", e->balancer);
		}
	}
	return TRUE;
}

gboolean balance_emit(struct service *s, GError **error)
{
	if (!check_named(s, error) || !emit_public(s, error))
		return FALSE;
	for (const element *at = xml_find(s->network, "LoadBalancers/LoadBalancer"); at;
	     at = xml_next(at, "LoadBalancer"))
		if (!emit_internal(s, at, error))
			return FALSE;
	return TRUE;
}
