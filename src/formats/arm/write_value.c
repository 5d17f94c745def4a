/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as a template writes them.
 *
 * A value depends on a secret exactly when another secret makes another value: that is what the twin is for. It is
 * written as an expression over the secret's parameter when one can be found that yields both the value and its twin;
 * otherwise (hashes, encodings) it becomes a secure parameter of its own. What holds a known secret is never written
 * out either, whatever the twin says.
 */
#include "write.h"
#include <string.h>

#define MAX_EXPRESSION 24000 /* characters; longer ones are refused elsewhere */

struct secret_text {
	char *expression; /* "parameters('x').y" */
	char *name;       /* of the parameter */
	const char *text, *twin;
};

static void secret_text_free(gpointer data)
{
	struct secret_text *t = data;

	g_free(t->expression);
	g_free(t->name);
	g_free(t);
}

static char *quoted(const char *text)
{
	GString *s = g_string_new("'");

	for (; *text; text++)
		g_string_append_printf(s, *text == '\'' ? "''" : "%c", *text);
	return g_string_free(g_string_append_c(s, '\''), FALSE);
}

/* A string that would be read as an expression, or as an escaped one, gets one more bracket. */
static char *escaped(const char *text)
{
	gsize length = strlen(text);
	gboolean bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';

	return g_strconcat(bracketed ? "[" : "", text, NULL);
}

/* Every string in a secure parameter, with the expression that reads it. */
static void collect(struct write_secrets *s, const char *name, const char *expression, const struct node *value,
                    const struct node *twin)
{
	if (value->type == NODE_STRING && twin && twin->type == NODE_STRING &&
	    strcmp(value->string, twin->string) != 0) {
		struct secret_text *t = g_new0(struct secret_text, 1);

		t->expression = g_strdup(expression);
		t->name = g_strdup(name);
		t->text = value->string;
		t->twin = twin->string;
		g_ptr_array_add(s->texts, t);
	}
	for (guint i = 0; i < node_length(value); i++) {
		gboolean list = value->type == NODE_ARRAY;
		g_autofree char *member = list ? g_strdup_printf("%u", i) : quoted(node_name(value, i));
		g_autofree char *below = g_strdup_printf("%s[%s]", expression, member);

		collect(s, name, below, list ? node_item(value, i) : node_value(value, i),
		        list ? node_item(twin, i) : node_value(twin, i));
	}
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	const struct secret_text *x = *(struct secret_text *const *)a, *y = *(struct secret_text *const *)b;
	gsize nx = strlen(x->text), ny = strlen(y->text);

	return nx != ny ? (nx > ny ? -1 : 1) : strcmp(x->expression, y->expression);
}

void write_secrets_init(struct write_secrets *s, const struct arm_writing *in)
{
	*s = (struct write_secrets){.in = in, .used = node_object(), .values = node_object()};
	s->derived = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	s->texts = g_ptr_array_new_with_free_func(secret_text_free);
	s->here = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < node_length(in->secure); i++) {
		const char *name = node_name(in->secure, i);
		g_autofree char *quoted_name = quoted(name);
		g_autofree char *expression = g_strdup_printf("parameters(%s)", quoted_name);

		collect(s, name, expression, node_value(in->secure, i), node_get(in->twin_secure, name));
	}
	g_ptr_array_sort(s->texts, compare_texts);
}

void write_secrets_clear(struct write_secrets *s)
{
	node_unref(s->used);
	node_unref(s->values);
	g_hash_table_unref(s->derived);
	g_ptr_array_unref(s->texts);
	g_ptr_array_unref(s->here);
}

/* Declares a parameter once, and for the template at hand. */
static void use(struct write_secrets *s, const char *name, struct node *value)
{
	gboolean text = value->type == NODE_STRING;

	if (!g_ptr_array_find_with_equal_func(s->here, name, g_str_equal, NULL))
		g_ptr_array_add(s->here, g_strdup(name));
	if (node_get(s->used, name))
		return;
	struct node *declaration = node_object();
	node_set(declaration, "type", node_string(text ? "secureString" : "secureObject"));
	node_set(s->used, name, declaration);
	node_set(s->values, name, node_ref(value));
}

