/* SPDX-License-Identifier: Apache-2.0 */
/* Network security groups: the lists of rules, their order and their limits. A rule alone: rule.c. */
#include "model/build.h"

const struct known security_group_known[] = {
        {"properties.securityRules[].name", ENFORCED},
        {"properties.securityRules[].id", IRRELEVANT},
        {"properties.securityRules[].type", IRRELEVANT},
        {"properties.securityRules[].etag", IRRELEVANT},
        KNOWN_RULE("properties.securityRules[].properties."),
        {"properties.defaultSecurityRules", IRRELEVANT}, /* a report: they cannot be declared */
        {"properties.networkInterfaces", IRRELEVANT},    /* a report, as is the next */
        {"properties.subnets", IRRELEVANT},
        {"properties.flowLogs", IRRELEVANT},
        {"properties.flushConnection", NOT_MODELLED, "live flows are judged anew after every change"},
        {NULL},
};

#define MAX_RULES 1000

void security_group_free(struct security_group *g)
{
	noun_clear(&g->noun);
	g_ptr_array_unref(g->rules[DIR_OUT]);
	g_ptr_array_unref(g->rules[DIR_IN]);
	g_free(g);
}

static void add_rule(struct security_group *g, const struct spot *s, const char *id)
{
	struct rule *r = rule_new(s, id, g);

	g_ptr_array_add(g->rules[r->direction], r);
}

void security_group_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct security_group *g = g_new0(struct security_group, 1);
	guint count;

	for (int i = 0; i < 2; i++)
		g->rules[i] = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	g_ptr_array_add(b->graph->security_groups, g);
	noun_declare(&g->noun, &s, d->id);
	noun_check_name(&g->noun, &s, 80);
	count = spot_length(&s, "properties.securityRules");
	if (count > MAX_RULES) {
		spot_error(&s, "properties.securityRules",
		           "%u rules are more than the %u that a group may have; split it", count, MAX_RULES);
		return;
	}
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, "properties.securityRules", i);
		g_autofree char *id = nested_id(&item, "securityRules");

		if (id && !has_own_document(&item, id))
			add_rule(g, &item, id);
	}
}

void rule_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct security_group *g = follow_parent(&s, &kind_security_group);

	if (g)
		add_rule(g, &s, d->id);
}

static gint compare_rules(gconstpointer a, gconstpointer b)
{
	const struct rule *x = *(const struct rule *const *)a;
	const struct rule *y = *(const struct rule *const *)b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return g_ascii_strcasecmp(x->noun.id, y->noun.id);
}

void security_group_link(struct build *b, struct security_group *g)
{
	for (int d = 0; d < 2; d++) {
		g_ptr_array_sort(g->rules[d], compare_rules);
		for (guint i = 0; i < g->rules[d]->len; i++)
			rule_link(b, g->rules[d]->pdata[i]);
	}
}

void security_group_check(struct build *b, struct security_group *g)
{
	struct spot s = noun_spot(b, &g->noun);
	guint count = g->rules[DIR_OUT]->len + g->rules[DIR_IN]->len;

	if (count > MAX_RULES)
		spot_error(&s, "", "%u rules are more than the %u that a group may have; split it", count, MAX_RULES);
	for (int d = 0; d < 2; d++)
		for (guint i = 0; i < g->rules[d]->len; i++) {
			struct rule *r = g->rules[d]->pdata[i];
			struct rule *before = i > 0 ? g->rules[d]->pdata[i - 1] : NULL;
			struct spot at = noun_spot(b, &r->noun);

			rule_check(b, r);
			/* Priority 0: it was refused and has had its error. */
			if (before && before->priority == r->priority && r->priority != 0) {
				g_autofree char *where = noun_where(&before->noun);

				spot_error(&at, "properties.priority",
				           "%u is also the priority of %s in the same direction; "
				           "give each its own",
				           r->priority, where);
			}
		}
	rules_add_defaults(g);
}
