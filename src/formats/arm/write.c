/* SPDX-License-Identifier: Apache-2.0 */
/* The template around the resources: nested deployments, order, parameters. */
#include "write.h"
#include <string.h>

#define SCHEMA          "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
#define DEPLOYMENTS     "Microsoft.Resources/deployments"
#define DEPLOYMENTS_API "2021-04-01"

/* The documents of one group: one template. */
struct section {
	struct write_scope scope;
	GPtrArray *documents; /* struct document, borrowed */
	GPtrArray *twins;     /* struct node or NULL */
	GHashTable *by_id;    /* lower-case id -> index + 1 */
};

static void section_free(gpointer data)
{
	struct section *s = data;

	g_free(s->scope.prefix);
	g_ptr_array_unref(s->documents);
	g_ptr_array_unref(s->twins);
	g_hash_table_unref(s->by_id);
	g_free(s);
}

static struct section *section_of(GPtrArray *sections, const char *subscription, const char *group)
{
	struct section *s;

	for (guint i = 0; i < sections->len; i++) {
		s = sections->pdata[i];
		if (strcmp(s->scope.subscription, subscription) == 0 && g_strcmp0(s->scope.group, group) == 0)
			return s;
	}
	s = g_new0(struct section, 1);
	s->scope.subscription = subscription;
	s->scope.group = group;
	s->scope.prefix = group ? g_strdup_printf("/subscriptions/%s/resourceGroups/%s/providers/", subscription, group)
	                        : g_strdup_printf("/subscriptions/%s/providers/", subscription);
	s->documents = g_ptr_array_new();
	s->twins = g_ptr_array_new();
	s->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_ptr_array_add(sections, s);
	return s;
}

/* Every document once, in the section of its group; that of the deployment itself is the first. */
static GPtrArray *sections_of(const struct arm_writing *w)
{
	GPtrArray *sections = g_ptr_array_new_with_free_func(section_free);
	g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	section_of(sections, w->subscription, w->group);
	for (guint i = 0; i < w->documents->len; i++) {
		const struct document *d = w->documents->pdata[i];

		g_hash_table_replace(last, g_ascii_strdown(d->id, -1), (gpointer)d);
	}
	for (guint i = 0; i < w->documents->len; i++) {
		struct document *d = w->documents->pdata[i];
		char *key = g_ascii_strdown(d->id, -1);
		struct section *s;

		if (g_hash_table_lookup(last, key) != d) {
			g_free(key);
			continue;
		}
		s = section_of(sections, d->subscription, d->group);
		g_ptr_array_add(s->documents, d);
		g_ptr_array_add(s->twins, w->twins ? w->twins->pdata[i] : NULL);
		g_hash_table_insert(s->by_id, key, GUINT_TO_POINTER(s->documents->len));
	}
	return sections;
}

/* --- order --- */

/* The document of the section that the id names, or a part of one; -1: none. */
static gint find_document(const struct section *s, const char *id)
{
	g_autofree char *key = g_ascii_strdown(id, -1);

	while (*key) {
		guint found = GPOINTER_TO_UINT(g_hash_table_lookup(s->by_id, key));

		if (found)
			return (gint)found - 1;
		for (int up = 0; up < 2; up++) {
			char *slash = strrchr(key, '/');

			if (!slash)
				return -1;
			*slash = '\0';
		}
	}
	return -1;
}

static void add_need(GArray *needs, gint self, gint other)
{
	if (other < 0 || other == self)
		return;
	for (guint i = 0; i < needs->len; i++)
		if (g_array_index(needs, gint, i) == other)
			return;
	g_array_append_val(needs, other);
}

static void collect_needs(const struct section *s, const struct node *n, gint self, GArray *needs)
{
	if (n->type == NODE_STRING && g_ascii_strncasecmp(n->string, "/subscriptions/", 15) == 0)
		add_need(needs, self, find_document(s, n->string));
	for (guint i = 0; i < node_length(n); i++)
		collect_needs(s, n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i), self, needs);
}

static GArray *needs_of(const struct section *s, guint index)
{
	const struct document *d = s->documents->pdata[index];
	GArray *needs = g_array_new(FALSE, FALSE, sizeof(gint));
	g_autofree char *parent = g_strdup(d->id);

	for (int up = 0; up < 2; up++)
		*strrchr(parent, '/') = '\0';
	add_need(needs, (gint)index, find_document(s, parent));
	collect_needs(s, d->resource, (gint)index, needs);
	return needs;
}

