/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cloud would answer about resources at run time. Of resources of the same template we know
 * what the template says; the rest is unknown.
 */
#include "internal.h"

#include <string.h>

static struct node *source_unknown(struct env *e, const struct expr *x)
{
	return arm_unknown(e, "%.*s", (int)(x->end - x->start), e->text + x->start);
}

/* The same member with the id that the cloud gives it, when it is an object with a name and without an id. */
static struct node *with_id(struct instance *i, const char *list, struct node *member)
{
	const char *name = node_get_str(member, "name", NULL);

	if (!name || node_get(member, "id"))
		return node_ref(member);
	struct node *out = node_at(node_object(), member);
	node_set(out, "id", node_stringf("%s/%s/%s", i->id, list, name));
	for (guint k = 0; k < node_length(member); k++)
		node_set(out, node_name(member, k), node_ref(node_value(member, k)));
	return out;
}

static struct node *list_with_ids(struct instance *i, const char *list, struct node *members)
{
	struct node *out = node_at(node_array(), members);

	for (guint k = 0; k < node_length(members); k++)
		node_append(out, with_id(i, list, node_item(members, k)));
	return out;
}

/*
 * Properties as a network resource answers them: its inline children (subnets, front ends, pools, configurations) have
 * become resources, so each has an id.
 */
static struct node *with_child_ids(struct instance *i, struct node *properties)
{
	if (g_ascii_strncasecmp(i->type, "Microsoft.Network/", strlen("Microsoft.Network/")) != 0)
		return node_ref(properties);
	struct node *out = node_at(node_object(), properties);
	for (guint k = 0; k < node_length(properties); k++) {
		const char *name = node_name(properties, k);
		struct node *value = node_value(properties, k);
		node_set(out, name, value->type == NODE_ARRAY ? list_with_ids(i, name, value) : node_ref(value));
	}
	return out;
}

/* The full answer for an instance, or only its properties. */
static struct node *answer(struct env *e, const struct expr *x, struct instance *i, gboolean full)
{
	if (!i->active || i->existing)
		return source_unknown(e, x);
	if (!arm_instance_evaluate(e, i))
		return NULL;
	if (full)
		return node_ref(i->body);
	struct node *properties = node_get(i->body, "properties");
	return properties && properties->type == NODE_OBJECT ? with_child_ids(i, properties) : source_unknown(e, x);
}

/* All instances of a loop by its symbolic name, as an array. */
static struct node *answer_all(struct env *e, const struct expr *x, GPtrArray *group, gboolean full)
{
	g_autoptr(node) out = node_array();

	for (guint i = 0; i < group->len; i++) {
		struct node *one = answer(e, x, group->pdata[i], full);
		if (!one)
			return NULL;
		node_append(out, one);
	}
	return g_steal_pointer(&out);
}

static struct node *lazy_reference(struct env *e, const struct expr *x)
{
	g_autoptr(node) wanted = arm_eval(e, x->args->pdata[0]);
	gboolean full = FALSE;

	if (!wanted)
		return NULL;
	if (x->args->len > 2) {
		g_autoptr(node) mode = arm_eval(e, x->args->pdata[2]);
		if (!mode)
			return NULL;
		full = g_ascii_strcasecmp(node_str(mode, ""), "Full") == 0;
	}
	if (wanted->type != NODE_STRING)
		return arm_fail(e, "%s(): argument 1 must be a name or id, not of type %s", x->name,
		                node_type_name(wanted->type));
	if (g_ascii_strcasecmp(x->name, "references") == 0) {
		g_autofree char *key = g_ascii_strdown(wanted->string, -1);
		GPtrArray *group = g_hash_table_lookup(e->frame->groups, key);
		return group ? answer_all(e, x, group, full) : source_unknown(e, x);
	}
	struct instance *i = arm_find_instance(e->frame, wanted->string);
	return i ? answer(e, x, i, full) : source_unknown(e, x);
}

static struct node *fn_resource_info(struct env *e, const struct args *a)
{
	const char *name = arg_string(e, a, 0);
	struct instance *i = name ? arm_find_instance(e->frame, name) : NULL;

	if (!name)
		return NULL;
	if (!i)
		return arm_fail(e, "resourceInfo('%.80s'): there is no such resource in this template", name);
	struct node *out = node_object();
	node_set(out, "id", node_string(i->id));
	node_set(out, "name", node_string(i->name));
	node_set(out, "type", node_string(i->type));
	node_set(out, "apiVersion", node_string(node_get_str(i->source, "apiVersion", "")));
	return out;
}

static struct node *fn_providers(struct env *e, const struct args *a)
{
	const char *space = arg_string(e, a, 0);

	return space ? arm_unknown(e, "providers('%s')", space) : NULL;
}

const struct function arm_resource_functions[] = {
        {"reference", 1, 3, 0, NULL, lazy_reference},
        {"references", 1, 3, 0, NULL, lazy_reference},
        {"resourceInfo", 1, 1, 0, fn_resource_info, NULL},
        {"providers", 1, 2, 0, fn_providers, NULL},
        {NULL},
};
