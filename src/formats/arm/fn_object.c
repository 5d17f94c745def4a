/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on objects, set functions on arrays and objects, and JSON within strings. */
#include "internal.h"
#include <string.h>

static struct node *fn_create_object(struct env *e, const struct args *a)
{
	g_autoptr(node) out = node_object();

	if (a->n % 2)
		return arm_fail(e, "createObject() takes pairs of a name and a value, but has %u arguments", a->n);
	for (guint i = 0; i < a->n; i += 2) {
		if (arm_is_unknown(a->v[i]))
			arm_assume(e, a->v[i], "the name of a member", "this text stands for it");
		else if (a->v[i]->type != NODE_STRING)
			return arm_fail(e, "createObject(): argument %u must be a string, not of type %s", i + 1,
			                node_type_name(a->v[i]->type));
		g_autofree char *name = arm_text_of(a->v[i]);
		node_set(out, name, node_ref(a->v[i + 1]));
	}
	return g_steal_pointer(&out);
}

static struct node *fn_json(struct env *e, const struct args *a)
{
	g_autoptr(GError) error = NULL;
	struct node *out = node_parse(arg_str(a, 0), strlen(arg_str(a, 0)), "json()", &error);

	return out ? out : arm_fail(e, "%s", error->message);
}

static struct node *fn_null(struct env *e, const struct args *a)
{
	(void)e;
	(void)a;
	return node_null();
}

/* Lays b's members over those of `out`, which nobody else holds; objects within are merged too when `deep`. */
static gboolean merge_into(struct env *e, struct node *out, const struct node *b, gboolean deep)
{
	for (guint i = 0; i < node_length(b); i++) {
		struct node *value = node_value(b, i), *old = node_get(out, node_name(b, i));
		if (!deep || !old || old->type != NODE_OBJECT || value->type != NODE_OBJECT) {
			node_set(out, node_name(b, i), node_ref(value));
			continue;
		}
		struct node *both = node_object();
		if (!arm_charge(e, (gsize)node_length(old) * 32) || !merge_into(e, both, old, FALSE) ||
		    !merge_into(e, both, value, TRUE)) {
			node_unref(both);
			return FALSE;
		}
		node_set(out, node_name(b, i), both);
	}
	return TRUE;
}

/* All objects into one. When a deployment knows more of one of them, it knows more of the result. */
static struct node *merge_all(struct env *e, const struct args *a, gboolean deep)
{
	g_autoptr(node) out = node_object();
	const char *open = NULL;

	for (guint i = 0; i < a->n; i++) {
		if (a->v[i]->type != NODE_OBJECT)
			return arm_is_unknown(a->v[i])
			               ? arm_unknown_call(e, NULL, a)
			               : arm_fail(e, "%s(): argument %u must be an object, not of type %s", a->function,
			                          i + 1, node_type_name(a->v[i]->type));
		if (!arm_charge(e, (gsize)node_length(a->v[i]) * 32) || !merge_into(e, out, a->v[i], deep))
			return NULL;
		open = open ? open : arm_open_name(e->run, a->v[i]);
	}
	if (open)
		arm_open(e->run, out, open);
	return g_steal_pointer(&out);
}

/* The distinct items of `from` appended to `out`; when `of` is given, only those that are in it too. */
static gboolean add_distinct(struct env *e, struct node *out, const struct node *from, const struct node *of)
{
	for (guint i = 0; i < node_length(from); i++) {
		struct node *item = node_item(from, i);
		gboolean take = (!of || arm_array_has(e, of, item)) && !arm_array_has(e, out, item);
		if (e->run->error)
			return FALSE;
		if (take)
			node_append(out, node_ref(item));
	}
	return TRUE;
}

static struct node *mixed(struct env *e, const struct args *a, guint i, const char *wanted)
{
	return arm_fail(e, "%s(): argument %u must be %s as those before it, not of type %s", a->function, i + 1,
	                wanted, node_type_name(a->v[i]->type));
}

static struct node *fn_union(struct env *e, const struct args *a)
{
	g_autoptr(node) out = NULL;

	if (a->v[0]->type != NODE_ARRAY)
		return merge_all(e, a, TRUE);
	out = node_array();
	for (guint i = 0; i < a->n; i++) {
		if (a->v[i]->type != NODE_ARRAY)
			return mixed(e, a, i, "an array");
		if (!add_distinct(e, out, a->v[i], NULL))
			return NULL;
	}
	return g_steal_pointer(&out);
}

static struct node *common_members(const struct node *a, const struct node *b)
{
	struct node *out = node_object();

