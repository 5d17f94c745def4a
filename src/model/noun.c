/* SPDX-License-Identifier: Apache-2.0 */
/* What all nouns have in common: identity, order, and the names of nested ones. */
#include "model/build.h"
#include "lib/fold.h"

#include <string.h>

void noun_declare(struct noun *n, const struct spot *s, const char *id)
{
	struct build *b = s->build;
	g_autofree char *lower = g_ascii_strdown(id, -1);
	const struct noun *other = g_hash_table_lookup(b->graph->by_id, lower);
	const char *slash = strrchr(id, '/');

	n->id = g_strdup(id);
	n->key = g_strdup(lower);
	n->name = g_strdup(slash ? slash + 1 : id);
	n->document = s->document;
	n->subscription = s->document->subscription;
	n->group = s->document->group;
	n->at = s->node;
	n->path = g_strdup(s->path);
	if (other) {
		g_autofree char *where = noun_where(other);

		spot_error(s, "", "'%s' is declared twice, here and as %s; keep one of them", n->name, where);
		return;
	}
	g_hash_table_insert(b->graph->by_id, g_steal_pointer(&lower), n);
}

/* Letters and digits of any script, as the original counts them. */
static gboolean is_name(const char *name)
{
	gunichar first = g_utf8_get_char(name), last = 0;

	for (const char *p = name; *p; p = g_utf8_next_char(p)) {
		last = g_utf8_get_char(p);
		if (!g_unichar_isalnum(last) && (last > 127 || !strchr("_.-", (int)last)))
			return FALSE;
	}
	return (g_unichar_isalnum(first) || first == '_') && (g_unichar_isalnum(last) || last == '_');
}

void noun_check_name(const struct noun *n, const struct spot *s, guint max)
{
	glong length = g_utf8_strlen(n->name, -1);

	/* what only a deployment knows the name of is taken to exist under the words for it */
	if (g_strcmp0(s->document->file, GRAPH_ASSUMED) == 0 && strstr(n->name, "<unknown"))
		return;
	if (length > (glong)max)
		spot_error(s, "name", "the name has %ld characters; use at most %u", length, max);
	else if (!is_name(n->name))
		spot_error(s, "name",
		           "'%.100s' cannot be a name; use letters, digits, '_', '.' and '-', and end with neither of "
		           "the last two",
		           n->name);
}

gboolean noun_is_assumed(const struct noun *n)
{
	return g_strcmp0(n->document->file, GRAPH_ASSUMED) == 0;
}

void noun_clear(struct noun *n)
{
	g_free(n->id);
	g_free(n->key);
	g_free(n->name);
	g_free(n->path);
}

/* Every noun's struct begins with its `struct noun`, so the elements compare as such. */
gint noun_compare(gconstpointer a, gconstpointer b)
{
	const struct noun *x = *(const struct noun *const *)a;
	const struct noun *y = *(const struct noun *const *)b;

	return fold_compare(x->id, y->id);
}

char *nested_id(const struct spot *item, const char *collection)
{
	return nested_id_in(item->document->id, item, collection);
}

char *nested_id_in(const char *parent, const struct spot *item, const char *collection)
{
	const char *name;

	if (item->node->type != NODE_OBJECT) {
		spot_error(item, "", "an object belongs here, not %s; write { \"name\": ... }",
		           node_type_name(item->node->type));
		return NULL;
	}
	name = read_text(item, "name", TRUE);
	if (!name)
		return NULL;
	if (!spot_is_object(item, "properties"))
		return NULL;
	if (!*name || strchr(name, '/') || strlen(name) > 128) {
		spot_error(item, "name", "'%s' cannot be a name; use 1 to 128 characters without '/'", name);
		return NULL;
	}
	return g_strdup_printf("%s/%s/%s", parent, collection, name);
}

gboolean has_document(const struct build *b, const char *id)
{
	g_autofree char *lower = g_ascii_strdown(id, -1);

	return g_hash_table_contains(b->documents, lower);
}

gboolean has_own_document(const struct spot *item, const char *id)
{
	g_autofree char *lower = g_ascii_strdown(id, -1);
	const struct document *d = g_hash_table_lookup(item->build->documents, lower);
	const struct node *own = d ? node_get(d->resource, "properties") : NULL, *listed = spot_get(item, "properties");

	if (d && !(own && listed ? node_equal(own, listed) : own == listed))
		spot_warning(
		        item, "",
		        "'%s' is also a resource of its own (%s:%u), which differs; that one counts, this one is not "
		        "used",
		        node_get_str(item->node, "name", "?"), d->file ? d->file : "a stored document", d->line);
	return d != NULL;
}

void read_children(const struct spot *s, const char *list, const char *collection,
                   void (*add)(gpointer parent, const struct spot *item, const char *id), gpointer parent)
{
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		g_autofree char *id = nested_id(&item, collection);

		if (id && !has_own_document(&item, id))
			add(parent, &item, id);
	}
}

static gint compare_prefixes(gconstpointer a, gconstpointer b)
{
	const struct prefix *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (gint)x->length - (gint)y->length;
}

void sort_prefixes(GArray *prefixes)
{
	g_array_sort(prefixes, compare_prefixes);
}
