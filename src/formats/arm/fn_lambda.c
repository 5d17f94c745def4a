/* SPDX-License-Identifier: Apache-2.0 */
/* map, filter and their like: functions that evaluate a lambda('name', ..., expression) per item. */
#include "internal.h"
#include <string.h>

#define LAMBDA_NAMES 3

struct lambda {
	char *names[LAMBDA_NAMES];
	guint count;
	const struct expr *body;
};

/* The lambda at argument `at`, with min..max names. */
static gboolean take_lambda(struct env *e, const struct expr *x, guint at, guint min, guint max, struct lambda *out)
{
	const struct expr *l = x->args->pdata[at];

	memset(out, 0, sizeof(*out));
	if (l->kind != EXPR_CALL || g_ascii_strcasecmp(l->name, "lambda") != 0)
		return arm_fail(e, "%s(): argument %u must be lambda(...)", x->name, at + 1) != NULL;
	if (l->args->len < min + 1 || l->args->len > max + 1)
		return arm_fail(e, "%s(): its lambda takes %u to %u names and an expression", x->name, min, max) !=
		       NULL;
	out->count = l->args->len - 1;
	for (guint i = 0; i < out->count; i++) {
		const struct expr *name = l->args->pdata[i];
		if (!node_str(name->literal, NULL))
			return arm_fail(e, "lambda(): argument %u must be a 'name'", i + 1) != NULL;
		out->names[i] = name->literal->string;
	}
	out->body = l->args->pdata[out->count];
	return TRUE;
}

/* The lambda's expression with its names standing for the values. */
static struct node *apply(struct env *outer, const struct lambda *l, struct node *const *values)
{
	struct local locals[LAMBDA_NAMES];
	struct env here = *outer;

	for (guint i = 0; i < l->count; i++) {
		locals[i] = (struct local){.outer = here.locals, .name = l->names[i], .value = values[i]};
		here.locals = &locals[i];
	}
	return arm_eval(&here, l->body);
}

static struct node *apply_at(struct env *e, const struct lambda *l, struct node *item, guint index)
{
	g_autoptr(node) at = node_int(index);

	return apply(e, l, (struct node *[]){item, at});
}

static struct node *lambda_variables(struct env *e, const struct args *a)
{
	const char *name = arg_str(a, 0);

	for (const struct local *l = e->locals; l; l = l->outer)
		if (g_ascii_strcasecmp(l->name, name) == 0)
			return node_ref(l->value);
	return arm_fail(e, "lambdaVariables('%.80s'): no lambda around it has this name", name);
}

static struct node *lone_lambda(struct env *e, const struct expr *x)
{
	(void)x;
	return arm_fail(
	        e, "lambda() stands only as an argument of map, filter, reduce, sort, toObject, groupBy, mapValues");
}

/* Evaluates argument 1 and requires the type. */
static struct node *subject(struct env *e, const struct expr *x, enum node_type type)
{
	struct node *v = arm_eval(e, x->args->pdata[0]);
	enum node_type is = arm_is_unknown(v) ? v->unknown.kind : v ? v->type : type;

	if (is == type || is == NODE_UNKNOWN)
		return v;
	arm_fail(e, "%s(): argument 1 must be of type %s, not %s", x->name, node_type_name(type), node_type_name(is));
	node_unref(v);
	return NULL;
}

/* What a function makes of an argument 1 that only a deployment knows. */
static struct node *unseen(struct env *e, const struct expr *x, const struct node *subject, enum node_type type)
{
	return subject ? arm_unknown(e, type, "%s(%s, ...)", x->name, subject->unknown.text) : NULL;
}

static struct node *checked(struct env *e, struct node *result)
{
	if (result && arm_check_weight(e, result))
		return result;
	node_unref(result);
	return NULL;
}

static struct node *lazy_map(struct env *e, const struct expr *x)
{
	g_autoptr(node) array = subject(e, x, NODE_ARRAY);
	g_autoptr(node) out = node_array();
	struct lambda l;

