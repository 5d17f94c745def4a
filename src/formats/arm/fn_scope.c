/* SPDX-License-Identifier: Apache-2.0 */
/* Where the template is deployed, its own parameters, variables and loops, and ids of resources. */
#include "internal.h"
#include <string.h>

#define ZERO_GUID "00000000-0000-0000-0000-000000000000"

static struct node *fn_parameters(struct env *e, const struct args *a)
{
	const char *name = arg_string(e, a, 0);

	return name ? arm_parameter(e, name) : NULL;
}

static struct node *fn_variables(struct env *e, const struct args *a)
{
	const char *name = arg_string(e, a, 0);

	return name ? arm_variable(e, name) : NULL;
}

/* Without a name: the innermost loop over resources or outputs, else the innermost of all. */
static const struct loop *find_loop(const struct env *e, const char *name)
{
	for (const struct loop *l = e->loops; l; l = l->outer)
		if (name ? g_ascii_strcasecmp(l->name, name) == 0 : !l->property)
			return l;
	return name ? NULL : e->loops;
}

static struct node *fn_copy_index(struct env *e, const struct args *a)
{
	const char *name = a->n && a->v[0]->type == NODE_STRING ? a->v[0]->string : NULL;
	gint64 offset = 0, sum;

	if (a->n && !(name && a->n == 1) && !arg_int(e, a, a->n - 1, &offset))
		return NULL;
	if (a->n == 2 && !name)
		return arm_fail(e, "copyIndex(): argument 1 must be the name of a loop");
	const struct loop *l = find_loop(e, name);
	if (!l && name)
		return arm_fail(e, "copyIndex('%.80s'): there is no loop of this name around it", name);
	if (!l)
		return arm_fail(e, "copyIndex() stands outside of a copy loop");
	if (__builtin_add_overflow(l->index, offset, &sum))
		return arm_fail(e, "copyIndex(): the offset is out of range");
	return node_int(sum);
}

static void set_string(struct node *object, const char *name, const char *value)
{
	node_set(object, name, node_string(value));
}

static struct node *fn_resource_group(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	struct node *out = node_object(), *properties = node_object();

	(void)a;
	node_set(out, "id", node_stringf("/subscriptions/%s/resourceGroups/%s", f->subscription, f->group));
	set_string(out, "name", f->group);
	set_string(out, "type", "Microsoft.Resources/resourceGroups");
	set_string(out, "location", f->location);
	node_set(out, "tags", node_object());
	set_string(properties, "provisioningState", "Succeeded");
	node_set(out, "properties", properties);
	return out;
}

static struct node *fn_subscription(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	struct node *out = node_object();

	(void)a;
	node_set(out, "id", node_stringf("/subscriptions/%s", f->subscription));
	set_string(out, "subscriptionId", f->subscription);
	set_string(out, "tenantId", ZERO_GUID);
	set_string(out, "displayName", f->subscription);
	return out;
}

static struct node *fn_tenant(struct env *e, const struct args *a)
{
	struct node *out = node_object();

	(void)e;
	(void)a;
	set_string(out, "tenantId", ZERO_GUID);
	set_string(out, "displayName", "tenant");
	set_string(out, "countryCode", "GB");
	return out;
}

static struct node *fn_management_group(struct env *e, const struct args *a)
{
	struct node *out = node_object();

	(void)e;
	(void)a;
	set_string(out, "id", "/providers/Microsoft.Management/managementGroups/tenant");
	set_string(out, "name", "tenant");
	set_string(out, "type", "/providers/Microsoft.Management/managementGroups");
	return out;
}

static struct node *fn_deployment(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	struct node *out = node_object(), *properties = node_object(), *link = node_object();
	g_autofree char *base = g_path_get_basename(e->run->file);
	g_autofree char *escaped = g_uri_escape_string(base, NULL, FALSE);

	(void)a;
	set_string(out, "name", f->deployment);
	node_set(link, "uri", node_stringf("https://templates.invalid/%s", escaped));
	node_set(properties, "templateLink", link);
	node_set(properties, "template", node_ref(f->root));
	set_string(properties, "mode", "Incremental");
	set_string(properties, "provisioningState", "Accepted");
	set_string(out, "location", f->location);
	node_set(out, "properties", properties);
	return out;
}

/* The public names under which the public cloud's services are found. */
static struct node *fn_environment(struct env *e, const struct args *a)
{
	static const char *const entries[][2] = {
	        {"name", "AzureCloud"},
	        {"gallery", "https://gallery.azure.com/"},
	        {"graph", "https://graph.windows.net/"},
	        {"portal", "https://portal.azure.com"},
	        {"graphAudience", "https://graph.windows.net/"},
	        {"batch", "https://batch.core.windows.net/"},
	        {"media", "https://rest.media.azure.net"},
	        {"sqlManagement", "https://management.core.windows.net:8443/"},
	        {"vmImageAliasDoc", "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/"
	                            "quickstart-templates/aliases.json"},
	        {"resourceManager", "https://management.azure.com/"},
	        {"activeDirectoryDataLake", "https://datalake.azure.net/"},
	};
	static const char *const suffixes[][2] = {
	        {"acrLoginServer", ".azurecr.io"},
	        {"azureDatalakeAnalyticsCatalogAndJob", "azuredatalakeanalytics.net"},
	        {"azureDatalakeStoreFileSystem", "azuredatalakestore.net"},
	        {"azureFrontDoorEndpointSuffix", "azurefd.net"},
	        {"keyvaultDns", ".vault.azure.net"},
	        {"sqlServerHostname", ".database.windows.net"},
	        {"storage", "core.windows.net"},
	};
	struct node *out = node_object(), *login = node_object(), *ends = node_object(), *audiences = node_array();

