/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declared types: of parameters, outputs and the arguments of functions, as Bicep writes them.
 *
 * A declaration has a "type" or a "$ref" into the template's "definitions", and constraints on the value, its members
 * and its items. Of an unknown value nothing can be said but its kind.
 */
#include "internal.h"
#include <string.h>

#define REFERENCES_MAX 32 /* definitions that are only another definition */

struct check {
	struct env *e;
	const struct node *root;
	GString *what; /* "parameter 'a'.b[2]" */
	guint depth;
	gboolean secure;
};

static gboolean check(struct check *c, const struct node *d, const struct node *v);

struct node *arm_definition(const struct node *root, struct node *declaration)
{
	static const char start[] = "#/definitions/";

	for (guint i = 0; i < REFERENCES_MAX; i++) {
		const char *ref = node_get_str(declaration, "$ref", NULL);
		struct node *next = ref && g_str_has_prefix(ref, start)
		                            ? node_get(node_get(root, "definitions"), ref + strlen(start))
		                            : NULL;
		if (!next)
			return declaration;
		declaration = next;
	}
	return NULL;
}

const char *arm_declared_type(const struct node *root, struct node *declaration)
{
	const char *type = node_get_str(declaration, "type", NULL);

	return type ? type : node_get_str(arm_definition(root, declaration), "type", "");
}

gboolean arm_is_nullable(const struct node *root, struct node *declaration)
{
	return node_truth(node_get(declaration, "nullable"), FALSE) ||
	       node_truth(node_get(arm_definition(root, declaration), "nullable"), FALSE);
}

static const struct {
	const char *name;
	enum node_type type;
} types[] = {{"string", NODE_STRING}, {"securestring", NODE_STRING}, {"int", NODE_INT},    {"bool", NODE_BOOL},
             {"object", NODE_OBJECT}, {"secureobject", NODE_OBJECT}, {"array", NODE_ARRAY}};

/* The type of values of the declared one; NODE_UNKNOWN when there is no such type. */
static enum node_type type_of(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_ascii_strcasecmp(name, types[i].name) == 0)
			return types[i].type;
	return NODE_UNKNOWN;
}

static gboolean same_value(const struct node *a, const struct node *b)
{
	if (a->type == NODE_STRING && b->type == NODE_STRING)
		return g_ascii_strcasecmp(a->string, b->string) == 0;
	return node_equal(a, b);
}

/* An array may itself be allowed, or have nothing but allowed items. */
static gboolean is_allowed(const struct node *allowed, const struct node *v)
{
	if (arm_is_unknown(v))
		return TRUE;
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

static gboolean check_allowed(struct check *c, const struct node *d, const struct node *v)
{
	const struct node *allowed = node_get(d, "allowedValues");

	if (!allowed || allowed->type != NODE_ARRAY)
		return TRUE;
	if (arm_is_unknown(v)) {
		g_autofree char *what = g_strdup_printf("whether %s is allowed", c->what->str);
		arm_assume(c->e, v, what, "it is taken as allowed");
		return TRUE;
	}
	if (is_allowed(allowed, v))
		return TRUE;
	g_autofree char *list = node_print(allowed, FALSE);
	return arm_fail(c->e, "the value of %s is not one of the allowed %.300s", c->what->str, list) != NULL;
}

static gboolean check_limits(struct check *c, const struct node *d, const struct node *v)
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
	if (c->secure)
		return arm_fail(c->e, "%s: its %s is outside of what the template allows", c->what->str, what) != NULL;
	return arm_fail(c->e, "%s: its %s is %" G_GINT64_FORMAT ", which is %s the %s of %" G_GINT64_FORMAT,
	                c->what->str, what, size, size < min ? "below" : "above", size < min ? "minimum" : "maximum",
	                size < min ? min : max) != NULL;
}

/* One member or item, with its place in the words of an error. */
static gboolean check_part(struct check *c, const struct node *d, const struct node *v, const char *name, guint index)
{
	gsize length = c->what->len;
	gboolean ok;

	if (name)
		g_string_append_printf(c->what, ".%.80s", name);
	else
		g_string_append_printf(c->what, "[%u]", index);
	ok = check(c, d, v);
	g_string_truncate(c->what, length);
	return ok;
}

