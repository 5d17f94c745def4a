/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peerings: each network declares its half. It is the one reference that may cross a subscription, since nothing passes
 * unless both sides say so; a half whose remote network nobody declares here, or that is not answered, carries nothing.
 */
#include "model/network.h"

#include <string.h>

#define MAX_PEERINGS 500
#define MAX_NAMED    400 /* subnets of a peering between some of them */

const struct known peering_known[] = {KNOWN_PEERING("properties."), {NULL}};

void peering_free(struct peering *p)
{
	noun_clear(&p->noun);
	g_free(p->remote_id);
	g_array_unref(p->told);
	g_ptr_array_unref(p->local_subnets);
	g_ptr_array_unref(p->remote_subnets);
	g_free(p);
}

/* What the other half's network looked like when this one was exported: counts only while nobody declares it. */
static void read_told(struct peering *p, const struct spot *s)
{
	static const char *const lists[] = {"properties.remoteVirtualNetworkAddressSpace.addressPrefixes",
	                                    "properties.remoteAddressSpace.addressPrefixes"};
	const char *list = lists[spot_length(s, lists[0]) == 0];
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		const char *text = read_text(&item, "", TRUE);
		struct prefix v4;
		struct prefix6 v6;

		if (text && prefix_parse(text, &v4))
			v6 = prefix6_mapped(v4);
		else if (!text || !prefix6_parse(text, &v6)) {
			if (text)
				spot_error(&item, "", "'%.60s' is not an address prefix; write one like 10.0.0.0/16",
				           text);
			continue;
		}
		g_array_append_val(p->told, v6);
	}
}

static void read_subnets(const struct spot *s, const char *dotted, GPtrArray *names)
{
	guint count = spot_length(s, dotted);

	if (count > MAX_NAMED)
		spot_error(s, dotted,
		           "%u subnets are more than the %u that a peering may name; peer the whole networks", count,
		           MAX_NAMED);
	else
		read_names(s, dotted, names);
}

void peering_add(gpointer network, const struct spot *s, const char *id)
{
	struct network *n = network;
	static const char *const states[] = {"Initiated", "Connected", "Disconnected", NULL};
	struct peering *p = g_new0(struct peering, 1);

	p->network = n;
	p->told = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	p->local_subnets = g_ptr_array_new_with_free_func(g_free);
	p->remote_subnets = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(n->peerings, p);
	noun_declare(&p->noun, s, id);
	noun_check_name(&p->noun, s, 80);
	p->access = read_flag(s, "properties.allowVirtualNetworkAccess", TRUE);
	p->forwarded = read_flag(s, "properties.allowForwardedTraffic", FALSE);
	p->gateway_transit = read_flag(s, "properties.allowGatewayTransit", FALSE);
	p->use_remote_gateways = read_flag(s, "properties.useRemoteGateways", FALSE);
	p->whole = read_flag(s, "properties.peerCompleteVnets", TRUE);
	p->only6 = read_flag(s, "properties.enableOnlyIPv6Peering", FALSE);
	read_subnets(s, "properties.localSubnetNames", p->local_subnets);
	read_subnets(s, "properties.remoteSubnetNames", p->remote_subnets);
	read_choice(s, "properties.peeringState", states, 0); /* a report: whether both halves are there is seen here */
	read_told(p, s);
}

void peering_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct network *n = follow_parent(&s, &kind_network);

	if (n)
		peering_add(n, &s, d->id);
}

void peering_link(struct build *b, struct peering *p)
{
	static const char property[] = "properties.remoteVirtualNetwork";
	struct spot s = noun_spot(b, &p->noun);

	p->remote_id = g_strdup(reference_id(&s, property, &kind_network, TRUE));
	if (!p->remote_id)
		return;
	p->remote = reference_noun(b, p->remote_id);
	if (p->remote == p->network)
		spot_error(&s, property, "a network cannot be its own peer; name another one");
}