static void free_array(gpointer array)
{
	g_array_unref(array);
}

/*
 * What each document waits for, without circles: two networks that are each other's peers name each other, and dependsOn
 * may not go round. Places by Kahn; what is in a circle keeps its place as written, and waits only for what is before.
 */
static GPtrArray *order(const struct section *s)
{
	guint count = s->documents->len, placed = 0;
	GPtrArray *needs = g_ptr_array_new_with_free_func(free_array);
	g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func(free_array);
	g_autofree guint *waiting = g_new0(guint, count + 1), *queue = g_new0(guint, count + 1);
	g_autofree guint *place = g_new0(guint, count + 1);

	for (guint i = 0; i < count; i++)
		g_ptr_array_add(users, g_array_new(FALSE, FALSE, sizeof(guint)));
	for (guint i = 0; i < count; i++) {
		GArray *mine = needs_of(s, i);

		g_ptr_array_add(needs, mine);
		waiting[i] = mine->len;
		for (guint k = 0; k < mine->len; k++)
			g_array_append_val((GArray *)users->pdata[g_array_index(mine, gint, k)], i);
		if (!waiting[i])
			queue[placed++] = i;
	}
	for (guint done = 0; done < placed; done++) {
		const GArray *list = users->pdata[queue[done]];

		place[queue[done]] = done + 1;
		for (guint k = 0; k < list->len; k++)
			if (--waiting[g_array_index(list, guint, k)] == 0)
				queue[placed++] = g_array_index(list, guint, k);
	}
	for (guint i = 0; i < count; i++)
		if (!place[i])
			place[i] = count + 1 + i;
	for (guint i = 0; i < count; i++) {
		GArray *mine = needs->pdata[i];

		for (guint k = mine->len; k-- > 0;)
			if (place[g_array_index(mine, gint, k)] >= place[i])
				g_array_remove_index(mine, k);
	}
	return needs;
}

/* --- resources --- */

/* What was given by "scope" is in the type and the name of the document; here it stands in "scope" again. */
static void without_scope(struct node *resource)
{
	const char *type = node_get_str(resource, "type", ""), *at = strstr(type, "/providers/");
	const char *name = node_get_str(resource, "name", "");
	guint above = 0;

	if (!at || !node_get(resource, "scope"))
		return;
	for (const char *c = type; c < at; c++)
		above += *c == '/';
	for (; above > 0 && name; above--)
		name = strchr(name, '/') ? strchr(name, '/') + 1 : NULL;
	const char *rest = name ? strchr(name, '/') : NULL;
	if (!rest)
		return;
	g_autofree char *space = g_strndup(name, (gsize)(rest - name));
	g_autofree char *own_name = g_strdup(rest + 1);
	node_set(resource, "type", node_stringf("%s/%s", space, at + strlen("/providers/")));
	node_set(resource, "name", node_string(own_name));
}

static struct node *write_resource(struct write_secrets *secrets, const struct section *s, guint i, const GArray *needs)
{
	const struct document *d = s->documents->pdata[i];
	struct node *resource = write_value(secrets, &s->scope, d->resource, s->twins->pdata[i]);
	struct node *depends = node_array();

	without_scope(resource);
	for (guint k = 0; k < needs->len; k++) {
		const struct document *other = s->documents->pdata[g_array_index(needs, gint, k)];

		node_append(depends, node_take_string(write_id(&s->scope, other->id)));
	}
	if (node_length(depends))
		node_set(resource, "dependsOn", depends);
	else
		node_unref(depends);
	return resource;
}

static struct node *template_new(struct node *about, struct node *parameters, struct node *resources)
{
	struct node *t = node_object();

	node_set(t, "$schema", node_string(SCHEMA));
	node_set(t, "contentVersion", node_string("1.0.0.0"));
	if (about)
		node_set(t, "metadata", about);
	node_set(t, "parameters", parameters);
	node_set(t, "resources", resources);
	return t;
}

static struct node *write_resources(struct write_secrets *secrets, const struct section *s)
{
	g_autoptr(GPtrArray) needs = order(s);
	struct node *resources = node_array();

