/* SPDX-License-Identifier: Apache-2.0 */
/* Instances to documents: bodies, nested deployments, outputs. */
#include "internal.h"
#include <string.h>

static gboolean is_deployment(const struct instance *i)
{
	return g_ascii_strcasecmp(i->type, "Microsoft.Resources/deployments") == 0;
}

/* What the template language consumes; the rest of a resource is its document. */
static gboolean is_language(const char *name)
{
	static const char *const names[] = {"copy", "condition", "dependsOn", "resources", "existing", "comments"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(name, names[i]) == 0)
			return TRUE;
	return FALSE;
}

static struct env env_of(struct instance *i)
{
	return (struct env){
	        .run = i->frame->run, .frame = i->frame, .loops = i->loops, .subject = i->subject, .place = i->source};
}

/* A copy of the resource without what the language consumes, with its full type and name; not yet evaluated. */
static struct node *evaluate_members(struct env *e, struct instance *i)
{
	g_autoptr(node) body = node_at(node_object(), i->source);

	for (guint k = 0; k < node_length(i->source); k++) {
		const char *name = node_name(i->source, k);
		const struct node *value = node_value(i->source, k);
		struct node *made;
		if (is_language(name) && !(g_ascii_strcasecmp(name, "resources") == 0 && value->type != NODE_ARRAY &&
		                           value->type != NODE_OBJECT))
			continue;
		if (g_ascii_strcasecmp(name, "type") == 0)
			made = node_at(node_string(i->type), value);
		else if (g_ascii_strcasecmp(name, "name") == 0)
			made = node_at(node_string(i->name), value);
		else
			made = arm_eval_node(e, value);
		if (!made)
			return NULL;
		node_set(body, name, made);
	}
	return g_steal_pointer(&body);
}

static gboolean deploy_plain(struct env *e, struct instance *i)
{
	i->body = evaluate_members(e, i);
	if (!i->body || !arm_check_weight(e, i->body))
		return FALSE;
	struct document *d =
	        document_new(i->subscription, i->group, i->type, i->name, i->body, i->frame->run->file, i->path);
	char *key = g_ascii_strdown(d->id, -1);
	const struct document *before = g_hash_table_lookup(e->run->newest, key);
	if (before)
		arm_note(e, "it is deployed again and replaces what line %u declares", before->line);
	g_hash_table_replace(e->run->newest, key, d);
	g_ptr_array_add(i->documents, d);
	return TRUE;
}

/* The member of a deployment resource that names its target, evaluated, or the fallback. NULL on error. */
static char *target(struct env *e, const struct instance *i, const char *member, const char *fallback)
{
	struct node *n = node_get(i->source, member);

	return n && n->type != NODE_NULL ? arm_eval_string(e, n, member) : g_strdup(fallback);
}

/* A frame for the inline template, its parameters bound. NULL on error. */
static struct frame *nested_frame(struct env *e, struct instance *i, struct node *template)
{
	struct node *properties = node_get(i->source, "properties");
	g_autofree char *path = g_strdup_printf("%s.properties.template", i->path);
	g_autofree char *scope = NULL;
	struct node *option = node_find(properties, "expressionEvaluationOptions.scope");
	struct frame *f = arm_frame_new(e->run, i->frame, template, path);

	if (option && !(scope = arm_eval_string(e, option, "expressionEvaluationOptions.scope")))
		return NULL;
	f->deployment = g_strdup(i->name);
	f->location = g_strdup(i->frame->location);
	f->subscription = target(e, i, "subscriptionId", i->frame->subscription);
	f->group = target(e, i, "resourceGroup", i->frame->group);
	if (!f->subscription || !f->group)
		return NULL;
	if (!scope || g_ascii_strcasecmp(scope, "inner") != 0) {
		f->names = i->frame->names;
		f->loops = i->loops;
		return f;
	}
	g_autoptr(node) given =
	        node_get(properties, "parameters") ? arm_eval_node(e, node_get(properties, "parameters")) : NULL;
	if (e->run->error)
		return NULL;
	struct env inner = {.run = e->run, .frame = f, .subject = i->subject, .place = i->source};
	if (!arm_bind_parameters(&inner, given, NULL))
		return NULL;
	arm_bind_variables(f);
	return arm_force_parameters(&inner) ? f : NULL;
}

/* What reference() of a finished deployment answers. */
static struct node *deployment_body(struct instance *i, struct node *outputs)
{
	struct node *body = node_at(node_object(), i->source), *properties = node_object();