/* Once all halves know their remote networks. */
void peering_match(struct peering *p)
{
	/* More have had, or will have, their error. */
	if (!p->remote || p->remote == p->network || p->remote->peerings->len > MAX_PEERINGS)
		return;
	for (guint i = 0; !p->reverse && i < p->remote->peerings->len; i++) {
		struct peering *other = p->remote->peerings->pdata[i];

		if (other->remote == p->network)
			p->reverse = other;
	}
}

static gboolean is_named(const GPtrArray *names, const char *name)
{
	for (guint i = 0; i < names->len; i++)
		if (g_ascii_strcasecmp(names->pdata[i], name) == 0)
			return TRUE;
	return FALSE;
}

/* What of a network takes part: all, or the named subnets. A network of too many subnets has had its error. */
static GArray *part_of(const struct peering *p, const struct network *n, const GPtrArray *subnets)
{
	GArray *space = g_array_new(FALSE, FALSE, sizeof(struct prefix6));

	if (p->whole)
		return g_array_append_vals(space, n->space->data, n->space->len);
	for (guint i = 0; i < n->subnets->len && n->subnets->len <= NETWORK_SUBNETS; i++) {
		const struct subnet *sub = n->subnets->pdata[i];

		if (is_named(subnets, sub->noun.name))
			space_add(space, sub->prefixes, sub->prefixes6);
	}
	space_tidy(space);
	return space;
}

static GArray *remote_space(const struct peering *p)
{
	GArray *space;

	if (p->remote)
		return part_of(p, p->remote, p->remote_subnets);
	space = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	g_array_append_vals(space, p->told->data, p->told->len);
	space_tidy(space);
	return space;
}

static void check_subnets(const struct spot *s, const char *dotted, const struct network *n, const GPtrArray *names)
{
	for (guint k = 0; n && k < names->len && n->subnets->len <= NETWORK_SUBNETS; k++) {
		gboolean found = FALSE;

		for (guint i = 0; i < n->subnets->len; i++)
			found |= g_ascii_strcasecmp(((struct noun *)n->subnets->pdata[i])->name, names->pdata[k]) == 0;
		if (!found)
			spot_error(s, dotted, "virtual network '%s' has no subnet '%s'; name one that it has",
			           n->noun.name, (const char *)names->pdata[k]);
	}
}

static const char *remote_name(const struct peering *p)
{
	return strrchr(p->remote_id, '/') + 1;
}

static void check_space(const struct spot *s, const struct peering *p, const GArray *remote)
{
	g_autoptr(GArray) own = part_of(p, p->network, p->local_subnets);
	struct prefix6 here, there;

	if (space_overlap(own, remote, &here, &there)) {
		g_autofree char *a = space_text(here), *c = space_text(there);

		spot_error(s, "properties.remoteVirtualNetwork",
		           "%s of '%s' overlaps %s of '%s'; only networks that are apart can be peers", c,
		           remote_name(p), a, p->network->noun.name);
	}
}

static void check_gateways(const struct spot *s, const struct peering *p)
{
	if (p->use_remote_gateways && p->gateway_transit)
		spot_warning(s, "properties.useRemoteGateways",
		             "a network that uses remote gateways has none to offer; set allowGatewayTransit to false");
	if (p->use_remote_gateways && p->reverse && !p->reverse->gateway_transit) {
		g_autofree char *where = noun_where(&p->reverse->noun);

		spot_error(s, "properties.useRemoteGateways",
		           "%s of '%s' does not allow it; set allowGatewayTransit there", where, remote_name(p));
	}
}

static void check_one(const struct spot *s, const struct peering *p, const GArray *remote)
{
	check_space(s, p, remote);
	check_gateways(s, p);
	if (p->whole && p->local_subnets->len + p->remote_subnets->len > 0)
		spot_error(s, "properties.peerCompleteVnets",
		           "subnets are named as well; set it to false, or remove them");
	check_subnets(s, "properties.localSubnetNames", p->network, p->local_subnets);
	check_subnets(s, "properties.remoteSubnetNames", p->remote, p->remote_subnets);
	if (p->remote && !p->reverse)
		spot_warning(s, "",
		             "it is only initiated: virtual network '%s' has no peering with '%s' and nothing passes; "
		             "add one there",
		             p->remote->noun.name, p->network->noun.name);
	else if (!p->remote)
		spot_warning(s, "properties.remoteVirtualNetwork.id",
		             "no document declares %s: nothing passes while that is so; deploy it with its half",
		             p->remote_id);
}

