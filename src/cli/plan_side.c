/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_side.h"

#include "cli/report.h"

#include "abi/maps.h"
#include "compile/compile.h"

#include <stdio.h>
#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

void plan_side_clear(struct plan_side *s)
{
	g_clear_pointer(&s->alloc, alloc_free);
	g_clear_pointer(&s->graph, graph_free);
	g_clear_pointer(&s->source, source_free);
}

static void files_clear(struct plan_files *f)
{
	g_clear_pointer(&f->files, g_ptr_array_unref);
	g_clear_pointer(&f->parameters, g_ptr_array_unref);
}

void plan_choice_clear(struct plan_choice *c)
{
	files_clear(&c->before);
	files_clear(&c->after);
}

/* --- which files are what --- */

/* What a file is, as far as it matters for which belong together. */
enum file_kind { FILE_TEMPLATE, FILE_SERVICE, FILE_NETWORK, FILE_CONFIGURATION };

/* By its beginning; what is wrong with it is said by whoever reads it. */
static enum file_kind kind_of(const char *file)
{
	char head[4097];
	FILE *f = fopen(file, "re");
	size_t got = f ? fread(head, 1, sizeof head - 1, f) : 0;
	const char *start = head;

	if (f)
		fclose(f);
	head[got] = '\0';
	if (g_str_has_prefix(start, "\xef\xbb\xbf"))
		start += 3;
	start += strspn(start, " \t\r\n");
	if (*start != '<')
		return FILE_TEMPLATE;
	if (strstr(start, "<ServiceDefinition"))
		return FILE_SERVICE;
	return strstr(start, "NetworkConfiguration") ? FILE_NETWORK : FILE_CONFIGURATION;
}

/* The kind of which each file is a deployment of its own, to which the others belong; -1 when there is more than one. */
static int whole_kind(const GPtrArray *files)
{
	gboolean have[4] = {FALSE};

	for (guint k = 0; k < files->len; k++)
		have[kind_of(NTH(files, const char, k))] = TRUE;
	if (have[FILE_TEMPLATE] && have[FILE_SERVICE])
		return -1;
	for (int kind = 0; kind < 4; kind++)
		if (have[kind])
			return kind;
	return -1;
}

static GPtrArray *slice(const GPtrArray *list, guint first, guint last)
{
	GPtrArray *part = g_ptr_array_new();

	for (guint k = first; list && k < MIN(last, list->len); k++)
		g_ptr_array_add(part, g_ptr_array_index(list, k));
	return part;
}

/* Parameters of the second side: its own, or those of the first. */
static GPtrArray *parameters_of(const GPtrArray *all, guint first, guint last)
{
	GPtrArray *own = slice(all, first, last);

	if (own->len > 0 || first == 0)
		return own;
	g_ptr_array_unref(own);
	return slice(all, 0, last - first);
}

static void split(struct plan_choice *c, const GPtrArray *files, const GPtrArray *parameters, guint at)
{
	c->compare = TRUE;
	c->before = (struct plan_files){slice(files, 0, at), slice(parameters, 0, at)};
	c->after = (struct plan_files){slice(files, at, files->len), parameters_of(parameters, at, files->len)};
}

/* --- what follows from them --- */

/* A plan is for no fleet in particular: unless told, it has hosts enough, as full as they can be. A VM's NICs share a host,
 * hence half filled. */
static void enough_hosts(const struct graph *g, struct alloc_settings *s)
{
	s->ports_per_host = ESC_MAX_PORTS - 1;
	s->hosts = 1 + 2 * g->nics->len / s->ports_per_host;
}

static void replace(GHashTable *values, GPtrArray *owner, const char *name, const char *value)
{
	GPtrArray *list = g_ptr_array_new();

	g_ptr_array_add(list, (gpointer)value);
	g_ptr_array_add(owner, list);
	g_hash_table_replace(values, (gpointer)name, list);
}

