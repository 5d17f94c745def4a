/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/source.h"

#include "formats/arm/arm.h"
#include "model/graph.h"

#include <string.h>

#define GROUP_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._()-"
#define GROUP_MAX        90
#define NAME_MAX_BYTES   120

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean fail(GError **error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	g_clear_error(error);
	if (error)
		*error = g_error_new_valist(CLI_ERROR, CLI_USAGE, format, ap);
	va_end(ap);
	return FALSE;
}

/* Names that say "template" and nothing about this one. */
static gboolean is_generic(const char *base)
{
	static const char *const names[] = {"azuredeploy", "maintemplate", "template", "main", "deploy", NULL};
	g_autofree char *lower = g_ascii_strdown(base, -1);

	return g_strv_contains(names, lower);
}

char *source_group_name(const char *file)
{
	g_autofree char *absolute = g_canonicalize_filename(file, NULL);
	g_autofree char *folder = g_path_get_dirname(absolute);
	char *name = g_path_get_basename(absolute);

	if (g_str_has_suffix(name, ".json"))
		name[strlen(name) - 5] = '\0';
	if (is_generic(name) && strcmp(folder, "/") != 0) {
		g_free(name);
		name = g_path_get_basename(folder);
	}
	g_strcanon(name, GROUP_CHARACTERS, '-');
	if (strlen(name) > GROUP_MAX)
		name[GROUP_MAX] = '\0';
	for (gsize n = strlen(name); n && name[n - 1] == '.'; n--)
		name[n - 1] = '\0';
	if (!*name) {
		g_free(name);
		return g_strdup("default");
	}
	return name;
}

static gboolean check_name(const char *what, const char *name, GError **error)
{
	gsize n = strlen(name);

	if (n == 0 || n > NAME_MAX_BYTES || strspn(name, GROUP_CHARACTERS) != n || name[n - 1] == '.')
		return fail(error, "--%s '%.80s': must be letters, digits and . _ ( ) -, and not end with a dot", what,
		            name);
	return TRUE;
}

/* The command line's --param values that this template declares; each name that some template takes is marked in
 * `taken`. */
static struct node *overrides_for(const struct invocation *i, const struct node *template, GHashTable *taken)
{
	const GPtrArray *list = option_list(i, "param");
	struct node *o = node_object();

	for (guint k = 0; list && k < list->len; k++) {
		const char *text = g_ptr_array_index(list, k);
		const char *equals = strchr(text, '=');
		g_autofree char *name = equals ? g_strndup(text, (gsize)(equals - text)) : NULL;

		if (!name || !node_get(node_get(template, "parameters"), name))
			continue;
		node_set(o, name, node_string(equals + 1));
		g_hash_table_add(taken, (gpointer)text);
	}
	return o;
}

static gboolean check_overrides(const struct invocation *i, GHashTable *taken, GError **error)
{
	const GPtrArray *list = option_list(i, "param");

	for (guint k = 0; list && k < list->len; k++) {
		const char *text = g_ptr_array_index(list, k);
		const char *equals = strchr(text, '=');

		if (!equals || equals == text)
			return fail(error, "--param '%.80s': must be NAME=VALUE", text);
		/* The value may be a secret: only the name is shown. */
		if (!g_hash_table_contains(taken, text))
			return fail(error, "--param '%.*s': no template has this parameter",
			            (int)MIN(equals - text, 80), text);
	}
	return TRUE;
}

static void take_result(struct source *s, struct arm_result *r)
{
	while (r->documents->len)
		g_ptr_array_add(s->documents, g_ptr_array_steal_index(r->documents, 0));
	for (guint k = 0; k < node_length(r->outputs); k++)
		node_set(s->outputs, node_name(r->outputs, k), node_ref(node_value(r->outputs, k)));
	for (guint k = 0; r->notes && k < r->notes->len; k++)
		g_ptr_array_add(s->notes, g_strdup(g_ptr_array_index(r->notes, k)));
}

static gboolean read_one(struct source *s, const struct invocation *i, guint index, GHashTable *taken, GError **error)
{
	const char *file = g_ptr_array_index(i->arguments, index);
	const GPtrArray *parameter_files = option_list(i, "parameters");
	g_autofree char *deployment = source_group_name(file);
	struct arm_scope scope = {s->subscription, s->group, "local", deployment};
	g_autoptr(node) template = node_parse_file(file, error);
	g_autoptr(node) parameters = NULL;
	g_autoptr(node) overrides = NULL;
	struct arm_result *r;

	if (!template)
		return FALSE;
	if (!arm_is_template(template))
		return fail(error, "%s: not a deployment template: it has neither $schema nor resources", file);
	if (parameter_files && index < parameter_files->len) {
		parameters = node_parse_file(g_ptr_array_index(parameter_files, index), error);
		if (!parameters)
			return FALSE;
	}
	overrides = overrides_for(i, template, taken);
	r = arm_evaluate(template, file, parameters, overrides, &scope, option_given(i, "fill-missing"), error);
	if (!r)
		return FALSE;
	take_result(s, r);
	arm_result_free(r);
	g_ptr_array_add(s->files, g_strdup(file));
	return TRUE;
}

struct source *source_read(const struct invocation *i, GError **error)
{
	g_autoptr(source) s = g_new0(struct source, 1);
	g_autoptr(GHashTable) taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	const GPtrArray *parameter_files = option_list(i, "parameters");

	s->subscription = g_strdup(option_text(i, "subscription", "default"));
	s->group = option_given(i, "group") ? g_strdup(option_text(i, "group", NULL))
	                                    : source_group_name(g_ptr_array_index(i->arguments, 0));
	s->files = g_ptr_array_new_with_free_func(g_free);
	s->documents = document_list_new();
	s->outputs = node_object();
	s->notes = g_ptr_array_new_with_free_func(g_free);
	if (!check_name("subscription", s->subscription, error) || !check_name("group", s->group, error))
		return NULL;
	if (parameter_files && parameter_files->len > i->arguments->len) {
		fail(error, "--parameters '%s': there are more parameters files than templates",
		     (const char *)g_ptr_array_index(parameter_files, i->arguments->len));
		return NULL;
	}
	for (guint k = 0; k < i->arguments->len; k++)
		if (!read_one(s, i, k, taken, error))
			return NULL;
	return check_overrides(i, taken, error) ? g_steal_pointer(&s) : NULL;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	g_free(s->subscription);
	g_free(s->group);
	g_clear_pointer(&s->files, g_ptr_array_unref);
	g_clear_pointer(&s->documents, g_ptr_array_unref);
	g_clear_pointer(&s->notes, g_ptr_array_unref);
	node_unref(s->outputs);
	g_free(s);
}

static GPtrArray *copy_documents(const GPtrArray *from, GError **error)
{
	GPtrArray *copies = document_list_new();

	for (guint k = 0; k < from->len; k++) {
		g_autoptr(node) n = document_to_node(g_ptr_array_index(from, k));
		struct document *d = document_from_node(n, error);

		if (!d) {
			g_ptr_array_unref(copies);
			return NULL;
		}
		g_ptr_array_add(copies, d);
	}
	return copies;
}

struct graph *source_graph(const struct source *s, gboolean assume, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *copies = copy_documents(s->documents, error);
	struct graph *g;

	if (!copies)
		return NULL;
	g = assume ? graph_assume(copies, problems) : graph_build(copies, problems);
	if (!g) {
		g_autofree char *text = NULL;

		g_ptr_array_add(problems, NULL);
		text = g_strjoinv("\nescarp: ", (char **)problems->pdata);
		fail(error, "%s", *text ? text : "the documents make no network");
	}
	return g;
}
