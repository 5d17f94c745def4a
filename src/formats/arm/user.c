/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the template's "functions" section defines: expressions that see only their own arguments. */
#include "internal.h"
#include <string.h>

const struct node *arm_find_user(const struct frame *f, const char *key)
{
	return g_hash_table_lookup(f->names->functions, key);
}

static gboolean is_called(const struct env *e, const struct node *definition)
{
	for (const struct call *c = e->calls; c; c = c->outer)
		if (c->definition == definition)
			return TRUE;
	return FALSE;
}

/* The value of argument `i`, checked against its declaration. */
static gboolean bind_argument(struct env *e, struct frame *f, const struct expr *x, struct node *declared, guint i)
{
	const char *name = node_get_str(declared, "name", "");
	struct node *value = arm_eval(e, x->args->pdata[i]);

	if (!value)
		return FALSE;
	g_autofree char *what = g_strdup_printf("%s(): argument %u ('%s')", x->name, i + 1, name);
	if (!arm_check_type(e, e->frame->root, declared, value, what)) {
		node_unref(value);
		return FALSE;
	}
	struct binding *b = g_new0(struct binding, 1);
	b->name = g_strdup(name);
	b->value = value;
	b->state = DONE;
	g_hash_table_replace(f->parameters, g_ascii_strdown(name, -1), b);
	return TRUE;
}

/* A frame with the arguments and nothing else; of the functions it sees those of its template. */
static struct frame *function_frame(struct env *outer, const struct expr *x, const struct node *declared)
{
	struct frame *of = outer->frame->names;
	struct frame *f = arm_frame_new(outer->run, of, of->root, of->file, of->path);

	arm_target_set(&f->target, &of->target);
	f->location = g_strdup(of->location);
	f->deployment = g_strdup(of->deployment);
	f->function = TRUE;
	g_hash_table_unref(f->functions);
	f->functions = g_hash_table_ref(of->functions);
	for (guint i = 0; i < x->args->len; i++)
		if (!bind_argument(outer, f, x, node_item(declared, i), i))
			return NULL;
	return f;
}

struct node *arm_call_user(struct env *outer, const struct expr *x, const struct node *definition)
{
	const struct node *declared = node_get(definition, "parameters"), *output = node_get(definition, "output");
	struct call call = {.outer = outer->calls, .definition = definition};
	struct node *result;

	if (x->args->len != node_length(declared))
		return arm_fail(outer, "%s() takes %u arguments, not %u", x->name, node_length(declared), x->args->len);
	if (is_called(outer, definition))
		return arm_fail(outer, "the function %s calls itself; a function of a template may not", x->name);
	if (!node_get(output, "value"))
		return arm_fail(outer, "the function %s has no output value", x->name);
	if (!arm_charge(outer, 4096))
		return NULL;
	struct frame *f = function_frame(outer, x, declared);
	if (!f)
		return NULL;
	struct env here = *outer;
	here.frame = f;
	here.loops = NULL;
	here.locals = NULL;
	here.calls = &call;
	result = arm_eval_node(&here, node_get(output, "value"));
	g_autofree char *what = g_strdup_printf("%s(): its output", x->name);
	if (result && !arm_check_type(outer, f->root, output, result, what))
		g_clear_pointer(&result, node_unref);
	/* nothing refers to the arguments any more */
	g_ptr_array_remove(outer->run->frames, f);
	return result;
}
