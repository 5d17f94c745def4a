/* SPDX-License-Identifier: Apache-2.0 */
#include "model/support.h"

#include "model/build.h"
#include "model/recognised.h"

#include <string.h>

static const struct {
	const char *word, *when;
} treatments[] = {
        [IRRELEVANT] = {"irrelevant", NULL},
        [ENFORCED] = {"enforced", NULL},
        [RECORDED] = {"recorded", NULL},
        [RECORDED_OFF] = {"recorded", "false"},
        [RECORDED_PART] = {"recorded", NULL},
        [NOT_MODELLED] = {"not modelled", NULL},
        [NOT_MODELLED_OFF] = {"not modelled", "false"},
};

static gint compare_known(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const struct known *const *)a)->path, (*(const struct known *const *)b)->path);
}

static struct node *properties_node(const struct known *k)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	struct node *list = node_array();

	for (; k->path; k++)
		g_ptr_array_add(sorted, (gpointer)k);
	g_ptr_array_sort(sorted, compare_known);
	for (guint i = 0; i < sorted->len; i++) {
		struct node *o = node_object();

		k = sorted->pdata[i];
		node_set(o, "path", node_string(k->path));
		node_set(o, "treatment", node_string(treatments[k->treatment].word));
		if (treatments[k->treatment].when)
			node_set(o, "when", node_string(treatments[k->treatment].when));
		if (k->nothing)
			node_set(o, "unless", node_string(k->nothing));
		if (k->why)
			node_set(o, "why", node_string(k->why));
		node_append(list, o);
	}
	return list;
}

static struct node *type_node(const char *type, const struct known *known)
{
	struct node *o = node_object();

	node_set(o, "type", node_string(type));
	node_set(o, "properties", properties_node(known));
	return o;
}

static gint compare_types(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const struct resource_type *const *)a)->type, (*(const struct resource_type *const *)b)->type);
}

static void append_recognised(struct node *list)
{
	for (const struct recognised *r = recognised_types; r->type; r++) {
		struct node *o = node_object();

		node_set(o, "type", node_string(r->type));
		node_set(o, "why", node_string(r->why));
		node_append(list, o);
	}
}

struct node *model_support(void)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	struct node *list = node_array();

	for (const struct resource_type *t = resource_types; t->type; t++)
		g_ptr_array_add(sorted, (gpointer)t);
	g_ptr_array_sort(sorted, compare_types);
	node_append(list, type_node("*", known_everywhere));
	for (guint i = 0; i < sorted->len; i++) {
		const struct resource_type *t = sorted->pdata[i];

		node_append(list, type_node(t->type, t->known));
	}
	append_recognised(list);
	return list;
}
