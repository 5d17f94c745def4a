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
	node_unref(i->full);
	node_unref(i->outputs);
	arm_target_clear(&i->target);
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

/* A resource group has a second id, by which everything in it begins. */
static void register_group(struct instance *i)
{
	if (g_ascii_strcasecmp(i->type, "Microsoft.Resources/resourceGroups") != 0 || !i->target.subscription)
		return;
	g_autofree char *id = g_strdup_printf("/subscriptions/%s/resourceGroups/%s", i->target.subscription, i->name);
	char *key = g_ascii_strdown(id, -1);
	g_hash_table_replace(i->frame->by_id, g_strdup(key), i);
	g_hash_table_replace(i->frame->run->by_id, key, i);
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
		register_group(i);
	} else {
		g_free(key);
	}
	g_ptr_array_add(list_of(f->by_name, i->name), i);
	/* Siblings call a nested child by its own short name, everybody an extension. */
	const char *slash = strrchr(i->name, '/');
	if (slash && (parent || strstr(i->type, "/providers/")))
		g_ptr_array_add(list_of(f->by_name, slash + 1), i);
	return TRUE;
}

/* Takes the target from the parts of an absolute id before its "providers" at `end`. */
static void retarget(struct instance *i, char **parts, guint end)
{
	char *word = parts[end];

	parts[end] = NULL;
	g_autofree char *head = g_strjoinv("/", parts);
	parts[end] = word;
	if (!arm_target_parse(&i->target, *head ? head : "/"))
		i->target.level = LEVEL_TENANT;
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
	if (at > 2 && !*p[0])
		retarget(i, p, at - 1);
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
		arm_assume(e, v, "its condition", "it is taken as true");
		return TRUE;
	}
	if (v->type != NODE_BOOL && !(v->type == NODE_STRING && node_truth(v, TRUE) == node_truth(v, FALSE)))
		return arm_fail(e, "the condition must be true or false, not of type %s", node_type_name(v->type)) !=
		       NULL;
	*active = node_truth(v, TRUE);
	return TRUE;
}

/* Where a resource is that is not where its template goes: its "scope", or members as Bicep writes for existing ones. */
static gboolean place_instance(struct env *e, struct instance *i)
{
	struct node *scope = node_get(i->source, "scope"), *subscription = node_get(i->source, "subscriptionId"),
	            *group = node_get(i->source, "resourceGroup");

	if (scope) {
		g_autofree char *text = arm_eval_string(e, scope, "\"scope\"");
		if (!text)
			return FALSE;
		if (!arm_target_parse(&i->target, text) && !extend_scope(i, text))
			arm_note(e, "its scope '%.200s' is not the id of anything; it is taken as part of %s", text,
			         arm_level_name(i->target.level));
	}
	if (i->existing && subscription) {
		g_free(i->target.subscription);
		i->target.subscription = arm_eval_string(e, subscription, "\"subscriptionId\"");
		i->target.level = group ? LEVEL_GROUP : LEVEL_SUBSCRIPTION;
	}
	if (i->existing && group) {
		g_free(i->target.group);
		i->target.group = arm_eval_string(e, group, "\"resourceGroup\"");
		i->target.level = LEVEL_GROUP;
	}
	if (!e->run->error && i->target.level == LEVEL_MANAGEMENT) {
		g_autofree char *id = arm_target_id(&i->target);
		extend_scope(i, id);
	}
	return e->run->error == NULL;
}

