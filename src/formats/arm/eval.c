/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter: syntax trees and JSON with expressions in, values out. */
#include "internal.h"
#include <string.h>

static gboolean enter(struct env *e)
{
	if (!arm_charge(e, 0))
		return FALSE;
	if (e->run->depth >= ARM_MAX_RECURSION) {
		arm_fail_limit(e, "expressions, variables or references depend on each other too deeply");
		return FALSE;
	}
	e->run->depth++;
	return TRUE;
}

static void leave(struct env *e)
{
	e->run->depth--;
}

static char *member_list(const struct node *object)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < node_length(object) && i < 10; i++)
		g_string_append_printf(out, "%s'%.40s'", i ? ", " : "", node_name(object, i));
	return g_string_free(out, FALSE);
}

static struct node *member_of(struct env *e, const struct expr *x, struct node *base, const char *name)
{
	struct node *member = node_get(base, name);

	if (member)
		return node_ref(member);
	if (arm_is_unknown(base))
		return arm_unknown_member(e, base->unknown.text, name, 0);
	const char *open = base->type == NODE_OBJECT ? arm_open_name(e->run, base) : NULL;
	if (open)
		return arm_unknown_member(e, open, name, 0);
	if (x->optional && (base->type == NODE_OBJECT || base->type == NODE_NULL))
		return node_null();
	if (base->type != NODE_OBJECT)
		return arm_fail(e, "'.%s' asks for a member, but the value before it is of type %s", name,
		                node_type_name(base->type));
	g_autofree char *list = member_list(base);
	return arm_fail(e, "there is no member '%.80s'; there are: %s", name, *list ? list : "none");
}

static struct node *item_of(struct env *e, const struct expr *x, struct node *base, const struct node *index)
{
	if (arm_is_unknown(index))
		return arm_unknown_call(
		        e, NULL,
		        &(struct args){.function = "item", .n = 2, .v = (struct node *[]){base, (struct node *)index}});
	if (index->type == NODE_STRING && base->type != NODE_ARRAY)
		return member_of(e, x, base, index->string);
	if (index->type != NODE_INT)
		return arm_fail(e, "an index must be a number or a member name, not of type %s",
		                node_type_name(index->type));
	if (index->integer >= 0 && index->integer < node_length(base) && base->type == NODE_ARRAY)
		return node_ref(node_item(base, (guint)index->integer));
	if (arm_is_unknown(base))
		return arm_unknown_member(e, base->unknown.text, NULL, index->integer);
	if (x->optional && (base->type == NODE_ARRAY || base->type == NODE_NULL))
		return node_null();
	if (base->type != NODE_ARRAY)
		return arm_fail(e, "'[%" G_GINT64_FORMAT "]' needs an array, but the value before it is of type %s",
		                index->integer, node_type_name(base->type));
	const char *open = arm_open_name(e->run, base);
	if (open)
		return arm_unknown_member(e, open, NULL, index->integer);
	return arm_fail(e, "index %" G_GINT64_FORMAT " is outside an array of %u items (the first is 0)",
	                index->integer, node_length(base));
}

static struct node *eval_index(struct env *e, const struct expr *x)
{
	g_autoptr(node) base = arm_eval(e, x->base);
	g_autoptr(node) index = base ? arm_eval(e, x->index) : NULL;

	return index ? item_of(e, x, base, index) : NULL;
}

struct node *arm_eval(struct env *e, const struct expr *x)
{
	struct node *result = NULL;

	if (!enter(e))
		return NULL;
	if (x->kind == EXPR_LITERAL) {
		result = node_ref(x->literal);
	} else if (x->kind == EXPR_CALL) {
		result = arm_call(e, x);
	} else if (x->kind == EXPR_PROPERTY) {
		g_autoptr(node) base = arm_eval(e, x->base);
		result = base ? member_of(e, x, base, x->name) : NULL;
	} else {
		result = eval_index(e, x);
	}
	leave(e);
	return result;
}

/* The value of an expression takes the place of the string that it was written in. Containers that are
 * shared with their origin keep the origin's. */
