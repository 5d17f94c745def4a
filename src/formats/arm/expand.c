/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the "resources" of a template to instances: loops expanded, children named after their parents,
 * conditions decided, ids computed. The bodies are not evaluated here.
 */
#include "internal.h"
#include <string.h>

void arm_instance_free(gpointer instance)
{
	struct instance *i = instance;

	node_unref(i->source);
	node_unref(i->body);
	if (i->documents)
		g_ptr_array_unref(i->documents);
	g_free(i->type);
	g_free(i->name);
	g_free(i->id);
	g_free(i->path);
	g_free(i->subject);
	g_free(i->symbol);
	g_free(i->subscription);
	g_free(i->group);
	g_free(i);
}

const struct loop *arm_loop_new(struct run *run, const struct loop *outer, const char *name, gint64 index)
{
	struct loop *l = g_new0(struct loop, 1);

	l->outer = outer;
	l->name = g_strdup(name);
	l->index = index;
	g_ptr_array_add(run->loops, l);
	return l;
}

static GPtrArray *list_of(GHashTable *table, const char *name)
{
	g_autofree char *key = g_ascii_strdown(name, -1);
	GPtrArray *list = g_hash_table_lookup(table, key);

	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(table, g_steal_pointer(&key), list);
	}
	return list;
}

/* "ns/type/name..." of an id: what follows its first "/providers/", or the whole of a relative one. */
static const char *relative_of(const char *lower_id)
{
	const char *at = strstr(lower_id, "/providers/");

	return at ? at + strlen("/providers/") : lower_id;
}

static gboolean register_instance(struct env *e, struct instance *i, const struct instance *parent)
{
	struct frame *f = i->frame;
	char *key = g_ascii_strdown(i->id, -1);
	struct instance *old = g_hash_table_lookup(f->by_id, key);

	if (old && old->active && i->active && !i->existing && !old->existing) {
		g_free(key);
		return arm_fail(e, "this resource is defined twice; %s has the same type and name", old->path) != NULL;
	}
	if (!old || i->active) {
		g_hash_table_replace(f->by_relative, g_strdup(relative_of(key)), i);
		g_hash_table_replace(f->run->by_id, g_strdup(key), i);
		g_hash_table_replace(f->by_id, key, i);
	} else {
		g_free(key);
	}
	g_ptr_array_add(list_of(f->by_name, i->name), i);
	/* Siblings call a nested child by its own short name. */
	const char *slash = strrchr(i->name, '/');
	if (slash && parent)
		g_ptr_array_add(list_of(f->by_name, slash + 1), i);
	return TRUE;
}

/*
 * An extension resource has a "scope": the resource that it extends. Its document is named like the older
 * form of the same: type "A/b/providers/d" and name "n/C/m" for C/d m on A/b n.
 */
static gboolean extend_scope(struct instance *i, const char *scope)
{
	g_auto(GStrv) p = g_strsplit(scope, "/", -1);
	guint count = g_strv_length(p), at = 0;
	const char *slash = strchr(i->type, '/');

	if (count > 1 && !*p[0]) { /* absolute */
		for (at = 1; at < count && g_ascii_strcasecmp(p[at], "providers") != 0; at++)
			;
		at++;
	}
	if (!slash || count < at + 3 || (count - at) % 2 == 0)
		return FALSE;
	g_autoptr(GString) type = g_string_new(p[at]);
	g_autoptr(GString) name = g_string_new(NULL);
	for (guint k = at + 1; k + 1 < count; k += 2) {
		g_string_append_printf(type, "/%s", p[k]);
		g_string_append_printf(name, "%s/", p[k + 1]);
	}
	g_string_append_printf(type, "/providers%s", slash);
	g_string_append_printf(name, "%.*s/%s", (int)(slash - i->type), i->type, i->name);
	if (at > 4 && g_ascii_strcasecmp(p[1], "subscriptions") == 0 &&
	    g_ascii_strcasecmp(p[3], "resourceGroups") == 0) {
		g_free(i->subscription);
		g_free(i->group);
		i->subscription = g_strdup(p[2]);
		i->group = g_strdup(p[4]);
	}
	g_free(i->type);
	g_free(i->name);
	i->type = g_strdup(type->str);
	i->name = g_strdup(name->str);
	return TRUE;
}

static guint segments(const char *s)
{
	guint count = 1;

	for (; *s; s++)
		count += *s == '/';
	return count;
}

