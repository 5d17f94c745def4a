/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Route tables and their routes. A route may stand inside its table's document or be a document of its own, which then
 * is the whole of it.
 */
#include "model/network.h"

#include <string.h>

#define MAX_ROUTES 400
#define MAX_HOPS   64
#define HOPS       "properties.nextHop.nextHopIpAddresses"

const struct known route_known[] = {KNOWN_ROUTE("properties."), {NULL}};

const struct known route_table_known[] = {
        {"properties.routes[].name", ENFORCED},
        {"properties.routes[].id", IRRELEVANT},
        {"properties.routes[].type", IRRELEVANT},
        {"properties.routes[].etag", IRRELEVANT},
        KNOWN_ROUTE("properties.routes[].properties."),
        {"properties.disableBgpRoutePropagation", RECORDED_PART},
        {"properties.disablePeeringRoute", ENFORCED},
        {"properties.subnets", IRRELEVANT}, /* a report */
        {NULL},
};

static void route_free(struct route *r)
{
	noun_clear(&r->noun);
	g_free(r->tag);
	g_array_unref(r->addresses);
	g_array_unref(r->addresses6);
	g_free(r);
}

void route_table_free(struct route_table *t)
{
	noun_clear(&t->noun);
	g_ptr_array_unref(t->routes);
	g_ptr_array_unref(t->subnets);
	g_free(t);
}

static void refuse_bits(const struct spot *s, const char *text, const char *canonical)
{
	spot_error(s, "properties.addressPrefix", "%s has bits beyond its length; write %s", text, canonical);
}

/* A refused destination is a tag without a name, so that it is not taken for anything else. */
static void read_destination(struct route *r, const struct spot *s)
{
	static const char property[] = "properties.addressPrefix";
	const char *text = read_text(s, property, TRUE);
	g_autofree char *canonical = NULL, *host = text ? g_strndup(text, strcspn(text, "/")) : NULL;
	enum tag tag = text ? tag_find(text) : TAG_NONE;
	struct ip6 a6;
	guint32 a;

	if (!text) {
		r->tag = g_strdup("");
		return;
	}
	if (tag == TAG_INTERNET || tag == TAG_OTHER) {
		r->tag = g_strdup(text);
		spot_unmodelled(s, property,
		                "the addresses of service tags are not known here: no route is made of it");
	} else if (strchr(text, '/') && prefix_parse(text, &r->prefix)) {
		canonical = prefix_format(r->prefix);
		if (ip_parse(host, &a) && a != r->prefix.addr)
			refuse_bits(s, text, canonical);
	} else if (strchr(text, '/') && prefix6_parse(text, &r->prefix6)) {
		r->v6 = TRUE;
		canonical = prefix6_format(r->prefix6);
		if (ip6_parse(host, &a6) && ip6_compare(a6, r->prefix6.addr) != 0)
			refuse_bits(s, text, canonical);
	} else {
		spot_error(s, property, "'%.60s' is neither a prefix nor a service tag; write one like 10.1.0.0/16",
		           text);
		r->tag = g_strdup("");
	}
}

/* An appliance of the other family could not be sent the packet. */
static void add_appliance(struct route *r, const struct spot *s, const char *dotted)
{
	const char *text = node_str(spot_get(s, dotted), "");
	struct ip6 address6 = {{0}};
	guint32 address = 0;
	gboolean v6 = FALSE;

	if (spot_get(s, dotted)->type == NODE_STRING && !*text)
		spot_warning(s, dotted, "the address is empty, so the route leads nowhere; write one");
	else if (!read_any_address(s, dotted, &address, &address6, &v6))
		return;
	else if (!r->tag && v6 != r->v6)
		spot_error(s, dotted, "%s is an IPv%c address and the prefix is IPv%c; use one of its family", text,
		           v6 ? '6' : '4', r->v6 ? '6' : '4');
	else if (v6)
		g_array_append_val(r->addresses6, address6);
	else
		g_array_append_val(r->addresses, address);
}

static void add_appliances(struct route *r, const struct spot *s)
{
	guint count = spot_length(s, HOPS);

	if (count < 2 || count > MAX_HOPS)
		spot_error(s, HOPS, "%u appliances cannot share the traffic; name 2 to %u", count, MAX_HOPS);
	for (guint i = 0; i < count && count <= MAX_HOPS; i++) {
		struct spot item = spot_item(s, HOPS, i);

		if (read_text(&item, "", TRUE))
			add_appliance(r, &item, "");
	}
}

