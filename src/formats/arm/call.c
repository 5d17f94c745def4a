/* SPDX-License-Identifier: Apache-2.0 */
/* Calling functions: finding them, counting and evaluating their arguments, and what unknown values do to them. */
#include "internal.h"
#include <string.h>

/* What the template's "functions" section defines: expressions that see only their own arguments. */
static struct node *call_user(struct env *outer, const struct expr *x, const struct node *definition)
{
	const struct node *declared = node_get(definition, "parameters");
	struct frame *f;

	if (x->args->len != node_length(declared))
		return arm_fail(outer, "%s() takes %u arguments, not %u", x->name, node_length(declared), x->args->len);
	if (!arm_charge(outer, 4096))
		return NULL;
	f = arm_frame_new(outer->run, outer->frame, outer->frame->root, outer->frame->path);
	f->subscription = g_strdup(outer->frame->names->subscription);
	f->group = g_strdup(outer->frame->names->group);
	f->location = g_strdup(outer->frame->names->location);
	f->deployment = g_strdup(outer->frame->names->deployment);
	for (guint i = 0; i < x->args->len; i++) {
		struct node *value = arm_eval(outer, x->args->pdata[i]);
		if (!value)
			return NULL;
		struct binding *b = g_new0(struct binding, 1);
		const char *name = node_get_str(node_item(declared, i), "name", "");
		b->name = g_strdup(name);
		b->value = value;
		b->state = DONE;
		g_hash_table_replace(f->parameters, g_ascii_strdown(name, -1), b);
	}
	const struct node *value = node_find(definition, "output.value");
	if (!value)
		return arm_fail(outer, "the function %s has no output value", x->name);
	struct env here = *outer;
	here.frame = f;
	here.loops = NULL;
	here.locals = NULL;
	return arm_eval_node(&here, value);
}

static GHashTable *function_index(void)
{
	static const struct function *const families[] = {
	        arm_string_functions, arm_array_functions,    arm_object_functions, arm_numeric_functions,
	        arm_logic_functions,  arm_scope_functions,    arm_date_functions,   arm_lambda_functions,
	        arm_cidr_functions,   arm_resource_functions, arm_encode_functions};
	static GHashTable *index;

	if (index)
		return index;
	index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(families); i++)
		for (const struct function *f = families[i]; f->name; f++)
			g_hash_table_insert(index, g_ascii_strdown(f->name, -1), (gpointer)f);
	return index;
}

struct node *arm_functions(void)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(function_index()), (GCompareFunc)strcmp);
	struct node *list = node_array();

	for (const GList *name = names; name; name = name->next) {
		const struct function *f = g_hash_table_lookup(function_index(), name->data);
		struct node *o = node_object();

		node_set(o, "name", node_string(f->name));
		node_set(o, "min", node_int(f->min));
		node_set(o, "max", node_int(f->max == 255 ? -1 : f->max));
		node_append(list, o);
	}
	return list;
}

/* TRUE when an argument is unknown and this function cannot work with it. */
static gboolean meets_unknown(const struct function *f, const struct args *a)
{
	if (f->flags & FN_UNKNOWN)
		return FALSE;
	for (guint i = 0; i < a->n; i++)
		if (arm_is_unknown(a->v[i]))
			return TRUE;
	return FALSE;
}

static gboolean contains_unknown(const struct args *a)
{
	for (guint i = 0; i < a->n; i++) {
		if (arm_is_unknown(a->v[i]))
			return TRUE;
		for (guint k = 0; a->v[i]->type == NODE_ARRAY && k < node_length(a->v[i]); k++)
			if (arm_is_unknown(node_item(a->v[i], k)))
				return TRUE;
	}
	return FALSE;
}

static gboolean charge_arguments(struct env *e, const struct function *f, const struct args *a)
{
	for (guint i = 0; i < a->n; i++) {
		const struct node *v = a->v[i];
		gsize bytes = v->type == NODE_STRING ? strlen(v->string) : (gsize)node_length(v) * 16;
		if (!((f->flags & FN_DEEP) ? arm_check_weight(e, v) : arm_charge(e, bytes)))
			return FALSE;
	}
	return TRUE;
}

static struct node *run_eager(struct env *e, const struct expr *x, const struct function *f, const struct args *a)
{
	int length = (int)(x->end - x->start);

