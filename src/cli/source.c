/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/source.h"

#include "cli/bicep.h"
#include "cli/classic.h"
#include "cli/secrets.h"
#include "formats/arm/arm.h"
#include "model/graph.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define GROUP_CHARACTERS    G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._()-"
#define GROUP_MAX           90
#define NAME_MAX_BYTES      120

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
	static const char *const names[] = {
	        "azuredeploy",       "maintemplate",         "template",      "main", "deploy",
	        "servicedefinition", "serviceconfiguration", "networkconfig", NULL};
	g_autofree char *lower = g_ascii_strdown(base, -1);

	return g_strv_contains(names, lower);
}

char *source_group_name(const char *file)
{
	g_autofree char *absolute = g_canonicalize_filename(file, NULL);
	g_autofree char *folder = g_path_get_dirname(absolute);
	static const char *const suffixes[] = {".json", ".bicep", ".csdef", ".cscfg", ".netcfg", ".xml"};
	char *name = g_path_get_basename(absolute);

	for (gsize k = 0; k < G_N_ELEMENTS(suffixes); k++)
		if (g_str_has_suffix(name, suffixes[k]))
			name[strlen(name) - strlen(suffixes[k])] = '\0';
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

gboolean source_check_name(const char *what, const char *name, GError **error)
{
	gsize n = strlen(name);

	if (n == 0 || n > NAME_MAX_BYTES || strspn(name, GROUP_CHARACTERS) != n || name[n - 1] == '.')
		return fail(error, "%s '%.80s': must be letters, digits and . _ ( ) -, and not end with a dot", what,
		            name);
	return TRUE;
}

#define VALUE_MAX_BYTES (1u << 20)

/* The value behind NAME=: as it stands, or what a file holds when it is @FILE (@@ for a value that begins with @). */
static struct node *override_value(const char *text, GError **error)
{
	g_autoptr(GMappedFile) map = NULL;
	gsize length;

	if (text[0] != '@' || text[1] == '@')
		return node_string(text[0] == '@' ? text + 1 : text);
	map = g_mapped_file_new(text + 1, FALSE, error);
	if (!map)
		return NULL;
	length = g_mapped_file_get_length(map);
	const char *content = length ? g_mapped_file_get_contents(map) : "";
	if (length > VALUE_MAX_BYTES || !g_utf8_validate_len(content, length, NULL)) {
		fail(error, "--param: the file %s must be UTF-8 text of at most %u bytes", text + 1, VALUE_MAX_BYTES);
		return NULL;
	}
	while (length && (content[length - 1] == '\n' || content[length - 1] == '\r'))
		length--;
	return node_take_string(g_strndup(content, length));
}

/* The command line's --param values that this template declares; each name that some template takes is marked in
 * `taken`. */
static struct node *overrides_for(const struct invocation *i, const struct node *template, GHashTable *taken,
                                  GError **error)
{
	const GPtrArray *list = option_list(i, "param");
	g_autoptr(node) o = node_object();

	for (guint k = 0; list && k < list->len; k++) {
		const char *text = g_ptr_array_index(list, k);
		const char *equals = strchr(text, '=');
		g_autofree char *name = equals ? g_strndup(text, (gsize)(equals - text)) : NULL;

		if (!name || !node_get(node_get(template, "parameters"), name))
			continue;
		struct node *value = override_value(equals + 1, error);
		if (!value)
			return NULL;
		node_set(o, name, value);
		g_hash_table_add(taken, (gpointer)text);
	}
	return g_steal_pointer(&o);
}

gboolean source_check_params(const struct invocation *i, GHashTable *taken, GError **error)
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

/* What `plan --format arm` wrote says where it belongs, unless the command line does. */
static gboolean take_scope(struct source *s, const struct invocation *i, const struct node *template, GError **error)
{
	const char *subscription, *group;

	if (!arm_written_for(template, &subscription, &group))
		return TRUE;
	if (!source_check_name("--subscription", subscription, error) || !source_check_name("--group", group, error))
		return FALSE;
	if (!option_given(i, "subscription")) {
		g_free(s->subscription);
		s->subscription = g_strdup(subscription);
	}
	if (!option_given(i, "group")) {
		g_free(s->group);
		s->group = g_strdup(group);
	}
	return TRUE;
}

struct reading { /* one template and what it is evaluated with */
	const char *file;
	struct node *template, *overrides;
	const struct arm_parameters *parameters;
	struct arm_scope scope;
	gboolean fill;
};

static struct arm_result *evaluate(const struct reading *r, struct node *overrides, GError **error)
{
	return arm_evaluate(r->template, r->file, r->parameters, overrides, &r->scope, r->fill, error);
}

/* Two templates may call different secrets by one name. */
static gboolean keep_secret(struct source *s, const char *name, struct node *value, struct node *twin, GError **error)
{
	const struct node *other = node_get(s->secure, name);

	if (other && !node_equal(other, value))
		return fail(error, "--format arm: the secure parameter '%.80s' has two values; give both templates one",
		            name);
	node_set(s->secure, name, node_ref(value));
	node_set(s->twin_secure, name, node_ref(twin));
	return TRUE;
}

/* An output without its value is a secure one. */
static void hide_output(struct arm_result *result, guint k)
{
	struct node *shown = node_object();
	const char *type = node_get_str(node_value(result->outputs, k), "type", "string");

	node_set(shown, "type", node_string(type));
	node_set(result->outputs, node_name(result->outputs, k), shown);
}

/* A note that the twin has not depends on a secret, or may. */
static void hide_notes(struct arm_result *result, const struct arm_result *twin)
{
	for (guint k = 0; k < result->notes->len; k++) {
		const char *other = twin && k < twin->notes->len ? twin->notes->pdata[k] : "";

		if (strcmp(result->notes->pdata[k], other) == 0)
			continue;
		g_free(result->notes->pdata[k]);
		result->notes->pdata[k] = g_strdup("a note that depends on a secure parameter is not shown");
	}
}

/* Whatever differs depends on a secret. `twin` NULL: it cannot be told what does, so no output is shown. */
static void keep_secrets(struct source *s, struct arm_result *result, const struct arm_result *twin)
{
	for (guint k = 0; twin && k < twin->documents->len; k++)
		secrets_learn(NTH(result->documents, struct document, k)->resource,
		              NTH(twin->documents, struct document, k)->resource);
	for (guint k = 0; k < node_length(result->outputs); k++) {
		const char *name = node_name(result->outputs, k);

		if (!twin || !node_equal(node_value(result->outputs, k), node_get(twin->outputs, name)))
			hide_output(result, k);
	}
	hide_notes(result, twin);
	if (!twin)
		g_ptr_array_add(s->notes,
		                g_strdup("with other values of its secure parameters the template makes other "
		                         "resources: its outputs and notes are not shown"));
}

/*
 * What depends on a secret is found by evaluating once more with other secrets. A template that is to be written is not
 * shown when that cannot be told.
 */
static gboolean add_twins(struct source *s, const struct reading *r, struct arm_result *result, GError **error)
{
	g_autoptr(node) other = arm_other_secrets(result->secure), overrides = node_object();
	g_autoptr(GError) why = NULL;
	struct arm_result *twin;
	gboolean good = TRUE, same;

	for (guint k = 0; k < node_length(r->overrides); k++)
		node_set(overrides, node_name(r->overrides, k), node_ref(node_value(r->overrides, k)));
	for (guint k = 0; k < node_length(other); k++) {
		node_set(overrides, node_name(other, k), node_ref(node_value(other, k)));
		if (s->twins &&
		    !keep_secret(s, node_name(other, k), node_value(result->secure, k), node_value(other, k), error))
			return FALSE;
	}
	twin = evaluate(r, overrides, &why);
	same = twin && twin->documents->len == result->documents->len;
	if (s->twins && !same)
		good = fail(error, "--format arm: %s: what depends on its secure parameters cannot be told: %s",
		            r->file, twin ? "with other values it makes other resources" : why->message);
	for (guint k = 0; s->twins && same && k < twin->documents->len; k++)
		g_ptr_array_add(s->twins, node_ref(NTH(twin->documents, struct document, k)->resource));
	keep_secrets(s, result, same ? twin : NULL);
	arm_result_free(twin);
	return good;
}

static gboolean take_secrets(struct source *s, const struct reading *r, struct arm_result *result, GError **error)
{
	for (guint k = 0; k < result->secrets->len; k++) {
		const char *secret = g_ptr_array_index(result->secrets, k);

		secrets_add(secret);
		if (s->secrets)
			g_ptr_array_add(s->secrets, g_strdup(secret));
	}
	if ((s->twins || node_length(result->secure)) && !add_twins(s, r, result, error))
		return FALSE;
	return !secrets_overflow() ||
	       fail(error,
	            "%s: more texts depend on its secure parameters than can be kept out of what is "
	            "printed; derive fewer from them",
	            r->file);
}

static void clear_parameters(gpointer entry)
{
	node_unref((struct node *)((struct arm_parameters *)entry)->node);
}

/* The parameters files of the template: all of them for the only one, else the one of the same place. NULL on error. */
static GArray *parameters_for(const struct invocation *i, guint index, GError **error)
{
	const GPtrArray *files = option_list(i, "parameters");
	g_autoptr(GArray) list = g_array_new(TRUE, TRUE, sizeof(struct arm_parameters));

	g_array_set_clear_func(list, clear_parameters);
	for (guint k = 0; files && k < files->len; k++) {
		struct arm_parameters one = {NULL, g_ptr_array_index(files, k)};
		if (i->arguments->len > 1 && k != index)
			continue;
		one.node = bicep_parameters(one.file, error);
		if (!one.node)
			return NULL;
		g_array_append_val(list, one);
	}
	return g_steal_pointer(&list);
}

static gboolean read_one(struct source *s, const struct invocation *i, guint index, GHashTable *taken, GError **error)
{
	const char *file = g_ptr_array_index(i->arguments, index);
	g_autofree char *deployment = source_group_name(file), *directory = g_path_get_dirname(file);
	struct arm_scope scope = {.location = "local", .deployment = deployment, .directory = directory};
	g_autoptr(node) template = bicep_template(file, error);
	g_autoptr(GArray) parameters = template ? parameters_for(i, index, error) : NULL;
	g_autoptr(node) overrides = NULL;
	struct reading reading;
	struct arm_result *r;
	gboolean good;

	if (!parameters)
		return FALSE;
	if (!arm_is_template(template))
		return fail(
		        error,
		        "%s: not a deployment template: it needs a $schema that ends in deploymentTemplate.json, or "
		        "resources and no $schema",
		        file);
	if (index == 0 && !take_scope(s, i, template, error))
		return FALSE;
	scope.subscription = s->subscription;
	scope.group = s->group;
	overrides = overrides_for(i, template, taken, error);
	if (!overrides)
		return FALSE;
	reading = (struct reading){.file = file,
	                           .template = template,
	                           .overrides = overrides,
	                           .parameters = (const struct arm_parameters *)parameters->data,
	                           .scope = scope,
	                           .fill = option_given(i, "fill-missing")};
	r = evaluate(&reading, overrides, error);
	good = r && take_secrets(s, &reading, r, error);
	if (good)
		take_result(s, r);
	arm_result_free(r);
	g_ptr_array_add(s->files, g_strdup(file));
	return good;
}

/* Classic files hold no secrets that reach a document, so each document is its own twin. */
static gboolean read_classic(struct source *s, const GPtrArray *files, GError **error)
{
	if (!classic_read(s, files, error))
		return FALSE;
	for (guint k = s->twins ? s->twins->len : s->documents->len; k < s->documents->len; k++)
		g_ptr_array_add(s->twins, node_ref(NTH(s->documents, struct document, k)->resource));
	return TRUE;
}

struct source *source_read(const struct invocation *i, GError **error)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	g_autoptr(source) s = source_read_part(i, taken, error);

	return s && source_check_params(i, taken, error) ? g_steal_pointer(&s) : NULL;
}

