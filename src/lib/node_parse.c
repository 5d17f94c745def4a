/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader: one pass, recursive descent, every bound checked before its allocation.
 *
 * Invariants: `p` never passes `end`; the whole text was found valid UTF-8 without NUL before the first
 * token, so no string can hide a byte sequence that another reader would take differently. Columns
 * count characters, not bytes; the place is carried forward from `mark`, so that one long line costs
 * linear time.
 */
#include "node.h"
#include "input.h"
#include <errno.h>
#include <math.h>
#include <string.h>

struct reader {
	const char *p, *end;
	const char *mark; /* line and column are those of this byte */
	guint32 line, column;
	guint depth, nodes, max_nodes;
	const char *file;
	GError **error;
};

/* Brings the place forward to `to`, which is never before the mark. */
static void place(struct reader *r, const char *to)
{
	for (; r->mark < to; r->mark++) {
		guchar c = (guchar)*r->mark;
		if (c == '\n') {
			r->line++;
			r->column = 1;
		} else if ((c & 0xc0) != 0x80) {
			r->column++;
		}
	}
}

static struct node *fail(struct reader *r, const char *where, int code, const char *format, ...) G_GNUC_PRINTF(4, 5);

static struct node *fail(struct reader *r, const char *where, int code, const char *format, ...)
{
	va_list args;

	place(r, where);
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(r->error, ESC_INPUT_ERROR, code, "%s:%u:%u: %s", r->file, r->line, r->column, what);
	return NULL;
}

/* What stands at the cursor, for "expected X but found Y". Caller frees. */
static char *found(const struct reader *r)
{
	if (r->p >= r->end)
		return g_strdup("the end of the file");
	gunichar c = g_utf8_get_char(r->p);
	if (!g_unichar_isprint(c))
		return g_strdup_printf("character U+%04X", c);
	char text[7] = {0};
	g_unichar_to_utf8(c, text);
	return g_strdup_printf("'%s'", text);
}

static gboolean skip_comment(struct reader *r)
{
	const char *start = r->p;

	if (r->end - r->p >= 2 && r->p[1] == '/') {
		const char *stop = memchr(r->p, '\n', (gsize)(r->end - r->p));
		r->p = stop ? stop : r->end;
		return TRUE;
	}
	if (r->end - r->p >= 2 && r->p[1] == '*') {
		const char *stop = g_strstr_len(r->p + 2, r->end - r->p - 2, "*/");
		if (stop) {
			r->p = stop + 2;
			return TRUE;
		}
		fail(r, start, ESC_INPUT_SYNTAX, "this comment never ends; close it with */");
		return FALSE;
	}
	fail(r, start, ESC_INPUT_SYNTAX, "a lone '/'; a comment starts with // or /*");
	return FALSE;
}

static gboolean skip_space(struct reader *r)
{
	while (r->p < r->end) {
		char c = *r->p;
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			r->p++;
		else if (c != '/')
			return TRUE;
		else if (!skip_comment(r))
			return FALSE;
	}
	return TRUE;
}

/* Four hex digits after \u; -1 when they are not there. */
static int hex4(struct reader *r)
{
	int v = 0;

	if (r->end - r->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = g_ascii_xdigit_value(r->p[i]);
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	r->p += 4;
	return v;
}

/* The cursor stands behind "\u"; `start` at its backslash. */
static gboolean read_unicode(struct reader *r, const char *start, GString *out)
{
	int c = hex4(r);

	if (c < 0)
		return fail(r, start, ESC_INPUT_SYNTAX, "\\u needs four hexadecimal digits") != NULL;
	if (c == 0)
		return fail(r, start, ESC_INPUT_SYNTAX, "\\u0000 (NUL) is not allowed in a string") != NULL;
	if (c >= 0xd800 && c < 0xdc00) {
		int low = -1;
		if (r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u') {
			r->p += 2;
			low = hex4(r);
		}
		if (low < 0xdc00 || low > 0xdfff)
			return fail(r, start, ESC_INPUT_SYNTAX,
			            "\\u%04x is half of a surrogate pair; write both halves", c) != NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c <= 0xdfff) {
		return fail(r, start, ESC_INPUT_SYNTAX,
		            "\\u%04x is the second half of a surrogate pair without the first", c) != NULL;
	}
	g_string_append_unichar(out, (gunichar)c);
	return TRUE;
}

static gboolean read_escape(struct reader *r, GString *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *start = r->p++;

	if (r->p >= r->end)
		return fail(r, start, ESC_INPUT_SYNTAX, "the file ends inside a string") != NULL;
	char c = *r->p;
	const char *known = strchr(from, c);
	if (known) {
		g_string_append_c(out, to[known - from]);
		r->p++;
		return TRUE;
	}
	if (c != 'u')
		return fail(r, start, ESC_INPUT_SYNTAX, "unknown escape in a string; write \\\\ for a backslash") !=
		       NULL;
	r->p++;
	return read_unicode(r, start, out);
}

/* Reads a string; the cursor stands at its opening quote. */
static char *read_string(struct reader *r)
{
	const char *open = r->p++;
	g_autoptr(GString) out = g_string_new(NULL);

	while (r->p < r->end) {
		const char *run = r->p;
		while (r->p < r->end && *r->p != '"' && *r->p != '\\' &&
		       ((guchar)*r->p >= 0x20 || strchr("\n\r\t", *r->p)))
			r->p++;
		g_string_append_len(out, run, r->p - run);
		if (r->p >= r->end)
			break;
		if (*r->p == '"') {
			r->p++;
			return g_string_free(g_steal_pointer(&out), FALSE);
		}
		if (*r->p != '\\') {
			fail(r, r->p, ESC_INPUT_SYNTAX, "control character U+%04X in a string; write \\u%04x", *r->p,
			     *r->p);
			return NULL;
		}
		if (!read_escape(r, out))
			return NULL;
	}
	fail(r, open, ESC_INPUT_SYNTAX, "this string never ends; close it with \"");
	return NULL;
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && g_ascii_isdigit(*p))
		p++;
	return p;
}

