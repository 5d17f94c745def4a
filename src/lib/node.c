/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values themselves: making, holding, asking, comparing and copying nodes.
 *
 * Empty containers own no storage (a hostile file of four million empty objects must stay cheap), and
 * only objects of more than INDEX_FROM members get a hash index. The index is seeded per process so
 * that a file cannot be built whose keys all collide. Its keys are borrowed from `names`.
 */
#include "node.h"
#include "fold.h"
#include <string.h>

#define INDEX_FROM 8u
#define USUAL      4u /* members */

GQuark esc_input_error_quark(void)
{
	return g_quark_from_static_string("escarp-input-error");
}

static guint64 hash_seed(void)
{
	static gsize ready;
	static guint64 seed;

	if (g_once_init_enter(&ready)) {
		seed = ((guint64)g_random_int() << 32) | g_random_int();
		g_once_init_leave(&ready, 1);
	}
	return seed;
}

static guint name_hash(gconstpointer key)
{
	guint64 h = hash_seed();

	for (const char *p = key; *p; p++) {
		h = (h ^ fold(*p)) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return (guint)(h ^ (h >> 32));
}

static gboolean name_equal(gconstpointer a, gconstpointer b)
{
	return fold_compare(a, b) == 0;
}

static struct node *node_new(enum node_type type)
{
	struct node *n = g_new0(struct node, 1);

	n->type = type;
	n->refs = 1;
	return n;
}

struct node *node_ref(struct node *n)
{
	if (n)
		n->refs++;
	return n;
}

void node_unref(struct node *n)
{
	if (!n || --n->refs > 0)
		return;
	if (n->type == NODE_STRING) {
		g_free(n->string);
	} else if (n->type == NODE_UNKNOWN) {
		g_free(n->unknown.text);
	} else if (n->type == NODE_ARRAY) {
		g_clear_pointer(&n->items, g_ptr_array_unref);
	} else if (n->type == NODE_OBJECT) {
		g_clear_pointer(&n->object.index, g_hash_table_unref);
		g_clear_pointer(&n->object.names, g_ptr_array_unref);
		g_clear_pointer(&n->object.values, g_ptr_array_unref);
	}
	g_free(n);
}

struct node *node_null(void)
{
	return node_new(NODE_NULL);
}

struct node *node_bool(gboolean v)
{
	struct node *n = node_new(NODE_BOOL);

	n->boolean = !!v;
	return n;
}

struct node *node_int(gint64 v)
{
	struct node *n = node_new(NODE_INT);

	n->integer = v;
	return n;
}

struct node *node_double(double v)
{
	struct node *n = node_new(NODE_DOUBLE);

	n->real = v;
	return n;
}

struct node *node_take_string(char *v)
{
	struct node *n = node_new(NODE_STRING);

	n->string = v ? v : g_strdup("");
	return n;
}

struct node *node_string(const char *v)
{
	return node_take_string(g_strdup(v));
}

struct node *node_stringf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = g_strdup_vprintf(format, args);
	va_end(args);
	return node_take_string(text);
}

struct node *node_take_unknown(enum node_type kind, char *text)
{
	struct node *n = node_new(NODE_UNKNOWN);

	n->unknown.text = text;
	n->unknown.kind = kind;
	return n;
}

struct node *node_array(void)
{
	return node_new(NODE_ARRAY);
}

struct node *node_object(void)
{
	return node_new(NODE_OBJECT);
}

struct node *node_at(struct node *n, const struct node *from)
{
	if (n && from) {
		n->line = from->line;
		n->column = from->column;
	}
	return n;
}

static void release(gpointer n)
{
	node_unref(n);
}

void node_append(struct node *array, struct node *value)
{
	if (!array || array->type != NODE_ARRAY || array->refs != 1) {
		g_critical("node_append: not an array of one owner");
		node_unref(value);
		return;
	}
	if (!array->items)
		array->items = g_ptr_array_new_with_free_func(release);
	g_ptr_array_add(array->items, value ? value : node_null());
}

