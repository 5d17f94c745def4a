/* SPDX-License-Identifier: Apache-2.0 */
/* The public face: one run from template to result. */
#include "internal.h"
#include <string.h>

static void free_loop(gpointer loop)
{
	g_free(((struct loop *)loop)->name);
	g_free(loop);
}

static void free_frame(gpointer frame)
{
	arm_frame_free(frame);
}

static void free_expr(gpointer x)
{
	expr_free(x);
}

static void release(gpointer n)
{
	node_unref(n);
}

static void run_init(struct run *run, const char *file, gboolean fill_missing)
{
	memset(run, 0, sizeof(*run));
	run->file = file ? file : "template";
	run->fill_missing = fill_missing;
	run->notes = g_ptr_array_new_with_free_func(g_free);
	run->noted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	run->pending = g_ptr_array_new_with_free_func(g_free);
	run->secrets = g_ptr_array_new_with_free_func(g_free);
	run->loops = g_ptr_array_new_with_free_func(free_loop);
	run->frames = g_ptr_array_new_with_free_func(free_frame);
	run->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	run->open = g_hash_table_new_full(NULL, NULL, release, g_free);
	run->parsed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_expr);
	run->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, release);
	run->newest = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void run_clear(struct run *run)
{
	g_hash_table_unref(run->newest);
	g_hash_table_unref(run->open);
	g_hash_table_unref(run->parsed);
	g_hash_table_unref(run->files);
	g_hash_table_unref(run->by_id);
	g_ptr_array_unref(run->frames);
	g_ptr_array_unref(run->loops);
	g_ptr_array_unref(run->pending);
	g_ptr_array_unref(run->secrets);
	g_hash_table_unref(run->noted);
	g_ptr_array_unref(run->notes);
	g_clear_error(&run->error);
	g_free(run->error_place);
}

gboolean arm_is_template(const struct node *n)
{
	const char *schema = node_get_str(n, "$schema", NULL);

	if (schema) {
		g_autofree char *lower = g_ascii_strdown(schema, -1);
		return strstr(lower, "deploymenttemplate.json") != NULL;
	}
	return node_get(n, "resources") != NULL;
}

/* Secrets found late (a secure output) may stand in earlier notes. */
static GPtrArray *clean_notes(struct run *run)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < run->notes->len; i++)
		g_ptr_array_add(out, arm_redact(run, run->notes->pdata[i]));
	return out;
}

static struct node *public_outputs(const struct node *outputs)
{
	struct node *out = node_object();

	for (guint i = 0; i < node_length(outputs); i++) {
		struct node *entry = node_value(outputs, i);
		struct node *kept = node_object();
		const char *type = node_get_str(entry, "type", "");
		node_set(kept, "type", node_string(type));
		if (g_ascii_strncasecmp(type, "secure", 6) != 0)
			node_set(kept, "value", arm_plain(node_ref(node_get(entry, "value"))));
		node_set(out, node_name(outputs, i), kept);
	}
	return out;
}

static gboolean deploy(struct run *run, struct frame *f, const struct arm_parameters *parameters,
                       const struct node *overrides)
{
	struct env e = {.run = run, .frame = f, .place = f->root};

	if (!arm_bind_parameters(&e, parameters, overrides))
		return FALSE;
	arm_bind_variables(f);
	e.place = f->root;
	return arm_force_parameters(&e) && arm_frame_deploy(f);
}

/*
 * A nested deployment may deploy a resource again (to add what was not known the first time): as in the cloud, the last
 * in order of deployment stands.
 */
static void drop_replaced(struct run *run, GPtrArray *documents)
{
	for (guint k = documents->len; k-- > 0;) {
		struct document *d = documents->pdata[k];
		g_autofree char *key = g_ascii_strdown(d->id, -1);
		if (g_hash_table_lookup(run->newest, key) != d)
			g_ptr_array_remove_index(documents, k);
	}
}

static struct node *secure_values(const struct frame *f)
{
	struct node *out = node_object();

	for (guint i = 0; i < f->parameter_order->len; i++) {
		const struct binding *b = f->parameter_order->pdata[i];
		if (b->secure && b->value)
			node_set(out, b->name, node_ref(b->value));
	}
	return out;
}