	for (guint i = 0; i < node_length(a); i++) {
		const struct node *other = node_get(b, node_name(a, i));
		if (other && node_equal(other, node_value(a, i)))
			node_set(out, node_name(a, i), node_ref(node_value(a, i)));
	}
	return out;
}

static struct node *fn_intersection(struct env *e, const struct args *a)
{
	gboolean arrays = a->v[0]->type == NODE_ARRAY;
	struct node *out = node_ref(a->v[0]);

	for (guint i = 1; out && i < a->n; i++) {
		struct node *next = a->v[i]->type == a->v[0]->type ? a->v[i] : NULL;
		struct node *kept = NULL;
		if (!next)
			mixed(e, a, i, arrays ? "an array" : "an object");
		if (next && arrays) {
			kept = node_array();
			if (!add_distinct(e, kept, out, next))
				g_clear_pointer(&kept, node_unref);
		} else if (next) {
			kept = common_members(out, next);
		}
		node_unref(out);
		out = kept;
	}
	return out;
}

static struct node *fn_shallow_merge(struct env *e, const struct args *a)
{
	struct node *array = a->v[0];
	struct args inner = {.function = a->function,
	                     .v = node_length(array) ? (struct node **)array->items->pdata : NULL,
	                     .n = node_length(array)};
	return merge_all(e, &inner, FALSE);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The member names in order of the alphabet. */
static GPtrArray *sorted_names(const struct node *object)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < node_length(object); i++)
		g_ptr_array_add(names, (gpointer)node_name(object, i));
	g_ptr_array_sort(names, by_name);
	return names;
}

static struct node *fn_object_keys(struct env *e, const struct args *a)
{
	struct node *object = a->v[0];
	g_autoptr(GPtrArray) names = sorted_names(object);

	(void)e;
	struct node *out = node_array();
	for (guint i = 0; i < names->len; i++)
		node_append(out, node_string(names->pdata[i]));
	return out;
}

static struct node *fn_items(struct env *e, const struct args *a)
{
	struct node *object = a->v[0];
	g_autoptr(GPtrArray) names = sorted_names(object);

	(void)e;
	struct node *out = node_array();
	for (guint i = 0; i < names->len; i++) {
		struct node *item = node_object();
		node_set(item, "key", node_string(names->pdata[i]));
		node_set(item, "value", node_ref(node_get(object, names->pdata[i])));
		node_append(out, item);
	}
	return out;
}

/* The member or item, NULL when there is none; of what a deployment knows more of, an unknown one. */
static struct node *try_one(struct env *e, struct node *at, const struct node *key)
{
	gboolean index = key->type == NODE_INT;
	struct node *found = NULL;

	if (!index)
		found = node_get(at, key->string);
	else if (key->integer >= 0 && key->integer <= G_MAXINT32)
		found = node_item(at, (guint)key->integer);
	if (found)
		return node_ref(found);
	const char *open = arm_is_unknown(at) ? at->unknown.text : arm_open_name(e->run, at);
	return open ? arm_unknown_member(e, open, index ? NULL : key->string, index ? key->integer : 0) : NULL;
}

static struct node *fn_try_get(struct env *e, const struct args *a)
{
	g_autoptr(node) at = node_ref(a->v[0]);

	for (guint i = 1; i < a->n && at; i++) {
		if (arm_is_unknown(a->v[i]))
			return arm_unknown_call(e, NULL, a);
		struct node *next = try_one(e, at, a->v[i]);
		node_unref(at);
		at = next;
	}
	return at ? g_steal_pointer(&at) : node_null();
}

const struct function arm_object_functions[] = {
        {"createObject", 0, 255, "v", NODE_OBJECT, FN_UNKNOWN | FN_BUILDS, fn_create_object, NULL},
        {"json", 1, 1, "s", NODE_UNKNOWN, FN_BUILDS, fn_json, NULL},
        {"null", 0, 0, "v", NODE_NULL, 0, fn_null, NULL},
        {"union", 1, 255, "c", NODE_UNKNOWN, FN_DEEP | FN_BUILDS, fn_union, NULL},
        {"intersection", 2, 255, "c", NODE_UNKNOWN, FN_DEEP | FN_BUILDS, fn_intersection, NULL},
        {"shallowMerge", 1, 1, "a", NODE_OBJECT, FN_BUILDS, fn_shallow_merge, NULL},
        {"objectKeys", 1, 1, "o", NODE_ARRAY, FN_BUILDS, fn_object_keys, NULL},
        {"items", 1, 1, "o", NODE_ARRAY, FN_BUILDS, fn_items, NULL},
        {"tryGet", 2, 255, "vk", NODE_UNKNOWN, FN_UNKNOWN, fn_try_get, NULL},
        {NULL},
};
