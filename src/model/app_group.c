/* SPDX-License-Identifier: Apache-2.0 */
/* Application security groups: a name for the configurations that say they are in it. */
#include "model/build.h"

const struct known app_group_known[] = {{"properties", IRRELEVANT}, {NULL}};

void app_group_free(struct app_group *g)
{
	noun_clear(&g->noun);
	g_ptr_array_unref(g->configs);
	g_ptr_array_unref(g->configs6);
	g_free(g);
}

void app_group_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct app_group *g = g_new0(struct app_group, 1);

	g->configs = g_ptr_array_new();
	g->configs6 = g_ptr_array_new();
	g_ptr_array_add(b->graph->app_groups, g);
	noun_declare(&g->noun, &s, d->id);
	noun_check_name(&g->noun, &s, 80);
}

/* Addresses mean something in one network only, so all members are of one. */
static const struct network *check_members(struct build *b, const struct app_group *g, const GPtrArray *configs,
                                           const struct network *network)
{
	for (guint i = 0; i < configs->len; i++) {
		const struct ip_config *c = configs->pdata[i];

		if (!c->nic->network)
			continue;
		if (network && c->nic->network != network) {
			struct spot s = noun_spot(b, &c->noun);

			spot_error(&s, "properties.applicationSecurityGroups",
			           "'%s' already has members in virtual network '%s'; use a group of its own for '%s'",
			           g->noun.name, network->noun.name, c->nic->network->noun.name);
		}
		network = network ? network : c->nic->network;
	}
	return network;
}

void app_group_check(struct build *b, struct app_group *g)
{
	g_ptr_array_sort(g->configs, noun_compare);
	g_ptr_array_sort(g->configs6, noun_compare);
	check_members(b, g, g->configs6, check_members(b, g, g->configs, NULL));
}
