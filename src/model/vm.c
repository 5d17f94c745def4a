/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual machines: which interfaces are one machine's, and the names that people call it by. */
#include "model/compute.h"

#define REFERENCES "properties.networkProfile.networkInterfaces"
#define PROFILE    "properties.virtualMachineProfile.networkProfile"
#define INSIDE     "properties.networkProfile.networkInterfaceConfigurations"

const struct known vm_known[] = {
        {"plan", IRRELEVANT},
        {"identity", IRRELEVANT},
        {"sku", IRRELEVANT},
        {"properties.networkProfile.networkInterfaces[].id", ENFORCED},
        {"properties.networkProfile.networkInterfaces[].properties.primary", ENFORCED},
        {"properties.networkProfile.networkInterfaces[].properties.deleteOption", IRRELEVANT},
        {"properties.networkProfile.networkInterfaces[].deleteOption", IRRELEVANT},
        KNOWN_PROFILE(INSIDE),
        {"properties.networkProfile.networkApiVersion", IRRELEVANT},
        {"properties.networkProfile.inputEndpoints", NOT_MODELLED, "classic endpoints are not modelled"},
        {"properties.vmId", IRRELEVANT},
        {"properties.instanceView", IRRELEVANT},
        {"properties.licenseType", IRRELEVANT},
        {"properties.priority", IRRELEVANT},
        {"properties.evictionPolicy", IRRELEVANT},
        {"properties.billingProfile", IRRELEVANT},
        {"properties.host", IRRELEVANT},
        {"properties.hostGroup", IRRELEVANT},
        {"properties.availabilitySet", IRRELEVANT},
        {"properties.virtualMachineScaleSet", IRRELEVANT},
        {"properties.proximityPlacementGroup", IRRELEVANT},
        {"properties.platformFaultDomain", IRRELEVANT},
        {"properties.hardwareProfile", IRRELEVANT},
        {"properties.storageProfile", IRRELEVANT},
        {"properties.osProfile", IRRELEVANT},
        {"properties.securityProfile", IRRELEVANT},
        {"properties.diagnosticsProfile", IRRELEVANT},
        {"properties.additionalCapabilities", IRRELEVANT},
        {"properties.extensionsTimeBudget", IRRELEVANT},
        {"properties.scheduledEventsProfile", IRRELEVANT},
        {"properties.userData", IRRELEVANT},
        {"properties.capacityReservation", IRRELEVANT},
        {"properties.applicationProfile", IRRELEVANT},
        {NULL},
};

void vm_free(struct vm *v)
{
	noun_clear(&v->noun);
	g_ptr_array_unref(v->nics);
	g_free(v->zone);
	g_free(v->availability_set);
	g_free(v->proximity_group);
	g_free(v->scale_set_id);
	g_free(v);
}

struct vm *vm_new(const struct spot *s, const char *id)
{
	struct vm *v = g_new0(struct vm, 1);

	v->nics = g_ptr_array_new();
	g_ptr_array_add(s->build->graph->vms, v);
	noun_declare(&v->noun, s, id);
	return v;
}

char *vm_label_id(const struct spot *s, const char *dotted)
{
	g_autofree char *member = g_strconcat(dotted, ".id", NULL);
	const char *id = spot_is_object(s, dotted) ? read_text(s, member, FALSE) : NULL;

	return id ? g_ascii_strdown(id, -1) : NULL;
}

void vm_add_nic(struct vm *v, struct nic *n, const struct spot *s, gboolean *have_primary)
{
	gboolean primary = read_flag(s, "properties.primary", FALSE);

	if (primary && *have_primary)
		spot_error(s, "properties.primary", "the machine has a primary interface already; keep one");
	g_ptr_array_insert(v->nics, primary && !*have_primary ? 0 : -1, n);
	*have_primary |= primary;
}