/* The command line as if these were its files. */
static struct source *read_files(const struct invocation *i, const struct plan_files *files,
                                 const struct plan_side *like, GHashTable *taken, GError **error)
{
	g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) owner = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	struct invocation part = *i;
	GHashTableIter iter;
	gpointer name, list;

	g_hash_table_iter_init(&iter, i->values);
	while (g_hash_table_iter_next(&iter, &name, &list))
		g_hash_table_insert(values, name, list);
	g_hash_table_remove(values, "parameters");
	if (files->parameters && files->parameters->len > 0)
		g_hash_table_insert(values, (gpointer) "parameters", files->parameters);
	if (like) {
		replace(values, owner, "subscription", like->source->subscription);
		replace(values, owner, "group", like->source->group);
	}
	part.values = values;
	part.arguments = files->files;
	return source_read_part(&part, taken, error);
}

gboolean plan_side_make(struct plan_side *s, const struct invocation *i, const struct plan_files *files,
                        const struct plan_side *like, GHashTable *taken, GError **error)
{
	g_autoptr(alloc) none = alloc_new();
	const char *file = g_ptr_array_index(files->files, 0);

	*s = (struct plan_side){0};
	s->source = read_files(i, files, like, taken, error);
	s->graph = s->source ? source_graph(s->source, TRUE, error) : NULL;
	if (!s->graph)
		return FALSE;
	alloc_settings_init(&s->settings);
	if (!option_given(i, "hosts"))
		enough_hosts(s->graph, &s->settings);
	if (!option_number(i, "hosts", 1, CLI_MAX_HOSTS, &s->settings.hosts, error))
		return FALSE;
	s->alloc = alloc_assign(none, s->graph, &s->settings, error);
	if (s->alloc && compile_check(s->graph, s->alloc, &s->settings, error))
		return TRUE;
	report_prefix(error, file);
	return FALSE;
}

/* --- one deployment, or two --- */

static guint shared(const GPtrArray *a, const GPtrArray *b)
{
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint count = 0;

	for (guint k = 0; k < a->len; k++)
		g_hash_table_add(ids, g_ascii_strdown(NTH(a, struct document, k)->id, -1));
	for (guint k = 0; k < b->len; k++) {
		g_autofree char *key = g_ascii_strdown(NTH(b, struct document, k)->id, -1);

		count += g_hash_table_contains(ids, key);
	}
	return count;
}

/* Two files that declare mostly the same resources are two states of them: one deployment says each thing once. What cannot
 * be read alone is not compared, and its fault told when it is read with the other. */
static gboolean are_states(const struct invocation *i, const struct plan_choice *c)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	g_autoptr(source) before = read_files(i, &c->before, NULL, taken, NULL), after = NULL;
	struct plan_side like = {.source = before};
	guint smaller;

	if (before)
		after = read_files(i, &c->after, &like, taken, NULL);
	if (!after)
		return FALSE;
	smaller = MIN(before->documents->len, after->documents->len);
	return smaller > 0 && 2 * shared(before->documents, after->documents) >= smaller;
}

void plan_choose(const struct invocation *i, struct plan_choice *c)
{
	const GPtrArray *against = option_list(i, "against"), *parameters = option_list(i, "parameters");
	int kind = whole_kind(i->arguments);
	guint wholes = 0, second = 0;

	*c = (struct plan_choice){0};
	if (against) {
		g_autoptr(GPtrArray) all = slice(against, 0, against->len);

		for (guint k = 0; k < i->arguments->len; k++)
			g_ptr_array_add(all, g_ptr_array_index(i->arguments, k));
		split(c, all, parameters, against->len);
		return;
	}
	for (guint k = 0; k < i->arguments->len && kind >= 0; k++)
		if ((int)kind_of(NTH(i->arguments, const char, k)) == kind && ++wholes == 2)
			second = k;
	if (wholes == 2 && !option_given(i, "together")) {
		split(c, i->arguments, parameters, second);
		if (are_states(i, c))
			return;
		plan_choice_clear(c);
	}
	c->compare = FALSE;
	c->after = (struct plan_files){slice(i->arguments, 0, i->arguments->len),
	                               parameters ? slice(parameters, 0, parameters->len) : NULL};
}
