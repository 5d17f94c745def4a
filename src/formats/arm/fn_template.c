/* SPDX-License-Identifier: Apache-2.0 */
/* The template about itself: its parameters, variables and loops, its deployment and the cloud that it is meant for. */
#include "internal.h"
#include <string.h>

static struct node *fn_parameters(struct env *e, const struct args *a)
{
	return arm_parameter(e, arg_str(a, 0));
}

static struct node *fn_variables(struct env *e, const struct args *a)
{
	return arm_variable(e, arg_str(a, 0));
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

	if (a->n == 2 && !name)
		return arm_fail(e, "copyIndex(): argument 1 must be the name of a loop");
	if (a->n && !(name && a->n == 1)) {
		if (a->v[a->n - 1]->type != NODE_INT)
			return arm_fail(e, "copyIndex(): argument %u must be a whole number", a->n);
		offset = arg_int(a, a->n - 1);
	}
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

static struct node *fn_deployment(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	struct node *out = node_object(), *properties = node_object(), *link = node_object();
	g_autofree char *escaped = g_uri_escape_string(f->link, "/", FALSE);

	(void)a;
	set_string(out, "name", f->deployment);
	node_set(link, "uri", node_stringf(ARM_BASE_URI "%s", escaped));
	node_set(properties, "templateLink", link);
	node_set(properties, "template", node_ref(f->root));
	set_string(properties, "mode", "Incremental");
	set_string(properties, "provisioningState", "Accepted");
	set_string(out, "location", f->location);
	node_set(out, "properties", properties);
	arm_open(e->run, properties, "deployment().properties");
	arm_open(e->run, out, "deployment()");
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

/* A value that a tool looks up before the deployment begins. */
static struct node *fn_external_input(struct env *e, const struct args *a)
{
	return arm_unknown_call(e, NULL, a);
}

const struct function arm_template_functions[] = {
        {"parameters", 1, 1, "s", NODE_UNKNOWN, 0, fn_parameters, NULL},
        {"variables", 1, 1, "s", NODE_UNKNOWN, 0, fn_variables, NULL},
        {"copyIndex", 0, 2, "k", NODE_INT, 0, fn_copy_index, NULL},
        {"deployment", 0, 0, "v", NODE_OBJECT, FN_CONSTANT, fn_deployment, NULL},
        {"environment", 0, 0, "v", NODE_OBJECT, FN_CONSTANT, fn_environment, NULL},
        {"externalInput", 1, 2, "sv", NODE_UNKNOWN, FN_UNKNOWN, fn_external_input, NULL},
        {"externalInputs", 1, 1, "s", NODE_UNKNOWN, FN_UNKNOWN, fn_external_input, NULL},
        {NULL},
};