struct remote_prefix {
	struct prefix6 prefix;
	const struct peering *peering;
};

static gint compare_remote(gconstpointer a, gconstpointer b)
{
	const struct remote_prefix *x = a, *y = b;
	gint c = space_compare(&x->prefix, &y->prefix);

	return c ? c : noun_compare(&x->peering, &y->peering);
}

/* Two peers of one network may not overlap either: an address must say which one is meant. */
static void check_remotes(struct build *b, GArray *all)
{
	const struct remote_prefix *outer = NULL;

	g_array_sort(all, compare_remote);
	for (guint i = 0; i < all->len; i++) {
		const struct remote_prefix *p = &g_array_index(all, struct remote_prefix, i);

		if (outer && outer->peering != p->peering && prefix6_overlap(outer->prefix, p->prefix)) {
			struct spot s = noun_spot(b, &p->peering->noun);
			g_autofree char *text = space_text(p->prefix), *where = noun_where(&outer->peering->noun);

			spot_error(&s, "properties.remoteVirtualNetwork",
			           "%s of '%s' overlaps the network of peering %s; a network's peers must be apart",
			           text, remote_name(p->peering), where);
			return;
		}
		if (!outer || !prefix6_overlap(outer->prefix, p->prefix))
			outer = p;
	}
}

/* FALSE when another half of the same network names the same remote one. */
static gboolean is_only(struct build *b, GHashTable *seen, const struct peering *p)
{
	g_autofree char *lower = g_ascii_strdown(p->remote_id, -1);
	const struct peering *other = g_hash_table_lookup(seen, lower);
	struct spot s = noun_spot(b, &p->noun);

	if (other) {
		g_autofree char *where = noun_where(&other->noun);

		spot_error(&s, "properties.remoteVirtualNetwork", "%s is a peering with '%s' already; keep one", where,
		           remote_name(p));
		return FALSE;
	}
	g_hash_table_insert(seen, g_steal_pointer(&lower), (gpointer)p);
	return TRUE;
}

static void check_takers(struct build *b, const struct network *n)
{
	const struct peering *first = NULL;

	for (guint i = 0; i < n->peerings->len; i++) {
		const struct peering *p = n->peerings->pdata[i];
		struct spot s = noun_spot(b, &p->noun);

		if (!p->use_remote_gateways)
			continue;
		if (first) {
			g_autofree char *where = noun_where(&first->noun);

			spot_error(&s, "properties.useRemoteGateways", "%s uses remote gateways already; only one may",
			           where);
		}
		first = first ? first : p;
	}
}

void peerings_check(struct build *b, const struct network *n)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct remote_prefix));
	struct spot at = noun_spot(b, &n->noun);

	if (n->peerings->len > MAX_PEERINGS) {
		spot_error(&at, "properties.virtualNetworkPeerings",
		           "%u peerings are more than the %u that a network may have; remove some", n->peerings->len,
		           MAX_PEERINGS);
		return;
	}
	for (guint i = 0; i < n->peerings->len; i++) {
		const struct peering *p = n->peerings->pdata[i];
		struct spot s = noun_spot(b, &p->noun);
		g_autoptr(GArray) remote = p->remote_id ? remote_space(p) : NULL;

		if (!remote || p->remote == n || !is_only(b, seen, p))
			continue;
		check_one(&s, p, remote);
		for (guint k = 0; k < remote->len; k++) {
			struct remote_prefix r = {g_array_index(remote, struct prefix6, k), p};

			g_array_append_val(all, r);
		}
	}
	check_takers(b, n);
	check_remotes(b, all);
}