static struct node *placed(struct node *value, const struct node *at)
{
	gboolean container = value->type == NODE_ARRAY || value->type == NODE_OBJECT;

	if (value->refs == 1 && (value->line == 0 || !container))
		return node_at(value, at);
	if (container)
		return value;
	struct node *copy = node_at(node_copy(value), at);
	node_unref(value);
	return copy;
}

#define PARSED_MAX_BYTES (8u << 20)

/* The tree of the expression's inside, from the run's cache where it can be. *owned is set when the caller frees it. */
static const struct expr *parsed(struct env *e, const char *inside, guint length, struct expr **owned)
{
	struct expr *x = g_hash_table_lookup(e->run->parsed, inside);
	g_autofree char *message = NULL;
	guint tokens = 0;

	*owned = NULL;
	if (x)
		return x;
	x = expr_parse(inside, length, &tokens, &message);
	if (!x)
		return arm_fail(e, "%s", message);
	x->tokens = tokens;
	if (e->run->parsed_bytes > PARSED_MAX_BYTES) {
		*owned = x;
		return x;
	}
	e->run->parsed_bytes += length + (gsize)tokens * sizeof(struct expr);
	g_hash_table_insert(e->run->parsed, g_strdup(inside), x);
	return x;
}

/* "[expression]" of length >= 2 to its value. */
static struct node *eval_expression(struct env *outer, const struct node *n)
{
	struct env here = *outer, *e = &here;
	guint length = (guint)strlen(n->string);
	struct expr *owned;

	e->place = n->line ? n : outer->place;
	e->part = NULL;
	if (!arm_charge(e, length))
		return NULL;
	g_autofree char *text = g_strndup(n->string + 1, length - 2);
	e->text = text;
	const struct expr *x = parsed(e, text, length - 2, &owned);
	if (!x || !arm_charge(e, (gsize)x->tokens * ARM_BYTES_PER_STEP)) {
		expr_free(owned);
		return NULL;
	}
	guint unknowns = e->run->pending->len;
	struct node *value = arm_eval(e, x);
	arm_note_unknowns(e, unknowns);
	expr_free(owned);
	if (value && value->type == NODE_STRING && !arm_charge(e, strlen(value->string))) {
		node_unref(value);
		return NULL;
	}
	return value ? placed(value, e->place) : NULL;
}

static struct node *eval_text(struct env *e, const struct node *n)
{
	gsize length = strlen(n->string);

	if (expr_is(n->string))
		return eval_expression(e, n);
	if (length >= 3 && n->string[0] == '[' && n->string[1] == '[' && n->string[length - 1] == ']')
		return node_at(node_string(n->string + 1), n);
	return node_ref((struct node *)n);
}

/* A member name; caller frees; NULL on error. */
static char *eval_name(struct env *e, const struct node *object, const char *name)
{
	if (name[0] != '[')
		return g_strdup(name);
	g_autoptr(node) text = node_at(node_string(name), object);
	return arm_eval_string(e, text, "a member name");
}

/* TRUE for "copy": [{"name", "count", "input"}, ...], which makes properties and is none itself. */
static gboolean is_property_copy(const char *name, const struct node *value)
{
	if (g_ascii_strcasecmp(name, "copy") != 0 || value->type != NODE_ARRAY || node_length(value) == 0)
		return FALSE;
	for (guint i = 0; i < node_length(value); i++) {
		const struct node *item = node_item(value, i);
		if (!node_get(item, "name") || !node_get(item, "count") || !node_get(item, "input"))
			return FALSE;
	}
	return TRUE;
}

static gboolean eval_property_copies(struct env *e, const struct node *copies, struct node *out)
{
	for (guint i = 0; i < node_length(copies); i++) {
		const struct node *copy = node_item(copies, i);
		g_autofree char *name = arm_eval_string(e, node_get(copy, "name"), "the name of a copy loop");
		struct node *array = name ? arm_eval_copy(e, copy, name, TRUE) : NULL;
		if (!array)
			return FALSE;
		node_set(out, name, array);
	}
	return TRUE;
}