	if (!array || arm_is_unknown(array))
		return unseen(e, x, array, NODE_ARRAY);
	if (!take_lambda(e, x, 1, 1, 2, &l))
		return NULL;
	for (guint i = 0; i < node_length(array); i++) {
		struct node *v = apply_at(e, &l, node_item(array, i), i);
		if (!v)
			return NULL;
		node_append(out, v);
	}
	return checked(e, g_steal_pointer(&out));
}

/* -1 on error, else the truth of the lambda's answer, which is taken over. Of an unknown one `assumed`. */
static int truth(struct env *e, const struct expr *x, struct node *answer, gboolean assumed, const char *words)
{
	g_autoptr(node) v = answer;

	if (!v)
		return -1;
	if (v->type == NODE_BOOL)
		return v->boolean;
	if (arm_is_unknown(v)) {
		g_autofree char *what = g_strdup_printf("the lambda of %s()", x->name);
		arm_assume(e, v, what, words);
		return assumed;
	}
	arm_fail(e, "%s(): its lambda must answer true or false, not type %s", x->name, node_type_name(v->type));
	return -1;
}

static struct node *lazy_filter(struct env *e, const struct expr *x)
{
	g_autoptr(node) array = subject(e, x, NODE_ARRAY);
	g_autoptr(node) out = node_array();
	struct lambda l;

	if (!array || arm_is_unknown(array))
		return unseen(e, x, array, NODE_ARRAY);
	if (!take_lambda(e, x, 1, 1, 2, &l))
		return NULL;
	for (guint i = 0; i < node_length(array); i++) {
		int keep = truth(e, x, apply_at(e, &l, node_item(array, i), i), TRUE, "the item is kept");
		if (keep < 0)
			return NULL;
		if (keep)
			node_append(out, node_ref(node_item(array, i)));
	}
	return g_steal_pointer(&out);
}

static struct node *lazy_reduce(struct env *e, const struct expr *x)
{
	g_autoptr(node) array = subject(e, x, NODE_ARRAY);
	g_autoptr(node) sum = array ? arm_eval(e, x->args->pdata[1]) : NULL;
	struct lambda l;

	if (!sum || arm_is_unknown(array))
		return sum ? unseen(e, x, array, NODE_UNKNOWN) : NULL;
	if (!take_lambda(e, x, 2, 2, 3, &l))
		return NULL;
	for (guint i = 0; i < node_length(array); i++) {
		g_autoptr(node) at = node_int(i);
		struct node *next = apply(e, &l, (struct node *[]){sum, node_item(array, i), at});
		/* every sum may be longer than the one before */
		if (!next || !arm_check_weight(e, next)) {
			node_unref(next);
			return NULL;
		}
		node_unref(sum);
		sum = next;
	}
	return g_steal_pointer(&sum);
}

/* Merges two sorted runs from..middle..to of `items` by the lambda; FALSE on error. */
static gboolean merge_runs(struct env *e, const struct expr *x, const struct lambda *l, gpointer *items,
                           gpointer *spare, guint from, guint middle, guint to)
{
	guint left = from, right = middle;

	for (guint k = from; k < to; k++) {
		int after = left >= middle;
		if (left < middle && right < to)
			after = truth(e, x, apply(e, l, (struct node *[]){items[right], items[left]}), FALSE,
			              "the order stays as it is");
		if (after < 0)
			return FALSE;
		spare[k] = after ? items[right++] : items[left++];
	}
	memcpy(items + from, spare + from, (to - from) * sizeof(*items));
	return TRUE;
}

static struct node *lazy_sort(struct env *e, const struct expr *x)
{
	g_autoptr(node) array = subject(e, x, NODE_ARRAY);
	guint count = node_length(array);
	struct lambda l;

	if (!array || arm_is_unknown(array))
		return unseen(e, x, array, NODE_ARRAY);
	if (!take_lambda(e, x, 1, 2, 2, &l))
		return NULL;
	if (count < 2)
		return g_steal_pointer(&array);
	g_autofree gpointer *items = g_memdup2(array->items->pdata, count * sizeof(gpointer));
	g_autofree gpointer *spare = g_new0(gpointer, count);
	for (guint width = 1; width < count; width *= 2)
		for (guint from = 0; from + width < count; from += 2 * width)
			if (!merge_runs(e, x, &l, items, spare, from, from + width, MIN(from + 2 * width, count)))
				return NULL;
	struct node *out = node_array();
	for (guint i = 0; i < count; i++)
		node_append(out, node_ref(items[i]));
	return out;
}

