/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scale sets: machines made from one description.
 *
 * Each instance is a machine like any other, with interfaces, addresses and ports of its own, so that nothing behind
 * the graph knows of sets. What is wrong with the description is wrong for every instance, and said once.
 */
#include "model/compute.h"

#define PROFILE  "properties.virtualMachineProfile."
#define NICS     PROFILE "networkProfile.networkInterfaceConfigurations"
#define MAX_MADE 50000 /* nouns that a few lines may ask for: some tens of megabytes */

const struct known scale_set_known[] = {
        {"plan", IRRELEVANT},
        {"identity", IRRELEVANT},
        {"sku.name", IRRELEVANT},
        {"sku.tier", IRRELEVANT},
        {"sku.capacity", ENFORCED},
        {"properties.orchestrationMode", IRRELEVANT},
        KNOWN_PROFILE(NICS),
        {PROFILE "networkProfile.healthProbe", RECORDED, "nothing is probed: every instance counts as healthy"},
        {PROFILE "networkProfile.networkApiVersion", IRRELEVANT},
        {PROFILE "osProfile", IRRELEVANT},
        {PROFILE "storageProfile", IRRELEVANT},
        {PROFILE "securityProfile", IRRELEVANT},
        {PROFILE "securityPostureReference", IRRELEVANT},
        {PROFILE "diagnosticsProfile", IRRELEVANT},
        {PROFILE "extensionProfile", IRRELEVANT},
        {PROFILE "licenseType", IRRELEVANT},
        {PROFILE "priority", IRRELEVANT},
        {PROFILE "evictionPolicy", IRRELEVANT},
        {PROFILE "billingProfile", IRRELEVANT},
        {PROFILE "scheduledEventsProfile", IRRELEVANT},
        {PROFILE "userData", IRRELEVANT},
        {PROFILE "capacityReservation", IRRELEVANT},
        {PROFILE "applicationProfile", IRRELEVANT},
        {PROFILE "hardwareProfile", IRRELEVANT},
        {PROFILE "serviceArtifactReference", IRRELEVANT},
        {PROFILE "timeCreated", IRRELEVANT},
        {"properties.upgradePolicy", IRRELEVANT},
        {"properties.overprovision", IRRELEVANT},
        {"properties.doNotRunExtensionsOnOverprovisionedVMs", IRRELEVANT},
        {"properties.singlePlacementGroup", IRRELEVANT},
        {"properties.zoneBalance", IRRELEVANT},
        {"properties.platformFaultDomainCount", IRRELEVANT},
        {"properties.proximityPlacementGroup", IRRELEVANT},
        {"properties.hostGroup", IRRELEVANT},
        {"properties.additionalCapabilities", IRRELEVANT},
        {"properties.scaleInPolicy", IRRELEVANT},
        {"properties.automaticRepairsPolicy", IRRELEVANT},
        {"properties.spotRestorePolicy", IRRELEVANT},
        {"properties.priorityMixPolicy", IRRELEVANT},
        {"properties.constrainedMaximumCapacity", IRRELEVANT},
        {"properties.resiliencyPolicy", IRRELEVANT},
        {"properties.zonalPlatformFaultDomainAlignMode", IRRELEVANT},
        {"properties.skuProfile", IRRELEVANT},
        {"properties.scheduledEventsPolicy", IRRELEVANT},
        {"properties.uniqueId", IRRELEVANT},
        {"properties.timeCreated", IRRELEVANT},
        {NULL},
};

void scale_set_free(struct scale_set *x)
{
	noun_clear(&x->noun);
	g_ptr_array_unref(x->vms);
	g_free(x);
}

/* Instances go round the zones of their set. */
static char *zone_of(const struct spot *s, guint instance)
{
	const struct node *zones = node_get(s->node, "zones");
	guint count = zones && zones->type == NODE_ARRAY ? node_length(zones) : 0;

	return count ? g_strdup(node_str(node_item(zones, instance % count), NULL)) : NULL;
}

static void add_instance(struct scale_set *x, const struct spot *s, guint instance)
{
	g_autofree char *id = g_strdup_printf("%s/virtualMachines/%u", x->noun.id, instance);
	struct vm *v = vm_new(s, id);
	gboolean have_primary = FALSE;

	g_free(v->noun.name);
	v->noun.name = g_strdup_printf("%s_%u", x->noun.name, instance);
	v->scale_set = x;
	v->scale_set_id = g_ascii_strdown(x->noun.id, -1);
	v->instance = instance;
	v->zone = zone_of(s, instance);
	v->proximity_group = vm_label_id(s, "properties.proximityPlacementGroup");
	g_ptr_array_add(x->vms, v);
	profile_read(v, s, NICS, &have_primary);
}

/* A Flexible set has no Basic addresses, so none is what it means without a word. */
static void choose_skus(const struct vm *v)
{
	for (guint i = 0; i < v->nics->len; i++) {
		const struct nic *n = v->nics->pdata[i];

		for (guint k = 0; k < n->configs->len; k++) {
			struct public_address *p = ((struct ip_config *)n->configs->pdata[k])->public_address;

			if (!p || node_find(p->noun.at, "sku.name"))
				continue;
			p->sku = SKU_STANDARD;
			p->is_static = TRUE;
		}
	}
}

static gboolean has_room(struct build *b, const struct spot *s, guint capacity)
{
	guint64 made = b->made + (guint64)capacity * (1 + profile_count(s, NICS));

	if (made > MAX_MADE) {
		spot_error(s, "sku.capacity",
		           "with the sets before it that is more than %d machines, interfaces and configurations; use "
		           "fewer instances",
		           MAX_MADE);
		return FALSE;
	}
	b->made = (guint)made;
	return TRUE;
}

void scale_set_declare(struct build *b, const struct document *d)
{
	static const char *const modes[] = {"Uniform", "Flexible", NULL};
	struct spot s = spot_of(b, d);
	struct scale_set *x = g_new0(struct scale_set, 1);

	x->vms = g_ptr_array_new();
	g_ptr_array_add(b->graph->scale_sets, x);
	noun_declare(&x->noun, &s, d->id);
	x->flexible = read_choice(&s, "properties.orchestrationMode", modes, 0) == 1;
	x->capacity = read_number(&s, "sku.capacity", 0, 1000, 0);
	if (!spot_get(&s, PROFILE "networkProfile") && x->flexible)
		return; /* a frame for machines that are put into it */
	if (!spot_get(&s, "sku.capacity"))
		spot_warning(&s, "sku.capacity",
		             "the scale set says no number of instances, so it has none; write one");
	if (spot_length(&s, NICS) == 0) {
		spot_error(&s, NICS, "its machines have no network interface; add one");
		return;
	}
	if (!has_room(b, &s, x->capacity))
		return;
	for (guint i = 0; i < x->capacity; i++) {
		add_instance(x, &s, i);
		if (x->flexible)
			choose_skus(x->vms->pdata[i]);
	}
}

void scale_set_link(struct build *b, struct scale_set *x)
{
	struct spot s = noun_spot(b, &x->noun);

	if (x->capacity == 0)
		profile_check(&s, NICS);
}
