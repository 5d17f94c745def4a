/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual machines: which interfaces are one machine's, and the names that people call it by. */
#include "model/build.h"

const struct known vm_known[] = {
        {"plan", IRRELEVANT},
        {"identity", IRRELEVANT},
        {"sku", IRRELEVANT},
        {"properties.networkProfile.networkInterfaces[].id", ENFORCED},
        {"properties.networkProfile.networkInterfaces[].properties.primary", ENFORCED},
        {"properties.networkProfile.networkInterfaces[].properties.deleteOption", IRRELEVANT},
        {"properties.networkProfile.networkInterfaces[].deleteOption", IRRELEVANT},
        {"properties.networkProfile.networkInterfaceConfigurations", NOT_MODELLED,
         "interfaces written inside a virtual machine are not modelled"},
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
	g_free(v);
}

void vm_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct vm *v;

	if (node_length(spot_get(&s, "properties.networkProfile.networkInterfaceConfigurations")) > 0 &&
	    node_length(spot_get(&s, "properties.networkProfile.networkInterfaces")) == 0) {
		spot_unmodelled(&s, "",
		                "interfaces written inside a virtual machine are not modelled: it gets no instance");
		return;
	}
	v = g_new0(struct vm, 1);
	v->nics = g_ptr_array_new();
	g_ptr_array_add(b->graph->vms, v);
	noun_declare(&v->noun, &s, d->id);
}

static gboolean attach(struct vm *v, const struct spot *item)
{
	struct nic *n = follow(item, "", &kind_nic, TRUE);

	if (!n)
		return FALSE;
	if (n->vm) {
		g_autofree char *where = noun_where(&n->vm->noun);

		spot_error(item, "id", "interface '%s' already belongs to %s; use another interface", n->noun.name,
		           where);
		return FALSE;
	}
	n->vm = v;
	g_ptr_array_add(v->nics, n);
	return TRUE;
}

/* Primary first; the others keep the order in which they were written, which is the order of their devices. */
void vm_link(struct build *b, struct vm *v)
{
	static const char list[] = "properties.networkProfile.networkInterfaces";
	struct spot s = noun_spot(b, &v->noun);
	guint count = spot_length(&s, list);
	gboolean have_primary = FALSE;

	if (count == 0)
		spot_error(&s, list, "the machine has no network interface; add one");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, list, i);
		gboolean primary = read_flag(&item, "properties.primary", FALSE);

		if (primary && have_primary)
			spot_error(&item, "properties.primary",
			           "the machine has a primary interface already; keep one");
		if (attach(v, &item) && primary && !have_primary && v->nics->len > 1) {
			gpointer n = g_ptr_array_steal_index(v->nics, v->nics->len - 1);

			g_ptr_array_insert(v->nics, 0, n);
		}
		have_primary |= primary;
	}
}

void vm_check(struct build *b, struct vm *v)
{
	const struct nic *first = NULL;
	struct spot s = noun_spot(b, &v->noun);

	for (guint i = 0; i < v->nics->len; i++) {
		const struct nic *n = v->nics->pdata[i];

		if (first && n->network && n->network != first->network)
			spot_error(&s, "properties.networkProfile.networkInterfaces",
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
