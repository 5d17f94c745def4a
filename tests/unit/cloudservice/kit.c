/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "formats/netcfg/netcfg.h"
#include "model/graph.h"

#include <string.h>

#define HEAD "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"

static struct xml *parse(const char *text, const char *file)
{
	g_autoptr(GError) error = NULL;
	struct xml *x = text ? xml_parse(text, strlen(text), file, &error) : NULL;

	g_assert_no_error(error);
	return x;
}

static struct kit *start(void)
{
	struct kit *k = g_new0(struct kit, 1);

	k->documents = document_list_new();
	k->notes = g_ptr_array_new_with_free_func(g_free);
	return k;
}

static struct kit *finish(struct kit *k, gboolean good, GError *error)
{
	g_assert_true(good == !error);
	if (good)
		return k;
	g_clear_pointer(&k->documents, g_ptr_array_unref);
	k->error = g_strdup(error->message);
	g_error_free(error);
	return k;
}

struct kit *kit_read(const char *definition, const char *configuration)
{
	g_autoptr(xml) d = parse(definition, "a.csdef"), c = parse(configuration, "a.cscfg");
	struct kit *k = start();
	struct emit m = {NULL, "s", "g", k->documents};
	GError *error = NULL;
	gboolean good = cloudservice_read(&m, d, c, KIT_NOW, k->notes, &error);

	return finish(k, good, error);
}

struct kit *kit_read_netcfg(const char *text)
{
	g_autoptr(xml) x = parse(text, "a.netcfg");
	struct kit *k = start();
	struct emit m = {x, "s", "g", k->documents};
	GError *error = NULL;
	gboolean good = netcfg_read(&m, k->notes, &error);

	return finish(k, good, error);
}

void kit_free(struct kit *k)
{
	g_clear_pointer(&k->documents, g_ptr_array_unref);
	g_ptr_array_unref(k->notes);
	g_free(k->error);
	g_free(k);
}

static char *brief(const char *text)
{
	GString *s = g_string_new(text);

	g_string_replace(s, HEAD, "@", 0);
	g_string_replace(s, "\"", "'", 0);
	return g_string_free(s, FALSE);
}

static const struct node *find(const struct kit *k, const char *id)
{
	g_autofree char *full = g_strconcat(HEAD, id, NULL);

	for (guint i = 0; k->documents && i < k->documents->len; i++) {
		const struct document *d = k->documents->pdata[i];

		if (strcmp(d->id, full) == 0 || g_str_has_suffix(d->id, id))
			return d->resource;
	}
	return NULL;
}

static char *print(const struct node *n)
{
	g_autofree char *text = n ? node_print(n, FALSE) : g_strdup("none");

	return brief(text);
}

char *kit_properties(const struct kit *k, const char *id)
{
	return print(node_get(find(k, id), "properties"));
}

char *kit_value(const struct kit *k, const char *id, const char *dotted)
{
	g_auto(GStrv) steps = g_strsplit(dotted, ".", -1);
	const struct node *n = find(k, id);

	for (guint i = 0; n && steps[i]; i++)
		n = g_ascii_isdigit(*steps[i]) ? node_item(n, (guint)atoi(steps[i])) : node_get(n, steps[i]);
	return print(n);
}

static char *lines(GPtrArray *list)
{
	g_ptr_array_add(list, NULL);
	char *text = g_strjoinv("\n", (char **)list->pdata);
	g_ptr_array_set_size(list, (int)list->len - 1);
	return text;
}

char *kit_ids(const struct kit *k)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	g_autofree char *text = NULL;

	for (guint i = 0; k->documents && i < k->documents->len; i++)
		g_ptr_array_add(ids, ((struct document *)k->documents->pdata[i])->id);
	text = lines(ids);
	return brief(text);
}

char *kit_notes(const struct kit *k)
{
	return lines(k->notes);
}

void kit_expect(const struct kit *k, const char *id, const char *properties)
{
	g_autofree char *got = kit_properties(k, id);

	g_assert_cmpstr(got, ==, properties);
}

void kit_expect_value(const struct kit *k, const char *id, const char *dotted, const char *value)
{
	g_autofree char *got = kit_value(k, id, dotted);

	g_assert_cmpstr(got, ==, value);
}

void kit_refused(const char *definition, const char *configuration, const char *line)
{
	g_autoptr(kit) k = kit_read(definition, configuration);

	g_assert_null(k->documents);
	g_assert_cmpstr(k->error, ==, line);
}

void kit_model(struct kit *k, const char *errors)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = NULL, *got = NULL;
	g_autoptr(graph) g = NULL;

	g_assert_nonnull(k->documents);
	g = graph_build(g_steal_pointer(&k->documents), list);
	text = lines(list);
	got = brief(text);
	g_assert_cmpstr(got, ==, errors);
	g_assert_true(!g == !!*errors);
}