static gboolean check_items(struct check *c, const struct node *d, const struct node *v)
{
	const struct node *items = node_get(d, "items"), *first = node_get(d, "prefixItems");
	guint fixed = node_length(first);

	if (v->type != NODE_ARRAY)
		return TRUE;
	if (fixed > node_length(v))
		return arm_fail(c->e, "%s needs %u items but has %u", c->what->str, fixed, node_length(v)) != NULL;
	if (items && items->type == NODE_BOOL && !items->boolean && node_length(v) > fixed)
		return arm_fail(c->e, "%s may have only %u items but has %u", c->what->str, fixed, node_length(v)) !=
		       NULL;
	for (guint i = 0; i < node_length(v); i++) {
		const struct node *one = i < fixed ? node_item(first, i) : items;
		if (one && one->type == NODE_OBJECT && !check_part(c, one, node_item(v, i), NULL, i))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_declared(struct check *c, const struct node *properties, const struct node *v)
{
	for (guint i = 0; i < node_length(properties); i++) {
		const char *name = node_name(properties, i);
		struct node *d = node_value(properties, i), *member = node_get(v, name);
		if (member ? !check_part(c, d, member, name, 0)
		           : !arm_is_nullable(c->root, d) && !arm_open_name(c->e->run, v) &&
		                     !arm_fail(c->e, "%s lacks the member '%s', which its type asks for", c->what->str,
		                               name))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_members(struct check *c, const struct node *d, const struct node *v)
{
	const struct node *properties = node_get(d, "properties"), *more = node_get(d, "additionalProperties");
	gboolean closed = node_truth(node_get(d, "sealed"), FALSE) || (more && !node_truth(more, TRUE));

	if (v->type != NODE_OBJECT || (!properties && !more))
		return TRUE;
	if (!check_declared(c, properties, v))
		return FALSE;
	for (guint i = 0; i < node_length(v); i++) {
		const char *name = node_name(v, i);
		if (node_get(properties, name))
			continue;
		if (closed)
			return arm_fail(c->e, "%s has a member '%.80s', which its type does not have", c->what->str,
			                name) != NULL;
		if (more && more->type == NODE_OBJECT && !check_part(c, more, node_value(v, i), name, 0))
			return FALSE;
	}
	return TRUE;
}

/* {"discriminator": {"propertyName", "mapping": {value: declaration}}}: the member says which type it is. */
static gboolean check_discriminator(struct check *c, const struct node *d, const struct node *v)
{
	const struct node *chosen = node_get(d, "discriminator");
	const char *property = node_get_str(chosen, "propertyName", NULL);
	const struct node *mapping = node_get(chosen, "mapping"), *given = property ? node_get(v, property) : NULL;

	if (!property || v->type != NODE_OBJECT)
		return TRUE;
	if (arm_is_unknown(given)) {
		g_autofree char *what = g_strdup_printf("the type of %s", c->what->str);
		arm_assume(c->e, given, what, "its members are not checked");
		return TRUE;
	}
	const struct node *variant = node_str(given, NULL) ? node_get(mapping, given->string) : NULL;
	if (!variant)
		return arm_fail(c->e, "%s: its member '%s' must say which of its types it is", c->what->str,
		                property) != NULL;
	return check(c, variant, v);
}

static gboolean check_known(struct check *c, const struct node *d, const struct node *v)
{
	const char *type = node_get_str(d, "type", NULL);
	enum node_type wanted = type ? type_of(type) : NODE_UNKNOWN;

	if (type && g_ascii_strncasecmp(type, "secure", 6) == 0) {
		c->secure = TRUE;
		arm_secret(c->e->run, v);
	}
	if (type && wanted != (arm_is_unknown(v) ? v->unknown.kind : v->type) &&
	    !(wanted != NODE_UNKNOWN && arm_is_unknown(v) && v->unknown.kind == NODE_UNKNOWN))
		return arm_fail(c->e, "%s is declared as %s but its value is of type %s", c->what->str,
		                *type ? type : "nothing known",
		                node_type_name(arm_is_unknown(v) ? v->unknown.kind : v->type)) != NULL;
	if (!check_allowed(c, d, v))
		return FALSE;
	if (arm_is_unknown(v))
		return TRUE;
	return check_limits(c, d, v) && check_items(c, d, v) && check_members(c, d, v) && check_discriminator(c, d, v);
}

static gboolean check(struct check *c, const struct node *d, const struct node *v)
{
	struct node *base = arm_definition(c->root, (struct node *)d);

	if (!arm_charge(c->e, 16))
		return FALSE;
	if (!base)
		return arm_fail(c->e, "the type of %s goes round in a circle of \"$ref\"", c->what->str) != NULL;
	if (node_get(base, "$ref"))
		return arm_fail(c->e, "the type of %s is \"%.120s\", which the template's \"definitions\" do not have",
		                c->what->str, node_get_str(base, "$ref", "")) != NULL;
	/* a value that is not given counts as null; at the top the default stands for it */
	if (v->type == NODE_NULL && (c->depth == 0 || arm_is_nullable(c->root, (struct node *)d)))
		return TRUE;
	if (c->depth > NODE_MAX_DEPTH)
		return arm_fail_limit(c->e, "%s is nested too deeply", c->what->str) != NULL;
	c->depth++;
	gboolean secure = c->secure;
	gboolean ok = check_known(c, base, v) && (base == d || check_limits(c, d, v)) &&
	              (base == d || check_allowed(c, d, v));
	c->secure = secure;
	c->depth--;
	return ok;
}

gboolean arm_check_type(struct env *e, const struct node *root, const struct node *declaration, const struct node *v,
                        const char *what)
{
	struct check c = {.e = e, .root = root, .what = g_string_new(what)};
	gboolean ok = check(&c, declaration, v);

	g_string_free(c.what, TRUE);
	return ok;
}
