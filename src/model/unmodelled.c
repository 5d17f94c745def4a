/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a document against the tables of the nouns and lists what nothing here does. */
#include "model/build.h"
#include "model/recognised.h"
#include "lib/fold.h"

#include <string.h>

void unmodelled_free(struct unmodelled *u)
{
	g_free(u->id);
	g_free(u->property);
	g_free(u->why);
	g_free(u);
}

/* A value that asks for nothing, so that leaving it out would mean the same. */
static gboolean asks_nothing(const struct node *n)
{
	switch (n->type) {
	case NODE_NULL:
		return TRUE;
	case NODE_BOOL:
		return !n->boolean;
	case NODE_STRING:
		return !*n->string || g_ascii_strcasecmp(n->string, "false") == 0;
	case NODE_ARRAY:
	case NODE_OBJECT:
		return node_length(n) == 0;
	default:
		return FALSE;
	}
}

/* The same for the value that the table names: of a version, a mode, a number of minutes. */
static gboolean is_usual(const struct known *k, const struct node *n)
{
	g_autofree char *text = n->type == NODE_STRING ? g_strdup(n->string) : node_print(n, FALSE);

	return k->nothing && g_ascii_strcasecmp(text, k->nothing) == 0;
}

/* The entry for `path`, or with *inside set when an entry lies below it. */
static const struct known *find(const struct known *table, const char *path, gboolean *inside)
{
	gsize length = strlen(path);

	for (; table->path; table++) {
		/* Most differ at the end of what they could have in common, so that is looked at first. */
		if (strnlen(table->path, length) < length ||
		    (table->path[length] && !strchr(".[", table->path[length])) ||
		    !fold_equal(table->path, path, length))
			continue;
		if (!table->path[length])
			return table;
		if (table->path[length] == '.' || table->path[length] == '[')
			*inside = TRUE;
	}
	return NULL;
}

/* What the tables say of a pattern. */
struct found {
	const struct known *known;
	gboolean inside;
};

struct walk {
	const struct spot *spot;
	const struct known *table;
	GHashTable *found; /* pattern -> struct found: resources of a type are alike */
	GString *pattern;  /* "properties.subnets[].name" */
	GString *path;     /* "properties.subnets[3].name" */
};

static void walk_value(struct walk *w, const struct node *n);

static void walk_object(struct walk *w, const struct node *n)
{
	gsize pattern = w->pattern->len, path = w->path->len;

	for (guint i = 0; i < node_length(n); i++) {
		const char *dot = path > 0 ? "." : "";

		g_string_append(g_string_append(w->pattern, dot), node_name(n, i));
		g_string_append(g_string_append(w->path, dot), node_name(n, i));
		walk_value(w, node_value(n, i));
		g_string_truncate(w->pattern, pattern);
		g_string_truncate(w->path, path);
	}
}

static void walk_array(struct walk *w, const struct node *n)
{
	gsize pattern = w->pattern->len, path = w->path->len;

	g_string_append(w->pattern, "[]");
	for (guint i = 0; i < node_length(n); i++) {
		g_string_append_printf(w->path, "[%u]", i);
		walk_value(w, node_item(n, i));
		g_string_truncate(w->path, path);
	}
	g_string_truncate(w->pattern, pattern);
}

static void judge(struct walk *w, const struct known *k, const struct node *n)
{
	switch (k->treatment) {
	case IRRELEVANT:
	case ENFORCED:
	case RECORDED_PART:
		return;
	case NOT_MODELLED:
		if (!asks_nothing(n) && !is_usual(k, n))
			spot_unmodelled(w->spot, w->path->str, k->why);
		return;
	case NOT_MODELLED_OFF:
		if (!node_truth(n, TRUE))
			spot_unmodelled(w->spot, w->path->str, k->why);
		return;
	case RECORDED:
		if (!asks_nothing(n) && !is_usual(k, n))
			spot_recorded(w->spot, w->path->str, k->why);
		return;
	case RECORDED_OFF:
		if (!node_truth(n, TRUE))
			spot_recorded(w->spot, w->path->str, k->why);
		return;
	}
}

/* What is not known at all is not kept: there may be no end of it. */
static struct found look_up(const struct walk *w)
{
	const struct found *kept = g_hash_table_lookup(w->found, w->pattern->str);
	struct found f = {NULL, FALSE};

	if (kept)
		return *kept;
	f.known = find(known_everywhere, w->pattern->str, &f.inside);
	if (!f.known)
		f.known = find(w->table, w->pattern->str, &f.inside);
	if (f.known || f.inside)
		g_hash_table_insert(w->found, g_strdup(w->pattern->str), g_memdup2(&f, sizeof(f)));
	return f;
}

static void walk_value(struct walk *w, const struct node *n)
{
	struct found f = look_up(w);

	if (f.known)
		judge(w, f.known, n);
	else if (f.inside && n->type == NODE_OBJECT)
		walk_object(w, n);
	else if (f.inside && n->type == NODE_ARRAY)
		walk_array(w, n);
	else if (!asks_nothing(n))
		spot_unmodelled(w->spot, w->path->str, "this property is not modelled");
}

void list_unmodelled(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct walk w = {.spot = &s, .table = known_properties(d->type)};

	if (!w.table) {
		spot_unmodelled(&s, "", recognised_why(d->type));
		return;
	}
	w.found = g_hash_table_lookup(b->found, w.table);
	if (!w.found) {
		w.found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		g_hash_table_insert(b->found, (gpointer)w.table, w.found);
	}
	w.pattern = g_string_new(NULL);
	w.path = g_string_new(NULL);
	walk_object(&w, d->resource);
	g_string_free(w.pattern, TRUE);
	g_string_free(w.path, TRUE);
}
