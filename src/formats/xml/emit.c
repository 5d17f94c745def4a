/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/xml/emit.h"

#include <string.h>

#define NAME_MAX_BYTES 64           /* of a machine, which is the shortest of all kinds */
#define API_VERSION    "2020-11-01" /* any that has all of the properties that are written here */

static struct node *at(struct node *n, const element *e)
{
	n->line = xml_line(e);
	n->column = n->line ? 1 : 0;
	return n;
}

struct node *emit_object(const element *e)
{
	return at(node_object(), e);
}

struct node *emit_list(const element *e)
{
	return at(node_array(), e);
}

struct node *emit_text(const element *e, const char *text)
{
	return at(node_string(text), e);
}

struct node *emit_elsewhere(struct node *n)
{
	n->line = n->column = 0;
	for (guint i = 0; i < node_length(n); i++)
		emit_elsewhere(n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i));
	return n;
}

struct node *emit_reference_in(const struct emit *m, const element *e, const char *group, const char *type,
                               const char *name)
{
	struct node *o = emit_object(e);

	node_set(o, "id", at(node_take_string(document_make_id(m->subscription, group, type, name)), e));
	return o;
}

struct node *emit_reference(const struct emit *m, const element *e, const char *type, const char *name)
{
	return emit_reference_in(m, e, m->group, type, name);
}

struct node *emit_nested(const element *e, const char *name, struct node *properties)
{
	struct node *o = emit_object(e);

	node_set(o, "name", emit_text(e, name));
	node_set(o, "properties", properties);
	return o;
}

void emit_document(struct emit *m, const element *e, const char *type, const char *name, struct node *sku,
                   struct node *properties)
{
	g_autoptr(node) o = emit_object(e);
	g_autofree char *path = xml_path(e);
	struct document *d;

	node_set(o, "type", emit_text(e, type));
	node_set(o, "apiVersion", emit_text(e, API_VERSION));
	node_set(o, "name", emit_text(e, name));
	node_set(o, "location", emit_text(e, "local"));
	if (sku)
		node_set(o, "sku", sku);
	node_set(o, "properties", properties);
	d = document_new(m->subscription, m->group, type, name, o, m->x->file, path);
	g_ptr_array_add(m->documents, d);
}

char *emit_name(const char *text)
{
	g_autofree char *name = g_strcanon(g_strdup(text), G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-", '-');
	g_autofree char *hash = NULL;

	if (strlen(name) <= NAME_MAX_BYTES)
		return g_steal_pointer(&name);
	hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	return g_strdup_printf("%.*s-%.8s", NAME_MAX_BYTES - 9, name, hash);
}

void emit_texts(struct node *list, const element *parent, const char *child)
{
	for (const element *e = xml_first(parent, child); e; e = xml_next(e, child)) {
		g_autofree char *text = xml_text(e);

		node_append(list, emit_text(e, text));
	}
}
