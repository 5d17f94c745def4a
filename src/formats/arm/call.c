/* SPDX-License-Identifier: Apache-2.0 */
/* Calling functions: finding them, counting, evaluating and checking their arguments, and what unknown values do. */
#include "internal.h"
#include <string.h>

GHashTable *arm_function_index(void)
{
	static const struct function *const families[] = {
	        arm_string_functions,   arm_array_functions,  arm_object_functions, arm_numeric_functions,
	        arm_logic_functions,    arm_scope_functions,  arm_date_functions,   arm_lambda_functions,
	        arm_cidr_functions,     arm_id_functions,     arm_encode_functions, arm_resource_functions,
	        arm_template_functions, arm_format_functions, arm_uri_functions};
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
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(arm_function_index()), (GCompareFunc)strcmp);
	struct node *list = node_array();

	for (const GList *name = names; name; name = name->next) {
		const struct function *f = g_hash_table_lookup(arm_function_index(), name->data);
		struct node *o = node_object();

		node_set(o, "name", node_string(f->name));
		node_set(o, "min", node_int(f->min));
		node_set(o, "max", node_int(f->max == 255 ? -1 : f->max));
		node_append(list, o);
	}
	return list;
}

#define OF(type) (1u << (type))

/* What the letters of struct function's `takes` stand for. */
static const struct {
	char letter;
	guint types;
	const char *words;
} wanted[] = {
        {'s', OF(NODE_STRING), "a string"},
        {'i', OF(NODE_INT), "a whole number"},
        {'b', OF(NODE_BOOL), "true or false"},
        {'a', OF(NODE_ARRAY), "an array"},
        {'o', OF(NODE_OBJECT), "an object"},
        {'n', OF(NODE_STRING) | OF(NODE_INT) | OF(NODE_DOUBLE), "a string or a number"},
        {'t', OF(NODE_STRING) | OF(NODE_INT) | OF(NODE_BOOL), "a string, a number, or true or false"},
        {'q', OF(NODE_ARRAY) | OF(NODE_STRING), "an array or a string"},
        {'c', OF(NODE_ARRAY) | OF(NODE_OBJECT), "an array or an object"},
        {'k', OF(NODE_STRING) | OF(NODE_INT), "a name or a number"},
        {'l', OF(NODE_ARRAY) | OF(NODE_OBJECT) | OF(NODE_STRING), "an array, an object or a string"},
        {'v', ~0u, ""},
};

/* Checks one argument by its letter; unknown values by what is known of their type. */
static gboolean check_argument(struct env *e, const struct function *f, const struct args *a, guint i)
{
	gsize letters = strlen(f->takes);
	char letter = f->takes[MIN(i, letters - 1)];
	enum node_type type = arm_is_unknown(a->v[i]) ? a->v[i]->unknown.kind : a->v[i]->type;
	guint k = 0;

	while (wanted[k].letter != letter)
		k++;
	if (type == NODE_UNKNOWN || (wanted[k].types & OF(type)))
		return TRUE;
	return arm_fail(e, "%s(): argument %u must be %s, not of type %s", a->function, i + 1, wanted[k].words,
	                node_type_name(type)) != NULL;
}

/* FALSE with the error; *unknown tells whether some argument is. */
static gboolean check_arguments(struct env *e, const struct function *f, const struct args *a, gboolean *unknown)
{
	*unknown = FALSE;
	for (guint i = 0; i < a->n; i++) {
		const struct node *v = a->v[i];
		gsize bytes = v->type == NODE_STRING ? strlen(v->string) : (gsize)node_length(v) * 16;
		if (!((f->flags & FN_DEEP) ? arm_check_weight(e, v) : arm_charge(e, bytes)))
			return FALSE;
		if (!check_argument(e, f, a, i))
			return FALSE;
		*unknown |= arm_is_unknown(v);
	}
	return TRUE;
}

/* The result within the bounds of a value, or NULL. Takes the reference over. */
static struct node *bounded(struct env *e, const struct function *f, struct node *result)
{
	const char *text = node_str(result, arm_is_unknown(result) ? result->unknown.text : NULL);

	if (text && strlen(text) > ARM_MAX_STRING) {
		node_unref(result);
		return arm_fail(e, "%s() makes a string of more than %u bytes", f->name, ARM_MAX_STRING);
	}
	if (result && (f->flags & FN_BUILDS) && !arm_check_weight(e, result)) {
		node_unref(result);
		return NULL;
	}
	return result;
}

static struct node *run_eager(struct env *e, const struct function *f, const struct args *a)
{
	gboolean unknown;

