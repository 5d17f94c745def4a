/* SPDX-License-Identifier: Apache-2.0 */
/* DNS zones and the links of private ones to networks. What stands in a zone: zone_record.c. */
#include "model/name.h"
#include "model/network.h"
#include "model/outer.h"

#include <string.h>

#define MIN_LABELS  2
#define MAX_LABELS  34
#define WHY_PREVIEW "private zones of this type are of a preview: write a privateDnsZones"

const struct known private_zone_known[] = {
        {"properties.maxNumberOfRecordSets", IRRELEVANT}, /* reports */
        {"properties.numberOfRecordSets", IRRELEVANT},
        {"properties.maxNumberOfVirtualNetworkLinks", IRRELEVANT},
        {"properties.numberOfVirtualNetworkLinks", IRRELEVANT},
        {"properties.maxNumberOfVirtualNetworkLinksWithRegistration", IRRELEVANT},
        {"properties.numberOfVirtualNetworkLinksWithRegistration", IRRELEVANT},
        {"properties.internalId", IRRELEVANT},
        {NULL},
};
const struct known public_zone_known[] = {
        {"properties.zoneType", NOT_MODELLED, WHY_PREVIEW, "Public"},
        {"properties.registrationVirtualNetworks", NOT_MODELLED, WHY_PREVIEW},
        {"properties.resolutionVirtualNetworks", NOT_MODELLED, WHY_PREVIEW},
        {"properties.signingKeys", IRRELEVANT}, /* reports */
        {"properties.maxNumberOfRecordSets", IRRELEVANT},
        {"properties.maxNumberOfRecordsPerRecordSet", IRRELEVANT},
        {"properties.numberOfRecordSets", IRRELEVANT},
        {"properties.nameServers", IRRELEVANT},
        {NULL},
};
const struct known zone_link_known[] = {
        {"properties.virtualNetwork", RECORDED, "names have no data plane yet: the network does not see the zone"},
        {"properties.registrationEnabled", RECORDED,
         "names have no data plane yet: no machine's name is taken up by itself"},
        {"properties.resolutionPolicy", NOT_MODELLED, "names are not looked up elsewhere", "Default"},
        {"properties.virtualNetworkLinkState", IRRELEVANT}, /* a report */
        {NULL},
};

static void link_free(struct dns_link *l)
{
	noun_clear(&l->noun);
	g_free(l->network_id);
	g_free(l);
}

void zone_free(struct dns_zone *z)
{
	noun_clear(&z->noun);
	g_ptr_array_unref(z->links);
	g_ptr_array_unref(z->records);
	g_free(z);
}

void zone_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct dns_zone *z = g_new0(struct dns_zone, 1);
	const char *name;

	z->is_private = strcmp(d->type, kind_private_zone.type) == 0;
	z->links = g_ptr_array_new_with_free_func((GDestroyNotify)link_free);
	z->records = g_ptr_array_new_with_free_func((GDestroyNotify)zone_record_free);
	g_ptr_array_add(b->graph->dns_zones, z);
	noun_declare(&z->noun, &s, d->id);
	name = z->noun.name;
	if (!name_is_domain(name) || *name == '*' || g_str_has_suffix(name, "."))
		spot_error(&s, "name", "'%.100s' cannot be a zone; write a name like corp.example.com", name);
	else if (name_labels(name) < MIN_LABELS || name_labels(name) > MAX_LABELS)
		spot_warning(&s, "name",
		             "'%.100s' has %u labels and the original wants %d to %d; write a name like "
		             "corp.example.com",
		             name, name_labels(name), MIN_LABELS, MAX_LABELS);
	spot_recorded(&s, "", "names have no data plane yet: no zone is served");
}

void zone_link_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct dns_zone *z = follow_parent(&s, &kind_private_zone);
	struct dns_link *l;

	if (!z)
		return;
	l = g_new0(struct dns_link, 1);
	l->zone = z;
	g_ptr_array_add(z->links, l);
	noun_declare(&l->noun, &s, d->id);
	noun_check_name(&l->noun, &s, 80);
	l->registration = read_flag(&s, "properties.registrationEnabled", FALSE);
}

/* A network of another subscription may see the zone: it loses nothing by that. */
static void link_network(struct build *b, struct dns_link *l)
{
	static const char property[] = "properties.virtualNetwork";
	struct spot s = noun_spot(b, &l->noun);
	const char *id = reference_id(&s, property, &kind_network, TRUE);

	l->network_id = g_strdup(id);
	if (id)
		l->network =
		        reference_is_abroad(&s, id) ? reference_noun(b, id) : follow(&s, property, &kind_network, TRUE);
}

void zone_link(struct build *b, struct dns_zone *z)
{
	g_ptr_array_sort(z->links, noun_compare);
	g_ptr_array_sort(z->records, noun_compare);
	for (guint i = 0; i < z->links->len; i++)
		link_network(b, z->links->pdata[i]);
}

/* Takes up `key` for the link, and tells who has it already. */
static const struct dns_link *taken(GHashTable *seen, char *key, struct dns_link *l)
{
	const struct dns_link *other = g_hash_table_lookup(seen, key);

	if (other)
		g_free(key);
	else
		g_hash_table_insert(seen, key, l);
	return other;
}

static void check_link(struct build *b, GHashTable *here, GHashTable *registered, struct dns_link *l)
{
	g_autofree char *network = g_ascii_strdown(l->network_id, -1);
	const char *name = strrchr(l->network_id, '/') + 1;
	const struct dns_link *other = taken(here, g_strdup(network), l);
	struct spot s = noun_spot(b, &l->noun);

	if (other) {
		g_autofree char *where = noun_where(&other->noun);

		spot_error(&s, "properties.virtualNetwork", "%s links '%s' to this zone already; keep one", where,
		           name);
		return;
	}
	other = l->registration ? taken(registered, g_strdup(network), l) : NULL;
	if (other) {
		g_autofree char *where = noun_where(&other->noun);

		spot_error(&s, "properties.registrationEnabled",
		           "the names of '%s' are taken up by zone '%s' already, by %s; a network has one such zone",
		           name, other->zone->noun.name, where);
	}
}

void zones_check(struct build *b)
{
	g_autoptr(GHashTable) registered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < b->graph->dns_zones->len; i++) {
		const struct dns_zone *z = b->graph->dns_zones->pdata[i];
		g_autoptr(GHashTable) here = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

		for (guint k = 0; k < z->links->len; k++)
			if (((struct dns_link *)z->links->pdata[k])->network_id)
				check_link(b, here, registered, z->links->pdata[k]);
		zone_records_check(b, z);
	}
}