static gboolean holds_secret(const struct write_secrets *s, const char *text)
{
	for (guint i = 0; s->in->secrets && i < s->in->secrets->len; i++)
		if (strstr(text, g_ptr_array_index(s->in->secrets, i)))
			return TRUE;
	return FALSE;
}

static const struct secret_text *secret_at(const struct write_secrets *s, const char *at)
{
	for (guint i = 0; i < s->texts->len; i++) {
		const struct secret_text *t = g_ptr_array_index(s->texts, i);

		if (g_str_has_prefix(at, t->text))
			return t;
	}
	return NULL;
}

/* Parts of concat(): literal text up to here, and what it is in the twin. FALSE when it would show a secret. */
static gboolean add_literal(const struct write_secrets *s, GString *literal, GString *parts, GString *twin)
{
	g_autofree char *text = quoted(literal->str);

	if (!literal->len)
		return TRUE;
	if (holds_secret(s, literal->str))
		return FALSE;
	g_string_append_printf(parts, "%s%s", parts->len ? ", " : "", text);
	g_string_append(twin, literal->str);
	g_string_truncate(literal, 0);
	return TRUE;
}

/* "[concat('a', parameters('x'))]" when that yields the value and its twin; NULL otherwise. */
static char *as_expression(struct write_secrets *s, const char *value, const char *twin_value)
{
	g_autoptr(GString) parts = g_string_new(NULL), literal = g_string_new(NULL), twin = g_string_new(NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	gboolean literals = FALSE;

	for (const char *at = value; *at;) {
		const struct secret_text *t = secret_at(s, at);

		if (!t) {
			g_string_append_c(literal, *at++);
			literals = TRUE;
			continue;
		}
		if (!add_literal(s, literal, parts, twin))
			return NULL;
		g_string_append_printf(parts, "%s%s", parts->len ? ", " : "", t->expression);
		g_string_append(twin, t->twin);
		g_ptr_array_add(names, t->name);
		at += strlen(t->text);
	}
	if (!names->len || !add_literal(s, literal, parts, twin) || strcmp(twin->str, twin_value) != 0)
		return NULL;
	if (parts->len > MAX_EXPRESSION)
		return NULL;
	for (guint i = 0; i < names->len; i++)
		use(s, names->pdata[i], node_get(s->in->secure, names->pdata[i]));
	return g_strdup_printf(names->len == 1 && !literals ? "[%s]" : "[concat(%s)]", parts->str);
}

/* A parameter of its own; equal values share one. */
static struct node *as_parameter(struct write_secrets *s, const struct node *value)
{
	gboolean text = value->type == NODE_STRING;
	g_autofree char *json = node_print(value, FALSE);
	const char *name = g_hash_table_lookup(s->derived, json);
	g_autoptr(node) boxed = text ? node_ref((struct node *)value) : node_object();

	if (!name) {
		guint number = g_hash_table_size(s->derived);
		char *made;

		do
			made = g_strdup_printf("secureValue%u", ++number);
		while (node_get(s->in->secure, made) && (g_free(made), TRUE));
		name = made;
		g_hash_table_insert(s->derived, g_strdup(json), made);
	}
	if (!text)
		node_set(boxed, "value", node_ref((struct node *)value));
	use(s, name, boxed);
	return node_stringf("[parameters('%s')%s]", name, text ? "" : ".value");
}

static struct node *write_secret(struct write_secrets *s, const struct node *value, const struct node *twin)
{
	gboolean texts = value->type == NODE_STRING && (!twin || twin->type == NODE_STRING);
	char *expression = texts ? as_expression(s, value->string, twin ? twin->string : value->string) : NULL;

	return expression ? node_take_string(expression) : as_parameter(s, value);
}

/* "NS/type/type', 'name', 'name" of what follows "/providers/" in an id; NULL when it is no id of a resource. */
static char *id_arguments(const char *rest)
{
	g_auto(GStrv) p = g_strsplit(rest, "/", -1);
	guint count = g_strv_length(p);
	g_autoptr(GString) type = g_string_new(count ? p[0] : ""), names = g_string_new(NULL);

	if (count < 3 || count % 2 == 0 || count > 39)
		return NULL;
	for (guint i = 0; i < count; i++)
		if (!*p[i])
			return NULL;
	for (guint i = 1; i < count; i += 2) {
		g_autofree char *name = quoted(p[i + 1]);

		g_string_append_printf(type, "/%s", p[i]);
		g_string_append_printf(names, ", %s", name);
	}
	g_autofree char *quoted_type = quoted(type->str);
	return g_strconcat(quoted_type, names->str, NULL);
}

char *write_id(const struct write_scope *scope, const char *id)
{
	gsize length = strlen(scope->prefix);
	g_autofree char *arguments =
	        strncmp(id, scope->prefix, length) == 0 && !strchr(id, '<') ? id_arguments(id + length) : NULL;

	return arguments ? g_strdup_printf("[resourceId(%s)]", arguments) : escaped(id);
}

/*
 * Properties that hold a secret whoever writes them: a template may have one in plain text, and what is written from it
 * goes to other people. The names are those of every type and version; none of them means anything else elsewhere.
 */
static const char *const secret_names[] = {
        "adminPassword",
        "administratorLoginPassword",
        "authorizationKey",
        "primaryKey",
        "privateKey",
        "protectedSettings",
        "radiusServerSecret",
        "secondaryKey",
        "sharedKey",
        "sqlAdministratorLoginPassword",
        "storageAccountAccessKey",
};

static gboolean is_secret(const char *name, const struct node *value)
{
	if (value->type == NODE_STRING ? !*value->string || g_str_has_prefix(value->string, "<unknown")
	                               : node_length(value) == 0)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(secret_names); i++)
		if (g_ascii_strcasecmp(secret_names[i], name) == 0)
			return TRUE;
	return FALSE;
}

