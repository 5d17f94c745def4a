/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters and variables: declared at once, evaluated when first asked for, at most once.
 * `state` WORKING marks one being evaluated; meeting it again is a cycle.
 */
#include "internal.h"
#include <string.h>

void arm_binding_free(gpointer binding)
{
	struct binding *b = binding;

	g_free(b->name);
	node_unref(b->declaration);
	node_unref(b->given);
	node_unref(b->value);
	g_free(b);
}

static struct binding *binding_new(const char *name, struct node *declaration)
{
	struct binding *b = g_new0(struct binding, 1);

	b->name = g_strdup(name);
	b->declaration = node_ref(declaration);
	return b;
}

static const char *type_of(struct frame *f, const struct binding *b)
{
	return arm_declared_type(f->root, b->declaration);
}

static gboolean is_nullable(struct frame *f, const struct binding *b)
{
	return arm_is_nullable(f->root, b->declaration);
}

/* A command line's text in the type of its parameter; other values as they are. */
static struct node *converted(const char *type, struct node *value)
{
	const char *text = node_str(value, NULL);
	gint64 number;

	if (!text)
		return node_ref(value);
	if (g_ascii_strcasecmp(type, "int") == 0 &&
	    g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL))
		return node_at(node_int(number), value);
	if (g_ascii_strcasecmp(type, "bool") == 0 &&
	    (g_ascii_strcasecmp(text, "true") == 0 || g_ascii_strcasecmp(text, "false") == 0))
		return node_at(node_bool(node_truth(value, FALSE)), value);
	if (g_ascii_strcasecmp(type, "array") == 0 || g_ascii_strcasecmp(type, "object") == 0 ||
	    g_ascii_strcasecmp(type, "secureObject") == 0) {
		struct node *parsed = node_parse(text, strlen(text), "parameter", NULL);
		if (parsed)
			return parsed;
	}
	return node_ref(value);
}

/* A value that the one who deploys looks up elsewhere. */
static struct node *outside_value(struct env *e, const struct binding *b, const char *what)
{
	guint unknowns = e->run->pending->len;
	const char *type = type_of(e->frame, b);
	gboolean object = g_ascii_strcasecmp(type, "object") == 0 || g_ascii_strcasecmp(type, "secureObject") == 0;
	struct node *n = arm_unknown(e, object ? NODE_OBJECT : NODE_STRING, "%s of parameter '%s'", what, b->name);

	arm_note_unknowns(e, unknowns);
	return n;
}

/* The given value of a parameters file's entry: {"value": v} or {"reference": {...}}. */
static struct node *given_value(struct env *e, struct binding *b, const struct node *entry)
{
	struct node *value = node_get(entry, "value");

	g_autofree char *unique = value ? arm_fill_placeholder(e, b->name, node_str(value, "")) : NULL;
	if (unique)
		return node_at(node_string(unique), value);
	if (value && value->type != NODE_NULL)
		return converted(type_of(e->frame, b), value);
	if (node_get(entry, "reference"))
		return outside_value(e, b, "the key vault secret");
	if (node_get(entry, "expression"))
		return outside_value(e, b, "the external input");
	if (value && is_nullable(e->frame, b))
		return node_ref(value);
	return NULL;
}

static gboolean bind_given(struct env *e, const struct node *parameters, const char *file)
{
	const struct node *inner = node_get(parameters, "parameters");

	if (inner && inner->type == NODE_OBJECT && !node_get(inner, "value"))
		parameters = inner;
	for (guint i = 0; i < node_length(parameters); i++) {
		const char *name = node_name(parameters, i);
		const struct node *entry = node_value(parameters, i);
		if (name[0] == '$' || entry->type != NODE_OBJECT)
			continue;
		g_autofree char *key = g_ascii_strdown(name, -1);
		struct binding *b = g_hash_table_lookup(e->frame->parameters, key);
		if (!b) {
			g_autofree char *hint = arm_suggest(e->frame->parameters, key);
			arm_note(e, "the given parameter '%s' is not one of the template's and is not used%s", name,
			         hint);
			continue;
		}
		struct node *given = given_value(e, b, entry);
		if (!given) /* as if it were not there: an earlier file's stands */
			continue;
		node_unref(b->given);
		b->given = given;
		b->given_file = file;
		if (b->secure && b->given)
			arm_secret(e->run, b->given);
	}
	return e->run->error == NULL;
}

