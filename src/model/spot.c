/* SPDX-License-Identifier: Apache-2.0 */
/* Spots: where a value stands, and how to say so. */
#include "model/build.h"

#include <string.h>

struct spot spot_of(struct build *b, const struct document *d)
{
	return (struct spot){.build = b, .document = d, .node = d->resource, .path = ""};
}

struct spot noun_spot(struct build *b, const struct noun *n)
{
	return (struct spot){.build = b, .document = n->document, .node = n->at, .path = n->path};
}

const struct node *spot_get(const struct spot *s, const char *dotted)
{
	const struct node *n = *dotted ? node_find(s->node, dotted) : s->node;

	return n && n->type != NODE_NULL ? n : NULL;
}

guint spot_length(const struct spot *s, const char *dotted)
{
	const struct node *n = spot_get(s, dotted);

	if (n && n->type != NODE_ARRAY) {
		spot_error(s, dotted, "a list belongs here, not %s; write [ ... ]", node_type_name(n->type));
		return 0;
	}
	return node_length(n);
}

gboolean spot_is_object(const struct spot *s, const char *dotted)
{
	const struct node *n = spot_get(s, dotted);

	if (!n || n->type == NODE_OBJECT)
		return TRUE;
	spot_error(s, dotted, "an object belongs here, not %s; write { ... }", node_type_name(n->type));
	return FALSE;
}

static char *join(const char *path, const char *dotted)
{
	return g_strconcat(path, *path && *dotted ? "." : "", dotted, NULL);
}

struct spot spot_below(const struct spot *s, const char *dotted)
{
	g_autofree char *path = join(s->path, dotted);
	struct spot below = *s;

	below.node = spot_get(s, dotted);
	below.path = g_string_chunk_insert(s->build->texts, path);
	return below;
}

struct spot spot_item(const struct spot *s, const char *dotted, guint i)
{
	g_autofree char *list = join(s->path, dotted);
	g_autofree char *path = g_strdup_printf("%s[%u]", list, i);
	struct spot item = *s;

	item.node = node_item(spot_get(s, dotted), i);
	item.path = g_string_chunk_insert(s->build->texts, path);
	return item;
}

/* The line of the deepest node on the way to `dotted` that has one: what is missing is reported where it is missed. */
static guint32 line_of(const struct spot *s, const char *dotted)
{
	g_auto(GStrv) parts = g_strsplit(dotted, ".", -1);
	const struct node *n = s->node;
	guint32 line = s->document->line;

	if (n && n->line)
		line = n->line;
	for (char **p = parts; *p && n; p++) {
		n = node_get(n, *p);
		if (n && n->line)
			line = n->line;
	}
	return line;
}

/* One line of valid text, whatever the document held: messages go to terminals and into JSON. */
static char *clean(char *text)
{
	g_autofree char *dirty = text;
	char *valid = g_utf8_make_valid(dirty, -1);

	for (char *c = valid; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	return valid;
}

char *spot_place(const struct spot *s, const char *dotted)
{
	const struct document *d = s->document;
	g_autofree char *path = join(s->path, dotted);
	g_autofree char *in = *path ? g_strdup_printf(" (%s)", path) : g_strdup("");
	guint32 line = line_of(s, dotted);

	/* Without a file, its name alone would not say which resource it is. */
	if (!d->file)
		return clean(g_strdup_printf("resource '%s'%s", d->id, in));
	if (line == 0)
		return clean(g_strdup_printf("%s: resource '%s'%s", d->file, d->name, in));
	return clean(g_strdup_printf("%s:%u: resource '%s'%s", d->file, line, d->name, in));
}

char *noun_place(const struct noun *n)
{
	const struct spot s = {.document = n->document, .node = n->at, .path = n->path};

	return spot_place(&s, "");
}

#define MAX_ERRORS 1000u /* nobody reads more, and a loop makes millions */

/* Adds the line, unless it has been said. */
static void say(GPtrArray *to, const struct spot *s, const char *dotted, const char *message)
{
	g_autofree char *place = spot_place(s, dotted);
	char *line = clean(g_strdup_printf("%s: %s", place, message));

	if (g_hash_table_add(s->build->said, line))
		g_ptr_array_add(to, g_strdup(line));
}

void spot_error(const struct spot *s, const char *dotted, const char *message, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, message);
	text = g_strdup_vprintf(message, args);
	va_end(args);
	if (s->build->errors->len < MAX_ERRORS)
		say(s->build->errors, s, dotted, text);
	else if (s->build->errors->len == MAX_ERRORS)
		g_ptr_array_add(s->build->errors,
		                g_strdup_printf("more than %u errors; correct these, then look again", MAX_ERRORS));
}

void spot_warning(const struct spot *s, const char *dotted, const char *message, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, message);
	text = g_strdup_vprintf(message, args);
	va_end(args);
	say(s->build->graph->warnings, s, dotted, text);
}

static void list(GPtrArray *to, const struct spot *s, const char *dotted, const char *why)
{
	struct unmodelled *u = g_new0(struct unmodelled, 1);

	u->id = g_strdup(s->document->id);
	u->property = join(s->path, dotted);
	u->why = g_strdup(why);
	g_ptr_array_add(to, u);
}

void spot_unmodelled(const struct spot *s, const char *dotted, const char *why)
{
	list(s->build->graph->unmodelled, s, dotted, why);
}

void spot_recorded(const struct spot *s, const char *dotted, const char *why)
{
	list(s->build->graph->recorded, s, dotted, why);
}

char *noun_where(const struct noun *n)
{
	guint32 line = n->at && n->at->line ? n->at->line : n->document->line;

	if (!n->document->file)
		return g_strdup_printf("'%s'", n->id);
	return g_strdup_printf("'%s' (%s:%u)", n->name, n->document->file, line);
}