	if (!check_arguments(e, f, a, &unknown))
		return NULL;
	if (unknown && !(f->flags & FN_UNKNOWN))
		return arm_unknown_call(e, f, a);
	return bounded(e, f, f->eager(e, a));
}

static void release(gpointer n)
{
	node_unref(n);
}

/* The function's name as its table writes it, or as the template does when the row stands for many. */
static const char *name_of(const struct function *f, const struct expr *x)
{
	return strcmp(f->name, "list*") == 0 ? x->name : f->name;
}

static struct node *call_eager(struct env *e, const struct expr *x, const struct function *f)
{
	g_autoptr(GPtrArray) values = NULL;
	struct node *cached = (f->flags & FN_CONSTANT) ? g_hash_table_lookup(e->frame->names->constants, f) : NULL;

	if (cached)
		return node_ref(cached);
	values = g_ptr_array_new_with_free_func(release);
	for (guint i = 0; i < x->args->len; i++) {
		struct node *value = arm_eval(e, x->args->pdata[i]);
		if (!value)
			return NULL;
		g_ptr_array_add(values, value);
	}
	struct args a = {.function = name_of(f, x), .v = (struct node **)values->pdata, .n = values->len};
	struct node *result = run_eager(e, f, &a);
	if (result && (f->flags & FN_CONSTANT) && a.n == 0)
		g_hash_table_insert(e->frame->names->constants, (gpointer)f, node_ref(result));
	return result;
}

static gpointer no_function(struct env *e, const char *key, const char *name)
{
	g_autofree char *own = arm_suggest(e->frame->names->functions, key);
	g_autofree char *hint = *own ? g_strdup(own) : arm_suggest(arm_function_index(), key);
	const struct function *f = NULL;

	if (strchr(key, '.') && !*hint)
		return arm_fail(e, "the template has no function '%s'; its \"functions\" section declares them", name);
	if (g_str_has_prefix(hint, "; did you mean '")) { /* as it is written, not in lower case */
		g_autofree char *word = g_strndup(hint + 16, strlen(hint) - 18);
		f = g_hash_table_lookup(arm_function_index(), word);
	}
	if (f)
		return arm_fail(e, "unknown function '%s'; did you mean '%s'?", name, f->name);
	return arm_fail(e, "unknown function '%s'%s", name, *hint ? hint : "; strings stand in single quotes");
}

/* The row of the table for a call, NULL when there is none. list*() is one row for every resource type's own. */
static const struct function *find(const char *key)
{
	const struct function *f = g_hash_table_lookup(arm_function_index(), key);

	return f || !g_str_has_prefix(key, "list") || strchr(key, '.')
	               ? f
	               : g_hash_table_lookup(arm_function_index(), "list*");
}

static gboolean check_count(struct env *e, const struct function *f, const struct expr *x)
{
	guint n = x->args->len;

	if (n >= f->min && (f->max == 255 || n <= f->max))
		return TRUE;
	g_autofree char *range = f->max == 255      ? g_strdup_printf("at least %u", f->min)
	                         : f->min == f->max ? g_strdup_printf("%u", f->min)
	                                            : g_strdup_printf("%u to %u", f->min, f->max);
	return arm_fail(e, "%s() takes %s arguments, not %u", name_of(f, x), range, n) != NULL;
}

struct node *arm_call(struct env *e, const struct expr *x)
{
	const struct expr *around = e->part;
	struct node *result;

	e->part = x;
	if (!x->function) {
		g_autofree char *key = g_ascii_strdown(x->name, -1);
		const struct node *own = strchr(key, '.') ? arm_find_user(e->frame, key) : NULL;
		if (own) {
			result = arm_call_user(e, x, own);
			e->part = around;
			return result;
		}
		((struct expr *)x)->function = find(key);
		if (!x->function)
			return no_function(e, key, x->name);
	}
	if (!check_count(e, x->function, x))
		return NULL;
	result = x->function->lazy ? x->function->lazy(e, x) : call_eager(e, x, x->function);
	e->part = around;
	return result;
}

int arm_same(const struct node *a, const struct node *b)
{
	if (node_equal(a, b))
		return TRUE;
	return arm_holds_unknown(a) || arm_holds_unknown(b) ? -1 : FALSE;
}

char *arm_text_of(const struct node *n)
{
	if (n->type == NODE_STRING)
		return g_strdup(n->string);
	if (n->type == NODE_UNKNOWN)
		return g_strdup(n->unknown.text);
	if (n->type == NODE_NULL)
		return g_strdup("");
	if (n->type == NODE_BOOL)
		return g_strdup(n->boolean ? "True" : "False");
	return node_print(n, FALSE);
}