	node_set(properties, "provisioningState", node_string("Succeeded"));
	if (outputs)
		node_set(properties, "outputs", node_ref(outputs));
	node_set(body, "name", node_string(i->name));
	node_set(body, "type", node_string(i->type));
	node_set(body, "properties", properties);
	return body;
}

void arm_take_documents(GPtrArray *to, struct frame *f)
{
	for (guint k = 0; k < f->instances->len; k++) {
		struct instance *i = f->instances->pdata[k];
		for (guint d = 0; d < i->documents->len; d++)
			g_ptr_array_add(to, i->documents->pdata[d]);
		g_ptr_array_set_free_func(i->documents, NULL);
		g_ptr_array_set_size(i->documents, 0);
	}
}

static gboolean deploy_nested(struct env *e, struct instance *i)
{
	struct node *template = node_find(i->source, "properties.template");

	if (!template || template->type != NODE_OBJECT) {
		arm_note(e, "a linked template is not read; what it would deploy is not modelled");
		i->body = deployment_body(i, NULL);
		return TRUE;
	}
	if (e->run->deployments >= ARM_MAX_DEPLOYMENT)
		return arm_fail(e, "deployments nested deeper than %u", ARM_MAX_DEPLOYMENT) != NULL;
	if (!arm_charge(e, 4096))
		return FALSE;
	e->run->deployments++;
	struct frame *f = nested_frame(e, i, template);
	gboolean ok = f && arm_frame_deploy(f);
	e->run->deployments--;
	if (!ok)
		return FALSE;
	i->body = deployment_body(i, f->outputs);
	arm_take_documents(i->documents, f);
	return TRUE;
}

gboolean arm_instance_evaluate(struct env *from, struct instance *i)
{
	struct env e = env_of(i);

	if (i->state == DONE)
		return TRUE;
	if (i->state == WORKING)
		return arm_fail(from, "reference() goes round in a circle: resource '%s' is needed to evaluate itself",
		                i->name) != NULL;
	i->state = WORKING;
	gboolean ok = is_deployment(i) ? deploy_nested(&e, i) : deploy_plain(&e, i);
	i->state = ok ? DONE : WAITING;
	return ok;
}

static struct node *output_value(struct env *e, struct node *declaration, const char *name)
{
	struct node *copy = node_get(declaration, "copy"), *value = node_get(declaration, "value");

	if (copy && copy->type == NODE_OBJECT)
		return arm_eval_copy(e, copy, name, FALSE);
	return value ? arm_eval_node(e, value) : arm_fail(e, "it has no \"value\"");
}

static gboolean evaluate_output(struct frame *f, const char *name, struct node *declaration)
{
	g_autofree char *subject = g_strdup_printf("output '%s'", name);
	struct env e = {.run = f->run, .frame = f, .loops = f->loops, .subject = subject, .place = declaration};
	struct node *condition = node_get(declaration, "condition");
	const char *type = node_get_str(declaration, "type", "");

	if (condition) {
		g_autoptr(node) v = arm_eval_node(&e, condition);
		if (!v)
			return FALSE;
		if (!node_truth(v, TRUE))
			return TRUE;
	}
	g_autoptr(node) value = output_value(&e, declaration, name);
	if (!value || !arm_check_weight(&e, value))
		return FALSE;
	struct node *out = node_object();
	node_set(out, "type", node_string(type));
	if (g_ascii_strncasecmp(type, "secure", 6) == 0)
		arm_secret(f->run, value);
	/* A nested deployment's secure output may be used by its parent; arm.c drops those of the outermost. */
	node_set(out, "value", g_steal_pointer(&value));
	node_set(f->outputs, name, out);
	return TRUE;
}

static gboolean evaluate_outputs(struct frame *f)
{
	struct node *declared = node_get(f->root, "outputs");

	f->outputs = node_object();
	for (guint i = 0; i < node_length(declared); i++) {
		if (!node_name(declared, i))
			break;
		if (!evaluate_output(f, node_name(declared, i), node_value(declared, i)))
			return FALSE;
	}
	return TRUE;
}

gboolean arm_frame_deploy(struct frame *f)
{
	if (!arm_expand(f))
		return FALSE;
	g_autoptr(GPtrArray) order = arm_order(f);
	if (!order)
		return FALSE;
	for (guint i = 0; i < order->len; i++) {
		struct instance *instance = order->pdata[i];
		struct env e = env_of(instance);
		if (instance->active && !instance->existing && !arm_instance_evaluate(&e, instance))
			return FALSE;
	}
	return evaluate_outputs(f);
}
