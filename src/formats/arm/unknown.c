/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that only a real deployment knows.
 *
 * An unknown value has a type, as far as that is known, and a text. The text of an unknown string keeps what is known
 * of it ("web-<unknown: reference('x').fqdn>"), that of others is the one marker. Equal texts mean the same value: the
 * name within a marker is made from evaluated arguments, never from the words of an expression. Containers may be
 * known and yet `open`: the deployment adds members, and a missing one is unknown instead of wrong.
 */
#include "internal.h"
#include <string.h>

#define MARK      "<unknown: "
#define NAME_MAX_ 200

gboolean arm_is_unknown(const struct node *n)
{
	return n && n->type == NODE_UNKNOWN;
}

gboolean arm_holds_unknown(const struct node *n)
{
	if (arm_is_unknown(n))
		return TRUE;
	for (guint i = 0; i < node_length(n); i++)
		if (arm_holds_unknown(n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i)))
			return TRUE;
	return FALSE;
}

/* Cuts a long name; what is cut off stays in it as a hash, so that different values keep different names. */
static char *short_name(const char *name)
{
	if (g_utf8_strlen(name, -1) <= NAME_MAX_)
		return g_strdup(name);
	g_autofree char *head = g_utf8_substring(name, 0, NAME_MAX_);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
	return g_strdup_printf("%s...%.8s", head, hash);
}

struct node *arm_unknown(struct env *e, enum node_type kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *name = short_name(what);
	if (e->run->pending->len < 1000)
		g_ptr_array_add(e->run->pending, g_strdup(name));
	return node_at(node_take_unknown(kind, g_strdup_printf(MARK "%s>", name)), e->place);
}

struct node *arm_unknown_string(struct env *e, char *text)
{
	return node_at(node_take_unknown(NODE_STRING, text), e->place);
}

/* The name within the marker when the text is nothing but one, else NULL. Caller frees. */
static char *lone_name(const char *text)
{
	gsize length = strlen(text), mark = strlen(MARK);

	if (length <= mark || !g_str_has_prefix(text, MARK) || text[length - 1] != '>' || strstr(text + mark, MARK))
		return NULL;
	return strchr(text, '>') == text + length - 1 ? g_strndup(text + mark, length - mark - 1) : NULL;
}

struct node *arm_unknown_member(struct env *e, const char *base, const char *member, gint64 index)
{
	g_autofree char *lone = lone_name(base);

	if (member)
		return arm_unknown(e, NODE_UNKNOWN, "%s.%s", lone ? lone : base, member);
	return arm_unknown(e, NODE_UNKNOWN, "%s[%" G_GINT64_FORMAT "]", lone ? lone : base, index);
}

/* An argument as it would be written in a template, short. */
static void append_argument(GString *out, const struct node *n)
{
	g_autofree char *lone = arm_is_unknown(n) ? lone_name(n->unknown.text) : NULL;

	if (lone)
		g_string_append(out, lone);
	else if (arm_is_unknown(n))
		g_string_append_printf(out, "'%s'", n->unknown.text);
	else if (n->type == NODE_STRING)
		g_string_append_printf(out, "'%s'", n->string);
	else if (n->type >= NODE_ARRAY)
		g_string_append(out, n->type == NODE_ARRAY ? "[...]" : "{...}");
	else if (n->type == NODE_BOOL)
		g_string_append(out, n->boolean ? "true()" : "false()");
	else {
		g_autofree char *text = node_print(n, FALSE);
		g_string_append(out, text);
	}
}

struct node *arm_unknown_call(struct env *e, const struct function *f, const struct args *a)
{
	g_autoptr(GString) out = g_string_new(a->function);

	g_string_append_c(out, '(');
	for (guint i = 0; i < a->n && out->len < 16384; i++) {
		if (i)
			g_string_append(out, ", ");
		append_argument(out, a->v[i]);
	}
	g_string_append_c(out, ')');
	return arm_unknown(e, f ? f->gives : NODE_UNKNOWN, "%s", out->str);
}

/* Notes what became unknown since `from`; of "f()", "f().a" and "f().a.b" only the last is worth a line. */
void arm_note_unknowns(struct env *e, guint from)
{
	GPtrArray *pending = e->run->pending;

	for (guint i = from; i < pending->len && i < from + 100; i++) {
		gboolean covered = FALSE;
		for (guint k = i + 1; k < pending->len && k < i + 100 && !covered; k++)
			covered = strstr(pending->pdata[k], pending->pdata[i]) != NULL;
		if (!covered)
			arm_note(e, "%s is known only to a real deployment", (char *)pending->pdata[i]);
	}
	g_ptr_array_set_size(pending, (int)MIN(from, pending->len));
}

void arm_assume(struct env *e, const struct node *unknown, const char *what, const char *assumed)
{
	g_autofree char *lone = lone_name(unknown->unknown.text);

	arm_note(e, "%s depends on %s, which only a real deployment knows: %s", what,
	         lone ? lone : unknown->unknown.text, assumed);
}

void arm_open(struct run *run, struct node *container, const char *name)
{
	g_hash_table_replace(run->open, node_ref(container), g_strdup(name));
}

const char *arm_open_name(const struct run *run, const struct node *container)
{
	return g_hash_table_lookup(run->open, container);
}

static struct node *plain_members(const struct node *n)
{
	gboolean array = n->type == NODE_ARRAY;
	struct node *out = node_at(array ? node_array() : node_object(), n);

	for (guint i = 0; i < node_length(n); i++) {
		struct node *member = arm_plain(node_ref(array ? node_item(n, i) : node_value(n, i)));
		if (array)
			node_append(out, member);
		else
			node_set(out, node_name(n, i), member);
	}
	return out;
}

struct node *arm_plain(struct node *n)
{
	struct node *out;

	if (!n || !arm_holds_unknown(n))
		return n;
	out = arm_is_unknown(n) ? node_at(node_string(n->unknown.text), n) : plain_members(n);
	node_unref(n);
	return out;
}

/* How many letters differ between two words, up to 3. */
static guint distance(const char *a, const char *b)
{
	guint row[64], n = (guint)strlen(a), m = (guint)strlen(b);

	if (n >= 63 || m >= 63 || n + 3 <= m || m + 3 <= n)
		return 3;
	for (guint k = 0; k <= m; k++)
		row[k] = k;
	for (guint i = 1; i <= n; i++) {
		guint diagonal = row[0];
		row[0] = i;
		for (guint k = 1; k <= m; k++) {
			guint above = row[k];
			guint replaced = diagonal + (g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[k - 1]));
			row[k] = MIN(replaced, MIN(above, row[k - 1]) + 1);
			diagonal = above;
		}
	}
	return MIN(row[m], 3);
}

char *arm_suggest(GHashTable *names, const char *wanted)
{
	GHashTableIter all;
	gpointer key;
	const char *best = NULL;
	guint least = 3, tried = 0;

	g_hash_table_iter_init(&all, names);
	while (g_hash_table_iter_next(&all, &key, NULL) && tried++ < 10000) {
		guint d = distance(wanted, key);
		/* the order of a hash table must not show */
		if (d < least || (d == least && best && strcmp(key, best) < 0)) {
			least = d;
			best = key;
		}
	}
	return best && strlen(wanted) > least ? g_strdup_printf("; did you mean '%s'?", best) : g_strdup("");
}