void vm_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct vm *v = vm_new(&s, d->id);
	const struct node *zones = node_get(s.node, "zones");
	gboolean have_primary = FALSE;

	v->zone = zones && zones->type == NODE_ARRAY ? g_strdup(node_str(node_item(zones, 0), NULL)) : NULL;
	v->availability_set = vm_label_id(&s, "properties.availabilitySet");
	v->proximity_group = vm_label_id(&s, "properties.proximityPlacementGroup");
	v->scale_set_id = vm_label_id(&s, "properties.virtualMachineScaleSet");
	if (v->availability_set && v->zone)
		spot_error(&s, "properties.availabilitySet",
		           "a machine is either in an availability set or in a zone; keep one of the two");
	if (spot_length(&s, REFERENCES) > 0 && spot_length(&s, INSIDE) > 0)
		spot_error(&s, INSIDE, "the machine refers to interfaces and describes some as well; keep one list");
	if (spot_length(&s, REFERENCES) == 0 && spot_length(&s, INSIDE) == 0)
		spot_error(&s, REFERENCES, "the machine has no network interface; add one");
	profile_read(v, &s, INSIDE, &have_primary);
}

static struct nic *free_nic(const struct spot *item)
{
	struct nic *n = follow(item, "", &kind_nic, TRUE);

	if (n && n->vm) {
		g_autofree char *where = noun_where(&n->vm->noun);

		spot_error(item, "id", "interface '%s' already belongs to %s; use another interface", n->noun.name,
		           where);
		return NULL;
	}
	return n;
}

/* The interfaces that a machine refers to. The order of the devices is: the primary one, then as written. */
void vm_link(struct build *b, struct vm *v)
{
	struct spot s = noun_spot(b, &v->noun);
	guint count = v->nics->len ? 0 : spot_length(&s, REFERENCES);
	gboolean have_primary = FALSE;

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, REFERENCES, i);
		struct nic *n = free_nic(&item);

		if (!n)
			continue;
		n->vm = v;
		vm_add_nic(v, n, &item, &have_primary);
	}
}

void vm_check(struct build *b, struct vm *v)
{
	const struct nic *first = NULL;
	struct spot s = noun_spot(b, &v->noun);

	for (guint i = 0; i < v->nics->len; i++) {
		const struct nic *n = v->nics->pdata[i];

		if (first && n->network && n->network != first->network)
			spot_error(&s,
			           v->scale_set    ? PROFILE
			           : first->inside ? INSIDE
			                           : REFERENCES,
			           "interface '%s' is in virtual network '%s' and '%s' is in '%s'; put both into one "
			           "network",
			           n->noun.name, n->network->noun.name, first->noun.name, first->network->noun.name);
		if (!first && n->network)
			first = n;
	}
}

/* "vm", "group/vm" and "subscription/group/vm" in lower case. */
static char *name_of(const struct vm *v, int parts)
{
	g_autofree char *text = NULL;

	if (parts == 1)
		text = g_strdup(v->noun.name);
	else if (parts == 2)
		text = g_strdup_printf("%s/%s", v->noun.group, v->noun.name);
	else
		text = g_strdup_printf("%s/%s/%s", v->noun.subscription, v->noun.group, v->noun.name);
	return g_ascii_strdown(text, -1);
}

void vm_index_names(struct graph *g)
{
	for (guint i = 0; i < g->vms->len; i++)
		for (int parts = 1; parts <= 3; parts++) {
			char *name = name_of(g->vms->pdata[i], parts);
			gboolean taken = g_hash_table_contains(g->vm_names, name);

			g_hash_table_insert(g->vm_names, name, taken ? NULL : g->vms->pdata[i]);
		}
}

struct vm *graph_find_vm(const struct graph *g, const char *name, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);
	gpointer v;

	if (!g_hash_table_lookup_extended(g->vm_names, lower, NULL, &v)) {
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID,
		            "no virtual machine is named '%s'; `escarp status` lists them", name);
		return NULL;
	}
	if (!v)
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID,
		            "several virtual machines are named '%s'; write group/%s or subscription/group/%s", name,
		            name, name);
	return v;
}

char *graph_vm_label(const struct graph *g, const struct vm *vm)
{
	for (int parts = 1; parts <= 2; parts++) {
		g_autofree char *name = name_of(vm, parts);

		if (g_hash_table_lookup(g->vm_names, name) == vm)
			return parts == 1 ? g_strdup(vm->noun.name)
			                  : g_strdup_printf("%s/%s", vm->noun.group, vm->noun.name);
	}
	return g_strdup_printf("%s/%s/%s", vm->noun.subscription, vm->noun.group, vm->noun.name);
}