/* TRUE and *active; an unknown condition counts as true. */
static gboolean eval_condition(struct env *e, const struct node *source, gboolean *active)
{
	const struct node *condition = node_get(source, "condition");

	*active = TRUE;
	if (!condition)
		return TRUE;
	g_autoptr(node) v = arm_eval_node(e, condition);
	if (!v)
		return FALSE;
	if (arm_is_unknown(v)) {
		arm_note(e, "its condition cannot be known before a deployment; it is taken as true");
		return TRUE;
	}
	if (v->type != NODE_BOOL && !(v->type == NODE_STRING && node_truth(v, TRUE) == node_truth(v, FALSE)))
		return arm_fail(e, "the condition must be true or false, not of type %s", node_type_name(v->type)) !=
		       NULL;
	*active = node_truth(v, TRUE);
	return TRUE;
}

/* Type and name, composed with the parent's. */
static gboolean name_instance(struct env *e, struct instance *i, const struct instance *parent)
{
	g_autofree char *type = arm_eval_string(e, node_get(i->source, "type"), "\"type\"");
	g_autofree char *name = type ? arm_eval_string(e, node_get(i->source, "name"), "\"name\"") : NULL;

	if (!name)
		return FALSE;
	if (!*type || !*name)
		return arm_fail(e, "\"%s\" must not be empty", *type ? "name" : "type") != NULL;
	if (strlen(type) > 2048 || strlen(name) > 8192)
		return arm_fail(e, "its type or name is too long") != NULL;
	/* A nested child may say its type and name in full; then they are not composed. */
	gsize above = parent ? strlen(parent->type) : 0;
	gboolean full = !parent || (g_ascii_strncasecmp(type, parent->type, above) == 0 && type[above] == '/');
	i->type = full ? g_steal_pointer(&type) : g_strdup_printf("%s/%s", parent->type, type);
	i->name = full ? g_steal_pointer(&name) : g_strdup_printf("%s/%s", parent->name, name);
	if (segments(i->type) != segments(i->name) + 1 && !strstr(i->name, "<unknown"))
		return arm_fail(e, "the type '%s' needs a name of %u segments, but '%s' has %u", i->type,
		                segments(i->type) - 1, i->name, segments(i->name)) != NULL;
	struct node *scope = node_get(i->source, "scope");
	if (scope && g_ascii_strcasecmp(i->type, "Microsoft.Resources/deployments") != 0) {
		g_autofree char *text = arm_eval_string(e, scope, "\"scope\"");
		if (!text)
			return FALSE;
		if (!extend_scope(i, text))
			arm_note(e, "its scope '%.200s' is not a resource; it is taken as part of the resource group",
			         text);
	}
	return TRUE;
}

static struct instance *instance_new(struct frame *f, struct node *source, const char *path, const char *symbol,
                                     const struct loop *loops)
{
	struct instance *i = g_new0(struct instance, 1);

	i->frame = f;
	i->source = node_ref(source);
	i->loops = loops;
	i->path = g_strdup(path);
	i->symbol = g_strdup(symbol);
	i->subscription = g_strdup(f->subscription);
	i->group = g_strdup(f->group);
	i->documents = document_list_new();
	i->number = f->instances->len;
	g_ptr_array_add(f->instances, i);
	return i;
}

static gboolean expand_declared(struct frame *f, struct instance *parent, struct node *source, const char *path,
                                const char *symbol, const struct loop *loops);

static gboolean expand_list(struct frame *f, struct instance *parent, struct node *list, const char *path,
                            const struct loop *loops)
{
	for (guint i = 0; i < node_length(list); i++) {
		const char *symbol = node_name(list, i);
		struct node *source = symbol ? node_value(list, i) : node_item(list, i);
		g_autofree char *own =
		        symbol ? g_strdup_printf("%s.%s", path, symbol) : g_strdup_printf("%s[%u]", path, i);
		if (!expand_declared(f, parent, source, own, symbol, loops))
			return FALSE;
	}
	return TRUE;
}

