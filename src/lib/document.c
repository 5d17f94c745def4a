/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: identity, ids and the form in the store. */
#include "document.h"
#include <string.h>

static void free_document(gpointer d)
{
	document_free(d);
}

struct document *document_new(const char *subscription, const char *group, const char *type, const char *name,
                              struct node *resource, const char *file, const char *path)
{
	struct document *d = g_new0(struct document, 1);

	d->id = document_make_id(subscription, group, type, name);
	d->type = g_ascii_strdown(type, -1);
	d->name = g_strdup(name);
	d->subscription = g_strdup(subscription ? subscription : "");
	d->group = g_strdup(group);
	d->resource = node_ref(resource);
	d->file = g_strdup(file);
	d->path = g_strdup(path);
	d->line = resource ? resource->line : 0;
	return d;
}

void document_free(struct document *d)
{
	if (!d)
		return;
	g_free(d->id);
	g_free(d->type);
	g_free(d->name);
	g_free(d->subscription);
	g_free(d->group);
	g_free(d->file);
	g_free(d->path);
	node_unref(d->resource);
	g_free(d);
}

GPtrArray *document_list_new(void)
{
	return g_ptr_array_new_with_free_func(free_document);
}

char *document_make_id(const char *subscription, const char *group, const char *type, const char *name)
{
	g_auto(GStrv) types = g_strsplit(type, "/", -1);
	g_auto(GStrv) names = g_strsplit(name, "/", -1);
	GString *id = g_string_new(NULL);

	if (subscription)
		g_string_append_printf(id, "/subscriptions/%s", subscription);
	if (subscription && group)
		g_string_append_printf(id, "/resourceGroups/%s", group);
	g_string_append_printf(id, "/providers/%s", types[0] ? types[0] : "");
	for (guint i = 0; types[0] && types[i + 1]; i++) {
		g_string_append_printf(id, "/%s", types[i + 1]);
		if (i < g_strv_length(names))
			g_string_append_printf(id, "/%s", names[i]);
	}
	return g_string_free(id, FALSE);
}

static void collect_lines(const struct node *n, struct node *lines)
{
	if (n->type == NODE_OBJECT)
		node_append(lines, node_int(n->line));
	for (guint i = 0; i < node_length(n); i++)
		collect_lines(n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i), lines);
}

/* Back to the places in the author's file, where the resource has been through a store. What is no object is where its object is. */
static void place(struct node *n, const struct node *lines, guint *next, guint32 line, gboolean moved)
{
	if (n->type == NODE_OBJECT) {
		gint64 own = node_integer(node_item(lines, (*next)++), 0);

		line = own > 0 && own <= G_MAXUINT32 ? (guint32)own : 0;
		moved = n->line != line;
	}
	if (moved) {
		n->line = line;
		n->column = 0;
	}
	for (guint i = 0; i < node_length(n); i++)
		place(n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i), lines, next, line, moved);
}

struct node *document_to_node(const struct document *d)
{
	struct node *n = node_object(), *lines = node_array();

	node_set(n, "id", node_string(d->id));
	node_set(n, "resource", node_ref(d->resource));
	if (d->file)
		node_set(n, "file", node_string(d->file));
	if (d->path)
		node_set(n, "path", node_string(d->path));
	node_set(n, "line", node_int(d->line));
	collect_lines(d->resource, lines);
	node_set(n, "lines", lines);
	return n;
}

/* The parts of "[/subscriptions/S[/resourceGroups/G]]/providers/NS(/type/name)+" into `d`; FALSE when it is none. */
static gboolean take_id(struct document *d, const char *id)
{
	g_auto(GStrv) p = g_strsplit(id, "/", -1);
	guint count = g_strv_length(p), at = 1;
	g_autoptr(GString) type = g_string_new(NULL);
	g_autoptr(GString) name = g_string_new(NULL);

	for (guint i = 1; i < count; i++)
		if (!*p[i])
			return FALSE;
	if (count < 5 || *p[0])
		return FALSE;
	gboolean subscribed = g_ascii_strcasecmp(p[1], "subscriptions") == 0;
	gboolean grouped = subscribed && g_ascii_strcasecmp(p[3], "resourceGroups") == 0;
	if (subscribed)
		at = grouped ? 5 : 3;
	if (count < at + 4 || g_ascii_strcasecmp(p[at], "providers") != 0 || (count - at) % 2 != 0)
		return FALSE;
	g_string_append(type, p[at + 1]);
	for (guint i = at + 2; i < count; i += 2) {
		g_string_append_printf(type, "/%s", p[i]);
		g_string_append_printf(name, "%s%s", name->len ? "/" : "", p[i + 1]);
	}
	d->id = g_strdup(id);
	d->type = g_ascii_strdown(type->str, -1);
	d->name = g_strdup(name->str);
	d->subscription = g_strdup(subscribed ? p[2] : "");
	d->group = grouped ? g_strdup(p[4]) : NULL;
	return TRUE;
}

struct document *document_from_node(const struct node *n, GError **error)
{
	const char *id = node_get_str(n, "id", NULL);
	struct node *resource = node_get(n, "resource");
	gint64 line = node_integer(node_get(n, "line"), 0);
	guint next = 0;
	struct document *d = g_new0(struct document, 1);

	if (!id || !take_id(d, id)) {
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID,
		            "a document without a valid resource id: \"%.200s\"", id ? id : "");
		document_free(d);
		return NULL;
	}
	if (!resource || resource->type != NODE_OBJECT || line < 0 || line > G_MAXUINT32) {
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID,
		            "document %s: \"resource\" must be an object and \"line\" a line number", id);
		document_free(d);
		return NULL;
	}
	d->resource = node_ref(resource);
	d->file = g_strdup(node_get_str(n, "file", NULL));
	d->path = g_strdup(node_get_str(n, "path", NULL));
	d->line = (guint32)line;
	place(resource, node_get(n, "lines"), &next, 0, FALSE);
	return d;
}

char *document_key(const char *id)
{
	g_autofree char *lower = g_ascii_strdown(id, -1);

	return g_strconcat("/doc", lower, NULL);
}
