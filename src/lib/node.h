/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as people write it, with the place of every value.
 *
 * Concept. A `struct node` is one JSON value. It remembers the line and column where it stood in its
 * file, so that an error found much later (in the model, in the compiler) can still point there.
 * The reader accepts what template tools accept besides strict JSON: a byte order mark, // and block
 * comments, raw newlines inside strings, trailing commas. It refuses everything else, with bounds on
 * size, depth and count before anything is allocated for it.
 *
 * Ownership: nodes are reference counted and immutable once shared; a container holds a reference to
 * each child. node_unref(NULL) is allowed. Not thread-safe.
 * Keys keep their case; lookups ignore ASCII case, as ARM does. Members keep their order. A repeated
 * key is an error (ignoring case). Ask through the queries below: an empty container has no arrays, a small
 * object has no index.
 */
#pragma once
#include <glib.h>

enum node_type { NODE_NULL, NODE_BOOL, NODE_INT, NODE_DOUBLE, NODE_STRING, NODE_ARRAY, NODE_OBJECT, NODE_UNKNOWN };

struct node {
	enum node_type type;
	int refs;
	guint32 line, column; /* from 1; 0: made by the program */
	union {
		gboolean boolean;
		gint64 integer;
		double real;
		char *string;     /* UTF-8, NUL-terminated, contains no NUL */
		GPtrArray *items; /* NODE_ARRAY: struct node */
		struct {
			GPtrArray *names;  /* char *, in order */
			GPtrArray *values; /* struct node, same index */
			GHashTable *index; /* lower-case name -> index + 1 */
		} object;
		struct {            /* a value that only a real deployment knows: within the template evaluator */
			char *text; /* what is known of it: "web-<unknown: reference('x').fqdn>" */
			enum node_type kind; /* its type; NODE_UNKNOWN: not even that is known */
		} unknown;
	};
};

#define NODE_MAX_BYTES      (32u << 20)
#define NODE_MAX_DEPTH      128
#define NODE_MAX_NODES      4000000u
#define NODE_MAX_FILE_NODES 500000u /* of a file by people: what it takes in memory is many times its bytes */

/* Errors of the whole input side carry a message that already names file, line and what to do. */
#define ESC_INPUT_ERROR (esc_input_error_quark())
GQuark esc_input_error_quark(void);
enum { ESC_INPUT_SYNTAX, ESC_INPUT_LIMIT, ESC_INPUT_INVALID };

/* Parses `length` bytes. `file` is only for messages ("file:line:column: what"). NULL and error set on failure. */
struct node *node_parse(const char *text, gsize length, const char *file, GError **error);
/* Reads a file whole (at most NODE_MAX_BYTES, NODE_MAX_FILE_NODES values) and parses it. */
struct node *node_parse_file(const char *path, GError **error);

struct node *node_ref(struct node *n);
void node_unref(struct node *n);
typedef struct node node;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(node, node_unref)

/* Constructors; the result has one reference, line 0. */
struct node *node_null(void);
struct node *node_bool(gboolean v);
struct node *node_int(gint64 v);
struct node *node_double(double v);
struct node *node_string(const char *v);
struct node *node_stringf(const char *format, ...) G_GNUC_PRINTF(1, 2);
struct node *node_take_string(char *v);
struct node *node_take_unknown(enum node_type kind, char *text);
struct node *node_array(void);
struct node *node_object(void);
/* Copies the place of `from` to `n` (which must not be shared yet); returns n. */
struct node *node_at(struct node *n, const struct node *from);

/* Builders take ownership of `value`. Only on nodes that nobody else holds. */
void node_append(struct node *array, struct node *value);
void node_set(struct node *object, const char *name, struct node *value); /* replaces, keeping position */
void node_remove(struct node *object, const char *name);

/* Queries; all accept NULL and the wrong type and then answer NULL, 0 or the fallback. Borrowed results. */
struct node *node_get(const struct node *object, const char *name); /* case-insensitive */
struct node *node_find(const struct node *n, const char *dotted);   /* "properties.subnet.id" */
guint node_length(const struct node *n);                            /* items or members */
struct node *node_item(const struct node *array, guint i);
const char *node_name(const struct node *object, guint i);
struct node *node_value(const struct node *object, guint i);
const char *node_str(const struct node *n, const char *fallback);
gint64 node_integer(const struct node *n, gint64 fallback);   /* also a string of digits */
gboolean node_truth(const struct node *n, gboolean fallback); /* also "true"/"false" */
const char *node_get_str(const struct node *object, const char *name, const char *fallback);
gboolean node_equal(const struct node *a, const struct node *b); /* deep; member order does not matter */
struct node *node_copy(const struct node *n);                    /* deep copy, unshared, same places */

/* Writes JSON. Compact on one line, or indented by two spaces. Caller frees. */
char *node_print(const struct node *n, gboolean pretty);
const char *node_type_name(enum node_type t);
