/* SPDX-License-Identifier: Apache-2.0 */
/* Where a template is deployed: a resource group, a subscription, a management group, or the tenant. */
#include "internal.h"
#include <string.h>

#define MANAGEMENT "Microsoft.Management"

void arm_target_clear(struct target *t)
{
	g_clear_pointer(&t->subscription, g_free);
	g_clear_pointer(&t->group, g_free);
	g_clear_pointer(&t->management, g_free);
}

void arm_target_set(struct target *to, const struct target *from)
{
	struct target old = *to;

	to->level = from->level;
	to->subscription = g_strdup(from->subscription);
	to->group = g_strdup(from->group);
	to->management = g_strdup(from->management);
	arm_target_clear(&old);
}

/* The id that a resource's "/providers/..." follows; "" for the tenant. Caller frees. */
char *arm_target_id(const struct target *t)
{
	switch (t->level) {
	case LEVEL_GROUP:
		return g_strdup_printf("/subscriptions/%s/resourceGroups/%s", t->subscription, t->group);
	case LEVEL_SUBSCRIPTION:
		return g_strdup_printf("/subscriptions/%s", t->subscription);
	case LEVEL_MANAGEMENT:
		return g_strdup_printf("/providers/" MANAGEMENT "/managementGroups/%s", t->management);
	default:
		return g_strdup("");
	}
}

const char *arm_level_name(enum level level)
{
	static const char *const names[] = {"a resource group", "a subscription", "a management group", "the tenant"};

	return names[level];
}

/* What the template's $schema says that it is for. */
enum level arm_schema_level(const struct node *template)
{
	static const struct {
		const char *word;
		enum level level;
	} schemas[] = {{"/subscriptiondeploymenttemplate.json", LEVEL_SUBSCRIPTION},
	               {"/managementgroupdeploymenttemplate.json", LEVEL_MANAGEMENT},
	               {"/tenantdeploymenttemplate.json", LEVEL_TENANT}};
	g_autofree char *schema = g_ascii_strdown(node_get_str(template, "$schema", ""), -1);

	for (guint i = 0; i < G_N_ELEMENTS(schemas); i++)
		if (strstr(schema, schemas[i].word))
			return schemas[i].level;
	return LEVEL_GROUP;
}

static gboolean is(const char *a, const char *b)
{
	return a && g_ascii_strcasecmp(a, b) == 0;
}

static void replace(char **to, const char *value)
{
	char *copy = g_strdup(value);

	g_free(*to);
	*to = copy;
}

/* A "scope" that is no resource: "/", a subscription, a group, a management group. FALSE when it is none of them. */
gboolean arm_target_parse(struct target *t, const char *scope)
{
	g_auto(GStrv) all = g_strsplit(scope, "/", -1);
	char **p = *all && !**all ? all + 1 : all;
	guint count = g_strv_length(p);

	while (count && !*p[count - 1]) /* a slash at the end */
		count--;
	if (count == 0 && *scope == '/') {
		t->level = LEVEL_TENANT;
		return TRUE;
	}
	if (count > 1 && is(p[0], "providers")) {
		p++;
		count--;
	}
	if (count == 3 && is(p[0], MANAGEMENT) && is(p[1], "managementGroups")) {
		t->level = LEVEL_MANAGEMENT;
		replace(&t->management, p[2]);
		return TRUE;
	}
	if ((count != 2 && count != 4) || !is(p[0], "subscriptions") || (count == 4 && !is(p[2], "resourceGroups")))
		return FALSE;
	t->level = count == 4 ? LEVEL_GROUP : LEVEL_SUBSCRIPTION;
	replace(&t->subscription, p[1]);
	if (count == 4)
		replace(&t->group, p[3]);
	return TRUE;
}