static void read_hop(struct route *r, const struct spot *s)
{
	/* The order of enum next_hop; the last is the type of several appliances. */
	static const char *const hops[] = {"VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "None",
	                                   "VirtualApplianceEcmp",  NULL};
	static const char property[] = "properties.nextHopIpAddress";
	guint hop = read_choice(s, "properties.nextHopType", hops, REQUIRED);
	gboolean several = hop == G_N_ELEMENTS(hops) - 2;

	r->hop = several ? HOP_APPLIANCE : (enum next_hop)hop;
	if (several)
		spot_recorded(s, HOPS, "the appliances do not share the traffic: the first takes all of it");
	else if (r->hop == HOP_GATEWAY)
		spot_recorded(s, "properties.nextHopType",
		              "gateways have no data plane yet: packets that take this route are dropped");
	if (several)
		add_appliances(r, s);
	else if (spot_length(s, HOPS) > 0)
		spot_error(s, HOPS, "only a next hop of type VirtualApplianceEcmp has a list; remove it");
	if (hop == HOP_APPLIANCE && !spot_get(s, property))
		spot_error(s, property, "a virtual appliance needs an address; add it");
	else if (hop == HOP_APPLIANCE)
		add_appliance(r, s, property);
	else if (*node_str(spot_get(s, property), ""))
		spot_error(s, property, "only a next hop of type VirtualAppliance has an address; remove it");
}

static void route_add(struct route_table *t, const struct spot *s, const char *id)
{
	struct route *r = g_new0(struct route, 1);

	r->addresses = g_array_new(FALSE, FALSE, sizeof(guint32));
	r->addresses6 = g_array_new(FALSE, FALSE, sizeof(struct ip6));
	g_ptr_array_add(t->routes, r);
	noun_declare(&r->noun, s, id);
	noun_check_name(&r->noun, s, 80);
	read_destination(r, s);
	read_hop(r, s);
}

void route_table_declare(struct build *b, const struct document *d)
{
	static const char *const peers[] = {"None", "All", NULL};
	struct spot s = spot_of(b, d);
	struct route_table *t = g_new0(struct route_table, 1);
	guint count;

	t->routes = g_ptr_array_new_with_free_func((GDestroyNotify)route_free);
	t->subnets = g_ptr_array_new();
	g_ptr_array_add(b->graph->route_tables, t);
	noun_declare(&t->noun, &s, d->id);
	noun_check_name(&t->noun, &s, 80);
	t->no_gateway_routes = read_flag(&s, "properties.disableBgpRoutePropagation", FALSE);
	t->no_peering_routes = read_choice(&s, "properties.disablePeeringRoute", peers, 0) == 1;
	count = spot_length(&s, "properties.routes");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, "properties.routes", i);
		g_autofree char *id = nested_id(&item, "routes");

		if (id && !has_own_document(&item, id))
			route_add(t, &item, id);
	}
}

void route_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct route_table *t = follow_parent(&s, &kind_route_table);

	if (t)
		route_add(t, &s, d->id);
}

gboolean route_table_has_default(const struct route_table *t)
{
	/* A table of more has had its error. */
	for (guint i = 0; i < t->routes->len && t->routes->len <= MAX_ROUTES; i++) {
		const struct route *r = t->routes->pdata[i];

		if (!r->tag && (r->v6 ? r->prefix6.length : r->prefix.length) == 0)
			return TRUE;
	}
	return FALSE;
}

static char *destination_text(const struct route *r)
{
	return r->tag ? g_ascii_strdown(r->tag, -1) : r->v6 ? prefix6_format(r->prefix6) : prefix_format(r->prefix);
}

void route_table_check(struct build *b, struct route_table *t)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct spot s = noun_spot(b, &t->noun);

	if (t->routes->len > MAX_ROUTES)
		spot_error(&s, "properties.routes", "%u routes are more than the %u that a table may have; split it",
		           t->routes->len, MAX_ROUTES);
	g_ptr_array_sort(t->routes, noun_compare);
	g_ptr_array_sort(t->subnets, noun_compare);
	for (guint i = 0; i < t->routes->len; i++) {
		const struct route *r = t->routes->pdata[i];
		char *text = destination_text(r);
		const struct route *other = g_hash_table_lookup(seen, text);
		struct spot at = noun_spot(b, &r->noun);

		if (other && *text) {
			g_autofree char *where = noun_where(&other->noun);

			spot_error(&at, "properties.addressPrefix",
			           "%s is also where route %s leads from; keep one of them", text, where);
		}
		if (other || !*text)
			g_free(text);
		else
			g_hash_table_insert(seen, text, (gpointer)r);
	}
}
