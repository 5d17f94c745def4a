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

static struct document *document_of(struct instance *i)
{
	const struct target *t = &i->target;
	g_autoptr(node) resource = arm_plain(node_ref(i->body));

	return document_new(t->level <= LEVEL_SUBSCRIPTION ? t->subscription : NULL,
	                    t->level == LEVEL_GROUP ? t->group : NULL, i->type, i->name, resource, i->frame->file,
	                    i->path);
}

/* How many values the tree holds, shared parts counted every time: what reads the documents walks them all. */
static guint count_values(const struct node *n)
{
	guint count = 1;

	for (guint i = 0; i < node_length(n); i++)
		count += count_values(n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i));
	return count;
}

/* Of a body within ARM_MAX_WEIGHT. FALSE with the error when the run's resources hold too many values. */
static gboolean charge_values(struct env *e, const struct node *body)
{
	e->run->values += count_values(body);
	if (e->run->values <= ARM_MAX_VALUES)
		return TRUE;
	arm_fail_limit(e,
	               "the resources up to this one hold more than %u values; lower the loop counts, or split the "
	               "template",
	               ARM_MAX_VALUES);
	return FALSE;
}

static gboolean deploy_plain(struct env *e, struct instance *i)
{
	i->body = evaluate_members(e, i);
	if (!i->body || !arm_check_weight(e, i->body) || !charge_values(e, i->body))
		return FALSE;
	struct document *d = document_of(i);
	char *key = g_ascii_strdown(d->id, -1);
	const struct document *before = g_hash_table_lookup(e->run->newest, key);
	if (before)
		arm_note(e, "it is deployed again and replaces what line %u declares", before->line);
	g_hash_table_replace(e->run->newest, key, d);
	g_ptr_array_add(i->documents, d);
	return TRUE;
}

/* Sets *to to the evaluated member of the deployment resource, when it has one. FALSE on error. */
static gboolean member(struct env *e, const struct instance *i, const char *name, char **to)
{
	struct node *n = node_get(i->source, name);
	g_autoptr(node) v = n ? arm_eval_node(e, n) : NULL;
	char *text;

	if (n && !v)
		return FALSE;
	if (!v || v->type == NODE_NULL)
		return TRUE;
	text = arm_eval_string(e, v, name);
	if (!text)
		return FALSE;
	g_free(*to);
	*to = text;
	return TRUE;
}

/* Where the deployment resource deploys to: its scope, or its subscription and group, or where its template goes. */
static gboolean deployment_target(struct env *e, const struct instance *i, struct target *t)
{
	g_autofree char *scope = NULL, *subscription = NULL, *group = NULL;
	gboolean elsewhere = i->frame->target.level != LEVEL_GROUP || node_get(i->source, "location");

	arm_target_set(t, &i->frame->target);
	if (!member(e, i, "scope", &scope) || !member(e, i, "subscriptionId", &subscription) ||
	    !member(e, i, "resourceGroup", &group))
		return FALSE;
	if (scope && !arm_target_parse(t, scope))
		return arm_fail(e, "its scope '%.200s' is not the id of a group, a subscription or a management group",
		                scope) != NULL;
	if (subscription) {
		g_free(t->subscription);
		t->subscription = g_steal_pointer(&subscription);
		if (elsewhere && !scope)
			t->level = LEVEL_SUBSCRIPTION;
	}
	if (group) {
		g_free(t->group);
		t->group = g_steal_pointer(&group);
		t->level = LEVEL_GROUP;
	}
	return TRUE;
}

/* A frame for the template of a deployment resource, without parameters yet. NULL on error. */
static struct frame *nested_frame(struct env *e, struct instance *i, struct node *template, const struct linked *l)
{
	g_autofree char *path = l->template ? g_strdup("$") : g_strdup_printf("%s.properties.template", i->path);
	struct frame *f = arm_frame_new(e->run, i->frame, template, l->template ? l->file : i->frame->file, path);