/* Position of a member, or -1. */
static int member_index(const struct node *object, const char *name)
{
	GPtrArray *names = object->object.names;

	if (!names)
		return -1;
	if (object->object.index)
		return GPOINTER_TO_INT(g_hash_table_lookup(object->object.index, name)) - 1;
	for (guint i = 0; i < names->len; i++)
		if (name_equal(names->pdata[i], name))
			return (int)i;
	return -1;
}

static void index_rebuild(struct node *object)
{
	GPtrArray *names = object->object.names;

	g_clear_pointer(&object->object.index, g_hash_table_unref);
	if (!names || names->len <= INDEX_FROM)
		return;
	object->object.index = g_hash_table_new(name_hash, name_equal);
	for (guint i = 0; i < names->len; i++)
		g_hash_table_insert(object->object.index, names->pdata[i], GINT_TO_POINTER(i + 1));
}

static void member_add(struct node *object, const char *name, struct node *value)
{
	if (!object->object.names) {
		object->object.names = g_ptr_array_new_full(USUAL, g_free);
		object->object.values = g_ptr_array_new_full(USUAL, release);
	}
	GPtrArray *names = object->object.names;
	g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_add(object->object.values, value);
	if (object->object.index)
		g_hash_table_insert(object->object.index, names->pdata[names->len - 1], GINT_TO_POINTER(names->len));
	else if (names->len > INDEX_FROM)
		index_rebuild(object);
}

void node_set(struct node *object, const char *name, struct node *value)
{
	if (!object || object->type != NODE_OBJECT || object->refs != 1) {
		g_critical("node_set: not an object of one owner");
		node_unref(value);
		return;
	}
	if (!value)
		value = node_null();
	int at = member_index(object, name);
	if (at < 0) {
		member_add(object, name, value);
		return;
	}
	/* The new value first: it may hold the old one. */
	struct node *old = object->object.values->pdata[at];
	object->object.values->pdata[at] = value;
	node_unref(old);
}

void node_remove(struct node *object, const char *name)
{
	if (!object || object->type != NODE_OBJECT)
		return;
	if (object->refs != 1) {
		g_critical("node_remove: not an object of one owner");
		return;
	}
	int at = member_index(object, name);
	if (at < 0)
		return;
	/* The index borrows the names; it goes before them. */
	g_clear_pointer(&object->object.index, g_hash_table_unref);
	g_ptr_array_remove_index(object->object.names, (guint)at);
	g_ptr_array_remove_index(object->object.values, (guint)at);
	index_rebuild(object);
}

struct node *node_get(const struct node *object, const char *name)
{
	if (!object || object->type != NODE_OBJECT || !name)
		return NULL;
	int at = member_index(object, name);
	return at < 0 ? NULL : object->object.values->pdata[at];
}

/* The member whose name is the first `length` bytes of `name`. */
static struct node *member_named(const struct node *object, const char *name, gsize length)
{
	const GPtrArray *names = object->type == NODE_OBJECT ? object->object.names : NULL;

	if (names && object->object.index) {
		g_autofree char *whole = g_strndup(name, length);

		return node_get(object, whole);
	}
	for (guint i = 0; names && i < names->len; i++) {
		const char *member = names->pdata[i];

		if (strnlen(member, length + 1) == length && fold_equal(member, name, length))
			return object->object.values->pdata[i];
	}
	return NULL;
}

struct node *node_find(const struct node *n, const char *dotted)
{
	struct node *at = NULL;

	for (const char *end = dotted; n && end && *dotted; dotted = end + 1) {
		end = strchrnul(dotted, '.');
		at = member_named(n, dotted, (gsize)(end - dotted));
		if (!at || !*end)
			return at;
		n = at;
	}
	return NULL;
}

guint node_length(const struct node *n)
{
	if (n && n->type == NODE_ARRAY && n->items)
		return n->items->len;
	if (n && n->type == NODE_OBJECT && n->object.names)
		return n->object.names->len;
	return 0;
}

struct node *node_item(const struct node *array, guint i)
{
	if (!array || array->type != NODE_ARRAY || i >= node_length(array))
		return NULL;
	return array->items->pdata[i];
}

const char *node_name(const struct node *object, guint i)
{
	if (!object || object->type != NODE_OBJECT || i >= node_length(object))
		return NULL;
	return object->object.names->pdata[i];
}

