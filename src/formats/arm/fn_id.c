/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of resources, made from their type and names. */
#include "internal.h"
#include <string.h>

static guint slashes(const char *s)
{
	guint count = 0;

	for (; *s; s++)
		count += *s == '/' && s[1];
	return count;
}

/* The argument as text; an unknown one as what is known of it. */
static const char *text_at(const struct args *a, guint i)
{
	return arm_is_unknown(a->v[i]) ? a->v[i]->unknown.text : a->v[i]->string;
}

/* The id as a value: unknown when one of its parts is. Takes the text over. */
static struct node *id_of(struct env *e, const struct args *a, char *text)
{
	if (!text)
		return NULL;
	for (guint i = 0; i < a->n; i++)
		if (arm_is_unknown(a->v[i]))
			return arm_unknown_string(e, text);
	return node_take_string(text);
}

/* "/providers/NS/type/name..." of the type at argument `at` and the names behind it. */
static char *provider_part(struct env *e, const struct args *a, guint at)
{
	const char *type = text_at(a, at);
	gsize length = strlen(type);

	if (length && type[length - 1] == '/') /* forgiven, as Azure does */
		length--;
	g_autofree char *bare = g_strndup(type, length);
	g_auto(GStrv) types = g_strsplit(bare, "/", -1);
	guint segments = g_strv_length(types), names = a->n - at - 1;
	if (segments < 2 || segments - 1 != names)
		return arm_fail(e, "%s(): the type '%.120s' needs %u names, but %u follow it", a->function, type,
		                segments ? segments - 1 : 0, names);
	g_autoptr(GString) out = g_string_new("/providers/");
	g_string_append(out, types[0]);
	for (guint i = 0; i < names; i++)
		g_string_append_printf(out, "/%s/%s", types[i + 1], text_at(a, at + 1 + i));
	return g_strdup(out->str);
}

/* Index of the type: the first argument, after at most `before` others, with as many slashes as names follow. */
static guint type_index(const struct args *a, guint before)
{
	for (guint i = 0; i <= before && i + 1 < a->n; i++)
		if (!arm_is_unknown(a->v[i]) && slashes(text_at(a, i)) == a->n - i - 1)
			return i;
	for (guint i = 0; i <= before && i < a->n; i++)
		if (!arm_is_unknown(a->v[i]) && strchr(text_at(a, i), '/'))
			return i;
	return 0;
}

/* The id of a resource of the template's own kind of target, or of a resource group that the arguments name. */
static struct node *fn_resource_id(struct env *e, const struct args *a)
{
	const struct target *t = &e->frame->names->target;
	guint at = type_index(a, 2);
	g_autofree char *rest = provider_part(e, a, at);
	g_autofree char *above = NULL;

	if (!rest)
		return NULL;
	if (at == 2)
		above = g_strdup_printf("/subscriptions/%s/resourceGroups/%s", text_at(a, 0), text_at(a, 1));
	else if (at == 1 && t->level != LEVEL_GROUP && g_uuid_string_is_valid(text_at(a, 0)))
		above = g_strdup_printf("/subscriptions/%s", text_at(a, 0));
	else if (at == 1)
		above = g_strdup_printf("/subscriptions/%s/resourceGroups/%s", t->subscription, text_at(a, 0));
	else
		above = t->level == LEVEL_MANAGEMENT ? g_strdup("") : arm_target_id(t);
	return id_of(e, a, g_strconcat(above, rest, NULL));
}

static struct node *fn_subscription_resource_id(struct env *e, const struct args *a)
{
	guint at = type_index(a, 1);
	g_autofree char *rest = provider_part(e, a, at);

	if (!rest)
		return NULL;
	return id_of(e, a,
	             g_strdup_printf("/subscriptions/%s%s",
	                             at == 1 ? text_at(a, 0) : e->frame->names->target.subscription, rest));
}

static struct node *fn_tenant_resource_id(struct env *e, const struct args *a)
{
	return id_of(e, a, provider_part(e, a, 0));
}

static struct node *fn_extension_resource_id(struct env *e, const struct args *a)
{
	const char *scope = text_at(a, 0);
	g_autofree char *rest = provider_part(e, a, 1);
	gsize length = strlen(scope);

	if (!rest)
		return NULL;
	while (length && scope[length - 1] == '/')
		length--;
	return id_of(e, a, g_strdup_printf("%.*s%s", (int)length, scope, rest));
}

static struct node *fn_management_group_resource_id(struct env *e, const struct args *a)
{
	guint at = type_index(a, 1);
	g_autofree char *rest = provider_part(e, a, at);

	if (!rest)
		return NULL;
	return id_of(e, a,
	             g_strdup_printf("/providers/Microsoft.Management/managementGroups/%s%s",
	                             at == 1 ? text_at(a, 0) : e->frame->names->target.management, rest));
}

const struct function arm_id_functions[] = {
        {"resourceId", 2, 255, "s", NODE_STRING, FN_UNKNOWN, fn_resource_id, NULL},
        {"subscriptionResourceId", 2, 255, "s", NODE_STRING, FN_UNKNOWN, fn_subscription_resource_id, NULL},
        {"tenantResourceId", 2, 255, "s", NODE_STRING, FN_UNKNOWN, fn_tenant_resource_id, NULL},
        {"extensionResourceId", 3, 255, "s", NODE_STRING, FN_UNKNOWN, fn_extension_resource_id, NULL},
        {"managementGroupResourceId", 2, 255, "s", NODE_STRING, FN_UNKNOWN, fn_management_group_resource_id, NULL},
        {NULL},
};