static gboolean bind_overrides(struct env *e, const struct node *overrides)
{
	for (guint i = 0; i < node_length(overrides); i++) {
		g_autofree char *key = g_ascii_strdown(node_name(overrides, i), -1);
		struct binding *b = g_hash_table_lookup(e->frame->parameters, key);
		if (!b) {
			g_autofree char *hint = arm_suggest(e->frame->parameters, key);
			return arm_fail(e, "the template has no parameter '%s'%s", node_name(overrides, i), hint) !=
			       NULL;
		}
		node_unref(b->given);
		b->given = converted(type_of(e->frame, b), node_value(overrides, i));
		b->given_file = NULL;
		if (b->secure)
			arm_secret(e->run, b->given);
	}
	return TRUE;
}

/* All parameters that neither have a value nor a default, in one error. */
static gboolean check_missing(struct env *e)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < e->frame->parameter_order->len; i++) {
		struct binding *b = e->frame->parameter_order->pdata[i];
		if (b->given || node_get(b->declaration, "defaultValue") || e->run->fill_missing ||
		    is_nullable(e->frame, b))
			continue;
		g_string_append_printf(list, "%s'%s' (%s)", list->len ? ", " : "", b->name, type_of(e->frame, b));
	}
	if (!list->len)
		return TRUE;
	return arm_fail(e, "these parameters need a value: %s; give them in a parameters file or on the command line",
	                list->str) != NULL;
}

gboolean arm_bind_parameters(struct env *e, const struct arm_parameters *given, const struct node *overrides)
{
	struct frame *f = e->frame;
	struct node *declared = node_get(f->root, "parameters");

	for (guint i = 0; i < node_length(declared); i++) {
		struct node *d = node_value(declared, i);
		e->place = d;
		if (d->type != NODE_OBJECT)
			return arm_fail(e, "the declaration of parameter '%s' must be an object",
			                node_name(declared, i)) != NULL;
		struct binding *b = binding_new(node_name(declared, i), d);
		b->secure = g_ascii_strncasecmp(type_of(f, b), "secure", 6) == 0;
		g_hash_table_replace(f->parameters, g_ascii_strdown(b->name, -1), b);
		g_ptr_array_add(f->parameter_order, b);
	}
	e->place = declared ? declared : f->root;
	for (; given && given->node; given++) {
		e->file = given->file;
		if (!bind_given(e, given->node, given->file))
			return FALSE;
	}
	e->file = NULL;
	return bind_overrides(e, overrides) && check_missing(e);
}

static gboolean check_value(struct env *e, const struct binding *b, const struct node *v)
{
	g_autofree char *what = g_strdup_printf("parameter '%s'", b->name);
	struct env here = *e;

	here.subject = NULL; /* the words of the check begin with it */
	if (!*type_of(e->frame, b) && v->type != NODE_NULL)
		return arm_fail(&here, "%s has no \"type\"", what) != NULL;
	return arm_check_type(&here, e->frame->root, b->declaration, v, what);
}

static struct node *parameter_value(struct env *e, struct binding *b)
{
	struct node *initial = node_get(b->declaration, "defaultValue");

	if (b->given) {
		e->place = b->given->line ? b->given : b->declaration;
		e->file = b->given->line ? b->given_file : NULL;
		return node_ref(b->given);
	}
	if (initial) {
		struct node *v = arm_eval_node(e, initial);
		if (!v || v->type != NODE_STRING)
			return v;
		struct node *c = converted(type_of(e->frame, b), v);
		node_unref(v);
		return c;
	}
	if (is_nullable(e->frame, b))
		return node_null();
	return arm_fill(e, b->name, b->declaration);
}