struct source *source_read_part(const struct invocation *i, GHashTable *taken, GError **error)
{
	g_autoptr(source) s = g_new0(struct source, 1);
	g_autoptr(GPtrArray) classic = g_ptr_array_new();
	const GPtrArray *parameter_files = option_list(i, "parameters");

	s->subscription = g_strdup(option_text(i, "subscription", "default"));
	s->group = option_given(i, "group") ? g_strdup(option_text(i, "group", NULL))
	                                    : source_group_name(g_ptr_array_index(i->arguments, 0));
	s->files = g_ptr_array_new_with_free_func(g_free);
	s->documents = document_list_new();
	s->outputs = node_object();
	s->notes = g_ptr_array_new_with_free_func(g_free);
	if (option_given(i, "format")) {
		s->twins = g_ptr_array_new_with_free_func((GDestroyNotify)node_unref);
		s->secure = node_object();
		s->twin_secure = node_object();
		s->secrets = g_ptr_array_new_with_free_func(g_free);
	}
	if (!source_check_name("--subscription", s->subscription, error) ||
	    !source_check_name("--group", s->group, error))
		return NULL;
	if (parameter_files && i->arguments->len > 1 && parameter_files->len > i->arguments->len) {
		fail(error, "--parameters '%s': there are more parameters files than templates",
		     (const char *)g_ptr_array_index(parameter_files, i->arguments->len));
		return NULL;
	}
	for (guint k = 0; k < i->arguments->len; k++) {
		const char *file = g_ptr_array_index(i->arguments, k);

		if (classic_is(file)) {
			g_ptr_array_add(classic, (gpointer)file);
			g_ptr_array_add(s->files, g_strdup(file));
		} else if (!read_one(s, i, k, taken, error))
			return NULL;
	}
	if (!read_classic(s, classic, error))
		return NULL;
	return g_steal_pointer(&s);
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
	g_clear_pointer(&s->twins, g_ptr_array_unref);
	g_clear_pointer(&s->secrets, g_ptr_array_unref);
	node_unref(s->secure);
	node_unref(s->twin_secure);
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
