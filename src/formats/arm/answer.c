/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cloud would answer about a resource of the template once it is deployed: what the template says, what
 * follows from it (ids of inline children, host names made from names), and the promise of more: every object and
 * array of the answer is open, so that what is missing is unknown. Built once for each instance that is asked for.
 */
#include "internal.h"
#include <string.h>

/* Properties that follow from the resource's name or from a declared property. */
static const struct derived {
	const char *type, *path;
	const char *source; /* path of the property between before and after; NULL: the last part of the name */
	const char *before, *after;
	gboolean located; /* the location stands between source and after */
} derived[] = {
        {"Microsoft.Network/publicIPAddresses", "dnsSettings.fqdn", "dnsSettings.domainNameLabel", "",
         ".cloudapp.azure.com", TRUE},
        {"Microsoft.Network/trafficManagerProfiles", "dnsConfig.fqdn", "dnsConfig.relativeName", "",
         ".trafficmanager.net", FALSE},
        {"Microsoft.Storage/storageAccounts", "primaryEndpoints.blob", NULL, "https://", ".blob.core.windows.net/",
         FALSE},
        {"Microsoft.Storage/storageAccounts", "primaryEndpoints.dfs", NULL, "https://", ".dfs.core.windows.net/",
         FALSE},
        {"Microsoft.Storage/storageAccounts", "primaryEndpoints.file", NULL, "https://", ".file.core.windows.net/",
         FALSE},
        {"Microsoft.Storage/storageAccounts", "primaryEndpoints.queue", NULL, "https://", ".queue.core.windows.net/",
         FALSE},
        {"Microsoft.Storage/storageAccounts", "primaryEndpoints.table", NULL, "https://", ".table.core.windows.net/",
         FALSE},
        {"Microsoft.Sql/servers", "fullyQualifiedDomainName", NULL, "", ".database.windows.net", FALSE},
        {"Microsoft.DBforMySQL/servers", "fullyQualifiedDomainName", NULL, "", ".mysql.database.azure.com", FALSE},
        {"Microsoft.DBforPostgreSQL/servers", "fullyQualifiedDomainName", NULL, "", ".postgres.database.azure.com",
         FALSE},
        {"Microsoft.DBforMariaDB/servers", "fullyQualifiedDomainName", NULL, "", ".mariadb.database.azure.com", FALSE},
        {"Microsoft.KeyVault/vaults", "vaultUri", NULL, "https://", ".vault.azure.net/", FALSE},
        {"Microsoft.DocumentDB/databaseAccounts", "documentEndpoint", NULL, "https://", ".documents.azure.com:443/",
         FALSE},
        {"Microsoft.Web/sites", "defaultHostName", NULL, "", ".azurewebsites.net", FALSE},
        {"Microsoft.ContainerRegistry/registries", "loginServer", NULL, "", ".azurecr.io", FALSE},
        {"Microsoft.ServiceBus/namespaces", "serviceBusEndpoint", NULL, "https://", ".servicebus.windows.net:443/",
         FALSE},
        {"Microsoft.EventHub/namespaces", "serviceBusEndpoint", NULL, "https://", ".servicebus.windows.net:443/",
         FALSE},
        {"Microsoft.Cache/Redis", "hostName", NULL, "", ".redis.cache.windows.net", FALSE},
        {"Microsoft.Cdn/profiles/endpoints", "hostName", NULL, "", ".azureedge.net", FALSE},
};

/* A copy of the object with the value at the dotted path, unless something stands there. Takes the value over. */
static struct node *with_path(const struct node *object, const char *path, struct node *value)
{
	const char *dot = strchr(path, '.');
	g_autofree char *name = dot ? g_strndup(path, (gsize)(dot - path)) : g_strdup(path);
	struct node *out = node_at(node_object(), object), *old = node_get(object, name);

	for (guint i = 0; i < node_length(object); i++)
		node_set(out, node_name(object, i), node_ref(node_value(object, i)));
	if (dot && (!old || old->type == NODE_OBJECT))
		node_set(out, name, with_path(old, dot + 1, value));
	else if (old && old->type != NODE_NULL)
		node_unref(value);
	else
		node_set(out, name, value);
	return out;
}

static struct node *derive(const struct derived *d, const struct instance *i, const struct node *properties)
{
	const char *slash = strrchr(i->name, '/'), *name = slash ? slash + 1 : i->name;
	const struct node *location = node_get(i->body, "location");
	const struct node *source = d->source ? node_find(properties, d->source) : NULL;

