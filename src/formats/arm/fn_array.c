/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on arrays, and those that take an array, an object or a string alike. */
#include "internal.h"
#include <string.h>

static struct node *concat_arrays(struct env *e, const struct args *a)
{
	g_autoptr(node) out = node_array();

	for (guint i = 0; i < a->n; i++) {
		if (arm_is_unknown(a->v[i]))
			return arm_unknown(e, NODE_ARRAY, "concat(..., %s)", a->v[i]->unknown.text);
		if (a->v[i]->type != NODE_ARRAY)
			return arm_fail(e, "concat(): argument %u must be an array as those before it, not of type %s",
			                i + 1, node_type_name(a->v[i]->type));
		for (guint k = 0; k < node_length(a->v[i]); k++)
			node_append(out, node_ref(node_item(a->v[i], k)));
	}
	return g_steal_pointer(&out);
}

/* TRUE when the value can be part of a string. */
static gboolean is_textual(const struct node *v)
{
	enum node_type type = arm_is_unknown(v) ? v->unknown.kind : v->type;

	return type != NODE_ARRAY && type != NODE_OBJECT;
}

static struct node *fn_concat(struct env *e, const struct args *a)
{
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean unknown = FALSE;

	if (!is_textual(a->v[0]) && (a->v[0]->type == NODE_ARRAY || arm_is_unknown(a->v[0])))
		return concat_arrays(e, a);
	for (guint i = 0; i < a->n && out->len <= ARM_MAX_STRING; i++) {
		if (!is_textual(a->v[i]))
			return arm_fail(
			        e, "concat(): argument %u is of type %s among strings; use string() or only arrays",
			        i + 1, node_type_name(arm_is_unknown(a->v[i]) ? a->v[i]->unknown.kind : a->v[i]->type));
		g_autofree char *text = arm_text_of(a->v[i]);
		g_string_append(out, text);
		unknown |= arm_is_unknown(a->v[i]);
	}
	if (a->n == 1 && unknown)
		return node_ref(a->v[0]);
	return unknown ? arm_unknown_string(e, g_strdup(out->str)) : node_string(out->str);
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
	if (arm_is_unknown(a->v[0]) && (a->v[0]->unknown.kind == NODE_UNKNOWN || a->v[0]->unknown.kind == NODE_ARRAY))
		return arm_unknown(e, NODE_ARRAY, "array(%s)", a->v[0]->unknown.text);
	return a->v[0]->type == NODE_ARRAY ? node_ref(a->v[0]) : fn_create_array(e, a);
}

static gint64 size_of(const struct node *n)
{
	return n->type == NODE_STRING ? g_utf8_strlen(n->string, -1) : (gint64)node_length(n);
}

static struct node *fn_length(struct env *e, const struct args *a)
{
	(void)e;
	return node_int(size_of(a->v[0]));
}

static struct node *fn_empty(struct env *e, const struct args *a)
{
	enum node_type type = a->v[0]->type;

	if (type == NODE_NULL)
		return node_bool(TRUE);
	if (type != NODE_ARRAY && type != NODE_OBJECT && type != NODE_STRING)
		return arm_fail(e, "empty(): argument 1 must be an array, an object or a string, not of type %s",
		                node_type_name(type));
	return node_bool(size_of(a->v[0]) == 0);
}

/* The item in the array: unknown when no item is it for certain and some may be. */
static struct node *array_contains(struct env *e, const struct args *a)
{
	gboolean maybe = FALSE;

	for (guint i = 0; i < node_length(a->v[0]); i++) {
		int same = arm_same(node_item(a->v[0], i), a->v[1]);
		if (same > 0)
			return node_bool(TRUE);
		maybe |= same < 0;
	}
	return maybe ? arm_unknown(e, NODE_BOOL, "contains([...], ...)") : node_bool(FALSE);
}

static struct node *fn_contains(struct env *e, const struct args *a)
{
	const struct node *in = a->v[0];

