/* SPDX-License-Identifier: Apache-2.0 */
/* Network configurations of strangers: one error line, or documents that the model takes or refuses. */
#include "formats/netcfg/netcfg.h"
#include "model/graph.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(xml) x = xml_parse((const char *)data, size, "a.netcfg", &error);
	struct emit m = {x, "s", "g", NULL};

	if (!x) {
		g_assert_nonnull(error);
		g_assert_null(strchr(error->message, '\n'));
		return 0;
	}
	if (!netcfg_is(x))
		return 0;
	m.documents = document_list_new();
	if (netcfg_read(&m, notes, &error)) {
		graph_free(graph_build(m.documents, errors));
		return 0;
	}
	g_assert_nonnull(error);
	g_assert_null(strchr(error->message, '\n'));
	g_ptr_array_unref(m.documents);
	return 0;
}