static char *make_id(const struct instance *i)
{
	const struct target *t = &i->target;

	return document_make_id(t->level <= LEVEL_SUBSCRIPTION ? t->subscription : NULL,
	                        t->level == LEVEL_GROUP ? t->group : NULL, i->type, i->name);
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
	if (!node_get(i->source, "apiVersion") && !node_get(e->frame->root, "apiProfile") &&
	    g_ascii_strncasecmp(i->type, "Microsoft.", 10) == 0)
		arm_note(e, "it has no apiVersion, and the original refuses it; add one");
	return g_ascii_strcasecmp(i->type, "Microsoft.Resources/deployments") == 0 || place_instance(e, i);
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
	arm_target_set(&i->target, &f->target);
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

/* A resource of a Bicep extension is none of the cloud's: listed, and unknown to those who ask for it. */
static gboolean expand_foreign(struct env *e, struct instance *i, const char *symbol)
{
	i->type = g_strdup(node_get_str(i->source, "type", ""));
	i->name = g_strdup(symbol ? symbol : i->path);
	i->id = g_strdup_printf("extension/%s", i->path);
	i->subject = g_strdup_printf("resource '%s' (%s)", i->name, i->path);
	e->subject = i->subject;
	if (i->active && !i->existing)
		arm_note(e, "it is a resource of an extension ('%.120s'), not of the cloud; it is not modelled",
		         i->type);
	i->active = FALSE;
	if (symbol)
		g_ptr_array_add(list_of(i->frame->groups, symbol), i);
	return TRUE;
}

/* One resource of one turn of its loop, and its children. */
static gboolean expand_one(struct frame *f, struct instance *parent, struct node *source, const char *path,
                           const char *symbol, const struct loop *loops, GPtrArray *group)
{
	g_autofree char *subject = g_strdup_printf("resource %s", path);
	struct env e = {.run = f->run, .frame = f, .loops = loops, .subject = subject, .place = source};

	if (++f->run->resources > ARM_MAX_RESOURCES) {
		arm_fail_limit(&e, "more than %u resources; lower the loop counts", ARM_MAX_RESOURCES);
		return FALSE;
	}
	struct instance *i = instance_new(f, source, path, symbol, loops);
	i->existing = node_truth(node_get(source, "existing"), FALSE);
	if (!arm_charge(&e, 1024) || !eval_condition(&e, source, &i->active))
		return FALSE;
	if (node_get(source, "extension") || node_get(source, "import"))
		return expand_foreign(&e, i, symbol);
	if (!name_instance(&e, i, parent)) {
		if (i->active || f->run->error->code == ESC_INPUT_LIMIT)
			return FALSE;
		arm_forgive(&e); /* nobody will see the name of what is not deployed */
		g_ptr_array_remove_index(f->instances, i->number);
		return TRUE;
	}
	i->id = make_id(i);
	i->subject = g_strdup_printf("resource '%s' (%s)", i->name, path);
	e.subject = i->subject;
	if (!register_instance(&e, i, parent))
		return FALSE;
	if (group)
		g_ptr_array_add(group, i);
	if (symbol && list_of(f->groups, symbol) != group)
		g_ptr_array_add(list_of(f->groups, symbol), i);
	g_autofree char *below = g_strdup_printf("%s.resources", path);
	return expand_list(f, i, node_get(source, "resources"), below, loops);
}

/* "mode" and "batchSize" say in which order a loop is deployed, which changes nothing here; they must be right. */
static gboolean check_mode(struct env *e, const struct node *copy)
{
	g_autoptr(node) mode = node_get(copy, "mode") ? arm_eval_node(e, node_get(copy, "mode")) : NULL;
	g_autoptr(node) batch =
	        !e->run->error && node_get(copy, "batchSize") ? arm_eval_node(e, node_get(copy, "batchSize")) : NULL;
	const char *text = node_str(mode, "parallel");

	if (e->run->error)
		return FALSE;
	if ((mode && mode->type != NODE_STRING && !arm_is_unknown(mode)) ||
	    (g_ascii_strcasecmp(text, "serial") != 0 && g_ascii_strcasecmp(text, "parallel") != 0))
		return arm_fail(e, "the mode of a copy loop must be serial or parallel") != NULL;
	if (batch && !arm_is_unknown(batch) && node_integer(batch, 0) < 1)
		return arm_fail(e, "the batchSize of a copy loop must be a number from 1") != NULL;
	return TRUE;
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
	if (!name || !arm_eval_count(&e, node_get(copy, "count"), &count) || !check_mode(&e, copy))
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

/* "loop[3]", as Bicep writes a turn of a loop by its symbolic name. NULL when it is none. */
struct instance *arm_find_turn(struct frame *f, const char *key)
{
	gsize length = strlen(key);
	const char *bracket = length > 3 && key[length - 1] == ']' ? strrchr(key, '[') : NULL;
	guint64 turn;

	g_autofree char *digits = bracket ? g_strndup(bracket + 1, length - (gsize)(bracket - key) - 2) : NULL;
	if (!digits || !g_ascii_string_to_unsigned(digits, 10, 0, ARM_MAX_COPY, &turn, NULL))
		return NULL;
	g_autofree char *name = g_strndup(key, (gsize)(bracket - key));
	GPtrArray *list = g_hash_table_lookup(f->groups, name);
	for (guint k = 0; list && k < list->len; k++) {
		guint at = (guint)((turn + k) % list->len); /* almost always the first */
		struct instance *i = list->pdata[at];
		if (i->loops && i->loops->index == (gint64)turn)
			return i;
	}
	return NULL;
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
	if ((i = arm_find_turn(f, key)))
		return i;
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

/* Where a resource group is that the same run deploys; NULL when it does not, or on an error. Caller frees. */
char *arm_group_location(struct env *e, const struct target *t)
{
	g_autofree char *id = arm_target_id(t);
	g_autofree char *key = g_ascii_strdown(id, -1);
	struct instance *i = t->level == LEVEL_GROUP ? g_hash_table_lookup(e->run->by_id, key) : NULL;

	if (!i || !i->active || i->existing || i->state == WORKING || !arm_instance_evaluate(e, i))
		return NULL;
	return g_strdup(node_get_str(i->body, "location", NULL));
}
