/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on arrays, and those that take an array, an object or a string alike. */
#include "internal.h"
#include <string.h>

static struct node *concat_arrays(struct env *e, const struct args *a)
{
	g_autoptr(node) out = node_array();

	for (guint i = 0; i < a->n; i++) {
		struct node *array = arg_array(e, a, i);
		if (!array)
			return NULL;
		for (guint k = 0; k < node_length(array); k++)
			node_append(out, node_ref(node_item(array, k)));
	}
	return g_steal_pointer(&out);
}

static struct node *fn_concat(struct env *e, const struct args *a)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (a->v[0]->type == NODE_ARRAY)
		return concat_arrays(e, a);
	for (guint i = 0; i < a->n && out->len <= ARM_MAX_STRING; i++) {
		if (a->v[i]->type >= NODE_ARRAY)
			return arm_fail_type(
			        e, "concat(): argument %u is of type %s among strings; use string() or only arrays",
			        i + 1, node_type_name(a->v[i]->type));
		g_autofree char *text = arm_text_of(a->v[i]);
		g_string_append(out, text);
	}
	return node_string(out->str);
}

static struct node *fn_create_array(struct env *e, const struct args *a)
{
	struct node *out = node_array();

	(void)e;
	for (guint i = 0; i < a->n; i++)
		node_append(out, node_ref(a->v[i]));
	return out;
}

static struct node *fn_array(struct env *e, const struct args *a)
{
	return a->v[0]->type == NODE_ARRAY ? node_ref(a->v[0]) : fn_create_array(e, a);
}

static gboolean sized(struct env *e, const struct args *a)
{
	enum node_type t = a->v[0]->type;

	if (t == NODE_ARRAY || t == NODE_OBJECT || t == NODE_STRING)
		return TRUE;
	return arm_fail_type(e, "%s(): argument 1 must be an array, an object or a string, not of type %s", a->function,
	                     node_type_name(t)) != NULL;
}

static gint64 size_of(const struct node *n)
{
	return n->type == NODE_STRING ? g_utf8_strlen(n->string, -1) : (gint64)node_length(n);
}

static struct node *fn_length(struct env *e, const struct args *a)
{
	return sized(e, a) ? node_int(size_of(a->v[0])) : NULL;
}

static struct node *fn_empty(struct env *e, const struct args *a)
{
	if (a->v[0]->type == NODE_NULL)
		return node_bool(TRUE);
	return sized(e, a) ? node_bool(size_of(a->v[0]) == 0) : NULL;
}

static struct node *fn_contains(struct env *e, const struct args *a)
{
	const struct node *in = a->v[0];

	if (!sized(e, a))
		return NULL;
	if (in->type == NODE_ARRAY) {
		for (guint i = 0; i < node_length(in); i++)
			if (node_equal(node_item(in, i), a->v[1]))
				return node_bool(TRUE);
		return node_bool(FALSE);
	}
	if (a->v[1]->type >= NODE_ARRAY)
		return arm_fail_type(e, "contains(): argument 2 must be a string");
	g_autofree char *part = arm_text_of(a->v[1]);
	return node_bool(in->type == NODE_OBJECT ? node_get(in, part) != NULL : strstr(in->string, part) != NULL);
}

static gboolean listed(struct env *e, const struct args *a)
{
	if (a->v[0]->type == NODE_ARRAY || a->v[0]->type == NODE_STRING)
		return TRUE;
	return arm_fail_type(e, "%s(): argument 1 must be an array or a string, not of type %s", a->function,
	                     node_type_name(a->v[0]->type)) != NULL;
}

/* Items or characters from..to-1, within bounds. */
static struct node *slice(const struct node *in, gint64 from, gint64 to)
{
	if (in->type == NODE_STRING)
		return node_take_string(g_utf8_substring(in->string, from, to));
	struct node *out = node_array();
	for (gint64 i = from; i < to; i++)
		node_append(out, node_ref(node_item(in, (guint)i)));
	return out;
}

static struct node *end_of(struct env *e, const struct args *a, gboolean last)
{
	if (!listed(e, a))
		return NULL;
	gint64 size = size_of(a->v[0]);
	if (a->v[0]->type == NODE_STRING)
		return size == 0 ? node_string("") : slice(a->v[0], last ? size - 1 : 0, last ? size : 1);
	if (size == 0)
		return arm_fail(e, "%s(): the array is empty", a->function);
	return node_ref(node_item(a->v[0], last ? (guint)size - 1 : 0));
}

static struct node *fn_first(struct env *e, const struct args *a)
{
	return end_of(e, a, FALSE);
}

static struct node *fn_last(struct env *e, const struct args *a)
{
	return end_of(e, a, TRUE);
}