static struct node *eval_object(struct env *e, const struct node *n)
{
	g_autoptr(node) out = node_at(node_object(), n);

	for (guint i = 0; i < node_length(n); i++) {
		const struct node *value = node_value(n, i);
		if (is_property_copy(node_name(n, i), value)) {
			if (!eval_property_copies(e, value, out))
				return NULL;
			continue;
		}
		g_autofree char *name = eval_name(e, n, node_name(n, i));
		struct node *made = name ? arm_eval_node(e, value) : NULL;
		if (!made)
			return NULL;
		node_set(out, name, made);
	}
	return g_steal_pointer(&out);
}

static struct node *eval_array(struct env *e, const struct node *n)
{
	g_autoptr(node) out = node_at(node_array(), n);

	for (guint i = 0; i < node_length(n); i++) {
		struct node *made = arm_eval_node(e, node_item(n, i));
		if (!made)
			return NULL;
		node_append(out, made);
	}
	return g_steal_pointer(&out);
}

struct node *arm_eval_node(struct env *e, const struct node *n)
{
	struct node *result;

	if (!enter(e))
		return NULL;
	if (n->type == NODE_STRING)
		result = eval_text(e, n);
	else if (n->type == NODE_ARRAY)
		result = eval_array(e, n);
	else if (n->type == NODE_OBJECT)
		result = eval_object(e, n);
	else
		result = node_ref((struct node *)n);
	leave(e);
	return result;
}

char *arm_eval_string(struct env *e, const struct node *n, const char *what)
{
	if (!n)
		return arm_fail(e, "%s is missing", what);
	g_autoptr(node) value = arm_eval_node(e, n);
	if (!value)
		return NULL;
	if (value->type == NODE_INT || value->type == NODE_BOOL)
		return node_print(value, FALSE);
	if (arm_is_unknown(value) && (value->unknown.kind == NODE_STRING || value->unknown.kind == NODE_UNKNOWN)) {
		arm_assume(e, value, what, "this text stands for it");
		return g_strdup(value->unknown.text);
	}
	if (value->type != NODE_STRING)
		return arm_fail(e, "%s must be a string, not of type %s", what, node_type_name(value->type));
	return g_strdup(value->string);
}

gboolean arm_eval_count(struct env *e, const struct node *count, gint64 *out)
{
	if (!count)
		return arm_fail(e, "a copy loop without \"count\"") != NULL;
	g_autoptr(node) value = arm_eval_node(e, count);
	if (!value)
		return FALSE;
	if (arm_is_unknown(value)) {
		arm_assume(e, value, "the count of a copy loop", "1 is taken");
		*out = 1;
		return TRUE;
	}
	gint64 v = node_integer(value, -1); /* digits in a string are taken as well, as Azure does */
	if (value->type != NODE_INT && v < 0)
		return arm_fail(e, "the count of a copy loop must be a number, not of type %s",
		                node_type_name(value->type)) != NULL;
	if (v < 0 || v > ARM_MAX_COPY)
		return arm_fail(e, "the count of a copy loop is %" G_GINT64_FORMAT "; it must be from 0 to %d", v,
		                ARM_MAX_COPY) != NULL;
	*out = v;
	return TRUE;
}

struct node *arm_eval_copy(struct env *outer, const struct node *copy, const char *name, gboolean property)
{
	g_autoptr(node) array = node_at(node_array(), copy);
	const struct node *input = node_get(copy, "input");
	gint64 count;

	if (!input)
		return arm_fail(outer, "the copy loop '%s' has no \"input\"", name);
	if (!arm_eval_count(outer, node_get(copy, "count"), &count))
		return NULL;
	for (gint64 i = 0; i < count; i++) {
		struct loop loop = {.outer = outer->loops, .name = (char *)name, .index = i, .property = property};
		struct env here = *outer;
		here.loops = &loop;
		struct node *made = arm_eval_node(&here, input);
		if (!made)
			return NULL;
		node_append(array, made);
	}
	return g_steal_pointer(&array);
}