/* End of the number at the cursor by the grammar of JSON, NULL when it is none. */
static const char *number_end(const struct reader *r, gboolean *is_int)
{
	const char *p = r->p, *q;

	*is_int = TRUE;
	if (p < r->end && *p == '-')
		p++;
	q = digits(p, r->end);
	if (q == p || (*p == '0' && q - p > 1))
		return NULL;
	if (q < r->end && *q == '.') {
		*is_int = FALSE;
		p = q + 1;
		q = digits(p, r->end);
		if (q == p)
			return NULL;
	}
	if (q < r->end && (*q == 'e' || *q == 'E')) {
		*is_int = FALSE;
		p = q + 1;
		if (p < r->end && (*p == '+' || *p == '-'))
			p++;
		q = digits(p, r->end);
		if (q == p)
			return NULL;
	}
	return q;
}

#define NUMBER_MAX_CHARS 400

static struct node *read_number(struct reader *r)
{
	const char *start = r->p;
	gboolean is_int;
	const char *stop = number_end(r, &is_int);

	if (!stop)
		return fail(r, start, ESC_INPUT_SYNTAX,
		            "not a number; write it like 10, -3 or 1.5e3, or put it in quotes");
	if (stop - start > NUMBER_MAX_CHARS)
		return fail(r, start, ESC_INPUT_LIMIT, "a number of more than %d characters", NUMBER_MAX_CHARS);
	g_autofree char *text = g_strndup(start, (gsize)(stop - start));
	errno = 0;
	if (is_int) {
		gint64 v = g_ascii_strtoll(text, NULL, 10);
		if (errno)
			return fail(r, start, ESC_INPUT_LIMIT, "the number %.40s is out of range (64 bits with sign)",
			            text);
		r->p = stop;
		return node_int(v);
	}
	double v = g_ascii_strtod(text, NULL);
	if (!isfinite(v))
		return fail(r, start, ESC_INPUT_LIMIT, "the number %.40s is out of range", text);
	r->p = stop;
	return node_double(v);
}

static struct node *read_word(struct reader *r)
{
	static const struct {
		const char *word;
		int value; /* -1: null */
	} words[] = {{"true", TRUE}, {"false", FALSE}, {"null", -1}};

	const char *stop = r->p;
	while (stop < r->end && (g_ascii_isalnum(*stop) || *stop == '_'))
		stop++;
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		gsize length = strlen(words[i].word);
		if ((gsize)(stop - r->p) == length && memcmp(r->p, words[i].word, length) == 0) {
			r->p = stop;
			return words[i].value < 0 ? node_null() : node_bool(words[i].value);
		}
	}
	g_autofree char *what = found(r);
	return fail(r, r->p, ESC_INPUT_SYNTAX, "expected a value but found %s; strings need double quotes", what);
}

static struct node *read_value(struct reader *r);

/* After an item: TRUE when another may follow, FALSE with *ok telling whether the container closed well. */
static gboolean more(struct reader *r, char close, gboolean *ok)
{
	*ok = FALSE;
	if (!skip_space(r))
		return FALSE;
	if (r->p < r->end && *r->p == ',') {
		r->p++;
		*ok = skip_space(r);
		if (!*ok)
			return FALSE;
		if (r->p >= r->end || *r->p != close) /* a trailing comma is forgiven */
			return TRUE;
	}
	if (r->p < r->end && *r->p == close) {
		r->p++;
		*ok = TRUE;
		return FALSE;
	}
	g_autofree char *what = found(r);
	fail(r, r->p, ESC_INPUT_SYNTAX, "expected ',' or '%c' but found %s", close, what);
	*ok = FALSE;
	return FALSE;
}

static struct node *read_array(struct reader *r)
{
	g_autoptr(node) array = node_array();
	gboolean ok = TRUE;

