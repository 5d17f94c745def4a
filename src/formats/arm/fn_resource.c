/* SPDX-License-Identifier: Apache-2.0 */
/* What the cloud would answer about resources at run time: of those of the same run from the template, else unknown. */
#include "internal.h"
#include <string.h>

/* The full answer for an instance, or only its properties. */
static struct node *answer(struct env *e, struct instance *i, gboolean full)
{
	if (!i->active || i->existing) {
		g_autofree char *name = arm_answer_name(i);
		return arm_unknown(e, NODE_OBJECT, full ? "%.*s, 'Full')" : "%.*s)", (int)strlen(name) - 1, name);
	}
	if (!arm_instance_evaluate(e, i))
		return NULL;
	struct node *whole = arm_answer(e, i);
	return whole ? node_ref(full ? whole : node_get(whole, "properties")) : NULL;
}

/* All instances of a loop by its symbolic name, as an array. */
static struct node *answer_all(struct env *e, GPtrArray *group, gboolean full)
{
	g_autoptr(node) out = node_array();

	for (guint i = 0; i < group->len; i++) {
		struct node *one = answer(e, group->pdata[i], full);
		if (!one)
			return NULL;
		node_append(out, one);
	}
	return g_steal_pointer(&out);
}

static struct node *fn_reference(struct env *e, const struct args *a)
{
	gboolean full = a->n > 2 && g_ascii_strcasecmp(node_str(a->v[2], ""), "Full") == 0;

	if (e->frame->function)
		return arm_fail(e, "a function of a template cannot use %s()", a->function);
	const char *name = arm_is_unknown(a->v[0]) ? a->v[0]->unknown.text : arg_str(a, 0);
	struct instance *i = arm_find_instance(e->frame, name);
	return i ? answer(e, i, full) : arm_unknown_call(e, g_hash_table_lookup(arm_function_index(), "reference"), a);
}

static struct node *fn_references(struct env *e, const struct args *a)
{
	g_autofree char *key = g_ascii_strdown(arg_str(a, 0), -1);
	GPtrArray *group = g_hash_table_lookup(e->frame->groups, key);

	if (!group)
		return arm_unknown_call(e, g_hash_table_lookup(arm_function_index(), "references"), a);
	return answer_all(e, group, a->n > 2 && g_ascii_strcasecmp(node_str(a->v[2], ""), "Full") == 0);
}

static struct node *fn_resource_info(struct env *e, const struct args *a)
{
	struct instance *i = arm_find_instance(e->frame, arg_str(a, 0));

	if (!i)
		return arm_fail(e, "resourceInfo('%.80s'): there is no such resource in this template", arg_str(a, 0));
	struct node *out = node_object();
	node_set(out, "id", node_string(i->id));
	node_set(out, "name", node_string(i->name));
	node_set(out, "type", node_string(i->type));
	node_set(out, "apiVersion", node_string(node_get_str(i->source, "apiVersion", "")));
	return out;
}

/* The outputs of a deployment by name, with the values of secure ones. */
static struct node *fn_list_outputs(struct env *e, const struct args *a)
{
	struct instance *i = arm_find_instance(e->frame, arg_str(a, 0));

	if (!i || !i->active || i->existing)
		return arm_unknown_call(e, g_hash_table_lookup(arm_function_index(), "list*"), a);
	if (!arm_instance_evaluate(e, i))
		return NULL;
	if (!i->outputs)
		return arm_unknown_call(e, g_hash_table_lookup(arm_function_index(), "list*"), a);
	struct node *out = node_object();
	for (guint k = 0; k < node_length(i->outputs); k++)
		node_set(out, node_name(i->outputs, k), node_ref(node_get(node_value(i->outputs, k), "value")));
	return out;
}

/* Keys, secrets, zones of a data centre: nothing of it is in any template. */
static struct node *fn_not_here(struct env *e, const struct args *a)
{
	g_autofree char *key = g_ascii_strdown(a->function, -1);
	const struct function *f = g_hash_table_lookup(arm_function_index(), key);

	return arm_unknown_call(e, f ? f : g_hash_table_lookup(arm_function_index(), "list*"), a);
}

const struct function arm_resource_functions[] = {
        {"reference", 1, 3, "s", NODE_OBJECT, FN_UNKNOWN, fn_reference, NULL},
        {"references", 1, 3, "s", NODE_ARRAY, 0, fn_references, NULL},
        {"resourceInfo", 1, 1, "s", NODE_OBJECT, 0, fn_resource_info, NULL},
        {"list*", 1, 3, "ssv", NODE_OBJECT, FN_UNKNOWN, fn_not_here, NULL},
        {"listOutputsWithSecureValues", 1, 2, "s", NODE_OBJECT, 0, fn_list_outputs, NULL},
        {"providers", 1, 2, "s", NODE_OBJECT, FN_UNKNOWN, fn_not_here, NULL},
        {"roleDefinitions", 1, 1, "s", NODE_OBJECT, FN_UNKNOWN, fn_not_here, NULL},
        {"toLogicalZone", 3, 3, "s", NODE_STRING, FN_UNKNOWN, fn_not_here, NULL},
        {"toLogicalZones", 3, 3, "ssa", NODE_ARRAY, FN_UNKNOWN, fn_not_here, NULL},
        {"toPhysicalZone", 3, 3, "s", NODE_STRING, FN_UNKNOWN, fn_not_here, NULL},
        {"toPhysicalZones", 3, 3, "ssa", NODE_ARRAY, FN_UNKNOWN, fn_not_here, NULL},
        {"this.exists", 0, 0, "v", NODE_BOOL, FN_UNKNOWN, fn_not_here, NULL},
        {"this.existingResource", 0, 0, "v", NODE_UNKNOWN, FN_UNKNOWN, fn_not_here, NULL},
        {NULL},
};