struct node *node_value(const struct node *object, guint i)
{
	if (!object || object->type != NODE_OBJECT || i >= node_length(object))
		return NULL;
	return object->object.values->pdata[i];
}

const char *node_str(const struct node *n, const char *fallback)
{
	return n && n->type == NODE_STRING ? n->string : fallback;
}

gint64 node_integer(const struct node *n, gint64 fallback)
{
	gint64 v;

	if (!n)
		return fallback;
	if (n->type == NODE_INT)
		return n->integer;
	if (n->type == NODE_STRING && g_ascii_string_to_signed(n->string, 10, G_MININT64, G_MAXINT64, &v, NULL))
		return v;
	return fallback;
}

gboolean node_truth(const struct node *n, gboolean fallback)
{
	if (!n)
		return fallback;
	if (n->type == NODE_BOOL)
		return n->boolean;
	if (n->type == NODE_STRING && g_ascii_strcasecmp(n->string, "true") == 0)
		return TRUE;
	if (n->type == NODE_STRING && g_ascii_strcasecmp(n->string, "false") == 0)
		return FALSE;
	return fallback;
}

const char *node_get_str(const struct node *object, const char *name, const char *fallback)
{
	return node_str(node_get(object, name), fallback);
}

static gboolean number_equal(const struct node *a, const struct node *b)
{
	if (a->type == NODE_INT && b->type == NODE_INT)
		return a->integer == b->integer;
	double x = a->type == NODE_INT ? (double)a->integer : a->real;
	double y = b->type == NODE_INT ? (double)b->integer : b->real;
	return x == y;
}

static gboolean object_equal(const struct node *a, const struct node *b)
{
	for (guint i = 0; i < node_length(a); i++) {
		const struct node *other = node_get(b, node_name(a, i));
		if (!other || !node_equal(node_value(a, i), other))
			return FALSE;
	}
	return TRUE;
}

static gboolean is_number(const struct node *n)
{
	return n->type == NODE_INT || n->type == NODE_DOUBLE;
}

gboolean node_equal(const struct node *a, const struct node *b)
{
	if (a == b)
		return TRUE;
	if (!a || !b)
		return FALSE;
	if (is_number(a) && is_number(b))
		return number_equal(a, b);
	if (a->type != b->type || node_length(a) != node_length(b))
		return FALSE;
	switch (a->type) {
	case NODE_BOOL:
		return a->boolean == b->boolean;
	case NODE_STRING:
		return strcmp(a->string, b->string) == 0;
	case NODE_UNKNOWN:
		return strcmp(a->unknown.text, b->unknown.text) == 0;
	case NODE_ARRAY:
		for (guint i = 0; i < node_length(a); i++)
			if (!node_equal(node_item(a, i), node_item(b, i)))
				return FALSE;
		return TRUE;
	case NODE_OBJECT:
		return object_equal(a, b);
	default:
		return TRUE;
	}
}

struct node *node_copy(const struct node *n)
{
	if (!n)
		return NULL;
	struct node *c = node_at(node_new(n->type), n);
	switch (n->type) {
	case NODE_BOOL:
		c->boolean = n->boolean;
		break;
	case NODE_INT:
		c->integer = n->integer;
		break;
	case NODE_DOUBLE:
		c->real = n->real;
		break;
	case NODE_STRING:
		c->string = g_strdup(n->string);
		break;
	case NODE_UNKNOWN:
		c->unknown.text = g_strdup(n->unknown.text);
		c->unknown.kind = n->unknown.kind;
		break;
	case NODE_ARRAY:
		for (guint i = 0; i < node_length(n); i++)
			node_append(c, node_copy(node_item(n, i)));
		break;
	case NODE_OBJECT:
		for (guint i = 0; i < node_length(n); i++)
			member_add(c, node_name(n, i), node_copy(node_value(n, i)));
		break;
	default:
		break;
	}
	return c;
}

const char *node_type_name(enum node_type t)
{
	static const char *const names[] = {"null", "bool", "int", "float", "string", "array", "object", "unknown"};

	return (guint)t < G_N_ELEMENTS(names) ? names[t] : "?";
}