	if (in->type == NODE_ARRAY)
		return array_contains(e, a);
	if (arm_is_unknown(in) || arm_is_unknown(a->v[1]))
		return arm_unknown(e, NODE_BOOL, "contains(%s)",
		                   arm_is_unknown(in) ? in->unknown.text : a->v[1]->unknown.text);
	if (a->v[1]->type >= NODE_ARRAY)
		return arm_fail(e, "contains(): argument 2 must be a string");
	g_autofree char *part = arm_text_of(a->v[1]);
	if (in->type == NODE_STRING)
		return node_bool(strstr(in->string, part) != NULL);
	const char *open = node_get(in, part) ? NULL : arm_open_name(e->run, in);
	return open ? arm_unknown(e, NODE_BOOL, "contains(%s, '%s')", open, part)
	            : node_bool(node_get(in, part) != NULL);
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

/* Of an empty array it is null, of an empty string the empty string. */
static struct node *end_of(const struct args *a, gboolean last)
{
	gint64 size = size_of(a->v[0]);

	if (a->v[0]->type == NODE_STRING)
		return size == 0 ? node_string("") : slice(a->v[0], last ? size - 1 : 0, last ? size : 1);
	return size == 0 ? node_null() : node_ref(node_item(a->v[0], last ? (guint)size - 1 : 0));
}

static struct node *fn_first(struct env *e, const struct args *a)
{
	(void)e;
	return end_of(a, FALSE);
}

static struct node *fn_last(struct env *e, const struct args *a)
{
	(void)e;
	return end_of(a, TRUE);
}

static struct node *fn_take(struct env *e, const struct args *a)
{
	(void)e;
	return slice(a->v[0], 0, CLAMP(arg_int(a, 1), 0, size_of(a->v[0])));
}

static struct node *fn_skip(struct env *e, const struct args *a)
{
	gint64 size = size_of(a->v[0]);

	(void)e;
	return slice(a->v[0], CLAMP(arg_int(a, 1), 0, size), size);
}

static struct node *fn_index_from_end(struct env *e, const struct args *a)
{
	gint64 at = arg_int(a, 1);

	if (at >= 1 && at <= node_length(a->v[0]))
		return node_ref(node_item(a->v[0], node_length(a->v[0]) - (guint)at));
	return arm_fail(e, "indexFromEnd(): %" G_GINT64_FORMAT " is outside an array of %u items (the last is 1)", at,
	                node_length(a->v[0]));
}

static struct node *fn_try_index_from_end(struct env *e, const struct args *a)
{
	gint64 at = arg_int(a, 1);

	if (a->v[0]->type != NODE_ARRAY || at < 1 || at > node_length(a->v[0]))
		return node_null();
	return fn_index_from_end(e, a);
}

static struct node *fn_range(struct env *e, const struct args *a)
{
	gint64 start = arg_int(a, 0), count = arg_int(a, 1);
	struct node *out;

	if (count < 0 || count > ARM_MAX_COPY)
		return arm_fail(e, "range(): the count %" G_GINT64_FORMAT " must be from 0 to %d", count, ARM_MAX_COPY);
	if (start < G_MININT32 || start > G_MAXINT32 - count)
		return arm_fail(e, "range(): the numbers must fit 32 bits");
	out = node_array();
	for (gint64 i = 0; i < count; i++)
		node_append(out, node_int(start + i));
	return out;
}

static struct node *fn_flatten(struct env *e, const struct args *a)
{
	struct node *array = a->v[0], *out = node_array();

	(void)e;
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
	gint64 count = a->n > 3 ? arg_int(a, 3) : 1, offset = a->n > 4 ? arg_int(a, 4) : 0;

	if (count < 0 || offset < 0 || count > 3 || offset > 3 - count)
		return arm_fail(e, "pickZones(): a region has the zones 1 to 3");
	struct node *out = node_array();
	for (gint64 i = 0; i < count; i++)
		node_append(out, node_stringf("%d", (int)(offset + i + 1)));
	return out;
}

static struct node *array_position(struct env *e, const struct args *a, gboolean last)
{
	guint count = node_length(a->v[0]);

