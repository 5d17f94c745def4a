/* SPDX-License-Identifier: Apache-2.0 */
/* What the whole evaluation shares: errors, notes, secrets, the budget, frames. */
#include "internal.h"
#include <string.h>

/* Replaces the values of secure parameters. Shorter ones than four characters would garble every message. */
char *arm_redact(const struct run *run, const char *text)
{
	GString *out = g_string_new(text);

	for (guint i = 0; i < run->secrets->len; i++)
		g_string_replace(out, run->secrets->pdata[i], "(secure)", 0);
	return g_string_free(out, FALSE);
}

void arm_secret(struct run *run, const struct node *value)
{
	const char *text = node_str(value, NULL);

	if (run->secrets->len >= 1000)
		return;
	if (text && strlen(text) >= 4)
		g_ptr_array_add(run->secrets, g_strdup(text));
	for (guint i = 0; i < node_length(value); i++)
		arm_secret(run, value->type == NODE_ARRAY ? node_item(value, i) : node_value(value, i));
}

/* The file that `place` stands in. */
static const char *file_of(const struct env *e)
{
	if (e->file)
		return e->file;
	return e->frame ? e->frame->file : e->run->file;
}

/* "file:line:column: resource 'x' ($.resources[0]): what it is (at concat(1))". Caller frees. */
static char *told(const struct env *e, const char *subject, const char *what)
{
	GString *text = g_string_new(file_of(e));

	if (e->place && e->place->line)
		g_string_append_printf(text, ":%u:%u", e->place->line, e->place->column);
	g_string_append(text, ": ");
	if (subject)
		g_string_append_printf(text, "%s: ", subject);
	g_string_append(text, what);
	if (e->part && e->text) {
		guint length = e->part->end - e->part->start;
		g_autofree char *part = g_strndup(e->text + e->part->start, length);
		g_autofree char *cut = g_utf8_substring(part, 0, MIN(g_utf8_strlen(part, -1), 80));
		g_string_append_printf(text, " (at %s%s)", cut, strlen(cut) < strlen(part) ? "..." : "");
	}
	g_autofree char *whole = g_string_free(text, FALSE);
	return arm_redact(e->run, whole);
}

static void fail_va(struct env *e, int code, const char *format, va_list args)
{
	if (e->run->error)
		return;
	g_autofree char *what = g_strdup_vprintf(format, args);
	g_autofree char *text = told(e, e->subject, what);
	e->run->error = g_error_new_literal(ESC_INPUT_ERROR, code, text);
	g_free(e->run->error_place);
	e->run->error_place = told(e, NULL, "what is wrong here depends on a secure parameter, so it is not shown");
}

gpointer arm_fail(struct env *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_va(e, ESC_INPUT_INVALID, format, args);
	va_end(args);
	return NULL;
}

/* A bound is reached: nothing may carry on after it. */
gpointer arm_fail_limit(struct env *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_va(e, ESC_INPUT_LIMIT, format, args);
	va_end(args);
	return NULL;
}

/* Drops an error that the caller has another answer for; the budget's errors stay. */
void arm_forgive(struct env *e)
{
	if (e->run->error && e->run->error->code != ESC_INPUT_LIMIT)
		g_clear_error(&e->run->error);
}

void arm_note(struct env *e, const char *format, ...)
{
	va_list args;

	if (e->run->notes->len >= ARM_MAX_NOTES)
		return;
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *text = g_strdup_printf("%s:%u: %s%s%s", file_of(e), e->place ? e->place->line : 0,
	                                        e->subject ? e->subject : "", e->subject ? ": " : "", what);
	char *clean = arm_redact(e->run, text);
	if (g_hash_table_add(e->run->noted, clean))
		g_ptr_array_add(e->run->notes, g_strdup(clean));
}