/* Evaluates a binding once. `asking` is where it is needed; the error of a cycle names that place. */
static struct node *settle(struct env *asking, struct frame *f, struct binding *b, gboolean parameter)
{
	if (b->state == DONE)
		return node_ref(b->value);
	if (b->state == WORKING)
		return arm_fail(asking, "%s '%s' depends on itself", parameter ? "parameter" : "variable", b->name);
	g_autofree char *subject = g_strdup_printf("%s '%s'", parameter ? "parameter" : "variable", b->name);
	struct env e = {.run = f->run, .frame = f, .subject = subject, .place = b->declaration};
	b->state = WORKING;
	struct node *v;
	if (parameter)
		v = parameter_value(&e, b);
	else if (b->from_copy)
		v = arm_eval_copy(&e, b->declaration, b->name, FALSE);
	else
		v = arm_eval_node(&e, b->declaration);
	if (v && (!arm_check_weight(&e, v) || (parameter && !check_value(&e, b, v))))
		g_clear_pointer(&v, node_unref);
	if (!v) {
		b->state = WAITING;
		return NULL;
	}
	if (b->secure)
		arm_secret(f->run, v);
	b->value = v;
	b->state = DONE;
	return node_ref(v);
}

static struct node *look_up(struct env *e, const char *name, gboolean parameter)
{
	struct frame *f = e->frame->names;
	g_autofree char *key = g_ascii_strdown(name, -1);
	struct binding *b = g_hash_table_lookup(parameter ? f->parameters : f->variables, key);

	if (!b && f->function)
		return arm_fail(e, "the function has no %s '%s'; it sees only its own parameters",
		                parameter ? "parameter" : "variable", name);
	if (!b) {
		g_autofree char *hint = arm_suggest(parameter ? f->parameters : f->variables, key);
		return arm_fail(e, "the template has no %s '%s'%s", parameter ? "parameter" : "variable", name, hint);
	}
	return settle(e, f, b, parameter);
}

struct node *arm_parameter(struct env *e, const char *name)
{
	return look_up(e, name, TRUE);
}

struct node *arm_variable(struct env *e, const char *name)
{
	return look_up(e, name, FALSE);
}

gboolean arm_force_parameters(struct env *e)
{
	for (guint i = 0; i < e->frame->parameter_order->len; i++) {
		g_autoptr(node) v = settle(e, e->frame, e->frame->parameter_order->pdata[i], TRUE);
		if (!v)
			return FALSE;
	}
	return TRUE;
}

static void bind_variable(struct frame *f, const char *name, struct node *declaration, gboolean from_copy)
{
	struct binding *b = binding_new(name, declaration);

	b->from_copy = from_copy;
	g_hash_table_replace(f->variables, g_ascii_strdown(name, -1), b);
}

static void bind_functions(struct frame *f)
{
	struct node *spaces = node_get(f->root, "functions");

	for (guint i = 0; i < node_length(spaces); i++) {
		struct node *space = node_item(spaces, i), *members = node_get(space, "members");
		for (guint k = 0; k < node_length(members); k++) {
			g_autofree char *name =
			        g_strdup_printf("%s.%s", node_get_str(space, "namespace", ""), node_name(members, k));
			g_hash_table_replace(f->functions, g_ascii_strdown(name, -1), node_value(members, k));
		}
	}
}

void arm_bind_variables(struct frame *f)
{
	struct node *declared = node_get(f->root, "variables");

	bind_functions(f);
	for (guint i = 0; i < node_length(declared); i++) {
		struct node *value = node_value(declared, i);
		if (g_ascii_strcasecmp(node_name(declared, i), "copy") != 0 || value->type != NODE_ARRAY) {
			bind_variable(f, node_name(declared, i), value, FALSE);
			continue;
		}
		for (guint k = 0; k < node_length(value); k++) {
			struct node *copy = node_item(value, k);
			bind_variable(f, node_get_str(copy, "name", ""), copy, TRUE);
		}
	}
}
