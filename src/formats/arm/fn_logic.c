/* SPDX-License-Identifier: Apache-2.0 */
/* Logic and comparison. `if`, `and`, `or` and `coalesce` evaluate only what decides. */
#include "internal.h"
#include <string.h>

static struct node *lazy_if(struct env *e, const struct expr *x)
{
	g_autoptr(node) condition = arm_eval(e, x->args->pdata[0]);

	if (!condition)
		return NULL;
	if (arm_is_unknown(condition) &&
	    (condition->unknown.kind == NODE_BOOL || condition->unknown.kind == NODE_UNKNOWN)) {
		arm_assume(e, condition, "the condition of an if()", "its first branch is taken");
		return arm_eval(e, x->args->pdata[1]);
	}
	if (condition->type != NODE_BOOL)
		return arm_fail(e, "if(): argument 1 must be true or false, not of type %s",
		                node_type_name(arm_is_unknown(condition) ? condition->unknown.kind : condition->type));
	return arm_eval(e, x->args->pdata[condition->boolean ? 1 : 2]);
}

/* and, or: stops at the first argument that equals `decides`. An unknown one decides only when no other does. */
static struct node *chain(struct env *e, const struct expr *x, gboolean decides)
{
	g_autoptr(node) unknown = NULL;

	for (guint i = 0; i < x->args->len; i++) {
		g_autoptr(node) v = arm_eval(e, x->args->pdata[i]);
		if (!v)
			return NULL;
		if (arm_is_unknown(v)) {
			g_clear_pointer(&unknown, node_unref);
			unknown = g_steal_pointer(&v);
			continue;
		}
		if (v->type != NODE_BOOL)
			return arm_fail(e, "%s(): argument %u must be true or false, not of type %s", x->name, i + 1,
			                node_type_name(v->type));
		if (v->boolean == decides)
			return node_bool(decides);
	}
	return unknown ? g_steal_pointer(&unknown) : node_bool(!decides);
}

static struct node *lazy_and(struct env *e, const struct expr *x)
{
	return chain(e, x, FALSE);
}

static struct node *lazy_or(struct env *e, const struct expr *x)
{
	return chain(e, x, TRUE);
}

static struct node *lazy_coalesce(struct env *e, const struct expr *x)
{
	for (guint i = 0; i < x->args->len; i++) {
		struct node *v = arm_eval(e, x->args->pdata[i]);
		if (arm_is_unknown(v) && v->unknown.kind == NODE_UNKNOWN && i + 1 < x->args->len)
			arm_assume(e, v, "the choice of coalesce()", "it is taken as not null");
		if (!v || v->type != NODE_NULL)
			return v;
		node_unref(v);
	}
	return node_null();
}

static struct node *fn_not(struct env *e, const struct args *a)
{
	(void)e;
	return node_bool(!a->v[0]->boolean);
}

static struct node *fn_xor(struct env *e, const struct args *a)
{
	(void)e;
	return node_bool(!a->v[0]->boolean != !a->v[1]->boolean);
}

static struct node *fn_true(struct env *e, const struct args *a)
{
	(void)e;
	(void)a;
	return node_bool(TRUE);
}

static struct node *fn_false(struct env *e, const struct args *a)
{
	(void)e;
	(void)a;
	return node_bool(FALSE);
}

static struct node *fn_bool(struct env *e, const struct args *a)
{
	const struct node *v = a->v[0];

	if (v->type == NODE_BOOL)
		return node_ref(a->v[0]);
	if (v->type == NODE_INT)
		return node_bool(v->integer != 0);
	if (v->type != NODE_STRING)
		return arm_fail(e, "bool(): argument 1 must be a string or a number, not of type %s",
		                node_type_name(v->type));
	if (g_ascii_strcasecmp(v->string, "true") == 0 || strcmp(v->string, "1") == 0)
		return node_bool(TRUE);
	if (g_ascii_strcasecmp(v->string, "false") == 0 || strcmp(v->string, "0") == 0)
		return node_bool(FALSE);
	return arm_fail(e, "bool(): the string must be true, false, 1 or 0");
}