static struct node *write_members(struct write_secrets *s, const struct write_scope *scope, const struct node *value,
                                  const struct node *twin)
{
	struct node *out = node_object();

	for (guint i = 0; i < node_length(value); i++) {
		g_autofree char *name = escaped(node_name(value, i));

		const struct node *member = node_value(value, i), *other = twin ? node_value(twin, i) : NULL;

		node_set(out, name,
		         is_secret(node_name(value, i), member) ? write_secret(s, member, other)
		                                                : write_value(s, scope, member, other));
	}
	return out;
}

/* FALSE: the container itself tells something that depends on a secret. */
static gboolean same_shape(const struct write_secrets *s, const struct node *value, const struct node *twin)
{
	for (guint i = 0; value->type == NODE_OBJECT && i < node_length(value); i++)
		if (holds_secret(s, node_name(value, i)))
			return FALSE;
	if (!twin)
		return TRUE;
	if (value->type != twin->type || node_length(value) != node_length(twin))
		return FALSE;
	for (guint i = 0; value->type == NODE_OBJECT && i < node_length(value); i++)
		if (strcmp(node_name(value, i), node_name(twin, i)) != 0)
			return FALSE;
	return TRUE;
}

struct node *write_value(struct write_secrets *s, const struct write_scope *scope, const struct node *value,
                         const struct node *twin)
{
	struct node *out;

	if (!same_shape(s, value, twin))
		return write_secret(s, value, twin);
	switch (value->type) {
	case NODE_OBJECT:
		return write_members(s, scope, value, twin);
	case NODE_ARRAY:
		out = node_array();
		for (guint i = 0; i < node_length(value); i++)
			node_append(out, write_value(s, scope, node_item(value, i), twin ? node_item(twin, i) : NULL));
		return out;
	case NODE_STRING:
		if (holds_secret(s, value->string) || (twin && strcmp(value->string, twin->string) != 0))
			return write_secret(s, value, twin);
		return node_take_string(write_id(scope, value->string));
	default:
		return twin && !node_equal(value, twin) ? write_secret(s, value, twin) : node_ref((struct node *)value);
	}
}