/* Takes the cost of `bytes` from the budget; FALSE with the error when it is spent. */
gboolean arm_charge(struct env *e, gsize bytes)
{
	e->run->steps += 1 + bytes / ARM_BYTES_PER_STEP;
	if (e->run->steps <= ARM_MAX_STEPS)
		return TRUE;
	arm_fail_limit(e, "the template takes more than %u steps to evaluate; lower its loop counts", ARM_MAX_STEPS);
	return FALSE;
}

/* Adds the weight of the tree; stops early above the limit. FALSE when too deep. */
static gboolean weigh(const struct node *n, guint depth, gsize *weight)
{
	if (depth > NODE_MAX_DEPTH)
		return FALSE;
	*weight += 16;
	if (n->type == NODE_STRING)
		*weight += strlen(n->string);
	else if (n->type == NODE_UNKNOWN)
		*weight += strlen(n->unknown.text);
	for (guint i = 0; i < node_length(n) && *weight <= ARM_MAX_WEIGHT; i++) {
		if (n->type == NODE_OBJECT)
			*weight += strlen(node_name(n, i));
		if (!weigh(n->type == NODE_ARRAY ? node_item(n, i) : node_value(n, i), depth + 1, weight))
			return FALSE;
	}
	return TRUE;
}

/* Of a value that arm_check_weight has passed. */
gsize arm_weight(const struct node *value)
{
	gsize weight = 0;

	weigh(value, 1, &weight);
	return weight;
}

gboolean arm_check_weight(struct env *e, const struct node *value)
{
	gsize weight = 0;

	if (!value)
		return TRUE;
	if (!weigh(value, 1, &weight)) {
		arm_fail_limit(e, "a value nested deeper than %d levels", NODE_MAX_DEPTH);
		return FALSE;
	}
	if (weight > ARM_MAX_WEIGHT) {
		arm_fail_limit(e, "a value of more than %u bytes; make it smaller", ARM_MAX_WEIGHT);
		return FALSE;
	}
	return arm_charge(e, weight);
}

static void release(gpointer n)
{
	node_unref(n);
}

static void free_list(gpointer list)
{
	g_ptr_array_unref(list);
}

struct frame *arm_frame_new(struct run *run, struct frame *parent, struct node *root, const char *file,
                            const char *path)
{
	struct frame *f = g_new0(struct frame, 1);

	f->run = run;
	f->parent = parent;
	f->names = f;
	f->root = node_ref(root);
	f->file = g_strdup(file);
	f->link = g_strdup(parent ? parent->link : "");
	f->path = g_strdup(path);
	f->level = parent ? parent->level + 1 : 0;
	struct node *version = node_get(root, "languageVersion");
	f->symbolic =
	        version || node_get(root, "resources") == NULL || node_get(root, "resources")->type == NODE_OBJECT;
	f->parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, arm_binding_free);
	f->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, arm_binding_free);
	f->functions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	f->constants = g_hash_table_new_full(NULL, NULL, NULL, release);
	f->parameter_order = g_ptr_array_new();
	f->instances = g_ptr_array_new_with_free_func(arm_instance_free);
	f->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	f->by_relative = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	f->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
	f->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
	g_ptr_array_add(run->frames, f);
	return f;
}

void arm_frame_free(struct frame *f)
{
	g_ptr_array_unref(f->parameter_order);
	g_hash_table_unref(f->parameters);
	g_hash_table_unref(f->variables);
	g_hash_table_unref(f->functions);
	g_hash_table_unref(f->constants);
	g_hash_table_unref(f->by_id);
	g_hash_table_unref(f->by_relative);
	g_hash_table_unref(f->by_name);
	g_hash_table_unref(f->groups);
	g_ptr_array_unref(f->instances);
	node_unref(f->outputs);
	node_unref(f->root);
	g_free(f->file);
	g_free(f->link);
	g_free(f->path);
	arm_target_clear(&f->target);
	g_free(f->location);
	g_free(f->deployment);
	g_free(f);
}