/* One resource of one turn of its loop, and its children. */
static gboolean expand_one(struct frame *f, struct instance *parent, struct node *source, const char *path,
                           const char *symbol, const struct loop *loops, GPtrArray *group)
{
	g_autofree char *subject = g_strdup_printf("resource %s", path);
	struct env e = {.run = f->run, .frame = f, .loops = loops, .subject = subject, .place = source};

	if (++f->run->resources > ARM_MAX_RESOURCES) {
		arm_fail(&e, "more than %u resources; lower the loop counts", ARM_MAX_RESOURCES);
		f->run->error->code = ESC_INPUT_LIMIT;
		return FALSE;
	}
	struct instance *i = instance_new(f, source, path, symbol, loops);
	i->existing = node_truth(node_get(source, "existing"), FALSE);
	if (!arm_charge(&e, 1024) || !eval_condition(&e, source, &i->active))
		return FALSE;
	if (!name_instance(&e, i, parent)) {
		if (i->active || f->run->error->code == ESC_INPUT_LIMIT)
			return FALSE;
		arm_forgive(&e); /* nobody will see the name of what is not deployed */
		g_ptr_array_remove_index(f->instances, i->number);
		return TRUE;
	}
	i->id = document_make_id(i->subscription, i->group, i->type, i->name);
	i->subject = g_strdup_printf("resource '%s' (%s)", i->name, path);
	e.subject = i->subject;
	if (!register_instance(&e, i, parent))
		return FALSE;
	if (group)
		g_ptr_array_add(group, i);
	if (symbol)
		g_ptr_array_add(list_of(f->groups, symbol), i);
	g_autofree char *below = g_strdup_printf("%s.resources", path);
	return expand_list(f, i, node_get(source, "resources"), below, loops);
}

static gboolean expand_declared(struct frame *f, struct instance *parent, struct node *source, const char *path,
                                const char *symbol, const struct loop *loops)
{
	g_autofree char *subject = g_strdup_printf("resource %s", path);
	struct env e = {.run = f->run, .frame = f, .loops = loops, .subject = subject, .place = source};
	gint64 count;

	if (source->type != NODE_OBJECT)
		return arm_fail(&e, "a resource must be an object, not of type %s", node_type_name(source->type)) !=
		       NULL;
	struct node *copy = node_get(source, "copy");
	if (!copy)
		return expand_one(f, parent, source, path, symbol, loops, NULL);
	if (copy->type != NODE_OBJECT)
		return arm_fail(&e, "the \"copy\" of a resource must be an object with name and count") != NULL;
	e.place = copy;
	g_autofree char *name = arm_eval_string(&e, node_get(copy, "name"), "the name of the copy loop");
	if (!name || !arm_eval_count(&e, node_get(copy, "count"), &count))
		return FALSE;
	GPtrArray *group = list_of(f->groups, name);
	for (gint64 i = 0; i < count; i++)
		if (!expand_one(f, parent, source, path, symbol, arm_loop_new(f->run, loops, name, i), group))
			return FALSE;
	return TRUE;
}

gboolean arm_expand(struct frame *f)
{
	struct node *resources = node_get(f->root, "resources");
	g_autofree char *path = g_strdup_printf("%s.resources", f->path);
	struct env e = {.run = f->run, .frame = f, .place = f->root};

	if (!resources)
		return TRUE;
	if (resources->type != NODE_ARRAY && resources->type != NODE_OBJECT)
		return arm_fail(&e, "\"resources\" must be an array or an object") != NULL;
	return expand_list(f, NULL, resources, path, f->loops);
}

static struct instance *find_here(struct frame *f, const char *key)
{
	struct instance *i = g_hash_table_lookup(f->by_id, key);
	GPtrArray *list;

	if (i)
		return i;
	list = f->symbolic ? g_hash_table_lookup(f->groups, key) : NULL;
	if (list && list->len == 1)
		return list->pdata[0];
	i = g_hash_table_lookup(f->by_relative, relative_of(key));
	if (i)
		return i;
	list = g_hash_table_lookup(f->by_name, key);
	for (guint k = 0; list && k < list->len; k++) {
		i = list->pdata[k];
		if (i->active)
			return i;
	}
	return NULL;
}

/* By id, symbolic name, "ns/type/name" or name; here first, then in the templates around. */
struct instance *arm_find_instance(struct frame *f, const char *wanted)
{
	g_autofree char *key = g_ascii_strdown(wanted, -1);
	struct run *run = f->run;

	for (; f; f = f->parent) {
		struct instance *i = find_here(f, key);
		if (i)
			return i;
	}
	return g_hash_table_lookup(run->by_id, key);
}
