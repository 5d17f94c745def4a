/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References: from an id in a document to the noun that it names.
 *
 * The id's own type says which struct the noun is, so the type is compared before the pointer is trusted. A reference
 * never crosses a subscription: that is the line of isolation, and only public endpoints lead over it. Two name their
 * resource without touching it: a peering, whose other half its owner must declare, and a DDoS plan.
 */
#include "model/build.h"

#include <string.h>

#define NET "microsoft.network/"
const struct kind kind_network = {NET "virtualnetworks", "virtual network"};
const struct kind kind_subnet = {NET "virtualnetworks/subnets", "subnet"};
const struct kind kind_security_group = {NET "networksecuritygroups", "network security group"};
const struct kind kind_public_address = {NET "publicipaddresses", "public IP address"};
const struct kind kind_nic = {NET "networkinterfaces", "network interface"};
const struct kind kind_load_balancer = {NET "loadbalancers", "load balancer"};
const struct kind kind_frontend = {NET "loadbalancers/frontendipconfigurations", "front end of a load balancer"};
const struct kind kind_pool = {NET "loadbalancers/backendaddresspools", "back-end pool"};
const struct kind kind_probe = {NET "loadbalancers/probes", "probe"};
const struct kind kind_nat_rule = {NET "loadbalancers/inboundnatrules", "inbound NAT rule"};
const struct kind kind_route_table = {NET "routetables", "route table"};
const struct kind kind_nat_gateway = {NET "natgateways", "NAT gateway"};
const struct kind kind_public_prefix = {NET "publicipprefixes", "public IP prefix"};
const struct kind kind_ddos_plan = {NET "ddosprotectionplans", "DDoS protection plan"};
const struct kind kind_endpoint_policy = {NET "serviceendpointpolicies", "service endpoint policy"};
const struct kind kind_nat_pool = {NET "loadbalancers/inboundnatpools", "inbound NAT pool"};
const struct kind kind_app_group = {NET "applicationsecuritygroups", "application security group"};

const struct kind kind_gateway = {NET "virtualnetworkgateways", "virtual network gateway"};
const struct kind kind_gateway_nat_rule = {NET "virtualnetworkgateways/natrules", "NAT rule of a gateway"};
const struct kind kind_local_gateway = {NET "localnetworkgateways", "local network gateway"};
const struct kind kind_circuit = {NET "expressroutecircuits", "circuit"};
const struct kind kind_circuit_port = {NET "expressrouteports", "ExpressRoute port"};

const struct kind kind_private_zone = {NET "privatednszones", "private DNS zone"};
const struct kind kind_public_zone = {NET "dnszones", "DNS zone"};
const struct kind kind_watcher = {NET "networkwatchers", "network watcher"};
const struct kind kind_storage_account = {"microsoft.storage/storageaccounts", "storage account"};

/* The parts of "/subscriptions/S/resourceGroups/G/providers/NS/type/name[/type/name]"; NULL when it is none. */
static GStrv split_id(const char *id)
{
	g_auto(GStrv) p = g_strsplit(id, "/", 40);
	guint count = g_strv_length(p);

	if (count < 9 || count >= 40 || count % 2 == 0 || *p[0] || g_ascii_strcasecmp(p[1], "subscriptions") != 0 ||
	    g_ascii_strcasecmp(p[3], "resourceGroups") != 0 || g_ascii_strcasecmp(p[5], "providers") != 0)
		return NULL;
	for (guint i = 1; i < count; i++)
		if (!*p[i])
			return NULL;
	return g_steal_pointer(&p);
}

char *reference_type(const char *id)
{
	g_auto(GStrv) p = split_id(id);
	GString *type;
	g_autofree char *text = NULL;

	if (!p)
		return NULL;
	type = g_string_new(p[6]);
	for (guint i = 7; p[i]; i += 2)
		g_string_append_printf(type, "/%s", p[i]);
	text = g_string_free(type, FALSE);
	return g_ascii_strdown(text, -1);
}

gboolean reference_is_abroad(const struct spot *s, const char *id)
{
	g_auto(GStrv) p = split_id(id);

	return p && g_ascii_strcasecmp(p[2], s->document->subscription) != 0;
}

static const char *article(const struct kind *kind)
{
	return strchr("aeio", kind->word[0]) ? "an" : "a";
}

#define TOP_PARTS 9 /* of an id: "", subscriptions, S, resourceGroups, G, providers, NS, type, name */