	for (guint i = 0; i < s->documents->len; i++)
		node_append(resources, write_resource(secrets, s, i, needs->pdata[i]));
	return resources;
}

/* The documents of another group. Its parameters are handed on from the template around it. */
static struct node *write_nested(struct write_secrets *secrets, const struct section *s, guint number)
{
	struct node *o = node_object(), *properties = node_object(), *options = node_object();
	struct node *declared = node_object(), *given = node_object(), *resources;

	g_ptr_array_set_size(secrets->here, 0);
	resources = write_resources(secrets, s);
	for (guint i = 0; i < secrets->here->len; i++) {
		const char *name = secrets->here->pdata[i];
		struct node *value = node_object();

		node_set(value, "value", node_stringf("[parameters('%s')]", name));
		node_set(given, name, value);
		node_set(declared, name, node_ref(node_get(secrets->used, name)));
	}
	node_set(options, "scope", node_string("inner"));
	node_set(properties, "expressionEvaluationOptions", options);
	node_set(properties, "mode", node_string("Incremental"));
	node_set(properties, "parameters", given);
	node_set(properties, "template", template_new(NULL, declared, resources));
	node_set(o, "type", node_string(DEPLOYMENTS));
	node_set(o, "apiVersion", node_string(DEPLOYMENTS_API));
	node_set(o, "name", node_stringf("group-%u", number));
	node_set(o, "subscriptionId", node_string(s->scope.subscription));
	if (s->scope.group)
		node_set(o, "resourceGroup", node_string(s->scope.group));
	node_set(o, "properties", properties);
	return o;
}

static struct node *metadata(const struct arm_writing *w)
{
	struct node *o = node_object(), *escarp = node_object();

	node_set(escarp, "subscription", node_string(w->subscription));
	node_set(escarp, "group", node_string(w->group));
	node_set(o, "escarp", escarp);
	return o;
}

gboolean arm_written_for(const struct node *template, const char **subscription, const char **group)
{
	*subscription = node_str(node_find(template, "metadata.escarp.subscription"), NULL);
	*group = node_str(node_find(template, "metadata.escarp.group"), NULL);
	return *subscription && *group;
}

struct node *arm_write(const struct arm_writing *w, struct node **values)
{
	struct write_secrets secrets;
	g_autoptr(GPtrArray) sections = sections_of(w);
	struct node *template, *resources;

	write_secrets_init(&secrets, w);
	resources = write_resources(&secrets, sections->pdata[0]);
	for (guint i = 1; i < sections->len; i++)
		node_append(resources, write_nested(&secrets, sections->pdata[i], i));
	template = template_new(metadata(w), node_ref(secrets.used), resources);
	*values = node_ref(secrets.values);
	write_secrets_clear(&secrets);
	return template;
}

/* --- twins --- */

static char other_character(char c)
{
	if (g_ascii_isdigit(c))
		return c == '9' ? '0' : (char)(c + 1);
	if (g_ascii_islower(c))
		return c == 'z' ? 'a' : (char)(c + 1);
	if (g_ascii_isupper(c))
		return c == 'Z' ? 'A' : (char)(c + 1);
	return c;
}

/* What only a real deployment knows is no secret yet. */
static struct node *other_text(const char *text)
{
	char *other = g_strdup(text);

	if (g_str_has_prefix(text, "<unknown: "))
		return node_take_string(other);
	for (char *c = other; *c; c++)
		*c = other_character(*c);
	if (strcmp(other, text) == 0 && *other && (guchar)*other < 0x80)
		*other = *other == '!' ? '?' : '!';
	return node_take_string(other);
}

struct node *arm_other_secrets(const struct node *secure)
{
	struct node *out;

	switch (secure->type) {
	case NODE_STRING:
		return other_text(secure->string);
	case NODE_INT:
		return node_int(secure->integer == G_MAXINT64 ? 0 : secure->integer + 1);
	case NODE_OBJECT:
		out = node_object();
		for (guint i = 0; i < node_length(secure); i++)
			node_set(out, node_name(secure, i), arm_other_secrets(node_value(secure, i)));
		return out;
	case NODE_ARRAY:
		out = node_array();
		for (guint i = 0; i < node_length(secure); i++)
			node_append(out, arm_other_secrets(node_item(secure, i)));
		return out;
	default:
		return node_ref((struct node *)secure);
	}
}