	r->p++;
	if (!skip_space(r))
		return NULL;
	if (r->p < r->end && *r->p == ']') {
		r->p++;
		return g_steal_pointer(&array);
	}
	do {
		struct node *item = read_value(r);
		if (!item)
			return NULL;
		node_append(array, item);
	} while (more(r, ']', &ok));
	return ok ? g_steal_pointer(&array) : NULL;
}

static gboolean read_member(struct reader *r, struct node *object)
{
	const char *start = r->p;

	if (r->p >= r->end || *r->p != '"') {
		g_autofree char *what = found(r);
		return fail(r, r->p, ESC_INPUT_SYNTAX, "expected a member name in double quotes but found %s", what) !=
		       NULL;
	}
	place(r, start);
	guint32 line = r->line, column = r->column;
	g_autofree char *name = read_string(r);
	if (!name || !skip_space(r))
		return FALSE;
	if (node_get(object, name)) {
		g_set_error(
		        r->error, ESC_INPUT_ERROR, ESC_INPUT_SYNTAX,
		        "%s:%u:%u: the member \"%.80s\" stands twice in this object (case does not matter); remove one",
		        r->file, line, column, name);
		return FALSE;
	}
	if (r->p >= r->end || *r->p != ':') {
		g_autofree char *what = found(r);
		return fail(r, r->p, ESC_INPUT_SYNTAX, "expected ':' after \"%.80s\" but found %s", name, what) != NULL;
	}
	r->p++;
	struct node *value = skip_space(r) ? read_value(r) : NULL;
	if (!value)
		return FALSE;
	node_set(object, name, value);
	return TRUE;
}

static struct node *read_object(struct reader *r)
{
	g_autoptr(node) object = node_object();
	gboolean ok = TRUE;

	r->p++;
	if (!skip_space(r))
		return NULL;
	if (r->p < r->end && *r->p == '}') {
		r->p++;
		return g_steal_pointer(&object);
	}
	do {
		if (!read_member(r, object))
			return NULL;
	} while (more(r, '}', &ok));
	return ok ? g_steal_pointer(&object) : NULL;
}

static struct node *read_container(struct reader *r)
{
	if (r->depth >= NODE_MAX_DEPTH)
		return fail(r, r->p, ESC_INPUT_LIMIT, "nested deeper than %d levels", NODE_MAX_DEPTH);
	r->depth++;
	struct node *n = *r->p == '{' ? read_object(r) : read_array(r);
	r->depth--;
	return n;
}

static struct node *read_value(struct reader *r)
{
	const char *start = r->p;
	struct node *n = NULL;

	if (++r->nodes > r->max_nodes)
		return fail(r, start, ESC_INPUT_LIMIT, "more than %u values in one file; split it", r->max_nodes);
	place(r, start);
	guint32 line = r->line, column = r->column;
	char c = r->p < r->end ? *r->p : 0;
	if (c == '{' || c == '[') {
		n = read_container(r);
	} else if (c == '"') {
		char *text = read_string(r);
		n = text ? node_take_string(text) : NULL;
	} else if (c == '-' || g_ascii_isdigit(c)) {
		n = read_number(r);
	} else {
		n = read_word(r);
	}
	if (n) {
		n->line = line;
		n->column = column;
	}
	return n;
}

static struct node *parse(const char *text, gsize length, const char *file, guint max_nodes, GError **error)
{
	struct reader r = {.p = text, .end = text + length, .mark = text, .line = 1, .column = 1};
	const char *bad;

	r.file = file ? file : "input";
	r.error = error;
	r.max_nodes = max_nodes;
	if (length > NODE_MAX_BYTES) {
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT, "%s: larger than %u bytes", r.file,
		            NODE_MAX_BYTES);
		return NULL;
	}
	if (length && !g_utf8_validate_len(text, length, &bad))
		return fail(&r, bad, ESC_INPUT_SYNTAX,
		            *bad ? "not valid UTF-8; save the file as UTF-8"
		                 : "a NUL byte; save the file as UTF-8 text");
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.p = r.mark = text + 3;
	g_autoptr(node) n = skip_space(&r) ? read_value(&r) : NULL;
	if (!n || !skip_space(&r))
		return NULL;
	if (r.p < r.end) {
		g_autofree char *what = found(&r);
		return fail(&r, r.p, ESC_INPUT_SYNTAX, "expected the end of the file but found %s", what);
	}
	return g_steal_pointer(&n);
}

struct node *node_parse(const char *text, gsize length, const char *file, GError **error)
{
	return parse(text, length, file, NODE_MAX_NODES, error);
}

struct node *node_parse_file(const char *path, GError **error)
{
	g_autoptr(GByteArray) bytes = input_read(path, NODE_MAX_BYTES, error);

	return bytes ? parse((const char *)bytes->data, bytes->len, path, NODE_MAX_FILE_NODES, error) : NULL;
}