	if (!charge_arguments(e, f, a))
		return NULL;
	if (meets_unknown(f, a))
		return arm_unknown(e, "%.*s", length, e->text + x->start);
	struct node *result = f->eager(e, a);
	if (!result && e->run->type_error && contains_unknown(a)) {
		arm_forgive(e);
		return arm_unknown(e, "%.*s", length, e->text + x->start);
	}
	if (!result)
		return NULL;
	if (result->type == NODE_STRING && strlen(result->string) > ARM_MAX_STRING) {
		node_unref(result);
		return arm_fail(e, "%s() makes a string of more than %u bytes", f->name, ARM_MAX_STRING);
	}
	if ((f->flags & FN_BUILDS) && !arm_check_weight(e, result)) {
		node_unref(result);
		return NULL;
	}
	return result;
}

static void release(gpointer n)
{
	node_unref(n);
}

static struct node *call_eager(struct env *e, const struct expr *x, const struct function *f)
{
	g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(release);

	for (guint i = 0; i < x->args->len; i++) {
		struct node *value = arm_eval(e, x->args->pdata[i]);
		if (!value)
			return NULL;
		g_ptr_array_add(values, value);
	}
	struct args a = {.function = f->name, .v = (struct node **)values->pdata, .n = values->len};
	return run_eager(e, x, f, &a);
}

struct node *arm_call(struct env *e, const struct expr *x)
{
	g_autofree char *key = g_ascii_strdown(x->name, -1);
	const struct function *f = g_hash_table_lookup(function_index(), key);
	const struct node *own = strchr(key, '.') ? g_hash_table_lookup(e->frame->names->functions, key) : NULL;

	if (own)
		return call_user(e, x, own);
	/* listKeys, listSecrets, ...: one function for every resource type's own */
	if (!f && g_str_has_prefix(key, "list"))
		return arm_unknown(e, "%.*s", (int)(x->end - x->start), e->text + x->start);
	if (!f)
		return arm_fail(e, "unknown function '%s'; strings stand in single quotes", x->name);
	if (x->args->len < f->min || (f->max != 255 && x->args->len > f->max)) {
		g_autofree char *range = f->max == 255      ? g_strdup_printf("at least %u", f->min)
		                         : f->min == f->max ? g_strdup_printf("%u", f->min)
		                                            : g_strdup_printf("%u to %u", f->min, f->max);
		return arm_fail(e, "%s() takes %s arguments, not %u", f->name, range, x->args->len);
	}
	return f->lazy ? f->lazy(e, x) : call_eager(e, x, f);
}

static struct node *wrong(struct env *e, const struct args *a, guint i, const char *wanted)
{
	return arm_fail_type(e, "%s(): argument %u must be %s, not of type %s", a->function, i + 1, wanted,
	                     node_type_name(a->v[i]->type));
}

const char *arg_string(struct env *e, const struct args *a, guint i)
{
	if (a->v[i]->type == NODE_STRING)
		return a->v[i]->string;
	wrong(e, a, i, "a string");
	return NULL;
}

gboolean arg_int(struct env *e, const struct args *a, guint i, gint64 *out)
{
	if (a->v[i]->type == NODE_INT) {
		*out = a->v[i]->integer;
		return TRUE;
	}
	return wrong(e, a, i, "a whole number") != NULL;
}

gboolean arg_bool(struct env *e, const struct args *a, guint i, gboolean *out)
{
	if (a->v[i]->type == NODE_BOOL) {
		*out = a->v[i]->boolean;
		return TRUE;
	}
	return wrong(e, a, i, "true or false") != NULL;
}

struct node *arg_array(struct env *e, const struct args *a, guint i)
{
	return a->v[i]->type == NODE_ARRAY ? a->v[i] : wrong(e, a, i, "an array");
}

struct node *arg_object(struct env *e, const struct args *a, guint i)
{
	return a->v[i]->type == NODE_OBJECT ? a->v[i] : wrong(e, a, i, "an object");
}

char *arm_text_of(const struct node *n)
{
	if (n->type == NODE_STRING)
		return g_strdup(n->string);
	if (n->type == NODE_NULL)
		return g_strdup("");
	if (n->type == NODE_BOOL)
		return g_strdup(n->boolean ? "True" : "False");
	return node_print(n, FALSE);
}