	if (l->template) {
		g_free(f->link);
		f->link = g_strdup(l->link);
	}
	f->deployment = g_strdup(i->name);
	if (!deployment_target(e, i, &f->target))
		return NULL;
	f->location = arm_group_location(e, &f->target);
	if (e->run->error)
		return NULL;
	if (!f->location && f->target.level != LEVEL_GROUP && !member(e, i, "location", &f->location))
		return NULL;
	if (!f->location)
		f->location = g_strdup(i->frame->location);
	return f;
}

/* Gives the frame its own parameters and variables. FALSE on error. */
static gboolean bind_inner(struct env *e, struct instance *i, struct frame *f, const struct linked *l)
{
	struct node *declared = node_find(i->source, "properties.parameters");
	g_autoptr(node) given = declared ? arm_eval_node(e, declared) : NULL;
	const struct arm_parameters list[] = {
	        {l->parameters ? l->parameters : given, l->parameters ? l->parameters_file : i->frame->file},
	        {l->parameters ? given : NULL, i->frame->file},
	        {NULL, NULL}};
	struct env inner = {
	        .run = e->run, .frame = f, .subject = i->subject, .place = i->source, .file = i->frame->file};

	if (e->run->error || !arm_bind_parameters(&inner, list, NULL))
		return FALSE;
	arm_bind_variables(f);
	return arm_force_parameters(&inner);
}

/* Evaluates the template of the deployment in a frame of its own. FALSE on error. */
static struct frame *deploy_template(struct env *e, struct instance *i, struct node *template, const struct linked *l)
{
	struct node *option = node_find(i->source, "properties.expressionEvaluationOptions.scope");
	g_autofree char *scope = NULL;
	struct frame *f = nested_frame(e, i, template, l);

	if (!f)
		return NULL;
	if (option && !(scope = arm_eval_string(e, option, "expressionEvaluationOptions.scope")))
		return NULL;
	if (l->template || (scope && g_ascii_strcasecmp(scope, "inner") == 0)) {
		if (!bind_inner(e, i, f, l))
			return NULL;
	} else {
		f->names = i->frame->names;
		f->loops = i->loops;
	}
	return arm_frame_deploy(f) ? f : NULL;
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
	struct linked l = {0};
	struct frame *f = NULL;

	if (e->run->deployments >= ARM_MAX_DEPLOYMENT)
		return arm_fail(e, "deployments nested deeper than %u", ARM_MAX_DEPLOYMENT) != NULL;
	if (!arm_charge(e, ARM_FRAME_BYTES))
		return FALSE;
	e->run->deployments++;
	if (!template || template->type != NODE_OBJECT) {
		arm_link(e, i, &l);
		template = l.template;
	}
	if (template && !e->run->error)
		f = deploy_template(e, i, template, &l);
	e->run->deployments--;
	i->body = deployment_body(i, f ? f->outputs : NULL);
	if (f) {
		i->outputs = node_ref(f->outputs);
		arm_take_documents(i->documents, f);
	} else if (!e->run->error) {
		g_autofree char *name = g_strdup_printf("reference('%s')", i->name);
		arm_open(e->run, i->body, name);
		arm_open(e->run, node_get(i->body, "properties"), name);
	}
	arm_linked_clear(&l);
	return e->run->error == NULL;
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
	const char *type = arm_declared_type(f->root, declaration);

	if (condition) {
		g_autoptr(node) v = arm_eval_node(&e, condition);
		if (!v)
			return FALSE;
		if (arm_is_unknown(v))
			arm_assume(&e, v, "its condition", "it is taken as true");
		if (!node_truth(v, TRUE))
			return TRUE;
	}
	g_autoptr(node) value = output_value(&e, declaration, name);
	if (!value || !arm_check_weight(&e, value))
		return FALSE;
	if (!arm_check_type(&e, f->root, declaration, value, "its value"))
		return FALSE;
	struct node *out = node_object();
	node_set(out, "type", node_string(type));
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
