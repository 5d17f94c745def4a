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
		const char *name = arg_string(e, a, i);
		if (!name)
			return NULL;
		node_set(out, name, node_ref(a->v[i + 1]));
	}
	return g_steal_pointer(&out);
}

static struct node *fn_json(struct env *e, const struct args *a)
{
	const char *text = arg_string(e, a, 0);
	g_autoptr(GError) error = NULL;

	if (!text)
		return NULL;
	struct node *out = node_parse(text, strlen(text), "json()", &error);
	return out ? out : arm_fail(e, "%s", error->message);
}

static struct node *fn_null(struct env *e, const struct args *a)
{
	(void)e;
	(void)a;
	return node_null();
}

/* A new object: a's members, overlaid by b's; objects within are merged too when `deep`. */
static struct node *merge(const struct node *a, const struct node *b, gboolean deep)
{
	struct node *out = node_object();

	for (guint i = 0; i < node_length(a); i++)
		node_set(out, node_name(a, i), node_ref(node_value(a, i)));
	for (guint i = 0; i < node_length(b); i++) {
		struct node *value = node_value(b, i), *old = node_get(out, node_name(b, i));
		gboolean both = deep && old && old->type == NODE_OBJECT && value->type == NODE_OBJECT;
		node_set(out, node_name(b, i), both ? merge(old, value, TRUE) : node_ref(value));
	}
	return out;
}

static struct node *merge_all(struct env *e, const struct args *a, gboolean deep)
{
	struct node *out = node_object();

	for (guint i = 0; i < a->n; i++) {
		struct node *next = arg_object(e, a, i);
		if (!next) {
			node_unref(out);
			return NULL;
		}
		struct node *merged = merge(out, next, deep);
		node_unref(out);
		out = merged;
	}
	return out;
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

static struct node *fn_union(struct env *e, const struct args *a)
{
	g_autoptr(node) out = NULL;

	if (a->v[0]->type != NODE_ARRAY)
		return merge_all(e, a, TRUE);
	out = node_array();
	for (guint i = 0; i < a->n; i++) {
		struct node *next = arg_array(e, a, i);
		if (!next || !add_distinct(e, out, next, NULL))
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
	struct node *out = arrays ? arg_array(e, a, 0) : arg_object(e, a, 0);

	node_ref(out);
	for (guint i = 1; out && i < a->n; i++) {
		struct node *next = arrays ? arg_array(e, a, i) : arg_object(e, a, i);
		struct node *kept = NULL;
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
	struct node *array = arg_array(e, a, 0);

	if (!array)
		return NULL;
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
	struct node *object = arg_object(e, a, 0);

	if (!object)
		return NULL;
	g_autoptr(GPtrArray) names = sorted_names(object);
	struct node *out = node_array();
	for (guint i = 0; i < names->len; i++)
		node_append(out, node_string(names->pdata[i]));
	return out;
}

static struct node *fn_items(struct env *e, const struct args *a)
{
	struct node *object = arg_object(e, a, 0);

	if (!object)
		return NULL;
	g_autoptr(GPtrArray) names = sorted_names(object);
	struct node *out = node_array();
	for (guint i = 0; i < names->len; i++) {
		struct node *item = node_object();
		node_set(item, "key", node_string(names->pdata[i]));
		node_set(item, "value", node_ref(node_get(object, names->pdata[i])));
		node_append(out, item);
	}
	return out;
}

static struct node *fn_try_get(struct env *e, const struct args *a)
{
	struct node *at = a->v[0];

	for (guint i = 1; i < a->n && at; i++) {
		if (a->v[i]->type == NODE_INT)
			at = a->v[i]->integer >= 0 && a->v[i]->integer <= G_MAXINT32
			             ? node_item(at, (guint)a->v[i]->integer)
			             : NULL;
		else if (a->v[i]->type == NODE_STRING)
			at = node_get(at, a->v[i]->string);
		else
			return arm_fail_type(e, "tryGet(): argument %u must be a name or a number", i + 1);
	}
	return at ? node_ref(at) : node_null();
}

const struct function arm_object_functions[] = {
        {"createObject", 0, 255, FN_UNKNOWN | FN_BUILDS, fn_create_object, NULL},
        {"json", 1, 1, FN_BUILDS, fn_json, NULL},
        {"null", 0, 0, 0, fn_null, NULL},
        {"union", 1, 255, FN_DEEP | FN_BUILDS, fn_union, NULL},
        {"intersection", 2, 255, FN_DEEP | FN_BUILDS, fn_intersection, NULL},
        {"shallowMerge", 1, 1, FN_BUILDS, fn_shallow_merge, NULL},
        {"objectKeys", 1, 1, FN_BUILDS, fn_object_keys, NULL},
        {"items", 1, 1, FN_BUILDS, fn_items, NULL},
        {"tryGet", 2, 255, 0, fn_try_get, NULL},
        {NULL},
};