	for (guint i = 0; i < count; i++) {
		guint at = last ? count - 1 - i : i;
		int same = arm_same(node_item(a->v[0], at), a->v[1]);
		if (same < 0)
			return arm_unknown(e, NODE_INT, "%s([...], ...)", a->function);
		if (same)
			return node_int(at);
	}
	return node_int(-1);
}

/* In a string without regard to case, in an array as equals() has it. */
static struct node *position(struct env *e, const struct args *a, gboolean last)
{
	if (a->v[0]->type == NODE_ARRAY)
		return array_position(e, a, last);
	if (arm_is_unknown(a->v[0]) || arm_is_unknown(a->v[1]))
		return arm_unknown(e, NODE_INT, "%s(...)", a->function);
	if (a->v[1]->type != NODE_STRING)
		return arm_fail(e, "%s(): argument 2 must be a string, not of type %s", a->function,
		                node_type_name(a->v[1]->type));
	g_autofree char *t = g_utf8_strdown(arg_str(a, 0), -1);
	g_autofree char *p = g_utf8_strdown(arg_str(a, 1), -1);
	/* g_strrstr is a naive search; bounded by the charge for both arguments */
	if (last && !arm_charge(e, strlen(p) * 4 + strlen(t)))
		return NULL;
	const char *hit = last ? g_strrstr(t, p) : strstr(t, p);
	return node_int(hit ? g_utf8_strlen(t, hit - t) : -1);
}

static struct node *fn_index_of(struct env *e, const struct args *a)
{
	return position(e, a, FALSE);
}

static struct node *fn_last_index_of(struct env *e, const struct args *a)
{
	return position(e, a, TRUE);
}

const struct function arm_array_functions[] = {
        {"concat", 1, 255, "v", NODE_UNKNOWN, FN_UNKNOWN | FN_BUILDS, fn_concat, NULL},
        {"createArray", 0, 255, "v", NODE_ARRAY, FN_UNKNOWN | FN_BUILDS, fn_create_array, NULL},
        {"array", 1, 1, "v", NODE_ARRAY, FN_UNKNOWN | FN_BUILDS, fn_array, NULL},
        {"length", 1, 1, "l", NODE_INT, 0, fn_length, NULL},
        {"empty", 1, 1, "v", NODE_BOOL, 0, fn_empty, NULL},
        {"contains", 2, 2, "lv", NODE_BOOL, FN_DEEP | FN_UNKNOWN, fn_contains, NULL},
        {"first", 1, 1, "q", NODE_UNKNOWN, 0, fn_first, NULL},
        {"last", 1, 1, "q", NODE_UNKNOWN, 0, fn_last, NULL},
        {"take", 2, 2, "qi", NODE_UNKNOWN, 0, fn_take, NULL},
        {"skip", 2, 2, "qi", NODE_UNKNOWN, 0, fn_skip, NULL},
        {"indexOf", 2, 2, "qv", NODE_INT, FN_DEEP | FN_UNKNOWN, fn_index_of, NULL},
        {"lastIndexOf", 2, 2, "qv", NODE_INT, FN_DEEP | FN_UNKNOWN, fn_last_index_of, NULL},
        {"indexFromEnd", 2, 2, "ai", NODE_UNKNOWN, 0, fn_index_from_end, NULL},
        {"tryIndexFromEnd", 2, 2, "vi", NODE_UNKNOWN, 0, fn_try_index_from_end, NULL},
        {"range", 2, 2, "i", NODE_ARRAY, FN_BUILDS, fn_range, NULL},
        {"flatten", 1, 1, "a", NODE_ARRAY, FN_BUILDS, fn_flatten, NULL},
        {"pickZones", 3, 5, "sssi", NODE_ARRAY, 0, fn_pick_zones, NULL},
        {NULL},
};