char *reference_top(const char *id)
{
	const char *end = id;

	for (int i = 0; i < TOP_PARTS - 1 && end; i++)
		end = strchr(end + 1, '/');
	return end ? g_strndup(id, (gsize)(end - id)) : g_strdup(id);
}

/* Worth an assumption: nobody who writes documents declares even the resource that it is a part of. */
static void note_missing(const struct spot *s, const char *dotted, const char *id)
{
	g_autofree char *top = reference_top(id);
	g_autofree char *lower = g_ascii_strdown(top, -1);
	const struct document *d = g_hash_table_lookup(s->build->documents, lower);
	struct missing *m;

	if (!s->build->missing || (d && g_strcmp0(d->file, GRAPH_ASSUMED) != 0))
		return;
	m = g_new0(struct missing, 1);
	m->id = g_strdup(id);
	m->referrer = node_ref(s->document->resource);
	m->at = node_ref((struct node *)s->node);
	m->type = g_strdup(s->document->type);
	m->where = spot_place(s, dotted);
	g_ptr_array_add(s->build->missing, m);
}

static gboolean check_kind(const struct spot *s, const char *dotted, const char *id, const struct kind *kind)
{
	g_autofree char *type = reference_type(id);

	if (g_str_has_prefix(id, "<unknown")) {
		spot_error(s, dotted, "the id is %.300s, which only a real deployment knows; name it with resourceId()",
		           id);
		return FALSE;
	}
	if (!type || strcmp(type, kind->type) != 0) {
		spot_error(s, dotted, "'%.300s' is not the id of %s %s; write \"/subscriptions/.../%s/NAME\"", id,
		           article(kind), kind->word, kind->type);
		return FALSE;
	}
	return TRUE;
}

gpointer reference_noun(const struct build *b, const char *id)
{
	g_autofree char *lower = g_ascii_strdown(id, -1);

	return g_hash_table_lookup(b->graph->by_id, lower);
}

static gpointer look_up(const struct spot *s, const char *dotted, const char *id, const struct kind *kind)
{
	gpointer noun;

	if (!check_kind(s, dotted, id, kind))
		return NULL;
	if (reference_is_abroad(s, id)) {
		spot_error(s, dotted, "%s is in another subscription; use %s %s of this one", id, article(kind),
		           kind->word);
		return NULL;
	}
	noun = reference_noun(s->build, id);
	if (!noun) {
		spot_error(s, dotted, "no document declares the %s %s; add it, or deploy it first", kind->word, id);
		note_missing(s, dotted, id);
	}
	return noun;
}

/* The text at "dotted.id"; NULL and an error when what stands there is no reference, or required and absent. */
static const char *read_id(const struct spot *s, const char *dotted, const char *member, const struct kind *kind,
                           gboolean required)
{
	const struct node *n = spot_get(s, dotted);

	/* {} is what templates write for "none" beside null. */
	if (!n || (n->type == NODE_OBJECT && node_length(n) == 0)) {
		if (required)
			spot_error(s, dotted, "it is missing; name %s %s by its id", article(kind), kind->word);
		return NULL;
	}
	if (n->type != NODE_OBJECT) {
		spot_error(s, dotted, "an object belongs here, not %s; write { \"id\": ... }", node_type_name(n->type));
		return NULL;
	}
	return read_text(s, member, TRUE);
}

static char *member_id(const char *dotted)
{
	return *dotted ? g_strconcat(dotted, ".id", NULL) : g_strdup("id");
}

gpointer follow(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required)
{
	g_autofree char *member = member_id(dotted);
	const char *id = read_id(s, dotted, member, kind, required);

	return id ? look_up(s, member, id, kind) : NULL;
}

const char *reference_id(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required)
{
	g_autofree char *member = member_id(dotted);
	const char *id = read_id(s, dotted, member, kind, required);

	return id && check_kind(s, member, id, kind) ? id : NULL;
}

const char *reference_text(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required)
{
	const char *id = read_text(s, dotted, required);

	if (!id || (!*id && !required) || g_str_has_prefix(id, "<unknown"))
		return NULL;
	return check_kind(s, dotted, id, kind) ? id : NULL;
}

gpointer follow_text(const struct spot *s, const char *dotted, const struct kind *kind)
{
	const char *id = reference_text(s, dotted, kind, FALSE);

	return id ? look_up(s, dotted, id, kind) : NULL;
}

gpointer follow_parent(const struct spot *s, const struct kind *kind)
{
	g_autofree char *id = g_strdup(s->document->id);

	/* Up over "/name" and "/type". */
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(id, '/');

		if (slash)
			*slash = '\0';
	}
	return look_up(s, "", id, kind);
}
