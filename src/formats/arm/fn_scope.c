/* SPDX-License-Identifier: Apache-2.0 */
/* Where the template is deployed: resourceGroup(), subscription(), managementGroup(), tenant(). */
#include "internal.h"

#define ZERO_GUID "00000000-0000-0000-0000-000000000000"

static void set_string(struct node *object, const char *name, const char *value)
{
	node_set(object, name, node_string(value));
}

/* FALSE with the error when the template is deployed to something wider than the function asks for. */
static gboolean within(struct env *e, const struct args *a, enum level least)
{
	enum level level = e->frame->names->target.level;

	if (level <= least || a->n)
		return TRUE;
	return arm_fail(e, "%s() has no answer in a template that is deployed to %s", a->function,
	                arm_level_name(level)) != NULL;
}

static struct node *fn_resource_group(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	struct node *out, *properties, *tags;

	if (!within(e, a, LEVEL_GROUP))
		return NULL;
	out = node_object();
	properties = node_object();
	tags = node_object();
	node_set(out, "id", node_take_string(arm_target_id(&f->target)));
	set_string(out, "name", f->target.group);
	set_string(out, "type", "Microsoft.Resources/resourceGroups");
	set_string(out, "location", f->location);
	node_set(out, "tags", tags);
	set_string(properties, "provisioningState", "Succeeded");
	node_set(out, "properties", properties);
	arm_open(e->run, tags, "resourceGroup().tags");
	arm_open(e->run, out, "resourceGroup()");
	return out;
}

static struct node *fn_subscription(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	struct node *out;

	if (!within(e, a, LEVEL_SUBSCRIPTION))
		return NULL;
	out = node_object();
	node_set(out, "id", node_stringf("/subscriptions/%s", f->target.subscription));
	set_string(out, "subscriptionId", f->target.subscription);
	set_string(out, "tenantId", ZERO_GUID);
	set_string(out, "displayName", f->target.subscription);
	arm_open(e->run, out, "subscription()");
	return out;
}

static struct node *fn_tenant(struct env *e, const struct args *a)
{
	struct node *out = node_object();

	(void)a;
	set_string(out, "tenantId", ZERO_GUID);
	set_string(out, "displayName", "tenant");
	set_string(out, "country", "United Kingdom");
	set_string(out, "countryCode", "GB");
	arm_open(e->run, out, "tenant()");
	return out;
}

static struct node *fn_management_group(struct env *e, const struct args *a)
{
	const char *name = e->frame->names->target.management;
	struct node *out = node_object(), *properties = node_object();

	(void)a;
	node_set(out, "id", node_stringf("/providers/Microsoft.Management/managementGroups/%s", name));
	set_string(out, "name", name);
	set_string(out, "type", "/providers/Microsoft.Management/managementGroups");
	set_string(properties, "tenantId", ZERO_GUID);
	set_string(properties, "displayName", name);
	node_set(out, "properties", properties);
	arm_open(e->run, properties, "managementGroup().properties");
	arm_open(e->run, out, "managementGroup()");
	return out;
}

/* Who deploys is nobody here. */
static struct node *fn_deployer(struct env *e, const struct args *a)
{
	struct node *out = node_object();

	(void)a;
	set_string(out, "tenantId", ZERO_GUID);
	arm_open(e->run, out, "deployer()");
	return out;
}

const struct function arm_scope_functions[] = {
        {"resourceGroup", 0, 0, "v", NODE_OBJECT, FN_CONSTANT, fn_resource_group, NULL},
        {"subscription", 0, 0, "v", NODE_OBJECT, FN_CONSTANT, fn_subscription, NULL},
        {"tenant", 0, 0, "v", NODE_OBJECT, FN_CONSTANT, fn_tenant, NULL},
        {"managementGroup", 0, 0, "v", NODE_OBJECT, FN_CONSTANT, fn_management_group, NULL},
        {"deployer", 0, 0, "v", NODE_OBJECT, FN_CONSTANT, fn_deployer, NULL},
        {NULL},
};