	(void)e;
	(void)a;
	for (guint i = 0; i < G_N_ELEMENTS(entries); i++)
		set_string(out, entries[i][0], entries[i][1]);
	set_string(login, "loginEndpoint", "https://login.microsoftonline.com/");
	node_append(audiences, node_string("https://management.core.windows.net/"));
	node_append(audiences, node_string("https://management.azure.com/"));
	node_set(login, "audiences", audiences);
	set_string(login, "tenant", "common");
	set_string(login, "identityProvider", "AAD");
	node_set(out, "authentication", login);
	for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++)
		set_string(ends, suffixes[i][0], suffixes[i][1]);
	node_set(out, "suffixes", ends);
	return out;
}

static guint slashes(const char *s)
{
	guint count = 0;

	for (; *s; s++)
		count += *s == '/' && s[1];
	return count;
}

/* "/providers/NS/type/name..." of the type at argument `at` and the names behind it. */
static char *provider_part(struct env *e, const struct args *a, guint at)
{
	const char *type = arg_string(e, a, at);

	if (!type)
		return NULL;
	gsize length = strlen(type);
	if (length && type[length - 1] == '/') /* forgiven, as Azure does */
		length--;
	g_autofree char *bare = g_strndup(type, length);
	g_auto(GStrv) types = g_strsplit(bare, "/", -1);
	guint segments = g_strv_length(types), names = a->n - at - 1;
	if (segments < 2 || segments - 1 != names)
		return arm_fail_type(e, "%s(): the type '%.120s' needs %u names, but %u follow it", a->function, type,
		                     segments ? segments - 1 : 0, names);
	g_autoptr(GString) out = g_string_new("/providers/");
	g_string_append(out, types[0]);
	for (guint i = 0; i < names; i++) {
		const char *name = arg_string(e, a, at + 1 + i);
		if (!name)
			return NULL;
		g_string_append_printf(out, "/%s/%s", types[i + 1], name);
	}
	return g_strdup(out->str);
}

static gboolean all_strings(struct env *e, const struct args *a)
{
	for (guint i = 0; i < a->n; i++)
		if (!arg_string(e, a, i))
			return FALSE;
	return TRUE;
}

/* Index of the type: the first argument, after at most `before` others, with as many slashes as names follow. */
static guint type_index(const struct args *a, guint before)
{
	for (guint i = 0; i <= before && i + 1 < a->n; i++)
		if (slashes(a->v[i]->string) == a->n - i - 1)
			return i;
	for (guint i = 0; i <= before && i < a->n; i++)
		if (strchr(a->v[i]->string, '/'))
			return i;
	return 0;
}

static struct node *fn_resource_id(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;

	if (!all_strings(e, a))
		return NULL;
	guint at = type_index(a, 2);
	g_autofree char *rest = provider_part(e, a, at);
	if (!rest)
		return NULL;
	const char *subscription = at == 2 ? a->v[0]->string : f->subscription;
	const char *group = at == 2 ? a->v[1]->string : at == 1 ? a->v[0]->string : f->group;
	return node_stringf("/subscriptions/%s/resourceGroups/%s%s", subscription, group, rest);
}

static struct node *fn_subscription_resource_id(struct env *e, const struct args *a)
{
	if (!all_strings(e, a))
		return NULL;
	guint at = type_index(a, 1);
	g_autofree char *rest = provider_part(e, a, at);
	if (!rest)
		return NULL;
	return node_stringf("/subscriptions/%s%s", at == 1 ? a->v[0]->string : e->frame->names->subscription, rest);
}

static struct node *fn_tenant_resource_id(struct env *e, const struct args *a)
{
	char *rest = provider_part(e, a, 0);

	return rest ? node_take_string(rest) : NULL;
}

static struct node *fn_extension_resource_id(struct env *e, const struct args *a)
{
	const char *scope = arg_string(e, a, 0);
	g_autofree char *rest = scope ? provider_part(e, a, 1) : NULL;

	if (!rest)
		return NULL;
	gsize length = strlen(scope);
	while (length && scope[length - 1] == '/')
		length--;
	return node_stringf("%.*s%s", (int)length, scope, rest);
}

static struct node *fn_management_group_resource_id(struct env *e, const struct args *a)
{
	if (!all_strings(e, a))
		return NULL;
	guint at = type_index(a, 1);
	g_autofree char *rest = provider_part(e, a, at);
	if (!rest)
		return NULL;
	return node_stringf("/providers/Microsoft.Management/managementGroups/%s%s",
	                    at == 1 ? a->v[0]->string : "tenant", rest);
}

const struct function arm_scope_functions[] = {
        {"parameters", 1, 1, 0, fn_parameters, NULL},
        {"variables", 1, 1, 0, fn_variables, NULL},
        {"copyIndex", 0, 2, 0, fn_copy_index, NULL},
        {"resourceGroup", 0, 0, 0, fn_resource_group, NULL},
        {"subscription", 0, 0, 0, fn_subscription, NULL},
        {"tenant", 0, 0, 0, fn_tenant, NULL},
        {"managementGroup", 0, 0, 0, fn_management_group, NULL},
        {"deployment", 0, 0, 0, fn_deployment, NULL},
        {"environment", 0, 0, 0, fn_environment, NULL},
        {"resourceId", 2, 255, FN_UNKNOWN, fn_resource_id, NULL},
        {"subscriptionResourceId", 2, 255, FN_UNKNOWN, fn_subscription_resource_id, NULL},
        {"tenantResourceId", 2, 255, FN_UNKNOWN, fn_tenant_resource_id, NULL},
        {"extensionResourceId", 3, 255, FN_UNKNOWN, fn_extension_resource_id, NULL},
        {"managementGroupResourceId", 2, 255, FN_UNKNOWN, fn_management_group_resource_id, NULL},
        {NULL},
};