/* The key that the lambda makes of an item. Caller frees. */
static char *key_of(struct env *e, const struct expr *x, const struct lambda *l, struct node *item)
{
	g_autoptr(node) v = apply(e, l, &item);

	if (!v)
		return NULL;
	if (arm_is_unknown(v)) {
		arm_assume(e, v, "a key", "this text stands for it");
		return g_strdup(v->unknown.text);
	}
	if (v->type != NODE_STRING)
		return arm_fail(e, "%s(): the key must be a string, not of type %s", x->name, node_type_name(v->type));
	return g_strdup(v->string);
}

static struct node *lazy_to_object(struct env *e, const struct expr *x)
{
	g_autoptr(node) array = subject(e, x, NODE_ARRAY);
	g_autoptr(node) out = node_object();
	struct lambda key, value;

	if (!array || arm_is_unknown(array))
		return unseen(e, x, array, NODE_OBJECT);
	if (!take_lambda(e, x, 1, 1, 1, &key) || (x->args->len > 2 && !take_lambda(e, x, 2, 1, 2, &value)))
		return NULL;
	for (guint i = 0; i < node_length(array); i++) {
		struct node *item = node_item(array, i);
		g_autofree char *name = key_of(e, x, &key, item);
		struct node *v = !name ? NULL : x->args->len > 2 ? apply_at(e, &value, item, i) : node_ref(item);
		if (!v)
			return NULL;
		node_set(out, name, v);
	}
	return checked(e, g_steal_pointer(&out));
}

static struct node *lazy_group_by(struct env *e, const struct expr *x)
{
	g_autoptr(node) array = subject(e, x, NODE_ARRAY);
	g_autoptr(node) out = node_object();
	struct lambda key;

	if (!array || arm_is_unknown(array))
		return unseen(e, x, array, NODE_OBJECT);
	if (!take_lambda(e, x, 1, 1, 1, &key))
		return NULL;
	for (guint i = 0; i < node_length(array); i++) {
		g_autofree char *name = key_of(e, x, &key, node_item(array, i));
		if (!name)
			return NULL;
		if (!node_get(out, name))
			node_set(out, name, node_array());
		node_append(node_get(out, name), node_ref(node_item(array, i)));
	}
	return checked(e, g_steal_pointer(&out));
}

static struct node *lazy_map_values(struct env *e, const struct expr *x)
{
	g_autoptr(node) object = subject(e, x, NODE_OBJECT);
	g_autoptr(node) out = node_object();
	struct lambda l;

	if (!object || arm_is_unknown(object))
		return unseen(e, x, object, NODE_OBJECT);
	if (!take_lambda(e, x, 1, 1, 1, &l))
		return NULL;
	for (guint i = 0; i < node_length(object); i++) {
		struct node *value = node_value(object, i), *v = apply(e, &l, &value);
		if (!v)
			return NULL;
		node_set(out, node_name(object, i), v);
	}
	return checked(e, g_steal_pointer(&out));
}

const struct function arm_lambda_functions[] = {
        {"lambda", 0, 255, "v", NODE_UNKNOWN, 0, NULL, lone_lambda},
        {"lambdaVariables", 1, 1, "s", NODE_UNKNOWN, 0, lambda_variables, NULL},
        {"map", 2, 2, "av", NODE_ARRAY, 0, NULL, lazy_map},
        {"filter", 2, 2, "av", NODE_ARRAY, 0, NULL, lazy_filter},
        {"reduce", 3, 3, "av", NODE_UNKNOWN, 0, NULL, lazy_reduce},
        {"sort", 2, 2, "av", NODE_ARRAY, 0, NULL, lazy_sort},
        {"toObject", 2, 3, "av", NODE_OBJECT, 0, NULL, lazy_to_object},
        {"groupBy", 2, 2, "av", NODE_OBJECT, 0, NULL, lazy_group_by},
        {"mapValues", 2, 2, "ov", NODE_OBJECT, 0, NULL, lazy_map_values},
        {NULL},
};
