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

/* The named definition that a parameter's "$ref" points to, or the declaration itself. */
static struct node *resolved(struct frame *f, struct node *declaration)
{
	const char *ref = node_get_str(declaration, "$ref", NULL);

	if (!ref || !g_str_has_prefix(ref, "#/definitions/"))
		return declaration;
	struct node *d = node_get(node_get(f->root, "definitions"), ref + strlen("#/definitions/"));
	return d ? d : declaration;
}

static const char *type_of(struct frame *f, const struct binding *b)
{
	const char *type = node_get_str(b->declaration, "type", NULL);

	return type ? type : node_get_str(resolved(f, b->declaration), "type", "");
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

static struct node *key_vault_secret(struct env *e, const struct binding *b)
{
	guint unknowns = e->run->pending->len;
	struct node *n = arm_unknown(e, "the key vault secret of parameter '%s'", b->name);

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
		return key_vault_secret(e, b);
	if (value && node_truth(node_get(b->declaration, "nullable"), FALSE))
		return node_ref(value);
	return NULL;
}

static gboolean bind_given(struct env *e, const struct node *parameters)
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
			arm_note(e, "the given parameter '%s' is not one of the template's and is not used", name);
			continue;
		}
		node_unref(b->given);
		b->given = given_value(e, b, entry);
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
		if (!b)
			return arm_fail(e, "the template has no parameter '%s'", node_name(overrides, i)) != NULL;
		node_unref(b->given);
		b->given = converted(type_of(e->frame, b), node_value(overrides, i));
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
		    node_truth(node_get(b->declaration, "nullable"), FALSE))
			continue;
		g_string_append_printf(list, "%s'%s' (%s)", list->len ? ", " : "", b->name, type_of(e->frame, b));
	}
	if (!list->len)
		return TRUE;
	return arm_fail(e, "these parameters need a value: %s; give them in a parameters file or on the command line",
	                list->str) != NULL;
}

gboolean arm_bind_parameters(struct env *e, const struct node *parameters, const struct node *overrides)
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
	return bind_given(e, parameters) && bind_overrides(e, overrides) && check_missing(e);
}

static gboolean type_matches(const char *type, const struct node *v)
{
	static const struct {
		const char *name;
		enum node_type type;
	} types[] = {{"string", NODE_STRING}, {"securestring", NODE_STRING}, {"int", NODE_INT},    {"bool", NODE_BOOL},
	             {"object", NODE_OBJECT}, {"secureobject", NODE_OBJECT}, {"array", NODE_ARRAY}};

	for (guint i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_ascii_strcasecmp(type, types[i].name) == 0)
			return v->type == types[i].type;
	return FALSE;
}

static gboolean same_value(const struct node *a, const struct node *b)
{
	if (a->type == NODE_STRING && b->type == NODE_STRING)
		return g_ascii_strcasecmp(a->string, b->string) == 0;
	return node_equal(a, b);
}

static gboolean is_allowed(const struct node *allowed, const struct node *v)
{
	for (guint i = 0; i < node_length(allowed); i++)
		if (same_value(node_item(allowed, i), v))
			return TRUE;
	if (v->type != NODE_ARRAY)
		return FALSE;
	for (guint i = 0; i < node_length(v); i++)
		if (!is_allowed(allowed, node_item(v, i)))
			return FALSE;
	return TRUE;
}

static gboolean check_limits(struct env *e, const struct binding *b, const struct node *d, const struct node *v)
{
	gint64 size = v->type == NODE_STRING ? g_utf8_strlen(v->string, -1) : (gint64)node_length(v);
	gint64 min = node_integer(node_get(d, "minLength"), 0),
	       max = node_integer(node_get(d, "maxLength"), G_MAXINT64);

	if (v->type == NODE_INT) {
		size = v->integer;
		min = node_integer(node_get(d, "minValue"), G_MININT64);
		max = node_integer(node_get(d, "maxValue"), G_MAXINT64);
	} else if (v->type != NODE_STRING && v->type != NODE_ARRAY) {
		return TRUE;
	}
	if (size >= min && size <= max)
		return TRUE;
	const char *what = v->type == NODE_INT ? "value" : "length";
	if (b->secure)
		return arm_fail(e, "parameter '%s': its %s is outside of what the template allows", b->name, what) !=
		       NULL;
	return arm_fail(e, "parameter '%s': its %s is %" G_GINT64_FORMAT ", which is %s the %s of %" G_GINT64_FORMAT,
	                b->name, what, size, size < min ? "below" : "above", size < min ? "minimum" : "maximum",
	                size < min ? min : max) != NULL;
}

static gboolean check_value(struct env *e, const struct binding *b, const struct node *v)
{
	const struct node *d = b->declaration, *base = resolved(e->frame, b->declaration);
	const struct node *allowed = node_get(d, "allowedValues");
	const char *type = type_of(e->frame, b);

	/* null can only be the default: a given null counts as not given */
	if (arm_is_unknown(v) || v->type == NODE_NULL)
		return TRUE;
	if (!type_matches(type, v))
		return arm_fail(e, "parameter '%s' is declared as %s but its value is of type %s", b->name,
		                *type ? type : "nothing known", node_type_name(v->type)) != NULL;
	if (!allowed)
		allowed = node_get(base, "allowedValues");
	if (allowed && allowed->type == NODE_ARRAY && !is_allowed(allowed, v)) {
		g_autofree char *list = node_print(allowed, FALSE);
		return arm_fail(e, "the value of parameter '%s' is not one of the allowed %.300s", b->name, list) !=
		       NULL;
	}
	return check_limits(e, b, d, v) && (base == d || check_limits(e, b, base, v));
}

static struct node *parameter_value(struct env *e, struct binding *b)
{
	struct node *initial = node_get(b->declaration, "defaultValue");

	if (b->given) {
		e->place = b->given->line ? b->given : b->declaration;
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
	if (node_truth(node_get(b->declaration, "nullable"), FALSE))
		return node_null();
	b->made_up = TRUE;
	return arm_fill(e, b->name, type_of(e->frame, b), b->declaration);
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

	if (!b)
		return arm_fail(e, "the template has no %s '%s'", parameter ? "parameter" : "variable", name);
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
