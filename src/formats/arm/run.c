/* SPDX-License-Identifier: Apache-2.0 */
/* What the whole evaluation shares: errors, notes, secrets, the budget, unknown values, frames. */
#include "internal.h"
#include <string.h>

#define UNKNOWN_PREFIX "<unknown: "

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
	if (text && strlen(text) >= 4 && !arm_is_unknown(value))
		g_ptr_array_add(run->secrets, g_strdup(text));
	for (guint i = 0; i < node_length(value); i++)
		arm_secret(run, value->type == NODE_ARRAY ? node_item(value, i) : node_value(value, i));
}

static void fail_va(struct env *e, gboolean type_error, const char *format, va_list args)
{
	if (e->run->error)
		return;
	g_autofree char *what = g_strdup_vprintf(format, args);
	g_autofree char *text =
	        e->place && e->place->line
	                ? g_strdup_printf("%s:%u:%u: %s%s%s", e->run->file, e->place->line, e->place->column,
	                                  e->subject ? e->subject : "", e->subject ? ": " : "", what)
	                : g_strdup_printf("%s: %s%s%s", e->run->file, e->subject ? e->subject : "",
	                                  e->subject ? ": " : "", what);
	g_autofree char *clean = arm_redact(e->run, text);
	e->run->error = g_error_new_literal(ESC_INPUT_ERROR, ESC_INPUT_INVALID, clean);
	e->run->type_error = type_error;
}

gpointer arm_fail(struct env *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_va(e, FALSE, format, args);
	va_end(args);
	return NULL;
}

gpointer arm_fail_type(struct env *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_va(e, TRUE, format, args);
	va_end(args);
	return NULL;
}

/* Drops an error that the caller has another answer for; the budget's errors stay. */
void arm_forgive(struct env *e)
{
	if (e->run->error && e->run->error->code != ESC_INPUT_LIMIT)
		g_clear_error(&e->run->error);
	e->run->type_error = FALSE;
}

void arm_note(struct env *e, const char *format, ...)
{
	va_list args;

	if (e->run->notes->len >= ARM_MAX_NOTES)
		return;
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *text = g_strdup_printf("%s:%u: %s%s%s", e->run->file, e->place ? e->place->line : 0,
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
	arm_fail(e, "the template takes more than %u steps to evaluate; lower its loop counts", ARM_MAX_STEPS);
	e->run->error->code = ESC_INPUT_LIMIT;
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
		arm_fail(e, "a value nested deeper than %d levels", NODE_MAX_DEPTH);
		e->run->error->code = ESC_INPUT_LIMIT;
		return FALSE;
	}
	if (weight > ARM_MAX_WEIGHT) {
		arm_fail(e, "a value of more than %u bytes; lower the loop counts", ARM_MAX_WEIGHT);
		e->run->error->code = ESC_INPUT_LIMIT;
		return FALSE;
	}
	return arm_charge(e, weight);
}

gboolean arm_is_unknown(const struct node *n)
{
	const char *text = node_str(n, NULL);

	return text && g_str_has_prefix(text, UNKNOWN_PREFIX);
}

struct node *arm_unknown(struct env *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *cut = g_utf8_substring(what, 0, MIN(g_utf8_strlen(what, -1), 200));
	if (e->run->pending->len < 1000)
		g_ptr_array_add(e->run->pending, g_strdup(cut));
	struct node *n = node_stringf(UNKNOWN_PREFIX "%s>", cut);
	return node_at(n, e->place);
}

/* Notes what became unknown since `from`; of "f()", "f().a" and "f().a.b" only the last is worth a line. */
void arm_note_unknowns(struct env *e, guint from)
{
	GPtrArray *pending = e->run->pending;

	for (guint i = from; i < pending->len && i < from + 100; i++) {
		gboolean covered = FALSE;
		for (guint k = i + 1; k < pending->len && k < i + 100 && !covered; k++)
			covered = strstr(pending->pdata[k], pending->pdata[i]) != NULL;
		if (!covered)
			arm_note(e, "%s is known only to a real deployment", (char *)pending->pdata[i]);
	}
	g_ptr_array_set_size(pending, (int)MIN(from, pending->len));
}

static void free_list(gpointer list)
{
	g_ptr_array_unref(list);
}

struct frame *arm_frame_new(struct run *run, struct frame *parent, struct node *root, const char *path)
{
	struct frame *f = g_new0(struct frame, 1);

	f->run = run;
	f->parent = parent;
	f->names = f;
	f->root = node_ref(root);
	f->path = g_strdup(path);
	f->level = parent ? parent->level + 1 : 0;
	struct node *version = node_get(root, "languageVersion");
	f->symbolic =
	        version || node_get(root, "resources") == NULL || node_get(root, "resources")->type == NODE_OBJECT;
	f->parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, arm_binding_free);
	f->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, arm_binding_free);
	f->functions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
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
	g_hash_table_unref(f->by_id);
	g_hash_table_unref(f->by_relative);
	g_hash_table_unref(f->by_name);
	g_hash_table_unref(f->groups);
	g_ptr_array_unref(f->instances);
	node_unref(f->outputs);
	node_unref(f->root);
	g_free(f->path);
	g_free(f->subscription);
	g_free(f->group);
	g_free(f->location);
	g_free(f->deployment);
	g_free(f);
}
