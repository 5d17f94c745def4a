/* SPDX-License-Identifier: Apache-2.0 */
/* DDoS protection plans: a name that networks and addresses refer to. */
#include "model/network.h"

const struct known ddos_plan_known[] = {
        {"properties.virtualNetworks", IRRELEVANT}, /* a report, as is the next */
        {"properties.publicIPAddresses", IRRELEVANT},
        {NULL},
};

void ddos_plan_free(struct ddos_plan *p)
{
	noun_clear(&p->noun);
	g_ptr_array_unref(p->networks);
	g_free(p);
}

void ddos_plan_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct ddos_plan *p = g_new0(struct ddos_plan, 1);

	p->networks = g_ptr_array_new();
	g_ptr_array_add(b->graph->ddos_plans, p);
	noun_declare(&p->noun, &s, d->id);
	noun_check_name(&p->noun, &s, 80);
}

struct ddos_plan *ddos_plan_follow(const struct spot *s, const char *dotted, char **id)
{
	const char *named = reference_id(s, dotted, &kind_ddos_plan, FALSE);

	*id = g_strdup(named);
	if (named && reference_is_abroad(s, named))
		return reference_noun(s->build, named);
	return named ? follow(s, dotted, &kind_ddos_plan, FALSE) : NULL;
}