static struct node *fn_take(struct env *e, const struct args *a)
{
	gint64 count;

	if (!listed(e, a) || !arg_int(e, a, 1, &count))
		return NULL;
	return slice(a->v[0], 0, CLAMP(count, 0, size_of(a->v[0])));
}

static struct node *fn_skip(struct env *e, const struct args *a)
{
	gint64 count;

	if (!listed(e, a) || !arg_int(e, a, 1, &count))
		return NULL;
	gint64 size = size_of(a->v[0]);
	return slice(a->v[0], CLAMP(count, 0, size), size);
}

static struct node *fn_index_from_end(struct env *e, const struct args *a)
{
	struct node *array = arg_array(e, a, 0);
	gint64 at;

	if (!array || !arg_int(e, a, 1, &at))
		return NULL;
	if (at >= 1 && at <= node_length(array))
		return node_ref(node_item(array, node_length(array) - (guint)at));
	if (strcmp(a->function, "tryIndexFromEnd") == 0)
		return node_null();
	return arm_fail(e, "indexFromEnd(): %" G_GINT64_FORMAT " is outside an array of %u items (the last is 1)", at,
	                node_length(array));
}

static struct node *fn_range(struct env *e, const struct args *a)
{
	gint64 start, count;
	struct node *out;

	if (!arg_int(e, a, 0, &start) || !arg_int(e, a, 1, &count))
		return NULL;
	if (count < 0 || count > ARM_MAX_COPY)
		return arm_fail(e, "range(): the count %" G_GINT64_FORMAT " must be from 0 to %d", count, ARM_MAX_COPY);
	if (start < -G_MAXINT32 || start > G_MAXINT32)
		return arm_fail(e, "range(): the start must fit 32 bits");
	out = node_array();
	for (gint64 i = 0; i < count; i++)
		node_append(out, node_int(start + i));
	return out;
}

static struct node *fn_flatten(struct env *e, const struct args *a)
{
	struct node *array = arg_array(e, a, 0);

	if (!array)
		return NULL;
	struct node *out = node_array();
	for (guint i = 0; i < node_length(array); i++) {
		struct node *item = node_item(array, i);
		if (item->type != NODE_ARRAY)
			node_append(out, node_ref(item));
		for (guint k = 0; item->type == NODE_ARRAY && k < node_length(item); k++)
			node_append(out, node_ref(node_item(item, k)));
	}
	return out;
}

/* TRUE when an equal item is in the array, or when the budget is spent (then run->error is set). */
gboolean arm_array_has(struct env *e, const struct node *array, const struct node *wanted)
{
	gsize weight = arm_weight(wanted); /* what one comparison may cost */

	for (guint i = 0; i < node_length(array); i++)
		if (!arm_charge(e, weight) || node_equal(node_item(array, i), wanted))
			return TRUE;
	return FALSE;
}

/* Number of availability zones is a fact of a region; every region is taken to have the three. */
static struct node *fn_pick_zones(struct env *e, const struct args *a)
{
	gint64 count = 1, offset = 0;

	if ((a->n > 3 && !arg_int(e, a, 3, &count)) || (a->n > 4 && !arg_int(e, a, 4, &offset)))
		return NULL;
	if (count < 0 || offset < 0 || count + offset > 3)
		return arm_fail(e, "pickZones(): a region has the zones 1 to 3");
	struct node *out = node_array();
	for (gint64 i = 0; i < count; i++)
		node_append(out, node_stringf("%d", (int)(offset + i + 1)));
	return out;
}

const struct function arm_array_functions[] = {
        {"concat", 1, 255, FN_UNKNOWN | FN_BUILDS, fn_concat, NULL},
        {"createArray", 0, 255, FN_UNKNOWN | FN_BUILDS, fn_create_array, NULL},
        {"array", 1, 1, FN_UNKNOWN | FN_BUILDS, fn_array, NULL},
        {"length", 1, 1, 0, fn_length, NULL},
        {"empty", 1, 1, FN_UNKNOWN, fn_empty, NULL},
        {"contains", 2, 2, FN_DEEP, fn_contains, NULL},
        {"first", 1, 1, 0, fn_first, NULL},
        {"last", 1, 1, 0, fn_last, NULL},
        {"take", 2, 2, 0, fn_take, NULL},
        {"skip", 2, 2, 0, fn_skip, NULL},
        {"indexFromEnd", 2, 2, 0, fn_index_from_end, NULL},
        {"tryIndexFromEnd", 2, 2, 0, fn_index_from_end, NULL},
        {"range", 2, 2, FN_BUILDS, fn_range, NULL},
        {"flatten", 1, 1, FN_BUILDS, fn_flatten, NULL},
        {"pickZones", 3, 5, 0, fn_pick_zones, NULL},
        {NULL},
};
