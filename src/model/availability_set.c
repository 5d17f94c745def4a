/* SPDX-License-Identifier: Apache-2.0 */
/* Availability sets: labels that machines carry. A Basic load balancer's pool may not reach over one. */
#include "model/compute.h"

const struct known availability_set_known[] = {
        {"sku", IRRELEVANT},
        {"properties.platformFaultDomainCount", IRRELEVANT},
        {"properties.platformUpdateDomainCount", IRRELEVANT},
        {"properties.proximityPlacementGroup", IRRELEVANT},
        {"properties.scheduledEventsPolicy", IRRELEVANT},
        {"properties.virtualMachineScaleSetMigrationInfo", IRRELEVANT},
        {"properties.virtualMachines", IRRELEVANT},
        {"properties.statuses", IRRELEVANT},
        {NULL},
};

void availability_set_free(struct availability_set *a)
{
	noun_clear(&a->noun);
	g_free(a->proximity_group);
	g_free(a);
}

void availability_set_declare(struct build *b, const struct document *d)
{
	static const char *const skus[] = {"Classic", "Aligned", NULL};
	struct spot s = spot_of(b, d);
	struct availability_set *a = g_new0(struct availability_set, 1);

	g_ptr_array_add(b->graph->availability_sets, a);
	noun_declare(&a->noun, &s, d->id);
	a->aligned = read_choice(&s, "sku.name", skus, 0) == 1;
	a->fault_domains = read_number(&s, "properties.platformFaultDomainCount", 1, 3, 2);
	a->update_domains = read_number(&s, "properties.platformUpdateDomainCount", 1, 20, 5);
	a->proximity_group = vm_label_id(&s, "properties.proximityPlacementGroup");
}