static struct arm_result *result_of(struct run *run, struct frame *f)
{
	struct arm_result *r = g_new0(struct arm_result, 1);

	r->documents = document_list_new();
	arm_take_documents(r->documents, f);
	drop_replaced(run, r->documents);
	r->outputs = public_outputs(f->outputs);
	r->notes = clean_notes(run);
	r->secure = secure_values(f);
	r->secrets = g_ptr_array_ref(run->secrets);
	return r;
}

static struct frame *outermost(struct run *run, struct node *template, const struct arm_scope *scope)
{
	struct frame *f = arm_frame_new(run, NULL, template, run->file, "$");

	f->target.level = arm_schema_level(template);
	f->target.subscription = g_strdup(scope->subscription);
	f->target.group = g_strdup(scope->group ? scope->group : "default");
	f->target.management = g_strdup("tenant");
	g_free(f->link);
	f->link = g_path_get_basename(run->file);
	f->location = g_strdup(scope->location ? scope->location : "local");
	f->deployment = g_strdup(scope->deployment ? scope->deployment : "deployment");
	return f;
}

/* What a template is evaluated with. */
struct input {
	struct node *template;
	const char *file;
	const struct arm_parameters *parameters;
	const struct node *overrides;
	const struct arm_scope *scope;
	gboolean fill_missing;
};

/* One run. On failure `place` says where without what, and `secure` holds the secrets that were bound by then. */
static struct arm_result *evaluate(const struct input *in, char **place, struct node **secure, GError **error)
{
	struct arm_result *result = NULL;
	struct run run;

	run_init(&run, in->file, in->fill_missing);
	run.directory = in->scope->directory;
	struct frame *f = outermost(&run, in->template, in->scope);
	if (deploy(&run, f, in->parameters, in->overrides)) {
		result = result_of(&run, f);
	} else {
		*place = g_steal_pointer(&run.error_place);
		*secure = secure_values(f);
		g_propagate_error(error, g_steal_pointer(&run.error));
	}
	run_clear(&run);
	return result;
}

/* The same failure with other secrets in their place? Then its text tells nothing of them. */
static gboolean fails_alike(const struct input *in, const struct node *secure, const GError *failure)
{
	g_autoptr(node) other = arm_other_secrets(secure), overrides = node_object(), unused = NULL;
	g_autofree char *place = NULL;
	g_autoptr(GError) error = NULL;
	struct input twin = *in;

	for (guint k = 0; k < node_length(in->overrides); k++)
		node_set(overrides, node_name(in->overrides, k), node_ref(node_value(in->overrides, k)));
	for (guint k = 0; k < node_length(other); k++)
		node_set(overrides, node_name(other, k), node_ref(node_value(other, k)));
	twin.overrides = overrides;
	arm_result_free(evaluate(&twin, &place, &unused, &error));
	return error && strcmp(error->message, failure->message) == 0;
}

struct arm_result *arm_evaluate(struct node *template, const char *file, const struct arm_parameters *parameters,
                                const struct node *overrides, const struct arm_scope *scope, gboolean fill_missing,
                                GError **error)
{
	struct input in = {template, file, parameters, overrides, scope, fill_missing};
	g_autoptr(node) secure = NULL;
	g_autofree char *place = NULL;
	g_autoptr(GError) failure = NULL;
	struct arm_result *result;

	if (!template || template->type != NODE_OBJECT || !arm_is_template(template)) {
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID,
		            "%s: not a deployment template; it needs a \"$schema\" or \"resources\"",
		            file ? file : "template");
		return NULL;
	}
	result = evaluate(&in, &place, &secure, &failure);
	if (result)
		return result;
	/* What a limit says is a number. */
	if (failure->code != ESC_INPUT_LIMIT && node_length(secure) && !fails_alike(&in, secure, failure))
		g_set_error_literal(error, failure->domain, failure->code,
		                    place ? place : "a secure parameter is wrong");
	else
		g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

void arm_result_free(struct arm_result *r)
{
	if (!r)
		return;
	g_ptr_array_unref(r->documents);
	node_unref(r->outputs);
	g_ptr_array_unref(r->notes);
	g_ptr_array_unref(r->secrets);
	node_unref(r->secure);
	g_free(r);
}
