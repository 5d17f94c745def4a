/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service definitions and configurations of strangers: the first, a NUL, the second. Either there is one error line, or
 * there are documents that make a graph or are refused with errors, twice the same.
 */
#include "formats/cloudservice/cloudservice.h"
#include "model/graph.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static GPtrArray *read_both(const struct xml *definition, const struct xml *configuration)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	GPtrArray *documents = document_list_new();
	struct emit m = {NULL, "s", "g", documents};

	if (cloudservice_read(&m, definition, configuration, 1900000000, notes, &error)) {
		g_assert_no_error(error);
		g_assert_true(documents->len > 0);
		return documents;
	}
	g_assert_nonnull(error);
	g_assert_null(strchr(error->message, '\n'));
	g_ptr_array_unref(documents);
	return NULL;
}

static void check(const struct xml *definition, const struct xml *configuration)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) twin = NULL;
	GPtrArray *documents = read_both(definition, configuration);

	if (!documents)
		return;
	twin = read_both(definition, configuration);
	g_assert_true(twin && twin->len == documents->len);
	for (guint i = 0; i < twin->len; i++) {
		const struct document *a = documents->pdata[i], *b = twin->pdata[i];

		g_assert_cmpstr(a->id, ==, b->id);
		g_assert_true(node_equal(a->resource, b->resource));
	}
	graph_free(graph_build(documents, errors));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	const guint8 *end = memchr(data, 0, size);
	gsize first = end ? (gsize)(end - data) : size;
	g_autoptr(xml) definition = xml_parse((const char *)data, first, "a.csdef", NULL);
	g_autoptr(xml) configuration = NULL;

	if (!definition || !cloudservice_is_definition(definition))
		return 0;
	if (end)
		configuration = xml_parse((const char *)end + 1, size - first - 1, "a.cscfg", NULL);
	if (configuration && !cloudservice_is_configuration(configuration))
		return 0;
	check(definition, configuration);
	return 0;
}