static struct node *fn_equals(struct env *e, const struct args *a)
{
	int same = arm_same(a->v[0], a->v[1]);

	return same < 0 ? arm_unknown_call(e, g_hash_table_lookup(arm_function_index(), "equals"), a) : node_bool(same);
}

/* Terminates, with the author's words. */
static struct node *fn_fail(struct env *e, const struct args *a)
{
	return arm_fail(e, "fail(): %.500s", arg_str(a, 0));
}

/* -1, 0, 1 in *order. Both must be numbers or both strings. */
static gboolean compare(struct env *e, const struct args *a, int *order)
{
	const struct node *x = a->v[0], *y = a->v[1];

	if (x->type == NODE_STRING && y->type == NODE_STRING) {
		*order = strcmp(x->string, y->string);
		return TRUE;
	}
	if (x->type == NODE_INT && y->type == NODE_INT) {
		*order = (x->integer > y->integer) - (x->integer < y->integer);
		return TRUE;
	}
	if ((x->type == NODE_INT || x->type == NODE_DOUBLE) && (y->type == NODE_INT || y->type == NODE_DOUBLE)) {
		double d = x->type == NODE_INT ? (double)x->integer : x->real;
		double f = y->type == NODE_INT ? (double)y->integer : y->real;
		*order = (d > f) - (d < f);
		return TRUE;
	}
	return arm_fail(e, "%s(): both arguments must be numbers or both strings, not %s and %s", a->function,
	                node_type_name(x->type), node_type_name(y->type)) != NULL;
}

static struct node *fn_less(struct env *e, const struct args *a)
{
	int order;

	return compare(e, a, &order) ? node_bool(order < 0) : NULL;
}

static struct node *fn_less_or_equals(struct env *e, const struct args *a)
{
	int order;

	return compare(e, a, &order) ? node_bool(order <= 0) : NULL;
}

static struct node *fn_greater(struct env *e, const struct args *a)
{
	int order;

	return compare(e, a, &order) ? node_bool(order > 0) : NULL;
}

static struct node *fn_greater_or_equals(struct env *e, const struct args *a)
{
	int order;

	return compare(e, a, &order) ? node_bool(order >= 0) : NULL;
}

const struct function arm_logic_functions[] = {
        {"if", 3, 3, "bvv", NODE_UNKNOWN, 0, NULL, lazy_if},
        {"and", 1, 255, "b", NODE_BOOL, 0, NULL, lazy_and},
        {"or", 1, 255, "b", NODE_BOOL, 0, NULL, lazy_or},
        {"coalesce", 1, 255, "v", NODE_UNKNOWN, 0, NULL, lazy_coalesce},
        {"not", 1, 1, "b", NODE_BOOL, 0, fn_not, NULL},
        {"xor", 2, 2, "b", NODE_BOOL, 0, fn_xor, NULL},
        {"true", 0, 0, "v", NODE_BOOL, 0, fn_true, NULL},
        {"false", 0, 0, "v", NODE_BOOL, 0, fn_false, NULL},
        {"bool", 1, 1, "v", NODE_BOOL, 0, fn_bool, NULL},
        {"equals", 2, 2, "v", NODE_BOOL, FN_DEEP | FN_UNKNOWN, fn_equals, NULL},
        {"less", 2, 2, "n", NODE_BOOL, 0, fn_less, NULL},
        {"lessOrEquals", 2, 2, "n", NODE_BOOL, 0, fn_less_or_equals, NULL},
        {"greater", 2, 2, "n", NODE_BOOL, 0, fn_greater, NULL},
        {"greaterOrEquals", 2, 2, "n", NODE_BOOL, 0, fn_greater_or_equals, NULL},
        {"fail", 1, 1, "s", NODE_UNKNOWN, 0, fn_fail, NULL},
        {NULL},
};
