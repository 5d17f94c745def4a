/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: 64 bits with sign; what does not fit is an error, never a wrap. */
#include "internal.h"
#include <math.h>
#include <string.h>

static struct node *overflow(struct env *e, const struct args *a)
{
	return arm_fail(e, "%s(): the result does not fit 64 bits", a->function);
}

static struct node *fn_add(struct env *e, const struct args *a)
{
	gint64 r;

	return __builtin_add_overflow(arg_int(a, 0), arg_int(a, 1), &r) ? overflow(e, a) : node_int(r);
}

static struct node *fn_sub(struct env *e, const struct args *a)
{
	gint64 r;

	return __builtin_sub_overflow(arg_int(a, 0), arg_int(a, 1), &r) ? overflow(e, a) : node_int(r);
}

static struct node *fn_mul(struct env *e, const struct args *a)
{
	gint64 r;

	return __builtin_mul_overflow(arg_int(a, 0), arg_int(a, 1), &r) ? overflow(e, a) : node_int(r);
}

static struct node *divide(struct env *e, const struct args *a, gboolean rest)
{
	gint64 x = arg_int(a, 0), y = arg_int(a, 1);

	if (y == 0)
		return arm_fail(e, "%s(): division by zero", a->function);
	if (x == G_MININT64 && y == -1)
		return rest ? node_int(0) : overflow(e, a);
	return node_int(rest ? x % y : x / y);
}

static struct node *fn_div(struct env *e, const struct args *a)
{
	return divide(e, a, FALSE);
}

static struct node *fn_mod(struct env *e, const struct args *a)
{
	return divide(e, a, TRUE);
}

/* The greatest or least of the arguments, or of the one array. */
static struct node *extreme(struct env *e, const struct args *a, gboolean greatest)
{
	struct args items = *a;
	gint64 best = 0;

	if (a->n == 1 && a->v[0]->type == NODE_ARRAY) {
		items.n = node_length(a->v[0]);
		items.v = items.n ? (struct node **)a->v[0]->items->pdata : NULL;
	}
	if (items.n == 0)
		return arm_fail(e, "%s(): of nothing", a->function);
	for (guint i = 0; i < items.n; i++) {
		if (arm_is_unknown(items.v[i]))
			return arm_unknown_call(e, NULL, a);
		if (items.v[i]->type != NODE_INT)
			return arm_fail(e, "%s(): argument %u must be a whole number, not of type %s", a->function,
			                i + 1, node_type_name(items.v[i]->type));
		gint64 v = arg_int(&items, i);
		if (i == 0 || (greatest ? v > best : v < best))
			best = v;
	}
	return node_int(best);
}

static struct node *fn_max(struct env *e, const struct args *a)
{
	return extreme(e, a, TRUE);
}

static struct node *fn_min(struct env *e, const struct args *a)
{
	return extreme(e, a, FALSE);
}

static struct node *fn_int(struct env *e, const struct args *a)
{
	const struct node *v = a->v[0];
	gint64 out;

	if (v->type == NODE_INT)
		return node_ref(a->v[0]);
	if (v->type == NODE_DOUBLE && fabs(v->real) < 9e18)
		return node_int((gint64)v->real);
	if (v->type == NODE_STRING) {
		g_autofree char *text = g_strstrip(g_strdup(v->string));
		const char *digits = *text == '+' ? text + 1 : text;
		if (g_ascii_string_to_signed(digits, 10, G_MININT64, G_MAXINT64, &out, NULL))
			return node_int(out);
		return arm_fail(e, "int(): the string is not a whole number of 64 bits");
	}
	return arm_fail(e, "int(): the number does not fit 64 bits");
}

static struct node *fn_float(struct env *e, const struct args *a)
{
	const struct node *v = a->v[0];

	if (v->type == NODE_INT)
		return node_double((double)v->integer);
	if (v->type == NODE_DOUBLE)
		return node_ref(a->v[0]);
	if (strlen(v->string) < 400) {
		char *stop;
		double d = g_ascii_strtod(v->string, &stop);
		if (*v->string && !*stop && isfinite(d))
			return node_double(d);
	}
	return arm_fail(e, "float(): the string is not a number");
}

const struct function arm_numeric_functions[] = {
        {"add", 2, 2, "i", NODE_INT, 0, fn_add, NULL},        {"sub", 2, 2, "i", NODE_INT, 0, fn_sub, NULL},
        {"mul", 2, 2, "i", NODE_INT, 0, fn_mul, NULL},        {"div", 2, 2, "i", NODE_INT, 0, fn_div, NULL},
        {"mod", 2, 2, "i", NODE_INT, 0, fn_mod, NULL},        {"max", 1, 255, "v", NODE_INT, 0, fn_max, NULL},
        {"min", 1, 255, "v", NODE_INT, 0, fn_min, NULL},      {"int", 1, 1, "n", NODE_INT, 0, fn_int, NULL},
        {"float", 1, 1, "n", NODE_DOUBLE, 0, fn_float, NULL}, {NULL},
};