	if ((d->source && (!node_str(source, NULL) || !*source->string)) || (d->located && !node_str(location, NULL)))
		return NULL;
	g_autofree char *place = d->located ? g_strconcat(".", location->string, NULL) : g_strdup("");
	g_autofree char *text = g_strconcat(d->before, source ? source->string : name, place, d->after, NULL);
	for (char *p = text, *to = text; (*to = *p); p++) /* "West Europe" is westeurope */
		to += *p != ' ';
	return node_take_string(g_ascii_strdown(text, -1));
}

static struct node *with_derived(const struct instance *i, struct node *properties)
{
	g_autofree char *unknown = strstr(i->name, "<unknown") ? g_strdup("") : NULL;

	for (guint k = 0; k < G_N_ELEMENTS(derived) && !unknown; k++) {
		if (g_ascii_strcasecmp(i->type, derived[k].type) != 0)
			continue;
		struct node *value = derive(&derived[k], i, properties);
		if (!value)
			continue;
		struct node *more = with_path(properties, derived[k].path, value);
		node_unref(properties);
		properties = more;
	}
	struct node *done = with_path(properties, "provisioningState", node_string("Succeeded"));
	node_unref(properties);
	return done;
}

/* A copy that is open at every level. Items of a list of `parent`, which have become resources themselves, get ids. */
static struct node *opened(struct run *run, const struct node *n, const char *name, const char *parent)
{
	gboolean array = n->type == NODE_ARRAY;
	struct node *out;

	if (!array && n->type != NODE_OBJECT)
		return node_ref((struct node *)n);
	out = node_at(array ? node_array() : node_object(), n);
	for (guint i = 0; i < node_length(n); i++) {
		const struct node *member = array ? node_item(n, i) : node_value(n, i);
		g_autofree char *its =
		        array ? g_strdup_printf("%s[%u]", name, i) : g_strdup_printf("%s.%s", name, node_name(n, i));
		if (!array) {
			g_autofree char *list = parent && member->type == NODE_ARRAY
			                                ? g_strdup_printf("%s/%s", parent, node_name(n, i))
			                                : NULL;
			node_set(out, node_name(n, i), opened(run, member, its, list));
			continue;
		}
		const char *child = parent ? node_get_str(member, "name", NULL) : NULL;
		g_autoptr(node) given = NULL;
		if (child)
			given = with_path(member, "id", node_stringf("%s/%s", parent, child));
		node_append(out, opened(run, given ? given : member, its, NULL));
	}
	arm_open(run, out, name);
	return out;
}

static gboolean is_network(const struct instance *i)
{
	return g_ascii_strncasecmp(i->type, "Microsoft.Network/", strlen("Microsoft.Network/")) == 0;
}

/* What the instance is called in the name of an unknown value: by its id where several have its name. */
char *arm_answer_name(const struct instance *i)
{
	g_autofree char *key = g_ascii_strdown(i->name, -1);
	GPtrArray *list = g_hash_table_lookup(i->frame->by_name, key);

	return g_strdup_printf("reference('%s')", list && list->len > 1 ? i->id : i->name);
}

static void set_text(struct node *object, const char *name, const char *text)
{
	if (text && !node_get(object, name))
		node_set(object, name, node_string(text));
}

struct node *arm_answer(struct env *e, struct instance *i)
{
	g_autofree char *name = arm_answer_name(i);
	g_autofree char *whole = g_strdup_printf("%.*s, 'Full')", (int)strlen(name) - 1, name);
	struct node *properties, *out;

	if (i->full)
		return i->full;
	if (!arm_charge(e, arm_weight(i->body) * 2))
		return NULL;
	properties = node_get(i->body, "properties");
	out = node_at(node_object(), i->body);
	for (guint k = 0; k < node_length(i->body); k++) {
		g_autofree char *its = g_strdup_printf("%s.%s", whole, node_name(i->body, k));
		if (node_value(i->body, k) != properties)
			node_set(out, node_name(i->body, k), opened(e->run, node_value(i->body, k), its, NULL));
	}
	g_autoptr(node) base =
	        with_derived(i, properties && properties->type == NODE_OBJECT ? node_ref(properties) : node_object());
	node_set(out, "properties", opened(e->run, base, name, is_network(i) ? i->id : NULL));
	set_text(out, "id", i->id);
	set_text(out, "resourceId", i->id);
	set_text(out, "subscriptionId", i->target.subscription);
	if (i->target.level == LEVEL_GROUP)
		set_text(out, "resourceGroupName", i->target.group);
	arm_open(e->run, out, whole);
	i->full = out;
	return out;
}
